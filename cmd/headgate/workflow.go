package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/sethvargo/go-githubactions"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

// Of go-githubactions only the environment (in integrations/github) and the annotations are used. Not SetOutput and its like: they end a
// value at a delimiter that everyone knows, so that a name in a report could set other outputs, and panic where the file is not named. Not
// AddStepSummary, which panics too and has no bound. Not Infof, which lets a line be a command. Not AddMask: it prints what it hides, and
// what is no log of a runner, such as a file, would keep it; runners mask their own tokens.

// account tells the workflow what came of the run: outputs of the step, the summary of the job, annotations. Only a runner is told.
func (t *telling) account(outs []output) {
	if t.event.Name == "" {
		return
	}
	if t.event.Actions {
		t.verdict()
	}
	for _, e := range t.effects {
		if e.Did == engine.DidDegrade {
			t.warn(effectWords[e.Kind] + ": " + e.Why)
		}
	}
	for _, e := range t.hooks {
		t.mark(e.Why) // the log has it already
	}
	if p := t.event.Pull; degraded(t.effects) && p != nil && (p.Fork() || t.event.Actor == "dependabot[bot]") {
		t.app.say("hint", "the token of a fork's pull request, and of Dependabot's, only reads: a workflow of its own, on workflow_run, can tell it")
	}
	t.app.fillIn(&t.event, t.outputPairs(outs), t.summary)
}

// fillIn writes the outputs of the step and adds to the summary of the job, where the runner has files for them. summary is the text, and a
// short one for where there is no room.
func (a *app) fillIn(event *trigger, pairs []outputPair, summary func() (whole, short string)) {
	for _, told := range []struct {
		what, file string
		tell       func(string) error
	}{
		{"the outputs of the step", event.Output, func(name string) error { return appendTo(name, outputLines(pairs)) }},
		{"the job summary", event.Summary, func(name string) error { return summarise(name, summary) }},
	} {
		if told.file == "" {
			continue
		}
		if err := told.tell(told.file); err != nil {
			a.say("feedback", fmt.Sprintf("%s: %v", told.what, plain(err)))
		}
	}
}

// degraded says whether something did not arrive.
func degraded(effects []engine.Effect) bool {
	return slices.ContainsFunc(effects, func(e engine.Effect) bool { return e.Did == engine.DidDegrade })
}

// verdict names on the page of the run why it failed, where a runner by itself would only say that it did.
func (t *telling) verdict() {
	switch c := t.app.commands(map[string]string{"title": "Headgate"}); {
	case t.failed != nil:
		c.Errorf("%s", printable(plainReason(t.failed)))
	case t.result.Outcome == engine.Block:
		c.Errorf("%s", printable(report.NewCheck(t.result, report.CheckOptions{MaxAnnotations: -1}).Title))
	}
}

// effectWords are what effects are called.
var effectWords = map[string]string{
	engine.EffectComment: "comment", engine.EffectReview: "review", engine.EffectCheckRun: "check run", engine.EffectSARIF: "code scanning",
}

// warn says what did not arrive: in the log, and as an annotation of the run.
func (t *telling) warn(text string) {
	t.app.say("feedback", text)
	t.mark(text)
}

// mark puts a warning on the page of the run.
func (t *telling) mark(text string) {
	if t.event.Actions {
		t.app.commands(nil).Warningf("%s", "Headgate: "+printable(text))
	}
}

// commands issue annotations. They go where errors go, as standard output may be a file; a runner reads both.
func (a *app) commands(fields map[string]string) *githubactions.Action {
	return githubactions.New(githubactions.WithWriter(a.stderr), githubactions.WithGetenv(a.getenv)).WithFieldsMap(fields)
}

// mostLogged is how many annotations of a kind GitHub shows of one step; one is left for the verdict.
const mostLogged = 10 - 1

