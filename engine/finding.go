package engine

import (
	"slices"
	"strings"
)

// A Kind says what sort of weakness a finding is. It decides which facts can apply to it.
type Kind string

// The kinds of findings.
const (
	KindVulnerability    Kind = "vulnerability"    // a published weakness of a component
	KindWeakness         Kind = "weakness"         // a flaw in the code itself
	KindSecret           Kind = "secret"           // a credential where it does not belong
	KindMisconfiguration Kind = "misconfiguration" // a setting that exposes
	KindLicense          Kind = "license"          // a licence that does not fit
)

// A Severity is how bad a scanner says a finding is, whatever it is on. Empty means that nobody said.
type Severity string

// The severities, worst first.
const (
	SeverityCritical Severity = "critical"
	SeverityHigh     Severity = "high"
	SeverityMedium   Severity = "medium"
	SeverityLow      Severity = "low"
	SeverityInfo     Severity = "info"
)

var severities = []Severity{SeverityInfo, SeverityLow, SeverityMedium, SeverityHigh, SeverityCritical}

// Rank orders severities: 0 is unknown, then info, low, medium, high, critical.
func (s Severity) Rank() int { return slices.Index(severities, s) + 1 }

// A Finding is one weakness in one target, whoever reported it. It is the `finding` of the input document (version 1);
// the meaning of each field is in input.schema.json. What is not known is absent.
type Finding struct {
	ID            string         `json:"id"`
	IDs           []string       `json:"ids"`
	Kind          Kind           `json:"kind"`
	Title         string         `json:"title,omitempty"`
	Severity      Severity       `json:"severity,omitempty"`
	Rule          *Rule          `json:"rule,omitempty"`
	Vulnerability *Vulnerability `json:"vulnerability,omitempty"`
	CWEs          []int          `json:"cwes,omitempty"`
	CVSS          []CVSS         `json:"cvss,omitempty"`
	Package       *Package       `json:"package,omitempty"`
	Secret        *Secret        `json:"secret,omitempty"`
	License       *License       `json:"license,omitempty"`
	Resource      *Resource      `json:"resource,omitempty"`
	Locations     []Location     `json:"locations,omitempty"`
	Suppression   *Suppression   `json:"suppression,omitempty"`
	Sources       []Source       `json:"sources,omitempty"`
}

// A Rule is the scanner's own rule that found it.
type Rule struct {
	ID   string `json:"id"`
	Tool string `json:"tool,omitempty"`
}

// A Vulnerability names a published weakness. ID is the canonical name (CVE before GHSA before others), CVEs are all CVEs that
// it covers, Aliases the other exact names.
type Vulnerability struct {
	ID      string   `json:"id"`
	CVEs    []string `json:"cves,omitempty"`
	Aliases []string `json:"aliases,omitempty"`
}

// A CVSS is one assessment of a vulnerability: several sources and versions may stand side by side.
type CVSS struct {
	Version string  `json:"version"`          // "2.0", "3.0", "3.1" or "4.0"
	Vector  string  `json:"vector,omitempty"` // absent if the source gave only a score
	Score   float64 `json:"score"`            // 0 to 10
	Source  string  `json:"source,omitempty"` // who assessed it, e.g. "nvd", "ghsa"
}

// A Package is the component that a finding is in.
type Package struct {
	PURL      string   `json:"purl,omitempty"` // canonical, without version, qualifiers and subpath
	Ecosystem string   `json:"ecosystem,omitempty"`
	Name      string   `json:"name"`
	Versions  []string `json:"versions,omitempty"` // the versions found in the target
	Fixed     []string `json:"fixed,omitempty"`    // versions that fix it; several are one per release branch
	Direct    *bool    `json:"direct,omitempty"`
	Scope     string   `json:"scope,omitempty"` // "runtime" or "development"

	// Binaries are the names of the packages installed, where the package is a distribution's source package; all are of PURL's
	// type and namespace. Absent: the package is what is installed, or it is not known what of it is.
	Binaries []string `json:"binaries,omitempty"`

	// Source is the name of the source package that a distribution built this one from, as reports state it; empty if they do not.
	// A package of that name without Binaries is the source package itself. Correlate turns it into Name, PURL and Binaries.
	Source string `json:"-"`

	// Found are the package URLs as reports state them, with version and qualifiers: what a statement is matched with. They are no
	// part of the input document.
	Found []string `json:"-"`
}

// A Secret says what a credential is, never what it reads: its value is hashed at ingest.
type Secret struct {
	Type      string `json:"type,omitempty"`
	Active    *bool  `json:"active,omitempty"`
	InHistory *bool  `json:"in_history,omitempty"` // true: only in the history, not in the tree
}

// A License is the licence found. Alternatives are what its expression allows: any one of the lists, of which all licences hold. They
// are absent if the expression is not understood, or says that nothing is known.
type License struct {
	SPDX         string     `json:"spdx"`
	Alternatives [][]string `json:"alternatives,omitempty"`
}

// A Resource is the configured thing that a misconfiguration is in.
type Resource struct {
	Type string `json:"type,omitempty"`
	Name string `json:"name,omitempty"`
}

// A Location is one place of a finding. Line and EndLine count from 1; 0 is not known.
type Location struct {
	Path    string `json:"path,omitempty"` // relative to the root of the repository or image, with slashes
	Line    int    `json:"line,omitempty"`
	EndLine int    `json:"end_line,omitempty"`
	URL     string `json:"url,omitempty"`
	Image   string `json:"image,omitempty"` // full reference, with tag or digest
}

// A Suppression is a scanner's own word that a finding is to be left alone. It never removes the finding.
type Suppression struct {
	Kind          string `json:"kind,omitempty"`   // "in_source" or "external"
	Status        string `json:"status,omitempty"` // "accepted", "under_review" or "rejected"
	Justification string `json:"justification,omitempty"`
}

// A Source is one report that says so.
type Source struct {
	Tool    string `json:"tool"`
	Version string `json:"version,omitempty"`
	Format  string `json:"format"`
	Report  string `json:"report"` // digest of the report, "sha256:…"
}

// A TargetType says what sort of thing a finding was found in.
type TargetType string

// The types of targets.
const (
	TargetRepository TargetType = "repository"
	TargetImage      TargetType = "image"
	TargetHost       TargetType = "host"
)

// A Target is what was scanned. It is part of a finding's identity, so it carries neither tag, digest, branch nor path.
type Target struct {
	Type TargetType
	Name string // repository ("owner/name"; empty if not known), image name without tag, or host
}

// String is the target in words: "repository acme/shop", "image ghcr.io/acme/shop"; "repository" alone where its name is not known.
func (t Target) String() string { return strings.TrimSpace(string(t.Type) + " " + t.Name) }

// A Discovery is one finding as reports tell it: the finding and what the reports know beyond it. Reading a report gives one
// Discovery per finding of that report; Correlate merges those that mean the same.
type Discovery struct {
	Target  Target
	Finding Finding // ID and IDs are empty until Correlate

	// Content identifies code, secrets and settings independently of their line: a digest of the text at the place, or a
	// fingerprint that the scanner computed from it ("name:value"). Empty if the report has neither.
	Content string

	Status       Status         // what the scanner's own baseline says; empty if it says nothing
	Reachability *Reachability  // what the scanner found out about calls; nil if nothing
	Commit       string         `json:",omitempty"` // that the scanner looked at; empty if the report does not say
	Otherwise    []Reachability `json:",omitempty"` // what other reports found out about calls, where that is something else
}
