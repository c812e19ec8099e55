package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"path"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

const (
	// DefaultMaxRemarks is how many lines of a change are remarked on: more is noise, and all cases are in the comment.
	DefaultMaxRemarks = 10
	// remarkedCases is how many cases of one place a remark tells one by one.
	remarkedCases = 3
	// remarkedLines is how many lines a remark spans at most: a host shows all of them above it.
	remarkedLines = 10
)

// Lines are lines of a file after the change, both included. They count from 1.
type Lines struct{ From, To int }

// RemarkOptions say where remarks can stand.
type RemarkOptions struct {
	Args []string // as of a comment
	Max  int      // 0 means DefaultMaxRemarks, less than 0 none

	// Lines are those of the diff's right side that a host takes remarks on, by path relative to the root of the repository: one range for
	// each hunk. Files that the diff does not show are absent.
	Lines map[string][]Lines
}

// A Remark is what is said beside one place of the change about all cases there.
type Remark struct {
	Path     string
	From, To int // lines, both included, in one hunk
	Body     string
	Findings []string // ids, the worst first

	// Fingerprint tells the remark in later runs, 16 hexadecimal digits. It is over path and finding and not over lines, so that a remark
	// whose line moves stays the same one.
	Fingerprint string
}

// NewRemarks chooses the cases to remark on: introduced, asking for something, on a line of the diff; worst first, one remark for each
// place. All others, and what is beyond the most, are in the comment only.
func NewRemarks(r *engine.Result, o RemarkOptions) []Remark {
	most := o.Max
	if most == 0 {
		most = DefaultMaxRemarks
	}
	v := newView(r)
	var places []*spot
	for _, k := range v.urgent {
		if !isNew(k) || stated(&k.Decision) == engine.Pass {
			continue
		}
		at, ok := onDiff(&k.Input.Finding, o.Lines)
		if !ok {
			continue
		}
		i := slices.IndexFunc(places, func(p *spot) bool { return p.path == at.path && p.lines.From == at.lines.From })
		if i < 0 {
			if len(places) >= most {
				continue
			}
			i, places = len(places), append(places, &at)
		}
		places[i].add(k)
	}
	var out []Remark
	for _, p := range places {
		out = append(out, v.remark(p, o.Args))
	}
	return out
}

// A spot is lines of the change with the cases there, the worst first.
type spot struct {
	path  string
	lines Lines
	cases []*engine.Case // one of each finding
}

// add adds a case. A finding on several assets is one thing to fix here, which its worst case tells.
func (p *spot) add(k *engine.Case) {
	if !slices.ContainsFunc(p.cases, func(c *engine.Case) bool { return c.Input.Finding.ID == k.Input.Finding.ID }) {
		p.cases = append(p.cases, k)
	}
}

// onDiff is the first place of a finding that the diff shows. The lines end where the hunk does.
func onDiff(f *engine.Finding, lines map[string][]Lines) (spot, bool) {
	for _, l := range linesOf(f) {
		for _, hunk := range lines[l.path] {
			at := Lines{max(l.lines.From, hunk.From), min(l.lines.To, hunk.To)}
			if at.From <= at.To {
				at.To = min(at.To, at.From+remarkedLines-1)
				return spot{path: l.path, lines: at}, true
			}
		}
	}
	return spot{}, false
}

// linesOf are the places of a finding that are lines of files of the repository. The file of a package may be absolute, as in an image:
// then it is no file of the repository.
func linesOf(f *engine.Finding) []spot {
	var out []spot
	for _, l := range f.Locations {
		name := path.Clean(l.Path)
		if l.Path == "" || l.Line <= 0 || l.Image != "" || path.IsAbs(name) || name == ".." || strings.HasPrefix(name, "../") {
			continue
		}
		out = append(out, spot{path: name, lines: Lines{l.Line, max(l.Line, l.EndLine)}})
	}
	return out
}

// remark is what is said about a place.
func (v *view) remark(p *spot, args []string) Remark {
	out := Remark{Path: p.path, From: p.lines.From, To: p.lines.To}
	var said []string
	for i, k := range p.cases {
		out.Findings = append(out.Findings, k.Input.Finding.ID)
		if i < remarkedCases {
			said = append(said, v.about(k)+v.howTo(k))
		}
	}
	if more := len(p.cases) - remarkedCases; more > 0 {
		said = append(said, "and "+count(more, "more", "more")+" here: "+escapedWords(tallyOf(p.cases[remarkedCases:]))+".\n")
	}
	said = append(said, "<sub>why: "+code(commandOn(args, "headgate", "explain", v.ids[p.cases[0].Input.Finding.ID]), false)+"</sub>\n")
	out.Body = strings.Join(said, "\n")
	sum := sha256.Sum256([]byte(p.path + "\x00" + slices.Min(out.Findings)))
	out.Fingerprint = hex.EncodeToString(sum[:8])
	return out
}

// about says of a case in two lines what it is and why it matters.
func (v *view) about(k *engine.Case) string {
	f, d := &k.Input.Finding, &k.Decision
	name := "**" + code(weakness(f), false) + "**"
	if f.Package != nil {
		name = v.titleLine(f) // of anything else the place is where the remark stands
	}
	out := name + v.onAsset(k) + " · " + strings.Join(v.consequences(d), ", ")
	if s := prose(introduce(f, why(d)), false); s != "" {
		out += "\\\n" + s + "."
	}
	return out
}

// howTo says in a line what to do about a case: the plan's fix with its first command or advice, else what the rule advises.
func (v *view) howTo(k *engine.Case) string {
	advice := ""
	for i := range k.Decision.Reasons {
		if r := &k.Decision.Reasons[i]; r.InForce() && r.Remediation != "" {
			advice = cmp.Or(advice, r.Remediation)
		}
	}
	fix := v.fixes.fix[k.Input.Finding.ID]
	if none := v.fixes.none[k.Input.Finding.ID]; none != nil {
		advice = cmp.Or(none.Instead, advice)
	}
	switch {
	case fix != nil && fix.Fix == engine.FixUpgrade:
		s := "\\\n**Fix** " + todoOf(fix).markdown(false)
		if len(fix.How) > 0 {
			s += ": " + code(fix.How[0], false)
		}
		return s + "\n"
	case fix != nil && len(fix.How) > 0:
		advice = fix.How[0]
	}
	if s := prose(sentence(advice), false); s != "" {
		return "\\\n**Fix** " + s + ".\n"
	}
	return "\n"
}
