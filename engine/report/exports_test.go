package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

// stands is a published weakness on an asset of its own, for which the policy leaves nothing to do.
func stands(name string, change func(*engine.Case)) engine.Case {
	c := vulnerable("CVE-2025-"+digest(name)[10:15], name, "1.2.3", "1.2.4", engine.Track, engine.Pass, engine.StatusExisting)
	c.Input.Asset.ID, c.Input.Finding.Package.PURL, c.Input.Finding.Package.Ecosystem = "on-"+name, "pkg:npm/"+name, "npm"
	if change != nil {
		change(&c)
	}
	return c
}

func waived(c *engine.Case) {
	c.Decision.WouldHave = ptr(engine.Block)
	c.Decision.Reasons = append(c.Decision.Reasons, engine.Reason{Stated: &engine.Stated{Rule: "waivers.accepted", Kind: "exempt", AtMost: engine.Pass, Controls: []string{"PCI-DSS-4.0.1-6.3.1", "NIST-CSF-2.0-ID.RA-07"}}, Message: "accepted by ana until 2026-12-24: behind the login"})
	c.Input.Context.Waivers = []engine.Waiver{{
		ID: "w-1", Reason: "behind the login", Requester: "bo", Approver: "ana", Verified: true, Created: "2026-11-01", Expires: "2026-12-24", AgeDays: 20, ValidDays: 53,
	}}
}

func vex(status, justification string) func(*engine.Case) {
	return func(c *engine.Case) {
		c.Input.Context.VEX = &engine.VEX{Status: status, Justification: justification, Source: "acme"}
		if status == "not_affected" || status == "fixed" {
			c.Decision.WouldHave = ptr(engine.Block)
			c.Decision.Reasons = append(c.Decision.Reasons, engine.Reason{Stated: &engine.Stated{Rule: "change.vex", Kind: "exempt", AtMost: engine.Pass}, Message: "VEX says so"})
		}
	}
}

func all(changes ...func(*engine.Case)) func(*engine.Case) {
	return func(c *engine.Case) {
		for _, change := range changes {
			change(c)
		}
	}
}

func validated(status string) func(*engine.Case) {
	return func(c *engine.Case) {
		c.Input.Context.Validation = &engine.Validation{Status: status, By: "nuclei", Control: "waf"}
	}
}

func blocks(c *engine.Case) { c.Decision.Action, c.Decision.WouldHave = engine.Block, nil }

func dated(c *engine.Case) { *c = dueIn(*c, 30, day(time.December, 20)) }

// standings are cases with the status that VEX has for them.
var standings = []struct {
	name   string
	change func(*engine.Case)
	want   string
}{
	{"nothing", nil, "under_investigation"},
	{"dated", dated, "affected"},
	{"blocked", blocks, "affected"},
	{"waived", waived, "affected"},
	{"waived-and-stated", all(vex("not_affected", "component_not_present"), waived), "affected"},
	{"waiver-without-effect", all(vex("not_affected", "component_not_present"), func(c *engine.Case) { c.Input.Context.Waivers = []engine.Waiver{{ID: "w"}} }), "affected"},
	{"suppressed", func(c *engine.Case) {
		c.Decision.WouldHave = ptr(engine.Warn)
		c.Decision.Reasons = append(c.Decision.Reasons, engine.Reason{Stated: &engine.Stated{Rule: "change.suppressed_external", Kind: "exempt", AtMost: engine.Pass}, Message: "accepted in the scanner"})
	}, "affected"},
	{"not-present", vex("not_affected", "vulnerable_code_not_present"), "not_affected"},
	{"not-reachable", vex("not_affected", "code_not_reachable"), "not_affected"},
	{"perimeter", vex("not_affected", "protected_at_perimeter"), "not_affected"},
	{"explained", vex("not_affected", "the parser is compiled out"), "not_affected"},
	{"unexplained", vex("not_affected", ""), "not_affected"},
	{"fixed", vex("fixed", ""), "fixed"},
	{"stated-affected", vex("affected", "upgrade"), "affected"},
	{"stated-investigated", all(vex("under_investigation", ""), dated), "under_investigation"},
	{"stated-but-blocked", all(vex("not_affected", "component_not_present"), blocks), "affected"},
	{"stated-but-exploited", all(vex("not_affected", "component_not_present"), validated("exploitable")), "affected"},
	{"tried", validated("not_exploitable"), "not_affected"},
	{"tried-but-blocked", all(validated("not_exploitable"), blocks), "affected"},
	{"mitigated", validated("mitigated"), "under_investigation"},
	{"unreachable", func(c *engine.Case) {
		c.Input.Context.Reachability = &engine.Reachability{Verdict: "unreachable", By: "govulncheck", Confidence: "high"}
	}, "under_investigation"},
}

