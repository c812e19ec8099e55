package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/kpi"
)

// plainPage is a page or another file that the program wrote, without markup.
func plainPage(t *testing.T, name string) string {
	t.Helper()
	text := regexp.MustCompile(`(?s)<script.*?</script>|<style.*?</style>|<[^>]*>`).ReplaceAllString(readFile(t, name), " ")
	return strings.Join(strings.Fields(text), " ")
}

func TestAReportOfSomeRepositoriesIsOfTheseAlone(t *testing.T) {
	p := newPublisher(t)
	must := func(args ...string) (stdout, stderr string) {
		status, stdout, stderr := p.run(args...)
		if status > statusBlocked {
			t.Fatalf("%v: status %d: %s", args, status, stderr)
		}
		return stdout, stderr
	}
	for _, of := range [][]string{{"acme/shop", "shop/search.go"}, {"acme/pay", "pay/card.go", "pay/bank.go"}, {"other/shop", "other/home.go"}} {
		p.gate("2026-08-17T08:00:00Z", of[1:]...)
		must("gate", "scan.sarif", "--repository", of[0], "--branch", "main", "--event", "manual", "--ledger", "ledger.db", "--now", "2026-08-17T08:00:00Z", "-o", "json=result.json")
		must("publish", "result.json", "--to", "jira", "--ledger", "ledger.db")
	}
	for _, c := range []struct {
		repositories          []string
		title                 string
		cases, tickets, fixes float64
		has, lacks            []string
	}{
		{nil, "all repositories", 4, 4, 4, []string{"shop/search.go", "pay/card.go", "other/home.go"}, nil},
		{[]string{"acme/pay"}, "acme/pay", 2, 2, 2, []string{"pay/card.go", "pay/bank.go"}, []string{"shop/search.go", "other/home.go"}},
		{[]string{"ACME/*"}, "acme/pay, acme/shop", 3, 3, 3, []string{"shop/search.go", "pay/card.go"}, []string{"other/home.go"}},
		{[]string{"acme/shop", "other/*"}, "acme/shop, other/shop", 2, 2, 2, []string{"shop/search.go", "other/home.go"}, []string{"pay/card.go"}},
	} {
		args := []string{"report", "--ledger", "ledger.db", "--now", "2026-08-18", "-o", "html=page.html", "-o", "json", "-o", "csv=figures.csv"}
		for _, r := range c.repositories {
			args = append(args, "--repository", r)
		}
		text, _ := must(args...)
		if err := valid(t, kpi.JSONSchema(), text); err != nil {
			t.Error(err)
		}
		var r kpi.Report
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			t.Fatal(err)
		}
		for id, want := range map[string]float64{"open.cases": c.cases, "tickets.open": c.tickets, "noise.findings": c.cases} {
			if f := r.Find(id, ""); f.Value == nil || *f.Value != want {
				t.Errorf("%v: %s is %+v, not %g", c.repositories, id, f, want)
			}
		}
		page := plainPage(t, "page.html")
		for _, want := range append(c.has, c.title) {
			if !strings.Contains(page, want) {
				t.Errorf("%v: the page lacks %s", c.repositories, want)
			}
		}
		for _, not := range c.lacks {
			if raw := readFile(t, "page.html"); strings.Contains(raw, not) {
				t.Errorf("%v: the page has %s", c.repositories, not)
			}
		}
		if csv := readFile(t, "figures.csv"); !strings.Contains(csv, strings.Join(c.repositories, " ")+"\r\n") {
			t.Errorf("%v: the last column does not say of what it is:\n%.300s", c.repositories, csv)
		}
	}
	if _, stderr := must("report", "--ledger", "ledger.db", "--repository", "acme/shpo", "-o", "text"); !strings.Contains(stderr, "--repository acme/shpo: nothing is known of it") {
		t.Errorf("a slip in a name is not noticed: %s", stderr)
	}
	// Tickets that could be of any repository.
	writeFile(t, ".headgate/headgate.yaml", "jira: {url: https://acme.atlassian.net, project: PAY, events: [manual], from: \"track*\", scope: second}\n")
	must("publish", "result.json", "--to", "jira", "--ledger", "ledger.db")
	if text, _ := must("report", "--ledger", "ledger.db", "--now", "2026-08-18", "--repository", "acme/pay", "-o", "csv"); !regexp.MustCompile(`tickets.open,[^\n]*,2,tickets`).MatchString(text) {
		t.Error("with the settings the scope is known, and its tickets are not counted")
	}
	if err := os.RemoveAll(".headgate"); err != nil {
		t.Fatal(err)
	}
	if text, _ := must("report", "--ledger", "ledger.db", "--now", "2026-08-18", "--repository", "acme/pay", "-o", "csv"); !strings.Contains(text, "of some tickets it is not known which repository they are of") {
		t.Error("without the settings it is not said that tickets are not known")
	}
}

func TestRepositoriesFitNamesAndPatterns(t *testing.T) {
	for _, c := range []struct {
		patterns string
		name     string
		fits     bool
	}{
		{"", "acme/shop", true}, {"acme/shop", "acme/shop", true}, {"acme/shop", "Acme/Shop", true}, {"acme/shop", "acme/shop2", false}, {"acme/shop", "my-acme/shop", false},
		{"acme/*", "acme/shop", true}, {"acme/*", "acme/group/shop", true}, {"acme/*", "acmes/shop", false}, {"*/shop", "acme/shop", true}, {"acme/s.op", "acme/shop", false},
		{"acme/shop acme/pay", "acme/pay", true}, {"acme/[", "acme/[", true}, {"acme/shop|.*", "other/x", false}, {"a*b*c", "aXbYc", true}, {"a*b*c", "acb", false},
	} {
		if got := (&reportFlags{repositories: strings.Fields(c.patterns)}).among()(c.name); got != c.fits {
			t.Errorf("%s fits %q: %t", c.name, c.patterns, got)
		}
	}
}

