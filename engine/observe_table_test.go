package engine

import (
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
)

// What a decision can tell of its input, as an author would work it out.
func TestWhatARuleObserves(t *testing.T) {
	for _, c := range []struct{ rules, want string }{
		{`decision if input.s == "x"`, `input.s shape (equal/0 "x")`},
		{`decision if input.n >= data.base.high`, `input.n shape (gte/0 2)`},
		{`high := data.base.high
		  decision if input.n >= high`, `input.n shape (gte/0 2)`},
		{`decision if input.s in data.base.words`, `input.s shape (internal.member_2/0 ["a", "x", "xy"])`},
		{`decision if not input.a`, `input.a shape`},
		{`decision := input.a.s`, `input.a.s whole`},
		{`decision if input.a.n > input.n`, "input.a.n whole\ninput.n whole"},
		{`decision if count(input.c) > 0`, `input.c shape (count/0) (count/0 gt/0 0)`},
		{`decision if { some x in input.c; startswith(x, "a") }`, `input.c[any] shape (startswith/0 "a")`},
		{`decision if { some i, x in input.c; i > 0; startswith(x, "a") }`, "input.c[here] shape (startswith/0 \"a\")"},
		{`decision := [1 | some x in input.c; x == "a"]`, `input.c[here] shape (equal/0 "a")`},
		{`decision if { every d in input.d { d.n > 1 } }`, "input.d shape\ninput.d[any].n shape (gt/0 1)"},
		{`decision if { some word in data.base.words; glob.match(word, [], input.s) }`,
			`input.s shape (glob.match/2 "a" []) (glob.match/2 "x" []) (glob.match/2 "xy" [])`},
		{`low(x) if x < 1
		  decision if low(input.n)`, `input.n shape (lt/0 1)`},
		{`decision if input.m[input.k] == "x"`, "input.k whole\ninput.m[here] shape (equal/0 \"x\")"},
		{`decision if object.get(input.a, "s", "x") == "x"`, "input.a shape\ninput.a.s shape (equal/0 \"x\")"},
		{`decision contains input.s if { data.base.on == false; input.n > 1 }`, ""},
		{`decision contains input.s if { to_number(input.k) > 0; data.base.on == false }`, "input.k whole\ninput.s whole"},
		{`decision := input.s if input.n > 1
		  else := input.k`, "input.k whole\ninput.n shape (gt/0 1)\ninput.s whole"},
		{`r if input.s == "x"
		  decision if r with input.s as input.k`, "input shape\ninput.k whole\ninput.s shape (equal/0 \"x\")"},
		{`r if input.n > data.base.high
		  decision if r with data.base.high as 3`, "input whole"},
		{`decision if { walk(input.a, [_, v]); v == 1 }`, "input.a whole"},
		{`decision := sprintf("%s", [input.s])`, "input.s whole"},
	} {
		compiler := ast.NewCompiler()
		m, err := ast.ParseModuleWithOpts("main", "package main\n\n"+c.rules, ast.ParserOptions{RegoVersion: ast.RegoV1})
		if err != nil {
			t.Errorf("%s: %v", c.rules, err)
			continue
		}
		if compiler.Compile(map[string]*ast.Module{"main": m}); compiler.Failed() {
			t.Errorf("%s: %v", c.rules, compiler.Errors)
			continue
		}
		o := observe(compiler, ast.MustInterfaceToValue(base), ast.MustParseRef("data.main.decision"), func(ast.Ref) bool { return false }, nil, "")
		have := strings.ReplaceAll(strings.TrimSpace(listing(o.observed)), "\n  ", "\n")
		if have != c.want {
			t.Errorf("%s\nobserves\n%s\nwant\n%s", c.rules, have, c.want)
		}
	}
}

// The sets that packs state stand for what their rules observe, and a guard for what they all ask first.
func TestWhatPacksStateStandsForWhatTheirRulesObserve(t *testing.T) {
	p := map[string]string{
		"main": `package main

decision := {e | some pack; some e in data.packs[pack].raise} if input.k == "a"`,
		"secrets": `package packs.secrets

raise contains "found" if {
	input.k == "secret"
	input.s == "x"
}

raise contains "again" if {
	input.k == "secret"
	count(input.c) > 1
}`,
		"late": `package packs.late

raise contains "late" if count(data.packs.secrets.raise) > input.n`,
	}
	modules := map[string]*ast.Module{}
	for name, text := range p {
		modules[name] = ast.MustParseModuleWithOpts(text, ast.ParserOptions{RegoVersion: ast.RegoV1})
	}
	compiler := ast.NewCompiler()
	if compiler.Compile(modules); compiler.Failed() {
		t.Fatal(compiler.Errors)
	}
	o := observe(compiler, ast.MustInterfaceToValue(base), ast.MustParseRef("data.main.decision"), statedByPack, nil, "")
	if have := listing(o.observed); have != "  input.k shape (equal/0 \"a\")\n  input.n whole" {
		t.Errorf("beside its parts, the decision observes\n%s", have)
	}
	if len(o.parts) != 1 || o.parts[0].ref.String() != "data.packs.secrets.raise" {
		t.Fatalf("parts are %v", o.parts)
	}
	if have := listing(o.parts[0].guard); have != `  input.k (equal/0 "secret")` {
		t.Errorf("the guard is\n%s", have)
	}
}