func standingResult() *engine.Result {
	var cases []engine.Case
	for _, s := range standings {
		cases = append(cases, stands(s.name, s.change))
	}
	return result(engine.Block, cases)
}

// exportable are all samples, and those of how cases stand.
func exportable() map[string]*engine.Result {
	all := samples()
	all["standings"] = standingResult()
	return all
}

// exports are the documents for others.
var exports = []string{"openvex", "cyclonedx", "oscal", "fedramp-vdr", "fedramp-history", "csv"}

func issuer() report.Issuer {
	return report.Issuer{Author: "ACME Ltd.", AssessmentPlan: "https://acme.example/plan.json", Package: "https://acme.example/fedramp.json"}
}

// compiled is a schema with what it refers to, which asserts formats.
func compiled(t *testing.T, name string, others map[string]any) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	for url, doc := range others {
		if err := c.AddResource(url, doc); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	url := doc.(map[string]any)["$id"].(string)
	if err := c.AddResource(url, doc); err != nil {
		t.Fatal(err)
	}
	return c.MustCompile(url)
}

func valid(t *testing.T, s *jsonschema.Schema, name string, text []byte) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if err := s.Validate(doc); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

func TestExportsOfTheSameResultAreTheSameBytes(t *testing.T) {
	again := exportable()
	for name, r := range exportable() {
		for _, format := range exports {
			o := report.Options{Issuer: issuer()}
			if !bytes.Equal(write(t, format, r, o), write(t, format, again[name], o)) {
				t.Errorf("%s of %s differs", format, name)
			}
		}
	}
}

type openVEXDocument struct {
	ID         string `json:"@id"`
	Author     string
	Statements []struct {
		ID            string `json:"@id"`
		Vulnerability struct{ Name string }
		Products      []struct {
			ID            string `json:"@id"`
			Subcomponents []struct {
				ID string `json:"@id"`
			}
		}
		Status, Justification string
		Impact                string `json:"impact_statement"`
		Action                string `json:"action_statement"`
	}
}

