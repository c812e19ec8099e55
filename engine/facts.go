package engine

import "time"

// A Context is what is known about a case beyond the finding and the asset. It is the `context` of the input document: every
// part that is not known is absent.
type Context struct {
	Change       *Change       `json:"change,omitempty"`
	Intel        *Intel        `json:"intel,omitempty"`
	VEX          *VEX          `json:"vex,omitempty"`
	Reachability *Reachability `json:"reachability,omitempty"`
	Runtime      *Runtime      `json:"runtime,omitempty"`
	Validation   *Validation   `json:"validation,omitempty"`
	Paths        *PathFacts    `json:"paths,omitempty"`
	History      *History      `json:"history,omitempty"`

	Environmental *Environmental `json:"environmental,omitempty"`
	Waivers       []Waiver       `json:"waivers,omitempty"`
}

// An Event is what made the gate run.
type Event string

// The events.
const (
	EventPullRequest Event = "pull_request"
	EventMergeGroup  Event = "merge_group"
	EventPush        Event = "push"
	EventSchedule    Event = "schedule"
	EventRelease     Event = "release"
	EventManual      Event = "manual"
)

// Events are all events, in the order in which help lists them.
var Events = []Event{EventPullRequest, EventMergeGroup, EventPush, EventSchedule, EventRelease, EventManual}

// A Status says how the change under review relates to a finding. Empty means not known, which the gate treats as introduced.
type Status string

// The statuses of a finding in a change.
const (
	StatusIntroduced Status = "introduced" // the change brought it
	StatusExisting   Status = "existing"   // it was there before
	StatusDisclosed  Status = "disclosed"  // newly known, in code that the change did not touch
)

// A Change is why the gate runs and what the change has to do with the finding.
type Change struct {
	Event  Event  `json:"event,omitempty"`
	Status Status `json:"status,omitempty"`
}

// Intel is threat data about the vulnerabilities of a finding. A part is absent if its feed is not loaded or has no entry.
type Intel struct {
	KEV       *KEV       `json:"kev,omitempty"`
	EPSS      *EPSS      `json:"epss,omitempty"`
	SSVC      *SSVC      `json:"ssvc,omitempty"`
	Exploited *Exploited `json:"exploited,omitempty"`
}

// Exploited is what catalogues of known exploited vulnerabilities other than CISA's say, each under its own name. One that is not
// loaded is absent. They are further opinions: to have none of them leaves nothing unknown that a decision has to account for.
type Exploited struct {
	EUVD      *Exploitation `json:"euvd,omitempty"`      // the EU's own entries in ENISA's EUVD, without those that repeat CISA's
	VulnCheck *Exploitation `json:"vulncheck,omitempty"` // VulnCheck KEV
}

// An Exploitation is what one such catalogue says. Listed is false if the loaded one does not have the vulnerability.
type Exploitation struct {
	Listed     bool   `json:"listed"`
	Added      string `json:"added,omitempty"`      // date, "2021-12-10"
	Ransomware *bool  `json:"ransomware,omitempty"` // true, or absent: EUVD does not say, VulnCheck's other value is "Unknown"
}

// A KEV is what CISA's catalogue of known exploited vulnerabilities says. Listed is false if a loaded catalogue does not have it;
// with no catalogue loaded the whole KEV is absent.
type KEV struct {
	Listed     bool   `json:"listed"`
	Added      string `json:"added,omitempty"`      // date, "2021-12-10"
	Due        string `json:"due,omitempty"`        // CISA's own due date
	Ransomware *bool  `json:"ransomware,omitempty"` // true, or absent: CISA's other value is "Unknown"
}

// An EPSS is FIRST's estimate that a CVE is exploited in the next 30 days. Probability and percentile, both 0 to 1, belong to the
// one CVE named.
type EPSS struct {
	CVE         string  `json:"cve"`
	Probability float64 `json:"probability"`
	Percentile  float64 `json:"percentile"`
	Model       string  `json:"model,omitempty"`
}

// SSVC are the decision points of CISA's Vulnrichment, or points derived from other data (Source "derived").
type SSVC struct {
	Exploitation    string `json:"exploitation,omitempty"`     // none, poc or active
	Automatable     string `json:"automatable,omitempty"`      // no or yes
	TechnicalImpact string `json:"technical_impact,omitempty"` // partial or total
	Source          string `json:"source,omitempty"`           // vulnrichment or derived
}

