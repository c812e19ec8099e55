package intel_test

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/intel"
)

// corpus opens a file of published threat data, or skips the test where there is none.
func corpus(t testing.TB, name string) *os.File {
	t.Helper()
	root := os.Getenv("HEADGATE_CORPUS")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "corpus")
	}
	f, err := os.Open(filepath.Join(root, "intel", name))
	if err != nil {
		t.Skipf("no published threat data here (HEADGATE_CORPUS): %v", err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestPublishedKEVIsReadWhole(t *testing.T) {
	for _, want := range []struct {
		file, version string
		entries       int
	}{
		{"kev-2025-06-30.json", "2025.06.25", 1370},
		{"kev-2026-08-08.json", "2026.08.07", 1662},
	} {
		c, err := intel.ReadKEV(corpus(t, want.file))
		if err != nil {
			t.Fatalf("%s: %v", want.file, err)
		}
		if c.Info.Entries != want.entries || c.Info.Catalog != want.version {
			t.Errorf("%s: %d entries of %s, want %d of %s", want.file, c.Info.Entries, c.Info.Catalog, want.entries, want.version)
		}
	}
}

func TestPublishedKEVKnowsLog4Shell(t *testing.T) {
	c, err := intel.ReadKEV(corpus(t, "kev-2026-08-08.json"))
	if err != nil {
		t.Fatal(err)
	}
	kev := (&intel.Snapshot{KEV: c}).Lookup([]string{"CVE-2021-44228"}).KEV
	if !kev.Listed || kev.Added != "2021-12-10" || kev.Due != "2021-12-24" || kev.Ransomware == nil || !*kev.Ransomware {
		t.Errorf("%+v", kev)
	}
}

func TestPublishedEPSSIsReadWhole(t *testing.T) {
	for _, want := range []struct {
		file, model, source string
		entries             int
		log4shell           float64
	}{
		{"epss_scores-2026-06-14.csv.gz", "v2025.03.14", "EPSS v2025.03.14", 341309, 0.9436},
		{"epss_scores-2026-08-16.csv.gz", "v2026.06.15", "EPSS v2026.06.15", 360142, 0.99999},
	} {
		scores, err := intel.ReadEPSS(corpus(t, want.file))
		if err != nil {
			t.Fatalf("%s: %v", want.file, err)
		}
		held := &intel.Snapshot{EPSS: scores}
		epss := held.Lookup([]string{"CVE-2021-44228"}).EPSS
		if scores.Info.Entries != want.entries || scores.Info.Model != want.model {
			t.Errorf("%s: %d rows of %s, want %d of %s", want.file, scores.Info.Entries, scores.Info.Model, want.entries, want.model)
		}
		if d := epss.Probability - want.log4shell; d < -0.001 || d > 0.001 {
			t.Errorf("%s: Log4Shell has %v, want about %v", want.file, epss.Probability, want.log4shell)
		}
		if source := held.Provenance([]string{"CVE-2021-44228"})["context.intel.epss"].Source; source != want.source {
			t.Errorf("%s: source %q, want %q", want.file, source, want.source)
		}
	}
}

func TestPublishedSSVCPointsAreReadWhole(t *testing.T) {
	points, err := intel.ReadVulnrichment(corpus(t, "vulnrichment.ndjson.gz"))
	if err != nil {
		t.Fatal(err)
	}
	// 3,320 records, of which 8 are of rejected CVEs and have no points.
	if points.Info.Entries != 3312 {
		t.Errorf("%d CVEs have points, want 3312", points.Info.Entries)
	}
	facts := (&intel.Snapshot{SSVC: points}).Lookup([]string{"CVE-2021-1675"})
	want := engine.SSVC{Exploitation: "active", Automatable: "no", TechnicalImpact: "total", Source: "vulnrichment"}
	if facts == nil || facts.SSVC == nil || *facts.SSVC != want {
		t.Errorf("%+v, want %+v", facts, want)
	}
}

func TestEveryPublishedKEVEntryHasAnEPSSScore(t *testing.T) {
	kev := folderOf(t, "kev-2026-08-08.json", "epss_scores-2026-08-16.csv.gz")
	held, err := intel.Load(kev)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(corpus(t, "kev-2026-08-08.json"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if _, id, ok := strings.Cut(line, `"cveID": "`); ok {
			id = strings.Trim(id, "\",\n")
			if facts := held.Lookup([]string{id}); !facts.KEV.Listed || facts.EPSS == nil || facts.EPSS.CVE != id {
				t.Errorf("%s: %+v", id, facts)
			}
		}
	}
}

func TestPublishedCatalogueOfLastYearDoesNotReplaceThisYears(t *testing.T) {
	old, err := intel.ReadKEV(corpus(t, "kev-2025-06-30.json"))
	if err != nil {
		t.Fatal(err)
	}
	now, err := intel.ReadKEV(corpus(t, "kev-2026-08-08.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := intel.CheckAgainst(intel.FeedKEV, intel.Edition{FeedInfo: now.Info}, intel.Edition{FeedInfo: old.Info}, ""); err != nil {
		t.Errorf("a year of growth is refused: %v", err)
	}
	if err := intel.CheckAgainst(intel.FeedKEV, intel.Edition{FeedInfo: old.Info}, intel.Edition{FeedInfo: now.Info}, ""); err == nil {
		t.Error("a catalogue from a year before replaces the one held")
	}
}

// folderOf is a folder with some of the published files.
func folderOf(t testing.TB, names ...string) fs.FS {
	t.Helper()
	folder := fstest.MapFS{}
	for _, name := range names {
		text, err := io.ReadAll(corpus(t, name))
		if err != nil {
			t.Fatal(err)
		}
		folder[name] = &fstest.MapFile{Data: text}
	}
	return folder
}

func BenchmarkLoadPublishedFolder(b *testing.B) {
	folder := folderOf(b, "kev-2026-08-08.json", "epss_scores-2026-08-16.csv.gz", "vulnrichment.ndjson.gz")
	for b.Loop() {
		if _, err := intel.Load(folder); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadPublishedEPSS(b *testing.B) {
	f := corpus(b, "epss_scores-2026-08-16.csv.gz")
	for b.Loop() {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			b.Fatal(err)
		}
		if _, err := intel.ReadEPSS(f); err != nil {
			b.Fatal(err)
		}
	}
}
