package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/engine/intel"
	"github.com/headgate/headgate/engine/report"
	"github.com/headgate/headgate/engine/simulate"
	"github.com/headgate/headgate/engine/waiver"
	"github.com/headgate/headgate/integrations/git"
)

// Exit statuses of a simulation.
const (
	statusStricter = 10
	statusLooser   = 11
	statusMixed    = 12
)

// simulateFlags are what policy simulate is told. The first of each pair is how it is decided now.
type simulateFlags struct {
	settings   string
	from, to   string
	intel      [2]string
	waivers    [2]string
	asApproved bool
	keys       []string
}

func newPolicySimulateCommand(a *app) *cobra.Command {
	var f simulateFlags
	var outputs []string
	c := &cobra.Command{
		Use:   "simulate --to NEW [--from OLD] RESULT…|LEDGER",
		Short: "Say what another policy, other threat data or other waivers would change about recorded runs",
		Long: `Decides the inputs of result files (headgate gate -o json=FILE; files, folders or patterns) again in two ways, and says what differs:
by rule, asset and owner, and which builds would newly block or pass. Each result keeps its time and its event. Of a ledger (headgate gate
--ledger) all runs are taken; each must come out as it was recorded first.

NEW and OLD are a folder that holds packs, which take the place of policies in the settings folder; a settings folder (.headgate, or
one with a headgate.yaml), of which packs, params, assume, fail_on and policies hold; or a bundle. Without --from it is the policy as it is set up now.
--intel-to and --waivers-to put other threat data or waivers in the place of what was recorded; with one of them, --to may be left out.
Attack paths and all other facts stay as they were recorded. A run recorded as report-only is decided as if it were not.

Exit status: 0 equal, 10 stricter, 11 looser, 12 both, 2 what you set up does not load, 3 could not decide.`,
		Example: `  headgate policy simulate --to new-policies/ results/
  headgate policy simulate --from v11.tar.gz --to v12.tar.gz 'results/**/*.json' -o markdown=comment.md
  headgate policy simulate --to new-policies/ ledger.db
  headgate policy simulate --intel-to intel-today/ results/
  headgate policy simulate --waivers-to waivers.yaml --as-approved results/`,
		RunE: func(c *cobra.Command, args []string) error {
			outs, err := parseOutputs(outputs, report.SimulationFormats())
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return undecided(errors.New("there is no result"), "headgate gate -o json=FILE writes one")
			}
			s, err := a.simulate(c.Context(), &f, args)
			if err != nil {
				return cmp.Or(stopped(c.Context()), err)
			}
			if err := a.writeOutputs(outs,
				func(o output, to *os.File) error { return report.Simulation(to, o.format, s, report.Options{}) },
				func(o output) error {
					var whole bytes.Buffer
					if err := report.Simulation(&whole, o.format, s, a.reportOptions()); err != nil {
						return err
					}
					_, err := a.stdout.Write(whole.Bytes())
					return err
				}); err != nil {
				return err
			}
			switch s.Outcome {
			case engine.Stricter:
				return errStricter
			case engine.Looser:
				return errLooser
			case engine.Mixed:
				return errMixed
			}
			return nil
		},
	}
	c.Flags().StringVar(&f.settings, "settings", "", "`folder` with headgate.yaml and policies (default: .headgate here or above)")
	c.Flags().StringVar(&f.to, "to", "", "the `policy` to try: a folder with packs, a settings folder, or a bundle")
	c.Flags().StringVar(&f.from, "from", "", "the `policy` to compare with (default: as set up now)")
	c.Flags().StringVar(&f.intel[1], "intel-to", "", "`folder` with the threat data to try")
	c.Flags().StringVar(&f.intel[0], "intel-from", "", "`folder` with the threat data to compare with (default: as recorded)")
	c.Flags().StringVar(&f.waivers[1], "waivers-to", "", "`file` with the waivers to try")
	c.Flags().StringVar(&f.waivers[0], "waivers-from", "", "`file` with the waivers to compare with (default: as recorded)")
	c.Flags().BoolVar(&f.asApproved, "as-approved", false, "take all waivers of the files for approved, whatever git shows")
	c.Flags().StringArrayVar(&f.keys, "policy-key", nil, "`file` with a public key in PEM: bundles must be signed by it, or by one of several")
	c.Flags().StringArrayVarP(&outputs, "output", "o", nil, "`FORMAT[=FILE]`, several at once: "+formatNames(report.SimulationFormats())+" (default text)")
	return c
}

