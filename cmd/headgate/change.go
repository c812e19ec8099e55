package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/change"
	"github.com/headgate/headgate/engine/report"
	"github.com/headgate/headgate/integrations/git"
)

// changeSources are what tells a run what the change introduced; each is nil if nobody named it.
type changeSources struct {
	base  *change.Base
	diff  *change.Diff
	found []engine.Discovery // of the head, correlated
	tip   string             // the commit with the change that was scanned, or is taken for it; empty: not known
}

// checkChange looks at the forms of --baseline and --diff, before anything is read.
func (r *run) checkChange() error {
	if slices.Contains(r.flags.baseline, "-") {
		return setup(errors.New("--baseline cannot be standard input"), "write the report to a file")
	}
	if slices.Contains(r.flags.baseline, "") {
		return setup(errors.New("--baseline names no file"), "")
	}
	d := r.flags.diff
	if d == "" || spans(d) {
		return nil
	}
	if s, err := os.Stat(d); err != nil {
		return setup(fmt.Errorf("--diff %s is neither two commits nor a file", d), "write BASE...HEAD, as origin/main...HEAD, or name a patch")
	} else if s.IsDir() {
		return setup(fmt.Errorf("--diff %s is a folder", d), "write BASE...HEAD, as origin/main...HEAD, or name a patch")
	}
	return nil
}

// spans says whether a value of --diff names commits. What does is never taken for a file, even if there is one of that name: the
// change under review could have put it there.
func spans(value string) bool {
	return strings.Contains(value, "...") || slices.ContainsFunc(strings.Split(filepath.ToSlash(value), "/"), func(part string) bool {
		return part != ".." && strings.Contains(part, "..")
	})
}

// readChange reads the base and the diff.
func (r *run) readChange(ctx context.Context) (err error) {
	if len(r.flags.baseline) > 0 {
		if r.change.base, err = r.readBase(ctx); err != nil {
			return err
		}
	}
	by := "--diff " + r.flags.diff
	switch d := r.flags.diff; {
	case d == "" && r.origin == nil:
		return nil
	case d == "":
		by = "git"
		r.change.diff = r.ownDiff(ctx)
	case spans(d):
		r.change.diff, err = r.readCommits(ctx, d)
	default:
		r.change.diff, err = readPatch(d)
	}
	if err != nil || r.change.diff == nil {
		return err
	}
	if r.change.diff.Empty() {
		r.app.say("note", "the change is empty by "+by)
	}
	if r.underReview() {
		r.change.tip = cmp.Or(r.change.tip, r.result.Change.Head)
		r.weakenByDiff(by)
	}
	return nil
}

// weakenByDiff records what the change under review touches that says which scans run, what they leave out, or who has to approve.
func (r *run) weakenByDiff(by string) {
	if r.change.diff.Empty() {
		r.weaken("the change is empty by " + by)
	}
	for _, what := range r.change.diff.Loosens() {
		r.weaken(what)
	}
}

// ownDiff is the diff of the change under review where nobody names one. If it cannot be had, that is said: all counts as introduced then.
func (r *run) ownDiff(ctx context.Context) *change.Diff {
	span, err := r.span(ctx)
	if err == nil {
		var d *change.Diff
		if d, err = r.readCommits(ctx, span); err == nil {
			return d
		}
	}
	r.app.say("note", "what the change touched is not known, so that all counts as introduced: "+err.Error())
	if hint := hintOnCommits(err); hint != "" {
		r.app.say("hint", hint)
	}
	return nil
}

