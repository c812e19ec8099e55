package ingest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/headgate/headgate/engine"
)

// detectSemgrep wants a result of Semgrep, or the two lists that it always writes and nothing of the other tools that have them too;
// or a finding of its platform.
func detectSemgrep(s shape) bool {
	switch {
	case s.has("results[].check_id", "results[].path"), s.has("findings[].rule_name", "findings[].triage_state"):
		return true
	case s["results"] != "[" || s["errors"] != "[" || s.has("results[]"):
		return false
	}
	return s.only(semgrepKeys...)
}

// semgrepKeys are those of Semgrep's document.
var semgrepKeys = []string{"version", "results", "errors", "paths", "skipped_rules", "time", "explanations", "rules_by_engine", "engine_requested",
	"interfile_languages_used", "profiling_results", "mcp_scan_results", "subprojects"}

// readSemgrep reads a report of Semgrep, or findings exported from its platform.
func readSemgrep(s *stream, b *batch) error {
	b.report.Tool = "semgrep"
	b.looked(b.repository())
	return s.object(func(key string) error {
		switch key {
		case "version":
			return s.nameInto(&b.report.Version)
		case "results":
			return each(s, &b.report.Results, func(r semgrepResult) error {
				if r.CheckID == "" {
					return s.wrong("a result without check_id")
				}
				b.add(r.discovery(b))
				return nil
			})
		case "findings":
			return each(s, &b.report.Results, func(r semgrepExport) error {
				if r.RuleName == "" {
					return s.wrong("a finding without rule_name")
				}
				if d, ok := r.discovery(b); ok {
					b.add(d)
				}
				return nil
			})
		case "errors":
			return each(s, new(int), func(e semgrepError) error {
				// What Semgrep calls an error makes it exit with one; a file that it could parse in part only is a warning.
				if e.Level == "error" {
					b.incomplete("semgrep reports an error: " + clip(cmp.Or(string(e.Type), "without a name")))
				}
				return nil
			})
		}
		return s.skip()
	})
}

// missing says whether Semgrep keeps a text back from who is not logged in, which it does with a phrase in its place.
func missing(t string) bool { return t == "" || t == "requires login" }

func (r semgrepResult) discovery(b *batch) engine.Discovery {
	facts, id := r.Extra.Metadata.is, string(r.CheckID)
	d := engine.Discovery{Target: b.repository(), Finding: engine.Finding{
		Kind:      semgrepKind(id, r),
		Severity:  severityOf(string(r.Extra.Severity)),
		Rule:      &engine.Rule{ID: id, Tool: "semgrep"},
		CWEs:      cwesIn(facts.CWE...),
		Locations: []engine.Location{lines(b.path(string(r.Path)), r.Start.Line, r.End.Line)},
	}}
	f := &d.Finding
	if r.Extra.IsIgnored { // by a nosemgrep comment
		f.Suppression = &engine.Suppression{Kind: "in_source", Status: "accepted"}
	}
	if f.Kind == engine.KindVulnerability {
		r.component(b, &d)
		return d
	}
	code := string(r.Extra.Lines)
	if !missing(code) {
		d.Content = contentAt(code)
	} else {
		code = ""
	}
	if d.Content == "" && !missing(string(r.Extra.Fingerprint)) {
		d.Content = "fp:matchBasedId:" + string(r.Extra.Fingerprint)
	}
	f.Title = titleOfRule(f, id, string(r.Extra.Message), code)
	if f.Kind == engine.KindSecret {
		f.Secret = &engine.Secret{Type: cmp.Or(clip(string(facts.SecretType)), lastPart(id))}
		switch r.Extra.Validation {
		case "CONFIRMED_VALID":
			f.Secret.Active = ptr(true)
		case "CONFIRMED_INVALID":
			f.Secret.Active = ptr(false)
		}
		if r.Extra.History.is.Commit != "" {
			f.Secret.InHistory = ptr(true)
		}
	}
	return d
}

func semgrepKind(id string, r semgrepResult) engine.Kind {
	if r.Extra.SCA != nil {
		return engine.KindVulnerability
	}
	if r.Extra.Metadata.is.Product == "secrets" {
		return engine.KindSecret
	}
	return kindOfRule(id)
}

// kindOfRule is the kind that the name of a rule tells, as of a result in SARIF.
func kindOfRule(id string) engine.Kind {
	id = strings.ToLower(id)
	for _, k := range sarifKinds {
		if k.kind != engine.KindVulnerability && k.kind != engine.KindLicense &&
			slices.ContainsFunc(k.rules, func(prefix string) bool { return strings.HasPrefix(id, prefix) }) {
			return k.kind
		}
	}
	return engine.KindWeakness
}

