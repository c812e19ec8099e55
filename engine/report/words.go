package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
)

// first is the first of several names that shows as something.
func first(names ...string) string {
	for _, n := range names {
		if clean(n) != "" {
			return n
		}
	}
	return ""
}

// weakness names what is wrong: the published name, else the scanner's rule, else what the kind of finding has.
func weakness(f *engine.Finding) string {
	var names []string
	if f.Vulnerability != nil {
		names = append(names, f.Vulnerability.ID)
	}
	if f.License != nil {
		names = append(names, f.License.SPDX)
	}
	if f.Rule != nil {
		names = append(names, f.Rule.ID)
	}
	if f.Secret != nil {
		names = append(names, f.Secret.Type)
	}
	return first(append(names, string(f.Kind))...)
}

// subject names what the finding is in: package and versions, resource, place, or, where there is none of these, its title.
func subject(f *engine.Finding) string {
	place := place(f)
	switch {
	case f.Package != nil:
		return packageWords(f.Package)
	case f.Resource != nil && f.Resource.Name != "":
		return strings.TrimSpace(f.Resource.Name + " " + place)
	case place != "":
		return place
	case f.Resource != nil && f.Resource.Type != "":
		return f.Resource.Type
	}
	return f.Title
}

// packageWords name a package and its versions, and what is installed of a distribution's source package: "openssl 3.0.11 (libssl3)".
func packageWords(p *engine.Package) string {
	words := strings.TrimSpace(p.Name + " " + some(p.Versions, 2))
	if len(p.Binaries) > 1 || len(p.Binaries) == 1 && p.Binaries[0] != p.Name {
		words += " (" + some(p.Binaries, 2) + ")"
	}
	return words
}

// place is the first place of a finding, "internal/files/open.go:41", and how many more there are.
func place(f *engine.Finding) string {
	for _, l := range f.Locations {
		s := first(l.Path, l.URL, l.Image)
		if s == "" {
			continue
		}
		if s == l.Path && l.Line > 0 {
			s += ":" + strconv.Itoa(l.Line)
		}
		if more := len(f.Locations) - 1; more > 0 {
			s += fmt.Sprintf(" +%d", more)
		}
		return s
	}
	return ""
}

// some joins the first n of a list and says how many more there are.
func some(list []string, n int) string {
	if len(list) > n {
		return strings.Join(list[:n], ", ") + fmt.Sprintf(" +%d", len(list)-n)
	}
	return strings.Join(list, ", ")
}

// assetName is how people call an asset.
func assetName(a *engine.Asset) string { return first(a.Name, a.ID, "unnamed") }

// count is a number with its noun.
func count(n int, one, many string) string { return strconv.Itoa(n) + " " + plural(n, one, many) }

// plural is the word for n things.
func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// and joins words as a sentence does: "a, b and c".
func and(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// dated is a day as people write it. The year of the run is left out.
func dated(t, now time.Time) string {
	t = t.UTC()
	if !now.IsZero() && t.Year() == now.UTC().Year() {
		return t.Format("2 Jan")
	}
	return t.Format("2 Jan 2006")
}

// due is when a case is to be fixed, empty if nothing says so. What is due within a day says the hour.
func due(d *engine.Decision, now time.Time) string {
	switch {
	case d.Due.IsZero():
		return ""
	case d.Overdue:
		return "overdue since " + dated(d.Due, now)
	case !wholeDay(d.Due):
		return "due " + dated(d.Due, now) + d.Due.UTC().Format(" 15:04 UTC")
	}
	return "due " + dated(d.Due, now)
}

// wholeDay says that a date means a day rather than an instant.
func wholeDay(t time.Time) bool { return t.Equal(t.Truncate(24 * time.Hour)) }

// tally counts cases by priority.
type tally map[engine.Priority]int

func tallyOf(cases []*engine.Case) tally {
	t := tally{}
	for _, c := range cases {
		t[c.Decision.Priority]++
	}
	return t
}

// words are the counts worst first, each as "2 act".
func (t tally) words() []string {
	var out []string
	for i := len(engine.Priorities) - 1; i >= 0; i-- {
		if p := engine.Priorities[i]; t[p] > 0 {
			out = append(out, strconv.Itoa(t[p])+" "+string(p))
		}
	}
	return out
}

// short is a digest or commit as people compare them. Empty stays empty.
func short(digest string, n int) string {
	if _, hex, ok := strings.Cut(digest, ":"); ok {
		digest = hex
	}
	if len(digest) > n {
		return digest[:n]
	}
	return digest
}

// command is a command line that can be copied: words that a shell would read otherwise are quoted. Ids and file names can be chosen
// by somebody who wants it to run something else.
func command(words ...string) string {
	out := make([]string, len(words))
	for i, w := range words {
		if w = clean(w); w == "" || strings.ContainsFunc(w, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._/@:=+,-", r))
		}) {
			w = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
		out[i] = w
	}
	return strings.Join(out, " ")
}
