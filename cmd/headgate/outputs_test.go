package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestALinkStaysAndTheFileBehindItIsReplacedWhole(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "clean.sarif", cleanSARIF)
	writeFile(t, "real/there.json", strings.Repeat("old ", 10_000))
	for link, to := range map[string]string{"there": filepath.Join("real", "there.json"), "absent": filepath.Join("real", "absent.json"), "twice": "there"} {
		if err := os.Symlink(to, link); err != nil {
			t.Skip("no symbolic links here")
		}
	}
	for link, file := range map[string]string{"there": "real/there.json", "absent": "real/absent.json", "twice": "real/there.json"} {
		if status, _, stderr := start(t, "gate", "clean.sarif", "-o", "json="+link); status != statusPass {
			t.Fatalf("%s: status %d: %s", link, status, stderr)
		}
		if s, err := os.Lstat(link); err != nil || s.Mode()&fs.ModeSymlink == 0 {
			t.Errorf("%s is no link any more: %v, %v", link, s.Mode(), err)
		}
		if s, err := os.Lstat(file); err != nil || !s.Mode().IsRegular() || !strings.HasPrefix(readFile(t, file), `{`) {
			t.Errorf("%s is not what was written: %v", file, err)
		}
	}
	if err := os.Symlink("round", "round"); err != nil {
		t.Fatal(err)
	}
	if status, _, stderr := start(t, "gate", "clean.sarif", "-o", "json=round"); status != statusUndecided || !strings.Contains(stderr, "the link leads to itself") {
		t.Errorf("status %d: %s", status, stderr)
	}
	if status, _, stderr := start(t, "gate", "clean.sarif", "-o", "json=real"); status != statusUndecided || !strings.Contains(stderr, "write real: it is a folder") {
		t.Errorf("status %d: %s", status, stderr)
	}
	if left, err := filepath.Glob(".*"); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestADeviceIsWrittenInPlace(t *testing.T) {
	if s, err := os.Stat(os.DevNull); err != nil || s.Mode()&fs.ModeDevice == 0 {
		t.Skip("no " + os.DevNull + " here")
	}
	if err := writeTo(os.DevNull, func(f *os.File) error {
		if f.Name() != os.DevNull {
			return errors.New("it would be replaced") // and is not, after an error
		}
		_, err := io.WriteString(f, "x")
		return err
	}); err != nil {
		t.Error(err)
	}
	if s, err := os.Stat(os.DevNull); err != nil || s.Mode()&fs.ModeDevice == 0 {
		t.Error("it is no device any more")
	}
}

// A full disk is no mistake in flags.
func TestStandardOutputThatCannotBeWrittenIsAFailureToDecide(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "clean.sarif", cleanSARIF)
	for _, args := range []string{"version", "formats", "schema input", "gate clean.sarif", "findings clean.sarif", "init", "intel show", "--help", "completion bash"} {
		var stderr bytes.Buffer
		a := &app{stdin: strings.NewReader(""), stdout: fullDisk{}, stderr: &stderr, getenv: func(string) string { return "" }, now: time.Now}
		status := a.run(t.Context(), strings.Fields(args))
		if said := stderr.String(); status != statusUndecided || !strings.Contains(said, "error: write standard output: no space left") || strings.Contains(said, "--help") {
			t.Errorf("%s: status %d: %s", args, status, said)
		}
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) {
	return 0, &fs.PathError{Op: "write", Path: "/dev/stdout", Err: errors.New(syscall.ENOSPC.Error())}
}

func TestTwoOutputsToOneFileAreRefusedWhateverItsNames(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "scan.sarif", cleanSARIF)
	writeFile(t, "there.json", "{}")
	for link, to := range map[string]string{"link.json": "there.json", "ahead.json": "new.json", "folder": "."} {
		if err := os.Symlink(to, link); err != nil {
			t.Skip("no symbolic links here")
		}
	}
	if err := os.Link("there.json", "hard.json"); err != nil {
		t.Skip("no hard links here")
	}
	for _, two := range [][2]string{{"a.json", "./a.json"}, {"there.json", "link.json"}, {"there.json", "hard.json"}, {"new.json", "ahead.json"}, {"b.json", "folder/b.json"}} {
		if status, _, stderr := start(t, "gate", "scan.sarif", "-o", "json="+two[0], "-o", "text="+two[1]); status != statusSetup || !strings.Contains(stderr, "two outputs go to") {
			t.Errorf("%v: status %d: %s", two, status, stderr)
		}
	}
	if status, _, stderr := start(t, "gate", "scan.sarif", "-o", "json=a.json", "-o", "text=b.txt"); status != statusPass {
		t.Errorf("two files: status %d: %s", status, stderr)
	}
}

func TestWhatAKilledRunLeftIsRemovedByALaterOne(t *testing.T) {
	t.Chdir(t.TempDir())
	write := func(f *os.File) error { _, err := f.WriteString("{}"); return err }
	old := time.Now().Add(-2 * stageAge)
	for _, name := range []string{".r.json.0000000a.part", ".other.json.0000000a.part", ".r.json.0000000b.part", ".r.json.keep"} {
		writeFile(t, name, "half")
		if name != ".r.json.0000000b.part" { // of a run that may still be writing
			if err := os.Chtimes(name, old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := writeWhole("r.json", write); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if got := strings.Join(names, " "); got != ".other.json.0000000a.part .r.json.0000000b.part .r.json.keep r.json" {
		t.Errorf("left are %s", got)
	}
}

// A change brings a link where the gate is known to write, which leads to a file of the machine.
func TestALinkThatTheRepositoryBringsIsNotFollowedOutOfIt(t *testing.T) {
	outside := t.TempDir()
	write := func(name string) error {
		return writeTo(name, func(f *os.File) error { _, err := f.WriteString("written"); return err })
	}
	repository := t.TempDir()
	t.Chdir(repository)
	gitIn(t, ".", "init", "-q")
	writeFile(t, "inside/there", "before")
	writeFile(t, filepath.Join(outside, "profile"), "before")
	for name, to := range map[string]string{"result.json": filepath.Join(outside, "profile"), "new.json": filepath.Join(outside, "new"), "out": outside, "round": "inside", "own.json": "inside/there"} {
		if err := os.Symlink(to, name); err != nil {
			t.Skip("no links here")
		}
	}
	gitIn(t, ".", "add", "-A")
	for _, planted := range []string{"result.json", "new.json", "out/profile", "out/new/deep.json"} {
		if err := write(planted); err == nil || !strings.Contains(err.Error(), "leads out of it") {
			t.Errorf("%s: %v", planted, err)
		}
	}
	if left, err := os.ReadDir(outside); err != nil || len(left) != 1 || readFile(t, filepath.Join(outside, "profile")) != "before" {
		t.Errorf("outside there are %v, %v", left, err)
	}
	for _, fine := range []string{"own.json", "round/other", "plain.json"} {
		if err := write(fine); err != nil {
			t.Errorf("%s: %v", fine, err)
		}
	}
	gitIn(t, ".", "rm", "-q", "--cached", "result.json") // now whoever runs the gate made it
	if err := write("result.json"); err != nil || readFile(t, filepath.Join(outside, "profile")) != "written" {
		t.Errorf("a link of one's own: %v", err)
	}
}
