package feeds

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/headgate/headgate/engine/intel"
)

// keep puts a second name of a file into the folder of snapshots, so that the bytes stay when the first name is given to others. It
// takes no space until then. Where the file system has no second names it is copied. What is kept already is left alone.
func (d *folder) keep(file, as string) error {
	folder := filepath.Join(d.dir, intel.KeptFolder)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	kept, err := intel.ListKept(os.DirFS(d.dir))
	if err != nil {
		return err
	}
	digest := as[strings.LastIndexByte(as, '-')+1:]
	if slices.ContainsFunc(kept, func(k intel.Kept) bool { return k.Digest == "sha256:"+digest }) {
		return nil
	}
	name := filepath.Join(folder, as)
	if err := os.Link(file, name); err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	from, err := os.Open(file)
	if err != nil {
		return err
	}
	defer from.Close()
	copied, err := d.write(func(w io.Writer) error {
		_, err := io.Copy(w, from)
		return err
	})
	if err != nil {
		return err
	}
	return os.Rename(copied, name)
}

// forget removes the snapshots whose time is over. What is held, and what was held before it, stays. Snapshots take space and decide
// nothing, so that one which cannot be removed is no error: the next update tries again.
func (d *folder) forget() {
	kept, err := intel.ListKept(os.DirFS(d.dir))
	if err != nil {
		return
	}
	for _, k := range kept {
		pin := d.manifest.Feeds[k.Feed]
		if k.Digest == pin.Digest || k.Digest == pin.Previous || d.now.Truncate(24*time.Hour).Sub(k.Fetched) <= d.options.keepFor() {
			continue
		}
		_ = os.Remove(filepath.Join(d.dir, intel.KeptFolder, k.File))
	}
}
