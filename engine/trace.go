package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// A Condition is one line of a rule as its author wrote it, and what became of it for one input.
type Condition struct {
	Line   int          `json:"line"`
	Text   string       `json:"text"`
	Status string       `json:"status"`          // held, failed, or not_asked, as one before it failed
	Why    string       `json:"why,omitempty"`   // what it saw, in words
	Rules  []TracedRule `json:"rules,omitempty"` // the rules that it asks
}

// A TracedRule is a rule that another one asks. Where several have one name, one that holds is enough.
type TracedRule struct {
	Rule       string      `json:"rule"`
	Location   string      `json:"location"`
	Held       bool        `json:"held"`
	Conditions []Condition `json:"conditions,omitempty"` // none: it has no conditions
}

// The statuses of conditions.
const (
	ConditionHeld     = "held"
	ConditionFailed   = "failed"
	ConditionNotAsked = "not_asked"
)

// Trace says what Explain says, and of every rule what became of each of its conditions, also in the rules that it asks.
func (p *Policy) Trace(ctx context.Context, in *Input, d *Decision, now time.Time) ([]RuleOutcome, error) {
	return p.explain(ctx, in, d, now, true)
}

// A spot is where a condition stands.
type spot struct {
	file     string
	row, col int
}

func spotOf(l *ast.Location) spot { return spot{l.File, l.Row, l.Col} }

// seen is what a trace saw: which conditions were asked, and which rules held.
type seen struct {
	asked map[spot]bool
	held  map[spot]bool // rules
}

func seenIn(trace []*topdown.Event) *seen {
	s := &seen{asked: map[spot]bool{}, held: map[spot]bool{}}
	for _, e := range trace {
		switch node := e.Node.(type) {
		case *ast.Expr:
			if e.Op == topdown.EvalOp && node.Location != nil {
				s.asked[spotOf(node.Location)] = true
			}
		case *ast.Rule:
			if e.Op == topdown.ExitOp && node.Location != nil {
				s.held[spotOf(node.Location)] = true
			}
		}
	}
	return s
}

// written is a rule as its author wrote it; the compiler takes conditions apart. Nil if there is none at that place.
func (p *Policy) written(r *ast.Rule) *ast.Rule {
	if m := p.modules[r.Location.File]; m != nil {
		for _, one := range m.Rules {
			for ; one != nil; one = one.Else {
				if spotOf(one.Location) == spotOf(r.Location) {
					return one
				}
			}
		}
	}
	return nil
}

// conditions are those of a rule, as its author wrote them. What the compiler made of one lies inside of its text.
func (p *Policy) conditions(r *ast.Rule, in *Input, s *seen, depth int) []Condition {
	author := p.written(r)
	if author == nil {
		return nil
	}
	var out []Condition
	last := -1 // that was asked: the compiler asks in an order of its own
	for i, c := range r.Body {
		if c.Location != nil && s.asked[spotOf(c.Location)] && slices.ContainsFunc(author.Body, func(e *ast.Expr) bool { return within(c, e) }) {
			last = i
		}
	}
	held := s.held[spotOf(r.Location)]
	for _, e := range author.Body {
		if e.Location == nil || len(e.Location.Text) == 0 || always(e) {
			continue
		}
		var made []*ast.Expr
		asked, stops := s.asked[spotOf(e.Location)], false
		for i, c := range r.Body {
			if within(c, e) {
				made = append(made, c)
				asked, stops = asked || s.asked[spotOf(c.Location)], stops || i == last
			}
		}
		c := Condition{Line: e.Location.Row, Text: strings.Join(strings.Fields(string(e.Location.Text)), " "), Status: ConditionNotAsked}
		switch {
		case held || asked && !stops:
			c.Status = ConditionHeld
		case asked:
			c.Status = ConditionFailed
		}
		if asked {
			c.Rules, c.Why = p.askedBy(made, in, s, depth), p.sight(&c, in)
		}
		out = append(out, c)
	}
	return out
}

// within says that the compiler made an expression of a condition.
func within(made, of *ast.Expr) bool {
	at, all := made.Location, of.Location
	return at != nil && all != nil && at.Offset >= all.Offset && at.Offset < all.Offset+len(all.Text)
}

// always is the condition that a rule without any has.
func always(e *ast.Expr) bool {
	t, ok := e.Terms.(*ast.Term)
	return ok && t.Value.Compare(ast.Boolean(true)) == 0
}

// sight is what a condition saw, in words; empty if its text says it all.
func (p *Policy) sight(c *Condition, in *Input) string {
	body, err := ast.ParseBody(c.Text)
	if err != nil || len(body) != 1 {
		return ""
	}
	wanted := body[0]
	var facts []string
	add := func(s string) {
		if !slices.Contains(facts, s) {
			facts = append(facts, s)
		}
	}
	ast.WalkRefs(wanted, func(r ast.Ref) bool {
		if fact, _, ok := factIn(r, in); ok && fact != "" {
			add(fact)
		} else if r.HasPrefix(packsRef) || r.HasPrefix(mainRef) {
			if value := p.constant(ast.NewTerm(r)); value != r.String() && len(value) <= 80 {
				add(value)
			}
		}
		return false
	})
	said := strings.Join(facts, ", ")
	if c.Status == ConditionFailed {
		switch _, isSome := wanted.Terms.(*ast.SomeDecl); {
		case wanted.Negated:
			return joined("but it is so", said)
		case wanted.IsEvery():
			return joined("not so of every one", said)
		case isSome:
			return joined("there is none", said)
		}
		if _, op := comparisons[operator(wanted)]; op {
			if why := p.whyNot(c.Text, in); !strings.Contains(why, c.Text) {
				return why
			}
		}
	}
	return said
}

var mainRef = ast.MustParseRef("data.main")

func joined(a, b string) string {
	if b == "" {
		return a
	}
	return a + ": " + b
}

// askedBy are the rules that expressions ask, each with its conditions, as deep as an explanation goes.
func (p *Policy) askedBy(exprs []*ast.Expr, in *Input, s *seen, depth int) []TracedRule {
	if depth >= longestChain {
		return nil
	}
	var out []TracedRule
	done := map[spot]bool{}
	for _, e := range exprs {
		ast.WalkRefs(e, func(ref ast.Ref) bool {
			if !ref.HasPrefix(packsRef) && !ref.HasPrefix(libRef) {
				return false
			}
			name := strings.TrimPrefix(strings.TrimPrefix(ref.GroundPrefix().String(), "data."), "packs.")
			for _, r := range p.compiler.GetRulesExact(ref.GroundPrefix()) {
				for ; r != nil && !done[spotOf(r.Location)]; r = r.Else {
					done[spotOf(r.Location)] = true
					out = append(out, TracedRule{Rule: name, Location: fmt.Sprintf("%s:%d", r.Location.File, r.Location.Row),
						Held: s.held[spotOf(r.Location)], Conditions: p.conditions(r, in, s, depth+1)})
				}
			}
			return false
		})
	}
	return out
}

var libRef = ast.MustParseRef("data.lib")
