package report_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

func cameOut(name string) report.CameOut {
	return report.CameOut{Name: name, Asset: "checkout", Steps: "attend → act, due 25 Nov 2026", Because: []string{"KEV added 22 Nov 2026"},
		Where: []string{"acme/shop main", "pkg:npm/lodash", "team-pay"}}
}

// strangeAgain is told with a hostile string wherever one can come from outside.
func strangeAgain(name string) []string {
	d := &report.DecidedAgain{Now: time.Date(2026, 11, 22, 4, 41, 0, 0, time.UTC), Title: "2 rose to track*", Looked: "Decided again: 2 of 30 open cases.",
		Left: "2 cases are left as recorded.", Proof: "Sweep 3 is leaf 7 of the log.", Policy: engine.PolicyInfo{Source: name, Digest: name},
		Intel: engine.IntelInfo{KEV: &engine.FeedInfo{Catalog: name}, EPSS: &engine.FeedInfo{Model: name}}, Weakened: []string{name},
		CameOut: []report.CameOut{{Name: name, Asset: name, Steps: "attend, due " + name, Because: []string{name, "owner " + name + " → x"}, Where: []string{name, name, name}}, cameOut("CVE-2021-44228")}}
	return []string{d.Markdown(report.AgainOptions{RunURL: name, Unsaid: name}), report.NothingDecidedAgain(name, name)}
}

func TestNothingInWhatWasDecidedAgainComesFromAFindingButText(t *testing.T) {
	for _, name := range hostileNames {
		for _, markdown := range strangeAgain(name) {
			commandless(t, []byte(markdown))
			tame(t, toHTML(t, []byte(markdown)))
		}
	}
}

func FuzzNothingInWhatWasDecidedAgainComesFromAFindingButText(f *testing.F) {
	for _, name := range hostileNames {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		for _, markdown := range strangeAgain(name) {
			commandless(t, []byte(markdown))
			tame(t, toHTML(t, []byte(markdown)))
		}
	})
}

func TestWhatWasDecidedAgainLeavesOutWholeRowsAndSaysHowMany(t *testing.T) {
	d := &report.DecidedAgain{Title: "9000 rose to act", Proof: "Sweep 3 is leaf 7 of the log."}
	for i := range 9000 {
		d.CameOut = append(d.CameOut, cameOut(fmt.Sprintf("CVE-2026-%05d", i)))
	}
	for _, most := range []int{0, report.MaxSummaryBytes, 3000} {
		have := d.Markdown(report.AgainOptions{MaxBytes: most})
		if most == 0 {
			most = report.DefaultMaxBytes
		}
		if len(have) > most || len(have) < most-400 {
			t.Errorf("%d bytes of %d", len(have), most)
		}
		left := regexp.MustCompile(`(\d+) more rows are left out for length`).FindStringSubmatch(have)
		if shown := strings.Count(have, "| `CVE-"); left == nil || fmt.Sprint(len(d.CameOut)-shown) != left[1] {
			t.Errorf("%d rows are shown, and %q", shown, left)
		}
		if !strings.Contains(have, "CVE-2026-00000") || !strings.Contains(have, "9000 rose to act") || !strings.Contains(have, "Sweep 3 is leaf 7") {
			t.Errorf("what matters most is not there: %.500s", have)
		}
		if most < 50_000 {
			tame(t, toHTML(t, []byte(have)))
		}
	}
}
