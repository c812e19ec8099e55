package ingest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// detectGovulncheck knows the stream of messages, also wrapped in an array, and the single documents before version 1.0. A stream
// begins with its configuration, but the order of its messages is not promised.
func detectGovulncheck(s shape) bool {
	for _, in := range []string{"", "[]."} {
		if s.hasAny(in+"config.protocol_version", in+"osv.schema_version", in+"finding.trace[].module", in+"finding.osv",
			in+"vulnerability.osv.id", in+"SBOM.modules[].path") || s.has(in+"config.data_source", in+"config.name") {
			return true
		}
	}
	return s["Calls.Functions"] == "{" || s.has("Vulns[].OSV.id") || s.has("Vulns", "Calls", "Imports")
}

// readGovulncheck reads govulncheck's messages. Its osv messages are the entries of the database for the modules in use, whatever
// their version; only findings are findings. One vulnerability of one module is found again at every level and on every path to it:
// that is one finding, at its best level.
func readGovulncheck(s *stream, b *batch) error {
	g := &govulncheck{s: s, b: b, entries: map[string]govulnEntry{}, found: map[govulnKey]*govulnFound{}}
	b.report.Tool = "govulncheck"
	b.looked(b.repository())
	var err error
	if s.peek() == '[' {
		err = s.array(func() error { return s.object(g.message) })
	} else {
		for err == nil && s.peek() == '{' {
			err = s.object(g.message)
		}
	}
	if err != nil {
		return err
	}
	for _, k := range g.order {
		b.add(g.discovery(k))
	}
	switch {
	case g.messages == 0:
		b.incomplete("govulncheck stopped before it looked at the code: it wrote its configuration only")
	case g.checking:
	case g.fetching || g.frames && len(g.entries) > 0:
		b.incomplete("govulncheck stopped while it fetched the vulnerabilities")
	case g.frames && g.modules:
		b.incomplete("govulncheck stopped after it had listed the modules")
	}
	return nil
}

// A govulncheck is a report being read.
type govulncheck struct {
	s *stream
	b *batch

	config             govulnConfig
	old                bool // before version 1.0
	positions          bool // a trace has places in source code
	messages           int  // that say that something was looked at
	fetching, checking bool
	frames             bool // it is of a version that says when it fetches and checks
	modules            bool // there is something to check

	entries map[string]govulnEntry
	found   map[govulnKey]*govulnFound
	order   []govulnKey
}

// A govulnKey is what findings have in common that are one.
type govulnKey struct{ osv, module string }

// A govulnLevel is how close a vulnerability comes.
type govulnLevel int

const (
	inModule  govulnLevel = iota + 1 // the module is required
	inPackage                        // and the package imported
	inSymbol                         // and the symbol called
)

type govulnFound struct {
	level    govulnLevel
	versions []string
	seen     map[string]bool // versions
	fixed    []string
	places   []engine.Location
}

func (g *govulncheck) message(key string) error {
	s := g.s
	switch key {
	case "config":
		var c loose[govulnConfig]
		if err := s.decode(&c); err != nil {
			return err
		}
		return g.configure(c.is)
	case "progress":
		var p loose[govulnProgress]
		err := s.decode(&p)
		g.progress(p.is)
		return err
	case "SBOM":
		g.messages++
		return s.fields(func(key string) error {
			if key != "modules" {
				return s.skip()
			}
			return s.items(func() error {
				g.modules = true
				return s.skip()
			})
		})
	case "osv":
		g.messages++
		var e osvEntry
		if err := s.decode(&e); err != nil {
			return err
		}
		g.enter(&e)
		return nil
	case "finding":
		g.messages++
		g.b.report.Results++
		return g.finding()
	case "vulnerability":
		return g.oldVulnerability()
	case "Vulns":
		g.old = true
		g.messages++
		return s.array(g.oldVulnerability)
	case "Modules":
		return s.array(g.oldModule)
	}
	return s.skip()
}

func (g *govulncheck) configure(c govulnConfig) error {
	if c.Protocol != "" && !strings.HasPrefix(string(c.Protocol), "v1.") {
		return g.s.wrong("a protocol version that is not known here")
	}
	g.old = g.old || c.Protocol == ""
	g.config = c
	g.frames = slices.Contains([]text{"source", "binary"}, c.ScanMode)
	g.b.report.Tool = cmp.Or(string(c.Name), string(c.OldName), g.b.report.Tool)
	g.b.report.Version = cmp.Or(string(c.Version), string(c.OldVer))
	return nil
}

// progress notes how far the scan came. Since version 1.1 two of its messages frame the fetching of vulnerabilities, which can fail
// after the stream has begun.
func (g *govulncheck) progress(p govulnProgress) {
	g.messages++
	g.fetching = g.fetching || strings.HasPrefix(string(p.Message), "Fetching vulnerabilities")
	g.checking = g.checking || strings.HasPrefix(string(p.Message), "Checking the ")
	if g.b.report.Time.IsZero() {
		g.b.report.Time = timeOf(string(p.Time))
	}
}

// A govulnEntry is what findings need of an entry.
type govulnEntry struct {
	aliases  []string
	title    string
	severity engine.Severity // govulncheck's database has none; some who serve their own add it
	cvss     []engine.CVSS
}

func (g *govulncheck) enter(e *osvEntry) {
	g.entries[string(e.ID)] = govulnEntry{e.Aliases, titleOf([]*osvEntry{e}), e.severity(), e.assessments("")}
}

