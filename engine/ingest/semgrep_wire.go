package ingest

// What is read of Semgrep's JSON (github.com/semgrep/semgrep-interfaces, semgrep_output_v1) and of the findings that its platform
// exports, under their names.

type semgrepResult struct {
	CheckID word         `json:"check_id"`
	Path    word         `json:"path"`
	Start   semgrepPlace `json:"start"`
	End     semgrepPlace `json:"end"`
	Extra   semgrepExtra `json:"extra"`
}

type semgrepPlace struct {
	Line number `json:"line"`
}

type semgrepExtra struct {
	Message     text                  `json:"message"`
	Severity    text                  `json:"severity"`
	Fingerprint word                  `json:"fingerprint"`
	Lines       text                  `json:"lines"`
	IsIgnored   boolean               `json:"is_ignored"`
	Metadata    loose[semgrepFacts]   `json:"metadata"`
	Validation  text                  `json:"validation_state"`
	History     loose[semgrepHistory] `json:"historical_info"`
	SCA         *semgrepSCA           `json:"sca_info"`
}

// semgrepFacts are the metadata of a rule; the last four stand in rules about components.
type semgrepFacts struct {
	CWE         texts                 `json:"cwe"`
	Product     text                  `json:"product"`
	SecretType  text                  `json:"secret_type"`
	ID          word                  `json:"sca-vuln-database-identifier"`
	GHSA        word                  `json:"ghsa"`
	SCASeverity text                  `json:"sca-severity"`
	Fixes       list[map[string]word] `json:"sca-fix-versions"`
}

type semgrepHistory struct {
	Commit word `json:"git_commit"`
}

type semgrepSCA struct {
	ReachabilityRule boolean `json:"reachability_rule"`
	Reachable        boolean `json:"reachable"`
	Kind             kindTag `json:"kind"`
	Match            loose[struct {
		Lockfile word                     `json:"lockfile"`
		Found    loose[semgrepDependency] `json:"found_dependency"`
	}] `json:"dependency_match"`
}

type semgrepDependency struct {
	Package      word   `json:"package"`
	Version      word   `json:"version"`
	Ecosystem    word   `json:"ecosystem"`
	Transitivity text   `json:"transitivity"`
	LockfilePath word   `json:"lockfile_path"`
	Line         number `json:"line_number"`
}

type semgrepError struct {
	Level   text    `json:"level"` // error, warn or info
	Type    kindTag `json:"type"`
	Message text    `json:"message"`
	Path    word    `json:"path"`
}

// semgrepExport is a finding as the platform has it.
type semgrepExport struct {
	MatchID      word `json:"match_based_id"`
	Status       text `json:"status"`
	State        text `json:"state"`
	TriageState  text `json:"triage_state"`
	TriageReason text `json:"triage_reason"`
	Severity     text `json:"severity"`
	RuleName     word `json:"rule_name"`
	Message      text `json:"rule_message"`
	Ref          word `json:"ref"`
	URL          word `json:"line_of_code_url"`
	Rule         struct {
		CWEs texts `json:"cwe_names"`
	} `json:"rule"`
	Repository loose[struct {
		Name word `json:"name"`
	}] `json:"repository"`
	Location loose[struct {
		Path    word   `json:"file_path"`
		Line    number `json:"line"`
		EndLine number `json:"end_line"`
	}] `json:"location"`
}
