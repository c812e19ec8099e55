package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/engine/report"
	"github.com/headgate/headgate/engine/ticket"
	"github.com/headgate/headgate/integrations/store"
)

// A publication is one run of publish.
type publication struct {
	app      *app
	flags    *publishFlags
	settings *settings
	given    []string       // the file or folder that is named; empty: none is
	results  []string       // the result files in the folder that is named; nil: none is, or nobody is told of them
	result   *engine.Result // that was given, or decided; nil: there is none yet
	links    []ticket.Link
	effects  effectLedger // nil: there is none
	signer   *evidence.Signer
	blocked  bool          // what was decided again blocks
	gravest  engine.Action // outcome of the results that were read; empty: none was, or one could not be
}

type publishFlags struct {
	to       []string
	links    []string
	ledger   string
	key      string // that signs the log of the ledger
	outputs  []string
	dryRun   bool
	all      bool
	artifact string
	run      runFlags // of deciding again
	feedback feedbackFlags
}

// destinations are where effects are made true: one line each. Settled says whether the settings set one up, so that publish goes
// there unless flags say where to go; nil: it needs no settings, and is gone to if it is named.
var destinations = []struct {
	name, what string
	settled    func(*settings) bool
	reads      bool // it makes true what the given result says; else it decides again
	publish    func(*publication, context.Context) (*report.Published, error)
}{
	{"jira", "tickets, one for each fix", func(s *settings) bool { return s.Jira != nil }, true, (*publication).toJira},
	{"github", "comment and remarks on the pull request that another run looked at", nil, false, (*publication).toGitHub},
}

func newPublishCommand(a *app) *cobra.Command {
	var f publishFlags
	var names []string
	long := ""
	for _, d := range destinations {
		names = append(names, d.name)
		long += fmt.Sprintf("  %-8s %s\n", d.name, d.what)
	}
	c := &cobra.Command{
		Use:   "publish [RESULT]",
		Short: "Make the effects of a result true: --dry-run shows what would be done",
		Long: `Makes what a result asks for true in other systems:
` + long + `
Given is a result file (headgate gate -o json=FILE), or a folder of them (headgate reassess --results FOLDER). Settings are those of .headgate
here or above. Publishing again changes nothing but what is not as it should be, so that it can be repeated whenever it was cut off.

github is the second stage for pull requests of forks, whose own runs may write nothing: a workflow on workflow_run. It fetches what the
first run left (--artifact), or takes the file, zip or folder that is given, reads from it what was found and nothing else, decides again
by what the base of the pull request says, and tells the pull request that GitHub names for the commit. Every flag of headgate gate that
says what decides (--policy, --intel, --baseline, --fail-on and so on) holds for it too. A pull request that is closed, or that has moved on
to another commit, is left alone.

Exit status: 0 all is as it should be, 1 what was decided again blocks, 2 what you set up does not load, 3 something could not be decided or
made true; the output says what and why.`,
		Example: `  headgate publish result.json --to jira --dry-run
  headgate publish result.json --to jira -o text -o json=effects.json -o result=result.json
  headgate reassess --ledger ledger.db --results changed && headgate publish changed --to jira
  headgate publish --to github --artifact headgate`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			outs, err := parseOutputs(f.outputs, report.PublicationFormats())
			if err != nil {
				return err
			}
			p := &publication{app: a, flags: &f, given: args}
			if p.settings, err = a.openSettings(workingTree, f.run.settings, nil); err != nil {
				return err
			}
			to, err := p.destinations()
			if err != nil {
				return err
			}
			if p.links, err = a.links(f.links); err != nil {
				return err
			}
			if err := p.read(to); err != nil {
				return err
			}
			if p.result != nil {
				p.gravest = p.result.Outcome
			}
			if p.signer, err = readEvidenceSigner(f.key); err != nil {
				return err
			}
			done, err := p.openLedger(c.Context())
			if err != nil {
				return err
			}
			defer done()
			return p.publish(c.Context(), to, outs)
		},
	}
	f.run.decideFlags(c)
	c.Flags().VisitAll(func(flag *pflag.Flag) { flag.Hidden = !slices.Contains(publishedBy, flag.Name) })
	f.feedback.add(c, true)
	c.Flags().StringVar(&f.artifact, "artifact", "headgate", "github: the `name` of the artifact that the first run left, where no file is given")
	c.Flags().StringArrayVar(&f.to, "to", nil, "`destination`, several separated by commas: "+strings.Join(names, ", ")+" (default: all that the settings set up)")
	c.Flags().StringArrayVar(&f.links, "link", nil, "`TITLE=URL` to be linked from tickets besides the run in CI: Evidence=https://…")
	c.Flags().StringVar(&f.ledger, "ledger", "", "remember what was made outside in "+ledgerForms)
	c.Flags().StringVar(&f.key, "evidence-key", "", "`file` with the Ed25519 key in PEM that signs what is done into the ledger's log; HEADGATE_EVIDENCE_KEY may be the key itself")
	c.Flags().BoolVar(&f.dryRun, "dry-run", false, "only show what would be done")
	c.Flags().BoolVar(&f.all, "all", false, "list also what stays as it is")
	c.Flags().StringArrayVarP(&f.outputs, "output", "o", nil, "`FORMAT[=FILE]`, several at once: "+formatNames(report.PublicationFormats())+" (default text)")
	return c
}

