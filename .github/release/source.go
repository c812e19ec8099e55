package main

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A source is what a release is built from: a commit, never a working tree.
type source struct {
	root      string // the checkout, which has the commit
	commit    string
	date      time.Time // of the commit, which every file of the release bears
	toolchain string    // that go.mod names, as "go1.26.8": another one makes other bytes
}

// sourceOf finds the commit that a revision is built from: its parent if all that it changes is the action's table.
func sourceOf(ctx context.Context, root, revision string) (*source, error) {
	s := &source{root: root}
	commit, err := s.git(ctx, "rev-parse", "--verify", revision+"^{commit}")
	if err != nil {
		return nil, err
	}
	changed, err := s.git(ctx, "diff-tree", "--no-commit-id", "--name-only", "-r", "--root", "-m", "--first-parent", commit)
	if err != nil {
		return nil, err
	}
	if changed == table {
		if commit, err = s.git(ctx, "rev-parse", "--verify", commit+"^"); err != nil {
			return nil, err
		}
	}
	s.commit = commit
	seconds, err := s.git(ctx, "show", "--no-patch", "--format=%ct", commit)
	if err != nil {
		return nil, err
	}
	at, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("date of %s: %w", commit, err)
	}
	s.date = time.Unix(at, 0).UTC()
	mod, err := s.git(ctx, "show", commit+":go.mod")
	if err != nil {
		return nil, err
	}
	m := regexp.MustCompile(`(?m)^toolchain (go\S+)$`).FindStringSubmatch(mod)
	if m == nil {
		return nil, fmt.Errorf("go.mod of %s names no toolchain, and another one makes other bytes", commit)
	}
	s.toolchain = m[1]
	return s, nil
}

func (s *source) git(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", s.root}, args...)...)
	out, err := cmd.Output()
	if exited := (*exec.ExitError)(nil); errors.As(err, &exited) {
		return "", fmt.Errorf("git %s: %s", args[0], strings.TrimSpace(string(exited.Stderr)))
	}
	return strings.TrimSpace(string(out)), err
}

// unpack writes the tree of the commit into a folder: what is not committed is not there.
func (s *source) unpack(ctx context.Context, dir string) error {
	cmd := exec.CommandContext(ctx, "git", "-C", s.root, "archive", "--format=tar", s.commit)
	packed, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("git archive %s: %w", s.commit, err)
	}
	into, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer into.Close()
	for t := tar.NewReader(bytes.NewReader(packed)); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("git archive %s: %w", s.commit, err)
		}
		name := filepath.FromSlash(strings.TrimSuffix(h.Name, "/"))
		switch h.Typeflag {
		case tar.TypeDir:
			err = into.MkdirAll(name, 0o755)
		case tar.TypeReg:
			err = unpackFile(into, name, t, h.FileInfo().Mode().Perm())
		}
		if err != nil {
			return err
		}
	}
}

func unpackFile(into *os.Root, name string, content io.Reader, mode fs.FileMode) error {
	if err := into.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	file, err := into.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}
