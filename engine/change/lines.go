package change

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// A touch is what a diff says of the place of a finding.
type touch int

const (
	untouched touch = iota
	unclear         // it cannot be told
	touched
)

// judge says whether the change touched what a finding is about, and the ground for it.
func (d *Diff) judge(x *engine.Discovery, repository string) (touch, string) {
	f := &x.Finding
	switch t := x.Target; {
	case t.Type != engine.TargetRepository:
		return unclear, "a diff does not show what is in " + strings.TrimSpace("the "+string(t.Type)+" "+t.Name)
	case t.Name != "" && repository != "" && !strings.EqualFold(t.Name, repository):
		return unclear, "the diff is of " + repository + ", and the finding in " + t.Name
	case len(f.Locations) == 0:
		return unclear, "the report names no place"
	case f.Secret != nil && inHistory(f):
		return unclear, "it may be in the history only, which the diff does not show"
	}
	for _, l := range f.Locations {
		if l.Image != "" {
			return unclear, "a diff does not show what is in an image"
		}
		if l.Path == "" {
			return unclear, "the report names no file"
		}
	}
	if f.Package != nil {
		return d.packages(x)
	}
	at := d.linesAt
	if f.Vulnerability != nil {
		at = d.lockfileAt
	}
	result, ground := untouched, ""
	for _, l := range f.Locations {
		t, g := at(l)
		if t > result || ground == "" {
			result, ground = max(t, result), g
		}
	}
	return result, ground
}

// lockfileAt judges the place of a vulnerability whose package the report does not name: a lockfile that is not touched is the same, and
// all else may be about anything.
func (d *Diff) lockfileAt(l engine.Location) (touch, string) {
	t, ground := d.linesAt(engine.Location{Path: l.Path})
	if m := manifestOf(l.Path); t == untouched && m != nil && m.whole {
		return t, ground
	}
	return unclear, "the report names no package"
}

// historians are the formats of scanners that read commits: where they do not say that a secret is in the tree, the line that they name
// may be of any commit, also of one between base and head that a later one undid.
var historians = []string{"gitleaks", "trufflehog", "secret-scanning", "gitlab"}

func inHistory(f *engine.Finding) bool {
	if f.Secret.InHistory != nil {
		return *f.Secret.InHistory
	}
	return slices.ContainsFunc(f.Sources, func(s engine.Source) bool { return slices.Contains(historians, s.Format) })
}

// linesAt judges the lines of a location; without lines, the file.
func (d *Diff) linesAt(l engine.Location) (touch, string) {
	name := cleanPath(l.Path)
	files := d.find(name)
	if len(files) == 0 {
		if !d.there(name) {
			return unclear, name + " is not a file of the head"
		}
		if d.links[name] {
			return unclear, name + " is a link, and the diff does not show where it leads"
		}
		return untouched, "the change does not touch " + name
	}
	result, ground := untouched, ""
	for _, f := range files {
		t, g := f.linesAt(l)
		if t > result || ground == "" {
			result, ground = max(t, result), g
		}
	}
	return result, ground
}

func (f *file) linesAt(l engine.Location) (touch, string) {
	switch {
	case f.deleted:
		return unclear, "the change removes " + f.name
	case f.opaque != "":
		return unclear, f.name + " is " + f.opaque + ", and touched by the change"
	case f.added:
		return touched, f.name + " added by the change"
	}
	if l.Line <= 0 {
		if f.renamed && len(f.runs) == 0 {
			return untouched, "the change only renames " + f.name
		}
		return touched, f.name + " touched by the change"
	}
	r := f.in(l.Line, l.EndLine)
	if r == nil && f.length > 0 && l.Line > f.length {
		return unclear, fmt.Sprintf("%s has no line %d", f.name, l.Line)
	}
	if r == nil && f.odd {
		return unclear, f.name + " has ends of lines that git does not count"
	}
	if r == nil {
		return untouched, fmt.Sprintf("the change does not touch line %d of %s", l.Line, f.name)
	}
	from, to := max(r.from, l.Line), min(r.to, max(l.Line, l.EndLine))
	switch {
	case r.removed:
		return touched, fmt.Sprintf("lines removed by the change after line %d", r.from)
	case from == to && r.gone > 0:
		return touched, fmt.Sprintf("line %d changed by the change", from)
	case from == to:
		return touched, fmt.Sprintf("line %d added by the change", from)
	case r.gone > 0:
		return touched, fmt.Sprintf("lines %d to %d changed by the change", from, to)
	}
	return touched, fmt.Sprintf("lines %d to %d added by the change", from, to)
}

func cleanPath(name string) string { return strings.TrimPrefix(path.Clean(name), "/") }

// find are the touched files that a path of a report can mean. It should be from the root of the repository; where no such file is
// known, it may be from a folder that was scanned, or have the folder of the checkout before it.
func (d *Diff) find(name string) []*file {
	if f := d.files[name]; f != nil {
		return []*file{f}
	}
	for dir := path.Dir(name); dir != "." && dir != "/"; dir = path.Dir(dir) {
		if f := d.files[dir]; f != nil && f.whole {
			return []*file{f}
		}
	}
	if d.tree[name] {
		return nil
	}
	var out []*file
	for _, f := range d.byBase[path.Base(name)] {
		if within(f.name, name) || within(name, f.name) {
			out = append(out, f)
		}
	}
	return out
}

// there says whether a path can be of a file of the head. Where the files are not known, any can.
func (d *Diff) there(name string) bool {
	if d.tree == nil || d.tree[name] || d.files[name] != nil {
		return true
	}
	for _, other := range d.treeByBase[path.Base(name)] {
		if within(other, name) || within(name, other) {
			return true
		}
	}
	return false
}

// within says whether a path is another one with folders before it.
func within(long, short string) bool {
	n := len(long) - len(short)
	return n > 0 && long[n-1] == '/' && long[n:] == short
}
