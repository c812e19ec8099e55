package page

import (
	"cmp"
	"html/template"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/kpi"
	"github.com/headgate/headgate/engine/report"
)

// Bounds of what is told one by one; the rest is counted.
const (
	firstFixes  = 5
	mostFixes   = 40
	mostWaivers = 40
	keptFixes   = 60 // of one branch, before those of all are put in order
)

// A view is everything that the templates show, as text that is clean.
type view struct {
	Style  template.CSS
	Script template.JS
	Policy string // content security policy

	Of, Day, Clock string
	Lead           []string
	Single         bool
	Basis          string // which time it is of, and what is not known; empty: nothing to say

	Tiles   []tile
	Unsaid  []pair // what would be told first, and is not known, and why
	Heat    []team
	Buckets []bucket
	Others  int // teams that are not in the heat map
	Next    []fix
	Plan    []fix
	Fixes   int // in all
	NoFix   int // cases that no known fix clears

	Survival        []chart
	WithoutSurvival []string
	SurvivalWas     bool // some of the curves stands beside that of the period before
	Before          string
	Weeks           []chart
	Gate            *gate
	Graph           *drawing
	Ways            []way
	MoreWays        int
	PathsNote       string
	Waivers         []waiver
	MoreWaivers     int
	WaiversNote     string
	Figures         []figure
	Unknown         []pair // figures that are not known, by why
	Was, Goals      bool   // some figure has a value before, or a target
	Rows            []row
	Table           table
	Total, Kept     int
	Repositories    bool // more than one, so that it is said of which a thing is
	Evidence        []pair
	Verify          string
	Proof           string // what the command of Verify can show
	Weakened        []string
}

// A pair is a term and what is said of it.
type pair struct {
	Term, Is string
	Code     bool
}

// A fix is one thing to do, in words.
type fix struct {
	What, Clears, Cuts, Owner, Due, Repository, Effort, Why string
	Share                                                   string // of all act and attend, cleared by it and those before it
	Ticket                                                  string
	How                                                     []string
	Late                                                    bool

	counts map[string]int
	cuts   int
}

// A waiver is an accepted risk that ends.
type waiver struct {
	ID, Of, Approver, Expires, In, Cases string
	Late                                 bool
}

// viewOf looks through a source.
func viewOf(s *Source) (*view, error) {
	v := &view{
		Style: template.CSS(styleSheet), Script: template.JS(script), Policy: policy(),
		Of: cmp.Or(report.Line(s.Of), "everything"), Day: s.Now.UTC().Format("2 January 2006"), Clock: s.Now.UTC().Format("15:04 UTC"), Single: s.Single,
		Verify: s.Verify,
	}
	g := gathered{single: s.Single}
	for r, err := range s.Results {
		if err != nil {
			return nil, err
		}
		g.add(r)
	}
	v.decisions(&g)
	v.Total = max(v.Total, s.Decisions)
	v.fixes(&g)
	v.paths(s, &g)
	if s.Figures != nil {
		v.figures(s.Figures)
	}
	v.waivers(s, &g)
	v.lead(s, &g)
	v.evidence(s, &g)
	return v, nil
}

// gathered is what is kept of the results.
type gathered struct {
	single       bool
	decisions    decisions
	fixes        [][]fix // of each result
	left         int     // fixes that were not kept
	noFix        int
	ways         []way
	chokes       []string
	latest       *engine.Result // without its cases
	sentences    []string
	repositories map[string]bool
	weakened     map[string]bool
	waived       map[string]*waived
	notes        []engine.WaiverNote
	uncovered    []string
}