// span is what the change under review is for git. Where a merge of it into its base is checked out, as on GitHub, the merge is what was
// scanned, and what it adds to the base is the change, however little of the history is here. That holds for the merge that the event
// names, and for one into what the base has in its past: one into anything else could hide there what the change brings.
func (r *run) span(ctx context.Context) (string, error) {
	base, head := r.origin.commit, r.result.Change.Head
	switch {
	case r.event.Name == "pull_request_target":
		return "", errors.New("nothing of the head is read in pull_request_target")
	case !r.origin.git:
		return "", git.ErrNoRepository
	case r.event.second != "":
		return base + "..." + head, r.fetchHead(ctx, head)
	}
	here, err := git.Commit(ctx, ".", "HEAD")
	if err != nil {
		return "", err
	}
	if tried := triedOn(ctx, here, head); tried != "" && (here == r.event.SHA || git.Contains(ctx, ".", base, tried)) {
		if _, err := git.Commit(ctx, ".", tried); err != nil {
			if err := git.Fetch(ctx, ".", tried); err != nil {
				return "", err
			}
		}
		return tried + ".." + here, nil
	}
	parents, err := git.Parents(ctx, ".", here)
	if err != nil {
		return "", err
	}
	queue := r.event.MergeGroup // whose head is always made on its base
	if here == head && (len(parents) > 0 && parents[0] == base || queue != nil && queue.Head.SHA == head && queue.Base.SHA == base) {
		return base + ".." + here, nil
	}
	return base + "..." + head, nil
}

// fetchHead brings the head of a change that another run looked at, as data: it is never checked out here.
func (r *run) fetchHead(ctx context.Context, head string) error {
	if _, err := git.Commit(ctx, ".", head); err == nil {
		return nil
	}
	return git.Fetch(ctx, ".", head)
}

// readBase reads what was found before the change. One file that cannot be read, or a scan that did not finish, would make of what was
// there before something new: it is an error.
func (r *run) readBase(ctx context.Context) (*change.Base, error) {
	files, err := findReports(r.flags.baseline)
	if err != nil {
		return nil, hinted(err, hintOnBase)
	}
	base := change.NewBase()
	var reports []reportFile
	for _, f := range files {
		if !isResult(f.name) {
			reports = append(reports, f)
			continue
		}
		if err := r.readBaseResult(base, f.name); err != nil {
			return nil, err
		}
	}
	if len(files) == 0 {
		return nil, undecided(fmt.Errorf("the base has no report: %s", strings.Join(r.flags.baseline, ", ")), hintOnBase)
	}
	if len(reports) == 0 {
		return base, nil
	}
	o, err := r.app.ingestOptions(r.flags, r.settings, r.result.Change.Repository)
	if err != nil {
		return nil, err
	}
	read, err := r.app.readReports(ctx, reports, o, false)
	if err != nil {
		return nil, hinted(err, hintOnBase)
	}
	for _, name := range read.passedOver {
		r.app.say("note", name+" is not a report and was passed over")
	}
	if read.scans == 0 && len(reports) == len(files) {
		return nil, undecided(fmt.Errorf("the base has no report of what a scan found: %s", strings.Join(r.flags.baseline, ", ")), hintOnBase)
	}
	if err := r.baseComplete(read.reports); err != nil {
		return nil, err
	}
	base.AddReports(engine.Correlate(read.discoveries), read.reports)
	return base, nil
}

const hintOnBase = "scan the base as the head is scanned; without --baseline all counts as introduced that --diff does not show otherwise"

// readBaseResult takes the findings of a result file.
func (r *run) readBaseResult(base *change.Base, name string) error {
	file, err := os.Open(name)
	if err != nil {
		return undecided(fmt.Errorf("the base: %w", err), hintOnBase)
	}
	defer file.Close()
	result, err := report.ReadResult(file)
	if err != nil {
		return undecided(fmt.Errorf("the base: %s: %w", name, err), hintOnBase)
	}
	if have, want := result.Change.Repository, r.result.Change.Repository; have != "" && want != "" && !strings.EqualFold(have, want) {
		return undecided(fmt.Errorf("the base: %s is of %s, and this run of %s", name, have, want), hintOnBase)
	}
	if err := r.baseComplete(result.Reports); err != nil {
		return err
	}
	r.compareSecretsKeys(name, result)
	base.AddResult(result)
	return nil
}

