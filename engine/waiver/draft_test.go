package waiver_test

import (
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/waiver"
)

func given() waiver.Waiver {
	return waiver.Waiver{Reason: "only: used # in the build", Requester: dev, Approver: ana, Asset: "checkout",
		Created: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC), Expires: time.Date(2026, 12, 21, 0, 0, 0, 0, time.UTC)}
}

func draft(t *testing.T, w waiver.Waiver, have *waiver.List, cases ...engine.Case) *waiver.Draft {
	t.Helper()
	d, err := waiver.NewDraft(w, cases, have)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestADraftLoadsAndHoldsOfItsCases(t *testing.T) {
	for _, before := range []string{"", "# ours\n", "waivers: []\n", "waivers:\n", good, strings.TrimSuffix(good, "\n"),
		"waivers:\n- {id: w, finding: CVE-2021-44228, reason: x, created: 2026-11-01, expires: 2026-11-02}"} {
		have := read(t, before)
		d := draft(t, given(), have, lodash())
		text, err := d.Append("waivers.yaml", []byte(before))
		if err != nil {
			t.Errorf("%q: %v", before, err)
			continue
		}
		if len(have.Waivers) > 0 && !strings.HasPrefix(string(text), before) {
			t.Errorf("what was there is not any more:\n%s", text)
		}
		after := read(t, string(text))
		if len(after.Waivers) != len(have.Waivers)+1 {
			t.Fatalf("%d waivers in\n%s", len(after.Waivers), text)
		}
		cases := []engine.Case{lodash()}
		after.Apply(cases, now, proven)
		if len(cases[0].Input.Context.Waivers) != 1 {
			t.Errorf("the draft does not hold:\n%s", text)
		}
	}
}

func TestADraftEndsWhenTheFactsOfTodayChange(t *testing.T) {
	w := draft(t, given(), nil, lodash()).Waiver
	if g := w.While; !g.NotExploited || g.EPSSBelow != 0.03 || strings.Join(g.ReachabilityNot, "") != "reachable" ||
		strings.Join(g.ExposureNot, "") != "internet" || strings.Join(g.ValidationNot, "") != "exploitable" {
		t.Errorf("have %+v", g)
	}
	if w.ID != "w-cve-2021-23337-lodash" || w.Finding != lodash().Input.Finding.ID {
		t.Errorf("have %s of %s", w.ID, w.Finding)
	}
}

func TestADraftIsNotBoundToWhatIsNotSoOrNotKnown(t *testing.T) {
	listed := lodash()
	listed.Input.Context = engine.Context{Intel: &engine.Intel{KEV: &engine.KEV{Listed: true}, EPSS: &engine.EPSS{Probability: 0.9}}, Reachability: &engine.Reachability{Verdict: "reachable"}}
	listed.Input.Asset.Exposure = ""
	for _, cases := range [][]engine.Case{{listed}, {lodash(), listed}} {
		d := draft(t, given(), nil, cases...)
		if g := d.Waiver.While; g.NotExploited || g.EPSSBelow != 0 || g.ReachabilityNot != nil || g.ExposureNot != nil || g.ValidationNot != nil {
			t.Errorf("have %+v", g)
		}
		entry, err := d.Entry(2)
		if err != nil || strings.Contains(string(entry), "while") {
			t.Errorf("%s, %v", entry, err)
		}
	}
}

func TestADraftsIDIsItsOwn(t *testing.T) {
	text := []byte{}
	for _, want := range []string{"w-cve-2021-23337-lodash", "w-cve-2021-23337-lodash-2", "w-cve-2021-23337-lodash-3"} {
		d := draft(t, given(), read(t, string(text)), lodash())
		if d.Waiver.ID != want {
			t.Errorf("have %s, not %s", d.Waiver.ID, want)
		}
		var err error
		if text, err = d.Append("waivers.yaml", text); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHostileNamesAreNothingButNames(t *testing.T) {
	evil := "x\n  - id: evil\n    path: a/**\n\u2028\x1b[31m"
	c := lodash()
	c.Input.Finding.Package.Name = evil
	c.Input.Finding.Vulnerability = &engine.Vulnerability{ID: evil}
	w := given()
	w.Reason, w.Ticket, w.Asset = "a: b\n- c", "*x", "&checkout"
	d := draft(t, w, nil, c)
	d.Waiver.Reason = "a: b - c" // on one line, as the command line takes it
	text, err := d.Append("waivers.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	if list := read(t, string(text)); len(list.Waivers) != 1 || list.Waivers[0].Ticket != "*x" || strings.ContainsAny(string(text), "\x1b\u2028") {
		t.Errorf("have\n%s", text)
	}
}

func TestADraftIsRefusedWhereItCannotBePutIn(t *testing.T) {
	d := draft(t, given(), nil, lodash())
	for _, text := range []string{
		"waivers: [{id: w, finding: CVE-2021-44228, reason: x, created: 2026-11-01, expires: 2026-11-02}]\n",
		"{waivers: []}\n", "waivers: []\n...\n", "waivers: [\n", good + "...\n",
	} {
		if out, err := d.Append("waivers.yaml", []byte(text)); err == nil {
			t.Errorf("%s\nbecomes\n%s", text, out)
		}
	}
}
