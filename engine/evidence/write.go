package evidence

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/headgate/headgate/engine"
)

// SumsFile lists the files of a bundle with their digests, as sha256sum writes and checks them. It shows damage; proof is the statement.
const SumsFile = "SHA256SUMS"

// packedSuffix ends the names of the files of a bundle that are compressed.
const packedSuffix = ".zst"

// packedParts are the parts that a bundle keeps compressed.
var packedParts = []string{PartPolicy, PartResult, PartRecords, PartInputs, PartAnswers}

// FileOf is the name of the file of a bundle that holds a part.
func FileOf(part string) string {
	if slices.Contains(packedParts, part) {
		return part + packedSuffix
	}
	return part
}

// A Writer writes a bundle: the files of one run. Memory is bounded by what is worked on at a time, not by the records.
type Writer struct {
	create func(name string) (io.WriteCloser, error)
	terms  string
	now    time.Time

	reportOnly bool
	reports    map[string]int // their places in the terms, by digest

	records *part
	inputs  *part
	answers *part
	known   map[tlog.Hash]bool // answers that are written, by their digests
	lock    sync.Mutex         // of what stands behind it
	spare   []*batch           // that are written
	idle    []*caseWriter      // that nobody works with
	tree    tree
	sums    map[string]string
	work    Predicate
}

// NewWriter begins a bundle. Create makes a file of it, by name. The terms are completed by the digest of the policy's content.
func NewWriter(create func(name string) (io.WriteCloser, error), terms Terms, policy map[string][]byte) (*Writer, error) {
	w := &Writer{create: create, now: terms.At, reportOnly: terms.Settings.ReportOnly, reports: map[string]int{}, known: map[tlog.Hash]bool{},
		sums: map[string]string{}}
	for i := range terms.Reports {
		w.reports[terms.Reports[i].Digest] = i
	}
	content := PolicyContent{Schema: PolicySchema, Files: map[string]string{}}
	for name, text := range policy {
		content.Files[name] = string(text)
	}
	var err error
	if terms.Policy.Content, err = w.document(PartPolicy, content); err != nil {
		return nil, err
	}
	terms.Schema = TermsSchema
	if w.terms, err = w.document(PartTerms, terms); err != nil {
		return nil, err
	}
	w.work = Predicate{At: terms.At, Event: terms.Change.Event, Terms: w.terms, Policy: terms.Policy.Digest,
		Engine: Engine{Headgate: terms.Engine.Headgate, OPA: terms.Engine.OPA}, CI: terms.CI, Weakened: []string{}, Epoch: terms.Epoch}
	for _, p := range []struct {
		name string
		part **part
	}{{PartRecords, &w.records}, {PartInputs, &w.inputs}, {PartAnswers, &w.answers}} {
		if *p.part, err = w.open(p.name); err != nil {
			return nil, err
		}
	}
	w.inputs.plain, w.answers.plain = nil, nil // records name their lines one by one, so that single ones can be erased
	return w, nil
}

// whole writes a part at once.
func (w *Writer) whole(name string, data []byte) (string, error) {
	p, err := w.open(name)
	if err != nil {
		return "", err
	}
	if err := p.write(data); err != nil {
		return "", fmt.Errorf("%s: %w", FileOf(name), err)
	}
	return w.close(p)
}

func (w *Writer) document(name string, v any) (string, error) {
	data, err := encode(v)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	if most := mostOf(name); len(data) > most {
		return "", fmt.Errorf("%s: it has %d bytes, more than the %d that evidence may have there", name, len(data), most)
	}
	return w.whole(name, data)
}

// Add writes a record. Its version, index, time and terms are filled in.
func (w *Writer) Add(r Record) error {
	line, err := w.appendRecord(&lineWriter{}, nil, &r, w.tree.size)
	if err != nil {
		return err
	}
	w.tree.add(tlog.RecordHash(line[:len(line)-1]))
	return w.records.write(line)
}

