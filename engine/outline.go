package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

// Outlines make the answer of a class of two. Some reasons are only listed by a decision: nothing else in it asks for them, and which they are is
// known of each part by itself. An outline is the decision without them. It sees so little of what packs state that many classes have the same.
// So the policy is asked for outlines, and for what the value of a part adds to their reasons, and both are put together here. Most parts say
// something of the priority and of nothing else in an outline, so that is a part of its own to it.
type outlines struct {
	*byParts                 // the last of the documents that have values is the priority
	urgent   *byParts        // the priority; nil: it is no part of outlines
	policy   *Policy         // without the reasons that are only listed
	full     *Policy         // with them
	made     *composition    // of the decision
	stated   []*statedValues // by part of the decision
	refs     []ast.Ref       // the same parts
	adds     rego.PreparedEvalQuery

	sync.Mutex
	added []map[uint64][]*element // by part of the decision, then by the number of its value
}

// An element is one of the reasons that an answer lists: as a term, as OPA writes it, and read.
type element struct {
	term *ast.Term
	text string
	*statement
}

// A frame is what an outline is but for its reasons, as OPA writes it.
type frame struct {
	reasons       []*element
	before, after string
	held          []string // rules of parts that its reasons name: that they held for the input which it was asked for says nothing of others
}

var reasonsKey = ast.StringTerm("reasons")

// newOutlines derives the outlines of the decision from its composition; nil if nothing is gained by them, or if it cannot be done.
func newOutlines(p *Policy, c *classes) *outlines {
	made := c.composed()
	if made == nil {
		return nil
	}
	modules, listed := made.withoutListed(p.modules)
	if len(listed) == 0 {
		return nil
	}
	o := &outlines{policy: new(Policy), full: p, made: made, stated: c.stated, added: make([]map[uint64][]*element, len(c.parts))}
	for _, one := range c.parts {
		o.refs = append(o.refs, one.ref)
	}
	*o.policy = *p
	o.policy.modules, o.policy.compiler = modules, lenientCompiler()
	if o.policy.compiler.Compile(modules); o.policy.compiler.Failed() {
		return nil
	}
	var err error
	if o.adds, err = p.prepareWith(context.Background(), made.compiler, strings.Join(listed, " | ")); err != nil {
		return nil
	}
	if o.policy.decision, err = o.policy.prepare(context.Background(), decisionRef.String()); err != nil {
		return nil
	}
	over, urgent := p.urgencies()
	o.urgent = newByParts(urgent, o.refs)
	if o.urgent == nil {
		over = nil
	}
	query := func() (rego.PreparedEvalQuery, error) { return o.policy.decision, nil }
	if o.byParts = newByParts(o.policy.newClasses(decisionRef, over, query, o.outline), append(slices.Clip(o.refs), over)); o.byParts == nil {
		return nil
	}
	return o
}

// urgencies are the document that the priority is, and its classes; nil: it is part of another document.
func (p *Policy) urgencies() (priority ast.Ref, by *classes) {
	switch ref := p.priorityRef(); {
	case ref.HasPrefix(decisionRef):
		return nil, nil
	case p.ranges != nil:
		return ref, p.ranges().classes
	default:
		return ref, p.newClasses(ref, nil, p.priority, p.priorityOf)
	}
}

// withoutListed is the policy without the reasons that the decision only lists, and the sets that these are: where its reasons are a sorted
// union, those members of it that can be asked for part by part.
func (c *composition) withoutListed(modules map[string]*ast.Module) (without map[string]*ast.Module, listed []string) {
	own := decisionRef[:len(decisionRef)-1].Append(ast.StringTerm(ast.Sort.Name)) // that would be called in the place of OPA's
	for name, m := range modules {
		for i, r := range m.Rules {
			if r.Ref().Equal(own) {
				return nil, nil
			}
			if !r.Ref().Equal(decisionRef) {
				continue
			}
			if without != nil || !r.Body.Equal(ast.NewBody(ast.NewExpr(ast.BooleanTerm(true)))) || r.Else != nil {
				return nil, nil
			}
			m = m.Copy()
			without = maps.Clone(modules)
			without[name] = m
			head := m.Rules[i].Head
			if object, ok := head.Value.Value.(ast.Object); ok {
				head.Value = ast.NewTerm(c.withoutReasons(object, m.Package.Path, &listed))
			}
		}
	}
	return without, listed
}

// withoutReasons is the object that a decision is, without the reasons that are only listed.
func (c *composition) withoutReasons(decision ast.Object, in ast.Ref, listed *[]string) ast.Object {
	without := ast.NewObject()
	decision.Foreach(func(k, v *ast.Term) {
		if k.Equal(reasonsKey) {
			if args := calls(v, ast.Sort); len(args) == 1 {
				v = ast.CallTerm(ast.NewTerm(ast.Sort.Ref()), c.withoutMembers(args[0], in, listed))
			}
		}
		without.Insert(k, v)
	})
	return without
}

