//go:build unix

package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	jsonv1 "github.com/go-json-experiment/json/v1"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"golang.org/x/mod/sumdb/tlog"
	"modernc.org/sqlite"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/integrations/store/pgtest"
)

func TestMain(m *testing.M) {
	if where := os.Getenv(writerLedger); where != "" {
		os.Exit(writer(where))
	}
	os.Exit(pgtest.Main(m))
}

// forms are the databases that a ledger can be in, each with the address of a new one.
var forms = map[string]func(testing.TB) string{
	"sqlite":   func(t testing.TB) string { return filepath.Join(t.TempDir(), "ledger.db") },
	"postgres": func(t testing.TB) string { return pgtest.Start(t).Database(t) },
}

// onEach runs a test on a new ledger in each database.
func onEach(t *testing.T, test func(t *testing.T, where string, l *Ledger)) {
	t.Helper()
	for name, where := range forms {
		t.Run(name, func(t *testing.T) {
			at := where(t)
			test(t, at, opening(t, at))
		})
	}
}

func opening(t testing.TB, where string) *Ledger {
	t.Helper()
	l, err := Open(t.Context(), where)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

var seal = evidence.Seal{Origin: "ledger.example/acme"}

var morning = time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)

// A parts is a run in memory.
type parts map[string][]byte

