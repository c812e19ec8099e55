package ingest

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
)

// ocsfClass is the class of vulnerability findings (https://schema.ocsf.io/classes/vulnerability_finding).
const ocsfClass = "2002"

// detectOCSF wants the class.
func detectOCSF(s shape) bool { return s["class_uid"] == ocsfClass || s["[].class_uid"] == ocsfClass }

// readOCSF reads events of the class Vulnerability Finding: one, a list, or one after the other. Several events about one finding are
// its history, of which the last one counts.
func readOCSF(s *stream, b *batch) error {
	b.report.Tool = "OCSF"
	last := map[string]int{} // by id of the finding: where its events are
	var events []ocsfEvent
	add := func(e ocsfEvent) error {
		if class := strconv.FormatFloat(e.Class.value, 'f', -1, 64); class != ocsfClass {
			return fmt.Errorf("an event of class %s: only Vulnerability Finding (%s) is read", class, ocsfClass)
		}
		key := string(cmp.Or(e.Info.is.UID, e.Finding.is.UID))
		i, again := last[key]
		switch {
		case key == "" || !again:
			last[key] = len(events)
			events = append(events, e)
		case !e.time().Before(events[i].time()):
			events[i] = e
		}
		return nil
	}
	var err error
	if s.peek() == '[' {
		err = each(s, &b.report.Results, add)
	} else {
		for err == nil && s.peek() == '{' {
			var e ocsfEvent
			if err = s.decode(&e); err == nil {
				b.report.Results++
				err = add(e)
			}
		}
	}
	if err != nil {
		return err
	}
	for i := range events {
		b.ocsf(&events[i])
	}
	return nil
}

type ocsfEvent struct {
	Class      number `json:"class_uid"`
	Activity   number `json:"activity_id"` // 3: the finding was closed
	Status     number `json:"status_id"`
	Comment    text   `json:"comment"`
	SeverityID number `json:"severity_id"`
	Time       number `json:"time"` // milliseconds since 1970
	TimeText   text   `json:"time_dt"`
	Info       loose[struct {
		UID   word `json:"uid"`
		Title text `json:"title"`
	}] `json:"finding_info"`
	Finding loose[struct {
		UID   word `json:"uid"`
		Title text `json:"title"`
	}] `json:"finding"` // of version 1.0
	Metadata loose[struct {
		Product loose[struct {
			Name    word `json:"name"`
			Version word `json:"version"`
		}] `json:"product"`
	}] `json:"metadata"`
	Vulnerabilities list[ocsfVulnerability] `json:"vulnerabilities"`
	Resources       list[ocsfResource]      `json:"resources"`
	Resource        loose[ocsfResource]     `json:"resource"` // of version 1.0
	Device          loose[struct {
		Hostname word `json:"hostname"`
		UID      word `json:"uid"`
		Name     word `json:"name"`
		IP       word `json:"ip"`
	}] `json:"device"`
}

type ocsfResource struct {
	Type word `json:"type"`
	UID  word `json:"uid"`
	Name word `json:"name"`
}

type ocsfVulnerability struct {
	Title    text `json:"title"`
	Summary  text `json:"desc"`
	Severity text `json:"severity"`
	CVE      loose[struct {
		UID  word `json:"uid"`
		CVSS list[struct {
			Version text   `json:"version"`
			Score   number `json:"base_score"`
			Vector  text   `json:"vector_string"`
			Vendor  word   `json:"vendor_name"`
		}] `json:"cvss"`
		CWE  loose[ocsfCWE] `json:"cwe"`
		CWEs list[ocsfCWE]  `json:"related_cwes"`
	}] `json:"cve"`
	Advisory loose[struct {
		UID word `json:"uid"`
	}] `json:"advisory"`
	CWE      loose[ocsfCWE]    `json:"cwe"`
	Packages list[ocsfPackage] `json:"affected_packages"`
	Old      list[ocsfPackage] `json:"packages"` // of version 1.0
	Code     list[struct {
		File loose[struct {
			Path word `json:"path"`
			Name word `json:"name"`
		}] `json:"file"`
		Start number `json:"start_line"`
		End   number `json:"end_line"`
	}] `json:"affected_code"`
}

type ocsfCWE struct {
	UID text `json:"uid"`
}

type ocsfPackage struct {
	Name    word `json:"name"`
	Version word `json:"version"`
	Epoch   word `json:"epoch"`
	Release word `json:"release"`
	PURL    word `json:"purl"`
	Manager word `json:"package_manager"`
	Path    word `json:"path"`
	Fixed   word `json:"fixed_in_version"`
}

// The numbers of OCSF's enums that matter here.
const (
	ocsfClosed     = 3 // activity
	ocsfSuppressed = 3 // status
	ocsfResolved   = 4
	ocsfArchived   = 5
	ocsfDeleted    = 6
)

