package evidence

import (
	"encoding/hex"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/headgate/headgate/engine"
)

// A done is what is written of a decision without being in it: the reasons, as they were written for another case, and the digest of its input.
type done struct {
	input   tlog.Hash
	told    *told           // nil: the decision has its reasons itself
	reasons []engine.Reason // of the case: their dates are its own
}

// A told is what records say of some reasons, but for their dates: that is the same for most cases on which the policy gives the same answer.
type told struct {
	reasons []toldReason
	text    []byte
	dates   []int // where in the text the date of each reason goes
}

// A toldReason is all that a record depends on of a reason, but for its date.
type toldReason struct {
	Reason
	controls []string // none if it is not in force
	stated   *engine.Stated
}

func newTold(reasons []engine.Reason) *told {
	var d Decision
	d.ofReasons(reasons)
	t, l := &told{}, lineWriter{b: []byte{','}}
	for i := range d.Reasons {
		r := &d.Reasons[i]
		r.Date = time.Time{}
		one := toldReason{Reason: *r, stated: reasons[i].Stated}
		if reasons[i].InForce() {
			one.controls = slices.Clone(reasons[i].Controls)
		}
		t.reasons = append(t.reasons, one)
		if i == 0 {
			l.name(`,"reasons":`)
			l.b = append(l.b, '[')
		} else {
			l.b = append(l.b, ',')
		}
		l.open()
		ruleMembers(&l, r)
		t.dates = append(t.dates, len(l.b)-1)
		stageMembers(&l, r)
		l.close()
	}
	if len(d.Reasons) > 0 {
		l.b = append(l.b, ']')
	}
	someTexts(&l, `,"controls":`, d.Controls)
	t.text = slices.Clone(l.b[1:])
	return t
}

// of says whether it is what records say of reasons.
func (t *told) of(reasons []engine.Reason) bool {
	if len(t.reasons) != len(reasons) {
		return false
	}
	for i := range reasons {
		if !t.reasons[i].of(&reasons[i]) {
			return false
		}
	}
	return true
}

// of says whether it is what a record depends on of a reason.
func (t *toldReason) of(r *engine.Reason) bool {
	if r.Stated == t.stated { // as most are
		return true
	}
	var controls []string
	if r.InForce() {
		controls = r.Controls
	}
	return r.Rule == t.Rule && r.Kind == t.Kind && r.To == t.To && r.AtMost == t.AtMost && r.Firm == t.Firm && staged(r) == t.Staged &&
		slices.Equal(controls, t.controls)
}

// writeReasons writes the reasons and their controls, if there are any.
func (d *done) writeReasons(l *lineWriter) {
	rest, from := d.told.text, 0
	for i, at := range d.told.dates {
		l.b = append(l.b, rest[:at-from]...)
		l.someTime(`,"date":`, d.reasons[i].Date)
		rest, from = rest[at-from:], at
	}
	l.b = append(l.b, rest...)
}

// complete puts into a decision what is written of it, for encode.
func (d *done) complete(into *Decision) {
	into.Input = hashText(d.input)
	if d.told != nil {
		into.ofReasons(d.reasons)
	}
}

// digest writes the text of a hash.
func (l *lineWriter) digest(name string, h *tlog.Hash) {
	l.name(name)
	l.b = append(l.b, `"`+digestPrefix...)
	l.b = append(hex.AppendEncode(l.b, h[:]), '"')
}
