package ingest

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

// everyFormat are the fixtures of all formats by their names; there is one at least for each.
func everyFormat(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*.*"))
	if err != nil {
		t.Fatal(err)
	}
	all, formats := map[string]string{}, map[string]bool{"empty-list": true}
	for _, f := range files {
		if s, err := os.Stat(f); err != nil || s.IsDir() || strings.HasSuffix(f, ".golden") {
			continue
		}
		content, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		in, err := Read("scan", bytes.NewReader(content), Options{})
		if err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		all[filepath.Base(f)], formats[in.Report.Format] = string(content), true
	}
	for _, f := range Formats() {
		if !formats[f.Name] {
			t.Errorf("no fixture is of the format %s", f.Name)
		}
	}
	return all
}

// times is in how many places a document is damaged: in a few, and in more if there is time.
func times(few, long int) int {
	if os.Getenv("HEADGATE_LONG") != "" {
		return long
	}
	return few
}

// passes says whether a document is read as a complete scan that found less than the whole one: then what is lost is lost in silence.
func passes(doc string, whole *Reading) (*Reading, bool) {
	in, err := Read("scan", strings.NewReader(doc), Options{})
	return in, err == nil && in.Report.Complete && len(in.Discoveries)+len(in.Statements) < len(whole.Discoveries)+len(whole.Statements)
}

// lines are documents that follow each other, and tables: where one is cut between two lines, nothing tells.
var lineFormats = map[string]bool{
	"ocsf": true, "nuclei": true, "trufflehog": true, "yarn-audit": true, "picus": true, "defectdojo": true, "spdx": true, "govulncheck": true,
}

func TestACutReportIsNeverACleanScan(t *testing.T) {
	for name, doc := range everyFormat(t) {
		whole, err := Read("scan", strings.NewReader(doc), Options{})
		if err != nil {
			t.Fatal(err)
		}
		step := max(1, len(doc)/times(20, 150))
		for i := 0; i < len(strings.TrimRight(doc, " \r\n\t")); i += step {
			in, passed := passes(doc[:i], whole)
			between := lineFormats[whole.Report.Format] && (strings.HasSuffix(strings.TrimRight(doc[:i], " \r\n"), "}") || !strings.HasSuffix(name, "json"))
			if passed && !between {
				t.Errorf("%s, cut at byte %d of %d, is read as %+v", name, i, len(doc), in.Report)
				break
			}
		}
	}
}

func TestEncodingsAreReadRightOrRefusedInEveryFormat(t *testing.T) {
	for name, doc := range everyFormat(t) {
		whole, err := Read("scan", strings.NewReader(doc), Options{})
		if err != nil {
			t.Fatal(err)
		}
		doc = strings.Replace(doc, `encoding="UTF-8"`, `encoding="UTF-16"`, 1)
		var little, big bytes.Buffer
		binary.Write(&little, binary.LittleEndian, utf16.Encode([]rune(doc)))
		binary.Write(&big, binary.BigEndian, utf16.Encode([]rune(doc)))
		utf8s := strings.Replace(doc, `encoding="UTF-16"`, `encoding="UTF-8"`, 1)
		for how, encoded := range map[string]string{
			"a UTF-8 byte order mark": "\ufeff" + utf8s, "UTF-16LE": "\xff\xfe" + little.String(), "UTF-16BE": "\xfe\xff" + big.String(),
		} {
			in, err := Read("scan", strings.NewReader(encoded), Options{})
			if err != nil {
				t.Errorf("%s in %s: %v", name, how, err)
				continue
			}
			if len(in.Discoveries) != len(whole.Discoveries) || len(in.Statements) != len(whole.Statements) || in.Report.Format != whole.Report.Format {
				t.Errorf("%s in %s is read as %+v", name, how, in.Report)
			}
		}
		for how, encoded := range map[string]string{
			"UTF-16LE without a mark": little.String(), "UTF-16BE without a mark": big.String(), "empty": "", "only a mark": "\ufeff",
			"NUL bytes before it": "\x00\x00" + utf8s, "NUL bytes only": strings.Repeat("\x00", len(utf8s)),
		} {
			if in, err := Read("scan", strings.NewReader(encoded), Options{}); err == nil {
				t.Errorf("%s in %s is read as %+v", name, how, in.Report)
			}
		}
		for i := 1; i < len(utf8s); i += max(1, len(utf8s)/times(8, 40)) {
			if in, passed := passes(utf8s[:i]+"\x00"+utf8s[i:], whole); passed && !strings.HasSuffix(name, ".csv") {
				t.Errorf("%s with a NUL byte at %d is read as %+v", name, i, in.Report)
				break
			}
		}
	}
}

var (
	jsonNumber = regexp.MustCompile(`([:\[,]\s*)-?[0-9]+(?:\.[0-9]+)?(\s*[,}\]])`)
	jsonString = regexp.MustCompile(`"(?:[^"\\]|\\.)*"(\s*[,}\]])`)
)

