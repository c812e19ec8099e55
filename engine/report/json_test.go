package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

// schema compiles one document and nothing else: whoever validates a file has only what `headgate schema` printed, and no network.
func schema(t *testing.T, text []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.UseLoader(jsonschema.SchemeURLLoader{})
	if err := c.AddResource("urn:printed", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("urn:printed")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t *testing.T, s *jsonschema.Schema, document []byte) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(doc); err != nil {
		t.Error(err)
	}
}

func TestEveryJSONResultIsValidByItsSchema(t *testing.T) {
	s := schema(t, report.ResultSchema())
	for name, r := range samples() {
		t.Run(name, func(t *testing.T) { validate(t, s, write(t, "json", r, report.Options{})) })
	}
	r := blocked()
	r.Outcome = "stop"
	doc, _ := jsonschema.UnmarshalJSON(bytes.NewReader(write(t, "json", r, report.Options{})))
	if s.Validate(doc) == nil {
		t.Error("the schema accepts an outcome that is none")
	}
	r = blocked()
	r.Cases[0].Input.Finding.Kind = "rumour"
	doc, _ = jsonschema.UnmarshalJSON(bytes.NewReader(write(t, "json", r, report.Options{})))
	if s.Validate(doc) == nil {
		t.Error("the schema accepts a finding that is none: it does not look into the input")
	}
}

func TestEveryJSONFindingIsValidByItsSchema(t *testing.T) {
	s := schema(t, report.FindingsSchema())
	for name, r := range samples() {
		validate(t, s, findings(t, "json", r))
		t.Log(name)
	}
	var buf bytes.Buffer
	if err := report.Findings(&buf, "json", report.Understood{Refused: []report.Refusal{{Name: "a.json", Error: "a.json: empty"}}}, report.Options{}); err != nil {
		t.Fatal(err)
	}
	validate(t, s, buf.Bytes())
}

// findings writes the findings of a result's cases.
func findings(t testing.TB, format string, r *engine.Result) []byte {
	t.Helper()
	var all []engine.Finding
	for _, c := range r.Cases {
		all = append(all, c.Input.Finding)
	}
	var buf bytes.Buffer
	if err := report.Findings(&buf, format, report.Understood{Reports: r.Reports, Findings: all}, report.Options{}); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// The schema and the types are written by hand beside each other: a field that one of them lacks would make valid files invalid.
func TestTheSchemasHaveExactlyTheFieldsOfTheTypes(t *testing.T) {
	sameFields(t, report.ResultSchema(), reflect.TypeFor[engine.Result]())
	sameFields(t, report.SimulationSchema(), reflect.TypeFor[engine.Simulation]())
	sameFields(t, report.NotificationSchema(), reflect.TypeFor[report.Notification]())
}

func sameFields(t *testing.T, schema []byte, typ reflect.Type) {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(schema, &doc); err != nil {
		t.Fatal(err)
	}
	var walk func(path string, node map[string]any, typ reflect.Type)
	walk = func(path string, node map[string]any, typ reflect.Type) {
		if ref, ok := node["$ref"].(string); ok {
			name, local := strings.CutPrefix(ref, "#/$defs/")
			if !local {
				return // the input has a schema and a test of its own
			}
			node = doc["$defs"].(map[string]any)[name].(map[string]any)
		}
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			if items, ok := node["items"].(map[string]any); ok && typ.Kind() == reflect.Slice {
				walk(path+"[]", items, typ.Elem())
				return
			}
			typ = typ.Elem()
		}
		if typ.Kind() == reflect.Map {
			walk(path+"{}", node["additionalProperties"].(map[string]any), typ.Elem())
			return
		}
		properties, ok := node["properties"].(map[string]any)
		if typ.Kind() != reflect.Struct || !ok {
			return
		}
		required := map[string]bool{}
		for _, r := range node["required"].([]any) {
			required[r.(string)] = true
		}
		seen := map[string]bool{}
		for _, f := range reflect.VisibleFields(typ) {
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "-" || f.Anonymous {
				continue // not written
			}
			seen[name] = true
			if properties[name] == nil {
				t.Errorf("%s.%s is not in the schema", path, name)
				continue
			}
			if always := options == ""; always != required[name] {
				t.Errorf("%s.%s: always written %v, required by the schema %v", path, name, always, required[name])
			}
			walk(path+"."+name, properties[name].(map[string]any), f.Type)
		}
		for name := range properties {
			if !seen[name] {
				t.Errorf("%s.%s is only in the schema", path, name)
			}
		}
	}
	walk(typ.Name(), doc, typ)
}

