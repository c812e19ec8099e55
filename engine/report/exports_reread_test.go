package report_test

import (
	"bytes"
	"testing"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/ingest"
	"github.com/headgate/headgate/engine/report"
	"github.com/headgate/headgate/engine/scope"
)

// reread are the cases of standings as another run would have them, which is given the document that this one wrote.
func reread(t *testing.T, format string, r *engine.Result) []engine.Case {
	t.Helper()
	in, err := ingest.Read("headgate.json", bytes.NewReader(write(t, format, r, report.Options{Issuer: issuer()})), ingest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var cases []engine.Case
	for _, c := range r.Cases {
		c.Input.Context.VEX = nil
		cases = append(cases, c)
	}
	scope.ApplyVEX(cases, in.Statements)
	return cases
}

func TestOpenVEXIsReadAgainWithTheSameStatuses(t *testing.T) {
	for i, c := range reread(t, "openvex", standingResult()) {
		if c.Input.Context.VEX == nil || c.Input.Context.VEX.Status != standings[i].want {
			t.Errorf("%s: have %+v, want %s", standings[i].name, c.Input.Context.VEX, standings[i].want)
		}
	}
}

// What is said of one asset is not said of another that has the same component in the same version.
func TestOpenVEXOfOneAssetSaysNothingOfAnother(t *testing.T) {
	here := stands("shared", vex("not_affected", "vulnerable_code_not_present"))
	there := stands("shared", nil)
	there.Input.Asset.ID = "elsewhere"
	in, err := ingest.Read("headgate.json", bytes.NewReader(write(t, "openvex", result(engine.Pass, []engine.Case{here}), report.Options{})), ingest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cases := []engine.Case{here, there}
	for i := range cases {
		cases[i].Input.Context.VEX = nil
	}
	scope.ApplyVEX(cases, in.Statements)
	if cases[0].Input.Context.VEX == nil || cases[1].Input.Context.VEX != nil {
		t.Errorf("here %+v, there %+v", cases[0].Input.Context.VEX, cases[1].Input.Context.VEX)
	}
}

func TestOpenVEXNamesAnImageAsReadersDo(t *testing.T) {
	c := stands("lib", vex("not_affected", "vulnerable_code_not_present"))
	c.Input.Asset.ID, c.Input.Asset.Type = "ghcr.io/acme/shop", "image"
	c.Input.Finding.Locations = []engine.Location{{Image: "ghcr.io/acme/shop:1.2"}}
	r := result(engine.Pass, []engine.Case{c})
	if have := openVEXOf(t, r).Statements[0].Products[0].ID; have != "pkg:oci/shop?repository_url=ghcr.io%2Facme%2Fshop" {
		t.Errorf("the image is %s", have)
	}
	if again := reread(t, "openvex", r)[0].Input.Context.VEX; again == nil || again.Status != "not_affected" {
		t.Errorf("read again as %+v", again)
	}
}

// A CycloneDX document with one asset speaks of that asset, wherever it is found; one with several speaks of its own findings alone.
func TestCycloneDXIsReadAgainWithTheSameStatuses(t *testing.T) {
	for i, s := range standings {
		r := result(engine.Pass, standingResult().Cases[i:i+1])
		if c := reread(t, "cyclonedx", r)[0]; c.Input.Context.VEX == nil || c.Input.Context.VEX.Status != s.want {
			t.Errorf("%s: have %+v, want %s", s.name, c.Input.Context.VEX, s.want)
		}
	}
	whole := standingResult()
	in, err := ingest.Read("headgate.json", bytes.NewReader(write(t, "cyclonedx", whole, report.Options{})), ingest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(in.Statements) != len(standings) || len(in.Discoveries) != len(standings) {
		t.Fatalf("%d statements and %d findings of %d cases", len(in.Statements), len(in.Discoveries), len(standings))
	}
	for i, s := range in.Statements {
		f := in.Discoveries[i].Finding
		if s.VEX.Status != standings[i].want || s.Report == "" || f.Severity != engine.SeverityHigh || f.Package.Fixed[0] != "1.2.4" || f.Package.Versions[0] != "1.2.3" {
			t.Errorf("%s: have %+v of %+v", standings[i].name, s, f.Package)
		}
	}
	for _, c := range reread(t, "cyclonedx", whole) {
		if c.Input.Context.VEX != nil {
			t.Errorf("%s: a document with many assets speaks of another's finding: %+v", c.Input.Asset.ID, c.Input.Context.VEX)
		}
	}
}
