//go:build unix

package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// within runs the program as a process whose files may not grow beyond so many blocks of 512 bytes: writing more fails, as it does on a disk
// that fills up, and everybody may say so of their own processes.
func (e *estateFolder) within(blocks int, args ...string) (status int, output string) {
	e.t.Helper()
	program := command(e.t, "headgate").Path
	c := exec.CommandContext(e.t.Context(), "/bin/sh", append([]string{"-c", fmt.Sprintf(`ulimit -f %d && exec "$0" "$@"`, blocks), program}, args...)...)
	c.Dir, c.Env = e.dir, append(os.Environ(), "PROGRAM_CLOCK="+e.now.Format(time.RFC3339))
	out, err := c.CombinedOutput()
	if c.ProcessState == nil {
		e.t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), string(out)
}

// As on a full disk, wherever in a file there is no more room.
func TestAFileThatCannotGrowIsNoPassAndLeavesNothingByHalves(t *testing.T) {
	if _, err := os.Stat("/bin/sh"); err != nil {
		t.Skip("no shell here that says how large files may get")
	}
	e := newEstate(t)
	gate := func(args ...string) []string {
		return append([]string{"gate", "grype.json", "--branch", "main", "--event", "push", "--report-only"}, args...)
	}
	e.must(gate("--ledger", "whole.db")...)
	made := readFile(t, "whole.db")
	before := e.state("whole.db")
	e.now = e.now.Add(time.Hour)
	e.kev[cveOf(3)], e.assets["part1"] = "2026-11-01", "internet"
	e.settle()
	e.must("reassess", "--ledger", "whole.db")
	after := e.state("whole.db")
	sizes := []int{0, 4, 120} // nothing; not even what its users share of a ledger; nearly all of what is to be written
	if os.Getenv("HEADGATE_LONG") != "" {
		sizes = []int{0, 1, 4, 8, 16, 32, 48, 64, 80, 96, 112, 120, 128}
	}
	commands := [][]string{
		gate("-o", "json=result.json"), gate("--evidence", "evidence"), gate("--ledger", "tight.db"), {"reassess", "--ledger", "tight.db"},
		{"report", "--ledger", "whole.db", "-o", "html=page.html"},
	}
	clean := func() {
		for _, left := range []string{"result.json", "page.html", "evidence", "tight.db", "tight.db-wal", "tight.db-shm"} {
			if err := os.RemoveAll(left); err != nil {
				t.Fatal(err)
			}
		}
	}
	// leaves is what a command left, in files and in the ledger.
	leaves := func() string {
		text := strings.Join(e.state("tight.db"), "\n")
		for _, pattern := range []string{"result.json", "page.html", "evidence/*"} {
			names, _ := filepath.Glob(pattern)
			for _, name := range names {
				text += fmt.Sprintf("\n%s: %x", name, sha256.Sum256([]byte(readFile(t, name))))
			}
		}
		return text
	}
	var whole []string // by command: what it leaves where there is room
	for _, args := range commands {
		writeFile(t, "tight.db", made)
		e.must(args...)
		whole = append(whole, leaves())
		clean()
	}
	for _, blocks := range sizes {
		refused := 0
		for i, args := range commands {
			writeFile(t, "tight.db", made)
			status, said := e.within(blocks, args...)
			switch {
			case strings.Contains(said, "goroutine ") || status != statusPass && status != statusUndecided:
				t.Errorf("%d blocks: %q ends with %d: %s", blocks, args, status, said)
			case status == statusUndecided:
				refused++
				if !strings.Contains(said, "file too large") && !strings.Contains(said, "no room is left") && !strings.Contains(said, "the disk did not take") {
					t.Errorf("%d blocks: %q does not say what is wrong: %s", blocks, args, said)
				}
				for _, name := range []string{"result.json", "page.html", "evidence"} {
					if _, err := os.Stat(name); err == nil {
						t.Errorf("%d blocks: %q leaves %s, which is not whole", blocks, args, name)
					}
				}
				if is := e.state("tight.db"); !slices.Equal(is, before) {
					t.Errorf("%d blocks: %q leaves a ledger that changed:\n%s", blocks, args, strings.Join(is, "\n"))
				}
			default:
				if is := leaves(); is != whole[i] {
					t.Errorf("%d blocks: %q passes, and leaves\n%s\nnot\n%s", blocks, args, is, whole[i])
				}
			}
			e.must("db", "check", "--ledger", "tight.db")
			clean()
			if stray, _ := filepath.Glob(".*.part"); len(stray) > 0 {
				t.Errorf("%d blocks: %q leaves %q", blocks, args, stray)
			}
		}
		if refused == 0 {
			t.Errorf("within %d blocks everything goes well: the test shows nothing", blocks)
		}
	}
	writeFile(t, "tight.db", made)
	if status, said := e.within(64, "reassess", "--ledger", "tight.db"); status != statusUndecided {
		t.Errorf("ends with %d: %s", status, said)
	}
	e.must("reassess", "--ledger", "tight.db")
	if is := e.state("tight.db"); !slices.Equal(is, after) {
		t.Errorf("with room again:\n%s\nnot\n%s", strings.Join(is, "\n"), strings.Join(after, "\n"))
	}
	e.must("evidence", "verify", "tight.db")
}
