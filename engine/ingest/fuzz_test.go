package ingest

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/headgate/headgate/engine"
)

// FuzzRead holds for any bytes: they are read or refused, never a panic; reading them again, however they arrive, gives the same; an
// error is one line; what is read is whole; and the findings that it comes to, with their ids, do not depend on the order of its results
// nor on where the scanner puts their lines.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "*"))
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds in testdata", err)
	}
	for _, name := range files {
		if info, err := os.Stat(name); err != nil || info.IsDir() || strings.HasSuffix(name, ".golden") {
			continue
		}
		content, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Add([]byte(smallest))
	f.Add([]byte(smallest + smallest))
	f.Add([]byte("\xff\xfe{\x00}\x00"))
	f.Fuzz(func(t *testing.T, content []byte) {
		const most = 1 << 20
		o := Options{Roots: []string{"/home/runner/app"}, MaxBytes: most}
		report, found, err := read("fuzz", bytes.NewReader(content), o)
		again, foundAgain, errAgain := read("fuzz", iotest.HalfReader(bytes.NewReader(content)), o)
		if (err == nil) != (errAgain == nil) || !reflect.DeepEqual(report, again) || !reflect.DeepEqual(found, foundAgain) {
			t.Fatalf("read as\n%+v %+v %v\nand then as\n%+v %+v %v", report, found, err, again, foundAgain, errAgain)
		}
		if err != nil {
			if text := err.Error(); text != errAgain.Error() || strings.ContainsAny(text, "\n\r") || !strings.HasPrefix(text, "fuzz: ") {
				t.Fatalf("refused with %q and %q", text, errAgain)
			}
			if found != nil || report.Format != "" {
				t.Fatalf("refused and yet read as %+v", report)
			}
			return
		}
		if report.Findings != len(found) || report.Format == "" || !strings.HasPrefix(report.Digest, "sha256:") || report.Complete != (report.Incomplete == "") {
			t.Fatalf("%d findings are reported as %+v", len(found), report)
		}
		correlatesTheSame(t, found)
		for _, d := range found {
			fd := d.Finding
			if fd.Kind == "" || len(fd.Sources) == 0 || d.Target.Type == "" {
				t.Fatalf("a finding without kind, source or target: %+v", d)
			}
			if fd.ID != "" || fd.IDs != nil {
				t.Fatalf("a finding with ids before correlation: %+v", d)
			}
			if strings.ContainsFunc(fd.Title, func(r rune) bool { return r < ' ' || r == 0x7f }) || !utf8.ValidString(fd.Title) {
				t.Fatalf("a title with control characters: %q", fd.Title)
			}
			for _, l := range fd.Locations {
				if l.Line < 0 || l.EndLine != 0 && l.EndLine < l.Line || strings.ContainsFunc(l.Path, func(r rune) bool { return r < ' ' || r == 0x7f }) {
					t.Fatalf("a location %+v", l)
				}
			}
			for _, c := range fd.CVSS {
				if c.Version == "" || c.Score < 0 || c.Score > 10 {
					t.Fatalf("an assessment %+v", c)
				}
			}
		}
	})
}

// correlatesTheSame holds findings to their ids: the same from the end to the beginning, and further down in the file.
func correlatesTheSame(t *testing.T, found []engine.Discovery) {
	t.Helper()
	backwards := slices.Clone(found)
	slices.Reverse(backwards)
	want, have := engine.Correlate(slices.Clone(found)), engine.Correlate(backwards)
	if !reflect.DeepEqual(want, have) {
		t.Fatalf("in order\n%+v\nand backwards\n%+v", want, have)
	}
	lower := slices.Clone(found)
	for i := range lower {
		lower[i].Finding.Locations = slices.Clone(lower[i].Finding.Locations)
		for j := range lower[i].Finding.Locations {
			if l := &lower[i].Finding.Locations[j]; l.Line > 0 {
				l.Line += 1000
				if l.EndLine > 0 {
					l.EndLine += 1000
				}
			}
		}
	}
	for i, d := range engine.Correlate(lower) {
		if d.Finding.ID != want[i].Finding.ID || !slices.Equal(d.Finding.IDs, want[i].Finding.IDs) {
			t.Fatalf("a finding 1000 lines further down has the id %s, not %s", d.Finding.ID, want[i].Finding.ID)
		}
	}
}
