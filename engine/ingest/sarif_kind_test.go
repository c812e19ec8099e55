package ingest

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
)

func TestSARIFCWEs(t *testing.T) {
	const taxonomies = `"taxonomies": [{"name": "OWASP", "taxa": [{"id": "A1"}]}, {"name": "CWE", "taxa": [{"id": "22"}, {"id": "CWE-23"}]}]`
	for _, c := range []struct {
		rule, result string
		want         []int
	}{
		{`"properties": {"tags": ["security", "external/cwe/cwe-079", "CWE-80: Basic XSS"]}`, ``, []int{79, 80}},
		{`"properties": {"cwe": "CWE-89: SQL"}`, ``, []int{89}},
		{`"properties": {"cwe": ["89", "CWE-79", 20]}`, ``, []int{20, 79, 89}},
		{``, `"properties": {"cwe": 89, "tags": "CWE-79"}`, []int{79, 89}},
		{`"relationships": [{"target": {"id": "327", "toolComponent": {"name": "CWE"}}}, {"target": {"id": "328", "toolComponent": {"name": "OWASP"}}}]`, ``, []int{327}},
		{``, `"taxa": [{"id": "22", "toolComponent": {"name": "CWE"}}]`, []int{22}},
		{``, `"taxa": [{"index": 1, "toolComponent": {"index": 1}}, {"id": "22", "toolComponent": {"index": 1}}]`, []int{22, 23}},
		{``, `"taxa": [{"index": 7, "toolComponent": {"index": 1}}, {"index": 0, "toolComponent": {"index": 7}}, {"id": "A1", "toolComponent": {"index": 0}}]`, nil},
		{``, ``, nil},
	} {
		rule := c.rule
		_, found := sarif(t, `"tool": {"driver": {"name": "T", "rules": [{"id": "r"`+and(rule)+`}]}}, `+taxonomies+`, "results": [{"ruleId": "r"`+and(c.result)+`}]`)
		if got := found[0].Finding.CWEs; !slices.Equal(got, c.want) {
			t.Errorf("rule {%s} and result {%s}: CWEs %v, want %v", c.rule, c.result, got, c.want)
		}
	}
}

func TestSARIFKinds(t *testing.T) {
	for _, c := range []struct {
		tool, rule string
		want       engine.Kind
	}{
		{"CodeQL", `"id": "java/sql-injection"`, engine.KindWeakness},
		{"CodeQL", `"id": "js/hardcoded-credentials", "properties": {"tags": ["security", "external/cwe/cwe-798"]}`, engine.KindWeakness},
		{"Semgrep OSS", `"id": "go.lang.security.audit.xss"`, engine.KindWeakness},
		{"Semgrep OSS", `"id": "generic.secrets.security.detected-aws-access-key"`, engine.KindSecret},
		{"Semgrep OSS", `"id": "terraform.aws.security.aws-s3-public"`, engine.KindMisconfiguration},
		{"Custom", `"id": "CVE-2021-44228"`, engine.KindVulnerability},
		{"Custom", `"id": "cve-2021-44228"`, engine.KindVulnerability},
		{"Grype", `"id": "CVE-2021-44228-log4j-core"`, engine.KindVulnerability},
		{"Trivy", `"id": "[HIGH] CVE-2021-44228"`, engine.KindVulnerability},
		{"Trivy", `"id": "DLA-3000-1"`, engine.KindVulnerability},
		{"Trivy", `"id": "AVD-AWS-0086", "name": "Misconfiguration"`, engine.KindMisconfiguration},
		{"Trivy", `"id": "KSV001", "properties": {"tags": ["misconfiguration", "security", "MEDIUM"]}`, engine.KindMisconfiguration},
		{"Trivy", `"id": "github-pat", "name": "Secret"`, engine.KindSecret},
		{"Trivy", `"id": "busybox:GPL-2.0", "name": "License"`, engine.KindLicense},
		{"gitleaks", `"id": "aws-access-token"`, engine.KindSecret},
		{"Checkov", `"id": "CKV_AWS_20"`, engine.KindMisconfiguration},
		{"Checkov", `"id": "CKV_SECRET_6"`, engine.KindSecret},
		{"Checkov", `"id": "CVE-2020-1234"`, engine.KindVulnerability},
		{"KICS", `"id": "2a1fcd40-3f0e-4b6f-8a2c-0d9ad0c0a8c4"`, engine.KindMisconfiguration},
		{"Hadolint", `"id": "DL3008"`, engine.KindMisconfiguration},
		{"Snyk Open Source", `"id": "SNYK-JS-LODASH-567746"`, engine.KindVulnerability},
		{"Snyk Open Source", `"id": "snyk:lic:npm:x:GPL-3.0"`, engine.KindLicense},
		{"Snyk Open Source", `"id": "npm:ms:20170412"`, engine.KindVulnerability},
		{"SnykCode", `"id": "javascript/Sqli"`, engine.KindWeakness},
		{"govulncheck", `"id": "GO-2021-0113"`, engine.KindVulnerability},
	} {
		_, found := sarif(t, `"tool": {"driver": {"name": "`+c.tool+`", "rules": [{`+c.rule+`}]}}, "results": [{"ruleIndex": 0}]`)
		f := found[0].Finding
		if f.Kind != c.want {
			t.Errorf("%s of %s is a %s, want %s", c.rule, c.tool, f.Kind, c.want)
		}
		if (f.Kind == engine.KindVulnerability) != (f.Vulnerability != nil) || (f.Kind == engine.KindSecret) != (f.Secret != nil) {
			t.Errorf("%s of %s has vulnerability %v and secret %v", c.rule, c.tool, f.Vulnerability, f.Secret)
		}
	}
}

