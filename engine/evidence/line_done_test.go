package evidence

import (
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/headgate/headgate/engine"
)

type nowhere struct{ io.Writer }

func (nowhere) Close() error { return nil }

// newCaseWriter is one that nothing is handed to yet.
func newCaseWriter(t *testing.T) *caseWriter {
	t.Helper()
	w, err := NewWriter(func(string) (io.WriteCloser, error) { return nowhere{io.Discard}, nil }, Terms{At: time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.newCaseWriter()
}

// writtenAlone makes sure that the lines of some cases are those that encode makes of each alone.
func writtenAlone(t *testing.T, c *caseWriter, cases []engine.Case) {
	t.Helper()
	b := c.empty()
	if err := c.write(b, cases, 0); err != nil {
		t.Fatal(err)
	}
	var inputs, records []byte
	for i := range cases {
		one := &cases[i]
		input, err := encode(&Input{Input: &one.Input, Provenance: one.Provenance, Conflicts: one.Conflicts})
		if err != nil {
			t.Fatal(err)
		}
		d := decisionOf(one, c.now, c.reports)
		d.Input, d.Answer = Digest(input), Digest([]byte(one.Decision.Answer))
		record, err := encode(&Record{V: RecordVersion, Kind: KindDecision, Index: int64(i), At: c.now, Terms: c.terms, Decision: d})
		if err != nil {
			t.Fatal(err)
		}
		if b.leaves[i] != tlog.RecordHash(record) {
			t.Errorf("case %d has the leaf of another record than %s", i, record)
		}
		inputs, records = append(append(inputs, input...), '\n'), append(append(records, record...), '\n')
	}
	if string(b.inputs) != string(inputs) {
		t.Fatalf("inputs are\n%s and not\n%s", b.inputs, inputs)
	}
	if string(b.records) != string(records) {
		t.Fatalf("records are\n%s and not\n%s", b.records, records)
	}
}

// Cases are made up that share answers, reasons, names and times, or nearly do.
func TestWhatIsKeptFromCaseToCaseChangesNoLine(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	c := newCaseWriter(t)
	var reasons [][]engine.Reason
	for range 40 {
		var some []engine.Reason
		fill(r, reflect.ValueOf(&some).Elem(), 0, false)
		reasons = append(reasons, some)
	}
	reused := 0
	for range 20 {
		cases := make([]engine.Case, 100)
		for i := range cases {
			one := &cases[i]
			fill(r, reflect.ValueOf(one).Elem(), 0, i%8 == 0)
			one.Decision.Answer = fmt.Sprint("answer ", r.IntN(30))
			one.Decision.Reasons = slices.Clone(reasons[r.IntN(len(reasons))])
			for j := range one.Decision.Reasons {
				one.Decision.Reasons[j].Metadata = nil
				if r.IntN(2) == 0 {
					fill(r, reflect.ValueOf(&one.Decision.Reasons[j].Date).Elem(), 0, i%8 == 0)
				}
			}
			one.Decision.Pivots = nil
		}
		writtenAlone(t, c, cases)
		if len(c.line.orders) > mostOrders {
			t.Errorf("%d orders are kept", len(c.line.orders))
		}
	}
	for _, one := range c.known {
		if one.told != nil {
			reused++
		}
	}
	if reused < 20 {
		t.Errorf("the reasons of only %d answers are kept", reused)
	}
}

// A field of a reason that is forgotten when two are compared shows here.
func TestReasonsThatDifferInAnyFieldAreWrittenAnew(t *testing.T) {
	like := engine.Reason{Stated: &engine.Stated{Rule: "sla.due", Kind: "due", To: engine.Act, AtMost: engine.Warn, Controls: []string{"PCI-1", "NIST-2"}},
		Date: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[engine.Reason]()) {
		c := newCaseWriter(t)
		other, stated := like, *like.Stated
		other.Stated = &stated
		switch v := reflect.ValueOf(&other).Elem().FieldByIndex(field.Index); v.Kind() {
		case reflect.String:
			v.SetString("other")
		case reflect.Bool:
			v.SetBool(true)
		case reflect.Slice:
			v.Set(reflect.ValueOf([]string{"PCI-1", "NIST-3"}))
		case reflect.Struct:
			v.Set(reflect.ValueOf(like.Date.AddDate(0, 0, 1)))
		default:
			continue // no part of records
		}
		cases := make([]engine.Case, 12)
		for j := range cases {
			cases[j].Input.Finding.ID, cases[j].Decision.Answer = fmt.Sprint("hg1-", j), "the same"
			cases[j].Decision.Reasons = []engine.Reason{like}
			if j > 5 && j%2 == 0 {
				cases[j].Decision.Reasons = []engine.Reason{other}
			}
		}
		writtenAlone(t, c, cases)
		if c.known["the same"].told == nil {
			t.Errorf("%s: nothing is kept", field.Name)
		}
	}
}
