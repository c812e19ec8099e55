//go:build unix

package store

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"testing"
)

// given gives lines, then an error if there is one. What a line lies in is used again for the next.
func given(lines []recordLine, err error) iter.Seq2[recordLine, error] {
	return func(yield func(recordLine, error) bool) {
		var buffer []byte
		for _, l := range lines {
			buffer = append(buffer[:0], l.bytes...)
			if !yield(recordLine{buffer, l.plain}, nil) {
				return
			}
		}
		if err != nil {
			yield(recordLine{}, err)
		}
	}
}

func TestPacksHaveTheLinesOfTheirRecordsInOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 2, 40, 3000} {
		var lines []recordLine
		var want []byte
		for i := range n {
			line := fmt.Appendf(nil, `{"index":%d,"x":"%s"}`, i, bytes.Repeat([]byte{'a' + byte(i%26)}, random.IntN(3000)))
			lines = append(lines, recordLine{line, random.IntN(10) == 0})
			want = append(append(want, line...), '\n')
		}
		var have []byte
		next := int64(0)
		for p, err := range packedRecords(given(lines, nil)) {
			if err != nil || p.first != next {
				t.Fatalf("of %d: a pack begins with %d, want %d, %v", n, p.first, next, err)
			}
			if p.size == 0 != lines[p.first].plain || p.size == 0 && p.records != 1 || p.size > packOfRecords+3100 {
				t.Errorf("of %d: the pack from %d on has %d records with %d bytes", n, p.first, p.records, p.size)
			}
			text, err := p.lines()
			if err != nil {
				t.Fatal(err)
			}
			have, next = append(have, text...), next+p.records
		}
		if !bytes.Equal(have, want) || next != int64(n) {
			t.Errorf("of %d: have %d with other lines", n, next)
		}
	}
}

func TestPackingEndsWithTheErrorOfTheLines(t *testing.T) {
	broken := errors.New("broken")
	var last error
	for _, err := range packedRecords(given([]recordLine{{bytes: []byte("{}")}}, broken)) {
		last = err
	}
	if last != broken {
		t.Errorf("have %v", last)
	}
}

func TestRowsAreInsertedAsTheyAreWhateverTheyHaveInCommon(t *testing.T) {
	onEach(t, func(t *testing.T, where string, l *Ledger) {
		random := rand.New(rand.NewPCG(3, 4))
		want := map[string]string{}
		rows := func(yield func([]any, error) bool) {
			for i := range 5000 {
				few := 1 + i/rowsAtOnce%3
				key, place, kind := fmt.Sprint(i), fmt.Sprint("place ", random.IntN(few)), fmt.Sprint("kind ", random.IntN(1+i/2000))
				body := fmt.Sprint(random.IntN(few))
				want[key] = place + kind + body
				if !yield([]any{place, kind, key, []byte(body)}, nil) {
					return
				}
			}
		}
		have := map[string]string{}
		err := l.db.update(t.Context(), func(tr transaction) error {
			if err := tr.insert(t.Context(), "effect", []string{"place", "kind", "key", "body"}, rows, plainly); err != nil {
				return err
			}
			return tr.each(t.Context(), "SELECT place, kind, key, body FROM effect", nil, func(scan func(...any) error) error {
				var place, kind, key string
				var body []byte
				err := scan(&place, &kind, &key, &body)
				have[key] = place + kind + string(body)
				return err
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		for key, row := range want {
			if have[key] != row {
				t.Fatalf("row %s is %q, want %q", key, have[key], row)
			}
		}
		if len(have) != len(want) {
			t.Errorf("have %d rows, want %d", len(have), len(want))
		}
	})
}

func TestRowsWithTooManyFormsAreInsertedAsIfTheyHadNothingInCommon(t *testing.T) {
	in := rowInserter{columns: []string{"a", "b"}, known: map[string]bool{}, rows: [][]any{{"x", 1}, {"x", 2}}}
	if have := in.form(); have != "=." {
		t.Errorf("have %q", have)
	}
	for i := range mostForms {
		in.known[fmt.Sprint(i)] = true
	}
	delete(in.known, "=.")
	if have := in.form(); have != ".." || len(in.known) != mostForms {
		t.Errorf("have %q, and know %d forms", have, len(in.known))
	}
}