func (e *ocsfEvent) time() time.Time {
	if e.Time.set && e.Time.value > 0 && e.Time.value < 1<<53 {
		return time.UnixMilli(int64(e.Time.value)).UTC()
	}
	return timeOf(string(e.TimeText))
}

// ocsf adds what an event amounts to. What is resolved or deleted is no finding any more.
func (b *batch) ocsf(e *ocsfEvent) {
	product := e.Metadata.is.Product.is
	tool := cmp.Or(string(product.Name), "OCSF")
	if b.report.Tool == "OCSF" {
		b.report.Tool, b.report.Version = tool, string(product.Version)
	}
	if e.Activity.value == ocsfClosed || e.Status.value == ocsfResolved || e.Status.value == ocsfDeleted {
		return
	}
	base := engine.Finding{Severity: e.severity(), Sources: []engine.Source{{Tool: tool, Version: string(product.Version)}}}
	if e.Status.value == ocsfSuppressed || e.Status.value == ocsfArchived {
		base.Suppression = &engine.Suppression{Kind: "external", Status: "accepted", Justification: clip(string(e.Comment))}
	}
	for _, r := range e.resources() {
		target, image := b.resourceTarget(string(r.Type), string(r.UID), string(r.Name))
		for _, v := range e.Vulnerabilities {
			for _, f := range v.findings(base, cmp.Or(e.Info.is.Title, e.Finding.is.Title)) {
				for i := range f.Locations {
					f.Locations[i].Path, f.Locations[i].Image = strings.TrimPrefix(b.path(f.Locations[i].Path), "/"), image
				}
				if len(f.Locations) == 0 && image != "" {
					f.Locations = []engine.Location{{Image: image}}
				}
				b.add(engine.Discovery{Target: target, Finding: f})
			}
		}
	}
}

// resources are those of the event, or its device; with neither, one that says nothing.
func (e *ocsfEvent) resources() []ocsfResource {
	if len(e.Resources) > 0 {
		return e.Resources
	}
	if d := e.Device.is; e.Resource.is == (ocsfResource{}) {
		return []ocsfResource{{Type: "device", UID: cmp.Or(d.Hostname, d.Name, d.UID, d.IP)}}
	}
	return []ocsfResource{e.Resource.is}
}

func (e *ocsfEvent) severity() engine.Severity {
	levels := []engine.Severity{"", engine.SeverityInfo, engine.SeverityLow, engine.SeverityMedium, engine.SeverityHigh, engine.SeverityCritical, engine.SeverityCritical}
	for i, s := range levels {
		if e.SeverityID.value == float64(i) {
			return s
		}
	}
	return ""
}

// findings are one for each package or place in code.
func (v *ocsfVulnerability) findings(f engine.Finding, title text) []engine.Finding {
	cve := v.CVE.is
	f.Title = clip(string(cmp.Or(v.Title, title, v.Summary)))
	if s := severityOf(string(v.Severity)); s != "" {
		f.Severity = s
	}
	f.CWEs = cwesIn(string(v.CWE.is.UID), string(cve.CWE.is.UID))
	for _, c := range cve.CWEs {
		f.CWEs = sortedNumbers(append(f.CWEs, cwesIn(string(c.UID))...))
	}
	for _, c := range cve.CVSS {
		found, ok := cvssOfVersion(string(c.Version), string(c.Vector), c.Score.value, strings.ToLower(string(c.Vendor)))
		f.CVSS = addCVSS(f.CVSS, found, ok)
	}
	f.Kind = engine.KindWeakness
	if id := cmp.Or(string(cve.UID), string(v.Advisory.is.UID)); id != "" {
		f.Kind, f.Vulnerability = engine.KindVulnerability, vulnerabilityOf(id)
	}
	var all []engine.Finding
	for _, p := range append(v.Packages, v.Old...) {
		one := f
		one.Package = packageOf(string(p.PURL), awsEcosystem(string(p.Manager), ""), string(p.Name),
			distributionVersion(string(p.Epoch), string(p.Version), string(p.Release)))
		if one.Package != nil && p.Fixed != "NotAvailable" {
			setFixed(one.Package, strings.TrimPrefix(string(p.Fixed), "0:"))
		}
		if p.Path != "" {
			one.Locations = []engine.Location{{Path: string(p.Path)}}
		}
		all = append(all, one)
	}
	for _, c := range v.Code {
		one := f
		place := engine.Location{Path: string(cmp.Or(c.File.is.Path, c.File.is.Name))}
		if c.Start.value >= 1 && c.Start.value < 1<<31 {
			place.Line = int(c.Start.value)
			if c.End.value >= c.Start.value && c.End.value < 1<<31 {
				place.EndLine = int(c.End.value)
			}
		}
		one.Locations = []engine.Location{place}
		all = append(all, one)
	}
	if len(all) == 0 {
		all = append(all, f)
	}
	return all
}
