package ingest

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/headgate/headgate/engine"
)

// detectGeneric knows DefectDojo's own form, which many convert theirs to: a list of findings with title and severity, or a table. The
// marks are loose, so it is asked late.
func detectGeneric(s shape) bool {
	if s.has("csv:title", "csv:severity") && s.hasAny("csv:description", "csv:mitigation", "csv:cweid") {
		return true
	}
	if s["findings"] != "[" || s.hasAny("runs", "vulnerabilities", "Findings", "scan", "@context", "bomFormat") {
		return false
	}
	if s.has("findings[].title", "findings[].severity") {
		return genericWords[strings.ToLower(s["findings[].severity"])] &&
			!s.hasAny("findings[].rule_id", "findings[].check_id", "findings[].ruleId")
	}
	return !s.has("findings[]") && s.has("name", "type")
}

// genericWords are the words that the format has for severities, in lower case. Others who list findings with a title, as Veracode's
// pipeline scan, write numbers.
var genericWords = map[string]bool{"critical": true, "high": true, "medium": true, "low": true, "info": true}

// readGeneric reads either form (https://docs.defectdojo.com/supported_tools/parsers/generic_findings_import/).
func readGeneric(s *stream, b *batch) error {
	b.report.Tool = "DefectDojo"
	if !s.peeks('{') {
		return b.genericTable(s)
	}
	var found list[genericFinding]
	err := s.object(func(key string) error {
		switch key {
		case "name", "type":
			var name string
			err := s.nameInto(&name)
			name = strings.TrimSuffix(name, " (Generic Findings Import)")
			if name != "" && (key == "type" || b.report.Tool == "DefectDojo") {
				b.report.Tool = name
			}
			return err
		case "version":
			return s.nameInto(&b.report.Version)
		case "findings":
			return each(s, &b.report.Results, into((*[]genericFinding)(&found)))
		}
		return s.skip()
	})
	if err != nil {
		return err
	}
	for i := range found {
		if err := b.generic(&found[i], i+1); err != nil {
			return err
		}
	}
	return nil
}

type genericFinding struct {
	Title         text              `json:"title"`
	Severity      text              `json:"severity"`
	CVE           word              `json:"cve"`
	IDs           words             `json:"vulnerability_ids"`
	CWE           text              `json:"cwe"`
	CWEs          texts             `json:"cwes"`
	CVSS3         text              `json:"cvssv3"`
	CVSS3Score    number            `json:"cvssv3_score"`
	CVSS4         text              `json:"cvssv4"`
	CVSS4Score    number            `json:"cvssv4_score"`
	Rule          word              `json:"vuln_id_from_tool"`
	Path          word              `json:"file_path"`
	Line          number            `json:"line"`
	SourcePath    word              `json:"sast_source_file_path"`
	SourceLine    number            `json:"sast_source_line"`
	Component     word              `json:"component_name"`
	Version       word              `json:"component_version"`
	Fixed         word              `json:"fix_version"`
	Endpoints     []genericEndpoint `json:"endpoints"`
	URLs          words             `json:"-"` // of tables
	Active        text              `json:"active"`
	FalsePositive boolean           `json:"false_p"`
	OutOfScope    boolean           `json:"out_of_scope"`
	Accepted      boolean           `json:"risk_accepted"`
	Mitigated     boolean           `json:"is_mitigated"`
}

// A genericEndpoint is an object, or a URL.
type genericEndpoint struct {
	URL      word   `json:"-"`
	Protocol word   `json:"protocol"`
	Host     word   `json:"host"`
	Port     number `json:"port"`
	Path     word   `json:"path"`
}

// UnmarshalJSONFrom reads either form.
func (e *genericEndpoint) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*e = genericEndpoint{}
	if dec.PeekKind() != '{' {
		return e.URL.UnmarshalJSONFrom(dec)
	}
	type object genericEndpoint
	return json.UnmarshalDecode(dec, (*object)(e))
}

