package tree

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"path"
	"time"
)

func broken(op, name string, err error) error {
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// Open opens a file or a folder.
func (t *FS) Open(name string) (fs.File, error) {
	e, err := t.find(name, true)
	if err != nil {
		return nil, broken("open", name, err)
	}
	info := info{t, e, path.Base(name)}
	switch e.Kind {
	case Folder:
		return &openFolder{info: info, name: name}, nil
	case Submodule:
		return nil, broken("open", name, ErrSubmodule)
	}
	text, err := t.read(e)
	if err != nil {
		return nil, broken("open", name, err)
	}
	return &openFile{*bytes.NewReader(text), info}, nil
}

// read is what a file reads, if it is not too large.
func (t *FS) read(e Entry) ([]byte, error) {
	size, err := t.objects.Size(e.ID)
	if err != nil {
		return nil, err
	}
	if size > MostBytes {
		return nil, fmt.Errorf("larger than %d MiB", MostBytes>>20)
	}
	return t.objects.Read(e.ID)
}

// ReadFile is what a file reads.
func (t *FS) ReadFile(name string) ([]byte, error) {
	e, err := t.find(name, true)
	if err == nil && e.Kind == Submodule {
		err = ErrSubmodule
	}
	if err == nil && e.Kind == Folder {
		err = fs.ErrInvalid
	}
	if err != nil {
		return nil, broken("read", name, err)
	}
	text, err := t.read(e)
	if err != nil {
		return nil, broken("read", name, err)
	}
	return text, nil
}

// ReadDir is what a folder holds, in the order of names.
func (t *FS) ReadDir(name string) ([]fs.DirEntry, error) {
	e, err := t.find(name, true)
	if err == nil && e.Kind == Submodule {
		err = ErrSubmodule
	}
	if err == nil && e.Kind != Folder {
		err = fs.ErrInvalid
	}
	if err != nil {
		return nil, broken("read", name, err)
	}
	entries, err := t.folder(e.ID)
	if err != nil {
		return nil, broken("read", name, err)
	}
	list := make([]fs.DirEntry, len(entries))
	for i, e := range entries {
		list[i] = info{t, e, e.Name}
	}
	return list, nil
}

// Stat describes a file or folder; of a link it describes where it leads.
func (t *FS) Stat(name string) (fs.FileInfo, error) { return t.stat(name, true) }

// Lstat describes a file, folder or link.
func (t *FS) Lstat(name string) (fs.FileInfo, error) { return t.stat(name, false) }

func (t *FS) stat(name string, follow bool) (fs.FileInfo, error) {
	e, err := t.find(name, follow)
	if err != nil {
		return nil, broken("stat", name, err)
	}
	return info{t, e, path.Base(name)}.Info()
}

// ReadLink is where a link leads, as it is written.
func (t *FS) ReadLink(name string) (string, error) {
	e, err := t.find(name, false)
	if err == nil && e.Kind != Link {
		err = fs.ErrInvalid
	}
	if err != nil {
		return "", broken("readlink", name, err)
	}
	text, err := t.objects.Read(e.ID)
	return string(text), err
}

// An info describes an entry under the name that it was asked for by.
type info struct {
	tree  *FS
	entry Entry
	name  string
}

func (i info) Name() string      { return i.name }
func (i info) IsDir() bool       { return i.entry.Kind == Folder }
func (i info) Type() fs.FileMode { return i.mode().Type() }
func (i info) String() string    { return fs.FormatDirEntry(i) }

func (i info) mode() fs.FileMode {
	switch i.entry.Kind {
	case Folder:
		return fs.ModeDir | 0o555
	case Link:
		return fs.ModeSymlink | 0o444
	case Submodule:
		return fs.ModeIrregular | 0o444
	}
	return 0o444
}

// Info looks up how large it is.
func (i info) Info() (fs.FileInfo, error) {
	f := fileInfo{info: i}
	if i.entry.Kind != File && i.entry.Kind != Link {
		return f, nil
	}
	var err error
	f.size, err = i.tree.objects.Size(i.entry.ID)
	return f, err
}

// A fileInfo is an info with a size. A commit says nothing of when its files were written.
type fileInfo struct {
	info
	size int64
}

func (f fileInfo) Size() int64        { return f.size }
func (f fileInfo) Mode() fs.FileMode  { return f.mode() }
func (f fileInfo) ModTime() time.Time { return time.Time{} }
func (f fileInfo) Sys() any           { return f.entry.ID }
func (f fileInfo) String() string     { return fs.FormatFileInfo(f) }

type openFile struct {
	bytes.Reader
	info info
}

func (f *openFile) Close() error               { return nil }
func (f *openFile) Stat() (fs.FileInfo, error) { return fileInfo{f.info, f.Size()}, nil }

type openFolder struct {
	info info
	name string
	read []fs.DirEntry // what is still to be listed; nil: nothing was yet
	done bool
}

func (f *openFolder) Close() error               { return nil }
func (f *openFolder) Stat() (fs.FileInfo, error) { return f.info.Info() }
func (f *openFolder) Read([]byte) (int, error)   { return 0, broken("read", f.name, fs.ErrInvalid) }

// ReadDir lists the next names.
func (f *openFolder) ReadDir(n int) ([]fs.DirEntry, error) {
	if !f.done {
		all, err := f.info.tree.ReadDir(f.name)
		if err != nil {
			return nil, err
		}
		f.read, f.done = all, true
	}
	if n <= 0 {
		n = len(f.read)
	} else if len(f.read) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(f.read))
	out := f.read[:n]
	f.read = f.read[n:]
	return out, nil
}
