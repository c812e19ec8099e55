package scope

import (
	"testing"

	"github.com/headgate/headgate/engine"
)

// FIRST's own examples and specification, and scores computed by hand from the specification's equations.
func TestEnvironmentalScoresAreThoseThatFIRSTPublishes(t *testing.T) {
	all := func(word string) engine.Requirements {
		return engine.Requirements{Confidentiality: word, Integrity: word, Availability: word}
	}
	for _, c := range []struct {
		vector   string
		of       engine.Requirements
		score    float64
		severity engine.Severity
	}{
		// CVSS v4.0 Examples, CVE-2023-3089: 8.3 at base, 8.1 in the environment that the example describes.
		{"CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:N/VC:H/VI:L/VA:L/SC:N/SI:N/SA:N", engine.Requirements{}, 8.3, "high"},
		{"CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:N/VC:H/VI:L/VA:L/SC:N/SI:N/SA:N/MAV:N/MAC:H/MVC:H/MVI:L/MVA:L",
			engine.Requirements{Confidentiality: "high", Integrity: "low", Availability: "low"}, 8.1, "high"},
		// FIRST's calculator.
		{"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", engine.Requirements{Confidentiality: "high", Integrity: "low", Availability: "low"}, 9.3, "critical"},
		{"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", all("high"), 0, "info"},
		// CVSS v3.1 specification, section 7.3: MISS = 1 − (1 − 0.5·0.56)³ = 0.6268, 6.42·MISS = 4.02, and 3.89 of exploitability.
		{"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", all("low"), 8, "high"},
		{"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", all("medium"), 9.8, "critical"},
		// MISS = 1 − (1 − 1.5·0.22) = 0.33, 6.42·MISS = 2.12, and 3.89; and with 0.5: 0.11, 0.71.
		{"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N", engine.Requirements{Confidentiality: "high", Availability: "high"}, 6.1, "medium"},
		{"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N", engine.Requirements{Confidentiality: "low"}, 4.6, "medium"},
		{"CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N", engine.Requirements{Confidentiality: "low"}, 4.6, "medium"},
		{"CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N", engine.Requirements{Confidentiality: "low"}, 0.9, "low"},
	} {
		e := environmental(c.vector, &c.of)
		if e == nil || e.Score != c.score || e.Severity != c.severity {
			t.Errorf("%s with %+v: %+v, want %v %s", c.vector, c.of, e, c.score, c.severity)
		}
	}
}

const (
	nvd31    = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"
	redhat31 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
	ghsa31   = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:H"
	ghsa40   = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N"
)

func assessed(cvss ...engine.CVSS) []engine.Case {
	return []engine.Case{{Input: engine.Input{
		Finding: engine.Finding{CVSS: cvss},
		Asset:   engine.Asset{ID: "batch", Requirements: &engine.Requirements{Availability: "low"}},
	}}}
}

func TestTheNewestVectorOfTheNVDCountsElseTheHighest(t *testing.T) {
	for _, c := range []struct {
		name string
		cvss []engine.CVSS
		want string
	}{
		{"the NVD's", []engine.CVSS{{Version: "3.1", Vector: redhat31, Score: 9.8, Source: "redhat"}, {Version: "3.1", Vector: nvd31, Score: 7.5, Source: "nvd"}}, nvd31 + "/AR:L"},
		{"the highest", []engine.CVSS{{Version: "3.1", Vector: ghsa31, Score: 9.1, Source: "ghsa"}, {Version: "3.1", Vector: redhat31, Score: 9.8, Source: "redhat"}}, redhat31 + "/AR:L"},
		{"the newest", []engine.CVSS{{Version: "3.1", Vector: nvd31, Score: 7.5, Source: "nvd"}, {Version: "4.0", Vector: ghsa40, Score: 8.7, Source: "ghsa"}}, ghsa40 + "/AR:L"},
		{"one that parses", []engine.CVSS{{Version: "4.0", Vector: "CVSS:4.0/AV:N", Score: 9}, {Version: "3.1", Vector: nvd31, Score: 7.5}}, nvd31 + "/AR:L"},
	} {
		cases := assessed(c.cvss...)
		ApplyRequirements(cases)
		if e := cases[0].Input.Context.Environmental; e == nil || e.Vector != c.want {
			t.Errorf("%s: %+v, want %s", c.name, e, c.want)
		}
	}
}

func TestWithoutVectorOrRequirementsThereIsNoEnvironmentalScore(t *testing.T) {
	without := assessed(engine.CVSS{Version: "3.1", Vector: nvd31, Score: 7.5})
	without[0].Input.Asset.Requirements = nil
	for name, cases := range map[string][]engine.Case{
		"no requirements":  without,
		"no assessment":    assessed(),
		"only a score":     assessed(engine.CVSS{Version: "3.1", Score: 7.5, Source: "nvd"}),
		"only version 2":   assessed(engine.CVSS{Version: "2.0", Vector: "AV:N/AC:L/Au:N/C:P/I:P/A:P", Score: 7.5}),
		"no vector at all": assessed(engine.CVSS{Version: "3.1", Vector: "CVSS:3.1/AV:N/AV:N", Score: 7.5}),
	} {
		ApplyRequirements(cases)
		if e := cases[0].Input.Context.Environmental; e != nil {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

func TestAnEnvironmentalScoreSaysWhereItComesFrom(t *testing.T) {
	cases := assessed(engine.CVSS{Version: "3.1", Vector: nvd31, Score: 7.5, Source: "nvd"})
	ApplyRequirements(cases)
	if have, want := cases[0].Provenance["context.environmental"].Source, "CVSS 3.1 of nvd, with the requirements of batch"; have != want {
		t.Errorf("its source is %q, want %q", have, want)
	}
}
