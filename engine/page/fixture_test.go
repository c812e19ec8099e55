package page

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/kpi"
	"github.com/headgate/headgate/engine/plan"
)

var now = time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC)

func day(n int) time.Time { return now.Truncate(24*time.Hour).AddDate(0, 0, n) }

// shop is the result of a run over a small shop: n findings on five services of three teams, with two attack paths.
func shop(n int) *engine.Result {
	assets := []engine.Asset{
		{ID: "edge", Owner: "team-web", Exposure: "internet", Criticality: "operational"},
		{ID: "checkout", Owner: "team-pay", Criticality: "mission_critical", Data: []string{"pci"}},
		{ID: "catalog", Owner: "team-shop", Criticality: "operational"},
		{ID: "payments-db", Owner: "team-pay", Type: "datastore", Data: []string{"pci"}},
		{ID: "reports", Criticality: "low"},
	}
	packages := []struct{ eco, name, from, to string }{
		{"maven", "log4j-core", "2.14.1", "2.17.1"}, {"maven", "spring-beans", "5.3.17", "5.3.18"}, {"npm", "lodash", "4.17.15", "4.17.21"},
		{"deb", "openssl", "3.0.11", "3.0.15"}, {"golang", "golang.org/x/net", "0.17.0", "0.23.0"}, {"pypi", "requests", "2.19.0", "2.32.0"},
	}
	messages := []string{
		"known exploited since 10 Dec 2021 and reachable from the internet", "public exploit on an internet-facing service",
		"a step on a way to a crown jewel: internet → edge → checkout → payments-db", "high by CVSS on an asset that handles pci", "no exploit is known",
	}
	r := &engine.Result{
		Schema: engine.ResultSchema, Outcome: engine.Block, Now: now, Change: engine.RunChange{Event: engine.EventPush, Repository: "acme/shop", Branch: "main"},
		Engine: engine.Versions{Headgate: "1.0.0", OPA: "1.22.2"},
		Policy: engine.PolicyInfo{Digest: "sha256:9f3c2e51a7b3d0c4f8e2a6b19d7c5e3f1a0b8c6d4e2f7a5b3c1d9e8f6a4b2c0d", Packs: []string{"ssvc", "exploit", "reachability", "impact", "paths", "sla"}},
		Intel: engine.IntelInfo{
			KEV:  &engine.FeedInfo{Catalog: "2026.11.20", Date: day(-2), Digest: "sha256:1"},
			EPSS: &engine.FeedInfo{Model: "v2026.06.15", Date: day(-2), Digest: "sha256:2"},
		},
		Weakened: []string{}, Gate: engine.GateResult{Reasons: []engine.Reason{}},
	}
	for i := range n {
		p := packages[i%len(packages)]
		a := assets[(i*i+i/7)%len(assets)]
		rank := 0
		switch {
		case i%31 == 0:
			rank = 3
		case i%11 == 0:
			rank = 2
		case i%4 == 0:
			rank = 1
		}
		c := engine.Case{Input: engine.Input{
			Finding: engine.Finding{
				ID: fmt.Sprintf("hg1-%016x", uint64(i+1)*0x9e3779b97f4a7c15), Kind: engine.KindVulnerability, Title: "A weakness in " + p.name, Severity: "high",
				Vulnerability: &engine.Vulnerability{ID: fmt.Sprintf("CVE-20%02d-%d", 20+i%7, 10000+i*37%50000)},
				Package:       &engine.Package{PURL: "pkg:" + p.eco + "/" + p.name, Ecosystem: p.eco, Name: p.name, Versions: []string{p.from}, Fixed: []string{p.to}},
				Locations:     []engine.Location{{Path: "services/" + a.ID + "/lockfile"}},
			},
			Asset: a,
		}}
		d := &c.Decision
		d.Priority, d.Action = engine.Priorities[rank], []engine.Action{engine.Pass, engine.Pass, engine.Warn, engine.Block}[rank]
		if rank > 0 {
			d.Due = day([]int{0, 60, 14, 3}[rank] - i%23)
			d.Overdue = d.Due.Before(now)
		}
		d.Reasons = []engine.Reason{
			{Stated: &engine.Stated{Rule: "exploit.kev_reachable", Kind: "raise", To: d.Priority, Remediation: "Upgrade " + p.name + " to " + p.to}, Message: messages[min(4, 3-rank+i%2)]},
			{Stated: &engine.Stated{Rule: "sla.days", Kind: "due"}, Message: "the policy allows some days"},
		}
		if i%13 == 5 {
			c.Input.Context.Waivers = []engine.Waiver{{ID: fmt.Sprintf("w-%d", i%5), Reason: "behind the login", Approver: "ana@example.com", Expires: day(i % 45).Format(time.DateOnly), Verified: true}}
			d.WouldHave, d.Action = new(engine.Warn), engine.Pass
			d.Reasons = append(d.Reasons, engine.Reason{Stated: &engine.Stated{Rule: "waivers.accepted", Kind: "exempt", AtMost: engine.Pass}, Message: "accepted: behind the login"})
		}
		c.Input.Context.Change = &engine.Change{Event: engine.EventPush, Status: []engine.Status{engine.StatusExisting, engine.StatusIntroduced}[i%5/4]}
		r.Cases = append(r.Cases, c)
		r.Counts.Cases++
	}
	if n > 40 {
		id := func(i int) []string { return []string{r.Cases[i].Input.Finding.ID} }
		r.Graph = &engine.Graph{Assets: 5, Edges: 5, Entries: 1, Jewels: []string{"payments-db"}, Paths: 2, Validated: 1, ChokePoints: []engine.ChokePoint{{Asset: "checkout", Jewels: []string{"payments-db"}}}}
		r.Paths = []engine.AttackPath{
			{Assets: []string{"edge", "checkout", "payments-db"}, Status: "validated", Steps: []engine.PathStep{{Findings: id(0), Proven: true}, {Findings: id(31), More: 2, Proven: true}, {Trusted: engine.EdgeData}}},
			{Assets: []string{"edge", "catalog", "checkout", "payments-db"}, Status: "potential", Steps: []engine.PathStep{{Findings: id(0), Proven: true}, {Findings: id(11)}, {Findings: id(22)}, {Trusted: engine.EdgeData}}},
		}
	}
	r.Plan, r.NoFix = plan.New(r.Cases, plan.Options{Repository: r.Change.Repository})
	return r
}

