package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/intel"
	"github.com/headgate/headgate/engine/paths"
	"github.com/headgate/headgate/engine/scope"
	"github.com/headgate/headgate/engine/tree"
	"github.com/headgate/headgate/engine/waiver"
	"github.com/headgate/headgate/integrations/store"
	"github.com/headgate/headgate/policies"
)

// A sharedSweep is all that the processes of a sweep decide with, whatever lies on their own disks: the plan, the policy as it was compiled,
// threat data, assets and waivers as they were read, and what was proven of these.
type sharedSweep struct {
	Plan      *sweepPlan        `json:"plan"`
	Paths     string            `json:"paths,omitempty"` // digest of the attack paths over the plan's estate
	Policy    map[string][]byte `json:"policy"`          // files by path
	Assume    map[string]any    `json:"assume"`
	NoClasses bool              `json:"no_classes,omitempty"`

	Repository  string `json:"repository,omitempty"`   // that the settings are of
	Settings    string `json:"settings,omitempty"`     // their folder; empty: there are none
	AssetsFlag  string `json:"assets_flag,omitempty"`  // what holds for every repository, not for that of the settings alone
	WaiversFlag string `json:"waivers_flag,omitempty"` //

	Assets  scope.File              `json:"assets"`
	Scope   []scope.File            `json:"scope,omitempty"`
	Waivers *scope.File             `json:"waivers,omitempty"` // absent: there is no file
	Proofs  map[string]waiver.Proof `json:"proofs,omitempty"`
	Intel   map[string][]byte       `json:"intel,omitempty"` // files by feed; absent: none is loaded
}

// shared gathers what the processes of a sweep decide with.
func (s *sweeper) shared() ([]byte, error) {
	r := s.run
	all := *r.shared // with the files that were read: they may be others by now
	all.Plan, all.Assume, all.NoClasses, all.Repository = s.plan, r.choice.source.Assume, r.flags.noClasses, r.result.Change.Repository
	all.Settings, all.AssetsFlag, all.WaiversFlag, all.Proofs = r.settings.folder, r.flags.assets, r.flags.waivers, s.proofs
	all.Paths = s.plan.pathsDigest()
	var err error
	if all.Policy, err = r.policy.Files(); err != nil {
		return nil, err
	}
	if r.intel != nil {
		if all.Intel, err = r.intelFiles(); err != nil {
			return nil, err
		}
	}
	return json.Marshal(&all)
}

// intelFiles are the files of the threat data that is loaded, by feed.
func (r *run) intelFiles() (map[string][]byte, error) {
	folder, _ := r.settings.intelFolder(r.flags.intel)
	from, err := r.origin.withMade(folder)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, feed := range intel.Feeds {
		if info := r.intel.Feed(feed); info != nil {
			if files[string(feed)], err = intelFile(from, feed, info.Digest); err != nil {
				return nil, err
			}
		}
	}
	return files, nil
}

// errOtherwise means that a process would decide otherwise than the one that planned the sweep.
var errOtherwise = errors.New("this process would decide otherwise")

// joinSweep sets up a process to work on shards of a sweep, with what its processes share. What does not come to the digests of the plan is
// errOtherwise: the process must not take part.
func (a *app) joinSweep(ctx context.Context, l *store.Ledger, data []byte) (*sweeper, error) {
	var all sharedSweep
	if err := json.Unmarshal(data, &all); err != nil || all.Plan == nil {
		return nil, fmt.Errorf("%w: what the processes of the sweep share cannot be read: %w", errOtherwise, err)
	}
	plan := all.Plan
	if is := (engine.Versions{Headgate: buildVersion(), OPA: engine.OPAVersion()}); is != plan.Versions {
		return nil, fmt.Errorf("%w: it is headgate %s with OPA %s, and the sweep is of %s with %s", errOtherwise, is.Headgate, is.OPA, plan.Versions.Headgate, plan.Versions.OPA)
	}
	f := &runFlags{assets: all.AssetsFlag, waivers: all.WaiversFlag, noClasses: all.NoClasses, noRange: plan.NoRange}
	s := &sweeper{app: a, flags: &reassessFlags{run: *f}, run: a.newRun(f), now: plan.At, ledger: l, plan: plan}
	r := s.run
	r.settings = &settings{folder: all.Settings}
	r.result.Now, r.result.Change.Event, r.result.Change.Repository = plan.At, engine.EventSchedule, all.Repository
	var err error
	if r.policy, err = engine.LoadPolicy(ctx, engine.PolicySource{Shipped: policies.Files, Assume: all.Assume, NoClasses: all.NoClasses, NoRange: plan.NoRange,
		PerDecision: a.perDecision, Bundle: &engine.PackBundle{Label: "the policy of the sweep", Files: all.Policy}}); err != nil {
		return nil, err
	}
	if len(all.Intel) > 0 {
		if r.intel, err = intel.Load(tree.New(givenFiles(all.Intel), "")); err != nil {
			return nil, err
		}
	}
	if r.assets, err = scope.Read(all.Assets, all.Scope, scope.Options{Repository: all.Repository}); err != nil {
		return nil, err
	}
	if all.Waivers != nil {
		if r.waivers.list, err = waiver.Read(all.Waivers.Name, bytes.NewReader(all.Waivers.Text)); err != nil {
			return nil, err
		}
		r.waivers.verify = func(w *waiver.Waiver) waiver.Proof { return all.Proofs[w.ID] }
	}
	if err := s.judge(); err != nil {
		return nil, err
	}
	if s.observer, err = r.policy.Observer(ctx, plan.At); err != nil {
		return nil, err
	}
	plan.lookForPaths()
	for _, same := range []struct {
		what string
		ok   bool
	}{
		{"the policy", r.policy.Info().Digest == plan.Policy}, {"the threat data", sameJSON(r.intel.Info(), plan.Intel)},
		{"what is known of assets", s.assets == plan.Assets}, {"the waivers", s.waivers == plan.Waivers},
		{"the attack paths", plan.pathsDigest() == all.Paths},
	} {
		if !same.ok {
			return nil, fmt.Errorf("%w: %s of the sweep comes to something else here", errOtherwise, same.what)
		}
	}
	return s, nil
}

// givenFiles is a folder of files that came in one piece.
type givenFiles map[string][]byte

// Entries are its files.
func (m givenFiles) Entries(string) (all []tree.Entry, err error) {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		all = append(all, tree.Entry{Name: name, Kind: tree.File, ID: name})
	}
	return all, nil
}

// Size is that of a file, in bytes.
func (m givenFiles) Size(name string) (int64, error) { return int64(len(m[name])), nil }

// Read is a file.
func (m givenFiles) Read(name string) ([]byte, error) { return m[name], nil }

// lookForPaths finds the attack paths over the estate of the plan, if it has one.
func (p *sweepPlan) lookForPaths() {
	if p.Estate == nil {
		return
	}
	p.analysis, p.onPaths = paths.Analyse(*p.Estate), map[string]bool{}
	for i := range p.Estate.Assets {
		p.onPaths[p.Estate.Assets[i].ID] = true
	}
}

// pathsDigest is that of the attack paths; empty if none are looked for.
func (p *sweepPlan) pathsDigest() string {
	if p.analysis == nil {
		return ""
	}
	return p.analysis.Digest()
}
