package store

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/headgate/headgate/engine/evidence"
)

// Bounds of what is appended, in bytes.
const (
	mostLine      = 16 << 20  // an input, an answer
	chunkOfList   = 256 << 10 // a chunk of a list ends with the line that goes beyond
	chunkOfInputs = 64 << 10  // of these, some are asked for out of many, and each costs its chunk; in smaller ones they take more room
	chunkOfBytes  = 4 << 20
)

// An incoming run is one that is read once, before anything is written, as far as it says what it is.
type incoming struct {
	run       evidence.Run
	digest    string
	statement *evidence.Statement
	terms     evidence.Terms
}

// announced reads the statement and the terms of a run.
func announced(ctx context.Context, run evidence.Run) (*incoming, error) {
	in := &incoming{run: run}
	data, err := evidence.Document(ctx, run, evidence.PartStatement)
	if err != nil {
		return nil, err
	}
	envelope, err := evidence.OpenEnvelope(data, nil)
	if err != nil {
		return nil, err
	}
	in.digest = evidence.Digest(envelope.Payload)
	if in.statement, err = evidence.ReadStatement(envelope.Payload); err != nil {
		return nil, fmt.Errorf("the statement: %w", err)
	}
	if data, err = evidence.Document(ctx, run, evidence.PartTerms); err != nil {
		return nil, err
	}
	if digest := evidence.Digest(data); digest != in.statement.Predicate.Terms {
		return nil, fmt.Errorf("the terms are not those that the statement names: %s, not %s", digest, in.statement.Predicate.Terms)
	}
	if err := json.Unmarshal(data, &in.terms); err != nil {
		return nil, fmt.Errorf("the terms: %w", err)
	}
	return in, nil
}

// ErrOfSweep means that a run is one of a sweep. Sweeps go into the log whole, with what proves them: a manifest from elsewhere would say that
// cases were looked at which nobody has looked at, and the next sweep would leave them out.
var ErrOfSweep = errors.New("it is a run of a sweep, which only the sweep itself puts into a ledger")

// Append keeps a run and puts its statement at the end of the log. A run of a sweep that is not there already is ErrOfSweep.
func (l *Ledger) Append(ctx context.Context, run evidence.Run, seal evidence.Seal) (index int64, added bool, err error) {
	in, err := announced(ctx, run)
	if err != nil {
		return 0, false, err
	}
	err = l.db.update(ctx, func(t transaction) (err error) {
		if index, added, err = in.append(ctx, t, seal); added && (in.statement.Predicate.Epoch != 0 || in.terms.Epoch != 0) {
			err = ErrOfSweep // and nothing stays
		}
		return err
	})
	if err != nil {
		return 0, false, err
	}
	return index, added, nil
}

// append keeps a run within a transaction.
func (in *incoming) append(ctx context.Context, t transaction, seal evidence.Seal) (index int64, added bool, err error) {
	if there, err := one(ctx, t, "SELECT leaf FROM run WHERE digest = $1", []any{in.digest}, &index); err != nil || there {
		return index, false, err
	}
	growth, err := evidence.Grow(ctx, within(t), evidence.Leaf(in.digest), seal)
	if err != nil {
		return 0, false, err
	}
	if err := grow(ctx, t, evidence.Leaf(in.digest), growth); err != nil {
		return 0, false, err
	}
	for _, keep := range []func(context.Context, transaction, int64) error{in.keepRun, in.keepParts, in.keepRecords, in.keepEpoch} {
		if err := keep(ctx, t, growth.Index); err != nil {
			return 0, false, err
		}
	}
	return growth.Index, true, nil
}

// grow adds a leaf with its hashes and the checkpoint of the new size.
func grow(ctx context.Context, t transaction, leaf []byte, g *evidence.Growth) error {
	if err := t.exec(ctx, "INSERT INTO log_leaf (idx, data) VALUES ($1, $2)", g.Index, leaf); err != nil {
		return err
	}
	for i, h := range g.Hashes {
		if err := t.exec(ctx, "INSERT INTO log_hash (idx, hash) VALUES ($1, $2)", g.First+int64(i), h[:]); err != nil {
			return err
		}
	}
	return t.exec(ctx, "INSERT INTO checkpoint (size, note) VALUES ($1, $2)", g.Index+1, g.Checkpoint)
}

