package engine

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/open-policy-agent/opa/v1/ast"
)

// A factValue is one value that a fact can have, to be tried where the fact is unknown.
type factValue struct {
	name  string
	value reflect.Value

	// Of numbers the values stand for the spans between those that the policy compares with. A span is named by where it begins, the first
	// one by where it ends, so that neighbours with the same outcome are one.
	begins, ends string
}

// Of what a policy compares one place with, the first ones are tried, and no more of them one by one.
const (
	mostKnown = 64
	mostTried = 8
)

// named are the values that the schema names, the harmless first: those of an enum, of x-order, or of x-combine, which is the product of
// the enums of some properties. None: the schema does not name them.
func (f *fact) named() (values []factValue) {
	for _, v := range list(f.schema["enum"]) {
		values = append(values, factValue{name: v.(string), value: reflect.ValueOf(v).Convert(f.typ())})
	}
	for _, v := range list(f.schema["x-order"]) {
		one := v.(map[string]any)
		values = append(values, factValue{name: one["name"].(string), value: f.made(one["value"])})
	}
	if combine := list(f.schema["x-combine"]); combine != nil {
		values = f.combine(combine)
	}
	return values
}

// combine is the product of the values of properties, named by them in this order; the first one changes last.
func (f *fact) combine(properties []any) (values []factValue) {
	documents := []map[string]any{{}}
	names := []string{""}
	for _, p := range properties {
		var more []map[string]any
		var longer []string
		for i, d := range documents {
			for _, v := range list(f.property(p.(string))["enum"]) {
				more = append(more, with(d, p.(string), v))
				longer = append(longer, strings.TrimPrefix(names[i]+", "+v.(string), ", "))
			}
		}
		documents, names = more, longer
	}
	for i, d := range documents {
		values = append(values, factValue{name: names[i], value: f.made(d)})
	}
	return values
}

func with(d map[string]any, name string, value any) map[string]any {
	out := map[string]any{name: value}
	for k, v := range d {
		out[k] = v
	}
	return out
}

func (f *fact) property(name string) map[string]any {
	props, _ := f.schema["properties"].(map[string]any)
	property, _ := props[name].(map[string]any)
	return property
}

// made is a document as a value of the fact. It panics if it is none, which is a bug in the schema.
func (f *fact) made(document any) reflect.Value {
	text, err := json.Marshal(document)
	into := reflect.New(f.typ())
	if err == nil {
		err = json.Unmarshal(text, into.Interface())
	}
	if err != nil {
		panic("engine: input.schema.json: a value of " + f.name + ": " + err.Error())
	}
	return into.Elem()
}

// values are those to be tried where the fact is unknown, the harmless first. What the schema leaves open is taken from what the policy
// compares the place with (see compared): numbers lie below, at or above it, and lists have one, all or none of the texts.
func (f *fact) values(known compared) []factValue {
	values := f.named()
	switch climb := list(f.schema["x-climb"]); {
	case climb != nil:
		values = f.climb(climb, known)
	case f.typ() == reflect.TypeFor[[]string]():
		values = f.lists(known)
	}
	return values
}

// lists are a list that has none of the texts that the policy knows, one of each, and all.
func (f *fact) lists(known compared) []factValue {
	none, _ := f.schema["x-harmless"].(string)
	texts := known.texts(f.name)
	values := []factValue{{name: none, value: reflect.ValueOf([]string{none})}}
	for _, t := range texts[:min(len(texts), mostTried)] {
		if t != none {
			values = append(values, factValue{name: t, value: reflect.ValueOf([]string{t})})
		}
	}
	if len(texts) > 1 {
		values = append(values, factValue{name: strings.Join(texts, ", "), value: reflect.ValueOf(texts)})
	}
	return values
}

// climb are numbers that rise together, one after the other: the first property goes through all its values while the others are at their
// least, then the second does while the first is at its most. Properties of text take the first value that the policy knows.
func (f *fact) climb(properties []any, known compared) (values []factValue) {
	at := map[string]any{}
	props, _ := f.schema["properties"].(map[string]any)
	for name := range props {
		if texts := known.texts(f.name + "." + name); len(texts) > 0 {
			at[name] = texts[0]
		}
	}
	var steps [][]number
	for _, p := range properties {
		s := spans(p.(string), f.property(p.(string)), known[f.name+"."+p.(string)])
		at[p.(string)] = s[0].value
		steps = append(steps, s)
	}
	for i, p := range properties {
		for j, n := range steps[i] {
			if j == 0 && i > 0 {
				continue
			}
			at[p.(string)] = n.value
			values = append(values, factValue{name: n.begins, value: f.made(at), begins: n.begins, ends: n.ends})
		}
	}
	return values
}

// A number stands for a span of numbers.
type number struct {
	value        float64
	begins, ends string
}

// spans are the numbers between the least and the most that a schema allows, so that each is on another side of what is compared with.
func spans(name string, schema map[string]any, compared []*ast.Term) []number {
	least, _ := schema["minimum"].(float64)
	most, _ := schema["maximum"].(float64)
	var limits []float64
	for _, t := range compared {
		if n, ok := t.Value.(ast.Number); ok {
			if v, ok := n.Float64(); ok && v >= least && v <= most {
				limits = append(limits, v)
			}
		}
	}
	slices.Sort(limits)
	limits = slices.Compact(limits)
	limits = limits[:min(len(limits), mostTried)]
	all := []number{{value: least}}
	for i, limit := range limits {
		text := name + " " + strconv.FormatFloat(limit, 'f', -1, 64)
		if limit > least {
			all = append(all, number{limit, text + " or more", "below " + text})
		}
		next := most
		if i+1 < len(limits) {
			next = (limit + limits[i+1]) / 2
		}
		if next > limit {
			all = append(all, number{next, "above " + text, "at most " + text})
		}
	}
	return all
}

// compared are the values that a policy compares places of the input with, by path; * stands for an element of a list.
type compared map[string][]*ast.Term

// note remembers what a view compares the value at a path with.
func (c compared) note(path at, w view) {
	if len(w.calls) == 0 || len(path) > deepest {
		return
	}
	var names []string
	for _, s := range path {
		if s.kind == toField {
			names = append(names, s.field)
		} else {
			names = append(names, "*")
		}
	}
	name := strings.Join(names, ".")
	first := w.calls[0] // the one that the value itself goes into
	for i, operand := range first.operands {
		if i == first.free || operand == nil || !slices.Contains(comparing, first.name) {
			continue
		}
		if !slices.ContainsFunc(c[name], func(t *ast.Term) bool { return t.Equal(operand) }) {
			c[name] = append(c[name], operand)
		}
	}
}

var comparing = []string{"equal", "neq", "lt", "lte", "gt", "gte", "internal.member_2"}

// texts are the texts that a place, or its elements, are compared with, sorted.
func (c compared) texts(path string) []string {
	var texts []string
	for _, t := range slices.Concat(c[path], c[path+".*"]) {
		texts = append(texts, literals(t)...)
		if o, ok := t.Value.(ast.Object); ok {
			o.Foreach(func(_, v *ast.Term) { texts = append(texts, literals(v)...) })
		}
	}
	texts = slices.DeleteFunc(texts, func(s string) bool { return s == "" })
	slices.Sort(texts)
	texts = slices.Compact(texts)
	return texts[:min(len(texts), mostKnown)]
}
