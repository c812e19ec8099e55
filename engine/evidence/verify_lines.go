package evidence

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/headgate/headgate/engine"
)

// A readRecord is a record with the hash of its line.
type readRecord struct {
	Record
	named
	made  Decision // room for that of the record
	hash  tlog.Hash
	err   error
	wrong error // the answer has no digest
}

// records reads the records of a run, on all cores: of decisions what verifying looks at.
func records(ctx context.Context, run Run) iter.Seq2[*readRecord, error] {
	return func(yield func(*readRecord, error) bool) {
		type batch struct {
			records []*readRecord
			err     error
		}
		var spare sync.Pool
		work := func() func(block) batch {
			s, sums := newRecordScanner(false), hasher{}
			return func(from block) batch {
				b := batch{err: from.err}
				for line, hash := range sums.each(from.lines, leafPrefix) {
					r := &readRecord{hash: hash}
					r.read(s, line)
					if b.records = append(b.records, r); r.err != nil {
						break // nothing behind it is looked at
					}
				}
				from.done(&spare)
				return b
			}
		}
		for b := range inOrder(blocks(ctx, run, PartRecords, &spare), work) {
			for _, r := range b.records {
				if !yield(r, nil) {
					return
				}
			}
			if b.err != nil {
				yield(nil, b.err)
				return
			}
		}
	}
}

// read reads a line.
func (r *readRecord) read(s *recordScanner, line []byte) {
	if s.read(line, &r.Record, &r.made, &r.named) {
		return
	}
	r.Record = Record{}
	if r.err = r.glance(line); r.err == nil && r.Decision != nil {
		r.input, _ = parseDigest(r.Decision.Input) // no line has that of none
		r.answer, r.wrong = parseDigest(r.Decision.Answer)
	}
}

// ParseRecord reads the line of a record.
func ParseRecord(line []byte) (*Record, error) {
	r := &Record{}
	return r, r.parse(line)
}

func (r *Record) parse(line []byte) error {
	if err := json.Unmarshal(line, r, json.RejectUnknownMembers(true)); err != nil {
		return oneLine(err)
	}
	if r.V != RecordVersion {
		return fmt.Errorf("it is of version %d, and this headgate reads %d", r.V, RecordVersion)
	}
	have := [...]struct {
		kind  Kind
		there bool
	}{{KindDecision, r.Decision != nil}, {KindWaiver, r.Waiver != nil}, {KindEffect, r.Effect != nil}, {KindPolicy, r.Policy != nil},
		{KindClosure, r.Case != nil && r.Kind != KindReopen}, {KindReopen, r.Case != nil && r.Kind == KindReopen}, {KindEpoch, r.Epoch != nil}}
	known := false
	for _, of := range have {
		if of.there != (of.kind == r.Kind) {
			return fmt.Errorf("a record of kind %.40q has to have what it is about, and nothing else", r.Kind)
		}
		known = known || of.there
	}
	if !known {
		return fmt.Errorf("a record of kind %.40q is none that this headgate knows", r.Kind)
	}
	return nil
}

// A glance is what verifying looks at in the record of a decision that is not written as this version writes it.
type glance struct {
	V        int       `json:"v"`
	Kind     Kind      `json:"kind"`
	Index    int64     `json:"index"`
	At       time.Time `json:"at"`
	Terms    string    `json:"terms"`
	Prev     string    `json:"prev"`
	Decision *struct {
		Finding struct {
			ID  string   `json:"id"`
			IDs []string `json:"ids"`
		} `json:"finding"`
		Asset struct {
			ID string `json:"id"`
		} `json:"asset"`
		Input      string          `json:"input"`
		Answer     string          `json:"answer"`
		Priority   engine.Priority `json:"priority"`
		Action     engine.Action   `json:"action"`
		ExemptedBy string          `json:"exempted_by"`
		Waivers    []string        `json:"waivers"`
	} `json:"decision"`
}

// glance reads of a line what verifying needs. What else it has is proven by its hash alone, whatever it says.
func (r *Record) glance(line []byte) error {
	var g glance
	if err := json.Unmarshal(line, &g); err != nil {
		return oneLine(err)
	}
	if g.Kind != KindDecision || g.V != RecordVersion || g.Decision == nil {
		return r.parse(line)
	}
	d := g.Decision
	*r = Record{V: g.V, Kind: g.Kind, Index: g.Index, At: g.At, Terms: g.Terms, Prev: g.Prev, Decision: &Decision{
		Finding: Finding{ID: d.Finding.ID, IDs: d.Finding.IDs}, Asset: Asset{ID: d.Asset.ID}, Input: d.Input, Answer: d.Answer,
		Priority: d.Priority, Action: d.Action, ExemptedBy: d.ExemptedBy, Waivers: d.Waivers}}
	return nil
}

// A lineDigest is the digest that a line stands for.
type lineDigest struct {
	digest tlog.Hash
	erased bool
}

// digestsOf are the digests of the lines of a part, on all cores. Where lines can be erased, one that was stands for what was there.
func digestsOf(ctx context.Context, run Run, name string, erasable bool) iter.Seq2[lineDigest, error] {
	return func(yield func(lineDigest, error) bool) {
		type batch struct {
			digests []lineDigest
			err     error
		}
		var spare sync.Pool
		work := func() func(block) batch {
			var sums hasher
			return func(from block) batch {
				b := batch{err: from.err, digests: make([]lineDigest, 0, bytes.Count(from.lines, lineFeed))}
				for line, digest := range sums.each(from.lines, nil) {
					d := lineDigest{digest: digest}
					if e := erasure(line); erasable && e != nil {
						d.erased = true
						d.digest, _ = parseDigest(e.Digest) // which erasure did already
					}
					b.digests = append(b.digests, d)
				}
				from.done(&spare)
				return b
			}
		}
		for b := range inOrder(blocks(ctx, run, name, &spare), work) {
			for _, d := range b.digests {
				if !yield(d, nil) {
					return
				}
			}
			if b.err != nil {
				yield(lineDigest{}, b.err)
				return
			}
		}
	}
}
