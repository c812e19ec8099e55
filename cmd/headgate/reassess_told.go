package main

import (
	"errors"
	"strconv"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
	"github.com/headgate/headgate/engine/sweep"
)

// A toldOfSweep is what a workflow is told of deciding again.
type toldOfSweep struct {
	came     *sweep.Reassessment // nil: nothing came of it
	weakened []string
	failed   error // how it ended; nil: well
}

// account tells the workflow what came of a sweep: outputs of the step, the summary of the job, why the job fails. Only a runner is told.
func (t *toldOfSweep) account(a *app, f *reassessFlags) {
	event, err := a.trigger()
	if err != nil {
		a.say("feedback", err.Error())
		return
	}
	if event.Name == "" {
		return
	}
	if event.Actions && t.failed != nil {
		why := plainReason(t.failed)
		if t.blocked() {
			why = t.came.Title()
		}
		a.commands(map[string]string{"title": "Headgate"}).Errorf("%s", printable(why))
	}
	a.fillIn(&event, t.outputPairs(f), func() (whole, short string) { return t.summary(&event) })
}

// blocked says whether all was done, and something rose so far that the job is to fail.
func (t *toldOfSweep) blocked() bool { return errors.Is(t.failed, errBlocked) }

// outputPairs are the outputs of the step, in the order of action.yml. There are results to publish where they were asked for, something
// came out otherwise, and all of it was written.
func (t *toldOfSweep) outputPairs(f *reassessFlags) []outputPair {
	outcome, results, changed := "undecided", "", ""
	if t.came != nil {
		changed = strconv.Itoa(len(t.came.Changed))
	}
	switch {
	case t.blocked():
		outcome = string(engine.Block)
	case t.failed == nil:
		outcome = string(engine.Pass)
	}
	if outcome != "undecided" && len(t.came.Changed) > 0 {
		results = f.results
	}
	return []outputPair{{"outcome", outcome}, {"results", results}, {"changed", changed}}
}

// summary is what the summary of the job says.
func (t *toldOfSweep) summary(event *trigger) (whole, short string) {
	if t.came == nil {
		whole = report.NothingDecidedAgain(plainReason(t.failed), event.page())
		return whole, whole
	}
	told, o := t.came.Told(t.weakened), report.AgainOptions{RunURL: event.page(), MaxBytes: report.MaxSummaryBytes - 1}
	if t.failed != nil && !t.blocked() {
		o.Unsaid = plainReason(t.failed)
	}
	whole = told.Markdown(o)
	o.MaxBytes = report.DefaultMaxBytes
	return whole, told.Markdown(o)
}
