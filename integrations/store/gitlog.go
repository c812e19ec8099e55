package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/headgate/headgate/engine/evidence"
)

// DefaultRef is where a log lies in a repository, unless an address names another place.
const DefaultRef = "refs/headgate/log"

// gitAttempts bounds how often an append is tried while others append to the same log.
const gitAttempts = 60

// A GitLog is a log on a ref of a git repository: no server is needed but the one that has the code. Its commits have the tiles and the
// checkpoint of the log, and the statements of runs; the rest of a run stays in its bundle. Who appends takes part in a race that the
// repository decides: the ref moves only from the commit that was built on. It implements evidence.Log.
type GitLog struct {
	repository string // path or URL
	ref        string
	dir        string // a repository of our own, for objects: nothing that is set up in another one holds in it
	sleep      func(context.Context, time.Duration) error
	base       string // the commit that is looked at; empty: the ref is not there yet
	evidence.Tiled
}

// OpenGit opens a log: git:REF in the repository of a folder, or git:REPOSITORY#REF, where REPOSITORY is a path, a URL or the name of a
// remote of that repository. Without a REF it is DefaultRef. Sleep waits, or ends with the context.
func OpenGit(ctx context.Context, where, folder string, sleep func(context.Context, time.Duration) error) (*GitLog, error) {
	repository, ref, both := strings.Cut(strings.TrimPrefix(where, formGit), "#")
	if !both {
		repository, ref = "", repository
	}
	if ref == "" {
		ref = DefaultRef
	}
	if !refForm.MatchString(ref) || strings.Contains(ref, "..") {
		return nil, fmt.Errorf("%.80q names no ref: write it as %s", ref, DefaultRef)
	}
	repository, err := repositoryOf(ctx, repository, folder)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "headgate-log-")
	if err != nil {
		return nil, err
	}
	l := &GitLog{repository: repository, ref: ref, dir: dir, sleep: sleep}
	if _, err := l.git(ctx, nil, "init", "--quiet", "--bare", "--template=", dir); err != nil {
		l.Close()
		return nil, err
	}
	if err := l.fetch(ctx); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

var refForm = regexp.MustCompile(`^refs/[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)+$`)

// repositoryOf finds out which repository is meant.
func repositoryOf(ctx context.Context, named, folder string) (string, error) {
	ask := func(args ...string) (string, error) {
		out, err := exec.CommandContext(ctx, "git", append([]string{"-C", folder}, args...)...).Output()
		return strings.TrimSpace(string(out)), err
	}
	if named == "" {
		dir, err := ask("rev-parse", "--absolute-git-dir")
		if err != nil {
			return "", fmt.Errorf("the log is to be in the repository of %s, and git knows of none", folder)
		}
		return dir, nil
	}
	if strings.HasPrefix(named, "-") || strings.Contains(named, "::") { // an option; a program to run
		return "", fmt.Errorf("%.80q names no repository", named)
	}
	if url, err := ask("config", "--get", "remote."+named+".url"); err == nil && url != "" {
		named = url
	}
	if !strings.Contains(named, ":") && !filepath.IsAbs(named) { // a path
		return filepath.Abs(filepath.Join(folder, named))
	}
	return named, nil
}

// Close removes what was fetched.
func (l *GitLog) Close() error { return os.RemoveAll(l.dir) }

// Bounds on one command: its time, and what it says, in bytes. The largest file of a log is a statement or the hashes of a tile.
const (
	gitTime = 2 * time.Minute
	gitMost = 64 << 20
)

// git runs a command on the objects of our own. What the repository itself sets up, hooks among it, does not hold; what the user sets up,
// credentials among it, does.
func (l *GitLog) git(ctx context.Context, in []byte, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, gitTime)
	defer cancel()
	c := exec.CommandContext(ctx, "git", append([]string{"-c", "core.hooksPath=" + os.DevNull, "-c", "core.fsmonitor=false", "-c", "gc.auto=0",
		"-c", "commit.gpgSign=false", "-c", "push.gpgSign=false", "-c", "transfer.fsckObjects=true", "-c", "protocol.ext.allow=never"}, args...)...)
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); !strings.HasPrefix(name, "GIT_") || name == "GIT_SSH_COMMAND" || name == "GIT_SSL_CAINFO" || name == "GIT_ASKPASS" {
			c.Env = append(c.Env, v)
		}
	}
	c.Env = append(c.Env, "GIT_DIR="+l.dir, "GIT_TERMINAL_PROMPT=0", "GIT_NO_REPLACE_OBJECTS=1", "LC_ALL=C",
		"GIT_AUTHOR_NAME=headgate", "GIT_AUTHOR_EMAIL=headgate@localhost", "GIT_COMMITTER_NAME=headgate", "GIT_COMMITTER_EMAIL=headgate@localhost")
	c.Dir = l.dir
	var out, said bounded
	c.Stdin, c.Stdout, c.Stderr = bytes.NewReader(in), &out, &said
	if err := c.Run(); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		if out.over || said.over {
			return nil, fmt.Errorf("git %s: it says more than %d MiB", args[0], gitMost>>20)
		}
		return out.kept.Bytes(), &gitFailure{command: args[0], said: said.kept.String(), err: err}
	}
	return out.kept.Bytes(), nil
}

