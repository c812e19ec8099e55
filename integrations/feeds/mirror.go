package feeds

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/headgate/headgate/engine/intel"
)

// A mirror is a folder that feeds are taken from instead of from servers.
type mirror struct {
	dir   string
	files map[intel.Feed]string
}

// openMirror looks what a folder has; nil if there is none to take feeds from. A folder that an update made is held to its manifest.
func openMirror(o Options) (*mirror, error) {
	if o.From == "" {
		return nil, nil
	}
	fsys := os.DirFS(o.From)
	files, err := intel.Find(fsys)
	if err == nil {
		var manifest *intel.Manifest
		if manifest, err = intel.ReadManifest(fsys); err == nil && manifest != nil {
			_, err = intel.Load(fsys)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.ToSlash(o.From), err)
	}
	return &mirror{o.From, files}, nil
}

// copyFrom brings a feed of a mirror into a file beside its place and checks it like one that is fetched.
func (d *folder) copyFrom(m *mirror, f feed, out *Outcome) (*stagedFile, error) {
	out.Source = filepath.ToSlash(m.dir)
	name := m.files[f.kind]
	if name == "" {
		if slices.Contains(d.options.Only, f.kind) || slices.Contains(d.options.Also, f.kind) {
			return nil, fmt.Errorf("%s: the folder has no such file", f.kind.Title())
		}
		out.Absent = true
		if out.Held != nil {
			out.Info = *out.Held
		}
		return nil, nil
	}
	out.Source += "/" + name
	if err := d.othersFile(f); err != nil {
		return nil, err
	}
	file, err := os.Open(filepath.Join(m.dir, name))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	s, err := d.stage(f, &body{r: file, left: f.limit})
	if err != nil {
		return nil, err
	}
	return s, d.check(s, f, out)
}
