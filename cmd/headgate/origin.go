package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/headgate/headgate/integrations/git"
)

// An origin is where what judges is read from: settings, policies, assets, waivers, threat data. For a change under review it is the
// commit that the change is to be merged into, so that the change cannot judge itself; else it is the working tree, and the origin nil.
//
// Names are those of the working tree, wherever they are read from. A name in the repository is read from the commit. What is
// elsewhere, or was made here and is no part of the repository, is of whoever runs the job, and is read from here if it is named.
type origin struct {
	commit   string                // id
	proposed bool                  // it is the change itself, to see what it would make of its judges; it decides nothing
	outside  []string              // of a proposed one: what is read from elsewhere, as whoever runs the job, or the base, has it
	files    commitFS              // of the commit, from the root of the repository
	root     string                // the folder that the root of the repository is, absolute
	at       string                // the current folder below it, with slashes
	git      bool                  // there is a checkout with a repository here
	close    func()                // ends reading
	of       func(rel string) bool // whether a file or folder of the working tree was made here; nil: nobody can tell, and none was
}

// workingTree reads all from the working tree.
var workingTree *origin

// A commitFS is the files of a commit.
type commitFS interface {
	fs.ReadFileFS
	fs.ReadDirFS
	fs.StatFS
	fs.ReadLinkFS
}

// A place is where a name is looked for.
type place int

const (
	inCommit place = iota // below the name that goes with it
	onDisk
	nowhere // the change under review adds it
)

// find says where a name is to be read.
func (o *origin) find(name string) (rel string, at place) {
	if o == nil {
		return "", onDisk
	}
	rel, inside := o.rel(name)
	if !inside && o.proposed && !slices.ContainsFunc(o.outside, func(given string) bool { _, in := below(given, name); return in }) {
		return "", nowhere // what a change names of the machine would stand in a message
	}
	if !inside {
		return "", onDisk
	}
	if _, err := o.files.Lstat(rel); !errors.Is(err, fs.ErrNotExist) {
		return rel, inCommit // also if it cannot be read: what stands there must not be replaced by what lies here
	}
	if o.of != nil && o.of(rel) {
		return rel, onDisk
	}
	return rel, nowhere
}

// rel is the name of a file from the root of the repository; not inside if it lies elsewhere. A name that only leads into the
// repository, through links or in other letters, is inside.
func (o *origin) rel(name string) (rel string, inside bool) {
	whole := filepath.Clean(name)
	if !filepath.IsAbs(whole) {
		whole = filepath.Join(o.root, filepath.FromSlash(o.at), name)
	}
	if rel, inside = below(o.root, whole); inside {
		return rel, true
	}
	end := ""
	for at := whole; ; at = filepath.Dir(at) {
		if sameFile(at, o.root) {
			return below(o.root, filepath.Join(o.root, end))
		}
		if led, err := filepath.EvalSymlinks(at); err == nil {
			if rel, inside = below(o.root, filepath.Join(led, end)); inside {
				return rel, true
			}
		}
		if at == filepath.Dir(at) {
			return "", false
		}
		end = filepath.Join(filepath.Base(at), end)
	}
}

// below is the name of a file from a folder, with slashes.
func below(folder, name string) (rel string, inside bool) {
	rel, err := filepath.Rel(folder, name)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return "", false
	}
	return filepath.ToSlash(rel), true
}

// absent is the error of a name that only the change under review has.
func (o *origin) absent(op, name string) error {
	return &fs.PathError{Op: op, Path: name, Err: fmt.Errorf("%v does not have it: %w", o, fs.ErrNotExist)}
}

// String is what people call the commit.
func (o *origin) String() string {
	if o.proposed {
		return "the head " + brief(o.commit)
	}
	return "the base commit " + brief(o.commit)
}

// as says of an error whose files do not load, where they may differ from what lies here.
func (o *origin) as(err error) error {
	var f *failure
	if o == nil || o.proposed || !errors.As(err, &f) {
		return err
	}
	return &failure{status: f.status, err: fmt.Errorf("in %v: %w", o, f.err), hint: cmp.Or(f.hint, "what mends it judges nothing before it is merged")}
}

func brief(commit string) string { return commit[:min(7, len(commit))] }

// stat describes a file or folder.
func (o *origin) stat(name string) (fs.FileInfo, error) {
	switch rel, at := o.find(name); at {
	case inCommit:
		return o.files.Stat(rel)
	case nowhere:
		return nil, o.absent("stat", name)
	}
	return os.Stat(name)
}

