package github

import (
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"

	"github.com/google/go-github/v60/github"

	"github.com/headgate/headgate/engine/tree"
)

// Tree is the files of a commit, by its full id, as the API gives them: one request for all names, where GitHub gives them at once, and
// one for each file that is read.
func (c *Client) Tree(ctx context.Context, commit string) (*tree.FS, error) {
	if !commitID.MatchString(commit) {
		return nil, fmt.Errorf("%q is no full id of a commit", commit)
	}
	all, _, err := c.rest.Git.GetTree(ctx, c.owner, c.name, commit, true)
	if err != nil {
		return nil, fmt.Errorf("the files of commit %s: %w", commit, understood(err))
	}
	o := &treeObjects{ctx: ctx, client: c, folders: map[string][]tree.Entry{}, sizes: map[string]int64{}}
	if !all.GetTruncated() {
		return tree.New(o, all.GetSHA()), o.takeAll(all)
	}
	return tree.New(o, all.GetSHA()), nil
}

// treeObjects are those of a repository, over the API.
type treeObjects struct {
	ctx    context.Context
	client *Client

	mu      sync.Mutex
	folders map[string][]tree.Entry // by id
	sizes   map[string]int64        // of files, by id
}

// takeAll takes the folders of a tree that came with all that is in it.
func (o *treeObjects) takeAll(all *github.Tree) error {
	ids := map[string]string{".": all.GetSHA()} // of folders, by path
	o.folders[all.GetSHA()] = []tree.Entry{}
	for _, e := range all.Entries {
		if e.GetMode() == "040000" {
			ids[e.GetPath()] = e.GetSHA()
			o.folders[e.GetSHA()] = []tree.Entry{}
		}
	}
	filled := map[string]string{} // by id of a folder: the path that it is filled from, as the same folder can be in several places
	for _, e := range all.Entries {
		dir := path.Dir(e.GetPath())
		id, known := ids[dir]
		if !known {
			return fmt.Errorf("the API names a file of a folder that it does not name: %s", oneLine(e.GetPath()))
		}
		if from, ok := filled[id]; ok && from != dir {
			continue
		}
		filled[id] = dir
		if err := o.take(id, e, path.Base(e.GetPath())); err != nil {
			return err
		}
	}
	return nil
}

// take takes one entry of a folder.
func (o *treeObjects) take(folder string, e *github.TreeEntry, name string) error {
	kind, known := map[string]tree.Kind{
		"040000": tree.Folder, "100644": tree.File, "100755": tree.File, "100664": tree.File, "120000": tree.Link, "160000": tree.Submodule,
	}[e.GetMode()]
	if !known || !commitID.MatchString(e.GetSHA()) {
		return fmt.Errorf("the API names a file of an unknown kind: %s", oneLine(name))
	}
	o.folders[folder] = append(o.folders[folder], tree.Entry{Name: name, Kind: kind, ID: e.GetSHA()})
	if e.Size != nil {
		o.sizes[e.GetSHA()] = int64(e.GetSize())
	}
	return nil
}

// Entries are what a folder holds.
func (o *treeObjects) Entries(id string) ([]tree.Entry, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if known, ok := o.folders[id]; ok {
		return known, nil
	}
	one, _, err := o.client.rest.Git.GetTree(o.ctx, o.client.owner, o.client.name, id, false)
	if err != nil {
		return nil, understood(err)
	}
	if one.GetTruncated() {
		return nil, errors.New("a folder with more files than the API gives")
	}
	o.folders[id] = []tree.Entry{}
	for _, e := range one.Entries {
		if err := o.take(id, e, e.GetPath()); err != nil {
			return nil, err
		}
	}
	return o.folders[id], nil
}

// Size is how large a file is, as its folder says.
func (o *treeObjects) Size(id string) (int64, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if size, ok := o.sizes[id]; ok {
		return size, nil
	}
	return 0, errors.New("the API does not say how large it is")
}

// Read is what a file reads. It is held to its id, which is a digest of it.
func (o *treeObjects) Read(id string) ([]byte, error) {
	blob, _, err := o.client.rest.Git.GetBlob(o.ctx, o.client.owner, o.client.name, id)
	if err != nil {
		return nil, understood(err)
	}
	if blob.GetEncoding() != "base64" {
		return nil, errors.New("the API gives it in an unknown form")
	}
	text, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(blob.GetContent(), "\n", ""))
	if err != nil {
		return nil, errors.New("the API gives it in an unknown form")
	}
	if digest := sha1.New(); len(id) == hex.EncodedLen(sha1.Size) { // repositories of SHA-256 are not on GitHub yet
		fmt.Fprintf(digest, "blob %d\x00%s", len(text), text)
		if hex.EncodeToString(digest.Sum(nil)) != id {
			return nil, errors.New("the API gives another file than it was asked for")
		}
	}
	return text, nil
}
