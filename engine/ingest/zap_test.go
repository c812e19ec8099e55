package ingest

import (
	"reflect"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
)

func TestZAPReportsAreReadAsTheirGoldens(t *testing.T) {
	for _, name := range []string{"zap-report.json", "zap-report.xml"} {
		t.Run(name, func(t *testing.T) { golden(t, name, Options{}) })
	}
}

func TestZAPSaysTheSameInJSONAndXML(t *testing.T) {
	_, fromJSON := readDocument(t, file(t, "zap-report.json"))
	_, fromXML := readDocument(t, file(t, "zap-report.xml"))
	for _, found := range [][]engine.Discovery{fromJSON, fromXML} {
		for i := range found {
			found[i].Finding.Sources = nil
		}
	}
	if !reflect.DeepEqual(fromJSON, fromXML) {
		t.Errorf("JSON is read as\n%+v\nand XML as\n%+v", fromJSON, fromXML)
	}
}

func TestZAPSitesAreObjectsOrLists(t *testing.T) {
	alerts := `"alerts":[{"pluginid":"1","name":"a","riskcode":"2","confidence":"3","cweid":"0","instances":[]}]`
	for _, doc := range []string{
		`{"@version":"2.7.0","site":{"@name":"http://a.example",` + alerts + `}}`,
		`{"@version":"2.7.0","site":[{"@name":"http://a.example",` + alerts + `}]}`,
		`{"@version":"2.7.0","site":[{"@host":"a.example","@port":"80","@ssl":"false",` + alerts + `}]}`,
		`{"@version":"2.3.1","site":{` + strings.Replace(alerts, `"instances":[]`, `"uri":"http://a.example/x","param":"p"`, 1) + `}}`,
	} {
		report, found := readDocument(t, doc)
		if len(found) != 1 || found[0].Target.Name != "a.example" || found[0].Finding.Severity != "medium" || found[0].Finding.CWEs != nil || !report.Complete {
			t.Errorf("%s is read as %+v", doc, found)
		}
	}
}

func TestZAPThatReachedNoSiteDidNotScan(t *testing.T) {
	for _, doc := range []string{`{"@programName":"ZAP","@version":"2.15.0","site":[]}`, `<OWASPZAPReport version="2.15.0"></OWASPZAPReport>`} {
		if report, _ := readDocument(t, doc); report.Incomplete != "zap reached no site" || report.Tool != "zap" {
			t.Errorf("%s is read as %+v", doc, report)
		}
	}
	if report, _ := readDocument(t, `<OWASPZAPReport><site name="https://a.example"><alerts/></site></OWASPZAPReport>`); !report.Complete {
		t.Errorf("a site without alerts is read as %+v", report)
	}
}

func TestBrokenZAPReportsAreRefused(t *testing.T) {
	whole := `<?xml version="1.0"?><OWASPZAPReport version="2"><site name="https://a.example"><alerts><alertitem><name>a</name></alertitem></alerts></site></OWASPZAPReport>`
	if _, found := readDocument(t, whole); len(found) != 1 {
		t.Fatalf("read as %+v", found)
	}
	for name, doc := range map[string]string{
		"cut":                   whole[:len(whole)-30],
		"cut in an alert":       whole[:strings.Index(whole, "</name>")],
		"garbage behind it":     whole + "trailing",
		"twice":                 whole + whole[len(`<?xml version="1.0"?>`):],
		"an entity of its own":  strings.Replace(whole, "<name>a", "<name>&secret;", 1),
		"an alert not an alert": `{"@version":"2","site":[{"alerts":[]}]} trailing`,
	} {
		if got := refused(t, doc); strings.ContainsAny(got, "\n") || strings.Contains(got, "secret") {
			t.Errorf("%s: refused with %q", name, got)
		}
	}
}

func TestMarkupOfTextsIsTakenOut(t *testing.T) {
	for fragment, want := range map[string]string{
		"<p>a <b>b</b></p>":               "a b",
		"&lt;script&gt;x&lt;/script&gt;y": "x y",
		"a &amp;lt;i&amp;gt; b":           "a b",
		"1 < 2 and 3 > 2":                 "1 < 2 and 3 > 2",
		"<!-- no -->plain":                "<!-- no -->plain",
	} {
		if got := textOf(fragment); got != want {
			t.Errorf("%q is %q, want %q", fragment, got, want)
		}
	}
}
