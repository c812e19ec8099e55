package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// calls are the system calls that tell what is on the disk: the name of one, the file that it is about if it is open, and the other arguments.
var calls = regexp.MustCompile(`(?m)^\d+ +(pwrite64|write|fsync|fdatasync|rename|renameat|renameat2)\((?:\d+<([^>]*)>)?(.*)$`)

// A machine that loses its power forgets what was written and not yet on the disk. So evidence is there before it has its name, and a run before
// it is said to be in the ledger.
func TestWhatIsLeftIsOnTheDiskBeforeThatIsSaid(t *testing.T) {
	if out, err := exec.Command("strace", "-f", "-e", "trace=fsync", "true").CombinedOutput(); err != nil {
		t.Skipf("no strace here that may look: %v\n%s", err, out)
	}
	e := newEstate(t)
	c := exec.CommandContext(t.Context(), "strace", "-f", "-y", "-e", "trace=write,pwrite64,fsync,fdatasync,/^rename", "-o", "trace", command(t, "headgate").Path,
		"gate", "grype.json", "--branch", "main", "--event", "push", "--report-only", "--evidence", "evidence", "--ledger", "ledger.db")
	c.Dir, c.Env = e.dir, append(os.Environ(), "PROGRAM_CLOCK="+e.now.Format(time.RFC3339))
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	dir, err := filepath.EvalSymlinks(e.dir)
	if err != nil {
		t.Fatal(err)
	}
	text, stage, ledger := readFile(t, "trace"), "", filepath.Join(dir, "ledger.db")
	counts := func(file string) bool { // what else stands beside a ledger is made anew
		return file == ledger || file == ledger+"-wal" || strings.HasPrefix(file, dir) && strings.Contains(file, stageSuffix+"/")
	}
	onTheWay, synced := map[string]bool{}, map[string]bool{}
	named, said := false, map[string]bool{}
	for _, call := range calls.FindAllStringSubmatch(text, -1) {
		name, file, rest := call[1], call[2], call[3]
		switch {
		case strings.Contains(name, "sync"):
			delete(onTheWay, file)
			synced[file] = true
		case strings.HasPrefix(name, "rename") && strings.Contains(rest, `"evidence"`):
			if of := regexp.MustCompile(`"([^"]*` + regexp.QuoteMeta(stageSuffix) + `)"`).FindStringSubmatch(rest); of != nil {
				stage = filepath.Join(dir, of[1])
			}
			if named = true; len(onTheWay) > 0 || !synced[stage] {
				t.Errorf("evidence gets its name from %q, and on the way to the disk is %v; there are %v", stage, onTheWay, synced)
			}
			delete(synced, dir) // that has another name in it now
		case strings.Contains(rest, "headgate: note: evidence of"), strings.Contains(rest, "headgate: note: the run is in"):
			if said[rest] = true; len(onTheWay) > 0 || !named || !synced[dir] {
				t.Errorf("%s is said, and on the way to the disk is %v; evidence has its name: %v; there are %v", rest, onTheWay, named, synced)
			}
		case counts(file):
			onTheWay[file] = true
		}
	}
	if len(said) != 2 || !synced[ledger+"-wal"] {
		t.Errorf("so little is said: %v\n%s", said, text)
	}
}
