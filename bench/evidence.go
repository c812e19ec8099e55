package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/integrations/store"
)

// perRun is how many records the run has that is appended to a ledger and verified.
const perRun = 100_000

// measureEvidence appends a run to a ledger in a file, and verifies a run offline, which needs nothing but its folder.
func measureEvidence(ctx context.Context, b *bench) ([]line, error) {
	size := min(b.size, perRun)
	dir := filepath.Join(b.dir, "run")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	if _, err := b.apart(ctx, "decide", size, dir); err != nil {
		return nil, err
	}
	appended, err := b.apart(ctx, "append", size, dir)
	if err != nil {
		return nil, err
	}
	verified, err := b.apart(ctx, "verify", size, dir)
	if err != nil {
		return nil, err
	}
	alone := "go run ./bench -rows evidence"
	a, v := appended["append"], verified["verify"]
	return []line{
		{"evidence: a run of " + amount(float64(a.N)) + " records appended to a ledger in SQLite", "20,000 a second",
			"**" + amount(a.perSecond()) + "** a second", a.perSecond() >= 20_000, alone},
		{"evidence: the same run verified offline: every record, input and answer", "100,000 a second",
			fmt.Sprintf("**%s** a second (%.1f CPU µs each), %s", amount(v.perSecond()), float64(v.each().Nanoseconds())/1000, inMiB(v.Peak)), v.perSecond() >= 100_000, alone},
	}, nil
}

// appendJob appends the run of a folder to a ledger beside it.
func appendJob(ctx context.Context, size int, dir string) (map[string]taken, error) {
	run, err := evidence.OpenBundle(os.DirFS(dir))
	if err != nil {
		return nil, err
	}
	where := filepath.Join(filepath.Dir(dir), "ledger.db")
	l, err := store.Open(ctx, where)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	var watch stopwatch
	watch.start()
	_, added, err := l.Append(ctx, run, evidence.Seal{Origin: "acme.example/log"})
	watch.stop(size)
	if err == nil && !added {
		err = fmt.Errorf("%s has the run already", where)
	}
	return map[string]taken{"append": watch.taken}, err
}

// verifyJob verifies the run of a folder.
func verifyJob(ctx context.Context, size int, dir string) (map[string]taken, error) {
	var watch stopwatch
	watch.start()
	v, err := evidence.VerifyBundle(ctx, os.DirFS(dir), evidence.Options{})
	watch.stop(size)
	if err != nil {
		return nil, err
	}
	if v.Failed != 0 || v.Records < int64(size) {
		return nil, fmt.Errorf("of %d records %d were verified, level %d failed: %v", size, v.Records, v.Failed, v.Failures)
	}
	return map[string]taken{"verify": watch.taken}, nil
}
