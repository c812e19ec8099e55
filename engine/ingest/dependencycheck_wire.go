package ingest

// What is read of Dependency-Check's reports, in JSON and in XML, under their names
// (https://github.com/dependency-check/DependencyCheck/tree/main/core/src/main/resources/schema).

type dcDependency struct {
	FileName    text            `json:"fileName" xml:"fileName"`
	FilePath    text            `json:"filePath" xml:"filePath"`
	Packages    list[dcPackage] `json:"packages" xml:"identifiers>package"`
	Identifiers list[dcOldName] `json:"identifiers" xml:"identifiers>identifier"` // before version 5
	Found       list[dcFinding] `json:"vulnerabilities" xml:"vulnerabilities>vulnerability"`
	Suppressed  list[dcFinding] `json:"suppressedVulnerabilities" xml:"vulnerabilities>suppressedVulnerability"`
}

type dcPackage struct {
	ID text `json:"id" xml:"id"` // a package URL
}

type dcOldName struct {
	Type text `json:"type" xml:"type,attr"`
	Name text `json:"name" xml:"name"`
}

type dcFinding struct {
	Source      text           `json:"source" xml:"source,attr"`
	Name        text           `json:"name" xml:"name"`
	Severity    text           `json:"severity" xml:"severity"`
	CWEs        texts          `json:"cwes" xml:"cwes>cwe"`
	OldCWE      texts          `json:"cwe" xml:"cwe"`
	Description text           `json:"description" xml:"description"`
	Notes       text           `json:"notes" xml:"notes"` // why it is suppressed
	CVSS2       list[dcScore2] `json:"cvssv2" xml:"cvssV2"`
	CVSS3       list[dcScore3] `json:"cvssv3" xml:"cvssV3"`
	CVSS4       list[dcScore4] `json:"cvssv4" xml:"cvssV4"`
	References  list[struct {
		URL text `json:"url" xml:"url"`
	}] `json:"references" xml:"references>reference"`

	// CVSS 2.0 before version 5
	OldScore           text `json:"cvssScore" xml:"cvssScore"`
	OldVector          text `json:"cvssAccessVector" xml:"cvssAccessVector"`
	OldComplexity      text `json:"cvssAccessComplexity" xml:"cvssAccessComplexity"`
	OldAuthentication  text `json:"cvssAuthenticationr" xml:"cvssAuthenticationr"`
	OldConfidentiality text `json:"cvssConfidentialImpact" xml:"cvssConfidentialImpact"`
	OldIntegrity       text `json:"cvssIntegrityImpact" xml:"cvssIntegrityImpact"`
	OldAvailability    text `json:"cvssAvailabilityImpact" xml:"cvssAvailabilityImpact"`
}

type dcScore2 struct {
	Score           text `json:"score" xml:"score"`
	Vector          text `json:"accessVector" xml:"accessVector"`
	Complexity      text `json:"accessComplexity" xml:"accessComplexity"`
	Authentication  text `json:"authenticationr" xml:"authenticationr"`
	Confidentiality text `json:"confidentialityImpact" xml:"confidentialImpact"`
	Integrity       text `json:"integrityImpact" xml:"integrityImpact"`
	Availability    text `json:"availabilityImpact" xml:"availabilityImpact"`
	Severity        text `json:"severity" xml:"severity"`
}

type dcScore3 struct {
	Score           text `json:"baseScore" xml:"baseScore"`
	Vector          text `json:"attackVector" xml:"attackVector"`
	Complexity      text `json:"attackComplexity" xml:"attackComplexity"`
	Privileges      text `json:"privilegesRequired" xml:"privilegesRequired"`
	Interaction     text `json:"userInteraction" xml:"userInteraction"`
	Scope           text `json:"scope" xml:"scope"`
	Confidentiality text `json:"confidentialityImpact" xml:"confidentialityImpact"`
	Integrity       text `json:"integrityImpact" xml:"integrityImpact"`
	Availability    text `json:"availabilityImpact" xml:"availabilityImpact"`
	Severity        text `json:"baseSeverity" xml:"baseSeverity"`
	Version         text `json:"version" xml:"version"`
}

type dcScore4 struct {
	Score    text `json:"baseScore" xml:"baseScore"`
	Vector   text `json:"vectorString" xml:"vectorString"`
	Severity text `json:"baseSeverity" xml:"baseSeverity"`
}
