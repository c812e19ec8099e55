package intel_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/headgate/headgate/engine/intel"
)

// probe is what a feed says of the CVEs of the fixtures.
func probe(s *intel.Snapshot) string {
	return text(s.Info()) + text(s.Lookup([]string{"CVE-2031-10001", "CVE-2029-0003"})) + text(s.Lookup([]string{"CVE-2031-10004"}))
}

// seeds are the fixtures, whole and cut, plain and compressed.
func seeds(f *testing.F, texts ...string) {
	for _, text := range texts {
		for _, text := range []string{text, zip(text), text[:len(text)/2], zip(text)[:len(zip(text))/2], "\xef\xbb\xbf" + text, text + text} {
			f.Add([]byte(text))
		}
	}
}

// again holds that reading is deterministic and that what is accepted is within its bounds.
func again(t *testing.T, data []byte, read func([]byte) (*intel.Snapshot, error)) *intel.Snapshot {
	a, errA := read(data)
	b, errB := read(data)
	if (errA == nil) != (errB == nil) || errA != nil && errA.Error() != errB.Error() {
		t.Fatalf("read twice: %v, then %v", errA, errB)
	}
	if errA != nil {
		refused(t, errA, "")
		return nil
	}
	if probe(a) != probe(b) {
		t.Fatalf("read twice: %s, then %s", probe(a), probe(b))
	}
	for _, feed := range intel.Feeds {
		if info := a.Feed(feed); info != nil && (info.Entries < 1 || !strings.HasPrefix(info.Digest, "sha256:")) {
			t.Fatalf("%s: %+v", feed, info)
		}
	}
	for _, cve := range []string{"CVE-2031-10001", "CVE-2029-0003", "CVE-2031-10004"} {
		if facts := a.Lookup([]string{cve}); facts != nil && facts.EPSS != nil {
			if e := facts.EPSS; !(e.Probability >= 0 && e.Probability <= 1 && e.Percentile >= 0 && e.Percentile <= 1) || e.CVE != cve {
				t.Fatalf("%+v", e)
			}
		}
	}
	return a
}

func FuzzReadKEV(f *testing.F) {
	seeds(f, kevText)
	f.Fuzz(func(t *testing.T, data []byte) {
		again(t, data, func(b []byte) (*intel.Snapshot, error) {
			c, err := intel.ReadKEV(bytes.NewReader(b))
			return &intel.Snapshot{KEV: c}, err
		})
	})
}

func FuzzReadEPSS(f *testing.F) {
	seeds(f, epssText)
	f.Fuzz(func(t *testing.T, data []byte) {
		again(t, data, func(b []byte) (*intel.Snapshot, error) {
			s, err := intel.ReadEPSS(bytes.NewReader(b))
			return &intel.Snapshot{EPSS: s}, err
		})
	})
}

// Invariant: points that were written are read as they were, whether by the fast reader or, behind a blank, by the JSON reader.
func FuzzReadVulnrichment(f *testing.F) {
	p, err := intel.ReadVulnrichment(strings.NewReader(ssvcText))
	if err != nil {
		f.Fatal(err)
	}
	var compact strings.Builder
	if err := p.Write(&compact); err != nil {
		f.Fatal(err)
	}
	seeds(f, ssvcText, compact.String())
	f.Fuzz(func(t *testing.T, data []byte) {
		held := again(t, data, func(b []byte) (*intel.Snapshot, error) {
			p, err := intel.ReadVulnrichment(bytes.NewReader(b))
			return &intel.Snapshot{SSVC: p}, err
		})
		if held == nil {
			return
		}
		var b bytes.Buffer
		if err := held.SSVC.Write(&b); err != nil {
			t.Fatal(err)
		}
		for _, blank := range []string{"", " "} {
			p, err := intel.ReadVulnrichment(strings.NewReader(blank + b.String()))
			if err != nil {
				t.Fatalf("%q: %v", blank, err)
			}
			p.Info.Digest = held.SSVC.Info.Digest
			if !reflect.DeepEqual(p, held.SSVC) {
				t.Fatalf("behind %q: %+v, want %+v", blank, p, held.SSVC)
			}
		}
	})
}

func FuzzReadEUVD(f *testing.F) {
	seeds(f, euvdText)
	f.Fuzz(func(t *testing.T, data []byte) {
		again(t, data, func(b []byte) (*intel.Snapshot, error) {
			c, err := intel.ReadEUVD(bytes.NewReader(b))
			return &intel.Snapshot{EUVD: c}, err
		})
	})
}

// Invariant: a catalogue that was written is read as it was.
func FuzzReadVulnCheck(f *testing.F) {
	seeds(f, vulncheckText)
	f.Fuzz(func(t *testing.T, data []byte) {
		held := again(t, data, func(b []byte) (*intel.Snapshot, error) {
			c, err := intel.ReadVulnCheck(bytes.NewReader(b))
			return &intel.Snapshot{VulnCheck: c}, err
		})
		if held == nil {
			return
		}
		var b bytes.Buffer
		if err := held.VulnCheck.Write(&b); err != nil {
			t.Fatal(err)
		}
		c, err := intel.ReadVulnCheck(&b)
		if err != nil {
			t.Fatal(err)
		}
		c.Info.Digest = held.VulnCheck.Info.Digest
		if !reflect.DeepEqual(c, held.VulnCheck) {
			t.Fatalf("%+v, want %+v", c, held.VulnCheck)
		}
	})
}

// Invariant: a manifest that is accepted is written and read as it was.
func FuzzReadManifest(f *testing.F) {
	f.Add([]byte(`{"schema":"headgate.intel/1","feeds":{"kev":{"file":"kev.json","source":"https://example.com","fetched":"2026-11-21T06:00:00Z","entries":1,` +
		`"digest":"sha256:00","etag":"\"x\"","bands":[1,2,3,4],"replaces":"none"}},"refused":{"epss":{"at":"2026-11-21T06:00:00Z","source":"x","why":"y","anomaly":true}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := intel.ReadManifest(fstest.MapFS{intel.ManifestName: &fstest.MapFile{Data: data}})
		if err != nil {
			return
		}
		text, err := m.Marshal()
		if err != nil {
			t.Skip(err) // a time of the year 10000
		}
		again, err := intel.ReadManifest(fstest.MapFS{intel.ManifestName: &fstest.MapFile{Data: text}})
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if second, err := again.Marshal(); err != nil || !bytes.Equal(text, second) {
			t.Fatalf("%v\n%s\n%s", err, text, second)
		}
	})
}

func FuzzRead(f *testing.F) {
	seeds(f, kevText, epssText, ssvcText, euvdText, vulncheckText)
	f.Fuzz(func(t *testing.T, data []byte) {
		again(t, data, func(b []byte) (*intel.Snapshot, error) {
			_, s, err := intel.Read(bytes.NewReader(b))
			return s, err
		})
	})
}
