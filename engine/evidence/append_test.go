package evidence

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
)

// fill makes up a value of a type: with odd text, odd numbers, and much that is absent.
func fill(r *rand.Rand, v reflect.Value, depth int) {
	texts := []string{"", "plain", "CVE-2026-1", `quote " and \ slash`, "tab\tline\nnull\x00", "ümläut → \u2028", "broken \xff\xfe", "<script>&amp;", "\x7f"}
	switch {
	case v.Type() == timeType:
		times := []time.Time{{}, time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC), time.Date(2026, 1, 2, 3, 4, 5, 678_900_000, time.UTC), time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 7200))}
		v.Set(reflect.ValueOf(times[r.IntN(len(times))]))
		return
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
		v.SetFloat([]float64{0, 9.8, 0.00042, 1e-7, 2.5e-10, 1e21, -3, 123456789.125, math.Copysign(0, -1)}[r.IntN(9)])
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(r, v.Elem(), depth+1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), r.IntN(4), 4))
		for i := range v.Len() {
			fill(r, v.Index(i), depth+1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range r.IntN(5) {
			e := reflect.New(v.Type().Elem()).Elem()
			fill(r, e, depth+1)
			v.SetMapIndex(reflect.ValueOf(fmt.Sprintf("%s%d", texts[r.IntN(6)], r.IntN(9))), e)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(r, v.Field(i), depth+1)
			}
		}
	}
}

func TestLinesAreWrittenAsEncodeWritesThem(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, of := range []reflect.Type{reflect.TypeFor[*Record](), reflect.TypeFor[*Input]()} {
		if write, err := makeAppender(of, nil); err != nil || write == nil {
			t.Fatalf("lines of %v are not written fast: %v", of, err)
		}
		for range 5000 {
			v := reflect.New(of.Elem())
			fill(r, v.Elem(), 0)
			want, err := encode(v.Interface())
			if err != nil {
				t.Fatal(err)
			}
			have, err := appendLine([]byte("before"), v.Interface())
			if err != nil || string(have) != "before"+string(want) {
				t.Fatalf("%v\n%s is to be\n%s", err, have, want)
			}
		}
	}
}

func TestValuesThatJSONDoesNotHaveAreErrors(t *testing.T) {
	for _, v := range []any{
		&Input{Input: &engine.Input{Finding: engine.Finding{CVSS: []engine.CVSS{{Score: math.NaN()}}}}},
		&Record{At: time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		if line, err := appendLine(nil, v); err == nil {
			t.Errorf("it is written: %s", line)
		}
	}
}

// Who is not known here is written all the same.
func TestTypesThatWriteThemselvesAreLeftToEncode(t *testing.T) {
	type odd struct {
		At  time.Duration `json:"at,format:sec"`
		Any any           `json:"any"`
	}
	v := &odd{Any: "x"}
	want, wrong := encode(v)
	have, err := appendLine(nil, v)
	if string(have) != string(want) || (err == nil) != (wrong == nil) {
		t.Errorf("%s, %v is to be %s, %v", have, err, want, wrong)
	}
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
			for b.Loop() {
				if way == "encode" {
					line, _ = encode(in)
				} else {
					line, _ = appendLine(line[:0], in)
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
