package engine

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// A RuleOutcome is what one rule made of one input.
type RuleOutcome struct {
	Rule        string   `json:"rule"`
	Kind        string   `json:"kind"`
	Title       string   `json:"title"`
	Fired       bool     `json:"fired"`
	Message     string   `json:"message,omitempty"` // what it stated, if it fired
	Why         string   `json:"why,omitempty"`     // what stopped it, if it did not
	Location    string   `json:"location"`          // file and line of the rule
	Remediation string   `json:"remediation,omitempty"`
	Controls    []string `json:"controls,omitempty"`

	Conditions []Condition `json:"conditions,omitempty"` // of Trace
}

// Explain says of every rule with an id whether it fired on an input and, if not, which of its conditions did not hold. It evaluates
// with a full trace, which costs about ten times a decision. What the decision lists as assumed is put into the input again,
// and the rules are those that were in force at the time of the run.
func (p *Policy) Explain(ctx context.Context, in *Input, d *Decision, now time.Time) ([]RuleOutcome, error) {
	return p.explain(ctx, in, d, now, false)
}

// explain says of every rule what Explain says, and with deep what Trace does.
func (p *Policy) explain(ctx context.Context, in *Input, d *Decision, now time.Time, deep bool) ([]RuleOutcome, error) {
	in, err := Assumed(in, d.Assumed)
	if err != nil {
		return nil, err
	}
	if p, err = p.at(ctx, now); err != nil {
		return nil, err
	}
	tracer := topdown.NewBufferTracer()
	ctx, cancel := context.WithTimeout(ctx, 10*p.perDecision)
	defer cancel()
	// With indexing and early exit, rules that cannot match would not show in the trace at all.
	_, err = p.decision.Eval(ctx, rego.EvalParsedInput(termOf(reflect.ValueOf(in)).Value), rego.EvalQueryTracer(tracer),
		rego.EvalRuleIndexing(false), rego.EvalEarlyExit(false))
	if err != nil {
		return nil, oneLine(err)
	}
	stopped, saw := stops(*tracer), seenIn(*tracer)
	var out []RuleOutcome
	for _, r := range p.rules {
		if r.pack == "" || r.kind == "opens_step" {
			continue
		}
		o := RuleOutcome{Rule: r.id, Kind: r.kind, Title: r.title, Location: fmt.Sprintf("%s:%d", r.file, r.rule.Location.Row),
			Remediation: r.remediation, Controls: r.controls}
		for _, reason := range d.Reasons {
			if reason.Rule == r.id {
				o.Fired, o.Message = true, reason.Message
			}
		}
		if expr := stopped[place{r.rule.Location.File, r.rule.Location.Row}]; !o.Fired && expr != nil {
			o.Why = p.why(expr, in, stopped, 0)
		}
		if deep {
			o.Conditions = p.conditions(r.rule, in, saw, 0)
		}
		out = append(out, o)
	}
	slices.SortStableFunc(out, func(a, b RuleOutcome) int {
		return cmp.Or(cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)), strings.Compare(a.Rule, b.Rule))
	})
	return out, nil
}

// A place is where a rule stands.
type place struct {
	file string
	row  int
}

// stops finds for each rule of a trace the last of its conditions that was reached and failed.
func stops(trace []*topdown.Event) map[place]*ast.Expr {
	rules := map[uint64]place{} // by query
	stopped := map[place]*ast.Expr{}
	for _, e := range trace {
		switch node := e.Node.(type) {
		case *ast.Rule:
			if e.Op == topdown.EnterOp && node.Location != nil {
				rules[e.QueryID] = place{node.Location.File, node.Location.Row}
			}
		case *ast.Expr:
			at, ok := rules[e.QueryID]
			if e.Op != topdown.FailOp || !ok || node.Location == nil {
				continue
			}
			if last := stopped[at]; last == nil || last.Location.Row <= node.Location.Row {
				stopped[at] = node
			}
		}
	}
	return stopped
}

// longestChain is how far an explanation follows rules that other rules ask.
const longestChain = 4

