package ingest

import "github.com/go-json-experiment/json/jsontext"

// What is read of Trivy's JSON, under its names (https://trivy.dev/latest/docs/configuration/reporting/#json). Everything else, above
// all the code and the matches of secrets beyond their digest, is passed over.

type trivyMetadata struct {
	OS          loose[struct{ Family word }]
	RepoTags    words
	RepoDigests words
}

// A trivyPackage is an entry of a result's list of packages. Only some scans list them.
type trivyPackage struct {
	ID           word
	Identifier   loose[struct{ UID word }]
	Name         word
	Version      word
	Relationship text    // root, workspace, direct, indirect or unknown
	Indirect     boolean // before there were relationships
	Dev          boolean
	Locations    list[trivyLines] // in the lock file
}

type trivyLines struct {
	StartLine, EndLine number
}

type trivyVulnerability struct {
	VulnerabilityID  word
	VendorIDs        words
	PkgID            word
	PkgName          word
	PkgPath          word
	PkgIdentifier    loose[struct{ PURL, UID word }]
	InstalledVersion word
	FixedVersion     text
	Status           text
	DataSource       loose[struct{ ID word }]
	Title            text
	Description      text
	Severity         text
	CweIDs           texts
	CVSS             loose[map[string]loose[trivyCVSS]]
}

type trivyCVSS struct {
	V2Vector, V3Vector, V40Vector text
	V2Score, V3Score, V40Score    number
}

type trivyMisconfiguration struct {
	ID, AVDID     word
	Title         text
	Message       text
	Severity      text
	Status        text // PASS, FAIL or EXCEPTION
	CauseMetadata loose[struct {
		Resource           word
		StartLine, EndLine number
		Code               loose[struct{ Lines list[trivyLine] }]
	}]
}

type trivyLine struct {
	Content text
	IsCause boolean
}

type trivySecret struct {
	RuleID             word
	Title              text
	Severity           text
	StartLine, EndLine number
	Match              text // Trivy has masked the value, but not in all versions: it leaves this package as a digest only
}

type trivyLicense struct {
	Severity, Category text
	PkgName, FilePath  word
	PkgVersion         word
	Name               word
}

// A trivyModified is a finding that Trivy leaves out of its lists because of an ignore file or a VEX statement.
type trivyModified struct {
	Type      text // vulnerability, misconfiguration, secret or license
	Status    text // ignored, or a VEX status
	Statement text
	Source    text // the file that says so
	Finding   jsontext.Value
}
