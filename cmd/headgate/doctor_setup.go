package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/author"
	"github.com/headgate/headgate/integrations/git"
)

// examineSettings looks whether the settings load. Without them nothing else that they name can be looked at.
func (x *examination) examineSettings(_ context.Context, d *department) {
	var err error
	if x.event, err = x.app.trigger(); err != nil {
		d.fail(statusUndecided, "event", "", "%v", err)
	}
	if x.settings, err = x.app.openSettings(workingTree, x.flags.settings, nil); err != nil {
		d.failed("headgate.yaml", err)
		return
	}
	s := x.settings
	if x.result.Now, _, err = x.flags.clock(x.app); err != nil {
		d.failed("clock", err)
	}
	x.result.Change.Repository = x.repository(x.args)
	if s.folder == "" {
		d.warn("headgate.yaml", "headgate init writes one that fits this repository", "there is none, and the shipped defaults hold")
		return
	}
	d.Place = filepath.ToSlash(s.folder)
	if s.path("headgate.yaml") == "" {
		d.ok("headgate.yaml", "there is none in this folder, and every setting has its default")
	} else {
		d.ok("headgate.yaml", "loads")
	}
	if _, err := x.flags.blockFrom(s); err != nil {
		d.failed("fail_on", err)
	}
	if key := s.SecretsKeyFile; key != "" {
		if _, err := x.app.secretKey("", s); err != nil {
			d.failed("secrets_key_file", err)
		} else {
			d.ok("secrets_key_file", "loads")
		}
	}
}

// examineGit looks at the commit that pull requests are judged by.
func (x *examination) examineGit(ctx context.Context, d *department) {
	if x.settings == nil {
		return
	}
	name := x.result.Change.Repository
	checkout, err := git.FindCheckout(ctx, ".")
	if err != nil {
		d.warn("repository", "git init, or run it in a clone", "this folder is in no git repository: what a change introduced, and who approved a waiver, cannot be told")
		return
	}
	if name == "" {
		d.warn("repository", "repository: owner/name in headgate.yaml, or git remote add origin …", "its name is not known: tickets, evidence and the ledger go by it")
	} else {
		d.ok("repository", "%s", name)
	}
	if folder := x.settings.folder; folder != "" {
		rel, inside := below(checkout.Root, absolute(folder))
		if inside && git.Untracked(ctx, checkout.Root, rel) {
			d.warn("settings", "git add "+filepath.ToSlash(folder)+" && git commit", "%s is not committed: no pull request is judged by it", filepath.ToSlash(folder))
		}
	}
	x.base(ctx, d)
}

func absolute(name string) string {
	abs, err := filepath.Abs(name)
	if err != nil {
		return name
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		return real
	}
	return abs
}

// base looks whether the base commit can be read, and what would judge by it.
func (x *examination) base(ctx context.Context, d *department) {
	name, needed := cmp.Or(x.flags.base, x.event.base()), true
	branch := cmp.Or(git.DefaultBranch(ctx, "."), "main")
	if name == "" {
		name, needed = "origin/"+branch, false
	}
	from, err := x.openCommit(ctx, name)
	if err != nil && !needed && !git.HasOrigin(ctx, ".") {
		d.warn("base", "git remote add origin …; until then, --base "+branch+" names it", "there is no remote origin, from which the base of pull requests would come")
		return
	}
	if errors.Is(err, git.ErrNoCommit) && !needed {
		d.warn("base", "git push -u origin "+branch+"; where that was done before, git fetch origin; or name another one with --base",
			"%s is not here: nothing was pushed yet, or not fetched since. Pull requests are judged by it", name)
		return
	}
	if err != nil {
		says, fix := "%s cannot be read: %v", "git fetch origin; in a workflow, let actions/checkout keep its credentials, or fetch-depth: 0"
		if needed {
			d.fail(statusUndecided, "base", fix, says, name, plain(err))
		} else {
			d.warn("base", fix+"; or name it with --base", says, name, plain(err))
		}
		return
	}
	defer from.end()
	folder, err := x.app.chooseSettings(from, x.flags.settings, nil)
	if err == nil && folder != "" {
		_, err = loadSettings(from, folder)
	}
	switch {
	case err != nil:
		d.failed("base", fmt.Errorf("the settings of %s do not load: %w", name, err))
	case folder == "":
		d.warn("base", "merge it: what judges a pull request is read from its base", "%s (%s) has no .headgate: pull requests are judged by the shipped defaults", name, brief(from.commit))
	default:
		d.ok("base", "%s (%s) can be read, and has the settings that judge pull requests", name, brief(from.commit))
	}
}

// examinePolicy looks whether the policies compile, and what is off or wrong in them.
func (x *examination) examinePolicy(ctx context.Context, d *department) {
	if x.settings == nil {
		return
	}
	if err := x.blockFromPriority(); err != nil {
		return // said of the settings
	}
	if err := x.loadPolicy(ctx); err != nil {
		d.failed("compile", err)
		return
	}
	info := x.policy.Info()
	d.Place = x.choice.String()
	d.ok("compile", "%s: %s", amount(len(info.Packs), "pack"), strings.Join(info.Packs, ", "))
	before := len(x.result.Weakened)
	x.weakenByPolicy()
	for _, w := range x.result.Weakened[before:] {
		d.warn("weakened", "every result says so; take it back in headgate.yaml unless it is meant", "%s", w)
	}
	if x.choice.bundle != nil || x.settings.path("policies") == "" && len(x.flags.policies) == 0 {
		return
	}
	draft, err := x.app.openDraft(x.flags.settings, x.flags.policies)
	if err != nil {
		d.failed("check", err)
		return
	}
	problems := author.Check(draft)
	for i, p := range problems[:min(len(problems), 5)] {
		fix := cmp.Or(p.Hint, "headgate policy check says more")
		switch {
		case p.Warning:
			d.warn("check", fix, "%v", p.Error())
		default:
			d.fail(statusSetup, "check", fix, "%v", p.Error())
		}
		if more := len(problems) - 5; i == 4 && more > 0 {
			d.warn("check", "headgate policy check lists all", "%d more of this kind", more)
		}
	}
	if len(problems) == 0 {
		d.ok("check", "nothing is wrong in packs of your own")
	}
}