// appendRecord writes the line of a record behind others.
func (w *Writer) appendRecord(l *lineWriter, b []byte, r *Record, index int64) ([]byte, error) {
	r.V, r.Index, r.At, r.Terms = RecordVersion, index, w.now, w.terms
	from := len(b)
	b, err := l.line(b, r, r.members)
	if err == nil && len(b)-from > MostRecord {
		err = fmt.Errorf("it has %d bytes, more than a record may have", len(b)-from)
	}
	if err != nil {
		return nil, fmt.Errorf("record %d: %w", index, err)
	}
	return append(b, '\n'), nil
}

// An Outcome is what a run came to, beside its records.
type Outcome struct {
	Result          *engine.Result // nil: the run decided nothing. Its cases may be nil if they were written as they came: Counts says how many
	AssetsInScope   int
	AssetsEvaluated int
	Subjects        []Subject // what it was about: commits and images
	Signer          *Signer   // nil: the bundle is unsigned
}

// Close ends the bundle and is the digest of its statement, which names the run.
func (w *Writer) Close(o Outcome) (run string, err error) {
	p := &w.work
	if o.Result != nil {
		if err := w.result(o); err != nil {
			return "", err
		}
	}
	p.Tree = Tree{Size: w.tree.size, Root: hashText(w.tree.root())}
	records, err := w.close(w.records)
	if err != nil {
		return "", err
	}
	for _, part := range []*part{w.inputs, w.answers} {
		if _, err := w.close(part); err != nil {
			return "", err
		}
	}
	subjects := append([]Subject{{Name: PartRecords, Digest: map[string]string{"sha256": strings.TrimPrefix(records, "sha256:")}}}, o.Subjects...)
	payload, err := encode(Statement{Type: StatementType, Subject: subjects, PredicateType: RunPredicate, Predicate: *p})
	if err != nil {
		return "", err
	}
	envelope, err := sealEnvelope(payload, o.Signer)
	if err == nil && len(envelope) > mostEnvelope {
		err = fmt.Errorf("it has %d bytes, more than a statement may have", len(envelope))
	}
	if err != nil {
		return "", fmt.Errorf("statement: %w", err)
	}
	if _, err := w.whole(PartStatement, envelope); err != nil {
		return "", err
	}
	run = Digest(payload)
	if err := w.summaries(o, run); err != nil {
		return "", err
	}
	return run, w.writeSums()
}

// result writes what a run came to without its cases, and counts.
func (w *Writer) result(o Outcome) (err error) {
	p, r := &w.work, *o.Result
	cases := len(r.Cases)
	if r.Cases == nil {
		cases = r.Counts.Cases
	}
	if p.Coverage.Decisions != cases {
		return fmt.Errorf("%d cases are decided and %d have a record", cases, p.Coverage.Decisions)
	}
	p.Outcome, p.Weakened = r.Outcome, slices.Concat([]string{}, r.Weakened)
	p.Counts = Counts{Act: r.Counts.Act, Attend: r.Counts.Attend, TrackStar: r.Counts.TrackStar, Track: r.Counts.Track, Block: r.Counts.Block,
		Warn: r.Counts.Warn, Waived: r.Counts.Waived}
	p.Coverage.Reports, p.Coverage.Findings, p.Coverage.Cases = len(r.Reports), r.Counts.Findings, cases
	p.Coverage.AssetsInScope, p.Coverage.AssetsEvaluated = o.AssetsInScope, o.AssetsEvaluated
	for i := range r.Reports {
		if !r.Reports[i].Complete {
			p.Coverage.Incomplete++
		}
	}
	r.Cases, r.Plan, r.NoFix = []engine.Case{}, nil, nil
	p.Result, err = w.document(PartResult, &r)
	return err
}

func (w *Writer) writeSums() error {
	var text strings.Builder
	for _, name := range Parts {
		if sum, ok := w.sums[FileOf(name)]; ok {
			fmt.Fprintf(&text, "%s  %s\n", strings.TrimPrefix(sum, "sha256:"), FileOf(name))
		}
	}
	f, err := w.create(SumsFile)
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, text.String())
	return errors.Join(err, f.Close())
}