func TestSARIFVulnerabilitiesAndComponents(t *testing.T) {
	for _, c := range []struct {
		name, run     string
		vulnerability engine.Vulnerability
		component     engine.Package
	}{
		{"Grype of a folder, a rule for two versions",
			`"tool": {"driver": {"name": "Grype", "rules": [{"id": "CVE-2021-23337-lodash", "help": {"text": "Vulnerability CVE-2021-23337\nSeverity: high\nPackage: lodash\nVersion: 4.17.15\nFix Version: 4.17.21\nType: npm\nLocation: a/package-lock.json\nData Namespace: github:language:javascript\nLink: x"},
				"properties": {"purls": ["pkg:npm/lodash@4.17.15"]}}]}},
			"results": [{"ruleId": "CVE-2021-23337-lodash", "message": {"text": "A high vulnerability in npm package: lodash, version 4.17.20 was found at: b/package-lock.json"}}]`,
			engine.Vulnerability{ID: "CVE-2021-23337", CVEs: []string{"CVE-2021-23337"}},
			engine.Package{PURL: "pkg:npm/lodash", Ecosystem: "npm", Name: "lodash", Versions: []string{"4.17.20"}}}, // the fix is that of the other version
		{"Grype before purls, a distribution's package",
			`"tool": {"driver": {"name": "Grype", "rules": [{"id": "CVE-2022-37434-zlib1g", "help": {"text": "Vulnerability CVE-2022-37434\nSeverity: critical\nPackage: zlib1g\nVersion: 1:1.2.11\nFix Version: 1:1.2.12,1:1.2.13\nType: deb\nData Namespace: debian:distro:debian:11"}}]}},
			"results": [{"ruleId": "CVE-2022-37434-zlib1g", "message": {"text": "The path /var/lib/dpkg/status reports zlib1g at version 1:1.2.11  which is a vulnerable (deb) package installed in the container"}}]`,
			engine.Vulnerability{ID: "CVE-2022-37434", CVEs: []string{"CVE-2022-37434"}},
			engine.Package{PURL: "pkg:deb/debian/zlib1g", Ecosystem: "deb", Name: "zlib1g", Versions: []string{"1:1.2.11"}, Fixed: []string{"1:1.2.12", "1:1.2.13"}}},
		{"Trivy, the ecosystem by the lockfile",
			`"tool": {"driver": {"name": "Trivy"}}, "results": [{"ruleId": "CVE-2021-23337", "message": {"text": "Package: lodash\nInstalled Version: 4.17.20\nVulnerability CVE-2021-23337\nSeverity: HIGH\nFixed Version: 4.17.21\nLink: x"},
				"locations": [{"physicalLocation": {"artifactLocation": {"uri": "web/yarn.lock"}, "region": {"startLine": 88}}}]}]`,
			engine.Vulnerability{ID: "CVE-2021-23337", CVEs: []string{"CVE-2021-23337"}},
			engine.Package{PURL: "pkg:npm/lodash", Ecosystem: "npm", Name: "lodash", Versions: []string{"4.17.20"}, Fixed: []string{"4.17.21"}}},
		{"a Maven artifact without its group has no package URL",
			`"tool": {"driver": {"name": "Grype"}}, "results": [{"ruleId": "CVE-2008-0732-geronimo-mail", "message": {"text": "The path lib/x.jar reports geronimo-mail at version 1.8.4  which would result in a vulnerable (java-archive) package installed"}}]`,
			engine.Vulnerability{ID: "CVE-2008-0732", CVEs: []string{"CVE-2008-0732"}},
			engine.Package{Ecosystem: "maven", Name: "geronimo-mail", Versions: []string{"1.8.4"}}},
		{"a rule that covers two CVEs is neither",
			`"tool": {"driver": {"name": "Snyk Open Source", "rules": [{"id": "SNYK-JS-AJV-584908", "fullDescription": {"text": "(CVE-2020-15366,CVE-2020-15367) ajv@5.0.0"}, "help": {"markdown": "* Package Manager: npm\n* Vulnerable module: ajv\n"}}]}},
			"results": [{"ruleId": "SNYK-JS-AJV-584908"}]`,
			engine.Vulnerability{ID: "SNYK-JS-AJV-584908", CVEs: []string{"CVE-2020-15366", "CVE-2020-15367"}},
			engine.Package{PURL: "pkg:npm/ajv", Ecosystem: "npm", Name: "ajv", Versions: []string{"5.0.0"}}},
		{"scoped npm package of OSV-Scanner",
			`"tool": {"driver": {"name": "osv-scanner"}}, "results": [{"ruleId": "GHSA-67hx-6x53-jw92", "message": {"text": "Package '@babel/traverse@7.22.0' is vulnerable to 'CVE-2023-45133' (also known as 'GHSA-67hx-6x53-jw92')."},
				"locations": [{"physicalLocation": {"artifactLocation": {"uri": "package-lock.json"}}}]}]`,
			engine.Vulnerability{ID: "GHSA-67hx-6x53-jw92"},
			engine.Package{PURL: "pkg:npm/%40babel/traverse", Ecosystem: "npm", Name: "@babel/traverse", Versions: []string{"7.22.0"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, found := sarif(t, c.run)
			f := found[0].Finding
			if f.Vulnerability == nil || !reflect.DeepEqual(*f.Vulnerability, c.vulnerability) {
				t.Errorf("vulnerability %+v, want %+v", f.Vulnerability, c.vulnerability)
			}
			if f.Package != nil {
				f.Package.Found = nil // of what was found, only the qualifiers count, which SARIF's have not
			}
			if f.Package == nil || !reflect.DeepEqual(*f.Package, c.component) {
				t.Errorf("package %+v, want %+v", f.Package, c.component)
			}
		})
	}
}

func TestSARIFAssessmentsAreReadFromProperties(t *testing.T) {
	d := one(t, "", `"properties": {"source": "NVD", "cvssv2_score": 4.3, "cvssv2_version": "2.0", "cvssv3_baseScore": "6.1", "cvssv3_version": "3.0",
		"cvssv40_vector": "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", "cvssv9_score": 1, "cvssv3_severity": "MEDIUM"}, "ruleId": "CVE-2015-9251"`)
	want := []engine.CVSS{
		{Version: "4.0", Vector: "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", Score: 9.3, Source: "nvd"},
		{Version: "3.0", Score: 6.1, Source: "nvd"},
		{Version: "2.0", Score: 4.3, Source: "nvd"},
	}
	if !slices.Equal(d.Finding.CVSS, want) {
		t.Errorf("assessments %+v, want %+v", d.Finding.CVSS, want)
	}
	// A score without a version says nothing.
	if d := one(t, "", `"ruleId": "CVE-2015-9251", "properties": {"cvssv3_baseScore": 9.8}`); d.Finding.CVSS != nil {
		t.Errorf("assessments %+v of a bare score", d.Finding.CVSS)
	}
}

func TestSARIFSecretsAreNowhereInWhatIsRead(t *testing.T) {
	const value = "made-up-5f4dcc3b5aa765d61d83"
	for _, run := range []string{
		`"tool": {"driver": {"name": "gitleaks"}}, "results": [{"message": {"text": "found ` + value + ` here"}, "properties": {"offender": "` + value + `"},
			"locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.env"}, "region": {"startLine": 1, "snippet": {"text": "KEY='` + value + `';"}}}}]}]`,
		`"tool": {"driver": {"name": "Trivy", "rules": [{"id": "key", "name": "Secret", "shortDescription": {"text": "A key"}, "fullDescription": {"text": "` + value + `"}, "help": {"text": "Match: ` + value + `"}}]}},
			"results": [{"ruleId": "key", "message": {"text": "Match: ` + value + `"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.env"}}}]}]`,
		`"tool": {"driver": {"name": "Bandit", "rules": [{"id": "B105", "properties": {"tags": ["security", "external/cwe/cwe-259"]}}]}},
			"results": [{"ruleId": "B105", "message": {"text": "Possible hardcoded password: '` + value + `'"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.py"},
				"region": {"startLine": 1, "snippet": {"text": "password = '` + value + `'"}}, "contextRegion": {"snippet": {"text": "password = '` + value + `'"}}}}]}]`,
		`"tool": {"driver": {"name": "Bandit", "rules": [{"id": "B105", "properties": {"cwe": 798}}]}}, "results": [{"ruleId": "B105", "message": {"id": "default", "arguments": ["` + value + `"]}}]`,
	} {
		report, found := sarif(t, run)
		text, err := json.Marshal([]any{report, found})
		if err != nil {
			t.Fatal(err)
		}
		if len(found) != 1 || strings.Contains(string(text), value) {
			t.Errorf("of {%s} came %s", run, text)
		}
	}
}

func TestSARIFMisconfigurationsNameTheirResource(t *testing.T) {
	for logical, want := range map[string]*engine.Resource{
		`{"fullyQualifiedName": "aws_s3_bucket.data", "kind": "resource"}`: {Type: "aws_s3_bucket", Name: "data"},
		`{"name": "data", "kind": "aws_s3_bucket"}`:                        {Type: "aws_s3_bucket", Name: "data"},
		`{"fullyQualifiedName": "Deployment/web"}`:                         {Name: "Deployment/web"},
		`{}`: nil,
	} {
		_, found := sarif(t, `"tool": {"driver": {"name": "tfsec"}}, "results": [{"ruleId": "r", "locations": [{"logicalLocations": [`+logical+`]}]}]`)
		if got := found[0].Finding.Resource; !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %+v, want %+v", logical, got, want)
		}
	}
}

