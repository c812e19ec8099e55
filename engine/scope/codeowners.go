package scope

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/hmarr/codeowners"

	"github.com/headgate/headgate/engine"
)

// Owners are who owns which files: the last rule that fits a path counts.
type owners struct {
	file  string
	rules []codeowners.Rule
	known map[string]*codeowners.Rule // by path that was asked for; nil: nobody's
}

// ownersFiles are where code hosts look for the file; the first that is there counts.
var ownersFiles = []string{".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"}

const (
	mostOwnerRules = 50_000
	mostOwnerLine  = 4096 // bytes
)

// isCodeowners knows the file by its name: it has no form of its own.
func isCodeowners(d *document) bool { return d.root == nil && path.Base(d.file) == "CODEOWNERS" }

// readCodeowners reads the rules of the one file that counts. A line that is no rule is passed over, as code hosts do, and said.
func readCodeowners(docs []*document, _ Options, s *statements) error {
	var of *document
	for _, d := range docs {
		switch {
		case !slices.Contains(ownersFiles, d.file):
			s.warn("%s: it is not read: CODEOWNERS counts as %s", d.file, strings.Join(ownersFiles, ", "))
		case of == nil || slices.Index(ownersFiles, d.file) < slices.Index(ownersFiles, of.file):
			if of != nil {
				s.warn("%s: it is not read: %s goes before it", of.file, d.file)
			}
			of = d
		default:
			s.warn("%s: it is not read: %s goes before it", d.file, of.file)
		}
	}
	if of == nil {
		return nil
	}
	o := &owners{file: of.file, known: map[string]*codeowners.Rule{}}
	n := 0
	for line := range bytes.Lines(of.text) {
		n++
		if len(line) > mostOwnerLine || len(o.rules) >= mostOwnerRules {
			s.warn("%s: the line is longer than %d bytes, or there are more than %d rules; it is left out", of.place(n), mostOwnerLine, mostOwnerRules)
			if len(o.rules) >= mostOwnerRules {
				break
			}
			continue
		}
		rules, err := codeowners.ParseFile(bytes.NewReader(line))
		if err != nil {
			s.warn("%s: %s; the line is left out", of.place(n), strings.TrimPrefix(err.Error(), "line 1: "))
			continue
		}
		for _, r := range rules {
			if r.RawPattern() != "/" { // it fits no file
				r.LineNumber = n
				o.rules = append(o.rules, r)
			}
		}
	}
	s.owners = o
	return nil
}

// of is the rule that says who owns a path; nil if none does.
func (o *owners) of(file string) *codeowners.Rule {
	if r, ok := o.known[file]; ok {
		return r
	}
	for i := len(o.rules) - 1; i >= 0; i-- {
		if fits, err := o.rules[i].Match(file); err == nil && fits {
			if len(o.rules[i].Owners) > 0 {
				o.known[file] = &o.rules[i]
			}
			break
		}
	}
	if _, ok := o.known[file]; !ok {
		o.known[file] = nil
	}
	return o.known[file]
}

func (o *owners) place(r *codeowners.Rule) string { return fmt.Sprintf("%s:%d", o.file, r.LineNumber) }

// shared are the owners of a rule. Several share what it fits.
func shared(r *codeowners.Rule) string {
	var all []string
	for _, o := range r.Owners {
		all = append(all, o.String())
	}
	return strings.Join(all, ", ")
}

// ownByPaths states the owner of each asset whose files all belong to the same: those of a folder to who owns whatever is put there.
func (inv *Inventory) ownByPaths() {
	if inv.owners == nil {
		return
	}
	for i := range inv.assets {
		e := &inv.assets[i]
		rule := inv.owners.ofAll(slices.Concat(e.match.Paths, inv.globsHere(e)))
		if rule == nil || e.asset.Owner != "" && strings.Trim(rule.RawPattern(), "*/") == "" { // the last resort contradicts nobody
			continue
		}
		own := newEntry(e.asset.ID, e.place)
		own.put("owner", shared(rule), inv.owners.place(rule))
		e.absorb(&own, len(sources))
	}
}

// globsHere are the patterns of an asset over paths of this repository.
func (inv *Inventory) globsHere(e *entry) (globs []string) {
	for _, p := range e.match.within {
		if inv.repository == "" || strings.EqualFold(p.repository, inv.repository) {
			globs = append(globs, p.glob)
		}
	}
	return globs
}

// ofAll is the rule that says who owns all that patterns over paths fit; nil if several do, or if a pattern names neither a folder nor a
// file.
func (o *owners) ofAll(globs []string) (rule *codeowners.Rule) {
	for _, g := range globs {
		base, rest := doublestar.SplitPattern(g)
		file := path.Join(base, rest)
		if rest == "**" || rest == "**/*" || rest == "*" {
			file = path.Join(base, "\x00") // a name that no rule for some files of the folder has
		} else if strings.ContainsAny(rest, `*?[{\`) {
			return nil
		}
		one := o.of(file)
		if one == nil || rule != nil && shared(one) != shared(rule) {
			return nil
		}
		rule = one
	}
	return rule
}

// ownerOf is who owns the files that a finding is in, if it is in files of this repository and they all have the same owner; and the
// line that says so.
func (inv *Inventory) ownerOf(d *engine.Discovery) (owner, at string) {
	t := d.Target
	if inv.owners == nil || t.Type != engine.TargetRepository || t.Name != "" && inv.repository != "" && !strings.EqualFold(t.Name, inv.repository) {
		return "", ""
	}
	var rule *codeowners.Rule
	for _, l := range d.Finding.Locations {
		one := inv.owners.of(l.Path)
		if l.Path == "" || one == nil || rule != nil && shared(one) != shared(rule) {
			return "", ""
		}
		rule = one
	}
	if rule == nil {
		return "", ""
	}
	return shared(rule), inv.owners.place(rule)
}

// sameOwner says whether two texts name one owner: "@acme/team-pay" is "team-pay" to those who write it without the organisation, and who
// is among several is no other.
func sameOwner(a, b string) bool {
	for _, one := range listed(a) {
		for _, other := range listed(b) {
			if strings.EqualFold(handle(one), handle(other)) {
				return true
			}
		}
	}
	return false
}

// handle is the last part of "@acme/team-pay".
func handle(owner string) string {
	return strings.TrimPrefix(owner[strings.LastIndexByte(owner, '/')+1:], "@")
}
