package engine

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// A writer writes random policies about the documents of doc. They are meant to be odd: what they say does not matter, only that it
// hangs on the input in every way that Rego has.
type writer struct {
	*rand.Rand
	values    []string    // what terms may be in the body being written: rules and variables
	rules     []string    // rules written so far
	functions []signature // functions written so far
	names     int
	depth     int
	favourite []int // templates that this policy uses often, so that odd ones meet each other
}

type signature struct {
	name string
	args int
}

func (w *writer) pick(list ...string) string { return list[w.IntN(len(list))] }

func (w *writer) fresh() string {
	w.names++
	return fmt.Sprintf("v%d", w.names)
}

var (
	texts   = []string{"input.s", "input.k", "input.a.s", "input.b.s", "input.a.b.s", "input.c[0]", "input.d[0].s", "input.m.a", "input.m.x", "input.p.a.s", "input.p.b.s"}
	numbers = []string{"input.n", "input.a.n", "input.b.f", "input.a.f", "input.e[0]", "input.e[1]", "input.d[1].n", "input.a.b.n"}
	truths  = []string{"input.t", "input.a.t", "input.b.t"}
	lists   = []string{"input.c", "input.e", "input.a.l", "input.d", "input.b.l", "input.d[0].l", "input.g"}
	objects = []string{"input.a", "input.b", "input.a.b", "input.m", "input.p", "input.p.a", "input.d[0]"}
	fields  = []string{"s", "n", "f", "t", "l", "b", "a", "x"}
	strs    = []string{`"a"`, `"b"`, `"x"`, `"xy"`, `""`}
	nums    = []string{"0", "1", "2", "0.5", "3"}
)

func (w *writer) path() string {
	return w.pick(w.pick(texts...), w.pick(texts...), w.pick(numbers...), w.pick(truths...), w.pick(lists...), w.pick(objects...))
}

func (w *writer) field() string   { return w.pick(fields...) }
func (w *writer) literal() string { return w.pick(w.pick(strs...), w.pick(nums...), "true", "false") }
func (w *writer) compare() string { return w.pick("==", "!=", "<", "<=", ">", ">=", "==") }

func (w *writer) known() string {
	return w.pick(w.literal(), w.literal(), "data.base.high", "data.base.word", "data.base.on", "data.base.nest.n", "data.base.gone")
}

// term is a term without variables of its own.
func (w *writer) term() string {
	switch w.IntN(14) {
	case 0, 1, 2:
		if len(w.values) > 0 {
			v := w.pick(w.values...)
			return w.pick(v, v+"."+w.field(), v+"."+w.field(), v+"[0]")
		}
	case 3:
		if len(w.functions) > 0 {
			return w.application(w.functions[w.IntN(len(w.functions))])
		}
	case 4:
		return fmt.Sprintf("object.get(%s, %s, %s)", w.pick(w.pick(objects...), "input"), w.pick(`"a"`, `"s"`, `["a", "s"]`, `["b", "n"]`, `["s"]`, "input.k"), w.pick(w.literal(), w.path()))
	case 5:
		return w.known()
	case 6:
		if w.depth < 2 {
			w.depth++
			defer func() { w.depth-- }()
			return w.pick(fmt.Sprintf(`{"s": %s, "a": %s}`, w.term(), w.term()), fmt.Sprintf("[%s, %s]", w.term(), w.term()),
				fmt.Sprintf("lower(%s)", w.term()), fmt.Sprintf("count(%s)", w.pick(lists...)), fmt.Sprintf("%s[input.k]", w.pick(objects...)))
		}
	}
	return w.path()
}

func (w *writer) application(f signature) string {
	args := make([]string, f.args)
	for i := range args {
		args[i] = w.pick(w.path(), w.path(), w.known(), "data.base.words")
		if len(w.values) > 0 && w.IntN(3) == 0 {
			args[i] = w.pick(w.values...)
		}
	}
	return fmt.Sprintf("%s(%s)", f.name, strings.Join(args, ", "))
}

