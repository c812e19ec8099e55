package evidence

import (
	"errors"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// A tree is the Merkle tree of a list that is still being read: the roots of its full subtrees alone, the largest first.
type tree struct {
	size  int64
	roots []tlog.Hash
	last  []tlog.Hash // what is stored of the last leaf; kept for its room alone
}

// add puts the hash of a leaf at the end.
func (t *tree) add(leaf tlog.Hash) { t.last = t.addTo(t.last[:0], leaf) }

// addTo puts the hash of a leaf at the end, and to a list the hashes that are stored of it: its own and those of the subtrees that it fills.
func (t *tree) addTo(stored []tlog.Hash, leaf tlog.Hash) []tlog.Hash {
	stored = append(stored, leaf)
	for n := t.size; n&1 == 1; n >>= 1 {
		last := len(t.roots) - 1
		leaf = tlog.NodeHash(t.roots[last], leaf)
		t.roots = t.roots[:last]
		stored = append(stored, leaf)
	}
	t.roots = append(t.roots, leaf)
	t.size++
	return stored
}

// root is the root of the tree; of an empty one the hash of nothing, as RFC 6962 has it.
func (t *tree) root() tlog.Hash {
	if t.size == 0 {
		h, _ := tlog.TreeHash(0, nil)
		return h
	}
	last := len(t.roots) - 1
	h := t.roots[last]
	for _, r := range slices.Backward(t.roots[:last]) {
		h = tlog.NodeHash(r, h)
	}
	return h
}

// A hashList is the stored hashes of a tree, in memory: what proofs are made of.
type hashList []tlog.Hash

// ReadHashes gives hashes by their index.
func (l hashList) ReadHashes(at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for i, index := range at {
		if index < 0 || index >= int64(len(l)) {
			return nil, errors.New("a hash beyond the end of the tree is asked for")
		}
		out[i] = l[index]
	}
	return out, nil
}

// add puts the hash of the n-th leaf at the end.
func (l hashList) add(n int64, leaf tlog.Hash) (hashList, error) {
	more, err := tlog.StoredHashesForRecordHash(n, leaf, l)
	return append(l, more...), err
}