// open opens a regular file. A pipe or a device would never end.
func (o *origin) open(name string) (fs.File, error) {
	s, err := o.stat(name)
	if err == nil && !s.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file", name)
	}
	if err != nil {
		return nil, err
	}
	if rel, at := o.find(name); at == inCommit {
		return o.files.Open(rel)
	}
	return os.Open(name)
}

// read is what a regular file reads, of no more than most bytes.
func (o *origin) read(name string, most int64) ([]byte, error) {
	f, err := o.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("%s is larger than %d bytes", name, most)
	}
	return text, err
}

// folder opens a folder. A link that leads out of it is not followed: what lies there could stand in a message. One of the disk stays
// open as long as the program runs.
func (o *origin) folder(name string) (fs.FS, error) {
	if rel, at := o.find(name); at == inCommit {
		return fs.Sub(o.files, rel)
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	return root.FS(), nil
}

// isFolder says whether there is such a folder.
func (o *origin) isFolder(name string) bool {
	s, err := o.stat(name)
	return err == nil && s.IsDir()
}

// later says whether a file or folder is here because the change under review adds it: it counts once it is merged.
func (o *origin) later(name string) bool {
	_, at := o.find(name)
	_, err := os.Lstat(name)
	return at == nowhere && err == nil
}

// own says whether a file or folder is there that nobody has to name, as the settings are: one that only lies here is not looked at.
func (o *origin) own(name string) bool {
	if o == nil {
		_, err := os.Lstat(name) // a link that leads nowhere is there: reading it fails, and says so
		return err == nil
	}
	_, at := o.find(name)
	return at == inCommit
}

// made says whether a name stands for something that is read from here though the change under review is judged by a commit.
func (o *origin) made(name string) bool {
	if o == nil {
		return false
	}
	_, err := os.Stat(name)
	_, at := o.find(name)
	return at == onDisk && err == nil
}

// end ends reading.
func (o *origin) end() {
	if o != nil && o.close != nil {
		o.close()
	}
}

// settings looks for the settings folder in start or the nearest folder above it, up to the root of the repository. Empty: there is none.
func (o *origin) settings(start string) (string, error) {
	rel, inside := o.rel(start)
	if !inside {
		return "", nil
	}
	for name := start; ; rel, name = path.Dir(rel), filepath.Join(name, "..") {
		s, err := o.files.Stat(path.Join(rel, settingsFolder))
		switch {
		case err == nil && s.IsDir():
			return filepath.Join(name, settingsFolder), nil
		case err == nil:
			return "", undecided(fmt.Errorf("%s is no folder in %v", path.Join(rel, settingsFolder), o),
				"it cannot be a file or a submodule, whose files are another repository's; policies of many repositories come as a bundle (--policy)")
		case !errors.Is(err, fs.ErrNotExist):
			return "", undecided(fmt.Errorf("%v: %w", o, err), "")
		case rel == ".":
			return "", nil
		}
	}
}

// withMade is a folder together with the files directly in it that were made here, which it would not have as the commit has it: threat
// data is fetched into it. Of two files of one name the commit's counts.
func (o *origin) withMade(name string) (fs.FS, error) {
	rel, at := o.find(name)
	switch {
	case at == onDisk:
		return os.DirFS(name), nil
	case !o.git:
		return o.folder(name)
	}
	both := &withMade{made: map[string]bool{}}
	if at == inCommit {
		sub, err := fs.Sub(o.files, rel)
		if err != nil {
			return nil, err
		}
		both.commit = sub
	}
	for _, file := range git.UntrackedIn(context.Background(), o.root, rel) {
		both.made[file] = true
	}
	if len(both.made) > 0 {
		root, err := os.OpenRoot(name)
		if err != nil {
			return nil, err
		}
		both.here = root.FS()
	}
	if both.commit == nil && both.here == nil {
		return nil, o.absent("open", name)
	}
	return both, nil
}

// A withMade is two folders in one.
type withMade struct {
	commit, here fs.FS // nil: there is none
	made         map[string]bool
}

// Open opens a file of either.
func (w *withMade) Open(name string) (fs.File, error) {
	if w.commit != nil {
		f, err := w.commit.Open(name)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
	}
	if w.made[name] {
		return w.here.Open(name)
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// ReadDir lists the files of both.
func (w *withMade) ReadDir(name string) (list []fs.DirEntry, err error) {
	if w.commit != nil {
		if list, err = fs.ReadDir(w.commit, name); err != nil {
			return nil, err
		}
	}
	if w.here != nil && name == "." {
		here, err := fs.ReadDir(w.here, name)
		if err != nil {
			return nil, err
		}
		for _, e := range here {
			if w.made[e.Name()] && !slices.ContainsFunc(list, func(have fs.DirEntry) bool { return have.Name() == e.Name() }) {
				list = append(list, e)
			}
		}
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list, nil
}
