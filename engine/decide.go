package engine

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

// Decide decides every case, on all cores, and fills in its Decision. Cases that the policy cannot tell apart are decided once, unless
// the policy was loaded with NoClasses; messages and dates are of each case. Now is the time that dates count from. An error means that
// one case could not be decided; then no decision of any case may be used: a failure to decide is never a pass.
func (p *Policy) Decide(ctx context.Context, cases []Case, now time.Time) error {
	p, err := p.at(ctx, now)
	if err != nil {
		return err
	}
	workers := runtime.GOMAXPROCS(0)
	all := newShares(len(cases), workers)
	var work sync.WaitGroup
	for worker := range workers {
		work.Go(func() {
			decider := p.takeDecider(len(cases))
			defer p.giveBack(decider)
			for i := range all.of(ctx, worker) {
				c := &cases[i]
				var err error
				if c.Decision, err = decider.decide(ctx, &c.Input, now); err != nil {
					all.failed.note(i, fmt.Errorf("decide %s on %s: %w", c.Input.Finding.ID, c.Input.Asset.ID, err))
				}
				c.Decision.untilExpired(c.Provenance, now)
			}
		})
	}
	work.Wait()
	if ctx.Err() != nil {
		return p.stuck.explain(context.Cause(ctx))
	}
	return all.failed.err
}

// An answer is what data.main.decision evaluates to, before messages and dates are filled in.
type answer struct {
	Priority  Priority     `json:"priority"`
	Action    Action       `json:"action"`
	WouldHave Action       `json:"would_have"`
	Reasons   []*statement `json:"reasons"`
	said      string       // the value itself, as OPA writes it
	shared    bool         // other inputs of its class get it too
	ordered   bool         // whatever their messages are filled with, the reasons are in their order
	frame     *frame       // of an outline
}

// A statement is a reason as a pack states it. Those of one part are shared by all answers that have them.
type statement struct {
	Stated
	From       string         `json:"from"`
	Message    string         `json:"message"`
	Vars       map[string]any `json:"vars"`
	Unreadable any            `json:"unreadable"`
	effect     effect         // when its rule is in force
	text       message        // Message with what is the same for all inputs of a class
}

// decisionRef is the document that decides.
var decisionRef = ast.MustParseRef("data.main.decision")

// A question is a query on a document.
type question struct {
	query rego.PreparedEvalQuery
	input ast.Value
	held  *heldRules // which rules hold, once it is answered
}

// question is one about a document of which the policy sees everything.
func (p *Policy) question(query rego.PreparedEvalQuery, document any) question {
	return question{query, termOf(reflect.ValueOf(document)).Value, newHeldRules(p.compiler)}
}

// answerTo asks the policy for a decision and refuses an answer that nobody could act on. It depends on nothing but what the policy
// observes of the input: not on the time, and not on facts that only messages name.
func (p *Policy) answerTo(ctx context.Context, q question) (a *answer, err error) {
	if a, _, err = p.unordered(ctx, q); err == nil {
		a.order()
	}
	return a, err
}

// unordered is answerTo with the reasons in the order in which they stand in the value.
func (p *Policy) unordered(ctx context.Context, q question) (a *answer, value ast.Value, err error) {
	a = new(answer)
	if value, a.said, err = p.ask(ctx, q, a); err != nil {
		return nil, nil, err
	}
	if a.Priority.Rank() < 0 || a.Action.Rank() < 0 || a.WouldHave.Rank() < 0 {
		return nil, nil, fmt.Errorf("the policy answers priority %q, action %q, would have %q", a.Priority, a.Action, a.WouldHave)
	}
	return a, value, p.complete(a.Reasons, q.held)
}

// order puts reasons into the order that they have in decisions, as far as that does not depend on what messages are filled with.
func (a *answer) order() {
	slices.SortStableFunc(a.Reasons, func(x, y *statement) int { return compareStated(&x.Stated, &y.Stated) })
	a.ordered = true
	for i := 1; i < len(a.Reasons); i++ {
		a.ordered = a.ordered && compareStated(&a.Reasons[i-1].Stated, &a.Reasons[i].Stated) != 0
	}
}

// complete gives statements the message, remediation and controls of their rule's METADATA, and refuses those that nobody could act
// on, and those in the name of a rule that did not hold. Statements of plain strings and objects bring their own message.
func (p *Policy) complete(stated []*statement, held *heldRules) error {
	if len(stated) > mostReasons {
		return p.tooMuch(stated)
	}
	for i, s := range stated {
		if s == nil { // null
			s = &statement{}
			stated[i] = s
		}
		if r := p.byID[s.Rule]; r != nil && s.Message == "" {
			s.Message, s.Remediation, s.Controls = r.message, r.remediation, r.controls
		}
		if r := p.byID[s.Rule]; r != nil {
			s.effect = r.effect
			if !held.has(s.Rule) {
				return fmt.Errorf("%s: the rule %s did not hold, and another one states a reason in its name", r.at(), s.Rule)
			}
		}
		if err := s.check(); err != nil {
			return fmt.Errorf("%s%w", p.placeOf(s.Rule), err)
		}
		s.text = parseMessage(s.Message).settle(s.Vars, s.when())
	}
	return nil
}

