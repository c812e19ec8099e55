package report_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

type fedRAMPDetail struct {
	ID        string `json:"providerTrackingId"`
	Detection struct {
		At     time.Time `json:"detectedAt"`
		Source string    `json:"detectionSource"`
	}
	Impact      string    `json:"potentialAgencyImpact"`
	Evaluated   time.Time `json:"evaluationCompletedAt"`
	Reachable   *bool     `json:"isInternetReachable"`
	Exploitable *bool     `json:"isLikelyExploitable"`
	Rating      *int      `json:"currentRating"`
	Overdue     *struct {
		Is      bool   `json:"isOverdue"`
		Because string `json:"explanation"`
	} `json:"overdueStatus"`
	More  string `json:"supplementaryRiskInformation"`
	Final string `json:"finalDisposition"`
}

type fedRAMP struct {
	Package  string                       `json:"certificationPackageOverviewUri"`
	Period   struct{ From, To time.Time } `json:"reportPeriod"`
	Open     []fedRAMPDetail              `json:"vulnerabilities"`
	Active   []fedRAMPDetail              `json:"activeVulnerabilities"`
	Summary  []struct{ Count, Overdue, Accepted int }
	Accepted []struct {
		Detail  fedRAMPDetail `json:"vulnerabilityDetail"`
		Because string        `json:"acceptanceRationale"`
	} `json:"acceptedVulnerabilities"`
}