// annotate marks lines by the log, where GitHub takes them from: so those of a fork's pull request are marked though its token may not
// write.
func (t *telling) annotate() {
	if !t.event.Actions {
		return
	}
	for _, a := range report.NewCheck(t.result, report.CheckOptions{MaxAnnotations: mostLogged}).Annotations {
		c := t.app.commands(map[string]string{
			"file": printable(a.Path), "line": strconv.Itoa(a.From), "endLine": strconv.Itoa(a.To), "title": "Headgate: " + printable(a.Title),
		})
		if a.Level == engine.Block {
			c.Errorf("%s", printable(a.Message))
		} else {
			c.Warningf("%s", printable(a.Message))
		}
	}
}

// An outputPair is an output of the step.
type outputPair struct{ name, value string }

// outcomePairs are the outputs of what was decided, if it was one run or several, and of what people were told.
func (t *telling) outcomePairs() []outputPair {
	outcome := report.Undecided
	if t.failed == nil {
		outcome = string(t.result.Outcome)
	}
	feedback, address := "ok", ""
	if degraded(t.effects) || degraded(t.hooks) {
		feedback = "degraded"
	}
	for _, e := range t.effects {
		if e.Kind == engine.EffectComment {
			address = e.URL
		}
	}
	return []outputPair{{"outcome", outcome}, {"feedback", feedback}, {"comment-url", address}}
}

// outputPairs are all outputs, in the order of action.yml.
func (t *telling) outputPairs(outs []output) []outputPair {
	pairs := t.outcomePairs()
	if t.failed != nil {
		return pairs
	}
	for _, format := range []struct{ output, name string }{{"result", "json"}, {"sarif", "sarif"}} {
		for _, o := range outs {
			if o.format == format.name && o.file != "" {
				pairs = append(pairs, outputPair{format.output, o.file})
				break
			}
		}
	}
	n := &t.result.Counts
	for _, c := range []struct {
		name  string
		count int
	}{
		{"findings", n.Findings}, {"cases", n.Cases}, {"act", n.Act}, {"attend", n.Attend}, {"track-star", n.TrackStar}, {"track", n.Track},
		{"block", n.Block}, {"warn", n.Warn}, {"pass", n.Pass}, {"introduced", n.Introduced}, {"existing", n.Existing}, {"disclosed", n.Disclosed},
		{"fixed", n.Fixed}, {"waived", n.Waived}, {"overdue", n.Overdue},
	} {
		pairs = append(pairs, outputPair{c.name, strconv.Itoa(c.count)})
	}
	return append(pairs, t.kept.outputs()...)
}

// outputLines are those of the runner's file. Each value ends at a delimiter that nobody can know before.
func outputLines(pairs []outputPair) string {
	var b strings.Builder
	for _, p := range pairs {
		end := "headgate_" + rand.Text()
		fmt.Fprintf(&b, "%s<<%s\n%s\n%s\n", p.name, end, p.value, end)
	}
	return b.String()
}

// summary is what the summary of the job says.
func (t *telling) summary() (whole, short string) {
	if t.failed != nil {
		whole = report.NewUndecided(plainReason(t.failed), t.told()).Body
		return whole, whole
	}
	return report.NewJobSummary(t.result, t.told()), report.NewComment(t.result, t.told()).Body
}

// summarise adds to the summary of the job. A runner drops one that is too long altogether, and other commands of the step may have
// written some of it.
func summarise(name string, summary func() (whole, short string)) error {
	there := int64(0)
	switch s, err := os.Stat(name); {
	case err == nil:
		there = s.Size()
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	whole, short := summary()
	for _, text := range []string{whole, short} {
		if there+int64(len(text))+1 <= report.MaxSummaryBytes {
			return appendTo(name, text+"\n")
		}
	}
	return errors.New("other commands of the step have filled it")
}

func appendTo(name, text string) error {
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(text); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// plainReason is why nothing was decided, with what to do about it.
func plainReason(err error) string {
	var f *failure
	if errors.As(err, &f) && f.hint != "" {
		return f.err.Error() + "; " + f.hint
	}
	return err.Error()
}
