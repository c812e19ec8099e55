package main

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// A finding that has no CVE but a name in ENISA's EUVD is looked up under the CVE that EUVD says it is, and a sweep that looks at what changed
// alone finds it when something comes to be known of that CVE.
func TestAFindingThatOnlyEUVDNamesIsDecidedAsItsCVE(t *testing.T) {
	e := newEstate(t)
	e.write("grype.json", `{"matches":[{"vulnerability":{"id":"EUVD-2026-0001","severity":"High","fix":{"versions":["2.0.0"],"state":"fixed"}},"artifact":{"name":"p","version":"1.0.0","type":"npm",`+
		`"purl":"pkg:npm/p@1.0.0","locations":[{"path":"part0/package-lock.json"}]}}],"source":{"type":"directory","target":"."},"descriptor":{"name":"grype","version":"0.80.0"}}`)
	update := func() {
		e.now = e.now.AddDate(0, 0, 1)
		e.settle()
		e.write(".headgate/intel/euvd.json", `[{"cveId": "CVE-2026-0003", "euvdId": "EUVD-2026-0001", "dateAdded": "2026-10-01", "sources": ["cisa_kev"]},
			{"cveId": "CVE-2026-9999", "euvdId": "EUVD-2026-9999", "dateAdded": "2026-10-01", "sources": ["eukev_kev"]}]`)
		if err := os.RemoveAll("feeds"); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(".headgate/intel", "feeds"); err != nil {
			t.Fatal(err)
		}
		e.must("intel", "update", "--from", "feeds", "--intel", "intel", "--only", "kev,epss,euvd", "--accept-anomaly", "kev,epss")
	}
	update()
	for _, ledger := range []string{"delta.db", "full.db"} {
		e.must("gate", "grype.json", "--intel", "intel", "--ledger", ledger, "--branch", "main", "--event", "push", "--report-only")
	}
	if is := e.state("delta.db"); len(is) != 1 || strings.Contains(is[0], "kev") {
		t.Fatalf("before: %q", is)
	}
	e.kev[cveOf(2)] = e.now.Format(time.DateOnly)
	update()
	out := e.must("reassess", "--intel", "intel", "--ledger", "delta.db", "-o", "json")
	e.must("reassess", "--intel", "intel", "--ledger", "full.db", "--all")
	if is := e.state("delta.db"); !strings.Contains(is[0], "exploit.kev") || !slices.Equal(is, e.state("full.db")) {
		t.Errorf("a delta leaves %q, all of it %q", is, e.state("full.db"))
	}
	if !strings.Contains(out, `"intel"`) || strings.Contains(out, `"whole": true`) {
		t.Errorf("it was found otherwise: %s", out)
	}
	e.must("db", "check", "--ledger", "delta.db")
	e.must("evidence", "verify", "delta.db")
	e.must("evidence", "replay", "delta.db")
}
