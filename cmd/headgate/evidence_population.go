package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/engine/report"
)

func newEvidencePopulationCommand(a *app) *cobra.Command {
	var within stretchFlags
	var output, runs string
	c := &cobra.Command{
		Use:   "population BUNDLE|LEDGER",
		Short: "List everything that was recorded, and show that nothing is missing",
		Long: `Lists the runs of a ledger, or of the part between --from and --to, with what each decided, and counts their records. While it counts
it makes sure that nothing is missing: every leaf of the log is there and names its run, every run has the records that its statement counts,
numbered without gaps, and their hashes come to the roots that statements and checkpoint say. Where they do not there is no list.

With --runs it also names the CI runs that there were and that left no evidence. -o csv lists every record, one a line.

Who signed the statements and the checkpoint is what evidence verify --key shows.

Exit status: 0 the list is whole, 1 CI runs of --runs left no evidence, 2 a flag does not load, 3 there is no list that is whole.`,
		Example: `  headgate evidence population ledger.db
  headgate evidence population ledger.db --from 2026-07-01 --to 2026-09-30 --runs runs.json
  headgate evidence population ledger.db --from last-audit.checkpoint -o csv`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkOutput(output, "text", "json", "csv"); err != nil {
				return err
			}
			stretch, err := within.stretch()
			if err != nil {
				return err
			}
			var list []string
			if runs != "" {
				if list, err = readRuns(runs); err != nil {
					return setup(fmt.Errorf("--runs %s: %w", runs, err), "gh run list --json databaseId writes one")
				}
			}
			return a.population(c.Context(), args[0], stretch, list, output)
		},
	}
	within.add(c)
	c.Flags().StringVar(&runs, "runs", "", "`file` with the ids of the CI runs that there were, one a line or as JSON: those without evidence are named")
	c.Flags().StringVarP(&output, "output", "o", "text", "`format`: text, json or csv")
	return c
}

// population counts and lists.
func (a *app) population(ctx context.Context, name string, within evidence.Stretch, list []string, format string) error {
	from, done, err := a.openEvidence(ctx, name)
	if err != nil {
		return err
	}
	defer done()
	visit := func(*evidence.RunEntry, *evidence.Line) error { return nil }
	var rows recordRows
	if format == "csv" {
		visit = rows.add
	}
	p, err := from.count(ctx, within, visit)
	if err != nil {
		return unread(name, err)
	}
	if list != nil {
		p.Compare(list)
	}
	switch format {
	case "json":
		e := json.NewEncoder(a.stdout)
		e.SetIndent("", "  ")
		err = e.Encode(p)
	case "csv":
		err = rows.write(a.stdout)
	default:
		out := &populationText{a.paper(), p}
		out.write(name)
		err = out.to(a.stdout)
	}
	if err == nil && len(p.Missing) > 0 {
		err = &failure{status: statusBlocked, err: fmt.Errorf("%s left no evidence", number(len(p.Missing), "CI run", "CI runs")), said: format == "text"}
	}
	return err
}

// recordColumns are the columns of the list of records: their names stay, and a new one comes last. What is not known is empty.
var recordColumns = []string{"id", "leaf", "at", "kind", "subject", "name", "package", "asset", "owner", "priority", "action", "would_have", "exempted_by",
	"due", "state", "waivers", "controls", "repository", "branch", "ci_run", "input", "first_seen", "overdue", "rules"}

// recordRows are the records of a population, by those columns.
type recordRows [][]string

