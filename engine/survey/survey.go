// Package survey looks at a repository as somebody does who sees it for the first time: what it is written in, what is built of it, what
// scans it already, and which files could say something of its assets. From that it writes the workflow that fits.
package survey

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of what is looked at. A repository that goes beyond them is looked at as far as they reach, folders near the root first.
const (
	MaxEntries = 200_000 // files and folders
	MaxDepth   = 24      // folders in one another

	mostWorkflows     = 200     // that are read
	mostWorkflowBytes = 1 << 20 // of one
	mostCandidates    = 5_000   // files that could say something of assets
)

// passedOver are folders with what others wrote, or what is built: neither says what this repository is.
var passedOver = []string{
	".git", ".hg", ".svn", ".headgate", "node_modules", "bower_components", "vendor", "third_party", "testdata", ".venv", "venv", ".tox", "site-packages",
	"__pycache__", "target", "dist", "build", "out", "bin", "obj", ".gradle", ".terraform", ".next", ".nuxt", ".cache", "Pods", ".idea", ".vscode",
}

// A Survey is what a repository looks like.
type Survey struct {
	Found      []Found  // ecosystems, in the order of the table
	Modules    []Module // folders with a manifest or a Dockerfile, in the order of their names
	Scans      []Scan   // what scans it already, in the order of workflows and then of scanners
	Candidates []string // files that may say something of assets, in the order of their names
	CI         []CI     // systems that have files here
	Files      int      // how many were seen
	Kubernetes bool     // there are manifests: who reads the candidates says so
	Unreadable int      // names that are not text, or have control characters: they are passed over
	Cut        string   // why not all was looked at; empty if all was
	locks      []Lock   // in the order of their names
}

// Found is an ecosystem that is there.
type Found struct {
	*Ecosystem
	Folders []string // that have one of its manifests, "." for the root
	Locked  bool     // there is a lockfile, or the manifest itself says which versions are used
}

// A Module is a folder from which something is built.
type Module struct {
	Folder     string   // "." is the root
	Ecosystems []string // by name, in the order of the table
	Image      bool     // it has a Dockerfile
}

// A Lock is a lockfile.
type Lock struct{ File, Ecosystem string }

// A Scan is a scanner that a workflow runs.
type Scan struct{ Workflow, Scanner string }

// A CI is a system that runs jobs.
type CI string

// The systems that a workflow is written for.
const (
	GitHub CI = "github"
	GitLab CI = "gitlab"
)

// Look looks at the files of a repository. Links are not followed, and nothing that is wrong with a file keeps it from looking at others:
// an error is of the root alone.
func Look(files fs.FS) (*Survey, error) {
	l := &look{files: files, s: &Survey{}, modules: map[string]*Module{}, found: map[*Ecosystem]*Found{}}
	for queue := []string{"."}; len(queue) > 0; {
		folder := queue[0]
		queue = queue[1:]
		below, err := l.folder(folder)
		if err != nil && folder == "." {
			return nil, err
		}
		queue = append(queue, below...)
	}
	l.conclude()
	return l.s, nil
}

// A look is a Survey in the making.
type look struct {
	files   fs.FS
	s       *Survey
	seen    int // entries
	modules map[string]*Module
	found   map[*Ecosystem]*Found

	workflows int
}

// folder looks at what lies in a folder, and returns the folders in it.
func (l *look) folder(folder string) (below []string, err error) {
	entries, err := l.entries(folder)
	for _, e := range entries {
		if name := e.Name(); !readable(name) {
			l.s.Unreadable++
			continue
		}
		name := path.Join(folder, e.Name())
		switch {
		case e.IsDir() && slices.Contains(passedOver, e.Name()):
		case e.IsDir() && strings.Count(name, "/")+1 >= MaxDepth:
			l.cut("folders lie deeper in one another than is looked")
		case e.IsDir():
			below = append(below, name)
		case e.Type().IsRegular():
			l.file(name)
		}
	}
	return below, err
}

// entries are those of a folder, by name, as many as there is room for.
func (l *look) entries(folder string) ([]fs.DirEntry, error) {
	room := MaxEntries - l.seen
	if room <= 0 {
		l.cut("there are more files than are looked at")
		return nil, nil
	}
	f, err := l.files.Open(folder)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	dir, ok := f.(fs.ReadDirFile)
	if !ok {
		return nil, &fs.PathError{Op: "read", Path: folder, Err: errors.New("not a folder")}
	}
	entries, err := dir.ReadDir(room)
	if err == io.EOF { // it is empty
		err = nil
	}
	l.seen += len(entries)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, err
}

