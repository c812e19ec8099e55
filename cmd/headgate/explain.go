package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

func newExplainCommand(a *app) *cobra.Command {
	var f runFlags
	var asset, format string
	var all, trace bool
	c := &cobra.Command{
		Use:   "explain ID RESULT|REPORT…",
		Short: "Show why a finding was decided as it was: rules that fired and did not, facts and their sources",
		Long: `Shows for one finding, named by its id or the beginning of it, which rules fired, which did not and what stopped them, and the facts
that were used. What comes after the id is a result file (headgate gate -o json=FILE), or the same reports that gate is given.
A finding on several assets is explained for each; as JSON, too, they are one document.`,
		Example: `  headgate explain hg1-3fa9c2 result.json
  headgate explain hg1-3fa9c2 reports/`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			if format != "text" && format != "json" {
				return setup(fmt.Errorf("-o %q is no format", format), "it can be text or json")
			}
			r, err := a.resultFor(c.Context(), &f, args[1:])
			if err != nil {
				return err
			}
			result := r.result
			found, err := casesOf(result, args[0], asset)
			if err != nil {
				return err
			}
			explain := r.policy.Explain
			if trace {
				explain = r.policy.Trace
			}
			explanations := make([]report.Explanation, 0, len(found))
			for _, one := range found {
				rules, err := explain(c.Context(), &one.Input, &one.Decision, result.Now)
				if err != nil {
					return undecided(fmt.Errorf("explain %s: %w", one.Input.Finding.ID, err), "")
				}
				e := report.NewExplanation(result, &one, rules)
				e.Paths, e.Findings = report.OnTheWay(result, &one)
				explanations = append(explanations, e)
			}
			if err := a.explain(format, explanations, all); err != nil {
				return undecided(fmt.Errorf("write the explanation: %w", err), "")
			}
			return nil
		},
	}
	f.decideFlags(c)
	c.Flags().StringVar(&asset, "asset", "", "only the case on this asset `id`")
	c.Flags().BoolVar(&all, "all", false, "list rules for other kinds of findings too, and say where each rule stands")
	c.Flags().BoolVar(&trace, "trace", false, "show each condition of each rule with what it saw, as its author wrote it")
	c.Flags().StringVarP(&format, "output", "o", "text", "`FORMAT`: text or json")
	return c
}

// explain writes explanations; several in text are set apart. JSON always has all there is.
func (a *app) explain(format string, explanations []report.Explanation, all bool) error {
	if format == "json" {
		return report.ExplainJSON(a.stdout, explanations)
	}
	o := a.reportOptions()
	o.All = all
	for i, e := range explanations {
		if i > 0 {
			if _, err := fmt.Fprintln(a.stdout); err != nil {
				return err
			}
		}
		if err := report.Explain(a.stdout, e, o); err != nil {
			return err
		}
	}
	return nil
}

// resultFor is the run that arguments stand for, of a result file or of reports, with the policy to explain it with.
func (a *app) resultFor(ctx context.Context, f *runFlags, args []string) (*run, error) {
	if !isResultFile(args) {
		return a.decideReports(ctx, f, args)
	}
	result, err := readResult(args[0])
	if err != nil {
		return nil, err
	}
	r, err := a.runOf(ctx, f, result)
	if err != nil {
		return nil, err
	}
	if r.policy.Info().Digest != result.Policy.Digest {
		a.say("note", "the policies here are not those that decided the result: rules that did not fire are explained by what is here")
	}
	return r, nil
}

// isResultFile says whether arguments are one result file.
func isResultFile(args []string) bool { return len(args) == 1 && isResult(args[0]) }

// readResult reads a result file.
func readResult(name string) (*engine.Result, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, undecided(err, "")
	}
	defer file.Close()
	result, err := report.ReadResult(file)
	if err != nil {
		return nil, undecided(fmt.Errorf("%s: %w", name, err), "")
	}
	return result, nil
}

// runOf is the run of a result file, with the policy that is here.
func (a *app) runOf(ctx context.Context, f *runFlags, result *engine.Result) (*run, error) {
	s, err := a.openSettings(workingTree, f.settings, nil)
	if err != nil {
		return nil, err
	}
	r := &run{app: a, flags: f, settings: s, result: &engine.Result{}}
	if r.blockFrom, err = f.blockFrom(s); err != nil {
		return nil, err
	}
	if f.failOn == "" { // the result was decided with what was set then
		for _, what := range result.Weakened {
			if word, ok := strings.CutPrefix(what, failOnWord); ok {
				r.blockFrom = engine.Priority(word)
			}
		}
	}
	if err := r.loadPolicy(ctx); err != nil {
		return nil, err
	}
	r.result = result
	return r, r.loadWeights()
}

// isResult says whether a file begins like a result file. A pipe is taken for a report: what was looked at would be gone from it.
func isResult(name string) bool {
	if s, err := os.Stat(name); err != nil || !s.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, mostOfAHead)
	n, _ := f.Read(head) // what cannot be read is no result; whoever reads it next says why
	return saysResult(head[:n])
}

// mostOfAHead is as far into a file as its schema stands.
const mostOfAHead = 200

// saysResult says whether a file is a result file by how it begins.
func saysResult(head []byte) bool { return strings.Contains(string(head), `"`+engine.ResultSchema+`"`) }

// casesOf are the cases of the finding that an id, or the beginning of one, names.
func casesOf(r *engine.Result, id, asset string) ([]engine.Case, error) {
	var found []engine.Case
	var ids []string
	for _, c := range r.Cases {
		f := &c.Input.Finding
		if !slices.ContainsFunc(append([]string{f.ID}, f.IDs...), func(have string) bool { return strings.HasPrefix(have, id) }) &&
			(f.Vulnerability == nil || !slices.Contains(f.Vulnerability.Names(), id)) && (f.Rule == nil || f.Rule.ID != id) {
			continue
		}
		if asset != "" && c.Input.Asset.ID != asset {
			continue
		}
		found = append(found, c)
		if !slices.Contains(ids, f.ID) {
			ids = append(ids, f.ID)
		}
	}
	switch {
	case len(found) == 0:
		return nil, setup(fmt.Errorf("no finding has the id %s", id), "headgate gate -o table lists all ids")
	case len(ids) > 1 && !isName(id):
		return nil, setup(errors.New("several findings have an id that begins so: "+strings.Join(ids[:min(5, len(ids))], ", ")), "give more of the id")
	}
	return found, nil
}

// isName says whether an id is the name of a vulnerability, which can be in several packages.
func isName(id string) bool { return !strings.HasPrefix(id, "hg1-") }
