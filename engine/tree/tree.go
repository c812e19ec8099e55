// Package tree shows the files of one commit as a file system, whoever has its objects: git on this machine, or a code host. Nothing of
// it is what lies in the working tree.
package tree

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
)

// A Kind is what an entry of a tree is.
type Kind int

// The kinds of entries.
const (
	File Kind = iota
	Folder
	Link      // a symbolic link; its target is what it reads
	Submodule // a commit of another repository, whose files are not here
)

// An Entry is one name of a tree.
type Entry struct {
	Name string
	Kind Kind
	ID   string // of the object
}

// Objects are the trees and files of a repository, by their ids.
type Objects interface {
	Entries(tree string) ([]Entry, error)
	Size(file string) (int64, error)
	Read(file string) ([]byte, error)
}

// Bounds of what a commit may have; only a hostile one reaches them.
const (
	MostBytes   = 512 << 20 // of one file
	MostEntries = 1_000_000 // of all folders that are looked into
	mostDepth   = 256       // folders in each other, and names that links stand for
	mostLinks   = 40        // on the way to one file
	longestLink = 4096      // bytes
)

var (
	// ErrSubmodule means that a name leads into a submodule: its files are another repository's, and not of the commit.
	ErrSubmodule = errors.New("a submodule: what is in it is another repository's")
	// ErrLeadsOut means that a symbolic link leads out of the repository.
	ErrLeadsOut = errors.New("a link that leads out of the repository")

	errTooMuch = errors.New("more folders, files or links than are followed")
)

// FS is the files of a commit, from the root of its repository. Symbolic links are followed as long as they stay in it. It is for
// several users at once if its objects are.
type FS struct {
	objects Objects
	root    string

	mu      sync.Mutex
	folders map[string][]Entry // by id, each in the order of names
	entries int
}

// New is the tree with an id.
func New(objects Objects, root string) *FS {
	return &FS{objects: objects, root: root, folders: map[string][]Entry{}}
}

// folder is what a tree holds.
func (t *FS) folder(id string) ([]Entry, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if known, ok := t.folders[id]; ok {
		return known, nil
	}
	entries, err := t.objects.Entries(id)
	if err != nil {
		return nil, err
	}
	if t.entries += len(entries); t.entries > MostEntries {
		return nil, errTooMuch
	}
	entries = slices.Clone(entries)
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	for i, e := range entries {
		if e.Name == "" || e.Name == "." || e.Name == ".." || strings.ContainsAny(e.Name, "/\x00") || i > 0 && entries[i-1].Name == e.Name {
			return nil, fmt.Errorf("a tree of the commit holds the name %q, or holds it twice", e.Name)
		}
	}
	t.folders[id] = entries
	return entries, nil
}

// find looks a name up. A link at its end is followed if that is asked for, one before always.
func (t *FS) find(name string, follow bool) (Entry, error) {
	if !fs.ValidPath(name) {
		return Entry{}, fs.ErrInvalid
	}
	way := []Entry{{Name: ".", Kind: Folder, ID: t.root}} // the last is where it stands
	open := parts(name)
	for links := 0; len(open) > 0; {
		part := open[0]
		open = open[1:]
		here := way[len(way)-1]
		if part == ".." {
			if len(way) == 1 {
				return Entry{}, ErrLeadsOut
			}
			way = way[:len(way)-1]
			continue
		}
		e, err := t.in(here, part)
		if err != nil {
			return Entry{}, err
		}
		if e.Kind != Link || len(open) == 0 && !follow {
			if way = append(way, e); len(way) > mostDepth {
				return Entry{}, errTooMuch
			}
			continue
		}
		target, err := t.target(e)
		if err != nil {
			return Entry{}, err
		}
		if open = append(parts(target), open...); len(open) > mostDepth || links == mostLinks {
			return Entry{}, errTooMuch
		}
		links++
	}
	return way[len(way)-1], nil
}

// parts are the names of a path, without those that stand for where it is.
func parts(name string) []string {
	return slices.DeleteFunc(strings.Split(name, "/"), func(p string) bool { return p == "" || p == "." })
}

// in is the entry of a name in what must be a folder.
func (t *FS) in(folder Entry, name string) (Entry, error) {
	switch folder.Kind {
	case Submodule:
		return Entry{}, ErrSubmodule
	case File, Link:
		return Entry{}, fs.ErrNotExist
	}
	entries, err := t.folder(folder.ID)
	if err != nil {
		return Entry{}, err
	}
	at, ok := slices.BinarySearchFunc(entries, name, func(e Entry, name string) int { return strings.Compare(e.Name, name) })
	if !ok {
		return Entry{}, fs.ErrNotExist
	}
	return entries[at], nil
}

// target is where a link leads.
func (t *FS) target(link Entry) (string, error) {
	if size, err := t.objects.Size(link.ID); err != nil || size > longestLink {
		return "", errors.Join(err, errTooMuch)
	}
	text, err := t.objects.Read(link.ID)
	if err == nil && strings.HasPrefix(string(text), "/") {
		err = ErrLeadsOut
	}
	return string(text), err
}
