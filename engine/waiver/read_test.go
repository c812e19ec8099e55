package waiver_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/headgate/headgate/engine/waiver"
)

const good = `# accepted by the security board
waivers:
  - id: w-log4j
    finding: CVE-2021-44228
    package: pkg:maven/org.apache.logging.log4j/log4j-core
    versions: [2.14.1]
    asset: checkout
    reason: >
      the lookup is
      switched off
    ticket: SEC-12
    requester: dev@example.com
    approver: ana@example.com
    created: 2026-11-01
    expires: 2026-11-20
    while: {kev: false, epss_below: 0.2, reachability_not: reachable, exposure_not: [internet, partner], validation_not: exploitable, severity_at_most: high}

  # the tests are not deployed
  - id: w-tests
    path: "**/testdata/**"
    reason: not deployed
    created: "2026-01-01"
    expires: 2026-12-31
  # nothing more
`

func read(t *testing.T, text string) *waiver.List {
	t.Helper()
	list, err := waiver.Read(".headgate/waivers.yaml", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestReadKnowsEveryKeyAndWhereEntriesStand(t *testing.T) {
	list := read(t, good)
	if len(list.Waivers) != 2 {
		t.Fatalf("%d waivers", len(list.Waivers))
	}
	w := list.Waivers[0]
	if w.Reason != "the lookup is switched off" || w.Ticket != "SEC-12" || w.Line != 3 || w.EndLine != 16 || w.ApproverLine != 13 ||
		!w.While.NotExploited || w.While.EPSSBelow != 0.2 || len(w.While.ExposureNot) != 2 || w.While.SeverityAtMost != "high" {
		t.Errorf("have %+v", w)
	}
	if w := list.Waivers[1]; w.Line != 19 || w.EndLine != 23 || w.ApproverLine != 0 {
		t.Errorf("the second stands on lines %d to %d", w.Line, w.EndLine)
	}
}

func TestAnEmptyFileHasNoWaivers(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "waivers:\n", "waivers: []\n", "null\n"} {
		if list := read(t, text); len(list.Waivers) != 0 {
			t.Errorf("%q has %d", text, len(list.Waivers))
		}
	}
}

// entry is a good entry with lines put in place of others, by key.
func entry(changes ...string) string {
	lines := []string{"id: w", "finding: hg1-0123456789abcdef", "reason: accepted", "created: 2026-11-01", "expires: 2026-11-20"}
	for _, c := range changes {
		key, value, _ := strings.Cut(c, ":")
		found := false
		for i, l := range lines {
			if strings.HasPrefix(l, key+":") {
				lines[i], found = c, true
				if value == "" {
					lines = append(lines[:i], lines[i+1:]...)
				}
				break
			}
		}
		if !found {
			lines = append(lines, c)
		}
	}
	return "waivers:\n  - " + strings.Join(lines, "\n    ") + "\n"
}

func TestAMalformedFileIsRefusedByFileLineAndKey(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{entry("reasn: x"), `7: there is no key "reasn"`},
		{entry("reason:"), "2: reason: waiver w has none"},
		{entry("expires:"), "2: expires: waiver w does not say until when"},
		{entry("created:"), "2: created: waiver w does not say"},
		{entry("id:"), "2: id: the waiver has none"},
		{entry("reason: \"\""), "4: reason: it is empty"},
		{entry("reason: ~"), "4: reason: it is empty"},
		{entry("expires: 2026-13-01"), `6: expires: "2026-13-01" is no date`},
		{entry("expires: 20.11.2026"), "6: expires: "},
		{entry("expires: 2026-11-01"), "2: expires: waiver w expires on 2026-11-01, which is not after"},
		{entry("expires: [2026-11-20]"), "6: expires: one value is needed"},
		{entry("finding: hg1-0123"), "3: finding: hg1-0123 is not a whole id"},
		{entry("finding: \"**\""), "3: finding: ** is neither"},
		{entry("finding:"), "2: waiver w takes in everything"},
		{entry("finding:", "path: \"**\""), "path: it takes in everything"},
		{entry("finding:", "path: \"**/*\""), "path: it takes in everything"},
		{entry("finding:", "package: \"**\""), "package: it takes in everything"},
		{entry("finding:", "package: \"pkg:*/**\""), "package: it takes in everything"},
		{entry("finding:", "package: lodash"), "package: \"lodash\" is no package URL"},
		{entry("finding:", "package: pkg:npm/lodash@4.17.20"), "has a version or qualifiers"},
		{entry("finding:", "path: \"a[\""), "is no pattern"},
		{entry("finding:", "path: \""+strings.Repeat("*a", 13)+"\""), "has more than 12"},
		{entry("versions: [1.0]"), "versions: waiver w names no package"},
		{entry("requester: a@b.c", "approver: A@B.C"), "approved by who asks for it"},
		{entry("id: \"a b\""), `2: id: "a b" does not fit`},
		{entry("while: {kev: true}"), "while: 7: kev: it can only be false"},
		{entry("while: {epss_below: .nan}"), "is no probability"},
		{entry("while: {epss_below: 2}"), "is no probability"},
		{entry("while: {reachability_not: reacheable}"), "it can be unreachable, potential, reachable"},
		{entry("while: {severity_at_most: [low, high]}"), "one value is needed"},
		{entry("while: {kevv: false}"), `there is no key "kevv"`},
		{entry() + "  - {id: w, finding: CVE-2021-44228, reason: x, created: 2026-11-01, expires: 2026-11-02}\n", "7: id: waiver w is there already, on line 2"},
		{entry("id: w\n    id: v"), "id: the key is there twice"},
		{"base: &b {reason: x}\nwaivers: []\n", `1: there is no key "base"`},
		{entry("while: &g {kev: false}") + "  - {id: v, finding: CVE-2021-44228, reason: x, created: 2026-11-01, expires: 2026-11-02, while: *g}\n", "an alias is not allowed"},
		{entry("<<: {reason: x}"), "an alias is not allowed"},
		{"waivers: {}\n", "1: waivers: a list is needed"},
		{"- id: w\n", "1: a map is needed"},
		{"waivers: [x]\n", "1: a map is needed"},
		{"waivers:\n  - id: [\n", "waivers.yaml"},
		{entry() + "---\n" + entry(), "one document is needed"},
		{"# " + strings.Repeat("x", 4<<20), "larger than 4 MiB"},
	} {
		list, err := waiver.Read(".headgate/waivers.yaml", strings.NewReader(c.text))
		if err == nil {
			t.Errorf("%s\nis read as %+v", c.text, list.Waivers)
			continue
		}
		if !strings.HasPrefix(err.Error(), ".headgate/waivers.yaml:") || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.200s\nis refused with %q, not %q", c.text, err, c.want)
		}
	}
}

