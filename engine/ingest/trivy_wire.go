package ingest

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/headgate/headgate/engine"
)

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

// A trivyVulnerability is read key by key, as most of what large reports say is vulnerabilities.
type trivyVulnerability struct {
	id        string
	vendorIDs []string
	pkgID     string
	name      string
	path      string // empty for packages of lock files
	purl, uid string
	installed string
	fixed     string // several are one for each release branch
	status    string // affected, fixed (there is a fix), will_not_fix, …
	database  string // that says so, e.g. "ghsa"
	title     string
	severity  string
	cwes      []string
	cvss      []engine.CVSS
}

func (v *trivyVulnerability) read(s *stream) error {
	return s.object(func(key string) error {
		switch key {
		case "VulnerabilityID":
			return s.nameInto(&v.id)
		case "VendorIDs":
			return s.namesInto(&v.vendorIDs)
		case "PkgID":
			return s.nameInto(&v.pkgID)
		case "PkgName":
			return s.nameInto(&v.name)
		case "PkgPath":
			return s.nameInto(&v.path)
		case "PkgIdentifier":
			return s.fields(func(key string) error {
				switch key {
				case "PURL":
					return s.nameInto(&v.purl)
				case "UID":
					return s.nameInto(&v.uid)
				}
				return s.skip()
			})
		case "InstalledVersion":
			return s.nameInto(&v.installed)
		case "FixedVersion":
			return s.nameInto(&v.fixed)
		case "Status":
			return s.nameInto(&v.status)
		case "DataSource":
			return s.fields(func(key string) error {
				if key == "ID" {
					return s.nameInto(&v.database)
				}
				return s.skip()
			})
		case "Title":
			return v.readTitle(s)
		case "Description":
			if v.title == "" {
				return v.readTitle(s)
			}
		case "Severity":
			return s.nameInto(&v.severity)
		case "CweIDs":
			return s.namesInto(&v.cwes)
		case "CVSS":
			return s.fields(func(source string) error { return v.readCVSS(s, plain(source)) })
		}
		return s.skip()
	})
}

// readTitle takes the title before the description, whichever comes first.
func (v *trivyVulnerability) readTitle(s *stream) error {
	text, err := s.scalar()
	if text = clip(text); text != "" {
		v.title = text
	}
	return err
}

// readCVSS reads the assessments of one source. Trivy has versions 3.0 and 3.1 in one field; a score without a vector is taken for
// 3.1, which scores as 3.0 does but for rounding.
func (v *trivyVulnerability) readCVSS(s *stream, source string) error {
	var vectors [3]string
	var scores [3]number
	err := s.fields(func(key string) error {
		switch key {
		case "V40Vector":
			return s.nameInto(&vectors[0])
		case "V40Score":
			return s.decode(&scores[0])
		case "V3Vector":
			return s.nameInto(&vectors[1])
		case "V3Score":
			return s.decode(&scores[1])
		case "V2Vector":
			return s.nameInto(&vectors[2])
		case "V2Score":
			return s.decode(&scores[2])
		}
		return s.skip()
	})
	for i, version := range []string{"4.0", "3.1", "2.0"} {
		c, ok := cvssOfVersion(version, vectors[i], scores[i].value, source)
		v.cvss = addCVSS(v.cvss, c, ok)
	}
	return err
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
