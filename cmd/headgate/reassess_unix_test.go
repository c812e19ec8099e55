//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// A sweep that is killed, whatever it was at, leaves a whole ledger, and the next one comes to what it would have come to.
func TestASweepThatIsKilledLeavesAWholeLedgerAndTheNextConverges(t *testing.T) {
	e := newEstate(t)
	points := []string{"headgate-reassess-*", "headgate-reassess-*/0/manifest"}
	if os.Getenv("HEADGATE_LONG") != "" {
		points = append(points, "", "headgate-reassess-*/0/0", "headgate-reassess-*/0/0/*", "headgate-reassess-*/0/manifest/*")
	}
	ledgers := []string{"whole.db"}
	for i := range points {
		ledgers = append(ledgers, fmt.Sprintf("killed%d.db", i))
	}
	for _, ledger := range ledgers {
		e.must("gate", "grype.json", "--ledger", ledger, "--branch", "main", "--event", "push", "--report-only")
	}
	before := e.state("whole.db")
	e.now = e.now.Add(time.Hour)
	e.kev[cveOf(3)], e.assets["part1"] = "2026-11-01", "internet"
	e.settle()
	e.must("reassess", "--ledger", "whole.db")
	after := e.state("whole.db")
	if slices.Equal(before, after) {
		t.Fatal("the sweep changes nothing: the test shows nothing")
	}
	killed := 0
	for i, point := range points {
		ledger := ledgers[1+i]
		c := command(t, "headgate", "reassess", "--ledger", ledger, "--now", e.now.Format(time.RFC3339))
		c.Dir = e.dir
		temporary := t.TempDir()
		c.Env = append(os.Environ(), "TMPDIR="+temporary)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() { _ = c.Wait(); close(ended) }() // that it was killed is meant
		for there := false; !there; {
			found, _ := filepath.Glob(filepath.Join(temporary, point)) // the pattern is right
			there = len(found) > 0
			select {
			case <-ended:
				there = true
			default:
				runtime.Gosched()
			}
		}
		_ = c.Process.Kill() // it may have ended
		<-ended
		if !c.ProcessState.Exited() {
			killed++
		}
		e.must("db", "check", "--ledger", ledger)
		e.must("evidence", "verify", ledger)
		if is := e.state(ledger); !slices.Equal(is, before) && !slices.Equal(is, after) {
			t.Errorf("killed at %q, it leaves neither what was nor what should be:\n%s", point, strings.Join(is, "\n"))
		}
		e.must("reassess", "--ledger", ledger)
		if is := e.state(ledger); !slices.Equal(is, after) {
			t.Errorf("killed at %q, and done again:\n%s\nnot\n%s", point, strings.Join(is, "\n"), strings.Join(after, "\n"))
		}
		e.must("evidence", "verify", ledger)
	}
	if t.Logf("it was killed %d times", killed); killed == 0 {
		t.Error("it always ended first: the test shows nothing")
	}
}
