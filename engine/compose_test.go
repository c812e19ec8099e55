package engine

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

// What is composed of the values of parts is what the policy itself answers, whatever the policy and the document.
func TestCompositionsOfRandomPoliciesAnswerWhatThePoliciesAnswer(t *testing.T) {
	store := inmem.NewFromObjectWithOpts(base, inmem.OptReturnASTValuesOnRead(true))
	trials := uint64(30)
	if long() {
		trials = 500
	}
	var given, asked int
	for seed := range trials {
		if tr := newTrial(t, seed, store); tr != nil {
			tr.compose(t, tr.may, tr.over(ast.MustInterfaceToValue(base)), &given, &asked)
		}
		if tr := packsTrial(t, seed, store); tr != nil {
			tr.compose(t, statedByPack, nil, &given, &asked)
			tr.compose(t, statedByPack, ast.MustParseRef("data.main.level"), &given, &asked)
		}
	}
	if given < int(trials)/3 || asked < 10*int(trials) {
		t.Errorf("so little was compared: %d parts were given, %d answers composed", given, asked)
	}
	t.Logf("%d policies: %d parts were given, %d answers composed", 2*trials, given, asked)
}

// packsTrial is one of a policy of packs: main asks for the sets of all, of one, and of the one that the input names.
func packsTrial(t testing.TB, seed uint64, store storage.Store) *trial {
	w := &writer{Rand: rand.New(rand.NewPCG(seed, 5))}
	texts := map[string]string{"main": `package main

decision.all := {[pack, e] | some pack; some e in data.packs[pack].raise; not held[e]}
decision.named := data.packs[input.k].cap
decision.one := count(data.packs.a.raise)
decision.urgent := [input.t | some e in data.packs[_].cap; e == "x"]
decision.level := level
decision.late := {e | some e in data.packs[_].due}
decision.asked := {e | some e in data.packs[_].raise; not gone(e); not there(e)}
level := count({e | some e in data.packs[_].raise})
gone(e) if data.base.gone[e]
there(e) if data.base.table[e]
held contains "b" if input.t
`}
	for _, pack := range []string{"a", "b", "s", "x"} {
		text := "package packs." + pack + "\n\nimport future.keywords.and\nimport future.keywords.or\n\n"
		for range 1 + w.IntN(3) {
			set := w.pick("raise", "raise", "cap", "cap", "due")
			if w.IntN(5) == 0 {
				text += fmt.Sprintf("%s contains count(data.packs[_].raise) if input.t\n", w.pick("due", "due", "cap")) // needs a part, and is none
			}
			if w.IntN(5) == 0 {
				text += fmt.Sprintf("%s contains data.main.level if %s\n", w.pick("due", "late"), w.pick("input.t", "data.main.level > 1"))
			}
			w.values = nil
			text += fmt.Sprintf("%s contains %s if {\n\t%s\n}\n", set, w.pick(w.term(), w.literal()), w.body())
		}
		texts[pack] = text
	}
	return trialOf(t, seed, store, texts)
}

// compose compares what is composed with what the policy answers.
func (tr *trial) compose(t *testing.T, may func(ast.Ref) bool, over ast.Ref, given, asked *int) {
	t.Helper()
	data, err := ast.InterfaceToValue(base)
	if err != nil {
		t.Fatal(err)
	}
	document := ast.MustParseRef("data.main.decision")
	o := observe(tr.compiler, data, document, may, over, "")
	p := &Policy{compiler: tr.compiler, modules: tr.modules, data: base, store: tr.store, perDecision: perDecision, stuck: new(stuck)}
	made := newComposition(p, data, document, &o)
	if o.whole || made == nil {
		return
	}
	*given += len(made.given)
	var stated []*statedValues
	var queries []rego.PreparedEvalQuery
	for _, part := range o.parts {
		stated, queries = append(stated, &statedValues{}), append(queries, tr.prepare(t, part.ref.String()))
	}
	m := maker{rand.New(rand.NewPCG(tr.seed, 9))}
	d := doc{K: "a"}
documents:
	for range 40 {
		m.change(&d)
		var numbers []uint64
		for i, q := range queries {
			var value ast.Value
			switch text := decided(q, &d); text {
			case "error":
				continue documents
			case "undefined":
			default:
				value = ast.MustParseTerm(text).Value
			}
			n, _ := stated[i].number(value)
			numbers = append(numbers, n)
		}
		q := made.question(reflect.ValueOf(&d), stated, numbers)
		is := "undefined"
		switch value, err := p.evaluate(t.Context(), q.query, q.input); {
		case err != nil:
			is = "error"
		case value != nil:
			is = value.String()
		}
		*asked++
		if was := decided(tr.query, &d); was != is && is != "error" { // an error is found out by asking the policy itself
			t.Fatalf("seed %d\n%s\nanswers %s\ncomposed %s\nof\n%s", tr.seed, tr.policy, was, is, inJSON(t, &d))
		}
	}
}
