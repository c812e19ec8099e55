// Package author has the tools of those who write policies: it checks, tests and documents packs, and makes new ones.
package author

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/format"

	"github.com/headgate/headgate/engine"
)

// Check says everything that is wrong with a draft: what keeps the gate from loading it, what would load and not do what it reads like,
// and what is not as the catalogue and the formatter want it. It is in the order of the files; empty means that nothing is wrong.
func Check(d *engine.Draft) []engine.Problem {
	problems := d.Check()
	for _, f := range d.Files() {
		switch {
		case f.Data:
			problems = append(problems, unexplained(f)...)
		case f.Rules != nil && !formatted(f):
			problems = append(problems, engine.Problem{File: f.Label, Warning: true, What: "is not formatted", Hint: "opa fmt -w " + f.Label})
		}
	}
	slices.SortStableFunc(problems, func(a, b engine.Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return problems
}

// formatted says that a file is as opa fmt writes it.
func formatted(f engine.DraftFile) bool {
	text, err := format.SourceWithOpts(f.Label, f.Text, format.Opts{RegoVersion: ast.RegoV1})
	return err == nil && bytes.Equal(text, f.Text)
}

// unexplained finds parameters that no comment explains: they are what others set.
func unexplained(f engine.DraftFile) []engine.Problem {
	var problems []engine.Problem
	for _, p := range parametersOf(f.Text) {
		if p.comment == "" {
			problems = append(problems, engine.Problem{File: f.Label, Line: p.line, Warning: true,
				What: "no comment says what the parameter " + p.name + " means", Hint: "write one above it"})
		}
	}
	return problems
}
