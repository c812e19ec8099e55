package evidence

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/headgate/headgate/engine"
)

// batchSize is how many cases are worked on at once by one core: enough that handing them over costs nothing.
const batchSize = 128

// A batch is some cases as they are written.
type batch struct {
	records, inputs []byte      // lines
	leaves          []tlog.Hash // of the records
	answers         []*answer   // that the batches before it of the same core do not have
	err             error
}

// An answer is what the policy answered, and the digest of it.
type answer struct {
	said string
	hash tlog.Hash
	text string // of the hash
	met  bool   // by another case already
	told *told  // of the reasons that were made of it last; nil: it is seldom
}

// Cases writes the records of decided cases, on all cores. Prev is the id of the record before on the same case; nil: none is known.
func (w *Writer) Cases(cases []engine.Case, prev func(*engine.Case) string) error {
	type some struct {
		cases []engine.Case
		first int64
	}
	in := func(yield func(some) bool) {
		first := w.tree.size
		for chunk := range slices.Chunk(cases, batchSize) {
			if !yield(some{chunk, first}) {
				return
			}
			first += int64(len(chunk))
		}
	}
	var working []*caseWriter
	batches := inOrder(in, func() func(some) *batch {
		var c *caseWriter // taken with the first work: a core that comes too late for any takes none
		return func(s some) *batch {
			if c == nil {
				c = w.take()
				c.prev = prev
				w.lock.Lock()
				working = append(working, c)
				w.lock.Unlock()
			}
			b := w.empty()
			b.err = c.write(b, s.cases, s.first)
			return b
		}
	})
	for b := range batches {
		if err := w.keep(b); err != nil {
			return err
		}
		w.lock.Lock()
		w.spare = append(w.spare, b)
		w.lock.Unlock()
	}
	w.lock.Lock()
	defer w.lock.Unlock()
	w.idle = append(w.idle, working...)
	return nil
}

// take is what a core writes cases with, from the cases before if there were any.
func (w *Writer) take() *caseWriter {
	w.lock.Lock()
	defer w.lock.Unlock()
	last := len(w.idle) - 1
	if last < 0 {
		return w.newCaseWriter()
	}
	c := w.idle[last]
	w.idle = w.idle[:last]
	return c
}

// empty is a batch to be filled.
func (w *Writer) empty() *batch {
	w.lock.Lock()
	defer w.lock.Unlock()
	last := len(w.spare) - 1
	if last < 0 {
		return &batch{}
	}
	b := w.spare[last]
	w.spare = w.spare[:last]
	*b = batch{records: b.records[:0], inputs: b.inputs[:0], leaves: b.leaves[:0], answers: b.answers[:0]}
	return b
}

// A caseWriter is what one core writes cases with.
type caseWriter struct {
	*Writer
	prev  func(*engine.Case) string
	known map[string]*answer // that many cases share
	tolds int                // of them that have the text of their reasons
	sums  hasher
	line  lineWriter
	in    Input
	r     Record
	d     Decision // its lists are used again
	done  done
}

func (w *Writer) newCaseWriter() *caseWriter {
	return &caseWriter{Writer: w, known: map[string]*answer{}, line: lineWriter{times: &times{}}}
}

// Bounds of what all cores together remember of answers, and of the texts of reasons, which are larger.
const (
	mostAnswers = 1 << 14
	mostTold    = 1 << 11
)

// write makes the lines of cases: first the inputs, for a record has the digest of its own.
func (c *caseWriter) write(b *batch, cases []engine.Case, first int64) (err error) {
	for i := range cases {
		if err := c.input(b, &cases[i]); err != nil {
			return fmt.Errorf("evidence of %s on %s: %w", cases[i].Input.Finding.ID, cases[i].Input.Asset.ID, err)
		}
	}
	i := 0
	for _, input := range c.sums.each(b.inputs, nil) {
		if err := c.record(b, &cases[i], first+int64(i), input); err != nil {
			return err
		}
		i++
	}
	for _, leaf := range c.sums.each(b.records, leafPrefix) {
		b.leaves = append(b.leaves, leaf)
	}
	return nil
}

// input writes what a case was decided on.
func (c *caseWriter) input(b *batch, decided *engine.Case) (err error) {
	from := len(b.inputs)
	c.in = Input{Input: &decided.Input, Provenance: decided.Provenance, Conflicts: decided.Conflicts}
	b.inputs, err = c.line.line(b.inputs, &c.in, c.in.members)
	switch {
	case err != nil:
		return err
	case len(b.inputs)-from > mostLine:
		return fmt.Errorf("its input has %d bytes, more than evidence may have", len(b.inputs)-from)
	case decided.Decision.Answer == "":
		return errors.New("the policy's answer is not there")
	}
	b.inputs = append(b.inputs, '\n')
	return nil
}

// record writes the record of a case, and its answer.
func (c *caseWriter) record(b *batch, decided *engine.Case, index int64, input tlog.Hash) (err error) {
	said := c.answer(b, &decided.Decision)
	c.d.ofCase(decided, c.now, c.reports)
	c.d.Answer = said.text
	c.done = done{input: input, told: said.told, reasons: decided.Decision.Reasons}
	if said.told == nil {
		c.d.ofReasons(decided.Decision.Reasons)
	}
	c.r = Record{Kind: KindDecision, Decision: &c.d}
	if c.prev != nil {
		c.r.Prev = c.prev(decided)
	}
	c.line.done = &c.done
	b.records, err = c.appendRecord(&c.line, b.records, &c.r, index)
	c.line.done = nil
	return err
}

// answer is the answer that a decision follows from, which is written if it is new to this core. What is met again is worth a text of its reasons.
func (c *caseWriter) answer(b *batch, d *engine.Decision) *answer {
	said := c.known[d.Answer]
	if said == nil {
		said = &answer{said: d.Answer, hash: sha256.Sum256([]byte(d.Answer))}
		said.text = hashText(said.hash)
		if b.answers = append(b.answers, said); len(c.known) < mostAnswers/runtime.GOMAXPROCS(0) {
			c.known[said.said] = said
		}
		return said
	}
	switch {
	case said.told != nil && said.told.of(d.Reasons):
	case said.told != nil:
		said.told = newTold(d.Reasons)
	case said.met && c.tolds < mostTold/runtime.GOMAXPROCS(0):
		said.told = newTold(d.Reasons)
		c.tolds++
	}
	said.met = true
	return said
}

// keep writes a batch behind those before it.
func (w *Writer) keep(b *batch) error {
	if b.err != nil {
		return b.err
	}
	for _, leaf := range b.leaves {
		w.tree.add(leaf)
	}
	if err := w.records.write(b.records); err != nil {
		return fmt.Errorf("%s: %w", PartRecords, err)
	}
	if err := w.inputs.write(b.inputs); err != nil {
		return fmt.Errorf("%s: %w", PartInputs, err)
	}
	for _, a := range b.answers {
		if w.known[a.hash] {
			continue
		}
		w.known[a.hash] = true
		if err := w.answers.write([]byte(a.said + "\n")); err != nil {
			return fmt.Errorf("%s: %w", PartAnswers, err)
		}
	}
	w.work.Coverage.Decisions += len(b.leaves)
	return nil
}
