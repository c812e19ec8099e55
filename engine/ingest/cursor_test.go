package ingest

import (
	"encoding/json"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// walked is what a cursor makes of a value, as encoding/json has it: strings for scalars, since a cursor does not tell them apart.
func walked(c *cursor) any {
	switch c.next() {
	case '{':
		all := map[string]any{}
		c.fields(func(key []byte) { all[string(key)] = walked(c) })
		return all
	case '[':
		all := []any{}
		c.items(func() { all = append(all, walked(c)) })
		return all
	}
	return c.scalar()
}

// scalars turns the scalars of a tree into the strings that a cursor gives.
func scalars(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = scalars(v[k])
		}
	case []any:
		for i := range v {
			v[i] = scalars(v[i])
		}
	case json.Number:
		return v.String()
	case bool:
		return map[bool]string{true: "true", false: "false"}[v]
	case nil:
		return ""
	}
	return v
}

func FuzzACursorReadsWhatEncodingJSONReads(f *testing.F) {
	for _, s := range []string{
		`{"a":[1,-2.5e3,true,false,null,"x"],"b":{"c":{}},"d":[]}`, `{"a\"b":"\\","c":"\\\"","d":"\u00e9\n"}`,
		" [ [ ] , { } , \"}]\\\\\" ] ", `"\\\\"`, `"a"`, `0`, `null`, `[[[["deep"]]]]`, `{"k":"\ud83d\ude00"}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		endsIn([]byte(text)) // of whatever text, it ends
		s := newStream(strings.NewReader(text))
		c, err := s.element()
		if err != nil || !jsontext.Value(text).IsValid() {
			return // the decoder refuses it, or it goes on
		}
		var want any
		dec := json.NewDecoder(strings.NewReader(text))
		dec.UseNumber()
		if err := dec.Decode(&want); err != nil {
			return
		}
		skipped := c
		if have := walked(&c); !reflect.DeepEqual(have, scalars(want)) {
			t.Errorf("%q: have %#v, want %#v", text, have, want)
		}
		if skipped.skip(); skipped.next() != 0 || c.next() != 0 {
			t.Errorf("%q: it ends at %d when skipped and at %d when read, of %d", text, skipped.at, c.at, len(c.text))
		}
	})
}

func TestNestedComponentsAreReadWithoutHoldingTheirText(t *testing.T) {
	var inner strings.Builder
	for range 20_000 {
		inner.WriteString(`{"type":"library","name":"x","hashes":[{"alg":"SHA-512","content":"` + strings.Repeat("0", 400) + `"}]},`)
	}
	doc := `{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"application","name":"all","components":[` +
		inner.String() + `{"type":"library","name":"last","bom-ref":"last"}]}],"vulnerabilities":[{"id":"CVE-2024-0001","affects":[{"ref":"last"}]}]}`
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, found, err := read("bom.json", strings.NewReader(doc), Options{}); err != nil || len(found) != 1 {
		t.Fatal(len(found), err)
	}
	runtime.ReadMemStats(&after)
	grown := after.TotalAlloc - before.TotalAlloc
	if grown > uint64(len(doc)) {
		t.Errorf("reading %d bytes took %d bytes of memory", len(doc), grown)
	}
}
