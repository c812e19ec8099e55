package ingest

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCollectedFindingsAreReadAsTheirGoldens(t *testing.T) {
	for _, name := range []string{"asff-findings.json", "ocsf-lines.json", "generic-findings.json", "generic-findings.csv"} {
		golden(t, name, Options{Repository: "acme/shop"})
	}
}

// summary is what a report amounts to, in one line.
func summary(t *testing.T, doc string) string {
	t.Helper()
	report, found, err := read("report", strings.NewReader(doc), Options{})
	if err != nil {
		return err.Error()
	}
	text := fmt.Sprint(report.Results, " ", len(found))
	if report.Incomplete != "" {
		text += " " + report.Incomplete
	}
	for _, d := range found {
		f := d.Finding
		text += fmt.Sprint("; ", f.Kind, " ", f.Severity, " ", d.Target.Type, " ", d.Target.Name)
		if f.Vulnerability != nil {
			text += " " + strings.Join(f.Vulnerability.Names(), "=") + fmt.Sprint(f.Vulnerability.CVEs)
		}
		if f.Package != nil {
			text += fmt.Sprint(" ", f.Package.PURL, f.Package.Versions, f.Package.Fixed)
		}
		if f.Suppression != nil {
			text += " " + f.Suppression.Status
		}
	}
	return text
}

func TestTrapsOfCollectedFindings(t *testing.T) {
	asff := func(more string) string {
		return `[{"Id":"a","AwsAccountId":"1","ProductArn":"p","GeneratorId":"g","Title":"t","Severity":{"Label":"LOW"},"Resources":[{"Type":"AwsEc2Instance","Id":"i-1"}]` + more + `}]`
	}
	ocsf := func(more string) string {
		return `{"class_uid":2002,"severity_id":4,"finding_info":{"uid":"1"},"device":{"hostname":"h"}` + more + `}`
	}
	generic := func(more string) string {
		return `{"findings":[{"title":"t","severity":"Low","description":"d"` + more + `}]}`
	}
	for _, c := range []struct{ name, doc, want string }{
		{"ASFF", asff(``), "1 1; weakness low host i-1"},
		{"ASFF alone", strings.Trim(asff(``), "[]"), "1 1; weakness low host i-1"},
		{"ASFF archived", asff(`,"RecordState":"ARCHIVED"`), "1 0"},
		{"ASFF resolved", asff(`,"Workflow":{"Status":"RESOLVED"}`), "1 0"},
		{"ASFF suppressed", asff(`,"Workflow":{"Status":"SUPPRESSED"}`), "1 1; weakness low host i-1 accepted"},
		{"ASFF page", `{"NextToken":"x","Findings":` + asff(``) + `}`, "1 1 it is one page of several: NextToken leads to the next; weakness low host i-1"},
		{"ASFF without packages", asff(`,"Vulnerabilities":[{"Id":"CVE-2026-0001"}]`), "1 1; vulnerability low host i-1 CVE-2026-0001[CVE-2026-0001]"},
		{"ASFF without an id", `[{"AwsAccountId":"1","ProductArn":"p"}]`, "without an Id"},
		{"OCSF", ocsf(`,"vulnerabilities":[{"cve":{"uid":"CVE-2026-0001"},"affected_packages":[{"name":"a","version":"1","epoch":1,"release":"2","package_manager":"npm"}]}]`),
			"1 1; vulnerability high host h CVE-2026-0001[CVE-2026-0001] pkg:npm/a[1:1-2] []"},
		{"OCSF list", `[` + ocsf(`,"vulnerabilities":[{"cve":{"uid":"CVE-2026-0001"}}]`) + `]`, "1 1; vulnerability high host h CVE-2026-0001[CVE-2026-0001]"},
		{"OCSF suppressed", ocsf(`,"status_id":3,"vulnerabilities":[{"title":"x"}]`), "1 1; weakness high host h accepted"},
		{"OCSF, the last word first", ocsf(`,"time":2,"status_id":4`) + "\n" + ocsf(`,"time":1,"vulnerabilities":[{"title":"x"}]`), "2 0"},
		{"OCSF of another class after it", ocsf(``) + `{"class_uid":2004}`, "an event of class 2004"},
		{"OCSF cut", ocsf(``) + `{"class_uid":2002,`, "ends in the middle"},
		{"generic", generic(``), "1 1; weakness low repository "},
		{"generic, two CVEs", generic(`,"vulnerability_ids":["GHSA-1","CVE-2026-0001","CVE-2026-0002"]`), "1 1; vulnerability low repository  GHSA-1[CVE-2026-0001 CVE-2026-0002]"},
		{"generic, two GHSAs", generic(`,"cve":"CVE-2026-0001","vulnerability_ids":["GHSA-1","GHSA-2"]`), "1 1; vulnerability low repository  CVE-2026-0001[CVE-2026-0001]"},
		{"generic accepted", generic(`,"risk_accepted":true`), "1 1; weakness low repository  accepted"},
		{"generic inactive", generic(`,"active":false`), "1 1; weakness low repository  under_review"},
		{"generic, a package URL", generic(`,"component_name":"pkg:npm/ws@7.5.9"`), "1 1; weakness low repository  pkg:npm/ws[7.5.9] []"},
		{"generic without title", `{"findings":[{"title":"t","severity":"Low"},{"severity":"Low"}]}`, "finding 2 has no title"},
		{"generic without findings", `{"name":"a","type":"b","findings":[]}`, "0 0"},
		{"generic cut", `{"findings":[{"title":"t","severity":"Low"}`, "ends in the middle"},
		{"table", "Title,Severity,Description,CVE\na,High,b,CVE-2026-0001\n", "1 1; vulnerability high repository  CVE-2026-0001[CVE-2026-0001]"},
		{"table cut in a row", "Title,Severity,Description\na,High\n", "line 2: wrong number of fields"},
		{"table cut in a cell", "Title,Severity,Description\na,High,\"b", "line 2: extraneous or missing"},
		{"table without title", "Title,Severity,Description\n,High,b\n", "finding 1 has no title"},
	} {
		if got := summary(t, c.doc); got != c.want && !(strings.HasPrefix(got, "report: ") && strings.Contains(got, c.want)) {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// What somebody wrote into an address, as a password or a session, is no part of what is shown.
func TestGenericAddressesCarryNoSecrets(t *testing.T) {
	for _, name := range []string{"generic-findings.json", "generic-findings.csv"} {
		_, found, err := readFile(t, name, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if text := texted(t, found); strings.Contains(text, "abcdef") || strings.Contains(text, "user:word") {
			t.Errorf("%s: a secret of an address is in %s", name, text)
		}
	}
}

// collected are formats and the folders of real reports in them.
var collected = map[string]string{
	"cyclonedx": "cyclonedx", "spdx": "spdx", "openvex": "openvex", "csaf": "csaf", "ocsf": "ocsf", "asff": "asff", "defectdojo": "generic",
}

func TestBillsVEXAndCollectionsTakeNoOtherFormatsFiles(t *testing.T) {
	dir := corpus(t)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		folder, _, _ := strings.Cut(filepath.ToSlash(name), "/")
		if f, err := detect(content[:min(len(content), peekBytes)]); err == nil && collected[f.name] != "" && collected[f.name] != folder {
			t.Errorf("%s is taken for %s", name, f.title)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
