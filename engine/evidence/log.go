package evidence

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// leafKind begins a leaf that names the statement of a run.
const leafKind = "decision-run"

// Leaf is the leaf of a run in a log: "decision-run sha256:…".
func Leaf(run string) []byte { return []byte(leafKind + " " + run) }

// ParseLeaf reads the digest of the run out of a leaf.
func ParseLeaf(leaf []byte) (run string, err error) {
	run, ok := strings.CutPrefix(string(leaf), leafKind+" ")
	if _, err := parseDigest(run); !ok || err != nil {
		return "", fmt.Errorf("the leaf %.80q names no run", leaf)
	}
	return run, nil
}

// A Checkpoint is the state of a log, as C2SP tlog-checkpoint writes it: origin, size and root on a line each, in a signed note. One that
// nobody signed is the three lines alone.
type Checkpoint struct {
	Origin string
	Size   int64
	Root   tlog.Hash
	Signed string // fingerprint of the key that it was verified with; empty: it was not verified
	Keys   []string
}

// text is what is signed.
func (c *Checkpoint) text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
}

// Bounds of a checkpoint: bytes, and what a log may come to.
const (
	mostCheckpoint = 16 << 10
	mostLeaves     = int64(1) << 40
)

var originForm = regexp.MustCompile(`^[!-*,-~]{1,200}$`) // no space and no plus, which notes use

// CheckOrigin refuses what cannot name a log.
func CheckOrigin(origin string) error {
	if !originForm.MatchString(origin) {
		return fmt.Errorf("%.80q cannot name a log: write it as github.com/acme/shop, without spaces and plus signs", origin)
	}
	return nil
}

// ParseCheckpoint reads a checkpoint. With a key it must be signed by it, in the name of its origin; without, signatures are not looked at.
func ParseCheckpoint(data []byte, key *Key) (*Checkpoint, error) {
	if len(data) > mostCheckpoint {
		return nil, errors.New("the checkpoint is larger than one can be")
	}
	text, signatures, signed := bytes.Cut(data, []byte("\n\n"))
	if signed {
		text = append(text[:len(text):len(text)], '\n')
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) != 4 || lines[3] != "" {
		return nil, errors.New("the checkpoint is not three lines, origin, size and root")
	}
	c := &Checkpoint{Origin: lines[0]}
	if err := CheckOrigin(c.Origin); err != nil {
		return nil, err
	}
	var err error
	if c.Size, err = strconv.ParseInt(lines[1], 10, 64); err != nil || c.Size < 0 || c.Size > mostLeaves || lines[1] != itoa(c.Size) {
		return nil, fmt.Errorf("the checkpoint's size %.40q is none", lines[1])
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return nil, fmt.Errorf("the checkpoint's root %.60q is none", lines[2])
	}
	c.Root = tlog.Hash(root)
	for line := range strings.Lines(string(signatures)) {
		if name, _, ok := strings.Cut(strings.TrimPrefix(line, "— "), " "); ok {
			c.Keys = append(c.Keys, name)
		}
	}
	if key == nil {
		return c, nil
	}
	if !signed {
		return nil, errors.New("the checkpoint is not signed")
	}
	for _, one := range key.all() {
		verifier, err := one.noteVerifier(c.Origin)
		if err != nil {
			return nil, err
		}
		n, err := note.Open(data, note.VerifierList(verifier))
		if err != nil {
			continue
		}
		if n.Text != c.text() {
			return nil, errors.New("what is signed is not what the checkpoint says")
		}
		c.Signed = one.Fingerprint
		return c, nil
	}
	return nil, fmt.Errorf("the checkpoint is not signed by the key %s in the name of %s", key.fingerprints(), c.Origin)
}

// A Seal is how the checkpoints of a log are made.
type Seal struct {
	Origin string  // names the log, once and for all
	Signer *Signer // nil: they are not signed

	// Adopt lets Signer follow a checkpoint that it did not sign. Who signs a checkpoint vouches for all that is in the log: without, whoever
	// can write to a ledger takes something out, leaves a checkpoint without a signature, and has it signed by the next run.
	Adopt bool
}

// ErrForeign means that the latest checkpoint of a log is not by the key that is to sign the next one.
var ErrForeign = errors.New("its latest checkpoint is not signed by this key, which would vouch for all that is in the log")

// ErrNoKey means that the checkpoints of a log are signed and the next one would not be: after it nothing in the log would be proven.
var ErrNoKey = errors.New("its checkpoints are signed, and there is no key to sign the next one")