func (r *recordRows) add(run *evidence.RunEntry, line *evidence.Line) error {
	leaf, ci := "", ""
	if run.Leaf != nil {
		leaf = strconv.FormatInt(*run.Leaf, 10)
	}
	if run.CI != nil {
		ci = run.CI.Run
	}
	row := map[string]string{"id": evidence.ID(run.Run, line.Index), "leaf": leaf, "at": line.At.UTC().Format(time.RFC3339), "kind": string(line.Kind),
		"repository": run.Repository, "branch": run.Branch, "ci_run": ci}
	switch {
	case line.Decision != nil:
		d := line.Decision
		maps.Copy(row, map[string]string{"subject": d.Finding.ID, "name": d.Finding.Name, "package": d.Finding.Package, "asset": d.Asset.ID,
			"owner": d.Asset.Owner, "priority": string(d.Priority), "action": string(d.Action), "would_have": string(d.WouldHave),
			"exempted_by": d.ExemptedBy, "waivers": strings.Join(d.Waivers, "; "), "controls": strings.Join(d.Controls, "; "), "input": d.Input,
			"first_seen": date(d.FirstSeen), "overdue": strconv.FormatBool(d.Overdue)})
		var rules []string
		for i := range d.Reasons {
			rules = append(rules, d.Reasons[i].Rule)
		}
		row["rules"] = strings.Join(rules, "; ")
		if !d.Due.IsZero() {
			row["due"] = d.Due.UTC().Format(time.RFC3339)
		}
	case line.Waiver != nil:
		w := line.Waiver
		maps.Copy(row, map[string]string{"subject": w.ID, "name": w.Finding, "package": w.Package, "asset": w.Asset, "state": w.State, "due": w.Expires})
	case line.Effect != nil:
		e := line.Effect
		maps.Copy(row, map[string]string{"subject": e.Key, "name": e.Ref, "state": e.Did})
	case line.Policy != nil:
		row["subject"] = line.Policy.Is
	case line.Case != nil:
		maps.Copy(row, map[string]string{"subject": line.Case.Finding, "asset": line.Case.Asset})
	case line.Epoch != nil:
		maps.Copy(row, map[string]string{"subject": "sweep " + strconv.FormatInt(line.Epoch.Number, 10), "state": line.Epoch.State.Root})
	}
	cells := make([]string, len(recordColumns))
	for i, name := range recordColumns {
		cells[i] = report.Cell(row[name])
	}
	*r = append(*r, cells)
	return nil
}

func (r *recordRows) write(to io.Writer) error {
	out := csv.NewWriter(to)
	out.UseCRLF = true
	if err := out.Write(recordColumns); err != nil {
		return err
	}
	return out.WriteAll(*r)
}

// A populationText tells of a population.
type populationText struct {
	*paper
	*evidence.Population
}

func (t *populationText) write(name string) {
	t.para(0, "%s %s", t.Of, name)
	if l := t.Log; l != nil {
		t.para(0, "log %s: %s, root %s", l.Origin, number(int(l.Size), "leaf", "leaves"), l.Root)
	}
	if about := t.about(); about != "" {
		t.para(0, "%s", about)
	}
	t.WriteString("\n")
	t.runs()
	t.sums()
	t.said()
}

// about says which part is listed.
func (t *populationText) about() string {
	s := &t.Stretch
	var parts []string
	if t.Log != nil && (s.From > 0 || s.To < t.Log.Size) {
		part := fmt.Sprintf("leaves %d to %d of it", s.From, s.To-1)
		switch s.To - s.From {
		case 0:
			part = fmt.Sprintf("no leaf of it: nothing is between %d and %d", s.From, s.To)
		case 1:
			part = fmt.Sprintf("leaf %d of it", s.From)
		}
		parts = append(parts, part)
	}
	if !s.Since.IsZero() {
		parts = append(parts, "from "+date(s.Since))
	}
	if !s.Until.IsZero() {
		parts = append(parts, "to "+date(s.Until.AddDate(0, 0, -1)))
	}
	if t.Outside > 0 {
		parts = append(parts, number(t.Outside, "other run is", "other runs are")+" outside of these days")
	}
	return strings.Join(parts, ", ")
}

// runs lists the runs in a table, with what loosened each below it.
func (t *populationText) runs() {
	if len(t.Runs) == 0 {
		return
	}
	var out strings.Builder
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	wide := t.width >= 72
	head := []string{"run", "time (UTC)", "gate", "decisions"}
	if wide {
		head = []string{"run", "time (UTC)", "event", "gate", "decisions"}
	}
	if t.Log != nil {
		head = append([]string{"leaf"}, head...)
	}
	fmt.Fprintln(table, strings.Join(head, "\t"))
	for i := range t.Runs {
		r := &t.Runs[i]
		cells := []string{shortRun(r.Run), r.At.UTC().Format("2006-01-02 15:04"), cmp.Or(string(r.Outcome), "-"), strconv.Itoa(r.Coverage.Decisions)}
		if wide {
			cells = slices.Insert(cells, 2, cmp.Or(string(r.Event), "-"))
		}
		if r.Leaf != nil {
			cells = append([]string{strconv.FormatInt(*r.Leaf, 10)}, cells...)
		}
		fmt.Fprintln(table, strings.Join(cells, "\t"))
	}
	table.Flush()
	t.WriteString(out.String())
	t.WriteString("\n")
}

