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

// Evidence that has its name is whole, even if the machine loses its power in the next moment.
func TestEvidenceIsOnTheDiskBeforeItHasItsName(t *testing.T) {
	if out, err := exec.Command("strace", "-f", "-e", "trace=fsync", "true").CombinedOutput(); err != nil {
		t.Skipf("no strace here: %v\n%s", err, out)
	}
	e := newEstate(t)
	c := exec.CommandContext(t.Context(), "strace", "-f", "-y", "-e", "trace=write,pwrite64,fsync,fdatasync,/^rename", "-o", "trace", command(t, "headgate").Path,
		"gate", "grype.json", "--report-only", "--evidence", "evidence")
	c.Dir, c.Env = e.dir, append(os.Environ(), "PROGRAM_CLOCK="+e.now.Format(time.RFC3339))
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	dir, err := filepath.EvalSymlinks(e.dir)
	if err != nil {
		t.Fatal(err)
	}
	text := readFile(t, "trace")
	onTheWay, folders, named, kept := map[string]bool{}, map[string]bool{}, false, false
	for _, call := range calls.FindAllStringSubmatch(text, -1) {
		name, file, rest := call[1], call[2], call[3]
		switch {
		case strings.Contains(name, "write") && strings.HasPrefix(file, dir+"/") && strings.Contains(file, stageSuffix+"/"):
			onTheWay[file] = true
		case strings.Contains(name, "sync"):
			delete(onTheWay, file)
			folders[file] = true
			kept = kept || named && file == dir
		case strings.HasPrefix(name, "rename") && strings.Contains(rest, `"evidence"`):
			named = true
			stage := regexp.MustCompile(`"([^"]*` + regexp.QuoteMeta(stageSuffix) + `)"`).FindStringSubmatch(rest)
			if len(folders) == 0 || len(onTheWay) > 0 || stage == nil || !folders[filepath.Join(dir, stage[1])] {
				t.Errorf("evidence gets its name (%s), and on the way to the disk is %v; there are %v", rest, onTheWay, folders)
			}
		}
	}
	if !named || !kept {
		t.Errorf("evidence has its name: %v, and the folder that it is in was brought to the disk: %v\n%s", named, kept, text)
	}
}