func TestThePageOfALedgerNamesTicketsAndWhatFixesCut(t *testing.T) {
	examples, err := filepath.Abs(filepath.Join("..", "..", "examples"))
	if err != nil {
		t.Fatal(err)
	}
	p := newPublisher(t)
	settings := filepath.Join(examples, "checkout", ".headgate")
	for _, args := range [][]string{
		{"gate", filepath.Join(examples, "checkout", "reports"), "--settings", settings, "--ledger", "ledger.db", "--branch", "main", "--event", "manual", "--now", "2026-08-17T08:00:00Z", "-o", "json=result.json"},
		{"publish", "result.json", "--to", "jira", "--ledger", "ledger.db"},
		{"publish", "result.json", "--to", "jira", "--ledger", "ledger.db"}, // which learns what the tracker calls them
		{"report", "--ledger", "ledger.db", "--now", "2026-08-18", "-o", "html=page.html"},
		{"report", "--ledger", "ledger.db", "--now", "2026-08-18", "--team", "team-pay", "-o", "html=pay.html"},
		{"report", "--ledger", "ledger.db", "--now", "2026-08-18", "--team", "team-mail", "-o", "html=mail.html"},
		{"report", "result.json", "--team", "team-web", "-o", "html=web.html"},
	} {
		if status, _, stderr := p.run(args...); status > statusBlocked {
			t.Fatalf("%v: status %d: %s", args, status, stderr)
		}
	}
	page := plainPage(t, "page.html")
	for _, want := range []string{"PAY-1 (To Do)", "cuts the only path to payments-db", "internet → Edge proxy → Storefront → Checkout → payments-db"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%.3000s", want, page)
		}
	}
	if strings.Contains(readFile(t, "page.html"), "href=\"http") {
		t.Error("a ticket is a link that leads out of the page")
	}
	if rows := regexp.MustCompile(`data-f="ticket">PAY-\d+ \(To Do\)<`).FindAllString(readFile(t, "page.html"), -1); len(rows) < 3 {
		t.Errorf("%d decisions name the ticket of the fix that clears them", len(rows))
	}
	pay := plainPage(t, "pay.html")
	for _, want := range []string{"Only paths over assets of team-pay.", "→ Checkout →", "PAY-1 (To Do)"} {
		if !strings.Contains(pay, want) {
			t.Errorf("the page of team-pay lacks %q:\n%s", want, pay)
		}
	}
	if strings.Contains(pay, "edge: hg1-") || !strings.Contains(pay, "edge: 1 finding") {
		t.Errorf("a finding of another team is named by its hash:\n%.3000s", pay)
	}
	if mail := plainPage(t, "mail.html"); strings.Contains(mail, "Checkout →") || strings.Contains(mail, "PAY-1") {
		t.Errorf("the page of a team with nothing on a path has it:\n%s", mail)
	}
	if web := plainPage(t, "web.html"); !strings.Contains(web, "cuts the only path to payments-db") || !strings.Contains(web, "Only paths over assets of team-web.") {
		t.Errorf("the page of a result for one team lacks what the result knows of its fixes:\n%s", web)
	}
}

func TestAFixCutsAPathWhoseEntryItShuts(t *testing.T) {
	path := func(entry engine.PathStep, assets ...string) engine.AttackPath {
		p := engine.AttackPath{Assets: assets, Steps: []engine.PathStep{entry}}
		for range assets[1:] {
			p.Steps = append(p.Steps, engine.PathStep{Findings: []string{"hg1-fixed"}})
		}
		return p
	}
	shut := engine.PathStep{Findings: []string{"hg1-fixed"}}
	for name, c := range map[string]struct {
		paths []engine.AttackPath
		known int
		cuts  int
		off   []string
	}{
		"the only one":                 {[]engine.AttackPath{path(shut, "edge", "db")}, 1, 1, []string{"db"}},
		"another finding opens it too": {[]engine.AttackPath{path(engine.PathStep{Findings: []string{"hg1-fixed", "hg1-other"}}, "edge", "db")}, 1, 0, nil},
		"others open it too":           {[]engine.AttackPath{path(engine.PathStep{Findings: []string{"hg1-fixed"}, More: 1}, "edge", "db")}, 1, 0, nil},
		"it needs no finding":          {[]engine.AttackPath{path(engine.PathStep{Findings: []string{"hg1-fixed"}, Trusted: engine.EdgeNetwork}, "edge", "db")}, 1, 0, nil},
		"nothing is known of it":       {[]engine.AttackPath{path(engine.PathStep{}, "edge", "db")}, 1, 0, nil},
		"the finding is elsewhere":     {[]engine.AttackPath{path(shut, "other-edge", "db")}, 1, 0, nil},
		"another entry stays":          {[]engine.AttackPath{path(shut, "edge", "db"), path(shut, "other-edge", "db"), path(shut, "edge", "vault")}, 3, 2, []string{"vault"}},
		"not all are listed":           {[]engine.AttackPath{path(shut, "edge", "db")}, 2, 1, nil},
	} {
		r := &engine.Result{Graph: &engine.Graph{Paths: c.known, Jewels: []string{"db", "vault"}}, Paths: c.paths,
			Plan: []engine.Fix{{ID: "f", Assets: []string{"edge"}, Findings: []string{"hg1-fixed", "hg1-more"}}}}
		cutAtEntries(r)
		if f := r.Plan[0]; f.PathsCut != c.cuts || !slices.Equal(f.CutsOff, c.off) {
			t.Errorf("%s: cuts %d, and off %v", name, f.PathsCut, f.CutsOff)
		}
	}
}
