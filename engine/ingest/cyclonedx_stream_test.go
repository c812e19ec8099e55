package ingest

import (
	"bufio"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
)

func TestTheOrderOfACycloneDXDocumentsSectionsDoesNotMatter(t *testing.T) {
	sections := []string{
		`"metadata":{"component":{"bom-ref":"root","type":"application","name":"shop"}}`,
		`"components":[{"version":"1.0","purl":"pkg:npm/a@1.0","name":"a","bom-ref":"pkg:npm/a@1.0?package-id=7"}]`,
		`"dependencies":[{"dependsOn":["x"],"ref":"other"},{"dependsOn":["pkg:npm/a@1.0?package-id=7"],"ref":"root"}]`,
		`"vulnerabilities":[{"affects":[{"ref":"pkg:npm/a@1.0?package-id=7"}],"id":"CVE-2026-0001"}]`,
	}
	for i := range sections {
		for j := range sections {
			order := append([]string{}, sections...)
			order[i], order[j] = order[j], order[i]
			_, found := readDocument(t, `{"bomFormat":"CycloneDX","specVersion":"1.6",`+strings.Join(order, ",")+`}`)
			if len(found) != 1 {
				t.Fatalf("%v: %d findings", order, len(found))
			}
			p := found[0].Finding.Package
			if p == nil || p.Direct == nil || !*p.Direct || p.PURL != "pkg:npm/a" || p.Name != "a" || !reflect.DeepEqual(p.Versions, []string{"1.0"}) {
				t.Errorf("%v: %+v", order, p)
			}
		}
	}
}

// A component that does not stand in the decoder's buffer whole is read on another path.
func TestComponentsAreReadAlikeWhereverTheyStand(t *testing.T) {
	component := func(filler string) string {
		return `{"bom-ref":"outer","type":"application","name":"outer","version":"2","hashes":[` + filler + `],"scope":"excluded","group":"g",
			"components":[{"bom-ref":"in\u0061er","purl":"pkg:deb/debian/a@1.0","name":"a","version":"1\u002e0",
				"properties":[{"name":"aquasecurity:trivy:SrcName","value":"src"},{"name":"x","value":"y"},{"value":"a/b.json","name":"aquasecurity:trivy:FilePath"}],
				"evidence":{"identity":[` + filler + `],"occurrences":[{"location":"lib/a.so"},{"line":1},7]}},
				{"bom-ref":"inaer","name":"the second of that name"},` + filler + `]}`
	}
	doc := func(filler string) string {
		return `{"bomFormat":"CycloneDX","specVersion":"1.6","components":[null,7,` + component(filler) + `],
			"vulnerabilities":[{"id":"CVE-2026-0001","affects":[{"ref":"inaer"},{"ref":"outer"}]}]}`
	}
	small, large := doc(`{}`), doc(`{"x":[{"y":"`+strings.Repeat("0123456789", 100_000)+`"}]}`)
	_, want := readDocument(t, small)
	_, have := readDocument(t, large)
	if len(want) != 2 || want[0].Finding.Package.Source != "src" || len(want[0].Finding.Locations) != 2 || want[1].Finding.Package.Name != "g/outer" {
		t.Errorf("the small document: %+v %+v", *want[0].Finding.Package, *want[1].Finding.Package)
	}
	for i := range have {
		have[i].Finding.Sources, want[i].Finding.Sources = nil, nil // the digest of the document
	}
	if !reflect.DeepEqual(have, want) {
		t.Errorf("have %+v, want %+v", have, want)
	}
}

func TestPlacesOfErrorsAreCountedFromTheDocumentsStart(t *testing.T) {
	const head = `{"bomFormat":"CycloneDX","specVersion":"1.6",`
	for _, c := range []struct{ broken, want string }{
		{head + `"components":[}`, fmt.Sprintf("byte %d ", len(head)+14)},
		{head + `"vulnerabilities":[{}]}`, fmt.Sprintf("byte %d ", len(head)+21)},
		{head + `"vulnerabilities":[`, fmt.Sprintf("at byte %d ", len(head)+19)},
		{head + `"components":[` + strings.Repeat(`{"name":"a"},`, 20_000) + `}`, fmt.Sprintf("byte %d ", len(head)+14+20_000*13-1)},
	} {
		_, _, err := read("bom.json", strings.NewReader(c.broken), Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("have %v, want %q", err, c.want)
		}
	}
}

