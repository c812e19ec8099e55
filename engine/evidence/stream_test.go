package evidence_test

import (
	"bytes"
	"runtime"
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

// A file is compressed by all cores, in frames. Which bytes it has follows from what is in it alone.
func TestTheBytesOfABundleDependNeitherOnCoresNorOnHowCasesCome(t *testing.T) {
	const cases = 3000
	m := make1(cases, nil)
	m.result.Counts = engine.Counts{Findings: cases, Cases: cases, Attend: cases, Warn: cases - cases/3, Pass: cases / 3, Waived: cases / 3}
	write := func(cores, chunk int) fstest.MapFS {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
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
		for some := range slices.Chunk(m.cases, chunk) {
			if err := w.Cases(some, nil); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.Close(evidence.Outcome{Result: m.result, AssetsInScope: 1, AssetsEvaluated: 1}); err != nil {
			t.Fatal(err)
		}
		return files
	}
	want := write(1, cases)
	if v := verify(t, want, nil); v.Failed != 0 || v.Records != int64(cases+len(m.waivers)) {
		t.Errorf("%d records\n%s", v.Records, said(v))
	}
	if n := len(unpacked(t, want, evidence.PartInputs)); n < 2<<20 {
		t.Fatalf("inputs of %d bytes are too few for several frames", n)
	}
	for _, of := range [][2]int{{4, cases}, {2, 100}, {3, 1}} {
		for name, file := range write(of[0], of[1]) {
			if !bytes.Equal(file.Data, want[name].Data) {
				t.Errorf("with %d cores and %d cases at a time %s differs", of[0], of[1], name)
			}
		}
	}
}
