package ingest

// detectEmptyList knows a list of nothing, alone or as the only thing that an object has: {"results": []} of tfsec and of others that
// found nothing. Whoever wrote it, it says that there is nothing.
func detectEmptyList(s shape) bool {
	return s[""] == "[" && len(s) == 1 || len(s) == 2 && (s["results"] == "[" || s["results"] == "null")
}

// readEmptyList reads it. Its tool is not known, so that it satisfies nobody who expects the report of a certain tool. Anything else in
// it, also behind what detection saw, is refused.
func readEmptyList(s *stream, _ *batch) error {
	nothing := func() error {
		return s.items(func() error { return s.wrong("an element in a list that is of no known format") })
	}
	if s.peek() == '[' {
		return nothing()
	}
	return s.object(func(key string) error {
		if key != "results" || s.peek() != '[' && s.peek() != 'n' {
			return s.wrong("a key beside an empty list, in a document of no known format")
		}
		return nothing()
	})
}
