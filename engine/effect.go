package engine

// The kinds of effects.
const (
	EffectTicket   = "ticket"    // an issue in a tracker
	EffectComment  = "comment"   // on a pull request
	EffectReview   = "review"    // remarks on lines of a pull request
	EffectCheckRun = "check_run" // the verdict on a commit
	EffectSARIF    = "sarif"     // an upload to code scanning
	EffectWebhook  = "webhook"   // a notification, of which nothing stays: only one that did not arrive is spoken of
)

// What a run did about an effect.
const (
	DidCreate  = "created"
	DidUpdate  = "updated"
	DidNothing = "unchanged" // it was as it should be
	DidClose   = "closed"
	DidReopen  = "reopened"
	DidDegrade = "degraded" // it is not as it should be, or not known to be: Why says what stood in the way
)

// An Effect is one object outside that exists because of what was decided: a ticket, a comment. There is at most one object per kind,
// place and key, whatever is retried, killed or run side by side. The ledger keeps effects between runs; whoever makes them true reads
// what was kept and gives back what is.
type Effect struct {
	Key   string `json:"key"`           // ours; unique per kind and place
	Kind  string `json:"kind"`          // EffectTicket and so on
	Place string `json:"place"`         // URL of the system, and the project or repository in it
	ID    string `json:"id,omitempty"`  // the system's own, which stays when the object is moved or renamed; empty: it does not exist (yet)
	Ref   string `json:"ref,omitempty"` // what people call it: PAY-12, #3
	URL   string `json:"url,omitempty"` // where people see it

	// State is what was last known of the object, in words of its kind: its status, a digest of its content, how often it was reopened.
	// A name that is absent is not known.
	State map[string]string `json:"state,omitempty"`

	Did string `json:"did,omitempty"` // DidCreate and so on; empty: the effect was only read
	Why string `json:"why,omitempty"` // in one line for people; always there with DidDegrade
}
