package ingest

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// sarifKinds tell the kind of a result, as SARIF itself has no word for it. The first line that fits decides; what fits none is a
// weakness. Tools are matched by a part of their name in lower case, rules by the beginning of their id, names and tags whole.
var sarifKinds = []struct {
	kind  engine.Kind
	rules []string // rule ids
	names []string // rule names
	tags  []string
	tools []string
}{
	{kind: engine.KindLicense, rules: []string{"snyk:lic:"}, names: []string{"license"}},
	{kind: engine.KindVulnerability, rules: []string{"npm:", "ssc-"},
		names: []string{"ospackagevulnerability", "languagespecificpackagevulnerability"}},
	{kind: engine.KindSecret, rules: []string{"ckv_secret_", "generic.secrets."}, names: []string{"secret"},
		tags: []string{"secret", "secrets"}},
	{kind: engine.KindMisconfiguration, rules: []string{"avd-", "ckv_", "ckv2_", "terraform.", "dockerfile.", "yaml.kubernetes.",
		"yaml.docker-compose.", "yaml.github-actions."},
		names: []string{"misconfiguration"}, tags: []string{"misconfiguration"}},
	{kind: engine.KindSecret, tools: secretScanners},
	{kind: engine.KindMisconfiguration, tools: []string{"checkov", "kics", "tfsec", "terrascan", "hadolint", "kubesec", "kube-linter",
		"kube-score", "kubescape", "kubeaudit", "polaris", "dockle", "cfn-lint", "cfn_nag", "snyk iac", "scorecard", "zizmor",
		"poutine", "prowler", "template analyzer", "templateanalyzer"}},
	{kind: engine.KindVulnerability, tools: []string{"grype", "anchore", "dependency-check", "osv-scanner", "snyk open source",
		"snyk container", "govulncheck", "npm-audit", "npm audit", "cargo-audit", "pip-audit", "docker scout", "clair", "black duck",
		"blackduck", "xray", "retire.js", "nancy"}},
}

// secretScanners are tools, in lower case, that look for secrets and nothing else.
var secretScanners = []string{"gitleaks", "betterleaks", "trufflehog", "detect-secrets", "ggshield", "gitguardian", "noseyparker",
	"nosey parker", "kingfisher", "whispers", "secretlint", "secret-scanning"}

// OnlySecrets says whether a tool looks for secrets and nothing else, so that where it finds none there may be anything else.
func OnlySecrets(tool string) bool {
	tool = strings.ToLower(tool)
	return slices.ContainsFunc(secretScanners, func(part string) bool { return strings.Contains(tool, part) })
}

// kindOf is the kind of a result. A rule that is named after an advisory is a vulnerability, whatever the tool.
func (r *sarifRun) kindOf(result *sarifResult, rule *sarifRule) engine.Kind {
	id := cmp.Or(result.rule.id, rule.id)
	if len(advisoriesOfRule(id)) > 0 {
		return engine.KindVulnerability
	}
	id, name, tool := strings.ToLower(id), strings.ToLower(rule.name), strings.ToLower(r.driver.name)
	var tags []string
	for _, p := range []*sarifProperties{rule.facts, result.facts} {
		if p != nil {
			tags = append(tags, p.tags...)
		}
	}
	for _, k := range sarifKinds {
		switch {
		case slices.ContainsFunc(k.rules, func(prefix string) bool { return strings.HasPrefix(id, prefix) }),
			slices.Contains(k.names, name),
			slices.ContainsFunc(k.tags, func(tag string) bool { return slices.ContainsFunc(tags, isWord(tag)) }),
			slices.ContainsFunc(k.tools, func(part string) bool { return strings.Contains(tool, part) }):
			return k.kind
		}
	}
	return engine.KindWeakness
}

// credentialCWEs are weaknesses whose messages quote credentials.
var credentialCWEs = []int{256, 257, 259, 260, 312, 321, 522, 547, 798}

var quotedText = regexp.MustCompile("(\"[^\"]*\"|'[^']*'|`[^`]*`)")

