package change

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"
)

// A Diff is what a change did to the files of a repository.
type Diff struct {
	files  map[string]*file   // by name in the head; what was deleted is under the name that it had
	byBase map[string][]*file // the same by the last part of the name

	manifests []*file // those that package managers read, by name

	tree       map[string]bool     // all files of the head; nil: not known
	links      map[string]bool     // those that are links, so that what they read is in other files
	treeByBase map[string][]string // the same by the last part of the name
}

// A file is one that the change touched.
type file struct {
	name, old               string // in the head, in the base; the same unless it was renamed
	added, deleted, renamed bool
	opaque                  string // why its lines cannot be judged, e.g. "binary"; empty: they can
	whole                   bool   // it stands for a folder: a submodule or a symbolic link
	odd                     bool   // lines of it end otherwise than git has lines end, so that scanners may count more of them

	runs   []run  // in the order of the lines
	length int    // how many lines it has in the head; 0: not known
	text   []line // of manifests: the hunks as they read after the change, with what was removed in its place
	head   []byte // of manifests: what it reads in the head; nil: not known

	words  *index          // of text, when it is first needed
	named  map[string]bool // what names said
	steers *bool           // what decides said
}

// A run is lines that the change added, or, if there are none, a place where it removed some.
type run struct {
	from, to int  // lines of the head, both included; of a removal, from is the line before and to is from
	old      int  // the first line of the base that it replaces; of an addition, the line that it stands before
	gone     int  // how many lines of the base it replaces
	removed  bool // nothing was added
}

// A line is one of a hunk.
type line struct {
	op   byte // '+', '-' or ' '; '@' begins a hunk
	text string
}

// ParseDiff reads a unified diff as git writes it: git diff, git format-patch of one commit, or what a code host offers as .diff. An
// error means that nothing of it may be used. Sizes and counts are bounded; of a file whose part is too large, or binary, it is known
// that it was touched.
func ParseDiff(r io.Reader) (*Diff, error) {
	d := &Diff{files: map[string]*file{}, byBase: map[string][]*file{}}
	s := &splitter{in: bufio.NewReaderSize(r, 64<<10), take: d.take}
	if err := s.run(); err != nil {
		return nil, err
	}
	if s.files == 0 && s.line > 0 {
		return nil, errNoGitDiff
	}
	for _, f := range d.files {
		if manifestOf(f.name) != nil {
			d.manifests = append(d.manifests, f)
		}
	}
	slices.SortFunc(d.manifests, func(a, b *file) int { return strings.Compare(a.name, b.name) })
	return d, nil
}

// Empty says that the change touches no file.
func (d *Diff) Empty() bool { return len(d.files) == 0 }

// KnowTree tells which files the head has, by path from the root of the repository, and which of them are links.
func (d *Diff) KnowTree(names, links []string) {
	d.tree, d.treeByBase, d.links = make(map[string]bool, len(names)), map[string][]string{}, map[string]bool{}
	for _, n := range links {
		d.links[n] = true
	}
	for _, n := range names {
		d.tree[n] = true
		d.treeByBase[path.Base(n)] = append(d.treeByBase[path.Base(n)], n)
	}
}

// Manifests are the names of touched files that name some packages and bring others along, in order. What they read in the head
// tells more of them than their hunks do: see KnowText.
func (d *Diff) Manifests() []string {
	var names []string
	for _, f := range d.manifests {
		if !manifestOf(f.name).whole && !f.deleted && f.opaque == "" {
			names = append(names, f.name)
		}
	}
	return names
}

// KnowText tells what a touched file reads in the head.
func (d *Diff) KnowText(name string, text []byte) {
	if f := d.files[name]; f != nil {
		f.head, f.named = text, nil
	}
}

// KnowLines tells what a touched file with code reads in the head, whole: how many lines it has, and whether all end as git has lines end.
func (d *Diff) KnowLines(name string, text []byte) {
	if f := d.files[name]; f != nil {
		f.length = bytes.Count(text, []byte("\n"))
		if len(text) > 0 && text[len(text)-1] != '\n' {
			f.length++
		}
		f.odd = f.odd || oddEnd.Match(text)
	}
}

// Touches says whether the change touched lines of a file of this name, which can be read.
func (d *Diff) Touches(name string) bool {
	f := d.files[cleanPath(name)]
	return f != nil && !f.deleted && f.opaque == ""
}

