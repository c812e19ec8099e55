package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/scope"
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

// waiversFile is the file that the flag names, else that of the settings; empty if there is none.
func (r *run) waiversFile() string { return cmp.Or(r.flags.waivers, r.settings.path("waivers.yaml")) }

// loadWaivers reads the waivers and finds out who wrote and approved them. Those of a change under review are those of its base: a change
// cannot excuse itself, and what it would make of them is only said.
func (r *run) loadWaivers(ctx context.Context) (err error) {
	w := &r.waivers
	w.file = r.waiversFile()
	if r.origin != nil && !r.origin.proposed {
		w.head = r.waiversOfHead()
	}
	if w.file == "" {
		return nil
	}
	rel, at := r.origin.find(w.file)
	if at == nowhere {
		if _, err := os.Stat(w.file); err != nil {
			return setup(err, "headgate waive writes one")
		}
		return nil
	}
	var text []byte
	w.list, text, err = readWaivers(r.origin, w.file)
	if err != nil && at == inCommit && !r.origin.proposed { // the change may be what mends it, so that it must not be kept from doing so
		r.app.say("note", fmt.Sprintf("no waiver holds, since those of the base do not load: %v", err))
		return nil
	}
	if err == nil && r.shared != nil {
		r.shared.Waivers = &scope.File{Name: shown(w.file), Text: text}
	}
	if err != nil || len(w.list.Waivers) == 0 {
		return err
	}
	switch {
	case at == inCommit && r.origin.proposed:
		w.verify = r.forecast(ctx, rel)
		return nil
	case at == inCommit:
		w.verify = r.verifierAtBase(ctx, rel, r.settings.Approvers)
		return nil
	}
	if why := strange(ctx, w.file); why != "" {
		w.verify = waiver.Unproven(why)
		return nil
	}
	w.verify = proven(ctx, w.file, r.settings.Approvers, r.reviews(ctx, r.settings.Approvers))
	return nil
}

// verifierAtBase judges by the history of the base commit who wrote and approved the waivers of a file.
func (r *run) verifierAtBase(ctx context.Context, rel string, approvers []string) waiver.Verifier {
	history, why := r.historyOf(ctx, rel)
	if history == nil {
		return waiver.Unproven(why)
	}
	history.Reviews = r.reviews(ctx, approvers)
	return history.Verifier(approvers)
}

// historyOf is what git knows of a file of the commit that judges; nil: why it knows nothing.
func (r *run) historyOf(ctx context.Context, rel string) (h *waiver.History, why string) {
	if !r.origin.git {
		return nil, "who wrote it is not known: there is no clone here"
	}
	for at := rel; at != "."; at = path.Dir(at) {
		if s, err := r.origin.files.Lstat(at); err == nil && s.Mode()&fs.ModeSymlink != 0 {
			return nil, rel + " is reached by a link, and git knows only where it leads"
		}
	}
	h, err := git.History(ctx, r.origin.root, rel, r.origin.commit)
	if err != nil {
		return nil, "who wrote it is not known: " + err.Error()
	}
	return h, ""
}

// forecast judges the waivers of a change as its base will once the change is merged. Those that the base has as they are it judges by
// the base's history, with the approvers that the change names. Of the others, those that lack nothing but an approval which can still
// come are taken for approved: Proof.Awaits says so.
func (r *run) forecast(ctx context.Context, rel string) waiver.Verifier {
	was := r.reviewed.waivers.list
	onBase := r.reviewed.waivers.verify
	if !slices.Equal(r.settings.Approvers, r.reviewed.settings.Approvers) {
		onBase = r.reviewed.verifierAtBase(ctx, rel, r.settings.Approvers)
	}
	history, why := r.historyOf(ctx, rel)
	added := waiver.Unproven(why)
	if history != nil {
		base := r.reviewed.origin.commit
		if parted, err := git.Open(ctx, r.origin.root, base+"..."+r.origin.commit); err == nil { // else none of it is known to be merged
			base = parted.Base
		}
		history.Reviews = r.reviews(ctx, r.settings.Approvers)
		added = history.Forecast(base, r.settings.Approvers)
	}
	return func(w *waiver.Waiver) waiver.Proof {
		if same := was.Same(w); same != nil {
			return onBase(same)
		}
		p := added(w)
		if len(p.Awaits) > 0 {
			taken := takenForApproved(w)
			taken.Why, taken.Awaits = p.Why, p.Awaits
			return taken
		}
		return p
	}
}

// reviews asks GitHub who approved of what a commit brought; nil if it cannot be asked, or no approver is named by login.
func (r *run) reviews(ctx context.Context, approvers []string) func(commit string) ([]waiver.Review, error) {
	named := slices.ContainsFunc(approvers, func(a string) bool { return strings.Contains(" "+a, " @") })
	if !named || r.event.Repository == "" {
		return nil
	}
	client, err := r.app.connectGitHub(&r.event.Event, r.settings.GitHub.Login)
	if err != nil {
		return nil // git alone proves what it proves
	}
	return client.Approvals(ctx)
}

// waiversOfHead are the waivers as the change under review has them; nil if it has none, or they do not load, which is for what simulates
// its settings to say.
func (r *run) waiversOfHead() *waiver.List {
	file := cmp.Or(r.flags.waivers, filepath.Join(cmp.Or(r.settings.folder, settingsFolder), "waivers.yaml"))
	if _, inside := r.origin.rel(file); !inside {
		return nil
	}
	list, _, err := readWaivers(workingTree, file)
	if err != nil {
		return nil
	}
	return list
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

// readWaivers reads a waivers file, and gives its text too.
func readWaivers(from *origin, file string) (*waiver.List, []byte, error) {
	f, err := from.open(file)
	if err != nil {
		return nil, nil, setup(err, "headgate waive writes one")
	}
	defer f.Close()
	var text bytes.Buffer
	list, err := waiver.Read(shown(file), io.TeeReader(f, &text))
	if err != nil {
		return nil, nil, setup(err, "headgate schema waivers says what a waiver can have, and headgate waive writes one")
	}
	return list, text.Bytes(), nil
}

// joinWaivers joins to the cases the waivers that are about them.
func (r *run) joinWaivers(context.Context) error {
	w := &r.waivers
	if w.list == nil && w.head == nil {
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
