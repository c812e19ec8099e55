package git

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate/headgate/engine/waiver"
)

// History is who wrote the lines of a file, and the commits between them and where the file was read: at a commit (or a name of one),
// or, if that is empty, as it lies in the folder, where lines that are not committed have no commit. Name is the file's below dir, which
// is a folder of the repository. An error says why git does not know: there is no git or no repository, the file is not in it, or there
// is no such commit.
func History(ctx context.Context, dir, name, at string) (*waiver.History, error) {
	head, err := Commit(ctx, dir, at)
	if err != nil {
		return nil, err
	}
	h := &waiver.History{Head: head, Commits: map[string]waiver.Commit{}}
	h.Text = func(commit string) ([]byte, error) {
		text, ok, err := file(ctx, dir, name, commit)
		if err == nil && !ok {
			err = errors.New("the commit does not have it")
		}
		return text, err
	}
	blame := []string{"blame", "--porcelain", "--no-textconv", "--ignore-revs-file="} // what is set up to be passed over is not
	if at != "" {
		blame = append(blame, head)
	}
	blame = append(blame, "--", name)
	cut, err := readBlame(ctx, dir, h, blame)
	if err != nil {
		return nil, err
	}
	// A checkout in CI has one commit. The rest is fetched for those who have waivers, and for nobody else; where that fails, Cut says it.
	if len(cut) > 0 && deepen(ctx, dir, cut) == nil {
		if cut, err = readBlame(ctx, dir, h, blame); err != nil {
			return nil, err
		}
	}
	h.Cut = cut
	return h, readCommits(ctx, dir, h)
}

// file is a file as it is in a commit; it is not ok if the commit does not have it.
func file(ctx context.Context, dir, name, commit string) (text []byte, ok bool, err error) {
	listed, err := ask(ctx, dir, "ls-tree", "--name-only", commit, "--", name)
	if err != nil || len(bytes.TrimSpace(listed)) == 0 {
		return nil, false, err
	}
	text, err = ask(ctx, dir, "cat-file", "blob", commit+":./"+name)
	return text, err == nil, err
}

// mostOutput bounds what git may say to one question.
const mostOutput = 64 << 20

// ask gives what git writes, up to a bound that only a hostile repository reaches.
func ask(ctx context.Context, dir string, args ...string) (out []byte, err error) {
	err = stream(ctx, dir, func(r io.Reader) error {
		if out, err = io.ReadAll(io.LimitReader(r, mostOutput+1)); err == nil && len(out) > mostOutput {
			err = fmt.Errorf("git %s says more than %d MiB", args[0], mostOutput>>20)
		}
		return err
	}, args...)
	return out, err
}

// readBlame fills in who wrote the lines, by a command of git blame, and returns the commits among them whose past is not here.
func readBlame(ctx context.Context, dir string, h *waiver.History, command []string) (cut []string, err error) {
	out, err := ask(ctx, dir, command...)
	if err != nil {
		return nil, err
	}
	boundary, err := readPorcelain(h, out)
	if err != nil || !shallow(ctx, dir) {
		return nil, err
	}
	for _, id := range boundary {
		if parents, err := Parents(ctx, dir, id); err != nil || len(parents) > 0 { // without any, it is the first commit of all
			cut = append(cut, id)
		}
	}
	return cut, nil
}

// readPorcelain reads git blame --porcelain: for each line a header of commit, line then, line now; then facts of the commit, when it is
// first named; then a tab and the line.
func readPorcelain(h *waiver.History, out []byte) (boundary []string, err error) {
	h.Lines = nil
	s := bufio.NewScanner(bytes.NewReader(out))
	s.Buffer(nil, mostOutput)
	commit := ""
	for s.Scan() {
		text := s.Text()
		word, rest, _ := strings.Cut(text, " ")
		switch {
		case strings.HasPrefix(text, "\t"):
			commit = ""
		case commit == "":
			parts := strings.Fields(rest)
			if len(parts) < 2 || !isHash(word) {
				return nil, fmt.Errorf("git blame says %q", clip(text))
			}
			if n, err := strconv.Atoi(parts[1]); err != nil || n != len(h.Lines)+1 {
				return nil, fmt.Errorf("git blame says %q", clip(text))
			}
			commit = word
			if strings.Trim(word, "0") == "" {
				word = "" // not committed
			}
			h.Lines = append(h.Lines, word)
		case text == "boundary":
			boundary = append(boundary, commit)
		}
	}
	return boundary, s.Err()
}

// IsID says whether a name of a commit is its full id.
func IsID(name string) bool { return (len(name) == 40 || len(name) == 64) && isHash(name) }

func isHash(s string) bool { return len(s) >= 40 && strings.Trim(s, "0123456789abcdef") == "" }

func clip(s string) string { return strings.ToValidUTF8(s[:min(len(s), 60)], "") }

// commitFields are what readCommits asks of a commit. They are parted by zero bytes, which no commit's text can have.
const commitFields = "--format=%H%x00%P%x00%ae%x00%ce%x00%(trailers:key=Approved-by,key=Reviewed-by,valueonly,separator=%x0A)"

// readCommits reads the commits of the lines and all between them and the head. They are read from the last commit on that all lines
// have in their past, so that a long history costs nothing.
func readCommits(ctx context.Context, dir string, h *waiver.History) error {
	wrote := []string{}
	seen := map[string]bool{"": true, h.Head: true}
	for _, id := range h.Lines {
		if !seen[id] {
			seen[id] = true
			wrote = append(wrote, id)
		}
	}
	args := []string{"log", "-z", "--no-mailmap", "--no-show-signature", "--topo-order", commitFields, h.Head}
	if out, err := ask(ctx, dir, append([]string{"merge-base", "--octopus", h.Head}, wrote...)...); err == nil {
		if base := strings.TrimSpace(string(out)); isHash(base) {
			args = append(args, "^"+base+"^@")
		}
	}
	out, err := ask(ctx, dir, append(args, "--")...)
	if err != nil {
		return err
	}
	fields := strings.Split(string(out), "\x00")
	if len(fields)%5 != 1 {
		return errors.New("git log says something else than it was asked for")
	}
	for f := range slices.Chunk(fields[:len(fields)-1], 5) {
		c := waiver.Commit{Parents: strings.Fields(f[1]), Author: f[2], Committer: f[3]}
		for trailer := range strings.Lines(f[4]) {
			if a := address(trailer); a != "" {
				c.Approvals = append(c.Approvals, a)
			}
		}
		h.Commits[f[0]] = c
	}
	return nil
}

// address is the e-mail address of "Ana <ana@example.com>"; without brackets, the whole if it is one.
func address(s string) string {
	s = strings.TrimSpace(s)
	if _, in, ok := strings.Cut(s, "<"); ok {
		s, _, _ = strings.Cut(in, ">")
	}
	if !strings.Contains(s, "@") || strings.ContainsAny(s, " <>") {
		return ""
	}
	return s
}

// Email is the address that the person at work commits with, in a folder; empty if git does not know.
func Email(ctx context.Context, dir string) string {
	out, err := ask(ctx, dir, "config", "--get", "user.email")
	if err != nil {
		return "" // not set, or there is no git: then it is left for the person to say
	}
	return strings.TrimSpace(string(out))
}
