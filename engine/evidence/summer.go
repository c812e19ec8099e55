package evidence

import "golang.org/x/mod/sumdb/tlog"

// A Summer works out the tree of a list of records while they come, one after the other.
type Summer struct{ tree tree }

// Add takes the next record: its line, without the line feed.
func (s *Summer) Add(record []byte) { s.tree.add(tlog.RecordHash(record)) }

// Size is how many records came so far.
func (s *Summer) Size() int64 { return s.tree.size }

// Tree is that of the records so far.
func (s *Summer) Tree() Tree { return Tree{Size: s.tree.size, Root: hashText(s.tree.root())} }
