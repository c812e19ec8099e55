package ingest

func detectOSVScanner(s shape) bool { return false }

func readOSVScanner(s *stream, b *batch) error { return s.skip() }
