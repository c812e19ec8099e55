package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/engine/intel"
	"github.com/headgate/headgate/engine/sweep"
	"github.com/headgate/headgate/integrations/store"
)

// A planner finds out what a sweep has to look at.
type planner struct {
	*sweeper
	ctx    context.Context
	view   *store.Survey
	sweeps []store.PastSweep // the latest first
	runs   []store.StandingRun
	bases  map[int64]*basis // by run
	found  map[store.Place]map[sweep.Why]bool
	told   *progress // counts what is found
}

// A basis is what a case was decided with last: by its run, or by a sweep that came out the same.
type basis struct {
	terms *evidence.Terms
	epoch *evidence.Epoch // nil: the run
}

// survey plans the sweep, and cuts it into shards.
func (s *sweeper) survey(ctx context.Context, v *store.Survey) ([]shardOfSweep, error) {
	p := &planner{sweeper: s, ctx: ctx, view: v, bases: map[int64]*basis{}, found: map[store.Place]map[sweep.Why]bool{},
		told: s.app.progress("finding out what changed, in cases", 0)}
	defer p.told.end()
	if err := p.begin(); err != nil {
		return nil, err
	}
	if s.flags.all {
		return p.everything(sweep.WhyAsked)
	}
	if other, err := p.otherPolicy(); err != nil {
		return nil, err
	} else if other {
		return p.everything(sweep.WhyPolicy)
	}
	for _, find := range []func() error{p.byTime, p.byIntel, p.byAssets, p.byWaivers, p.byPaths} {
		if err := find(); err != nil {
			return nil, err
		}
		if len(p.found) > mostPlaced {
			return p.everything(sweep.WhyIntel, sweep.WhyAsset, sweep.WhyWaivers, sweep.WhyTime, sweep.WhyPaths)
		}
	}
	return p.shards(), nil
}

// begin reads what was before, and what the sweep is over.
func (p *planner) begin() (err error) {
	info := p.run.intel.Info()
	p.plan = &sweepPlan{At: p.now, Policy: p.run.policy.Info().Digest, Intel: info, Assets: p.assets, Waivers: p.waivers, NoRange: p.run.flags.noRange,
		Versions: engine.Versions{Headgate: buildVersion(), OPA: engine.OPAVersion()}}
	if p.plan.Through, err = p.view.Size(); err != nil {
		return err
	}
	if p.sweeps, err = p.view.Sweeps(); err != nil {
		return err
	}
	p.plan.Epoch = 1
	if len(p.sweeps) > 0 {
		p.plan.Prev = evidence.ID(p.sweeps[0].Run, 0)
		p.plan.Epoch = p.sweeps[0].Epoch.Number + 1
		if last := p.sweeps[0].Terms.At; p.now.Before(last) && !(p.flags.all && p.flags.run.now != "") {
			return undecided(fmt.Errorf("the clock went back: it is %s, and the last sweep was at %s", p.now.Format(time.RFC3339), last.Format(time.RFC3339)),
				"if it was the last sweep's clock that was wrong, --all with --now and the right time decides everything again")
		}
	}
	own := p.run.result.Change.Repository
	if n, err := p.view.Count(own); err != nil {
		return err
	} else if p.plan.Open = n; own != "" && !p.flags.every && (n > 0 || p.run.flags.repository != "") {
		p.plan.Repositories = []string{own}
	} else if p.plan.Open, err = p.view.Count(""); err != nil {
		return err
	}
	all, err := p.view.Runs()
	for _, r := range all {
		if p.over(r.Repository) {
			p.runs = append(p.runs, r)
		}
	}
	return err
}

// over says whether the sweep is over a repository.
func (p *planner) over(repository string) bool {
	return p.plan.Repositories == nil || slices.Contains(p.plan.Repositories, repository)
}

// everything are the shards of all that is open.
func (p *planner) everything(why ...sweep.Why) ([]shardOfSweep, error) {
	p.plan.Whole = true
	if err := p.findPaths(true); err != nil {
		return nil, err
	}
	all, err := p.view.Stretches(p.plan.Repositories, int64(p.flags.size))
	var shards []shardOfSweep
	for _, one := range all {
		shards = append(shards, shardOfSweep{Stretch: &stretch{one.After, one.Through}, Why: why})
	}
	return shards, err
}

// shards are those of the candidates, in the order of their places.
func (p *planner) shards() (all []shardOfSweep) {
	places := make([]store.Place, 0, len(p.found))
	for at := range p.found {
		places = append(places, at)
	}
	slices.SortFunc(places, store.Place.Compare)
	for some := range slices.Chunk(places, p.flags.size) {
		var shard shardOfSweep
		for _, at := range some {
			c := placedCase{Place: at}
			for _, why := range sweep.Whys {
				if p.found[at][why] {
					c.Why = append(c.Why, why)
				}
			}
			shard.Cases = append(shard.Cases, c)
		}
		all = append(all, shard)
	}
	return all
}

// add notes candidates.
func (p *planner) add(all []store.Candidate, why sweep.Why) {
	for _, c := range all {
		if !p.over(c.Repository) {
			continue
		}
		if p.found[c.Place] == nil {
			p.found[c.Place] = map[sweep.Why]bool{}
			p.told.add(1)
		}
		p.found[c.Place][why] = true
	}
}