// withoutMembers is a union in which sets that are only listed are empty.
func (c *composition) withoutMembers(t *ast.Term, in ast.Ref, listed *[]string) *ast.Term {
	if args := calls(t, ast.Or); len(args) == 2 {
		return ast.CallTerm(ast.NewTerm(ast.Or.Ref()), c.withoutMembers(args[0], in, listed), c.withoutMembers(args[1], in, listed))
	}
	if name, ok := t.Value.(ast.Var); ok {
		if ref := in.Append(ast.StringTerm(string(name))); c.byPart(ref) {
			*listed = append(*listed, ref.String())
			return ast.SetTerm()
		}
	}
	return t
}

// calls are the arguments of a call of a function; nil if a term is none.
func calls(t *ast.Term, of *ast.Builtin) []*ast.Term {
	if call, ok := t.Value.(ast.Call); ok && call[0].Value.Compare(of.Ref()) == 0 {
		return call[1:]
	}
	return nil
}

// byPart says that a set is the union of what it is where one part alone states something: each of its rules goes to one place of a given part,
// and there is nothing else in it that the input could change.
func (c *composition) byPart(set ast.Ref) bool {
	rules := 0
	for _, m := range c.compiler.Modules {
		for _, r := range m.Rules {
			switch {
			case !meet(set, r.Ref()):
			case !r.Ref().Equal(set), r.Head.RuleKind() != ast.MultiValue, r.Default, r.Else != nil, !c.ofOnePart(r):
				return false
			default:
				rules++
			}
		}
	}
	return rules > 0
}

// ofOnePart says that a rule goes to one place of a part, in one condition that is nothing else, and that all else in it is the same for all
// inputs; or that it never holds.
func (c *composition) ofOnePart(r *ast.Rule) bool {
	if r.Body.Equal(ast.NewBody(ast.NewExpr(ast.BooleanTerm(false)))) {
		return true
	}
	places, constant := 0, true
	ast.WalkRefs(r, func(ref ast.Ref) bool {
		if ref.HasPrefix(statedRef) {
			places++
		} else {
			constant = constant && c.constant(ref, map[string]bool{})
		}
		return false
	})
	return constant && places == 1 && slices.ContainsFunc(r.Body, func(e *ast.Expr) bool {
		return e.IsEquality() && !e.Negated && len(e.With) == 0 && slices.ContainsFunc(e.Operands(), c.inPart)
	})
}

// inPart says that a term is a reference that leads into one part, whichever its variables make of it.
func (c *composition) inPart(t *ast.Term) bool {
	ref, ok := t.Value.(ast.Ref)
	return ok && ref.HasPrefix(statedRef) && !slices.ContainsFunc(c.given, func(g givenPart) bool {
		return len(ref) < len(statedRef)+len(g.path) && meet(ref, append(slices.Clone(statedRef), g.path...))
	})
}

// constant says that what a reference leads to is the same for all inputs, if its variables are. Functions are, of the same arguments.
func (c *composition) constant(ref ast.Ref, seen map[string]bool) bool {
	switch {
	case ref[0].Equal(ast.InputRootDocument) || ref.HasPrefix(statedRef[:2]):
		return false
	case !ref[0].Equal(ast.DefaultRootDocument) || seen[ref.String()]:
		return true
	}
	seen[ref.String()] = true
	same := true
	for _, m := range c.compiler.Modules {
		for _, r := range m.Rules {
			if meet(ref, r.Ref()) {
				ast.WalkRefs(r, func(inner ast.Ref) bool {
					same = same && c.constant(inner, seen)
					return !same
				})
			}
		}
	}
	return same
}

// answer makes the answer to an input of what its parts came to.
func (o *outlines) answer(ctx context.Context, in *Input, numbers []uint64) (*answer, error) {
	out, err := o.byPriority(ctx, in, numbers)
	if err != nil {
		return nil, err
	}
	if err := o.holds(out.frame, numbers); err != nil {
		return nil, err
	}
	listed := slices.Clone(out.frame.reasons)
	for _, g := range o.made.given {
		more, err := o.addedBy(ctx, g, numbers[g.part])
		if err != nil {
			return nil, err
		}
		listed = append(listed, more...)
	}
	slices.SortFunc(listed, func(a, b *element) int { return a.term.Value.Compare(b.term.Value) })
	listed = slices.CompactFunc(listed, func(a, b *element) bool { return a.text == b.text })
	a := &answer{Priority: out.Priority, Action: out.Action, WouldHave: out.WouldHave, Reasons: make([]*statement, len(listed))}
	texts := make([]string, len(listed))
	for i, e := range listed {
		if i > 0 && e.term.Equal(listed[i-1].term) { // 1 and 1.0: the policy keeps one of them
			return nil, fmt.Errorf("%s and %s are equal", listed[i-1].text, e.text)
		}
		a.Reasons[i], texts[i] = e.statement, e.text
	}
	a.said = out.frame.before + strings.Join(texts, ", ") + out.frame.after
	if len(listed) > mostReasons || len(a.said) > mostSaid {
		return nil, fmt.Errorf("%d reasons, %d bytes", len(listed), len(a.said))
	}
	a.order()
	return a, nil
}