// Each level is asked whether it stands in the buffer whole. Looking through all of the buffer every time would be thousands of times the
// report; no further than a thousand bytes from each level is about a hundred times.
func TestDeeplyNestedValuesAreNotLookedThroughAgainAndAgain(t *testing.T) {
	const deep = 4_500
	doc := strings.Repeat(`{"components":[`, deep) + strings.Repeat(`]}`, deep)
	for _, way := range []struct {
		name string
		most int // times
		look func(s *stream) (bytes int, whole bool, err error)
	}{
		{"buffered", 200, func(s *stream) (int, bool, error) {
			n := len(s.ahead())
			s.buffered()
			return n, false, nil
		}},
		{"foreseen", 3, func(s *stream) (n int, whole bool, err error) { // what is read makes components: it is dear
			whole, err = s.foresee(func(at *cursor) {
				at.skip()
				n = at.at
			})
			return n, whole, err
		}},
	} {
		s, looked := newStream(bufio.NewReaderSize(strings.NewReader(doc), readBytes)), 0
		for {
			if k := s.peek(); k == '{' || k == '[' {
				n, whole, err := way.look(s)
				if err != nil {
					t.Fatal(err)
				}
				if looked += n; whole {
					continue
				}
			}
			if _, err := s.dec.ReadToken(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
		if times := looked / len(doc); times > way.most || looked == 0 {
			t.Errorf("%s: %d times the report is looked through", way.name, times)
		}
	}
}

func TestDeeplyNestedComponentsAreRead(t *testing.T) {
	const deep = 4_500
	nested := strings.Repeat(`{"components":[`, deep) + `{"bom-ref":"x","name":"x"}` + strings.Repeat(`]}`, deep)
	doc := `{"bomFormat":"CycloneDX","specVersion":"1.6","components":[` + strings.Repeat(nested+",", 30) + `{}],"vulnerabilities":[{"id":"CVE-2026-0001","affects":[{"ref":"x"}]}]}`
	if _, found := readDocument(t, doc); len(found) != 1 {
		t.Errorf("%d findings, want 1", len(found))
	}
}

// A component is read before it is known to be well formed: whatever stands there, reading it ends, and what the decoder accepts comes out
// as if it had been checked before.
func FuzzForeseenComponentsAreReadAsCheckedOnes(f *testing.F) {
	for _, text := range []string{
		`{"bom-ref":"a","name":"n","purl":"pkg:npm/a@1","properties":[{"name":"syft:location:0:path","value":"p"}],"components":[{"name":"b"}]}`,
		`{"name":"a\u0062","evidence":{"occurrences":[{"location":"x"},7]},"licenses":[[{}],"]"]}`,
		`{"name`, `{"name"`, `{"name":"\`, `{"properties":[}`, `{"properties":{"name":]}}`, `{"components":[{"components":[`, `{"a":}]}`, `{"`, `{"name":"x"}}`,
		`{"evidence":{"occurrences":[:,}`, `{"type":[{"}"]}`, "{\"name\":\x01\x02}",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > leadBytes {
			return
		}
		var foreseen, checked cdxComponent
		at := cursor{text: []byte(text), words: map[string]string{}}
		foreseen.read(&at)
		s := newStream(strings.NewReader(text))
		of, err := s.element()
		if err != nil || !strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "{") {
			return
		}
		if checked.read(&of); !reflect.DeepEqual(foreseen, checked) {
			t.Errorf("%q: foreseen as %+v, checked as %+v", text, foreseen, checked)
		}
	})
}

// Where components are broken, the error says so at the same byte whether they stand in the buffer whole or not, and nothing is found.
func TestBrokenComponentsAreRefusedWhereverTheyStand(t *testing.T) {
	for _, broken := range []string{
		`{"name":"a" "purl":"pkg:npm/a@1"}`, `{"name":"\x"}`, "{\"name\":\"\xff\"}", "{\"name\":\"a\nb\"}", `{"name":01}`, `{"name":}`, `{"hashes":[}]}`, `{"name":"a",}`,
		`{"hashes":[{"content":"\ud800"}]}`, `{"scope":tru}`, `{"properties":[{"name":"x","value":"\q"}]}`,
	} {
		places := map[int]bool{}
		for _, before := range []string{``, `{"name":"b"},`, strings.Repeat(`{"name":"b","purl":"pkg:npm/b@1"},`, 5_000)} {
			doc := `{"bomFormat":"CycloneDX","specVersion":"1.6","components":[` + before + broken + `,{"bom-ref":"c","purl":"pkg:npm/c@1"}],` +
				`"vulnerabilities":[{"id":"CVE-2026-0001","affects":[{"ref":"c"}]}]}`
			_, found, err := read("bom.json", strings.NewReader(doc), Options{})
			var place int
			if err == nil || found != nil {
				t.Errorf("%s after %d bytes: %d findings, %v", broken, len(before), len(found), err)
			} else if _, err := fmt.Sscanf(err.Error(), "bom.json: not valid CycloneDX JSON and XML: byte %d", &place); err != nil {
				t.Error(err)
			}
			places[place-len(before)] = true
		}
		if len(places) != 1 {
			t.Errorf("%s: the error is at bytes %v", broken, places)
		}
	}
}

func TestTheFirstOfTwoComponentsWithOneBOMRefHasIt(t *testing.T) {
	_, found := readDocument(t, `{"bomFormat":"CycloneDX","specVersion":"1.6","components":[
		{"bom-ref":"outer","name":"outer","components":[{"bom-ref":"a","purl":"pkg:npm/first@1"}]},{"bom-ref":"a","purl":"pkg:npm/second@1"},{"bom-ref":"outer","name":"other"}],
		"vulnerabilities":[{"id":"CVE-2026-0001","affects":[{"ref":"a"},{"ref":"outer"}]}]}`)
	if len(found) != 2 || found[0].Finding.Package.Name != "first" || found[1].Finding.Package.Name != "outer" {
		t.Errorf("%+v", found)
	}
}
