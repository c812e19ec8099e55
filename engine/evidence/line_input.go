package evidence

import "github.com/headgate/headgate/engine"

// members writes an input; one that was erased is seldom.
func (in *Input) members(l *lineWriter) {
	if in.Erased != nil {
		l.odd = true
		return
	}
	l.open()
	object(l, `,"input":`, in.Input, func(l *lineWriter, in *engine.Input) {
		object(l, `,"finding":`, &in.Finding, findingMembers)
		object(l, `,"asset":`, &in.Asset, assetMembers)
		object(l, `,"context":`, &in.Context, contextMembers)
	})
	byName(l, `,"provenance":`, in.Provenance, func(l *lineWriter, p engine.Provenance) {
		l.open()
		l.text(`,"source":`, p.Source)
		l.someTime(`,"at":`, p.At)
		l.someTime(`,"expires":`, p.Expires)
		l.close()
	})
	someOf(l, `,"conflicts":`, in.Conflicts, func(l *lineWriter, c *engine.Conflict) {
		l.text(`,"fact":`, c.Fact)
		l.text(`,"value":`, c.Value)
		l.some(`,"source":`, c.Source)
		l.text(`,"other":`, c.Other)
		l.some(`,"by":`, c.By)
	})
	l.close()
}

func findingMembers(l *lineWriter, f *engine.Finding) {
	l.text(`,"id":`, f.ID)
	l.name(`,"ids":`)
	l.b = appendTexts(l.b, f.IDs)
	l.text(`,"kind":`, string(f.Kind))
	l.some(`,"title":`, f.Title)
	l.some(`,"severity":`, string(f.Severity))
	object(l, `,"rule":`, f.Rule, func(l *lineWriter, r *engine.Rule) {
		l.text(`,"id":`, r.ID)
		l.some(`,"tool":`, r.Tool)
	})
	object(l, `,"vulnerability":`, f.Vulnerability, func(l *lineWriter, v *engine.Vulnerability) {
		l.text(`,"id":`, v.ID)
		someTexts(l, `,"cves":`, v.CVEs)
		someTexts(l, `,"aliases":`, v.Aliases)
	})
	l.someNumbers(`,"cwes":`, f.CWEs)
	someOf(l, `,"cvss":`, f.CVSS, func(l *lineWriter, c *engine.CVSS) {
		l.text(`,"version":`, c.Version)
		l.some(`,"vector":`, c.Vector)
		l.float(`,"score":`, c.Score)
		l.some(`,"source":`, c.Source)
	})
	object(l, `,"package":`, f.Package, func(l *lineWriter, p *engine.Package) {
		l.some(`,"purl":`, p.PURL)
		l.some(`,"ecosystem":`, p.Ecosystem)
		l.text(`,"name":`, p.Name)
		someTexts(l, `,"versions":`, p.Versions)
		someTexts(l, `,"fixed":`, p.Fixed)
		l.known(`,"direct":`, p.Direct)
		l.some(`,"scope":`, p.Scope)
		someTexts(l, `,"binaries":`, p.Binaries)
	})
	object(l, `,"secret":`, f.Secret, func(l *lineWriter, s *engine.Secret) {
		l.some(`,"type":`, s.Type)
		l.known(`,"active":`, s.Active)
		l.known(`,"in_history":`, s.InHistory)
	})
	object(l, `,"license":`, f.License, func(l *lineWriter, s *engine.License) {
		l.text(`,"spdx":`, s.SPDX)
		if len(s.Alternatives) > 0 {
			l.name(`,"alternatives":`)
			l.b = append(l.b, '[')
			for i, all := range s.Alternatives {
				if i > 0 {
					l.b = append(l.b, ',')
				}
				l.b = appendTexts(l.b, all)
			}
			l.b = append(l.b, ']')
		}
	})
	object(l, `,"resource":`, f.Resource, func(l *lineWriter, r *engine.Resource) {
		l.some(`,"type":`, r.Type)
		l.some(`,"name":`, r.Name)
	})
	someOf(l, `,"locations":`, f.Locations, func(l *lineWriter, at *engine.Location) {
		l.some(`,"path":`, at.Path)
		l.someNumber(`,"line":`, at.Line)
		l.someNumber(`,"end_line":`, at.EndLine)
		l.some(`,"url":`, at.URL)
		l.some(`,"image":`, at.Image)
	})
	object(l, `,"suppression":`, f.Suppression, func(l *lineWriter, s *engine.Suppression) {
		l.some(`,"kind":`, s.Kind)
		l.some(`,"status":`, s.Status)
		l.some(`,"justification":`, s.Justification)
	})
	someOf(l, `,"sources":`, f.Sources, func(l *lineWriter, s *engine.Source) {
		l.text(`,"tool":`, s.Tool)
		l.some(`,"version":`, s.Version)
		l.text(`,"format":`, s.Format)
		l.text(`,"report":`, s.Report)
	})
}

