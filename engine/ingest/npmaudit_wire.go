package ingest

// What is read of npm's audit reports (https://docs.npmjs.com/cli/commands/npm-audit), under their names.

// An npmAdvisory is an advisory as npm 6, pnpm and Yarn 1 have it.
type npmAdvisory struct {
	ID       word           `json:"id"`
	Module   word           `json:"module_name"`
	Title    text           `json:"title"`
	Severity text           `json:"severity"`
	URL      word           `json:"url"`
	GHSA     word           `json:"github_advisory_id"`
	CVEs     words          `json:"cves"`
	CWE      texts          `json:"cwe"`
	CVSS     loose[npmCVSS] `json:"cvss"`
	Patched  text           `json:"patched_versions"`
	Findings list[struct {
		Version word  `json:"version"`
		Paths   words `json:"paths"` // "a>b>c", from the direct dependency on
		Dev     text  `json:"dev"`
	}] `json:"findings"`
}

type npmCVSS struct {
	Score  number `json:"score"`
	Vector text   `json:"vectorString"`
}

// An npmPackage is a vulnerable package as npm 7 and later have it.
type npmPackage struct {
	Direct text             `json:"isDirect"`
	Via    list[npmVia]     `json:"via"` // words in it are other packages, whose vulnerability this one inherits
	Fix    loose[npmUpdate] `json:"fixAvailable"`
}

type npmVia struct {
	Source   word           `json:"source"`
	Name     word           `json:"name"`
	Title    text           `json:"title"`
	URL      word           `json:"url"`
	Severity text           `json:"severity"`
	CWE      texts          `json:"cwe"`
	CVSS     loose[npmCVSS] `json:"cvss"`
	Range    text           `json:"range"` // the versions that are vulnerable
}

type npmUpdate struct {
	Name    word `json:"name"`
	Version word `json:"version"`
}

type npmFailure struct {
	Code    text `json:"code"`
	Summary text `json:"summary"`
	Message text `json:"message"`
}

// A yarnLine is a line of Yarn: of version 1 with a type, of later ones a node of a tree.
type yarnLine struct {
	kind, value string
	data        loose[yarnAdvisory]
	tree        loose[yarnNode]
}

type yarnNode struct {
	ID         word  `json:"ID"`
	Issue      text  `json:"Issue"`
	URL        word  `json:"URL"`
	Severity   text  `json:"Severity"`
	Range      text  `json:"Vulnerable Versions"`
	Versions   words `json:"Tree Versions"`
	Dependents words `json:"Dependents"`
}

type yarnAdvisory struct {
	Resolution loose[struct {
		Path word `json:"path"`
		Dev  text `json:"dev"`
	}] `json:"resolution"`
	Advisory loose[npmAdvisory] `json:"advisory"`

	Counts loose[struct { // of a summary
		Critical number `json:"critical"`
		High     number `json:"high"`
		Moderate number `json:"moderate"`
		Low      number `json:"low"`
		Info     number `json:"info"`
	}] `json:"vulnerabilities"`
}

// A bulkAdvisory is an advisory as the registry sends it, which Yarn 4.0 and Bun pass on.
type bulkAdvisory struct {
	ID       word           `json:"id"`
	Title    text           `json:"title"`
	URL      word           `json:"url"`
	Severity text           `json:"severity"`
	CWE      texts          `json:"cwe"`
	CVSS     loose[npmCVSS] `json:"cvss"`
	Range    text           `json:"vulnerable_versions"`
}
