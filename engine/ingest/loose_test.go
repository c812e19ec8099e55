package ingest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/headgate/headgate/engine"
)

// readDocument reads a document that a test states.
func readDocument(t *testing.T, doc string) (engine.Report, []engine.Discovery) {
	t.Helper()
	report, found, err := read("test", strings.NewReader(doc), Options{Repository: "acme/shop"})
	if err != nil {
		t.Fatal(err)
	}
	return report, found
}

// file is the text of a report of testdata.
func file(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// refused reads a document that must not be read, and gives the reason.
func refused(t *testing.T, doc string) string {
	t.Helper()
	_, found, err := read("test", strings.NewReader(doc), Options{})
	if err == nil {
		t.Fatalf("read as %d findings, want an error", len(found))
	}
	if len(found) != 0 {
		t.Errorf("an error, and yet %d findings", len(found))
	}
	return err.Error()
}

func TestValuesOfAnotherTypeAreAbsent(t *testing.T) {
	type inner struct{ A word }
	type document struct {
		Word    word
		Words   words
		Boolean boolean
		Loose   loose[inner]
		List    list[inner]
	}
	good := document{"a", words{"a", "b"}, true, loose[inner]{inner{"x"}}, list[inner]{{"x"}}}
	for _, c := range []struct {
		doc  string
		want document
	}{
		{`{"Word":"a","Words":["a","b"],"Boolean":true,"Loose":{"A":"x"},"List":[{"A":"x"}]}`, good},
		{`{"Word":" a\u0007 ","Words":["a","","b",{}],"Boolean":"True","Loose":{"A":"x"},"List":{"A":"x"}}`, good},
		{`{"Word":["a"],"Words":{},"Boolean":1,"Loose":[{"A":"x"}],"List":"x"}`, document{}},
		{`{"Word":null,"Words":null,"Boolean":null,"Loose":null,"List":[null,3,["x"]]}`, document{}},
	} {
		var got document
		if err := json.Unmarshal([]byte(c.doc), &got); err != nil {
			t.Errorf("%s: %v", c.doc, err)
		}
		gotText, _ := json.Marshal(got)
		wantText, _ := json.Marshal(c.want)
		if string(gotText) != string(wantText) || got.Loose != c.want.Loose {
			t.Errorf("%s is read as %+v, want %+v", c.doc, got, c.want)
		}
	}
}

func TestNamesCarryNothingThatSteersATerminal(t *testing.T) {
	for in, want := range map[string]string{
		" CVE-2026-1 \n":           "CVE-2026-1",
		"17.0.10+7\x00-J-ms8m":     "17.0.10+7-J-ms8m",
		"\x1b[31mred\x1b[0m":       "[31mred[0m",
		"exe.\u202egnp":            "exe.gnp",
		"a\u200bb":                 "ab",
		strings.Repeat("é", 2000):  strings.Repeat("é", 500),
		"naïve / päth (kept) — 世界": "naïve / päth (kept) — 世界",
	} {
		if got := plain(in); got != want {
			t.Errorf("plain(%q) = %q, want %q", in, got, want)
		}
	}
}