// test is an expression that often holds.
func (w *writer) test() string {
	return w.pick(
		fmt.Sprintf("%s %s %s", w.pick(numbers...), w.pick(">", ">=", "<", "!="), w.pick(nums[1:]...)),
		fmt.Sprintf("%s %s %s", w.pick(texts...), w.pick("==", "!=", "!="), w.pick(strs...)),
		fmt.Sprintf("not %s == %s", w.pick(texts...), w.pick(strs...)),
		w.pick("not ", "")+w.pick(truths...), w.pick(lists...), w.pick(objects...))
}

// body writes expressions.
func (w *writer) body() string {
	kept := len(w.values)
	defer func() { w.values = w.values[:kept] }()
	var lines []string
	for range 1 + w.IntN(3)/2 {
		lines = append(lines, w.expressions())
	}
	if w.IntN(3) == 0 {
		lines = append(lines, w.test())
	}
	return strings.Join(lines, "\n\t")
}

// inner writes expressions of a closure, on one line.
func (w *writer) inner() string {
	kept := len(w.values)
	w.depth++
	defer func() { w.values, w.depth = w.values[:kept], w.depth-1 }()
	return strings.ReplaceAll(w.expressions(), "\n\t", "; ")
}

const templates = 58

// expressions writes one or a few expressions that belong together.
func (w *writer) expressions() string {
	n := w.IntN(templates)
	if len(w.favourite) > 0 && w.IntN(2) == 0 {
		n = w.favourite[w.IntN(len(w.favourite))]
	}
	if w.depth > 2 {
		n = w.IntN(4)
	}
	x, y := w.fresh(), w.fresh()
	t, k := w.term(), w.field()
	bind := func(v string) string { w.values = append(w.values, v); return "" }
	f := fmt.Sprintf
	switch n {
	case 0:
		return f("%s %s %s", t, w.compare(), w.known())
	case 1:
		return w.test()
	case 2:
		return f("%s %s %s", w.known(), w.compare(), w.pick(numbers...))
	case 3:
		return t
	case 4:
		return "not " + t
	case 5:
		return f("not %s %s %s", t, w.compare(), w.known())
	case 6: // alias
		return f("%s := %s%s", x, t, bind(x))
	case 7:
		return f("%s := %s\n\t%s.%s %s %s%s", x, w.pick(objects...), x, k, w.compare(), w.known(), bind(x))
	case 8:
		return f("%s == %s", t, w.term())
	case 9:
		return f("%s != %s", t, w.term())
	case 10:
		return f("%s in %s", t, w.pick(`{"a", "x"}`, `[1, "b", 0.5]`, "data.base.words", "{1, 2}"))
	case 11:
		return f("%s in %s", w.known(), w.pick(w.pick(lists...), w.pick(objects...)))
	case 12:
		return f("%s(%s, %s)", w.pick("startswith", "endswith", "contains"), w.pick(w.pick(texts...), t), w.pick(strs...))
	case 13:
		return f("not %s(%s, %s)", w.pick("startswith", "endswith", "contains"), w.pick(texts...), w.pick(strs...))
	case 14:
		return f("glob.match(%s, [], %s)", w.pick(`"x*"`, `"*a"`, `"{a,b}"`), w.pick(w.pick(texts...), t))
	case 15:
		return f("regex.match(%s, %s)", w.pick(`"^x"`, `"a|b"`, `"y$"`), w.pick(w.pick(texts...), t))
	case 16: // iteration
		return f("some %s in %s\n\t%s %s %s%s", x, w.pick(w.pick(lists...), w.pick(objects...), "input"), x, w.compare(), w.known(), bind(x))
	case 17:
		return f("some %s in input.d\n\t%s.%s %s %s%s", x, x, k, w.compare(), w.known(), bind(x))
	case 18:
		return f("some %s, %s in %s\n\t%s %s %s%s", x, y, w.pick(w.pick(lists...), w.pick(objects...)), w.pick(x, y), w.compare(), w.known(), bind(y))
	case 19: // the same place of two lists
		return f("some %s\n\tinput.c[%s] == %s\n\tinput.e[%s] %s %s", x, x, w.pick(strs...), x, w.compare(), w.pick(nums...))
	case 20:
		return f("some %s\n\tinput.d[%s].%s %s %s\n\tinput.d[%s].%s", x, x, k, w.compare(), w.known(), x, w.field())
	case 21: // a key that is read
		return f("%s := input.k\n\t%s[%s]%s %s %s", x, w.pick(objects...), x, w.pick("", ".s"), w.compare(), w.known())
	case 22:
		return f(`some %s in ["a", "b"]`+"\n\tinput[%s].%s %s %s%s", x, x, k, w.compare(), w.known(), bind(x))
	case 23:
		return f("data.base.table[%s][%s] == %s", w.pick(texts...), w.pick(texts...), w.pick(`"lo"`, `"hi"`))
	case 24:
		return f("every %s in %s { %s }", x, w.pick(lists...), w.with(x, func() string { return f("%s %s %s", x, w.compare(), w.known()) }))
	case 25:
		return f("every %s in input.d { %s.%s %s %s; %s }", x, x, k, w.compare(), w.known(), w.with(x, w.inner))
	case 26:
		return f("every %s, %s in %s { %s != %s }", x, y, w.pick(w.pick(lists...), "input.m", "input.p"), w.pick(x, y), w.known())
	case 27: // comprehensions
		return f("%s := [%s | some %s in %s; %s]\n\tcount(%s) > %d%s", x, w.pick(y, "1"), y, w.pick(lists...), w.with(y, w.inner), x, w.IntN(3), bind(x))
	case 28:
		return f("%s := {%s | some %s in %s; %s}\n\tcount(%s) %s %d", x, w.pick(y, y, "1"), y, w.pick(w.pick(lists...), "input.m"), w.with(y, w.inner), x, w.compare(), w.IntN(3))
	case 29:
		z := w.fresh()
		return f("%s := {%s: %s | some %s, %s in %s}\n\t%s.%s == %s", x, y, w.pick(z, "1"), y, z, w.pick("input.m", "input.p", "input.c"), x, w.pick("a", "x"), w.literal())
	case 30:
		return f("count([1 | some %s in input.d; %s.%s %s %s]) %s %d", x, x, k, w.compare(), w.known(), w.compare(), w.IntN(3))
	case 31:
		return f("sum([%s.n | some %s in input.d]) > %d", x, x, w.IntN(4))
	case 32: // destructuring
		return f("[%s, %s] := [%s, %s]\n\t%s == %s%s", x, y, t, w.term(), w.pick(x, y), w.literal(), bind(x))
	case 33:
		return f("[%s, %s] = %s\n\t%s != %s%s", x, w.pick(y, strs[0], "input.s", "input.a.s"), w.pick("input.c", "input.c", w.pick(lists...)), x, w.literal(), bind(x))
	case 34:
		return f("{%q: %s, \"n\": %s} = {%q: %s, \"n\": %s}", "s", x, w.pick(y, w.literal()), "s", t, w.path())
	case 35: // two binders of one variable
		return f("%s = %s\n\t%s = %s", x, t, x, w.term())
	case 36:
		return f("[%s | %s = %s] != [%s | %s = %s]", x, x, t, x, x, w.term())
	case 37: // a document that is put together
		return f("%s := {\"s\": %s, \"a\": %s}\n\t%s.%s %s %s%s", x, t, w.term(), x, w.pick("s", "a", "a.s", "b"), w.compare(), w.known(), bind(x))
	case 38: // with
		if len(w.rules) > 0 {
			r := w.pick(w.pick(w.rules...), w.rules[0], w.rules[1], w.rules[1])
			return w.pick(f("%s with input as %s", r, w.pick(t, w.pick(objects...), f(`{"s": %s, "a": {"s": %s}}`, t, w.path()))),
				f("%s := %s with input.%s as %s\n\t%s != %s%s", x, r, w.pick("s", "s", "a.s", "a", "d", "c"), w.pick(t, w.pick(texts...)), x, w.literal(), bind(x)))
		}
	case 39:
		if len(w.rules) > 0 {
			return f("not %s with input.%s as %s", w.pick(w.pick(w.rules...), w.rules[0]), w.pick("s", "a", "a.s", "n"), w.pick(w.literal(), w.pick(texts...), t))
		}
	case 40:
		if len(w.rules) > 0 && w.IntN(3) == 0 { // observes everything
			return f("%s with data.base.high as %s", w.rules[2], w.pick(numbers...))
		}
	case 41:
		if len(w.functions) > 0 {
			return w.application(w.functions[w.IntN(len(w.functions))])
		}
	case 42:
		if len(w.functions) > 0 {
			return f("%s := %s\n\t%s%s %s %s%s", x, w.application(w.functions[w.IntN(len(w.functions))]), x, w.pick("", ".s", ".a"), w.compare(), w.known(), bind(x))
		}
	case 43:
		return f("walk(%s, [%s, %s])\n\t%s == %s", w.pick(objects...), x, y, y, w.literal())
	case 44:
		return f("count(%s) %s %d", w.pick(w.pick(lists...), w.pick(lists...), w.pick(texts...), "input.m", t), w.compare(), w.IntN(3))
	case 45:
		return f("%s(%s) == %s", w.pick("lower", "upper", "trim_space"), w.pick(w.pick(texts...), t), w.pick(strs...))
	case 46:
		return f("%s(%s)", w.pick("is_string", "is_number", "is_object", "is_boolean", "is_array"), t)
	case 47: // a builtin that may fail, in front of something that may not hold
		return f("to_number(%s) >= 0\n\t%s %s %s", w.pick(w.pick(texts...), w.pick(texts...), t), w.path(), w.compare(), w.known())
	case 48:
		return f("%s := {%s: %s | some %s in %s; %s := %s}\n\tcount(%s) > 0", x, y, w.pick("1", y), y, w.pick(lists...), w.fresh(), w.term(), x)
	case 50:
		return f("{ %s } %s { %s }", w.inner(), w.pick("and", "or"), w.inner())
	case 51:
		return f("%s %s %s", w.pick(texts...)+` == "x"`, w.pick("and", "or"), w.test())
	case 52:
		return f("{%s, 1} %s {%s, 1}", w.pick(t, w.pick(texts...)), w.pick("==", "!="), w.pick(w.term(), w.pick(strs...)))
	case 53:
		return f("%s := {%s: %s, \"q\": 1}\n\t%s.%s%s", x, w.pick("input.k", w.pick(texts...)), w.pick(t, "1"), x, w.pick("a", "x", "b"), bind(x))
	case 54:
		return f("every %s in input.g { %s }", x, x)
	case 57: // a set that may always be empty
		if len(w.rules) > 0 {
			return f("%s %s count(%s)", w.pick(numbers...), w.compare(), w.pick(w.rules[4], w.pick(w.rules...)))
		}
	case 55: // that fails on some elements, if it gets to them
		return f("some %s in %s\n\tto_number(%s) >= 1", x, w.pick("input.c", "input.a.l"), x)
	case 56:
		return f("every %s in %s { to_number(%s) >= 1 }", x, w.pick("input.c", "input.a.l"), x)
	case 49:
		return w.pick(f("sprintf(\"%%v\", [%s]) != \"x\"", t), f("$\"{%s} or not\" == \"x or not\"", w.pick(texts...)))
	}
	return f("%s == %s", w.pick(texts...), w.pick(strs...))
}

