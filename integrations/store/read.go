package store

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"

	"github.com/headgate/headgate/engine/evidence"
)

// Run is a run by its digest. The error wraps fs.ErrNotExist if the ledger does not have it.
func (l *Ledger) Run(ctx context.Context, digest string) (evidence.Run, error) {
	kept := &keptRun{view: l.db.view}
	err := l.db.view(ctx, func(t transaction) error {
		found, err := one(ctx, t, "SELECT leaf FROM run WHERE digest = $1", []any{digest}, &kept.leaf)
		if err == nil && !found {
			err = fmt.Errorf("the run %.80s is not in the ledger: %w", digest, fs.ErrNotExist)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return kept, nil
}

// A keptRun is a run in the ledger.
type keptRun struct {
	view func(context.Context, func(transaction) error) error
	leaf int64
}

// Part gives the bytes of a part. They are read in pieces, each in a transaction of its own: what a run left does not change, but for
// inputs that are erased.
func (r *keptRun) Part(ctx context.Context, name string) (io.ReadCloser, error) {
	if name == evidence.PartRecords {
		return &pieces{next: r.records(ctx)}, nil
	}
	type chunk struct {
		digest []byte
		lines  int64
	}
	var chunks []chunk
	err := r.view(ctx, func(t transaction) error {
		return t.each(ctx, "SELECT digest, lines FROM part WHERE run = $1 AND name = $2 ORDER BY chunk", []any{r.leaf, name}, func(scan func(...any) error) error {
			var c chunk
			err := scan(&c.digest, &c.lines)
			chunks = append(chunks, c)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	if len(chunks) == 0 {
		return nil, fmt.Errorf("the run has no part %s: %w", name, fs.ErrNotExist)
	}
	return &pieces{next: func() ([]byte, error) {
		if len(chunks) == 0 {
			return nil, io.EOF
		}
		c := chunks[0]
		chunks = chunks[1:]
		var content []byte
		err := r.view(ctx, func(t transaction) (err error) {
			content, err = contentOf(ctx, t, c.digest)
			return err
		})
		if n := int64(bytes.Count(content, []byte("\n"))); err == nil && linesOf(name) != 0 && n != c.lines { // who looks for a line by its number finds another one
			return nil, &evidence.Damage{File: name, What: fmt.Sprintf("has %d lines in the place of %d", n, c.lines)}
		}
		return content, err
	}}, nil
}

func contentOf(ctx context.Context, t transaction, digest []byte) ([]byte, error) {
	var size int64
	var packed []byte
	found, err := one(ctx, t, "SELECT size, zstd FROM blob WHERE digest = $1", []any{digest}, &size, &packed)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fmt.Errorf("content %x is missing: %w", digest, fs.ErrNotExist)
	}
	return unpack(packed, size, digest)
}

// mostRecords bounds the lines of records that are read at once, in bytes, if they are of more than one pack.
const mostRecords = 4 << 20

// records gives the records, some packs at a time.
func (r *keptRun) records(ctx context.Context) func() ([]byte, error) {
	from := int64(0)
	return func() ([]byte, error) {
		var packs []*recordPack
		size := 0
		err := r.view(ctx, func(t transaction) error {
			query := "SELECT idx, records, size, body FROM record WHERE run = $1 AND idx >= $2 ORDER BY idx LIMIT $3"
			return t.each(ctx, query, []any{r.leaf, from, packsAtOnce}, func(scan func(...any) error) error {
				p := &recordPack{}
				if err := scan(&p.first, &p.records, &p.size, &p.body); err != nil {
					return err
				}
				if size += max(int(p.size), len(p.body)); len(packs) > 0 && size > mostRecords {
					return nil // the next time
				}
				if p.first != from { // its lines stand in the right place, and who asks for one by its number finds another one
					return &evidence.Damage{File: "the list of records", What: fmt.Sprintf("has number %d in the place of %d", p.first, from)}
				}
				from += p.records
				packs = append(packs, p)
				return nil
			})
		})
		if err == nil && len(packs) == 0 {
			err = io.EOF
		}
		if err != nil {
			return nil, err
		}
		texts := make([][]byte, len(packs))
		err = onAllCores(len(packs), func(i int) (err error) {
			texts[i], err = packs[i].lines()
			return err
		})
		return bytes.Join(texts, nil), err
	}
}

// pieces reads one piece after the other.
type pieces struct {
	next func() ([]byte, error) // io.EOF: there is no more
	at   []byte
}

func (p *pieces) Read(into []byte) (int, error) {
	for len(p.at) == 0 {
		var err error
		if p.at, err = p.next(); err != nil {
			return 0, err
		}
	}
	n := copy(into, p.at)
	p.at = p.at[n:]
	return n, nil
}

func (p *pieces) Close() error { return nil }
