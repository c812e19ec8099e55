package main

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/headgate/headgate/bench/estate"
	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/integrations/store"
)

// BenchmarkEvidence is what writing, verifying and appending the evidence of an estate cost by themselves, in CPU time a case.
func BenchmarkEvidence(b *testing.B) {
	const size = 3 * estate.Chunk
	p, err := shipped(b.Context(), engine.PolicySource{NoRange: true})
	if err != nil {
		b.Fatal(err)
	}
	files, err := p.Files()
	if err != nil {
		b.Fatal(err)
	}
	all := estate.New(1)
	cases := all.Sample(1_000_000, size)
	if err := p.Decide(b.Context(), cases, estate.Today); err != nil {
		b.Fatal(err)
	}
	result := &engine.Result{Schema: engine.ResultSchema, Outcome: engine.Warn, Now: estate.Today, Weakened: []string{}}
	for i := range cases {
		count(&result.Counts, &cases[i].Decision)
	}
	dir := b.TempDir()
	write := func() error {
		create := func(name string) (io.WriteCloser, error) { return os.Create(filepath.Join(dir, name)) }
		w, err := evidence.NewWriter(create, terms(p, "acme/estate"), files)
		if err != nil {
			return err
		}
		for _, one := range all.Waivers() {
			if err := w.Add(evidence.Record{Kind: evidence.KindWaiver, Waiver: record(one)}); err != nil {
				return err
			}
		}
		for chunk := range slices.Chunk(cases, estate.Chunk) { // as a sweep does
			if err := w.Cases(chunk, nil); err != nil {
				return err
			}
		}
		_, err = w.Close(evidence.Outcome{Result: result, AssetsInScope: estate.Assets, AssetsEvaluated: estate.Assets})
		return err
	}
	if err := write(); err != nil {
		b.Fatal(err)
	}
	b.Run("write", func(b *testing.B) { perCase(b, size, write) })
	b.Run("verify", func(b *testing.B) {
		perCase(b, size, func() error { _, err := verifyJob(b.Context(), size, dir); return err })
	})
	b.Run("append", func(b *testing.B) {
		run, err := evidence.OpenBundle(os.DirFS(dir))
		if err != nil {
			b.Fatal(err)
		}
		perCase(b, size, func() error {
			l, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "ledger.db"))
			if err != nil {
				return err
			}
			defer l.Close()
			_, _, err = l.Append(b.Context(), run, evidence.Seal{Origin: "acme.example/log"})
			return err
		})
	})
}

// perCase measures work on so many cases at a time.
func perCase(b *testing.B, size int, work func() error) {
	b.ReportAllocs()
	var watch stopwatch
	for b.Loop() {
		watch.start()
		err := work()
		if watch.stop(size); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(watch.each().Nanoseconds())/1000, "CPU-µs/case")
	b.ReportMetric(watch.perSecond(), "cases/s")
}
