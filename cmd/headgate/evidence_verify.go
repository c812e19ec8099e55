package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/integrations/store"
)

// statusLevel is the exit status of evidence that fails at a level: this and the level.
const statusLevel = 20

// verifyFlags are what evidence verify is told.
type verifyFlags struct {
	key, checkpoint, runs, output string

	save string // file for the checkpoint of the log
}

func newEvidenceVerifyCommand(a *app) *cobra.Command {
	var f verifyFlags
	c := &cobra.Command{
		Use:   "verify BUNDLE|RECEIPT|LEDGER",
		Short: "Verify evidence, offline: who made it, that it is whole, in the log, and by the rules",
		Long: `Verifies a bundle, a receipt, a ledger or its log as tiles with nothing but the public key, on five levels, each of which rests on those above:

  1 signature    who says so
  2 run          all records, what they were decided on and under which policy, are those of the statement
  3 inclusion    the run is in the log
  4 consistency  the log only grew since an older checkpoint
  5 rules        waivers were approved by somebody else who may, and were in force; what a record follows is in the log

What is unsigned is said to be so: then everything fits together, and anyone could have made it.

A receipt can come from standard input, as -.

Exit status: 0 verified, 21 to 25 the lowest level that fails, 2 a flag or key does not load, 3 something could not be read.`,
		Example: `  headgate evidence verify evidence/ --key evidence.key.pub
  headgate evidence verify ledger.db --key evidence.key.pub --checkpoint last-audit.checkpoint --runs runs.json
  headgate evidence verify receipt.json --key evidence.key.pub -o json`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if f.output != "text" && f.output != "json" {
				return setup(fmt.Errorf("-o %q is no format", f.output), "it can be text, json")
			}
			o, err := f.options()
			if err != nil {
				return err
			}
			told := a.progress("verifying", 0)
			o.Progress = told.both
			v, err := a.verifyEvidence(c.Context(), args[0], o)
			told.end()
			if err != nil {
				return undecided(fmt.Errorf("%s: %w", args[0], plain(err)), "")
			}
			if err := a.showVerification(v, args[0], f.output); err != nil {
				return err
			}
			if err := f.keep(v); err != nil {
				return err
			}
			if v.Failed > 0 {
				return &failure{status: statusLevel + v.Failed, err: errors.New("not verified"), said: true}
			}
			return nil
		},
	}
	c.Flags().StringVar(&f.key, "key", "", "`file` with the public key in PEM that must have signed, or with several, any of which may have")
	c.Flags().StringVar(&f.checkpoint, "checkpoint", "", "`file` with an older checkpoint of the log, which it must have grown from")
	c.Flags().StringVar(&f.runs, "runs", "", "`file` with the ids of the CI runs that there were, one a line or as JSON: those without evidence are named")
	c.Flags().StringVar(&f.save, "save-checkpoint", "", "`file` that gets the checkpoint of the log, if all is verified: what --checkpoint takes the next time")
	c.Flags().StringVarP(&f.output, "output", "o", "text", "`format`: text or json")
	return c
}

// keep writes the checkpoint of a log that is verified. What is not must not be what the next time rests on.
func (f *verifyFlags) keep(v *evidence.Verification) error {
	if f.save == "" || v.Failed > 0 {
		return nil
	}
	if v.Log == nil || v.Log.Checkpoint == "" {
		return undecided(fmt.Errorf("--save-checkpoint: the %s has no checkpoint", v.Of), "verify a ledger")
	}
	if err := writeTo(f.save, func(to *os.File) error { _, err := to.WriteString(v.Log.Checkpoint); return err }); err != nil {
		return undecided(fmt.Errorf("write %s: %w", f.save, plain(err)), "")
	}
	return nil
}

// options reads what is verified against.
func (f *verifyFlags) options() (o evidence.Options, err error) {
	if f.key != "" {
		text, err := workingTree.read(f.key, mostSettings)
		if err != nil {
			return o, setup(fmt.Errorf("--key: %w", err), "")
		}
		if o.Key, err = evidence.ReadKey(text); err != nil {
			return o, setup(fmt.Errorf("--key %s: %w", f.key, err), "")
		}
	}
	if f.checkpoint != "" {
		if o.Old, err = workingTree.read(f.checkpoint, mostSettings); err != nil {
			return o, setup(fmt.Errorf("--checkpoint: %w", err), "")
		}
	}
	if f.runs != "" {
		if o.Runs, err = readRuns(f.runs); err != nil {
			return o, setup(fmt.Errorf("--runs %s: %w", f.runs, err), "gh run list --json databaseId writes one")
		}
	}
	return o, nil
}

// mostRuns bounds the list of CI runs, in bytes.
const mostRuns = 64 << 20

