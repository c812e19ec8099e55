package engine

import (
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// An observer derives from a compiled policy what its decision can observe of the input. It goes through the rules as they are
// evaluated, with values replaced by where they come from, and notes what each expression can tell of the input:
//
//   - a reference, whether there is a value (or whether it is false), since that is what lets a body go on;
//   - a comparison with known values, its outcome;
//   - everything else, such as an operand of any other function, a member of a set, or a value that another result must equal, the
//     whole value.
//
// Rules are gone through once, functions once for every call of them. What cannot be seen through observes the whole input, which
// is slow and right: see everything.
type observer struct {
	ruleset
	root     observed
	values   map[*documents]origin
	calls    int                      // of functions, so far
	trying   int                      // above 0 nothing is noted
	parts    map[*documents]*observed // what parts observe, and nil for what cannot be one; nil: there are no parts
	alone    bool                     // it is found out whether the document that is gone through can be a part
	needs    bool                     // it needs another document that may be a part
	replaces bool                     // some of the input is replaced by with
}

// A ruleset is what observers of the same policy share.
type ruleset struct {
	documents *documents
	data      ast.Value // the base documents
	may       func(ast.Ref) bool
	over      ast.Ref // that may be a part although it is made of others; nil: none is
	uses      map[*ast.Rule]map[ast.Var]int
	weak      weakness
	compared  compared
}

// mostCalls bounds how often functions are gone through, which could grow exponentially with how deep they are nested.
const mostCalls = 20_000

// A weakness is a step of the derivation that is left out, so that tests can show that they would notice. It is empty in use.
type weakness string

// An observation is all that the value of a document can tell of the input: what it observes itself, and the values of its parts.
type observation struct {
	*observed
	parts    []part
	compared compared // what places of the input are compared with, also where the whole input is observed
}

// A part is a document whose value stands for all that it observes: of a hundred conditions in the rules of a pack, the decision
// sees only what the pack states in the end. No part depends on another one, but the one that is over them.
type part struct {
	ref ast.Ref
	*observed
	guard *observed // what must hold for any of its rules to state anything, and is asked first by each; nil: nothing
	seen  *observed // what the document can tell of the part's value
}

// stands is where the value of a part stands for the observer: at a place that no input has.
func (d *documents) stands() at { return at{{kind: toField, field: partPlace + d.ref.String()}} }

const partPlace = "\x00"

// ofPart says that a value is that of a part or inside it. Unlike the input it can hold sets, and keys of any sort.
func (a at) ofPart() bool { return len(a) > 0 && strings.HasPrefix(a[0].field, partPlace) }

// observe derives what the value of a document can tell of the input. Documents that may be parts of it are named by may, and one more that may
// be made of such by over; nil: there is none.
func observe(c *ast.Compiler, data ast.Value, document ast.Ref, may func(ast.Ref) bool, over ast.Ref, weak weakness) observation {
	p := newRuleset(c, data, func(ref ast.Ref) bool { return may(ref) || ref.Equal(over) }, weak)
	p.over = over
	o := p.observer()
	o.parts = map[*documents]*observed{}
	o.seeWhole(o.document(&body{vars: map[ast.Var]origin{}}, document))
	if o.replaces && !o.without("replaced parts") { // a part has another value where other input stands
		o = p.observer()
		o.seeWhole(o.document(&body{vars: map[ast.Var]origin{}}, document))
	}
	all := observation{observed: &o.root, compared: o.compared}
	for d, seen := range o.parts {
		if seen != nil {
			all.parts = append(all.parts, part{ref: d.ref, observed: seen, guard: p.observer().guard(d.rules), seen: o.root.takeField(d.stands()[0].field)})
		}
	}
	slices.SortFunc(all.parts, func(a, b part) int { return a.ref.Compare(b.ref) })
	return all
}

// newRuleset sorts the rules of a compiled policy by the documents that they make.
func newRuleset(c *ast.Compiler, data ast.Value, may func(ast.Ref) bool, weak weakness) ruleset {
	p := ruleset{documents: &documents{ref: ast.DefaultRootRef}, data: data, may: may, uses: map[*ast.Rule]map[ast.Var]int{}, weak: weak, compared: compared{}}
	for _, name := range slices.Sorted(maps.Keys(c.Modules)) {
		m := c.Modules[name]
		p.documents.to(m.Package.Path[1:])
		for _, rule := range m.Rules {
			d := p.documents.to(rule.Ref()[1:])
			d.rules = append(d.rules, rule)
		}
	}
	return p
}

func (p ruleset) observer() *observer { return &observer{ruleset: p, values: map[*documents]origin{}} }

// part is what a document observes that may be a part, or nil if it needs others of the sort.
func (o *observer) part(d *documents) *observed {
	seen, ok := o.parts[d]
	if !ok {
		one := o.observer()
		one.values[d] = nil // it is the one document of the sort that is gone through
		one.alone = true
		if d.ref.Equal(o.over) {
			one.may = func(ast.Ref) bool { return false } // what it is made of counts as its own
		}
		from := one.oneOf(d.rules, nil)
		one.seeWhole(from)
		if !one.needs && len(d.under) == 0 { // else its value has more in it than these rules say
			seen = &one.root
		}
		o.parts[d] = seen
	}
	return seen
}

// documents are the rules by the constant keys that lead to the documents that they make.
type documents struct {
	ref   ast.Ref
	under map[string]*documents
	rules []*ast.Rule
}

// to is the document that keys lead to, as far as they are constant: the rest depends on a rule's body.
func (d *documents) to(keys []*ast.Term) *documents {
	for _, key := range keys {
		k, ok := key.Value.(ast.String)
		if !ok {
			break
		}
		if d.under[string(k)] == nil {
			if d.under == nil {
				d.under = map[string]*documents{}
			}
			d.under[string(k)] = &documents{ref: d.ref.Append(key)}
		}
		d = d.under[string(k)]
	}
	return d
}

// overlapping are all documents with rules that keys can lead into, through or above.
func (d *documents) overlapping(keys []*ast.Term) (found []*documents) {
	if len(d.rules) > 0 {
		found = append(found, d)
	}
	if len(keys) > 0 {
		if k, ok := keys[0].Value.(ast.String); ok {
			if under := d.under[string(k)]; under != nil {
				found = append(found, under.overlapping(keys[1:])...)
			}
			return found
		}
		keys = keys[1:]
	}
	for _, name := range slices.Sorted(maps.Keys(d.under)) {
		found = append(found, d.under[name].overlapping(keys)...)
	}
	return found
}

// there says that keys can lead to a document that is there even if no rule makes it, as a package is.
func (d *documents) there(keys []*ast.Term) bool {
	for _, key := range keys {
		k, ok := key.Value.(ast.String)
		if !ok {
			return len(d.under) > 0
		}
		if d = d.under[string(k)]; d == nil {
			return false
		}
	}
	return true
}

// exactly is the document that constant keys lead to, and the keys that are left from the first one with rules on.
func (d *documents) exactly(keys []*ast.Term) (*documents, []*ast.Term) {
	for len(d.rules) == 0 && len(keys) > 0 {
		k, ok := keys[0].Value.(ast.String)
		if !ok || d.under[string(k)] == nil {
			return nil, nil
		}
		d, keys = d.under[string(k)], keys[1:]
	}
	return d, keys
}

// A body is where expressions stand: a rule's body or a closure in it.
type body struct {
	vars    map[ast.Var]origin
	uses    map[ast.Var]int // how often a variable occurs in the rule
	counted bool            // how often the body holds is seen, as in an array comprehension
	several bool            // the body can hold in more than one way
}

// closure is a body inside another one: it sees the variables of that one, and its own stay inside.
func (b *body) closure() *body { return &body{vars: maps.Clone(b.vars), uses: b.uses} }

// without says whether a step is to be left out.
func (p *ruleset) without(step weakness) bool { return p.weak == step }

// document is the origin of a reference into data.
func (o *observer) document(b *body, ref ast.Ref) origin {
	keys := ref[1:]
	overlapping := o.documents.overlapping(keys)
	if len(overlapping) == 0 && !o.documents.there(keys) {
		return o.base(b, keys)
	}
	if one, rest := o.documents.exactly(keys); len(overlapping) == 1 && one == overlapping[0] {
		return o.into(b, o.made(one), rest)
	}
	if from, ok := o.inParts(b, overlapping, keys); ok {
		return from
	}
	for _, d := range overlapping {
		if from := o.made(d); !o.without("documents") {
			o.seeWhole(from)
		}
	}
	return o.into(b, settled{}, keys)
}

// inParts is the origin of a reference that leads into any of several parts, as data.packs[pack].raise[_] does. Which one it is shows in
// the variables on the way to it, and is settled: each part is observed by itself. It is false if they are no parts, or not at the same
// depth.
func (o *observer) inParts(b *body, found []*documents, keys []*ast.Term) (origin, bool) {
	if len(found) == 0 {
		return nil, false
	}
	way := len(found[0].ref) - 1
	if len(keys) < way {
		return nil, false
	}
	for _, d := range found {
		if !o.may(d.ref) || o.alone || o.parts == nil || o.part(d) == nil || len(d.ref)-1 != way {
			return nil, false
		}
	}
	outer := o.into(b, settled{}, keys[:way])
	all := choice{o.into(b.closure(), outer, keys[way:])} // base documents beside the rules
	var inner *body
	for _, d := range found {
		inner = b.closure()
		inner.counted = b.counted
		all = append(all, o.into(inner, d.stands(), keys[way:]))
	}
	b.vars, b.several = inner.vars, b.several || inner.several
	return all, true
}

// base is the origin of a reference to base documents, which no input changes.
func (o *observer) base(b *body, keys []*ast.Term) origin {
	v := o.data
	for len(keys) > 0 && ast.IsConstant(keys[0].Value) {
		inner, err := v.Find(ast.Ref{keys[0]})
		if err != nil {
			return o.into(b, constant(nil), keys[1:])
		}
		v, keys = inner, keys[1:]
	}
	return o.into(b, constant{ast.NewTerm(v)}, keys)
}

// into is the origin of the value that keys lead to from another one. Keys that are variables without a value get one.
func (o *observer) into(b *body, from origin, keys []*ast.Term) origin {
	for _, key := range keys {
		if v, ok := key.Value.(ast.Var); ok && b.vars[v] == nil {
			b.several = true
			b.vars[v] = settled{}
			from = o.anywhereInside(from, b.uses[v] > 1 && !o.without("places") || b.counted && !o.without("counted"))
			continue
		}
		if o.bind(b, key) { // a composite key with variables of its own
			b.several = true
			from = o.anywhereInside(from, true)
			continue
		}
		k := o.term(b, key)
		values, ok := settledTo(k)
		if !ok || len(values) > mostValues {
			if !o.without("keys") {
				o.seeWhole(k)
			}
			from = o.anywhereInside(from, true)
			continue
		}
		all := make(choice, 0, len(values))
		for _, v := range values {
			all = append(all, o.inside(from, v))
		}
		if from = all; len(all) == 1 {
			from = all[0]
		}
	}
	return from
}

// bind gives values to the variables of a pattern that have none yet, and says whether there were any.
func (o *observer) bind(b *body, pattern *ast.Term) (bound bool) {
	if ast.IsConstant(pattern.Value) {
		return false
	}
	var open []ast.Var
	switch pattern.Value.(type) {
	case *ast.Array, ast.Object, ast.Set:
	default:
		return false
	}
	ast.WalkTerms(pattern, func(t *ast.Term) bool {
		switch v := t.Value.(type) {
		case ast.Var:
			if b.vars[v] == nil {
				open = append(open, v)
			}
		case ast.Ref, *ast.ArrayComprehension, *ast.SetComprehension, *ast.ObjectComprehension, ast.Call:
			return true
		}
		return false
	})
	for _, v := range open {
		b.vars[v] = settled{}
	}
	if len(open) > 0 && !o.without("pattern parts") {
		o.seeWhole(o.term(b, pattern))
	}
	return len(open) > 0
}

// made is the value of a document that rules make.
func (o *observer) made(d *documents) origin {
	if o.may(d.ref) {
		switch {
		case o.alone:
			o.needs = true
			return settled{}
		case o.parts != nil && o.part(d) != nil:
			return d.stands()
		}
	}
	if from, ok := o.values[d]; ok {
		if from == nil { // a cycle, which the compiler does not let through
			return o.everything()
		}
		return from
	}
	o.values[d] = nil
	from := o.oneOf(d.rules, nil)
	o.values[d] = from
	return from
}

// oneOf is the value that rules for the same document, or functions of the same name called with args, come to.
func (o *observer) oneOf(rules []*ast.Rule, args []origin) origin {
	var heads choice
	results, several, partial := 0, false, false
	for _, rule := range rules {
		if len(rule.Head.Args) != len(args) {
			if args != nil {
				o.everything() // called in a way that is not known here
			}
			continue // a function is no part of a document
		}
		found := false
		partial = partial || rule.Head.Key != nil || !rule.Ref().IsGround() // a set or object, which is there even if it is empty
		for r := rule; r != nil; r = r.Else {
			b, ok := o.rule(r, args)
			if !ok {
				continue
			}
			found = true
			several = several || b.several
			if r.Head.Key != nil {
				if key := o.term(b, r.Head.Key); !o.without("members") {
					o.seeWhole(key)
				}
			}
			for _, key := range r.Ref()[1:] {
				o.seeWhole(o.term(b, key))
			}
			if r.Head.Value != nil {
				heads = append(heads, o.term(b, r.Head.Value))
			}
			if r.Else != nil && o.without("else") {
				break
			}
		}
		if found && !rule.Default {
			results++
		}
	}
	if partial || results > 1 && !o.without("results") || several && !o.without("several") {
		o.seeWhole(heads)
	}
	if partial {
		return settled{}
	}
	if len(heads) == 1 {
		return heads[0]
	}
	return heads
}

// rule goes through the body of one rule. It is false if the rule never comes to a value.
func (o *observer) rule(r *ast.Rule, args []origin) (*body, bool) {
	b := &body{vars: map[ast.Var]origin{}, uses: o.usesIn(r)}
	for i, p := range r.Head.Args {
		if !o.unify(b, p, nil, args[i]) {
			return b, false
		}
	}
	if o.never(b, r.Body) {
		return b, false
	}
	o.walk(b, r.Body)
	return b, true
}

func (o *observer) usesIn(r *ast.Rule) map[ast.Var]int {
	uses := o.uses[r]
	if uses == nil {
		uses = map[ast.Var]int{}
		ast.WalkVars(r, func(v ast.Var) bool {
			uses[v]++
			return false
		})
		o.uses[r] = uses
	}
	return uses
}
