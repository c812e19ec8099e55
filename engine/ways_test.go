package engine

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/headgate/headgate/policies"
)

// Policies of which parts of an answer could be had by a shorter way, and would be others. Whichever way is taken, the answer is the policy's own.
func TestNoShorterWayToAnAnswerComesToAnother(t *testing.T) {
	const raised = `package packs.mine

import data.lib

# METADATA
# title: Raised in production
# custom: {id: mine.always}
raise contains lib.raise(rego.metadata.rule(), "track*") if input.asset.environment == "production"

# METADATA
# title: Raised elsewhere
# custom: {id: mine.other}
raise contains lib.raise(rego.metadata.rule(), "track*") if input.asset.environment != "production"
`
	for _, test := range []struct {
		name string
		own  fstest.MapFS
		main func(string) string // nil: as it ships
	}{
		{name: "a package without rules is there", own: fstest.MapFS{"exceptions/exceptions.rego": {Data: []byte("package packs.exceptions\n")}, "mine/mine.rego": {Data: []byte(`package packs.mine

import data.lib

# METADATA
# title: Blocked where the pack of exceptions is loaded
# custom: {id: mine.act}
deny contains lib.deny(rego.metadata.rule()) if {
	data.packs.exceptions
	some e in data.packs.ssvc.raise
	e.to
}
`)}}},
		{name: "what is worked out before nothing is asked for can fail", own: fstest.MapFS{"mine/mine.rego": {Data: []byte(`package packs.mine

import data.lib

# METADATA
# title: Costly, where another pack asks for something
# custom: {id: mine.costly}
deny contains lib.deny(rego.metadata.rule()) if {
	costs := [to_number(v) | some v in input.asset.tags]
	some pack
	some e in data.packs[pack].oblige
	sum(costs) > 1
}

# METADATA
# title: Costly, where another pack asks for something, in an object
# custom: {id: mine.costly_too}
deny contains lib.deny(rego.metadata.rule()) if {
	costs := {"all": [to_number(v) | some v in input.asset.tags]}
	some e in data.packs[_].oblige
	costs.all != []
}

# METADATA
# title: What is to be acted on at once
# custom: {id: mine.act}
deny contains lib.deny(rego.metadata.rule()) if {
	some e in data.packs.ssvc.raise
	e.to == "act"
}
`)}}},
		{name: "a reason in the name of a rule that did not hold is refused", own: fstest.MapFS{"mine/mine.rego": {Data: []byte(raised)}}, main: func(text string) string {
			return strings.Replace(text, "sort(((_urgencies | _consequences) | _waiting))", "sort((((_urgencies | _consequences) | _waiting) | _more))", 1) +
				"\n_more contains {\"kind\": \"due\", \"rule\": \"mine.always\", \"days\": 3, \"from\": \"evaluated\"} if input.asset.exposure == \"internet\"\n"
		}},
		{name: "a main sorts in a way of its own", own: fstest.MapFS{"mine/mine.rego": {Data: []byte(raised)}}, main: func(text string) string {
			return text + "\nsort(x) := [e | some e in x; e.rule != \"mine.other\"]\n"
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := LoadPolicy(t.Context(), PolicySource{Shipped: shippedBut(t, test.main), Packs: []string{"ssvc", "impact"},
				Own: []PackFolder{{Label: ".headgate/policies", Files: test.own}}})
			if err != nil {
				t.Fatal(err)
			}
			cases := estate(times(250, 3000))
			for i := range cases {
				cases[i].Input.Asset.Tags = map[string]string{"cost": []string{"1", "2", "free"}[i%3]}
			}
			for _, asked := range []int64{fewComposed, fewOutlined} {
				p.byClass()
				c := p.classes()
				c.asked.Store(asked)
				d := c.decider(len(cases))
				for i := range cases {
					one, errOne := d.answer(t.Context(), &cases[i].Input)
					other, errOther := c.ask(t.Context(), &cases[i].Input)
					if different := difference(one, errOne, other, errOther); different != "" {
						t.Fatalf("after %d classes: %s\nof\n%s", asked, different, inJSON(t, &cases[i].Input))
					}
				}
			}
		})
	}
}

// shippedBut is what ships, with another main.
func shippedBut(t *testing.T, edit func(string) string) fs.FS {
	t.Helper()
	if edit == nil {
		return policies.Files
	}
	all := fstest.MapFS{}
	err := fs.WalkDir(policies.Files, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := fs.ReadFile(policies.Files, name)
		all[name] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	const main = "main/main.rego"
	was := string(all[main].Data)
	if all[main].Data = []byte(edit(was)); string(all[main].Data) == was {
		t.Fatal("main is as it ships")
	}
	return all
}
