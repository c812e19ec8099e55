package evidence

import "golang.org/x/mod/sumdb/tlog"

// A Summer works out the tree of a list of records while they come, one after the other.
type Summer struct{ tree tree }

// Add takes the hash of the next record, as a leaf.
func (s *Summer) Add(leaf tlog.Hash) { s.tree.add(leaf) }

// Size is how many records came so far.
func (s *Summer) Size() int64 { return s.tree.size }

// Tree is that of the records so far.
func (s *Summer) Tree() Tree { return Tree{Size: s.tree.size, Root: hashText(s.tree.root())} }
