package evidence

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
)

// The types of what is attested.
const (
	StatementType = "https://in-toto.io/Statement/v1"
	PayloadType   = "application/vnd.in-toto+json"
	RunPredicate  = "https://github.com/headgate/headgate/attestation/decision-run/v1"
	VSAPredicate  = "https://slsa.dev/verification_summary/v1"
)

// A Statement is the in-toto Statement of one run. Its exact bytes are the payload of the envelope, and their digest names the run.
type Statement struct {
	Type          string    `json:"_type"`
	Subject       []Subject `json:"subject"` // the records first, then what the run was about
	PredicateType string    `json:"predicateType"`
	Predicate     Predicate `json:"predicate"`
}

// A Subject is what a statement is about: the list of records ("sha256" of its bytes), a commit ("gitCommit"), or an image ("sha256").
type Subject struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"`
}

// A Predicate says what a run came to. It is small, as every receipt has it; what it names by digest has the rest.
type Predicate struct {
	At       time.Time     `json:"at"` // the given time
	Event    engine.Event  `json:"event,omitempty"`
	Outcome  engine.Action `json:"outcome,omitempty"` // absent: the run decided nothing, and has records of what happened
	Tree     Tree          `json:"tree"`
	Terms    string        `json:"terms"`            // digest of PartTerms
	Result   string        `json:"result,omitempty"` // digest of PartResult
	Policy   string        `json:"policy,omitempty"` // digest of the policy, as results have it
	Engine   Engine        `json:"engine"`
	Coverage Coverage      `json:"coverage"`
	Counts   Counts        `json:"counts"`
	Weakened []string      `json:"weakened"`
	CI       *CI           `json:"ci,omitempty"` // absent: not in a CI system that is known

	// Epoch is the number of the sweep that the run is part of; absent: it is part of none. A run of a sweep decides again what runs before it
	// decided, and has records of what came out otherwise alone: it saw no report, and closes nothing.
	Epoch int64 `json:"epoch,omitempty"`
}

// A Tree is the Merkle tree of a run's records (RFC 6962, SHA-256).
type Tree struct {
	Size int64  `json:"size"`
	Root string `json:"root"` // as Digest writes it
}

// An Engine is what decided.
type Engine struct {
	Headgate string `json:"headgate"`
	OPA      string `json:"opa"`
}

// Coverage is the claim that nothing was left out.
type Coverage struct {
	Reports         int `json:"reports"`          // that were read
	Incomplete      int `json:"incomplete"`       // of them, those that were not complete and allowed by name
	Findings        int `json:"findings"`         // that went in, correlated
	Cases           int `json:"cases"`            // that they came to
	Decisions       int `json:"decisions"`        // that came out: as many as cases
	Errors          int `json:"errors"`           // cases without a decision: none, as a run that could not decide leaves no evidence
	AssetsInScope   int `json:"assets_in_scope"`  // that are named
	AssetsEvaluated int `json:"assets_evaluated"` // of them, those that a complete report looked at, or that have a case
}

// Counts sum decisions up.
type Counts struct {
	Act       int `json:"act"`
	Attend    int `json:"attend"`
	TrackStar int `json:"track*"`
	Track     int `json:"track"`
	Block     int `json:"block"`
	Warn      int `json:"warn"`
	Waived    int `json:"waived"`
}

// A CI is the run of a CI system that the decisions were made in: what is compared with the list of runs that there were.
type CI struct {
	Run      string `json:"run"` // its id
	Attempt  string `json:"attempt,omitempty"`
	Workflow string `json:"workflow,omitempty"`
	Actor    string `json:"actor,omitempty"`
}

// TermsSchema names the version of the terms.
const TermsSchema = "headgate.terms/1"

// Terms are under what a run decided: all that is the same for its cases. Its digest in a record stands for policy, data, engine and
// settings together.
type Terms struct {
	Schema   string           `json:"schema"`
	At       time.Time        `json:"at"`
	Engine   engine.Versions  `json:"engine"`
	Builtins string           `json:"builtins"` // digest of the names of the functions that policies can call
	Change   engine.RunChange `json:"change"`
	Policy   PolicyTerms      `json:"policy"`
	Settings Settings         `json:"settings"`
	Intel    engine.IntelInfo `json:"intel"`
	Reports  []engine.Report  `json:"reports"`
	CI       *CI              `json:"ci,omitempty"`
	Epoch    int64            `json:"epoch,omitempty"` // of the sweep that the run is part of, as in the statement
}

// PolicyTerms name the policy and its content.
type PolicyTerms struct {
	engine.PolicyInfo
	Content   string   `json:"content"`             // digest of PartPolicy
	Overrides []string `json:"overrides,omitempty"` // parameters that are not as their packs have them
}

// Settings are those that decide, beyond what is in the policy: parameters and the table of actions are written into its content.
type Settings struct {
	Assume     map[string]any `json:"assume,omitempty"` // by fact: what stands for it where it is not known
	ReportOnly bool           `json:"report_only,omitempty"`
	NoRange    bool           `json:"no_range,omitempty"`  // ranges and pivots were not worked out
	Approvers  []string       `json:"approvers,omitempty"` // who may approve waivers
}

// PolicySchema names the version of the content of a policy.
const PolicySchema = "headgate.policy/1"

// A PolicyContent is the policy as it was compiled: what deciding again loads, with all parameters in place.
type PolicyContent struct {
	Schema string            `json:"schema"`
	Files  map[string]string `json:"files"` // by path: main/…, lib/…, packs/<pack>/…
}

// An Input is what the policy saw of one case, and where its facts are from. Of one that was erased there is only Erased.
type Input struct {
	Input      *engine.Input                `json:"input,omitempty"`
	Provenance map[string]engine.Provenance `json:"provenance,omitempty"`
	Conflicts  []engine.Conflict            `json:"conflicts,omitempty"`
	Erased     *Erasure                     `json:"erased,omitempty"`
}

// An Erasure stands for an input that was taken out. The records that name its digest, and all proofs, stay as they are.
type Erasure struct {
	Digest string    `json:"digest"`
	At     time.Time `json:"at"`
	Why    string    `json:"why"`
}

// BuiltinsDigest is the digest of the names of the functions that policies can call in this version.
func BuiltinsDigest() string { return Digest([]byte(strings.Join(engine.Builtins(), "\n"))) }

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// Encode writes the predicate alone, as whoever makes the statement around it wants it.
func (p *Predicate) Encode() ([]byte, error) { return encode(p) }

// ReadTerms reads the terms of a run.
func ReadTerms(data []byte) (*Terms, error) {
	t := &Terms{}
	if err := decode(data, t); err != nil {
		return nil, fmt.Errorf("%s: %w", PartTerms, err)
	}
	if t.Schema != TermsSchema {
		return nil, fmt.Errorf("%s: it is of %.60q, and this headgate reads %s", PartTerms, t.Schema, TermsSchema)
	}
	return t, nil
}
