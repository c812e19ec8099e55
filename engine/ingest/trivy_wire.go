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
	SrcName      word    // of a distribution's package: the source package
	Relationship text    // root, workspace, direct, indirect or unknown
	Indirect     boolean // before there were relationships
	Dev          boolean
	Locations    list[trivyLines] // in the lock file
}

type trivyLines struct {
	StartLine, EndLine number
}

// A trivyVulnerability is read with a cursor, as most of what large reports say is vulnerabilities.
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

// read reads a vulnerability; known are the scores of vectors in the report.
func (v *trivyVulnerability) read(c cursor, known cvssScores) {
	c.fields(func(key []byte) {
		switch string(key) {
		case "VulnerabilityID":
			v.id = c.name()
		case "VendorIDs":
			v.vendorIDs = c.appendWords(v.vendorIDs)
		case "PkgID":
			v.pkgID = c.word()
		case "PkgName":
			v.name = c.word()
		case "PkgPath":
			v.path = c.word()
		case "PkgIdentifier":
			c.fields(func(key []byte) {
				switch string(key) {
				case "PURL":
					v.purl = c.word()
				case "UID":
					v.uid = c.word()
				default:
					c.skip()
				}
			})
		case "InstalledVersion":
			v.installed = c.word()
		case "FixedVersion":
			v.fixed = c.word()
		case "Status":
			v.status = c.word()
		case "DataSource":
			c.fields(func(key []byte) {
				if string(key) == "ID" {
					v.database = c.word()
				} else {
					c.skip()
				}
			})
		case "Title":
			v.readTitle(&c)
		case "Description":
			if v.title == "" {
				v.readTitle(&c)
			} else {
				c.skip()
			}
		case "Severity":
			v.severity = c.word()
		case "CweIDs":
			v.cwes = c.appendWords(v.cwes)
		case "CVSS":
			c.fields(func(source []byte) { v.readCVSS(&c, plain(string(source)), known) })
		default:
			c.skip()
		}
	})
}

// readTitle takes the title before the description, whichever comes first.
func (v *trivyVulnerability) readTitle(c *cursor) {
	if text := clip(c.scalar()); text != "" {
		v.title = text
	}
}

// readCVSS reads the assessments of one source. Trivy has versions 3.0 and 3.1 in one field; a score without a vector is taken for
// 3.1, which scores as 3.0 does but for rounding.
func (v *trivyVulnerability) readCVSS(c *cursor, source string, known cvssScores) {
	var vectors [3]string
	var scores [3]float64
	c.fields(func(key []byte) {
		switch string(key) {
		case "V40Vector":
			vectors[0] = c.word()
		case "V40Score":
			scores[0] = c.number()
		case "V3Vector":
			vectors[1] = c.word()
		case "V3Score":
			scores[1] = c.number()
		case "V2Vector":
			vectors[2] = c.word()
		case "V2Score":
			scores[2] = c.number()
		default:
			c.skip()
		}
	})
	for i, version := range []string{"4.0", "3.1", "2.0"} {
		found, ok := known.cvssOfVersion(version, vectors[i], scores[i], source)
		v.cvss = addCVSS(v.cvss, found, ok)
	}
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