// why words a condition that did not hold: what the facts in it are, and what it wanted of them. Of a condition that asks another rule
// it words what stopped that.
func (p *Policy) why(expr *ast.Expr, in *Input, stopped map[place]*ast.Expr, depth int) string {
	if ref, ok := asked(expr); ok && !expr.Negated && depth < longestChain {
		for _, r := range p.compiler.GetRulesExact(ref) {
			if inner := stopped[place{r.Location.File, r.Location.Row}]; inner != nil {
				return p.why(inner, in, stopped, depth+1)
			}
		}
	}
	return p.whyNot(strings.Join(strings.Fields(string(expr.Location.Text)), " "), in)
}

// whyNot words a condition that did not hold by its text, as the author wrote it: the compiler has taken the expression apart.
func (p *Policy) whyNot(text string, in *Input) string {
	body, err := ast.ParseBody(text)
	if err != nil || len(body) != 1 {
		return text
	}
	wanted := body[0] // as the author wrote it; the compiler has taken the other one apart
	if some, ok := wanted.Terms.(*ast.SomeDecl); ok {
		return noneIn(some, text, in)
	}
	if op, ok := comparisons[operator(wanted)]; ok && !wanted.Negated {
		if ref, ok := wanted.Operand(0).Value.(ast.Ref); ok {
			if fact, known, ok := factIn(ref, in); ok {
				if !known {
					return fact
				}
				return fmt.Sprintf("%s, not %s%s", fact, op, p.likeFact(wanted.Operand(1)))
			}
		}
	}
	var facts, unknown []string
	ast.WalkRefs(wanted, func(r ast.Ref) bool {
		switch fact, known, ok := factIn(r, in); {
		case !ok || slices.Contains(facts, fact):
		case known:
			facts = append(facts, fact)
		default:
			facts, unknown = append(facts, fact), append(unknown, fact)
		}
		return false
	})
	said := strings.Join(facts, ", ")
	switch _, bare := wanted.Terms.(*ast.Term); {
	case said == "":
		return p.unmet(wanted, text)
	case unknown != nil && !wanted.Negated:
		return strings.Join(unknown, ", ")
	case bare, wanted.Negated: // what is so is all that there is to say against what is not to be so
		return said
	}
	if lacks := p.lacks(wanted); lacks != "" {
		return said + ", " + lacks
	}
	return fmt.Sprintf("it does not hold that %s (%s)", text, said)
}

// noneIn words that there is nothing to go through: "context.waivers is not known".
func noneIn(some *ast.SomeDecl, text string, in *Input) string {
	call, ok := some.Symbols[0].Value.(ast.Call)
	if !ok {
		return "it does not hold that " + text
	}
	among := call[len(call)-1]
	if ref, ok := among.Value.(ast.Ref); ok {
		if fact, known, ok := factIn(ref, in); ok && !known {
			return fact
		}
	}
	if name := termName(among); name != "" {
		return name + " has none that counts"
	}
	return "it does not hold that " + text
}

// textTests are functions that look for a text in a fact, in the words of a fact in which it is not.
var textTests = map[string]string{"startswith": "and does not begin with ", "endswith": "and does not end in ", "contains": "without "}

// lacks words what is not in a fact that a condition looks into: "without pci". Empty: it does something else.
func (p *Policy) lacks(wanted *ast.Expr) string {
	op := operator(wanted)
	words, isText := textTests[op]
	into, sought := 0, 1
	if op == "internal.member_2" {
		words, into, sought = "without ", 1, 0
	} else if !isText {
		return ""
	}
	if ref, ok := wanted.Operand(into).Value.(ast.Ref); !ok || !ref[0].Equal(ast.InputRootDocument) {
		return ""
	}
	switch v := wanted.Operand(sought).Value.(type) {
	case ast.String:
	case ast.Ref:
		if !v[0].Equal(ast.DefaultRootDocument) {
			return ""
		}
	default:
		return ""
	}
	return words + p.constant(wanted.Operand(sought))
}

// likeFact is what a fact is compared with, as facts are written.
func (p *Policy) likeFact(t *ast.Term) string {
	if b, ok := t.Value.(ast.Boolean); ok {
		return show(reflect.ValueOf(bool(b)))
	}
	return p.constant(t)
}

