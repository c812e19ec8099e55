package engine

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// The schema and the types describe one document. Were they to differ, a policy could name a field that never comes, or not name
// one that does.
func TestSchemasHaveExactlyTheFieldsOfTheTypes(t *testing.T) {
	for _, c := range []struct {
		schema []byte
		of     reflect.Type
		inner  string // of the type's fields, the one that the schema cuts to its own members
	}{
		{InputSchema, reflect.TypeFor[Input](), ""},
		{SummarySchema, reflect.TypeFor[Summary](), "change"},
	} {
		var schema map[string]any
		if err := json.Unmarshal(c.schema, &schema); err != nil {
			t.Fatal(err)
		}
		compareSchema(t, c.of.Name(), schema, c.of, c.inner)
	}
}

func compareSchema(t *testing.T, at string, schema map[string]any, of reflect.Type, cut string) {
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	want := map[reflect.Kind]string{reflect.Struct: "object", reflect.Map: "object", reflect.Slice: "array", reflect.String: "string",
		reflect.Bool: "boolean", reflect.Int: "integer", reflect.Float64: "number"}[of.Kind()]
	if schema["type"] != want {
		t.Errorf("%s: have schema type %v, want %s", at, schema["type"], want)
	}
	switch of.Kind() {
	case reflect.Slice:
		compareSchema(t, at+"[]", schema["items"].(map[string]any), of.Elem(), cut)
	case reflect.Struct:
		if schema["additionalProperties"] != false {
			t.Errorf("%s: additional properties are allowed: a misspelt field would compile", at)
		}
		props := schema["properties"].(map[string]any)
		var required []string
		for _, f := range layout(of) {
			p, ok := props[f.name].(map[string]any)
			if !ok {
				if !strings.HasSuffix(strings.ToLower(at), cut) || cut == "" {
					t.Errorf("%s: the schema lacks %s", at, f.name)
				}
				continue
			}
			delete(props, f.name)
			if !f.omit {
				required = append(required, f.name)
			}
			if p["description"] == nil && cut == "" {
				t.Errorf("%s.%s has no description", at, f.name)
			}
			compareSchema(t, at+"."+f.name, p, of.Field(f.index).Type, cut)
		}
		for name := range props {
			t.Errorf("%s: the type lacks %s", at, name)
		}
		var have []string
		for _, r := range list(schema["required"]) {
			have = append(have, r.(string))
		}
		slices.Sort(have)
		slices.Sort(required)
		if cut == "" && !slices.Equal(have, required) {
			t.Errorf("%s: have required %v, want %v (what the type always writes)", at, have, required)
		}
	}
}

func TestPolicySeesExactlyWhatTheResultFileSays(t *testing.T) {
	in := Input{
		Finding: Finding{ID: "hg1-1", IDs: []string{"hg1-1"}, Kind: KindVulnerability, CVSS: []CVSS{{Version: "3.1", Score: 9.8}},
			Package: &Package{Name: "x", Direct: new(false)}, CWEs: []int{79}},
		Asset:   Asset{ID: "a", Tags: map[string]string{"b": "c", "a": "d"}, Data: []string{"pii"}},
		Context: Context{Intel: &Intel{KEV: &KEV{Listed: false}, EPSS: &EPSS{CVE: "CVE-2021-1", Probability: 0}}},
	}
	var file, seen any
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(termOf(reflect.ValueOf(in)).Value.String()), &seen); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(file, seen) {
		t.Errorf("the policy sees\n%v\nthe file says\n%v", seen, file)
	}
}

func TestInputValuesAreOrderedFromTheHarmless(t *testing.T) {
	if have := InputValues("asset", "exposure"); !slices.Equal(have, []string{"isolated", "internal", "partner", "internet"}) {
		t.Errorf("have %v", have)
	}
	if have := InputValues("asset", "owner"); have != nil {
		t.Errorf("have %v for a free text", have)
	}
	if have := InputValues("asset", "nothing", "at", "all"); have != nil {
		t.Errorf("have %v for a field that does not exist", have)
	}
}