// basis is what the cases of a run were decided with last: the latest sweep that was over them, or the run itself.
func (p *planner) basis(r store.StandingRun) (*basis, error) {
	if known := p.bases[r.Leaf]; known != nil {
		return known, nil
	}
	b := &basis{}
	for i := range p.sweeps {
		e := p.sweeps[i].Epoch
		own := r.Leaf < p.sweeps[i].Leaf && r.Leaf >= p.sweeps[i].Leaf-int64(len(e.Runs))
		if (r.Leaf < e.Through || own) && (e.Repositories == nil || slices.Contains(e.Repositories, r.Repository)) {
			b.terms, b.epoch = p.sweeps[i].Terms, e
			break
		}
	}
	var err error
	if b.terms == nil {
		b.terms, err = p.view.Terms(r.Leaf)
	}
	p.bases[r.Leaf] = b
	return b, err
}

// otherPolicy says whether anything that stands was decided by another policy, engine or assumption than decides now.
func (p *planner) otherPolicy() (bool, error) {
	assume, err := digestOf(p.run.choice.source.Assume)
	if err != nil {
		return false, err
	}
	for _, r := range p.runs {
		b, err := p.basis(r)
		if err != nil {
			return false, err
		}
		was, err := digestOf(b.terms.Settings.Assume)
		if err != nil {
			return false, err
		}
		if t := b.terms; t.Policy.Digest != p.plan.Policy || was != assume || t.Engine.Headgate != p.plan.Versions.Headgate || t.Engine.OPA != p.plan.Versions.OPA ||
			t.Builtins != evidence.BuiltinsDigest() {
			return true, nil
		}
	}
	return false, nil
}

// byTime finds the cases whose decision time alone could have changed.
func (p *planner) byTime() error {
	all, err := p.view.Passed(p.now)
	if err != nil {
		return err
	}
	p.add(all, sweep.WhyTime)
	ages := p.observer.Reads("context", "history", "age_days") // else no rule asks how old a finding is
	for _, r := range p.runs {
		if !ages && !r.At.After(p.now) { // what a clock that was ahead decided, others never saw
			continue
		}
		all, err := p.view.OfRun(r.Leaf)
		if err != nil {
			return err
		}
		p.add(all, sweep.WhyTime)
	}
	return nil
}

// vulnerable is an input of which nothing is known but its CVEs and threat data.
func vulnerable(cves []string, known *engine.Intel) engine.Input {
	return engine.Input{Finding: engine.Finding{Kind: engine.KindVulnerability, Vulnerability: &engine.Vulnerability{CVEs: cves}}, Context: engine.Context{Intel: known}}
}

// byIntel finds the cases whose threat data changed in a way that counts.
func (p *planner) byIntel() error {
	if p.run.intel == nil {
		return nil
	}
	now, err := digestOf(p.run.intel.Info())
	if err != nil {
		return err
	}
	old := map[string]engine.IntelInfo{} // by digest
	runs := map[string]map[int64]bool{}
	for _, r := range p.runs {
		b, err := p.basis(r)
		if err != nil {
			return err
		}
		digest, err := digestOf(b.terms.Intel)
		if err != nil {
			return err
		}
		if digest == now {
			continue
		}
		if old[digest] = b.terms.Intel; runs[digest] == nil {
			runs[digest] = map[int64]bool{}
		}
		runs[digest][r.Leaf] = true
	}
	for digest, info := range old {
		if err := p.moved(info, runs[digest]); err != nil {
			return err
		}
	}
	return nil
}

// moved finds among the cases of some runs those whose threat data was another in an earlier edition. Where that is not held any more, all of
// them are looked at: each has recorded what it was decided on.
func (p *planner) moved(info engine.IntelInfo, runs map[int64]bool) error {
	was := p.heldIntel(info)
	if was == nil {
		for leaf := range runs {
			all, err := p.view.OfRun(leaf)
			if err != nil {
				return err
			}
			p.add(all, sweep.WhyIntel)
		}
		return nil
	}
	lists, err := p.view.CVEs()
	if err != nil {
		return err
	}
	for _, list := range lists {
		differs := func(ids []string) bool {
			a, b := vulnerable(ids, was.Lookup(ids)), vulnerable(ids, p.run.intel.Lookup(ids))
			return p.intelDiffers(p.observer, &a, &b)
		}
		ids := splitCVEs(list) // of which one that was covered once may hide what changed of another
		if !differs(ids) && !(len(ids) > 1 && slices.ContainsFunc(ids, func(id string) bool { return differs([]string{id}) })) {
			continue
		}
		all, err := p.view.OfCVEs(list)
		if err != nil {
			return err
		}
		p.add(slices.DeleteFunc(all, func(c store.Candidate) bool { return !runs[c.Run] }), sweep.WhyIntel)
	}
	return nil
}

// heldIntel is an earlier edition of the threat data, from the folder that it is in or from the ledger, which keeps what was decided on; nil if
// it is not held whole. Where a feed was not loaded that is now, what had been recorded of it before may have stayed, which the edition does
// not say.
func (p *planner) heldIntel(info engine.IntelInfo) *intel.Snapshot {
	for _, feed := range intel.Feeds {
		if p.plan.Intel.Feed(string(feed)) != nil && info.Feed(string(feed)) == nil {
			return nil
		}
	}
	folder, _ := p.run.settings.intelFolder(p.run.flags.intel)
	if held, err := p.run.intel.Earlier(os.DirFS(folder), info); err == nil {
		return held
	}
	held, err := p.keptIntel(info)
	if err != nil {
		return nil // the recorded inputs say it too
	}
	return held
}
