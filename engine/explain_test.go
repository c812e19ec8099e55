package engine_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/headgate/headgate/engine"
)

func TestExplainSaysWhatStoppedARule(t *testing.T) {
	p := load(t, own(rule("open", "raise contains lib.raise(rego.metadata.rule(), \"act\") if {\n\tinput.finding.package.name == \"log4j-core\"\n\tinput.asset.exposure == \"internet\"\n}")+
		rule("fired", `warn contains lib.warn(rego.metadata.rule())`)), nil)
	in := input(engine.EventPush, "")
	d := mustDecide(t, p, in)
	rules, err := p.Explain(t.Context(), &in, &d, now)
	if err != nil || len(rules) != 2 {
		t.Fatal(rules, err)
	}
	if r := rules[0]; r.Fired || r.Why != "asset.exposure is not known" {
		t.Errorf("have %+v", r)
	}
	if r := rules[1]; !r.Fired || r.Message == "" {
		t.Errorf("have %+v", r)
	}
	in.Asset.Exposure = "internal"
	if rules, _ = p.Explain(t.Context(), &in, &d, now); rules[0].Why != "asset.exposure is internal, not internet" {
		t.Errorf("have %+v", rules[0])
	}
}

func TestWhatStoppedARuleThatAsksAnotherIsWhatStoppedThat(t *testing.T) {
	p := load(t, own("_open if input.asset.exposure == \"internet\"\n\n"+rule("x", `deny contains lib.deny(rego.metadata.rule()) if _open`)), nil)
	in := input(engine.EventPush, "")
	in.Asset.Exposure = "internal"
	d := mustDecide(t, p, in)
	rules, err := p.Explain(t.Context(), &in, &d, now)
	if err != nil || rules[0].Why != "asset.exposure is internal, not internet" {
		t.Errorf("have %+v, %v", rules, err)
	}
}

func TestWhatStoppedARuleIsInWords(t *testing.T) {
	for condition, want := range map[string]string{
		`input.asset.exposure == "internet"`:                                  "asset.exposure is internal, not internet",
		`input.asset.criticality == "low"`:                                    "asset.criticality is not known",
		`input.context.intel.epss.probability >= data.packs.mine.params.high`: "context.intel.epss.probability is 0.25, not at least 0.5 (high)",
		`input.asset.exposure in {"partner", "internet"}`:                     "asset.exposure is internal, not one of internet, partner",
		`not input.asset.exposure`:                                            "asset.exposure is internal",
		`input.context.intel.kev.listed`:                                      "context.intel.kev.listed is not known",
		`startswith(input.asset.exposure, "ext")`:                             "asset.exposure is internal, and does not begin with ext",
		`glob.match("ext*", [], input.asset.exposure)`:                        `it does not hold that glob.match("ext*", [], input.asset.exposure) (asset.exposure is internal)`,
		`count(input.finding.package.versions) > 3`:                           "finding.package.versions is not known",
		`some l in input.finding.locations; l.path == "x"`:                    "finding.locations is not known",
		`some w in input.context.waivers; w.id == "x"`:                        "context.waivers is not known",
		`some class in input.asset.data; class == "pci"`:                      "class is not pci",
		`some class, _ in input.asset.tags; class == "pci"`:                   "asset.tags is not known",
		`"pci" in input.asset.data`:                                           "asset.data is pii, without pci",
		`not input.asset.exposure == "internal"`:                              "asset.exposure is internal",
		`input.context.intel.kev.listed == true`:                              "context.intel.kev.listed is not known",
		`input.finding.package.direct == false`:                               "finding.package.direct is not known",
		`input.context.paths.from_internet == false`:                          "context.paths.from_internet is yes, not no",
		`lib.all_paths_match(data.packs.mine.params.vendored)`:                "it does not hold that all paths match vendored",
		`_near("partner", "internal-net")`:                                    "it does not hold that near partner, internal-net",
		`data.packs.mine.params.least != null`:                                "least is not set",
	} {
		packs := own("_near(a, b) if input.asset.exposure in {a, b}\n\n" + rule("x", "deny contains lib.deny(rego.metadata.rule()) if {\n\t"+strings.ReplaceAll(condition, "; ", "\n\t")+"\n}"))
		packs["mine/data.yaml"] = &fstest.MapFile{Data: []byte("params:\n  high: 0.5\n  vendored: [vendor/**]\n  least: null\n")}
		p := load(t, packs, nil)
		in := input(engine.EventPush, "")
		in.Asset.Exposure, in.Asset.Data = "internal", []string{"pii"}
		in.Context.Paths = &engine.PathFacts{FromInternet: true}
		in.Context.Intel = &engine.Intel{EPSS: &engine.EPSS{CVE: "CVE-2024-1", Probability: 0.25}}
		d := mustDecide(t, p, in)
		rules, err := p.Explain(t.Context(), &in, &d, now)
		if err != nil {
			t.Fatal(err)
		}
		if have := rules[0].Why; have != want {
			t.Errorf("%s: have %q, want %q", condition, have, want)
		}
	}
}