func (p parts) Part(_ context.Context, name string) (io.ReadCloser, error) {
	data, ok := p[name]
	if !ok {
		return nil, fmt.Errorf("no part %s: %w", name, fs.ErrNotExist)
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

// A sketch is what a test says of a run.
type sketch struct {
	at       time.Time
	event    engine.Event // push if empty
	branch   string
	reports  []engine.Report
	findings []evidence.Decision
}

// run makes the parts of the run.
func (s sketch) run(t testing.TB) parts {
	t.Helper()
	if s.event == "" {
		s.event = engine.EventPush
	}
	must := func(v any) []byte {
		data, err := json.Marshal(v, json.Deterministic(true), jsonv1.OmitEmptyWithLegacySemantics(true))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	policy, answer := []byte(`{"schema":"headgate.policy/1","files":{}}`), []byte(`{"say":[]}`)
	terms := must(evidence.Terms{Schema: evidence.TermsSchema, At: s.at, Reports: s.reports, Policy: evidence.PolicyTerms{Content: evidence.Digest(policy)},
		Change: engine.RunChange{Event: s.event, Repository: "acme/shop", Branch: s.branch}})
	var records, inputs bytes.Buffer
	var answers []byte
	var counts evidence.Counts
	var hashes []tlog.Hash
	reader := tlog.HashReaderFunc(func(at []int64) (out []tlog.Hash, _ error) {
		for _, i := range at {
			out = append(out, hashes[i])
		}
		return out, nil
	})
	for i := range s.findings {
		input := must(evidence.Input{Input: &engine.Input{Finding: engine.Finding{ID: s.findings[i].Finding.ID}}})
		inputs.Write(append(input, '\n'))
		d, one := &s.findings[i], 1
		if d.ExemptedBy != "" {
			counts.Waived++
		}
		*map[engine.Priority]*int{engine.Act: &counts.Act, engine.Attend: &counts.Attend, "": &one}[d.Priority]++
		*map[engine.Action]*int{engine.Warn: &counts.Warn, engine.Block: &counts.Block, engine.Pass: &one, "": &one}[d.Action]++
		answers = append(bytes.Clone(answer), '\n')
		s.findings[i].Input, s.findings[i].Answer = evidence.Digest(input), evidence.Digest(answer)
		line := must(evidence.Record{V: evidence.RecordVersion, Kind: evidence.KindDecision, Index: int64(i), At: s.at, Terms: evidence.Digest(terms),
			Decision: &s.findings[i]})
		records.Write(append(line, '\n'))
		more, err := tlog.StoredHashes(int64(i), line, reader)
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, more...)
	}
	root, err := tlog.TreeHash(int64(len(s.findings)), reader)
	if err != nil {
		t.Fatal(err)
	}
	payload := must(evidence.Statement{Type: evidence.StatementType, PredicateType: evidence.RunPredicate,
		Subject: []evidence.Subject{{Name: evidence.PartRecords, Digest: map[string]string{"sha256": fmt.Sprintf("%x", sha256.Sum256(records.Bytes()))}}},
		Predicate: evidence.Predicate{At: s.at, Event: s.event, Outcome: engine.Warn, Terms: evidence.Digest(terms), Weakened: []string{}, Counts: counts,
			Coverage: evidence.Coverage{Cases: len(s.findings), Decisions: len(s.findings)},
			Tree:     evidence.Tree{Size: int64(len(s.findings)), Root: fmt.Sprintf("sha256:%x", root[:])}}})
	envelope := must(dsse.Envelope{PayloadType: evidence.PayloadType, Payload: base64.StdEncoding.EncodeToString(payload), Signatures: []dsse.Signature{}})
	return parts{evidence.PartStatement: envelope, evidence.PartTerms: terms, evidence.PartPolicy: policy,
		evidence.PartRecords: records.Bytes(), evidence.PartInputs: inputs.Bytes(), evidence.PartAnswers: answers}
}

func (p parts) digest(t testing.TB) string {
	t.Helper()
	e, err := evidence.OpenEnvelope(p[evidence.PartStatement], nil)
	if err != nil {
		t.Fatal(err)
	}
	return evidence.Digest(e.Payload)
}

// found is one finding of the n-th report on checkout.
func found(id string, report int) evidence.Decision {
	return evidence.Decision{Finding: evidence.Finding{ID: id, CVEs: []string{"CVE-2026-" + strings.TrimPrefix(id, "hg1-")}, Reports: []int{report}},
		Asset: evidence.Asset{ID: "checkout"}, Priority: engine.Attend, Action: engine.Warn, Due: morning.Add(14 * 24 * time.Hour)}
}

var trivy = engine.Report{Name: "trivy.json", Tool: "trivy", Complete: true, Targets: []string{"repository acme/shop"}}

func appending(t testing.TB, l *Ledger, run evidence.Run) int64 {
	t.Helper()
	index, added, err := l.Append(t.Context(), run, seal)
	if err != nil || !added {
		t.Fatalf("added %t, %v", added, err)
	}
	return index
}

func TestARunIsKeptToTheByte(t *testing.T) {
	onEach(t, func(t *testing.T, where string, l *Ledger) {
		many := sketch{at: morning, branch: "main", reports: []engine.Report{trivy}}
		for i := range 5000 { // more than a page of records, and than a chunk of inputs
			many.findings = append(many.findings, found(fmt.Sprintf("hg1-%d", i), 0))
		}
		p := many.run(t)
		appending(t, l, p)
		kept, err := l.Run(t.Context(), p.digest(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range evidence.Parts {
			want, there := p[name]
			r, err := kept.Part(t.Context(), name)
			if !there {
				if !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s: is absent, and reading it gives %v", name, err)
				}
				continue
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			have, err := io.ReadAll(r)
			if err != nil || !bytes.Equal(have, want) {
				t.Errorf("%s: have %d bytes, want %d, %v", name, len(have), len(want), err)
			}
		}
		if _, err := l.Run(t.Context(), "sha256:absent"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a run that was never appended: %v", err)
		}
	})
}

func TestTheSameRunTwiceIsOneLeaf(t *testing.T) {
	onEach(t, func(t *testing.T, where string, l *Ledger) {
		p := sketch{at: morning, findings: []evidence.Decision{found("hg1-1", 0)}, reports: []engine.Report{trivy}}.run(t)
		first := appending(t, l, p)
		again, added, err := l.Append(t.Context(), p, seal)
		if err != nil || added || again != first {
			t.Errorf("index %d, added %t, %v", again, added, err)
		}
		if _, err := l.Leaf(t.Context(), 1); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("there is a second leaf: %v", err)
		}
	})
}

func TestARunThatIsNotWhatItsStatementSaysIsNotKept(t *testing.T) {
	whole := func(t *testing.T) parts {
		return sketch{at: morning, findings: []evidence.Decision{found("hg1-1", 0), found("hg1-2", 0)}, reports: []engine.Report{trivy}}.run(t)
	}
	for name, spoil := range map[string]func(parts){
		"a record less": func(p parts) {
			p[evidence.PartRecords] = p[evidence.PartRecords][:bytes.IndexByte(p[evidence.PartRecords], '\n')+1]
		},
		"no record":      func(p parts) { p[evidence.PartRecords] = nil },
		"records absent": func(p parts) { delete(p, evidence.PartRecords) },
		"another record": func(p parts) {
			p[evidence.PartRecords] = bytes.Replace(p[evidence.PartRecords], []byte("attend"), []byte("track"), 1)
		},
		"no end of line":       func(p parts) { p[evidence.PartRecords] = bytes.TrimSuffix(p[evidence.PartRecords], []byte("\n")) },
		"a record is not JSON": func(p parts) { p[evidence.PartRecords] = []byte("{}\n{]\n") },
		"a report that is not": func(p parts) {
			p[evidence.PartRecords] = bytes.Replace(p[evidence.PartRecords], []byte(`[0]`), []byte(`[7]`), 1)
		},
		"other terms":  func(p parts) { p[evidence.PartTerms] = []byte(`{}`) },
		"no statement": func(p parts) { delete(p, evidence.PartStatement) },
	} {
		t.Run(name, func(t *testing.T) {
			l := opening(t, forms["sqlite"](t))
			p := whole(t)
			spoil(p)
			if _, added, err := l.Append(t.Context(), p, seal); err == nil || added {
				t.Fatalf("it was kept: added %t", added)
			}
			if head, err := l.Head(t.Context()); err != nil || head != nil {
				t.Errorf("the log has grown: %s, %v", head, err)
			}
			appending(t, l, whole(t))
		})
	}
}

func TestALogThatWasEditedIsNotAddedTo(t *testing.T) {
	for name, edit := range map[string]string{
		"a leaf is gone":           "DELETE FROM log_leaf WHERE idx = 2",
		"a leaf is another":        "UPDATE log_leaf SET data = X'00' WHERE idx = 2",
		"a hash is another":        "UPDATE log_hash SET hash = zeroblob(32) WHERE idx = 2",
		"a hash is gone":           "DELETE FROM log_hash WHERE idx = 2",
		"a checkpoint is gone":     "DELETE FROM checkpoint WHERE size = 3",
		"a checkpoint is another":  "UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE size = 2) WHERE size = 3",
		"a leaf too many":          "INSERT INTO log_leaf (idx, data) VALUES (3, X'00')",
		"the checkpoints are gone": "DELETE FROM checkpoint",
	} {
		t.Run(name, func(t *testing.T) {
			file := forms["sqlite"](t)
			l := opening(t, file)
			for i := range 3 {
				appending(t, l, sketch{at: morning.Add(time.Duration(i) * time.Hour)}.run(t))
			}
			tamper(t, file, edit)
			if _, added, err := l.Append(t.Context(), sketch{at: morning.Add(9 * time.Hour)}.run(t), seal); err == nil || added {
				t.Error("it was added to")
			}
			if x, err := l.Check(t.Context()); err != nil || x.Err() == nil {
				t.Error("a check finds nothing")
			}
		})
	}
}

// What lists look up is a copy of what the statement and the content say: a check holds the one against the other.
func TestACheckFindsWhatIsListedOtherwiseThanItIs(t *testing.T) {
	for name, edit := range map[string]string{
		"when it was decided":       "UPDATE run SET decided = '2031-01-01T00:00:00Z'",
		"why":                       "UPDATE run SET event = 'release'",
		"what became of it":         "UPDATE run SET outcome = 'block'",
		"how many records":          "UPDATE run SET records = records + 1",
		"how many lines of a chunk": "UPDATE part SET lines = lines + 1 WHERE name = 'inputs.jsonl'",
	} {
		t.Run(name, func(t *testing.T) {
			file := forms["sqlite"](t)
			l := opening(t, file)
			appending(t, l, sketch{at: morning, branch: "main", reports: []engine.Report{trivy}, findings: []evidence.Decision{found("hg1-1", 0)}}.run(t))
			if x, err := l.Check(t.Context()); err != nil || x.Err() != nil {
				t.Fatalf("before: %+v, %v", x, err)
			}
			tamper(t, file, edit)
			if x, err := l.Check(t.Context()); err != nil || x.Err() == nil {
				t.Errorf("a check finds nothing: %+v, %v", x, err)
			}
		})
	}
}

// tamper changes a ledger in a file behind its back.
func tamper(t testing.TB, file, statement string) {
	t.Helper()
	withEdited()
	db, err := sql.Open("sqlite", file) // keeps no foreign keys, as whoever edits a file
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	r, err := db.Exec(statement)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := r.RowsAffected(); n == 0 || err != nil {
		t.Fatalf("nothing was changed by %s: %v", statement, err)
	}
}

// withEdited adds to SQL the packed lines of records, edited: edited(body, old, new).
var withEdited = sync.OnceFunc(func() {
	sqlite.MustRegisterDeterministicScalarFunction("edited", 3, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		text, err := inflate(args[0].([]byte), mostLine)
		return pack(bytes.ReplaceAll(text, []byte(args[1].(string)), []byte(args[2].(string)))), err
	})
})
