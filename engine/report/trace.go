package report

import (
	"fmt"

	"github.com/headgate/headgate/engine"
)

// marks are how conditions begin, by what became of them.
var marks = map[string]string{engine.ConditionHeld: "✓", engine.ConditionFailed: "✗", engine.ConditionNotAsked: "–"}

// traced writes each rule as its author wrote it, with what became of each condition. Rules for other kinds of findings are left out, unless
// all are asked for.
func (x *explainer) traced() {
	for _, k := range kinds {
		for _, r := range x.e.Rules {
			if r.Kind != k.name || len(r.Conditions) == 0 || !x.all && !r.Fired && x.foreign(r.Why) {
				continue
			}
			x.c.line()
			said := r.Kind
			if !r.Fired {
				said = k.silent
			}
			label := mark(r.Fired) + " " + clean(r.Rule)
			x.c.paragraph(2, text(label, bold), width(label)+2, said+" · "+r.Location, dim)
			x.conditions(r.Conditions, 4)
		}
	}
}

func mark(held bool) string {
	if held {
		return marks[engine.ConditionHeld]
	}
	return marks[engine.ConditionFailed]
}

// conditions writes conditions, each with what it saw below it, and the rules that it asks further in.
func (x *explainer) conditions(all []engine.Condition, in int) {
	for _, c := range all {
		style := plain
		if c.Status == engine.ConditionNotAsked {
			style = dim
		}
		label := fmt.Sprintf("%s %4d  ", marks[c.Status], c.Line)
		x.c.paragraph(in, text(label, dim), width(label), c.Text, style)
		if c.Why != "" {
			x.c.paragraph(in+width(label), span{}, 0, c.Why, dim)
		}
		for _, r := range c.Rules {
			if len(r.Conditions) == 0 || in > 12 {
				continue
			}
			label := mark(r.Held) + " " + clean(r.Rule)
			x.c.paragraph(in+4, text(label, plain), width(label)+2, r.Location, dim)
			x.conditions(r.Conditions, in+6)
		}
	}
}
