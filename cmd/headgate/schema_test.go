package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/headgate/headgate/engine/scope"
)

// valid says whether a YAML document fits a schema.
func valid(t *testing.T, schema []byte, text string) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("urn:printed", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("urn:printed")
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if value, err = jsonschema.UnmarshalJSON(bytes.NewReader(asJSON)); err != nil {
		t.Fatal(err)
	}
	return s.Validate(value)
}

// The example that init writes, with every key that it shows.
func everyKey(t *testing.T, template string) string {
	t.Helper()
	shown := regexp.MustCompile(`(?m)^# ?( *(?:- )?["\w.]+:(?: .*)?)$`)
	text := shown.ReplaceAllString(readFile(t, "templates/"+template), "$1")
	return strings.Replace(text, "assets: []\n", "assets:\n", 1)
}

func TestTheSchemasOfSettingsAndAssetsTakeWhatTheReadersTakeAndRefuseWhatTheyRefuse(t *testing.T) {
	settingsFail := func(text string) error {
		dir := t.TempDir()
		writeFile(t, dir+"/headgate.yaml", text)
		_, err := loadSettings(workingTree, dir)
		return err
	}
	assetsFail := func(text string) error {
		_, err := scope.ReadAssets("assets.yaml", strings.NewReader(text))
		return err
	}
	one := func(more string) string { return "assets:\n  - id: a\n    match: {paths: [\"**\"]}\n" + more }
	for _, c := range []struct {
		text   string
		schema []byte
		read   func(string) error
		good   bool
	}{
		{"repository: acme/shop\npacks: [ssvc]\nparams: {sla: {kev_due: true}}\nfail_on: act\n", settingsSchema, settingsFail, true},
		{"expect:\n  - {tool: trivy, events: [push], max_age: 7d}\n", settingsSchema, settingsFail, true},
		{"assume: {asset.exposure: internet, asset.environment: null}\nmax_report_bytes: 10\n", settingsSchema, settingsFail, true},
		{"failon: act\n", settingsSchema, settingsFail, false},
		{"packs: ssvc\n", settingsSchema, settingsFail, false},
		{"params: 3\n", settingsSchema, settingsFail, false},
		{"expect:\n  - {max_age: 7d}\n", settingsSchema, settingsFail, false},
		{"expect:\n  - {tool: trivy, events: [festival]}\n", settingsSchema, settingsFail, false},
		{one("    exposure: internet\n    data: [pii]\n    tags: {tier: tool}\n"), scope.AssetsSchema(), assetsFail, true},
		{one("    requirements: {integrity: high}\n"), scope.AssetsSchema(), assetsFail, true},
		{one("    exposure: internt\n"), scope.AssetsSchema(), assetsFail, false},
		{one("    exposed: true\n"), scope.AssetsSchema(), assetsFail, false},
		{one("    requirements: {integrty: high}\n"), scope.AssetsSchema(), assetsFail, false},
		{"assets:\n  - match: {paths: [\"**\"]}\n", scope.AssetsSchema(), assetsFail, false},
		{one("    aliases: [shop/a]\n    reaches: [a, {to: a, trusted: true}]\n"), scope.AssetsSchema(), assetsFail, true},
		{one("    reaches: [{trusted: true}]\n"), scope.AssetsSchema(), assetsFail, false},
		{one("    reaches: [{to: a, proto: tcp}]\n"), scope.AssetsSchema(), assetsFail, false},
		{"notify:\n  - {url: https://a.example/x, key_env: K, on: [block, undecided], events: [push]}\n  - {url_env: U, key_env: K}\n", settingsSchema, settingsFail, true},
		{"notify:\n  - {url: https://a.example/x}\n", settingsSchema, settingsFail, false},
		{"notify:\n  - {url: https://a.example/x, url_env: U, key_env: K}\n", settingsSchema, settingsFail, false},
		{"notify:\n  - {key_env: K}\n", settingsSchema, settingsFail, false},
		{"notify:\n  - {url_env: U, key_env: s3cr3t-k3y}\n", settingsSchema, settingsFail, false},
		{"notify:\n  - {url_env: U, key_env: K, on: [blocked]}\n", settingsSchema, settingsFail, false},
		{"notify:\n  - {url_env: U, key_env: K, events: [festival]}\n", settingsSchema, settingsFail, false},
		{"scope: [deploy/**, .github/CODEOWNERS]\n", settingsSchema, settingsFail, true},
		{"scope: deploy\n", settingsSchema, settingsFail, false},
		{"scope: ['']\n", settingsSchema, settingsFail, false},
	} {
		read, fits := c.read(c.text), valid(t, c.schema, c.text)
		if (read == nil) != c.good || (fits == nil) != c.good {
			t.Errorf("%s: good %v, the reader says %v, the schema %v", c.text, c.good, read, fits)
		}
	}
}