func TestASuppressionDoesNotQuoteTheSecretThatItExcuses(t *testing.T) {
	_, found, err := read("x", strings.NewReader(`{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "gitleaks"}}, "results": [
		{"ruleId": "generic-api-key", "message": {"text": "found"}, "suppressions": [{"kind": "external", "justification": "PLANTED0123456789 is revoked"}],
		 "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.env"}, "region": {"startLine": 1, "snippet": {"text": "PLANTED0123456789"}}}}]}]}]}`), Options{})
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	if s := found[0].Finding.Suppression; s == nil || strings.Contains(s.Justification, "PLANTED") || !strings.Contains(s.Justification, "is revoked") {
		t.Errorf("have %+v", s)
	}
}

func TestAnErrorOfAToolForQualityIsNoSevereWeakness(t *testing.T) {
	result := func(rule string) engine.Severity {
		_, found, err := read("x", strings.NewReader(`{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "lint", "rules": [`+rule+`]}}, "results": [
			{"ruleId": "r", "level": "error", "message": {"text": "m"}}]}]}`), Options{})
		if err != nil || len(found) != 1 {
			t.Fatal(found, err)
		}
		return found[0].Finding.Severity
	}
	for rule, want := range map[string]engine.Severity{
		`{"id": "r"}`: engine.SeverityMedium,
		`{"id": "r", "properties": {"tags": ["security"]}}`:             engine.SeverityHigh,
		`{"id": "r", "properties": {"tags": ["external/cwe/cwe-089"]}}`: engine.SeverityHigh,
		`{"id": "r", "properties": {"security-severity": "9.1"}}`:       engine.SeverityCritical,
	} {
		if have := result(rule); have != want {
			t.Errorf("%s: have %s, want %s", rule, have, want)
		}
	}
}
