package engine

import "time"

// A Proof is what an attempt to exploit, or somebody who looked into it, showed of a weakness in one place. It becomes
// context.validation of the cases that it is about.
//
// It names the weakness by exactly one of Finding, Names and CWEs, and the place by Asset, Place and Path, all of those that it has.
type Proof struct {
	Validation

	Finding string   // any id of the finding
	Names   []string // exact names of the vulnerability
	CWEs    []int    // any of them; such a proof is about the Path or Place that it names, and no other

	Asset string // id or name of the asset
	Place string // URL, "host:port" or host that was tried. A statement's stands for all below it, a tool's for itself only
	Path  string // glob over the paths of a finding; only of statements

	// Attempt tells a tool's attempts apart: of two proofs by one source of one attempt the later replaces the earlier. Statements have
	// none: whoever states anew replaces what they stated of a case before.
	Attempt string

	Tool    bool      // a tool tried it; else somebody states it
	Source  string    // as in Provenance: file and line, or the report
	Time    time.Time // when it was tried; zero if the report does not say
	Expires time.Time // zero: ProofLifetime after Time
}

// ProofLifetime is how long a proof holds that does not say it itself: the time between quarterly tests, as PCI DSS 11.3 asks for them.
// Software and controls change meanwhile.
const ProofLifetime = 90 * 24 * time.Hour

// Until is when the proof ceases to hold; zero if neither that nor its time is known.
func (p *Proof) Until() time.Time {
	if p.Expires.IsZero() && !p.Time.IsZero() {
		return p.Time.Add(ProofLifetime)
	}
	return p.Expires
}

// An Observation is what was seen loaded on one asset while it ran.
type Observation struct {
	Asset      string    // id or name of the asset, or of its image; empty if the document does not say
	Image      string    // name without tag, if the subject is an image
	Components []Package // what was seen loaded
	WindowDays int       // how long it was looked at, in days; 0 is not known
	Source     string    // as in Provenance
	Time       time.Time // when the observation ended; zero if the document does not say
	Expires    time.Time // zero: ObservationLifetime after Time
}

// ObservationLifetime is how long an observation holds that does not say it itself: most services are deployed anew within a month.
const ObservationLifetime = 30 * 24 * time.Hour

// Until is when the observation ceases to hold; zero if neither that nor its time is known.
func (o *Observation) Until() time.Time {
	if o.Expires.IsZero() && !o.Time.IsZero() {
		return o.Time.Add(ObservationLifetime)
	}
	return o.Expires
}
