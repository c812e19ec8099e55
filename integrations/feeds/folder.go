package feeds

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/intel"
)

// A folder is where feeds are kept, with what was there when the update began.
type folder struct {
	options  Options
	dir      string
	now      time.Time
	manifest intel.Manifest
	found    map[intel.Feed]string // files by what they hold
}

// Files that are not in place yet are passed over when feeds are loaded, as their names start with a dot. Those that a killed
// update left are removed by a later one, once no running one can own them.
const (
	stagePrefix = ".headgate-"
	stageSuffix = ".part"
	stageAge    = 24 * time.Hour
)

func openFolder(o Options) (*folder, error) {
	dir := o.Dir
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	d := &folder{options: o, dir: dir, now: o.Now.UTC().Truncate(time.Second)}
	if err := d.readManifest(); err != nil {
		return nil, err
	}
	// A file that cannot be told is no reason to stop: it may be the damaged one that the update replaces. If it is not, the
	// folder does not load in the end, and the update says so.
	d.found, _ = intel.Find(os.DirFS(dir))
	return d, d.sweep()
}

// readManifest reads what the folder says of itself now.
func (d *folder) readManifest() error {
	manifest, err := intel.ReadManifest(os.DirFS(d.dir))
	if err != nil {
		return fmt.Errorf("%s: %w; remove it to start afresh", d.dir, err)
	}
	d.manifest = intel.Manifest{Schema: intel.ManifestSchema, Feeds: map[intel.Feed]intel.Pin{}, Refused: map[intel.Feed]intel.Refusal{}}
	if manifest != nil {
		maps.Copy(d.manifest.Feeds, manifest.Feeds)
		maps.Copy(d.manifest.Refused, manifest.Refused)
	}
	return nil
}

// sweep removes what a killed update left.
func (d *folder) sweep() error {
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), stagePrefix) || !strings.HasSuffix(e.Name(), stageSuffix) {
			continue
		}
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > stageAge {
			if err := os.Remove(filepath.Join(d.dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// target is the name of the file of a feed.
func (d *folder) target(f feed) string {
	if pin, ok := d.manifest.Feeds[f.kind]; ok {
		return pin.File
	}
	return f.file
}

// floor is what a new version is held against: what was fetched last, even if its file was damaged since; or the file that is
// there, if nothing pins it. It is nil if there is neither.
func (d *folder) floor(kind intel.Feed) *intel.Edition {
	if pin, ok := d.manifest.Feeds[kind]; ok {
		return &pin.Edition
	}
	if name := d.found[kind]; name != "" {
		if is, edition, err := readFile(filepath.Join(d.dir, name)); err == nil && is == kind {
			return edition
		}
	}
	return nil
}

// held is what is there of a feed and loads; nil if nothing does.
func (d *folder) held(kind intel.Feed) *engine.FeedInfo {
	name := d.found[kind]
	if name == "" {
		return nil
	}
	_, edition, err := readFile(filepath.Join(d.dir, name))
	pin, pinned := d.manifest.Feeds[kind]
	if err != nil || pinned && edition.Digest != pin.Digest && edition.Digest != pin.Replaces {
		return nil
	}
	return &edition.FeedInfo
}

// readFile reads a feed and says what it is.
func readFile(name string) (intel.Feed, *intel.Edition, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	kind, held, err := intel.Read(f)
	if err != nil {
		return kind, nil, err
	}
	return kind, held.Edition(kind), nil
}

// A stagedFile is a feed that was fetched and is sound, beside its place.
type stagedFile struct {
	path string
	intel.Edition
	etag, modified string // what the server says of the version; empty: nothing
}

// stage writes what a server sends into a file beside its place and reads it back.
func (d *folder) stage(f feed, body io.Reader) (*stagedFile, error) {
	name, err := d.write(func(w io.Writer) error { return f.store(w, body) })
	if err != nil {
		return nil, err
	}
	kind, edition, err := readFile(name)
	switch {
	case err == nil && kind == f.kind:
		return &stagedFile{path: name, Edition: *edition}, nil
	case err == nil:
		err = fmt.Errorf("%s: the server sends another feed, the %s", f.kind.Title(), kind.Title())
	case kind == "":
		err = fmt.Errorf("%s: %w", f.kind.Title(), err)
	}
	os.Remove(name)
	return nil, err
}

// discard removes a staged file that did not get to its place.
func (s *stagedFile) discard() {
	if s != nil {
		os.Remove(s.path)
	}
}

// write makes a file beside the places of the feeds and brings it to the disk.
func (d *folder) write(fill func(io.Writer) error) (name string, err error) {
	f, err := os.CreateTemp(d.dir, stagePrefix+"*"+stageSuffix)
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err := fill(f); err != nil {
		return "", err
	}
	if err := f.Chmod(0o644); err != nil {
		return "", err
	}
	if err := f.Sync(); err != nil {
		return "", err
	}
	return f.Name(), f.Close()
}

// digest is the digest of a file as a manifest has it; intel.ReplacesNone if there is no file.
func digest(name string) (string, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return intel.ReplacesNone, nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), nil
}

func (d *folder) writeManifest() error {
	text, err := d.manifest.Marshal()
	if err != nil {
		return err
	}
	name, err := d.write(func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
	if err != nil {
		return err
	}
	if err := os.Rename(name, filepath.Join(d.dir, intel.ManifestName)); err != nil {
		os.Remove(name)
		return err
	}
	return syncFolder(d.dir)
}

// syncFolder brings the names in a folder to the disk. Not every file system can do that, and none loses a name that another
// process sees, so that a refusal is no error.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	_ = f.Sync()
	return f.Close()
}
