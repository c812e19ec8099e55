package intel_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/intel"
)

func folder(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

func TestFolderIsLoadedWhateverItsFilesAreCalled(t *testing.T) {
	want := everything(t)
	for _, files := range []map[string]string{
		{"known_exploited_vulnerabilities.json": kevText, "epss_scores-2026-11-20.csv": epssText, "points.ndjson": ssvcText},
		{"a": ssvcText, "b": kevText, "c": epssText},
		{"epss": kevText, "kev": ssvcText, "ssvc": epssText},
		{"x": kevText, "y": epssText, "z": ssvcText, "README.md": "# Threat data", "LICENSE": "CC0", ".gitignore": "*", ".headgate-1.part": "half"},
	} {
		held, err := intel.Load(folder(files))
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if got, want := text(held.Info()), text(want.Info()); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestFeedWithoutFileIsAbsent(t *testing.T) {
	held, err := intel.Load(folder(map[string]string{"epss.csv.gz": zip(epssText)}))
	if err != nil {
		t.Fatal(err)
	}
	if held.KEV != nil || held.SSVC != nil || held.EPSS == nil {
		t.Errorf("%+v", held)
	}
	if held, err := intel.Load(folder(nil)); err != nil || held.Info() != (engine.IntelInfo{}) {
		t.Errorf("an empty folder: %+v, %v", held, err)
	}
}

func TestFolderThatIsNotThereIsAnError(t *testing.T) {
	sub, err := fs.Sub(folder(map[string]string{"a/b": ""}), "missing")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := intel.Load(sub); err == nil {
		t.Error("loaded")
	}
}

func TestUnsoundFolderIsRefusedByNameOfTheFile(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		words []string
	}{
		"two of one feed": {map[string]string{"new.json": kevText, "old.json": kevText}, []string{"new.json and old.json both hold the KEV catalogue"}},
		"no feed":         {map[string]string{"kev.json": kevText, "notes.txt": "remember"}, []string{"notes.txt: neither a KEV catalogue of CISA, EUVD or VulnCheck, nor"}},
		"empty":           {map[string]string{"kev.json": ""}, []string{"kev.json: the file is empty"}},
		"error page":      {map[string]string{"kev.json": "<html>"}, []string{"kev.json: a web page"}},
		"a schema":        {map[string]string{"kev_schema.json": `{"$schema":"http://json-schema.org/draft-07/schema#","type":"object"}`}, []string{"kev_schema.json: neither"}},
		"cut":             {map[string]string{"kev.json": kevText[:900], "epss.csv": epssText[:90]}, []string{"kev.json: KEV catalogue: truncated", "epss.csv: EPSS scores: line 3: truncated"}},
		"a folder in it":  {map[string]string{"kev.json": kevText, "2026/CVE-2026-1.json": ssvcText}, []string{"2026: not a file"}},
	} {
		t.Run(name, func(t *testing.T) {
			held, err := intel.Load(folder(c.files))
			if err == nil || held != nil {
				t.Fatalf("loaded: %+v, %v", held, err)
			}
			lines := strings.Split(err.Error(), "\n")
			for _, words := range c.words {
				if !strings.Contains(err.Error(), words) {
					t.Errorf("%q lacks %q", err, words)
				}
			}
			if len(lines) != len(c.words) {
				t.Errorf("%d lines, want one for each of %q: %q", len(lines), c.words, err)
			}
		})
	}
}

// pinned is a folder with a manifest over its files as they are.
func pinned(t *testing.T, files map[string]string, pins map[intel.Feed]string) fstest.MapFS {
	t.Helper()
	fsys := folder(files)
	m := intel.Manifest{Schema: intel.ManifestSchema, Feeds: map[intel.Feed]intel.Pin{}}
	held, err := intel.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	for feed, name := range pins {
		m.Feeds[feed] = intel.Pin{File: name, Source: "https://example.com/" + name, Fetched: time.Date(2026, 11, 21, 6, 0, 0, 0, time.UTC), Edition: *held.Edition(feed)}
	}
	put(t, fsys, m)
	return fsys
}

func put(t *testing.T, fsys fstest.MapFS, m intel.Manifest) {
	t.Helper()
	b, err := m.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	fsys[intel.ManifestName] = &fstest.MapFile{Data: b}
}

func TestFileThatChangedSinceItWasFetchedIsRefused(t *testing.T) {
	fsys := pinned(t, map[string]string{"kev.json": kevText, "epss.csv": epssText}, map[intel.Feed]string{intel.FeedKEV: "kev.json"})
	if _, err := intel.Load(fsys); err != nil {
		t.Fatalf("unchanged: %v", err)
	}
	fsys["epss.csv"].Data = []byte(strings.Replace(epssText, "0.97565", "0.00001", 1))
	if _, err := intel.Load(fsys); err != nil {
		t.Fatalf("a file that nothing pins: %v", err)
	}
	fsys["kev.json"].Data = []byte(strings.Replace(kevText, "10002", "10003", 1))
	_, err := intel.Load(fsys)
	refused(t, err, "kev.json: changed since it was fetched")
	fsys["other.json"] = &fstest.MapFile{Data: []byte(kevText)}
	delete(fsys, "kev.json")
	_, err = intel.Load(fsys)
	refused(t, err, "other.json: manifest.json names kev.json")
	delete(fsys, "other.json")
	_, err = intel.Load(fsys)
	refused(t, err, "kev.json: manifest.json names it, but it is not there")
}

func TestFolderLoadsInTheMiddleOfAnUpdate(t *testing.T) {
	old := strings.Replace(kevText, "2026.11.20", "2026.11.19", 1)
	fsys := pinned(t, map[string]string{"kev.json": kevText}, map[intel.Feed]string{intel.FeedKEV: "kev.json"})
	m, err := intel.ReadManifest(fsys)
	if err != nil {
		t.Fatal(err)
	}
	pin := m.Feeds[intel.FeedKEV]
	for name, c := range map[string]struct {
		replaces, file string
		loads          bool
	}{
		"the new file is in place":            {readKEV(t, old).Info.Digest, kevText, true},
		"the old file is still there":         {readKEV(t, old).Info.Digest, old, true},
		"there was none before":               {intel.ReplacesNone, "", true},
		"an old file that is not the old one": {readKEV(t, old).Info.Digest, strings.Replace(old, "10002", "10003", 1), false},
		"the old file is gone":                {readKEV(t, old).Info.Digest, "", false},
	} {
		pin.Replaces = c.replaces
		m.Feeds[intel.FeedKEV] = pin
		put(t, fsys, *m)
		delete(fsys, "kev.json")
		if c.file != "" {
			fsys["kev.json"] = &fstest.MapFile{Data: []byte(c.file)}
		}
		if _, err := intel.Load(fsys); (err == nil) != c.loads {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUnsoundManifestIsRefused(t *testing.T) {
	for text, words := range map[string]string{
		`{`:                             "not a manifest",
		`[]`:                            "not a manifest",
		`{"schema":"headgate.intel/9"}`: "schema",
		`{"schema":"headgate.intel/1","feeds":{"cvss":{"file":"x","digest":"sha256:0"}}}`:   `"cvss" is not a feed`,
		`{"schema":"headgate.intel/1","feeds":{"kev":{"file":"../x","digest":"sha256:0"}}}`: `"../x" cannot be the file`,
		`{"schema":"headgate.intel/1","feeds":{"kev":{"file":".x","digest":"sha256:0"}}}`:   `".x" cannot be the file`,
		`{"schema":"headgate.intel/1","feeds":{"kev":{"file":"kev.json","digest":""}}}`:     "no digest",
		`{"schema":"` + strings.Repeat("x", 2<<20) + `"}`:                                   "larger",
	} {
		_, err := intel.Load(folder(map[string]string{"kev.json": kevText, "manifest.json": text}))
		refused(t, err, words)
		refused(t, err, "manifest.json: ")
	}
}
