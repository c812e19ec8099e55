package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/headgate/headgate/engine/glob"
	"github.com/headgate/headgate/engine/scope"
)

const (
	mostScopeFiles = 50_000    // that globs of scope match
	mostScopeBytes = 512 << 20 // of all of them together
	mostWarnings   = 8         // that gate says one by one
)

// loadScope reads what is known about assets: the assets file that the flag names, else that of the settings, and the files that the
// globs of scope in the settings match.
func (r *run) loadScope() error {
	assets, err := r.settings.assetsFile(r.flags.assets)
	if err != nil {
		return err
	}
	files, warnings, err := r.settings.scopeFiles()
	if err != nil {
		return err
	}
	if r.assets, err = scope.Read(assets, files, scope.Options{Repository: r.result.Change.Repository}); err != nil {
		return r.origin.as(setup(err, "headgate schema assets says what an asset can have"))
	}
	if r.shared != nil {
		r.shared.Assets, r.shared.Scope = assets, files
	}
	r.assets.Warnings = append(warnings, r.assets.Warnings...)
	return nil
}

// sayScope says what is wrong in the files of scope, as much of it as a reader of the gate's output can take.
func (r *run) sayScope() {
	all := r.assets.Warnings
	for _, w := range all[:min(len(all), mostWarnings)] {
		r.app.say("warning", w)
	}
	if n := r.assets.Disputed(); n > 0 {
		r.app.say("note", fmt.Sprintf("sources differ in %s of assets: headgate scope shows them", many(n, "fact")))
	}
	if more := len(all) - mostWarnings; more > 0 {
		r.app.say("warning", fmt.Sprintf("%d more of this kind: headgate scope lists all", more))
	}
}

// assetsFile reads the assets file that the flag names, else that of the settings; without either it has no name.
func (s *settings) assetsFile(flag string) (f scope.File, err error) {
	name := cmp.Or(flag, s.path("assets.yaml"))
	if name == "" {
		return f, nil
	}
	if s.from.later(name) {
		return f, nil
	}
	if f.Text, err = s.from.read(name, mostScopeBytes); err != nil {
		return f, setup(err, "")
	}
	f.Name = strings.TrimPrefix(filepath.ToSlash(name), "./")
	return f, nil
}

// checkScope refuses globs that are none, or that lead out of the repository.
func (s *settings) checkScope(name string) error {
	for _, pattern := range s.Scope {
		switch {
		case pattern == "" || !glob.Valid(pattern):
			return fmt.Errorf("%s: scope: %q is no pattern", name, pattern)
		case path.IsAbs(pattern) || slices.Contains(strings.Split(pattern, "/"), ".."):
			return fmt.Errorf("%s: scope: %q leads out of the repository: write it relative to its root, with slashes", name, pattern)
		}
	}
	return nil
}

// above opens the folder that the settings folder is in, and gives the name that it has there.
func (s *settings) above() (files fs.FS, own string, done func(), err error) {
	if rel, at := s.from.find(s.folder); at == inCommit {
		files, err = fs.Sub(s.from.files, path.Dir(rel))
		return files, path.Base(rel), func() {}, err
	}
	folder, err := filepath.Abs(s.folder)
	if err != nil {
		return nil, "", nil, err
	}
	root, err := os.OpenRoot(filepath.Dir(folder))
	if err != nil {
		return nil, "", nil, err
	}
	return root.FS(), filepath.Base(folder), func() { root.Close() }, nil
}

// scopeFiles reads the files that the globs of scope match, below the folder that holds the settings. Links are not followed. A glob that
// matches nothing, or everything, is a warning.
func (s *settings) scopeFiles() (files []scope.File, warnings []string, err error) {
	if len(s.Scope) == 0 || s.folder == "" {
		return nil, nil, nil
	}
	root, own, done, err := s.above()
	if err != nil {
		return nil, nil, setup(err, "")
	}
	defer done()
	seen := map[string]bool{}
	var size int64
	for _, glob := range s.Scope {
		glob = path.Clean(strings.TrimPrefix(glob, "./"))
		base, rest := doublestar.SplitPattern(glob)
		if base == "." && (rest == "**" || rest == "**/*") {
			warnings = append(warnings, fmt.Sprintf("headgate.yaml: scope: %q matches every file; name the files that say something of assets", glob))
		}
		matched := 0
		err := fs.WalkDir(root, base, func(name string, d fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist) && name == base:
				return nil
			case err != nil:
				return err
			case d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules" || name == own):
				return fs.SkipDir
			case !d.Type().IsRegular() || !doublestar.MatchUnvalidated(glob, name):
				return nil
			}
			if matched++; matched > mostScopeFiles {
				return fmt.Errorf("%q matches more than %d files", glob, mostScopeFiles)
			}
			if seen[name] || !scope.Readable(name) {
				return nil
			}
			seen[name] = true
			info, err := d.Info()
			if err != nil {
				return err
			}
			if info.Size() > scope.MaxFileBytes {
				warnings = append(warnings, fmt.Sprintf("%s: larger than %d MiB; it is not read", name, scope.MaxFileBytes>>20))
				return nil
			}
			if size += info.Size(); size > mostScopeBytes {
				return fmt.Errorf("the files are larger than %d MiB together", mostScopeBytes>>20)
			}
			text, err := fs.ReadFile(root, name)
			files = append(files, scope.File{Name: name, Text: text})
			return err
		})
		if err != nil {
			return nil, nil, setup(fmt.Errorf("headgate.yaml: scope: %w", err), "name the files that say something of assets more narrowly")
		}
		if matched == 0 {
			warnings = append(warnings, fmt.Sprintf("headgate.yaml: scope: %q matches no file", glob))
		}
	}
	slices.SortFunc(files, func(a, b scope.File) int { return strings.Compare(a.Name, b.Name) })
	return files, warnings, nil
}
