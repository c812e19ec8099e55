package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// heldRules are the rules that held in an evaluation, as OPA's tracker saw it. A reason in the name of another rule is a forgery.
type heldRules struct {
	tracker *topdown.EvaluatedRuleTracker
	stated  []*ast.Term     // values of parts that were given to the evaluation: what they name held when they were asked for
	ids     map[string]bool // by id; nil: not asked yet
}

func newHeldRules(c *ast.Compiler) *heldRules {
	return &heldRules{tracker: new(topdown.EvaluatedRuleTracker).WithAnnotationSet(c.GetAnnotationSet())}
}

func (h *heldRules) has(id string) bool {
	if h.ids == nil {
		h.ids = make(map[string]bool, len(h.tracker.Labels))
		for _, labels := range h.tracker.Labels {
			if held, ok := labels[labelID].(string); ok {
				h.ids[held] = true
			}
		}
		for _, value := range h.stated {
			for _, id := range namedIn(value.Value) {
				h.ids[id] = true
			}
		}
	}
	return h.ids[id]
}

// namedIn are the rules that the elements of a set name.
func namedIn(set ast.Value) (ids []string) {
	elements, _ := set.(ast.Set)
	if elements == nil {
		return nil
	}
	elements.Foreach(func(e *ast.Term) {
		if said, ok := e.Value.(ast.Object); ok {
			if rule := said.Get(ast.StringTerm("rule")); rule != nil {
				if id, ok := rule.Value.(ast.String); ok {
					ids = append(ids, string(id))
				}
			}
		}
	})
	return ids
}

// forged says that what a part states is in the name of a rule that did not hold.
func (p *Policy) forged(stated ast.Value, held *heldRules) bool {
	return slices.ContainsFunc(namedIn(stated), func(id string) bool { return p.byID[id] != nil && !held.has(id) })
}

// Bounds of what a policy may say of one input. More than that nobody reads, and every output would carry it.
const (
	mostReasons = 1000
	mostSaid    = 1 << 20 // in bytes
)

// tooMuch is the error of more than mostReasons, which names the rule that states most of them.
func (p *Policy) tooMuch(stated []*statement) error {
	count, most := map[string]int{}, ""
	for i := range stated {
		rule := stated[i].Rule
		if count[rule]++; count[rule] > count[most] {
			most = rule
		}
	}
	return fmt.Errorf("%sthe policy states %d reasons of one case, %d of them by the rule %s: %d are allowed",
		p.placeOf(most), len(stated), count[most], most, mostReasons)
}

// tooLong is the error of an answer of more than mostSaid bytes, which names the rule that says most of it.
func (p *Policy) tooLong(answer ast.Value) error {
	if made, ok := answer.(ast.Object); ok {
		if reasons := made.Get(ast.StringTerm("reasons")); reasons != nil {
			answer = reasons.Value
		}
	}
	size, most := map[string]int{}, ""
	if reasons, ok := answer.(*ast.Array); ok {
		reasons.Foreach(func(t *ast.Term) {
			rule, _ := t.Value.(ast.Object)
			if rule == nil || rule.Get(ast.StringTerm("rule")) == nil {
				return
			}
			name, _ := rule.Get(ast.StringTerm("rule")).Value.(ast.String)
			if size[string(name)] += len(t.String()); size[string(name)] > size[most] {
				most = string(name)
			}
		})
	}
	if most == "" {
		return fmt.Errorf("the policy's answer is larger than %d bytes", mostSaid)
	}
	return fmt.Errorf("%sthe policy's answer is larger than %d bytes, %d of them by the rule %s", p.placeOf(most), mostSaid, size[most], most)
}

// at is where the rule stands.
func (r *ruleInfo) at() string { return fmt.Sprintf("%s:%d", r.file, r.rule.Location.Row) }

// placeOf begins an error about what a rule states with its place; empty if nobody knows it. Statements without METADATA have the name of
// their pack and set.
func (p *Policy) placeOf(id string) string {
	if r := p.byID[id]; r != nil {
		return r.at() + ": "
	}
	pack, set, _ := strings.Cut(id, ".")
	ref := packsRef.Append(ast.StringTerm(pack)).Append(ast.StringTerm(set))
	for _, r := range p.compiler.GetRulesExact(ref) {
		return fmt.Sprintf("%s:%d: ", r.Location.File, r.Location.Row)
	}
	return ""
}
