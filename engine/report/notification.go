package report

import (
	"bytes"
	"time"

	"github.com/headgate/headgate/engine"
)

// NotificationSchemaName names the version of what is sent to webhooks.
const NotificationSchemaName = "headgate.notification/1"

// Undecided is the outcome of a notification about a run that decided nothing.
const Undecided = "undecided"

// A Notification is a run in short, for a webhook. All text in it is plain, of one line, and to be escaped by whoever shows it. It has no
// finding, and so nothing of a secret.
type Notification struct {
	Schema   string           `json:"schema"`
	Outcome  string           `json:"outcome"`      // pass, warn, block or undecided
	Headline string           `json:"headline"`     // "blocked by 3 of 15 new findings"
	Now      time.Time        `json:"now,omitzero"` // of the run
	Change   engine.RunChange `json:"change"`
	Pull     int              `json:"pull_request,omitempty"` // number
	Why      string           `json:"why,omitempty"`          // nothing was decided
	Counts   *engine.Counts   `json:"counts,omitempty"`       // absent: nothing was decided
	Gate     []string         `json:"gate,omitempty"`         // what is wrong with the run as a whole
	Weakened []string         `json:"weakened,omitempty"`
	Fixes    []NotifiedFix    `json:"fixes,omitempty"` // to make first, at most three
	Policy   string           `json:"policy,omitempty"`
	Run      string           `json:"run,omitempty"`  // the page of the run
	Link     string           `json:"link,omitempty"` // the page of the pull request
}

// A NotifiedFix is one thing to do.
type NotifiedFix struct {
	Fix      string         `json:"fix"`    // "upgrade log4j-core to 2.17.1"
	Clears   map[string]int `json:"clears"` // cases, by priority
	PathsCut int            `json:"paths_cut,omitempty"`
}

// NotificationOptions are what a notification says beyond the result.
type NotificationOptions struct {
	Pull      int    // 0: none
	RunURL    string // as of a comment
	PullURL   string
	Undecided string // why nothing was decided; empty: it was
}

// mostNotified bounds the lists of a notification.
const mostNotified = 20

// NewNotification says in short what a run came to, as one JSON document (headgate.notification/1). The same result and options give the
// same bytes, and so what is sent twice has one digest.
func NewNotification(r *engine.Result, o NotificationOptions) ([]byte, error) {
	n := Notification{Schema: NotificationSchemaName, Outcome: string(r.Outcome), Now: r.Now, Change: r.Change, Pull: o.Pull, Run: link(o.RunURL), Link: link(o.PullURL)}
	for _, s := range []*string{&n.Change.Repository, &n.Change.Branch, &n.Change.Base, &n.Change.Head} {
		*s = clean(*s)
	}
	if o.Undecided != "" {
		n.Outcome, n.Headline, n.Why = Undecided, "undecided, which is no pass", clean(o.Undecided)
	} else {
		n.decided(newView(r))
	}
	var out bytes.Buffer
	err := encode(&out, n)
	return out.Bytes(), err
}

// decided adds what a decision came to.
func (n *Notification) decided(v *view) {
	r := v.r
	n.Headline, n.Counts, n.Policy = clean(v.heading()), &r.Counts, clean(r.Policy.Digest)
	for _, w := range r.Weakened[:min(len(r.Weakened), mostNotified)] {
		n.Weakened = append(n.Weakened, clean(w))
	}
	for i := range r.Gate.Reasons[:min(len(r.Gate.Reasons), mostNotified)] {
		n.Gate = append(n.Gate, clean(r.Gate.Reasons[i].Message))
	}
	for _, f := range v.todo[:min(len(v.todo), shownFixes)] {
		n.Fixes = append(n.Fixes, NotifiedFix{Fix: clean(todoOf(f).words()), Clears: f.Clears, PathsCut: f.PathsCut})
	}
}
