package change

import (
	"path"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// A Base is what scanners found before the change. Only what was found is taken from it, never what was decided about it: the change
// is judged by the policy and the threat data of now.
type Base struct {
	findings []known
	byID     map[string]int
	byPlace  map[string][]int // code by what it is and where: see placeOf
	packages map[string]*presence
	reports  map[string]engine.Report // by digest
	tools    map[string]bool          // that reported, in lower case
	results  bool                     // a result is among what it was made of
	listed   bool                     // reports are among what it was made of
}

// A known is one finding of the base.
type known struct {
	finding engine.Finding
	target  engine.Target
}

// A presence is where a package was, and in which versions.
type presence struct{ versions, places map[string]bool }

// NewBase is a base in which nothing was found yet.
func NewBase() *Base {
	return &Base{
		byID: map[string]int{}, byPlace: map[string][]int{}, packages: map[string]*presence{},
		reports: map[string]engine.Report{}, tools: map[string]bool{},
	}
}

// AddReports takes what reports of the base say; the discoveries are correlated.
func (b *Base) AddReports(found []engine.Discovery, reports []engine.Report) {
	b.listed = true
	b.addReports(reports)
	for i := range found {
		b.add(known{found[i].Finding, found[i].Target})
	}
}

// AddResult takes what a run on the base came to.
func (b *Base) AddResult(r *engine.Result) {
	b.results = true
	b.addReports(r.Reports)
	for i := range r.Cases {
		f := &r.Cases[i].Input.Finding
		b.add(known{*f, targetOf(f, r.Change.Repository)})
	}
}

func (b *Base) addReports(reports []engine.Report) {
	for _, r := range reports {
		b.reports[r.Digest] = r
		for t := range strings.SplitSeq(r.Tool, ", ") {
			b.tools[strings.ToLower(t)] = true
		}
	}
}

func (b *Base) add(k known) {
	f := &k.finding
	if _, ok := b.byID[f.ID]; ok {
		return // one finding on several assets, or in a report and a result
	}
	at := len(b.findings)
	b.findings = append(b.findings, k)
	for _, id := range append([]string{f.ID}, f.IDs...) {
		if _, ok := b.byID[id]; !ok {
			b.byID[id] = at
		}
	}
	for _, l := range f.Locations {
		if p := placeOf(f, l, l.Path, l.Line); p != "" {
			b.byPlace[p] = append(b.byPlace[p], at)
		}
	}
	if p := f.Package; p != nil {
		for _, key := range packageKeys(p) {
			if b.packages[key] == nil {
				b.packages[key] = &presence{map[string]bool{}, map[string]bool{}}
			}
			for _, v := range p.Versions {
				b.packages[key].versions[v] = true
			}
			for _, l := range f.Locations {
				b.packages[key].places[packagePlace(k.target, l.Path)] = true
			}
		}
	}
}

// what the base is made of, in words.
func (b *Base) what() string {
	switch {
	case b.results && b.listed:
		return "the base reports and results"
	case b.results:
		return "the base result"
	}
	return "the base reports"
}

// What the source package of a distribution is known by, and one of which nobody said what is installed of it.
const (
	bySource = "source:"
	unnamed  = "unnamed:"
)

// packageKeys are what a package is known by among those that were there: what is installed, and the source that it was built from. One
// report names packages by what is installed, another by their source, and both mean the same.
func packageKeys(p *engine.Package) []string {
	switch {
	case p.PURL == "":
		return []string{p.Ecosystem + ":" + p.Name}
	case len(p.Binaries) > 0:
		return append(p.Components(), bySource+p.PURL)
	case p.Source != "":
		return []string{bySource + p.PURL, unnamed + p.PURL}
	}
	return []string{p.PURL}
}

func packagePlace(t engine.Target, file string) string {
	return strings.Join([]string{string(t.Type), t.Name, cleanPath(file)}, "\x00")
}

// placeOf says what kind of thing stands at a line, for findings whose id does not come from what the line reads; empty for others.
func placeOf(f *engine.Finding, l engine.Location, file string, line int) string {
	if f.Vulnerability != nil || f.Package != nil || f.Rule == nil || line <= 0 || file == "" {
		return ""
	}
	return strings.Join([]string{string(f.Kind), strings.ToLower(f.Rule.ID), l.Image, cleanPath(file)}, "\x00") + "\x00" + decimal(line)
}

// targetOf is the target of a finding of which only the finding is known. It may be written otherwise than in the reports of the head:
// then the finding is not taken for fixed, nor its package for present.
func targetOf(f *engine.Finding, repository string) engine.Target {
	for _, l := range f.Locations {
		if l.Image != "" {
			name, _, _ := strings.Cut(l.Image, "@")
			if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
				name = name[:i]
			}
			return engine.Target{Type: engine.TargetImage, Name: name}
		}
		if l.URL != "" && l.Path == "" {
			return engine.Target{Type: engine.TargetHost, Name: l.URL}
		}
	}
	return engine.Target{Type: engine.TargetRepository, Name: repository}
}

// has finds a finding of the base by any of its ids.
func (b *Base) has(ids []string) *known {
	for _, id := range ids {
		if at, ok := b.byID[id]; ok {
			return &b.findings[at]
		}
	}
	return nil
}

