package sweep_test

import (
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/engine/report"
	"github.com/headgate/headgate/engine/sweep"
)

// decidedAgain is what a sweep came to.
func decidedAgain(changed ...sweep.Transition) *sweep.Reassessment {
	at := time.Date(2026, 11, 22, 4, 41, 0, 0, time.UTC)
	return &sweep.Reassessment{
		Schema: sweep.Schema, At: at, Policy: engine.PolicyInfo{Digest: "sha256:" + strings.Repeat("ab", 32), Source: "shipped"},
		Intel: engine.IntelInfo{KEV: &engine.FeedInfo{Catalog: "2026.11.21", Date: at}}, Log: &sweep.LogEntry{Leaf: 7}, Changed: changed,
		Epoch: &evidence.Epoch{Number: 3, Open: 30, Evaluated: int64(len(changed) + 1), Unchanged: 1, Candidates: map[string]int64{"intel": int64(len(changed) + 1)}, State: evidence.StateRoot{Cases: 30}},
	}
}

func transition(name string, was, is engine.Priority) sweep.Transition {
	return sweep.Transition{Repository: "acme/shop", Branch: "main", Asset: "checkout", Owner: "team-pay", Finding: "hg1-1", Name: name, Package: "pkg:npm/lodash",
		Was: sweep.State{Priority: was, Action: engine.Warn}, Is: sweep.State{Priority: is, Action: engine.Warn, Due: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)},
		Because: []string{"KEV added 22 Nov 2026"}}
}

func TestAReassessmentSaysWhatChangedAndWhy(t *testing.T) {
	waived := transition("CVE-2026-3", engine.Track, engine.Track)
	waived.Is.Waived = true
	have := decidedAgain(transition("CVE-2026-1", engine.Attend, engine.Act), transition("CVE-2026-4", engine.Track, engine.TrackStar),
		transition("CVE-2026-2", engine.Act, engine.Attend), waived).
		Told([]string{"clock 2026-11-22"}).Markdown(report.AgainOptions{RunURL: "https://github.com/acme/shop/actions/runs/7"})
	want := `### Headgate · decided again · 1 rose to act, 1 rose to track\*, 1 fell, 1 otherwise at the same priority

Decided again: 5 of 30 open cases (intel 5). 4 came out otherwise, 1 as before.

- **weakened** clock 2026-11-22

| | came out | because | where |
| --- | --- | --- | --- |
` + "| `CVE-2026-1` on `checkout` | attend → act, due 25 Nov 2026 | KEV added 22 Nov 2026 | `acme/shop main` · `pkg:npm/lodash` · `team-pay` |\n" +
		"| `CVE-2026-4` on `checkout` | track → track\\*, due 25 Nov 2026 | KEV added 22 Nov 2026 | `acme/shop main` · `pkg:npm/lodash` · `team-pay` |\n" +
		"| `CVE-2026-2` on `checkout` | act → attend, due 25 Nov 2026 | KEV added 22 Nov 2026 | `acme/shop main` · `pkg:npm/lodash` · `team-pay` |\n" +
		"| `CVE-2026-3` on `checkout` | track, waived, due 25 Nov 2026 | KEV added 22 Nov 2026 | `acme/shop main` · `pkg:npm/lodash` · `team-pay` |\n" + `
Sweep 3 is leaf 7 of the log, and proves 30 cases that are open.

<sub>policy ` + "`abababa` from shipped · KEV `2026.11.21` of 22 Nov · [run](https://github.com/acme/shop/actions/runs/7)</sub>\n"
	if have != want {
		t.Errorf("have\n%s\nwant\n%s", have, want)
	}
}

func TestAReassessmentInWhichNothingChangedSaysSo(t *testing.T) {
	for _, came := range []*sweep.Reassessment{decidedAgain(), {Epoch: &evidence.Epoch{Open: 1}}} {
		have := came.Told(nil).Markdown(report.AgainOptions{})
		if !strings.Contains(have, "decided again · nothing came out otherwise") || strings.Contains(have, "|") {
			t.Error(have)
		}
	}
	dry := decidedAgain()
	dry.DryRun, dry.Epoch.Erased = true, 2
	have := dry.Told(nil).Markdown(report.AgainOptions{Unsaid: "its results are not written: no space"})
	for _, want := range []string{"**But:** its results are not written: no space.", "this was a dry run", "2 cases are left as recorded", "nothing weakened"} {
		if !strings.Contains(have, want) {
			t.Errorf("%q is not in\n%s", want, have)
		}
	}
}