// columns are the columns of a table, without case, spaces and underscores, and where they go.
var columns = map[string]func(*genericFinding, string){
	"title":            func(f *genericFinding, v string) { f.Title = text(v) },
	"severity":         func(f *genericFinding, v string) { f.Severity = text(v) },
	"cve":              func(f *genericFinding, v string) { f.CVE = word(plain(v)) },
	"vulnerabilityid":  func(f *genericFinding, v string) { f.IDs = append(f.IDs, listed(v)...) },
	"vulnerabilityids": func(f *genericFinding, v string) { f.IDs = append(f.IDs, listed(v)...) },
	"cweid":            func(f *genericFinding, v string) { f.CWE = text(v) },
	"cwe":              func(f *genericFinding, v string) { f.CWE = text(v) },
	"cvssv3":           func(f *genericFinding, v string) { f.CVSS3 = text(v) },
	"cvssv4":           func(f *genericFinding, v string) { f.CVSS4 = text(v) },
	"url":              func(f *genericFinding, v string) { f.URLs = append(f.URLs, plain(v)) },
	"filepath":         func(f *genericFinding, v string) { f.Path = word(plain(v)) },
	"componentname":    func(f *genericFinding, v string) { f.Component = word(plain(v)) },
	"componentversion": func(f *genericFinding, v string) { f.Version = word(plain(v)) },
	"vulnidfromtool":   func(f *genericFinding, v string) { f.Rule = word(plain(v)) },
	"fixversion":       func(f *genericFinding, v string) { f.Fixed = word(plain(v)) },
	"active":           func(f *genericFinding, v string) { f.Active = text(v) },
	"falsepositive":    func(f *genericFinding, v string) { f.FalsePositive = boolean(strings.EqualFold(v, "true")) },
	"outofscope":       func(f *genericFinding, v string) { f.OutOfScope = boolean(strings.EqualFold(v, "true")) },
	"riskaccepted":     func(f *genericFinding, v string) { f.Accepted = boolean(strings.EqualFold(v, "true")) },
	"ismitigated":      func(f *genericFinding, v string) { f.Mitigated = boolean(strings.EqualFold(v, "true")) },
}

// listed are the words of a cell.
func listed(cell string) []string {
	return strings.FieldsFunc(plain(cell), func(r rune) bool { return r == ',' || r == ';' || r == ' ' })
}

func (b *batch) genericTable(s *stream) error {
	table := csv.NewReader(s.text)
	head, err := table.Read()
	if err != nil {
		return tablePlace(err)
	}
	set := make([]func(*genericFinding, string), len(head))
	for i, name := range head {
		set[i] = columns[strings.NewReplacer(" ", "", "_", "").Replace(strings.ToLower(strings.TrimSpace(name)))]
	}
	for {
		row, err := table.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return tablePlace(err)
		}
		b.report.Results++
		var f genericFinding
		for i, cell := range row {
			if cell = strings.TrimSpace(cell); set[i] != nil && cell != "" {
				set[i](&f, cell)
			}
		}
		if err := b.generic(&f, b.report.Results); err != nil {
			return err
		}
	}
}

// tablePlace says where a table is broken, without its text.
func tablePlace(err error) error {
	var broken *csv.ParseError
	if !errors.As(err, &broken) {
		return err
	}
	return fmt.Errorf("line %d: %w", broken.Line, broken.Err)
}

