package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

// What an outline and the additions of each part come to is what the policy itself answers, whatever the policy and the document.
func TestOutlinesOfRandomPoliciesWithWhatPartsAddAnswerWhatThePoliciesAnswer(t *testing.T) {
	store := inmem.NewFromObjectWithOpts(base, inmem.OptReturnASTValuesOnRead(true))
	trials := uint64(60)
	if long() {
		trials = 2000
	}
	var split, asked int
	for seed := range trials {
		if tr := listingTrial(t, seed, store); tr != nil {
			tr.outline(t, &split, &asked)
		}
	}
	if split < int(trials)/4 || asked < 5*int(trials) {
		t.Errorf("so little was compared: %d of %d policies were split, %d answers put together", split, trials, asked)
	}
	t.Logf("%d of %d policies were split, %d answers put together", split, trials, asked)
}

// listingTrial is one of a policy of packs whose main lists what they state, in ways that can be told part by part and in ways that cannot.
func listingTrial(t testing.TB, seed uint64, store storage.Store) *trial {
	w := &writer{Rand: rand.New(rand.NewPCG(seed, 6))}
	rule := func(name string) string {
		return name + " contains " + w.pick(
			"[pack, e] if { some pack; some e in data.packs[pack].raise }",
			"e if some e in data.packs[_].raise",
			"e if { some e in data.packs[_].cap; not gone(e) }",
			"named(pack, e) if { some pack; some e in data.packs[pack].cap }",
			"count(s) if { some pack; s := data.packs[pack].raise }",
			"{\"all\": s} if s := data.packs.a.raise",
			"to_number(e) if some e in data.packs[_].raise",
			"1.0 if { some e in data.packs[_].raise; e }",
			"1 if { some e in data.packs[_].cap; e }",
			"[e, f] if { some e in data.packs[_].raise; some f in data.packs[_].cap }",
			"e if { some e in data.packs[_].raise; not e in data.packs.a.cap }",
			"e if { some e in data.packs[_].raise; input.t }",
			"e if { some e in data.packs[_].raise; told(e) }",
			"n if n := count([e | some e in data.packs[_].raise])",
			"\"z\" if not data.packs.a.raise",
			"\"y\" if every e in data.packs[_].cap { e == \"x\" }",
			"\"constant\"",
			"\"n\" if not \"x\" = data.packs.a.cap[_]",
			"e if { some e in data.packs[_].raise with input.t as true }",
			"e if { x := [to_number(k) | some k in [input.k]]; some e in data.packs[_].nope }",
			"e if { some e in data.packs[_].raise; not odd(e) }",
			"e if { data.packs.c; some e in data.packs[_].raise }",
		) + "\n"
	}
	text := `package main

decision := {"reasons": sort(((listed | more) | named_ones)), "n": count(named_ones), "u": {e | some e in data.packs[_].raise; e == "x"}}
gone(e) if data.base.gone[e]
told(e) if input.k == e
odd(e) if { x := [to_number(k) | some k in [e]]; data.base.nothing[e] }
named(pack, e) := {"pack": pack, "e": e}
named_ones contains e if some e in data.packs[_].due
named_ones contains input.k
`
	for _, name := range []string{"listed", "listed", "more"} {
		text += rule(name)
	}
	texts := map[string]string{"main": text, "c": "package packs.c\n"}
	for _, pack := range []string{"a", "b", "s"} {
		text := "package packs." + pack + "\n\nimport future.keywords.and\nimport future.keywords.or\n\n"
		for range 1 + w.IntN(3) {
			w.values = nil
			text += fmt.Sprintf("%s contains %s if {\n\t%s\n}\n", w.pick("raise", "raise", "cap", "due"), w.pick(w.term(), w.literal()), w.body())
		}
		texts[pack] = text
	}
	return trialOf(t, seed, store, texts)
}

// outline compares what is put together of an outline and additions with what the policy answers.
func (tr *trial) outline(t *testing.T, split, asked *int) {
	t.Helper()
	data, err := ast.InterfaceToValue(base)
	if err != nil {
		t.Fatal(err)
	}
	o := observe(tr.compiler, data, decisionRef, statedByPack, nil, "")
	p := &Policy{compiler: tr.compiler, modules: tr.modules, data: base, store: tr.store, perDecision: perDecision, stuck: new(stuck)}
	made := newComposition(p, data, decisionRef, &o)
	if o.whole || made == nil {
		return
	}
	modules, listed := made.withoutListed(tr.modules)
	if len(listed) == 0 {
		return
	}
	*split++
	without := ast.NewCompiler().WithSkipStages(ast.StageCheckTypes)
	if without.Compile(modules); without.Failed() {
		t.Fatal(without.Errors)
	}
	outline := (&trial{compiler: without, store: tr.store, strict: tr.strict}).prepare(t, decisionRef.String())
	adds := (&trial{compiler: made.compiler, store: tr.store, strict: tr.strict}).prepare(t, strings.Join(listed, " | "))
	var queries []rego.PreparedEvalQuery
	for _, part := range o.parts {
		queries = append(queries, tr.prepare(t, part.ref.String()))
	}
	m := maker{rand.New(rand.NewPCG(tr.seed, 9))}
	d := doc{K: "a"}
	for range 40 {
		m.change(&d)
		is := tr.together(t, &d, decided(outline, &d), made, adds, queries)
		if is == "error" { // is found out by asking the policy itself
			continue
		}
		*asked++
		if was := decided(tr.query, &d); was != is {
			t.Fatalf("seed %d\n%s\nanswers %s\nput together %s\nof\n%s", tr.seed, tr.policy, was, is, inJSON(t, &d))
		}
	}
}