// titleOfRule is one line about a finding in code. Of a credential it is the rule's name, as messages quote what was found.
func titleOfRule(f *engine.Finding, id, message, code string) string {
	if f.Kind == engine.KindSecret {
		return clip(strings.ReplaceAll(lastPart(id), "-", " "))
	}
	if slices.ContainsFunc(f.CWEs, func(n int) bool { return slices.Contains(credentialCWEs, n) }) {
		return clip("credential in the code: " + strings.ReplaceAll(lastPart(id), "-", " ")) // the message may quote it, in any quotes or none
	}
	return clip(cmp.Or(firstSentence(message), id))
}

// lastPart is the last part of a rule's id, which names it; those before it are folders.
func lastPart(id string) string { return clip(id[strings.LastIndexByte(id, '.')+1:]) }

// component describes a finding in a dependency.
func (r semgrepResult) component(b *batch, d *engine.Discovery) {
	f, facts, sca := &d.Finding, r.Extra.Metadata.is, r.Extra.SCA
	found := sca.Match.is.Found.is
	f.Vulnerability = vulnerabilityOf(cmp.Or(string(facts.ID), string(facts.GHSA), string(r.CheckID)), string(facts.GHSA))
	f.Severity = cmp.Or(severityOf(string(facts.SCASeverity)), f.Severity)
	f.Title = clip(firstSentence(string(r.Extra.Message)))
	if f.Package = packageNamed(string(found.Ecosystem), string(found.Package), string(found.Version)); f.Package != nil {
		switch found.Transitivity {
		case "direct":
			f.Package.Direct = ptr(true)
		case "transitive":
			f.Package.Direct = ptr(false)
		}
		var fixed []string
		for _, fixes := range facts.Fixes {
			for name, version := range fixes {
				if strings.EqualFold(name, string(found.Package)) {
					fixed = append(fixed, string(version))
				}
			}
		}
		setFixed(f.Package, fixed...)
	}
	lockfile := b.path(string(cmp.Or(found.LockfilePath, sca.Match.is.Lockfile)))
	if lockfile != "" && lockfile != f.Locations[0].Path {
		f.Locations = append([]engine.Location{lines(lockfile, found.Line, number{})}, f.Locations...)
	}
	d.Reachability = sca.reachability()
}

// reachability is what Semgrep's rule found out. That a rule which looks for uses finds none does not say that there is none.
func (s *semgrepSCA) reachability() *engine.Reachability {
	switch {
	case bool(s.Reachable):
		return &engine.Reachability{Verdict: "reachable", By: "semgrep"}
	case s.Kind == "TransitiveUnreachable":
		return &engine.Reachability{Verdict: "unreachable", By: "semgrep", Confidence: "low"}
	case bool(s.ReachabilityRule), s.Kind == "TransitiveUndetermined":
		return &engine.Reachability{Verdict: "potential", By: "semgrep"}
	}
	return nil
}

// discovery is none of what the platform knows to be gone.
func (r semgrepExport) discovery(b *batch) (engine.Discovery, bool) {
	if r.Status == "fixed" || r.Status == "removed" || r.State == "fixed" || r.State == "removed" {
		return engine.Discovery{}, false
	}
	at, id := r.Location.is, string(r.RuleName)
	d := engine.Discovery{Target: b.repository(), Finding: engine.Finding{
		Kind:      kindOfRule(id),
		Severity:  severityOf(string(r.Severity)),
		Rule:      &engine.Rule{ID: id, Tool: "semgrep"},
		CWEs:      cwesIn(r.Rule.CWEs...),
		Locations: []engine.Location{lines(b.path(string(at.Path)), at.Line, at.EndLine)},
	}}
	if d.Target.Name == "" {
		d.Target.Name = string(r.Repository.is.Name)
	}
	f := &d.Finding
	f.Locations[0].URL = webAddress(string(r.URL))
	if r.MatchID != "" {
		d.Content = "fp:matchBasedId:" + string(r.MatchID)
	}
	f.Title = titleOfRule(f, id, string(r.Message), "")
	if f.Kind == engine.KindSecret {
		f.Secret = &engine.Secret{Type: lastPart(id)}
	}
	if r.Status == "ignored" || r.TriageState == "ignored" {
		f.Suppression = &engine.Suppression{Kind: "external", Status: "accepted", Justification: clip(strings.ReplaceAll(string(r.TriageReason), "_", " "))}
	}
	return d, true
}

// webAddress is an address of the web that can be shown as a link; anything else is none.
func webAddress(u string) string {
	if strings.HasPrefix(u, "https://") || strings.HasPrefix(u, "http://") {
		return address(u)
	}
	return ""
}

// A kindTag is a word, or the first word of a list: a variant with what belongs to it.
type kindTag string

// UnmarshalJSONFrom reads a word or a list that begins with one, and passes over anything else.
func (k *kindTag) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	var all texts
	if err := all.UnmarshalJSONFrom(dec); err != nil {
		return err
	}
	*k = ""
	if len(all) > 0 {
		*k = kindTag(plain(all[0]))
	}
	return nil
}
