package store

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/headgate/headgate/engine/evidence"
)

// An inputChunk is one of the chunks that the inputs of a run are kept in.
type inputChunk struct {
	number int64
	digest []byte
	before int64 // the lines of those before it
	lines  int64
}

// A wantedInput is the line of inputs that one standing was decided on.
type wantedInput struct {
	*Standing
	run   *standingRun
	chunk int // of those of its run, where it lies unless the run's records are in an unusual order
	line  int64
}

// readInputs reads what the standings of a page were decided on: each chunk once.
func (r *standingReader) readInputs(ctx context.Context, page []*Standing) error {
	all := make([]wantedInput, 0, len(page))
	for _, s := range page {
		run := r.runs[s.State.Run]
		if err := r.listChunks(ctx, s.State.Run, run); err != nil {
			return err
		}
		w := wantedInput{Standing: s, run: run, line: s.State.Index - run.decided}
		w.chunk, _ = slices.BinarySearchFunc(run.chunks, w.line, func(c inputChunk, line int64) int { return cmp.Compare(c.before+c.lines-1, line) })
		all = append(all, w)
	}
	slices.SortFunc(all, func(a, b wantedInput) int {
		return cmp.Or(cmp.Compare(a.State.Run, b.State.Run), cmp.Compare(a.chunk, b.chunk), cmp.Compare(a.line, b.line))
	})
	var groups [][]wantedInput // of one chunk each
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].State.Run == all[0].State.Run && all[n].chunk == all[0].chunk {
			n++
		}
		groups, all = append(groups, all[:n]), all[n:]
	}
	packed := make([]packedContent, len(groups))
	for batch := 0; batch < len(groups); batch += chunksAtOnce {
		some := groups[batch:min(batch+chunksAtOnce, len(groups))]
		for i, g := range some {
			if err := packed[i].read(ctx, r.t, &g[0]); err != nil {
				return err
			}
		}
		if err := onAllCores(len(some), func(i int) error { return packed[i].inputs(some[i]) }); err != nil {
			return err
		}
	}
	for _, s := range page {
		if s.Input == nil {
			if err := r.searchInput(ctx, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// chunksAtOnce bounds the chunks that are held packed at a time.
const chunksAtOnce = 64

// listChunks lists the chunks of the inputs of a run. A run has one line for each decision, in the order of its records; what it records
// beside decisions stands before the first of them.
func (r *standingReader) listChunks(ctx context.Context, leaf int64, run *standingRun) error {
	if run.chunks != nil {
		return nil
	}
	var records int64
	if _, err := one(ctx, r.t, "SELECT records FROM run WHERE leaf = $1", []any{leaf}, &records); err != nil {
		return err
	}
	lines := int64(0)
	query := "SELECT chunk, digest, lines FROM part WHERE run = $1 AND name = $2 ORDER BY chunk"
	err := r.t.each(ctx, query, []any{leaf, evidence.PartInputs}, func(scan func(...any) error) error {
		c := inputChunk{before: lines}
		err := scan(&c.number, &c.digest, &c.lines)
		run.chunks, lines = append(run.chunks, c), lines+c.lines
		return err
	})
	run.decided = records - lines
	return err
}

// A packedContent is a chunk as it is kept.
type packedContent struct {
	size   int64
	zstd   []byte
	digest []byte
}

// read reads the chunk of a wanted input; none if it lies in no chunk.
func (p *packedContent) read(ctx context.Context, t transaction, w *wantedInput) error {
	*p = packedContent{}
	if w.chunk >= len(w.run.chunks) {
		return nil
	}
	p.digest = w.run.chunks[w.chunk].digest
	found, err := one(ctx, t, "SELECT size, zstd FROM blob WHERE digest = $1", []any{p.digest}, &p.size, &p.zstd)
	if err == nil && !found {
		err = damaged(p.digest, "is missing")
	}
	return err
}

// inputs reads the inputs that lie in a chunk. One that is not where it is looked for, or is not what its record names, stays unread: so the
// chunk itself is held against its digest only if one does.
func (p *packedContent) inputs(wanted []wantedInput) error {
	if p.digest == nil {
		return nil
	}
	content, err := unpackUnread(p.zstd, p.size, p.digest)
	if err != nil {
		return err
	}
	at := wanted[0].run.chunks[wanted[0].chunk].before
	for _, w := range wanted {
		for ; at < w.line; at++ {
			_, content, _ = bytes.Cut(content, []byte("\n"))
		}
		line, _, _ := bytes.Cut(content, []byte("\n"))
		w.Input, err = evidence.ReadInput(line, w.Record.Decision.Input)
		if err != nil && !errors.Is(err, evidence.ErrOtherInput) {
			return err
		}
	}
	return nil
}

// searchInput looks for an input in all chunks of its run.
func (r *standingReader) searchInput(ctx context.Context, s *Standing) error {
	for _, c := range r.runs[s.State.Run].chunks {
		content, err := contentOf(ctx, r.t, c.digest)
		if err != nil {
			return err
		}
		for line := range bytes.Lines(content) {
			s.Input, err = evidence.ReadInput(bytes.TrimSuffix(line, []byte("\n")), s.Record.Decision.Input)
			if err == nil || !errors.Is(err, evidence.ErrOtherInput) {
				return err
			}
		}
	}
	return &evidence.Damage{File: "the input of " + evidence.ID(s.Run, s.State.Index), What: "is missing"}
}

// onAllCores does something for each of n numbers, and gives the error of the first that has one.
func onAllCores(n int, do func(int) error) error {
	errs := make([]error, n)
	var next atomic.Int64
	var work sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		work.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				errs[i] = do(i)
			}
		})
	}
	work.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