// decision makes of an answer the decision on one input: with its messages and dates.
func (a *answer) decision(in *Input, now time.Time) (Decision, error) {
	d := Decision{Priority: a.Priority, Action: a.Action, Answer: a.said}
	if a.WouldHave != a.Action {
		d.WouldHave = new(a.WouldHave)
	}
	document := reflect.ValueOf(in).Elem()
	d.Reasons = make([]Reason, len(a.Reasons))
	for i, s := range a.Reasons {
		r := &d.Reasons[i]
		r.Stated, r.From = &s.Stated, s.From
		var same bool
		if r.Message, same = s.text.constant(); !same {
			r.Message = s.text.fill(document)
		}
		if next := s.effect.next(now); !next.IsZero() && (d.NextChange.IsZero() || next.Before(d.NextChange)) {
			d.NextChange = next
		}
		if s.Kind == "oblige" && r.InForce() && !slices.Contains(d.Obligations, s.Obligation) {
			d.Obligations = append(d.Obligations, s.Obligation)
		}
	}
	if !a.ordered {
		slices.SortFunc(d.Reasons, compareReasons)
	}
	slices.Sort(d.Obligations)
	return d, d.setDates(in, now)
}

// ask decodes the answer to a question, and returns it, also as OPA writes it: in JSON, sets as lists, keys and sets sorted. An answer that is
// undefined is an error, and so is one that nobody could read to the end.
func (p *Policy) ask(ctx context.Context, q question, into any) (value ast.Value, said string, err error) {
	value, err = p.evaluate(ctx, q.query, q.input, rego.EvalEvaluatedRuleTracker(q.held.tracker))
	switch {
	case err != nil:
		return nil, "", err
	case value == nil:
		return nil, "", fmt.Errorf("the policy has no answer: data.main is undefined for this input")
	}
	if set, ok := value.(ast.Set); ok {
		value = ast.NewArray(set.Slice()...) // sorted
	}
	said = value.String()
	if len(said) > mostSaid {
		return nil, "", p.tooLong(value)
	}
	if err := json.Unmarshal([]byte(said), into); err != nil {
		return nil, "", fmt.Errorf("the policy's answer has the wrong shape: %w", oneLine(err))
	}
	return value, said, nil
}

// check refuses a statement that would otherwise be passed over in silence.
func (s *statement) check() error {
	var wrong string
	switch {
	case s.Unreadable != nil:
		wrong = "is neither text nor has a msg"
	case s.Rule == "" || s.Message == "":
		wrong = "has no rule or no message"
	case (s.Kind == "raise" || s.Kind == "cap") && s.To.Rank() < 0:
		wrong = fmt.Sprintf("is to %q, which is no priority", s.To)
	case s.Kind == "exempt" && s.AtMost.Rank() < 0:
		wrong = fmt.Sprintf("is at most %q, which is no action", s.AtMost)
	case s.Kind == "exempt" && s.Days != nil && !(*s.Days >= 0 && *s.Days < 36500):
		wrong = fmt.Sprintf("holds for %v days", *s.Days)
	case s.Kind == "due" && s.By == "" && (s.Days == nil || !(*s.Days >= 0 && *s.Days < 36500)):
		wrong = "has neither a date nor a number of days"
	case s.Kind == "oblige" && !slices.Contains([]string{"forensics", "notify", "validate"}, s.Obligation):
		wrong = fmt.Sprintf("asks for %q, which is not forensics, notify or validate", s.Obligation)
	case !slices.Contains(kinds, s.Kind):
		wrong = fmt.Sprintf("is of kind %q", s.Kind)
	default:
		return nil
	}
	return fmt.Errorf("rule %s: what it states %s", cmp.Or(s.Rule, "without an id"), wrong)
}

// when says of a rule that is not in force since or until when.
func (s *statement) when() string {
	what := "in force"
	if s.InsteadOf == "deny" {
		what = "blocking"
	}
	switch {
	case s.EffectiveOn != "":
		return " (" + what + " from " + showText(s.EffectiveOn) + " on)"
	case s.EffectiveUntil != "":
		return " (" + what + " until " + showText(s.EffectiveUntil) + ")"
	}
	return ""
}

// compareReasons orders by kind, then the strongest first, then by rule.
func compareReasons(a, b Reason) int {
	return cmp.Or(compareStated(a.Stated, b.Stated), strings.Compare(a.Message, b.Message))
}

func compareStated(a, b *Stated) int {
	firm := func(s *Stated) int {
		if s.Firm {
			return 0
		}
		return 1
	}
	strength := cmp.Compare(b.To.Rank(), a.To.Rank())
	if a.Kind == "cap" {
		strength = -strength
	}
	return cmp.Or(
		cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)),
		strength,
		cmp.Compare(firm(a), firm(b)),
		strings.Compare(a.Rule, b.Rule),
	)
}
