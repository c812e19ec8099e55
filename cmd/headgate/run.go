package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/ingest"
	"github.com/headgate/headgate/engine/intel"
	"github.com/headgate/headgate/engine/paths"
	"github.com/headgate/headgate/engine/plan"
	"github.com/headgate/headgate/engine/scope"
	"github.com/headgate/headgate/integrations/git"
)

// A run is one way through the main job: reports in, decided cases out.
type run struct {
	app       *app
	flags     *runFlags
	guard     *guard  // nil: nothing is decided
	event     trigger // of the code host
	origin    *origin // what judges
	reviewed  *run    // of a run that tries what a change proposes: the one that reviews the change; else nil
	settings  *settings
	assets    *scope.Inventory
	choice    *policyChoice // which policies decide
	policy    *engine.Policy
	intel     *intel.Snapshot
	given     *artifact // that is read instead of what arguments name; nil: there is none
	reading   *reading
	waivers   waivers
	blockFrom engine.Priority // empty: as the policy's table says
	paths     *paths.Analysis // nil: no attack paths are known
	weights   plan.Weights    // of fixes
	change    changeSources
	result    *engine.Result

	validations []engine.Proof       // that the team states
	seen        []engine.Observation // what was seen loaded
	ledger      *ledger              // that the run is appended to; nil: none
	shared      *sharedSweep         // takes the files that other processes are to have as this one read them; nil: there are none
	kept        *kept                // the evidence that the run left, for workflows; nil: none
}

// decideReports is the main job: it reads reports and everything that is set up, and decides. What does not load is said before what
// cannot be read. The run is there with an error too, as far as it got.
func (a *app) decideReports(ctx context.Context, f *runFlags, args []string) (*run, error) {
	r := a.newRun(f)
	return r, r.decideReports(ctx, args)
}

func (a *app) newRun(f *runFlags) *run {
	return &run{app: a, flags: f, result: &engine.Result{Weakened: []string{}, Engine: engine.Versions{Headgate: buildVersion()}}}
}

func (r *run) decideReports(ctx context.Context, args []string) error {
	if r.flags.maxMemory < 0 {
		return setup(errors.New("--max-memory-bytes is negative"), "")
	}
	ctx, watching, done := r.app.guard(ctx, r.flags.deadline, r.flags.maxMemory)
	defer done()
	r.guard = watching
	defer func() { r.origin.end() }()
	if err := r.setUp(ctx, args); err != nil {
		return err
	}
	// Compiling the policies takes most of a small run and unpacking the scores most of the rest, so they go side by side with reading
	// the reports. Each writes its own fields; what the user set up is said before what cannot be read.
	var work sync.WaitGroup
	var policyErr, intelErr, readErr error
	work.Go(func() { policyErr = r.loadPolicy(ctx) })
	work.Go(func() { intelErr = r.loadIntel() })
	if readErr = r.read(ctx, args); readErr == nil {
		readErr = r.readChange(ctx)
	}
	work.Wait()
	for _, err := range []error{policyErr, readErr, intelErr} {
		if err != nil {
			return err
		}
	}
	r.weakenByPolicy()
	r.weakenByLaterIntel()
	r.notes()
	if err := r.decide(ctx); err != nil {
		if f := (*failure)(nil); errors.As(err, &f) {
			return err
		}
		if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
			err = cause
		}
		return undecided(err, "")
	}
	if err := r.keepIntel(ctx); err != nil {
		return err
	}
	r.propose(ctx, args)
	return nil
}

// setUp finds out why the gate runs and what judges, and reads what is set up.
func (r *run) setUp(ctx context.Context, args []string) (err error) {
	if r.event.Name == "" {
		if r.event, err = r.app.trigger(); err != nil {
			return undecided(err, "")
		}
	}
	if r.result.Change.Event, err = r.flags.runEvent(&r.event); err != nil {
		return err
	}
	if said := events[r.event.Name]; said != "" && said != r.result.Change.Event {
		r.weaken(fmt.Sprintf("the event %s, where GitHub says %s", r.result.Change.Event, r.event.Name))
	}
	if r.underReview() {
		if err := r.openBase(ctx); err != nil {
			return err
		}
	} else {
		r.weakenByCheckout(ctx)
	}
	now, set, err := r.flags.clock(r.app)
	if err != nil {
		return err
	}
	r.result.Now = now
	if set {
		r.weaken("clock " + now.Format(time.RFC3339))
	}
	if r.flags.reportOnly {
		r.weaken("report-only")
	}
	if err := r.loadJudges(ctx, args); err != nil {
		return err
	}
	return r.openLedger(ctx)
}