// compareSecretsKeys says that secrets of a base result cannot be found again here, because their ids are made with another key: as in a
// run of a fork, which does not have the key. They count as introduced, which is the safe side and looks like a fault.
func (r *run) compareSecretsKeys(name string, base *engine.Result) {
	was, is := base.Engine.SecretsKey, r.result.Engine.SecretsKey
	keys := map[string]string{engine.SecretsKeyGiven: "a key that was given", engine.SecretsKeyDerived: "one made of the target's name"}
	if was == is || keys[was] == "" || !slices.ContainsFunc(base.Cases, func(c engine.Case) bool { return c.Input.Finding.Kind == engine.KindSecret }) {
		return
	}
	r.app.say("note", fmt.Sprintf("%s: its secrets are digested with %s, and here with %s: none of them is known again, and each counts as introduced",
		name, keys[was], keys[is]))
}

// baseComplete fails if a scan of the base did not finish, unless its report is allowed by name.
func (r *run) baseComplete(reports []engine.Report) error {
	allowed := append(slices.Clone(r.flags.incomplete), r.settings.AllowIncomplete...)
	for _, rep := range reports {
		if rep.Complete {
			continue
		}
		if !slices.Contains(allowed, rep.Name) && !slices.Contains(allowed, path.Base(rep.Name)) {
			return undecided(fmt.Errorf("the base: %s: the scan did not finish: %s", rep.Name, rep.Incomplete),
				"scan the base again, or let what it lacks count as introduced with --allow-incomplete "+path.Base(rep.Name))
		}
		r.weaken("incomplete base report " + rep.Name)
	}
	return nil
}

// hinted is an error with a hint where it has none.
func hinted(err error, hint string) error {
	if f := (*failure)(nil); errors.As(err, &f) {
		if f.hint == "" {
			f.hint = hint
		}
		return &failure{status: f.status, err: fmt.Errorf("the base: %w", f.err), hint: f.hint}
	}
	return err
}

// mostOfAManifest is as much of a manifest as is read to see what it names.
const mostOfAManifest = 4 << 20

// readCommits reads the diff between two commits.
func (r *run) readCommits(ctx context.Context, span string) (*change.Diff, error) {
	c, err := git.Open(ctx, ".", span)
	if err != nil {
		return nil, undecided(fmt.Errorf("--diff %s: %w", span, err), hintOnCommits(err))
	}
	if r.change.tip = c.Head; r.origin == nil {
		r.result.Change.Base, r.result.Change.Head = c.Base, c.Head
	}
	var d *change.Diff
	var broken error
	if err := c.Diff(ctx, func(in io.Reader) error {
		d, broken = change.ParseDiff(in)
		return broken
	}); err != nil {
		return nil, undecided(fmt.Errorf("--diff %s: %w", span, err), "")
	}
	files, links, err := c.Files(ctx)
	if err != nil {
		return nil, undecided(fmt.Errorf("--diff %s: the files of the head: %w", span, err), "")
	}
	d.KnowTree(files, links)
	for _, name := range d.Manifests() {
		text, err := c.Read(ctx, name, mostOfAManifest)
		if err != nil {
			return nil, undecided(fmt.Errorf("--diff %s: read %s: %w", span, name, err), "")
		}
		d.KnowText(name, text)
	}
	return d, r.knowLines(ctx, c, d)
}

// Bounds of what is read to see how touched files end their lines.
const (
	mostOfCode = 8 << 20 // of one file
	mostCode   = 500     // files
)

