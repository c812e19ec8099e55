package ingest

// What is read of Grype's JSON, under its names (github.com/anchore/grype/tree/main/schema/grype). EPSS, KEV and risk in it are not
// read: threat data comes pinned, and is the same for all findings.

type grypeMatch struct {
	Vulnerability grypeRecord          `json:"vulnerability"`
	Related       list[grypeRecord]    `json:"relatedVulnerabilities"`
	Artifact      grypeArtifact        `json:"artifact"`
	Rules         list[grypeIgnoredBy] `json:"appliedIgnoreRules"`
}

type grypeRecord struct {
	ID             word            `json:"id"`
	Namespace      word            `json:"namespace"`
	Severity       text            `json:"severity"`
	Description    text            `json:"description"`
	CVSS           list[grypeCVSS] `json:"cvss"`
	OldCVSS2       loose[grypeOld] `json:"cvssV2"` // before version 0.8, as the next
	OldCVSS3       loose[grypeOld] `json:"cvssV3"`
	CWEs           list[grypeCWE]  `json:"cwes"`
	Fix            loose[grypeFix] `json:"fix"`
	FixedInVersion words           `json:"fixedInVersion"`
}

type grypeFix struct {
	Versions words `json:"versions"`
}

type grypeCVSS struct {
	Source  word `json:"source"`
	Version text `json:"version"`
	Vector  text `json:"vector"`
	Metrics loose[struct {
		BaseScore number `json:"baseScore"`
	}] `json:"metrics"`
}

type grypeOld struct {
	Vector text   `json:"vector"`
	Score  number `json:"baseScore"`
}

type grypeCWE struct {
	CWE text `json:"cwe"`
}

type grypeArtifact struct {
	Name      word                `json:"name"`
	Version   word                `json:"version"`
	Type      word                `json:"type"`
	PURL      word                `json:"purl"`
	Upstreams *list[grypeNamed]   `json:"upstreams"` // source packages; nil before Grype knew them
	Locations list[grypeLocation] `json:"locations"`
}

type grypeNamed struct {
	Name word `json:"name"`
}

type grypeLocation struct {
	Path        word `json:"path"`
	AccessPath  word `json:"accessPath"`
	Annotations loose[struct {
		Evidence text `json:"evidence"`
	}] `json:"annotations"`
}

type grypeIgnoredBy struct {
	Reason           text `json:"reason"`
	VEXStatus        text `json:"vex-status"`
	VEXJustification text `json:"vex-justification"`
}

type grypeSource struct {
	Type   text `json:"type"`
	Target loose[struct {
		UserInput   word  `json:"userInput"`
		Tags        words `json:"tags"`
		RepoDigests words `json:"repoDigests"`
	}] `json:"target"`
}

type grypeDescriptor struct {
	Name      word `json:"name"`
	Version   word `json:"version"`
	Timestamp text `json:"timestamp"`
}
