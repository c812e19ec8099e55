package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/engine/history"
	"github.com/headgate/headgate/engine/waiver"
)

// judge works out the digests of what is known of assets and waivers, and of whom it is known: the same file tells nothing of a repository
// that it was not about before.
func (s *sweeper) judge() (err error) {
	if all := s.run.assets.Assets(); len(all) > 0 {
		if s.assets, err = digestOf(s.about(s.run.flags.assets), all, s.run.assets.Edges()); err != nil {
			return err
		}
	}
	w := &s.run.waivers
	if w.list == nil {
		return nil
	}
	type state struct {
		Waiver waiver.Waiver
		Proof  waiver.Proof
		Begun  bool
		Ended  bool
	}
	states := []state{}
	s.proofs = map[string]waiver.Proof{}
	for i := range w.list.Waivers {
		one := &w.list.Waivers[i]
		s.proofs[one.ID] = w.verify(one)
		states = append(states, state{*one, s.proofs[one.ID], !one.Created.After(s.now), !s.now.Before(one.Expires.Add(24 * time.Hour))})
		s.guards.add(&one.While)
	}
	s.waivers, err = digestOf(s.about(s.run.flags.waivers), states)
	return err
}

// about is the repository that a file is about; empty if a flag names it, as then it is about all.
func (s *sweeper) about(flag string) string {
	if flag != "" {
		return ""
	}
	return s.run.result.Change.Repository
}

func digestOf(of ...any) (string, error) {
	text, err := json.Marshal(of)
	return evidence.Digest(text), err
}

// waiverGuards are the bounds that waivers set on threat data, whatever the policy reads of it.
type waiverGuards struct {
	kev   bool
	below []float64
}

func (g *waiverGuards) add(w *waiver.Guards) {
	g.kev = g.kev || w.NotExploited
	if w.EPSSBelow > 0 {
		g.below = append(g.below, w.EPSSBelow)
	}
}

// of is what the guards see of an input: equal texts, and no other, make them hold for both or for neither.
func (g *waiverGuards) of(in *engine.Input) string {
	known := engine.Intel{}
	if in.Context.Intel != nil {
		known = *in.Context.Intel
	}
	text := ""
	if g.kev {
		text = fmt.Sprint(known.KEV != nil, known.KEV != nil && known.KEV.Listed)
	}
	for _, below := range g.below {
		text += fmt.Sprint(known.EPSS != nil, known.EPSS != nil && known.EPSS.Probability < below)
	}
	return text
}

// own says whether assets and waivers of the settings are about a repository.
func (s *sweeper) own(repository string) bool {
	return repository == s.run.result.Change.Repository
}

// join gives cases what is known of them now, in the place of what was recorded, as the gate would join it.
func (s *sweeper) join(ctx context.Context, standings []*lookedAt, cases []engine.Case) error {
	for i := range cases {
		s.expire(&cases[i])
		if c := &cases[i]; s.run.flags.assets != "" || s.own(standings[i].Repository) {
			s.run.assets.Renew(c)
		}
	}
	for first := 0; first < len(cases); {
		n, at := first+1, standings[first]
		for n < len(cases) && standings[n].Repository == at.Repository && standings[n].Branch == at.Branch {
			n++
		}
		if err := s.joinBranch(ctx, standings[first:n], cases[first:n]); err != nil {
			return err
		}
		first = n
	}
	return nil
}

// expire takes out the facts that are past their expiry.
func (s *sweeper) expire(c *engine.Case) {
	for _, fact := range []struct {
		name string
		drop func()
	}{
		{"context.validation", func() { c.Input.Context.Validation = nil }},
		{"context.runtime", func() { c.Input.Context.Runtime = nil }},
	} {
		if end := c.Provenance[fact.name].Expires; !end.IsZero() && !s.now.Before(end) {
			fact.drop()
			delete(c.Provenance, fact.name)
		}
	}
}

// joinBranch joins what the gate joins to cases of one branch.
func (s *sweeper) joinBranch(ctx context.Context, standings []*lookedAt, cases []engine.Case) error {
	r := *s.run
	result := *s.run.result
	result.Cases, r.result = cases, &result
	states := make([]*history.State, len(standings))
	for i, c := range standings {
		states[i] = c.State
	}
	r.ledger = &ledger{history: history.NewBranch(states...)}
	for _, join := range []func(context.Context) error{r.joinHistory, s.joinIntel(&r), r.joinRequirements, s.joinPaths(&r)} {
		if err := join(ctx); err != nil {
			return err
		}
	}
	s.joinWaivers(&r, standings[0].Repository)
	return nil
}

