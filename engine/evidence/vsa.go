package evidence

import (
	"fmt"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
)

// What a summary says of an artifact. SLSA leaves levels of one's own open, but for the prefix SLSA_.
const (
	LevelPassed = "HEADGATE_GATE_PASSED"
	levelFailed = "FAILED"
	verifierURI = "https://github.com/headgate/headgate"
)

// A Summary is a SLSA Verification Summary Attestation, version 1, of one artifact: what admission controllers read.
type Summary struct {
	Type          string           `json:"_type"`
	Subject       []Subject        `json:"subject"`
	PredicateType string           `json:"predicateType"`
	Predicate     SummaryPredicate `json:"predicate"`
}

// A SummaryPredicate says by whom, by which policy and with which outcome an artifact was verified.
type SummaryPredicate struct {
	Verifier           Verifier   `json:"verifier"`
	TimeVerified       time.Time  `json:"timeVerified"`
	ResourceURI        string     `json:"resourceUri"`
	Policy             Resource   `json:"policy"`
	InputAttestations  []Resource `json:"inputAttestations"` // the statement of the run, which names all else
	VerificationResult string     `json:"verificationResult"`
	VerifiedLevels     []string   `json:"verifiedLevels"`
	SLSAVersion        string     `json:"slsaVersion"`
}

// A Verifier is a program and the versions of what it is made of.
type Verifier struct {
	ID      string            `json:"id"`
	Version map[string]string `json:"version"`
}

// A Resource is something named by its digest.
type Resource struct {
	URI    string            `json:"uri"`
	Digest map[string]string `json:"digest"`
}

// summaries writes a summary for each artifact that the run was about. Of a run that must not block there is none: it passes what the policy
// would have stopped.
func (w *Writer) summaries(o Outcome, run string) error {
	if o.Result == nil || len(o.Subjects) == 0 || w.reportOnly {
		return nil
	}
	var lines []byte
	for _, subject := range o.Subjects {
		payload, err := encode(summaryOf(&w.work, subject, run))
		if err != nil {
			return fmt.Errorf("summary: %w", err)
		}
		envelope, err := sealEnvelope(payload, o.Signer)
		if err != nil {
			return fmt.Errorf("summary: %w", err)
		}
		lines = append(append(lines, envelope...), '\n')
	}
	_, err := w.whole(PartSummaries, lines)
	return err
}

// summaryOf is the summary of one artifact of a run.
func summaryOf(p *Predicate, subject Subject, run string) *Summary {
	s := &Summary{Type: StatementType, Subject: []Subject{subject}, PredicateType: VSAPredicate, Predicate: SummaryPredicate{
		Verifier:     Verifier{ID: verifierURI, Version: map[string]string{"headgate": p.Engine.Headgate, "opa": p.Engine.OPA}},
		TimeVerified: p.At, ResourceURI: subject.Name,
		Policy:            Resource{URI: "https://github.com/headgate/headgate/policy", Digest: sha256Of(p.Policy)},
		InputAttestations: []Resource{{URI: "headgate:run/" + run, Digest: sha256Of(run)}},
		SLSAVersion:       "1.2", VerificationResult: "PASSED", VerifiedLevels: []string{LevelPassed}}}
	if !passed(p) {
		s.Predicate.VerificationResult, s.Predicate.VerifiedLevels = "FAILED", []string{levelFailed}
	}
	return s
}

// passed says whether the gate let a run pass.
func passed(p *Predicate) bool { return p.Outcome == engine.Pass || p.Outcome == engine.Warn }

func sha256Of(digest string) map[string]string {
	return map[string]string{"sha256": strings.TrimPrefix(digest, "sha256:")}
}