// publishedBy are the flags of deciding that help shows for publish: the others are those of gate.
var publishedBy = []string{"settings", "policy", "intel", "baseline", "fail-on"}

// read reads the result that is given, if a destination is for what it says. Those of a folder are read one after the other, as they are
// published: they can be many.
func (p *publication) read(to []int) (err error) {
	for _, i := range to {
		if !destinations[i].reads {
			continue
		}
		if len(p.given) == 0 {
			return setup(fmt.Errorf("%s is told of a result, and none is given", destinations[i].name), "headgate gate -o json=result.json writes one")
		}
		if s, err := os.Stat(p.given[0]); err == nil && s.IsDir() {
			p.results, err = resultsIn(p.given[0])
			return err
		}
		p.result, err = readResult(p.given[0])
		return err
	}
	return nil
}

// resultsIn are the result files of a folder and those in it, in the order of their names.
func resultsIn(folder string) (names []string, err error) {
	err = filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && filepath.Ext(name) == ".json" {
			names = append(names, name)
		}
		return err
	})
	switch {
	case err != nil:
		return nil, undecided(plain(err), "")
	case len(names) == 0:
		return nil, undecided(fmt.Errorf("there is no result in the folder %s", folder), "headgate reassess --results leaves it empty where nothing came out otherwise")
	}
	return names, nil
}

// destinations are the places in the table to go to.
func (p *publication) destinations() (at []int, err error) {
	var names []string
	for _, to := range p.flags.to {
		names = append(names, strings.Split(to, ",")...)
	}
	for i, d := range destinations {
		asked := slices.Contains(names, d.name)
		switch settled := d.settled != nil && d.settled(p.settings); {
		case asked && d.settled == nil:
			at = append(at, i)
		case asked && !settled:
			return nil, setup(fmt.Errorf("%s is not set up", d.name), d.name+" of headgate.yaml says where it is; headgate init writes an example")
		case asked, len(names) == 0 && settled:
			at = append(at, i)
		}
		names = slices.DeleteFunc(names, func(n string) bool { return n == d.name })
	}
	switch {
	case len(names) > 0:
		return nil, setup(fmt.Errorf("--to %q is no destination", names[0]), "headgate publish --help lists them")
	case len(at) == 0:
		return nil, setup(errors.New("there is nowhere to publish to"), "set up jira in headgate.yaml (headgate init writes an example), or name it with --to")
	}
	return at, nil
}

// publish goes to all destinations, also where one of them fails, and writes what came of it.
func (p *publication) publish(ctx context.Context, to []int, outs []output) error {
	done := &report.Publication{DryRun: p.flags.dryRun}
	var failed error
	all := to
	if p.results != nil {
		failed = p.tellOfAll(ctx, slices.DeleteFunc(slices.Clone(to), func(i int) bool { return !destinations[i].reads }), done)
		to = slices.DeleteFunc(slices.Clone(to), func(i int) bool { return destinations[i].reads })
	}
	failed = errors.Join(failed, p.tell(ctx, to, done))
	p.account(done, all)
	if p.result == nil { // nothing had to be decided, nothing could be, or it is one of several
		outs = slices.DeleteFunc(outs, func(o output) bool { return o.format == "result" })
	}
	if len(done.Destinations) > 0 {
		if err := p.write(done, outs); err != nil {
			return err
		}
	}
	if p.blocked && failed == nil {
		return errBlocked
	}
	if n := done.Degraded(); n > 0 && failed == nil {
		return undecided(fmt.Errorf("%d of the effects could not be made true", n), "publish it again: what is done is not done twice")
	}
	return failed
}

