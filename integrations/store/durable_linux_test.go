package store

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// calls are the system calls that tell what is on the disk: the name of one, the file that it is about, and its other arguments.
var calls = regexp.MustCompile(`(?m)^\d+ +(pwrite64|write|fsync|fdatasync)\(\d+<([^>]*)>(.*)$`)

// A machine that loses its power forgets what was written and not yet on the disk. So of what a writer says that it is appended, nothing may
// still be on the way there.
func TestWhatIsAppendedIsOnTheDiskBeforeThatIsSaid(t *testing.T) {
	if out, err := exec.Command("strace", "-f", "-e", "trace=fsync", "true").CombinedOutput(); err != nil {
		t.Skipf("no strace here: %v\n%s", err, out)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	const runs = 3
	where, trace := filepath.Join(t.TempDir(), "ledger.db"), filepath.Join(t.TempDir(), "trace")
	c := exec.Command("strace", "-f", "-y", "-e", "trace=write,pwrite64,fsync,fdatasync", "-o", trace, self)
	c.Env = append(os.Environ(), writerLedger+"="+where, fmt.Sprintf("%s=0 %d", writerRuns, runs))
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	said, synced, onTheWay := 0, 0, map[string]bool{}
	for _, call := range calls.FindAllStringSubmatch(string(text), -1) {
		name, file, rest := call[1], call[2], call[3]
		ledger := file == where || file == where+"-wal" // what else is beside it is made anew
		switch {
		case ledger && strings.Contains(name, "write"):
			onTheWay[file] = true
		case ledger:
			synced++
			delete(onTheWay, file)
		case strings.Contains(rest, `"appended `):
			if said++; len(onTheWay) > 0 {
				t.Errorf("run %d is said to be appended, and on the way to the disk is %v", said, onTheWay)
			}
		}
	}
	if said != runs || synced < runs {
		t.Errorf("%d runs are said to be appended, and files were brought to the disk %d times:\n%s", said, synced, text)
	}
}
