package ingest

// What is read of Dependabot's alerts: of the REST interface (https://docs.github.com/rest/dependabot/alerts) and of GraphQL's
// RepositoryVulnerabilityAlert, whose names are in camel case.

type dependabotAlert struct {
	Number     word `json:"number"`
	State      word `json:"state"`
	Page       word `json:"html_url"`
	URL        word `json:"url"`
	Dependency loose[struct {
		Package      loose[dependabotPackage] `json:"package"`
		Manifest     word                     `json:"manifest_path"`
		Scope        text                     `json:"scope"`
		Relationship text                     `json:"relationship"`
	}] `json:"dependency"`
	Advisory         loose[dependabotAdvisory]      `json:"security_advisory"`
	Vulnerability    loose[dependabotVulnerability] `json:"security_vulnerability"`
	DismissedReason  text                           `json:"dismissed_reason"`
	DismissedComment text                           `json:"dismissed_comment"`
	Repository       loose[struct {
		Name word `json:"full_name"`
	}] `json:"repository"`

	// GraphQL
	GraphAdvisory      loose[dependabotAdvisory]      `json:"securityAdvisory"`
	GraphVulnerability loose[dependabotVulnerability] `json:"securityVulnerability"`
	ManifestPath       word                           `json:"vulnerableManifestPath"`
	ManifestFile       word                           `json:"vulnerableManifestFilename"`
	Requirements       word                           `json:"vulnerableRequirements"` // "= 1.2.3"
	GraphScope         text                           `json:"dependencyScope"`
	GraphRelationship  text                           `json:"dependencyRelationship"`
	DismissReason      text                           `json:"dismissReason"`
	DismissComment     text                           `json:"dismissComment"`
	DismissedAt        word                           `json:"dismissedAt"`
	AutoDismissedAt    word                           `json:"autoDismissedAt"`
	FixedAt            word                           `json:"fixedAt"`
}

type dependabotPackage struct {
	Ecosystem word `json:"ecosystem"`
	Name      word `json:"name"`
}

type dependabotVulnerability struct {
	Package  loose[dependabotPackage]  `json:"package"`
	Severity text                      `json:"severity"`
	Patched  loose[dependabotVersion]  `json:"first_patched_version"`
	Fixed    loose[dependabotVersion]  `json:"firstPatchedVersion"`
	Advisory loose[dependabotAdvisory] `json:"advisory"` // GraphQL
}

type dependabotVersion struct {
	Identifier word `json:"identifier"`
}

type dependabotAdvisory struct {
	GHSA        word `json:"ghsa_id"`
	GraphGHSA   word `json:"ghsaId"`
	CVE         word `json:"cve_id"`
	Summary     text `json:"summary"`
	Severity    text `json:"severity"`
	Identifiers list[struct {
		Type  text `json:"type"`
		Value word `json:"value"`
	}] `json:"identifiers"`
	CVSS        dependabotCVSS              `json:"cvss"`
	Severities  loose[dependabotSeverities] `json:"cvss_severities"`
	GraphScores loose[dependabotSeverities] `json:"cvssSeverities"`
	CWEs        dependabotCWEs              `json:"cwes"`
}

type dependabotSeverities struct {
	V3      dependabotCVSS `json:"cvss_v3"`
	V4      dependabotCVSS `json:"cvss_v4"`
	GraphV3 dependabotCVSS `json:"cvssV3"`
	GraphV4 dependabotCVSS `json:"cvssV4"`
}

// A dependabotCVSS is one assessment, or a list of one.
type dependabotCVSS = list[struct {
	Score  number `json:"score"`
	Vector text   `json:"vector_string"`
	Graph  text   `json:"vectorString"`
}]

// dependabotCWEs are a list of weaknesses, or in GraphQL an object with that list.
type dependabotCWEs = list[struct {
	ID    word `json:"cwe_id"`
	Graph word `json:"cweId"`
	Nodes list[struct {
		ID word `json:"cweId"`
	}] `json:"nodes"`
}]
