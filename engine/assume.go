package engine

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// An assumption is the value that stands for a fact where nobody knows it. The policy sees it as if it were known; the decision lists it,
// and the input of the case stays what is known.
type assumption struct {
	fact  string
	text  string // as decisions list it: "asset.exposure=internet"
	value reflect.Value
}

// assumptionsOf reads what to assume, by path of the fact: one of the values that the schema names, or a document that it allows. A fact
// that the settings hold to null is not assumed.
func assumptionsOf(assume map[string]any) ([]assumption, error) {
	facts := allFacts()
	var all []assumption
	for _, name := range slices.Sorted(maps.Keys(assume)) {
		i := slices.IndexFunc(facts, func(f fact) bool { return f.name == name })
		if i < 0 {
			var names []string
			for _, f := range facts {
				names = append(names, f.name)
			}
			return nil, fmt.Errorf("assume.%s: no such fact%s", name, nearest(name, names))
		}
		if assume[name] == nil {
			continue
		}
		a, err := facts[i].assumption(assume[name])
		if err != nil {
			return nil, fmt.Errorf("assume.%s: %w", name, err)
		}
		all = append(all, a)
	}
	return all, nil
}

// assumption is the assumption that a fact has a value.
func (f *fact) assumption(value any) (a assumption, err error) {
	a.fact = f.name
	if name, ok := value.(string); ok {
		named := f.named()
		for _, v := range named {
			if v.name == name {
				a.text, a.value = f.name+"="+name, v.value
				return a, nil
			}
		}
		if len(named) > 0 {
			var names []string
			for _, v := range named {
				names = append(names, v.name)
			}
			return a, fmt.Errorf("%q is no value of it%s", name, nearest(name, names))
		}
	}
	text, err := json.Marshal(value, json.Deterministic(true))
	if err != nil {
		return a, fmt.Errorf("it cannot be read: %w", err)
	}
	if a.value, err = f.decode(text); err != nil {
		return a, err
	}
	a.text = f.name + "=" + string(text)
	return a, nil
}

// decode reads a value of the fact from JSON, as far as the schema allows it.
func (f *fact) decode(text []byte) (reflect.Value, error) {
	var plain any
	if err := json.Unmarshal(text, &plain); err != nil {
		return reflect.Value{}, err
	}
	if err := allows(f.schema, plain, f.name); err != nil {
		return reflect.Value{}, err
	}
	into := reflect.New(f.typ())
	if err := json.Unmarshal(text, into.Interface()); err != nil {
		return reflect.Value{}, err
	}
	if empty(into.Elem()) {
		return reflect.Value{}, fmt.Errorf("an empty value says nothing; null leaves the fact absent")
	}
	return into.Elem(), nil
}

func (f *fact) typ() reflect.Type {
	t := reflect.TypeFor[Input]()
	for _, i := range f.slot {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		t = t.Field(i).Type
	}
	return t
}

// allows says whether the schema of a part of the input allows a value. It knows the words that input.schema.json uses.
func allows(schema map[string]any, value any, at string) error {
	kind, _ := schema["type"].(string)
	switch v := value.(type) {
	case map[string]any:
		if kind != "object" {
			return fmt.Errorf("%s is %s, not a map", at, withArticle(kind))
		}
		props, _ := schema["properties"].(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(v)) {
			sub, ok := props[name].(map[string]any)
			if !ok {
				return fmt.Errorf("%s has no %s%s", at, name, nearest(name, slices.Sorted(maps.Keys(props))))
			}
			if err := allows(sub, v[name], at+"."+name); err != nil {
				return err
			}
		}
		for _, name := range list(schema["required"]) {
			if _, ok := v[name.(string)]; !ok {
				return fmt.Errorf("%s needs %s", at, name)
			}
		}
	case []any:
		items, _ := schema["items"].(map[string]any)
		if kind != "array" {
			return fmt.Errorf("%s is %s, not a list", at, withArticle(kind))
		}
		for _, one := range v {
			if err := allows(items, one, at); err != nil {
				return err
			}
		}
	case string:
		var values []string
		for _, e := range list(schema["enum"]) {
			values = append(values, e.(string))
		}
		switch {
		case kind != "string":
			return fmt.Errorf("%s is %s, not text", at, withArticle(kind))
		case len(values) > 0 && !slices.Contains(values, v):
			return fmt.Errorf("%s is never %q%s", at, v, nearest(v, values))
		}
	case float64:
		least, bounded := schema["minimum"].(float64)
		most, _ := schema["maximum"].(float64)
		switch {
		case kind != "number" && (kind != "integer" || v != float64(int(v))):
			return fmt.Errorf("%s is %s, not %v", at, withArticle(kind), v)
		case bounded && (v < least || v > most):
			return fmt.Errorf("%s is between %v and %v, not %v", at, least, most, v)
		}
	case bool:
		if kind != "boolean" {
			return fmt.Errorf("%s is %s, not true or false", at, withArticle(kind))
		}
	default:
		return fmt.Errorf("%s has no value", at)
	}
	return nil
}