// with lets a closure use a variable.
func (w *writer) with(v string, write func() string) string {
	kept := len(w.values)
	w.values = append(w.values, v)
	defer func() { w.values = w.values[:kept] }()
	return write()
}

// function writes the definitions of one function.
func (w *writer) function(name string) string {
	args := 1 + w.IntN(2)
	var b strings.Builder
	for range 1 + w.IntN(2) {
		names := []string{w.fresh(), w.fresh()}[:args]
		head := fmt.Sprintf("%s(%s)", name, strings.Join(names, ", "))
		v := names[w.IntN(len(names))]
		w.values = names
		switch w.IntN(11) {
		case 0:
			fmt.Fprintf(&b, "%s := %s.%s\n", head, v, w.field())
		case 1:
			fmt.Fprintf(&b, "%s := %s\n", head, v)
		case 2:
			fmt.Fprintf(&b, "%s if {\n\t%s.%s %s %s\n\t%s\n}\n", head, v, w.field(), w.compare(), w.known(), w.body())
		case 3:
			fmt.Fprintf(&b, "%s := {\"a\": %s.%s, \"s\": %s}\n", head, v, w.field(), v)
		case 4:
			fmt.Fprintf(&b, "%s := %s if {\n\t%s\n} else := %s.%s if {\n\t%s\n} else := %s\n", head, w.term(), w.body(), v, w.field(), w.body(), w.literal())
		case 5:
			names[0] = w.pick(`"x"`, "1", `"a"`)
			fmt.Fprintf(&b, "%s(%s) := %s\n", name, strings.Join(names, ", "), w.literal())
		case 6:
			names[0] = w.pick("["+v+"_, 1]", `{"s": `+v+`_}`)
			fmt.Fprintf(&b, "%s(%s) := %s\n", name, strings.Join(names, ", "), v+"_")
		case 7:
			fmt.Fprintf(&b, "%s := object.get(%s, %q, %s)\n", head, v, w.field(), w.literal())
		case 8:
			fmt.Fprintf(&b, "%s if {\n\tsome p in data.base.words\n\t%s(%s, p)\n}\n", head, w.pick("startswith", "contains"), v)
		case 9:
			fmt.Fprintf(&b, "%s if {\n\tsome p in %s\n\tglob.match(p, [], %s)\n}\n", head, v, w.pick(names...))
		case 10:
			fmt.Fprintf(&b, "%s := e if {\n\tsome e in %s\n\te.s == %s\n}\n", head, v, w.known())
		}
		w.values = nil
	}
	w.functions = append(w.functions, signature{name, args})
	return b.String()
}