// errStricter, errLooser and errMixed say what a simulation came to; the output has said why.
var (
	errStricter = &failure{status: statusStricter, err: errors.New(engine.Stricter), said: true}
	errLooser   = &failure{status: statusLooser, err: errors.New(engine.Looser), said: true}
	errMixed    = &failure{status: statusMixed, err: errors.New(engine.Mixed), said: true}
)

// simulate decides results in two ways. What does not load is said before any result is read.
func (a *app) simulate(ctx context.Context, f *simulateFlags, args []string) (*engine.Simulation, error) {
	switch {
	case f.to == "" && f.intel[1] == "" && f.waivers[1] == "":
		return nil, setup(errors.New("nothing is said to try"), "--to NEW, --intel-to FOLDER or --waivers-to FILE")
	case len(f.keys) > 0 && !isBundle(workingTree, f.to) && !isBundle(workingTree, f.from):
		return nil, setup(errors.New("--policy-key verifies a bundle, and neither --to nor --from names one"), "")
	}
	s, err := a.openSettings(workingTree, f.settings, nil)
	if err != nil {
		return nil, err
	}
	from, err := a.simulatedSide(ctx, f, s, f.from, 0)
	if err != nil {
		return nil, err
	}
	to := simulate.Side{Name: engine.SimulatedSide{Policy: from.Name.Policy}, Policy: from.Policy} // with the facts that were recorded
	if f.to != "" {
		if to, err = a.simulatedSide(ctx, f, s, f.to, 1); err != nil {
			return nil, err
		}
	} else if err := a.replaceFacts(ctx, f, s, &to, 1); err != nil {
		return nil, err
	}
	compared := simulate.New(from, to)
	results := slices.DeleteFunc(slices.Clone(args), isLedger)
	for _, name := range args {
		if isLedger(name) {
			if err := a.simulateLedger(ctx, compared, name); err != nil {
				return nil, unread(name, err)
			}
		}
	}
	files, err := findReports(results)
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if file.err == nil && !file.named && !isResult(file.name) {
			continue // a folder has other files too
		}
		result, err := readResultFile(file)
		if err != nil {
			return nil, err
		}
		if err := compared.Add(ctx, file.name, result); err != nil {
			return nil, undecided(err, "")
		}
	}
	made := compared.Simulation()
	if made.Results == 0 {
		return nil, undecided(errors.New("there is no result"), "headgate gate -o json=FILE writes one")
	}
	return made, nil
}

// simulateLedger adds all runs of a ledger that decided anything, one at a time. A run that does not come out as it was recorded is an
// error: of what it decided then nothing is known.
func (a *app) simulateLedger(ctx context.Context, compared *simulate.Comparison, name string) error {
	from, done, err := a.openEvidence(ctx, name)
	if err != nil {
		return err
	}
	defer done()
	p, err := from.count(ctx, evidence.Stretch{}, func(*evidence.RunEntry, *evidence.Line) error { return nil })
	if err != nil {
		return err
	}
	for i := range p.Runs {
		if p.Runs[i].Outcome == "" { // what was done outside
			continue
		}
		run, err := from.run(ctx, p.Runs[i].Run)
		if err != nil {
			return err
		}
		result, err := a.resultOf(ctx, run)
		if err != nil {
			return fmt.Errorf("run %s: %w", p.Runs[i].Run, err)
		}
		if err := compared.Add(ctx, p.Runs[i].Run, result); err != nil {
			return undecided(err, "")
		}
	}
	return nil
}

// readResultFile reads a result file that was found.
func readResultFile(file reportFile) (*engine.Result, error) {
	if file.err != nil {
		return nil, undecided(file.err, "")
	}
	if err := readable(file.name); err != nil {
		return nil, undecided(plain(err), "")
	}
	f, err := os.Open(file.name)
	if err != nil {
		return nil, undecided(err, "")
	}
	defer f.Close()
	result, err := report.ReadResult(f)
	if err != nil {
		return nil, undecided(fmt.Errorf("%s: %w", file.name, err), "")
	}
	return result, nil
}

