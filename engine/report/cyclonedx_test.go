package report_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

type cycloneDX struct {
	Serial   string `json:"serialNumber"`
	Metadata struct {
		Authors   []struct{ Name string }
		Component *cycloneDXPart
	}
	Components      []cycloneDXPart
	Vulnerabilities []struct {
		Ref      string `json:"bom-ref"`
		ID       string
		Ratings  []struct{ Method, Vector, Severity string }
		Analysis struct {
			State, Justification, Detail string
			Response                     []string
		}
		Affects []struct{ Ref string }
	}
}

type cycloneDXPart struct {
	Ref        string `json:"bom-ref"`
	PURL       string
	Components []cycloneDXPart
}

func cycloneDXOf(t *testing.T, r *engine.Result) (d cycloneDX) {
	t.Helper()
	if err := json.Unmarshal(write(t, "cyclonedx", r, report.Options{Issuer: issuer()}), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// The two schemas that CycloneDX's refers to are of licences and signatures, of which nothing is written.
func TestCycloneDXIsValidByItsSchema(t *testing.T) {
	s := compiled(t, filepath.Join("testdata", "schemas", "cyclonedx-1.6.schema.json"), map[string]any{
		"http://cyclonedx.org/schema/spdx.schema.json":     map[string]any{"not": map[string]any{}},
		"http://cyclonedx.org/schema/jsf-0.82.schema.json": map[string]any{"definitions": map[string]any{"signature": map[string]any{"not": map[string]any{}}}},
	})
	for name, r := range exportable() {
		valid(t, s, name, write(t, "cyclonedx", r, report.Options{}))
		valid(t, s, name, write(t, "cyclonedx", r, report.Options{Issuer: issuer()}))
	}
}

func TestCycloneDXHasEveryPublishedWeaknessOnceAndWhatItAffects(t *testing.T) {
	for name, r := range exportable() {
		want := 0
		for _, c := range r.Cases {
			if c.Input.Finding.Vulnerability != nil {
				want++
			}
		}
		d := cycloneDXOf(t, r)
		refs := map[string]int{}
		var note func([]cycloneDXPart)
		note = func(parts []cycloneDXPart) {
			for _, p := range parts {
				refs[p.Ref]++
				note(p.Components)
			}
		}
		note(d.Components)
		if d.Metadata.Component != nil {
			note([]cycloneDXPart{*d.Metadata.Component})
		}
		for _, v := range d.Vulnerabilities {
			refs[v.Ref]++
			for _, a := range v.Affects {
				if refs[a.Ref] == 0 {
					t.Errorf("%s: %s affects %s, which is not there", name, v.ID, a.Ref)
				}
			}
			if len(v.Affects) == 0 {
				t.Errorf("%s: %s affects nothing", name, v.ID)
			}
		}
		for ref, n := range refs {
			if n > 1 {
				t.Errorf("%s: %s is there %d times", name, ref, n)
			}
		}
		if len(d.Vulnerabilities) != want {
			t.Errorf("%s: %d of %d cases", name, len(d.Vulnerabilities), want)
		}
	}
}

func TestCycloneDXSaysThatAnAcceptedRiskIsExploitableAndStays(t *testing.T) {
	d := cycloneDXOf(t, standingResult())
	states := map[string]string{"not_affected": "not_affected", "affected": "exploitable", "fixed": "resolved", "under_investigation": "in_triage"}
	for i, s := range standings {
		a := d.Vulnerabilities[i].Analysis
		if a.State != states[s.want] {
			t.Errorf("%s is %s, want %s", s.name, a.State, states[s.want])
		}
		accepted := s.name == "waived" || s.name == "waived-and-stated" || s.name == "suppressed"
		if slices.Contains(a.Response, "will_not_fix") != accepted {
			t.Errorf("%s: response %v", s.name, a.Response)
		}
	}
	for name, want := range map[string]string{"not-present": "code_not_present", "not-reachable": "code_not_reachable", "perimeter": "protected_at_perimeter", "explained": ""} {
		i := slices.IndexFunc(d.Vulnerabilities, func(v struct {
			Ref      string `json:"bom-ref"`
			ID       string
			Ratings  []struct{ Method, Vector, Severity string }
			Analysis struct {
				State, Justification, Detail string
				Response                     []string
			}
			Affects []struct{ Ref string }
		}) bool {
			return strings.HasSuffix(v.Ref, ":on-"+name)
		})
		if have := d.Vulnerabilities[i].Analysis; have.Justification != want || have.Detail == "" {
			t.Errorf("%s: %+v", name, have)
		}
	}
}

func TestThePriorityIsARatingWithoutSeverity(t *testing.T) {
	for _, v := range cycloneDXOf(t, blocked()).Vulnerabilities {
		last := v.Ratings[len(v.Ratings)-1]
		if last.Method != "other" || !strings.HasPrefix(last.Vector, "priority:") || last.Severity != "" {
			t.Errorf("%s: %+v", v.ID, last)
		}
	}
}
