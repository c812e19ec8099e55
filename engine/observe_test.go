package engine

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

// doc is the input of random policies: one field of each sort that an Input has.
type doc struct {
	S string             `json:"s,omitempty"`
	K string             `json:"k"`
	N int                `json:"n,omitempty"`
	T *bool              `json:"t,omitempty"`
	A *portion           `json:"a,omitempty"`
	B *portion           `json:"b,omitempty"`
	C []string           `json:"c,omitempty"`
	D []portion          `json:"d,omitempty"`
	E []int              `json:"e,omitempty"`
	G []bool             `json:"g,omitempty"`
	M map[string]string  `json:"m,omitempty"`
	P map[string]portion `json:"p,omitempty"`
}

type portion struct {
	S string   `json:"s,omitempty"`
	N int      `json:"n,omitempty"`
	F float64  `json:"f"`
	T *bool    `json:"t,omitempty"`
	L []string `json:"l,omitempty"`
	B *leaf    `json:"b,omitempty"`
}

type leaf struct {
	S string `json:"s,omitempty"`
	N int    `json:"n"`
}

var base = map[string]any{"base": map[string]any{
	"high": 2, "word": "x", "on": true, "nest": map[string]any{"n": 1}, "words": []any{"a", "x", "xy"},
	"table": map[string]any{"a": map[string]any{"a": "lo", "b": "hi"}, "x": map[string]any{"a": "hi", "x": "lo"}},
}}

// A maker makes random documents.
type maker struct{ *rand.Rand }

func (m maker) text() string { return []string{"", "a", "b", "x", "xy", "3"}[m.IntN(6)] }

func (m maker) maybe() *bool {
	switch m.IntN(3) {
	case 0:
		return nil
	case 1:
		return new(bool)
	}
	return new(true)
}

func (m maker) texts() (l []string) {
	for range m.IntN(4) {
		l = append(l, m.text())
	}
	return l
}

func (m maker) portion() portion {
	p := portion{S: m.text(), N: m.IntN(4), F: float64(m.IntN(4)) / 2, T: m.maybe(), L: m.texts()}
	if m.IntN(2) == 0 {
		p.B = &leaf{m.text(), m.IntN(3)}
	}
	return p
}

// change changes one field of a document.
func (m maker) change(d *doc) {
	one := func(p *portion) *portion {
		if p == nil || m.IntN(5) == 0 {
			fresh := m.portion()
			return &fresh
		}
		if m.IntN(5) == 0 {
			return nil
		}
		c := *p
		fresh := m.portion()
		switch m.IntN(6) {
		case 0:
			c.S = fresh.S
		case 1:
			c.N = fresh.N
		case 2:
			c.F = fresh.F
		case 3:
			c.T = fresh.T
		case 4:
			c.L = fresh.L
		case 5:
			c.B = fresh.B
		}
		return &c
	}
	switch m.IntN(14) {
	case 13:
		d.G = nil
		for range m.IntN(3) {
			d.G = append(d.G, m.IntN(2) == 0)
		}
	case 0:
		d.S = m.text()
	case 1:
		d.K = []string{"a", "b", "s", "x"}[m.IntN(4)]
	case 2:
		d.N = m.IntN(4)
	case 3:
		d.T = m.maybe()
	case 4, 5:
		d.A = one(d.A)
	case 6:
		d.B = one(d.B)
	case 7:
		d.C = m.texts()
	case 8, 9:
		fresh := append([]portion(nil), d.D...)
		switch {
		case len(fresh) > 1 && m.IntN(3) == 0: // the same in another order
			i, j := m.IntN(len(fresh)), m.IntN(len(fresh))
			fresh[i], fresh[j] = fresh[j], fresh[i]
		case len(fresh) > 0 && m.IntN(4) == 0: // one more of the same
			fresh = append(fresh, fresh[m.IntN(len(fresh))])
		case len(fresh) > 0 && m.IntN(4) == 0:
			fresh = fresh[1:]
		case len(fresh) > 0 && m.IntN(2) == 0:
			if c := one(&fresh[0]); c != nil {
				fresh[0] = *c
			}
		default:
			fresh = append(fresh, m.portion())
		}
		d.D = fresh[:min(len(fresh), 4)]
	case 10:
		d.E = nil
		for range m.IntN(4) {
			d.E = append(d.E, m.IntN(4))
		}
	case 11:
		d.M = map[string]string{}
		for range m.IntN(3) {
			d.M[[]string{"a", "b", "x"}[m.IntN(3)]] = m.text()
		}
	case 12:
		d.P = map[string]portion{}
		for range m.IntN(3) {
			d.P[[]string{"a", "b", "x"}[m.IntN(3)]] = m.portion()
		}
	}
}

// A trial is one random policy on many documents.
type trial struct {
	seed     uint64
	policy   string
	modules  map[string]*ast.Module
	compiler *ast.Compiler
	store    storage.Store
	query    rego.PreparedEvalQuery
	strict   bool
}

