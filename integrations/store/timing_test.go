//go:build unix

package store

import (
	"slices"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
)

// timesOf are those that are known of all runs, in the order of the log.
func timesOf(t *testing.T, l *Ledger) (all []time.Duration) {
	t.Helper()
	for e, err := range l.Runs(t.Context(), time.Time{}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e.Took)
	}
	return all
}

func TestTheTimeThatARunTookIsKeptBesideItAndLeftByARebuild(t *testing.T) {
	onEach(t, func(t *testing.T, _ string, l *Ledger) {
		for i := range 4 {
			appending(t, l, sketch{at: morning.Add(time.Duration(i) * time.Hour), branch: "main", reports: []engine.Report{trivy}, findings: []evidence.Decision{found("hg1-1", 0)}}.run(t))
		}
		before := treeOf(t, l)
		for _, took := range []struct {
			leaf int64
			d    time.Duration
		}{{0, 1500*time.Millisecond + time.Nanosecond}, {0, time.Hour}, {1, 0}, {1, -time.Second}, {2, 40 * 24 * time.Hour}, {3, time.Microsecond}} {
			if err := l.Took(t.Context(), took.leaf, took.d); err != nil {
				t.Fatalf("%v: %v", took, err)
			}
		}
		want := []time.Duration{1501 * time.Millisecond, 0, 0, time.Millisecond}
		if have := timesOf(t, l); !slices.Equal(have, want) {
			t.Errorf("have %v, want %v", have, want)
		}
		if err := l.Took(t.Context(), 9, time.Second); err == nil {
			t.Error("a time is kept of a run that is not there")
		}
		if _, err := l.Rebuild(t.Context()); err != nil {
			t.Fatal(err)
		}
		if have := timesOf(t, l); !slices.Equal(have, want) {
			t.Errorf("after a rebuild: have %v, want %v", have, want)
		}
		if x, err := l.Check(t.Context()); err != nil || x.Err() != nil {
			t.Errorf("%+v, %v", x, err)
		}
		if after := treeOf(t, l); after != before {
			t.Error("the log is another one")
		}
		latest, err := l.LatestRuns(t.Context(), time.Time{})
		if err != nil || len(latest) != 1 || latest[0].Took != time.Millisecond {
			t.Errorf("the latest run: %+v, %v", latest, err)
		}
	})
}

// treeOf is the latest checkpoint.
func treeOf(t *testing.T, l *Ledger) string {
	t.Helper()
	head, err := l.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(head)
}

func TestATimeOfNoRunIsFoundAndOneThatCannotBeIsNotKnown(t *testing.T) {
	file := forms["sqlite"](t)
	l := opening(t, file)
	appending(t, l, sketch{at: morning, branch: "main", reports: []engine.Report{trivy}}.run(t))
	tamper(t, file, "INSERT INTO run_timing (run, millis) VALUES (0, 9000000000000000000), (7, 12)")
	if have := timesOf(t, l); !slices.Equal(have, []time.Duration{0}) {
		t.Errorf("have %v", have)
	}
	if x, err := l.Check(t.Context()); err != nil || !x.Stale || x.Err() == nil {
		t.Errorf("a check says %+v, %v", x, err)
	}
	if _, err := l.Rebuild(t.Context()); err != nil {
		t.Fatal(err)
	}
	if x, err := l.Check(t.Context()); err != nil || x.Err() != nil {
		t.Errorf("after a rebuild a check says %+v, %v", x, err)
	}
}
