package git

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"

	"github.com/headgate/headgate/engine/tree"
)

// A Tree is the files of a commit of a local repository. It keeps two git programs open, which Close ends.
type Tree struct {
	*tree.FS
	Commit string // its id

	objects *objects
}

// OpenTree opens the files of a commit in the repository that a folder is in. Filters, hooks and links of the working tree have no part
// in it: the files are read as git keeps them.
func OpenTree(ctx context.Context, dir, commit string) (*Tree, error) {
	commit, err := Commit(ctx, dir, commit)
	if err != nil {
		return nil, err
	}
	root, err := run(ctx, dir, "rev-parse", "--verify", "--end-of-options", commit+"^{tree}")
	if err != nil {
		return nil, err
	}
	o := &objects{}
	if o.sizes, err = openBatch(ctx, dir, "--batch-check"); err != nil {
		return nil, err
	}
	if o.contents, err = openBatch(ctx, dir, "--batch"); err != nil {
		o.sizes.close()
		return nil, err
	}
	return &Tree{FS: tree.New(o, strings.TrimSpace(string(root))), Commit: commit, objects: o}, nil
}

// Close ends the programs.
func (t *Tree) Close() {
	t.objects.mu.Lock()
	defer t.objects.mu.Unlock()
	t.objects.sizes.close()
	t.objects.contents.close()
}

// objects are those of a local repository.
type objects struct {
	mu              sync.Mutex
	sizes, contents *batch
}

// Size is how large a file is.
func (o *objects) Size(id string) (int64, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.sizes.ask(id, "blob")
}

// Read is what a file reads.
func (o *objects) Read(id string) ([]byte, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.contents.read(id, "blob", tree.MostBytes)
}

// mostOfAFolder bounds the object of one folder.
const mostOfAFolder = 64 << 20

// Entries are what a folder holds.
func (o *objects) Entries(id string) ([]tree.Entry, error) {
	o.mu.Lock()
	text, err := o.contents.read(id, "tree", mostOfAFolder)
	o.mu.Unlock()
	if err != nil {
		return nil, err
	}
	entries, err := readTree(text, len(id)/2)
	if err != nil {
		return nil, fmt.Errorf("the tree %s: %w", clip(id), err)
	}
	return entries, nil
}

// readTree reads the object of a folder: <mode> SP <name> NUL <id of so many bytes>, over and over.
func readTree(text []byte, length int) (entries []tree.Entry, err error) {
	for len(text) > 0 {
		head, rest, ok := bytes.Cut(text, []byte{0})
		mode, name, named := strings.Cut(string(head), " ")
		if !ok || !named || len(rest) < length {
			return nil, errors.New("it is cut off")
		}
		kind, err := kindOf(mode)
		if err != nil {
			return nil, err
		}
		entries = append(entries, tree.Entry{Name: name, Kind: kind, ID: hex.EncodeToString(rest[:length])})
		text = rest[length:]
	}
	return entries, nil
}

// kindOf is what a mode, as git writes it, stands for. Old repositories have files with modes like 100664.
func kindOf(mode string) (tree.Kind, error) {
	switch {
	case mode == "40000":
		return tree.Folder, nil
	case mode == "120000":
		return tree.Link, nil
	case mode == "160000":
		return tree.Submodule, nil
	case len(mode) == len("100644") && strings.HasPrefix(mode, "100"):
		return tree.File, nil
	}
	return 0, fmt.Errorf("no file has the mode %q", clip(mode))
}

// A batch is one git program that answers questions about objects.
type batch struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	broken error // why it answers no more
}

func openBatch(ctx context.Context, dir, how string) (*batch, error) {
	b := &batch{cmd: git(ctx, dir, "cat-file", how)}
	in, err := b.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := b.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	b.in, b.out = in, bufio.NewReaderSize(out, 64<<10)
	if err := b.cmd.Start(); err != nil {
		return nil, fmt.Errorf("run git: %w", err)
	}
	return b, nil
}

// ask asks for an object, which must be of a kind, and gives its size; -1 if there is none.
func (b *batch) ask(id, kind string) (int64, error) {
	if b.broken != nil {
		return -1, b.broken
	}
	if !isHash(id) {
		return -1, fmt.Errorf("%q is no id of an object", clip(id))
	}
	if _, err := io.WriteString(b.in, id+"\n"); err != nil {
		b.broken = fmt.Errorf("git cat-file: %w", err)
		return -1, b.broken
	}
	said, err := b.out.ReadString('\n')
	if err != nil {
		b.broken = fmt.Errorf("git cat-file: %w", err)
		return -1, b.broken
	}
	words := strings.Fields(said)
	if len(words) == 2 && words[1] == "missing" {
		return -1, fmt.Errorf("the object %s is not here", clip(id))
	}
	if len(words) == 3 && words[0] == id {
		if size, err := strconv.ParseInt(words[2], 10, 64); err == nil && size >= 0 {
			if words[1] != kind {
				err = fmt.Errorf("the object %s is a %s, and a %s is needed", clip(id), clip(words[1]), kind)
			}
			return size, err
		}
	}
	b.broken = fmt.Errorf("git cat-file says %q", clip(said))
	return -1, b.broken
}

// read gives what an object reads.
func (b *batch) read(id, kind string, most int64) ([]byte, error) {
	size, err := b.ask(id, kind)
	if err != nil {
		if b.broken == nil && size >= 0 { // what it reads comes all the same
			_, b.broken = io.CopyN(io.Discard, b.out, size+1)
		}
		return nil, err
	}
	if size > most {
		b.broken = errors.New("git cat-file was stopped at an object that is too large")
		return nil, fmt.Errorf("the object %s is larger than %d MiB", clip(id), most>>20)
	}
	text := make([]byte, size+1) // with the end of the line
	if _, err := io.ReadFull(b.out, text); err != nil {
		b.broken = fmt.Errorf("git cat-file: %w", err)
		return nil, b.broken
	}
	return text[:size], nil
}

func (b *batch) close() {
	if b.broken == nil {
		b.broken = errors.New("git cat-file was closed")
	}
	_ = b.in.Close()
	_ = b.cmd.Process.Kill() // it may be in the middle of an answer that nobody waits for
	_ = b.cmd.Wait()         // it was stopped
}