// loadJudges reads what the user sets up.
func (r *run) loadJudges(ctx context.Context, args []string) (err error) {
	if r.settings, err = r.app.openSettings(r.origin, r.flags.settings, args); err != nil {
		return err
	}
	if r.result.Change.Repository == "" {
		r.result.Change.Repository = r.repository(args)
	}
	r.weakenByPlaces()
	r.weakenByIntel()
	if err := r.loadScope(); err != nil {
		return err
	}
	r.sayScope()
	for _, load := range setUps {
		if err := load(r); err != nil {
			return err
		}
	}
	return r.loadWaivers(ctx)
}

// setUps read what else the user sets up: one line for each kind. They run before any report is read. Waivers come last: what proves them may
// have to be fetched.
var setUps = []func(*run) error{
	(*run).blockFromPriority,
	(*run).weakenByAssumptions,
	(*run).checkChange,
	(*run).readValidations,
	(*run).readObservations,
	(*run).loadWeights,
}

// blockFromPriority notes from which priority on the run blocks, where someone says so.
func (r *run) blockFromPriority() (err error) {
	if r.blockFrom, err = r.flags.blockFrom(r.settings); err == nil && r.blockFrom != "" {
		r.weaken(failOnWord + string(r.blockFrom))
	}
	return err
}

// failOnWord begins the record of a priority to block from; the priority follows.
const failOnWord = "fail-on "

// joins add to the cases what is known of them beyond the reports, in this order: one line for each source of facts.
var joins = []func(*run, context.Context) error{
	(*run).joinChange,
	(*run).joinHistory,
	(*run).joinIntel,
	(*run).joinVEX,
	(*run).joinRuntime,
	(*run).joinValidation,
	(*run).joinRequirements,
	(*run).joinConflicts,
	(*run).joinPaths,
	(*run).joinWaivers, // last: their guards ask what the others join
}

// underReview says whether the run decides about a change that others have yet to accept.
func (r *run) underReview() bool {
	return r.result.Change.Event == engine.EventPullRequest || r.result.Change.Event == engine.EventMergeGroup
}

// exemptedByVEX counts the cases that VEX statements call harmless.
func (r *run) exemptedByVEX() int {
	n := 0
	for i := range r.result.Cases {
		if v := r.result.Cases[i].Input.Context.VEX; v != nil && (v.Status == "not_affected" || v.Status == "fixed") {
			n++
		}
	}
	return n
}

// weakenByPlaces records what judges the change under review and is not of its base commit: who runs the job has it elsewhere, or made it.
// Threat data is no such thing: it is fetched where it is used, and the result names it by its digests.
func (r *run) weakenByPlaces() {
	for _, named := range []struct {
		what  string
		names []string
	}{
		{"settings", []string{r.flags.settings}}, {"policy folder", r.flags.policies}, {"assets file", []string{r.flags.assets}},
		{"waivers file", []string{r.flags.waivers}}, {"validations", r.flags.validations}, {"runtime", r.observedFiles(r.flags.runtime)},
	} {
		for _, name := range named.names {
			if r.origin.later(name) && named.what != "settings" {
				r.app.say("note", fmt.Sprintf("%s %s is not used: %v does not have it", named.what, shown(name), r.origin))
			}
			if name != "" && r.origin.made(name) && !(named.what == "policy folder" && isBundle(r.origin, name)) {
				r.weaken(named.what + " " + shown(name) + " not of the base commit")
			}
		}
	}
}