func TestTheSettingsSchemaHasEveryKeyOfTheReader(t *testing.T) {
	var schema struct {
		Properties map[string]any `json:"properties"`
	}
	if err := json.Unmarshal(settingsSchema, &schema); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for i := range reflect.TypeFor[settings]().NumField() {
		if key := reflect.TypeFor[settings]().Field(i).Tag.Get("yaml"); key != "" {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	if have := slices.Sorted(maps.Keys(schema.Properties)); !slices.Equal(have, keys) {
		t.Errorf("the schema has %v, the reader %v", have, keys)
	}
}

func TestWhatInitWritesFitsItsSchemas(t *testing.T) {
	for name, schema := range map[string][]byte{"headgate.yaml": settingsSchema, "assets.yaml": scope.AssetsSchema()} {
		text := readFile(t, "templates/"+name)
		if !strings.HasPrefix(text, "# yaml-language-server: $schema="+strings.TrimSuffix(name, ".yaml")+".schema.json\n") {
			t.Errorf("%s does not name its schema for editors", name)
		}
		whole := everyKey(t, name)
		if err := valid(t, schema, whole); err != nil {
			t.Errorf("%s: %v\n%s", name, err, whole)
		}
	}
}

func TestTheSchemaOfValidationsTakesWhatTheReaderTakesAndRefusesWhatItRefuses(t *testing.T) {
	const whole = "{cve: CVE-2026-0001, asset: shop, status: exploitable, by: red team, at: 2026-11-01}"
	for _, c := range []struct {
		entry string
		good  bool
	}{
		{whole, true},
		{"{cwe: CWE-89, asset: shop, path: 'a/**', status: mitigated, control: WAF, by: y, at: 2026-11-01T00:00:00Z, expires: 2026-12-01, evidence: PT-7}", true},
		{"{cwe: 89, url: 'https://shop.example.com/cart', status: not_exploitable, by: y, at: 2026-11-01}", true},
		{"{finding: hg1-0123456789abcdef, status: not_exploitable, by: y, at: 2026-11-01}", true},
		{strings.Replace(whole, "CVE-2026-0001", "GHSA-jfh8-c2jp-5v3q", 1), true},
		{strings.Replace(whole, "exploitable", "exploited", 1), false},
		{strings.Replace(whole, "status: exploitable, ", "", 1), false},
		{strings.Replace(whole, "by: red team, ", "", 1), false},
		{strings.Replace(whole, ", at: 2026-11-01", "", 1), false},
		{strings.Replace(whole, "asset: shop, ", "", 1), false},
		{strings.Replace(whole, "red team", "''", 1), false},
		{strings.Replace(whole, "by:", "By:", 1), false},
		{strings.Replace(whole, "2026-11-01", "yesterday", 1), false},
		{strings.Replace(whole, "exploitable", "mitigated", 1), false},
		{strings.Replace(whole, "red team", "x, control: WAF", 1), false},
		{strings.Replace(whole, "cve: CVE-2026-0001", "finding: hg1-12", 1), false},
		{strings.Replace(whole, "cve: CVE-2026-0001", "cwe: 89", 1), false},
		{strings.Replace(whole, "cve: CVE-2026-0001", "cwe: x, path: a", 1), false},
		{strings.Replace(whole, "asset: shop", "asset: shop, path: a", 1), false},
		{strings.Replace(whole, "asset: shop", "asset: shop, cwe: 89", 1), false},
		{strings.Replace(whole, "asset: shop", "url: 'https://a.example', host: a.example", 1), false},
		{"3", false},
	} {
		text := "validations:\n  - " + c.entry + "\n"
		_, err := scope.ReadValidations("validations.yaml", strings.NewReader(text))
		if fails := valid(t, scope.ValidationsSchema, text); (err == nil) != c.good || (fails == nil) != c.good {
			t.Errorf("%s: the reader says %v, and the schema %v", c.entry, err, fails)
		}
	}
	if valid(t, scope.ValidationsSchema, "validation: []\n") == nil || valid(t, scope.ValidationsSchema, "validations: []\n") != nil {
		t.Error("the schema has other keys than the reader")
	}
}
