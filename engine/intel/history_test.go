package intel_test

import (
	"fmt"
	"io/fs"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/intel"
)

func TestScoresThatMovedAsAWholeDoNotReplaceTheOnesHeld(t *testing.T) {
	at := func(month time.Month, day int) time.Time { return time.Date(2026, month, day, 12, 0, 0, 0, time.UTC) }
	cut := func(model string, date time.Time, bands ...int) intel.Edition {
		return intel.Edition{FeedInfo: engine.FeedInfo{Model: model, Date: date, Entries: 360_000}, Bands: bands}
	}
	const v4, v5 = "v2025.03.14", "v2026.06.15"
	held := cut(v5, at(8, 16), 142_000, 17_000, 4_250, 760)
	for name, c := range map[string]struct {
		next, held intel.Edition
		calibrated string
		words      []string // none: accepted
	}{
		"a day later":                 {cut(v5, at(8, 17), 142_300, 17_040, 4_244, 758), held, v5, nil},
		"twice as many at 0.1":        {cut(v5, at(8, 17), 142_300, 34_000, 4_300, 760), held, v5, []string{"34000 CVEs have a probability of 0.1 or more, and 17000 did"}},
		"all near one":                {cut(v5, at(8, 17), 360_000, 360_000, 360_000, 360_000), held, v5, []string{"0.01 or more", "0.5 or more"}},
		"none above anything":         {cut(v5, at(8, 17), 0, 0, 0, 0), held, v5, []string{"0 CVEs have a probability of 0.5 or more"}},
		"half a year later":           {cut(v5, at(8, 17).AddDate(0, 6, 0), 142_300, 22_600, 4_244, 758), held, v5, nil},
		"few of them":                 {cut(v5, at(8, 17), 100, 40, 10, 5), cut(v5, at(8, 16), 50, 20, 5, 1), v5, nil},
		"nothing to compare with":     {cut(v5, at(8, 17), 360_000, 360_000, 360_000, 360_000), cut(v5, at(8, 16)), v5, nil},
		"the model of the policy":     {cut(v5, at(6, 21), 142_000, 17_000, 4_250, 760), cut(v4, at(6, 14), 76_000, 23_000, 7_190, 1_360), v5, nil},
		"a model after it":            {cut("v2027.05.02", at(8, 17), 9, 9, 9, 9), held, v5, []string{"its model is v2027.05.02, the one held is of v2026.06.15", "thresholds are for v2026.06.15"}},
		"back to the model before":    {cut(v4, at(8, 17), 76_000, 23_000, 7_190, 1_360), held, v5, []string{"its model is v2025.03.14"}},
		"a model, and no policy":      {cut(v4, at(8, 17), 9, 9, 9, 9), held, "", []string{"its model is v2025.03.14, the one held is of v2026.06.15"}},
		"a model that is not named":   {cut("", at(8, 17), 9, 9, 9, 9), held, v5, []string{"its model is not named"}},
		"a name for what had none":    {cut(v5, at(8, 17), 142_000, 17_000, 4_250, 760), cut("", at(8, 16), 9, 9, 9, 9), v4, nil},
		"everything at the same time": {cut(v4, at(8, 1), 9, 9, 9, 9), held, v5, []string{"older than the one held", "its model is"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := intel.CheckAgainst(intel.FeedEPSS, c.next, c.held, c.calibrated)
			if c.words == nil && err != nil {
				t.Errorf("refused: %v", err)
			}
			for _, words := range c.words {
				if err == nil || !strings.Contains(err.Error(), words) {
					t.Errorf("%v, want an error with %q", err, words)
				}
			}
		})
	}
}

func TestCatalogueThatGrewBeyondBeliefDoesNotReplaceTheOneHeld(t *testing.T) {
	edition := func(months, entries int) intel.Edition {
		return intel.Edition{FeedInfo: engine.FeedInfo{Date: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, months, 0), Entries: entries}}
	}
	for _, c := range []struct {
		next, held intel.Edition
		ok         bool
	}{
		{edition(0, 1_700), edition(0, 1_662), true},
		{edition(0, 3_000), edition(0, 1_662), false},
		{edition(24, 2_600), edition(0, 1_662), true},
		{edition(0, 90), edition(0, 10), true},
	} {
		if err := intel.CheckAgainst(intel.FeedKEV, c.next, c.held, ""); (err == nil) != c.ok {
			t.Errorf("%d entries after %d: %v", c.next.Entries, c.held.Entries, err)
		}
	}
}

// The cut of 30 March 2025 was a bad one; those of the corpus are good ones, before and after a change of the model.
func TestPublishedCutsAreSoundButForTheirModel(t *testing.T) {
	var cuts []intel.Edition
	for _, name := range []string{"epss_scores-2026-06-14.csv.gz", "epss_scores-2026-08-16.csv.gz"} {
		scores, err := intel.ReadEPSS(corpus(t, name))
		if err != nil {
			t.Fatal(err)
		}
		cuts = append(cuts, *(&intel.Snapshot{EPSS: scores}).Edition(intel.FeedEPSS))
	}
	t.Logf("CVEs at %v or above: %v, then %v", intel.BandLimits, cuts[0].Bands, cuts[1].Bands)
	if err := intel.CheckAgainst(intel.FeedEPSS, cuts[1], cuts[0], "v2026.06.15"); err != nil {
		t.Errorf("the model that the policy is for: %v", err)
	}
	if err := intel.CheckAgainst(intel.FeedEPSS, cuts[1], cuts[0], "v2025.03.14"); err == nil {
		t.Error("a model that the policy is not for is not named")
	}
	// Were they of the same model, nobody would have to know: the scores say so themselves.
	renamed := cuts[1]
	renamed.Model = cuts[0].Model
	if err := intel.CheckAgainst(intel.FeedEPSS, renamed, cuts[0], ""); err == nil {
		t.Error("scores of another model under the same name are taken for the same")
	}
}

