package report

import "testing"

func TestAPriorityWithAStarStaysAWordAndEndsNoEmphasis(t *testing.T) {
	for said, want := range map[string]string{
		"raised to track*": `raised to track\*`,
		"reachability not known (unreachable: track*)": `reachability not known (unreachable: track\*)`,
		"track*, then act": `track\*, then act`,
		"see track*!x":     "see `track*!x`",
	} {
		if got := prose(said, false); got != want {
			t.Errorf("%q becomes %q, want %q", said, got, want)
		}
	}
}

func TestACommitInBracketsIsCodeAndTheBracketIsNot(t *testing.T) {
	for said, want := range map[string]string{
		"built-in (as of the base commit 0a6843a)": "built-in (as of the base commit `0a6843a`)",
		"call os.Open() now":                       "call os.Open() now",
		"one (see a_b), then":                      "one (see `a_b`), then",
	} {
		if got := prose(said, false); got != want {
			t.Errorf("%q becomes %q, want %q", said, got, want)
		}
	}
}
