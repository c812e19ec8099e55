//go:build unix

package store

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
)

func TestAnErasedInputIsGoneAndTheLedgerIsSound(t *testing.T) {
	onEach(t, func(t *testing.T, at string, l *Ledger) {
		ctx := t.Context()
		first := sketch{at: morning, branch: "main", reports: []engine.Report{trivy}, findings: []evidence.Decision{found("hg1-private", 0), found("hg1-2", 0)}}.run(t)
		second := sketch{at: morning.AddDate(0, 0, 1), branch: "main", reports: []engine.Report{trivy}, findings: []evidence.Decision{found("hg1-2", 0)}}.run(t)
		appending(t, l, first)
		appending(t, l, second)
		line, _, _ := bytes.Cut(first[evidence.PartInputs], []byte("\n"))
		how := evidence.Erasure{At: morning, Why: "a name was in it"}
		release, err := l.LockSweep(ctx, false)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Erase(ctx, []string{evidence.Digest(line)}, how); !errors.Is(err, ErrSweeping) {
			t.Errorf("while a sweep is at work: %v", err)
		}
		release()
		if n, err := l.Erase(ctx, []string{evidence.Digest(line)}, how); err != nil || n != 1 {
			t.Fatalf("%d inputs, %v", n, err)
		}
		if n, err := l.Erase(ctx, []string{evidence.Digest(line)}, how); err != nil || n != 0 {
			t.Errorf("again: %d inputs, %v", n, err)
		}
		kept, err := l.Run(ctx, first.digest(t))
		if err != nil {
			t.Fatal(err)
		}
		r, err := kept.Part(ctx, evidence.PartInputs)
		if err != nil {
			t.Fatal(err)
		}
		have, err := io.ReadAll(r)
		if err != nil || !strings.HasPrefix(string(have), `{"erased":`) || strings.Contains(string(have), "private") || !strings.Contains(string(have), "hg1-2") {
			t.Errorf("have %s, %v", have, err)
		}
		sound(t, l)
		if _, ok := l.db.(*sqliteFile); !ok {
			return
		}
		l.Close()
		packed := pack(first[evidence.PartInputs])
		for _, file := range []string{at, at + "-wal"} {
			if left, err := os.ReadFile(file); err == nil && bytes.Contains(left, packed) {
				t.Errorf("%s still has it", file)
			}
		}
	})
}