// rule writes the definitions of one rule.
func (w *writer) rule(name string) string {
	var b strings.Builder
	kind := w.IntN(15)
	for range 1 + w.IntN(4)/3 {
		w.values = w.rules
		x := w.fresh()
		switch kind {
		case 0, 1:
			fmt.Fprintf(&b, "%s := %s\n", name, w.term())
		case 2, 3:
			fmt.Fprintf(&b, "%s if {\n\t%s\n}\n", name, w.body())
		case 4:
			fmt.Fprintf(&b, "%s contains %s if {\n\t%s\n}\n", name, w.pick(w.term(), w.literal()), w.body())
		case 5:
			fmt.Fprintf(&b, "%s[%s] := %s if {\n\t%s\n}\n", name, w.pick(`"a"`, `"s"`, w.term()), w.term(), w.body())
		case 6:
			fmt.Fprintf(&b, "%s := %s if {\n\t%s\n} else := %s if {\n\t%s\n} else := %s\n", name, w.term(), w.body(), w.term(), w.body(), w.literal())
		case 7:
			if b.Len() == 0 {
				fmt.Fprintf(&b, "default %s := %s\n", name, w.literal())
			}
			fmt.Fprintf(&b, "%s := %s if {\n\t%s\n}\n", name, w.term(), w.body())
		case 8:
			fmt.Fprintf(&b, "%s := {\"a\": %s, \"s\": %s} if {\n\t%s\n}\n", name, w.term(), w.term(), w.body())
		case 9:
			fmt.Fprintf(&b, "%s := %s if {\n\t%s := %s\n\t%s\n}\n", name, w.pick(x, x+"."+w.field()), x, w.term(), w.body())
		case 10:
			fmt.Fprintf(&b, "%s := %s if {\n\tsome %s in %s\n\t%s\n}\n", name, w.pick(x, x+".s", "1"), x, w.pick(lists...), w.with(x, w.body))
		case 11:
			fmt.Fprintf(&b, "%s contains %s if {\n\tsome %s in %s\n\t%s\n}\n", name, w.pick(x, x+".s", "1"), x, w.pick(lists...), w.with(x, w.body))
		case 12:
			fmt.Fprintf(&b, "%s.%s.%s := %s if {\n\t%s\n}\n", name, w.pick("a", "b"), w.field(), w.term(), w.body())
		case 13:
			fmt.Fprintf(&b, "%s := %s\n", name, w.known())
		case 14: // switched off by a parameter, or not
			on := fmt.Sprintf("data.base.on == %s", w.pick("true", "false"))
			fmt.Fprintf(&b, "%s %s if {\n\t%s\n}\n", name, w.pick(":= ", "contains ")+w.term(), w.pick(on+"\n\t"+w.body(), w.body()+"\n\t"+on))
		}
	}
	w.values = nil
	w.rules = append(w.rules, "data.t."+name)
	return b.String()
}

