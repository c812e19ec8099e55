package author

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/headgate/headgate/engine"
)

// A Run is what the tests of a draft came to.
type Run struct {
	Passed   int        `json:"passed"`
	Failed   int        `json:"failed"` // errors too
	Skipped  int        `json:"skipped"`
	Coverage float64    `json:"coverage"` // of all lines of the author's rules, in percent; 100 if there are none
	Tests    []Outcome  `json:"tests"`    // by file and line
	Files    []Coverage `json:"files"`    // by name
}

// An Outcome is that of one test.
type Outcome struct {
	Name    string        `json:"name"`
	Package string        `json:"package"`
	File    string        `json:"file"`
	Line    int           `json:"line"`
	Status  Status        `json:"status"`
	Why     string        `json:"why,omitempty"` // of a failure: the expression that did not hold, with its line, or the error
	Took    time.Duration `json:"nanoseconds"`
	Printed string        `json:"printed,omitempty"` // by print
}

// A Status is how a test ended.
type Status string

// The statuses of tests. A test that is skipped is called todo_test_….
const (
	Passed  Status = "pass"
	Failed  Status = "fail"
	Errored Status = "error"
	Skipped Status = "skip"
)

// Coverage says which lines of a file the tests reach.
type Coverage struct {
	File       string  `json:"file"`
	Lines      int     `json:"lines"` // that can be reached
	Percent    float64 `json:"percent"`
	NotCovered []Lines `json:"not_covered"`
}

// Lines are a range of lines, first and last.
type Lines [2]int

// String is "4" or "4-7".
func (l Lines) String() string {
	if l[0] == l[1] {
		return fmt.Sprint(l[0])
	}
	return fmt.Sprintf("%d-%d", l[0], l[1])
}

// perTest bounds one test.
const perTest = 10 * time.Second

// Test runs the author's tests whose package and name match only (nil: all), with the same built-in functions as the gate. An error
// means that they could not be run: problems in the files, or an interruption.
func Test(ctx context.Context, d *engine.Draft, only *regexp.Regexp) (*Run, error) {
	if problems := d.Problems(); len(problems) > 0 {
		return nil, problems[0]
	}
	modules, compiler, store, err := d.ForTests()
	if err != nil {
		return nil, err
	}
	own := map[string]*ast.Module{} // of the author, without tests
	tests := map[string]bool{}
	for _, f := range d.Files() {
		if f.Rules != nil && !f.Test {
			own[f.Label] = f.Rules
		}
		tests[f.Label] = f.Rules != nil
	}
	reached := cover.New()
	runner := tester.NewRunner().SetCompiler(compiler).SetModules(modules).SetStore(store).SetTimeout(perTest).CapturePrintOutput(true).
		RaiseBuiltinErrors(true).SetCoverageQueryTracer(reached).SetCoverageRuns(nil)
	if only != nil {
		runner.Filter(only.String())
	}
	results, err := runner.RunTests(ctx, nil)
	if err != nil {
		return nil, engine.CompileError(err)
	}
	run := &Run{}
	for r := range results {
		if tests[r.Location.File] {
			run.add(outcome(r))
		}
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err := run.explain(ctx, d); err != nil {
		return nil, err
	}
	slices.SortFunc(run.Tests, func(a, b Outcome) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), strings.Compare(a.Name, b.Name))
	})
	run.cover(reached.Report(own))
	return run, nil
}

// explain runs the tests that failed once more, now traced, to say which expression did not hold: tracing and coverage exclude each other.
func (r *Run) explain(ctx context.Context, d *engine.Draft) error {
	var failed []string
	for _, t := range r.Tests {
		if t.Status == Failed {
			failed = append(failed, regexp.QuoteMeta(t.Name))
		}
	}
	if failed == nil {
		return nil
	}
	modules, compiler, store, err := d.ForTests()
	if err != nil {
		return err
	}
	results, err := tester.NewRunner().SetCompiler(compiler).SetModules(modules).SetStore(store).SetTimeout(perTest).
		EnableTracing(true).RaiseBuiltinErrors(true).Filter(strings.Join(failed, "|")).RunTests(ctx, nil)
	if err != nil {
		return engine.CompileError(err)
	}
	for again := range results {
		for i := range r.Tests {
			if t := &r.Tests[i]; t.Status == Failed && t.Name == again.Name && "data."+t.Package == again.Package {
				t.Why = cmp.Or(lastFailure(again.Trace, t.File), t.Why)
			}
		}
	}
	return nil
}

// lastFailure is the last expression of a file that did not hold, with its place; empty if the trace has none.
func lastFailure(trace []*topdown.Event, file string) (why string) {
	for _, e := range trace {
		if at := e.Location; e.Op == topdown.FailOp && at != nil && at.File == file {
			why = fmt.Sprintf("%s:%d: %s", at.File, at.Row, strings.Join(strings.Fields(string(at.Text)), " "))
		}
	}
	return why
}

func outcome(r *tester.Result) Outcome {
	o := Outcome{Name: r.Name, Package: strings.TrimPrefix(r.Package, "data."), File: r.Location.File, Line: r.Location.Row, Took: r.Duration,
		Printed: string(r.Output), Status: Passed}
	switch {
	case r.Error != nil:
		o.Status, o.Why = Errored, engine.CompileError(r.Error).Error()
	case r.Skip:
		o.Status = Skipped
	case r.Fail:
		o.Status, o.Why = Failed, "the test has no value"
	}
	return o
}

func (r *Run) add(o Outcome) {
	switch o.Status {
	case Passed:
		r.Passed++
	case Skipped:
		r.Skipped++
	default:
		r.Failed++
	}
	r.Tests = append(r.Tests, o)
}

func (r *Run) cover(report cover.Report) {
	covered, lines := 0, 0
	for name, f := range report.Files {
		c := Coverage{File: name, Lines: f.CoveredLines + f.NotCoveredLines, NotCovered: []Lines{}}
		c.Percent = percent(f.CoveredLines, c.Lines)
		covered, lines = covered+f.CoveredLines, lines+c.Lines
		for _, n := range f.NotCovered {
			c.NotCovered = joined(c.NotCovered, Lines{n.Start.Row, n.End.Row})
		}
		r.Files = append(r.Files, c)
	}
	slices.SortFunc(r.Files, func(a, b Coverage) int { return strings.Compare(a.File, b.File) })
	r.Coverage = percent(covered, lines)
}

// joined adds lines that begin no earlier than the ones before them.
func joined(all []Lines, next Lines) []Lines {
	if n := len(all); n > 0 && next[0] <= all[n-1][1]+1 {
		all[n-1][1] = max(all[n-1][1], next[1])
		return all
	}
	return append(all, next)
}

// percent is rounded down to a tenth, so that 100 means all.
func percent(part, whole int) float64 {
	if whole == 0 {
		return 100
	}
	return math.Floor(1000*float64(part)/float64(whole)) / 10
}
