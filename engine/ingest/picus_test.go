package ingest

import (
	"strings"
	"testing"
)

func TestPicusExportsAreReadAsTheirGoldens(t *testing.T) {
	golden(t, "picus-simulation.csv", Options{})
}

func TestBrokenPicusExportsAreRefused(t *testing.T) {
	head := "threatName,actionName,threatPreventionResult\n"
	if _, found := readDocument(t, "\ufeff"+head+"a,b,Not Blocked\r\n"); len(found) != 1 {
		t.Errorf("read as %+v", found)
	}
	for doc, want := range map[string]string{
		head + "a,b\n":               "line 2: 2 columns where the first line has 3",
		head + "a,\"b,Blocked\n":     "line",
		head + "a,b\"c,Blocked\n":    "line 2",
		head + "\n,,Blocked\n":       "neither a threat nor an action",
		head + "a,b,Blocked,extra\n": "4 columns",
	} {
		if got := refused(t, doc); !strings.Contains(got, want) {
			t.Errorf("%q is refused because %q, want %q in it", doc, got, want)
		}
	}
}
