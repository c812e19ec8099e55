//go:build unix

package store

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/engine/ticket"
)

type buffer struct{ bytes.Buffer }

func (*buffer) Close() error { return nil }

// telling is a run of what was done outside.
func telling(t testing.TB, at time.Time, effects ...engine.Effect) evidence.Run {
	t.Helper()
	files := map[string]*buffer{}
	terms := evidence.Terms{At: at, Change: engine.RunChange{Repository: "acme/shop"}, Reports: []engine.Report{},
		Policy: evidence.PolicyTerms{PolicyInfo: engine.PolicyInfo{Packs: []string{}}}}
	w, err := evidence.NewWriter(func(name string) (io.WriteCloser, error) {
		files[name] = &buffer{}
		return files[name], nil
	}, terms, nil)
	for i := range effects {
		if err == nil {
			err = w.Add(evidence.Record{Kind: evidence.KindEffect, Effect: &effects[i]})
		}
	}
	if err == nil {
		_, err = w.Close(evidence.Outcome{})
	}
	if err != nil {
		t.Fatal(err)
	}
	folder := fstest.MapFS{}
	for name, b := range files {
		folder[name] = &fstest.MapFile{Data: b.Bytes()}
	}
	run, err := evidence.OpenBundle(folder)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// issue is the n-th ticket, for an asset or an owner, about findings.
func issue(t testing.TB, n int, per ticket.Per, of, category string, ids ...string) engine.Effect {
	t.Helper()
	e := engine.Effect{Kind: engine.EffectTicket, Place: "https://jira.example/PAY", Key: fmt.Sprintf("%016x", n), ID: fmt.Sprint(10000 + n),
		Ref: fmt.Sprintf("PAY-%d", n), Did: engine.DidUpdate, State: map[string]string{ticket.StateFindings: strings.Join(ids, " ")}}
	for name, value := range map[string]string{"category": category, string(per): of} {
		if value != "" {
			e.State[name] = value
		}
	}
	return e
}

// ticketsOf is each state of a branch with its ticket, in short.
func ticketsOf(t testing.TB, l *Ledger, branch string) (all []string) {
	t.Helper()
	states, err := l.History(t.Context(), "acme/shop", branch)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range states.All() {
		all = append(all, fmt.Sprintf("%s on %s: %s %s", s.Finding, s.Asset, s.Ticket.Ref, s.Ticket.Status))
	}
	return all
}

func TestWhatIsKnownOfAFindingNamesItsTicketAsTheLogToldLast(t *testing.T) {
	onEach(t, func(t *testing.T, where string, l *Ledger) {
		on := func(asset, owner string, d evidence.Decision) evidence.Decision {
			d.Asset = evidence.Asset{ID: asset, Owner: owner}
			return d
		}
		alias := found("hg1-3", 0)
		alias.Finding.IDs = []string{"hg1-old"}
		scan := []evidence.Decision{on("checkout", "team-pay", found("hg1-1", 0)), on("edge", "team-web", found("hg1-1", 0)), on("edge", "team-web", found("hg1-2", 0)), on("edge", "team-web", alias)}
		all := []engine.Report{trivy}
		foreign := issue(t, 9, ticket.PerAsset, "checkout", ticket.CategoryNew, "hg1-1")
		foreign.ID = "" // it could not be made
		elsewhere := issue(t, 8, ticket.PerRepository, "", ticket.CategoryNew, "hg1-1")
		elsewhere.Kind = engine.EffectComment
		for i, step := range []struct {
			run  evidence.Run
			want []string
		}{
			{sketch{branch: "main", findings: scan, reports: all}.run(t), []string{"hg1-1 on checkout:  ", "hg1-1 on edge:  ", "hg1-2 on edge:  ", "hg1-3 on edge:  "}},
			{telling(t, morning, foreign, elsewhere), []string{"hg1-1 on checkout:  ", "hg1-1 on edge:  ", "hg1-2 on edge:  ", "hg1-3 on edge:  "}},
			{telling(t, morning, issue(t, 1, ticket.PerAsset, "checkout", ticket.CategoryNew, "hg1-1", "hg1-2"), issue(t, 2, ticket.PerTeam, "team-web", ticket.CategoryInProgress, "hg1-old")),
				[]string{"hg1-1 on checkout: PAY-1 open", "hg1-1 on edge:  ", "hg1-2 on edge:  ", "hg1-3 on edge: PAY-2 open"}},
			{telling(t, morning, issue(t, 3, ticket.PerRepository, "", "", "hg1-2")),
				[]string{"hg1-1 on checkout: PAY-1 open", "hg1-1 on edge:  ", "hg1-2 on edge: PAY-3 ", "hg1-3 on edge: PAY-2 open"}},
			{telling(t, morning, issue(t, 1, ticket.PerAsset, "checkout", ticket.CategoryDone)),
				[]string{"hg1-1 on checkout: PAY-1 closed", "hg1-1 on edge:  ", "hg1-2 on edge: PAY-3 ", "hg1-3 on edge: PAY-2 open"}},
			// What is closed does not take the place of work that goes on elsewhere.
			{telling(t, morning, issue(t, 4, ticket.PerAsset, "checkout", ticket.CategoryNew, "hg1-1"), issue(t, 1, ticket.PerAsset, "checkout", ticket.CategoryDone, "hg1-1")),
				[]string{"hg1-1 on checkout: PAY-4 open", "hg1-1 on edge:  ", "hg1-2 on edge: PAY-3 ", "hg1-3 on edge: PAY-2 open"}},
			// A finding that is closed, comes back, or gets another name keeps its ticket.
			{sketch{branch: "main", findings: scan[2:3], reports: all}.run(t),
				[]string{"hg1-1 on checkout: PAY-4 open", "hg1-1 on edge:  ", "hg1-2 on edge: PAY-3 ", "hg1-3 on edge: PAY-2 open"}},
			{sketch{branch: "main", findings: []evidence.Decision{scan[0], on("edge", "team-web", evidence.Decision{Finding: evidence.Finding{ID: "hg1-4", IDs: []string{"hg1-3"}, Reports: []int{0}}, Priority: engine.Attend, Action: engine.Warn})},
				reports: all}.run(t), []string{"hg1-1 on checkout: PAY-4 open", "hg1-1 on edge:  ", "hg1-2 on edge: PAY-3 ", "hg1-4 on edge: PAY-2 open"}},
			// On another branch it is the same finding, from the next word of the ticket on.
			{sketch{branch: "next", findings: scan[:1], reports: all}.run(t), nil},
			{telling(t, morning, issue(t, 4, ticket.PerAsset, "checkout", ticket.CategoryDone, "hg1-1")),
				[]string{"hg1-1 on checkout: PAY-4 closed", "hg1-1 on edge:  ", "hg1-2 on edge: PAY-3 ", "hg1-4 on edge: PAY-2 open"}},
		} {
			appending(t, l, step.run)
			if have := ticketsOf(t, l, "main"); step.want != nil && !slices.Equal(have, step.want) {
				t.Errorf("after run %d: have %q, want %q", i, have, step.want)
			}
			sound(t, l)
		}
		want := append(ticketsOf(t, l, "main"), ticketsOf(t, l, "next")...)
		if last := want[len(want)-1]; last != "hg1-1 on checkout: PAY-4 closed" {
			t.Errorf("on the other branch: %s", last)
		}
		err := l.db.update(t.Context(), func(tx transaction) error {
			return tx.exec(t.Context(), "UPDATE finding_state SET ticket = 'PAY-7', ticket_status = ''")
		})
		if err != nil {
			t.Fatal(err)
		}
		if x, err := l.Check(t.Context()); err != nil || !x.Stale {
			t.Errorf("tickets that nobody told of pass a check: %+v, %v", x, err)
		}
		if _, err := l.Rebuild(t.Context()); err != nil {
			t.Fatal(err)
		}
		if have := append(ticketsOf(t, l, "main"), ticketsOf(t, l, "next")...); !slices.Equal(have, want) {
			t.Errorf("made anew: have %q, want %q", have, want)
		}
		sound(t, l)
	})
}

func TestATicketIsUntoldUntilTheLogTellsOfIt(t *testing.T) {
	l := opening(t, forms["sqlite"](t))
	appending(t, l, sketch{branch: "main", at: morning, findings: []evidence.Decision{found("hg1-1", 0), found("hg1-2", 0)}, reports: []engine.Report{trivy}}.run(t))
	effects := []engine.Effect{{Kind: engine.EffectComment, Key: "c"}, issue(t, 1, ticket.PerAsset, "checkout", ticket.CategoryNew, "hg1-1"),
		issue(t, 2, ticket.PerAsset, "checkout", ticket.CategoryNew, "hg1-2"), issue(t, 3, ticket.PerAsset, "checkout", ticket.CategoryNew, "hg1-nowhere")}
	untold := func(want ...bool) {
		t.Helper()
		if have, err := l.Untold(t.Context(), "acme/shop", effects); err != nil || !slices.Equal(have, want) {
			t.Errorf("have %t, %v, want %t", have, err, want)
		}
	}
	untold(false, true, true, false)
	appending(t, l, telling(t, morning, effects[1]))
	untold(false, false, true, false)
	appending(t, l, telling(t, morning.Add(time.Hour), effects...))
	untold(false, false, false, false)
	effects[1] = issue(t, 1, ticket.PerAsset, "checkout", ticket.CategoryDone, "hg1-1")
	untold(false, true, false, false)
	if have, err := l.Untold(t.Context(), "acme/other", effects); err != nil || slices.Contains(have, true) {
		t.Errorf("of another repository: have %t, %v", have, err)
	}
}