// newTrial is nil if OPA rejects the policy.
func newTrial(t testing.TB, seed uint64, store storage.Store) *trial {
	w := &writer{Rand: rand.New(rand.NewPCG(seed, 1))}
	rules, main := w.policy()
	return trialOf(t, seed, store, map[string]string{"t": rules, "main": main})
}

// trialOf is one of a policy's modules.
func trialOf(t testing.TB, seed uint64, store storage.Store, texts map[string]string) *trial {
	modules := map[string]*ast.Module{}
	policy := ""
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(texts))) {
		text := texts[name]
		policy += text
		m, err := ast.ParseModuleWithOpts(name, text, ast.ParserOptions{RegoVersion: ast.RegoV1})
		if err != nil {
			return nil
		}
		modules[name] = m
	}
	// Without the check of types, more policies of the odd sort get through, and more of their builtins fail.
	c := ast.NewCompiler().WithSkipStages(ast.StageCheckTypes)
	if c.Compile(modules); c.Failed() {
		return nil
	}
	tr := &trial{seed: seed, policy: policy, modules: modules, compiler: c, store: store, strict: seed%4 != 0}
	tr.query = tr.prepare(t, "data.main.decision")
	return tr
}

// may says that a document may be a part: about half of the rules.
func (tr *trial) may(ref ast.Ref) bool {
	return len(ref) == 3 && ref[1].Equal(ast.StringTerm("t")) && (uint64(ref.Hash())^tr.seed)%2 == 0
}

// over is a document that is a part only because it may be made of others; nil: the decision has none.
func (tr *trial) over(data ast.Value) ast.Ref {
	for i := range 5 {
		ref := ast.MustParseRef(fmt.Sprintf("data.t.r%d", i))
		is := func(p part) bool { return p.ref.Equal(ref) }
		may := func(other ast.Ref) bool { return tr.may(other) || other.Equal(ref) }
		decision := ast.MustParseRef("data.main.decision")
		if slices.ContainsFunc(observe(tr.compiler, data, decision, tr.may, ref, "").parts, is) &&
			!slices.ContainsFunc(observe(tr.compiler, data, decision, may, nil, "").parts, is) {
			return ref
		}
	}
	return nil
}

// A keyer makes keys of documents as a decider does: a part is asked for once for all documents that it cannot tell apart.
type keyer struct {
	trial *trial
	o     observation
	rest  *projection
	parts []keyerPart
}

type keyerPart struct {
	projection guarded
	query      rego.PreparedEvalQuery
	seen       *observed
	known      map[string]string
}

func (tr *trial) newKeyer(t testing.TB, o observation) *keyer {
	k := &keyer{trial: tr, o: o, rest: project(o.observed, reflect.TypeFor[doc]())}
	for i, p := range o.parts {
		k.parts = append(k.parts, keyerPart{projectPart(&o.parts[i], reflect.TypeFor[doc]()), tr.prepare(t, p.ref.String()), p.seen, map[string]string{}})
	}
	return k
}

func (k *keyer) key(d *doc) string {
	key := k.rest.appendTo(nil, reflect.ValueOf(d), true)
	for _, p := range k.parts {
		seen := string(p.projection.appendTo(nil, reflect.ValueOf(d)))
		value, ok := p.known[seen]
		if !ok {
			value = inSight(p.query, d, p.seen)
			p.known[seen] = value
		}
		if value == "error" { // such inputs are decided by themselves
			value += fmt.Sprint(len(p.known), d)
		}
		key = appendText(key, value)
	}
	return string(key)
}

// listing lists what is observed, for people.
func (k *keyer) listing() string {
	text := listing(k.o.observed)
	for _, p := range k.o.parts {
		text += fmt.Sprintf("\n %s\n%s\n  seen\n%s", p.ref, listing(p.observed), listing(p.seen))
		if p.guard != nil {
			text += fmt.Sprintf("\n  if\n%s", listing(p.guard))
		}
	}
	return text
}

func (tr *trial) prepare(t testing.TB, query string) rego.PreparedEvalQuery {
	q, err := rego.New(rego.Query(query), rego.Compiler(tr.compiler), rego.Store(tr.store), rego.StrictBuiltinErrors(tr.strict),
		rego.GenerateJSON(func(t *ast.Term, _ *rego.EvalContext) (any, error) { return t.Value, nil })).PrepareForEval(context.Background())
	if err != nil {
		t.Fatalf("seed %d: %v", tr.seed, err)
	}
	return q
}

// decided is what a query says of a document, as text; that it fails is one of the things it can say.
func decided(q rego.PreparedEvalQuery, d *doc) string {
	rs, err := q.Eval(context.Background(), rego.EvalParsedInput(termOf(reflect.ValueOf(d)).Value), rego.EvalSortSets(true))
	switch {
	case err != nil:
		return "error"
	case len(rs) == 0:
		return "undefined"
	}
	return rs[0].Expressions[0].Value.(ast.Value).String()
}

