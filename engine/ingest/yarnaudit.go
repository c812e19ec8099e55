package ingest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// detectYarnAudit wants a line of Yarn 1 or of a later one, or the registry's own answer, whose keys are packages.
func detectYarnAudit(s shape) bool {
	if s.has("value", "children.ID", "children.Severity") {
		return true
	}
	if kind := s["type"]; s.has("data") && (strings.HasPrefix(kind, "audit") || kind == "error" || kind == "warning" || kind == "info") {
		return kind == "auditAdvisory" || kind == "auditSummary" || kind == "auditAction" || s.only("type", "data", "name", "displayName", "indent")
	}
	for p, v := range s {
		if name, ok := strings.CutSuffix(p, "[].vulnerable_versions"); ok && v != "" && !strings.Contains(name, "[]") && s.has(name+"[].url", name+"[].severity") {
			return true
		}
	}
	return false
}

// only says whether the document is an object with no other keys.
func (s shape) only(keys ...string) bool {
	for p := range s {
		top, _, _ := strings.Cut(p, ".")
		if top, _, _ = strings.Cut(top, "[]"); top != "" && !slices.Contains(keys, top) {
			return false
		}
	}
	return s[""] == "{"
}

// readYarnAudit reads the lines of yarn audit, or of yarn npm audit, or the registry's answer that Yarn 4.0 and Bun pass on.
func readYarnAudit(s *stream, b *batch) error {
	b.report.Tool = "yarn-audit"
	b.looked(b.repository())
	y := yarnAudit{npmAudit: npmAudit{b: b, known: map[npmKey]*engine.Discovery{}}}
	for first := true; first || s.peek() == '{'; first = false {
		var line yarnLine
		err := s.object(func(key string) error {
			if s.peek() == '[' {
				if key == "" {
					return s.wrong("a package without a name")
				}
				return each(s, &b.report.Results, func(a bulkAdvisory) error {
					y.bulk(key, &a)
					return nil
				})
			}
			return line.field(s, key)
		})
		if err != nil {
			return err
		}
		if line.kind == "auditAdvisory" && line.data.is.Advisory.is.Module == "" {
			return s.wrong("an advisory without module_name")
		}
		y.take(&line)
	}
	if y.classic && !y.summary {
		b.incomplete("yarn wrote no summary: the audit did not end")
	}
	y.finish()
	y.compare()
	return nil
}

// compare looks for severities that the summary counts and no advisory has. A threshold keeps advisories out of the list but not out of
// the counts; it keeps out all of a severity and of those below it, and never critical ones.
func (y *yarnAudit) compare() {
	listed := map[engine.Severity]int{}
	for _, d := range y.order {
		listed[d.Finding.Severity]++
	}
	worst := []engine.Severity{engine.SeverityCritical, engine.SeverityHigh, engine.SeverityMedium, engine.SeverityLow, engine.SeverityInfo}
	left := len(y.order)
	for i, n := range y.counts {
		lists := listed[worst[i]]
		if n.value >= 1 && lists == 0 && (i == 0 || left > 0) {
			y.b.counted(1, 0, "or more advisories that are "+string(worst[i]))
		}
		left -= lists
	}
	if y.b.report.Results == 0 && slices.ContainsFunc(y.counts, func(n number) bool { return n.value >= 1 }) {
		y.b.incomplete("its summary counts advisories and it lists none")
	}
}

// field reads what a line has under a key.
func (l *yarnLine) field(s *stream, key string) error {
	switch key {
	case "type":
		return s.nameInto(&l.kind)
	case "data":
		return s.decode(&l.data)
	case "value":
		return s.nameInto(&l.value)
	case "children":
		return s.decode(&l.tree)
	}
	return s.skip()
}

// A yarnAudit is an audit of Yarn while it is read.
type yarnAudit struct {
	npmAudit
	classic, summary bool     // that it is of version 1, and has come to its end
	counts           []number // of the summary, worst first
}

// take adds what a line says.
func (y *yarnAudit) take(l *yarnLine) {
	switch {
	case l.kind == "auditAdvisory":
		y.classic = true
		y.b.report.Results++
		a, r := l.data.is.Advisory.is, l.data.is.Resolution.is
		y.advisory(&a)
		p := y.finding(string(a.ID), string(a.Module), nil)
		if r.Path != "" {
			setDirect(p, !strings.Contains(string(r.Path), ">"))
		}
		setScope(p, string(r.Dev))
	case l.kind == "auditSummary":
		y.classic, y.summary = true, true
		c := l.data.is.Counts.is
		y.counts = []number{c.Critical, c.High, c.Moderate, c.Low, c.Info}
	case l.kind == "error":
		y.b.incomplete("yarn reports an error")
	case l.value != "" && l.tree.is.Severity != "" && !strings.HasSuffix(string(l.tree.is.ID), "(deprecation)"):
		y.b.report.Results++
		y.node(l)
	}
}

// node takes an advisory of Yarn 2 and later. A package that is only deprecated is listed as well, and is no vulnerability.
func (y *yarnAudit) node(l *yarnLine) {
	t := &l.tree.is
	p := y.finding(string(cmp.Or(t.URL, t.ID)), l.value, func(f *engine.Finding) {
		f.Vulnerability = npmNames("", string(t.URL), string(t.ID), nil)
		f.Title, f.Severity = clip(string(t.Issue)), severityOf(string(t.Severity))
		setFixed(f.Package, upperBounds(string(t.Range))...)
	})
	p.Versions = append(p.Versions, t.Versions...)
	if len(t.Dependents) > 0 {
		setDirect(p, slices.ContainsFunc(t.Dependents, func(d string) bool { return strings.Contains(d, "@workspace:") }))
	}
}

// bulk takes an advisory on a package as the registry has it.
func (y *yarnAudit) bulk(name string, a *bulkAdvisory) {
	y.finding(string(cmp.Or(a.URL, a.ID)), name, func(f *engine.Finding) {
		f.Vulnerability = npmNames("", string(a.URL), string(a.ID), nil)
		f.Title, f.Severity = clip(string(a.Title)), severityOf(string(a.Severity))
		f.CWEs, f.CVSS = cwesIn(a.CWE...), a.CVSS.is.assessments()
		setFixed(f.Package, upperBounds(string(a.Range))...)
	})
}