// follows makes sure that the seal may stand on the log as its latest checkpoint says it is.
func (s Seal) follows(head []byte, was *Checkpoint) error {
	switch {
	case s.Signer == nil && len(was.Keys) > 0:
		return ErrNoKey
	case s.Signer == nil || s.Adopt:
		return nil
	}
	if _, err := ParseCheckpoint(head, &s.Signer.Key); err != nil {
		return ErrForeign
	}
	return nil
}

// sign writes a checkpoint.
func (s Seal) sign(c *Checkpoint) ([]byte, error) {
	if s.Signer == nil {
		return []byte(c.text()), nil
	}
	signer, err := s.Signer.noteSigner(c.Origin)
	if err != nil {
		return nil, err
	}
	return note.Sign(&note.Note{Text: c.text()}, signer)
}

// A Growth is what a log has after a leaf was put at its end.
type Growth struct {
	Index      int64       // of the leaf
	Hashes     []tlog.Hash // stored hashes to be added: the first one has the index First, the others follow
	First      int64
	Checkpoint []byte
}

// Grow says what a leaf at the end of a log adds to it. It first makes sure that the stored hashes give the root that the latest checkpoint
// says, and that the log's last leaf is the one that they were made of: of a log that was edited or set back it adds nothing.
func Grow(ctx context.Context, log Log, leaf []byte, seal Seal) (*Growth, error) {
	if err := CheckOrigin(seal.Origin); err != nil {
		return nil, err
	}
	head, err := log.Head(ctx)
	if err != nil {
		return nil, fmt.Errorf("the latest checkpoint: %w", err)
	}
	reader := hashReader(ctx, log)
	was := &Checkpoint{Origin: seal.Origin}
	if was.Root, err = tlog.TreeHash(0, reader); err != nil {
		return nil, err
	}
	if head != nil {
		if was, err = ParseCheckpoint(head, nil); err != nil {
			return nil, fmt.Errorf("the latest checkpoint: %w", err)
		}
		if was.Origin != seal.Origin {
			return nil, fmt.Errorf("the log is %s, not %s", was.Origin, seal.Origin)
		}
		if err := seal.follows(head, was); err != nil {
			return nil, fmt.Errorf("the log %s: %w", was.Origin, err)
		}
		if err := checkHashes(ctx, log, was); err != nil {
			return nil, err
		}
	}
	g := &Growth{Index: was.Size, First: tlog.StoredHashCount(was.Size)}
	if g.Hashes, err = tlog.StoredHashes(was.Size, leaf, reader); err != nil {
		return nil, fmt.Errorf("the log's hashes: %w", err)
	}
	now := &Checkpoint{Origin: was.Origin, Size: was.Size + 1}
	grown := tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(at))
		for i, index := range at {
			if index >= g.First && index < g.First+int64(len(g.Hashes)) {
				out[i] = g.Hashes[index-g.First]
				continue
			}
			one, err := reader.ReadHashes([]int64{index})
			if err != nil {
				return nil, err
			}
			out[i] = one[0]
		}
		return out, nil
	})
	if now.Root, err = tlog.TreeHash(now.Size, grown); err != nil {
		return nil, fmt.Errorf("the log's hashes: %w", err)
	}
	g.Checkpoint, err = seal.sign(now)
	return g, err
}

// checkHashes makes sure that the stored hashes of a log come to what a checkpoint says of it.
func checkHashes(ctx context.Context, log Log, c *Checkpoint) error {
	root, err := tlog.TreeHash(c.Size, hashReader(ctx, log))
	if err != nil {
		return fmt.Errorf("the log's hashes: %w", err)
	}
	if root != c.Root {
		return fmt.Errorf("the log's hashes do not give the root that its checkpoint of size %d says: it was edited or set back", c.Size)
	}
	if c.Size == 0 {
		return nil
	}
	last, err := log.Leaf(ctx, c.Size-1)
	if err != nil {
		return fmt.Errorf("the log's last leaf: %w", err)
	}
	stored, err := log.Hashes(ctx, []int64{tlog.StoredHashIndex(0, c.Size-1)})
	if err != nil || len(stored) != 1 {
		return fmt.Errorf("the log's hashes: %w", err)
	}
	if tlog.RecordHash(last) != stored[0] {
		return fmt.Errorf("the log's leaf %d is not the one that its hash was made of", c.Size-1)
	}
	return nil
}

func hashReader(ctx context.Context, log Log) tlog.HashReader {
	return tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
		if len(at) == 0 {
			return nil, nil
		}
		hashes, err := log.Hashes(ctx, at)
		if err == nil && len(hashes) != len(at) {
			err = fmt.Errorf("%d hashes are asked for and %d are there", len(at), len(hashes))
		}
		return hashes, err
	})
}