func (in *incoming) keepRun(ctx context.Context, t transaction, leaf int64) error {
	p, c := &in.statement.Predicate, &in.terms.Change
	return t.exec(ctx, "INSERT INTO run (leaf, digest, decided, event, repository, branch, outcome, records, epoch) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		leaf, in.digest, timeText(p.At), string(p.Event), c.Repository, c.Branch, string(p.Outcome), p.Tree.Size, in.terms.Epoch)
}

// keepParts keeps everything but the records, as content that is named by digest.
func (in *incoming) keepParts(ctx context.Context, t transaction, leaf int64) error {
	for _, name := range evidence.Parts {
		if name == evidence.PartRecords {
			continue
		}
		if err := in.keepPart(ctx, t, leaf, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (in *incoming) keepPart(ctx context.Context, t transaction, leaf int64, name string) error {
	r, err := in.run.Part(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer r.Close()
	keep := keepChunks
	if linesOf(name) == 0 {
		keep = keepDocument
	}
	all, err := keep(ctx, t, chunksOf(r, linesOf(name)))
	if err != nil {
		return err
	}
	return t.insert(ctx, "part", []string{"run", "name", "chunk", "digest", "lines"}, func(yield func([]any, error) bool) {
		for i, c := range all {
			if !yield([]any{leaf, name, i, c.digest[:], c.lines}, nil) {
				return
			}
		}
	}, plainly)
}

// A namedChunk is one that is kept, with how many lines it has if it is of a list.
type namedChunk struct {
	digest [sha256.Size]byte
	lines  int
}

var blobColumns = []string{"digest", "size", "zstd"}

// keepChunks keeps those of a list, which are of one run alone.
func keepChunks(ctx context.Context, t transaction, chunks iter.Seq2[[]byte, error]) (all []namedChunk, err error) {
	rows := func(yield func([]any, error) bool) {
		for c, err := range packedChunks(chunks) {
			if err != nil {
				yield(nil, err)
				return
			}
			all = append(all, c.namedChunk)
			if !yield([]any{c.digest[:], c.size, c.packed}, nil) {
				return
			}
		}
	}
	err = t.insert(ctx, "blob", blobColumns, ahead(rows), skipping)
	return all, err
}

// keepDocument keeps the chunks of what is no list.
func keepDocument(ctx context.Context, t transaction, chunks iter.Seq2[[]byte, error]) (all []namedChunk, err error) {
	for chunk, err := range chunks {
		if err != nil {
			return nil, err
		}
		digest, err := keepContent(ctx, t, chunk)
		if err != nil {
			return nil, err
		}
		all = append(all, namedChunk{digest: digest})
	}
	return all, nil
}

// linesOf is how many bytes of whole lines make a chunk of a part that has one element a line; 0: it is none.
func linesOf(name string) int {
	switch name {
	case evidence.PartInputs:
		return chunkOfInputs
	case evidence.PartRecords, evidence.PartAnswers, evidence.PartSummaries:
		return chunkOfList
	}
	return 0
}

// chunksOf takes a part apart, a list into chunks of whole lines with so many bytes. An empty part has one chunk, which is empty: so it can
// be told from one that is absent.
func chunksOf(r io.Reader, lines int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		in := bufio.NewReaderSize(r, 64<<10)
		for n := 0; ; n++ {
			chunk, err := nextChunk(in, lines)
			last := errors.Is(err, io.EOF)
			if err != nil && !last {
				yield(nil, err)
				return
			}
			if len(chunk) > 0 || n == 0 {
				if !yield(chunk, nil) {
					return
				}
			}
			if last {
				return
			}
		}
	}
}

// nextChunk reads one chunk; with the last one comes io.EOF.
func nextChunk(in *bufio.Reader, lines int) ([]byte, error) {
	if lines == 0 {
		chunk := make([]byte, chunkOfBytes)
		n, err := io.ReadFull(in, chunk)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = io.EOF
		}
		return chunk[:n], err
	}
	var chunk []byte
	for len(chunk) < lines {
		line, err := nextLine(in)
		chunk = append(chunk, line...)
		if err != nil {
			return chunk, err
		}
	}
	return chunk, nil
}

// nextLine reads one line with its line feed, and no more than a line can be.
func nextLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		some, err := in.ReadSlice('\n')
		line = append(line, some...)
		if len(line) > mostLine {
			return nil, fmt.Errorf("a line is longer than %d bytes", mostLine)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// keepRecords keeps the records, and what they say of what is open.
func (in *incoming) keepRecords(ctx context.Context, t transaction, leaf int64) error {
	p, err := in.projection(ctx, t, leaf)
	if err != nil {
		return err
	}
	var sum evidence.Summer
	lines := func(yield func(recordLine, error) bool) {
		for line, err := range evidence.Records(ctx, in.run) {
			var finding string
			index := sum.Size()
			if err == nil {
				finding, err = p.take(line, index)
			}
			if err != nil {
				yield(recordLine{}, fmt.Errorf("record %d: %w", index, err))
				return
			}
			sum.Add(line.Hash)
			if !yield(recordLine{line.Bytes, finding == ""}, nil) {
				return
			}
		}
	}
	rows := func(yield func([]any, error) bool) {
		for pack, err := range ahead(packedRecords(ahead(lines))) {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield([]any{leaf, pack.first, pack.records, pack.size, pack.body}, nil) {
				return
			}
		}
	}
	if err := t.insert(ctx, "record", recordColumns, rows, plainly); err != nil {
		return err
	}
	if have, want := sum.Tree(), in.statement.Predicate.Tree; have != want {
		return fmt.Errorf("the run has %d records with the root %s, and its statement says %d with %.80q", have.Size, have.Root, want.Size, want.Root)
	}
	return p.write(ctx, t)
}

// timeText writes a time for a column; one that is not known is empty.
func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
