package evidence_test

import (
	"context"
	"io"
	"testing"
	"testing/fstest"

	"github.com/headgate/headgate/engine/evidence"
)

// many is how many decisions the benchmarks are about: those of a large estate in one run.
const many = 100_000

func BenchmarkBundle(b *testing.B) {
	m := make1(many, key(b, 1))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.write(fstest.MapFS{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(many)*float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
}

func BenchmarkVerify(b *testing.B) {
	k := key(b, 1)
	files, _ := make1(many, k).bundle(b)
	size := 0
	for _, f := range files {
		size += len(f.Data)
	}
	b.ReportAllocs()
	for b.Loop() {
		if v := verify(b, files, k); v.Failed != 0 {
			b.Fatal(said(v))
		}
	}
	b.ReportMetric(float64(many)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(size)/many, "bytes/decision")
}

func BenchmarkReceipt(b *testing.B) {
	k := key(b, 1)
	files, _ := make1(many, k).bundle(b)
	bundle, err := evidence.OpenBundle(files)
	if err != nil {
		b.Fatal(err)
	}
	size := 0
	for b.Loop() {
		r, err := evidence.MakeReceipt(context.Background(), bundle, many/2)
		if err != nil {
			b.Fatal(err)
		}
		text, err := r.Encode()
		if err != nil {
			b.Fatal(err)
		}
		size = len(text)
	}
	b.ReportMetric(float64(size), "bytes")
}

// Deciding and signing are elsewhere; this is what the records alone cost, as a floor to compare with.
func BenchmarkReadingRecords(b *testing.B) {
	files, _ := make1(many, nil).bundle(b)
	bundle, err := evidence.OpenBundle(files)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		r, err := bundle.Part(context.Background(), evidence.PartRecords)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			b.Fatal(err)
		}
		r.Close()
	}
}
