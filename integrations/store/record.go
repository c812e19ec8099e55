package store

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/headgate/headgate/engine/evidence"
)

// packOfRecords is how many bytes of lines a pack of records has: it ends with the line that goes beyond. In smaller packs records take more room,
// and whoever asks for one record unpacks all of its pack.
const packOfRecords = 32 << 10

// A recordPack is a row of records that follow each other in a run: their lines, packed, or one line as it is.
type recordPack struct {
	first   int64 // the number of the first record
	records int64
	size    int64 // of the lines, with a line feed behind each; 0: body is the one line, without it
	body    []byte
}

// A recordLine is the line of a record. Views read those that are of no finding, which are few, and so they are kept as they are.
type recordLine struct {
	bytes []byte
	plain bool
}

var recordColumns = []string{"run", "idx", "records", "size", "body"}

// packedRecords packs the lines of a run, some packs at a time on all cores. What a line lies in may be used again once the next is asked for.
func packedRecords(lines iter.Seq2[recordLine, error]) iter.Seq2[*recordPack, error] {
	return func(yield func(*recordPack, error) bool) {
		var p recordPacker
		for line, err := range lines {
			if err != nil {
				yield(nil, err)
				return
			}
			p.add(line)
			if p.size >= mostPacked && !p.flush(yield) {
				return
			}
		}
		p.flush(yield)
	}
}

// A recordPacker gathers lines until there is enough for all cores.
type recordPacker struct {
	next  int64         // the number of the next record
	size  int           // of all lines that were gathered
	packs []*recordPack // whose bodies are yet to be packed
}

func (p *recordPacker) add(line recordLine) {
	if n := len(p.packs); line.plain {
		p.packs = append(p.packs, &recordPack{first: p.next, body: bytes.Clone(line.bytes)})
	} else if n == 0 || p.packs[n-1].size == 0 || p.packs[n-1].size >= packOfRecords {
		p.packs = append(p.packs, &recordPack{first: p.next, body: newChunk()})
	}
	last := p.packs[len(p.packs)-1]
	if !line.plain {
		last.body = append(append(last.body, line.bytes...), '\n')
		last.size = int64(len(last.body))
	}
	last.records++
	p.next++
	p.size += len(line.bytes)
}

// flush gives what was gathered.
func (p *recordPacker) flush(yield func(*recordPack, error) bool) bool {
	_ = onAllCores(len(p.packs), func(i int) error { // packing never fails
		if one := p.packs[i]; one.size > 0 {
			lines := one.body
			one.body = pack(lines)
			free(lines)
		}
		return nil
	})
	packs := p.packs
	p.packs, p.size = nil, 0
	for _, made := range packs {
		if !yield(made, nil) {
			return false
		}
	}
	return true
}

// lines are the lines of a pack, each with its line feed.
func (p *recordPack) lines() (text []byte, err error) {
	if p.size == 0 {
		text = append(p.body, '\n')
	} else if text, err = inflate(p.body, p.size); err != nil {
		return nil, p.damaged(err.Error())
	}
	if p.size != 0 && int64(len(text)) != p.size || int64(bytes.Count(text, []byte("\n"))) != p.records || !bytes.HasSuffix(text, []byte("\n")) {
		return nil, p.damaged("are not as many, or not as long, as is listed")
	}
	return text, nil
}

func (p *recordPack) damaged(what string) error {
	return &evidence.Damage{File: fmt.Sprintf("the records from %d on", p.first), What: what}
}

// A recordPlace is where a pack lies.
type recordPlace struct{ run, first int64 }

// packsAtOnce bounds the packs of records that one statement asks for, and that are unpacked at a time.
const packsAtOnce = 128

// packsAt reads packs by their places, which are different ones.
func packsAt(ctx context.Context, t transaction, places []recordPlace) (map[recordPlace]*recordPack, error) {
	var args []any
	var rows []string
	for _, p := range places {
		n := len(args)
		rows = append(rows, fmt.Sprintf("(CAST($%d AS BIGINT), CAST($%d AS BIGINT))", n+1, n+2))
		args = append(args, p.run, p.first)
	}
	all := make(map[recordPlace]*recordPack, len(places))
	query := "WITH place (run, idx) AS (VALUES " + strings.Join(rows, ", ") + ") SELECT r.run, r.idx, r.records, r.size, r.body FROM place p " +
		"JOIN record r ON r.run = p.run AND r.idx = p.idx"
	err := t.each(ctx, query, args, func(scan func(...any) error) error {
		var run int64
		p := &recordPack{}
		err := scan(&run, &p.first, &p.records, &p.size, &p.body)
		all[recordPlace{run, p.first}] = p
		return err
	})
	return all, err
}