// unmet words a condition on a rule of the policy's own that did not hold: "severity is not critical". As its author wrote it, it would read as
// if it did hold.
func (p *Policy) unmet(wanted *ast.Expr, text string) string {
	if t, ok := wanted.Terms.(*ast.Term); ok {
		if name := termName(t); name != "" && wanted.Negated {
			return name + " holds"
		} else if name != "" {
			return name + " does not hold"
		}
	}
	if op, ok := comparisons[operator(wanted)]; ok && !wanted.Negated {
		_, unset := wanted.Operand(1).Value.(ast.Null)
		switch name := termName(wanted.Operand(0)); {
		case name == "":
		case unset && operator(wanted) == "neq":
			return name + " is not set"
		default:
			return name + " is not " + op + p.constant(wanted.Operand(1))
		}
	}
	if called := calledWords(wanted); called != "" && !wanted.Negated {
		return "it does not hold that " + called
	}
	return "it does not hold that " + text
}

// calledWords is a call of a function of the policy's own as its name says it: "all paths match test paths". Empty: it is none, or what it
// is called with has no name.
func calledWords(e *ast.Expr) string {
	if !e.IsCall() || ast.BuiltinMap[e.Operator().String()] != nil {
		return ""
	}
	var with []string
	for _, given := range e.Operands() {
		name := termName(given)
		if s, ok := given.Value.(ast.String); ok {
			name = strings.ReplaceAll(string(s), "_", " ")
		}
		if name == "" {
			return ""
		}
		with = append(with, name)
	}
	return termName(e.Terms.([]*ast.Term)[0]) + " " + strings.Join(with, ", ") // a call has its function first
}

// termName is a rule or parameter as people would call it: "severity" of _severity, "table" of data.packs.ssvc.params.table. Empty: it is none.
func termName(t *ast.Term) string {
	name := ""
	switch v := t.Value.(type) {
	case ast.Var:
		name = string(v)
	case ast.Ref:
		if last, ok := v[len(v)-1].Value.(ast.String); ok {
			name = string(last)
		} else if only, ok := v[0].Value.(ast.Var); ok && len(v) == 1 {
			name = string(only)
		}
	}
	return strings.TrimSpace(strings.ReplaceAll(name, "_", " "))
}

// asked is the rule that a condition asks, if it does nothing else.
func asked(e *ast.Expr) (ast.Ref, bool) {
	t, ok := e.Terms.(*ast.Term)
	if !ok {
		return nil, false
	}
	ref, ok := t.Value.(ast.Ref)
	return ref, ok && ref[0].Equal(ast.DefaultRootDocument)
}

// comparisons are the operators that "is V, not …" can word.
var comparisons = map[string]string{"equal": "", "eq": "", "neq": "other than ", "lt": "less than ", "lte": "at most ", "gt": "more than ",
	"gte": "at least ", "internal.member_2": "one of "}

func operator(e *ast.Expr) string {
	if !e.IsCall() || len(e.Operands()) != 2 {
		return ""
	}
	return e.Operator().String()
}

// constant is what a fact is compared with: a literal, or the value of a parameter with its name.
func (p *Policy) constant(t *ast.Term) string {
	ref, ok := t.Value.(ast.Ref)
	if !ok {
		return strings.NewReplacer(`"`, "", "{", "", "}", "").Replace(t.String())
	}
	var at any = p.data
	for _, key := range ref[1:] {
		m, _ := at.(map[string]any)
		name, _ := key.Value.(ast.String)
		at = m[string(name)]
	}
	if at == nil {
		return ref.String()
	}
	name, _ := ref[len(ref)-1].Value.(ast.String)
	return fmt.Sprintf("%v (%s)", at, string(name))
}

// factIn is a fact that a condition reads, with its value: "asset.exposure is internal". It is not ok if the reference is to something
// else, or to a part of the input that has no short form.
func factIn(r ast.Ref, in *Input) (text string, known, ok bool) {
	if !r[0].Equal(ast.InputRootDocument) || len(r) < 2 {
		return "", false, false
	}
	var path []string
	for _, t := range r[1:] {
		s, isName := t.Value.(ast.String)
		if !isName {
			break
		}
		path = append(path, string(s))
	}
	name := strings.Join(path, ".")
	v, found := lookup(reflect.ValueOf(in).Elem(), path)
	if !found {
		return name + " is not known", false, true
	}
	if k := v.Kind(); k == reflect.Struct || k == reflect.Slice && v.Len() > 0 && v.Index(0).Kind() == reflect.Struct {
		return "", true, false
	}
	return name + " is " + show(v), true, true
}
