package evidence

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/headgate/headgate/engine"
)

// aDecision is a record that has everything that there is.
func aDecision() *Record {
	at := time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC)
	digest := Digest([]byte("x"))
	return &Record{V: RecordVersion, Kind: KindDecision, Index: 1234567, At: at, Terms: digest, Prev: digest + "/3", Decision: &Decision{
		Finding: Finding{ID: "hg1-1", Kind: engine.KindVulnerability, Name: "CVE-2026-1", Package: "pkg:npm/a", Fixed: []string{"1.0", "2.0"},
			IDs: []string{"hg1-2", "hg1-3"}, CVEs: []string{"CVE-2026-1"}, EUVD: []string{"EUVD-2026-1"}, Reports: []int{3, 7}},
		Asset: Asset{ID: "checkout", Owner: "team-pay", Criticality: "low", Exposure: "internet"}, Status: engine.StatusExisting, Input: digest, Answer: digest,
		Priority: engine.TrackStar, Action: engine.Warn, WouldHave: engine.Block, ExemptedBy: "waivers.accepted", FirstSeen: at.Truncate(day), Due: at,
		DueFrom: "first_seen", Overdue: true, NextChange: at.Add(time.Hour),
		Reasons:  []Reason{{Rule: "a.b", Kind: "raise", To: engine.Act, AtMost: engine.Pass, Firm: true, Date: at, Staged: true}, {Rule: "c.d", Kind: "warn"}},
		Controls: []string{"X-1", "Y-2"}, Waivers: []string{"w-1"}, Assumed: []string{"asset.exposure=internet"}, Oblige: []string{"notify"},
		Range: []engine.Priority{engine.Track, engine.Act}}}
}

// scanned reads a line by both ways of a scanner, and is whether the first understands it. What one understands parse has to as well, and no
// otherwise.
func scanned(t *testing.T, line []byte) bool {
	t.Helper()
	var r, all Record
	var d, whole Decision
	var n named
	understood := newRecordScanner(true).read(line, &all, &whole, nil)
	glanced := newRecordScanner(false).read(line, &r, &d, &n)
	if !understood && !glanced {
		return false
	}
	want, err := ParseRecord(line)
	if err != nil && understood {
		t.Fatalf("%s is understood, and to be refused: %v", line, err)
	}
	if understood && !reflect.DeepEqual(&all, want) {
		t.Fatalf("%s\nis %+v\n%+v, and to be %+v\n%+v", line, all, whole, want, want.Decision)
	}
	var seen Record
	if err := seen.glance(line); glanced && err != nil {
		t.Fatalf("%s is glanced at, and to be refused: %v", line, err)
	}
	if glanced {
		if hashText(n.input) != seen.Decision.Input || hashText(n.answer) != seen.Decision.Answer {
			t.Fatalf("%s names %v", line, n)
		}
		seen.Decision.Input, seen.Decision.Answer = "", ""
		seen.Decision.Finding.Kind, seen.Decision.Overdue = d.Finding.Kind, d.Overdue // which nobody looks at
		if !reflect.DeepEqual(&r, &seen) {
			t.Fatalf("%s\nis %+v\n%+v, and to be %+v\n%+v", line, r, d, seen, seen.Decision)
		}
	}
	return understood
}

