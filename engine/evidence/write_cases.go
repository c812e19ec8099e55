package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/headgate/headgate/engine"
)

// batchSize is how many cases are worked on at once by one core: enough that handing them over costs nothing.
const batchSize = 256

// A batch is some cases as they are written.
type batch struct {
	records, inputs []byte      // lines
	leaves          []tlog.Hash // of the records
	answers         []answer    // that the batches before it of the same core do not have
	err             error
}

// An answer is what the policy answered, and the digest of it.
type answer struct {
	said string
	hash tlog.Hash
	text string // of the hash
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
	batches := inOrder(in, func() func(some) *batch {
		c := &caseWriter{Writer: w, prev: prev, known: map[string]answer{}}
		return func(s some) *batch {
			b, _ := w.spare.Get().(*batch)
			if b == nil {
				b = &batch{}
			}
			*b = batch{records: b.records[:0], inputs: b.inputs[:0], leaves: b.leaves[:0], answers: b.answers[:0]}
			b.err = c.write(b, s.cases, s.first)
			return b
		}
	})
	for b := range batches {
		if err := w.keep(b); err != nil {
			return err
		}
		w.spare.Put(b)
	}
	return nil
}

// A caseWriter is what one core writes cases with.
type caseWriter struct {
	*Writer
	prev  func(*engine.Case) string
	known map[string]answer // which many cases share
	sums  hasher
	text  []byte   // room for the text of a digest
	d     Decision // its lists are used again
}

// mostAnswers bounds what a core remembers of answers.
const mostAnswers = 1 << 14

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
	b.inputs, err = appendInput(b.inputs, &Input{Input: &decided.Input, Provenance: decided.Provenance, Conflicts: decided.Conflicts})
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
	said, ok := c.known[decided.Decision.Answer]
	if !ok {
		said = answer{said: decided.Decision.Answer, hash: sha256.Sum256([]byte(decided.Decision.Answer))}
		said.text = hashText(said.hash)
		if b.answers = append(b.answers, said); len(c.known) < mostAnswers {
			c.known[said.said] = said
		}
	}
	c.d.of(decided, c.now, c.reports)
	c.text = hex.AppendEncode(append(c.text[:0], digestPrefix...), input[:])
	c.d.Input, c.d.Answer = string(c.text), said.text
	r := Record{Kind: KindDecision, Decision: &c.d}
	if c.prev != nil {
		r.Prev = c.prev(decided)
	}
	b.records, err = c.appendRecord(b.records, &r, index)
	return err
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