func openVEXOf(t *testing.T, r *engine.Result) (d openVEXDocument) {
	t.Helper()
	if err := json.Unmarshal(write(t, "openvex", r, report.Options{Issuer: issuer()}), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestOpenVEXIsValidByItsSchema(t *testing.T) {
	s := compiled(t, filepath.Join("testdata", "schemas", "openvex-0.2.0.schema.json"), nil)
	for name, r := range exportable() {
		if name == "nothing" { // the schema wants a statement, and there is nothing to state
			continue
		}
		valid(t, s, name, write(t, "openvex", r, report.Options{}))
	}
}

func TestOpenVEXHasEveryPublishedWeaknessOnce(t *testing.T) {
	for name, r := range exportable() {
		want := 0
		for _, c := range r.Cases {
			if c.Input.Finding.Vulnerability != nil {
				want++
			}
		}
		seen := map[string]bool{}
		for _, s := range openVEXOf(t, r).Statements {
			if seen[s.ID] {
				t.Errorf("%s: %s twice", name, s.ID)
			}
			seen[s.ID] = true
		}
		if len(seen) != want {
			t.Errorf("%s: %d statements of %d cases", name, len(seen), want)
		}
	}
}

func TestVEXSaysHowCasesStand(t *testing.T) {
	d := openVEXOf(t, standingResult())
	for i, want := range standings {
		s := d.Statements[i]
		if s.Status != want.want {
			t.Errorf("%s is %s, want %s", want.name, s.Status, want.want)
		}
		if s.Products[0].ID != "pkg:generic/on-"+want.name || s.Products[0].Subcomponents[0].ID != "pkg:npm/"+want.name+"@1.2.3" {
			t.Errorf("%s is about %+v", want.name, s.Products)
		}
	}
	accepted := d.Statements[slices.IndexFunc(standings, func(s struct {
		name   string
		change func(*engine.Case)
		want   string
	}) bool {
		return s.name == "waived"
	})].Action
	for _, words := range []string{"Risk accepted", "behind the login", "approved by ana", "until 2026-12-24", "w-1", "Upgrade waived to version 1.2.4"} {
		if !strings.Contains(accepted, words) {
			t.Errorf("the action of a waiver lacks %q: %s", words, accepted)
		}
	}
}

func TestAWaivedCaseIsNeverNotAffectedInVEX(t *testing.T) {
	for name, r := range exportable() {
		for i := range r.Cases {
			c := &r.Cases[i]
			if c.Input.Finding.Vulnerability == nil {
				continue
			}
			was := *c
			waived(c)
			for k, change := range []func(*engine.Case){vex("not_affected", "component_not_present"), vex("fixed", ""), validated("not_exploitable"), func(*engine.Case) {}} {
				again := *c
				change(&again)
				if have := openVEXOf(t, result(engine.Pass, []engine.Case{again})).Statements[0].Status; have != "affected" {
					t.Fatalf("%s: case %d, change %d: %s", name, i, k, have)
				}
			}
			*c = was
			if i > 5 {
				break // the others differ in their names
			}
		}
	}
}

func TestOpenVEXIsNamedByWhatItSays(t *testing.T) {
	one, two := openVEXOf(t, standingResult()), openVEXOf(t, blocked())
	if !strings.HasPrefix(one.ID, "urn:headgate:vex:") || one.ID == two.ID || one.ID != openVEXOf(t, standingResult()).ID || one.Author != "ACME Ltd." {
		t.Errorf("%s and %s by %s", one.ID, two.ID, one.Author)
	}
}

func rows(t *testing.T, r *engine.Result) [][]string {
	t.Helper()
	text := write(t, "csv", r, report.Options{})
	if bytes.Count(text, []byte("\n")) != bytes.Count(text, []byte("\r\n")) {
		t.Error("a line that does not end as RFC 4180 says")
	}
	all, err := csv.NewReader(bytes.NewReader(text)).ReadAll() // every row has as many values as the first
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestCSVHasEveryCaseOnce(t *testing.T) {
	for name, r := range exportable() {
		all := rows(t, r)
		if len(all) != len(r.Cases)+1 {
			t.Errorf("%s: %d rows of %d cases", name, len(all)-1, len(r.Cases))
		}
		for i, row := range all[1:] {
			if row[0] != r.Cases[i].Input.Finding.ID || row[16] != string(r.Cases[i].Decision.Priority) {
				t.Errorf("%s: row %d is %v", name, i, row)
			}
		}
	}
}

// Who reads columns by name or number goes on after an upgrade.
func TestCSVColumnsStay(t *testing.T) {
	const want = "finding,asset,owner,kind,weakness,aliases,title,severity,package,versions,fixed_versions,places,environment,exposure,criticality," +
		"change,priority,action,would_have,due,overdue,exempted_by,exempted_because,waivers,vex,kev,epss,ssvc,reachability,validation,age_days,because," +
		"rules,controls,obligations,assumed,tools,policy,decided_at"
	if have := strings.Join(rows(t, nothing())[0], ","); have != want {
		t.Errorf("have %s", have)
	}
}

func TestNoValueOfCSVIsAFormula(t *testing.T) {
	bad := []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "=cmd|' /C calc'!A0", "＝1", "\u200b=1", "|x", "%x", "'=1", "\"=1"}
	r := strange()
	for i, name := range bad {
		c := strangeCase(name, i)
		r.Cases = append(r.Cases, c)
	}
	for _, row := range rows(t, r) {
		for _, value := range row {
			if strings.ContainsFunc(value, controls) {
				t.Errorf("%q has a control character", value)
			}
			bare := strings.TrimLeft(value, " \"\t\r")
			if bare != "" && strings.ContainsAny(bare[:1], "=+-@|%") || strings.HasPrefix(bare, "＝") {
				t.Errorf("%q begins a formula", value)
			}
		}
	}
}
