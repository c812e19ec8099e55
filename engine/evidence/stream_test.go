package evidence_test

import (
	"slices"
	"testing"
	"testing/fstest"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
)

// Who decides more than fits into memory writes cases as they come and has only their number at the end.
func TestCasesWrittenAsTheyComeGiveTheRunOfAllAtOnce(t *testing.T) {
	const cases = 700
	m := make1(cases, nil)
	m.result.Counts = engine.Counts{Findings: cases, Cases: cases, Attend: cases, Warn: cases - cases/3, Pass: cases / 3, Waived: cases / 3}
	_, whole := m.bundle(t)
	stream := func(counted int) (fstest.MapFS, string, error) {
		files := fstest.MapFS{}
		w, err := evidence.NewWriter(creator(files), m.terms, map[string][]byte{"main/main.rego": []byte("package main\n")})
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range m.waivers {
			if err := w.Add(evidence.Record{Kind: evidence.KindWaiver, Waiver: one}); err != nil {
				t.Fatal(err)
			}
		}
		for some := range slices.Chunk(m.cases, 256) {
			if err := w.Cases(some, nil); err != nil {
				t.Fatal(err)
			}
		}
		result := *m.result
		result.Cases, result.Counts.Cases = nil, counted
		run, err := w.Close(evidence.Outcome{Result: &result, AssetsInScope: 1, AssetsEvaluated: 1, Subjects: m.subject})
		return files, run, err
	}
	files, run, err := stream(cases)
	if err != nil {
		t.Fatal(err)
	}
	if run != whole {
		t.Errorf("the run is %s, and all at once it is %s", run, whole)
	}
	if v := verify(t, files, nil); v.Failed != 0 {
		t.Error(said(v))
	}
	if _, _, err := stream(cases - 1); err == nil {
		t.Error("a case that nobody counted is accepted")
	}
}
