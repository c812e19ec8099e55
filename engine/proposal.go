package engine

// A Proposal is what the change under review makes of what judges changes: settings, policies, assets, waivers, scope. It decides nothing in
// this run, which is judged by the base commit; it says what would be decided once the change is merged.
type Proposal struct {
	Files      []string    `json:"files"`                // that the change touches, from the root of the repository, in order; at most MostProposed
	More       int         `json:"more,omitempty"`       // files that it touches too and are not listed
	Error      string      `json:"error,omitempty"`      // why what it proposes would not load, or could not decide
	Simulation *Simulation `json:"simulation,omitempty"` // what it would change about this run; absent: see Error

	// Waivers are those that it adds or changes and that nobody is shown to have approved yet, in the order of their file; at most
	// MostProposed. The simulation takes for approved those that an approval can still come for.
	Waivers     []ProposedWaiver `json:"waivers,omitempty"`
	MoreWaivers int              `json:"more_waivers,omitempty"` // of them, those that are not listed
}

// A ProposedWaiver is what would become of a waiver once the change that proposes it is merged.
type ProposedWaiver struct {
	ID      string   `json:"id"`
	Accepts string   `json:"accepts"`          // what it is for: "CVE-2021-44906 in pkg:npm/minimist, on shop"
	Expires string   `json:"expires"`          // the last day on which it holds, 2026-12-22
	Why     string   `json:"why"`              // what is missing
	Awaits  []string `json:"awaits,omitempty"` // who of the approvers can still approve it; absent: as things are set up, nobody can
}

// MostProposed bounds the files and the waivers of a proposal.
const MostProposed = 20
