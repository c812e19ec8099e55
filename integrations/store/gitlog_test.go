//go:build unix

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
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/headgate/headgate/engine/evidence"
)

// waits waits as the context has it: the tests that race need real time.
func waits(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// bare is a new bare repository.
func bare(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git here")
	}
	dir := filepath.Join(t.TempDir(), "shop.git")
	gitIn(t, ".", "init", "--quiet", "--bare", dir)
	return dir
}

func gitIn(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v: %s", args, err, out)
	}
	return string(out)
}

func openingGit(t *testing.T, where, folder string) *GitLog {
	t.Helper()
	l, err := OpenGit(t.Context(), where, folder, waits)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func small(t testing.TB, n int) parts {
	return sketch{at: morning.Add(time.Duration(n) * time.Minute)}.run(t)
}

func TestNoneOfManyWritersToAGitRefIsLost(t *testing.T) {
	repository, each := bare(t), times(3, 25)
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			l, err := OpenGit(t.Context(), "git:"+repository+"#", ".", waits)
			if err != nil {
				t.Error(err)
				return
			}
			defer l.Close()
			for n := range each {
				if _, added, err := l.Append(t.Context(), small(t, w*1000+n), seal); err != nil || !added {
					t.Errorf("writer %d, run %d: added %t, %v", w, n, added, err)
				}
			}
		})
	}
	all.Wait()
	l := openingGit(t, "git:"+repository+"#"+DefaultRef, ".")
	found := map[string]bool{}
	for i := range int64(4 * each) {
		leaf, err := l.Leaf(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		found[string(leaf)] = true
	}
	if len(found) != 4*each || l.Size != int64(4*each) {
		t.Errorf("%d runs are in a log of %d, want %d", len(found), l.Size, 4*each)
	}
}

// A log on a git ref proves the same as one in a database, and over the sizes at which tiles become whole.
func TestALogOnAGitRefIsTheLogOfADatabase(t *testing.T) {
	ctx, repository := t.Context(), bare(t)
	git, database := openingGit(t, "git:"+repository+"#refs/audit/log", "."), opening(t, forms["sqlite"](t))
	many := times(6, 300)
	for n := range many {
		p := small(t, n)
		if _, added, err := git.Append(ctx, p, seal); err != nil || !added {
			t.Fatalf("added %t, %v", added, err)
		}
		appending(t, database, p)
	}
	p := small(t, 3)
	if index, added, err := git.Append(ctx, p, seal); err != nil || added || index != 3 {
		t.Errorf("again: index %d, added %t, %v", index, added, err)
	}
	have, err1 := git.Head(ctx)
	want, err2 := database.Head(ctx)
	if err := errors.Join(err1, err2); err != nil || !bytes.Equal(have, want) {
		t.Errorf("have %s, want %s, %v", have, want, err)
	}
	stored := make([]int64, tlog.StoredHashCount(int64(many)))
	for i := range stored {
		stored[i] = int64(i)
	}
	hashes, err1 := git.Hashes(ctx, stored)
	expected, err2 := database.Hashes(ctx, stored)
	if err := errors.Join(err1, err2); err != nil || fmt.Sprint(hashes) != fmt.Sprint(expected) {
		t.Errorf("hashes differ, %v", err)
	}
	if kept, err := git.Statement(ctx, p.digest(t)); err != nil || !bytes.Equal(kept, p[evidence.PartStatement]) {
		t.Errorf("the statement: %s, %v", kept, err)
	}
	if _, err := git.Leaf(ctx, int64(many)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("beyond the end: %v", err)
	}
	listed := gitIn(t, repository, "ls-tree", "-r", "--name-only", "refs/audit/log")
	tiles, err := exported(ctx, database)
	if err != nil {
		t.Fatal(err)
	}
	for path, data := range tiles {
		if kept, err := git.file(ctx, path); err != nil || !bytes.Equal(kept, data) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if have, want := strings.Count(listed, "\n"), len(tiles)+many; have != want {
		t.Errorf("the commit has %d files, want %d:\n%s", have, want, listed)
	}
}

func exported(ctx context.Context, log evidence.Log) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := evidence.WriteTiles(ctx, log, 0, func(path string, data []byte) error {
		files[path] = data
		return nil
	})
	return files, err
}

