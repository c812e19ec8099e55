package engine

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

// An effect is when a rule is in force, by its METADATA: from the day effective_on to the day effective_until, both included, in UTC.
// Zero is no bound.
type effect struct {
	on, until time.Time
}

// The names that METADATA gives to the days, and that the policy sees of a rule that is not in force.
const (
	effectiveOn    = "effective_on"
	effectiveUntil = "effective_until"
)

// effectOf reads the days of METADATA's custom part.
func effectOf(custom map[string]any) (e effect, err error) {
	for _, d := range []struct {
		name string
		date *time.Time
	}{{effectiveOn, &e.on}, {effectiveUntil, &e.until}} {
		value, ok := custom[d.name]
		if !ok {
			continue
		}
		text, _ := value.(string)
		if date, ok := value.(time.Time); ok && date.Equal(startOfDay(date)) { // as YAML reads a date without quotes
			text = date.Format(time.DateOnly)
		}
		if *d.date, err = time.Parse(time.DateOnly, text); err != nil {
			return e, fmt.Errorf("custom.%s: %q is no date; write 2026-12-31", d.name, fmt.Sprint(value))
		}
	}
	if !e.until.IsZero() && e.until.Before(e.on) {
		return e, fmt.Errorf("custom.%s is before custom.%s: the rule would never be in force", effectiveUntil, effectiveOn)
	}
	return e, nil
}

// outside says why a rule is not in force at a time: the name of the day that keeps it out, and the day. Both are empty if it is.
func (e effect) outside(now time.Time) (name string, date time.Time) {
	switch {
	case now.Before(e.on):
		return effectiveOn, e.on
	case !e.until.IsZero() && !now.Before(e.until.Add(day)):
		return effectiveUntil, e.until
	}
	return "", date
}

// next is when time alone changes whether the rule is in force; zero: never again.
func (e effect) next(now time.Time) time.Time {
	switch {
	case now.Before(e.on):
		return e.on
	case !e.until.IsZero() && now.Before(e.until.Add(day)):
		return e.until.Add(day)
	}
	return time.Time{}
}

// effective refuses days that cannot be read, and days on a rule whose reasons do not say that they are its own: it would be in force
// whatever the days say.
func (c *checker) effective() {
	for _, a := range c.rule.Annotations {
		_, on := a.Custom[effectiveOn]
		_, until := a.Custom[effectiveUntil]
		if !on && !until {
			continue
		}
		name := ruleName(c.rule)
		switch _, err := effectOf(a.Custom); {
		case err != nil:
			c.refuse(c.rule.Location, "%v", err)
		case !slices.Contains(kinds, name):
			c.refuse(c.rule.Location, "%s is no set, so the days of its METADATA hold nothing back; there is %s", name, strings.Join(kinds, ", "))
		case !takesMetadata(c.rule):
			c.refuse(c.rule.Location, "the days of its METADATA hold nothing back, as %s does not say which rule it is: write %s contains lib.%s(rego.metadata.rule(), …)",
				name, name, name)
		}
	}
}

// at is the policy as it is in force at a time. The policy itself sees in data.main.staged which of its rules are not, so that one formula
// says what becomes of them; where all are in force there is no such document.
func (p *Policy) at(ctx context.Context, now time.Time) (*Policy, error) {
	staged := map[string]any{}
	for id, r := range p.byID {
		if name, date := r.outside(now); name != "" {
			staged[id] = map[string]any{name: date.Format(time.DateOnly)}
		}
	}
	if len(staged) == 0 {
		return p, nil
	}
	p.phases.Lock()
	defer p.phases.Unlock()
	for _, known := range p.phases.known {
		if reflect.DeepEqual(known.staged, staged) {
			return known.policy, nil
		}
	}
	then := new(*p)
	data, main := maps.Clone(p.data), map[string]any{}
	if given, ok := data["main"].(map[string]any); ok {
		main = maps.Clone(given)
	}
	main["staged"] = staged
	data["main"] = main
	then.store = inmem.NewFromObjectWithOpts(data, inmem.OptReturnASTValuesOnRead(true))
	var err error
	if then.decision, err = then.prepare(ctx, decisionRef.String()); err != nil {
		return nil, err
	}
	then.byClass()
	p.phases.known = append(p.phases.known, phase{staged, then})
	return then, nil
}

// A phase is a policy while the same rules are in force.
type phase struct {
	staged map[string]any
	policy *Policy
}

// phases are those that a policy has been asked in.
type phases struct {
	sync.Mutex
	known []phase
}
