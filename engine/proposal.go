package engine

// A Proposal is what the change under review makes of what judges changes: settings, policies, assets, waivers, scope. It decides nothing in
// this run, which is judged by the base commit; it says what would be decided once the change is merged.
type Proposal struct {
	Files      []string    `json:"files"`                // that the change touches, from the root of the repository, in order; at most MostProposed
	More       int         `json:"more,omitempty"`       // files that it touches too and are not listed
	Error      string      `json:"error,omitempty"`      // why what it proposes would not load, or could not decide
	Simulation *Simulation `json:"simulation,omitempty"` // what it would change about this run; absent: see Error
}

// MostProposed bounds the files of a proposal.
const MostProposed = 20
