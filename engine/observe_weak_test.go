package engine

import "testing"

// weaknesses are ways in which the derivation could be wrong.
var weaknesses = []weakness{"references", "several", "else", "keys", "places", "counted", "every", "not", "with", "comprehensions", "defaults", "patterns", "equations",
	"documents", "members", "results", "pattern parts", "truths", "replaced data", "and", "or", "quiet", "relations", "calls", "computed keys",
	"sets", "operands", "parts", "choices", "alternatives", "replaced parts", "quiet guards", "common guards"}

// everywhere changes what is observed at every place.
func (o *observed) everywhere(change func(*observed)) {
	change(o)
	for _, f := range o.fields {
		f.everywhere(change)
	}
	for _, i := range o.items {
		i.everywhere(change)
	}
	if o.each != nil {
		o.each.everywhere(change)
	}
}

var worse = map[string]func(*observed){
	"no shapes": func(o *observed) { o.shape = false },
	"no views":  func(o *observed) { o.views = nil },
	"no places": func(o *observed) { o.places = false },
	"no items":  func(o *observed) { o.items = nil },
	"no each":   func(o *observed) { o.each = nil },
	"whole is shape": func(o *observed) {
		if o.whole {
			o.whole, o.shape = false, true
		}
	},
}

func TestWrongDerivationsAreNoticed(t *testing.T) {
	if !long() {
		t.Skip("HEADGATE_LONG is not set")
	}
	const count = 3000
	for _, weak := range weaknesses {
		t.Run(string(weak), func(t *testing.T) {
			var n trials
			if search(t, &n, 1, count, weak, nil) == "" {
				t.Errorf("not noticed by %d policies", n.policies.Load())
			} else {
				t.Logf("noticed after %d policies", n.policies.Load())
			}
		})
	}
	for name, change := range worse {
		t.Run(name, func(t *testing.T) {
			var n trials
			if search(t, &n, 1, count, "", func(o *observed) { o.everywhere(change) }) == "" {
				t.Errorf("not noticed by %d policies", n.policies.Load())
			} else {
				t.Logf("noticed after %d policies", n.policies.Load())
			}
		})
	}
}
