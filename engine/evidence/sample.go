package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// SampleSchema names the version of what `headgate evidence sample -o json` writes.
const SampleSchema = "headgate.sample/1"

// A Sample draws records out of a population so that anyone can draw the same ones again: of each record, the lot is the SHA-256 of the text
// "SEED ID", with one space between and nothing behind, and the records with the lowest lots are drawn, lowest first. So it does not
// matter in which order or how often they are offered, and a larger sample has the smaller one in it.
type Sample struct {
	Seed  string
	Size  int
	drawn []Drawn // by lot
}

// A Drawn is a record that was drawn.
type Drawn struct {
	Lot string // in hexadecimal digits
	ID  string
	Run string
	*Record
}

// Lot is the lot of a record.
func Lot(seed, id string) string {
	sum := sha256.Sum256([]byte(seed + " " + id))
	return hex.EncodeToString(sum[:])
}

// Offer offers a record.
func (s *Sample) Offer(run string, r *Record) {
	id := ID(run, r.Index)
	lot := Lot(s.Seed, id)
	at, known := slices.BinarySearchFunc(s.drawn, lot, func(d Drawn, lot string) int { return strings.Compare(d.Lot, lot) })
	if known || at == s.Size {
		return
	}
	s.drawn = slices.Insert(s.drawn, at, Drawn{lot, id, run, r})
	s.drawn = s.drawn[:min(len(s.drawn), s.Size)]
}

// Drawn are the records of the sample, in the order of their lots.
func (s *Sample) Drawn() []Drawn { return s.drawn }
