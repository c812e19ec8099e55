package ingest

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/headgate/headgate/engine"
)

// smallest is the smallest report of a scan that found nothing.
const smallest = `{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Tool"}}, "results": []}]}`

func TestReadRefusesWhatIsNoReportInOneLineThatNamesFileAndPlace(t *testing.T) {
	deep := `{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Tool"}}, "properties": ` +
		strings.Repeat(`{"a":`, 10_001) + "1" + strings.Repeat("}", 10_001) + `}]}`
	for _, c := range []struct {
		name, content string
		max           int64
		is            error
		want          string
	}{
		{name: "empty file", is: ErrEmpty, want: "the file is empty"},
		{name: "white space only", content: " \n\t\r\n ", is: ErrEmpty, want: "the file is empty"},
		{name: "byte order mark only", content: "\ufeff", is: ErrEmpty, want: "the file is empty"},
		{name: "more white space than detection sees", content: strings.Repeat(" ", peekBytes+10), is: ErrEmpty, want: "the file is empty"},
		{name: "another document", content: `{"name": "package", "version": "1.0.0"}`, is: ErrUnknownFormat, want: "not a report in a supported format"},
		{name: "a list", content: `[1, 2, 3]`, is: ErrUnknownFormat, want: "not a report in a supported format"},
		{name: "no JSON", content: "<html><body>Access Denied</body></html>", is: ErrNotJSON, want: "it is not JSON"},
		{name: "text", content: "no vulnerabilities found\n", is: ErrUnknownFormat, want: "byte 1"},
		{name: "binary", content: "\x7fELF\x02\x01\x01", is: ErrUnknownFormat, want: "byte 0"},
		{name: "ends before the first mark", content: `{"vers`, is: ErrUnknownFormat, want: "it ends in the middle"},
		{name: "ends in a report", content: smallest[:len(smallest)-2], want: "it ends in the middle, at byte"},
		{name: "ends in a string", content: smallest[:40] + `{"tool": {"driver": {"name": "To`, want: "it ends in the middle"},
		{name: "nested too deep", content: deep, want: "exceeded max depth"},
		{name: "invalid UTF-8", content: strings.Replace(smallest, "Tool", "T\xffol", 1), want: "invalid UTF-8"},
		{name: "invalid UTF-8 in a value that is passed over", content: strings.Replace(smallest, `"results"`, `"x": "`+"\xc3\x28"+`", "results"`, 1), want: "invalid UTF-8"},
		{name: "half a surrogate pair", content: strings.Replace(smallest, "Tool", `T\ud800ol`, 1), want: "invalid surrogate pair in string"},
		{name: "a second document behind it", content: smallest + smallest, want: "an object after the end of the report"},
		{name: "garbage behind it", content: smallest + "\n}", want: "byte"},
		{name: "a word behind it", content: smallest + " done", want: "byte"},
		{name: "a comma too many", content: strings.Replace(smallest, "[]", "[,]", 1), want: "byte"},
		{name: "larger than the limit", content: smallest, max: int64(len(smallest)) - 1, want: "larger than the limit"},
		{name: "much larger than the limit", content: smallest[:len(smallest)-1] + `, "properties": "` + strings.Repeat("x", 1<<20) + `"}`, max: 1 << 18, want: "scan.json: larger than the limit"},
		{name: "larger by white space", content: smallest + strings.Repeat("\n", 100), max: int64(len(smallest)) + 99, want: "larger than the limit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			report, found, err := read("dir/scan.json", strings.NewReader(c.content), Options{MaxBytes: c.max})
			if err == nil {
				t.Fatalf("read as %+v", report)
			}
			if found != nil || !reflect.DeepEqual(report, engine.Report{}) {
				t.Errorf("refused, and yet read as %+v with %d findings", report, len(found))
			}
			text := err.Error()
			if !strings.HasPrefix(text, "dir/scan.json: ") || !strings.Contains(text, c.want) || strings.ContainsAny(text, "\r\n\x7f") || !utf8.ValidString(text) || len(text) > 400 {
				t.Errorf("refused with %q, want %q in one short line", text, c.want)
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%v is not %v", err, c.is)
			}
			if c.is == nil && (errors.Is(err, ErrUnknownFormat) || errors.Is(err, ErrEmpty)) {
				t.Errorf("%v does not see that it is a report", err)
			}
		})
	}
}

