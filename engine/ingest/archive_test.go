package ingest

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

func gzipped(t testing.TB, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A packedFile is a file to put into an archive.
type packedFile struct{ name, content string }

func zipped(t testing.TB, files ...packedFile) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		to, err := w.Create(f.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(to, f.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// jsonFiles takes what is called a report, as the command does in other words.
func jsonFiles(path string) bool {
	return strings.HasSuffix(path, ".json") || strings.HasSuffix(path, ".zip")
}

// ways are the ways in which the bytes of an archive can come.
func ways(content []byte) map[string]io.Reader {
	return map[string]io.Reader{
		"a file": bytes.NewReader(content), "a pipe": io.MultiReader(bytes.NewReader(content)), "byte by byte": iotest.OneByteReader(bytes.NewReader(content)),
	}
}

func TestAPackedReportIsReadLikeTheReport(t *testing.T) {
	want, err := Read("scan", strings.NewReader(smallest), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"plain": []byte(smallest), "gzip": gzipped(t, smallest), "gzip in two parts": append(gzipped(t, smallest[:30]), gzipped(t, smallest[30:])...),
		"zip": zipped(t, packedFile{"a.json", smallest}),
	} {
		for how, r := range ways(content) {
			members := ReadFile("scan", r, Options{}, jsonFiles)
			if len(members) != 1 || members[0].Err != nil {
				t.Errorf("%s, %s: %+v", name, how, members)
				continue
			}
			have := members[0].Reading
			if have.Report.Digest != want.Report.Digest {
				t.Errorf("%s, %s: the digest is %s and not the report's", name, how, have.Report.Digest)
			}
			if have.Report.Name = want.Report.Name; !reflect.DeepEqual(have, want) {
				t.Errorf("%s, %s: read as %+v, want %+v", name, how, have, want)
			}
		}
	}
}

func TestAnArchiveHoldsSeveralReportsEachUnderItsName(t *testing.T) {
	content := zipped(t,
		packedFile{"b/two.json", smallest + "\n"}, packedFile{"a.json", smallest}, packedFile{"b/", ""}, packedFile{"README.md", "words"},
		packedFile{"broken.json", smallest[:40]}, packedFile{`c\three.json`, smallest})
	for how, r := range ways(content) {
		var have []string
		for _, m := range ReadFile("x.zip", r, Options{}, jsonFiles) {
			name := m.Name
			if m.Err != nil {
				name += " " + m.Err.Error()
			} else if m.Reading.Report.Name != m.Name {
				t.Errorf("%s: %s is reported as %s", how, m.Name, m.Reading.Report.Name)
			}
			have = append(have, name)
		}
		want := []string{"x.zip/a.json", "x.zip/b/two.json",
			"x.zip/broken.json x.zip/broken.json: not a report in a supported format: not well-formed: it ends in the middle, at byte 40", "x.zip/c/three.json"}
		if len(have) != len(want) || have[0] != want[0] || have[1] != want[1] || !strings.HasPrefix(have[2], "x.zip/broken.json x.zip/broken.json: ") || have[3] != want[3] {
			t.Errorf("%s: %q", how, have)
		}
	}
}

// bomb is a report of that many bytes with little in it.
func bomb(size int) string {
	return smallest[:len(smallest)-1] + `, "properties": "` + strings.Repeat("x", size) + `"}`
}

func TestArchivesThatAreNoPlainReportsAreRefusedWithAWord(t *testing.T) {
	many := make([]packedFile, mostMembers+1)
	for i := range many {
		many[i] = packedFile{fmt.Sprint(i, ".json"), smallest}
	}
	encrypted := zipped(t, packedFile{"a.json", smallest})
	for _, mark := range []string{"PK\x03\x04", "PK\x01\x02"} {
		at := bytes.Index(encrypted, []byte(mark)) + 6
		if mark == "PK\x01\x02" {
			at += 2
		}
		encrypted[at] |= 1
	}
	method := zipped(t, packedFile{"a.json", smallest})
	method[bytes.Index(method, []byte("PK\x01\x02"))+10] = 99
	damaged := zipped(t, packedFile{"a.json", smallest})
	damaged[len("PK\x03\x04")+40] ^= 0xff
	whole := gzipped(t, smallest)
	checksum := bytes.Clone(whole)
	checksum[len(checksum)-5] ^= 0xff
	tar := make([]byte, 1024)
	copy(tar[257:], "ustar\x0000")
	lists := make([]packedFile, 60_000)
	for i := range lists {
		lists[i] = packedFile{fmt.Sprintf("%s/%d.md", strings.Repeat("n", 200), i), ""}
	}
	for _, c := range []struct {
		name    string
		content []byte
		max     int64
		want    string
	}{
		{"a gzip bomb", gzipped(t, bomb(20<<20)), 0, "more than 200 times its size"},
		{"a zip bomb", zipped(t, packedFile{"a.json", bomb(20 << 20)}), 0, "more than 200 times its size"},
		{"a bomb in parts", zipped(t, packedFile{"a.json", bomb(12 << 20)}, packedFile{"b.json", bomb(12 << 20)}, packedFile{"c.json", bomb(12 << 20)}), 0, "more than 200 times"},
		{"gzip larger than the limit", gzipped(t, bomb(1<<16)), 1 << 15, "larger than the limit"},
		{"zip larger than the limit", zipped(t, packedFile{"a.json", bomb(1 << 16)}), 1 << 15, "larger than the limit"},
		{"zip larger than the limit in all", zipped(t, packedFile{"a.json", bomb(1 << 14)}, packedFile{"b.json", bomb(1 << 14)}), 1<<14 + 1000, "larger than the limit"},
		{"too many reports", zipped(t, many...), 0, "more than 1000 reports"},
		{"a long list of files", zipped(t, lists...), 0, "lists too many files"},
		{"an encrypted entry", encrypted, 0, "the entry is encrypted"},
		{"an unusual method", method, 0, "compressed by method 99"},
		{"damaged deflate", damaged, 0, "damaged"},
		{"a wrong checksum", checksum, 0, "damaged"},
		{"gzip that was cut", whole[:len(whole)-9], 0, "ends in the middle"},
		{"gzip that was cut in its header", whole[:5], 0, "damaged"},
		{"garbage behind gzip", append(bytes.Clone(whole), "garbage garbage"...), 0, "damaged"},
		{"zip that was cut", encrypted[:len(encrypted)-12], 0, "no whole zip archive"},
		{"an archive in an archive", zipped(t, packedFile{"a.zip", string(zipped(t, packedFile{"a.json", smallest}))}), 0, "an archive in an archive"},
		{"gzip in gzip", gzipped(t, string(whole)), 0, "an archive in an archive"},
		{"tar in gzip", gzipped(t, string(tar)), 0, "an archive in an archive"},
		{"gzip in zip under another name", zipped(t, packedFile{"a.json", string(whole)}), 0, "an archive in an archive"},
		{"tar", tar, 0, "packed with tar"},
		{"Zstandard", []byte("\x28\xb5\x2f\xfd\x04\x00"), 0, "packed with Zstandard"},
		{"two of one name", zipped(t, packedFile{"a.json", smallest}, packedFile{"a.json", smallest}), 0, "have one name"},
		{"a name that leads out", zipped(t, packedFile{"../a.json", smallest}), 0, "no path"},
		{"a name from the root", zipped(t, packedFile{"/a.json", smallest}), 0, "no path"},
		{"a name with controls", zipped(t, packedFile{"a\x1b[31m.json", smallest}), 0, "no path"},
		{"no report", zipped(t, packedFile{"README.md", "words"}), 0, "the archive holds none"},
		{"nothing at all", zipped(t), 0, "the archive holds none"},
		{"an empty report", gzipped(t, ""), 0, "the file is empty"},
		{"a broken report", gzipped(t, smallest[:40]), 0, "it ends in the middle"},
	} {
		for how, r := range ways(c.content) {
			if how == "byte by byte" && len(c.content) > 1<<16 {
				continue
			}
			members := ReadFile("dir/x", r, Options{MaxBytes: c.max}, jsonFiles)
			last := members[len(members)-1]
			if last.Err == nil || last.Reading != nil {
				t.Errorf("%s, %s: read as %+v", c.name, how, last.Reading)
				continue
			}
			if text := last.Err.Error(); !strings.HasPrefix(text, "dir/x") || !strings.Contains(text, c.want) || strings.ContainsAny(text, "\n\x1b") {
				t.Errorf("%s, %s: refused with %q, want %q", c.name, how, text, c.want)
			}
		}
	}
}

func TestAnArchiveThatIsCutAnywhereIsRefused(t *testing.T) {
	for name, whole := range map[string][]byte{"gzip": gzipped(t, bomb(100)), "zip": zipped(t, packedFile{"a.json", bomb(100)}, packedFile{"b.json", smallest})} {
		for i := range whole {
			members := ReadFile("x", bytes.NewReader(whole[:i]), Options{}, jsonFiles)
			for _, m := range members {
				if m.Err == nil {
					t.Errorf("%s, cut at byte %d: %s is read", name, i, m.Name)
				}
			}
		}
	}
}

func TestReadFilePassesOnWhatTheReaderSays(t *testing.T) {
	broken := errors.New("disk on fire")
	for _, before := range []string{"", smallest[:20], string(gzipped(t, bomb(1000))[:40]), string(zipped(t, packedFile{"a.json", bomb(1000)})[:200])} {
		m := ReadFile("x", io.MultiReader(strings.NewReader(before), iotest.ErrReader(broken)), Options{}, jsonFiles)
		if len(m) != 1 || !errors.Is(m[0].Err, broken) {
			t.Errorf("after %q: %+v", before, m)
		}
	}
}

// FuzzReadFile holds for any bytes and however they come: members are read or refused in one line, and a limit on size holds.
func FuzzReadFile(f *testing.F) {
	f.Add(gzipped(f, smallest))
	f.Add(zipped(f, packedFile{"a.json", smallest}, packedFile{"b/c.json", smallest}, packedFile{"d.md", "words"}))
	f.Add(gzipped(f, bomb(1<<16)))
	f.Fuzz(func(t *testing.T, content []byte) {
		o := Options{MaxBytes: 1 << 18}
		have := ReadFile("fuzz", bytes.NewReader(content), o, jsonFiles)
		again := ReadFile("fuzz", io.MultiReader(bytes.NewReader(content)), o, jsonFiles)
		if len(have) == 0 || len(have) != len(again) {
			t.Fatalf("%d members and then %d", len(have), len(again))
		}
		for i, m := range have {
			if m.Name != again[i].Name || (m.Err == nil) != (again[i].Err == nil) || (m.Err == nil) != (m.Reading != nil) {
				t.Fatalf("%+v and then %+v", m, again[i])
			}
			if m.Err != nil && strings.ContainsAny(m.Err.Error(), "\n\r") {
				t.Fatalf("refused with %q", m.Err)
			}
		}
	})
}
