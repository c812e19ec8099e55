package engine_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/headgate/headgate/engine"
)

// What a policy may do wrong, and the error in full: with file, line and rule. None of it is ever a pass.
func TestWhatAPolicyDoesWrongIsAFailureToDecideWithFileLineAndRule(t *testing.T) {
	const place = "decide hg1-1 on checkout: .headgate/policies/mine/mine.rego:"
	for _, c := range []struct{ name, rules, want string }{
		{"two values of one rule", "x := 1\n\nx := 2 if input.finding.id\n\n" + rule("x", `raise contains lib.raise(rego.metadata.rule(), "act") if x == 2`),
			place + "7: rule data.packs.mine.x produced conflicting values: 1 at .headgate/policies/mine/mine.rego:5 2 at "},
		{"two values of a function", "f(_) := 1\n\nf(_) := 2 if input.finding.id\n\n" + rule("x", `raise contains lib.raise(rego.metadata.rule(), "act") if f(1) == 2`),
			place + "7: function data.packs.mine.f produced conflicting values for the same inputs: 1 at "},
		{"a priority that is none", rule("x", `raise contains lib.raise(rego.metadata.rule(), "urgent")`),
			place + `9: rule mine.x: what it states is to "urgent", which is no priority`},
		{"a number for a reason", "deny contains 1\n", place + "3: rule mine.deny: what it states is neither text nor has a msg"},
		{"an object without msg", `deny contains {"severity": "high"}` + "\n", place + "3: rule mine.deny: what it states is neither text nor has a msg"},
		{"a built-in function that errs", rule("x", `raise contains lib.raise(rego.metadata.rule(), "act") if to_number(input.finding.id) > 1`), place + "9: to_number: "},
		{"more reasons than anybody reads", "deny contains sprintf(\"%0500d\", [i]) if some i in numbers.range(1, 3000)\n",
			place + "3: the policy's answer is larger than 1048576 bytes, "},
		{"two thousand reasons", "deny contains sprintf(\"%d\", [i]) if some i in numbers.range(1, 2000)\n",
			place + "3: the policy states 2000 reasons of one case, 2000 of them by the rule mine.deny: 1000 are allowed"},
		{"a message of 10 MB", "_long := concat(\"\", [\"ten bytes.\" | some _ in numbers.range(1, 1000)])\n\ndeny contains concat(\"\", [_long | some _ in numbers.range(1, 1000)])\n",
			place + "5: the policy's answer is larger than 1048576 bytes, 10000"},
		{"a reason in the name of another rule", rule("real", `exempt contains lib.exempt(rego.metadata.rule(), "pass") if input.asset.exposure == "isolated"`) +
			`exempt contains {"kind": "exempt", "rule": "mine.real", "at_most": "pass"}` + "\n",
			place + "9: the rule mine.real did not hold, and another one states a reason in its name"},
		{"a forged label", rule("real", `exempt contains lib.exempt(rego.metadata.rule(), "pass") if input.asset.exposure == "isolated"`) +
			"# METADATA\n# labels: {id: mine.real}\n" + `exempt contains {"kind": "exempt", "rule": "mine.real", "at_most": "pass"}` + "\n",
			place + "9: the rule mine.real did not hold, and another one states a reason in its name"},
	} {
		d, err := decide(t, load(t, own(c.rules), nil), input(engine.EventPush, ""))
		switch {
		case err == nil:
			t.Errorf("%s: decided %s %s", c.name, d.Priority, d.Action)
		case !strings.HasPrefix(err.Error(), c.want) || strings.ContainsAny(err.Error(), "\n\x1b") || len(err.Error()) > 1000:
			t.Errorf("%s:\nhave %.300v\nwant %s", c.name, err, c.want)
		}
	}
}

// What does not load is an error before anything is decided, and names its place.
func TestBadInputOfPolicyAuthorsDoesNotLoad(t *testing.T) {
	params := own(rule("x", `raise contains lib.raise(rego.metadata.rule(), data.packs.mine.params.to)`))
	params["mine/data.yaml"] = &fstest.MapFile{Data: []byte("params:\n  to: act\n  days: 3\nchoices:\n  to: [act, attend]\n")}
	for _, c := range []struct {
		name   string
		packs  fstest.MapFS
		params map[string]any
		want   string
	}{
		{"a rule that asks itself", own("x if y\n\ny if x\n\n" + "deny contains \"x\" if x\n"), nil,
			".headgate/policies/mine/mine.rego:3: rule data.packs.mine.x is recursive: data.packs.mine.x -> data.packs.mine.y -> data.packs.mine.x"},
		{"a parameter of the wrong type", params, map[string]any{"mine": map[string]any{"days": "three"}}, "params.mine.days: a number is needed, not text"},
		{"a parameter out of its choices", params, map[string]any{"mine": map[string]any{"to": "urgent"}}, `params.mine.to: "urgent" cannot be chosen`},
		{"a pack that is not there", own("deny contains \"x\" if data.packs.yours.deny\n"), nil, ".headgate/policies/mine/mine.rego:3: "},
		{"a library function that is not there", own("import data.lib\n\ndeny contains \"x\" if lib.nothing(1)\n"), nil, ".headgate/policies/mine/mine.rego:"},
	} {
		_, err := tryLoad(c.packs, c.params)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s:\nhave %v\nwant %s", c.name, err, c.want)
		}
	}
}
