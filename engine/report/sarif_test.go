package report_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/ingest"
	"github.com/headgate/headgate/engine/report"
)

// A sarifDocument is the parts of a log that must be right, as another program reads them.
type sarifDocument struct {
	Schema  string `json:"$schema"`
	Version string
	Runs    []struct {
		Tool struct {
			Driver struct {
				Name  string
				Rules []struct {
					ID         string
					Properties map[string]any
				}
			}
		}
		Invocations []struct {
			ExecutionSuccessful        *bool
			ToolExecutionNotifications []struct {
				Level   string
				Message struct{ Text string }
			}
		}
		Results []struct {
			RuleID    string
			RuleIndex int
			Level     string
			Message   struct{ Text string }
			Locations []struct {
				PhysicalLocation struct {
					ArtifactLocation struct{ URI, URIBaseID string }
					Region           *struct{ StartLine, EndLine int }
				}
			}
			PartialFingerprints map[string]string
			BaselineState       string
			Suppressions        []struct{ Kind, Status, Justification string }
		}
	}
}

func readSARIF(t *testing.T, text []byte) sarifDocument {
	t.Helper()
	var d sarifDocument
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// sarifs are logs of all samples, of results and of findings.
func sarifs(t *testing.T) map[string][]byte {
	out := map[string][]byte{}
	for name, r := range samples() {
		out[name] = write(t, "sarif", r, report.Options{})
		out[name+" findings"] = findings(t, "sarif", r)
	}
	return out
}

func TestSARIFHasWhatTheStandardAndCodeScanningRequire(t *testing.T) {
	for name, text := range sarifs(t) {
		t.Run(name, func(t *testing.T) {
			if bytes.Contains(text, []byte("null")) {
				t.Error("something is null")
			}
			d := readSARIF(t, text)
			if d.Version != "2.1.0" || !strings.Contains(d.Schema, "sarif-2.1.0") || len(d.Runs) != 1 {
				t.Fatalf("version %s, schema %s, %d runs", d.Version, d.Schema, len(d.Runs))
			}
			run := d.Runs[0]
			if run.Tool.Driver.Name == "" || len(run.Invocations) != 1 || run.Invocations[0].ExecutionSuccessful == nil {
				t.Error("no tool or no invocation")
			}
			seen := map[string]bool{}
			for _, r := range run.Tool.Driver.Rules {
				if r.ID == "" || seen[r.ID] {
					t.Errorf("rule %q is twice or has no id", r.ID)
				}
				seen[r.ID] = true
			}
			prints := map[string]bool{}
			for i, r := range run.Results {
				if r.RuleIndex < 0 || r.RuleIndex >= len(run.Tool.Driver.Rules) || run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID {
					t.Errorf("result %d: rule %d is not %q", i, r.RuleIndex, r.RuleID)
				}
				if !slices.Contains([]string{"error", "warning", "note"}, r.Level) || r.Message.Text == "" {
					t.Errorf("result %d: level %q, message %q", i, r.Level, r.Message.Text)
				}
				print := r.PartialFingerprints["headgate/v1"]
				if print == "" || prints[print] {
					t.Errorf("result %d: fingerprint %q is empty or not its own", i, print)
				}
				prints[print] = true
				if !slices.Contains([]string{"", "new", "unchanged"}, r.BaselineState) {
					t.Errorf("result %d: baseline state %q", i, r.BaselineState)
				}
				for _, s := range r.Suppressions {
					if !slices.Contains([]string{"inSource", "external"}, s.Kind) || !slices.Contains([]string{"", "accepted", "underReview", "rejected"}, s.Status) {
						t.Errorf("result %d: suppression %+v", i, s)
					}
				}
				if len(r.Locations) == 0 {
					t.Errorf("result %d has no location", i)
				}
				for _, l := range r.Locations {
					at := l.PhysicalLocation.ArtifactLocation
					u, err := url.Parse(at.URI)
					if err != nil || at.URI == "" || u.IsAbs() || u.Host != "" || strings.HasPrefix(at.URI, "/") || strings.Contains(at.URI, "..") || at.URIBaseID != "%SRCROOT%" {
						t.Errorf("result %d: location %+v (%v)", i, at, err)
					}
					if g := l.PhysicalLocation.Region; g != nil && (g.StartLine < 1 || g.EndLine != 0 && g.EndLine < g.StartLine) {
						t.Errorf("result %d: region %+v", i, g)
					}
				}
			}
		})
	}
}

func TestSARIFSaysWhatTheDecisionsSay(t *testing.T) {
	d := readSARIF(t, write(t, "sarif", blocked(), report.Options{}))
	run := d.Runs[0]
	if len(run.Results) != 61 || !*run.Invocations[0].ExecutionSuccessful {
		t.Errorf("%d results, successful %v", len(run.Results), *run.Invocations[0].ExecutionSuccessful)
	}
	first := run.Results[0]
	if first.Level != "error" || first.BaselineState != "new" || !strings.Contains(first.Message.Text, "known exploited since 10 Dec 2021") {
		t.Errorf("have %+v", first)
	}
	if have := run.Tool.Driver.Rules[first.RuleIndex].Properties["security-severity"]; have != "9.5" {
		t.Errorf("security-severity %v", have)
	}
	if last := run.Results[60]; last.Level != "note" || len(last.Suppressions) != 1 || !strings.Contains(last.Suppressions[0].Justification, "accepted until") {
		t.Errorf("a waived case is %+v", last)
	}
	run = readSARIF(t, write(t, "sarif", doubtful(), report.Options{})).Runs[0]
	inv := run.Invocations[0]
	if *inv.ExecutionSuccessful || len(inv.ToolExecutionNotifications) != 4 {
		t.Errorf("incomplete and missing reports: have %+v", inv)
	}
}

// Code scanning closes what is suppressed, and takes a suppression without a status for accepted.
func TestSARIFSuppressesOnlyWhatTheDecisionExempts(t *testing.T) {
	exempted := excused().Cases[1].Decision
	warned := excused().Cases[0].Decision
	held := reported().Cases[0].Decision
	for _, c := range []struct {
		name, status string
		decision     engine.Decision
		want, alone  string // the status written of the case, and of the finding before any decision
	}{
		{"no decision to exempt", "accepted", openFile().Decision, "", "accepted"},
		{"exempted", "accepted", exempted, "accepted", "accepted"},
		{"exempted, status not known", "", exempted, "accepted", ""},
		{"still warns", "accepted", warned, "", "accepted"},
		{"held back by report-only", "accepted", held, "", "accepted"},
		{"not known", "", openFile().Decision, "", ""},
		{"a word that is none", "maybe", openFile().Decision, "", ""},
		{"under review", "under_review", openFile().Decision, "underReview", "underReview"},
		{"rejected", "rejected", held, "rejected", "rejected"},
	} {
		k := openFile()
		k.Decision = c.decision
		k.Input.Finding.Suppression = &engine.Suppression{Kind: "in_source", Status: c.status, Justification: "because"}
		r := result(engine.Warn, []engine.Case{k})
		for which, want := range map[string]string{"case": c.want, "finding": c.alone} {
			text := findings(t, "sarif", r)
			if which == "case" {
				text = write(t, "sarif", r, report.Options{})
			}
			have := readSARIF(t, text).Runs[0].Results[0].Suppressions
			if len(have) > 1 || (len(have) == 1) != (want != "") || len(have) == 1 && have[0].Status != want {
				t.Errorf("%s: the %s has %+v, want %q", c.name, which, have, want)
			}
		}
	}
}

func TestSARIFMessagesHaveNeitherLinksNorArguments(t *testing.T) {
	c := log4shell()
	c.Decision.Reasons[0].Message = `see [here](https://evil.example) and \[there](1), {0} and {x}`
	text := readSARIF(t, write(t, "sarif", result(engine.Block, []engine.Case{c}), report.Options{})).Runs[0].Results[0].Message.Text
	if want := `see \[here\](https://evil.example) and \\\[there\](1), {{0}} and {x}`; !strings.Contains(text, want) {
		t.Errorf("have %s, want %s", text, want)
	}
}

// What is written can be read again as a report: the same findings at the same places.
func TestSARIFIsReadAgainAsTheSameFindings(t *testing.T) {
	for _, name := range []string{"blocked", "release", "doubtful"} {
		r := samples()[name]
		in, err := ingest.Read("headgate.sarif", bytes.NewReader(write(t, "sarif", r, report.Options{})), ingest.Options{})
		if err != nil {
			t.Fatal(err)
		}
		rep, found := in.Report, in.Discoveries
		if len(found) != len(r.Cases) || rep.Tool != "Headgate" {
			t.Errorf("%s: %d findings of %s, want %d", name, len(found), rep.Tool, len(r.Cases))
		}
		if rep.Complete != (name != "doubtful") {
			t.Errorf("%s: complete %v", name, rep.Complete)
		}
	}
}

// HEADGATE_SARIF_SCHEMA names a copy of the OASIS schema (sarif-schema-2.1.0.json), which is not ours to pass on.
func TestSARIFIsValidByTheOASISSchema(t *testing.T) {
	name := os.Getenv("HEADGATE_SARIF_SCHEMA")
	if name == "" {
		t.Skip("HEADGATE_SARIF_SCHEMA does not name a copy of sarif-schema-2.1.0.json")
	}
	s, err := jsonschema.NewCompiler().Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range sarifs(t) {
		t.Run(name, func(t *testing.T) { validate(t, s, text) })
	}
}