func (l *look) cut(why string) { l.s.Cut = cmp.Or(l.s.Cut, why) }

// file notes what a file says by its name, and what a workflow says by its content.
func (l *look) file(name string) {
	l.s.Files++
	folder, base := path.Split(name)
	folder = path.Clean(folder)
	for i := range ecosystems {
		e := &ecosystems[i]
		manifest, locks := matches(e.Manifests, base), matches(e.Locks, base)
		if !manifest && !locks {
			continue
		}
		f := l.found[e]
		if f == nil {
			f = &Found{Ecosystem: e}
			l.found[e] = f
		}
		f.Locked = f.Locked || locks
		if locks {
			l.s.locks = append(l.s.locks, Lock{name, e.Name})
		}
		if manifest && !slices.Contains(f.Folders, folder) {
			f.Folders = append(f.Folders, folder)
			l.module(folder, e)
		}
	}
	switch {
	case folder == ".github/workflows" && isYAML(base):
		l.system(GitHub)
		l.workflow(name)
	case strings.HasPrefix(base, ".gitlab-ci.") && isYAML(base):
		l.system(GitLab)
		l.workflow(name)
	}
	if base == "CODEOWNERS" || isYAML(base) || strings.EqualFold(path.Ext(base), ".json") {
		if len(l.s.Candidates) == mostCandidates {
			l.cut("there are more files that could say something of assets than are read")
			return
		}
		l.s.Candidates = append(l.s.Candidates, name)
	}
}

func (l *look) module(folder string, e *Ecosystem) {
	if e.Builds == nothing {
		return
	}
	m := l.modules[folder]
	if m == nil {
		m = &Module{Folder: folder}
		l.modules[folder] = m
	}
	if e.Builds == image {
		m.Image = true
		return
	}
	m.Ecosystems = append(m.Ecosystems, e.Name)
}

func (l *look) system(is CI) {
	if !slices.Contains(l.s.CI, is) {
		l.s.CI = append(l.s.CI, is)
	}
}

// workflow finds out which scanners a workflow runs.
func (l *look) workflow(name string) {
	if l.workflows++; l.workflows > mostWorkflows {
		l.cut("there are more workflows than are read")
		return
	}
	f, err := l.files.Open(name)
	if err != nil {
		return // it cannot be read: nothing is known of it
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, mostWorkflowBytes))
	if err != nil {
		return
	}
	for _, scanner := range scansOf(string(text)) {
		l.s.Scans = append(l.s.Scans, Scan{name, scanner})
	}
}

// conclude puts what was found in order.
func (l *look) conclude() {
	for i := range ecosystems {
		if f := l.found[&ecosystems[i]]; f != nil {
			slices.Sort(f.Folders)
			l.s.Found = append(l.s.Found, *f)
		}
	}
	for _, m := range l.modules {
		slices.SortFunc(m.Ecosystems, func(a, b string) int { return cmp.Compare(rank(a), rank(b)) })
		l.s.Modules = append(l.s.Modules, *m)
	}
	slices.SortFunc(l.s.Modules, func(a, b Module) int { return strings.Compare(a.Folder, b.Folder) })
	slices.SortFunc(l.s.locks, func(a, b Lock) int { return strings.Compare(a.File, b.File) })
	slices.Sort(l.s.Candidates)
	slices.Sort(l.s.CI)
	slices.SortFunc(l.s.Scans, func(a, b Scan) int {
		return cmp.Or(strings.Compare(a.Workflow, b.Workflow), strings.Compare(a.Scanner, b.Scanner))
	})
}

// Locks are the lockfiles of an ecosystem in a folder itself.
func (s *Survey) Locks(folder, ecosystem string) (all []string) {
	for _, l := range s.locks {
		if l.Ecosystem == ecosystem && path.Dir(l.File) == folder {
			all = append(all, l.File)
		}
	}
	return all
}

// Has says whether an ecosystem is there, by its name.
func (s *Survey) Has(ecosystem string) bool {
	return slices.ContainsFunc(s.Found, func(f Found) bool { return f.Name == ecosystem })
}

// readable says whether a name can be shown and written: whatever else it holds, it cannot leave its line.
func readable(name string) bool {
	return utf8.ValidString(name) && len(name) <= 255 && !strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsPrint(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
	})
}

func isYAML(base string) bool {
	ext := strings.ToLower(path.Ext(base))
	return ext == ".yml" || ext == ".yaml"
}

// matches says whether a name is one of a list; a name of the list may have stars.
func matches(patterns []string, base string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		if !strings.Contains(p, "*") {
			return p == base
		}
		ok, err := path.Match(p, base)
		return err == nil && ok
	})
}
