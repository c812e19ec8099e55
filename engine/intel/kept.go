package intel

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/headgate/headgate/engine"
)

// KeptFolder is the folder, within one of feeds, with the exact files of before, by digest: so that what was decided on other threat
// data than today's can be decided again, and compared.
const KeptFolder = "snapshots"

// A Kept is one file of KeptFolder.
type Kept struct {
	Feed    Feed
	Fetched time.Time // the day
	Digest  string    // "sha256:…", over the bytes of the file
	File    string    // its name in KeptFolder
	Bytes   int64
}

// KeptName is the name of the file that keeps a feed: the feed, the day on which it was fetched, and the digest.
func KeptName(feed Feed, fetched time.Time, digest string) string {
	return string(feed) + "-" + fetched.UTC().Format("20060102") + "-" + strings.TrimPrefix(digest, "sha256:")
}

var keptName = regexp.MustCompile(`^([a-z]+)-([0-9]{8})-([0-9a-f]{64})$`)

// ListKept lists what a folder of feeds keeps, newest first. Files with other names are passed over; no KeptFolder is an empty list.
func ListKept(fsys fs.FS) ([]Kept, error) {
	entries, err := fs.ReadDir(fsys, KeptFolder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []Kept
	for _, e := range entries {
		m := keptName.FindStringSubmatch(e.Name())
		if m == nil || !isFeed(Feed(m[1])) || !e.Type().IsRegular() {
			continue
		}
		fetched, err := time.Parse("20060102", m[2])
		info, err2 := e.Info()
		if err != nil || err2 != nil {
			continue
		}
		all = append(all, Kept{Feed: Feed(m[1]), Fetched: fetched, Digest: "sha256:" + m[3], File: e.Name(), Bytes: info.Size()})
	}
	slices.SortFunc(all, func(a, b Kept) int {
		if c := b.Fetched.Compare(a.Fetched); c != 0 {
			return c
		}
		return strings.Compare(a.File, b.File)
	})
	return all, nil
}

// Open loads the threat data that a result names, by digest: of each feed the file that is held, or the one that is kept. The error
// has a line for each feed that is neither; a feed that the result does not name is absent.
func Open(fsys fs.FS, want engine.IntelInfo) (*Snapshot, error) {
	return (*Snapshot)(nil).Earlier(fsys, want)
}

// Earlier opens another edition of the threat data, as Open does. What is the same in it is not read again.
func (s *Snapshot) Earlier(fsys fs.FS, want engine.IntelInfo) (*Snapshot, error) {
	files, err := Find(fsys)
	if err != nil {
		return nil, err
	}
	kept, err := ListKept(fsys)
	if err != nil {
		return nil, err
	}
	parts, errs := make([]*Snapshot, len(Feeds)), make([]error, len(Feeds))
	var wait sync.WaitGroup
	for i, feed := range Feeds {
		info, loaded := want.Feed(string(feed)), s.Feed(feed)
		switch {
		case info == nil:
			parts[i] = &Snapshot{}
		case loaded != nil && loaded.Digest == info.Digest:
			parts[i] = s
		default:
			wait.Go(func() { parts[i], errs[i] = openOne(fsys, feed, info.Digest, files[feed], kept) })
		}
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

// openOne is a feed with a digest, from the file that is held or from one that is kept.
func openOne(fsys fs.FS, feed Feed, digest, file string, kept []Kept) (*Snapshot, error) {
	var names []string
	for _, k := range kept {
		if k.Feed == feed && k.Digest == digest {
			names = append(names, path.Join(KeptFolder, k.File))
		}
	}
	if file != "" {
		names = append(names, file) // last: it is read whole before its digest is known
	}
	for _, name := range names {
		held, err := readNamed(fsys, name)
		if err != nil {
			return nil, err
		}
		if info := held.Feed(feed); info != nil && info.Digest == digest {
			return held, nil
		}
		if name != file {
			return nil, fmt.Errorf("%s: its content is not what its name says", name)
		}
	}
	return nil, fmt.Errorf("%s %s: it is neither held nor kept", feed.Title(), clip(digest))
}

func readNamed(fsys fs.FS, name string) (*Snapshot, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	_, held, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return held, nil
}

// take puts one feed of another snapshot into this one.
func (s *Snapshot) take(feed Feed, from *Snapshot) {
	switch feed {
	case FeedKEV:
		s.KEV = from.KEV
	case FeedEPSS:
		s.EPSS = from.EPSS
	case FeedSSVC:
		s.SSVC = from.SSVC
	case FeedEUVD:
		s.EUVD = from.EUVD
	case FeedVulnCheck:
		s.VulnCheck = from.VulnCheck
	}
}