// knowLines reads the touched files in which something was found at a line. A file that is too large keeps what the diff shows of it.
func (r *run) knowLines(ctx context.Context, c *git.Change, d *change.Diff) error {
	names := map[string]bool{}
	for i := range r.reading.discoveries {
		for _, l := range r.reading.discoveries[i].Finding.Locations {
			if name := strings.TrimPrefix(path.Clean(l.Path), "/"); l.Line > 0 && len(names) < mostCode && d.Touches(name) {
				names[name] = true
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		text, err := c.Read(ctx, name, mostOfCode)
		if err != nil {
			return undecided(fmt.Errorf("--diff: read %s: %w", name, err), "")
		}
		if len(text) < mostOfCode {
			d.KnowLines(name, text)
		}
	}
	return nil
}

// hintOnCommits is what to do about commits that are not here.
func hintOnCommits(err error) string {
	switch {
	case errors.Is(err, git.ErrShallow):
		return "fetch the history: actions/checkout with fetch-depth: 0, or git fetch --unshallow"
	case errors.Is(err, git.ErrAmbiguous):
		return "name the one that is meant in full, as refs/remotes/origin/main"
	case errors.Is(err, git.ErrNoCommit):
		return "git fetch origin brings the commits of other branches; name them as origin/main"
	case errors.Is(err, git.ErrNoRepository):
		return "run in the checkout, or name a patch file"
	}
	return ""
}

// readPatch reads a patch file. An empty one is most likely of a command that failed, and would say that nothing was touched.
func readPatch(name string) (*change.Diff, error) {
	const hint = "git diff BASE...HEAD > change.patch writes one"
	file, err := os.Open(name)
	if err != nil {
		return nil, undecided(fmt.Errorf("read the patch %s: %w", name, plain(err)), hint)
	}
	defer file.Close()
	d, err := change.ParseDiff(file)
	if err != nil {
		return nil, undecided(fmt.Errorf("the patch %s: %w", name, err), hint)
	}
	if d.Empty() {
		return nil, undecided(fmt.Errorf("the patch %s is empty", name), hint)
	}
	return d, nil
}

const statusPath = "context.change.status"

// joinChange says of each case whether the change introduced it, and what the change fixed. What a scanner says of its own baseline
// counts only where neither base nor diff can tell: it does not say what it compared with.
func (r *run) joinChange(ctx context.Context) error {
	head := &change.Head{Raw: r.reading.discoveries, Found: r.change.found, Reports: r.reading.reports, Repository: r.result.Change.Repository}
	verdicts := change.Classify(head, r.change.base, r.change.diff)
	byScanner := 0
	for i := range r.result.Cases {
		c := &r.result.Cases[i]
		v, judged := verdicts[c.Input.Finding.ID]
		if s := c.Input.Context.Change.Status; v.Status == "" && s != "" {
			if s != engine.StatusIntroduced {
				byScanner++
			}
			continue
		}
		if judged {
			c.Input.Context.Change.Status = v.Status
			c.Provenance[statusPath] = engine.Provenance{Source: v.Ground}
		}
	}
	if byScanner > 0 && r.underReview() {
		r.weaken(fmt.Sprintf("the scanner's own baseline on %d of %d cases", byScanner, len(r.result.Cases)))
	}
	fixed := map[string]engine.Finding{}
	for _, f := range append(r.change.base.Fixed(head), change.FixedByScanner(r.reading.fixed, head)...) {
		fixed[f.ID] = f
	}
	for _, id := range slices.Sorted(maps.Keys(fixed)) {
		r.result.Fixed = append(r.result.Fixed, fixed[id])
	}
	r.weakenByTracked(ctx)
	return nil
}

// mostTracked is how many reports are named that the change under review may have written.
const mostTracked = 5

// weakenByTracked records a base, patch or report that lies in the repository: the change under review may have written it. A report of
// its own can take the place of one that is expected, or say that what others found is not reached.
func (r *run) weakenByTracked(ctx context.Context) {
	if !r.underReview() {
		return
	}
	names := slices.Clone(r.flags.baseline)
	if d := r.flags.diff; d != "" && !spans(d) {
		names = append(names, d)
	}
	for _, name := range names {
		files := []string{name}
		if _, err := os.Lstat(name); err != nil { // a pattern
			files, _ = matching(name) // it was read before: nothing fits no more, and nothing is tracked
		}
		if git.Tracked(ctx, files...) {
			r.weaken(filepath.ToSlash(name) + " from the change under review")
		}
	}
	if r.given != nil { // whose reports are no files here, and its author's altogether
		return
	}
	var read []string
	for i := range r.reading.reports {
		if file := fileOf(r.reading.reports[i].Name); file != "" && (len(read) == 0 || file != read[len(read)-1]) {
			read = append(read, file)
		}
	}
	n := 0
	for some := range slices.Chunk(read, 100) { // in few questions where there is nothing to name
		if !git.Tracked(ctx, some...) {
			continue
		}
		for _, file := range some {
			if !git.Tracked(ctx, file) {
				continue
			}
			if n++; n > mostTracked {
				r.weaken("more reports from the change under review")
				return
			}
			r.weaken("report " + shown(file) + " from the change under review")
		}
	}
}