func assetMembers(l *lineWriter, a *engine.Asset) {
	l.text(`,"id":`, a.ID)
	l.some(`,"name":`, a.Name)
	l.some(`,"type":`, a.Type)
	l.some(`,"owner":`, a.Owner)
	l.some(`,"criticality":`, a.Criticality)
	l.some(`,"mission":`, a.Mission)
	l.some(`,"well_being":`, a.WellBeing)
	l.some(`,"safety":`, a.Safety)
	l.some(`,"value_density":`, a.ValueDensity)
	object(l, `,"requirements":`, a.Requirements, func(l *lineWriter, r *engine.Requirements) {
		l.some(`,"confidentiality":`, r.Confidentiality)
		l.some(`,"integrity":`, r.Integrity)
		l.some(`,"availability":`, r.Availability)
	})
	someTexts(l, `,"data":`, a.Data)
	l.some(`,"environment":`, a.Environment)
	l.some(`,"exposure":`, a.Exposure)
	byName(l, `,"tags":`, a.Tags, func(l *lineWriter, s string) { l.b = appendText(l.b, s) })
}

func contextMembers(l *lineWriter, c *engine.Context) {
	object(l, `,"change":`, c.Change, func(l *lineWriter, c *engine.Change) {
		l.some(`,"event":`, string(c.Event))
		l.some(`,"status":`, string(c.Status))
	})
	object(l, `,"intel":`, c.Intel, intelMembers)
	object(l, `,"vex":`, c.VEX, func(l *lineWriter, v *engine.VEX) {
		l.text(`,"status":`, v.Status)
		l.some(`,"justification":`, v.Justification)
		l.some(`,"source":`, v.Source)
	})
	object(l, `,"reachability":`, c.Reachability, func(l *lineWriter, r *engine.Reachability) {
		l.text(`,"verdict":`, r.Verdict)
		l.some(`,"by":`, r.By)
		l.some(`,"confidence":`, r.Confidence)
	})
	object(l, `,"runtime":`, c.Runtime, func(l *lineWriter, r *engine.Runtime) {
		l.truth(`,"loaded":`, r.Loaded)
		l.someNumber(`,"window_days":`, r.WindowDays)
	})
	object(l, `,"validation":`, c.Validation, func(l *lineWriter, v *engine.Validation) {
		l.text(`,"status":`, v.Status)
		l.some(`,"by":`, v.By)
		l.some(`,"control":`, v.Control)
	})
	object(l, `,"paths":`, c.Paths, func(l *lineWriter, p *engine.PathFacts) {
		l.truth(`,"from_internet":`, p.FromInternet)
		if p.Hops != nil {
			l.number(`,"hops":`, int64(*p.Hops))
		}
		someTexts(l, `,"to":`, p.To)
		l.some(`,"way":`, p.Way)
		l.known(`,"choke_point":`, p.ChokePoint)
		l.truth(`,"opens":`, p.Opens)
		someTexts(l, `,"cuts":`, p.Cuts)
		l.some(`,"status":`, p.Status)
	})
	object(l, `,"history":`, c.History, func(l *lineWriter, h *engine.History) {
		l.number(`,"age_days":`, int64(h.AgeDays))
		l.number(`,"reopened":`, int64(h.Reopened))
	})
	object(l, `,"environmental":`, c.Environmental, func(l *lineWriter, e *engine.Environmental) {
		l.float(`,"score":`, e.Score)
		l.text(`,"severity":`, string(e.Severity))
		l.text(`,"version":`, e.Version)
		l.text(`,"vector":`, e.Vector)
	})
	someOf(l, `,"waivers":`, c.Waivers, func(l *lineWriter, w *engine.Waiver) {
		l.text(`,"id":`, w.ID)
		l.some(`,"reason":`, w.Reason)
		l.some(`,"ticket":`, w.Ticket)
		l.some(`,"requester":`, w.Requester)
		l.some(`,"approver":`, w.Approver)
		l.truth(`,"verified":`, w.Verified)
		l.some(`,"created":`, w.Created)
		l.some(`,"expires":`, w.Expires)
		l.number(`,"age_days":`, int64(w.AgeDays))
		l.number(`,"valid_days":`, int64(w.ValidDays))
	})
}

func intelMembers(l *lineWriter, i *engine.Intel) {
	object(l, `,"kev":`, i.KEV, func(l *lineWriter, k *engine.KEV) {
		l.truth(`,"listed":`, k.Listed)
		l.some(`,"added":`, k.Added)
		l.some(`,"due":`, k.Due)
		l.known(`,"ransomware":`, k.Ransomware)
	})
	object(l, `,"epss":`, i.EPSS, func(l *lineWriter, e *engine.EPSS) {
		l.text(`,"cve":`, e.CVE)
		l.float(`,"probability":`, e.Probability)
		l.float(`,"percentile":`, e.Percentile)
		l.some(`,"model":`, e.Model)
	})
	object(l, `,"ssvc":`, i.SSVC, func(l *lineWriter, s *engine.SSVC) {
		l.some(`,"exploitation":`, s.Exploitation)
		l.some(`,"automatable":`, s.Automatable)
		l.some(`,"technical_impact":`, s.TechnicalImpact)
		l.some(`,"source":`, s.Source)
	})
	object(l, `,"exploited":`, i.Exploited, func(l *lineWriter, e *engine.Exploited) {
		object(l, `,"euvd":`, e.EUVD, exploitationMembers)
		object(l, `,"vulncheck":`, e.VulnCheck, exploitationMembers)
	})
}

func exploitationMembers(l *lineWriter, e *engine.Exploitation) {
	l.truth(`,"listed":`, e.Listed)
	l.some(`,"added":`, e.Added)
	l.known(`,"ransomware":`, e.Ransomware)
}