func TestReadTakesEveryEncodingThatNamesItself(t *testing.T) {
	text := strings.Replace(smallest, "Tool", "Töol 𝒳", 1)
	units := utf16.Encode([]rune("\ufeff" + text))
	var little, big bytes.Buffer
	binary.Write(&little, binary.LittleEndian, units)
	binary.Write(&big, binary.BigEndian, units)
	for name, content := range map[string]string{
		"UTF-8": text, "UTF-8 with a byte order mark": "\ufeff" + text, "UTF-16LE": little.String(), "UTF-16BE": big.String(),
		"white space around it": "\r\n\t " + text + "\r\n\r\n",
	} {
		report, _, err := read(name, strings.NewReader(content), Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if report.Tool != "Töol 𝒳" || !report.Complete {
			t.Errorf("%s is read as %+v", name, report)
		}
	}
	_, _, err := read("half.json", strings.NewReader(little.String()[:little.Len()-8]), Options{})
	if err == nil || !strings.Contains(err.Error(), "it ends in the middle") {
		t.Errorf("half a UTF-16 file: %v", err)
	}
}

func TestReadDoesNotDependOnHowBytesArrive(t *testing.T) {
	var content strings.Builder
	content.WriteString(`{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Tool"}}, "results": [`)
	for i := range 500 {
		if i > 0 {
			content.WriteString(", ")
		}
		content.WriteString(`{"ruleId": "rule\u002d1", "message": {"text": "Ünïcödé \"quoted\" \\ text"}, "codeFlows": [{"threadFlows": [{"locations": [{}, {}]}]}],
			"locations": [{"physicalLocation": {"artifactLocation": {"uri": "a/b.go"}, "region": {"startLine": 7}}}]}`)
	}
	content.WriteString(`]}]}`)
	whole, wholeFound, err := read("x", strings.NewReader(content.String()), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if whole.Findings != 500 || wholeFound[0].Finding.Rule.ID != "rule-1" || wholeFound[499].Finding.Title != `Ünïcödé "quoted" \ text` {
		t.Fatalf("read as %+v, first %+v", whole, wholeFound[0])
	}
	for name, r := range map[string]func(io.Reader) io.Reader{"one byte": iotest.OneByteReader, "halves": iotest.HalfReader, "data with its error": iotest.DataErrReader} {
		report, found, err := read("x", r(strings.NewReader(content.String())), Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !reflect.DeepEqual(report, whole) || !reflect.DeepEqual(found, wholeFound) {
			t.Errorf("%s: read as %+v, want %+v", name, report, whole)
		}
	}
}

func TestReadPassesOnWhatTheReaderSays(t *testing.T) {
	broken := errors.New("disk on fire")
	for _, before := range []string{"", smallest[:20], smallest, smallest[:40] + strings.Repeat(" ", 2*peekBytes)} {
		_, _, err := read("scan.json", io.MultiReader(strings.NewReader(before), iotest.ErrReader(broken)), Options{})
		if !errors.Is(err, broken) || err.Error() != "scan.json: disk on fire" {
			t.Errorf("after %d bytes: %v", len(before), err)
		}
	}
}

func TestReadDigestsEveryByteOfTheFile(t *testing.T) {
	digest := func(content string) string {
		report, _, err := read("x", strings.NewReader(content), Options{MaxBytes: int64(len(content))})
		if err != nil {
			t.Fatal(err)
		}
		return report.Digest
	}
	sum := sha256.Sum256([]byte(smallest))
	if got, want := digest(smallest), "sha256:"+hex.EncodeToString(sum[:]); got != want {
		t.Errorf("digest %q, want %q", got, want)
	}
	if digest(smallest) == digest(smallest+"\n") || digest(smallest) == digest("\ufeff"+smallest) {
		t.Error("the digest is not one of the file's bytes")
	}
}

// Whoever has no report yet learns from the list how to make one: a command whose report is of that format, or what to click.
func TestFormatsAreListedOnceEachWithAnExample(t *testing.T) {
	names, examples := map[string]bool{}, map[string]bool{}
	for _, f := range Formats() {
		if f.Name == "" || f.Title == "" || f.Tools == "" || names[f.Name] {
			t.Errorf("format %+v", f)
		}
		if len(strings.Fields(f.Example)) < 2 || len(f.Example) > 80 || examples[f.Example] || strings.ContainsAny(f.Example, "\n\t") {
			t.Errorf("%s has the example %q", f.Name, f.Example)
		}
		names[f.Name], examples[f.Example] = true, true
	}
}
