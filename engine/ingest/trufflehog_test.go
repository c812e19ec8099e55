package ingest

import (
	"testing"

	"github.com/headgate/headgate/engine"
)

func TestTruffleHogReportsAreReadAsTheirGoldens(t *testing.T) {
	golden(t, "trufflehog-sources.json", Options{Repository: "acme/shop", Roots: []string{"/home/runner/app"}})
}

func TestTruffleHogCredentialsAreActiveOnlyWhereVerified(t *testing.T) {
	for _, doc := range []string{`"Verified":false`, `"Verified":null`, `"VerificationError":"timeout"`} {
		_, found := readDocument(t, `{"DetectorName":"AWS","SourceName":"x","Raw":"r",`+doc+`}`)
		if found[0].Finding.Secret.Active != nil {
			t.Errorf("%s: active is %v, want unknown", doc, *found[0].Finding.Secret.Active)
		}
	}
	_, found := readDocument(t, `[{"DetectorName":"AWS","SourceName":"x","Raw":"r","Verified":true}]`)
	if a := found[0].Finding.Secret.Active; a == nil || !*a {
		t.Errorf("a verified credential is %v", a)
	}
}

func TestTruffleHogThatLoggedAnErrorIsNotComplete(t *testing.T) {
	report, found := readDocument(t, `{"DetectorName":"AWS","SourceName":"x","Raw":"r"}
		{"level":"error","msg":"error scanning PLANTED"}`)
	if report.Complete || report.Incomplete != "trufflehog logged an error" || len(found) != 1 || report.Results != 1 {
		t.Errorf("read as %+v", report)
	}
}

func TestRepositoriesAreNamedByTheirAddress(t *testing.T) {
	b := &batch{options: Options{Repository: "acme/shop"}}
	for remote, want := range map[string]string{
		"https://github.com/acme/payments.git":          "acme/payments",
		"https://ada:token@github.com/acme/payments":    "acme/payments",
		"git@github.com:acme/payments.git":              "acme/payments",
		"ssh://git@gitlab.example:2222/a/b/c.git":       "a/b/c",
		"file:///tmp/checkout":                          "acme/shop",
		"/tmp/checkout":                                 "acme/shop",
		"":                                              "acme/shop",
		"https://github.com/acme/payments?token=secret": "acme/shop",
	} {
		if got := b.repositoryAt(remote); got != (engine.Target{Type: engine.TargetRepository, Name: want}) {
			t.Errorf("%q is %v, want %s", remote, got, want)
		}
	}
}
