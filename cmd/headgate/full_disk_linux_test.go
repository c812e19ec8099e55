package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// smallDisk is a folder on a file system of its own that holds no more than so many kilobytes, given as mount has it.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "disk")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("no small file system can be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// filled takes what room is left on a disk, until the function that it gives is called.
func filled(t *testing.T, disk string) (free func()) {
	t.Helper()
	name := filepath.Join(disk, "filler")
	if err := os.WriteFile(name, make([]byte, 64<<20), 0o666); err == nil {
		t.Fatal("the disk takes everything: the test shows nothing")
	}
	return func() {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}

// What there is no room for is no pass and leaves nothing that looks whole, and with room again all is as it would have been.
func TestAFullDiskIsNoPassAndLeavesNothingByHalves(t *testing.T) {
	disk := smallDisk(t, "2m")
	e := newEstate(t)
	ledger := filepath.Join(disk, "ledger.db")
	gate := func(args ...string) []string {
		return append([]string{"gate", "grype.json", "--branch", "main", "--event", "push", "--report-only"}, args...)
	}
	for _, l := range []string{ledger, "whole.db"} {
		e.must(gate("--ledger", l)...)
	}
	before := e.state(ledger)
	free := filled(t, disk)
	for _, args := range [][]string{
		gate("-o", "json="+filepath.Join(disk, "result.json")), gate("--evidence", filepath.Join(disk, "evidence")), gate("--ledger", ledger),
		{"intel", "update", "--from", ".headgate/intel", "--intel", filepath.Join(disk, "intel"), "--only", "kev,epss"},
		{"report", "--ledger", "whole.db", "-o", "html=" + filepath.Join(disk, "page.html")},
	} {
		if status, _ := e.run(args...); status != statusUndecided || !strings.Contains(e.stderr.String(), "no space left") && !strings.Contains(e.stderr.String(), "no room is left") {
			t.Errorf("%q ends with %d: %s", args, status, e.stderr.String())
		}
	}
	e.now = e.now.Add(time.Hour)
	e.kev[cveOf(3)], e.assets["part1"] = "2026-11-01", "internet"
	e.settle()
	if status, _ := e.run("reassess", "--ledger", ledger); status != statusUndecided {
		t.Errorf("reassess ends with %d: %s", status, e.stderr.String())
	}
	free()
	e.must("db", "check", "--ledger", ledger)
	if is := e.state(ledger); !slices.Equal(is, before) {
		t.Errorf("without room, the ledger changed:\n%s", strings.Join(is, "\n"))
	}
	for _, name := range []string{"result.json", "page.html", "evidence/statement.dsse.json"} {
		if _, err := os.Stat(filepath.Join(disk, name)); err == nil {
			t.Errorf("%s is there, and not whole", name)
		}
	}
	for _, l := range []string{ledger, "whole.db"} {
		e.must("reassess", "--ledger", l)
	}
	if is, want := e.state(ledger), e.state("whole.db"); !slices.Equal(is, want) || slices.Equal(is, before) {
		t.Errorf("with room again:\n%s\nnot\n%s", strings.Join(is, "\n"), strings.Join(want, "\n"))
	}
	e.must("db", "check", "--ledger", ledger)
	e.must("evidence", "verify", ledger)
	e.must("intel", "update", "--from", ".headgate/intel", "--intel", filepath.Join(disk, "intel"), "--only", "kev,epss")
}
