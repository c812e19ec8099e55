package change

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// entry is a line at which a lockfile begins to tell of a package, in the forms of JSON, TOML, and YAML or yarn.
var entry = regexp.MustCompile(`^\s*(?:"[^"]*": ?\{|\S.*:)\s*$|^\s*(?:name = "|"name": ?"|- name: )`)

// inner are keys that begin a part of an entry, or the list of all.
var inner = regexp.MustCompile(`^\s*"?(?:(?:dev-?|peer-?|optional-?)?dependencies|peerdependenciesmeta|requires|require|require-dev|engines|bin|funding|packages|` +
	`resolution|description|dist|source|autoload|extra|support|default|develop|snapshots|importers|specifiers|metadata|cpu|os|libc|_meta)"?: ?\{?\s*$`)

// oneLine are lockfiles in which name and version of a package always stand in one line.
var oneLine = []string{"go.mod", "go.sum", "go.work.sum", "gradle.lockfile", "gemfile.lock", "gems.locked", "bun.lock", "mix.lock"}

// begins says whether a line is the first of an entry. Most lines are not, and seen not to be without the patterns.
func begins(text string) bool {
	end := strings.TrimRight(text, " \t")
	if end == "" || end[len(end)-1] != '{' && end[len(end)-1] != ':' && !strings.Contains(text, "name") {
		return false
	}
	return entry.MatchString(text) && !inner.MatchString(text)
}

// An index finds the lines of a manifest's hunks in which a word stands.
type index struct {
	folded []string         // the lines in the form of fold
	owner  []int            // of each line, the line at which the entry that it is in begins; -1: above what is seen
	lines  map[string][]int // by word: lines that were added, and removed ones that count
	memo   map[string]bool  // what addedBy said
}

// indexed makes the index when it is first needed.
func (f *file) indexed() *index {
	if f.words != nil {
		return f.words
	}
	x := &index{lines: map[string][]int{}, memo: map[string]bool{}}
	ecosystem, mod := manifestOf(f.name).ecosystem, path.Base(f.name) == "go.mod"
	owner := -1
	for i, l := range f.text {
		text := fold(ecosystem, l.text)
		if l.op == '@' {
			owner = -1
		} else if l.op != '-' && begins(text) {
			owner = i
		}
		x.folded, x.owner = append(x.folded, text), append(x.owner, owner)
		if l.op == '+' || l.op == '-' && mod && strings.Contains(text, "=>") { // what is replaced no more is itself again
			for w := range words(text) {
				if have := x.lines[w]; len(have) == 0 || have[len(have)-1] != i {
					x.lines[w] = append(have, i)
				}
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

// addedBy says whether a lockfile's hunks bring the package: by an added line that names it, or one with its version in the entry of
// the package, or in an entry whose beginning is too far above to be seen.
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
		for _, i := range x.lines[firstWord(v)] {
			if o := x.owner[i]; (o < 0 || w.namedIn(x.folded[o])) && w.versionIn(x.folded[i]) {
				return true
			}
		}
	}
	return false
}
