package intel

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"github.com/headgate/headgate/engine"
)

// Load reads all feeds of a folder, whatever their files are called, and holds them to the manifest if there is one. A feed that
// has no file is absent. An error means that nothing may be used; it has a line for each file that is wrong: one that is no feed
// (README, LICENSE and names that start with a dot are passed over), one that is damaged, two of the same feed.
//
// An update may put files in place meanwhile: what does not fit together is read again if the manifest is another one by then.
func Load(fsys fs.FS) (*Snapshot, error) {
	for try := 1; ; try++ {
		before, err := manifestText(fsys)
		if err != nil {
			return nil, err
		}
		held, err := load(fsys)
		if err == nil || try == mostTries {
			return held, err
		}
		if after, errAfter := manifestText(fsys); errAfter != nil || bytes.Equal(before, after) {
			return nil, err
		}
	}
}

// mostTries bounds how often a folder is read that changes under our hands.
const mostTries = 5

func load(fsys fs.FS) (*Snapshot, error) {
	manifest, err := ReadManifest(fsys)
	if err != nil {
		return nil, err
	}
	files, err := Find(fsys)
	if err != nil {
		return nil, err
	}
	// A file takes up to a fifth of a second, so they are read side by side; each into its own place.
	parts, errs := make([]*Snapshot, len(Feeds)), make([]error, len(Feeds))
	var wait sync.WaitGroup
	for i, feed := range Feeds {
		wait.Go(func() { parts[i], errs[i] = loadOne(fsys, feed, files[feed], manifest) })
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	all := &Snapshot{}
	for i, feed := range Feeds {
		all.take(feed, parts[i])
	}
	return all, nil
}

// loadOne reads the file of one feed and holds it to the manifest. No file is an empty snapshot.
func loadOne(fsys fs.FS, feed Feed, name string, manifest *Manifest) (*Snapshot, error) {
	held := &Snapshot{}
	var found *engine.FeedInfo
	if name != "" {
		f, err := fsys.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		if _, held, err = Read(f); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if found = held.Feed(feed); found == nil {
			return nil, fmt.Errorf("%s: changed while it was read", name)
		}
	}
	if manifest != nil {
		if pin, ok := manifest.Feeds[feed]; ok {
			if err := pin.verify(name, found); err != nil {
				return nil, err
			}
		}
	}
	return held, nil
}

// Find tells from the beginning of each file of a folder which feed it holds, and gives the file names by feed. The error has a
// line for each file that is no feed, or one too many; those that are feeds are given all the same.
func Find(fsys fs.FS) (map[Feed]string, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, err
	}
	files := map[Feed]string{}
	var errs []error
	for _, entry := range entries {
		name := entry.Name()
		if passedOver(name) {
			continue
		}
		feed, err := detectFile(fsys, name)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		case files[feed] != "":
			errs = append(errs, fmt.Errorf("%s and %s both hold the %s: keep one of them", files[feed], name, feed.Title()))
		default:
			files[feed] = name
		}
	}
	return files, errors.Join(errs...)
}

func detectFile(fsys fs.FS, name string) (Feed, error) {
	info, err := fs.Stat(fsys, name) // before it is opened, as to open a pipe is to wait for its writer
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", errors.New("not a file: feeds lie directly in the folder")
	}
	f, err := fsys.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	s, err := openSource(f)
	if err != nil {
		return "", err
	}
	feed := detect(s.head())
	if feed == "" {
		return "", ErrUnknown
	}
	return feed, nil
}

// passedOver are names in a folder of feeds that are nobody's feed.
func passedOver(name string) bool {
	upper := strings.ToUpper(name)
	return name == "" || strings.HasPrefix(name, ".") || name == ManifestName || name == KeptFolder ||
		strings.HasPrefix(upper, "README") || strings.HasPrefix(upper, "LICENSE")
}
