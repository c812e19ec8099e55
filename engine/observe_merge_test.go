package engine

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

// Everything that an observation sees, taken together, tells at least what its parts tell one by one: a verdict is looked up by it. And a
// field that a part does not touch does not change what is seen of it: ranges leave such parts out.
func TestAllThatRandomPoliciesSeeTellsWhatTheirPartsTell(t *testing.T) {
	data, err := ast.InterfaceToValue(base)
	if err != nil {
		t.Fatal(err)
	}
	store := inmem.NewFromObjectWithOpts(base, inmem.OptReturnASTValuesOnRead(true))
	alike, untouched := 0, 0
	of := reflect.TypeFor[doc]()
	for seed := range uint64(times(30, 120)) {
		tr := newTrial(t, seed, store)
		if tr == nil {
			continue
		}
		o := observe(tr.compiler, data, ast.MustParseRef("data.main.decision"), tr.may, nil, "")
		if o.whole {
			continue
		}
		all := project(o.all(), of)
		m := maker{rand.New(rand.NewPCG(seed, 4))}
		for range 60 {
			one := doc{K: "a"}
			for range 10 {
				m.change(&one)
			}
			other := one
			m.change(&other)
			v, w := reflect.ValueOf(&one), reflect.ValueOf(&other)
			same := bytes.Equal(all.appendTo(nil, v, true), all.appendTo(nil, w, true))
			if same && !reflect.DeepEqual(one, other) {
				alike++
				if is, was := decided(tr.query, &other), decided(tr.query, &one); is != was {
					t.Fatalf("seed %d\n%s\n%s\n is decided %s\n%s\n is decided %s", seed, tr.policy, termOf(v), was, termOf(w), is)
				}
			}
			for i := range o.parts {
				p := projectPart(&o.parts[i], of)
				seen := bytes.Equal(p.appendTo(nil, v), p.appendTo(nil, w))
				if same && !seen {
					t.Fatalf("seed %d: %s is told apart, but not by all together\n%s\n%s", seed, o.parts[i].ref, termOf(v), termOf(w))
				}
				touched := false
				for _, f := range layout(of) {
					if !reflect.DeepEqual(v.Elem().Field(f.index).Interface(), w.Elem().Field(f.index).Interface()) {
						g := o.parts[i].guard
						touched = touched || o.parts[i].touches([]string{f.name}) || g.touches([]string{f.name})
					}
				}
				if !touched {
					untouched++
					if !seen {
						t.Fatalf("seed %d: %s does not touch what differs, but is told apart\n%s\n%s", seed, o.parts[i].ref, termOf(v), termOf(w))
					}
				}
			}
		}
	}
	if alike < 100 || untouched < 100 {
		t.Errorf("so little was compared: %d documents alike, %d parts untouched", alike, untouched)
	}
}