// classify gives a finding its kind, and what belongs to that kind.
func (r *sarifRun) classify(d *engine.Discovery, result *sarifResult, rule *sarifRule, message string) {
	f := &d.Finding
	id := cmp.Or(result.rule.id, rule.id)
	name := rule.name
	if name == id {
		name = ""
	}
	first := firstSentence(message)
	switch f.Kind {
	case engine.KindVulnerability:
		d.Content = "" // the component identifies it
		r.describeVulnerability(f, result, rule, message)
		d.Reachability, d.Commit = r.reachability(message), r.commit
		f.Title = cmp.Or(rule.short, first, name, id)
	case engine.KindLicense:
		d.Content = ""
		r.describeLicense(f, id, message)
		f.Title = cmp.Or(rule.short, first, name, id)
	case engine.KindSecret:
		// A scanner may quote what it found, in the message and in what it calls the description of the rule. Names of rules and
		// their short descriptions are its own words.
		f.Secret = &engine.Secret{Type: clip(id)}
		f.Title = cmp.Or(rule.short, name, id)
		f.Suppression = result.maskedSuppression()
	case engine.KindMisconfiguration:
		f.Resource = resourceOf(result)
		f.Title = cmp.Or(rule.short, name, first, id)
	default:
		if slices.ContainsFunc(f.CWEs, func(n int) bool { return slices.Contains(credentialCWEs, n) }) {
			// The message may quote the credential, in whatever quotes or none: the rule's own words say enough.
			first = cmp.Or(rule.short, name, firstSentence(quotedText.ReplaceAllString(result.masked, "…")))
			f.Suppression = result.maskedSuppression()
		}
		f.Title = cmp.Or(first, rule.short, name, id)
	}
	f.Title = clip(f.Title)
}

// reachability is what govulncheck found out; its message says whether the code calls what is vulnerable. Not to have found a call is
// no proof that there is none.
func (r *sarifRun) reachability(message string) *engine.Reachability {
	switch {
	case !strings.EqualFold(r.driver.name, "govulncheck"):
		return nil
	case strings.HasPrefix(message, "Your code calls vulnerable functions"):
		return &engine.Reachability{Verdict: "reachable", By: r.driver.name}
	}
	return &engine.Reachability{Verdict: "potential", By: r.driver.name}
}

// firstSentence cuts a message to what fits a title, where it is longer than that.
func firstSentence(text string) string {
	const fits, least = 120, 20 // bytes; what is shorter than the second is an abbreviation or a label
	text = clip(text)
	if len(text) <= fits {
		return text
	}
	for i := least; i+1 < len(text); i++ {
		if text[i] == '.' && text[i+1] == ' ' && text[i-2] != '.' { // not after "e.g."
			return text[:i+1]
		}
	}
	return text
}

// resourceOf is the configured thing that a result names as its logical place: "aws_s3_bucket.data", or type and name apart.
func resourceOf(result *sarifResult) *engine.Resource {
	for _, at := range result.places {
		l := at.logical
		full := plain(cmp.Or(l.full, l.name))
		switch kind, name, ok := strings.Cut(full, "."); {
		case full == "" || len(full) > longestWord:
		case ok && (l.kind == "" || l.kind == "resource") && !strings.ContainsAny(full, "/ :"):
			return &engine.Resource{Type: kind, Name: name}
		case l.kind == "" || l.kind == "resource":
			return &engine.Resource{Name: full}
		default:
			return &engine.Resource{Type: clip(l.kind), Name: full}
		}
	}
	return nil
}

// describeLicense reads "package:LICENCE" of Trivy and "snyk:lic:ecosystem:package:LICENCE".
func (r *sarifRun) describeLicense(f *engine.Finding, id, message string) {
	before, spdx, ok := cutLast(id, ":")
	if !ok {
		return
	}
	f.License = &engine.License{SPDX: clip(spdx)}
	parts := strings.SplitN(before, ":", 4)
	if len(parts) == 4 && parts[0] == "snyk" {
		f.Package = packageNamed(parts[2], parts[3], "")
		return
	}
	f.Package = packageNamed("", cmp.Or(packageInText(message).name, before), "")
}