// policy writes a whole policy: package t with functions and rules, and data.main.decision, which shows them.
func (w *writer) policy() (t, main string) {
	w.favourite = []int{w.IntN(templates), w.IntN(templates), w.IntN(templates)}
	var b strings.Builder
	imports := w.pick("", "import future.keywords.not\n\n") + "import future.keywords.and\nimport future.keywords.or\n\n" // not is compiled in two ways
	b.WriteString("package t\n\n" + imports)
	for i := range w.IntN(4) {
		b.WriteString(w.function(fmt.Sprintf("f%d", i)))
	}
	// what with replaces, more often than chance has it
	b.WriteString("s0 if input.s == \"x\"\ns1 := {\"s\": input.s, \"a\": input.a.s}\ns2 if input.e[0] >= data.base.high\n" +
		"s3 if {\n\tinput.n > 1\n\tinput.s == \"x\"\n}\ns4 contains 1 if data.base.on == false\n")
	w.rules = []string{"data.t.s0", "data.t.s1", "data.t.s2", "data.t.s3", "data.t.s4"}
	for i := range 1 + w.IntN(5) {
		b.WriteString(w.rule(fmt.Sprintf("r%d", i)))
	}
	t = b.String()
	b.Reset()
	b.WriteString("package main\n\n" + imports)
	w.functions = nil
	for i, r := range w.rules[5:] {
		w.values = w.rules
		switch w.IntN(4) {
		case 0, 1:
			fmt.Fprintf(&b, "decision.x%d := %s\n", i, w.pick(r, r, r+"."+w.field()))
		case 2:
			fmt.Fprintf(&b, "decision.y%d if %s\n", i, r)
		case 3:
			fmt.Fprintf(&b, "decision.z%d if {\n\t%s\n}\n", i, w.body())
		}
	}
	if w.IntN(12) == 0 {
		fmt.Fprintf(&b, "decision.w if data.t.s3 with input.n as %s\n", w.pick(nums...))
	}
	if w.IntN(6) == 0 {
		fmt.Fprintf(&b, "decision.all := count([v | v := data.t[%s]]) > 1\n", w.fresh())
	}
	return t, b.String()
}
