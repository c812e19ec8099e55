package policies_test

import (
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// What one decision costs the interpreter with all packs, on one core, for a case with many reasons and for cases with few.
func BenchmarkDecision(b *testing.B) {
	s := load(b)
	compiler := strictly(b, s.byDefault())
	data, err := ast.InterfaceToValue(s.data)
	if err != nil {
		b.Fatal(err)
	}
	query, err := rego.New(
		rego.Query("data.main.decision"),
		rego.Compiler(compiler),
		rego.Store(inmem.NewFromASTObject(data.(ast.Object))),
		rego.StrictBuiltinErrors(true),
	).PrepareForEval(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for name, text := range realistic {
		b.Run(name, func(b *testing.B) {
			input, err := ast.ValueFromReader(strings.NewReader(text))
			if err != nil {
				b.Fatal(err)
			}
			cancel := topdown.NewCancel()
			b.ReportAllocs()
			for b.Loop() {
				rs, err := query.Eval(b.Context(),
					rego.EvalParsedInput(input),
					rego.EvalExternalCancel(cancel),
					rego.EvalMetrics(metrics.NoOp()),
					rego.EvalGenerateJSON(func(*ast.Term, *rego.EvalContext) (any, error) { return true, nil }))
				if err != nil || len(rs) != 1 {
					b.Fatal(rs, err)
				}
			}
		})
	}
}

// realistic are inputs as the engine builds them from real reports.
var realistic = map[string]string{
	"log4shell on an internet checkout": `{
		"finding": {
			"id": "hg1-3fa9c2", "ids": ["hg1-3fa9c2", "hg1-77ab01"], "kind": "vulnerability", "severity": "critical",
			"title": "Remote code execution in Log4j", "rule": {"id": "CVE-2021-44228", "tool": "trivy"},
			"vulnerability": {"id": "CVE-2021-44228", "cves": ["CVE-2021-44228"], "aliases": ["GHSA-jfh8-c2jp-5v3q"]},
			"cwes": [20, 400, 502, 917],
			"cvss": [{"version": "3.1", "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", "score": 10, "source": "nvd"}],
			"package": {"purl": "pkg:maven/org.apache.logging.log4j/log4j-core", "ecosystem": "maven", "name": "log4j-core",
				"versions": ["2.14.1"], "fixed": ["2.17.1"], "direct": true, "scope": "runtime"},
			"locations": [{"path": "pom.xml", "line": 42}],
			"sources": [{"tool": "trivy", "format": "trivy", "report": "sha256:00"}]},
		"asset": {"id": "checkout", "name": "checkout", "type": "service", "owner": "team-pay", "criticality": "mission_critical",
			"data": ["pii", "pci"], "environment": "production", "exposure": "internet"},
		"context": {
			"change": {"event": "pull_request", "status": "introduced"},
			"intel": {
				"kev": {"listed": true, "added": "2021-12-10", "due": "2021-12-24", "ransomware": true},
				"epss": {"cve": "CVE-2021-44228", "probability": 0.99999, "percentile": 0.99999, "model": "v2026.06.15"},
				"ssvc": {"exploitation": "active", "automatable": "yes", "technical_impact": "total", "source": "vulnrichment"}},
			"reachability": {"verdict": "reachable", "by": "govulncheck", "confidence": "high"},
			"history": {"age_days": 3, "reopened": 0}}}`,
	"openssl in a base image": `{
		"finding": {
			"id": "hg1-0a11ce", "ids": ["hg1-0a11ce"], "kind": "vulnerability", "severity": "medium",
			"title": "openssl: timing side channel in ECDSA", "rule": {"id": "CVE-2024-13176", "tool": "grype"},
			"vulnerability": {"id": "CVE-2024-13176", "cves": ["CVE-2024-13176"]}, "cwes": [385],
			"cvss": [{"version": "3.1", "vector": "CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:L/I:L/A:L", "score": 4.1, "source": "nvd"}],
			"package": {"purl": "pkg:deb/debian/openssl", "ecosystem": "deb", "name": "openssl", "versions": ["3.0.15-1~deb12u1"],
				"fixed": ["3.0.16-1~deb12u1"]},
			"locations": [{"path": "/var/lib/dpkg/status", "image": "registry.example/checkout:1.9"}],
			"sources": [{"tool": "grype", "format": "grype", "report": "sha256:00"}]},
		"asset": {"id": "checkout", "name": "checkout", "type": "service", "owner": "team-pay", "criticality": "business_critical",
			"data": ["pii"], "environment": "production", "exposure": "internet"},
		"context": {
			"change": {"event": "pull_request", "status": "existing"},
			"intel": {
				"kev": {"listed": false},
				"epss": {"cve": "CVE-2024-13176", "probability": 0.00121, "percentile": 0.0801, "model": "v2026.06.15"},
				"ssvc": {"exploitation": "none", "automatable": "no", "technical_impact": "partial", "source": "vulnrichment"}},
			"history": {"age_days": 120, "reopened": 0}}}`,
	"gosec G304 on an internet checkout": `{
		"finding": {
			"id": "hg1-5ec0de", "ids": ["hg1-5ec0de"], "kind": "weakness", "severity": "medium",
			"title": "Potential file inclusion via variable", "rule": {"id": "G304", "tool": "gosec"}, "cwes": [22],
			"locations": [{"path": "internal/files/open.go", "line": 41, "end_line": 41}],
			"sources": [{"tool": "gosec", "format": "sarif", "report": "sha256:00"}]},
		"asset": {"id": "checkout", "name": "checkout", "type": "service", "owner": "team-pay", "criticality": "mission_critical",
			"data": ["pii", "pci"], "environment": "production", "exposure": "internet"},
		"context": {"change": {"event": "pull_request", "status": "introduced"}}}`,
	"AWS key in a test": `{
		"finding": {
			"id": "hg1-a35000", "ids": ["hg1-a35000"], "kind": "secret", "severity": "high",
			"title": "AWS access key", "rule": {"id": "aws-access-token", "tool": "gitleaks"}, "secret": {"type": "aws-access-token"},
			"locations": [{"path": "internal/upload/upload_test.go", "line": 17}],
			"sources": [{"tool": "gitleaks", "format": "sarif", "report": "sha256:00"}]},
		"asset": {"id": "checkout", "criticality": "mission_critical", "exposure": "internet"},
		"context": {"change": {"event": "pull_request", "status": "introduced"}}}`,
}
