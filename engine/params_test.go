package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestOverridesAreTheParametersThatDifferFromTheirDefaults(t *testing.T) {
	packs := fstest.MapFS{
		"mine/mine.rego": {Data: []byte("package packs.mine\n\ndeny contains \"x\" if input.finding.title == \"x\"\n")},
		"mine/data.yaml": {Data: []byte("params:\n  high: 0.5\n  bands: {low: 1, top: 9}\n  names: [a, b]\n  open: {}\n  least: null\n  word: <a>\n")},
	}
	params := map[string]any{
		"mine": map[string]any{
			"high": 2, "bands": map[string]any{"top": 9.0, "low": 3}, "names": []any{"b"}, "least": 1,
			"open": map[string]any{"x": true}, "word": "<b>",
		},
		"main": map[string]any{"fail_on": "act"},
	}
	want := []string{
		`main.fail_on: null → "act"`, "mine.bands.low: 1 → 3", "mine.high: 0.5 → 2", "mine.least: null → 1",
		`mine.names: ["a","b"] → ["b"]`, "mine.open.x: not set → true", `mine.word: "<a>" → "<b>"`,
	}
	if have := load(t, packs, params).Overrides(); !slices.Equal(have, want) {
		t.Errorf("have %q\nwant %q", have, want)
	}
	if have := load(t, packs, nil).Overrides(); have != nil {
		t.Errorf("nothing is set: have %q", have)
	}
}

func TestAParameterWithChoicesTakesNoneButThem(t *testing.T) {
	packs := fstest.MapFS{
		"mine/mine.rego": {Data: []byte("package packs.mine\n\ndeny contains \"x\" if input.finding.title == \"x\"\n")},
		"mine/data.yaml": {Data: []byte("params: {table: deployer, least: low}\nchoices: {table: [deployer, supplier], least: [low, null]}\n")},
	}
	broken := fstest.MapFS{"mine/mine.rego": packs["mine/mine.rego"], "mine/data.yaml": {Data: []byte("params: {a: b}\nchoices: {a: b}\n")}}
	if _, err := tryLoad(broken, map[string]any{"mine": map[string]any{"a": "b"}}); err == nil || !strings.Contains(err.Error(), "no choices") {
		t.Errorf("choices that are no list: %v", err)
	}
	for _, good := range []map[string]any{{"table": "supplier"}, {"least": nil}, {}} {
		if _, err := tryLoad(packs, map[string]any{"mine": good}); err != nil {
			t.Errorf("%v: %v", good, err)
		}
	}
	for text, bad := range map[string]map[string]any{
		`params.mine.table: "suplier" cannot be chosen; did you mean supplier?`:   {"table": "suplier"},
		`params.mine.table: "null" cannot be chosen; there is deployer, supplier`: {"table": nil},
		`params.mine.least: "immediate" cannot be chosen; there is low, null`:     {"least": "immediate"},
	} {
		if _, err := tryLoad(packs, map[string]any{"mine": bad}); err == nil || err.Error() != text {
			t.Errorf("%v: have %v, want %s", bad, err, text)
		}
	}
}

func TestANumberOutsideOfItsLimitsIsRefused(t *testing.T) {
	packs := fstest.MapFS{
		"mine/mine.rego": {Data: []byte("package packs.mine\n\ndeny contains \"x\" if input.finding.title == \"x\"\n")},
		"mine/data.yaml": {Data: []byte("params: {likely: 0.5, days: {act: 3, track: null}}\nlimits: {likely: [0, 1], days: [0, 365]}\n")},
	}
	for _, c := range []struct {
		params map[string]any
		want   string
	}{
		{map[string]any{"likely": 0.9}, ""},
		{map[string]any{"likely": 1}, ""},
		{map[string]any{"likely": 50}, "params.mine.likely: 50 is not between 0 and 1"},
		{map[string]any{"days": map[string]any{"act": -3}}, "params.mine.days.act: -3 is not between 0 and 365"},
		{map[string]any{"days": map[string]any{"track": 90}}, ""},
	} {
		_, err := tryLoad(packs, map[string]any{"mine": c.params})
		if got := fmt.Sprint(err); err == nil && c.want != "" || err != nil && (c.want == "" || !strings.Contains(got, c.want)) {
			t.Errorf("%v: %v, want %q", c.params, err, c.want)
		}
	}
}