// together is an outline with what each part adds to its reasons.
func (tr *trial) together(t *testing.T, d *doc, outline string, made *composition, adds rego.PreparedEvalQuery, queries []rego.PreparedEvalQuery) string {
	if outline == "error" || outline == "undefined" {
		return outline
	}
	decision := ast.MustParseTerm(outline).Value.(ast.Object)
	all := ast.NewSet()
	decision.Get(reasonsKey).Value.(*ast.Array).Foreach(all.Add)
	for _, g := range made.given {
		text := decided(queries[g.part], d)
		if text == "error" {
			return text
		}
		values := ast.NewObject()
		if text != "undefined" {
			g.put(values, ast.MustParseTerm(text))
		}
		rs, err := adds.Eval(t.Context(), rego.EvalParsedInput(ast.NewObject([2]*ast.Term{composedPlace, ast.NewTerm(values)})))
		if err != nil {
			return "error"
		}
		for _, e := range rs[0].Expressions[0].Value.(ast.Set).Slice() {
			if all.Contains(e) && !written(all, e) {
				return "error"
			}
			all.Add(e)
		}
	}
	decision.Insert(reasonsKey, ast.NewTerm(all.Sorted()))
	return decision.String()
}

// written says that a set has an element that is written as this one: 1 and 1.0 are equal.
func written(s ast.Set, e *ast.Term) bool {
	return s.Until(func(one *ast.Term) bool { return one.String() == e.String() })
}

// Outlines with what packs add come to the answer that the whole policy gives, byte by byte.
func TestOutlinesOfThePacksAnswerAsThePolicyDoes(t *testing.T) {
	inputs := newFiller(5).inputs(times(60, 3000))
	cases := estate(times(300, 20_000))
	blank(cases)
	for i := range cases {
		inputs = append(inputs, cases[i].Input)
	}
	for _, src := range []PolicySource{{Packs: allPacks(t)}, {Packs: allPacks(t), NoRange: true}} {
		if asked, all := outlinesAnswer(t, loadShipped(t, src), inputs); asked > all/2 {
			t.Errorf("%d outlines of %d classes", asked, all)
		}
	}
}

// Rules that are not in force yet are listed as such, by outlines too.
func TestOutlinesAnswerAsThePolicyDoesWhereRulesAreNotInForce(t *testing.T) {
	const later = "package packs.mine\n\nimport data.lib\n" + `
# METADATA
# title: Raised from December on
# custom: {id: mine.raised, effective_on: 2026-12-01}
raise contains lib.raise(rego.metadata.rule(), "attend") if input.asset.exposure == "internet"

# METADATA
# title: Raised in production
# custom: {id: mine.always}
raise contains lib.raise(rego.metadata.rule(), "track*") if input.asset.environment == "production"

# METADATA
# title: Blocked from December on
# custom: {id: mine.blocked, effective_on: 2026-12-01}
deny contains lib.deny(rego.metadata.rule()) if input.asset.criticality == "mission_critical"
`
	p := loadShipped(t, PolicySource{Own: []PackFolder{{Label: ".headgate/policies", Files: fstest.MapFS{"mine/mine.rego": {Data: []byte(later)}}}}})
	p, err := p.at(t.Context(), decidedAt)
	if err != nil {
		t.Fatal(err)
	}
	var inputs []Input
	cases := estate(times(300, 5000))
	for i := range cases {
		inputs = append(inputs, cases[i].Input)
	}
	outlinesAnswer(t, p, inputs)
}

// outlinesAnswer compares what a policy answers by outlines with what it answers about all of each input, and says of how many outlines the
// answers for how many classes were made.
func outlinesAnswer(t *testing.T, p *Policy, inputs []Input) (asked, all int64) {
	t.Helper()
	c := p.classes()
	c.asked.Store(fewOutlined)
	outlines := c.outlined()
	if outlines == nil {
		t.Fatal("there are no outlines")
	}
	var whole int64 // answers that outlines could not give
	ask := c.answered
	c.answered = func(ctx context.Context, q question) (*answer, error) {
		whole++
		return ask(ctx, q)
	}
	c.composed = func() *composition { return nil }
	d := c.decider(fewCases)
	for i := range inputs {
		in := &inputs[i]
		one, errOne := d.answer(t.Context(), in)
		before := whole
		other, errOther := c.ask(t.Context(), in)
		whole = before
		if different := difference(one, errOne, other, errOther); different != "" {
			t.Fatalf("put together and by itself: %s\nof\n%s", different, inJSON(t, in))
		}
	}
	if all := c.asked.Load() - fewOutlined; whole > all/20 {
		t.Errorf("outlines could not give the answers of %d of %d classes", whole, all)
	}
	if asked, all = outlines.asked.Load(), c.asked.Load()-fewOutlined; asked < 20 {
		t.Errorf("%d outlines of %d classes", asked, all)
	}
	t.Logf("%d outlines of %d classes", asked, all)
	return asked, all
}

// difference says in what two answers differ, or errors in their place.
func difference(one *answer, errOne error, other *answer, errOther error) string {
	switch {
	case (errOne == nil) != (errOther == nil):
		return fmt.Sprintf("%v, %v", errOne, errOther)
	case errOne == nil && (one.said != other.said || !reflect.DeepEqual(one.Reasons, other.Reasons)):
		return one.said + "\n" + other.said
	}
	return ""
}