// A VEX is a supplier's or team's statement about whether the vulnerability affects the product.
type VEX struct {
	Status        string `json:"status"` // not_affected, affected, fixed or under_investigation
	Justification string `json:"justification,omitempty"`
	Source        string `json:"source,omitempty"`
}

// Reachability is what call analysis found. "No path found" by a partial analysis is potential, never unreachable.
type Reachability struct {
	Verdict    string `json:"verdict"`              // reachable, potential or unreachable
	By         string `json:"by,omitempty"`         // the tool
	Confidence string `json:"confidence,omitempty"` // high, medium or low
}

// Runtime says whether the component was seen loaded in the observation window.
type Runtime struct {
	Loaded     bool `json:"loaded"`
	WindowDays int  `json:"window_days,omitempty"`
}

// Validation is what an attempt to exploit showed.
type Validation struct {
	Status  string `json:"status"` // exploitable, mitigated or not_exploitable
	By      string `json:"by,omitempty"`
	Control string `json:"control,omitempty"` // the control that stopped it
}

// PathFacts are what the asset graph says. They are absent unless every asset on a candidate path is covered.
type PathFacts struct {
	FromInternet bool     `json:"from_internet"`         // an attacker can come up to the asset
	Hops         *int     `json:"hops,omitempty"`        // steps from the internet, onto the asset included; 1 is internet-facing itself
	To           []string `json:"to,omitempty"`          // crown jewels behind this asset, itself included, by id
	Way          string   `json:"way,omitempty"`         // the shortest way over the asset to a jewel, in words: "internet → edge → shop → ledger"
	ChokePoint   *bool    `json:"choke_point,omitempty"` // every way to some jewel behind it leads over this asset
	Opens        bool     `json:"opens"`                 // this finding lets an attacker onto the asset
	Cuts         []string `json:"cuts,omitempty"`        // jewels that nothing leads to any more once this finding alone is fixed
	Status       string   `json:"status,omitempty"`      // of the ways over the asset, by this finding where it opens: validated or potential; absent: there are none
}

// History is what earlier runs recorded of the finding on the asset.
type History struct {
	AgeDays  int `json:"age_days"`
	Reopened int `json:"reopened"`
}

// An Environmental is the CVSS score of the vulnerability on this asset: its base vector with the requirements of the asset. It is
// absent without a vector or without requirements.
type Environmental struct {
	Score    float64  `json:"score"`    // 0 to 10
	Severity Severity `json:"severity"` // by CVSS's bands; info for a score of 0, which CVSS calls none
	Version  string   `json:"version"`  // of CVSS: 3.0, 3.1 or 4.0
	Vector   string   `json:"vector"`   // with the metrics that were added
}

// A Waiver is an accepted risk that matches the case: its scope fits, its guards hold, and it has not expired. It lowers the action,
// never the evaluation. There is no clock in the input, so how old it is and how long it is meant to hold are given in days.
type Waiver struct {
	ID        string `json:"id"`
	Reason    string `json:"reason,omitempty"`
	Ticket    string `json:"ticket,omitempty"`
	Requester string `json:"requester,omitempty"` // who asked for it: as proven if it is verified, else as stated
	Approver  string `json:"approver,omitempty"`  // who approved it: as proven if it is verified, else as stated
	Verified  bool   `json:"verified"`            // requester and approver are proven to be two people, the second one entitled
	Created   string `json:"created,omitempty"`   // date
	Expires   string `json:"expires,omitempty"`   // date; the day itself is included
	AgeDays   int    `json:"age_days"`            // days since created
	ValidDays int    `json:"valid_days"`          // days from created to expires
}

// A Provenance is where a fact of the input comes from. It stands beside the input, so that it cannot sway a policy.
type Provenance struct {
	Source  string    `json:"source"`           // file and line, report, or feed with its version
	At      time.Time `json:"at,omitzero"`      // when the source said so; absent if it does not say
	Expires time.Time `json:"expires,omitzero"` // absent if it does not expire
}

// A Conflict is a fact that two sources state differently. The one that the input has is Value; the other is not lost.
type Conflict struct {
	Fact   string `json:"fact"`             // path of the fact, e.g. "asset.exposure"
	Value  string `json:"value"`            // what the input has
	Source string `json:"source,omitempty"` // who says so
	Other  string `json:"other"`            // what somebody else says
	By     string `json:"by,omitempty"`     // who says otherwise
}
