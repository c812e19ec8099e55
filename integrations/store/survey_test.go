//go:build unix

package store

import (
	"slices"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
)

func TestASurveyFindsWhatASweepHasToLookAt(t *testing.T) {
	onEach(t, func(t *testing.T, where string, l *Ledger) {
		with := func(id string, cves ...string) evidence.Decision {
			d := found(id, 0)
			d.Finding.CVEs = cves
			return d
		}
		first := []evidence.Decision{with("hg1-1", "CVE-2026-0001"), with("hg1-2", "CVE-2026-0001"), with("hg1-3", "CVE-2026-0001", "CVE-2026-0002"), with("hg1-4")}
		first[1].NextChange = morning.AddDate(0, 0, 3)
		reports := []engine.Report{trivy}
		appending(t, l, sketch{at: morning, branch: "main", reports: reports, findings: first}.run(t))
		appending(t, l, sketch{at: morning, branch: "next", reports: reports, findings: []evidence.Decision{with("hg1-9", "CVE-2025-0009")}}.run(t))
		err := l.Survey(t.Context(), func(v *Survey) error {
			lists, err := v.CVEs()
			if want := []string{"CVE-2025-0009", "CVE-2026-0001", "CVE-2026-0001 CVE-2026-0002"}; err != nil || !slices.Equal(lists, want) {
				t.Errorf("have %q, want %q: %v", lists, want, err)
			}
			runs, err := v.Runs()
			if err != nil || len(runs) != 2 || runs[0].Branch != "main" || runs[1].Branch != "next" || !runs[1].At.Equal(morning) {
				t.Errorf("runs: %+v, %v", runs, err)
			}
			shares, err := v.SharesOn(first[0].Asset.ID)
			if want := []Share{{0, 4}, {1, 1}}; err != nil || !slices.Equal(shares, want) {
				t.Errorf("have %v, want %v: %v", shares, want, err)
			}
			if waived, err := v.Waived(); err != nil || len(waived) != 0 {
				t.Errorf("waived: %v, %v", waived, err)
			}
			for days, want := range map[int]int{2: 0, 4: 1} {
				if passed, err := v.Passed(morning.Add(time.Duration(days) * 24 * time.Hour)); err != nil || len(passed) != want {
					t.Errorf("after %d days: %v, want %d; %v", days, passed, want, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}