func TestSnapshotsAreOpenedByTheirDigests(t *testing.T) {
	old, fresh := readKEV(t, kevText), readKEV(t, strings.Replace(kevText, "2026.11.20", "2026.11.21", 1))
	fsys := folder(map[string]string{
		"kev.json": strings.Replace(kevText, "2026.11.20", "2026.11.21", 1), "epss.csv": epssText,
		"snapshots/" + intel.KeptName(intel.FeedKEV, time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC), old.Info.Digest): kevText,
		"snapshots/notes.txt": "not a snapshot",
	})
	for _, want := range []*intel.Catalog{old, fresh} {
		held, err := intel.Open(fsys, engine.IntelInfo{KEV: &want.Info})
		if err != nil {
			t.Fatal(err)
		}
		if held.KEV.Info != want.Info || held.EPSS != nil {
			t.Errorf("%s, want only %s", text(held.Info()), text(want.Info))
		}
	}
	loaded, err := intel.Load(fsys)
	if err != nil {
		t.Fatalf("a folder with snapshots does not load: %v", err)
	}
	earlier, err := loaded.Earlier(fsys, engine.IntelInfo{KEV: &old.Info, EPSS: loaded.Feed(intel.FeedEPSS)})
	if err != nil || earlier.KEV.Info != old.Info || earlier.EPSS != loaded.EPSS {
		t.Errorf("beside what is loaded, another edition is %s, %v", text(earlier.Info()), err)
	}
	gone := engine.FeedInfo{Digest: "sha256:" + strings.Repeat("0", 64)}
	_, err = intel.Open(fsys, engine.IntelInfo{KEV: &gone, SSVC: &gone})
	if err == nil || strings.Count(err.Error(), "neither held nor kept") != 2 {
		t.Errorf("%v", err)
	}
	kept, err := intel.ListKept(fsys)
	if err != nil || len(kept) != 1 || kept[0].Digest != old.Info.Digest || kept[0].Bytes != int64(len(kevText)) || kept[0].Fetched.Day() != 20 {
		t.Errorf("%+v, %v", kept, err)
	}
	fsys["snapshots/"+kept[0].File].Data = []byte(strings.Replace(kevText, "10001", "10009", 1))
	_, err = intel.Open(fsys, engine.IntelInfo{KEV: &old.Info})
	refused(t, err, "its content is not what its name says")
}

func TestDifferenceCountsWhatCameWentAndChanged(t *testing.T) {
	before := everything(t)
	rows := strings.SplitAfter(strings.TrimSuffix(epssText, "\n"), "\n")
	after := &intel.Snapshot{
		KEV:  readKEV(t, strings.NewReplacer("CVE-2031-10002", "CVE-2031-10005", `"2026-03-23"`, `"2026-03-24"`).Replace(kevText)),
		EPSS: readEPSS(t, strings.Replace(strings.Join(rows[:len(rows)-1], ""), "0.03351,0.87650", "0.03351,0.99999", 1)),
		SSVC: readPoints(t, strings.Replace(ssvcText, `{"Exploitation":"none"}`, `{"Exploitation":"poc"}`, 1)),
	}
	for feed, want := range map[intel.Feed]*intel.Difference{
		intel.FeedKEV:  {Added: 1, Removed: 1, Changed: 1, New: []string{"CVE-2031-10005"}},
		intel.FeedEPSS: {Removed: 1}, // and a percentile is none
		intel.FeedSSVC: {Changed: 1},
		intel.FeedEUVD: nil,
	} {
		if got := intel.Differ(feed, before, after); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", feed, got, want)
		}
		if got := intel.Differ(feed, before, before); got != nil && !reflect.DeepEqual(got, &intel.Difference{}) {
			t.Errorf("%s: %+v between a version and itself", feed, got)
		}
	}
}

// changing is a folder that an update replaces between the manifest and the file, as often as it is told.
type changing struct {
	versions []fs.FS
	reads    int
}

func (c *changing) Open(name string) (fs.File, error) {
	f, err := c.versions[0].Open(name)
	if name == intel.ManifestName {
		if c.reads++; c.reads%2 == 0 && len(c.versions) > 1 { // Load reads it once to compare, and once to hold files to it
			c.versions = c.versions[1:]
		}
	}
	return f, err
}

func TestFolderThatIsUpdatedWhileItIsReadIsReadAgain(t *testing.T) {
	version := func(n int) fs.FS {
		catalogue := strings.Replace(kevText, "2026.11.20", fmt.Sprintf("2026.11.%d", n), 1)
		return pinned(t, map[string]string{"kev.json": catalogue}, map[intel.Feed]string{intel.FeedKEV: "kev.json"})
	}
	held, err := intel.Load(&changing{versions: []fs.FS{version(20), version(21), version(22)}})
	if err != nil {
		t.Fatal(err)
	}
	if held.KEV.Info.Catalog != "2026.11.22" {
		t.Errorf("%+v", held.KEV.Info)
	}
	damaged := version(20).(fstest.MapFS)
	damaged["kev.json"] = &fstest.MapFile{Data: []byte(kevText + " ")}
	if _, err := intel.Load(damaged); err == nil {
		t.Error("a file that changed while the manifest did not is loaded")
	}
}
