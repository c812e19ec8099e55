package engine

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// A Problem is something wrong with a policy, as its author is told. An error keeps the policy from being used, or makes a rule that
// can never say what its author believes; a warning is for the author to judge.
type Problem struct {
	File    string `json:"file,omitempty"` // empty: of no one file
	Line    int    `json:"line,omitempty"` // from 1; 0: of the whole file
	Rule    string `json:"rule,omitempty"` // its id, else the name that it defines; empty: of no rule
	What    string `json:"what"`
	Hint    string `json:"hint,omitempty"` // what to do; empty: What says it
	Warning bool   `json:"warning"`
}

// Error is the problem on one line, with its place in front.
func (p Problem) Error() string {
	switch {
	case p.File == "":
		return p.What
	case p.Line == 0:
		return p.File + ": " + p.What
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.What)
}

// compareProblems orders by file and line.
func compareProblems(a, b Problem) int {
	return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), strings.Compare(a.What, b.What))
}

// firstProblem is an error that says the first of several problems and how many more there are; nil if there is none.
func firstProblem(problems []Problem) error {
	switch n := len(problems); n {
	case 0:
		return nil
	case 1:
		return problems[0]
	default:
		return fmt.Errorf("%w (and %d more)", problems[0], n-1)
	}
}

// problemsOf makes of OPA's errors problems: each with its place, and a suggestion where a field is misspelt.
func problemsOf(err error) []Problem {
	var many ast.Errors
	var one *ast.Error
	var problem Problem
	switch {
	case err == nil:
		return nil
	case errors.As(err, &problem):
		return []Problem{problem}
	case errors.As(err, &many) && len(many) > 0:
	case errors.As(err, &one):
		many = ast.Errors{one}
	default:
		return []Problem{{What: opaCode.ReplaceAllString(strings.Join(strings.Fields(err.Error()), " "), "")}}
	}
	var problems []Problem
	for _, e := range many {
		p := Problem{What: e.Message}
		if d, ok := e.Details.(*ast.RefErrInvalidDetail); ok {
			p.What = misspelt(d)
		}
		p.What = sandboxed(strings.Join(strings.Fields(p.What), " "))
		if l := e.Location; l != nil && l.File != "" {
			p.File, p.Line = l.File, l.Row
		}
		if !slices.Contains(problems, p) {
			problems = append(problems, p)
		}
	}
	return problems
}

// opaCode is how OPA names kinds of errors inside of their text.
var opaCode = regexp.MustCompile(`\beval_[a-z]+_error: `)

// oneLine makes of OPA's errors one line: the first error with its place, and how many more there are.
func oneLine(err error) error { return firstProblem(problemsOf(err)) }

// CompileError makes of an error of OPA's one line: the first with its place, a suggestion where a field is misspelt, and how many more
// there are.
func CompileError(err error) error { return oneLine(err) }