// kindNames say what records are of, by kind.
var kindNames = []struct {
	kind      evidence.Kind
	one, many string
}{
	{evidence.KindDecision, "decision", "decisions"}, {evidence.KindWaiver, "record of a waiver", "records of waivers"},
	{evidence.KindEffect, "record of an object outside", "records of objects outside"}, {evidence.KindPolicy, "change of policy", "changes of policy"},
	{evidence.KindClosure, "closed case", "closed cases"}, {evidence.KindReopen, "reopened case", "reopened cases"},
	{evidence.KindEpoch, "manifest of a sweep", "manifests of sweeps"},
}

// sums counts what is listed.
func (t *populationText) sums() {
	const column = 13
	var kinds, waivers []string
	for _, k := range kindNames {
		if n := t.Kinds[k.kind]; n > 0 {
			kinds = append(kinds, number(int(n), k.one, k.many))
		}
	}
	for _, state := range slices.Sorted(maps.Keys(t.Waivers)) {
		waivers = append(waivers, fmt.Sprintf("%d %s", t.Waivers[state], state))
	}
	t.field(0, column, "records", "%d in %s: %s", t.Records, number(len(t.Runs), "run", "runs"), cmp.Or(strings.Join(kinds, ", "), "none"))
	n := &t.Counts
	t.field(0, column, "decisions", "%d act, %d attend, %d track*, %d track; %d block, %d warn; %d waived, %d overdue", n.Act, n.Attend, n.TrackStar, n.Track, n.Block, n.Warn, n.Waived, t.Overdue)
	if len(waivers) > 0 {
		t.field(0, column, "waivers", "%s", strings.Join(waivers, ", "))
	}
	var sum evidence.Coverage
	erased := 0
	weakened := map[string]int{}
	for i := range t.Runs {
		c := &t.Runs[i].Coverage
		sum.Reports, sum.Incomplete, sum.Findings = sum.Reports+c.Reports, sum.Incomplete+c.Incomplete, sum.Findings+c.Findings
		sum.Cases, sum.Decisions, sum.Errors = sum.Cases+c.Cases, sum.Decisions+c.Decisions, sum.Errors+c.Errors
		erased += t.Runs[i].Erased
		for _, w := range t.Runs[i].Weakened {
			if strings.HasPrefix(w, "clock ") {
				w = "a clock other than the real one" // each has its own time, which is that of the run
			}
			weakened[w]++
		}
	}
	t.field(0, column, "coverage", "%s (%d incomplete), %s in, %d decided, %s", number(sum.Reports, "report", "reports"), sum.Incomplete,
		number(sum.Findings, "finding", "findings"), sum.Decisions, number(sum.Errors, "error", "errors"))
	if n := len(t.Runs); n > 0 && t.Runs[n-1].Coverage.AssetsInScope > 0 {
		c := &t.Runs[n-1].Coverage
		t.field(0, column, "assets", "%d of the %d in scope were looked at in the last run", c.AssetsEvaluated, c.AssetsInScope)
	}
	if erased > 0 {
		t.field(0, column, "erased", "%s taken out since; the records of them are here", number(erased, "input was", "inputs were"))
	}
	var controls []string
	for _, name := range slices.Sorted(maps.Keys(t.Controls)) {
		controls = append(controls, fmt.Sprintf("%s:%d", name, t.Controls[name]))
	}
	if len(controls) > 0 {
		t.field(0, column, "controls", "%s", strings.Join(controls, ", "))
	}
	head := "weakened"
	for _, w := range slices.Sorted(maps.Keys(weakened)) {
		t.field(0, column, head, "%s: %s", number(weakened[w], "run", "runs"), w)
		head = ""
	}
	if len(weakened) == 0 {
		t.field(0, column, "weakened", "no run was loosened by a flag or setting")
	}
	t.WriteString("\n")
}

// said says what the list shows, and what it does not.
func (t *populationText) said() {
	if t.Of == "bundle" {
		t.para(0, "whole: the run has every record that its statement counts, numbered without gaps. A bundle does not show which other runs there were: a ledger does.")
	} else {
		t.para(0, "whole: every leaf is there, every run has the records that its statement counts, numbered without gaps, and all come to the root above.")
	}
	switch {
	case t.Listed == 0:
		t.para(0, "not shown: whether a run of CI never left evidence. --runs with the list of CI runs shows it.")
	case len(t.Missing) == 0:
		t.para(0, "each of the %s that are listed left evidence.", number(t.Listed, "CI run", "CI runs"))
	default:
		t.para(0, "missing: of %s that are listed, %d left no evidence here: %s", number(t.Listed, "CI run", "CI runs"), len(t.Missing), someOf(t.Missing))
	}
	t.para(0, "not shown: who signed. evidence verify --key shows it.")
}

// someOf names the first of many.
func someOf(names []string) string {
	const most = 20
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
