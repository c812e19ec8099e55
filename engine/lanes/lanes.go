// Package lanes works out the SHA-256 of many messages at once. A processor with registers of 512 bits works on sixteen of them side by side,
// and takes a fifth of the time that it takes one by one; on any other, and for messages that are few or long, the standard library works on one
// after the other. The digests are the same.
package lanes

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
)

// Count is how many messages are worked on side by side.
const Count = 16

// fewest are the messages that lanes are worth while for: a step costs the same, however many of the lanes are in use.
const fewest = 4

// longest bounds a message for lanes, in bytes: at the end all others would wait for it.
const longest = 128 << 10

// begun is the state before the first block: FIPS 180-4, 5.3.3.
var begun = [8]uint32{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}

// A Hasher works out digests. It is for one at a time; the zero value is ready. It keeps nothing but room between calls.
type Hasher struct {
	state [8][Count]uint32
	lanes [Count]lane
	alone hash.Hash
}

// A lane is where a message is worked on.
type lane struct {
	message int    // its number
	size    int    // of it with its prefix, in bytes
	blocks  []byte // that come next: whole ones; none: the lane is not in use
	rest    []byte // of the message, behind them
	padded  bool   // the blocks are the last, with what stands behind every message
	room    [2 * sha256.BlockSize]byte
}

// Sum appends the digest of each message, as if prefix stood before it. A prefix has fewer bytes than a block, which are 64.
func (h *Hasher) Sum(sums [][sha256.Size]byte, prefix []byte, messages [][]byte) [][sha256.Size]byte {
	return h.sum(sums, prefix, messages, wide && len(messages) >= fewest)
}

func (h *Hasher) sum(sums [][sha256.Size]byte, prefix []byte, messages [][]byte, wide bool) [][sha256.Size]byte {
	from := len(sums)
	for range messages {
		sums = append(sums, [sha256.Size]byte{})
	}
	into, next := sums[from:], 0
	take := func(i int) (taken bool) { // the next message that lanes are for
		for ; next < len(messages) && !taken; next++ {
			if taken = wide && len(messages[next]) <= longest; taken {
				h.begin(i, next, prefix, messages[next])
			} else {
				h.one(&into[next], prefix, messages[next])
			}
		}
		return taken
	}
	used := 0
	for i := range h.lanes {
		if take(i) {
			used++
		}
	}
	for used > 0 {
		n := h.step()
		for i := range h.lanes {
			l := &h.lanes[i]
			if len(l.blocks) == 0 {
				continue
			}
			if l.blocks = l.blocks[n:]; len(l.blocks) > 0 || l.next() {
				continue
			}
			if h.digest(i, &into[l.message]); !take(i) {
				used--
			}
		}
	}
	return sums
}

// one works out the digest of one message alone.
func (h *Hasher) one(into *[sha256.Size]byte, prefix, message []byte) {
	if h.alone == nil {
		h.alone = sha256.New()
	}
	h.alone.Reset()
	h.alone.Write(prefix)
	h.alone.Write(message)
	h.alone.Sum(into[:0])
}

// begin puts a message into a lane.
func (h *Hasher) begin(i, number int, prefix, message []byte) {
	for v := range h.state {
		h.state[v][i] = begun[v]
	}
	l := &h.lanes[i]
	l.message, l.size, l.rest, l.blocks, l.padded = number, len(prefix)+len(message), message, nil, false
	first := copy(l.room[:], prefix)
	switch {
	case first == 0:
		l.next()
	case l.size < sha256.BlockSize:
		l.pad(first)
	default:
		l.rest = message[copy(l.room[first:sha256.BlockSize], message):]
		l.blocks = l.room[:sha256.BlockSize]
	}
}

// next has the blocks that come after those that were worked on; it is false if there are none.
func (l *lane) next() bool {
	if l.padded {
		return false
	}
	if whole := len(l.rest) &^ (sha256.BlockSize - 1); whole > 0 {
		l.blocks, l.rest = l.rest[:whole], l.rest[whole:]
	} else {
		l.pad(0)
	}
	return true
}

// pad makes the last blocks of what is left of a message, behind so many bytes of room that are of it too: FIPS 180-4, 5.1.1.
func (l *lane) pad(first int) {
	end := first + copy(l.room[first:], l.rest)
	size := sha256.BlockSize
	if end+1+8 > size {
		size *= 2
	}
	l.room[end] = 0x80
	clear(l.room[end+1 : size-8])
	binary.BigEndian.PutUint64(l.room[size-8:], 8*uint64(l.size))
	l.blocks, l.rest, l.padded = l.room[:size], nil, true
}

// step works on all lanes, and gives by how many bytes each came on: as many as all of them have.
func (h *Hasher) step() (n int) {
	var some *byte // for lanes that are not in use: what comes of them is of no use
	for i := range h.lanes {
		if b := h.lanes[i].blocks; len(b) > 0 && (n == 0 || len(b) < n) {
			n, some = len(b), &b[0]
		}
	}
	var at [Count]*byte
	for i := range h.lanes {
		at[i] = some
		if b := h.lanes[i].blocks; len(b) > 0 {
			at[i] = &b[0]
		}
	}
	blocks(&h.state, &at, n/sha256.BlockSize)
	return n
}

func (h *Hasher) digest(i int, into *[sha256.Size]byte) {
	for v := range h.state {
		binary.BigEndian.PutUint32(into[4*v:], h.state[v][i])
	}
}
