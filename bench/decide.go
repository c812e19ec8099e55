package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/headgate/headgate/bench/estate"
	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/policies"
)

// perLoop is how many cases the prepared query is asked about: each costs the same, however many there are.
const perLoop = 4000

// jobs are what runs in a process of its own.
var jobs = map[string]func(ctx context.Context, size int, dir string) (map[string]taken, error){
	"decide":  decideJob,
	"loop":    loopJob,
	"compare": compareJob,
	"append":  appendJob,
	"ledger":  ledgerJob,
	"verify":  verifyJob,
}

func runJob(ctx context.Context, name string, size int, dir, profile string) error {
	job := jobs[name]
	if job == nil {
		return fmt.Errorf("there is no job %q", name)
	}
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	found, err := job(ctx, size, dir)
	if err != nil {
		return err
	}
	return printJob(found)
}

// rounds is how often the largest estate is decided. The round with the median ratio counts: a machine that others use too has another speed
// from one half minute to the next.
const rounds = 5

// A round decides the largest estate, evidence into segment files, and asks the prepared query right before and right after.
type round struct{ ours, alone, loop taken }

func (r round) ratio() ratio { return faster(r.ours, r.loop) }

// measureDecide decides an estate with the default packs, and asks a prepared OPA query about a part of the same cases, on as many cores.
func measureDecide(ctx context.Context, b *bench) ([]line, error) {
	if _, err := b.apart(ctx, "compare", b.size, b.dir); err != nil {
		return nil, err
	}
	var all []round
	for range rounds {
		one, err := b.round(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(x, y round) int { return cmp.Compare(x.ratio().wall, y.ratio().wall) })
	middle, least, most := all[rounds/2], all[0], all[rounds-1]
	b.grown = append(b.grown, grown(middle.ours, middle.alone, middle.loop))
	b.scale.decided = middle.ours
	if !b.small {
		for size := b.size / 10; size >= 1000; size /= 10 {
			both, alone, err := b.decided(ctx, size)
			if err != nil {
				return nil, err
			}
			b.grown = append(b.grown, grown(both, alone, middle.loop))
		}
	}
	r, peak := middle.ratio(), slices.MaxFunc(all, func(x, y round) int { return cmp.Compare(x.ours.Peak, y.ours.Peak) }).ours.Peak
	return []line{{fmt.Sprintf("%s cases (Zipf over 30,000 CVEs, 2,000 assets) decided with default packs, evidence into segment files, against one prepared OPA query per case on the same cores", amount(float64(middle.ours.N))),
		"20×, below 1 GiB", fmt.Sprintf("%v, of %d rounds from %.1f to %.1f×; %s: %s cases a second; deciding alone %v", r, rounds, least.ratio().wall, most.ratio().wall, inMiB(peak),
			amount(middle.ours.perSecond()), faster(middle.alone, middle.loop)), r.wall >= 20 && peak < 1<<30, "go run ./bench -rows decide"}}, nil
}

func (b *bench) round(ctx context.Context) (r round, err error) {
	before, err := b.loop(ctx)
	if err != nil {
		return r, err
	}
	if r.ours, r.alone, err = b.decided(ctx, b.size); err != nil {
		return r, err
	}
	after, err := b.loop(ctx)
	r.loop = before.and(after)
	return r, err
}

// loop is what the prepared query takes.
func (b *bench) loop(ctx context.Context) (taken, error) {
	found, err := b.apart(ctx, "loop", b.size, b.dir)
	return found["loop"], err
}

// decided is what deciding an estate of a size takes.
func (b *bench) decided(ctx context.Context, size int) (both, alone taken, err error) {
	dir := filepath.Join(b.dir, fmt.Sprintf("evidence-%d", size))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return both, alone, err
	}
	defer os.RemoveAll(dir)
	found, err := b.apart(ctx, "decide", size, dir)
	alone = found["decide"]
	both = alone.and(found["write"])
	both.N = alone.N // the same cases
	return both, alone, err
}

