package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A decisionTable is one member of a pack's `tables`: what each combination of the values of its points comes to. Values and outcomes
// are listed from the harmless to the grave. Rows nest by the values of the points, in the order of the points, and end in an outcome,
// which is text or a number.
type decisionTable struct {
	Source  string `json:"source"`  // where it is published, or whose it is
	Version string `json:"version"` // of what is published there
	Digest  string `json:"digest"`  // of points, outcomes and rows: see digestOf

	Points   []tablePoint `json:"points"`
	Outcomes []any        `json:"outcomes"`
	Rows     any          `json:"rows"`
}

// A tablePoint is a question that a table decides by, with its answers.
type tablePoint struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// mostTableFaults bounds what is said of one table.
const mostTableFaults = 20

// TableFaults says what is wrong with the decision tables of the policy: see TableFaults of a document.
func (p *Policy) TableFaults() []string { return TableFaults(p.data) }

// TableFaults says what is wrong with the decision tables of a policy's data, which are the members of every `tables` in it: one that
// names no source, version or digest, or whose digest is another one's; a combination of values without an outcome, or a value that no
// point has; an outcome or point that makes no difference; and a graver value that comes to less. A rule over such a table would be
// silent or wrong on some input, and nobody would notice. Each fault names its table, as "packs.ssvc.tables.coordinator: …".
func TableFaults(data map[string]any) []string {
	var faults []string
	for _, name := range slices.Sorted(maps.Keys(data)) {
		inner, _ := data[name].(map[string]any)
		if name != "tables" {
			for _, f := range TableFaults(inner) {
				faults = append(faults, name+"."+f)
			}
			continue
		}
		if inner == nil {
			faults = append(faults, "tables: a map of tables is needed")
		}
		for _, table := range slices.Sorted(maps.Keys(inner)) {
			for _, f := range faultsOf(inner[table]) {
				faults = append(faults, "tables."+table+": "+f)
			}
		}
	}
	return faults
}

func faultsOf(doc any) []string {
	var t decisionTable
	text, err := json.Marshal(doc)
	if err != nil {
		return []string{err.Error()}
	}
	if err := json.Unmarshal(text, &t); err != nil {
		return []string{"is no table: " + strings.TrimPrefix(err.Error(), "json: ")}
	}
	if f := t.shapeFaults(); len(f) > 0 {
		return f // what is in the rows cannot be judged
	}
	c := &cells{table: &t, at: map[string]int{}, used: map[int]bool{}}
	c.walk(t.Rows, nil)
	if len(c.faults) == 0 {
		c.compare()
	}
	if len(c.faults) > mostTableFaults {
		c.faults = append(c.faults[:mostTableFaults], fmt.Sprintf("and %d more", len(c.faults)-mostTableFaults))
	}
	if d, err := t.digestOf(); err != nil {
		c.fault("%v", err)
	} else if d != t.Digest {
		c.fault("its digest is %s, and it says %s: what it decides was changed", d, t.Digest)
	}
	return c.faults
}

// shapeFaults says what is missing for the rows to mean something.
func (t *decisionTable) shapeFaults() (faults []string) {
	for _, f := range []struct {
		name  string
		there bool
	}{
		{"source", t.Source != ""}, {"version", t.Version != ""}, {"digest", t.Digest != ""},
		{"points", len(t.Points) > 0}, {"outcomes", len(t.Outcomes) > 0}, {"rows", t.Rows != nil},
	} {
		if !f.there {
			faults = append(faults, "has no "+f.name)
		}
	}
	var names, outcomes []string
	for _, p := range t.Points {
		names = append(names, p.Name)
		if len(p.Values) < 2 || repeated(p.Values) {
			faults = append(faults, fmt.Sprintf("point %q needs two different values or more, each once", p.Name))
		}
	}
	for _, o := range t.Outcomes {
		outcomes = append(outcomes, fmt.Sprint(o))
	}
	if repeated(names) || slices.Contains(names, "") {
		faults = append(faults, "its points need names, each its own")
	}
	if repeated(outcomes) {
		faults = append(faults, "an outcome is listed twice")
	}
	return faults
}

func repeated(list []string) bool {
	return len(slices.Compact(slices.Sorted(slices.Values(list)))) != len(list)
}

// digestOf is the SHA-256 of what the table decides: its points, outcomes and rows as JSON with sorted keys and without spaces.
func (t *decisionTable) digestOf() (string, error) {
	text, err := json.Marshal(map[string]any{"points": t.Points, "outcomes": t.Outcomes, "rows": t.Rows})
	if err != nil {
		return "", fmt.Errorf("digest: %w", err)
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// cells are the outcomes of a table by the places of their values, as ranks in the list of outcomes.
type cells struct {
	table  *decisionTable
	at     map[string]int // by the values, joined with spaces
	places [][]int
	used   map[int]bool
	faults []string
}

func (c *cells) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

// walk goes through the rows from the point that the place leads to.
func (c *cells) walk(rows any, place []int) {
	if len(place) == len(c.table.Points) {
		c.outcome(rows, place)
		return
	}
	point := c.table.Points[len(place)]
	by, ok := rows.(map[string]any)
	if !ok {
		c.fault("%s: a row for each %s is needed", c.words(place), point.Name)
		return
	}
	for i, value := range point.Values {
		next := append(slices.Clone(place), i)
		if inner, ok := by[value]; ok {
			c.walk(inner, next)
		} else {
			c.fault("%s has no row", c.words(next))
		}
	}
	for _, value := range slices.Sorted(maps.Keys(by)) {
		if !slices.Contains(point.Values, value) {
			c.fault("%s: %q is no %s", c.words(place), value, point.Name)
		}
	}
}

func (c *cells) outcome(cell any, place []int) {
	rank := slices.IndexFunc(c.table.Outcomes, func(o any) bool { return o == cell })
	if rank < 0 {
		c.fault("%s: %v is no outcome", c.words(place), cell)
		return
	}
	c.at[c.words(place)] = rank
	c.places = append(c.places, place)
	c.used[rank] = true
}

// compare says where a graver value comes to less, and which outcomes and points make no difference. Neighbours are enough: what
// never falls from one value to the next never falls.
func (c *cells) compare() {
	matters := make([]bool, len(c.table.Points))
	for _, place := range c.places {
		here := c.at[c.words(place)]
		for i, p := range c.table.Points {
			if place[i] == len(p.Values)-1 {
				continue
			}
			graver := slices.Clone(place)
			graver[i]++
			there := c.at[c.words(graver)]
			matters[i] = matters[i] || there != here
			if there < here {
				c.fault("%s is %v, and the graver %s is %v", c.words(place), c.table.Outcomes[here], c.words(graver), c.table.Outcomes[there])
			}
		}
	}
	for i, m := range matters {
		if !m {
			c.fault("%s makes no difference", c.table.Points[i].Name)
		}
	}
	for rank, o := range c.table.Outcomes {
		if !c.used[rank] {
			c.fault("no row comes to %v", o)
		}
	}
}

// words says a place as people do: "exploitation active, automatable yes".
func (c *cells) words(place []int) string {
	var said []string
	for i, v := range place {
		said = append(said, c.table.Points[i].Name+" "+c.table.Points[i].Values[v])
	}
	if len(said) == 0 {
		return "rows"
	}
	return strings.Join(said, ", ")
}
