package jira

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/ticket"
	"github.com/headgate/headgate/integrations/jira/jiratest"
)

// judge is the model: what must be true at the end, said without a look at how it came to be.
func (h *tale) judge() error {
	var errs []error
	for _, f := range h.findings {
		errs = append(errs, h.judgeFinding(f))
	}
	for _, i := range h.jira.Issues() {
		errs = append(errs, h.judgeIssue(i))
	}
	return errors.Join(errs...)
}

func (h *tale) judgeFinding(f *known) error {
	var of []jiratest.Issue
	for _, i := range h.jira.Issues() {
		if i.Properties[property] != "" && slices.Contains(i.Labels, ticket.KeyLabel(h.key(f))) && (i.Category != "done" || !slices.Contains(i.Labels, DoubleLabel)) {
			of = append(of, i)
		}
	}
	open := slices.DeleteFunc(slices.Clone(of), func(i jiratest.Issue) bool { return i.Category == "done" })
	switch {
	case len(open) > 1:
		return fmt.Errorf("%s has %d open tickets", f.name, len(open))
	case f.present && len(of) == 0 && !(f.deleted && h.ledger != nil):
		return fmt.Errorf("%s has no ticket", f.name)
	case len(of) == 0:
		return nil
	}
	i := of[0]
	var last jiratest.Move
	if len(i.Moves) > 0 {
		last = i.Moves[len(i.Moves)-1]
	}
	byMaria := last.By == jiratest.Maria.Name
	refused := byMaria && last.Category == "done" && last.Resolution == "Won't Do"
	reopened := byMaria && last.Category != "done" && slices.ContainsFunc(i.Moves, func(m jiratest.Move) bool { return m.Category == "done" })
	switch {
	case f.present && i.Category == "done" && !refused:
		return fmt.Errorf("%s is there, and %s is closed", f.name, i.Key)
	case !f.present && i.Category != "done" && !reopened:
		return fmt.Errorf("%s is gone, and %s is open", f.name, i.Key)
	case f.present && i.Category != "done" && i.Fields["duedate"] != f.due.UTC().Format(time.DateOnly):
		return fmt.Errorf("%s is due %s, and %s says %v", f.name, f.due.Format(time.DateOnly), i.Key, i.Fields["duedate"])
	}
	return nil
}

func (h *tale) judgeIssue(i jiratest.Issue) error {
	for n := 1; n < len(i.Moves); n++ {
		if before := i.Moves[n-1]; i.Moves[n].By == jiratest.Robot.Name && before.By == jiratest.Maria.Name && before.Resolution == "Won't Do" {
			return fmt.Errorf("%s was not to be done, and was opened again", i.Key)
		}
	}
	for n := 1; n < len(i.Comments); n++ {
		a, b := i.Comments[n-1], i.Comments[n]
		if !h.raced && a.Author == jiratest.Robot.Name && b.Author == a.Author && a.Moves == b.Moves && jiratest.Text(a.Body) == jiratest.Text(b.Body) {
			return fmt.Errorf("%s has twice the comment %q", i.Key, jiratest.Text(a.Body))
		}
	}
	if i.Properties[property] == "" {
		if i.Creator == jiratest.Robot.Name {
			return fmt.Errorf("%s is of ours and has no property", i.Key)
		}
		for _, c := range i.Comments {
			if c.Author == jiratest.Robot.Name {
				return fmt.Errorf("%s is a clone, and we wrote on it", i.Key)
			}
		}
	}
	if slices.Contains(i.Labels, DoubleLabel) && i.Properties[property] != "" && len(i.Duplicates) == 0 {
		return fmt.Errorf("%s is a double and is not linked", i.Key)
	}
	return nil
}

// A process can be killed at any of its requests: from then on it does nothing more.
type process struct {
	base   http.RoundTripper
	kill   int // at which request; -1: never
	after  bool
	n      int
	dead   bool
	cancel context.CancelCauseFunc
}

func (p *process) RoundTrip(r *http.Request) (*http.Response, error) {
	if p.dead {
		return nil, errKilled
	}
	p.n++
	if p.n-1 != p.kill {
		return p.base.RoundTrip(r)
	}
	if p.after {
		if res, err := p.base.RoundTrip(r); err == nil {
			io.Copy(io.Discard, res.Body)
			res.Body.Close()
		}
	}
	p.dead = true
	p.cancel(errKilled)
	return nil, errKilled
}

// A memory is a ledger.
type memory struct{ effects map[string]engine.Effect }

func (m *memory) Effects(context.Context, string) ([]engine.Effect, error) {
	return slices.Collect(maps.Values(m.effects)), nil
}

func (m *memory) Put(_ context.Context, e engine.Effect) error {
	m.effects[e.Kind+e.Place+e.Key] = e
	return nil
}

// A mortal writes to a ledger while its process lives.
type mortal struct {
	*memory
	process *process
}

func (m *mortal) Put(ctx context.Context, e engine.Effect) error {
	if m.process.dead {
		return errKilled
	}
	return m.memory.Put(ctx, e)
}