// grown is a row of the table of sizes.
func grown(both, alone, loop taken) string {
	r, d := faster(both, loop), faster(alone, loop)
	return fmt.Sprintf("| %s | %s | %.1f | %.1f | %.1f× (CPU time %.1f×) | %.1f× | %s |", amount(float64(both.N)), amount(both.perSecond()), micros(alone), micros(both)-micros(alone),
		r.wall, r.cpu, d.wall, inMiB(both.Peak))
}

func micros(t taken) float64 { return float64(t.each().Nanoseconds()) / 1000 }

func shipped(ctx context.Context, src engine.PolicySource) (*engine.Policy, error) {
	src.Shipped, src.Packs = policies.Files, policies.Default
	return engine.LoadPolicy(ctx, src)
}

// decideJob decides an estate chunk by chunk and writes the evidence of it. Making the estate up is not counted.
func decideJob(ctx context.Context, size int, dir string) (map[string]taken, error) {
	p, err := shipped(ctx, engine.PolicySource{Assume: policies.Assume})
	if err != nil {
		return nil, err
	}
	var deciding, writing stopwatch
	all := estate.New(1)
	if err := writeEvidence(ctx, p, terms(p, "acme/estate"), all.Waivers(), all.Cases(size), dir, &deciding, &writing); err != nil {
		return nil, err
	}
	return map[string]taken{"decide": deciding.taken, "write": writing.taken}, nil
}

// writeEvidence decides cases and leaves their evidence in a folder.
func writeEvidence(ctx context.Context, p *engine.Policy, under evidence.Terms, waivers []engine.Waiver, chunks iter.Seq[[]engine.Case], dir string,
	deciding, writing *stopwatch) error {
	files, err := p.Files()
	if err != nil {
		return err
	}
	create := func(name string) (io.WriteCloser, error) { return os.Create(filepath.Join(dir, name)) }
	w, err := evidence.NewWriter(create, under, files)
	if err != nil {
		return err
	}
	for _, one := range waivers {
		if err := w.Add(evidence.Record{Kind: evidence.KindWaiver, Waiver: record(one)}); err != nil {
			return err
		}
	}
	result := &engine.Result{Schema: engine.ResultSchema, Outcome: engine.Warn, Now: estate.Today, Weakened: []string{}}
	for cases := range chunks {
		deciding.start()
		err = p.Decide(ctx, cases, estate.Today)
		deciding.stop(len(cases))
		if err != nil {
			return err
		}
		writing.start()
		err = w.Cases(cases, nil)
		writing.stop(len(cases))
		if err != nil {
			return err
		}
		for i := range cases {
			count(&result.Counts, &cases[i].Decision)
		}
	}
	writing.start()
	_, err = w.Close(evidence.Outcome{Result: result, AssetsInScope: estate.Assets, AssetsEvaluated: estate.Assets})
	writing.stop(0)
	return err
}

// record is what evidence says of a waiver that is in force.
func record(w engine.Waiver) *evidence.Waiver {
	return &evidence.Waiver{ID: w.ID, State: evidence.WaiverUsed, Package: "pkg:*", Reason: w.Reason, Requester: w.Requester, Approver: w.Approver, Verified: w.Verified,
		How: "merged by " + w.Approver, Created: w.Created, Expires: w.Expires, Cases: 1}
}

// count adds a decision to what evidence counts.
func count(n *engine.Counts, d *engine.Decision) {
	n.Findings++
	n.Cases++
	*[]*int{&n.Track, &n.TrackStar, &n.Attend, &n.Act}[d.Priority.Rank()]++
	*[]*int{&n.Pass, &n.Warn, &n.Block}[d.Action.Rank()]++
	if d.Exemption() != nil {
		n.Waived++
	}
}