func (g *gathered) add(r *engine.Result) {
	tickets := ticketsOf(r)
	for i := range r.Cases {
		row := rowOf(&r.Cases[i], r)
		row.Ticket = tickets.of(&r.Cases[i])
		g.decisions.add(row)
		g.accept(&r.Cases[i])
	}
	var fixes []fix
	for i := range r.Plan {
		if i == keptFixes {
			g.left += len(r.Plan) - i
			break
		}
		f := fixOf(&r.Plan[i], r)
		if !g.single && f.cuts > 0 && r.Graph != nil && f.cuts < r.Graph.Paths { // a ledger does not keep the whole graph
			f.Cuts = "cuts at least " + strings.TrimPrefix(f.Cuts, "cuts ")
		}
		fixes = append(fixes, f)
	}
	g.fixes = append(g.fixes, fixes)
	for i := range r.NoFix {
		for _, n := range r.NoFix[i].Cases {
			g.noFix += n
		}
	}
	ways, chokes := waysOf(r)
	g.ways, g.chokes = append(g.ways, ways...), append(g.chokes, chokes...)
	if r.Graph != nil {
		g.uncovered = append(g.uncovered, r.Graph.Uncovered...)
	}
	if g.repositories == nil {
		g.repositories, g.weakened = map[string]bool{}, map[string]bool{}
	}
	g.repositories[r.Change.Repository] = true
	for _, w := range r.Weakened {
		g.weakened[report.Line(w)] = true
	}
	if r.Waivers != nil {
		g.notes = append(g.notes, r.Waivers.Expired...)
	}
	if g.latest == nil || r.Now.After(g.latest.Now) {
		short := *r
		short.Cases, short.Plan, short.Paths, short.NoFix = nil, nil, nil, nil
		g.latest = &short
		if g.single {
			g.sentences = report.VerdictWords(r)
		}
	}
}

func (v *view) decisions(g *gathered) {
	g.decisions.cut()
	v.Repositories = len(g.repositories) > 1
	v.Rows, v.Total, v.Kept = g.decisions.rows, g.decisions.total, len(g.decisions.rows)
	v.Table = tableOf(v.Rows)
	v.Rows = v.Rows[:min(len(v.Rows), shownAtFirst)]
}

// fixOf words a fix.
func fixOf(f *engine.Fix, r *engine.Result) fix {
	counts := map[engine.Priority]int{}
	for p, n := range f.Clears {
		counts[engine.Priority(p)] = n
	}
	out := fix{
		What: report.SentenceCase(report.FixWords(f)), Clears: report.CountWords(counts), Cuts: report.CutWords(f, r), Owner: report.Line(strings.Join(f.Owners, ", ")),
		Repository: report.Line(r.Change.Repository), Effort: string(f.Effort), Why: sentence(f.Why), Late: f.Overdue > 0, counts: f.Clears, cuts: f.PathsCut,
	}
	if f.Cumulative > 0 {
		out.Share = percentage(f.Cumulative) + " %"
	}
	if !f.Due.IsZero() {
		out.Due = report.DayWords(f.Due, r.Now)
	}
	for _, how := range f.How[:min(len(f.How), 4)] {
		out.How = append(out.How, report.Line(how))
	}
	out.Ticket = ticketWords(f.Tickets)
	return out
}

// fixes puts the plans of all branches into one: each stays in its order, and of their next ones the one that clears the gravest goes first.
func (v *view) fixes(g *gathered) {
	lists := slices.Clone(g.fixes)
	v.Fixes, v.NoFix = g.left, g.noFix
	for _, l := range lists {
		v.Fixes += len(l)
	}
	for len(v.Plan) < mostFixes {
		best := -1
		for i, l := range lists {
			if len(l) > 0 && (best < 0 || graver(&l[0], &lists[best][0])) {
				best = i
			}
		}
		if best < 0 {
			break
		}
		next := lists[best][0]
		if lists[best] = lists[best][1:]; len(g.repositories) > 1 {
			next.Share = "" // it is of its own branch
		} else {
			next.Repository = ""
		}
		v.Plan = append(v.Plan, next)
	}
	v.Next = v.Plan[:min(len(v.Plan), firstFixes)]
}

func graver(a, b *fix) bool {
	for i := len(engine.Priorities) - 1; i >= 0; i-- {
		p := string(engine.Priorities[i])
		if a.counts[p] != b.counts[p] {
			return a.counts[p] > b.counts[p]
		}
	}
	return a.cuts > b.cuts
}

func (v *view) paths(s *Source, g *gathered) {
	ways := sortWays(g.ways)
	if len(ways) > 0 {
		v.Graph = draw(ways, g.chokes)
	}
	v.Ways = ways[:min(len(ways), mostWays)]
	v.MoreWays = len(ways) - len(v.Ways)
	if s.Team != "" && len(ways) > 0 {
		v.PathsNote = "Only paths over assets of " + report.Line(s.Team) + "."
	}
	slices.Sort(g.uncovered)
	if g.uncovered = slices.Compact(g.uncovered); len(g.uncovered) > 0 {
		const shown = 5
		names := g.uncovered[:min(len(g.uncovered), shown)]
		v.PathsNote = strings.TrimLeft(v.PathsNote+" Not known of ways over ", " ") + report.Line(strings.Join(names, ", "))
		if more := len(g.uncovered) - len(names); more > 0 {
			v.PathsNote += " and " + count(more, "other", "others")
		}
		v.PathsNote += ": no complete scan looked at " + word(len(g.uncovered), "it", "them") + "."
	}
}