func fedRAMPOf(t *testing.T, format string, r *engine.Result) (d fedRAMP) {
	t.Helper()
	if err := json.Unmarshal(write(t, format, r, report.Options{Issuer: issuer()}), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestWhatIsWrittenForFedRAMPIsValidByOurSchema(t *testing.T) {
	s := compiled(t, "fedramp-vdr.schema.json", nil)
	for name, r := range exportable() {
		for _, format := range []string{"fedramp-vdr", "fedramp-history"} {
			valid(t, s, name, write(t, format, r, report.Options{}))
			valid(t, s, name, write(t, format, r, report.Options{Issuer: issuer()}))
		}
	}
}

// HEADGATE_FEDRAMP_SCHEMAS names a folder with FedRAMP's own schemas (github.com/FedRAMP/schemas), which come without a licence.
func TestWhatIsWrittenForFedRAMPIsValidByItsSchemas(t *testing.T) {
	folder := os.Getenv("HEADGATE_FEDRAMP_SCHEMAS")
	if folder == "" {
		t.Skip("HEADGATE_FEDRAMP_SCHEMAS does not name a folder with the schemas of github.com/FedRAMP/schemas")
	}
	at := func(name string) string { return filepath.Join(folder, "fedramp-"+name+"-schema-2026-06-24.json") }
	f, err := os.Open(at("common-definitions"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	common, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	// They refer to definitions by a path behind the address of the file, which is no address of a definition.
	id := common.(map[string]any)["$id"].(string)
	others := map[string]any{id: common}
	for name := range common.(map[string]any)["$defs"].(map[string]any) {
		others[id+"/$defs/"+name] = map[string]any{"$ref": id + "#/$defs/" + name}
	}
	for format, names := range map[string][]string{
		"fedramp-vdr":     {"vulnerability-detail-report", "accepted-vulnerability-info"},
		"fedramp-history": {"historical-ver-activity"},
	} {
		for _, name := range names {
			s := compiled(t, at(name), others)
			for sample, r := range exportable() {
				valid(t, s, sample, write(t, format, r, report.Options{}))
			}
		}
	}
}

func TestFedRAMPReportsHaveEveryVulnerabilityOnce(t *testing.T) {
	for name, r := range exportable() {
		want := 0
		for _, c := range r.Cases {
			if c.Input.Finding.Kind != engine.KindLicense {
				want++
			}
		}
		for _, format := range []string{"fedramp-vdr", "fedramp-history"} {
			d := fedRAMPOf(t, format, r)
			seen := map[string]bool{}
			open := append(d.Open, d.Active...)
			final := 0
			for _, v := range open {
				seen[v.ID] = true
				if v.Final != "" {
					final++
				}
			}
			for _, v := range d.Accepted {
				seen[v.Detail.ID] = true
			}
			counted := 0
			for _, n := range d.Summary {
				counted += n.Count
			}
			if len(seen) != want || len(open)+len(d.Accepted) != want || counted != want-final {
				t.Errorf("%s of %s: %d ids, %d open, %d accepted and %d counted of %d cases", format, name, len(seen), len(open), len(d.Accepted), counted, want)
			}
		}
	}
}

func TestFedRAMPReportsSayWhatIsAccepted(t *testing.T) {
	old := stands("old", func(c *engine.Case) { c.Input.Context.History = &engine.History{AgeDays: 193} })
	young := stands("young", func(c *engine.Case) { c.Input.Context.History = &engine.History{AgeDays: 192} })
	d := fedRAMPOf(t, "fedramp-vdr", result(engine.Pass, []engine.Case{old, young, stands("waived", waived), stands("gone", vex("fixed", "")), stands("none", vex("not_affected", "false_positive"))}))
	if len(d.Accepted) != 2 || !strings.Contains(d.Accepted[0].Because, "193 days ago") || !strings.Contains(d.Accepted[1].Because, "approved by ana") {
		t.Errorf("accepted: %+v", d.Accepted)
	}
	if len(d.Open) != 3 || d.Open[0].Final != "" || d.Open[1].Final != "Fully Mitigated" || d.Open[2].Final != "False Positive" {
		t.Errorf("open: %+v", d.Open)
	}
	if at := d.Accepted[0].Detail; !at.Detection.At.Equal(day(time.May, 12)) || !at.Evaluated.Equal(at.Detection.At) {
		t.Errorf("detected %v, evaluated %v", at.Detection.At, at.Evaluated)
	}
	if d.Package != issuer().Package || !d.Period.To.Equal(now) || !d.Period.From.Equal(now.AddDate(0, 0, -31)) {
		t.Errorf("%s, %+v", d.Package, d.Period)
	}
}

// What the pack fedramp says is told, what it leaves open is not known.
func TestFedRAMPReportsHaveTheEstimatesOfThePack(t *testing.T) {
	yes, no := true, false
	is := func(a, b *bool) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }
	four := 4
	for _, c := range []struct {
		message, exposure      string
		rating                 *int
		reachable, exploitable *bool
	}{
		{"FedRAMP VDR: class c, n4, lev_irv → 4 days", "internet", &four, &yes, &yes},
		{"FedRAMP VDR: class c, n4 or n5, lev_nirv → 8 days, or as few as 4", "internal", nil, &no, &yes},
		{"FedRAMP VDR: class c, n4, lev_irv or lev_nirv → 8 days, or as few as 4", "", &four, nil, &yes},
		{"FedRAMP VDR: class c, n4, nlev → 64 days", "internet", &four, &yes, &no},
		{"FedRAMP VDR: class c, n4, lev_irv or nlev → 64 days, or as few as 4", "internet", &four, &yes, nil},
		{"something else", "internet", nil, &yes, nil},
	} {
		k := stands("x", func(k *engine.Case) {
			k.Input.Asset.Exposure = c.exposure
			k.Decision.Reasons = []engine.Reason{{Stated: &engine.Stated{Rule: "fedramp.timeframe", Kind: "raise", To: engine.Attend}, Message: c.message}}
		})
		v := fedRAMPOf(t, "fedramp-vdr", result(engine.Pass, []engine.Case{k})).Open[0]
		if (v.Rating == nil) != (c.rating == nil) || v.Rating != nil && *v.Rating != *c.rating || !is(v.Reachable, c.reachable) || !is(v.Exploitable, c.exploitable) {
			t.Errorf("%s: %+v", c.message, v)
		}
		if (v.Impact != "") != strings.HasPrefix(c.message, "FedRAMP") || v.Impact != "" && !strings.Contains(v.Impact, "not the provider's judgement") {
			t.Errorf("%s: %s", c.message, v.Impact)
		}
	}
}

func TestFedRAMPReportsSayWhatIsOverdue(t *testing.T) {
	for _, v := range fedRAMPOf(t, "fedramp-vdr", release()).Open {
		late := strings.HasPrefix(v.ID, findingID("secret"))
		if v.Overdue != nil && (v.Overdue.Is != late || late != strings.HasPrefix(v.Overdue.Because, "Overdue since 5 Nov 2026")) || late && v.Overdue == nil {
			t.Errorf("%+v", v.Overdue)
		}
	}
}
