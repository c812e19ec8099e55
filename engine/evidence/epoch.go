package evidence

import (
	"encoding/hex"
	"fmt"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"
)

// An Epoch is the manifest of a sweep: what was decided again, what came of it, and what is open after it. The terms of its record say under
// which policy and threat data. It stands at the end of the runs that the sweep wrote, in a run of its own that decided nothing.
type Epoch struct {
	Number int64 `json:"number"` // from 1, without gaps

	// Through is the size of the log when the sweep began: what runs behind it decided was not looked at, but for its own.
	Through int64 `json:"through"`

	Repositories []string `json:"repositories,omitempty"` // that it was over; absent: over all
	Whole        bool     `json:"whole,omitempty"`        // everything open was decided again; else what something had changed for

	Assets  string            `json:"assets,omitempty"`  // digest of what is known of assets; absent: nothing was, and what was recorded stays
	Waivers string            `json:"waivers,omitempty"` // digest of the waivers and who is proven to have approved them; absent: there is no file
	Paths   map[string]string `json:"paths,omitempty"`   // by the first asset of a connected part of the asset graph: digest of what its paths follow from

	Open       int64            `json:"open"`             // cases in the sweep's repositories
	Evaluated  int64            `json:"evaluated"`        // of them, those that were decided again
	Candidates map[string]int64 `json:"candidates"`       // those by why; a case can have several reasons
	Unchanged  int64            `json:"unchanged"`        // decided again and the same
	Changed    int64            `json:"changed"`          // decided again and otherwise: the records of the runs
	Erased     int64            `json:"erased,omitempty"` // could not be decided again, as what they were decided on was taken out
	Runs       []string         `json:"runs"`             // digests, in the order of the log
	State      StateRoot        `json:"state"`            // of everything open in the ledger after it
}

// A StateRoot is a Merkle tree over everything that is open: its leaves are the branches, in the order of repository and branch, and each of
// them names the root of a tree of its own, over its cases in the order of asset and finding. A branch on which nothing is open has none.
type StateRoot struct {
	Branches int64  `json:"branches"`
	Cases    int64  `json:"cases"`
	Root     string `json:"root"` // as Digest writes it
}

// A BranchRoot is the root of what is open on one branch.
type BranchRoot struct {
	Repository, Branch string
	Cases              int64
	Root               string
}

// A BranchSummer works out the root of what is open on a branch, case by case in the order of asset and finding.
type BranchSummer struct {
	tree tree
	line []byte
}

// Add takes the next case, and the hash of the record that was last decided on it.
func (s *BranchSummer) Add(asset, finding string, record tlog.Hash) {
	text := append(strconv.AppendQuote(s.line[:0], asset), ' ')
	text = append(strconv.AppendQuote(text, finding), ' ')
	s.line = hex.AppendEncode(text, record[:])
	s.tree.add(tlog.RecordHash(s.line))
}

// Root is that of the cases so far.
func (s *BranchSummer) Root() (cases int64, root string) { return s.tree.size, hashText(s.tree.root()) }

// StateOf is the root over branches, which stand in the order of repository and branch.
func StateOf(branches []BranchRoot) StateRoot {
	var t tree
	var cases int64
	for _, b := range branches {
		if b.Cases == 0 {
			continue
		}
		t.add(tlog.RecordHash(fmt.Appendf(nil, "%q %q %d %s", b.Repository, b.Branch, b.Cases, b.Root)))
		cases += b.Cases
	}
	return StateRoot{Branches: t.size, Cases: cases, Root: hashText(t.root())}
}