// generic adds one finding for each place of it. What is mitigated is listed and no finding; what somebody set aside says so.
func (b *batch) generic(f *genericFinding, n int) error {
	if f.Title == "" {
		return fmt.Errorf("finding %d has no title", n)
	}
	if f.Mitigated {
		return nil
	}
	found := engine.Finding{
		Kind:        engine.KindWeakness,
		Title:       clip(string(f.Title)),
		Severity:    severityOf(string(f.Severity)),
		Suppression: f.suppression(),
	}
	for _, c := range append(slices.Clone(f.CWEs), string(f.CWE)) {
		found.CWEs = append(found.CWEs, cwesIn("CWE-"+strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(c)), "CWE-"))...)
	}
	found.CWEs = sortedNumbers(found.CWEs)
	for version, v := range map[string]struct {
		vector text
		score  number
	}{"4.0": {f.CVSS4, f.CVSS4Score}, "3.1": {f.CVSS3, f.CVSS3Score}} {
		c, ok := cvssOfVersion(version, string(v.vector), v.score.value, "")
		found.CVSS = addCVSS(found.CVSS, c, ok)
	}
	slices.SortFunc(found.CVSS, func(a, b engine.CVSS) int { return strings.Compare(b.Version, a.Version) })
	if names := f.names(); len(names) > 0 {
		found.Kind, found.Vulnerability = engine.KindVulnerability, vulnerabilityOf(names[0], names[1:]...)
	}
	if f.Rule != "" {
		found.Rule = &engine.Rule{ID: string(f.Rule), Tool: b.report.Tool}
	}
	if found.Package = packageNamed("", string(f.Component), string(f.Version)); strings.HasPrefix(string(f.Component), "pkg:") {
		found.Package = cmp.Or(packageFrom(string(f.Component)), found.Package)
	}
	if found.Package != nil {
		setFixed(found.Package, string(f.Fixed))
	}
	path, line := b.path(string(cmp.Or(f.Path, f.SourcePath))), f.Line
	if f.Path == "" {
		line = f.SourceLine
	}
	if path != "" {
		place := engine.Location{Path: path}
		if line.value >= 1 && line.value < 1<<31 {
			place.Line = int(line.value)
		}
		found.Locations = []engine.Location{place}
	}
	urls := f.urls()
	if len(urls) == 0 {
		b.add(engine.Discovery{Target: b.repository(), Finding: found})
	}
	for _, u := range urls {
		one := found
		one.Locations = append([]engine.Location{{URL: address(u)}}, found.Locations...)
		if one.Locations[0].URL == "" {
			one.Locations = found.Locations
		}
		one.CWEs, one.CVSS = slices.Clone(found.CWEs), slices.Clone(found.CVSS)
		b.add(engine.Discovery{Target: hostTarget(u), Finding: one})
	}
	return nil
}

// names are the ids of the vulnerability. They are exact names of one another only as far as each is of another scheme: two of one
// scheme are two vulnerabilities, and then only CVEs are known to be covered.
func (f *genericFinding) names() []string {
	var all []string
	schemes := map[string]bool{}
	ambiguous := false
	for _, n := range append([]string{string(f.CVE)}, f.IDs...) {
		scheme, _, ok := strings.Cut(strings.ToUpper(n), "-")
		if !ok || slices.ContainsFunc(all, func(have string) bool { return strings.EqualFold(have, n) }) {
			continue
		}
		ambiguous = ambiguous || schemes[scheme]
		schemes[scheme] = true
		all = append(all, n)
	}
	if ambiguous && len(all) > 1 {
		first := all[0]
		all = append([]string{first}, slices.DeleteFunc(all[1:], func(n string) bool { return !isCVE(n) })...)
	}
	return all
}

// urls are the places of a dynamic scan.
func (f *genericFinding) urls() []string {
	all := slices.Clone(f.URLs)
	for _, e := range f.Endpoints {
		if e.URL != "" {
			all = append(all, string(e.URL))
		}
		if e.Host == "" {
			continue
		}
		u := cmp.Or(string(e.Protocol), "https") + "://" + string(e.Host)
		if e.Port.value > 0 && e.Port.value < 1<<16 {
			u += fmt.Sprintf(":%d", int(e.Port.value))
		}
		all = append(all, u+"/"+strings.TrimPrefix(string(e.Path), "/"))
	}
	return all
}

// suppression is who set a finding aside, and why. "Not active" alone gives no reason.
func (f *genericFinding) suppression() *engine.Suppression {
	s := &engine.Suppression{Kind: "external", Status: "accepted"}
	switch {
	case bool(f.FalsePositive):
		s.Justification = "false positive"
	case bool(f.Accepted):
		s.Justification = "risk accepted"
	case bool(f.OutOfScope):
		s.Justification = "out of scope"
	case strings.EqualFold(string(f.Active), "false"):
		s.Status, s.Justification = "under_review", "not active"
	default:
		return nil
	}
	return s
}
