package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/waiver"
	"github.com/headgate/headgate/integrations/git"
)

// waivers are the accepted risks of a run.
type waivers struct {
	file   string // empty: there is none
	list   *waiver.List
	head   *waiver.List // what the change under review makes of the file, where list is that of its base
	verify waiver.Verifier
	use    *waiver.Use
}

// expiringWithin is how long before its end a waiver is called expiring, unless the settings say otherwise.
const expiringWithin = 14 * 24 * time.Hour

// waiversFile is the file that the flag names, else that of the settings; empty if there is none. The settings' own is looked for at the
// base too, by who needs it.
func (r *run) waiversFile() string { return cmp.Or(r.flags.waivers, r.settings.path("waivers.yaml")) }

// loadWaivers reads the waivers and finds out who wrote and approved them. Those of a change under review are those of its base: a change
// cannot excuse itself. If the base is not known they are read from the change, are recorded as a weakening, and nothing of them is proven.
func (r *run) loadWaivers() (err error) {
	w := &r.waivers
	ctx := context.Background()
	if w.file = r.waiversFile(); w.file == "" {
		return nil
	}
	if w.list, err = readWaivers(w.file); err != nil {
		return err
	}
	approvers := r.settings.Approvers
	base := ""
	if r.underReview() {
		commit, why := r.baseCommit(ctx)
		if why != "" {
			r.weaken("waivers file " + shown(w.file) + " from the change under review")
			w.verify = waiver.Unproven("the change under review may have written it: " + why)
			return nil
		}
		base, w.head = commit, w.list
		if w.list, err = r.waiversAt(ctx, base); err != nil {
			return err
		}
		if approvers, err = r.approversAt(ctx, base); err != nil {
			return err
		}
	}
	if w.list == nil || len(w.list.Waivers) == 0 {
		return nil
	}
	if why := strange(ctx, w.file); why != "" {
		w.verify = waiver.Unproven(why)
		return nil
	}
	history, err := git.History(ctx, w.file, base)
	if err != nil {
		w.verify = waiver.Unproven("who wrote it is not known: " + err.Error())
		return nil
	}
	w.verify = history.Verifier(approvers)
	return nil
}

// strange says why git's word on a waivers file is not of the repository that is decided about: a change could make the settings
// folder a link to texts that were merged as something else, or a submodule, whose history anyone may have written. Empty: it is.
func strange(ctx context.Context, file string) string {
	at, err := filepath.Abs(file)
	if err != nil {
		return "where it lies is not known: " + err.Error()
	}
	for {
		if s, err := os.Lstat(at); err == nil && s.Mode()&fs.ModeSymlink != 0 {
			return shown(file) + " is reached by a link, and git knows only where it leads"
		}
		at = filepath.Dir(at)
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil || at == filepath.Dir(at) {
			break
		}
	}
	if git.Submodule(ctx, filepath.Dir(file)) && !git.Submodule(ctx, ".") {
		return shown(file) + " is in a submodule, whose history is another repository's"
	}
	return ""
}

// shown is a file's name as people write it.
func shown(file string) string { return strings.TrimPrefix(filepath.ToSlash(file), "./") }

func readWaivers(file string) (*waiver.List, error) {
	if s, err := os.Stat(file); err != nil || !s.Mode().IsRegular() {
		return nil, setup(cmp.Or(err, fmt.Errorf("%s is no regular file", file)), "headgate waive writes one")
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, setup(err, "")
	}
	defer f.Close()
	return parseWaivers(shown(file), f)
}

func parseWaivers(name string, from io.Reader) (*waiver.List, error) {
	list, err := waiver.Read(name, from)
	if err != nil {
		return nil, setup(err, "headgate schema waivers says what a waiver can have, and headgate waive writes one")
	}
	return list, nil
}

