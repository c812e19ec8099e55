package evidence_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"testing"
	"testing/fstest"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
)

// fits says what is wrong with a document by a schema.
func fits(t *testing.T, schema, doc []byte) error {
	t.Helper()
	s, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("urn:schema", s); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("urn:schema")
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
	if err != nil {
		t.Fatal(err)
	}
	return compiled.Validate(value)
}

func TestWhatIsWrittenFitsItsSchema(t *testing.T) {
	k := key(t, 1)
	m := make1(4, k)
	c := &m.cases[0]
	c.Input.Finding.IDs = append(c.Input.Finding.IDs, "hg1-00000000000000ff")
	c.Input.Context.History = &engine.History{AgeDays: 3}
	c.Decision.Overdue, c.Decision.NextChange, c.Decision.Obligations, c.Decision.Assumed = true, now, []string{"forensics"}, []string{"asset.exposure=internet"}
	c.Decision.Reasons = append(c.Decision.Reasons, engine.Reason{Stated: &engine.Stated{Rule: "x.y", Kind: "raise", To: engine.Act, Firm: true, EffectiveOn: "2027-01-01"}})
	m.prev = func(*engine.Case) string { return evidence.ID(evidence.Digest(nil), 7) }
	m.waivers[0].Why, m.waivers[0].Ticket, m.waivers[0].Finding, m.waivers[0].Path, m.waivers[0].Asset = "a", "b", "c", "d", "e"
	m.terms.CI = &evidence.CI{Run: "1", Attempt: "2", Workflow: "w", Actor: "a"}
	m.result.Weakened = []string{"report-only"}
	files, digest := m.bundle(t)
	for line := range bytes.Lines(unpacked(t, files, evidence.PartRecords)) {
		if err := fits(t, evidence.RecordSchema, line); err != nil {
			t.Errorf("%s\n%v", line, err)
		}
	}
	var e struct{ Payload string }
	if err := json.Unmarshal(files[evidence.PartStatement].Data, &e); err != nil {
		t.Fatal(err)
	}
	payload, err := base64.StdEncoding.DecodeString(e.Payload)
	if err != nil {
		t.Fatal(err)
	}
	if err := fits(t, evidence.StatementSchema, payload); err != nil {
		t.Error(err)
	}
	l := newLedger()
	l.append(t, files, digest, k)
	b, err := evidence.OpenBundle(files)
	if err != nil {
		t.Fatal(err)
	}
	r, err := evidence.MakeReceipt(context.Background(), b, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.InLog(context.Background(), l, 0); err != nil {
		t.Fatal(err)
	}
	text, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := fits(t, evidence.ReceiptFormat, text); err != nil {
		t.Error(err)
	}
	for what, v := range map[string]*evidence.Verification{
		"a bundle": verify(t, files, k), "a receipt": evidence.VerifyReceipt(text, evidence.Options{Key: &key(t, 2).Key}),
		"a ledger": l.verify(t, evidence.Options{Key: &k.Key, Runs: []string{"x"}}), "nothing": evidence.VerifyReceipt(nil, evidence.Options{}),
	} {
		doc, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := fits(t, evidence.VerificationFormat, doc); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestRecordsOfEveryKindFitTheSchemaAndAreRead(t *testing.T) {
	for _, r := range []evidence.Record{
		{Kind: evidence.KindWaiver, Waiver: waived()},
		{Kind: evidence.KindEffect, Effect: &engine.Effect{Key: "k", Kind: engine.EffectTicket, Place: "https://jira.example/PAY", ID: "1", Ref: "PAY-1", URL: "u",
			State: map[string]string{"status": "open"}, Did: engine.DidCreate, Why: "w"}},
		{Kind: evidence.KindPolicy, Policy: &evidence.PolicyChange{Was: evidence.Digest(nil), Is: evidence.Digest([]byte("x"))}},
		{Kind: evidence.KindClosure, Case: &evidence.CaseChange{Finding: "hg1-1", Asset: "checkout", Branch: "main", By: evidence.Digest(nil)}},
		{Kind: evidence.KindReopen, Case: &evidence.CaseChange{Finding: "hg1-1", Asset: "checkout"}},
	} {
		got := alone(t, r)
		if err := fits(t, evidence.RecordSchema, got); err != nil {
			t.Errorf("%s: %v", got, err)
		}
		back, err := evidence.ParseRecord(bytes.TrimSpace(got))
		if err != nil || back.Kind != r.Kind {
			t.Errorf("%s: %v", got, err)
		}
		for _, other := range []evidence.Kind{evidence.KindDecision, "gossip"} {
			wrong := bytes.Replace(bytes.TrimSpace(got), []byte(`"kind":"`+r.Kind), []byte(`"kind":"`+other), 1)
			if _, err := evidence.ParseRecord(wrong); err == nil {
				t.Errorf("%s is read", wrong)
			}
		}
	}
}

// alone is the line of a record in a run of its own, which decides nothing.
func alone(t *testing.T, r evidence.Record) []byte {
	t.Helper()
	files := fstest.MapFS{}
	w, err := evidence.NewWriter(creator(files), make1(0, nil).terms, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Add(r); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Close(evidence.Outcome{}); err != nil {
		t.Fatal(err)
	}
	if v := verify(t, files, nil); v.Failed != 0 || v.Records != 1 {
		t.Errorf("%s: level %d %s", r.Kind, v.Failed, said(v))
	}
	return unpacked(t, files, evidence.PartRecords)
}
