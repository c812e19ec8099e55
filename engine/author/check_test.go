package author_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/author"
	"github.com/headgate/headgate/policies"
)

// draft is the user's pack mine on top of one that ships.
func draft(t testing.TB, files map[string]string) *engine.Draft {
	t.Helper()
	folder := fstest.MapFS{}
	for name, text := range files {
		folder[name] = &fstest.MapFile{Data: []byte(text)}
	}
	d, err := engine.ReadDraft(engine.PolicySource{Shipped: policies.Files, Packs: []string{"exploit"},
		Own: []engine.PackFolder{{Label: "own", Files: folder}}})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// stated is a module with a complete rule of a set, whose body begins on line 18.
func stated(set, call, body string) string {
	lines := strings.Split(strings.TrimSpace(body), "\n")
	return fmt.Sprintf(`# METADATA
# title: Mine
# description: Ours.
package packs.mine

import data.lib

# METADATA
# title: The rule
# description: As it says.
# custom:
#   id: mine.rule
#   message: a message
#   remediation: Do something.
#   controls: [SOC2-CC7.1]
%s contains %s if {
	input.finding.kind in {"vulnerability", "weakness"}
	%s
}
`, set, call, strings.Join(lines, "\n\t"))
}

func warn(body string) string { return stated("warn", "lib.warn(rego.metadata.rule())", body) }

func capped(body string) string {
	return stated("cap", `lib.cap(rego.metadata.rule(), "track")`, body)
}

func said(problems []engine.Problem) string {
	var all []string
	for _, p := range problems {
		kind := "error"
		if p.Warning {
			kind = "warning"
		}
		all = append(all, kind+" "+p.Error()+" | "+p.Hint)
	}
	return strings.Join(all, "\n")
}

func TestCheckFindsWhatWouldNeverDoWhatItReadsLike(t *testing.T) {
	for _, c := range []struct{ name, rules, want string }{
		{"false", warn(`false`), `error own/mine/mine.rego:18: ` + "`false` is never true"},
		{"constants", warn(`1 > 2`), `error own/mine/mine.rego:18: ` + "`1 > 2` is never true"},
		{"a value that never comes", warn(`input.asset.exposure == "internt"`), `error own/mine/mine.rego:18: input.asset.exposure is never "internt"; did you mean internet?`},
		{"through a variable", warn("f := input.finding\nf.severity == \"hgih\""), `:19: input.finding.severity is never "hgih"; did you mean high?`},
		{"of an element", warn("some w in input.finding.locations\nw.line == \"3\""), `error own/mine/mine.rego:19:`},
		{"two values at once", warn("input.finding.severity == \"high\"\ninput.finding.severity == \"low\""), `error own/mine/mine.rego:19: the conditions on input.finding.severity exclude each other`},
		{"not in the set", warn("input.finding.severity in {\"high\", \"critical\"}\ninput.finding.severity == \"low\""), `:19: the conditions on input.finding.severity exclude each other`},
		{"all values excluded", warn("not input.asset.environment == \"production\"\nnot input.asset.environment == \"staging\"\ninput.asset.environment != \"development\""), `exclude each other`},
		{"absent and there", warn("not input.context.reachability\ninput.context.reachability.verdict == \"reachable\""), `:18: input.context.reachability cannot be absent where input.context.reachability.verdict is there`},
		{"absent and true", warn("not input.context.intel.kev.listed\ninput.context.intel.kev.listed"), `exclude each other`},
		{"beyond the schema", warn(`input.context.intel.epss.probability > 1`), `input.context.intel.epss.probability is 0 to 1, so ` + "`input.context.intel.epss.probability > 1` never holds"},
		{"percent for a share", warn(`input.context.intel.epss.probability >= 50`), `is 0 to 1, so`},
		{"an empty range", warn("input.context.history.age_days > 30\ninput.context.history.age_days < 10"), `exclude each other`},
		{"words by the alphabet", warn(`input.finding.severity >= "high"`), `compares words by the alphabet, not in the order info, low, medium, high, critical | list the values`},
		{"an inequality", warn(`input.asset.exposure != "internal"`), `warning own/mine/mine.rego:18: ` + "`input.asset.exposure != \"internal\"`" + ` is undefined where input.asset.exposure is absent`},
		{"unknown lowers", capped(`not input.context.reachability.verdict == "reachable"`), `warning own/mine/mine.rego:18: ` + "`not input.context.reachability.verdict == \"reachable\"`" + ` holds where input.context.reachability is not known, and lowers the case`},
		{"an empty list", warn(`input.finding.package.fixed == []`), `warning own/mine/mine.rego:18: input.finding.package.fixed is absent where nothing is known, never empty: this never holds | write not input.finding.package.fixed`},
		{"counted as none", warn(`count(input.finding.package.fixed) == 0`), `never an empty list: this never holds | write not input.finding.package.fixed`},
		{"in every", warn("every l in input.finding.locations {\n\t\tl.path != \"go.mod\"\n\t}"), `warning own/mine/mine.rego:19: ` + "`l.path != \"go.mod\"`" + ` is undefined where input.finding.locations[_].path is absent, and then every does not hold`},
		{"nothing asks it", warn(`input.finding.severity == "high"`) + "\n_left_over if input.finding.severity == \"low\"\n", `warning own/mine/mine.rego:21: nothing asks _left_over`},
		{"no such pack", warn(`data.packs.yours.params.high > 1`), `error own/mine/mine.rego:18: there is no packs.yours; there is exploit,`},
		{"a misspelt parameter", warn(`data.packs.exploit.params.epss_hihg > 0`), `there is no packs.exploit.params.epss_hihg; did you mean epss_high?`},
		{"a misspelt function of the library", warn(`lib.introducd`), `there is no lib.introducd; did you mean introduced?`},
		{"its own message", stated("warn", `sprintf("%s is bad", [input.finding.package.name])`, "lib.introduced"), `warning own/mine/mine.rego:16: sees the whole of input.finding.package.name, so that cases are decided one by one`},
		{"the whole input", warn(`contains(json.marshal(input), "x")`), `sees the whole of input, so`},
		{"no description", strings.Replace(warn("true"), "# description: As it says.\n", "", 1), `error own/mine/mine.rego:15: the METADATA of mine.rule has no description`},
		{"no title", strings.Replace(warn("true"), "# title: The rule\n", "", 1), `the METADATA of mine.rule has no title`},
		{"no id", strings.Replace(stated("warn", `"x"`, "true"), "#   id: mine.rule\n", "", 1), `has no custom.id`},
		{"no remediation", strings.Replace(warn("true"), "#   remediation: Do something.\n", "", 1), `warning own/mine/mine.rego:15: the METADATA of mine.rule has no custom.remediation`},
		{"no message", strings.Replace(warn("true"), "#   message: a message\n", "", 1), `warning own/mine/mine.rego:15: the METADATA of mine.rule has no custom.message`},
		{"no controls", strings.Replace(warn("true"), "#   controls: [SOC2-CC7.1]\n", "", 1), `warning own/mine/mine.rego:15: the METADATA of mine.rule has no custom.controls`},
		{"a key nobody reads", strings.Replace(warn("true"), "#   message:", "#   mesage:", 1), `nobody reads custom.mesage; did you mean message?`},
		{"another pack's id", strings.Replace(warn("true"), "id: mine.rule", "id: yours.rule", 1), `warning own/mine/mine.rego:16: the id yours.rule does not begin with the name of its pack`},
		{"a value that is not given", strings.Replace(warn("true"), "message: a message", "message: 'above {limit}'", 1), `error own/mine/mine.rego:16: the message names {limit}, which the rule gives no value`},
		{"no METADATA", "package packs.mine\n\ndeny contains \"x\" if input.finding.severity == \"high\"\n", `warning own/mine/mine.rego:3: deny has no METADATA`},
		{"not formatted", strings.Replace(warn("true"), "\ttrue", "    true", 1), `warning own/mine/mine.rego: is not formatted | opa fmt -w own/mine/mine.rego`},
		{"reads what it makes", stated("opens_step", "lib.opens_step(rego.metadata.rule())", "input.context.paths.from_internet"), `error own/mine/mine.rego:16: opens_step reads input.context.paths: it must not know`},
		{"reads it through a variable", stated("opens_step", "lib.opens_step(rego.metadata.rule())", "c := input.context\nc.paths.hops < 3"), `opens_step reads input.context.paths`},
	} {
		have := said(author.Check(draft(t, map[string]string{"mine/mine.rego": c.rules})))
		if !strings.Contains(have, c.want) {
			t.Errorf("%s: have\n%s\nwant %s", c.name, have, c.want)
		}
	}
}

func TestCheckHasNothingAgainstWhatIsRight(t *testing.T) {
	for name, rules := range map[string]string{
		"equality":                   warn(`input.asset.exposure == "internet"`),
		"guarded inequality":         warn("input.asset.exposure\ninput.asset.exposure != \"internal\""),
		"guarded negation in a cap":  capped("input.context.reachability\nnot input.context.reachability.verdict == \"reachable\""),
		"unknown raises":             warn(`not input.asset.exposure == "internal"`),
		"presence":                   warn(`not input.finding.package`),
		"a range":                    warn("input.context.intel.epss.probability >= 0.1\ninput.context.intel.epss.probability < 0.5"),
		"the ends of the schema":     warn(`input.context.intel.epss.probability >= 1`),
		"values that can both be":    warn("some c in input.finding.cwes\nc == 79\nsome d in input.finding.cwes\nd == 89"),
		"banned names":               warn(`input.finding.package.name in {"left-pad", "colors"}`),
		"in every by a rule":         warn("every l in input.finding.locations {\n\t_ours(l)\n}") + "\n_ours(l) if startswith(l.path, \"src/\")\n",
		"a parameter of another one": warn(`input.context.intel.epss.probability > data.packs.exploit.params.epss_high`),
		"not in every by equality":   warn("every l in input.finding.locations {\n\tnot l.path == \"go.mod\"\n}"),
		"a step":                     stated("opens_step", "lib.opens_step(rego.metadata.rule())", "input.context.change.status"),
	} {
		if have := author.Check(draft(t, map[string]string{"mine/mine.rego": rules})); len(have) > 0 {
			t.Errorf("%s: have\n%s", name, said(have))
		}
	}
}

func TestCheckSaysAllThatIsWrongInTheOrderOfTheFiles(t *testing.T) {
	have := said(author.Check(draft(t, map[string]string{
		"mine/data.yaml": "params:\n  high: 1\n\n  # With a word.\n  low: 2\n",
		"mine/mine.rego": warn("input.asset.exposure == \"internt\"\ninput.finding.sevrity == \"high\"\nfalse"),
		"mine/more.rego": "package packs.mine\n\ndeny contains \"x\" if 2 > 3\n",
	})))
	at := 0
	for _, want := range []string{
		"warning own/mine/data.yaml:2: no comment says what the parameter high means",
		`error own/mine/mine.rego:18: input.asset.exposure is never "internt"`,
		"error own/mine/mine.rego:19: there is no input.finding.sevrity; did you mean severity?",
		"error own/mine/mine.rego:20: `false` is never true",
		"error own/mine/more.rego:3: `2 > 3` is never true",
	} {
		next := strings.Index(have, want)
		if next < at {
			t.Errorf("have\n%s\nwant %s after the others", have, want)
		}
		at = next
	}
	if strings.Contains(have, "low") {
		t.Errorf("a parameter with a comment is reported:\n%s", have)
	}
}

func TestALookUpInALargeDocumentIsFineAndGoingThroughItIsNot(t *testing.T) {
	var data strings.Builder
	data.WriteString("params: {}\ntables:\n  feed:\n")
	for i := range 1500 {
		fmt.Fprintf(&data, "    CVE-2024-%d: 1\n", i)
	}
	for body, want := range map[string]string{
		"data.packs.mine.tables.feed[input.finding.rule.id]":                   "",
		"some c, _ in data.packs.mine.tables.feed\nc == input.finding.rule.id": "goes through all 1500 entries of data.packs.mine.tables.feed for each case",
		"data.packs.mine.tables.feed[_] == 2":                                  "goes through all 1500 entries",
		"every c in data.packs.mine.tables.feed {\n\t\tc == 1\n\t}":            "goes through all 1500 entries",
	} {
		have := said(author.Check(draft(t, map[string]string{"mine/mine.rego": warn(body), "mine/data.yaml": data.String()})))
		if want == "" && strings.Contains(have, "goes through") || !strings.Contains(have, want) {
			t.Errorf("%s: have\n%s\nwant %q", body, have, want)
		}
	}
}

func TestTheShippedPacksHaveNothingWrong(t *testing.T) {
	d, err := engine.ReadDraft(engine.PolicySource{Shipped: policies.Files, Packs: policies.Default})
	if err != nil {
		t.Fatal(err)
	}
	if have := author.Check(d); len(have) > 0 {
		t.Error(said(have))
	}
}
