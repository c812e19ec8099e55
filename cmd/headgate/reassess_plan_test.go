package main

import (
	"context"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/integrations/store"
)

// sweeper is what works on a sweep over a ledger as it is now, and the context that it works under.
func (e *estateFolder) sweeper(ledger string) (context.Context, *sweeper) {
	e.t.Helper()
	a := &app{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, getenv: func(string) string { return "" }, now: func() time.Time { return e.now }}
	ctx, watching, done := a.guard(e.t.Context(), time.Hour, 0)
	e.t.Cleanup(done)
	s, err := a.newSweeper(ctx, &reassessFlags{ledger: ledger, engine: engineLocal, size: casesOfShard}, watching)
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(s.close)
	return ctx, s
}

// The last line of each part of a sweep has all of it: what is found out, decided, written and appended is counted whole.
func TestALogIsToldOfEveryPartOfALongSweep(t *testing.T) {
	e := newEstate(t)
	e.must("gate", "grype.json", "--ledger", "ledger.db", "--branch", "main", "--event", "push", "--report-only")
	e.now = e.now.Add(time.Hour)
	e.kev[cveOf(3)], e.kev[cveOf(7)] = "2026-11-01", "2026-11-01"
	e.settle()
	e.longWork = time.Nanosecond
	e.must("reassess", "--ledger", "ledger.db")
	told := e.stderr.String()
	for _, want := range []string{
		"finding out what changed, in cases: 2", "deciding again, in shards: 1 of 1 (100 %)", "writing what changed: 2 of 2 (100 %)", "appending what changed: 2 of 2 (100 %)",
	} {
		if !regexp.MustCompile(`(?m)^headgate: note: ` + regexp.QuoteMeta(want) + `(, [0-9,]+ a second)?$`).MatchString(told) {
			t.Errorf("no line says %q:\n%s", want, told)
		}
	}
}

// Whoever runs at night in CI has today's threat data alone: what was decided on is in the ledger, so that a day still costs no more than what
// it changed.
func TestTheThreatDataOfBeforeComesFromTheLedger(t *testing.T) {
	e := newEstate(t)
	e.must("gate", "grype.json", "--ledger", "ledger.db", "--branch", "main", "--event", "push", "--report-only")
	e.now = e.now.Add(time.Hour)
	e.kev[cveOf(3)] = "2026-11-01"
	for i := range estateCVEs { // all move, in a way that no rule asks for
		e.epss[cveOf(i)] += 0.0001
	}
	e.settle()
	ctx, s := e.sweeper("ledger.db")
	looked := 0
	err := s.ledger.Survey(ctx, func(v *store.Survey) error {
		shards, err := s.survey(ctx, v)
		for _, one := range shards {
			looked += len(one.Cases)
		}
		return err
	})
	if err != nil || looked != 1 {
		t.Errorf("%d cases are looked at, and one CVE was added to KEV: %v", looked, err)
	}
}
