package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/bundle"
	"github.com/headgate/headgate/policies"
)

// A policyChoice is which policies decide.
type policyChoice struct {
	source engine.PolicySource
	folder []string       // of the user's packs, besides what ships
	bundle *bundle.Bundle // decides instead of all else; nil: folders
	name   string         // of the bundle, as it was given
	pinned bool           // the bundle is the one whose digest was given
	made   bool           // the bundle is not of the base commit of the change under review
	from   *origin        // of the folders
}

// String is how results name the policies: where they are from, and what is proven of a bundle.
func (p *policyChoice) String() string {
	if p.bundle == nil {
		what := strings.Join(append([]string{"shipped"}, p.folder...), ", ")
		if p.from != nil {
			what += fmt.Sprintf(" (as of %v)", p.from)
		}
		return what
	}
	what := "not signed"
	switch {
	case p.bundle.Verified != "":
		what = "signed by " + p.bundle.Verified
	case p.bundle.Signed:
		what = "signature not verified"
	}
	if p.pinned {
		what += ", pinned by digest"
	}
	return fmt.Sprintf("bundle %s (%s, %s)", p.name, p.bundle.Digest, what)
}

// trusted says that the bundle is the one that was meant, whoever could have changed the file.
func (p *policyChoice) trusted() bool {
	return p.bundle != nil && (p.pinned || p.bundle.Verified != "")
}

// choosePolicy finds the policies that decide: the packs that ship and are on, the user's own in the settings folder and those of the
// folders that are named; or a bundle, which replaces all of them.
func (a *app) choosePolicy(ctx context.Context, s *settings, named, keyFiles []string) (*policyChoice, error) {
	keys, err := readKeys(keyFiles)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(named, func(name string) bool { return isBundle(s.from, name) }); i >= 0 {
		if len(named) > 1 {
			return nil, setup(fmt.Errorf("--policy %s is a bundle, which replaces all policies: nothing can be named beside it", named[i]), "")
		}
		return a.chooseBundle(ctx, s, named[0], keys)
	}
	if len(keys) > 0 {
		return nil, setup(errors.New("--policy-key verifies a bundle, and --policy names none"), "headgate policy bundle --sign-key makes one")
	}
	p := &policyChoice{source: settingsPolicy(s), from: s.from}
	own := s.path("policies")
	if own != "" {
		p.folder = append(p.folder, own)
	}
	for _, folder := range named {
		if s.from.later(folder) {
			continue
		}
		if !slices.ContainsFunc(p.folder, func(have string) bool { return sameFolder(s.from, have, folder) }) {
			p.folder = append(p.folder, folder)
		}
	}
	return p, p.openFolders(own)
}

// settingsPolicy is what settings say of policies, but for the packs in their folder.
func settingsPolicy(s *settings) engine.PolicySource {
	src := engine.PolicySource{Shipped: policies.Files, Proven: true, Packs: policies.Default, Params: s.Params, Assume: s.assume()}
	if s.Packs != nil {
		src.Packs = slices.Compact(slices.Sorted(slices.Values(s.Packs)))
	}
	return src
}

// openFolders opens the folders of packs. That of the settings may be without any: nobody named it.
func (p *policyChoice) openFolders(ofSettings string) error {
	for _, folder := range p.folder {
		opened, err := packFolder(p.from, folder)
		if err != nil {
			return err
		}
		opened.Named = folder != ofSettings
		p.source.Own = append(p.source.Own, opened)
	}
	return nil
}