// A bounded keeps what a command says. What says more than is kept is stopped: whoever may write to the ref may put any file there.
type bounded struct {
	kept bytes.Buffer // not embedded: it would be filled past Write
	over bool
}

// Write keeps more of it.
func (b *bounded) Write(p []byte) (int, error) {
	if b.over = b.kept.Len()+len(p) > gitMost; b.over {
		return 0, errors.New("it is too much")
	}
	return b.kept.Write(p)
}

// A gitFailure is a command of git that failed.
type gitFailure struct {
	command, said string
	err           error
}

func (f *gitFailure) Unwrap() error { return f.err }

// Error has what git says, in one line and without the credentials that an address may have.
func (f *gitFailure) Error() string {
	said := credentials.ReplaceAllString(strings.Join(strings.Fields(f.said), " "), "://")
	if len(said) > 300 {
		said = said[:300] + "…"
	}
	if said == "" {
		said = f.err.Error()
	}
	return "git " + f.command + ": " + said
}

var credentials = regexp.MustCompile(`://[^/@\s]*@`)

// fetch looks at the log as it is now.
func (l *GitLog) fetch(ctx context.Context) error {
	l.base, l.Tiled = "", evidence.Tiled{Read: l.file}
	_, err := l.git(ctx, nil, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--depth=1", l.repository, "+"+l.ref+":"+fetchedRef)
	if f := (*gitFailure)(nil); errors.As(err, &f) && strings.Contains(f.said, "couldn't find remote ref") {
		return nil
	}
	if err != nil {
		return err
	}
	commit, err := l.git(ctx, nil, "rev-parse", "--verify", fetchedRef+"^{commit}")
	if err != nil {
		return err
	}
	l.base = strings.TrimSpace(string(commit))
	head, err := l.Head(ctx)
	if err != nil {
		return err
	}
	c, err := evidence.ParseCheckpoint(head, nil)
	if err != nil {
		return fmt.Errorf("%s is no log: %w", l.ref, err)
	}
	l.Size = c.Size
	return nil
}

// Refs in the repository of our own.
const (
	fetchedRef = "refs/log"
	madeRef    = "refs/made"
)

// file is a file of the commit that is looked at.
func (l *GitLog) file(ctx context.Context, path string) ([]byte, error) {
	out, err := l.git(ctx, nil, "cat-file", "blob", l.base+":"+path)
	if err != nil {
		if cause := ctx.Err(); cause != nil {
			return nil, cause
		}
		if f := (*gitFailure)(nil); !errors.As(err, &f) {
			return nil, fmt.Errorf("%s of the log: %w", path, err)
		}
		return nil, fmt.Errorf("the log has no %s: %w", path, fs.ErrNotExist)
	}
	return out, nil
}

// Head is the latest checkpoint; nil if the log is empty.
func (l *GitLog) Head(ctx context.Context) ([]byte, error) {
	if l.base == "" {
		return nil, nil
	}
	return l.file(ctx, evidence.CheckpointPath)
}

// statementPath is where the statement of a run lies.
func statementPath(run string) string {
	digits := strings.TrimPrefix(run, "sha256:")
	return "statement/" + digits[:2] + "/" + digits[2:] + ".dsse.json"
}

// Statement is the statement of a run, in its envelope.
func (l *GitLog) Statement(ctx context.Context, run string) ([]byte, error) {
	if _, err := evidence.ParseLeaf(evidence.Leaf(run)); err != nil {
		return nil, err
	}
	return l.file(ctx, statementPath(run))
}

// Append puts the statement of a run at the end of the log. A run that the log has already is not appended again. While others append, it
// tries again, a bounded number of times.
func (l *GitLog) Append(ctx context.Context, run evidence.Run, seal evidence.Seal) (index int64, added bool, err error) {
	envelope, err := evidence.Document(ctx, run, evidence.PartStatement)
	if err != nil {
		return 0, false, err
	}
	e, err := evidence.OpenEnvelope(envelope, nil)
	if err != nil {
		return 0, false, err
	}
	s, err := evidence.ReadStatement(e.Payload)
	if err != nil {
		return 0, false, err
	}
	digest := evidence.Digest(e.Payload)
	for n := range gitAttempts {
		if _, err := l.Statement(ctx, digest); l.base != "" && err == nil {
			index, err := l.find(ctx, digest)
			return index, false, err
		}
		growth, err := evidence.Grow(ctx, l, evidence.Leaf(digest), seal)
		if err != nil {
			return 0, false, err
		}
		moved, err := l.push(ctx, growth, digest, envelope, s.Predicate.At)
		if err != nil {
			return 0, false, err
		}
		if moved {
			return growth.Index, true, l.fetch(ctx)
		}
		if err := l.sleep(ctx, backoff(n, digest)); err != nil {
			return 0, false, err
		}
		if err := l.fetch(ctx); err != nil {
			return 0, false, err
		}
	}
	return 0, false, fmt.Errorf("others appended to %s each of the %d times that it was tried", l.ref, gitAttempts)
}

// backoff is how long to wait after so many tries: longer each time, up to about a second, and for each run another time.
func backoff(n int, digest string) time.Duration {
	spread := 0
	for _, c := range digest[len(digest)-8:] {
		spread = spread*31 + int(c) + n*7
	}
	most := min(20<<min(n, 6), 1000)
	return time.Duration(10+spread%most) * time.Millisecond
}

// find is the index of a run that the log has.
func (l *GitLog) find(ctx context.Context, digest string) (int64, error) {
	for i := l.Size - 1; i >= 0; i-- { // most often it was appended just now
		leaf, err := l.Leaf(ctx, i)
		if err != nil {
			return 0, err
		}
		if bytes.Equal(leaf, evidence.Leaf(digest)) {
			return i, nil
		}
	}
	return 0, fmt.Errorf("the log has the statement of %s and no leaf for it: it was edited", digest)
}

// push makes the commit of the log with one more leaf, and moves the ref to it. It is not moved if somebody else was faster.
func (l *GitLog) push(ctx context.Context, g *evidence.Growth, digest string, envelope []byte, at time.Time) (moved bool, err error) {
	var in bytes.Buffer
	fmt.Fprintf(&in, "commit %s\ncommitter headgate <headgate@localhost> %d +0000\n", madeRef, max(0, at.Unix()))
	fastData(&in, []byte("decision run "+digest+"\n"))
	if l.base != "" {
		fmt.Fprintf(&in, "from %s\n", l.base)
	}
	for _, path := range partials(l.Size, l.Size+1) {
		fmt.Fprintf(&in, "D %s\n", path)
	}
	put := func(path string, data []byte) error {
		fmt.Fprintf(&in, "M 100644 inline %s\n", path)
		fastData(&in, data)
		return nil
	}
	if err := put(statementPath(digest), envelope); err != nil {
		return false, err
	}
	if err := evidence.WriteTiles(ctx, &grown{l, g, evidence.Leaf(digest)}, l.Size, put); err != nil {
		return false, err
	}
	if _, err := l.git(ctx, in.Bytes(), "fast-import", "--quiet", "--force"); err != nil {
		return false, err
	}
	args := []string{"push", "--porcelain", "--no-verify", "--force-with-lease=" + l.ref + ":" + l.base}
	if filepath.IsAbs(l.repository) { // where we run what receives, too
		args = append(args, "--receive-pack=git -c core.hooksPath="+os.DevNull+" receive-pack")
	}
	out, err := l.git(ctx, nil, append(args, l.repository, madeRef+":"+l.ref)...)
	if err != nil && overtaken.Match(out) {
		return false, nil
	}
	return err == nil, err
}

// overtaken is what git says when the ref is not where it was.
var overtaken = regexp.MustCompile(`(?m)^!\t.*(stale info|fetch first|non-fast-forward|cannot lock ref|failed to update ref|reference already exists|incorrect old value)`)

func fastData(to *bytes.Buffer, data []byte) {
	fmt.Fprintf(to, "data %d\n", len(data))
	to.Write(data)
	to.WriteByte('\n')
}

// partials are the tiles and bundles that end a log of one size and not of the next.
func partials(old, next int64) (gone []string) {
	keep := endsOf(next)
	for path := range endsOf(old) {
		if !keep[path] {
			gone = append(gone, path)
		}
	}
	slices.Sort(gone)
	return gone
}

func endsOf(size int64) map[string]bool {
	ends := map[string]bool{}
	for level := 0; size>>(level*evidence.TileHeight) > 0; level++ {
		all := size >> (level * evidence.TileHeight)
		if width := int(all % evidence.TileWidth); width > 0 {
			ends[evidence.TilePath(tlog.Tile{H: evidence.TileHeight, L: level, N: all / evidence.TileWidth, W: width})] = true
			if level == 0 {
				ends[evidence.EntriesPath(all/evidence.TileWidth, width)] = true
			}
		}
	}
	return ends
}

// A grown is the log as it is with one more leaf.
type grown struct {
	log    *GitLog
	growth *evidence.Growth
	leaf   []byte
}

func (g *grown) Head(context.Context) ([]byte, error) { return g.growth.Checkpoint, nil }

func (g *grown) Leaf(ctx context.Context, index int64) ([]byte, error) {
	if index == g.growth.Index {
		return g.leaf, nil
	}
	return g.log.Leaf(ctx, index)
}

func (g *grown) Hashes(ctx context.Context, stored []int64) ([]tlog.Hash, error) {
	all := make([]tlog.Hash, len(stored))
	var older []int64
	for i, index := range stored {
		if n := index - g.growth.First; n >= 0 && n < int64(len(g.growth.Hashes)) {
			all[i] = g.growth.Hashes[n]
		} else {
			older = append(older, index)
		}
	}
	found, err := g.log.Hashes(ctx, older)
	if err != nil {
		return nil, err
	}
	for i, index := range stored {
		if index < g.growth.First {
			all[i], found = found[0], found[1:]
		}
	}
	return all, nil
}

var _ evidence.Log = (*GitLog)(nil)
