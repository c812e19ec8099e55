package engine

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// perDecision bounds one evaluation, unless the source of the policy says otherwise. The packs that ship need less than a millisecond.
const perDecision = 5 * time.Second

// evaluate is the value of a query on an input. Nil is undefined.
func (p *Policy) evaluate(ctx context.Context, q rego.PreparedEvalQuery, input ast.Value, with ...rego.EvalOption) (ast.Value, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, p.perDecision, fmt.Errorf("the policy did not answer in %s", p.perDecision))
	defer cancel()
	// A built-in function may not notice that it is to stop: who does stands there before the evaluation returns, if it ever does.
	blame := sync.OnceFunc(func() { p.stuck.note(busyRule(ctx, q, input)) })
	stop := context.AfterFunc(ctx, blame)
	defer stop()
	rs, err := q.Eval(ctx, append(with, rego.EvalParsedInput(input), rego.EvalMetrics(metrics.NoOp()), rego.EvalSortSets(true))...)
	switch {
	case topdown.IsCancel(err):
		blame()
		return nil, p.stuck.explain(cmp.Or(context.Cause(ctx), err))
	case err != nil:
		return nil, oneLine(err)
	case len(rs) != 1 || len(rs[0].Expressions) != 1:
		return nil, nil
	}
	value, ok := rs[0].Expressions[0].Value.(ast.Value)
	if !ok {
		return nil, fmt.Errorf("the policy's answer is a %T", rs[0].Expressions[0].Value)
	}
	return value, nil
}

// longEnough is how long an evaluation that was stopped is repeated to see where it is: a thousand times what the packs that ship need,
// and too short to fill the memory.
const longEnough = 200 * time.Millisecond

// ToBlame is how long after an evaluation was stopped Policy.Blame knows which rule it was in.
const ToBlame = 5 * longEnough

// busyRule repeats an evaluation that was stopped and says in which rule it is after a while; nil if it ends before that, for then it
// was stopped through no fault of its own. It does not wait for a function that does not yield.
func busyRule(ctx context.Context, q rego.PreparedEvalQuery, input ast.Value) *ast.Rule {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*longEnough)
	defer cancel()
	var at lastRule
	ended := make(chan error, 1)
	go func() {
		_, err := q.Eval(ctx, rego.EvalParsedInput(input), rego.EvalMetrics(metrics.NoOp()), rego.EvalQueryTracer(&at))
		ended <- err
	}()
	enough, stop := context.WithTimeout(ctx, longEnough)
	defer stop()
	for ; ; enough = ctx {
		select {
		case err := <-ended:
			if !topdown.IsCancel(err) {
				return nil
			}
			return at.Load()
		case <-enough.Done():
			if r := at.Load(); r != nil || ctx.Err() != nil { // a busy machine may not have come as far as a rule
				return r
			}
		}
	}
}

// A lastRule is the rule that an evaluation has entered last. Functions of a library are not it, but who calls them.
type lastRule struct{ atomic.Pointer[ast.Rule] }

// Enabled says that events are wanted.
func (r *lastRule) Enabled() bool { return true }

// Config wants no more than the events themselves.
func (r *lastRule) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

// TraceEvent notes a rule that is entered.
func (r *lastRule) TraceEvent(e topdown.Event) {
	if rule, ok := e.Node.(*ast.Rule); ok && (e.Op == topdown.EnterOp || e.Op == topdown.RedoOp) && ofPack(rule) {
		r.Store(rule)
	}
}

func ofPack(r *ast.Rule) bool { return r.Module != nil && r.Module.Package.Path.HasPrefix(packsRef) }

// A stuck is the rule that did not end when an evaluation was stopped.
type stuck struct{ atomic.Pointer[ast.Rule] }

// note keeps the first rule.
func (s *stuck) note(r *ast.Rule) {
	if r != nil {
		s.CompareAndSwap(nil, r)
	}
}

// explain adds to an error which rule did not end, if one is known.
func (s *stuck) explain(err error) error {
	if r := s.Load(); r != nil {
		return fmt.Errorf("%s:%d: %w: the rule %s does not end", r.Location.File, r.Location.Row, err, ruleLabel(r))
	}
	return err
}

// Blame adds to the error that stopped an evaluation which rule did not end, with its file and line; it is err itself if none is known.
// It can be asked while the evaluation still runs.
func (p *Policy) Blame(err error) error { return p.stuck.explain(err) }