// chooseBundle opens a bundle. What the settings say of policies does not hold beside it, which is said.
func (a *app) chooseBundle(ctx context.Context, s *settings, name string, keys []*bundle.Key) (*policyChoice, error) {
	found, err := findBundle(s.from, name)
	if err != nil {
		return nil, setup(fmt.Errorf("--policy %s: %w", withoutQuery(name), err), "")
	}
	if found.remote && !found.pinned && len(keys) == 0 {
		return nil, setup(fmt.Errorf("--policy %s: whoever can change what is there could change the policy", found.shown), found.hint)
	}
	p := &policyChoice{name: found.shown, pinned: found.pinned}
	data, err := found.read(ctx)
	if err != nil {
		return nil, setup(fmt.Errorf("the bundle %s: %w", p.name, err), "")
	}
	if p.bundle, err = bundle.Open(data, keys); err != nil {
		return nil, setup(fmt.Errorf("the bundle %s: %w", p.name, err), "")
	}
	if found.digest != "" && found.digest != p.bundle.Digest {
		return nil, setup(fmt.Errorf("the bundle %s is another one: its digest is %s", p.name, p.bundle.Digest), "")
	}
	_, at := s.from.find(found.label)
	p.made = s.from != nil && (found.remote || at != inCommit)
	if at == nowhere && !found.remote && !p.trusted() {
		return nil, setup(fmt.Errorf("the bundle %s is not in %v: the change under review may have made it", p.name, s.from),
			"name its digest, FILE#sha256:…, or verify it with --policy-key")
	}
	p.source = engine.PolicySource{Shipped: policies.Files, Assume: s.assume(), Bundle: &engine.PackBundle{Label: found.label, Files: p.bundle.Files}}
	var without []string
	for what, there := range map[string]bool{"packs": s.Packs != nil, "params": s.Params != nil, "policies": s.path("policies") != ""} {
		if there {
			without = append(without, what)
		}
	}
	if slices.Sort(without); len(without) > 0 {
		a.say("note", fmt.Sprintf("%s of the settings are not used: the bundle brings all of its own", strings.Join(without, ", ")))
	}
	return p, nil
}

// readKeys reads the public keys that bundles are verified with.
func readKeys(files []string) (keys []*bundle.Key, err error) {
	for _, name := range files {
		text, err := workingTree.read(name, mostSettings)
		if err != nil {
			return nil, setup(fmt.Errorf("--policy-key: %w", err), "")
		}
		k, err := bundle.ReadKey(text)
		if err != nil {
			return nil, setup(fmt.Errorf("--policy-key %s: %w", name, err), "")
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// loadPolicy compiles the policies that decide.
func (r *run) loadPolicy(ctx context.Context) (err error) {
	if r.choice, err = r.app.choosePolicy(ctx, r.settings, r.flags.policies, r.flags.policyKeys); err != nil {
		return cmp.Or(stopped(ctx), err)
	}
	src := r.choice.source
	src.NoClasses, src.NoRange, src.PerDecision = r.flags.noClasses, r.flags.noRange, r.app.perDecision
	if r.blockFrom != "" {
		if src.Params, err = withParam(src.Params, "main", "fail_on", string(r.blockFrom)); err != nil {
			return setup(err, "")
		}
	}
	r.result.Policy.Source = r.choice.String()
	if r.choice.bundle != nil {
		r.result.Policy.Revision = r.choice.bundle.Revision
	}
	if r.policy, err = engine.LoadPolicy(ctx, src); err != nil {
		return cmp.Or(stopped(ctx), r.settings.from.as(setup(err, "")))
	}
	if r.guard != nil {
		r.guard.policy.Store(r.policy)
	}
	return nil
}

// stopped is why a run ended before it was done; nil if it did not.
func stopped(ctx context.Context) error {
	if cause := context.Cause(ctx); cause != nil {
		return undecided(cause, "")
	}
	return nil
}

// weakenByPolicy records what the policies lack of those that ship, every parameter that is not as it ships, and a bundle of which nothing
// is proven. The priority to block from has a record of its own.
func (r *run) weakenByPolicy() {
	for _, pack := range policies.Default {
		if !slices.Contains(r.policy.Info().Packs, pack) {
			r.weaken("pack " + pack + " is off")
		}
	}
	for _, o := range r.policy.Overrides() {
		if !strings.HasPrefix(o, "main.fail_on: ") || r.blockFrom == "" {
			r.weaken("parameter " + o)
		}
	}
	if c := r.choice; c.bundle != nil && !c.trusted() && c.made {
		r.weaken("policy bundle " + c.name + " not of the base commit")
	}
}
