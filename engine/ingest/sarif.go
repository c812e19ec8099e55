package ingest

func detectSARIF(s shape) bool { return false }

func readSARIF(s *stream, b *batch) error { return s.skip() }
