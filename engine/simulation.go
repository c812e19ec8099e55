package engine

import "time"

// SimulationSchema names the version of what `headgate policy simulate -o json` writes.
const SimulationSchema = "headgate.simulation/1"

// What the differences between two ways to decide come to.
const (
	Equal    = "equal"    // every case and every run is decided alike
	Stricter = "stricter" // what differs is stricter
	Looser   = "looser"   // what differs is looser
	Mixed    = "mixed"    // both
)

// A Simulation is what another policy, other threat data or other waivers would change about runs that were recorded.
type Simulation struct {
	Schema  string        `json:"schema"`
	Outcome string        `json:"outcome"` // equal, stricter, looser or mixed
	From    SimulatedSide `json:"from"`
	To      SimulatedSide `json:"to"`
	Results int           `json:"results"`
	Changes Changes       `json:"changes"`
	Before  Counts        `json:"before"` // of all results together
	After   Counts        `json:"after"`

	Examples []ChangedCase  `json:"examples"` // of all changes, worst first, at most MostExamples
	Rules    []ChangedGroup `json:"rules"`    // by rule that says something else; a case counts for each of its rules. Most cases first
	Assets   []ChangedGroup `json:"assets"`   // by id of the asset
	Owners   []ChangedGroup `json:"owners"`   // cases without an owner are under ""

	NewlyBlocking ChangedResults `json:"newly_blocking"`
	NewlyPassing  ChangedResults `json:"newly_passing"` // that blocked and would not
}

// MostExamples bounds each list of examples.
const MostExamples = 10

// A SimulatedSide is one of the two ways to decide.
type SimulatedSide struct {
	Policy  PolicyInfo `json:"policy"`
	Intel   *IntelInfo `json:"intel,omitempty"`   // absent: what each result recorded
	Waivers string     `json:"waivers,omitempty"` // the file; absent: what each result recorded
}

// Changes count cases.
type Changes struct {
	Cases    int `json:"cases"`    // all of the results
	Stricter int `json:"stricter"` // a graver action or priority, an earlier date or a further obligation
	Looser   int `json:"looser"`
	Mixed    int `json:"mixed"`    // stricter in one and looser in another
	Reworded int `json:"reworded"` // decided alike, by other reasons; in no other count
}

// A ChangedGroup is what changes about the cases of one rule, asset or owner.
type ChangedGroup struct {
	Name     string        `json:"name"`
	Stricter int           `json:"stricter"`
	Looser   int           `json:"looser"`
	Mixed    int           `json:"mixed"`
	Examples []ChangedCase `json:"examples"` // worst first, at most MostExamples
}

// Cases is how many cases change.
func (g *ChangedGroup) Cases() int { return g.Stricter + g.Looser + g.Mixed }

// A ChangedCase is a case that is decided in another way. The same finding on the same asset stands once in a list, however many results
// have it.
type ChangedCase struct {
	Result  string          `json:"result"` // file
	Change  string          `json:"change"` // stricter, looser or mixed
	Finding Finding         `json:"finding"`
	Asset   string          `json:"asset"`
	Owner   string          `json:"owner,omitempty"`
	Before  ChangedDecision `json:"before"`
	After   ChangedDecision `json:"after"`
	Rules   []string        `json:"rules"` // that say something else, by id; none: the table of actions, or how main composes
}

// A ChangedDecision is what matters of a decision.
type ChangedDecision struct {
	Priority Priority  `json:"priority"`
	Action   Action    `json:"action"`
	Due      time.Time `json:"due,omitzero"`
}

// ChangedResults are runs whose outcome is another one.
type ChangedResults struct {
	Results  int             `json:"results"`
	Examples []ChangedResult `json:"examples"` // most blocking cases first, at most MostExamples
}

// A ChangedResult is one run whose outcome is another one.
type ChangedResult struct {
	Result     string    `json:"result"` // file
	Now        time.Time `json:"now"`
	Change     RunChange `json:"change"`
	Before     Action    `json:"before"`
	After      Action    `json:"after"`
	Cases      int       `json:"cases"`                 // that block on one side and not on the other
	ReportOnly bool      `json:"report_only,omitempty"` // the run was recorded as one that never blocks
}