func TestTheSchemaTakesWhatReadTakesAndNoOtherKeys(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(waiver.Schema))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("waivers.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("waivers.json")
	if err != nil {
		t.Fatal(err)
	}
	valid := func(text string) error {
		var v any
		if err := yaml.Unmarshal([]byte(strings.ReplaceAll(strings.ReplaceAll(text, ": 20", ": !!str 20"), "[1.0]", "['1.0']")), &v); err != nil {
			return fmt.Errorf("yaml: %w", err)
		}
		j, err := json.Marshal(v)
		if err != nil {
			return err
		}
		inst, err := jsonschema.UnmarshalJSON(bytes.NewReader(j))
		if err != nil {
			return err
		}
		return schema.Validate(inst)
	}
	for _, text := range []string{good, entry(), entry("finding:", "path: \"a/**\""), entry("while: {kev: false}")} {
		read(t, text)
		if err := valid(text); err != nil {
			t.Errorf("%s\n%v", text, err)
		}
	}
	for _, text := range []string{entry("reasn: x"), entry("reason:"), entry("finding:"), entry("finding: hg1-0123"), entry("while: {kev: true}"),
		entry("while: {kevv: false}"), entry("while: {reachability_not: reacheable}"), entry("versions: [1.0]"), entry("id: \"a b\"")} {
		if valid(text) == nil {
			t.Errorf("the schema takes\n%s", text)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(entry("while: {kev: false}")))
	f.Add([]byte("waivers: [{id: a, path: 'x/{a,b}/**', reason: r, created: 2026-01-01, expires: 2026-01-02}]"))
	f.Add([]byte("waivers: &a [*a]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := waiver.Read("waivers.yaml", bytes.NewReader(text))
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") {
				t.Errorf("the error has several lines: %q", err)
			}
			return
		}
		last := 0
		for _, w := range list.Waivers {
			if w.ID == "" || w.Reason == "" || !w.Expires.After(w.Created) || w.Finding+w.Package+w.Path == "" {
				t.Errorf("%+v is incomplete", w)
			}
			if w.Line < last || w.EndLine < w.Line || w.EndLine > bytes.Count(text, []byte("\n"))+1 {
				t.Errorf("waiver %s stands on lines %d to %d, after %d", w.ID, w.Line, w.EndLine, last)
			}
			last = w.Line
		}
	})
}