// quarter are figures of the shape that the log gives, of two quarters.
func quarter() *kpi.Report {
	r := &kpi.Report{Schema: kpi.Schema, At: now, Window: kpi.Period{Since: day(-91), Until: now}, Previous: kpi.Period{Since: day(-182), Until: day(-91)},
		Of: kpi.Source{Kind: kpi.FromLedger, Cases: 400, Runs: 120}}
	add := func(id, name, unit, better string, value, previous, target float64) {
		f := kpi.Figure{ID: id, Name: name, Unit: unit, Better: better, Value: &value, When: kpi.AtEnd, Definition: name + ", as the log has it.", Bias: "It does not show what no scanner looks for."}
		if !math.IsNaN(previous) {
			f.Previous = &previous
		}
		if !math.IsNaN(target) {
			f.Target = &target
		}
		r.Figures = append(r.Figures, f)
	}
	none := math.NaN()
	add("exposure.half_life", "Exposure half-life", kpi.UnitDays, kpi.BetterLess, 12.4, 18, 14)
	add("paths.validated", "Validated attack paths", kpi.UnitPaths, kpi.BetterLess, 1, 3, 0)
	add("due.compliance", "Closed in time", kpi.UnitShare, kpi.BetterMore, .84, .71, .9)
	add("due.overdue", "Overdue", kpi.UnitCases, kpi.BetterLess, 17, 23, 0)
	add("open.cases", "Open", kpi.UnitCases, kpi.BetterLess, 212, 240, none)
	add("backlog.net", "Backlog growth", kpi.UnitCases, kpi.BetterLess, -28, 31, none)
	add("gate.runs", "Changes judged", kpi.UnitRuns, "", 340, 310, none)
	add("gate.block_rate", "Blocked", kpi.UnitShare, "", .11, .14, none)
	add("gate.unblock", "Time to unblock", kpi.UnitHours, kpi.BetterLess, 3.2, 5, none)
	add("gate.latency", "Gate latency", kpi.UnitSeconds, kpi.BetterLess, .84, .91, none)
	add("gate.latency_p95", "Gate latency, 95th percentile", kpi.UnitSeconds, kpi.BetterLess, 12.25, 1, none)
	r.Figures = append(r.Figures, kpi.Figure{ID: "gate.override_rate", Name: "Overridden within 24 hours", Unit: kpi.UnitShare, When: kpi.Within, Definition: "Blocks that a waiver let pass.", Absent: "nothing was blocked"})
	series := func(id, unit string, of func(i int) float64) {
		s := kpi.Series{ID: id, Name: id, Unit: unit}
		for i := range 26 {
			s.Points = append(s.Points, kpi.Point{At: day(-182 + 7*(i+1)), Value: new(of(i))})
		}
		r.Series = append(r.Series, s)
	}
	series("opened", kpi.UnitCases, func(i int) float64 { return 22 + math.Round(7*math.Sin(float64(i))) })
	series("closed", kpi.UnitCases, func(i int) float64 { return 14 + math.Round(float64(i)*.7) })
	series("paths", kpi.UnitPaths, func(i int) float64 { return math.Round(5 - float64(i)*.15) })
	series("open", kpi.UnitCases, func(i int) float64 { return 240 - float64(i) })
	r.Series[2].Points[4].Value = nil
	series("changes", kpi.UnitRuns, func(i int) float64 { return 20 + math.Round(6*math.Cos(float64(i))) })
	series("blocked", kpi.UnitRuns, func(i int) float64 { return 4 - math.Round(float64(i)/9) })
	series("latency", kpi.UnitSeconds, func(i int) float64 { return .8 + .02*math.Sin(float64(i)) })
	series("latency_p95", kpi.UnitSeconds, func(i int) float64 { return 2 + .31*math.Sin(float64(i)/3) })
	for i := range r.Series[6:] {
		r.Series[6+i].Points[7].Value = nil
	}
	curve := func(p engine.Priority, period string, n int, rate, due float64) {
		c := kpi.Curve{Priority: p, Period: period, N: n, Closed: n * 2 / 3, Due: &due}
		for d := 1; d < 91; d += 3 {
			s := math.Exp(-float64(d) / rate)
			c.Steps = append(c.Steps, kpi.Step{Days: d, Share: s, Low: max(0, s-.08), High: min(1, s+.07), AtRisk: int(float64(n) * s)})
			if c.HalfLife == nil && s <= .5 {
				c.HalfLife = new(float64(d))
			}
			if float64(d) >= due && c.AtDue == nil {
				c.AtDue = &c.Steps[len(c.Steps)-1]
			}
		}
		r.Survival = append(r.Survival, c)
	}
	for i, p := range slices.Backward(engine.Priorities[1:]) {
		curve(p, kpi.OfWindow, 40*(3-i), []float64{60, 25, 9}[i], []float64{60, 14, 3}[i])
		curve(p, kpi.OfPrevious, 40*(3-i), []float64{70, 36, 16}[i], []float64{60, 14, 3}[i])
	}
	curve("", kpi.OfWindow, 160, 18, 14)
	curve("", kpi.OfPrevious, 160, 26, 14)
	r.Survival = append(r.Survival, kpi.Curve{Priority: engine.Track, Period: kpi.OfWindow, N: 90, Absent: "none was closed"})
	r.Teams = []kpi.Team{
		{Name: "team-pay", Open: 61, Urgent: 14, Overdue: 9, In7: 4, In14: 6, In30: 11, Later: 20, NoDate: 11},
		{Name: "team-web", Open: 48, Urgent: 6, Overdue: 3, In7: 2, In14: 3, In30: 7, Later: 13, NoDate: 20},
		{Name: "team-shop", Open: 55, Urgent: 5, Overdue: 1, In7: 3, In14: 2, In30: 9, Later: 22, NoDate: 18},
		{Open: 30, Urgent: 2, Overdue: 4, In30: 5, Later: 8, NoDate: 13},
		{Teams: 3, Open: 18, In30: 2, Later: 6, NoDate: 10},
	}
	r.Waivers = []kpi.Waiver{
		{ID: "w-3", Of: "CVE-2024-10111 in openssl", Asset: "edge", Approver: "ana@example.com", Expires: day(-2).Format(time.DateOnly), Cases: 2},
		{ID: "w-1", Of: "lodash", Asset: "catalog", Approver: "ana@example.com", Expires: day(5).Format(time.DateOnly), Cases: 7},
	}
	r.Evidence = &kpi.Evidence{Origin: "acme/shop", Size: 120, Root: "sha256:8c1f", Signed: true, LatestRun: now.Add(-2 * time.Hour)}
	return r
}

// one gives results one by one.
func one(all ...*engine.Result) func(func(*engine.Result, error) bool) {
	return func(yield func(*engine.Result, error) bool) {
		for _, r := range all {
			if !yield(r, nil) {
				return
			}
		}
	}
}
