package ingest

import (
	"time"

	"github.com/headgate/headgate/engine"
)

// A sarifRun is what is kept of a run until it ends. Call trees, graphs, file contents and the like are passed over.
type sarifRun struct {
	number      int
	taken       *int // counts the results of the whole log
	driver      sarifComponent
	extensions  []sarifComponent
	taxonomies  []sarifComponent
	artifacts   []sarifArtifact
	bases       map[string]sarifArtifact
	invocations []sarifInvocation
	repository  string // URI
	commit      string // that was scanned
	image       string // reference
	listed      bool   // results is there and not null
	elsewhere   bool   // results are in files of their own
	results     []sarifResult
}

// A sarifComponent is a tool, an extension or a taxonomy: a name and its rules.
type sarifComponent struct {
	name, guid, version string
	rules               []sarifRule
	byID                map[string]int
	strings             map[string]string // messages that all rules share
}

// A sarifRule is a rule, or an entry of a taxonomy.
type sarifRule struct {
	id, guid, name  string
	short, full     string
	level           string
	strings         map[string]string
	deprecated      []string
	cwes            []int
	facts           *sarifProperties
	component       sarifPackage // what its help says
	vulnerabilities []string     // what its description names
}

// A sarifReference names a rule or an entry of a taxonomy. An index of -1 is none.
type sarifReference struct {
	id, guid  string
	index     int
	component sarifComponentReference
}

type sarifComponentReference struct {
	name, guid string
	index      int
}

// A sarifArtifact is a place of a file: a URI reference, what it is relative to, or where in the run's artifacts it stands.
type sarifArtifact struct {
	uri, base string
	index     int
}

// A sarifInvocation is how a tool ran.
type sarifInvocation struct {
	failed     bool
	reason     string
	start, end time.Time
	directory  string
	overrides  []sarifOverride
}

type sarifOverride struct {
	rule  sarifReference
	level string
}

// A sarifMessage is text, or the id of a text of the rule or tool; in either the arguments may belong.
type sarifMessage struct {
	text, id  string
	arguments []string
}

// A sarifPlace is a location.
type sarifPlace struct {
	artifact  sarifArtifact
	line, end int
	logical   sarifLogical
}

// A sarifLogical is a place within code or configuration: a method, a resource, an installed package.
type sarifLogical struct {
	name, full, kind string
}

// A sarifResult is what is kept of a result.
type sarifResult struct {
	rule        sarifReference
	kind        string
	level       string
	baseline    string
	message     sarifMessage
	masked      string // the message's text without what stands at the place, if it says that
	excuse      string // the suppression's justification without it
	places      []sarifPlace
	content     string
	suppression *engine.Suppression
	taxa        []sarifReference
	facts       *sarifProperties
	module      string // "path@version" at the end of the first call stack
	invocation  int
}

// sarifProperties are those entries of a property bag that tools agree on.
type sarifProperties struct {
	tags, cwe, vulnerabilities, purls []string
	security                          string // GitHub's security-severity: a CVSS score, or a word
	severity                          string
	component, version, origin        string
	cvss                              map[string]*sarifCVSS // by what their names begin with, e.g. "cvssv3"
	source                            string                // who assessed
}

// sarifCVSS is one assessment as dependency-check, Trivy and Snyk write it into property bags.
type sarifCVSS struct {
	version, vector, score string
}