func TestJSONIsDeterministicIndentedUnescapedAndHasNoNullLists(t *testing.T) {
	r := &engine.Result{Schema: engine.ResultSchema, Outcome: engine.Pass, Now: now, Change: engine.RunChange{Event: engine.EventManual}}
	have := string(write(t, "json", r, report.Options{}))
	if strings.Contains(have, "null") {
		t.Errorf("a list is null:\n%s", have)
	}
	for _, list := range []string{`"reports": []`, `"weakened": []`, `"cases": []`, `"reasons": []`, `"packs": []`} {
		if !strings.Contains(have, "\n  "+list) && !strings.Contains(have, "\n    "+list) {
			t.Errorf("no %s in\n%s", list, have)
		}
	}
	if !strings.HasSuffix(have, "\n}\n") || strings.Contains(have, "\t") {
		t.Errorf("not indented by two spaces, or no end of line: %q", have[len(have)-10:])
	}
	c := strangeCase("<b>&", 0)
	r.Cases = []engine.Case{c}
	if have := string(write(t, "json", r, report.Options{})); !strings.Contains(have, `"title": "<b>&"`) {
		t.Error("HTML characters are escaped")
	}
	for name, r := range samples() {
		if !bytes.Equal(write(t, "json", r, report.Options{}), write(t, "json", r, report.Options{})) {
			t.Errorf("%s: two writings differ", name)
		}
	}
}

// Standard JSON is the measure: what is written must mean the same to any other reader.
func TestJSONMeansTheSameToTheStandardLibrary(t *testing.T) {
	for name, r := range samples() {
		var mine, standard any
		if err := json.Unmarshal(write(t, "json", r, report.Options{}), &mine); err != nil {
			t.Fatal(err)
		}
		if name == "strange" || name == "winding" {
			continue // the standard library writes nil lists as null
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &standard); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(mine, standard) {
			t.Errorf("%s: the documents differ", name)
		}
	}
}

func TestJSONKeepsHostileTextButShowsNoControlCharacter(t *testing.T) {
	for _, format := range []string{"json", "sarif"} {
		have := write(t, format, strange(), report.Options{})
		if i := bytes.IndexFunc(have, func(r rune) bool { return r != '\n' && controls(r) }); i >= 0 {
			t.Errorf("%s: a control character at %d: %q", format, i, have[max(0, i-20):i+20])
		}
		if !json.Valid(have) {
			t.Errorf("%s is not valid JSON", format)
		}
		commandless(t, have)
	}
	r, err := report.ReadResult(bytes.NewReader(write(t, "json", strange(), report.Options{})))
	if err != nil {
		t.Fatal(err)
	}
	if have, want := r.Cases[5].Input.Finding.Title, hostileNames[5]; have != want {
		t.Errorf("the title is read as %q, want %q", have, want)
	}
	last := len(hostileNames) - 1
	if have, want := r.Cases[last].Input.Finding.Title, hostileNames[last]; have != want {
		t.Errorf("the title is read as %q, want %q", have, want)
	}
}

func TestAResultThatIsReadIsTheResultThatWasWritten(t *testing.T) {
	for name, r := range samples() {
		want := write(t, "json", r, report.Options{})
		read, err := report.ReadResult(bytes.NewReader(want))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if have := write(t, "json", read, report.Options{}); !bytes.Equal(have, want) {
			t.Errorf("%s: written again it differs", name)
		}
	}
}

func TestAResultFileIsRefusedForAClearReason(t *testing.T) {
	good := string(write(t, "json", release(), report.Options{}))
	for _, c := range []struct{ name, file, want string }{
		{"empty", " \n", "empty"},
		{"not JSON", "<html>", "not a result file"},
		{"cut", good[:len(good)/2], "not a result file"},
		{"two documents", good + "{}", "not a result file"},
		{"no schema", "{}", `"schema": "headgate.result/1"`},
		{"findings", `{"schema": "headgate.findings/1"}`, "nothing has been decided yet"},
		{"a later version", `{"schema": "headgate.result/2"}`, "another version (headgate.result/2)"},
		{"another tool", `{"schema": "x"}`, `its schema is "x"`},
		{"an unknown field", strings.Replace(good, `"outcome"`, `"outcom": 1, "outcome"`, 1), "outcom"},
		{"a doubled field", strings.Replace(good, `"outcome"`, `"outcome": "pass", "outcome"`, 1), "outcome"},
		{"another case of a field", strings.Replace(good, `"outcome"`, `"Outcome"`, 1), "Outcome"},
		{"a number for a text", strings.Replace(good, `"outcome": "block"`, `"outcome": 1`, 1), "/outcome"},
		{"an outcome that is none", strings.Replace(good, `"outcome": "block"`, `"outcome": "green"`, 1), `outcome "green"`},
		{"a milder outcome", strings.Replace(good, `"outcome": "block"`, `"outcome": "pass"`, 1), "though 2 cases block"},
		{"a milder action", strings.Replace(good, `"action": "block"`, `"action": "pass"`, 1), "counts"},
		{"a priority that is none", strings.Replace(good, `"priority": "act"`, `"priority": "panic"`, 1), `priority "panic"`},
		{"an event that is none", strings.Replace(good, `"event": "release"`, `"event": "merge"`, 1), `event "merge"`},
		{"a reason that is none", strings.Replace(good, `"kind": "raise"`, `"kind": "lift"`, 1), `kind "lift"`},
		{"a reason without members", strings.Replace(good, `"reasons": [`, `"reasons": [{},`, 1), `kind ""`},
		{"a reason with a message alone", strings.Replace(good, `"reasons": [`, `"reasons": [{"message": "x"},`, 1), `kind ""`},
		{"a reason that is null", strings.Replace(good, `"reasons": [`, `"reasons": [null,`, 1), `kind ""`},
		{"a raise to no priority", strings.Replace(good, `"to": "act"`, `"to": "panic"`, 1), `to "panic"`},
		{"an unknown field of a reason", strings.Replace(good, `"kind": "raise"`, `"kin": 1, "kind": "raise"`, 1), "kin"},
		{"a doubled field of a reason", strings.Replace(good, `"kind": "raise"`, `"kind": "raise", "kind": "raise"`, 1), "kind"},
		{"a date that is none", strings.Replace(good, `"now": "2026-11-21T09:30:00Z"`, `"now": "today"`, 1), "/now"},
		{"deep nesting", `{"schema": "headgate.result/1", "x":` + strings.Repeat("[", 100_000), "not a result file"},
	} {
		_, err := report.ReadResult(strings.NewReader(c.file))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: have %v, want an error with %q", c.name, err, c.want)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("%s: the error is not one plain line: %q", c.name, err)
		}
		if err != nil && testing.Verbose() {
			t.Logf("%s: %v", c.name, err)
		}
	}
}