// joinIntel puts the threat data of today into cases. A feed that is not loaded leaves what was recorded: that it is not here does not mean
// that it says nothing.
func (s *sweeper) joinIntel(r *run) func(context.Context) error {
	return func(ctx context.Context) error {
		if r.intel == nil {
			return nil
		}
		was := make([]*engine.Intel, len(r.result.Cases))
		for i := range r.result.Cases {
			was[i] = r.result.Cases[i].Input.Context.Intel
		}
		if err := r.joinIntel(ctx); err != nil {
			return err
		}
		info := r.intel.Info()
		for i := range r.result.Cases {
			keepUnloaded(&r.result.Cases[i].Input, was[i], &info)
		}
		return nil
	}
}

func keepUnloaded(in *engine.Input, was *engine.Intel, loaded *engine.IntelInfo) {
	if was == nil {
		return
	}
	c, v := &in.Context, in.Finding.Vulnerability
	nameless := loaded.EUVD == nil && v != nil && len(v.CVEs) == 0 // which CVEs it is, EUVD said
	kept := engine.Intel{}
	if c.Intel != nil {
		kept = *c.Intel
	}
	if loaded.KEV == nil || nameless {
		kept.KEV = was.KEV
	}
	if loaded.EPSS == nil || nameless {
		kept.EPSS = was.EPSS
	}
	if loaded.SSVC == nil || nameless {
		kept.SSVC = was.SSVC
	}
	if was.Exploited != nil {
		further := engine.Exploited{}
		if kept.Exploited != nil {
			further = *kept.Exploited
		}
		if loaded.EUVD == nil {
			further.EUVD = was.Exploited.EUVD
		}
		if loaded.VulnCheck == nil || nameless {
			further.VulnCheck = was.Exploited.VulnCheck
		}
		if further != (engine.Exploited{}) {
			kept.Exploited = &further
		}
	}
	if kept != (engine.Intel{}) {
		c.Intel = &kept
	}
}

// joinPaths puts into cases what attack paths have to do with them, where they were looked for anew.
func (s *sweeper) joinPaths(r *run) func(context.Context) error {
	return func(context.Context) error {
		if s.plan.analysis == nil {
			return nil
		}
		for i := range r.result.Cases {
			if s.plan.onPaths[r.result.Cases[i].Input.Asset.ID] {
				putPaths(r.result.Cases[i:i+1], s.plan.analysis)
			}
		}
		return nil
	}
}

// joinWaivers joins the waivers of the file that is about the repository. Where there is none that could be, what was recorded stays, until
// it ends.
func (s *sweeper) joinWaivers(r *run, repository string) {
	w := &s.run.waivers
	if !s.waiversOf(repository) {
		for i := range r.result.Cases {
			r.result.Cases[i].Input.Context.Waivers = stillHeld(r.result.Cases[i].Input.Context.Waivers, s.now)
			if r.result.Cases[i].Input.Context.Waivers == nil {
				delete(r.result.Cases[i].Provenance, "context.waivers")
			}
		}
		return
	}
	for i := range r.result.Cases {
		r.result.Cases[i].Input.Context.Waivers = nil
		delete(r.result.Cases[i].Provenance, "context.waivers")
	}
	w.list.Apply(r.result.Cases, s.now, s.proof)
}

// waiversOf says whether the waivers that are set up are those of a repository, all of them.
func (s *sweeper) waiversOf(repository string) bool {
	return s.run.flags.waivers != "" || s.own(repository) && s.run.settings.folder != ""
}

// proof is what is proven of a waiver: found out once, as asking git takes long.
func (s *sweeper) proof(w *waiver.Waiver) waiver.Proof { return s.proofs[w.ID] }

// stillHeld are the waivers that have not ended, as old as they are now.
func stillHeld(all []engine.Waiver, now time.Time) (held []engine.Waiver) {
	today := now.UTC().Truncate(24 * time.Hour)
	for _, w := range slices.Clone(all) {
		last, err := time.Parse(time.DateOnly, w.Expires)
		if err != nil || !now.Before(last.Add(24*time.Hour)) {
			continue
		}
		if created, err := time.Parse(time.DateOnly, w.Created); err == nil {
			w.AgeDays = int(today.Sub(created) / (24 * time.Hour))
		}
		held = append(held, w)
	}
	return held
}