func withArticle(kind string) string {
	return cmp.Or(map[string]string{"object": "a map", "array": "a list", "string": "text", "number": "a number", "integer": "a whole number",
		"boolean": "true or false"}[kind], "something else")
}

// LoosenedAssumptions says how what is assumed is more favourable than what ships, as "asset.exposure=internal, not internet": a harmless
// value instead of a worse one, none instead of one, and any value but the worst of a fact of which nothing is assumed otherwise. It passes
// over what LoadPolicy refuses.
func LoosenedAssumptions(shipped, given map[string]any) []string {
	var out []string
	for _, f := range allFacts() {
		was, is := shipped[f.name], given[f.name]
		if reflect.DeepEqual(was, is) {
			continue
		}
		names := f.named()
		rank := func(v any) int { return slices.IndexFunc(names, func(n factValue) bool { return v == any(n.name) }) }
		one, err := f.assumption(is)
		switch r := rank(is); {
		case is == nil:
			out = append(out, fmt.Sprintf("%s is not assumed to be %v", f.name, was))
		case err != nil:
		case was == nil && (r < 0 || r < len(names)-1):
			out = append(out, one.text)
		case was != nil && (r < 0 || r < rank(was)):
			out = append(out, fmt.Sprintf("%s, not %v", one.text, was))
		}
	}
	return out
}

// assuming reads what to assume, by the policy's facts. What the policy does not read needs no assumption, but must be right.
func (p *Policy) assuming(assume map[string]any) ([]*assumption, error) {
	all, err := assumptionsOf(assume)
	if err != nil {
		return nil, err
	}
	assumed := make([]*assumption, len(p.facts))
	for i, a := range all {
		if at := slices.IndexFunc(p.facts, func(f fact) bool { return f.name == a.fact }); at >= 0 {
			assumed[at] = &all[i]
		}
	}
	return assumed, nil
}

// assume is what the policy sees of an input: with what is assumed of facts that are unknown. The texts are those of the decision.
func (p *Policy) assume(in *Input, unknown factSet) (seen *Input, assumed []string) {
	seen = in
	for i := range p.facts {
		if a := p.assumed[i]; a != nil && unknown.has(i) {
			if seen == in {
				seen = new(*in)
			}
			p.facts[i].slot.set(reflect.ValueOf(seen).Elem(), a.value)
			assumed = append(assumed, a.text)
		}
	}
	return seen, assumed
}

// Assumed is the input that a policy saw, made from the input of a case and what its decision lists as assumed: what deciding again, or
// explaining, has to start from. It is an error if an assumption cannot be read or the fact is there already.
func Assumed(in *Input, assumed []string) (*Input, error) {
	facts := allFacts()
	for _, text := range assumed {
		name, value, _ := strings.Cut(text, "=")
		i := slices.IndexFunc(facts, func(f fact) bool { return f.name == name })
		if i < 0 || !facts[i].slot.absent(reflect.ValueOf(in).Elem()) {
			return nil, fmt.Errorf("the assumption %q is of no fact that is absent", text)
		}
		var stated any = value
		if raw := []byte(value); bytes.HasPrefix(raw, []byte("{")) || bytes.HasPrefix(raw, []byte("[")) {
			if err := json.Unmarshal(raw, &stated); err != nil {
				return nil, fmt.Errorf("the assumption %q: %w", text, err)
			}
		}
		a, err := facts[i].assumption(stated)
		if err != nil {
			return nil, fmt.Errorf("the assumption %q: %w", text, err)
		}
		in = facts[i].slot.put(in, a.value)
	}
	return in, nil
}