// tellOfAll tells destinations of each result of the folder. One that cannot be read does not keep the others.
func (p *publication) tellOfAll(ctx context.Context, to []int, done *report.Publication) (failed error) {
	unread := false
	for _, name := range p.results {
		var err error
		if p.result, err = readResult(name); err != nil {
			unread = true
		} else {
			if p.result.Outcome.Rank() > p.gravest.Rank() {
				p.gravest = p.result.Outcome
			}
			first := len(done.Destinations)
			if err = p.tell(ctx, to, done); err != nil {
				err = fmt.Errorf("%s: %w", name, err)
			}
			for i := first; i < len(done.Destinations); i++ {
				done.Destinations[i].Result = strings.TrimSpace(p.result.Change.Repository + " " + p.result.Change.Branch)
			}
		}
		failed = errors.Join(failed, err)
		if ctx.Err() != nil {
			break
		}
	}
	p.result = nil // it was one of several
	if unread {
		p.gravest = ""
	}
	return failed
}

// account tells the workflow what the run came to whose result is published, or the gravest of several: publishing decides nothing anew. Who
// is told of what is decided again tells of that.
func (p *publication) account(done *report.Publication, to []int) {
	again := slices.ContainsFunc(to, func(i int) bool { return !destinations[i].reads })
	event, err := p.app.trigger()
	if err != nil || event.Name == "" || p.gravest == "" || again {
		return
	}
	t := &telling{run: &run{app: p.app, result: cmp.Or(p.result, &engine.Result{Outcome: p.gravest})}}
	for i := range done.Destinations {
		for _, c := range done.Destinations[i].Changes {
			t.effects = append(t.effects, c.Effect)
		}
	}
	pairs := t.outcomePairs()
	if p.result != nil { // counts are of one run
		pairs = t.outputPairs(p.written())
	}
	event.Summary = "" // what was published is in the log
	p.app.fillIn(&event, pairs, nil)
}

// tell goes to destinations with what is given, and puts down what came of it.
func (p *publication) tell(ctx context.Context, to []int, done *report.Publication) (failed error) {
	first := len(done.Destinations)
	for _, i := range to {
		d := destinations[i]
		one, err := d.publish(p, ctx)
		if one != nil {
			done.Destinations = append(done.Destinations, *one)
		}
		if err != nil {
			if f := (*failure)(nil); !errors.As(err, &f) {
				err = undecided(fmt.Errorf("%s: %w", d.name, err), "")
			}
			failed = errors.Join(failed, err)
		}
	}
	if !done.DryRun {
		p.record(ctx, done.Destinations[first:])
	}
	return failed
}

// write writes what came of it.
func (p *publication) write(done *report.Publication, outs []output) error {
	o := p.app.reportOptions()
	o.All = p.flags.all
	one := func(to *bytes.Buffer, format string) error {
		if format == "result" {
			return report.Write(to, "json", p.result, report.Options{})
		}
		return report.WritePublication(to, format, done, o)
	}
	return p.app.writeOutputs(outs,
		func(o output, to *os.File) error {
			var whole bytes.Buffer
			if err := one(&whole, o.format); err != nil {
				return err
			}
			_, err := to.Write(whole.Bytes())
			return err
		},
		func(o output) error {
			var whole bytes.Buffer
			if err := one(&whole, o.format); err != nil {
				return err
			}
			_, err := p.app.stdout.Write(whole.Bytes())
			return err
		},
	)
}

// record puts what was done into the log of the ledger, and what became of tickets meanwhile.
func (p *publication) record(ctx context.Context, done []report.Published) {
	l, ok := p.effects.(*store.Ledger)
	if !ok {
		return
	}
	var effects []engine.Effect
	for i := range done {
		for _, c := range done[i].Changes {
			e := c.Effect
			e.State = maps.Clone(e.State)
			for name, value := range c.About {
				if e.State == nil {
					e.State = map[string]string{}
				}
				e.State[name] = value
			}
			effects = append(effects, e)
		}
	}
	change := engine.RunChange{Repository: p.settings.Repository}
	if p.result != nil {
		change = p.result.Change
	}
	lacks, err := l.Untold(ctx, change.Repository, effects)
	if err != nil {
		p.app.say("feedback", fmt.Sprintf("what became of tickets is not known of the ledger %s: %v", store.Shown(p.flags.ledger), plain(err)))
		lacks = make([]bool, len(effects))
	}
	var news []engine.Effect
	for i, e := range effects {
		if lacks[i] || !untouched(e) {
			news = append(news, e)
		}
	}
	p.app.recordEffects(ctx, &ledger{ledgerKeeper: l, where: p.flags.ledger}, change, p.signer, news)
}
