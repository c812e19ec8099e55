package ingest

func detectTrivy(s shape) bool { return false }

func readTrivy(s *stream, b *batch) error { return s.skip() }
