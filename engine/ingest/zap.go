package ingest

import (
	"cmp"
	"encoding/xml"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
)

func detectZAP(s shape) bool {
	return s.hasAny("site[].alerts", "site.alerts") || s.has("site") && s.hasAny("@programName", "@generated")
}

func detectZAPXML(s shape) bool { return s.has("<OWASPZAPReport") }

// A zapSite is a host and what ZAP reported of it. JSON has attributes with an "@" before their names.
type zapSite struct {
	Name   word           `json:"@name"`
	Host   word           `json:"@host"`
	Port   word           `json:"@port"`
	SSL    boolean        `json:"@ssl"`
	Alerts list[zapAlert] `json:"alerts"`
}

// A zapAlert is a rule and the places where it found something. All values are strings, those for people HTML. Requests and responses
// are not read, and what was sent is not kept: they can hold credentials.
type zapAlert struct {
	Plugin     text              `json:"pluginid" xml:"pluginid"`
	Ref        text              `json:"alertRef" xml:"alertRef"`
	Alert      text              `json:"alert" xml:"alert"`
	Name       text              `json:"name" xml:"name"`
	Risk       text              `json:"riskcode" xml:"riskcode"`
	Confidence text              `json:"confidence" xml:"confidence"`
	CWE        text              `json:"cweid" xml:"cweid"`
	Instances  list[zapInstance] `json:"instances" xml:"instances>instance"`

	OldURI    text `json:"uri" xml:"uri"` // before version 2.5 an alert was an instance
	OldMethod text `json:"method" xml:"method"`
	OldParam  text `json:"param" xml:"param"`
	OldAttack text `json:"attack" xml:"attack"`
}

type zapInstance struct {
	URI    text `json:"uri" xml:"uri"`
	Method text `json:"method" xml:"method"`
	Param  text `json:"param" xml:"param"`
	Attack text `json:"attack" xml:"attack"` // only whether there was one is kept
}

// readZAP reads ZAP's "traditional" JSON reports.
func readZAP(s *stream, b *batch) error {
	z := zap{b: b}
	err := s.object(func(key string) error {
		switch key {
		case "@programName":
			return s.skip()
		case "@version":
			return s.nameInto(&b.report.Version)
		case "@generated", "created":
			var at string
			err := s.scalarInto(&at)
			z.generated(at)
			return err
		case "site":
			return s.elements(1, func() error {
				var site zapSite
				if err := s.decode(&site); err != nil {
					return err
				}
				z.sites++
				for _, a := range site.Alerts {
					z.add(&site, &a)
				}
				return nil
			})
		}
		return s.skip()
	})
	z.end()
	return err
}

// readZAPXML reads ZAP's "traditional" XML reports, alert by alert.
func readZAPXML(s *stream, b *batch) error {
	z, x := zap{b: b}, newXMLReader(s)
	var site zapSite
	var element func(xml.StartElement) error
	element = func(e xml.StartElement) error {
		switch e.Name.Local {
		case "alertitem":
			var a zapAlert
			if err := x.decode(&a, e); err != nil {
				return err
			}
			z.add(&site, &a)
			return nil
		case "OWASPZAPReport":
			b.report.Version = attribute(e, "version")
			z.generated(attribute(e, "generated"))
		case "site":
			z.sites++
			site = zapSite{Name: word(attribute(e, "name")), Host: word(attribute(e, "host")), Port: word(attribute(e, "port")),
				SSL: boolean(strings.EqualFold(attribute(e, "ssl"), "true"))}
		case "alerts":
		default:
			return x.skip()
		}
		return x.children(element)
	}
	err := x.children(element)
	z.end()
	return err
}

// attribute is an attribute of an XML element.
func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return plain(a.Value)
		}
	}
	return ""
}

// A zap is a report being read.
type zap struct {
	b     *batch
	sites int
}