func TestAResultIsRefusedIfItsOutcomeIsMilderThanWhatItSays(t *testing.T) {
	deny := []engine.Reason{{Stated: &engine.Stated{Rule: "main.budget", Kind: "deny"}, Message: "too many"}}
	warn := []engine.Reason{{Stated: &engine.Stated{Rule: "mine.warn", Kind: "warn"}, Message: "look"}}
	block, warns, pass := blocked().Cases[0], blocked().Cases[3], blocked().Cases[5]
	for _, c := range []struct {
		name       string
		cases      []engine.Case
		gate       []engine.Reason
		reportOnly bool
		least      engine.Action // the mildest outcome that is taken
	}{
		{"nothing", nil, nil, false, engine.Pass},
		{"a case that passes", []engine.Case{pass}, nil, false, engine.Pass},
		{"a case that warns", []engine.Case{pass, warns}, nil, false, engine.Warn},
		{"a case that blocks", []engine.Case{pass, warns, block}, nil, false, engine.Block},
		{"a case that blocks in a report-only run", []engine.Case{block}, nil, true, engine.Block},
		{"a gate that warns", []engine.Case{pass}, warn, false, engine.Warn},
		{"a gate that denies", nil, deny, false, engine.Block},
		{"a gate that denies beside a case that warns", []engine.Case{warns}, append(warn, deny...), false, engine.Block},
		{"a gate that denies in a report-only run", nil, deny, true, engine.Warn},
	} {
		for _, outcome := range engine.Actions {
			r := result(outcome, c.cases)
			r.Gate.Reasons = append(r.Gate.Reasons, c.gate...)
			if r.Cases == nil {
				r.Cases = []engine.Case{}
			}
			if c.reportOnly {
				r.Weakened = append(r.Weakened, "report-only")
			}
			_, err := report.ReadResult(bytes.NewReader(write(t, "json", r, report.Options{})))
			if refused := err != nil; refused != (outcome.Rank() < c.least.Rank()) {
				t.Errorf("%s with outcome %s: %v", c.name, outcome, err)
			}
		}
	}
	r := blocked()
	r.Gate.Reasons = []engine.Reason{{Stated: &engine.Stated{Rule: "x", Kind: "forgive"}, Message: "x"}}
	if _, err := report.ReadResult(bytes.NewReader(write(t, "json", r, report.Options{}))); err == nil || !strings.Contains(err.Error(), `gate: kind "forgive"`) {
		t.Errorf("a gate that forgives: %v", err)
	}
}

type brokenWriter struct{}

var errBroken = errors.New("disk full")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestTheErrorOfTheWriterIsReturned(t *testing.T) {
	for _, f := range report.Formats() {
		if err := report.Write(brokenWriter{}, f.Name, blocked(), report.Options{}); !errors.Is(err, errBroken) {
			t.Errorf("%s: have %v", f.Name, err)
		}
	}
}

func FuzzReadResult(f *testing.F) {
	f.Add(write(f, "json", release(), report.Options{}))
	f.Add([]byte(`{"schema":"headgate.result/1"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := report.ReadResult(bytes.NewReader(data))
		if err != nil {
			return
		}
		for _, format := range report.Formats() { // what is read can be shown
			write(t, format.Name, r, report.Options{})
		}
		if _, err := report.ReadResult(bytes.NewReader(write(t, "json", r, report.Options{}))); err != nil {
			t.Errorf("what was read and written is refused: %v", err)
		}
	})
}
