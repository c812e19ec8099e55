package engine

import (
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Priority says how urgently a case needs someone. The scale is that of CISA's SSVC Coordinator table.
type Priority string

// The priorities, lowest first.
const (
	Track     Priority = "track"  // no action beyond watching
	TrackStar Priority = "track*" // watch closely; fix within the ordinary update cycle
	Attend    Priority = "attend" // needs attention from the owner; sooner than the ordinary cycle
	Act       Priority = "act"    // needs action now
)

// Priorities are all priorities, lowest first.
var Priorities = []Priority{Track, TrackStar, Attend, Act}

// Rank orders priorities, track being 0; -1 is not a priority.
func (p Priority) Rank() int { return slices.Index(Priorities, p) }

// An Action is what the build does about a case.
type Action string

// The actions, lowest first.
const (
	Pass  Action = "pass"
	Warn  Action = "warn"
	Block Action = "block"
)

// Actions are all actions, lowest first.
var Actions = []Action{Pass, Warn, Block}

// Rank orders actions, pass being 0; -1 is not an action.
func (a Action) Rank() int { return slices.Index(Actions, a) }

// A Stated is what a rule states, whatever it is of. The reasons of many decisions share one, so nothing in it may be changed.
type Stated struct {
	Rule        string   `json:"rule"`
	Kind        string   `json:"kind"`              // raise, cap, deny, warn, exempt, due or oblige
	To          Priority `json:"to,omitempty"`      // of a raise or cap
	AtMost      Action   `json:"at_most,omitempty"` // of an exempt
	Firm        bool     `json:"firm,omitempty"`    // holds against caps (raise) or exemptions (deny)
	Days        *float64 `json:"days,omitempty"`    // of a due; of an exempt, for how many days from the evaluation it holds
	By          string   `json:"by,omitempty"`      // of a due: a date stated by a fact
	Obligation  string   `json:"obligation,omitempty"`
	Remediation string   `json:"remediation,omitempty"`
	Controls    []string `json:"controls,omitempty"`

	// Of a rule that is not in force (staged enforcement): the day from which on it will be, or until which it was, 2026-12-31. Such a
	// reason is listed and does nothing, but a deny warns: then it is of kind warn, and InsteadOf is deny.
	EffectiveOn    string `json:"effective_on,omitempty"`
	EffectiveUntil string `json:"effective_until,omitempty"`
	InsteadOf      string `json:"instead_of,omitempty"`

	Metadata map[string]any `json:"metadata,omitempty"` // of a deny or warn stated as an object: all its keys but msg
}

// A Reason is what one rule says of one input.
type Reason struct {
	*Stated           // never nil
	From    string    `json:"from,omitempty"` // of a due: first_seen, evaluated or kev_added
	Date    time.Time `json:"date,omitzero"`  // of a due or an exempt: what days come to; the last day of an exempt
	Message string    `json:"message"`
}

// UnmarshalJSONFrom reads a reason. One without any member states nothing, and is still one.
func (r *Reason) UnmarshalJSONFrom(from *jsontext.Decoder) error {
	type members Reason
	var read members
	if err := json.UnmarshalDecode(from, &read); err != nil {
		return err
	}
	if read.Stated == nil {
		read.Stated = new(Stated)
	}
	*r = Reason(read)
	return nil
}

// InForce says that the reason has a say in the decision: as its kind says, or as the warning that a deny is until its day.
func (s *Stated) InForce() bool {
	return s.EffectiveOn == "" && s.EffectiveUntil == "" || s.InsteadOf != ""
}

// A Pivot is a fact that is not known and what the decision would be for each value it can have.
type Pivot struct {
	Fact     string              `json:"fact"`
	Outcomes map[string]Priority `json:"outcomes"`
}

// A Decision is what all reasons come to.
type Decision struct {
	Priority    Priority   `json:"priority"`
	Action      Action     `json:"action"`
	WouldHave   *Action    `json:"would_have"` // the action without exemptions and report-only; null if neither lowered it
	Due         time.Time  `json:"due,omitzero"`
	DueFrom     string     `json:"due_from,omitempty"`
	Overdue     bool       `json:"overdue"`
	NextChange  time.Time  `json:"next_change,omitzero"` // when time alone could change this decision; absent: never
	Reasons     []Reason   `json:"reasons"`
	Obligations []string   `json:"obligations,omitempty"`
	Assumed     []string   `json:"assumed,omitempty"`
	Range       []Priority `json:"range,omitempty"`
	Pivots      []Pivot    `json:"pivots,omitempty"`

	// Answer is what data.main.decision came to, as OPA writes it: what the decision follows from, and what deciding again has to come to
	// byte by byte. It is evidence and no part of results; empty in those that were read from a file.
	Answer string `json:"-"`
}

// Exemption is the reason that lowered the action, the one that lowers it most; nil if none did. An exemption that allows what was
// stated anyway, or that a firm deny withstands, lowers nothing: what report-only holds back is then not exempted.
func (d *Decision) Exemption() *Reason {
	if d.WouldHave == nil {
		return nil
	}
	var lowest *Reason
	for i := range d.Reasons {
		r := &d.Reasons[i]
		switch {
		case !r.InForce():
		case r.Kind == "deny" && r.Firm:
			return nil
		case r.Kind == "exempt" && r.AtMost.Rank() < d.WouldHave.Rank() && (lowest == nil || r.AtMost.Rank() < lowest.AtMost.Rank()):
			lowest = r
		}
	}
	return lowest
}

// OnlyReport makes of a decision one that does not block, and keeps what would have been.
func (d *Decision) OnlyReport() {
	if d.Action != Block {
		return
	}
	d.Action = Warn
	if d.WouldHave == nil {
		d.WouldHave = new(Block)
	}
}

// HeldBack says whether report-only, and no exemption, keeps the action from being what WouldHave says.
func (d *Decision) HeldBack() bool {
	return d.WouldHave != nil && d.WouldHave.Rank() > d.Action.Rank() && d.Exemption() == nil
}
