package githubtest

import (
	"bytes"
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// A fileChange is a file of a pull request or a comparison.
type fileChange struct {
	name, former         string
	status               string // added, removed, modified, renamed
	sha                  string // of the blob; that of the old one if removed
	additions, deletions int
	patch                string // hunks; "" if there are none to show
}

const maxPatch = 1 << 20 // bytes of a patch that are shown; GitHub leaves larger ones out

// changes lists what differs between two commits, by name; base may be nil.
func (o *objects) changes(base, head *commit) []fileChange {
	between := [2]string{"", head.sha}
	before := map[string]file{}
	if base != nil {
		between[0], before = base.sha, base.files
	}
	all, known := o.changed[between]
	if !known {
		all = o.compare(before, head)
		o.changed[between] = all
	}
	return all
}

func (o *objects) compare(before map[string]file, head *commit) []fileChange {
	gone := map[string][]string{} // the blobs of removed files → their names
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if _, ok := head.files[name]; !ok {
			gone[before[name].sha] = append(gone[before[name].sha], name)
		}
	}
	var all []fileChange
	renamed := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(head.files)) {
		f := head.files[name]
		old, was := before[name]
		switch from := gone[f.sha]; {
		case was && old == f:
		case was:
			all = append(all, o.change(fileChange{name: name, status: "modified", sha: f.sha}, old.sha, f.sha))
		case len(from) > 0:
			all = append(all, fileChange{name: name, former: from[0], status: "renamed", sha: f.sha})
			renamed[from[0]], gone[f.sha] = true, from[1:]
		default:
			all = append(all, o.change(fileChange{name: name, status: "added", sha: f.sha}, "", f.sha))
		}
	}
	for _, names := range gone {
		for _, name := range names {
			if !renamed[name] {
				all = append(all, o.change(fileChange{name: name, status: "removed", sha: before[name].sha}, before[name].sha, ""))
			}
		}
	}
	slices.SortFunc(all, func(a, b fileChange) int { return cmp.Compare(a.name, b.name) })
	return all
}

func (o *objects) change(c fileChange, before, after string) fileChange {
	patch := patchOf(o.blobs[before], o.blobs[after])
	for line := range strings.SplitSeq(patch, "\n") {
		switch {
		case strings.HasPrefix(line, "+"):
			c.additions++
		case strings.HasPrefix(line, "-"):
			c.deletions++
		}
	}
	if len(patch) <= maxPatch {
		c.patch = patch
	}
	return c
}

// patchOf has the hunks between two contents, as GitHub shows them: without the names and without a last line end. It is empty for
// what is not text.
func patchOf(before, after []byte) string {
	if bytes.IndexByte(before, 0) >= 0 || bytes.IndexByte(after, 0) >= 0 {
		return ""
	}
	d := string(diff.Diff("a", before, "b", after))
	at := strings.Index(d, "\n@@ ")
	if at < 0 {
		return ""
	}
	return strings.TrimSuffix(d[at+1:], "\n")
}

// A diffLine is one line of a patch; a line number of 0 is none on that side.
type diffLine struct {
	hunk, left, right int
	text              string // with its sign
}

var hunkHeader = regexp.MustCompile(`^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@`)

// linesOf reads a patch.
func linesOf(patch string) []diffLine {
	var all []diffLine
	hunk, left, right := 0, 0, 0
	for text := range strings.SplitSeq(patch, "\n") {
		if m := hunkHeader.FindStringSubmatch(text); m != nil {
			hunk++
			left, _ = strconv.Atoi(m[1])
			right, _ = strconv.Atoi(m[2])
			continue
		}
		l := diffLine{hunk: hunk, text: text}
		switch {
		case strings.HasPrefix(text, "+"):
			l.right = right
			right++
		case strings.HasPrefix(text, "-"):
			l.left = left
			left++
		case strings.HasPrefix(text, " "):
			l.left, l.right = left, right
			left++
			right++
		default: // that there is no line end
			continue
		}
		all = append(all, l)
	}
	return all
}

// on finds a line of a side, "LEFT" or "RIGHT".
func on(lines []diffLine, side string, line int) (diffLine, bool) {
	i := slices.IndexFunc(lines, func(l diffLine) bool {
		return side == "LEFT" && l.left == line || side == "RIGHT" && l.right == line
	})
	if i < 0 || line <= 0 {
		return diffLine{}, false
	}
	return lines[i], true
}

// hunkTo is a hunk up to and with a line, as a review comment shows it.
func hunkTo(patch string, l diffLine) string {
	var shown []string
	hunk := 0
	for i, lines := 0, strings.Split(patch, "\n"); i < len(lines); i++ {
		if hunkHeader.MatchString(lines[i]) {
			hunk++
		}
		if hunk == l.hunk {
			shown = append(shown, lines[i])
		}
		if hunk == l.hunk && lines[i] == l.text && lastOf(shown, l) {
			break
		}
	}
	return strings.Join(shown, "\n")
}

// lastOf says whether what is shown of a hunk ends with the line meant, and not with another of the same text.
func lastOf(shown []string, l diffLine) bool {
	lines := linesOf(strings.Join(shown, "\n"))
	if len(lines) == 0 {
		return false
	}
	last := lines[len(lines)-1]
	return last.left == l.left && last.right == l.right
}

// movedLine finds where a line of one content is in another; false if it is not there any more.
func movedLine(before, after []byte, line int) (int, bool) {
	if bytes.Equal(before, after) {
		return line, true
	}
	shift := 0
	for _, l := range linesOf(patchOf(before, after)) {
		switch {
		case l.left == line && l.right > 0:
			return l.right, true
		case l.left == line:
			return 0, false
		case l.left > line:
			return line + shift, true
		case l.left == 0:
			shift++
		case l.right == 0:
			shift--
		}
	}
	return line + shift, true
}