// replaced is a document with the nth of some values in place of what a pattern matches.
func replaced(doc string, at [][]int, nth int, with string) string {
	m := at[nth]
	return doc[:m[2]] + with + doc[m[4]:]
}

func TestValuesNobodyExpectsAreReadOrRefusedInEveryFormat(t *testing.T) {
	numbers := []string{"1e999", "-1e999", strings.Repeat("9", 300), "-0", "1e-999", "0.1e400", "9223372036854775808"}
	hostile := []string{`"\u0000"`, `"\u202e\u2066"`, `"<script>alert(1)</script>"`, `"::error::x"`, `"../../../../etc/passwd"`, `"\ud800"`, `"` + strings.Repeat("a", 1<<16) + `"`,
		`"{}"`, `"%00%2e%2e"`, `"pkg:npm/%"`, `"9999999999999-99-99T00:00:00Z"`, `"CVE-99999999999999999999-1"`, `"CVSS:3.1/AV:N"`, "null", "[]", "{}", "true", "1e999",
		strings.Repeat("[", 9000) + strings.Repeat("]", 9000), strings.Repeat("[", 10_500)}
	for name, doc := range everyFormat(t) {
		if !strings.Contains(doc[:min(len(doc), 200)], "{") {
			continue // no JSON
		}
		check := func(what, doc string) {
			t.Helper()
			in, err := Read("scan", strings.NewReader(doc), Options{MaxBytes: 8 << 20})
			if err != nil {
				if text := err.Error(); strings.ContainsAny(text, "\r\n") || len(text) > 600 || !utf8.ValidString(text) {
					t.Errorf("%s with %s is refused with %q", name, what, text)
				}
				return
			}
			for _, d := range in.Discoveries {
				if f := d.Finding; f.Kind == "" || len(f.Title) > 400 || strings.ContainsAny(f.Title, "\x00\n\x1b") {
					t.Errorf("%s with %s is read as %+v", name, what, f)
				}
				for _, l := range d.Finding.Locations {
					if l.Line < 0 || l.EndLine < 0 {
						t.Errorf("%s with %s has the location %+v", name, what, l)
					}
				}
			}
		}
		at := jsonNumber.FindAllStringSubmatchIndex(doc, -1)
		for i := 0; i < len(at); i += max(1, len(at)/times(1, 5)) {
			m := []int{0, 0, at[i][3], 0, at[i][4]}
			for _, n := range numbers {
				check("the number "+n[:min(len(n), 20)], replaced(doc, [][]int{m}, 0, n))
			}
		}
		at = jsonString.FindAllStringSubmatchIndex(doc, -1)
		for i := 0; i < len(at); i += max(1, len(at)/times(1, 5)) {
			m := []int{0, 0, at[i][0], 0, at[i][2]}
			for _, text := range hostile {
				check("the value "+text[:min(len(text), 30)], replaced(doc, [][]int{m}, 0, text))
			}
		}
	}
}

// Several scanners write a key twice; what stands under both counts, so nobody hides findings behind a second, empty list.
func TestASecondListHidesNoFindings(t *testing.T) {
	list := regexp.MustCompile(`"(Results|results|matches|vulnerabilities|Issues|runs|queries|issues|findings|Findings|alerts|advisories)":\s*[\[{]`)
	for name, doc := range everyFormat(t) {
		m := list.FindStringSubmatchIndex(doc)
		if m == nil || strings.TrimSpace(doc[:m[0]]) == "" {
			continue
		}
		whole, err := Read("scan", strings.NewReader(doc), Options{})
		if err != nil {
			t.Fatal(err)
		}
		key, empty := doc[m[2]:m[3]], "[]"
		if doc[m[1]-1] == '{' {
			empty = "{}"
		}
		if in, passed := passes(doc[:m[0]]+`"`+key+`": `+empty+", "+doc[m[0]:], whole); passed {
			t.Errorf("%s with two lists %q is read as %+v, not %+v", name, key, in.Report, whole.Report)
		}
	}
}

func TestVersionsNobodyKnowsAreRefusedOrReadWhole(t *testing.T) {
	version := regexp.MustCompile(`("(?:version|schema_version|SchemaVersion|protocol_version|specVersion|spdxVersion|csaf_version)":\s*)("[^"]*"|[0-9.]+)`)
	for name, doc := range everyFormat(t) {
		whole, err := Read("scan", strings.NewReader(doc), Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []string{`"99.0"`, `99`, `""`, `null`, `"\u0000"`, `1e999`} {
			changed := version.ReplaceAllString(doc, "${1}"+v)
			in, passed := passes(changed, whole)
			if passed {
				t.Errorf("%s of version %s is read as %+v", name, v, in.Report)
			}
			if again, _ := passes(changed, whole); !reflect.DeepEqual(in, again) {
				t.Errorf("%s of version %s is read in two ways", name, v)
			}
		}
	}
}
