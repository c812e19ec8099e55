package waiver

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/headgate/headgate/engine"
)

// wire is the form of an entry, in the order in which drafts have it.
type wire struct {
	ID        string     `yaml:"id"`
	Finding   string     `yaml:"finding,omitempty"`
	Asset     string     `yaml:"asset,omitempty"`
	Reason    string     `yaml:"reason"`
	Ticket    string     `yaml:"ticket,omitempty"`
	Requester string     `yaml:"requester,omitempty"`
	Approver  string     `yaml:"approver,omitempty"`
	Created   string     `yaml:"created"`
	Expires   string     `yaml:"expires"`
	While     *wireGuard `yaml:"while,omitempty"`
}

type wireGuard struct {
	KEV             *bool   `yaml:"kev,omitempty"`
	EPSSBelow       float64 `yaml:"epss_below,omitempty"`
	ReachabilityNot string  `yaml:"reachability_not,omitempty"`
	ExposureNot     string  `yaml:"exposure_not,omitempty"`
	ValidationNot   string  `yaml:"validation_not,omitempty"`
}

// A Draft is a waiver to be.
type Draft struct {
	Waiver Waiver // Line and EndLine are not known yet
	about  string // what it is about, for the comment above it
}

var notInID = regexp.MustCompile(`[^a-z0-9]+`)

// NewDraft drafts a waiver of a finding for cases of it, whose facts of today become its guards: it ends when one of them changes for
// the worse. Of the waiver given the reason, dates and people are taken; its asset, if it has one, must be that of the cases. The id is
// none that the list has.
func NewDraft(given Waiver, cases []engine.Case, have *List) (*Draft, error) {
	if len(cases) == 0 {
		return nil, errors.New("there is no case to waive")
	}
	d := &Draft{Waiver: given}
	f := &cases[0].Input.Finding
	d.Waiver.Finding = f.ID
	name := f.ID
	switch {
	case f.Vulnerability != nil:
		name = f.Vulnerability.ID
	case f.Rule != nil:
		name = f.Rule.ID
	}
	d.about = name
	if f.Package != nil {
		name += "-" + f.Package.Name
		d.about += " in " + f.Package.Name
	} else if len(f.Locations) > 0 {
		d.about += " in " + f.Locations[0].Path
	}
	d.Waiver.ID = freeID(name, have)
	d.Waiver.While = guardsOf(cases)
	return d, nil
}

// freeID makes an id of a name.
func freeID(name string, have *List) string {
	base := strings.Trim(notInID.ReplaceAllString(strings.ToLower(name), "-"), "-")
	base = strings.TrimRight("w-"+base[:min(len(base), 50)], "-")
	taken := map[string]bool{}
	if have != nil {
		for i := range have.Waivers {
			taken[have.Waivers[i].ID] = true
		}
	}
	id := base
	for n := 2; taken[id]; n++ {
		id = fmt.Sprintf("%s-%d", base, n)
	}
	return id
}

// guardsOf are the guards that hold of all cases today and would not if a fact became what calls for action.
func guardsOf(cases []engine.Case) Guards {
	g := Guards{NotExploited: true, ReachabilityNot: []string{"reachable"}, ExposureNot: []string{"internet"}, ValidationNot: []string{"exploitable"}}
	highest, known := 0.0, true
	for i := range cases {
		in := &cases[i].Input
		if intel := in.Context.Intel; intel != nil && intel.EPSS != nil {
			highest = max(highest, intel.EPSS.Probability)
		} else {
			known = false
		}
		for _, one := range []struct {
			guard Guards
			drop  func()
		}{
			{Guards{NotExploited: true}, func() { g.NotExploited = false }},
			{Guards{ReachabilityNot: []string{"reachable"}}, func() { g.ReachabilityNot = nil }},
			{Guards{ExposureNot: []string{"internet"}}, func() { g.ExposureNot = nil }},
			{Guards{ValidationNot: []string{"exploitable"}}, func() { g.ValidationNot = nil }},
		} {
			if one.guard.broken(in) != "" {
				one.drop()
			}
		}
	}
	if below := headRoom(highest); known && below < 1 {
		g.EPSSBelow = below
	}
	return g
}

// headRoom is a bound above a probability that its daily changes do not reach: half as much again, and at least two points in a hundred.
func headRoom(p float64) float64 { return math.Ceil(math.Max(p*1.5, p+0.02)*100) / 100 }