// simulatedSide loads the policy that a name stands for, and what takes the place of recorded facts.
func (a *app) simulatedSide(ctx context.Context, f *simulateFlags, s *settings, name string, which int) (side simulate.Side, err error) {
	choice, failOn, err := a.simulatedPolicy(ctx, f, s, name)
	if err != nil {
		return side, err
	}
	src := choice.source
	src.NoRange = true
	if failOn != "" {
		if src.Params, err = withParam(src.Params, "main", "fail_on", failOn); err != nil {
			return side, setup(err, "")
		}
	}
	if side.Policy, err = engine.LoadPolicy(ctx, src); err != nil {
		if name != "" {
			err = fmt.Errorf("%s: %w", shown(name), err)
		}
		return side, setup(err, "")
	}
	side.Name.Policy = side.Policy.Info()
	side.Name.Policy.Source = choice.String()
	if choice.bundle != nil {
		side.Name.Policy.Revision = choice.bundle.Revision
	}
	return side, a.replaceFacts(ctx, f, s, &side, which)
}

// simulatedPolicy finds the policy that a name stands for, and the priority that its settings block from.
func (a *app) simulatedPolicy(ctx context.Context, f *simulateFlags, s *settings, name string) (choice *policyChoice, failOn string, err error) {
	if name == "" {
		choice, err = a.choosePolicy(ctx, s, nil, nil)
		return choice, s.FailOn, err
	}
	if isBundle(workingTree, name) {
		choice, err = a.choosePolicy(ctx, &settings{Assume: s.Assume}, []string{name}, f.keys)
		return choice, "", err
	}
	if _, err := os.Stat(filepath.Join(name, "headgate.yaml")); err == nil || filepath.Base(name) == settingsFolder {
		other, err := loadSettings(workingTree, name)
		if err != nil {
			return nil, "", err
		}
		choice, err := a.choosePolicy(ctx, other, nil, nil)
		return choice, other.FailOn, err
	}
	choice = &policyChoice{source: settingsPolicy(s), folder: []string{filepath.ToSlash(name)}}
	return choice, s.FailOn, choice.openFolders(s.path("policies"))
}

// replaceFacts lets a side see other threat data and waivers than were recorded.
func (a *app) replaceFacts(ctx context.Context, f *simulateFlags, s *settings, side *simulate.Side, which int) error {
	var joins []func([]engine.Case, time.Time)
	if folder := f.intel[which]; folder != "" {
		snapshot, err := intel.Load(os.DirFS(folder))
		if err != nil {
			return undecided(fmt.Errorf("intel in %s: %w", filepath.ToSlash(folder), err), "headgate intel update fetches it")
		}
		info := snapshot.Info()
		side.Name.Intel = &info
		joins = append(joins, func(cases []engine.Case, _ time.Time) {
			for i := range cases {
				cases[i].Input.Context.Intel = nil
			}
			lookUp(snapshot, cases)
		})
	}
	if file := f.waivers[which]; file != "" {
		list, _, err := readWaivers(workingTree, file)
		if err != nil {
			return err
		}
		verify := waiver.Verifier(takenForApproved)
		if !f.asApproved {
			verify = proven(ctx, file, s.Approvers, nil)
			a.sayUnproven(file, list, verify)
		}
		side.Name.Waivers = shown(file)
		joins = append(joins, func(cases []engine.Case, now time.Time) {
			for i := range cases {
				cases[i].Input.Context.Waivers = nil
			}
			list.Apply(cases, now, verify)
		})
	}
	if len(joins) > 0 {
		side.Join = func(cases []engine.Case, now time.Time) {
			for _, join := range joins {
				join(cases, now)
			}
		}
	}
	return nil
}

// takenForApproved is a Verifier for what is only tried.
func takenForApproved(w *waiver.Waiver) waiver.Proof {
	return waiver.Proof{Verified: true, Requester: cmp.Or(w.Requester, "whoever asks"), Approver: cmp.Or(w.Approver, "whoever approves"),
		How: "taken for approved"}
}

// proven is what git, and a code host if there is one to ask, prove of a file's waivers as it lies here.
func proven(ctx context.Context, file string, approvers []string, reviews func(string) ([]waiver.Review, error)) waiver.Verifier {
	dir, name := filepath.Split(file)
	history, err := git.History(ctx, cmp.Or(dir, "."), name, "")
	if err != nil {
		return waiver.Unproven("who wrote it is not known: " + err.Error())
	}
	history.Reviews = reviews
	return history.Verifier(approvers)
}

// sayUnproven says how many waivers exempt nothing, as nobody is shown to have approved them.
func (a *app) sayUnproven(file string, list *waiver.List, verify waiver.Verifier) {
	n := 0
	for i := range list.Waivers {
		if !verify(&list.Waivers[i]).Verified {
			n++
		}
	}
	if n > 0 {
		a.say("note", fmt.Sprintf("%d of %s in %s not shown to be approved (--as-approved takes them for that)", n,
			amount(len(list.Waivers), "waiver"), shown(file)))
	}
}
