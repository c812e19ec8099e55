package evidence

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
)

var timeType = reflect.TypeFor[time.Time]()

// fill makes up a value of a type: with odd text and much that is absent; where it is to be odd, with odd names, numbers and times too.
func fill(r *rand.Rand, v reflect.Value, depth int, odd bool) {
	texts := []string{"", "plain", "CVE-2026-1", `quote " and \ slash`, "tab\tline\nnull\x00", "ümläut → \u2028", "broken \xff\xfe", "<script>&amp;", "\x7f"}
	switch {
	case v.Type() == timeType:
		times := []time.Time{{}, time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC), time.Date(2026, 1, 2, 3, 4, 5, 678_900_000, time.UTC), time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 7200))}
		if !odd {
			times = times[:3]
		}
		v.Set(reflect.ValueOf(times[r.IntN(len(times))]))
		return
	case v.Type() == reflect.TypeFor[engine.Reason]():
		v.FieldByName("Stated").Set(reflect.ValueOf(new(engine.Stated))) // never nil
	case r.IntN(3) == 0 && depth > 1:
		return // absent
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(texts[r.IntN(len(texts))])
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Int, reflect.Int64:
		v.SetInt([]int64{0, 1, -7, math.MaxInt64, math.MinInt64}[r.IntN(5)])
	case reflect.Float64:
		numbers := []float64{0, 9.8, 0.00042, -3, 123456789.125, math.Copysign(0, -1), 1e-6, 999e18, 1e-7, 2.5e-10, 1e21}
		if !odd {
			numbers = numbers[:8]
		}
		v.SetFloat(numbers[r.IntN(len(numbers))])
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(r, v.Elem(), depth+1, odd)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), r.IntN(4), 4))
		for i := range v.Len() {
			fill(r, v.Index(i), depth+1, odd)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		names := texts[1:3]
		if odd {
			names = texts[:6]
		}
		for range r.IntN(5) {
			e := reflect.New(v.Type().Elem()).Elem()
			fill(r, e, depth+1, odd)
			v.SetMapIndex(reflect.ValueOf(fmt.Sprintf("%s%d", names[r.IntN(len(names))], r.IntN(9))), e)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(r, v.Field(i), depth+1, odd)
			}
		}
	}
}

// lined writes a record or an input, and says whether it was written member by member.
func lined(b []byte, v any) (line []byte, fast bool, err error) {
	var l lineWriter
	switch v := v.(type) {
	case *Record:
		v.members(&l)
		line, err = appendRecord(b, v)
	case *Input:
		v.members(&l)
		line, err = appendLine(b, v, v.members)
	}
	return line, !l.odd, err
}

// What is made up has every field that there is: one that is forgotten, or written by another rule, shows here.
func TestLinesAreWrittenAsEncodeWritesThem(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, of := range []reflect.Type{reflect.TypeFor[*Record](), reflect.TypeFor[*Input]()} {
		fast := 0
		for i := range 20_000 {
			v := reflect.New(of.Elem())
			fill(r, v.Elem(), 0, i%4 == 0)
			switch v := v.Interface().(type) {
			case *Record: // of a decision alone, mostly
				if i%8 != 0 {
					v.Waiver, v.Effect, v.Policy, v.Case, v.Epoch = nil, nil, nil, nil, nil
				}
			case *Input:
				if i%8 != 0 {
					v.Erased = nil
				}
			}
			want, err := encode(v.Interface())
			if err != nil {
				t.Fatal(err)
			}
			have, byMember, err := lined([]byte("before"), v.Interface())
			if err != nil || string(have) != "before"+string(want) {
				t.Fatalf("%v\n%s is to be\n%s", err, have, want)
			}
			if byMember {
				fast++
			}
		}
		if fast < 4000 {
			t.Errorf("of 20,000 lines of %v only %d are written member by member", of, fast)
		}
	}
}

func TestValuesThatJSONDoesNotHaveAreErrors(t *testing.T) {
	for _, v := range []any{
		&Input{Input: &engine.Input{Finding: engine.Finding{CVSS: []engine.CVSS{{Score: math.NaN()}}}}},
		&Record{At: time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC), Decision: &Decision{}},
	} {
		if line, _, err := lined(nil, v); err == nil {
			t.Errorf("it is written: %s", line)
		}
	}
}

func FuzzTextIsWrittenAsEncodeWritesIt(f *testing.F) {
	for _, s := range []string{"", "plain text of some length", `12345678"`, "1234567\\", "12345678\n", "1234567\x80", "\xff", "ümläut → \u2028", "\x7f\x1f \x21"} {
		f.Add(s)
	}
	for n := range 19 { // each place is looked at
		for _, odd := range []string{`"`, `\`, "\x1f", "\x80"} {
			f.Add(strings.Repeat("a", n/2) + odd + strings.Repeat("a", (n+1)/2))
			f.Add(odd + strings.Repeat("a", n))
			f.Add(strings.Repeat("a", n) + odd)
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		want, err := encode(s)
		if have := appendText(nil, s); err != nil || string(have) != string(want) {
			t.Errorf("%v: %s is to be %s", err, have, want)
		}
	})
}

// BenchmarkLine is what writing the input of a case costs, and how many times faster that is than encoding it.
func BenchmarkLine(b *testing.B) {
	c := &engine.Case{Input: engine.Input{Finding: engine.Finding{ID: "hg1-1", IDs: []string{"hg1-1"}, Kind: engine.KindVulnerability, Title: "a weakness",
		Vulnerability: &engine.Vulnerability{ID: "CVE-2026-1", CVEs: []string{"CVE-2026-1"}}, CVSS: []engine.CVSS{{Version: "3.1", Score: 9.8, Source: "nvd"}},
		Package: &engine.Package{PURL: "pkg:npm/a", Name: "a", Versions: []string{"1.0.0"}}, Locations: []engine.Location{{Path: "package-lock.json", Line: 7}}},
		Asset: engine.Asset{ID: "checkout", Owner: "team-pay", Exposure: "internet"}},
		Provenance: map[string]engine.Provenance{"asset.exposure": {Source: "assets.yaml:3"}, "asset.owner": {Source: "assets.yaml:2"}}}
	in := &Input{Input: &c.Input, Provenance: c.Provenance}
	var slow time.Duration
	for _, way := range []string{"encode", "append"} {
		b.Run(way, func(b *testing.B) {
			var line []byte
			kept := lineWriter{times: &times{}}
			for b.Loop() {
				if way == "encode" {
					line, _ = encode(in)
				} else {
					line, _ = kept.line(line[:0], in, in.members)
				}
			}
			each := b.Elapsed() / time.Duration(b.N)
			if way == "encode" {
				slow = each
			}
			b.ReportMetric(float64(slow)/float64(each), "times-faster")
		})
	}
}
