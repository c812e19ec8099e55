package ingest

// What is read of Snyk's JSON (https://docs.snyk.io/developer-tools/snyk-cli), under its names.

// A snykRow is one vulnerability or licence on one path of dependencies.
type snykRow struct {
	ID             word   `json:"id"`
	Type           text   `json:"type"` // "license", or absent
	License        word   `json:"license"`
	Title          text   `json:"title"`
	Severity       text   `json:"severity"`
	PackageName    word   `json:"packageName"`
	Name           word   `json:"name"` // of distributions' packages "source/binary"
	Version        word   `json:"version"`
	PackageManager word   `json:"packageManager"`
	CVSSv3         text   `json:"CVSSv3"`
	Score          number `json:"cvssScore"`
	Details        list[struct {
		Assigner word   `json:"assigner"`
		Vector   text   `json:"cvssV3Vector"`
		Score    number `json:"cvssV3BaseScore"`
	}] `json:"cvssDetails"`
	Sources list[struct {
		Assigner word   `json:"assigner"`
		Vector   text   `json:"vector"`
		Version  text   `json:"cvssVersion"`
		Score    number `json:"baseScore"`
	}] `json:"cvssSources"`
	Identifiers loose[struct {
		CVE  words `json:"CVE"`
		GHSA words `json:"GHSA"`
		CWE  texts `json:"CWE"`
	}] `json:"identifiers"`
	FixedIn      words `json:"fixedIn"`
	From         words `json:"from"` // the project, and each dependency down to this one
	Reachability text  `json:"reachability"`
	Filtered     loose[struct {
		Ignored list[snykIgnore] `json:"ignored"`
	}] `json:"filtered"`
}

type snykIgnore struct {
	Reason text `json:"reason"`
	Source text `json:"source"` // "cli" of the policy file, "api" of the web site
}

// A snykProject is what a project says of itself, which stands behind its rows.
type snykProject struct {
	unique                           int  // vulnerabilities that it counts
	vulnerable                       bool // it says that it is not ok
	threshold                        bool // it lists nothing below a severity
	manager, name, path, file, error string
	image                            string
	rows                             []snykRow
	suppressed                       []*snykSuppressed
}

type snykSuppressed struct {
	snykRow
	patched bool
}
