package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

func ticketEffect(did, ref, why string, state ...string) engine.Effect {
	e := engine.Effect{Key: "0c0894ad98545da7", Kind: engine.EffectTicket, Place: "https://acme.atlassian.net/projects/PAY", Ref: ref, Did: did, Why: why}
	for i := 0; i+1 < len(state); i += 2 {
		if e.State == nil {
			e.State = map[string]string{}
		}
		e.State[state[i]] = state[i+1]
	}
	return e
}

// publications are what publish can say.
func publications() map[string]*report.Publication {
	summary := "Upgrade log4j-core to 2.17.1 in checkout (1 act, 2 attend; due 24 Nov)"
	day := []report.PublishedChange{
		{Effect: ticketEffect(engine.DidCreate, "", "known exploited since 10 Dec 2021, two hops from payments-db"), Summary: summary, Due: "2026-11-24", Owner: "team-pay, component Payments"},
		{Effect: ticketEffect(engine.DidUpdate, "PAY-12", "summary, text, due date and a comment", "status", "In Progress"), Summary: "Upgrade spring-beans to 5.3.18 in checkout (1 act; due 24 Nov)",
			Due: "2026-11-24", Owner: "team-pay", Comment: "Now act (was attend): public exploit. Due on 24 Nov 2026 (was 5 Dec 2026)."},
		{Effect: ticketEffect(engine.DidClose, "PAY-9", "not found by 2 of 2 complete scans", "status", "To Do"), Summary: "Rotate the aws-access-key in deploy.sh in checkout (1 attend)",
			Comment: "2 complete scans in a row no longer find it, the last one of 21 Nov 2026 (gitleaks on repository acme/shop)."},
		{Effect: ticketEffect(engine.DidReopen, "PAY-3", "found again", "status", "Done", "resolution", "Fixed"), Summary: "Change open.go (G304) in checkout (1 attend; due 5 Dec)", Comment: "Found again by gosec on repository acme/shop."},
		{Effect: ticketEffect(engine.DidNothing, "PAY-4", "there is no complete report by trivy on image ghcr.io/acme/shop"), Summary: "Rebuild ghcr.io/acme/shop (3 packages) for checkout (3 attend)"},
		{Effect: ticketEffect(engine.DidNothing, "PAY-5", "not found by 1 of 2 complete scans"), Summary: "Upgrade lodash to 4.17.21 in web (1 attend)", Counts: true},
	}
	for i := range 20 {
		day = append(day, report.PublishedChange{Effect: ticketEffect(engine.DidNothing, fmt.Sprintf("PAY-%d", 20+i), "as it should be"), Summary: summary, Usual: true})
	}
	failed := []report.PublishedChange{
		{Effect: ticketEffect(engine.DidDegrade, "", "not created: Jira answers 400: customfield_10020: Team is required"), Summary: summary, Owner: "team-pay"},
		{Effect: ticketEffect(engine.DidCreate, "PAY-13", "public exploit"), Summary: "Upgrade spring-beans to 5.3.18 in checkout (1 attend)"},
	}
	var odd []report.PublishedChange
	for _, name := range []string{"::error::x", "##[error]x", "\x1b[31mred", "a\u202eb\nc", strings.Repeat("W", 400), strings.Repeat("漢", 300), ""} {
		odd = append(odd, report.PublishedChange{Effect: ticketEffect(engine.DidUpdate, name, name, "status", name, "resolution", name), Summary: name, Owner: name, Comment: name})
	}
	jira := func(dry bool, c []report.PublishedChange) *report.Publication {
		return &report.Publication{DryRun: dry, Destinations: []report.Published{{Name: "jira", Place: "https://acme.atlassian.net/projects/PAY", Changes: c}}}
	}
	return map[string]*report.Publication{"dry": jira(true, day), "done": jira(false, day), "failed": jira(false, failed), "strange": jira(true, odd),
		"nowhere": {Destinations: []report.Published{{Name: "jira", Place: "https://acme.atlassian.net/projects/PAY", Note: "tickets are made on push, schedule only, and this run is of manual"}}}}
}

func writePublication(t testing.TB, format string, p *report.Publication, o report.Options) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := report.WritePublication(&buf, format, p, o); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestPublicationsReadAsTheirGoldensDo(t *testing.T) {
	for name, p := range publications() {
		for _, width := range []int{60, 80, 120, 200} {
			have := writePublication(t, "text", p, report.Options{Width: width})
			golden(t, fmt.Sprintf("%s.publication.%d.golden", name, width), have)
			inert(t, have, width)
		}
	}
}

func TestPublicationsAsJSONHaveEveryEffect(t *testing.T) {
	for name, p := range publications() {
		var doc struct {
			Schema       string
			DryRun       bool `json:"dry_run"`
			Destinations []struct {
				Name    string
				Effects []engine.Effect
			}
		}
		if err := json.Unmarshal(writePublication(t, "json", p, report.Options{}), &doc); err != nil {
			t.Fatal(err)
		}
		if doc.Schema != report.PublicationSchemaName || doc.DryRun != p.DryRun || len(doc.Destinations) != 1 || len(doc.Destinations[0].Effects) != len(p.Destinations[0].Changes) {
			t.Errorf("%s: %+v", name, doc)
		}
	}
}

func TestWhatStaysAsItIsIsListedOnlyIfAsked(t *testing.T) {
	p := publications()["dry"]
	short, long := writePublication(t, "text", p, report.Options{}), writePublication(t, "text", p, report.Options{All: true})
	if bytes.Contains(short, []byte("PAY-30")) || !bytes.Contains(short, []byte("PAY-4")) || !bytes.Contains(long, []byte("PAY-30")) {
		t.Errorf("%s\n%s", short, long)
	}
}

func TestEveryPublicationIsValidByItsSchema(t *testing.T) {
	s := schema(t, report.PublicationSchema())
	for name, p := range publications() {
		t.Run(name, func(t *testing.T) { validate(t, s, writePublication(t, "json", p, report.Options{})) })
	}
}