// terms are those of a run that decides.
func terms(p *engine.Policy, repository string) evidence.Terms {
	return evidence.Terms{At: estate.Today, Engine: engine.Versions{Headgate: "bench", OPA: engine.OPAVersion()}, Builtins: evidence.BuiltinsDigest(),
		Change: engine.RunChange{Event: engine.EventSchedule, Repository: repository, Branch: "main"}, Policy: evidence.PolicyTerms{PolicyInfo: p.Info()},
		Settings: evidence.Settings{Assume: policies.Assume, Approvers: []string{estate.Approver}},
		Reports:  []engine.Report{{Name: "estate.sarif", Format: "sarif", Tool: "estate", Digest: estate.ReportDigest, Complete: true}}}
}

// loopJob asks a prepared query about cases one by one, on all cores, as who embeds OPA does.
func loopJob(ctx context.Context, size int, dir string) (map[string]taken, error) {
	query, inputs, err := loopOf(ctx, estate.New(1).Sample(size, perLoop), dir)
	if err != nil {
		return nil, err
	}
	var watch stopwatch
	watch.start()
	_, err = askAll(ctx, query, inputs)
	watch.stop(len(inputs))
	return map[string]taken{"loop": watch.taken}, err
}

// loopOf prepares the query that the default packs answer, and inputs for it.
func loopOf(ctx context.Context, cases []engine.Case, dir string) (query rego.PreparedEvalQuery, inputs []map[string]any, err error) {
	loaded := filepath.Join(dir, "loop")
	if err := defaultPolicies(loaded); err != nil {
		return query, nil, err
	}
	for i := range cases {
		text, err := json.Marshal(&cases[i].Input)
		if err != nil {
			return query, nil, err
		}
		var in map[string]any
		if err := json.Unmarshal(text, &in); err != nil {
			return query, nil, err
		}
		inputs = append(inputs, in)
	}
	query, err = rego.New(rego.Query("data.main.decision"), rego.Load([]string{loaded}, nil)).PrepareForEval(ctx)
	return query, inputs, err
}

// askAll asks about all inputs, and gives the priority of each.
func askAll(ctx context.Context, query rego.PreparedEvalQuery, inputs []map[string]any) ([]engine.Priority, error) {
	said, errs := make([]engine.Priority, len(inputs)), make([]error, len(inputs))
	var next atomic.Int64
	var work sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		work.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(inputs) {
					return
				}
				said[i], errs[i] = ask(ctx, query, inputs[i])
			}
		})
	}
	work.Wait()
	for i, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("case %d: %w", i, err)
		}
	}
	return said, nil
}

func ask(ctx context.Context, query rego.PreparedEvalQuery, input map[string]any) (engine.Priority, error) {
	results, err := query.Eval(ctx, rego.EvalInput(input))
	if err != nil {
		return "", err
	}
	if len(results) != 1 {
		return "", fmt.Errorf("the query has %d results", len(results))
	}
	answer, _ := results[0].Expressions[0].Value.(map[string]any)
	priority, _ := answer["priority"].(string)
	return engine.Priority(priority), nil
}

// compareJob makes sure that both sides decide the same, where nothing is assumed of what is not known: OPA assumes nothing.
func compareJob(ctx context.Context, size int, dir string) (map[string]taken, error) {
	cases := estate.New(1).Sample(size, perLoop)
	query, inputs, err := loopOf(ctx, cases, dir)
	if err != nil {
		return nil, err
	}
	said, err := askAll(ctx, query, inputs)
	if err != nil {
		return nil, err
	}
	p, err := shipped(ctx, engine.PolicySource{NoRange: true})
	if err != nil {
		return nil, err
	}
	if err := p.Decide(ctx, cases, estate.Today); err != nil {
		return nil, err
	}
	for i := range cases {
		if cases[i].Decision.Priority != said[i] {
			return nil, fmt.Errorf("%s is %s by itself, and %s by class", cases[i].Input.Finding.ID, said[i], cases[i].Decision.Priority)
		}
	}
	return nil, nil
}
