package evidence

import (
	"slices"
	"strings"
	"time"
)

// rules are the rules on waivers and separation of duties, over the records of one run.
type rules struct {
	approvers  []string
	unverified bool // a parameter lets waivers exempt that nobody is proven to have approved
	waivers    map[string]*Waiver
	exempted   []exempted
	used       int
}

// An exempted is a decision that a rule of waivers lowered.
type exempted struct {
	index   int64
	rule    string
	waivers []string
	at      time.Time
}

// The rules of the pack waivers, by the prefix of their ids, and the one that asks for no proof.
const (
	waiverRules    = "waivers."
	unverifiedRule = "waivers.unverified"
)

func newRules(t *Terms) *rules {
	r := &rules{approvers: t.Settings.Approvers, waivers: map[string]*Waiver{}}
	r.unverified = slices.ContainsFunc(t.Policy.Overrides, func(o string) bool { return strings.HasPrefix(o, "waivers.allow_unverified: ") })
	return r
}

// see notes what a record has to do with waivers.
func (r *rules) see(c *check, rec *Record) {
	if w := rec.Waiver; w != nil {
		if r.waivers[w.ID] != nil {
			c.failed(LevelRun, "the run has two records of the waiver %.80q", w.ID)
		}
		r.waivers[w.ID] = w
		if w.Verified {
			r.separate(c, rec.Index, w)
		}
	}
	if d := rec.Decision; d != nil && strings.HasPrefix(d.ExemptedBy, waiverRules) {
		r.used++
		r.exempted = append(r.exempted, exempted{rec.Index, d.ExemptedBy, d.Waivers, rec.At})
	}
}

// separate makes sure that whoever asked did not approve, and that whoever approved may.
func (r *rules) separate(c *check, index int64, w *Waiver) {
	switch {
	case w.Requester == "" || w.Approver == "":
		c.failed(LevelRules, "the waiver %.80q (record %d) is called proven and names no requester or no approver", w.ID, index)
	case samePerson(w.Requester, w.Approver):
		c.failed(LevelRules, "the waiver %.80q (record %d) was approved by %.80q, who asked for it", w.ID, index, w.Approver)
	case !slices.ContainsFunc(r.approvers, func(a string) bool { return samePerson(a, w.Approver) }):
		c.failed(LevelRules, "the waiver %.80q (record %d) was approved by %.80q, whom the settings of the run do not entitle", w.ID, index, w.Approver)
	}
}

func samePerson(a, b string) bool {
	return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
}

// conclude checks what was exempted, now that all waivers of the run are known.
func (r *rules) conclude(c *check) {
	for i := range r.exempted {
		e := &r.exempted[i]
		why := "none of its waivers is there"
		for _, id := range e.waivers {
			w := r.waivers[id]
			if w == nil {
				why = "there is no record of the waiver " + id
				continue
			}
			if why = w.fails(e); why == "" {
				break
			}
		}
		switch {
		case why != "":
			c.failed(LevelRules, "record %d was exempted (%s), and %.200s", e.index, e.rule, why)
		case e.rule == unverifiedRule && !r.unverified:
			c.failed(LevelRules, "record %d was exempted by a waiver that nobody is proven to have approved, and no parameter allows that", e.index)
		case e.rule == unverifiedRule:
			c.note("decisions were exempted by waivers that nobody is proven to have approved, as the parameter waivers.allow_unverified allows")
		}
	}
}

// fails says why a waiver does not carry an exemption; empty if it does.
func (w *Waiver) fails(e *exempted) string {
	today := e.at.UTC().Format(time.DateOnly)
	switch {
	case w.State != WaiverUsed:
		return "the waiver " + w.ID + " was not in use: " + w.State
	case w.Expires < today: // dates compare as text
		return "the waiver " + w.ID + " had ended on " + w.Expires
	case w.Created > today:
		return "the waiver " + w.ID + " begins on " + w.Created
	case !w.Verified && e.rule != unverifiedRule:
		return "nobody is proven to have approved the waiver " + w.ID
	}
	return ""
}