// Entry is the draft as an entry of a waivers file, indented by some spaces.
func (d *Draft) Entry(indent int) ([]byte, error) {
	w := &d.Waiver
	out := wire{
		ID: w.ID, Finding: w.Finding, Asset: w.Asset, Reason: w.Reason, Ticket: w.Ticket, Requester: w.Requester, Approver: w.Approver,
		Created: w.Created.Format(time.DateOnly), Expires: w.Expires.Format(time.DateOnly),
	}
	g := wireGuard{EPSSBelow: w.While.EPSSBelow, ReachabilityNot: strings.Join(w.While.ReachabilityNot, ""),
		ExposureNot: strings.Join(w.While.ExposureNot, ""), ValidationNot: strings.Join(w.While.ValidationNot, "")}
	if w.While.NotExploited {
		g.KEV = new(false)
	}
	if g != (wireGuard{}) {
		out.While = &g
	}
	var text bytes.Buffer
	enc := yaml.NewEncoder(&text)
	enc.SetIndent(2)
	if err := enc.Encode(out); err != nil {
		return nil, fmt.Errorf("write the waiver: %w", err)
	}
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("write the waiver: %w", err)
	}
	// A date in quotes is what people do not write; it reads the same without.
	plain := quotedDate.ReplaceAll(text.Bytes(), []byte("$1 $2"))
	margin := strings.Repeat(" ", indent)
	var entry strings.Builder
	if about := comment(d.about); about != "" {
		entry.WriteString(margin + "# " + about + "\n")
	}
	first := true
	for line := range strings.Lines(string(plain)) {
		lead := margin + "  "
		if first {
			lead, first = margin+"- ", false
		}
		entry.WriteString(lead + line)
	}
	return []byte(entry.String()), nil
}

var quotedDate = regexp.MustCompile(`(?m)^((?:created|expires):) "([0-9-]{10})"$`)

// comment is text for a comment: what scanners say must not begin a line of its own.
func comment(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, strings.Join(strings.Fields(s), " "))
	return s[:min(len(s), 100)]
}

// newFile is what a file begins with that has no waiver yet.
const newFile = "# yaml-language-server: $schema=" + SchemaFile + "\n" + `# Accepted risks: each for a time, with a reason. headgate schema waivers says what an entry can have. An entry counts once git shows
# that its requester wrote it and that someone on the list approvers of headgate.yaml, who is somebody else, approved it.
waivers:
`

// Append puts a draft at the end of the text of a waivers file and leaves all else as it is. The result is read again: if it does not
// say what the file said and the draft besides, that is an error, and the draft is to be put in by hand.
func (d *Draft) Append(name string, text []byte) ([]byte, error) {
	before, err := Read(name, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	seq, err := sequence(name, text)
	if err != nil {
		return nil, err
	}
	indent, out := 2, slices.Clone(text)
	switch {
	case seq != nil && len(seq.Content) > 0 && seq.Style&yaml.FlowStyle == 0:
		indent = seq.Column - 1
	case seq != nil && len(seq.Content) > 0:
		return nil, fmt.Errorf("%s: its waivers stand in brackets", name)
	default:
		out = emptyList.ReplaceAll(out, []byte("waivers:"))
		if !hasList.Match(out) {
			if len(out) > 0 && !bytes.HasSuffix(out, []byte("\n")) {
				out = append(out, '\n')
			}
			out = append(out, newFile...)
		}
	}
	entry, err := d.Entry(indent)
	if err != nil {
		return nil, err
	}
	if !bytes.HasSuffix(out, []byte("\n")) {
		out = append(out, '\n')
	}
	out = append(out, entry...)
	after, err := Read(name, bytes.NewReader(out))
	if err != nil {
		return nil, fmt.Errorf("with the waiver it would not load: %w", err)
	}
	if n := len(before.Waivers); len(after.Waivers) != n+1 || !d.Waiver.says(&after.Waivers[n]) {
		return nil, fmt.Errorf("%s: with the waiver it would not say what it is to say", name)
	}
	for i := range before.Waivers {
		if !before.Waivers[i].says(&after.Waivers[i]) {
			return nil, fmt.Errorf("%s: with the waiver, waiver %s would not say what it says", name, before.Waivers[i].ID)
		}
	}
	return out, nil
}

var (
	emptyList = regexp.MustCompile(`(?m)^waivers:[ \t]*(?:\[[ \t]*\]|null|~)[ \t]*$`)
	hasList   = regexp.MustCompile(`(?m)^waivers:`)
)