// take reads one section.
func (d *Diff) take(s *section) error {
	files, before, err := gitdiff.Parse(bytes.NewReader(s.text))
	switch {
	case err != nil:
		return err
	case len(files) != 1 || before != "":
		return errNoGitDiff
	}
	g := files[0]
	f := &file{name: g.NewName, old: g.OldName, added: g.IsNew || g.IsCopy, deleted: g.IsDelete, renamed: g.IsRename}
	if f.deleted {
		f.name = g.OldName
	}
	if f.added {
		f.old = ""
	}
	if f.name == "" || f.name != path.Clean(f.name) || strings.HasPrefix(f.name, "../") {
		return fmt.Errorf("%q is no name of a file in a repository", f.name)
	}
	f.whole = special(g.OldMode) || special(g.NewMode)
	was := d.files[f.name]
	if was != nil && !(was.deleted && f.added && (was.whole || f.whole)) { // git tells so of a file that becomes a link, or the reverse
		return fmt.Errorf("%s is in it twice: it is several patches, whose lines do not add up; take git diff BASE...HEAD", f.name)
	}
	switch {
	case f.whole || was != nil:
		f.opaque = "a link or submodule"
	case g.IsCopy:
		f.opaque = "a copy of " + g.OldName
	case g.IsBinary:
		f.opaque = "binary"
	case s.cut:
		f.opaque = "too large to read"
	}
	manifest := manifestOf(f.name) != nil
	for _, fragment := range g.TextFragments {
		if err := f.takeHunk(fragment, manifest); err != nil {
			return err
		}
	}
	if was != nil {
		*was = *f
		return nil
	}
	d.files[f.name] = f
	d.byBase[path.Base(f.name)] = append(d.byBase[path.Base(f.name)], f)
	return nil
}

// oddEnd are ends of lines for some scanners and languages, and not for git.
var oddEnd = regexp.MustCompile("\r[^\r\n]|[\v\f\u0085\u2028\u2029]")

// special says whether a mode is of something that stands for other files.
func special(mode fs.FileMode) bool {
	const format, link, submodule = 0o170000, 0o120000, 0o160000
	return mode&format == link || mode&format == submodule
}

// takeHunk notes which lines were added, and where some were removed.
func (f *file) takeHunk(h *gitdiff.TextFragment, keep bool) error {
	const mostLines = 1 << 40 // more than any file has, less than what overflows when it is added to
	if h.NewPosition < 0 || h.NewPosition > mostLines || h.OldPosition < 0 || h.OldPosition > mostLines {
		return errors.New("the head of a hunk has lines that no file has")
	}
	at, old := int(h.NewPosition), int(h.OldPosition)
	if h.NewLines == 0 {
		at++ // the head of a hunk without lines names the one before
	}
	if h.OldLines == 0 {
		old++
	}
	if n := len(f.runs); n > 0 && (at <= f.runs[n-1].to || old < f.runs[n-1].old+f.runs[n-1].gone) {
		return errors.New("the hunks are not in order")
	}
	if keep {
		f.text = append(f.text, line{op: '@'})
	}
	begins := len(f.text)
	added, gone := 0, 0 // of the run that is being read
	end := func() {
		switch {
		case added > 0:
			f.runs = append(f.runs, run{from: at - added, to: at - 1, old: old - gone, gone: gone})
		case gone > 0:
			f.runs = append(f.runs, run{from: at - 1, to: at - 1, old: old - gone, gone: gone, removed: true})
		}
		added, gone = 0, 0
	}
	for _, l := range h.Lines {
		f.odd = f.odd || l.Op != gitdiff.OpDelete && oddEnd.MatchString(l.Line)
		op := byte(' ')
		switch l.Op {
		case gitdiff.OpAdd:
			op = '+'
			added, at = added+1, at+1
		case gitdiff.OpDelete:
			op = '-'
			gone, old = gone+1, old+1
		default:
			end()
			at, old = at+1, old+1
		}
		if keep {
			f.text = append(f.text, line{op, spelt(strings.TrimRight(l.Line, "\r\n"))})
		}
	}
	end()
	if isJSON(f.name) {
		keepBeforeComma(f.text[begins:])
	}
	return nil
}

// in is the run that touches lines from to end, if any does. A removal touches them if it was between two of them: what a line after
// another says is not changed by what was before both.
func (f *file) in(from, end int) *run {
	end = max(from, end)
	i, _ := slices.BinarySearchFunc(f.runs, from, func(r run, from int) int {
		if r.to < from {
			return -1
		}
		return 1
	})
	for ; i < len(f.runs) && f.runs[i].from <= end; i++ {
		if r := &f.runs[i]; !r.removed || r.from >= from && r.from < end {
			return r
		}
	}
	return nil
}

// before is the line of the base that a line of the head was, if the change did not add it.
func (f *file) before(at int) (int, bool) {
	if f.added || f.odd || f.opaque != "" || f.in(at, at) != nil {
		return 0, false
	}
	i, _ := slices.BinarySearchFunc(f.runs, at, func(r run, at int) int {
		if r.to < at {
			return -1
		}
		return 1
	})
	if i == 0 {
		return at, true
	}
	r := &f.runs[i-1]
	return at - r.to - 1 + r.old + r.gone, true
}

// OldName is the name that a file had in the base: another one if the change renamed it.
func (d *Diff) OldName(name string) string {
	if d != nil {
		if f := d.files[name]; f != nil && f.renamed {
			return f.old
		}
	}
	return name
}
