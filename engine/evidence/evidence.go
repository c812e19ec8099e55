// Package evidence keeps what was decided so that anyone can check it later, offline: that it is what was decided then, that nothing is
// missing, and that deciding again comes to the same.
//
// A run leaves records, one line of exact bytes each, which are never written anew. They are the leaves of an RFC 6962 Merkle tree; the root
// and size of that tree, and what the run comes to, stand in one in-toto Statement in a DSSE envelope. The statement's digest names the run,
// and is a leaf of a log whose size and root stand in signed checkpoints (C2SP). Each record names by digest the terms that it was decided
// under, the input and the policy's answer, so that it can be decided again.
//
// The package is pure: it reads and writes what it is given, and neither clock, file system nor randomness.
package evidence

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"golang.org/x/mod/sumdb/tlog"
)

// A Run is everything that one run left. Its parts are those of a bundle, whoever keeps them: a folder, a database.
//
// Part gives the bytes of a part, unpacked; lists of lines end every line with a line feed. The error of a part that is not there wraps
// fs.ErrNotExist.
type Run interface {
	Part(ctx context.Context, name string) (io.ReadCloser, error)
}

// The parts of a run. Those with a list have one line per element, in the order of the records that name them first.
const (
	PartStatement = "statement.dsse.json" // the statement in its envelope; without a key it has no signature
	PartSummaries = "vsa.jsonl"           // SLSA verification summaries, one envelope a line; absent if the run was about no artifact
	PartTerms     = "terms.json"          // Terms
	PartPolicy    = "policy.json"         // PolicyContent
	PartResult    = "result.json"         // the engine.Result without cases, plan and what follows from them
	PartRecords   = "records.jsonl"       // Record
	PartInputs    = "inputs.jsonl"        // Input: what the policy saw, or that it was erased
	PartAnswers   = "answers.jsonl"       // what the policy answered, as OPA writes it; different ones only
)

// Parts are all parts, in the order in which a bundle lists them.
var Parts = []string{PartStatement, PartSummaries, PartTerms, PartPolicy, PartResult, PartRecords, PartInputs, PartAnswers}

// A Log is a list of leaves that only grows, with the hashes that prove it. Indexes are from 0.
type Log interface {
	// Head is the latest checkpoint, signed or not; nil if the log is empty.
	Head(ctx context.Context) ([]byte, error)

	// Leaf is the leaf with an index: see Leaf. Beyond the end the error wraps fs.ErrNotExist.
	Leaf(ctx context.Context, index int64) ([]byte, error)

	// Hashes are stored hashes, by tlog.StoredHashIndex, in the order in which they are asked for. All that lie within the log are there.
	Hashes(ctx context.Context, stored []int64) ([]tlog.Hash, error)
}

// A Ledger keeps runs and the log of their statements.
type Ledger interface {
	Log

	// Append keeps a run and puts its statement at the end of the log. It is one transaction: afterwards all parts of the run, its leaf,
	// the hashes and the checkpoint that Grow gives are there, or nothing is. One appends at a time; Grow has to be asked within the
	// transaction, of the state that it sees. A run that the log has already, by the digest of its statement, is not appended again: then
	// added is false and the index the one that it has.
	Append(ctx context.Context, run Run, seal Seal) (index int64, added bool, err error)

	// Run is a run by its digest. The error wraps fs.ErrNotExist if the ledger does not have it.
	Run(ctx context.Context, digest string) (Run, error)
}

// Digest names bytes: "sha256:" and 64 hexadecimal digits.
func Digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hashText(sum)
}

// digestPrefix begins a digest.
const digestPrefix = "sha256:"

// hashText writes a hash as Digest does.
func hashText(h tlog.Hash) string { return digestPrefix + hex.EncodeToString(h[:]) }

// parseDigest reads what Digest writes, and nothing else.
func parseDigest(text string) (h tlog.Hash, err error) {
	h, ok := readDigest([]byte(text))
	if !ok {
		return h, fmt.Errorf("%.80q is no digest", text)
	}
	return h, nil
}

// readDigest is parseDigest for bytes of a line.
func readDigest(text []byte) (h tlog.Hash, ok bool) {
	if len(text) != len(digestPrefix)+2*len(h) || string(text[:len(digestPrefix)]) != digestPrefix {
		return h, false
	}
	digits := text[len(digestPrefix):]
	for i := range h {
		high, low := digitOf(digits[2*i]), digitOf(digits[2*i+1])
		if high|low > 0xf {
			return tlog.Hash{}, false
		}
		h[i] = high<<4 | low
	}
	return h, true
}

// digitOf is what a hexadecimal digit stands for; more than 15 if it is none, or not written as a small letter.
func digitOf(c byte) byte {
	switch {
	case c-'0' <= 9:
		return c - '0'
	case c-'a' <= 5:
		return c - 'a' + 10
	}
	return 0xff
}