func TestTheRepositorysHooksAndSettingsDoNotHold(t *testing.T) {
	repository := bare(t)
	ran := filepath.Join(t.TempDir(), "ran")
	for _, hook := range []string{"pre-receive", "update", "post-receive", "post-update", "reference-transaction", "pre-push", "proc-receive"} {
		script := fmt.Sprintf("#!/bin/sh\necho %s >> %s\nexit 1\n", hook, ran)
		if err := os.WriteFile(filepath.Join(repository, "hooks", hook), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	gitIn(t, repository, "config", "core.fsmonitor", "touch "+ran)
	l := openingGit(t, "git:", repository) // in the repository of the folder
	if _, added, err := l.Append(t.Context(), small(t, 1), seal); err != nil || !added {
		t.Errorf("added %t, %v", added, err)
	}
	if text, err := os.ReadFile(ran); err == nil {
		t.Errorf("something was run: %s", text)
	}
}

func TestARefThatIsNoLogIsLeftAlone(t *testing.T) {
	repository := bare(t)
	tree := strings.TrimSpace(gitIn(t, repository, "hash-object", "-t", "tree", "-w", "/dev/null"))
	commit := strings.TrimSpace(gitIn(t, repository, "-c", "user.name=a", "-c", "user.email=a@b", "commit-tree", "-m", "code", tree))
	gitIn(t, repository, "update-ref", "refs/heads/main", commit)
	if l, err := OpenGit(t.Context(), "git:"+repository+"#refs/heads/main", ".", waits); err == nil {
		l.Close()
		t.Error("code passes for a log")
	}
	for _, where := range []string{"git:main", "git:refs/x", "git:refs/heads/../x", "git:-x#refs/a/b", "git:ext::sh -c true#refs/a/b", "git:refs/heads/a b"} {
		if l, err := OpenGit(t.Context(), where, repository, waits); err == nil {
			l.Close()
			t.Errorf("%s is opened", where)
		}
	}
}

// Whoever edits the log's commit cannot have it added to.
func TestAGitLogThatWasEditedIsNotAddedTo(t *testing.T) {
	repository := bare(t)
	l := openingGit(t, "git:", repository)
	for n := range 3 {
		if _, _, err := l.Append(t.Context(), small(t, n), seal); err != nil {
			t.Fatal(err)
		}
	}
	other := filepath.Join(t.TempDir(), "work")
	gitIn(t, ".", "clone", "--quiet", repository, other)
	gitIn(t, other, "fetch", "--quiet", "origin", DefaultRef)
	gitIn(t, other, "checkout", "--quiet", "FETCH_HEAD")
	tile := filepath.Join(other, "tile/0/000.p/3")
	data, err := os.ReadFile(tile)
	if err != nil {
		t.Fatal(err)
	}
	data[5] ^= 1
	if err := os.WriteFile(tile, data, 0o600); err != nil {
		t.Fatal(err)
	}
	gitIn(t, other, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-am", "edited")
	gitIn(t, other, "push", "--quiet", "origin", "HEAD:"+DefaultRef)
	l = openingGit(t, "git:", repository)
	if _, added, err := l.Append(t.Context(), small(t, 9), seal); err == nil || added {
		t.Error("it was added to")
	}
}

// Whoever may write to the ref may put a file there that no memory has room for; it packs to nothing.
func TestAFileOfAGitLogThatIsTooLargeIsNotRead(t *testing.T) {
	repository := bare(t)
	l := openingGit(t, "git:", repository)
	if _, _, err := l.Append(t.Context(), small(t, 1), seal); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "work")
	gitIn(t, ".", "clone", "--quiet", repository, other)
	gitIn(t, other, "fetch", "--quiet", "origin", DefaultRef)
	gitIn(t, other, "checkout", "--quiet", "FETCH_HEAD")
	if err := os.Truncate(filepath.Join(other, evidence.CheckpointPath), gitMost+1); err != nil {
		t.Fatal(err)
	}
	gitIn(t, other, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-am", "grown")
	gitIn(t, other, "push", "--quiet", "origin", "HEAD:"+DefaultRef)
	if l, err := OpenGit(t.Context(), "git:", repository, waits); err == nil {
		l.Close()
		t.Error("it was read")
	} else if !strings.Contains(err.Error(), "more than 64 MiB") {
		t.Errorf("it says %v", err)
	}
}

func TestARefThatOthersAlwaysMoveIsGivenUpOn(t *testing.T) {
	repository := bare(t)
	rival := openingGit(t, "git:", repository)
	n, waited := 0, time.Duration(0)
	l, err := OpenGit(t.Context(), "git:", repository, func(_ context.Context, d time.Duration) error {
		waited += d
		if n > 5 {
			return errors.New("enough was seen")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	sleep := l.sleep
	l.sleep = func(ctx context.Context, d time.Duration) error {
		n++
		err := sleep(ctx, d)
		return err
	}
	for range 3 { // what l looks at is always behind
		base, size := l.base, l.Size
		if _, _, err := rival.Append(t.Context(), small(t, 100+n), seal); err != nil {
			t.Fatal(err)
		}
		l.base, l.Size = base, size
		if _, added, err := l.Append(t.Context(), small(t, n), seal); err != nil || !added {
			t.Fatalf("added %t, %v", added, err)
		}
		if err := rival.fetch(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n != 3 || waited == 0 {
		t.Errorf("it was overtaken %d times and waited %v", n, waited)
	}
}