// holds refuses an outline with a reason in the name of a rule that no part states: its error is the policy's to say.
func (o *outlines) holds(f *frame, numbers []uint64) error {
	if len(f.held) == 0 {
		return nil
	}
	held := newHeldRules(o.made.compiler)
	for _, g := range o.made.given {
		if value := o.stated[g.part].value(numbers[g.part]); value != nil {
			held.stated = append(held.stated, value)
		}
	}
	for _, id := range f.held {
		if !held.has(id) {
			return fmt.Errorf("the rule %s did not hold", id)
		}
	}
	return nil
}

// byPriority is the outline of an input. Where the priority is a part of it, that is worked out before.
func (o *outlines) byPriority(ctx context.Context, in *Input, numbers []uint64) (*answer, error) {
	at := slices.Index(o.from, len(o.refs))
	if at < 0 {
		return o.of(ctx, in, numbers)
	}
	a, err := o.urgent.of(ctx, in, numbers)
	if err != nil {
		return nil, err
	}
	n, ok := o.classes.stated[at].number(ast.String(a.Priority))
	if !ok {
		return nil, fmt.Errorf("there are too many priorities")
	}
	return o.of(ctx, in, append(slices.Clip(numbers), n))
}

// outline asks for an outline, and notes what stands where in it.
func (o *outlines) outline(ctx context.Context, q question) (*answer, error) {
	a, value, err := o.policy.unordered(ctx, q)
	if err != nil {
		return nil, err
	}
	decision, _ := value.(ast.Object)
	if decision == nil || decision.Get(reasonsKey) == nil {
		return nil, fmt.Errorf("a decision without reasons")
	}
	reasons, _ := decision.Get(reasonsKey).Value.(*ast.Array)
	if reasons == nil || reasons.Len() != len(a.Reasons) {
		return nil, fmt.Errorf("the reasons are no list")
	}
	list := reasons.String()
	a.frame = &frame{reasons: make([]*element, reasons.Len())}
	for i := range a.frame.reasons {
		a.frame.reasons[i] = &element{reasons.Elem(i), reasons.Elem(i).String(), a.Reasons[i]}
		if r := o.full.byID[a.Reasons[i].Rule]; r != nil && slices.ContainsFunc(o.made.given, func(g givenPart) bool { return meet(r.rule.Ref(), o.refs[g.part]) }) {
			a.frame.held = append(a.frame.held, a.Reasons[i].Rule)
		}
	}
	mark := reasonsKey.String() + ": " + list
	before, after, found := strings.Cut(a.said, mark)
	if !found || strings.Contains(after, mark) {
		return nil, fmt.Errorf("the reasons stand in more than one place")
	}
	a.frame.before, a.frame.after = before+reasonsKey.String()+": [", "]"+after
	return a, nil
}

// addedBy is what the value of a part with a number adds to the reasons.
func (o *outlines) addedBy(ctx context.Context, g givenPart, number uint64) ([]*element, error) {
	o.Lock()
	known, ok := o.added[g.part][number]
	o.Unlock()
	value := o.stated[g.part].value(number)
	if ok || value == nil {
		return known, nil
	}
	values := ast.NewObject()
	g.put(values, value)
	held := newHeldRules(o.made.compiler)
	held.stated = []*ast.Term{value}
	var stated []*statement
	set, _, err := o.full.ask(ctx, question{o.adds, ast.NewObject([2]*ast.Term{composedPlace, ast.NewTerm(values)}), held}, &stated)
	if err != nil {
		return nil, err
	}
	if err := o.full.complete(stated, held); err != nil {
		return nil, err
	}
	terms, more := set.(*ast.Array), make([]*element, len(stated))
	for i := range more {
		more[i] = &element{terms.Elem(i), terms.Elem(i).String(), stated[i]}
	}
	o.Lock()
	defer o.Unlock()
	if o.added[g.part] == nil {
		o.added[g.part] = map[uint64][]*element{}
	}
	if len(o.added[g.part]) < mostProjections {
		o.added[g.part][number] = more
	}
	return more, nil
}
