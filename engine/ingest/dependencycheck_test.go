package ingest

import (
	"strings"
	"testing"
)

func TestDependencyCheckReportsAreReadAsTheirGoldens(t *testing.T) {
	for _, name := range []string{"dependency-check.xml", "dependency-check.json"} {
		t.Run(name, func(t *testing.T) { golden(t, name, checkout) })
	}
}

const dcHead = `<?xml version="1.0"?><analysis xmlns="https://jeremylong.github.io/DependencyCheck/dependency-check.2.5.xsd"><scanInfo/><projectInfo/>`

func TestDependencyCheckReadsOldAssessments(t *testing.T) {
	_, found := readDocument(t, dcHead+`<dependencies><dependency><fileName>a.jar</fileName>
		<identifiers><identifier type="cpe"><name>cpe:/a:x:y:1</name></identifier><identifier type="maven"><name>org.example:a:1.2</name></identifier></identifiers>
		<vulnerabilities><vulnerability><name>CVE-2010-0001</name><cvssScore>7.5</cvssScore><cvssAccessVector>NETWORK</cvssAccessVector><cvssAccessComplexity>LOW</cvssAccessComplexity>
		<cvssAuthenticationr>NONE</cvssAuthenticationr><cvssConfidentialImpact>PARTIAL</cvssConfidentialImpact><cvssIntegrityImpact>PARTIAL</cvssIntegrityImpact>
		<cvssAvailabilityImpact>PARTIAL</cvssAvailabilityImpact><severity>High</severity><cwe>CWE-89 SQL Injection</cwe></vulnerability></vulnerabilities></dependency></dependencies></analysis>`)
	f := found[0].Finding
	if len(f.CVSS) != 1 || f.CVSS[0].Vector != "AV:N/AC:L/Au:N/C:P/I:P/A:P" || f.CVSS[0].Version != "2.0" || f.CWEs[0] != 89 || f.Package.PURL != "pkg:maven/org.example/a" || f.Package.Versions[0] != "1.2" {
		t.Errorf("read as %+v %+v", f, f.Package)
	}
}

func TestDependencyCheckTellsNamelessVulnerabilitiesApart(t *testing.T) {
	names := map[string]bool{}
	for _, v := range []string{
		`<name>CWE-400: x</name><description>one</description>`, `<name>CWE-400: x</name><description>two</description>`,
		`<name>1500</name>`, `<name>CVE-2020-0001</name>`,
	} {
		_, found := readDocument(t, dcHead+`<dependencies><dependency><fileName>a</fileName><vulnerabilities><vulnerability>`+v+`</vulnerability></vulnerabilities></dependency></dependencies></analysis>`)
		id := found[0].Finding.Vulnerability.ID
		if names[id] || strings.HasPrefix(id, "CWE") || digits(id) {
			t.Errorf("%s is named %s", v, id)
		}
		names[id] = true
	}
}

func TestDependencyCheckIsReadToItsEnd(t *testing.T) {
	whole := dcHead + `<dependencies><dependency><fileName>a</fileName></dependency></dependencies></analysis>`
	if report, found := readDocument(t, whole); !report.Complete || len(found) != 0 {
		t.Errorf("complete %v, %d findings", report.Complete, len(found))
	}
	for _, doc := range []string{whole[:len(whole)-3], whole[:len(whole)-40], whole + "x", whole + "<analysis/>", strings.Replace(whole, "</dependency>", "", 1)} {
		refused(t, doc)
	}
	if report, _ := readDocument(t, strings.Replace(whole, "<scanInfo/>", "<scanInfo><analysisExceptions><exception><message>x</message></exception></analysisExceptions></scanInfo>", 1)); report.Complete {
		t.Error("complete, though an analyser failed")
	}
	got := refused(t, strings.Replace(whole, "<fileName>a</fileName>", "<vulnerabilities><vulnerability/></vulnerabilities>", 1))
	if !strings.Contains(got, "without name") {
		t.Errorf("refused with %q", got)
	}
}
