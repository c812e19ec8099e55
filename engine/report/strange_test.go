package report_test

import (
	"strings"

	"github.com/headgate/headgate/engine"
)

// hostileNames are what scanned code, registries and attackers call things: long, wide, combining, invisible, and every way to talk
// to a terminal or to Markdown.
var hostileNames = []string{
	"日本語のとても長いパッケージ名で端末の幅を超えるもの-" + strings.Repeat("漢字", 20),
	"a" + strings.Repeat("\u0301\u0327", 40) + "b e\u0301clair",
	"👩‍👩‍👧‍👦 family 🇩🇪 flag ❤️ heart ⸻ dash",
	"\x1b[2J\x1b]0;owned\x07\x1b[31mred\x1b[0m",
	"\u009b31mC1\u0085next\u2028line\u2029para",
	"user\u202egnp.exe\u202c \u2066isolate\u2069 zero\u200bwidth\ufeff",
	"line\r\nbreak\ttab\vvt\ffeed",
	strings.Repeat("very-long-name-without-any-break", 20),
	"org.springframework.boot.autoconfigure.web.servlet.error.AbstractErrorController$$EnhancerBySpringCGLIB",
	"@octocat and @acme/security please look, #123 GH-7 acme/checkout#1",
	"![x](https://evil.example/x.png) [click](javascript:alert(1)) <https://evil.example>",
	"<script>alert(1)</script><img src=x onerror=alert(1)></details><!-- -->",
	"a|b|c \\| \\\\| `code` ``two`` ```\nfence\n```",
	"www.evil.example http://evil.example ftp://evil.example mail@evil.example mailto:a@b.example",
	"{0} {x} [text](1) $x^2$ :tada: *bold* _it_ ~~no~~ &amp; &#64;octocat",
	"\xff\xfe invalid \xc3\x28 utf-8",
	"1. list", "- [ ] task", "# heading", "> quote", "===", "---", "    code", "+ plus", "/close", "~~~", "| a | b |", "&lt;b&gt;", "[^1]: note", "[x]: https://evil.example",
	"", " ", "\u3164\u2800",
	"::error file=a.go,line=1::owned", strings.Repeat("word ", 12) + "::add-mask::token " + strings.Repeat("::warning:: ", 20), ":\u200b:stop-commands::x",
	"##[add-mask]token ##vso[task.complete]", "x ##\u200b[error]owned ###[group]y",
}

// strange is a result in which every string that comes from outside is hostile.
func strange() *engine.Result {
	var cases []engine.Case
	for i, name := range hostileNames {
		cases = append(cases, strangeCase(name, i))
	}
	r := result(engine.Block, cases)
	r.Change.Repository = "acme/" + hostileNames[3] + hostileNames[0]
	r.Reports[0] = engine.Report{Name: hostileNames[10], Tool: hostileNames[3], Format: "sarif", Digest: "sha256:" + hostileNames[3], Incomplete: hostileNames[9]}
	r.Weakened = []string{hostileNames[11], hostileNames[5]}
	r.Expected = []engine.Expected{{Tool: hostileNames[12], Asset: hostileNames[13], Path: hostileNames[4], Status: "missing", MaxAge: hostileNames[6]}}
	r.Policy.Digest, r.Policy.Source = hostileNames[10], hostileNames[9]
	r.Intel.KEV.Catalog, r.Intel.EPSS.Model = hostileNames[11], hostileNames[13]
	r.Gate.Reasons = []engine.Reason{{Stated: &engine.Stated{Rule: "x.y", Kind: "deny"}, Message: hostileNames[9]}}
	r.Waivers = &engine.WaiverReport{Expired: strangeNotes(hostileNames[:3]), Expiring: strangeNotes(hostileNames[9:14]),
		Lapsed: strangeNotes(hostileNames[3:6]), Unused: strangeNotes(hostileNames[6:9]), Unverified: strangeNotes(hostileNames[14:])}
	return r
}

func strangeNotes(names []string) []engine.WaiverNote {
	var out []engine.WaiverNote
	for _, name := range names {
		out = append(out, engine.WaiverNote{ID: name, Why: name, At: name})
	}
	return out
}

// strangeCase is a case of any kind that is called name wherever a name can stand.
func strangeCase(name string, i int) engine.Case {
	kinds := []engine.Kind{engine.KindVulnerability, engine.KindWeakness, engine.KindSecret, engine.KindMisconfiguration, engine.KindLicense}
	f := engine.Finding{ID: findingID(name), Kind: kinds[i%len(kinds)], Title: name, Rule: &engine.Rule{ID: name, Tool: name}}
	switch f.Kind {
	case engine.KindVulnerability:
		f.Vulnerability = &engine.Vulnerability{ID: name, Aliases: []string{name}}
		f.Package = &engine.Package{Name: name, PURL: name, Ecosystem: name, Versions: []string{name, name}, Fixed: []string{name}}
	case engine.KindSecret:
		f.Secret = &engine.Secret{Type: name}
	case engine.KindMisconfiguration:
		f.Resource = &engine.Resource{Type: name, Name: name}
	case engine.KindLicense:
		f.License = &engine.License{SPDX: name}
		f.Package = &engine.Package{Name: name}
	}
	f.Locations = []engine.Location{{Path: name, Line: 1, URL: name, Image: name}}
	f.Suppression = &engine.Suppression{Kind: "external", Status: "accepted", Justification: name}
	f.Sources = []engine.Source{{Tool: name, Version: name, Format: "sarif", Report: name}}
	p := engine.Priorities[3-i%4]
	c := on(engine.Asset{ID: "a" + name, Name: name, Owner: name, Tags: map[string]string{name: name}}, f, p, engine.Block, engine.StatusIntroduced,
		engine.Reason{Stated: &engine.Stated{Rule: "exploit.public", Kind: "raise", To: p, Remediation: name, Controls: []string{name}}, Message: "public exploit for " + name},
		engine.Reason{Stated: &engine.Stated{Rule: "impact.named", Kind: "deny"}, Message: name})
	c.Decision.Pivots = []engine.Pivot{{Fact: name, Outcomes: map[string]engine.Priority{name: engine.Act}}}
	c.Decision.Assumed = []string{"asset.exposure=" + name}
	c.Provenance = map[string]engine.Provenance{"asset.exposure": {Source: name}}
	return dueIn(c, 14, day(12, 5))
}