// examineAssets looks at what is known of assets, and what nobody says.
func (x *examination) examineAssets(_ context.Context, d *department) {
	if x.settings == nil {
		return
	}
	if err := x.loadScope(); err != nil {
		d.failed("assets.yaml", err)
		return
	}
	all := x.assets.Assets()
	for _, w := range x.assets.Warnings[:min(len(x.assets.Warnings), 5)] {
		d.warn("scope", "headgate scope lists all of these", "%s", w)
	}
	if n := x.assets.Disputed(); n > 0 {
		d.warn("scope", "headgate scope shows them; assets.yaml goes before all", "sources differ in %s", many(n, "fact"))
	}
	if len(all) == 0 {
		d.warn("assets", "headgate init writes what files of the repository show into .headgate/assets.yaml", "none is named: every finding is decided as on an asset of which nothing is known")
		return
	}
	d.ok("assets", "%s, from %s", amount(len(all), "asset"), amount(len(x.assets.Files()), "file"))
	var examples []string
	for _, fact := range []struct {
		name    string
		of      func(*engine.Asset) string
		example string
		cost    string
	}{
		{"owner", func(a *engine.Asset) string { return a.Owner }, "team-pay", "tickets have nobody to go to"},
		{"criticality", func(a *engine.Asset) string { return string(a.Criticality) }, "business_critical", "business impact cannot count"},
		{"exposure", func(a *engine.Asset) string { return string(a.Exposure) }, "internal", "it is taken as internet"},
		{"environment", func(a *engine.Asset) string { return string(a.Environment) }, "production", "it is taken as production"},
	} {
		var without []string
		for i := range all {
			if fact.of(&all[i]) == "" {
				without = append(without, all[i].ID)
			}
		}
		slices.Sort(without)
		if n := len(without); n > 0 {
			more := ""
			if n > 3 {
				more = fmt.Sprintf(" and %d more", n-3)
			}
			examples = append(examples, fact.name+": "+fact.example)
			d.warn(fact.name, "", "not known of %s%s: %s", strings.Join(without[:min(n, 3)], ", "), more, fact.cost)
		}
	}
	if last := &d.Checks[len(d.Checks)-1]; len(examples) > 0 { // one place for all
		last.Fix = "say it in .headgate/assets.yaml, as " + strings.Join(examples, ", ") + "; headgate scope shows what is known, and from where"
	}
}

// examineWaivers looks which waivers hold.
func (x *examination) examineWaivers(ctx context.Context, d *department) {
	if x.settings == nil {
		return
	}
	if err := x.loadWaivers(ctx); err != nil {
		d.failed("waivers", err)
		return
	}
	w := &x.waivers
	if w.list == nil || len(w.list.Waivers) == 0 {
		return
	}
	d.Place = shown(w.file)
	var expired, soon, unproven []string
	why := ""
	for i := range w.list.Waivers {
		one := &w.list.Waivers[i]
		last := one.Expires.Add(24 * time.Hour)
		switch within := time.Duration(cmp.Or(x.settings.ExpiringWithin, age(expiringWithin))); {
		case !x.result.Now.Before(last):
			expired = append(expired, one.ID)
			continue
		case x.result.Now.Add(within).After(last):
			soon = append(soon, one.ID)
		}
		if p := w.verify(one); !p.Verified {
			unproven, why = append(unproven, one.ID), cmp.Or(why, p.Why)
		}
	}
	d.ok("waivers", "%s, %d expired", amount(len(w.list.Waivers), "waiver"), len(expired))
	if len(soon) > 0 {
		d.warn("expiring", "fix what they are about, or ask again with headgate waive", "%s: %s", amount(len(soon), "waiver"), strings.Join(soon, ", "))
	}
	if len(unproven) > 0 {
		fix := "let one of the approvers in headgate.yaml approve the change that brought it"
		if len(x.settings.Approvers) == 0 {
			fix = "approvers: [ana@example.com @ana] in headgate.yaml names who may approve; without any no waiver exempts"
		}
		d.warn("unproven", fix, "%s exempt nothing: %s", strings.Join(unproven, ", "), why)
	}
}

// examineEvidence looks whether the key that signs evidence can be used, and is kept as a key is.
func (x *examination) examineEvidence(ctx context.Context, d *department) {
	given := x.key
	if given == "" {
		return
	}
	signer, err := readEvidenceSigner(given)
	if err != nil {
		d.failed("key", err)
		return
	}
	d.ok("key", "signs as %s", signer.Fingerprint)
	if strings.Contains(given, "-----BEGIN") {
		return
	}
	if s, err := os.Stat(given); err == nil && s.Mode().Perm()&0o077 != 0 && filepath.Separator == '/' {
		d.warn("key", "chmod 600 "+given, "others on this machine can read it (%v)", s.Mode().Perm())
	}
	if git.Tracked(ctx, given) {
		d.fail(statusSetup, "key", "make a new one with headgate evidence keygen, keep it in a secret of CI, and take this one out of the repository", "%s is in the repository: whoever can read that can sign", given)
	}
}