// hadPackage says whether the package was there before, in the same versions and at the same places: of a source package all that is
// installed of it, where the base names that. A result file does not say of a package that it is a source, so that there either is meant.
func (b *Base) hadPackage(x *engine.Discovery, d *Diff) bool {
	p := x.Finding.Package
	switch {
	case p == nil || len(p.Versions) == 0 || len(x.Finding.Locations) == 0:
		return false
	case len(p.Binaries) > 0:
		return !slices.ContainsFunc(p.Components(), func(purl string) bool { return !b.had(purl, x, d) }) || b.had(unnamed+p.PURL, x, d)
	case p.Source != "":
		return b.had(bySource+p.PURL, x, d) || b.had(p.PURL, x, d)
	}
	return b.had(packageKeys(p)[0], x, d)
}

// had says it of what is known by a key.
func (b *Base) had(key string, x *engine.Discovery, d *Diff) bool {
	was := b.packages[key]
	if was == nil {
		return false
	}
	for _, v := range x.Finding.Package.Versions {
		if !was.versions[v] {
			return false
		}
	}
	for _, l := range x.Finding.Locations {
		if !was.places[packagePlace(x.Target, l.Path)] && !was.places[packagePlace(x.Target, d.OldName(cleanPath(l.Path)))] {
			return false
		}
	}
	return true
}

// knowsTool says whether any scanner of a finding reported on the base.
func (b *Base) knowsTool(f *engine.Finding) bool {
	return slices.ContainsFunc(f.Sources, func(s engine.Source) bool { return b.tools[strings.ToLower(s.Tool)] })
}

// knowsTools says whether all scanners of a finding reported on the base.
func (b *Base) knowsTools(f *engine.Finding) bool {
	return !slices.ContainsFunc(f.Sources, func(s engine.Source) bool { return !b.tools[strings.ToLower(s.Tool)] })
}

// sameScanner is the scanner of a finding that looked at the base too, and did not say that it is of another version; empty if none
// did, or did not finish.
func (b *Base) sameScanner(f *engine.Finding) string {
	for _, s := range f.Sources {
		for _, r := range b.reports {
			if r.Complete && strings.EqualFold(r.Tool, s.Tool) && (s.Version == "" || r.Version == "" || r.Version == s.Version) {
				return strings.TrimSpace(s.Tool + " " + s.Version)
			}
		}
	}
	return ""
}

// Fixed are the findings of the base that the head does not have, in the order of their ids. Each was looked for: every report that
// told of it has one of the head beside it that is complete, and of the same tool and target, or of another tool that finds this kind
// there. What nobody looked for is not fixed. Classify comes first.
func (b *Base) Fixed(head *Head) []engine.Finding {
	var out []engine.Finding
	if b == nil {
		return out
	}
	seen := map[int]bool{}
	for i := range head.Found {
		x := &head.Found[i]
		if at, ok := head.at[x.Finding.ID]; ok {
			seen[at] = true
			continue
		}
		for _, id := range head.idsOf(x) {
			if at, ok := b.byID[id]; ok && !head.not[x.Finding.ID] {
				seen[at] = true
			}
		}
	}
	looks := newLooks(head)
	only := b.reportsByTool()
	for at := range b.findings {
		k := &b.findings[at]
		if seen[at] || len(k.finding.Sources) == 0 {
			continue
		}
		if !slices.ContainsFunc(k.finding.Sources, func(s engine.Source) bool { return !looks.at(s, k, b.reports[s.Report], only) }) {
			out = append(out, k.finding)
		}
	}
	slices.SortFunc(out, func(x, y engine.Finding) int { return strings.Compare(x.ID, y.ID) })
	return out
}

// reportsByTool counts the reports of each tool.
func (b *Base) reportsByTool() map[string]int {
	n := map[string]int{}
	for _, r := range b.reports {
		n[strings.ToLower(r.Tool)]++
	}
	return n
}

// looks are what the complete reports of the head looked at.
type looks struct {
	tools map[string]bool // tool and target
	kinds map[string]bool // kind and target
	clean map[string]bool // tool and file name of reports that found nothing, so that their target is not known
	empty map[string]bool // tools that have such a report
}

func newLooks(head *Head) *looks {
	l := &looks{map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}}
	complete := map[string]bool{}
	for _, r := range head.Reports {
		complete[r.Digest] = r.Complete
		if r.Complete && r.Findings == 0 {
			tool := strings.ToLower(r.Tool)
			l.clean[tool+"\x00"+path.Base(r.Name)], l.empty[tool] = true, true
		}
	}
	for i := range head.Found {
		x := &head.Found[i]
		for _, s := range x.Finding.Sources {
			if complete[s.Report] {
				l.tools[look(strings.ToLower(s.Tool), x.Target)] = true
				l.kinds[look(string(x.Finding.Kind), x.Target)] = true
			}
		}
	}
	return l
}

func look(what string, t engine.Target) string {
	return strings.Join([]string{what, string(t.Type), t.Name}, "\x00")
}

// at says whether the head was looked at for what a source of the base told.
func (l *looks) at(s engine.Source, k *known, r engine.Report, only map[string]int) bool {
	tool := strings.ToLower(s.Tool)
	return l.tools[look(tool, k.target)] || l.kinds[look(string(k.finding.Kind), k.target)] ||
		l.clean[tool+"\x00"+path.Base(r.Name)] && r.Name != "" || l.empty[tool] && only[tool] == 1
}
