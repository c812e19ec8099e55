package git

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// ErrShallow means that the history here does not reach back to what was asked for.
var ErrShallow = errors.New("the clone is shallow: its history does not reach back far enough")

// ErrNoCommit means that there is no such commit here.
var ErrNoCommit = errors.New("there is no such commit here")

// ErrAmbiguous means that several branches or tags that are not one commit go by a name. Git takes one of them, which need not be the one
// that is meant: a branch of a change that is called origin/main would stand for the main branch of origin.
var ErrAmbiguous = errors.New("several branches or tags go by this name")

// ErrNoRepository means that a folder is in no repository, or in one that git may not read.
var ErrNoRepository = errors.New("no git repository")

// A Change is two commits of one repository: what was before, and what is to be.
type Change struct {
	dir  string
	Base string // commit id: for BASE...HEAD where the histories part, for BASE..HEAD the commit that is named
	Head string // commit id
}

// Open resolves "BASE...HEAD" or "BASE..HEAD" in the repository that a folder is in; an end that is left out is HEAD, as in git.
func Open(ctx context.Context, dir, span string) (*Change, error) {
	if _, err := run(ctx, dir, "rev-parse", "--git-dir"); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoRepository, err)
	}
	base, head, parted := strings.Cut(span, "...")
	if !parted {
		base, head, _ = strings.Cut(span, "..")
	}
	c := &Change{dir: dir}
	var err error
	if c.Base, err = Commit(ctx, dir, base); err != nil {
		return nil, err
	}
	if c.Head, err = Commit(ctx, dir, head); err != nil {
		return nil, err
	}
	if !parted {
		return c, nil
	}
	out, err := run(ctx, dir, "merge-base", c.Base, c.Head)
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 1 { // nothing in common
		if shallow(ctx, dir) {
			return nil, fmt.Errorf("where %s and %s part: %w", base, head, ErrShallow)
		}
		return nil, fmt.Errorf("%s and %s have no commit in common", base, head)
	}
	if err != nil {
		return nil, fmt.Errorf("where %s and %s part: %w", base, head, err)
	}
	c.Base = strings.TrimSpace(string(out))
	return c, nil
}

// Commit is the id of the commit that a name stands for; empty stands for the one that is checked out.
func Commit(ctx context.Context, dir, name string) (string, error) {
	if name == "" {
		name = "HEAD"
	}
	out, err := run(ctx, dir, "rev-parse", "--verify", "--quiet", "--end-of-options", name+"^{commit}")
	if err == nil {
		if err := oneMeaning(ctx, dir, name); err != nil {
			return "", err
		}
		return strings.TrimSpace(string(out)), nil
	}
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
		return "", err
	}
	if shallow(ctx, dir) {
		return "", fmt.Errorf("%s: %w, and %w", name, ErrNoCommit, ErrShallow)
	}
	return "", fmt.Errorf("%s: %w", name, ErrNoCommit)
}

// oneMeaning fails if several branches or tags that are not one commit go by a name.
func oneMeaning(ctx context.Context, dir, name string) error {
	ref, _, _ := strings.Cut(name[:strings.IndexAny(name+"^", "^~:")], "@{") // without the steps from there
	if ref == "" || ref == "HEAD" || IsID(ref) {
		return nil
	}
	args := []string{"for-each-ref", "--format=%(objectname) %(*objectname) %(refname)"}
	full := []string{"refs/remotes/" + ref + "/HEAD"}
	for _, above := range []string{"refs/", "refs/tags/", "refs/heads/", "refs/remotes/"} { // as git looks
		full = append(full, above+ref)
	}
	out, err := run(ctx, dir, append(args, full...)...)
	if err != nil {
		return err
	}
	commits, names := map[string]bool{}, []string{}
	for line := range strings.Lines(string(out)) {
		id, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		of, name, _ := strings.Cut(rest, " ") // of is what an annotated tag is of, else empty
		if slices.Contains(full, name) {
			commits[cmp.Or(of, id)], names = true, append(names, name)
		}
	}
	if len(commits) > 1 {
		return fmt.Errorf("%s: %w: %s", name, ErrAmbiguous, strings.Join(names, ", "))
	}
	return nil
}

func shallow(ctx context.Context, dir string) bool {
	out, err := run(ctx, dir, "rev-parse", "--is-shallow-repository")
	return err == nil && strings.TrimSpace(string(out)) == "true"
}

