package ingest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
)

func proofs(t *testing.T, doc string) string {
	t.Helper()
	r, err := Read("test", strings.NewReader(doc), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, p := range r.Proofs {
		if !p.Tool || p.Source != "test" || p.By == "" {
			t.Errorf("a proof of nobody: %+v", p)
		}
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %v%v %s %s", p.Status, p.Names, p.CWEs, p.Place, p.Control)))
	}
	return strings.Join(all, "; ")
}

func TestWhatNucleiProves(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{`"template-id":"CVE-2026-0001","info":{"name":"a","severity":"high"}`, "exploitable [CVE-2026-0001][] https://a.example/b"},
		{`"template-id":"login","info":{"name":"a","severity":"critical","tags":["default-login"],"classification":{"cwe-id":["cwe-798"]}}`, "exploitable [][798] https://a.example/b"},
		{`"template-id":"login","info":{"name":"a","severity":"critical"}`, ""},
		{`"template-id":"CVE-2026-0001","info":{"name":"a","severity":"info"}`, ""},
		{`"template-id":"CVE-2026-0001","info":{"name":"a"}`, ""},
		{`"template-id":"CVE-2026-0001","info":{"name":"a","severity":"high","tags":"cve,tech"}`, ""},
		{`"template-id":"CVE-2026-0001","info":{"name":"a","severity":"high","tags":["cve","Detect"]}`, ""},
		{`"template-id":"CVE-2026-0001","matcher-status":false,"info":{"name":"a","severity":"high"}`, ""},
	} {
		if got := proofs(t, `[{"type":"http",`+c.line+`,"matched-at":"https://a.example/b?x=1"}]`); strings.Replace(got, "?x", "", 1) != c.want {
			t.Errorf("%s proves %q, want %q", c.line, got, c.want)
		}
	}
	if got := proofs(t, `[{"type":"file","template-id":"CVE-2026-0001","info":{"name":"a","severity":"high"},"matched-at":"/app/x"}]`); got != "" {
		t.Errorf("a file that was read proves %q", got)
	}
}

func TestNucleiProofsAreAsOldAsTheirLine(t *testing.T) {
	r, err := Read("test", strings.NewReader(`{"template-id":"CVE-2026-0001","info":{"name":"a","severity":"high"},"type":"tcp","matched-at":"a.example:22","timestamp":"2026-11-01T10:00:00+01:00"}`), Options{})
	if err != nil || len(r.Proofs) != 1 {
		t.Fatal(r, err)
	}
	if p := r.Proofs[0]; !p.Time.Equal(time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)) || p.Place != "a.example:22" || !p.Until().Equal(p.Time.Add(engine.ProofLifetime)) {
		t.Errorf("%+v", p)
	}
}

func TestWhatZAPProves(t *testing.T) {
	const instance = `"instances":[{"uri":"https://a.example/b?q=1","attack":"' OR 1=1"},{"uri":"https://a.example/c","attack":""}]`
	for _, c := range []struct{ alert, want string }{
		{`"confidence":"4","riskcode":"3","cweid":"89",` + instance, "exploitable [][89] https://a.example/b?q"},
		{`"confidence":"3","riskcode":"2","cweid":"89",` + instance, "exploitable [][89] https://a.example/b?q"},
		{`"confidence":"2","riskcode":"3","cweid":"89",` + instance, ""},
		{`"confidence":"1","riskcode":"3","cweid":"89",` + instance, ""},
		{`"confidence":"0","riskcode":"3","cweid":"89",` + instance, ""},
		{`"confidence":"4","riskcode":"0","cweid":"89",` + instance, ""},
		{`"confidence":"4","riskcode":"3","cweid":"-1",` + instance, ""},
		{`"confidence":"4","riskcode":"3","cweid":"89","instances":[{"uri":"https://a.example/b"}]`, ""},
	} {
		if got := proofs(t, `{"@programName":"ZAP","site":[{"@name":"https://a.example","alerts":[{"pluginid":"40018","name":"SQL Injection",`+c.alert+`}]}]}`); got != c.want {
			t.Errorf("%s proves %q, want %q", c.alert, got, c.want)
		}
	}
	got := proofs(t, `<?xml version="1.0"?><OWASPZAPReport generated="Sat, 21 Nov 2026 10:00:00"><site name="https://a.example"><alerts><alertitem>
		<pluginid>40018</pluginid><name>SQL Injection</name><riskcode>3</riskcode><confidence>4</confidence><cweid>89</cweid>
		<instances><instance><uri>https://a.example/b</uri><attack>x</attack></instance></instances></alertitem></alerts></site></OWASPZAPReport>`)
	if want := "exploitable [][89] https://a.example/b"; got != want {
		t.Errorf("in XML %q, want %q", got, want)
	}
}