// readRuns reads the ids of CI runs: one a line, or a JSON list of them or of objects that have one as databaseId or id.
func readRuns(name string) ([]string, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, plain(err)
	}
	defer file.Close()
	if s, err := file.Stat(); err != nil || !s.Mode().IsRegular() {
		return nil, errors.New("it is no regular file")
	}
	text, err := io.ReadAll(io.LimitReader(file, mostRuns+1))
	if err != nil || len(text) > mostRuns {
		return nil, errors.Join(err, errors.New("it is larger than a list of runs can be"))
	}
	runs := []string{}
	if text = bytes.TrimSpace(text); !bytes.HasPrefix(text, []byte("[")) {
		for line := range strings.Lines(string(text)) {
			if id := strings.TrimSpace(line); id != "" {
				runs = append(runs, id)
			}
		}
		return runs, nil
	}
	var list []any
	read := json.NewDecoder(bytes.NewReader(text))
	read.UseNumber()
	if err := read.Decode(&list); err != nil {
		return nil, errors.New("it is neither lines nor a JSON list")
	}
	for i, one := range list {
		if of, ok := one.(map[string]any); ok {
			if one = of["databaseId"]; one == nil {
				one = of["id"]
			}
		}
		switch id := one.(type) {
		case string:
			runs = append(runs, id)
		case json.Number:
			runs = append(runs, id.String())
		default:
			return nil, fmt.Errorf("the entry %d has no databaseId and no id", i+1)
		}
	}
	return runs, nil
}

// verifyEvidence finds out what something is, and verifies it.
func (a *app) verifyEvidence(ctx context.Context, name string, o evidence.Options) (*evidence.Verification, error) {
	if isLedger(name) {
		return a.verifyLedger(ctx, name, o)
	}
	if name == "-" {
		text, err := io.ReadAll(io.LimitReader(a.stdin, evidence.MostReceipt+1))
		if err != nil {
			return nil, err
		}
		return bundleOnly(o, func() (*evidence.Verification, error) { return evidence.VerifyReceipt(text, o), nil })
	}
	s, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case s.IsDir():
		root, err := os.OpenRoot(name) // no link leads out of it
		if err != nil {
			return nil, err
		}
		defer root.Close()
		if _, err := root.Stat(evidence.CheckpointPath); err == nil {
			l, err := evidence.OpenTiles(root.FS())
			if err != nil {
				return nil, err
			}
			return evidence.VerifyLog(ctx, l, nil, o)
		}
		return bundleOnly(o, func() (*evidence.Verification, error) { return evidence.VerifyBundle(ctx, root.FS(), o) })
	case !s.Mode().IsRegular() || s.Size() > evidence.MostReceipt:
		return nil, errors.New("it is neither a bundle, a receipt nor a ledger")
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return bundleOnly(o, func() (*evidence.Verification, error) { return evidence.VerifyReceipt(text, o), nil })
}

// bundleOnly refuses what only a ledger can answer.
func bundleOnly(o evidence.Options, verify func() (*evidence.Verification, error)) (*evidence.Verification, error) {
	if o.Runs != nil {
		return nil, errors.New("one run does not say whether others are missing: verify the ledger with --runs")
	}
	return verify()
}

// verifyLedger verifies a ledger: all its runs, or, of a log on a git ref, all its statements.
func (a *app) verifyLedger(ctx context.Context, where string, o evidence.Options) (*evidence.Verification, error) {
	l, err := a.ledgerToRead(ctx, where)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	o.StatementsOnly = store.IsGit(where)
	if kept, ok := l.(*store.Ledger); ok {
		o.Sweeps = kept.CheckSweeps
	}
	return evidence.VerifyLog(ctx, l, l.Run, o)
}

// showVerification writes what came of it.
func (a *app) showVerification(v *evidence.Verification, name, format string) error {
	if format == "json" {
		e := json.NewEncoder(a.stdout)
		e.SetIndent("", "  ")
		return e.Encode(v)
	}
	var out bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintln(&out, printable(fmt.Sprintf(format, args...))) }
	line("%s %s", v.Of, filepath.ToSlash(name))
	if v.Run != "" {
		line("run %s", v.Run)
	}
	if p := v.Says; p != nil {
		line("says: %s at %s, %s · %s of %s in %s", cmp.Or(string(p.Outcome), "no gate"), p.At.Format(time.RFC3339), string(p.Event),
			number(p.Coverage.Decisions, "decision", "decisions"), number(p.Coverage.Findings, "finding", "findings"),
			number(p.Coverage.Reports, "report", "reports"))
		line("      %d of %d assets in scope were looked at, %s", p.Coverage.AssetsEvaluated, p.Coverage.AssetsInScope,
			number(p.Coverage.Incomplete, "incomplete report was allowed", "incomplete reports were allowed"))
		for _, w := range p.Weakened {
			line("      weakened: %s", w)
		}
	}
	if l := v.Log; l != nil {
		line("log %s: size %d, root %s", l.Origin, l.Size, l.Root)
	}
	out.WriteByte('\n')
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for _, l := range v.Levels {
		fmt.Fprintf(table, "%d %s\t%s\t%s\n", l.Level, l.Name, strings.ReplaceAll(l.State, "_", " "), printable(l.Said))
	}
	table.Flush()
	if len(v.Failures)+len(v.Notes) > 0 {
		out.WriteByte('\n')
	}
	for _, f := range v.Failures {
		where := ""
		if f.Run != "" {
			where = " (run " + f.Run + ")"
		}
		line("level %d: %s%s", f.Level, f.Said, where)
	}
	if v.More > 0 {
		line("and %s more", strconv.Itoa(v.More))
	}
	for _, n := range v.Notes {
		line("note: %s", n)
	}
	if v.Failed > 0 {
		line("not verified: level %d fails", v.Failed)
	}
	_, err := a.stdout.Write(out.Bytes())
	return err
}

func number(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
