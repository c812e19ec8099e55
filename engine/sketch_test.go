package engine

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"github.com/headgate/headgate/policies"
)

// Two documents with the same sketch are decided alike, also once a fact that neither of them has is put into both; and where a part's
// pieces are the same, so is its value. That holds although conditions leave pieces out.
func TestSketchesOfRandomPoliciesTellWhatTheirPartsTell(t *testing.T) {
	data, err := ast.InterfaceToValue(base)
	if err != nil {
		t.Fatal(err)
	}
	store := inmem.NewFromObjectWithOpts(base, inmem.OptReturnASTValuesOnRead(true))
	of := reflect.TypeFor[doc]()
	var all []fact
	for _, f := range layout(of) {
		if f.omit {
			all = append(all, fact{path: []string{f.name}, slot: slot{f.index}})
		}
	}
	alike, used, leftOut, filled := 0, 0, 0, 0
	trials := uint64(100)
	if long() {
		trials = 1000
	}
	for seed := range trials {
		tr := newTrial(t, seed, store)
		if tr == nil {
			continue
		}
		o := observe(tr.compiler, data, ast.MustParseRef("data.main.decision"), tr.may, nil, "")
		facts := slices.DeleteFunc(slices.Clone(all), func(f fact) bool { return f.path[0] == []string{"n", "s", "a"}[seed%3] })
		if seed%2 == 0 {
			facts = slices.DeleteFunc(slices.Clone(all), func(f fact) bool { return f.path[0] != []string{"n", "s", "a"}[seed/2%3] })
		}
		makes := newSketcher(o.all(), o.observed, o.parts, facts, of)
		if makes == nil {
			continue
		}
		m := maker{rand.New(rand.NewPCG(seed, 8))}
		var one, other doc
		for i := range 40 {
			if i%8 == 0 {
				one = doc{K: "a"}
				for range 10 {
					m.change(&one)
				}
			}
			other = one
			m.change(&other)
			var as, bs sketch
			makes.take(&as, reflect.ValueOf(&one))
			makes.take(&bs, reflect.ValueOf(&other))
			for i := range o.parts {
				a, b := look{&as, makes.users}, look{&bs, makes.users}
				if !bytes.Equal(a.appendUse(nil, i), b.appendUse(nil, i)) {
					continue
				}
				used++
				p := projectPart(&o.parts[i], of)
				if bytes.Equal(p.appendTo(nil, reflect.ValueOf(&one)), p.appendTo(nil, reflect.ValueOf(&other))) {
					continue
				}
				// a condition that cannot be asked together with facts can be asked without: then the part has the same value though it observes more
				q := tr.prepare(t, o.parts[i].ref.String())
				if was, is := decided(q, &one), decided(q, &other); was != is {
					t.Fatalf("seed %d\n%s\n%s is %s of\n%s\nand %s of\n%s", seed, tr.policy, o.parts[i].ref, was, inJSON(t, one), is, inJSON(t, other))
				}
			}
			if len(as.plan.pieces)+makes.first < len(makes.pieces) {
				leftOut++
			}
			if !bytes.Equal(as.text, bs.text) || reflect.DeepEqual(one, other) {
				continue
			}
			alike++
			both := [][2]doc{{one, other}}
			for range 3 {
				with := doc{K: "a"}
				for range 20 {
					m.change(&with)
				}
				for _, f := range facts {
					a, b := one, other
					v, w, from := reflect.ValueOf(&a).Elem(), reflect.ValueOf(&b).Elem(), reflect.ValueOf(&with).Elem()
					if f.slot.absent(v) && f.slot.absent(w) && !f.slot.absent(from) {
						f.slot.set(v, from.Field(f.slot[0]))
						f.slot.set(w, from.Field(f.slot[0]))
						both = append(both, [2]doc{a, b})
						filled++
					}
				}
			}
			for _, docs := range both {
				if was, is := decided(tr.query, &docs[0]), decided(tr.query, &docs[1]); was != is {
					t.Fatalf("seed %d\n%s\n%s\n is decided %s\n%s\n is decided %s", seed, tr.policy, inJSON(t, docs[0]), was, inJSON(t, docs[1]), is)
				}
			}
		}
	}
	if alike < 100 || used < 500 || leftOut < 50 || filled < 100 {
		t.Errorf("so little was compared: %d documents alike, %d uses, %d times pieces left out, %d facts put in", alike, used, leftOut, filled)
	}
}

// A sketch is that of the input as it is now and of nothing else: whatever the sketcher has met, whatever stood in the sketch, however much
// of the input is shared with others, and if it was changed in its place.
func TestSketchIsOfTheInputAsItIs(t *testing.T) {
	p := loadShipped(t, PolicySource{Packs: allPacks(t), Assume: policies.Assume})
	used := p.sketcher()
	changed := 0
	f := newFiller(17)
	var kept sketch
	var last []byte
	in := new(Input)
	for i, next := range f.inputs(120) {
		if i%3 == 0 {
			*in = next // which shares with those before what they have alike
		} else {
			f.change(in)
		}
		used.take(&kept, reflect.ValueOf(in))
		var alone Input
		if err := json.Unmarshal([]byte(inJSON(t, in)), &alone); err != nil {
			t.Fatal(err)
		}
		var fresh sketch
		p.sketcher().take(&fresh, reflect.ValueOf(&alone))
		if !bytes.Equal(kept.text, fresh.text) || !slices.Equal(kept.plan.holds, fresh.plan.holds) {
			t.Fatalf("the sketch of\n%s\nis\n%q, and alone\n%q", inJSON(t, in), kept.text, fresh.text)
		}
		if !bytes.Equal(kept.text, last) {
			changed++
		}
		last = bytes.Clone(kept.text)
	}
	if changed < 40 {
		t.Errorf("only %d of 120 sketches differ from the one before", changed)
	}
}

// BenchmarkSketch is the cost of finding out what counts of a case.
func BenchmarkSketch(b *testing.B) {
	cases := estate(1000)
	d := loadShipped(b, PolicySource{Assume: policies.Assume}).caseDecider(len(cases))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		d.all.take(&d.known, reflect.ValueOf(&cases[i%len(cases)].Input))
	}
}