// Diff gives a function the diff of the change as git writes it, with renames, all names from the root of the repository. What the
// user or the repository has set up about diffs does not count: it could hide lines.
func (c *Change) Diff(ctx context.Context, read func(io.Reader) error) error {
	return stream(ctx, c.dir, read, "diff-tree", "-r", "-p", "--find-renames", "--no-ext-diff", "--no-textconv", "--no-color", "--no-relative",
		"--ignore-submodules=none", "--submodule=short", "--unified=3", "--inter-hunk-context=0", "--src-prefix=a/", "--dst-prefix=b/",
		"--end-of-options", c.Base, c.Head)
}

// Files are the names of all files of the head, from the root of the repository, and of those of them that are symbolic links.
func (c *Change) Files(ctx context.Context) (names, links []string, err error) {
	err = stream(ctx, c.dir, func(r io.Reader) error {
		in := bufio.NewReader(r)
		for {
			said, err := in.ReadString(0)
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			kind, name, ok := strings.Cut(strings.TrimSuffix(said, "\x00"), "\t") // <mode> <type> <id>, then the name
			if !ok {
				return fmt.Errorf("git ls-tree says %q", clip(said))
			}
			names = append(names, name)
			if strings.HasPrefix(kind, "120000 ") {
				links = append(links, name)
			}
		}
	}, "ls-tree", "-r", "-z", "--full-tree", c.Head)
	return names, links, err
}

// Read is what a file of the head reads, or the first bytes of it.
func (c *Change) Read(ctx context.Context, name string, most int64) (text []byte, err error) {
	err = stream(ctx, c.dir, func(r io.Reader) error {
		text, err = io.ReadAll(io.LimitReader(r, most))
		if err == nil {
			_, err = io.Copy(io.Discard, r)
		}
		return err
	}, "cat-file", "blob", c.Head+":"+name)
	return text, err
}

// Tracked says whether the repository that any of some files or folders is in has it, files in it, or a link on the way to it: a change
// under review can have written them then, also by way of a submodule.
func Tracked(ctx context.Context, names ...string) bool {
	byFolder := map[string][]string{}
	seen := map[string]bool{}
	for _, name := range names {
		name = filepath.Clean(name)
		for at := name; !seen[at]; at = filepath.Dir(at) {
			seen[at] = at != name // a file can also be the folder of another
			s, err := os.Lstat(at)
			if at == name || err == nil && s.Mode()&fs.ModeSymlink != 0 {
				byFolder[filepath.Dir(at)] = append(byFolder[filepath.Dir(at)], filepath.Base(at))
			}
			if at == filepath.Dir(at) {
				break
			}
		}
	}
	for folder, files := range byFolder {
		out, err := run(ctx, folder, append([]string{"ls-files", "-z", "--"}, files...)...)
		if err == nil && len(out) > 0 {
			return true
		}
	}
	return false
}

// Submodule says whether a folder is in a repository that another one has as its submodule.
func Submodule(ctx context.Context, dir string) bool {
	out, err := run(ctx, dir, "rev-parse", "--show-superproject-working-tree")
	return err == nil && len(bytes.TrimSpace(out)) > 0
}

// inert keep git from running programs that a repository names, and from taking a folder that somebody put into the working tree for
// a repository.
var inert = []string{"-c", "core.fsmonitor=false", "-c", "core.hooksPath=" + os.DevNull, "-c", "safe.bareRepository=explicit"}

// git is the program, told to ask nobody, to lock nothing, to run nothing, and to take objects for what they are.
func git(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "git", slices.Concat([]string{"-C", dir, "--literal-pathspecs"}, inert, args)...)
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); name != "GIT_DIFF_OPTS" && name != "GIT_EXTERNAL_DIFF" {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "GIT_NO_REPLACE_OBJECTS=1", "LC_ALL=C")
	return cmd
}

// run gives what git writes, which is short.
func run(ctx context.Context, dir string, args ...string) (out []byte, err error) {
	err = stream(ctx, dir, func(r io.Reader) error {
		out, err = io.ReadAll(r)
		return err
	}, args...)
	return out, err
}

// stream gives a function what git writes. If git fails, what was read may be short, and the error is git's.
func stream(ctx context.Context, dir string, read func(io.Reader) error, args ...string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := git(ctx, dir, args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("run git: %w", err)
	}
	if err := read(out); err != nil {
		cancel()       // git may still be writing
		_ = cmd.Wait() // it was stopped because of err
		return err
	}
	if err := cmd.Wait(); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		text, _, _ := strings.Cut(strings.TrimSpace(said.String()), "\n")
		if text == "" {
			return fmt.Errorf("git %s: %w", args[0], err)
		}
		return fmt.Errorf("git %s: %s: %w", args[0], strings.TrimPrefix(text, "fatal: "), err)
	}
	return nil
}