func TestScannedRecordsAreThoseThatAreParsed(t *testing.T) {
	full, err := encode(aDecision())
	if err != nil {
		t.Fatal(err)
	}
	if !scanned(t, full) {
		t.Errorf("%s is not understood", full)
	}
	r := rand.New(rand.NewPCG(3, 4))
	understood := 0
	for range 5000 {
		rec := aDecision()
		var made Decision
		fill(r, reflect.ValueOf(&made).Elem(), 0, false)
		of, from := reflect.ValueOf(rec.Decision).Elem(), reflect.ValueOf(made)
		for range r.IntN(4) { // some fields otherwise, or left out
			at := r.IntN(of.NumField())
			of.Field(at).Set(from.Field(at))
		}
		line, err := encode(rec)
		if err != nil {
			t.Fatal(err)
		}
		if scanned(t, line) {
			understood++
		}
		at := r.IntN(len(line)) // broken in one place
		switch r.IntN(3) {
		case 0:
			line = append(line[:at:at], line[at+1:]...)
		case 1:
			line[at] = `{}[]",:0e \`[r.IntN(11)]
		default:
			line = line[:at]
		}
		scanned(t, line)
	}
	if understood < 1000 {
		t.Errorf("of 5000 records %d are understood", understood)
	}
}

// A field that the scanner does not know would have every line parsed: this is where somebody who adds one learns of it.
func TestEveryFieldOfADecisionIsScanned(t *testing.T) {
	var absent func(at string, v reflect.Value)
	absent = func(at string, v reflect.Value) {
		switch v.Kind() {
		case reflect.Struct:
			if v.Type() == timeType {
				break
			}
			for i := range v.NumField() {
				absent(at+"."+v.Type().Field(i).Name, v.Field(i))
			}
			return
		case reflect.Slice:
			if v.Len() > 0 {
				absent(at+"[0]", v.Index(0))
				return
			}
		}
		if v.IsZero() {
			t.Errorf("%s is nowhere in the record that is scanned", at)
		}
	}
	absent("decision", reflect.ValueOf(aDecision().Decision).Elem())
}

func FuzzRecordIsScannedAsItIsParsed(f *testing.F) {
	full, err := encode(aDecision())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(full)
	f.Add(bytes.Replace(full, []byte(`"index":1234567`), []byte(`"index":007`), 1))
	f.Add(bytes.Replace(full, []byte("T06:00:00Z"), []byte("T24:60:61Z"), 3))
	f.Add(bytes.Replace(full, []byte(`"overdue":true`), []byte(`"overdue":true,"overdue":true`), 1))
	f.Fuzz(func(t *testing.T, line []byte) { scanned(t, line) })
}

// However a part comes, its lines are the same, and what is too long or cut is said behind the lines before it.
func TestBlocksHaveTheLinesOfAPart(t *testing.T) {
	long := strings.Repeat("y", 3*blockSize)
	for name, of := range map[string]struct {
		text, damage string
		lines        int
	}{
		"nothing":            {"", "", 0},
		"one line":           {"a\n", "", 1},
		"empty lines":        {"\n\na\n", "", 3},
		"many":               {strings.Repeat("some line of a few bytes\n", 40_000), "", 40_000},
		"long ones":          {"a\n" + long + "\nb\n" + long + "\n", "", 4},
		"as long as can be":  {strings.Repeat("z", MostRecord) + "\nb\n", "", 2},
		"cut":                {"a\nb", "cut", 1},
		"too long at first":  {strings.Repeat("z", MostRecord+1) + "\nb\n", "more than", 0},
		"too long at last":   {"a\n" + strings.Repeat("z", MostRecord+1) + "\n", "more than", 1},
		"too long, and more": {"a\n" + strings.Repeat("z", 3*MostRecord), "more than", 1},
	} {
		for way, from := range map[string]io.Reader{"whole": strings.NewReader(of.text), "halves": iotest.HalfReader(strings.NewReader(of.text)),
			"with the end": iotest.DataErrReader(strings.NewReader(of.text))} {
			var spare sync.Pool
			var all []byte
			n := 0
			var err error
			for b := range blocks(t.Context(), onePart{from}, PartRecords, &spare) {
				for line := range b.each() {
					all = append(append(all, line...), '\n')
					n++
				}
				err = b.err
				b.done(&spare)
			}
			var damage *Damage
			if n != of.lines || !strings.HasPrefix(of.text, string(all)) || (of.damage != "") != errors.As(err, &damage) || of.damage == "" && (err != nil || string(all) != of.text) ||
				damage != nil && !strings.Contains(damage.What, of.damage) {
				t.Errorf("%s, %s: %d lines, %v", name, way, n, err)
			}
		}
	}
}

// onePart is a run whose parts all are one.
type onePart struct{ io.Reader }

func (p onePart) Part(context.Context, string) (io.ReadCloser, error) { return io.NopCloser(p), nil }
