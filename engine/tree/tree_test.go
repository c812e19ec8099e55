package tree_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/headgate/headgate/engine/tree"
)

// made are objects that a test makes: folders and files by id.
type made struct {
	folders map[string][]tree.Entry
	files   map[string]string
}

func (m *made) Entries(id string) ([]tree.Entry, error) {
	if e, ok := m.folders[id]; ok {
		return e, nil
	}
	return nil, fmt.Errorf("no tree %s", id)
}

func (m *made) Size(id string) (int64, error) {
	if strings.HasPrefix(id, "huge") {
		return tree.MostBytes + 1, nil
	}
	return int64(len(m.files[id])), nil
}

func (m *made) Read(id string) ([]byte, error) { return []byte(m.files[id]), nil }

func sample() *made {
	return &made{
		folders: map[string][]tree.Entry{
			"root": {
				{Name: "a.txt", Kind: tree.File, ID: "a"}, {Name: ".headgate", Kind: tree.Folder, ID: "set"}, {Name: "to-a", Kind: tree.Link, ID: "l1"},
				{Name: "out", Kind: tree.Link, ID: "l2"}, {Name: "abs", Kind: tree.Link, ID: "l3"}, {Name: "loop", Kind: tree.Link, ID: "l4"},
				{Name: "vendor", Kind: tree.Submodule, ID: "sub"}, {Name: "huge", Kind: tree.File, ID: "huge"}, {Name: "conf", Kind: tree.Link, ID: "l5"},
				{Name: "nowhere", Kind: tree.Link, ID: "l6"}, {Name: "bad", Kind: tree.Folder, ID: "bad"}, {Name: "twice", Kind: tree.Folder, ID: "twice"},
			},
			"set":   {{Name: "x.yaml", Kind: tree.File, ID: "x"}, {Name: "up", Kind: tree.Link, ID: "l7"}},
			"bad":   {{Name: "..", Kind: tree.File, ID: "a"}},
			"twice": {{Name: "a", Kind: tree.File, ID: "a"}, {Name: "a", Kind: tree.File, ID: "x"}},
		},
		files: map[string]string{"a": "hello", "x": "y: 1", "l1": "a.txt", "l2": "../etc/passwd", "l3": "/etc/passwd", "l4": "loop", "l5": "./.headgate/",
			"l6": "none", "l7": "../to-a"},
	}
}

func TestATreeIsAFileSystem(t *testing.T) {
	whole := &made{
		folders: map[string][]tree.Entry{
			"root": {{Name: "b", Kind: tree.Folder, ID: "d"}, {Name: "a.txt", Kind: tree.File, ID: "a"}},
			"d":    {{Name: "c.txt", Kind: tree.File, ID: "c"}, {Name: "link", Kind: tree.Link, ID: "l"}},
		},
		files: map[string]string{"a": "hello", "c": "", "l": "../a.txt"},
	}
	if err := fstest.TestFS(tree.New(whole, "root"), "a.txt", "b/c.txt", "b/link"); err != nil {
		t.Error(err)
	}
}

func TestLinksAreFollowedWithinTheRepositoryOnly(t *testing.T) {
	fsys := tree.New(sample(), "root")
	for name, want := range map[string]string{"to-a": "hello", "conf/x.yaml": "y: 1", ".headgate/up": "hello", "conf/up": "hello"} {
		if text, err := fsys.ReadFile(name); err != nil || string(text) != want {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	for name, want := range map[string]error{"out": tree.ErrLeadsOut, "abs": tree.ErrLeadsOut, "abs/x": tree.ErrLeadsOut, "nowhere": fs.ErrNotExist,
		"vendor/x": tree.ErrSubmodule, "vendor": tree.ErrSubmodule, "a.txt/x": fs.ErrNotExist, "none": fs.ErrNotExist, "../a.txt": fs.ErrInvalid, "/a.txt": fs.ErrInvalid} {
		if text, err := fsys.ReadFile(name); !errors.Is(err, want) {
			t.Errorf("%s: %q, %v, want %v", name, text, err, want)
		}
	}
	if s, err := fsys.Lstat("out"); err != nil || s.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("out is %v, %v", s, err)
	}
	if to, err := fsys.ReadLink("out"); err != nil || to != "../etc/passwd" {
		t.Errorf("out leads to %q, %v", to, err)
	}
	if s, err := fsys.Stat("conf"); err != nil || !s.IsDir() {
		t.Errorf("conf is %v, %v", s, err)
	}
	if s, err := fsys.Stat("vendor"); err != nil || s.IsDir() || s.Mode().IsRegular() {
		t.Errorf("a submodule is %v, %v", s, err)
	}
}

func TestAHostileTreeIsRefused(t *testing.T) {
	fsys := tree.New(sample(), "root")
	for _, name := range []string{"loop", "huge", "bad/..", "bad/a", "twice/a"} {
		if text, err := fsys.ReadFile(name); err == nil {
			t.Errorf("%s reads %q", name, text)
		}
	}
	if _, err := fsys.ReadDir("bad"); err == nil {
		t.Error("a folder holds ..")
	}
	if _, err := fsys.ReadDir("twice"); err == nil {
		t.Error("a folder holds a name twice")
	}
	deep := &made{folders: map[string][]tree.Entry{"d": {{Name: "d", Kind: tree.Folder, ID: "d"}, {Name: "l", Kind: tree.Link, ID: "l"}}},
		files: map[string]string{"l": strings.Repeat("d/", 300) + "l"}}
	if _, err := tree.New(deep, "d").Stat(strings.Repeat("d/", 1000) + "d"); err == nil {
		t.Error("a tree that holds itself has no end")
	}
	if _, err := tree.New(deep, "d").Stat("l"); err == nil {
		t.Error("a link is followed for ever")
	}
	wide := make([]tree.Entry, tree.MostEntries+1)
	for i := range wide {
		wide[i] = tree.Entry{Name: fmt.Sprint(i), Kind: tree.File, ID: "a"}
	}
	if _, err := tree.New(&made{folders: map[string][]tree.Entry{"d": wide}}, "d").ReadDir("."); err == nil {
		t.Error("a folder has more names than are read")
	}
}
