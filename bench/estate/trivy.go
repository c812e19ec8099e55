package estate

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/headgate/headgate/engine"
)

// A Vulnerability is one as Trivy reports it.
type Vulnerability struct {
	VulnerabilityID  string
	PkgName          string
	InstalledVersion string
	FixedVersion     string `json:",omitempty"`
	Severity         string
	Title            string
	Description      string
	PkgIdentifier    struct{ PURL string }
	CVSS             map[string]Score
	CweIDs           []string
	References       []string
}

// A Score is one of CVSS.
type Score struct {
	V3Vector string
	V3Score  float64
}

// Vulnerabilities are those of one repository as Trivy reports them.
func (e *Estate) Vulnerabilities(n int) []Vulnerability {
	r := rand.New(rand.NewPCG(e.seed, 2))
	all := make([]Vulnerability, n)
	for i := range all {
		var c engine.Case
		e.vulnerability(r, &c, new(room), &e.parts[0])
		f := &c.Input.Finding
		v := Vulnerability{VulnerabilityID: f.Vulnerability.ID, PkgName: fmt.Sprintf("%s-%d", f.Package.Name, i), InstalledVersion: f.Package.Versions[0],
			Severity: strings.ToUpper(string(f.Severity)), Title: f.Title, Description: strings.Repeat("What could go wrong, and under which conditions. ", 6),
			CVSS: map[string]Score{"nvd": {f.CVSS[0].Vector, f.CVSS[0].Score}}, CweIDs: []string{fmt.Sprintf("CWE-%d", f.CWEs[0])},
			References: []string{"https://example.org/advisories/" + f.Vulnerability.ID, "https://example.org/fixes/" + f.Vulnerability.ID}}
		v.PkgIdentifier.PURL = fmt.Sprintf("%s-%d@%s", f.Package.PURL, i, f.Package.Versions[0])
		if len(f.Package.Fixed) > 0 {
			v.FixedVersion = f.Package.Fixed[0]
		}
		if v.Severity == "" {
			v.Severity = "UNKNOWN"
		}
		all[i] = v
	}
	return all
}

// Trivy is a report of Trivy's on one repository, as a document to be encoded.
func Trivy(found []Vulnerability) any {
	if found == nil {
		found = []Vulnerability{}
	}
	return map[string]any{"SchemaVersion": 2, "ArtifactName": ".", "ArtifactType": "filesystem", "Results": []any{
		map[string]any{"Target": "package-lock.json", "Class": "lang-pkgs", "Type": "npm", "Vulnerabilities": found}}}
}
