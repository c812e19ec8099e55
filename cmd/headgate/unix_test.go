//go:build unix

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// command is the program as a process of its own, see TestMain.
func command(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	as := filepath.Join(t.TempDir(), name)
	if err := os.Symlink(program, as); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), as, args...)
	c.Dir = t.TempDir()
	return c
}

func fifo(t *testing.T, name string) {
	t.Helper()
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Skipf("no FIFOs here: %v", err)
	}
}

func TestAnInterruptEndsTheWaitForAReport(t *testing.T) {
	for _, sub := range []string{"gate", "findings"} {
		var stderr strings.Builder
		c := command(t, "headgate", sub, "scan.sarif")
		c.Stderr = &stderr
		name := filepath.Join(c.Dir, "scan.sarif")
		fifo(t, name)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		// Opening waits for the program to open the other end: it reads then.
		scan, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		_ = c.Wait() // its status is looked at below
		scan.Close()
		if have := c.ProcessState.ExitCode(); have != statusUndecided || stderr.String() != "headgate: error: interrupted\n" {
			t.Errorf("%s: status %d: %q", sub, have, stderr.String())
		}
	}
}

func TestASecondInterruptKills(t *testing.T) {
	c := command(t, "hangs")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(out)
	for _, want := range []string{"started", "interrupted"} {
		if !said.Scan() || said.Text() != want {
			t.Fatalf("have %q, %v, want %q", said.Text(), said.Err(), want)
		}
		if err := c.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
	}
	var exit *exec.ExitError
	if err := c.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGINT {
		t.Errorf("have %v", err)
	}
}

// A FIFO can be a report that is named: a shell's <(…). In a folder nobody writes to it.
func TestAFIFOIsReadWhereItIsNamedAndPassedOverInAFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "reports/clean.sarif", cleanSARIF)
	fifo(t, "reports/scan.sarif")
	if status, _, stderr := start(t, "gate", "reports"); status != statusPass {
		t.Errorf("in a folder: status %d: %s", status, stderr)
	}
	go func() {
		if err := os.WriteFile("reports/scan.sarif", []byte(cleanSARIF), 0); err != nil {
			t.Error(err)
		}
	}()
	if r := resultOf(t, "gate", "reports/scan.sarif"); len(r.Reports) != 1 || r.Reports[0].Tool != "gosec" {
		t.Errorf("named: have %+v", r.Reports)
	}
}

func TestAFIFOIsWrittenInPlace(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "clean.sarif", cleanSARIF)
	fifo(t, "out")
	written := make(chan string)
	go func() {
		text, err := os.ReadFile("out")
		if err != nil {
			t.Error(err)
		}
		written <- string(text)
	}()
	if status, _, stderr := start(t, "gate", "clean.sarif", "-o", "json=out"); status != statusPass {
		t.Fatalf("status %d: %s", status, stderr)
	}
	if s, err := os.Lstat("out"); err != nil || s.Mode()&os.ModeNamedPipe == 0 {
		t.Errorf("it is no FIFO any more: %v", err)
	} else if have := <-written; !strings.HasPrefix(have, "{") {
		t.Errorf("have %q", have)
	}
}

// /dev/stdout may be a file that what is written later must not overwrite.
func TestStandardOutputByItsNameIsWrittenOnceAndInOrder(t *testing.T) {
	if _, err := os.Stat("/dev/stdout"); err != nil {
		t.Skip("no /dev/stdout here")
	}
	c := command(t, "headgate", "gate", "-o", "json=/dev/stdout", "-o", "text", "-")
	out, err := os.Create(filepath.Join(c.Dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	c.Stdin, c.Stdout = strings.NewReader(cleanSARIF), out
	if err := c.Run(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(out)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(text), "{") || !strings.Contains(string(text), "}\n") || !strings.Contains(string(text), "nothing found in 1 report") {
		t.Errorf("have\n%s", text)
	}
}

func TestResultsAreAsReadableAsTheUmaskSays(t *testing.T) {
	for umask, want := range map[int]os.FileMode{0o022: 0o644, 0o077: 0o600} {
		name := filepath.Join(t.TempDir(), "result.json")
		was := syscall.Umask(umask)
		err := writeWhole(name, func(f *os.File) error { _, err := f.WriteString("{}"); return err })
		syscall.Umask(was)
		if err != nil {
			t.Fatal(err)
		}
		if s, err := os.Stat(name); err != nil || s.Mode().Perm() != want {
			t.Errorf("umask %o: %v, %v", umask, s.Mode(), err)
		}
	}
}

// A run that is killed while it leaves evidence leaves a whole bundle or none, and doing it again completes.
func TestARunThatIsKilledLeavesWholeEvidenceOrNone(t *testing.T) {
	t.Parallel()
	points := []int{0, 4, 7}
	if os.Getenv("HEADGATE_LONG") != "" {
		points = []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8}
	}
	var report strings.Builder
	report.WriteString(`{"SchemaVersion": 2, "ArtifactName": ".", "ArtifactType": "repository", "Results": [{"Target": "go.mod", "Class": "lang-pkgs", "Type": "gomod", "Vulnerabilities": [`)
	for i := range 3000 {
		if i > 0 {
			report.WriteByte(',')
		}
		fmt.Fprintf(&report, `{"VulnerabilityID": "CVE-2026-%d", "PkgName": "example.com/m%d", "InstalledVersion": "v1.0.0", "Severity": "HIGH", "Title": "t"}`, 10000+i, i)
	}
	report.WriteString(`]}]}`)
	for _, files := range points {
		c := command(t, "headgate", "gate", "report.json", "--evidence", "evidence", "--no-range")
		writeFile(t, filepath.Join(c.Dir, "report.json"), report.String())
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() { _ = c.Wait(); close(ended) }() // that it was killed is meant
		for there := false; !there; {
			stages, _ := filepath.Glob(filepath.Join(c.Dir, ".evidence.*.part")) // the pattern is right
			for _, stage := range stages {
				entries, err := os.ReadDir(stage)
				there = there || err == nil && len(entries) >= files
			}
			select {
			case <-ended:
				there = true
			default:
				runtime.Gosched()
			}
		}
		_ = c.Process.Kill() // it may have ended
		<-ended
		verify := command(t, "headgate", "evidence", "verify", filepath.Join(c.Dir, "evidence"))
		if _, err := os.Stat(filepath.Join(c.Dir, "evidence")); err == nil {
			if out, err := verify.CombinedOutput(); err != nil {
				t.Errorf("killed at %d files: %s", files, out)
			}
			continue
		}
		again := command(t, "headgate", "gate", "report.json", "--evidence", "evidence", "--no-range")
		again.Dir = c.Dir
		if out, err := again.CombinedOutput(); err != nil && again.ProcessState.ExitCode() != statusBlocked {
			t.Fatalf("killed at %d files, and again: %s", files, out)
		}
		if out, err := verify.CombinedOutput(); err != nil {
			t.Errorf("killed at %d files, and done again: %s", files, out)
		}
	}
}
