package report

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/rivo/uniseg"

	"github.com/headgate/headgate/engine"
)

func TestCleanTextIsTheTextWithoutWhatControlsOrHides(t *testing.T) {
	for _, c := range []struct{ have, want string }{
		{"plain", "plain"},
		{"  two  spaces ", "two spaces"},
		{"a\tb\r\nc\u2028d\u00a0e\u3000f", "a b c d e f"},
		{"\x1b[31mred\x1b[0m\x07", "[31mred[0m"},
		{"user\u202egnp.exe", "usergnp.exe"},
		{"zero\u200bwidth\ufeff\u00ad", "zerowidth"},
		{"\U000e0041\U000e007ftag", "tag"},
		{"日本語 é e\u0301", "日本語 é e\u0301"},
		{"\u0301mark first", "mark first"},
		{"x \u0301after a space", "x after a space"},
		{"bad \xff\xfe", "bad \ufffd\ufffd"},
		{"\u3164\u2800", ""},
		{"👩\u200d👧", "👩👧"},
		{"x\u1180\u1161\u1180\u1161\u1183", "x\u1180\u1161\u1180"},
		{"\u1112\u1161\u11ab\u1100\u1173\u11af", "\u1112\u1161\u11ab\u1100\u1173\u11af"},
	} {
		if have := clean(c.have); have != c.want {
			t.Errorf("clean(%q) is %q, want %q", c.have, have, c.want)
		}
	}
	if have := clean(strings.Repeat("漢", 10_000)); have != strings.Repeat("漢", longest)+"…" {
		t.Errorf("long text is %d characters", len([]rune(have)))
	}
	if have := clean("a" + strings.Repeat("\u0301", 50)); have != "a"+strings.Repeat("\u0301", stacked) {
		t.Errorf("%q has too many marks", have)
	}
}

func FuzzCleanIsIdempotentAndCutsFit(f *testing.F) {
	for _, s := range []string{"", "a  b", "日本語", "e\u0301\u0301\u0301\u0301\u0301", "\x1b[0m", strings.Repeat("x ", 700), "🇩🇪🇫🇷", "⸻⸻", "\u1100\u1161\u11a8", "p\u1180\u1161\u1180\u1161\u1183"} {
		f.Add(s, 10)
		f.Add(s, -3)
	}
	f.Fuzz(func(t *testing.T, s string, n int) {
		once := clean(s)
		if twice := clean(once); twice != once {
			t.Fatalf("clean(%q) is %q, and clean of that %q", s, once, twice)
		}
		for _, cut := range []func(string, int) string{cutEnd, cutMiddle} { // where there is no room a cut ends too
			if have := cut(once, n%4); uniseg.StringWidth(have) > max(n%4, 1) {
				t.Fatalf("cut to %d columns %q is %q", n%4, once, have)
			}
		}
		n = 4 + (n%100+100)%100
		for name, cut := range map[string]func(string, int) string{"end": cutEnd, "middle": cutMiddle} {
			if have := cut(once, n); uniseg.StringWidth(have) > n {
				t.Fatalf("cut at its %s to %d columns %q is %q, %d columns", name, n, once, have, uniseg.StringWidth(have))
			}
		}
		for _, line := range wrap(once, n) {
			if uniseg.StringWidth(line) > n {
				t.Fatalf("wrapped at %d columns %q has a line %q", n, once, line)
			}
		}
		if have := strings.Join(wrap(once, n), ""); strings.ReplaceAll(have, " ", "") != strings.ReplaceAll(once, " ", "") {
			t.Fatalf("wrapping %q lost something: %q", once, have)
		}
	})
}

func TestTheEndsOfALongNameStay(t *testing.T) {
	if have := cutMiddle("internal/very/long/path/to/files/open.go:41", 24); have != "interna…files/open.go:41" {
		t.Errorf("have %q", have)
	}
	if have := cutEnd("a long sentence of words", 10); have != "a long se…" {
		t.Errorf("have %q", have)
	}
}

// The table of facts says to which kinds each applies and which are worth a word when they are absent; so does the input schema.
func TestTheFactsAreThoseOfTheInputSchema(t *testing.T) {
	var schema map[string]any
	if err := json.Unmarshal(engine.InputSchema, &schema); err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	var walk func(path string, node map[string]any)
	walk = func(path string, node map[string]any) {
		if kinds, ok := node["x-fact"].([]any); ok {
			for _, k := range kinds {
				found[path] = append(found[path], k.(string))
			}
			return
		}
		properties, _ := node["properties"].(map[string]any)
		for name, p := range properties {
			walk(strings.TrimPrefix(path+"."+name, "."), p.(map[string]any))
		}
	}
	walk("", schema)
	known := map[string]bool{}
	for _, f := range facts {
		known[f.path] = f.matters
		if !f.matters {
			continue
		}
		for _, kind := range []engine.Kind{engine.KindVulnerability, engine.KindWeakness, engine.KindSecret, engine.KindMisconfiguration, engine.KindLicense} {
			c := &engine.Case{Input: engine.Input{Finding: engine.Finding{Kind: kind}}}
			if have, want := f.applies(c), slices.Contains(found[f.path], string(kind)); have != want {
				t.Errorf("%s applies to %s: %v, by the schema %v", f.path, kind, have, want)
			}
		}
	}
	for path := range found {
		if !known[path] {
			t.Errorf("%s is a fact by the schema; nobody is told that it is not known", path)
		}
	}
}
