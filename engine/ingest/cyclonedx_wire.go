package ingest

// What is read of CycloneDX, under its names (https://cyclonedx.org/docs/1.7/json/).

type cdxComponent struct {
	Ref        word // "bom-ref"
	Type       word
	Group      word
	Name       word
	Version    word
	PURL       word
	Scope      word
	Properties []cdxProperty // those that are of use
	Places     []word        // "location" of each of "evidence.occurrences"
	Components []cdxComponent
}

type cdxProperty struct{ Name, Value word }

type cdxVulnerability struct {
	ID         word
	Source     cdxParty
	References []word // the same vulnerability under the names of other sources
	Ratings    []cdxRating
	CWEs       []string
	Summary    text // "description"
	Detail     text
	Advice     text // "recommendation"
	Analysis   cdxAnalysis
	Affects    []cdxAffected
}

type cdxRating struct {
	Source   cdxParty
	Score    float64 // 0: none
	Severity text
	Method   text
	Vector   text
}

type cdxAnalysis struct {
	State         text
	Justification text
	Detail        text
	Issued        text // "firstIssued"
	Updated       text // "lastUpdated"
}

type cdxAffected struct {
	Ref      word
	Versions []cdxVersion
}

// A cdxVersion is a version or a range of versions ("vers:…"), and what is said of it.
type cdxVersion struct {
	Version word
	Range   word
	Status  text // affected (also if it is absent), unaffected or unknown
}

type cdxParty struct{ Name word }

type cdxMetadata struct {
	Time         text // "timestamp"
	Component    cdxComponent
	Tools        []cdxTool
	Authors      []cdxParty
	Supplier     cdxParty
	Manufacturer cdxParty
	Properties   []cdxProperty
}

type cdxTool struct{ Name, Version word }

// The same in XML, and the extension for vulnerabilities that stood before version 1.4
// (https://cyclonedx.org/ext/vulnerability/), whose vulnerabilities stand in their component or name it by an attribute.

type cdxXMLComponent struct {
	Ref             string                `xml:"bom-ref,attr"`
	Type            string                `xml:"type,attr"`
	Group           string                `xml:"group"`
	Name            string                `xml:"name"`
	Version         string                `xml:"version"`
	PURL            string                `xml:"purl"`
	Scope           string                `xml:"scope"`
	Places          []string              `xml:"evidence>occurrences>occurrence>location"`
	Properties      []cdxXMLProperty      `xml:"properties>property"`
	Components      []cdxXMLComponent     `xml:"components>component"`
	Vulnerabilities []cdxXMLVulnerability `xml:"vulnerabilities>vulnerability"`
}

type cdxXMLProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:",chardata"`
}

type cdxXMLVulnerability struct {
	Ref      string         `xml:"ref,attr"` // of the extension
	ID       string         `xml:"id"`
	Source   cdxXMLSource   `xml:"source"`
	Others   []string       `xml:"references>reference>id"`
	Ratings  []cdxXMLRating `xml:"ratings>rating"`
	CWEs     []string       `xml:"cwes>cwe"`
	Summary  string         `xml:"description"`
	Detail   string         `xml:"detail"`
	Advice   string         `xml:"recommendation"`
	Analysis struct {
		State         string `xml:"state"`
		Justification string `xml:"justification"`
		Detail        string `xml:"detail"`
		Issued        string `xml:"firstIssued"`
		Updated       string `xml:"lastUpdated"`
	} `xml:"analysis"`
	Affects []struct {
		Ref      string `xml:"ref"`
		Versions []struct {
			Version string `xml:"version"`
			Range   string `xml:"range"`
			Status  string `xml:"status"`
		} `xml:"versions>version"`
	} `xml:"affects>target"`
}

type cdxXMLSource struct {
	Name  string `xml:"name"`
	Named string `xml:"name,attr"` // of the extension
}

type cdxXMLRating struct {
	Source cdxXMLSource `xml:"source"`
	Score  struct {
		Value string `xml:",chardata"`
		Base  string `xml:"base"` // of the extension
	} `xml:"score"`
	Severity string `xml:"severity"`
	Method   string `xml:"method"`
	Vector   string `xml:"vector"`
}

type cdxXMLMetadata struct {
	Time      string          `xml:"timestamp"`
	Component cdxXMLComponent `xml:"component"`
	Tools     struct {
		Old []cdxXMLTool `xml:"tool"`
		New []cdxXMLTool `xml:"components>component"`
	} `xml:"tools"`
	Authors      []string `xml:"authors>author>name"`
	Supplier     string   `xml:"supplier>name"`
	Manufacturer string   `xml:"manufacturer>name"`

	Properties []cdxXMLProperty `xml:"properties>property"`
}

type cdxXMLTool struct {
	Name    string `xml:"name"`
	Version string `xml:"version"`
}

type cdxXMLDependency struct {
	Ref       string `xml:"ref,attr"`
	DependsOn []struct {
		Ref string `xml:"ref,attr"`
	} `xml:"dependency"`
}
