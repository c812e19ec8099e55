package ingest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// detectNuclei knows its lines, and the names that they had before version 2.6.
func detectNuclei(s shape) bool {
	return s.inSeries(func(has func(...string) bool) bool {
		return (has("template-id") || has("templateID") || has("template")) && has("info.name") &&
			(has("matched-at") || has("matched") || has("host") || has("type"))
	})
}

// A nucleiLine is a template that matched at a place. Request, response, curl command and extracted results are not read: they can hold
// credentials.
type nucleiLine struct {
	ID        word              `json:"template-id"`
	OldID     word              `json:"templateID"`
	Template  word              `json:"template"`
	Path      word              `json:"template-path"`
	Info      loose[nucleiInfo] `json:"info"`
	Matcher   word              `json:"matcher-name"`
	OldName   word              `json:"matcher_name"`
	Extractor word              `json:"extractor-name"`
	Host      word              `json:"host"`
	URL       word              `json:"url"`
	At        word              `json:"matched-at"`
	OldAt     word              `json:"matched"`
	IP        word              `json:"ip"`
	Parameter word              `json:"fuzzing_parameter"`
	Matched   *boolean          `json:"matcher-status"`
	Type      word              `json:"type"`
	Time      word              `json:"timestamp"`
}

type nucleiInfo struct {
	Name     text  `json:"name"`
	Severity text  `json:"severity"`
	Tags     texts `json:"tags"`

	Classification loose[nucleiClass] `json:"classification"`
}

type nucleiClass struct {
	CVEs   texts  `json:"cve-id"`
	CWEs   texts  `json:"cwe-id"`
	Vector text   `json:"cvss-metrics"`
	Score  number `json:"cvss-score"`
}

// readNuclei reads lines of Nuclei, or a list of them. With -matcher-status it also lists what did not match.
func readNuclei(s *stream, b *batch) error {
	b.report.Tool = "nuclei"
	return s.series(func() error {
		var l nucleiLine
		if err := s.decode(&l); err != nil {
			return err
		}
		b.report.Results++
		if l.id() == "" {
			return s.wrong("a result without template-id")
		}
		if l.Matched == nil || bool(*l.Matched) {
			d := l.discovery(b)
			b.add(d)
			if l.attacks() {
				b.prove(l.proof(&d, b.report.Tool))
			}
		}
		return nil
	})
}

func (l *nucleiLine) id() string {
	name := strings.TrimSuffix(string(l.Template[strings.LastIndexByte(string(l.Template), '/')+1:]), ".yaml")
	return cmp.Or(string(l.ID), string(l.OldID), name)
}

func (l *nucleiLine) discovery(b *batch) engine.Discovery {
	info, class := l.Info.is, l.Info.is.Classification.is
	at := string(cmp.Or(l.At, l.OldAt))
	place := engine.Location{URL: cmp.Or(address(at), address(string(l.URL)), address(string(l.Host)))}
	f := engine.Finding{
		Title:    clip(string(cmp.Or(info.Name, text(l.id())))),
		Severity: severityOf(string(info.Severity)),
		Rule:     &engine.Rule{ID: l.id(), Tool: b.report.Tool},
		CWEs:     cwesIn(class.CWEs...),
	}
	if f.Severity == "" {
		f.Severity = severityOfScore(class.Score.value)
	}
	c, ok := cvssOf(string(class.Vector), class.Score.value, "")
	if c.Score > 0 { // of what has no impact it says nothing
		f.CVSS = addCVSS(nil, c, ok)
	}
	if place.URL != "" {
		f.Locations = []engine.Location{place}
	}
	d := engine.Discovery{Target: l.target(at)}
	if cves := l.cves(); len(cves) > 0 {
		f.Kind = engine.KindVulnerability
		f.Vulnerability = vulnerabilityOf(cves[0])
		if len(cves) > 1 {
			f.Vulnerability = vulnerabilityOf(l.id(), cves...)
		}
	} else {
		f.Kind = l.kind()
		// One template finds several things at one place, which its matchers name.
		d.Content = contentOf(string(cmp.Or(l.Matcher, l.OldName)) + "\n" + string(l.Extractor) + "\n" + string(l.Parameter) + "\n" + place.URL)
	}
	d.Finding = f
	return d
}

// nucleiLooks are words in the tags of templates that look for software and read its version, which proves nothing about a weakness.
var nucleiLooks = []string{"tech", "detect", "detection", "version", "passive", "panel", "discovery", "osint", "token-spray"}

// attacks says whether a match of the template is proof of a weakness that has a name: a CVE or CWE. What is only information, or was
// read from files or certificates, was not attacked.
func (l *nucleiLine) attacks() bool {
	for _, list := range l.Info.is.Tags {
		for t := range strings.SplitSeq(list, ",") {
			if slices.Contains(nucleiLooks, strings.ToLower(strings.TrimSpace(t))) {
				return false
			}
		}
	}
	switch strings.ToLower(string(l.Type)) {
	case "file", "ssl", "whois", "dns":
		return false
	}
	return severityOf(string(l.Info.is.Severity)).Rank() > engine.SeverityInfo.Rank() &&
		(len(l.cves()) > 0 || len(cwesIn(l.Info.is.Classification.is.CWEs...)) > 0)
}

func (l *nucleiLine) proof(d *engine.Discovery, tool string) engine.Proof {
	p := engine.Proof{
		Validation: engine.Validation{Status: proofExploitable, By: tool},
		Names:      l.cves(), Place: d.Target.Name, Attempt: l.id(), Time: timeOf(string(l.Time)),
	}
	if len(d.Finding.Locations) > 0 {
		p.Place = d.Finding.Locations[0].URL
	}
	if len(p.Names) == 0 {
		p.CWEs = d.Finding.CWEs
	}
	p.Attempt += " " + p.Place
	return p
}

// What an attempt to exploit shows.
const (
	proofExploitable = "exploitable"
	proofMitigated   = "mitigated"
)

// target is the host that matched: of what was asked for by "host:port", by URL, or, of DNS and files, by anything else.
func (l *nucleiLine) target(at string) engine.Target {
	for _, raw := range []string{at, string(l.Host), strings.TrimPrefix(string(l.URL), "/"), string(l.IP)} {
		if t := hostTarget(raw); t.Name != "" {
			return t
		}
	}
	return engine.Target{Type: engine.TargetHost}
}

// cves are those that the template is about; the ids of many are a CVE.
func (l *nucleiLine) cves() []string {
	var all []string
	for _, list := range append(slices.Clone(l.Info.is.Classification.is.CVEs), l.id()) {
		for c := range strings.SplitSeq(list, ",") {
			if c = strings.ToUpper(strings.TrimSpace(c)); isCVE(c) {
				all = append(all, c)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// nucleiSettings are words in the tags and in the folders of templates for what a setting exposes.
var nucleiSettings = []string{"misconfig", "misconfiguration", "exposure", "exposures", "config", "default-login", "default-logins", "panel",
	"exposed-panels"}

// kind is that of what has no CVE.
func (l *nucleiLine) kind() engine.Kind {
	words := strings.FieldsFunc(string(cmp.Or(l.Path, l.Template)), func(r rune) bool { return r == '/' || r == '\\' })
	for _, t := range l.Info.is.Tags {
		words = append(words, strings.Split(t, ",")...)
	}
	for _, w := range words {
		if slices.Contains(nucleiSettings, strings.ToLower(strings.TrimSpace(w))) {
			return engine.KindMisconfiguration
		}
	}
	return engine.KindWeakness
}