// weakenByIntel records threat data that lies where it is read from because the change under review brings it. It is not used; and where
// it took the place of what was fetched, that is not used either, so that a change could take from its judges what they know.
func (r *run) weakenByIntel() {
	if r.origin == nil {
		return
	}
	folder, _ := r.settings.intelFolder(r.flags.intel)
	names := []string{}
	if !isFolder(folder) {
		names = append(names, folder)
	}
	entries, _ := os.ReadDir(folder) // where it cannot be read, there is nothing
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			names = append(names, filepath.Join(folder, e.Name()))
		}
	}
	if at := slices.IndexFunc(names, r.origin.later); at >= 0 {
		r.weaken("threat data " + shown(names[at]) + " from the change under review, which is not used")
	}
}

func (r *run) weaken(what string) { r.result.Weakened = append(r.result.Weakened, what) }

// repository is what the reports are about: by flag, settings, CI or git; empty if none knows. Git is asked where the reports lie, and
// where they lie in no repository, in the current folder.
func (r *run) repository(args []string) string {
	for _, name := range []string{r.flags.repository, r.settings.Repository, r.app.getenv("GITHUB_REPOSITORY")} {
		if name != "" {
			return name
		}
	}
	if dir := firstFolder(args); dir != "" {
		return git.Repository(slices.Compact([]string{dir, "."})...)
	}
	return git.Repository(".")
}

// withParam is params with one more value, which replaces what is set.
func withParam(params map[string]any, pack, key string, value any) (map[string]any, error) {
	out := map[string]any{}
	for k, v := range params {
		out[k] = v
	}
	in := map[string]any{}
	if given, ok := out[pack]; ok {
		values, ok := given.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("params.%s: parameters are a map", pack)
		}
		for k, v := range values {
			in[k] = v
		}
	}
	in[key] = value
	out[pack] = in
	return out, nil
}

// loadIntel reads the threat data. If there is no folder of it, and none is named, its facts are absent.
func (r *run) loadIntel() (err error) {
	folder, named := r.settings.intelFolder(r.flags.intel)
	files, err := r.origin.withMade(folder)
	if err == nil {
		_, err = fs.ReadDir(files, ".")
	}
	if err != nil {
		if !named && errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if _, at := r.origin.find(folder); at == nowhere && isFolder(folder) {
			return undecided(fmt.Errorf("the intel folder %s is not in %v", folder, r.origin), "it can be used once it is there; until then leave --intel out, or fetch it")
		}
		return undecided(fmt.Errorf("the intel folder %s is not there", folder), "headgate intel update fetches it")
	}
	if r.intel, err = intel.Load(files); err != nil {
		return undecided(fmt.Errorf("intel in %s: %w", filepath.ToSlash(folder), err), "headgate intel update fetches it anew")
	}
	return nil
}

// read reads the reports.
func (r *run) read(ctx context.Context, args []string) error {
	o, err := r.app.ingestOptions(r.flags, r.settings, r.result.Change.Repository)
	if err != nil {
		return err
	}
	r.result.Engine.SecretsKey = engine.SecretsKeyDerived
	if o.SecretKey != nil {
		r.result.Engine.SecretsKey = engine.SecretsKeyGiven
	}
	if r.given != nil {
		return r.readArtifact(ctx, o)
	}
	files, err := findReports(args)
	if err != nil {
		return err
	}
	r.reading, err = r.app.readReports(ctx, files, o, r.flags.keepGoing)
	if f := (*failure)(nil); errors.As(err, &f) && f.hint == "" && errors.Is(err, fs.ErrNotExist) {
		f.hint = "scan first, so that the report is there; what another run decided is in its result file (gate -o json=result.json)"
	}
	return err
}

// ingestOptions say of reports what they do not say themselves.
func (a *app) ingestOptions(f *runFlags, s *settings, repository string) (ingest.Options, error) {
	o := ingest.Options{Repository: repository, MaxBytes: f.maxBytes}
	if o.MaxBytes == 0 {
		o.MaxBytes = s.MaxReportBytes
	}
	if o.MaxBytes < 0 {
		return o, setup(errors.New("the largest report has a negative size"), "")
	}
	key, err := a.secretKey(f.secretsKey, s)
	if err != nil {
		return o, err
	}
	o.SecretKey = key
	if dir, err := os.Getwd(); err == nil {
		o.Roots = append(o.Roots, dir)
	}
	if dir := a.getenv("GITHUB_WORKSPACE"); dir != "" {
		o.Roots = append(o.Roots, dir)
	}
	return o, nil
}

