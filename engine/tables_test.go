package engine_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
)

// soundTable is a table without a fault.
const soundTable = `{"packs": {"p": {"tables": {"t": {
	"source": "https://example.com/t", "version": "1",
	"digest": "sha256:ef65aafc3257fb577f1c5152048001c486a97a3ec4a5bc93b02df889a50bebf5",
	"points": [{"name": "known", "values": ["no", "yes"]}, {"name": "impact", "values": ["partial", "total"]}],
	"outcomes": [60, "soon", 0.5],
	"rows": {"no": {"partial": 60, "total": "soon"}, "yes": {"partial": "soon", "total": 0.5}}}}}}}`

func TestTableFaultsNameWhatIsWrong(t *testing.T) {
	for _, test := range []struct{ name, old, new, want string }{
		{"nothing", "", "", ""},
		{"a cell changed", `"yes": {"partial": "soon"`, `"yes": {"partial": 60`, "what it decides was changed"},
		{"a row is gone", `"partial": 60, `, ``, "known no, impact partial has no row"},
		{"a branch is gone", `"no": {"partial": 60, "total": "soon"}, `, ``, "known no has no row"},
		{"a row too many", `"partial": 60,`, `"partial": 60, "none": 60,`, `known no: "none" is no impact`},
		{"a branch too many", `"rows": {`, `"rows": {"maybe": {}, `, `rows: "maybe" is no known`},
		{"an outcome where rows belong", `"yes": {"partial": "soon", "total": 0.5}`, `"yes": "soon"`, "known yes: a row for each impact is needed"},
		{"rows where an outcome belongs", `"total": 0.5`, `"total": {"x": 0.5}`, "known yes, impact total: map[x:0.5] is no outcome"},
		{"an outcome that is none", `"total": 0.5`, `"total": "later"`, "known yes, impact total: later is no outcome"},
		{"less for something graver", `"partial": 60, "total": "soon"`, `"partial": "soon", "total": 60`,
			"known no, impact partial is soon, and the graver known no, impact total is 60"},
		{"a dead outcome", `[60, "soon", 0.5]`, `[60, "soon", 0.5, "now"]`, "no row comes to now"},
		{"a dead point", `{"partial": "soon", "total": 0.5}`, `{"partial": 60, "total": "soon"}`, "known makes no difference"},
		{"no source", `"source": "https://example.com/t", `, ``, "has no source"},
		{"no version", `"version": "1"`, `"version": ""`, "has no version"},
		{"no digest", `"digest"`, `"digests"`, "has no digest"},
		{"no rows", `"rows"`, `"row"`, "has no rows"},
		{"no points", `"points"`, `"point"`, "has no points"},
		{"a value twice", `["no", "yes"]`, `["no", "no"]`, `point "known" needs two different values`},
		{"a point twice", `"name": "impact"`, `"name": "known"`, "its points need names, each its own"},
		{"an outcome twice", `[60, "soon", 0.5]`, `[60, "soon", 60]`, "an outcome is listed twice"},
		{"a text for a list", `["no", "yes"]`, `"no"`, "is no table"},
		{"a list for the tables", `{"t": {`, `["t", {`, "tables: a map of tables is needed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := strings.Replace(soundTable, test.old, test.new, 1)
			if test.name == "a list for the tables" {
				text = `{"packs": {"p": {"tables": []}}}`
			}
			var data map[string]any
			if err := json.Unmarshal([]byte(text), &data); err != nil {
				t.Fatal(err)
			}
			faults := strings.Join(engine.TableFaults(data), "\n")
			if test.want == "" && faults != "" || !strings.Contains(faults, test.want) {
				t.Errorf("the faults are\n%s\nwant %q", faults, test.want)
			}
			if faults != "" && !strings.HasPrefix(faults, "packs.p.tables") {
				t.Errorf("%s does not say which table it is", faults)
			}
		})
	}
}

func TestTableFaultsAreBounded(t *testing.T) {
	rows := map[string]any{}
	for i := range 500 {
		rows[strings.Repeat("x", i+1)] = 1
	}
	table := map[string]any{"source": "s", "version": "1", "digest": "d", "outcomes": []any{1, 2}, "rows": rows,
		"points": []any{map[string]any{"name": "p", "values": []string{"a", "b"}}}}
	if n := len(engine.TableFaults(map[string]any{"tables": map[string]any{"t": table}})); n > 25 {
		t.Errorf("%d faults are listed", n)
	}
}
