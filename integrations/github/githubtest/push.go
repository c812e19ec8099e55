package githubtest

import (
	"bytes"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Push takes the commits of a local repository over, with their ids: what rev names in dir becomes the tip of a branch. It fails the
// test if git does.
func (r *Repository) Push(dir, rev, branch string) string {
	r.g.t.Helper()
	run := func(args ...string) string {
		cmd := exec.Command("git", append([]string{"-C", dir}, args...)...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			r.g.t.Fatalf("git %s: %v: %s", strings.Join(args, " "), err, stderr.String())
		}
		return string(out)
	}
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	tip := ""
	for sha := range strings.FieldsSeq(run("rev-list", "--topo-order", "--reverse", rev)) {
		tip = sha
		if r.commits.commits[sha] != nil {
			continue
		}
		r.add(r.read(sha, run))
	}
	r.move(branch, tip)
	return tip
}

// read reads a commit of a local repository with all of its files.
func (r *Repository) read(sha string, run func(...string) string) *commit {
	fields := strings.SplitN(run("show", "--no-patch", "--format=%P%n%an%n%at%n%B", sha), "\n", 4)
	seconds, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil {
		panic("githubtest: " + err.Error())
	}
	c := &commit{
		sha: sha, parents: strings.Fields(fields[0]), author: strings.ReplaceAll(fields[1], " ", "-"), at: time.Unix(seconds, 0).UTC(),
		message: strings.TrimSpace(fields[3]), files: map[string]file{},
	}
	for entry := range strings.SplitSeq(strings.TrimSuffix(run("ls-tree", "-r", "-z", sha), "\x00"), "\x00") {
		meta, name, named := strings.Cut(entry, "\t")
		parts := strings.Fields(meta)
		if !named || len(parts) != 3 {
			continue // of an empty tree
		}
		f := file{mode: parts[0], sha: parts[2]}
		if _, known := r.commits.blobs[f.sha]; !known && kindOf(f) == "blob" {
			if got := r.commits.blob([]byte(run("cat-file", "blob", f.sha))); got != f.sha {
				panic(fmt.Sprintf("githubtest: %s has another id here: %s", name, got))
			}
		}
		c.files[name] = f
	}
	c.tree = r.commits.tree(c.files)
	return c
}
