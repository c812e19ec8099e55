package engine

import "testing"

// weaknesses are the steps of the derivation, each of which it would be wrong without.
var weaknesses = []struct {
	step weakness
	what string // what is left out
	soon bool   // a few policies show it
}{
	{"references", "whether what a reference leads to is there", true},
	{"truths", "whether an expression that is only a variable is false", false},
	{"calls", "whether a call comes to something other than false", true},
	{"equations", "whether two sides are equal", true},
	{"operands", "operands of builtin functions that cannot be seen through", true},
	{"alternatives", "all values of a known list but the first", false},
	{"choices", "all definitions and defaults but the first", true},
	{"parts", "what stands inside arrays and objects that are put together", false},
	{"sets", "members of sets that are put together", false},
	{"computed keys", "keys of objects that are put together", false},
	{"keys", "what a key is that is read from the input", false},
	{"patterns", "the value that a pattern takes apart", false},
	{"pattern parts", "known parts of a pattern", false},
	{"places", "where elements stand, if their key is used", false},
	{"counted", "how many elements there are, in array comprehensions", false},
	{"comprehensions", "what comprehensions collect", false},
	{"every", "bodies of every", false},
	{"not", "bodies of not", true},
	{"and", "the right side of and", false},
	{"or", "the right side of or", false},
	{"else", "branches after the first", true},
	{"several", "values that other results of the same body must equal", false},
	{"results", "values that other definitions must equal", false},
	{"members", "members of sets and keys of objects that rules make", false},
	{"documents", "documents that a reference may lead to", false},
	{"relations", "operands of walk", false},
	{"defaults", "the default of object.get", false},
	{"with", "input that with puts in, and where", false},
	{"replaced data", "that with replaces data", false},
	{"replaced parts", "that parts are others where with replaces input", false},
	{"quiet", "that something may fail before a switched-off rule gets to its switch", false},
	{"quiet guards", "that something may fail before the guard of a part is asked", false},
	{"common guards", "that all rules of a part must ask its guard", false},
}

// distortions change what is observed at every place.
var distortions = []struct {
	name   string
	change func(*observed)
	soon   bool
}{
	{"no shapes", func(o *observed) { o.shape = false }, true},
	{"no views", func(o *observed) { o.views = nil }, true},
	{"no places", func(o *observed) { o.places = false }, false},
	{"no items", func(o *observed) { o.items = nil }, true},
	{"no elements", func(o *observed) { o.each = nil }, true},
	{"shapes for values", func(o *observed) {
		if o.whole {
			o.whole, o.shape = false, true
		}
	}, true},
}

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

// The search for differences is worth what it finds: it must notice each step that the derivation leaves out.
func TestSearchNoticesDerivationsThatAreWrong(t *testing.T) {
	notices := func(name, what string, soon bool, weak weakness, worse func(*observed)) {
		if !soon && !long() {
			return
		}
		t.Run(name, func(t *testing.T) {
			const count = 8000
			var n trials
			if search(t, &n, 1, count, weak, worse) == "" {
				t.Errorf("%d policies do not notice that the derivation leaves out %s", n.policies.Load(), what)
			}
			t.Logf("noticed after %d policies", n.policies.Load())
		})
	}
	for _, w := range weaknesses {
		notices(string(w.step), w.what, w.soon, w.step, nil)
	}
	for _, d := range distortions {
		notices(d.name, d.name, d.soon, "", func(o *observed) { o.everywhere(d.change) })
	}
}
