package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// platforms are those that a release is for.
var platforms = []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64", "windows/arm64"}

// A release is what is built of a source.
type release struct {
	*source
	version   string // "v1.2.3"
	platforms []string
	dist      string // where its files go
	out       io.Writer
}

// A program is the program for one platform.
type program struct {
	os, arch string
	binary   []byte
	file     string // where the build left it
}

// exe is the name of the program on its platform.
func (p *program) exe() string {
	if p.os == "windows" {
		return "headgate.exe"
	}
	return "headgate"
}

// name is the name of a file of the release, without a leading v, as in the URLs of others.
func (r *release) name(rest string) string {
	return "headgate_" + strings.TrimPrefix(r.version, "v") + "_" + rest
}

// build writes all files of the release. Twice: each program is built again in another folder with nothing that the first build left.
func (r *release) build(ctx context.Context, twice bool) error {
	temp, err := os.MkdirTemp("", "headgate-release")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	first := filepath.Join(temp, "one")
	if err := r.prepare(ctx, first); err != nil {
		return err
	}
	if err := r.checkToolchain(ctx, first); err != nil {
		return err
	}
	fmt.Fprintf(r.out, "headgate %s from commit %s of %s with %s\n", r.version, r.commit, r.date.Format(time.RFC3339), r.toolchain)
	programs, err := r.compile(ctx, first, nil)
	if err != nil {
		return err
	}
	if twice {
		if err := r.compare(ctx, temp, programs); err != nil {
			return err
		}
	}
	parts, err := r.linked(ctx, first, programs)
	if err != nil {
		return err
	}
	return r.write(first, programs, parts)
}

func (r *release) prepare(ctx context.Context, dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	return r.unpack(ctx, dir)
}

// compare builds a second time, in a folder with another name and length of name, with a cache of its own, and compares.
func (r *release) compare(ctx context.Context, temp string, first []*program) error {
	elsewhere := filepath.Join(temp, "another", "folder")
	if err := os.Mkdir(filepath.Dir(elsewhere), 0o755); err != nil {
		return err
	}
	if err := r.prepare(ctx, elsewhere); err != nil {
		return err
	}
	second, err := r.compile(ctx, elsewhere, []string{"GOCACHE=" + filepath.Join(temp, "cache")})
	if err != nil {
		return err
	}
	for i, p := range first {
		if !bytes.Equal(p.binary, second[i].binary) {
			return fmt.Errorf("%s/%s: the second build differs from the first in byte %d", p.os, p.arch, differsAt(p.binary, second[i].binary))
		}
	}
	return nil
}

func differsAt(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// settings are the variables of Go's that change what is built, whatever whoever builds has set.
func (r *release) settings(goos, goarch string) []string {
	return []string{"GOOS=" + goos, "GOARCH=" + goarch, "GOAMD64=v1", "GOARM64=v8.0", "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOEXPERIMENT=", "GOFIPS140=off",
		"GOWORK=off", "GOTOOLCHAIN=" + r.toolchain, fmt.Sprintf("SOURCE_DATE_EPOCH=%d", r.date.Unix())}
}

// compile builds the program for each platform from the tree in a folder.
func (r *release) compile(ctx context.Context, dir string, env []string) ([]*program, error) {
	set := "-s -w -X main.version=" + r.version + " -X main.commit=" + r.commit + " -X main.commitDate=" + r.date.Format(time.RFC3339)
	var all []*program
	for _, platform := range r.platforms {
		p := &program{}
		p.os, p.arch, _ = strings.Cut(platform, "/")
		p.file = filepath.Join(dir, "built", p.os+"_"+p.arch, p.exe())
		began := time.Now()
		_, err := goCommand(ctx, dir, append(r.settings(p.os, p.arch), env...),
			"build", "-trimpath", "-buildvcs=false", "-ldflags", set, "-o", p.file, "./cmd/headgate")
		if err != nil {
			return nil, fmt.Errorf("%s: %w", platform, err)
		}
		if p.binary, err = os.ReadFile(p.file); err != nil {
			return nil, err
		}
		fmt.Fprintf(r.out, "built %-13s %3d MB in %s\n", platform, len(p.binary)>>20, time.Since(began).Round(time.Second))
		all = append(all, p)
	}
	return all, nil
}

func (r *release) checkToolchain(ctx context.Context, dir string) error {
	out, err := goCommand(ctx, dir, r.settings(runtime.GOOS, runtime.GOARCH), "env", "GOVERSION")
	if err != nil {
		return err
	}
	if have := strings.TrimSpace(string(out)); have != r.toolchain {
		return fmt.Errorf("a release of this commit is built with %s, and this is %s", r.toolchain, have)
	}
	return nil
}

func goCommand(ctx context.Context, dir string, env []string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.Output()
	if exited := (*exec.ExitError)(nil); errors.As(err, &exited) {
		return nil, fmt.Errorf("go %s: %w: %s", args[0], err, bytes.TrimSpace(exited.Stderr))
	}
	return out, err
}
