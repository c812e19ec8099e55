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
	if op, ok := comparisons[operator(wanted)]; ok && !wanted.Negated {
		if ref, ok := wanted.Operand(0).Value.(ast.Ref); ok {
			if fact, known, ok := factIn(ref, in); ok {
				if !known {
					return fact
				}
				return fmt.Sprintf("%s, not %s%s", fact, op, p.constant(wanted.Operand(1)))
			}
		}
	}
	var facts []string
	ast.WalkRefs(wanted, func(r ast.Ref) bool {
		if fact, _, ok := factIn(r, in); ok && !slices.Contains(facts, fact) {
			facts = append(facts, fact)
		}
		return false
	})
	switch _, bare := wanted.Terms.(*ast.Term); {
	case len(facts) == 0:
		return p.unmet(wanted, text)
	case bare:
		return facts[0]
	}
	return fmt.Sprintf("%s (%s)", text, strings.Join(facts, ", "))
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
		if name := termName(wanted.Operand(0)); name != "" {
			return name + " is not " + op + p.constant(wanted.Operand(1))
		}
	}
	return "it does not hold that " + text
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
