package report_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

type quality []struct {
	Description string `json:"description"`
	CheckName   string `json:"check_name"`
	Fingerprint string `json:"fingerprint"`
	Severity    string `json:"severity"`
	Location    struct {
		Path  string `json:"path"`
		Lines struct {
			Begin int `json:"begin"`
		} `json:"lines"`
	} `json:"location"`
}

func codeQuality(t *testing.T, r *engine.Result) (q quality) {
	t.Helper()
	if err := json.Unmarshal(write(t, "codequality", r, report.Options{}), &q); err != nil {
		t.Fatal(err)
	}
	return q
}

func TestCodeQualityHasWhatGitLabAsksOfEveryIssue(t *testing.T) {
	for name, r := range samples() {
		seen := map[string]bool{}
		for _, issue := range codeQuality(t, r) {
			if issue.Description == "" || issue.CheckName == "" || issue.Location.Path == "" || strings.HasPrefix(issue.Location.Path, "/") ||
				strings.HasPrefix(issue.Location.Path, "./") || issue.Location.Lines.Begin < 1 || len(issue.Fingerprint) != 32 ||
				!slices.Contains([]string{"minor", "major", "critical", "blocker"}, issue.Severity) {
				t.Errorf("%s: %+v", name, issue)
			}
			if strings.ContainsFunc(issue.Description+issue.Location.Path, controls) {
				t.Errorf("%s: a control character in %+v", name, issue)
			}
			if seen[issue.Fingerprint] {
				t.Errorf("%s: %s twice", name, issue.Fingerprint)
			}
			seen[issue.Fingerprint] = true
		}
	}
}

func TestCodeQualityLeavesOutWhatIsExemptedOrInNoFile(t *testing.T) {
	r := blocked()
	if have := codeQuality(t, r); len(have) != len(r.Cases)-3 { // three are waived
		t.Errorf("%d issues of %d cases", len(have), len(r.Cases))
	}
	image := at(openFile(), "/usr/lib/x", 1, 1)
	if have := codeQuality(t, result(engine.Block, []engine.Case{image})); len(have) != 0 {
		t.Errorf("a file of an image: %+v", have)
	}
	if have := string(write(t, "codequality", nothing(), report.Options{})); have != "[]\n" {
		t.Errorf("nothing is %q", have)
	}
}

func TestAnIssueOfCodeQualityIsTheSameWhenItsLineMoves(t *testing.T) {
	one, two := codeQuality(t, result(engine.Block, []engine.Case{openFile()})), codeQuality(t, result(engine.Block, []engine.Case{at(openFile(), "internal/files/open.go", 90, 90)}))
	if one[0].Fingerprint != two[0].Fingerprint || one[0].Location.Lines.Begin != 41 || two[0].Location.Lines.Begin != 90 {
		t.Errorf("%+v and %+v", one, two)
	}
}
