package engine

import (
	"math/bits"
	"reflect"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// A fact is a part of the input that may be absent although it applies: then it is unknown. The input schema marks facts with x-fact,
// which lists the kinds of findings that they apply to.
type fact struct {
	name   string
	path   []string
	kinds  []Kind
	schema map[string]any
	slot   slot
}

// mostFacts bounds the facts of the input schema: a set of them is one number.
const mostFacts = 64

// A factSet says of which facts something holds, by their place in Policy.facts.
type factSet uint64

func (s factSet) has(i int) bool { return s&(1<<i) != 0 }

// count is how many there are.
func (s factSet) count() int { return bits.OnesCount64(uint64(s)) }

// allFacts are the facts of the input schema, by name.
func allFacts() []fact {
	var all []fact
	collectFacts(&all, inputSchema(), nil)
	slices.SortFunc(all, func(a, b fact) int { return strings.Compare(a.name, b.name) })
	return all[:min(len(all), mostFacts)]
}

// factsRead are the facts that the compiled policy can read.
func factsRead(c *ast.Compiler) []fact {
	read := inputRefs(c)
	return slices.DeleteFunc(allFacts(), func(f fact) bool {
		return !slices.ContainsFunc(read, func(ref []string) bool {
			n := min(len(ref), len(f.path))
			return slices.Equal(ref[:n], f.path[:n])
		})
	})
}

// factsByKind are the facts that apply to findings of each kind, by their place in the list.
func factsByKind(facts []fact) map[Kind]factSet {
	applies := map[Kind]factSet{}
	for i, f := range facts {
		for _, kind := range f.kinds {
			applies[kind] |= 1 << i
		}
	}
	return applies
}

func collectFacts(all *[]fact, schema map[string]any, path []string) {
	if marks := list(schema["x-fact"]); marks != nil {
		f := fact{name: strings.Join(path, "."), path: slices.Clone(path), schema: schema, slot: slotOf(path)}
		for _, k := range marks {
			f.kinds = append(f.kinds, Kind(k.(string)))
		}
		*all = append(*all, f)
	}
	props, _ := schema["properties"].(map[string]any)
	for name, p := range props {
		if sub, ok := p.(map[string]any); ok {
			collectFacts(all, sub, append(path, name))
		}
	}
}

// inputRefs are the paths of the input that rules read, cut where they are no longer constant.
func inputRefs(c *ast.Compiler) [][]string {
	var refs [][]string
	for _, m := range c.Modules {
		ast.WalkRefs(m, func(r ast.Ref) bool {
			if !r[0].Equal(ast.InputRootDocument) {
				return false
			}
			var path []string
			for _, t := range r[1:] {
				s, ok := t.Value.(ast.String)
				if !ok {
					break
				}
				path = append(path, string(s))
			}
			refs = append(refs, path)
			return false
		})
	}
	return refs
}

// unknown are the facts that apply to a case, that the policy can read, and that are absent.
func (p *Policy) unknown(in *Input) (unknown factSet) {
	v := reflect.ValueOf(in).Elem()
	for left := p.applies[in.Finding.Kind]; left != 0; left &= left - 1 {
		if i := bits.TrailingZeros64(uint64(left)); p.facts[i].slot.absent(v) {
			unknown |= 1 << i
		}
	}
	return unknown
}

// A slot is a place of an input by the indexes of the fields that lead there, so that going to it looks up no names.
type slot []int

// slotOf is the slot at a path of json names. It panics if there is none, which is a bug in the schema.
func slotOf(path []string) slot {
	var s slot
	t := reflect.TypeFor[Input]()
	for _, name := range path {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		fields := layout(t)
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
		if i < 0 {
			panic("engine: input.schema.json has a fact that the input does not have: " + strings.Join(path, "."))
		}
		s = append(s, fields[i].index)
		t = t.Field(fields[i].index).Type
	}
	return s
}

// absent says that an input has nothing there.
func (s slot) absent(in reflect.Value) bool {
	for _, i := range s {
		if in.Kind() == reflect.Pointer {
			if in.IsNil() {
				return true
			}
			in = in.Elem()
		}
		in = in.Field(i)
	}
	return empty(in)
}

// set puts a value there. What lies behind pointers on the way is copied first, since inputs share it.
func (s slot) set(in, value reflect.Value) {
	for _, i := range s {
		if in.Kind() == reflect.Pointer {
			own := reflect.New(in.Type().Elem())
			if !in.IsNil() {
				own.Elem().Set(in.Elem())
			}
			in.Set(own)
			in = own.Elem()
		}
		in = in.Field(i)
	}
	in.Set(value)
}

// put is an input with a value in one place; the given one is left as it is.
func (s slot) put(in *Input, value reflect.Value) *Input {
	with := new(*in)
	s.set(reflect.ValueOf(with).Elem(), value)
	return with
}