// inSight is what is seen of the value of a part.
func inSight(q rego.PreparedEvalQuery, d *doc, seen *observed) string {
	text := decided(q, d)
	switch text {
	case "error":
		return text
	case "undefined":
		return string(seen.appendTerm(nil, nil))
	}
	return string(seen.appendTerm(nil, ast.MustParseTerm(text)))
}

// A count of trials.
type trials struct {
	policies, whole, parts, over, inputs, shared atomic.Int64
}

// run looks for two documents that the derivation takes for one and the policy does not. It is empty if there are none.
func (tr *trial) run(t testing.TB, n *trials, data ast.Value, weak weakness, worse func(*observed)) string {
	over := tr.over(data)
	o := observe(tr.compiler, data, ast.MustParseRef("data.main.decision"), tr.may, over, weak)
	n.policies.Add(1)
	if over != nil {
		n.over.Add(1)
	}
	n.parts.Add(int64(len(o.parts)))
	if worse != nil {
		worse(o.observed)
		for _, p := range o.parts {
			worse(p.observed)
			worse(p.seen)
		}
	}
	if o.whole {
		n.whole.Add(1)
		return ""
	}
	k := tr.newKeyer(t, o)
	type seen struct {
		doc     *doc
		decided string
	}
	first := map[string]*seen{}
	m := maker{rand.New(rand.NewPCG(tr.seed, 2))}
	for range 6 {
		start := doc{K: "a"}
		for range 25 {
			m.change(&start)
		}
		for range 14 {
			d := start
			for range m.IntN(4) {
				m.change(&d)
			}
			n.inputs.Add(1)
			key := k.key(&d)
			f := first[key]
			if f == nil {
				first[key] = &seen{doc: &d}
				continue
			}
			if reflect.DeepEqual(f.doc, &d) {
				continue
			}
			n.shared.Add(1)
			if f.decided == "" {
				f.decided = decided(tr.query, f.doc)
			}
			if now := decided(tr.query, &d); now != f.decided {
				return fmt.Sprintf("seed %d (strict %t)\n%s\nobserves\n%s\n%s\n is decided %s\n%s\n is decided %s", tr.seed, tr.strict, tr.policy, k.listing(),
					termOf(reflect.ValueOf(f.doc)), f.decided, termOf(reflect.ValueOf(&d)), now)
			}
		}
	}
	return ""
}

// listing lists what is observed, for people.
func listing(o *observed) string {
	var lines []string
	var list func(o *observed, at string)
	list = func(o *observed, at string) {
		what := ""
		if o.whole {
			what += " whole"
		}
		if o.shape {
			what += " shape"
		}
		for _, key := range slices.Sorted(maps.Keys(o.views)) {
			what += " (" + strings.Join(strings.Fields(key), " ") + ")"
		}
		if what != "" {
			lines = append(lines, "  "+at+what)
		}
		for name, f := range o.fields {
			list(f, at+"."+name)
		}
		for i, item := range o.items {
			list(item, fmt.Sprintf("%s[%d]", at, i))
		}
		if o.each != nil {
			list(o.each, at+map[bool]string{false: "[any]", true: "[here]"}[o.places])
		}
	}
	list(o, "input")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// search runs trials on all cores, from a seed on, and returns the first difference.
func search(t testing.TB, n *trials, from, count uint64, weak weakness, worse func(*observed)) string {
	store := inmem.NewFromObjectWithOpts(base, inmem.OptReturnASTValuesOnRead(true))
	data := ast.MustInterfaceToValue(base)
	var next atomic.Uint64
	next.Store(from)
	var found atomic.Value
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for found.Load() == nil {
				seed := next.Add(1) - 1
				if seed >= from+count {
					return
				}
				if tr := newTrial(t, seed, store); tr != nil {
					if difference := tr.run(t, n, data, weak, worse); difference != "" {
						found.CompareAndSwap(nil, difference)
					}
				}
			}
		})
	}
	wg.Wait()
	difference, _ := found.Load().(string)
	return difference
}

func long() bool { return os.Getenv("HEADGATE_LONG") != "" }

// times is how often something random is done: often enough to mean something, more often if there is time.
func times(few, many int) int {
	if long() {
		return many
	}
	return few
}

func TestInputsThatLookAlikeAreDecidedAlikeByRandomPolicies(t *testing.T) {
	count := uint64(times(100, 2_000))
	var n trials
	if difference := search(t, &n, 1, count, "", nil); difference != "" {
		t.Error(difference)
	}
	if n.over.Load() < int64(count)/20 {
		t.Errorf("so few parts are made of others: %d", n.over.Load())
	}
	t.Logf("%d of %d policies compiled, with %d parts, %d of them made of others, %d observe everything; %d inputs, %d shared a class with another one",
		n.policies.Load(), count, n.parts.Load(), n.over.Load(), n.whole.Load(), n.inputs.Load(), n.shared.Load())
}