func TestWhatPicusProves(t *testing.T) {
	const head = "threatName,actionName,threatPreventionResult,actionPreventionResult,actionPreventionSources,cve,location,attackEndedTimeUTC\n"
	for row, want := range map[string]string{
		"a,b,Not Blocked,,,CVE-2026-0001,,2026-11-01T00:00:00Z": "exploitable [CVE-2026-0001][]",
		"a,b,Not Blocked,Blocked,WAF X,CVE-2026-0001,HQ,":       "mitigated [CVE-2026-0001][] hq WAF X",
		"a,b,Blocked,Not Blocked,,CVE-2026-0001,,":              "exploitable [CVE-2026-0001][]",
		"a,b,Blocked,,WAF X,,,":                                 "",
		"a,b,Not Tested,,,CVE-2026-0001,,":                      "",
	} {
		if got := proofs(t, head+row+"\n"); got != want {
			t.Errorf("%s proves %q, want %q", row, got, want)
		}
	}
}

const observed = `{"bomFormat":"CycloneDX","specVersion":"1.6","metadata":{"timestamp":"2026-11-20T00:00:00Z",%s},"components":[
	{"purl":"pkg:golang/a.example/x@v1.2.0","name":"x"},{"name":"no package URL"}]}`

func TestObservationsSayOfWhatAndHowLong(t *testing.T) {
	for _, c := range []struct {
		meta, asset, image, err string
		days                    int
	}{
		{`"component":{"type":"application","group":"acme","name":"shop"}`, "acme/shop", "", "", 0},
		{`"component":{"type":"container","name":"ghcr.io/acme/shop","version":"2.0"}`, "ghcr.io/acme/shop", "ghcr.io/acme/shop", "", 0},
		{`"component":{"type":"container","name":"ghcr.io/acme/shop"},"properties":[{"name":"headgate:asset","value":"shop"}]`, "shop", "", "", 0},
		{`"properties":[{"name":"headgate:window_days","value":"31"}]`, "", "", "", 31},
		{`"properties":[{"name":"headgate:observed_from","value":"2026-11-01T01:00:00Z"}]`, "", "", "", 18},
		{`"properties":[{"name":"headgate:observed_from","value":"2026-11-01T00:00:00Z"},{"name":"headgate:observed_until","value":"2026-11-11T00:00:00Z"}]`, "", "", "", 10},
		{`"properties":[{"name":"headgate:window_days","value":"0"}]`, "", "", "number of days", 0},
		{`"properties":[{"name":"headgate:window_days","value":"99999999999999999999"}]`, "", "", "number of days", 0},
		{`"properties":[{"name":"headgate:expires","value":"soon"}]`, "", "", "is no time", 0},
		{`"properties":[{"name":"headgate:observed_from","value":"2026-12-01T00:00:00Z"}]`, "", "", "ends before it begins", 0},
	} {
		o, err := ReadObservation("seen.json", strings.NewReader(fmt.Sprintf(observed, c.meta)), Options{})
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) || !strings.HasPrefix(err.Error(), "seen.json: ") {
				t.Errorf("%s: %v, want %q", c.meta, err, c.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.meta, err)
			continue
		}
		if o.Asset != c.asset || o.Image != c.image || o.WindowDays != c.days || len(o.Components) != 1 || o.Components[0].PURL != "pkg:golang/a.example/x" {
			t.Errorf("%s is read as %+v", c.meta, o)
		}
	}
	xml := `<?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/1.6"><metadata><timestamp>2026-11-20T00:00:00Z</timestamp>
		<component type="application"><name>shop</name></component><properties><property name="headgate:window_days">7</property></properties></metadata>
		<components><component type="library"><name>x</name><purl>pkg:npm/x@1</purl></component></components></bom>`
	if o, err := ReadObservation("seen.xml", strings.NewReader(xml), Options{}); err != nil || o.Asset != "shop" || o.WindowDays != 7 || len(o.Components) != 1 {
		t.Errorf("XML is read as %+v, %v", o, err)
	}
	for _, bad := range []string{"", "{", "[]", `{"bomFormat":"CycloneDX","specVersion":"9.9"}`, `{"SchemaVersion":2,"Results":[]}`} {
		if o, err := ReadObservation("seen.json", strings.NewReader(bad), Options{}); err == nil {
			t.Errorf("%q is read as %+v", bad, o)
		}
	}
}

func TestReachabilityInSARIFSaysOfWhichCommit(t *testing.T) {
	_, found := readDocument(t, `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"govulncheck","rules":[{"id":"GO-2024-3321"}]}},
		"versionControlProvenance":[{"repositoryUri":"https://github.com/acme/shop","revisionId":"a1b2c3d"}],
		"results":[{"ruleId":"GO-2024-3321","message":{"text":"Your code calls vulnerable functions in 1 package (golang.org/x/crypto)."}}]}]}`)
	if len(found) != 1 || found[0].Reachability == nil || found[0].Commit != "a1b2c3d" {
		t.Errorf("read as %+v", found)
	}
}
