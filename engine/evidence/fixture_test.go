package evidence_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
)

var now = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

// key makes a key that is the same for the same seed.
func key(t testing.TB, seed byte) *evidence.Signer {
	t.Helper()
	k, err := evidence.GenerateKey(rand.NewChaCha8([32]byte{seed}))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// decided makes decided cases: every third one is waived. Their inputs differ, and their answers are of a few kinds.
func decided(n int) []engine.Case {
	cases := make([]engine.Case, n)
	for i := range cases {
		c := &cases[i]
		c.Input.Finding = engine.Finding{ID: fmt.Sprintf("hg1-%016x", i), IDs: []string{fmt.Sprintf("hg1-%016x", i)}, Kind: engine.KindVulnerability,
			Title: fmt.Sprintf("Weakness %d of a parser", i), Vulnerability: &engine.Vulnerability{ID: fmt.Sprintf("CVE-2026-%d", 10000+i), CVEs: []string{fmt.Sprintf("CVE-2026-%d", 10000+i)}},
			Package: &engine.Package{PURL: fmt.Sprintf("pkg:npm/parser-%d", i%50), Name: fmt.Sprintf("parser-%d", i%50), Versions: []string{"1.0.0"}, Fixed: []string{"1.0.1"}},
			Sources: []engine.Source{{Tool: "trivy", Format: "trivy", Report: report}}}
		c.Input.Asset = engine.Asset{ID: "checkout", Owner: "team-pay", Criticality: "mission_critical", Exposure: "internet"}
		c.Input.Context.Change = &engine.Change{Event: engine.EventPush, Status: engine.StatusIntroduced}
		c.Provenance = map[string]engine.Provenance{"asset.exposure": {Source: "assets.yaml:3"}, "asset.owner": {Source: "assets.yaml:2"}}
		d := &c.Decision
		d.Priority, d.Action = engine.Attend, engine.Warn
		d.Reasons = []engine.Reason{
			{Stated: &engine.Stated{Rule: "ssvc.attend", Kind: "raise", To: engine.Attend, Controls: []string{"PCI-DSS-4.0.1-6.3.1", "NIST-CSF-2.0-ID.RA-05"}}, Message: "scheduled"},
			{Stated: &engine.Stated{Rule: "sla.due", Kind: "due", Controls: []string{"PCI-DSS-4.0.1-6.3.3"}}, Date: now.AddDate(0, 0, 14), Message: "in 14 days"}}
		d.Due, d.DueFrom = now.AddDate(0, 0, 14), "evaluated"
		d.Range = []engine.Priority{engine.Track, engine.Act}
		d.Answer = fmt.Sprintf(`{"action": "warn", "priority": "attend", "kind": %d}`, i%7)
		if i%3 == 2 {
			c.Input.Context.Waivers = []engine.Waiver{{ID: "w-1", Reason: "behind the login", Verified: true, Requester: "dev@example.com", Approver: "ana@example.com"}}
			d.Action, d.WouldHave = engine.Pass, new(engine.Warn)
			d.Reasons = append(d.Reasons, engine.Reason{Stated: &engine.Stated{Rule: "waivers.accepted", Kind: "exempt", AtMost: engine.Pass}, Message: "accepted by ana@example.com"})
		}
	}
	return cases
}

var report = evidence.Digest([]byte("a report"))

// waived is the record of the waiver that decided uses.
func waived() *evidence.Waiver {
	return &evidence.Waiver{ID: "w-1", State: evidence.WaiverUsed, Package: "pkg:npm/*", Reason: "behind the login", Requester: "dev@example.com",
		Approver: "ana@example.com", Verified: true, How: "merged by ana@example.com in 3f1c2d4", Created: "2026-11-01", Expires: "2026-11-25", Cases: 1}
}

// A made is what a test bundle is made of.
type made struct {
	cases   []engine.Case
	waivers []*evidence.Waiver
	signer  *evidence.Signer
	terms   evidence.Terms
	prev    func(*engine.Case) string
	subject []evidence.Subject
	result  *engine.Result
}

func make1(cases int, signer *evidence.Signer) *made {
	m := &made{cases: decided(cases), signer: signer}
	if cases > 2 {
		m.waivers = []*evidence.Waiver{waived()}
	}
	m.terms = evidence.Terms{At: now, Engine: engine.Versions{Headgate: "1.0.0", OPA: "1.22.2"}, Builtins: evidence.Digest([]byte("abs")),
		Change: engine.RunChange{Event: engine.EventPush, Repository: "acme/shop"}, Policy: evidence.PolicyTerms{PolicyInfo: engine.PolicyInfo{
			Digest: evidence.Digest([]byte("policy")), Packs: []string{"ssvc"}}},
		Settings: evidence.Settings{Approvers: []string{"ana@example.com"}},
		Reports:  []engine.Report{{Name: "trivy.json", Format: "trivy", Digest: report, Complete: true}}, CI: &evidence.CI{Run: "4711"}}
	m.subject = []evidence.Subject{{Name: "ghcr.io/acme/shop", Digest: map[string]string{"sha256": evidence.Digest([]byte("image"))[7:]}}}
	m.result = &engine.Result{Schema: engine.ResultSchema, Outcome: engine.Warn, Now: now, Weakened: []string{}, Reports: m.terms.Reports, Cases: m.cases}
	return m
}

// bundle writes the files of a bundle, and is the digest of its run.
func (m *made) bundle(t testing.TB) (fstest.MapFS, string) {
	t.Helper()
	files := fstest.MapFS{}
	digest, err := m.write(files)
	if err != nil {
		t.Fatal(err)
	}
	return files, digest
}

func (m *made) write(files fstest.MapFS) (string, error) {
	w, err := evidence.NewWriter(creator(files), m.terms, map[string][]byte{"main/main.rego": []byte("package main\n")})
	if err != nil {
		return "", err
	}
	for _, one := range m.waivers {
		if err := w.Add(evidence.Record{Kind: evidence.KindWaiver, Waiver: one}); err != nil {
			return "", err
		}
	}
	if err := w.Cases(m.cases, m.prev); err != nil {
		return "", err
	}
	r := *m.result
	r.Counts = engine.Counts{Findings: len(m.cases), Cases: len(m.cases)}
	for i := range m.cases {
		d := &m.cases[i].Decision
		*map[engine.Priority]*int{engine.Attend: &r.Counts.Attend, engine.Act: &r.Counts.Act, engine.Track: &r.Counts.Track}[d.Priority]++
		*map[engine.Action]*int{engine.Warn: &r.Counts.Warn, engine.Pass: &r.Counts.Pass, engine.Block: &r.Counts.Block}[d.Action]++
		if d.Exemption() != nil {
			r.Counts.Waived++
		}
	}
	return w.Close(evidence.Outcome{Result: &r, AssetsInScope: 1, AssetsEvaluated: 1, Subjects: m.subject, Signer: m.signer})
}

type memFile struct {
	bytes.Buffer
	done func([]byte)
}

func (f *memFile) Close() error { f.done(f.Bytes()); return nil }

func creator(files fstest.MapFS) func(string) (io.WriteCloser, error) {
	return func(name string) (io.WriteCloser, error) {
		if files[name] != nil {
			return nil, fmt.Errorf("%s is written twice", name)
		}
		return &memFile{done: func(b []byte) { files[name] = &fstest.MapFile{Data: b} }}, nil
	}
}

// verify verifies a bundle.
func verify(t testing.TB, files fs.FS, k *evidence.Signer) *evidence.Verification {
	t.Helper()
	o := evidence.Options{}
	if k != nil {
		o.Key = &k.Key
	}
	v, err := evidence.VerifyBundle(context.Background(), files, o)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// A ledger is one in memory, without the checks that a real one makes: what a test breaks stays broken.
type ledger struct {
	runs   map[string]fstest.MapFS
	leaves [][]byte
	hashes []tlog.Hash
	head   []byte
}

func newLedger() *ledger { return &ledger{runs: map[string]fstest.MapFS{}} }

func (l *ledger) Head(context.Context) ([]byte, error) { return l.head, nil }

func (l *ledger) Leaf(_ context.Context, i int64) ([]byte, error) {
	if i < 0 || i >= int64(len(l.leaves)) {
		return nil, fs.ErrNotExist
	}
	return l.leaves[i], nil
}

func (l *ledger) Hashes(_ context.Context, at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for i, index := range at {
		if index >= int64(len(l.hashes)) {
			return nil, fmt.Errorf("no hash %d", index)
		}
		out[i] = l.hashes[index]
	}
	return out, nil
}

func (l *ledger) Run(_ context.Context, digest string) (evidence.Run, error) {
	files := l.runs[digest]
	if files == nil {
		return nil, fs.ErrNotExist
	}
	return evidence.OpenBundle(files)
}

const origin = "github.com/acme/shop"

// append puts a run at the end.
func (l *ledger) append(t testing.TB, files fstest.MapFS, digest string, signer *evidence.Signer) {
	t.Helper()
	g, err := evidence.Grow(context.Background(), l, evidence.Leaf(digest), evidence.Seal{Origin: origin, Signer: signer})
	if err != nil {
		t.Fatal(err)
	}
	l.runs[digest] = files
	l.leaves = append(l.leaves, evidence.Leaf(digest))
	l.hashes = append(l.hashes[:g.First:g.First], g.Hashes...)
	l.head = g.Checkpoint
}

// clone is a copy that can be broken.
func (l *ledger) clone() *ledger {
	return &ledger{maps.Clone(l.runs), append([][]byte(nil), l.leaves...), append([]tlog.Hash(nil), l.hashes...), bytes.Clone(l.head)}
}

func (l *ledger) verify(t testing.TB, o evidence.Options) *evidence.Verification {
	t.Helper()
	v, err := evidence.VerifyLog(context.Background(), l, l.Run, o)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// said is what failed, in lines.
func said(v *evidence.Verification) string {
	out := ""
	for _, f := range v.Failures {
		out += fmt.Sprintf("%d: %s\n", f.Level, f.Said)
	}
	return out
}