func (z *zap) generated(at string) {
	z.b.report.Tool = "zap"
	for _, layout := range []string{time.RFC3339, "Mon, 2 Jan 2006 15:04:05"} {
		if t, err := time.Parse(layout, strings.TrimSpace(at)); err == nil {
			z.b.report.Time = t.UTC()
			return
		}
	}
}

func (z *zap) end() {
	z.b.report.Tool = "zap"
	if z.sites == 0 {
		z.b.incomplete("zap reached no site")
	}
}

// add takes an alert: one finding, however many its places.
func (z *zap) add(site *zapSite, a *zapAlert) {
	z.b.report.Tool = "zap"
	z.b.report.Results++
	f := engine.Finding{
		Kind:     engine.KindWeakness,
		Title:    textOf(string(cmp.Or(a.Name, a.Alert))),
		Severity: a.severity(),
		Rule:     &engine.Rule{ID: plain(strings.TrimSpace(string(cmp.Or(a.Ref, a.Plugin, a.Name, a.Alert)))), Tool: "zap"},
	}
	if n, err := strconv.Atoi(strings.TrimSpace(string(a.CWE))); err == nil && n > 0 && n < 100_000 { // -1 and 0 are none
		f.CWEs = []int{n}
	}
	if strings.TrimSpace(string(a.Confidence)) == "0" {
		f.Suppression = &engine.Suppression{Kind: "external", Status: "accepted", Justification: "marked as a false positive in ZAP"}
	}
	if a.OldURI != "" {
		a.Instances = append(a.Instances, zapInstance{a.OldURI, a.OldMethod, a.OldParam, a.OldAttack})
	}
	for _, i := range a.Instances {
		if u := address(string(i.URI)); u != "" {
			f.Locations = append(f.Locations, engine.Location{URL: u})
		}
	}
	// Which place comes first changes from scan to scan, and the finding is known by it.
	slices.SortFunc(f.Locations, func(x, y engine.Location) int { return strings.Compare(x.URL, y.URL) })
	f.Locations = slices.Compact(f.Locations)
	z.b.add(engine.Discovery{Target: site.target(f.Locations), Finding: f})
	z.prove(a, &f)
}

// prove takes the places where an attack went through, as ZAP is sure of. A rule that only reads what passes by, as those for headers,
// shows that something is missing but not that anybody can use it: its instances have no attack.
func (z *zap) prove(a *zapAlert, f *engine.Finding) {
	sure := slices.Contains([]string{"3", "4"}, strings.TrimSpace(string(a.Confidence))) // high and confirmed
	if !sure || len(f.CWEs) == 0 || f.Severity.Rank() <= engine.SeverityInfo.Rank() {
		return
	}
	for _, i := range a.Instances {
		if u := address(string(i.URI)); u != "" && strings.TrimSpace(string(i.Attack)) != "" {
			z.b.prove(engine.Proof{
				Validation: engine.Validation{Status: proofExploitable, By: "zap"}, CWEs: f.CWEs, Place: u, Attempt: f.Rule.ID + " " + u,
			})
		}
	}
}

func (a *zapAlert) severity() engine.Severity {
	switch strings.TrimSpace(string(a.Risk)) {
	case "0":
		return engine.SeverityInfo
	case "1":
		return engine.SeverityLow
	case "2":
		return engine.SeverityMedium
	case "3":
		return engine.SeverityHigh
	}
	return ""
}

// target is the site's host, with its port unless that is the usual one.
func (s *zapSite) target(at []engine.Location) engine.Target {
	if t := hostTarget(string(s.Name)); t.Name != "" {
		return t
	}
	if s.Host != "" {
		scheme := "http"
		if s.SSL {
			scheme = "https"
		}
		return hostTarget(strings.TrimSuffix(scheme+"://"+string(s.Host)+":"+string(s.Port), ":"))
	}
	if len(at) > 0 {
		return hostTarget(at[0].URL)
	}
	return engine.Target{Type: engine.TargetHost}
}
