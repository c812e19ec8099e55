package evidence

import (
	"time"

	"github.com/headgate/headgate/engine"
)

// RecordVersion is the version of the records that are written.
const RecordVersion = 1

// A Kind says what a record is about.
type Kind string

// The kinds of records.
const (
	KindDecision Kind = "decision" // what was decided of one case
	KindWaiver   Kind = "waiver"   // an accepted risk, and what became of it in the run
	KindEffect   Kind = "effect"   // an object outside, and what was done about it
	KindPolicy   Kind = "policy"   // another policy decides than before
	KindClosure  Kind = "closure"  // a case that is no more
	KindReopen   Kind = "reopen"   // a closed case that is there again
	KindEpoch    Kind = "epoch"    // a sweep over what is open, with what proves it
)

// A Record is one line of a run: its bytes are kept as they were first written, without the line feed, and are the leaf of the run's tree.
// Fields stand in this order; what is not known is absent. Of Decision, Waiver, Effect, Policy, Case and Epoch exactly the one of its kind is there.
//
// A record has no free text of a report: no title, path or message. These are in the input, which can be erased while the record stays; the
// policy's answer and the input give the messages back.
type Record struct {
	V     int       `json:"v"`
	Kind  Kind      `json:"kind"`
	Index int64     `json:"index"` // in the run, from 0 without gaps: the place of its leaf
	At    time.Time `json:"at"`    // the given time of the run
	Terms string    `json:"terms"` // digest of the Terms: with which policy, data, engine and settings

	// Prev is the id of the record before this one on the same case, waiver, effect or policy: the digest of its run, a slash and its index.
	// Absent: it is the first, or whoever wrote it knew no ledger.
	Prev string `json:"prev,omitempty"`

	Decision *Decision      `json:"decision,omitempty"`
	Waiver   *Waiver        `json:"waiver,omitempty"`
	Effect   *engine.Effect `json:"effect,omitempty"`
	Policy   *PolicyChange  `json:"policy,omitempty"`
	Case     *CaseChange    `json:"case,omitempty"` // of a closure or reopen
	Epoch    *Epoch         `json:"epoch,omitempty"`
}

// A Decision is what was decided of one case.
type Decision struct {
	Finding Finding       `json:"finding"`
	Asset   Asset         `json:"asset"`
	Status  engine.Status `json:"status,omitempty"` // in the change; absent: not known

	Input  string `json:"input"`  // digest of the line of PartInputs: the whole document and where its facts are from
	Answer string `json:"answer"` // digest of the line of PartAnswers: what data.main.decision came to

	Priority   engine.Priority   `json:"priority"`
	Action     engine.Action     `json:"action"`
	WouldHave  engine.Action     `json:"would_have,omitempty"`  // the action without exemptions and report-only, where it is another
	ExemptedBy string            `json:"exempted_by,omitempty"` // id of the rule that lowered the action
	FirstSeen  time.Time         `json:"first_seen,omitzero"`   // to the day
	Due        time.Time         `json:"due,omitzero"`
	DueFrom    string            `json:"due_from,omitempty"`
	Overdue    bool              `json:"overdue,omitzero"`
	NextChange time.Time         `json:"next_change,omitzero"` // when time alone could change it
	Reasons    []Reason          `json:"reasons,omitempty"`
	Controls   []string          `json:"controls,omitempty"` // of all reasons, each once
	Waivers    []string          `json:"waivers,omitempty"`  // ids of the waivers in whose scope it is and whose guards hold
	Assumed    []string          `json:"assumed,omitempty"`
	Oblige     []string          `json:"obligations,omitempty"`
	Range      []engine.Priority `json:"range,omitempty"`
}

// A Finding names a finding without any text of a report but names.
type Finding struct {
	ID      string      `json:"id"`
	Kind    engine.Kind `json:"kind"`
	Name    string      `json:"name,omitempty"` // of the vulnerability, or else the scanner's rule
	Package string      `json:"package,omitempty"`
	Fixed   []string    `json:"fixed,omitempty"` // versions that fix it

	// What tells the same finding in another run, and what a run has to look at again to say that it is gone.
	IDs     []string `json:"ids,omitempty"`     // the other ids of its alias group
	CVEs    []string `json:"cves,omitempty"`    // that it covers
	EUVD    []string `json:"euvd,omitempty"`    // its names in ENISA's EUVD
	Reports []int    `json:"reports,omitempty"` // that have it: places in the reports of the terms, from 0
}

// An Asset is what counted of an asset.
type Asset struct {
	ID          string `json:"id"`
	Owner       string `json:"owner,omitempty"`
	Criticality string `json:"criticality,omitempty"`
	Exposure    string `json:"exposure,omitempty"`
}

// A Reason is what one rule said.
type Reason struct {
	Rule   string          `json:"rule"`
	Kind   string          `json:"kind"`
	To     engine.Priority `json:"to,omitempty"`
	AtMost engine.Action   `json:"at_most,omitempty"`
	Firm   bool            `json:"firm,omitzero"`
	Date   time.Time       `json:"date,omitzero"`   // of a due or an exempt
	Staged bool            `json:"staged,omitzero"` // the rule is not in force at this time, and does nothing but warn where it would deny
}

// What became of a waiver in a run.
const (
	WaiverUsed    = "used"    // it held for a case
	WaiverGranted = "granted" // it is in force, and held for no case
	WaiverExpired = "expired" // its last day has passed
	WaiverLapsed  = "lapsed"  // a guard did not hold, for every case in its scope
	WaiverPending = "pending" // its first day has not come
)

// A Waiver is an accepted risk. A run has a record of every waiver of its file, whether it was used or not.
type Waiver struct {
	ID        string `json:"id"`
	State     string `json:"state"` // WaiverUsed and so on
	Finding   string `json:"finding,omitempty"`
	Package   string `json:"package,omitempty"`
	Path      string `json:"path,omitempty"`
	Asset     string `json:"asset,omitempty"`
	Reason    string `json:"reason,omitempty"`
	Ticket    string `json:"ticket,omitempty"`
	Requester string `json:"requester,omitempty"` // as proven if it is verified, else as stated
	Approver  string `json:"approver,omitempty"`  // as proven if it is verified, else as stated
	Verified  bool   `json:"verified"`            // requester and approver are proven to be two people, the second one entitled
	How       string `json:"how,omitempty"`       // what proves the approval
	Why       string `json:"why,omitempty"`       // why it is not proven, or did not hold
	Created   string `json:"created,omitempty"`   // date
	Expires   string `json:"expires,omitempty"`   // date, the day itself included
	Cases     int    `json:"cases"`               // for which it held
}

// A PolicyChange says that another policy decides from here on.
type PolicyChange struct {
	Was string `json:"was,omitempty"` // digest; absent: there was none
	Is  string `json:"is"`
}

// A CaseChange says that a case is no more, or is there again.
type CaseChange struct {
	Finding string `json:"finding"`
	Asset   string `json:"asset"`
	Branch  string `json:"branch,omitempty"`
	By      string `json:"by,omitempty"` // digest of the report that shows it
}

// ID is the id of a record: the digest of its run, a slash and its index.
func ID(run string, index int64) string { return run + "/" + itoa(index) }
