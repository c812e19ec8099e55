package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// releaseArchive is a program packed as a release has it, under the name that it has there.
func releaseArchive(t testing.TB, version string, program []byte) (name string, archive []byte) {
	t.Helper()
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	for _, file := range []struct {
		name    string
		content []byte
	}{{"headgate", program}, {"LICENSE", []byte("Apache-2.0\n")}} {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: file.name, Mode: 0o755, Size: int64(len(file.content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(file.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("headgate_%s_%s_%s.tar.gz", version, runtime.GOOS, runtime.GOARCH), out.Bytes()
}

func TestTheInstallerTakesNoFileUnseen(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash, in which runners run the action's scripts")
	}
	script, err := filepath.Abs(filepath.Join("..", "..", ".github", "action", "install.sh"))
	if err != nil {
		t.Fatal(err)
	}
	_, packed := releaseArchive(t, "1.3.0", []byte("#!/bin/sh\necho this is it\n"))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(packed) }))
	defer server.Close()
	digest := fmt.Sprintf("%x", sha256.Sum256(packed))
	for name, test := range map[string]struct {
		version, table, arch string
		from, says           string
	}{
		"no release":           {"", "# nothing\n", "X64", "source", ""},
		"newest":               {"", digest + "  headgate_1.2.3_linux_amd64.tar.gz\n" + digest + " *headgate_1.3.0_linux_amd64.tar.gz\r\n", "X64", "release", ""},
		"of another machine":   {"", digest + "  headgate_1.2.3_linux_amd64.tar.gz\n", "ARM64", "source", ""},
		"asked for":            {"v1.2.3", digest + "  headgate_1.2.3_linux_amd64.tar.gz\n", "X64", "release", ""},
		"source asked for":     {"source", digest + "  headgate_1.2.3_linux_amd64.tar.gz\n", "X64", "source", ""},
		"not in the table":     {"v9.9.9", digest + "  headgate_1.2.3_linux_amd64.tar.gz\n", "X64", "", "no digest of headgate_9.9.9_linux_amd64.tar.gz"},
		"another digest":       {"v1.2.3", strings.Repeat("0", 64) + "  headgate_1.2.3_linux_amd64.tar.gz\n", "X64", "release", "was not run"},
		"a digest cut short":   {"v1.2.3", digest[:60] + "  headgate_1.2.3_linux_amd64.tar.gz\n", "X64", "", "no digest"},
		"a version that leads": {"v1.2.3/../../evil", "", "X64", "", "is to be source"},
		"a command":            {"$(touch pwned)", "", "X64", "", "is to be source"},
	} {
		t.Run(name, func(t *testing.T) {
			action, temp := t.TempDir(), t.TempDir()
			writeFile(t, filepath.Join(action, ".github", "action", "checksums.txt"), test.table)
			run := func(what string) (string, bool) {
				cmd := exec.Command(bash, script, what)
				cmd.Dir = temp
				cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "GITHUB_ACTION_PATH=" + action, "RUNNER_TEMP=" + temp, "RUNNER_OS=Linux", "RUNNER_ARCH=" + test.arch,
					"GITHUB_OUTPUT=" + filepath.Join(temp, "output"), "VERSION=" + test.version, "HEADGATE_RELEASES=" + server.URL}
				out, err := cmd.CombinedOutput()
				return string(out), err == nil
			}
			out, ok := run("choose")
			if test.from == "" {
				if ok || !strings.Contains(out, test.says) {
					t.Errorf("it chose, and said %q", out)
				}
				return
			}
			if got := readFile(t, filepath.Join(temp, "output")); !ok || got != "from="+test.from+"\n" {
				t.Fatalf("chose %q: %s", got, out)
			}
			if test.from == "source" {
				return
			}
			out, ok = run("get")
			program := filepath.Join(temp, "headgate", "headgate")
			if test.says != "" {
				if _, err := os.Stat(program); ok || err == nil || !strings.Contains(out, test.says) {
					t.Errorf("it took the file, and said %q", out)
				}
				return
			}
			if left, err := filepath.Glob(filepath.Join(temp, "headgate", "*")); err != nil || len(left) != 2 { // the program, and where it is from
				t.Errorf("it leaves %v", left)
			}
			said, err := exec.Command(program).Output()
			if !ok || err != nil || string(said) != "this is it\n" {
				t.Errorf("it got %q, %v: %s", said, err, out)
			}
			if _, ok := run("choose"); !ok || !strings.HasSuffix(readFile(t, filepath.Join(temp, "output")), "from=here\n") {
				t.Error("it would fetch it twice")
			}
		})
	}
}
