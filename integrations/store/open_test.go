//go:build unix

package store

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/engine/history"
)

// standings are those of a selection.
func standings(t *testing.T, l *Ledger, of Selection) (all []*Standing) {
	t.Helper()
	for s, err := range l.Open(t.Context(), of) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

func TestWhatIsOpenIsListedInOrderWithItsRecordAndInput(t *testing.T) {
	onEach(t, func(t *testing.T, where string, l *Ledger) {
		const many = 2*pageOfStandings + 10 // over pages, and over chunks of inputs
		mains := sketch{at: morning, branch: "main", reports: []engine.Report{trivy}}
		for i := range many {
			mains.findings = append(mains.findings, found(fmt.Sprintf("hg1-%d", (i*7919)%many), 0))
		}
		first := mains.run(t)
		appending(t, l, first)
		appending(t, l, sketch{at: morning, branch: "Release", reports: []engine.Report{trivy}, findings: []evidence.Decision{found("hg1-1", 0), found("hg1-2", 0)}}.run(t))
		appending(t, l, sketch{at: morning.Add(time.Hour), branch: "Release", reports: []engine.Report{trivy}, findings: []evidence.Decision{found("hg1-2", 0)}}.run(t))
		all := standings(t, l, Selection{})
		if len(all) != many+1 {
			t.Fatalf("%d are open, want %d", len(all), many+1)
		}
		if !slices.IsSortedFunc(all, func(a, b *Standing) int {
			return bytes.Compare([]byte(a.Branch+"\x00"+a.State.Finding), []byte(b.Branch+"\x00"+b.State.Finding))
		}) {
			t.Error("they are out of order")
		}
		for _, s := range all {
			if s.Input.Input.Finding.ID != s.State.Finding || s.Record.Decision.Finding.ID != s.State.Finding || s.Terms.Change.Branch != s.Branch {
				t.Fatalf("%s has the input of %s", s.State.Finding, s.Input.Input.Finding.ID)
			}
		}
		if s := all[1]; s.Branch != "main" || s.Run != first.digest(t) || s.State.Leaf == ([32]byte{}) {
			t.Errorf("have %+v", s)
		}
		if n := len(standings(t, l, Selection{Branch: "Release", Closed: true, NoInputs: true})); n != 2 {
			t.Errorf("%d open or closed on Release", n)
		}
		if n := len(standings(t, l, Selection{Repository: "acme/shop", Branch: "Release", Assets: []string{"checkout"}})); n != 1 {
			t.Errorf("%d open on checkout on Release", n)
		}
		for _, none := range []Selection{{Repository: "acme/other"}, {Assets: []string{}}, {Assets: []string{"edge"}}} {
			if n := len(standings(t, l, none)); n != 0 {
				t.Errorf("%+v: %d", none, n)
			}
		}
		for range l.Open(t.Context(), Selection{}) {
			break // a walk may end early, and leaves the ledger usable
		}
		sound(t, l)
	})
}

func TestPlacesAreGoneThroughInTheirOrderAndThoseWhereNothingIsOpenArePassedOver(t *testing.T) {
	onEach(t, func(t *testing.T, where string, l *Ledger) {
		const many = 2*placesAtOnce + 7
		all := sketch{at: morning, branch: "main", reports: []engine.Report{trivy}}
		var places []Place
		for i := range many {
			d := found(fmt.Sprintf("hg1-%d", (i*7919)%many), 0)
			all.findings = append(all.findings, d)
			places = append(places, Place{"acme/shop", "main", d.Asset.ID, d.Finding.ID})
		}
		appending(t, l, all.run(t))
		all.at, all.findings = morning.Add(time.Hour), all.findings[1:] // the first one is closed
		appending(t, l, all.run(t))
		nowhere := Place{"acme/shop", "main", "nowhere", "hg1-1"}
		var have []Place
		for s, err := range l.OpenAt(t.Context(), append([]Place{nowhere}, places...)) {
			if err != nil {
				t.Fatal(err)
			}
			if s.Input.Input.Finding.ID != s.State.Finding {
				t.Fatalf("%s has the input of %s", s.State.Finding, s.Input.Input.Finding.ID)
			}
			have = append(have, s.Place())
		}
		if !slices.Equal(have, places[1:]) {
			t.Errorf("%d places, want %d: %v", len(have), many-1, have)
		}
		err := l.Survey(t.Context(), func(v *Survey) error {
			n, err := v.Count("acme/shop")
			if other, err := v.Count("acme/other"); err != nil || n != many-1 || other != 0 {
				t.Errorf("%d are open there, and %d elsewhere: %v", n, other, err)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestWhatIsOpenSaysWhoseInputWasErased(t *testing.T) {
	onEach(t, func(t *testing.T, where string, l *Ledger) {
		run := sketch{at: morning, branch: "main", reports: []engine.Report{trivy}, findings: []evidence.Decision{found("hg1-1", 0), found("hg1-2", 0)}}.run(t)
		appending(t, l, run)
		line, _, _ := bytes.Cut(run[evidence.PartInputs], []byte("\n"))
		if _, err := l.Erase(t.Context(), []string{evidence.Digest(line)}, evidence.Erasure{At: morning, Why: "asked for"}); err != nil {
			t.Fatal(err)
		}
		all := standings(t, l, Selection{})
		if len(all) != 2 || all[0].Input.Erased == nil || all[0].Input.Input != nil || all[1].Input.Input == nil {
			t.Errorf("have %+v", all)
		}
	})
}

// Where an input lies is only a guess, and its digest says whether it is the one: runs that record other things between decisions are found too.
func TestAnInputIsFoundWhereverItsRunHasIt(t *testing.T) {
	file := forms["sqlite"](t)
	l := opening(t, file)
	appending(t, l, sketch{at: morning, branch: "main", reports: []engine.Report{trivy}, findings: []evidence.Decision{found("hg1-1", 0), found("hg1-2", 0)}}.run(t))
	tamper(t, file, "UPDATE part SET lines = 9")
	for _, s := range standings(t, l, Selection{}) {
		if s.Input == nil || s.Input.Input.Finding.ID != s.State.Finding {
			t.Errorf("%s: have %+v", s.State.Finding, s.Input)
		}
	}
}

func TestAWalkOverWhatIsOpenEndsAtDamage(t *testing.T) {
	for _, edit := range []string{
		"DELETE FROM record", "UPDATE record SET body = X'00'", "UPDATE record SET size = 9", "UPDATE record SET records = 1",
		"UPDATE record SET records = 0", "UPDATE record SET idx = 1", "UPDATE record SET size = -1",
		"UPDATE record SET body = edited(body, 'hg1-1', 'hg1-9')", "UPDATE record SET body = edited(body, '}\n', '} ')",
		"UPDATE finding_state SET idx = 1 - idx", "UPDATE finding_state SET idx = 2", "UPDATE finding_state SET idx = -1", "DELETE FROM part WHERE name = 'inputs.jsonl'", "UPDATE blob SET zstd = X'00'",
		"UPDATE finding_state SET leaf = X'00'",
	} {
		file := forms["sqlite"](t)
		l := opening(t, file)
		appending(t, l, sketch{at: morning, branch: "main", reports: []engine.Report{trivy}, findings: []evidence.Decision{found("hg1-1", 0), found("hg1-2", 0)}}.run(t))
		tamper(t, file, edit)
		var failed error
		for _, err := range l.Open(t.Context(), Selection{}) {
			failed = errors.Join(failed, err)
		}
		if failed == nil {
			t.Errorf("%s: nothing is wrong with what is open", edit)
		}
	}
}

func TestAFindingIsOpenOnEachAssetAndBranchByItself(t *testing.T) {
	onEach(t, func(t *testing.T, where string, l *Ledger) {
		on := func(asset string) evidence.Decision {
			d := found("hg1-1", 0)
			d.Asset.ID = asset
			return d
		}
		reports := []engine.Report{trivy}
		appending(t, l, sketch{at: morning, branch: "main", reports: reports, findings: []evidence.Decision{on("checkout"), on("edge")}}.run(t))
		appending(t, l, sketch{at: morning.AddDate(0, 0, 1), branch: "next", reports: reports, findings: []evidence.Decision{on("edge")}}.run(t))
		appending(t, l, sketch{at: morning.AddDate(0, 0, 2), branch: "main", reports: reports, findings: []evidence.Decision{on("checkout")}}.run(t))
		var have []string
		for _, s := range standings(t, l, Selection{Closed: true}) {
			have = append(have, fmt.Sprintf("%s %s %s %s", s.Branch, s.State.Asset, s.State.Status, s.State.FirstSeen.Format(time.DateOnly)))
		}
		want := []string{"main checkout " + history.Open + " 2026-11-22", "main edge " + history.Closed + " 2026-11-22", "next edge " + history.Open + " 2026-11-23"}
		if !slices.Equal(have, want) {
			t.Errorf("have %q, want %q", have, want)
		}
	})
}

func TestOneSweepAtATimeHasTheLedger(t *testing.T) {
	onEach(t, func(t *testing.T, where string, l *Ledger) {
		release, err := l.LockSweep(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		other := opening(t, where)
		if _, err := other.LockSweep(t.Context(), false); !errors.Is(err, ErrSweeping) {
			t.Errorf("the second sweep: %v", err)
		}
		appending(t, other, sketch{at: morning, branch: "main", reports: []engine.Report{trivy}, findings: []evidence.Decision{found("hg1-1", 0)}}.run(t))
		release()
		again, err := other.LockSweep(t.Context(), false)
		if err != nil {
			t.Fatalf("after the first has ended: %v", err)
		}
		again()
	})
}

func TestStretchesKeepBranchesTogetherAndCutLargeOnesByAsset(t *testing.T) {
	l := opening(t, forms["sqlite"](t))
	fill := func(branch string, assets, each int) {
		s := sketch{at: morning, branch: branch, reports: []engine.Report{trivy}}
		for a := range assets {
			for i := range each {
				d := found(fmt.Sprintf("hg1-%03d", i), 0)
				d.Asset.ID = fmt.Sprintf("asset-%d", a)
				s.findings = append(s.findings, d)
			}
		}
		appending(t, l, s.run(t))
	}
	fill("a", 2, 3)
	fill("b", 1, 3)
	fill("large", 4, 6)
	fill("z", 1, 2)
	var sizes []int64
	total := 0
	err := l.Survey(t.Context(), func(v *Survey) error {
		all, err := v.Stretches(nil, 10)
		for _, one := range all {
			sizes = append(sizes, one.Cases)
			for _, err := range l.Open(t.Context(), Selection{After: one.After, Through: one.Through}) {
				if err != nil {
					return err
				}
				total++
			}
		}
		if none, err := v.Stretches([]string{"acme/other"}, 10); err != nil || len(none) != 0 {
			t.Errorf("of another repository: %v, %v", none, err)
		}
		return err
	})
	if want := []int64{9, 6, 6, 6, 8}; err != nil || !slices.Equal(sizes, want) || total != 35 {
		t.Errorf("have %v with %d cases, want %v with 35; %v", sizes, total, want, err)
	}
}