// waiversAt are the waivers of a commit; nil if it has none.
func (r *run) waiversAt(ctx context.Context, commit string) (*waiver.List, error) {
	text, ok, err := git.File(ctx, r.waivers.file, commit)
	if err != nil {
		return nil, setup(fmt.Errorf("%s at %s: %w", shown(r.waivers.file), commit[:7], err), "")
	}
	if !ok {
		return nil, nil
	}
	list, err := parseWaivers(shown(r.waivers.file), strings.NewReader(string(text)))
	if err != nil { // the change may be what mends it, so that it must not be kept from doing so
		r.app.say("note", fmt.Sprintf("no waiver holds, since those of the base do not load: %v", err))
		return nil, nil
	}
	return list, nil
}

// approversAt are the approvers of the settings as they are in a commit.
func (r *run) approversAt(ctx context.Context, commit string) ([]string, error) {
	name := r.settings.path("headgate.yaml")
	if name == "" {
		return nil, nil
	}
	text, ok, err := git.File(ctx, name, commit)
	if err != nil {
		return nil, setup(fmt.Errorf("%s at %s: %w", shown(name), commit[:7], err), "")
	}
	var base settings
	if ok && base.read(shown(name), text) != nil {
		r.app.say("note", "no waiver is proven, since the settings of the base do not load")
		return nil, nil
	}
	return base.Approvers, nil
}

// baseCommit is the commit that the change under review is to be merged into, or why it is not known. It is named by --diff,
// HEADGATE_BASE, or the event that GitHub reports.
func (r *run) baseCommit(ctx context.Context) (commit, why string) {
	name := ""
	if spans(r.flags.diff) {
		name, _, _ = strings.Cut(r.flags.diff, "..")
	}
	if name = cmp.Or(name, r.app.getenv("HEADGATE_BASE"), r.eventBase()); name == "" {
		return "", "its base is not known (--diff BASE...HEAD)"
	}
	commit, err := git.Commit(ctx, filepath.Dir(r.waivers.file), name)
	if err != nil {
		return "", "the clone does not have its base (fetch-depth: 0)"
	}
	return commit, ""
}

// mostEvent bounds the file in which GitHub says what happened.
const mostEvent = 16 << 20

// eventBase is the base commit as GitHub reports it; empty if it does not.
func (r *run) eventBase() string {
	f, err := os.Open(r.app.getenv("GITHUB_EVENT_PATH"))
	if err != nil {
		return ""
	}
	defer f.Close()
	var event struct {
		PullRequest struct {
			Base struct {
				SHA string `json:"sha"`
			} `json:"base"`
		} `json:"pull_request"`
		MergeGroup struct {
			BaseSHA string `json:"base_sha"`
		} `json:"merge_group"`
	}
	if err := json.NewDecoder(io.LimitReader(f, mostEvent)).Decode(&event); err != nil {
		return ""
	}
	return cmp.Or(event.PullRequest.Base.SHA, event.MergeGroup.BaseSHA)
}

// joinWaivers joins to the cases the waivers that are about them.
func (r *run) joinWaivers(context.Context) error {
	w := &r.waivers
	if w.file == "" {
		return nil
	}
	w.use = w.list.Apply(r.result.Cases, r.result.Now, w.verify)
	if w.head != nil {
		w.use.OnlyInChange(w.head)
	}
	return nil
}

// reportWaivers says which waivers need someone, once the cases are decided.
func (r *run) reportWaivers() {
	if r.waivers.use == nil {
		return
	}
	soon := time.Duration(cmp.Or(r.settings.ExpiringWithin, age(expiringWithin)))
	r.result.Waivers = r.waivers.use.Report(r.result.Cases, longestWaivers(r.policy), soon)
}

// longestWaivers is for how long the policy lets a waiver exempt. A policy without the pack waivers bounds nothing.
func longestWaivers(p *engine.Policy) waiver.Maximum {
	most, _ := p.Params("waivers")["max_days"].(map[string]any)
	return func(priority engine.Priority) (int, bool) {
		n, err := wholeDays(most[string(priority)])
		return n, err == nil
	}
}

// wholeDays is a parameter's number; the packs' own are read as JSON numbers, those of the settings as YAML reads them.
func wholeDays(v any) (int, error) {
	switch n := v.(type) {
	case int:
		return n, nil
	case float64:
		return int(n), nil
	case json.Number:
		f, err := n.Float64()
		return int(f), err
	}
	return 0, errors.New("no number of days")
}
