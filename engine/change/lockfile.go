package change

import (
	"path"
	"slices"
	"strings"
)

// oneLine are lockfiles in which name and version of a package always stand in one line.
var oneLine = []string{"go.mod", "go.sum", "go.work.sum", "gradle.lockfile", "gemfile.lock", "gems.locked", "bun.lock", "mix.lock"}

// An index finds the lines of a manifest's hunks in which a word stands.
type index struct {
	folded []string         // the lines in the form of fold
	blocks [][]*block       // of each line; empty: not known
	lines  map[string][]int // by word: lines that were added, and removed ones that count
	slid   map[string][]int // by word: lines that stay, below changed ones of their block, so that they may have come to be of another
	memo   map[string]bool  // what addedBy said
}

// indexed makes the index when it is first needed.
func (f *file) indexed() *index {
	if f.words != nil {
		return f.words
	}
	x := &index{lines: map[string][]int{}, slid: map[string][]int{}, memo: map[string]bool{}}
	ecosystem, mod := manifestOf(f.name).ecosystem, path.Base(f.name) == "go.mod"
	x.blocks = blocksOf(f.name, f.text)
	last := -1 // the last changed line of the hunk
	for i, l := range f.text {
		text := fold(ecosystem, l.text)
		x.folded = append(x.folded, text)
		to := x.lines
		switch {
		case l.op == '@':
			last = -1
			continue
		case l.op == ' ':
			if !slices.ContainsFunc(x.blocks[i], func(b *block) bool { return last >= 0 && b.since(last) }) {
				continue
			}
			to = x.slid
		case l.op == '-':
			if last = i; !mod || !strings.Contains(text, "=>") { // what is replaced no more is itself again
				continue
			}
		default:
			last = i
		}
		for w := range words(text) {
			if have := to[w]; len(have) == 0 || have[len(have)-1] != i {
				to[w] = append(have, i)
			}
		}
	}
	f.words = x
	return x
}

// words are the runs of letters in a line, and what follows a "v" or "-" in them, where versions stand.
func words(line string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for i := 0; i < len(line); {
			if !letter(line[i]) {
				i++
				continue
			}
			start := i
			for i < len(line) && letter(line[i]) {
				i++
			}
			w := strings.TrimRight(line[start:i], ".")
			if !yield(w) || len(w) > 1 && w[0] == 'v' && !yield(w[1:]) {
				return
			}
			for at, parts := 0, 0; parts < 8; parts++ { // names have few hyphens; what has more is hashes
				k := strings.IndexByte(w[at:], '-')
				if k < 0 {
					break
				}
				if at += k + 1; !yield(w[at:]) {
					return
				}
			}
		}
	}
}

// lastWord is the word by which a text is found in an index, and firstWord that of a version.
func lastWord(s string) string {
	last := ""
	for i := 0; i < len(s); {
		if !letter(s[i]) {
			i++
			continue
		}
		start := i
		for i < len(s) && letter(s[i]) {
			i++
		}
		last = strings.TrimRight(s[start:i], ".")
	}
	return last
}

func firstWord(s string) string {
	end := 0
	for end < len(s) && letter(s[end]) {
		end++
	}
	return strings.TrimRight(s[:end], ".")
}

// since says whether a line is below what names the block, or may be.
func (b *block) since(line int) bool { return b.open || len(b.says) > 0 && b.says[0] < line }

// addedBy says whether a lockfile's hunks bring the package: by an added line that names it, or one with its version in the block of
// the package, or in one whose beginning is too far above to be seen; or by a line with its version that now stands in that block.
func (f *file) addedBy(w *wanted) bool {
	x := f.indexed()
	key := w.name + "\n" + strings.Join(w.versions, "\n")
	said, ok := x.memo[key]
	if !ok {
		base := strings.ToLower(path.Base(f.name))
		said = x.adds(w, slices.Contains(oneLine, base), strings.HasSuffix(base, ".sum"))
		x.memo[key] = said
	}
	return said
}

// adds is addedBy of a file with one line for each package, as is go.sum, which also has what was only looked at; or of another file.
func (x *index) adds(w *wanted, oneLine, sum bool) bool {
	for _, i := range x.lines[lastWord(w.name)] {
		if w.namedIn(x.folded[i]) && (!sum || len(w.versions) == 0 || w.versionIn(x.folded[i])) {
			return true
		}
	}
	for _, v := range w.versions {
		if oneLine {
			break
		}
		for _, lines := range [][]int{x.lines[firstWord(v)], x.slid[firstWord(v)]} {
			for _, i := range lines {
				if w.versionIn(x.folded[i]) && x.mayBeOf(w, i) {
					return true
				}
			}
		}
	}
	return false
}

// mayBeOf says whether a line is in the block of the package, or in one of which it is not known whose it is.
func (x *index) mayBeOf(w *wanted, line int) bool {
	return len(x.blocks[line]) == 0 || slices.ContainsFunc(x.blocks[line], func(b *block) bool {
		return b.open || len(b.says) > mostNames || slices.ContainsFunc(b.says, func(n int) bool { return w.namedIn(x.folded[n]) })
	})
}
