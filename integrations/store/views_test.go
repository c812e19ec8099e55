//go:build unix

package store

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/engine/ticket"
)

// rows are what a query gives, each row as one text.
func rows(t *testing.T, l *Ledger, query string, columns int) (all []string) {
	t.Helper()
	err := l.db.view(t.Context(), func(tr transaction) error {
		return tr.each(t.Context(), query, nil, func(scan func(...any) error) error {
			row := make([]any, columns)
			into := make([]any, columns)
			for i := range row {
				into[i] = &row[i]
			}
			if err := scan(into...); err != nil {
				return err
			}
			var cells []string
			for _, v := range row {
				switch v := v.(type) {
				case []byte:
					cells = append(cells, string(v))
				case float64:
					cells = append(cells, fmt.Sprintf("%.4g", v))
				default:
					cells = append(cells, fmt.Sprint(v))
				}
			}
			all = append(all, strings.Join(cells, " "))
			return nil
		})
	})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return all
}

func TestTheViewsSayTheSameInBothDatabases(t *testing.T) {
	onEach(t, func(t *testing.T, _ string, l *Ledger) {
		begin := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -20)
		of := func(id, owner string, due int) evidence.Decision {
			d := found(id, 0)
			d.Asset.Owner, d.Due = owner, begin.AddDate(0, 0, due)
			return d
		}
		for _, step := range []struct {
			day   int
			found []evidence.Decision
		}{
			{0, []evidence.Decision{of("hg1-1", "team-pay", 5), of("hg1-2", "team-pay", 25), of("hg1-3", "", 60)}},
			{4, []evidence.Decision{of("hg1-2", "team-pay", 25), of("hg1-3", "", 60)}},
			{10, []evidence.Decision{of("hg1-1", "team-pay", 5), of("hg1-3", "", 60)}},
		} {
			appending(t, l, sketch{at: begin.AddDate(0, 0, step.day), event: engine.EventSchedule, branch: "main", reports: []engine.Report{trivy}, findings: step.found}.run(t))
		}
		appending(t, l, sketch{at: begin.AddDate(0, 0, 11), event: engine.EventPullRequest, branch: "main", reports: []engine.Report{trivy}}.run(t))
		for i, ms := range []time.Duration{1000, 200, 3000} { // of changes, from the first second of a week to the last day
			leaf := appending(t, l, sketch{at: monday(begin).AddDate(0, 0, 3*i), event: engine.EventMergeGroup, branch: "main", reports: []engine.Report{trivy}}.run(t))
			if err := l.Took(t.Context(), leaf, ms*time.Millisecond); err != nil {
				t.Fatal(err)
			}
		}
		appending(t, l, telling(t, begin.AddDate(0, 0, 12), issue(t, 5, ticket.PerAsset, "checkout", ticket.CategoryNew, "hg1-1")))
		if err := l.Put(t.Context(), engine.Effect{Place: "https://jira.example/PAY", Kind: engine.EffectTicket, Key: "k", Ref: "PAY-1",
			State: map[string]string{"status": "Done", "resolution": "Fixed", "category": "done"}}); err != nil {
			t.Fatal(err)
		}
		waiver := `{"v":1,"kind":"waiver","waiver":{"id":"w-1","state":"used","expires":"2026-12-31","cases":2}}`
		if err := l.db.update(t.Context(), func(tr transaction) error {
			return tr.exec(t.Context(), "INSERT INTO record (run, idx, records, size, body) VALUES (2, 99, 1, 0, $1)", []byte(waiver))
		}); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time they are there already
			if err := l.MakeViews(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			query   string
			columns int
			want    []string
		}{
			{"SELECT finding, status, owner, overdue, reopened, ticket, ticket_status FROM kpi_case ORDER BY finding", 7,
				[]string{"hg1-1 open team-pay 1 1 PAY-5 open", "hg1-2 closed team-pay 0 0 <nil> <nil>", "hg1-3 open <nil> 0 0 <nil> <nil>"}},
			{"SELECT owner, priority, CAST(open AS INTEGER), CAST(overdue AS INTEGER) FROM kpi_open ORDER BY open, overdue", 4, []string{"<nil> attend 1 0", "team-pay attend 1 1"}},
			{"SELECT owner, CAST(overdue AS INTEGER), CAST(later AS INTEGER) FROM kpi_due ORDER BY owner", 3, []string{"nobody 0 1", "team-pay 1 0"}},
			{"SELECT finding, CAST(days AS INTEGER), closed IS NULL FROM kpi_span WHERE finding = 'hg1-1' ORDER BY opened", 3, nil},
			{"SELECT CAST(sum(opened) AS INTEGER), CAST(sum(closed) AS INTEGER) FROM kpi_burn_up", 2, []string{"4 2"}},
			{"SELECT finding, CAST(days AS INTEGER) FROM kpi_remediation ORDER BY finding", 2, []string{"hg1-1 4", "hg1-2 10"}},
			{"SELECT CAST(days AS INTEGER), CAST(at_risk AS INTEGER), CAST(1000 * share AS INTEGER) FROM kpi_survival ORDER BY days", 3, []string{"4 4 750", "10 3 500"}},
			{"SELECT priority, CAST(days AS INTEGER) FROM kpi_half_life", 2, []string{"attend 10"}},
			{"SELECT event, outcome, records FROM kpi_run ORDER BY leaf", 3, []string{"schedule warn 3", "schedule warn 2", "schedule warn 2", "pull_request warn 0", "merge_group warn 0", "merge_group warn 0", "merge_group warn 0"}},
			{"SELECT CAST(1000 * seconds AS INTEGER) FROM kpi_run WHERE seconds IS NOT NULL ORDER BY leaf", 1, []string{"1000", "200", "3000"}},
			{"SELECT runs, CAST(1000 * median AS INTEGER), CAST(1000 * p95 AS INTEGER) FROM kpi_latency", 3, []string{"3 1000 3000"}},
			{"SELECT substr(CAST(week AS TEXT), 1, 10) FROM kpi_latency", 1, []string{monday(begin).Format(time.DateOnly)}},
			{"SELECT CAST(sum(judged) AS INTEGER), CAST(sum(blocked) AS INTEGER) FROM kpi_gate", 2, []string{"4 0"}},
			{"SELECT branch, id, state, expires, cases FROM kpi_waiver", 5, []string{"main w-1 used 2026-12-31 2"}},
			{"SELECT ref, status, resolution, open FROM kpi_ticket", 4, []string{"PAY-1 Done Fixed 0"}},
		} {
			have := rows(t, l, c.query, c.columns)
			if c.want != nil && !slices.Equal(have, c.want) || len(have) == 0 {
				t.Errorf("%s: have %q, want %q", c.query, have, c.want)
			}
		}
		for _, name := range Views() {
			rows(t, l, "SELECT count(*) FROM "+name, 1)
		}
		if x, err := l.Check(t.Context()); err != nil || len(x.Problems) != 1 { // of the record that was put in
			t.Errorf("%+v, %v", x, err)
		}
		if err := l.DropViews(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

// monday is the first one after a day, in the small hours.
func monday(t time.Time) time.Time {
	return t.AddDate(0, 0, 1+(7-int(t.AddDate(0, 0, 1).Weekday()-time.Monday))%7)
}

// A file with our views is a ledger; one with any other view is none, whatever it is called.
func TestALedgerWithItsViewsOpensAndOneWithAnotherDoesNot(t *testing.T) {
	file := forms["sqlite"](t)
	l := opening(t, file)
	if err := l.MakeViews(t.Context()); err != nil {
		t.Fatal(err)
	}
	opening(t, file)
	if err := l.db.update(t.Context(), func(tr transaction) error { return tr.exec(t.Context(), "CREATE VIEW kpi_mine AS SELECT 1") }); err != nil {
		t.Fatal(err)
	}
	if l, err := Open(t.Context(), file); err == nil {
		l.Close()
		t.Error("a ledger with a foreign view opens")
	}
}

func TestStatesAndRunsAreGoneThroughInTheOrderOfTheLedger(t *testing.T) {
	onEach(t, func(t *testing.T, _ string, l *Ledger) {
		for i := range 4 {
			appending(t, l, sketch{at: morning.Add(time.Duration(i) * 24 * time.Hour), branch: []string{"main", "next"}[i%2], reports: []engine.Report{trivy},
				findings: []evidence.Decision{found(fmt.Sprintf("hg1-%d", i), 0), found("hg1-x", 0)}}.run(t))
		}
		var have []string
		for s, err := range l.States(t.Context(), "main", nil) {
			if err != nil {
				t.Fatal(err)
			}
			have = append(have, s.Finding+" "+s.Status)
		}
		if want := []string{"hg1-0 closed", "hg1-2 open", "hg1-x open"}; !slices.Equal(have, want) {
			t.Errorf("states %q", have)
		}
		n := 0
		for _, err := range l.States(t.Context(), "", nil) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n == 2 {
				break
			}
		}
		var leaves []int64
		for e, err := range l.Runs(t.Context(), morning.Add(24*time.Hour)) {
			if err != nil {
				t.Fatal(err)
			}
			leaves = append(leaves, e.Leaf)
		}
		if !slices.Equal(leaves, []int64{1, 2, 3}) {
			t.Errorf("runs %v", leaves)
		}
		for before, want := range map[time.Time][]int64{{}: {2, 3}, morning.Add(48 * time.Hour): {0, 1}, morning: nil} {
			latest, err := l.LatestRuns(t.Context(), before)
			if err != nil {
				t.Fatal(err)
			}
			leaves = nil
			for _, e := range latest {
				leaves = append(leaves, e.Leaf)
			}
			if !slices.Equal(leaves, want) {
				t.Errorf("latest before %s: %v", before, leaves)
			}
		}
		if first, err := l.FirstRun(t.Context()); err != nil || !first.Equal(morning) {
			t.Errorf("first %s, %v", first, err)
		}
	})
}

// Each panel of the dashboard runs on a ledger in PostgreSQL, and reads nothing but views.
func TestTheDashboardReadsViewsThatAreThere(t *testing.T) {
	data, err := os.ReadFile("../../examples/grafana/headgate.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title, Description string
			Targets            []struct {
				RawSQL string `json:"rawSql"`
			}
		}
		Templating struct{ List []struct{ Query string } }
	}
	if err := json.Unmarshal(data, &dashboard); err != nil {
		t.Fatal(err)
	}
	l := opening(t, forms["postgres"](t))
	d := found("hg1-1", 0)
	d.Asset.Owner = "team-pay"
	appending(t, l, sketch{at: morning, event: engine.EventSchedule, branch: "main", reports: []engine.Report{trivy}, findings: []evidence.Decision{d}}.run(t))
	if err := l.MakeViews(t.Context()); err != nil {
		t.Fatal(err)
	}
	var queries []string
	for _, v := range dashboard.Templating.List {
		queries = append(queries, v.Query)
	}
	for _, p := range dashboard.Panels {
		if p.Description == "" || len(p.Targets) == 0 {
			t.Errorf("panel %q says nothing of what it shows", p.Title)
		}
		for _, target := range p.Targets {
			queries = append(queries, target.RawSQL)
		}
	}
	if len(queries) < 10 {
		t.Errorf("%d queries", len(queries))
	}
	from := regexp.MustCompile(`(?:FROM|JOIN) (\w+)`)
	for _, q := range queries {
		for _, m := range from.FindAllStringSubmatch(q, -1) {
			if !slices.Contains(Views(), m[1]) {
				t.Errorf("%s reads %s, which is no view", q, m[1])
			}
		}
		q = regexp.MustCompile(`\$__timeFilter\(([^)]+)\)`).ReplaceAllString(q, "$1 BETWEEN '2026-01-01T00:00:00Z' AND '2027-01-01T00:00:00Z'")
		q = strings.ReplaceAll(q, "$team", "'team-pay', 'nobody'")
		rows(t, l, "SELECT count(*) FROM ("+q+") AS panel", 1)
	}
}
