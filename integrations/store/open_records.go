package store

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/headgate/headgate/engine/evidence"
)

// readRecords reads the records of a page: each pack once.
func (r *standingReader) readRecords(ctx context.Context, page []*Standing) error {
	by := map[recordPlace][]*Standing{}
	var places []recordPlace
	for _, s := range page {
		if s.pack == nil {
			return s.missing()
		}
		at := recordPlace{s.State.Run, *s.pack}
		if by[at] == nil {
			places = append(places, at)
		}
		by[at] = append(by[at], s)
	}
	for some := range slices.Chunk(places, packsAtOnce) {
		packs, err := packsAt(ctx, r.t, some)
		if err == nil {
			err = onAllCores(len(some), func(i int) error { return packs[some[i]].read(by[some[i]]) })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// read reads the records of standings out of the pack that they lie in, if they are anywhere.
func (p *recordPack) read(all []*Standing) error {
	text, err := p.lines()
	if err != nil {
		return fmt.Errorf("run %s: %w", all[0].Run, err)
	}
	slices.SortFunc(all, func(a, b *Standing) int { return cmp.Compare(a.State.Index, b.State.Index) })
	at := p.first
	for _, s := range all {
		if s.State.Index >= p.first+p.records {
			return s.missing()
		}
		for ; at < s.State.Index; at++ {
			_, text, _ = bytes.Cut(text, []byte("\n"))
		}
		line, _, _ := bytes.Cut(text, []byte("\n"))
		s.Line = bytes.Clone(line) // what else lies in the pack is not kept for as long as this is
		if err := s.readRecord(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Standing) missing() error {
	return &evidence.Damage{File: evidence.ID(s.Run, s.State.Index), What: "is missing"}
}

// readRecord reads the record of a standing, which must be the one that its state was made of.
func (s *Standing) readRecord() (err error) {
	if s.Record, err = evidence.ParseRecord(s.Line); err != nil {
		return fmt.Errorf("record %s: %w", evidence.ID(s.Run, s.State.Index), err)
	}
	if d := s.Record.Decision; d == nil || d.Finding.ID != s.State.Finding || d.Asset.ID != s.State.Asset {
		return &evidence.Damage{File: evidence.ID(s.Run, s.State.Index), What: "is not the decision that what is open names"}
	}
	return nil
}
