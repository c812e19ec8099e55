package ingest

func detectGovulncheck(s shape) bool { return false }

func readGovulncheck(s *stream, b *batch) error { return s.skip() }