// tileOrder are the figures that are told first, those of them that are known. Of a ledger the first two answer the question: where one is
// not known, it is said why.
var (
	tileOrder   = []string{"exposure.half_life", "paths.validated", "due.compliance", "due.overdue", "open.cases", "due.next_14_days", "noise.actionable"}
	singleOrder = []string{"noise.actionable", "due.overdue", "paths.validated", "noise.cut", "open.with_owner", "open.cases"}
)

// mostTiles is as many as fit beside each other. Without those that answer the question one less is enough.
const mostTiles = 5

func (v *view) figures(r *kpi.Report) {
	v.Before = periodBefore(r.Previous)
	if !v.Single && !nothing(r) {
		v.Basis = basis(r, v.Before)
	}
	order, main := tileOrder, 2
	if v.Single {
		order, main = singleOrder, 0
	}
	for i, id := range order {
		f := r.Find(id, "")
		switch {
		case f == nil:
		case f.Value != nil && len(v.Tiles) < mostTiles-min(1, len(v.Unsaid)):
			t := tileOf(f)
			if t.Main = i < main; t.Main {
				t.Spark = sparkFor(r, id)
			}
			v.Tiles = append(v.Tiles, t)
		case f.Value == nil && i < main && !nothing(r):
			v.Unsaid = append(v.Unsaid, pair{Term: figureName(f), Is: strings.TrimSuffix(report.Line(f.Absent), ".")})
		}
	}
	v.allFigures(r)
	v.Buckets = buckets
	v.Heat, v.Others = heat(r.Teams)
	v.Survival, v.WithoutSurvival = survival(r)
	v.SurvivalWas = slices.ContainsFunc(v.Survival, func(c chart) bool { return len(c.Lines) > 1 })
	if c := burnUp(r); c != nil {
		v.Weeks = append(v.Weeks, *c)
	}
	if c := overTime(r, "paths", "Validated exposure paths", "paths.validated"); c != nil {
		v.Weeks = append(v.Weeks, *c)
	}
	v.Gate = gateOf(r)
}

// evidence says by what everything was decided, and how that can be checked.
func (v *view) evidence(s *Source, g *gathered) {
	add := func(term, is string, code bool) {
		if is = report.Line(is); is != "" {
			v.Evidence = append(v.Evidence, pair{term, is, code})
		}
	}
	if r := g.latest; r != nil {
		add("policy", r.Policy.Digest, true)
		add("packs", strings.Join(r.Policy.Packs, ", "), false)
		add("headgate", r.Engine.Headgate, false)
		for _, f := range []struct {
			name string
			info *engine.FeedInfo
		}{{"KEV", r.Intel.KEV}, {"EPSS", r.Intel.EPSS}, {"SSVC points", r.Intel.SSVC}} {
			if f.info == nil {
				add(f.name, "not loaded", false)
				continue
			}
			is := cmp.Or(f.info.Catalog, f.info.Model)
			if !f.info.Date.IsZero() {
				is = strings.TrimSpace(is + " of " + f.info.Date.UTC().Format("2 January 2006"))
			}
			add(f.name, strings.TrimPrefix(is, "of "), false)
		}
	}
	if s.Figures != nil && s.Figures.Evidence != nil {
		e := s.Figures.Evidence
		if e.Size > 0 {
			signed := "not signed"
			if e.Signed {
				signed = "signed"
			}
			add("checkpoint", strings.TrimSpace(e.Origin+", ")+" "+count(int(e.Size), "leaf", "leaves")+", "+signed, false)
			add("root", e.Root, true)
			v.Proof = proof(e.Signed)
		}
		if !e.LatestRun.IsZero() {
			add("latest run", e.LatestRun.UTC().Format("2 January 2006, 15:04 UTC"), false)
		}
	}
	for w := range g.weakened {
		v.Weakened = append(v.Weakened, w)
	}
	slices.Sort(v.Weakened)
}

// proof says what can be shown of a log. Whether it holds is not for the page to say: it is what the command finds out.
func proof(signed bool) string {
	if signed {
		return "The log is signed. With the key of its signer (--key) and a checkpoint kept from before (--checkpoint), this shows that nothing was removed or altered:"
	}
	return "The log is not signed, which headgate gate --evidence-key does. This shows that its records fit together; anyone could have made them:"
}
