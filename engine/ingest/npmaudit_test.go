package ingest

import (
	"fmt"
	"strings"
	"testing"
)

func TestAuditsOfNodePackagesAreReadAsTheirGoldens(t *testing.T) {
	for _, name := range []string{"npm-audit-6.json", "npm-audit-7.json", "yarn-audit-1.json", "yarn-audit-4.json", "yarn-audit-registry.json"} {
		t.Run(name, func(t *testing.T) { golden(t, name, Options{Repository: "acme/shop"}) })
	}
}

func TestAuditsThatFailedAreIncomplete(t *testing.T) {
	for name, doc := range map[string]string{
		"npm":                    `{"error":{"code":"ENOLOCK","summary":"This command requires an existing lockfile.","detail":"Try creating one first"}}`,
		"npm, with a request":    `{"message":"request failed","method":"POST","uri":"https://registry.example.org","error":{"code":"ENOAUDIT","summary":"","detail":""}}`,
		"pnpm":                   `{"error":{"code":"ERR_PNPM_AUDIT_NO_LOCKFILE","message":"No pnpm-lock.yaml found"}}`,
		"npm with a half report": `{"auditReportVersion":2,"vulnerabilities":{},"error":{"code":"E500","summary":"x"}}`,
		"yarn":                   `{"type":"error","data":"An unexpected error occurred"}`,
		"yarn, without its end":  `{"type":"auditAdvisory","data":{"resolution":{"path":"a"},"advisory":{"id":1,"module_name":"a"}}}`,
	} {
		if report, _ := readDocument(t, doc); report.Complete || report.Incomplete == "" {
			t.Errorf("%s: complete", name)
		}
	}
	for name, doc := range map[string]string{
		"npm 7": `{"auditReportVersion":2,"vulnerabilities":{},"metadata":{}}`,
		"npm 6": `{"actions":[],"advisories":{},"muted":[],"metadata":{}}`,
		"yarn":  `{"type":"info","data":"x"}` + "\n" + `{"type":"auditSummary","data":{"vulnerabilities":{}}}`,
	} {
		if report, found := readDocument(t, doc); !report.Complete || len(found) != 0 {
			t.Errorf("%s: incomplete because of %q, %d findings", name, report.Incomplete, len(found))
		}
	}
}

func TestAdvisoriesWithoutANameAreOfThePackageThatAllPathsLeadTo(t *testing.T) {
	const doc = `{"actions":[],"muted":[],"metadata":{},"advisories":{"1":{"id":1,"severity":"high","url":"https://github.com/advisories/GHSA-c2qf-rxjj-qqgw","findings":[%s]}}}`
	for findings, want := range map[string]string{
		`{"version":"1.0.0","paths":[".>express>qs",".>qs"]}`:                           "qs",
		`{"version":"1.0.0","paths":[". > express@4.0.0 > @acme/qs@1.0.0"]}`:            "@acme/qs",
		`{"version":"1.0.0","paths":["@acme/qs"]}`:                                      "@acme/qs",
		`{"version":"1.0.0","paths":[".>qs"]},{"version":"2.0.0","paths":[".>lodash"]}`: "",
		`{"version":"1.0.0","paths":["."]}`:                                             "",
		`{"version":"1.0.0","paths":[]}`:                                                "",
	} {
		r, err := Read("x", strings.NewReader(fmt.Sprintf(doc, findings)), Options{Repository: "acme/shop"})
		switch {
		case want == "" && err == nil:
			t.Errorf("%s is read as %+v", findings, r.Discoveries)
		case want != "" && (err != nil || len(r.Discoveries) != 1 || r.Discoveries[0].Finding.Package.Name != want):
			t.Errorf("%s: %v, want %s", findings, err, want)
		}
	}
}

func TestAuditNamesComeFromTheAddressAndNotFromANumberThatChanges(t *testing.T) {
	for _, c := range []struct{ ghsa, url, number, cves, want string }{
		{"", "https://github.com/advisories/GHSA-c2qf-rxjj-qqgw", "1101088", "", "GHSA-c2qf-rxjj-qqgw []"},
		{"GHSA-c2qf-rxjj-qqgw", "", "1101088", "CVE-2022-25883", "CVE-2022-25883 [GHSA-c2qf-rxjj-qqgw]"},
		{"", "https://npmjs.com/advisories/1488", "7", "", "NPM-1488 []"},
		{"", "https://nodesecurity.io/advisories/107", "107", "CVE-2019-10321", "CVE-2019-10321 []"},
		{"", "", "12", "", "NPM-12 []"},
	} {
		v := npmNames(c.ghsa, c.url, c.number, strings.Fields(c.cves))
		if got := fmt.Sprint(v.ID, " ", v.Aliases); got != c.want {
			t.Errorf("%+v is %s", c, got)
		}
	}
}

func TestAuditRangesGiveTheVersionsThatFix(t *testing.T) {
	for patched, want := range map[string]string{
		">=1.10.2": "[1.10.2]",
		">= 2.11.2 < 3.0.0|| >= 3.6.4 < 4.0.0 ||  >= 4.5.7": "[2.11.2 3.6.4 4.5.7]",
		"<0.0.0": "[]", "": "[]", ">1.0.0": "[]",
	} {
		if got := fmt.Sprint(lowerBounds(patched)); got != want {
			t.Errorf("%q is mended by %s, want %s", patched, got, want)
		}
	}
	for vulnerable, want := range map[string]string{
		"<2.6.9":                    "[2.6.9]",
		">=5.5.0 <5.7.4 || <=7.0.0": "[5.7.4]",
		"*":                         "[]", ">=1.0.0": "[]", "1.2.3": "[]", "< 3.0.0-rc.1": "[3.0.0-rc.1]",
	} {
		if got := fmt.Sprint(upperBounds(vulnerable)); got != want {
			t.Errorf("%q is mended by %s, want %s", vulnerable, got, want)
		}
	}
}
