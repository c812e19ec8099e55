package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A Checkout is the working tree that a folder is in.
type Checkout struct {
	Root string // absolute, without links
	At   string // the folder below it, with slashes; "." at the root
}

// FindCheckout finds the working tree that a folder is in.
func FindCheckout(ctx context.Context, dir string) (*Checkout, error) {
	root, err := run(ctx, dir, "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoRepository, err)
	}
	at, err := run(ctx, dir, "rev-parse", "--show-prefix")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoRepository, err)
	}
	c := &Checkout{Root: filepath.FromSlash(strings.TrimSuffix(string(root), "\n")), At: strings.TrimSuffix(strings.TrimSuffix(string(at), "\n"), "/")}
	if c.At == "" {
		c.At = "."
	}
	c.Root, err = filepath.EvalSymlinks(c.Root)
	return c, err
}

// longestFetch bounds how long a fetch may take.
const longestFetch = 3 * time.Minute

// Fetch brings one commit from the remote "origin", by its full id, and of a shallow clone nothing of its past.
func Fetch(ctx context.Context, dir, commit string) error {
	if !isHash(commit) {
		return fmt.Errorf("%q is no full id of a commit", clip(commit))
	}
	if shallow(ctx, dir) {
		return fetch(ctx, dir, []string{commit}, "--depth=1") // in a whole clone it would cut off what is known of the commit's past
	}
	return fetch(ctx, dir, []string{commit})
}

// deepen brings the whole past of commits, which a shallow clone has without it, from the remote "origin".
func deepen(ctx context.Context, dir string, commits []string) error {
	return fetch(ctx, dir, commits, "--unshallow")
}

// fetch brings commits from the remote "origin". No branch, tag or other reference is changed.
func fetch(ctx context.Context, dir string, commits []string, options ...string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, longestFetch, fmt.Errorf("git fetch took longer than %s", longestFetch))
	defer cancel()
	command := []string{"-c", "gc.auto=0", "-c", "maintenance.auto=false", "fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head"}
	command = append(append(command, options...), "--end-of-options", "origin")
	_, err := run(ctx, dir, append(command, commits...)...)
	return err
}

// Parents are the commits that a commit was made on, also where a shallow clone does not have them.
func Parents(ctx context.Context, dir, commit string) (parents []string, err error) {
	text, err := ask(ctx, dir, "cat-file", "commit", commit)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		word, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if line == "\n" {
			break
		}
		if word == "parent" && isHash(rest) {
			parents = append(parents, rest)
		}
	}
	return parents, nil
}

// Contains says whether a commit has another one in its past, as far as that is known here.
func Contains(ctx context.Context, dir, commit, earlier string) bool {
	if _, err := run(ctx, dir, "merge-base", "--is-ancestor", earlier, commit); err == nil {
		return true
	}
	parents, err := Parents(ctx, dir, commit)
	return err == nil && slices.Contains(parents, earlier)
}

// Untracked says that neither the commit that is checked out nor the index has a file or folder of the working tree, anything in it, or
// a link or other repository on the way to it: it was made here. It is false where that is not certain, also if only the case of a name
// differs. Name is below root, with slashes.
func Untracked(ctx context.Context, root, name string) bool {
	at := root
	for part := range strings.SplitSeq(name, "/") {
		entries, err := os.ReadDir(at)
		if err != nil || !slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == part }) {
			return false
		}
		at = filepath.Join(at, part)
		if s, err := os.Lstat(at); err != nil || s.Mode()&fs.ModeSymlink != 0 {
			return false
		}
		if _, err := os.Lstat(filepath.Join(at, ".git")); !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			return false
		}
	}
	for _, where := range [][]string{{"ls-files", "-z", "--", name}, {"ls-tree", "-z", "--name-only", "HEAD", "--", name}} {
		if out, err := ask(ctx, root, where...); err != nil || len(out) > 0 {
			return false
		}
	}
	return true
}

// UntrackedIn are the names of files directly in a folder of the working tree that were made here, in order: see Untracked.
func UntrackedIn(ctx context.Context, root, folder string) (names []string) {
	entries, err := os.ReadDir(filepath.Join(root, filepath.FromSlash(folder)))
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if e.Type().IsRegular() && Untracked(ctx, root, folder+"/"+e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names
}