// decide correlates what was read, joins what is known, and asks the policy.
func (r *run) decide(ctx context.Context) error {
	if err := r.checkComplete(); err != nil {
		return err
	}
	found := engine.Correlate(r.reading.discoveries)
	r.change.found = found
	r.result.Cases = r.assets.Cases(found, r.result.Change.Event)
	if err := r.checkExpected(); err != nil {
		return err
	}
	if n := r.assets.Unclaimed(r.result.Cases); n > 0 {
		names := "that the assets file names"
		if len(r.settings.Scope) > 0 {
			names = "that is named (headgate scope shows them)"
		}
		r.app.say("note", fmt.Sprintf("%d of %d cases are on no asset %s", n, len(r.result.Cases), names))
	}
	for _, join := range joins {
		if err := join(r, ctx); err != nil {
			return err
		}
	}
	r.result.Intel = r.intel.Info()
	r.result.Reports = r.reading.reports
	if err := r.decideCases(ctx); err != nil {
		return err
	}
	r.reportWaivers()
	slices.Sort(r.result.Weakened)
	if err := r.policy.Conclude(ctx, r.result, len(found), r.flags.reportOnly); err != nil {
		return err
	}
	r.plan()
	return nil
}

// atOnce is how many cases are decided before somebody is told how far work has come.
const atOnce = 8192

// decideCases asks the policy about all cases.
func (r *run) decideCases(ctx context.Context) error {
	told := r.app.progress("deciding", len(r.result.Cases))
	defer told.end()
	for some := range slices.Chunk(r.result.Cases, atOnce) {
		if err := r.policy.Decide(ctx, some, r.result.Now); err != nil {
			return err
		}
		told.add(len(some))
	}
	return nil
}

// joinIntel adds threat data.
func (r *run) joinIntel(context.Context) error {
	if r.intel == nil {
		return nil
	}
	lookUp(r.intel, r.result.Cases)
	for i := range r.result.Cases {
		c := &r.result.Cases[i]
		if v := c.Input.Finding.Vulnerability; v != nil {
			maps.Copy(c.Provenance, r.intel.Provenance(intelIDs(v)))
		}
	}
	return nil
}

// lookUp puts threat data into cases.
func lookUp(in *intel.Snapshot, cases []engine.Case) {
	for i := range cases {
		if v := cases[i].Input.Finding.Vulnerability; v != nil {
			cases[i].Input.Context.Intel = in.Lookup(intelIDs(v))
		}
	}
}

// intelIDs are the ids of a vulnerability that threat data goes by: its CVEs, and those of ENISA's EUVD.
func intelIDs(v *engine.Vulnerability) []string {
	return slices.Concat(v.CVEs, v.EUVD())
}

// joinVEX adds what VEX documents among the reports state.
func (r *run) joinVEX(context.Context) error {
	scope.ApplyVEX(r.result.Cases, r.reading.statements)
	scope.ReachByVEX(r.result.Cases)
	if n := r.exemptedByVEX(); n > 0 && r.underReview() {
		r.weaken(fmt.Sprintf("VEX on %d of %d cases, which the change under review may have written", n, len(r.result.Cases)))
	}
	return nil
}

// joinRequirements adds how severe each vulnerability is on its asset, where the asset states what it requires.
func (r *run) joinRequirements(context.Context) error {
	scope.ApplyRequirements(r.result.Cases)
	return nil
}

// fileTime is when a report's file was last written; zero for standard input. For a report
// of an archive it is the archive's, as the archive's own word on its entries is nobody's.
func (r *run) fileTime(name string) time.Time {
	if r.given != nil {
		return r.given.made
	}
	if s, err := os.Stat(fileOf(name)); err == nil {
		return s.ModTime()
	}
	return time.Time{}
}

// fileOf is the file that a report was read from: its own, or the archive that it is in. Empty: there is none, as of standard input.
func fileOf(name string) string {
	for ; name != "-" && name != "." && name != "/"; name = path.Dir(name) {
		if s, err := os.Stat(name); err == nil {
			if s.IsDir() {
				return ""
			}
			return name
		}
	}
	return ""
}