func (g *govulncheck) finding() error {
	var f govulnFinding
	if err := g.s.decode(&f); err != nil {
		return err
	}
	if f.OSV == "" || len(f.Trace) == 0 || f.Trace[0].Module == "" {
		return g.s.wrong("a finding without osv or trace")
	}
	sink := f.Trace[0]
	level := inModule
	switch {
	case sink.Function != "":
		level = inSymbol
	case sink.Package != "":
		level = inPackage
	}
	found := g.at(string(f.OSV), string(sink.Module), level)
	found.note(string(sink.Version), string(f.Fixed))
	g.positions = g.positions || slices.ContainsFunc(f.Trace, func(fr govulnFrame) bool { return fr.Position.is.Line.value >= 1 })
	if l := exitOf(f.Trace); l.Path != "" && len(found.places) < 20 && level == inSymbol {
		l.Path = g.b.path(l.Path)
		if !slices.Contains(found.places, l) {
			found.places = append(found.places, l)
		}
	}
	return nil
}

// exitOf is where a trace leaves the scanned module on its way to the vulnerable symbol: the line that its developers can change.
func exitOf(trace []govulnFrame) engine.Location {
	own := trace[len(trace)-1].Module
	for _, f := range trace {
		if f.Module == own && f.Position.is.File != "" {
			return lines(string(f.Position.is.File), f.Position.is.Line, number{})
		}
	}
	return engine.Location{}
}

// at is the finding for a vulnerability of a module, raised to a level.
func (g *govulncheck) at(osv, module string, level govulnLevel) *govulnFound {
	k := govulnKey{osv, module}
	f := g.found[k]
	if f == nil {
		f = &govulnFound{}
		g.found[k] = f
		g.order = append(g.order, k)
	}
	f.level = max(f.level, level)
	return f
}

func (f *govulnFound) note(version string, fixed ...string) {
	if version != "" && !f.seen[version] {
		if f.seen == nil {
			f.seen = map[string]bool{}
		}
		f.seen[version] = true
		f.versions = append(f.versions, version)
	}
	f.fixed = append(f.fixed, fixed...)
}

// oldVulnerability reads an entry from before version 1.0.
func (g *govulncheck) oldVulnerability() error {
	var v govulnOld
	if err := g.s.decode(&v); err != nil {
		return err
	}
	id := string(v.OSV.is.ID)
	if id == "" || v.ModPath == "" && len(v.Modules) == 0 {
		return g.s.wrong("a vulnerability without OSV or module")
	}
	g.old = true
	g.messages++
	g.b.report.Results++
	g.enter(&v.OSV.is)
	if v.ModPath != "" {
		level := inModule
		switch {
		case v.CallSink.value > 0:
			level = inSymbol
		case v.ImportSink.value > 0:
			level = inPackage
		}
		g.at(id, string(v.ModPath), level).note("", fixesOf("golang", string(v.ModPath), []*osvEntry{&v.OSV.is})...)
	}
	for _, m := range v.Modules {
		level := inModule
		if len(m.Packages) > 0 {
			level = inPackage
		}
		if slices.ContainsFunc(m.Packages, func(p govulnOldPackage) bool { return len(p.CallStacks) > 0 }) {
			level = inSymbol
		}
		g.at(id, string(m.Path), level).note(string(m.Found), string(m.Fixed))
	}
	return nil
}

// oldModule notes the version of a module that vulnerabilities before were found in.
func (g *govulncheck) oldModule() error {
	var m loose[govulnOldModule]
	if err := g.s.decode(&m); err != nil {
		return err
	}
	for k, f := range g.found {
		if k.module == string(m.is.Path) {
			f.note(string(m.is.Version))
		}
	}
	return nil
}

func (g *govulncheck) discovery(k govulnKey) engine.Discovery {
	found, e := g.found[k], g.entries[k.osv]
	f := engine.Finding{
		Kind:          engine.KindVulnerability,
		Title:         e.title,
		Severity:      e.severity,
		Vulnerability: vulnerabilityOf(k.osv, e.aliases...),
		CVSS:          e.cvss,
		Package:       packageNamed("go", k.module, ""),
		Locations:     found.places,
	}
	if f.Package != nil {
		for _, v := range found.versions {
			f.Package.Versions = append(f.Package.Versions, strings.TrimPrefix(v, "v"))
		}
		setFixed(f.Package, found.fixed...)
	}
	return engine.Discovery{Target: g.b.repository(), Finding: f, Reachability: g.reachability(found.level)}
}

// reachability is what a level means. Only a scan of source code down to the symbols can tell that vulnerable code is not used, and
// only by the package: a symbol that no call was found to may still be called in ways that the analysis does not see, e.g. reflection.
func (g *govulncheck) reachability(level govulnLevel) *engine.Reachability {
	r := &engine.Reachability{Verdict: "potential", By: "govulncheck", Confidence: "low"}
	source := g.config.ScanMode == "source" || g.config.ScanMode == "" && g.positions
	symbols := g.config.ScanLevel == "symbol" && source
	switch {
	case level == inSymbol && (symbols || g.old):
		r.Verdict, r.Confidence = "reachable", "high"
	case level == inSymbol, level == inPackage && (symbols || g.old): // in a binary: the symbol is linked
		r.Confidence = "medium"
	case level == inModule && symbols && !g.old:
		r.Verdict, r.Confidence = "unreachable", "high"
	}
	return r
}
