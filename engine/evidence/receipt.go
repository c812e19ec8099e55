package evidence

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"golang.org/x/mod/sumdb/tlog"
)

// ReceiptSchema names the version of receipts.
const ReceiptSchema = "headgate.receipt/1"

// MostReceipt bounds a receipt, in bytes. The usual one has less than 4,096.
const MostReceipt = 4 << 20

// A Receipt proves one decision to whoever has the public key, without anything else: the record, the proof that it is in the run, what the
// run states and who signed it, and the proof that the statement is in the log. Texts are exact bytes.
type Receipt struct {
	Schema    string          `json:"schema"`
	ID        string          `json:"id"`        // of the record: digest of the run, a slash and the index
	Record    string          `json:"record"`    // its line
	Proof     string          `json:"proof"`     // hashes from the record up to the run's root, one after another, in base64
	Statement string          `json:"statement"` // the payload of the run's envelope
	Signature *dsse.Signature `json:"signature,omitempty"`
	Log       *LogProof       `json:"log,omitempty"` // absent: the run is in no log yet
}

// A LogProof proves that a run is in a log.
type LogProof struct {
	Index      int64  `json:"index"`
	Proof      string `json:"proof"` // hashes from the leaf up to the log's root, in base64
	Checkpoint string `json:"checkpoint"`
}

// MakeReceipt makes the receipt of a record of a run. Of a run that does not hold together there is none.
func MakeReceipt(ctx context.Context, run Run, index int64) (*Receipt, error) {
	data, err := Document(ctx, run, PartStatement)
	if err != nil {
		return nil, err
	}
	e, err := OpenEnvelope(data, nil)
	if err != nil {
		return nil, err
	}
	s, err := ReadStatement(e.Payload)
	if err != nil {
		return nil, err
	}
	if size := s.Predicate.Tree.Size; index < 0 || index >= size {
		return nil, fmt.Errorf("the run has records 0 to %d, and no record %d", size-1, index)
	}
	r := &Receipt{Schema: ReceiptSchema, ID: ID(Digest(e.Payload), index), Statement: string(e.Payload)}
	if len(e.signatures) > 0 {
		r.Signature = &e.signatures[0]
	}
	var hashes hashList
	n := int64(0)
	for line, err := range Lines(ctx, run, PartRecords) {
		if err != nil {
			return nil, err
		}
		if n == index {
			r.Record = string(line)
		}
		if hashes, err = hashes.add(n, tlog.RecordHash(line)); err != nil {
			return nil, err
		}
		if n++; n > s.Predicate.Tree.Size {
			break
		}
	}
	if root, err := tlog.TreeHash(n, hashes); err != nil || n != s.Predicate.Tree.Size || hashText(root) != s.Predicate.Tree.Root {
		return nil, errors.New("the run does not hold together: headgate evidence verify says why")
	}
	proof, err := tlog.ProveRecord(n, index, hashes)
	if err != nil {
		return nil, err
	}
	r.Proof = hashesText(proof)
	return r, nil
}

// InLog adds the proof that the run of a receipt is in a log.
func (r *Receipt) InLog(ctx context.Context, log Log, index int64) error {
	head, err := log.Head(ctx)
	if err != nil {
		return err
	}
	c, err := ParseCheckpoint(head, nil)
	if err != nil {
		return err
	}
	if index < 0 || index >= c.Size {
		return fmt.Errorf("the log has leaves 0 to %d, and no leaf %d", c.Size-1, index)
	}
	proof, err := tlog.ProveRecord(c.Size, index, hashReader(ctx, log))
	if err != nil {
		return fmt.Errorf("the log's hashes: %w", err)
	}
	r.Log = &LogProof{Index: index, Proof: hashesText(proof), Checkpoint: string(head)}
	return nil
}

// Encode writes a receipt.
func (r *Receipt) Encode() ([]byte, error) {
	data, err := encode(r)
	return append(data, '\n'), err
}

// ReadReceipt reads a receipt.
func ReadReceipt(data []byte) (*Receipt, error) {
	if len(data) > MostReceipt {
		return nil, errors.New("the file is larger than a receipt can be")
	}
	if len(data) == 0 || data[len(data)-1] != '\n' {
		return nil, errors.New("the file was cut: a receipt ends with a line feed")
	}
	r := &Receipt{}
	if err := decode(data[:len(data)-1], r); err != nil {
		return nil, err
	}
	if r.Schema != ReceiptSchema {
		return nil, fmt.Errorf("it is of %.60q, and this headgate reads %s", r.Schema, ReceiptSchema)
	}
	return r, nil
}

// hashesText writes hashes one after another.
func hashesText(hashes []tlog.Hash) string {
	var all []byte
	for _, h := range hashes {
		all = append(all, h[:]...)
	}
	return base64.StdEncoding.EncodeToString(all)
}

// mostProof bounds the hashes of a proof: a tree of all leaves that a log may have is no deeper.
const mostProof = 64

func parseHashes(text string) ([]tlog.Hash, error) {
	all, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(all)%tlog.HashSize != 0 || len(all) > mostProof*tlog.HashSize {
		return nil, errors.New("the proof is no list of hashes")
	}
	var hashes []tlog.Hash
	for ; len(all) > 0; all = all[tlog.HashSize:] {
		hashes = append(hashes, tlog.Hash(all[:tlog.HashSize]))
	}
	return hashes, nil
}

// VerifyReceipt verifies a receipt by itself.
func VerifyReceipt(data []byte, o Options) *Verification {
	v := &Verification{Schema: VerificationSchema, Of: "receipt"}
	levels := map[int]Level{}
	r, err := ReadReceipt(data)
	if err != nil {
		v.fail(LevelRun, "", "the receipt cannot be read: %v", err)
		v.settle(levels)
		return v
	}
	v.receipt(r, levels, &o)
	v.settle(levels)
	return v
}

func (v *Verification) receipt(r *Receipt, levels map[int]Level, o *Options) {
	e := &Envelope{Payload: []byte(r.Statement)}
	if r.Signature != nil {
		e.signatures, e.Keys = []dsse.Signature{*r.Signature}, []string{r.Signature.KeyID}
	}
	levels[LevelSignature] = signatureLevel(o, e.Keys, "the receipt")
	if err := e.verify(o.Key); err != nil {
		v.fail(LevelSignature, "", "the statement is not proven: %v", err)
	}
	s, err := ReadStatement(e.Payload)
	if err != nil {
		v.fail(LevelSignature, "", "the statement says nothing that can be understood: %v", err)
		return
	}
	v.Run, v.Says = Digest(e.Payload), &s.Predicate
	v.Runs = 1
	rec, err := ParseRecord([]byte(r.Record))
	if err != nil {
		v.fail(LevelRun, "", "the record cannot be understood: %v", err)
		return
	}
	v.inRun(r, rec, &s.Predicate)
	levels[LevelRun] = Level{State: StateOK, Said: fmt.Sprintf("the record is number %d of the run's %d, and was not changed", rec.Index, s.Predicate.Tree.Size)}
	levels[LevelInclusion] = Level{State: StateNone, Said: "the receipt says of no log that the run is in it"}
	levels[LevelConsistency] = Level{State: StateNone, Said: "no older checkpoint is given"}
	levels[LevelRules] = Level{State: StateNone, Said: "the rules on waivers need the whole run: verify the bundle or the ledger"}
	if r.Log != nil {
		v.inLog(r, levels, o)
	} else if o.Old != nil {
		v.fail(LevelInclusion, "", "a checkpoint is given, and the receipt is of no log")
	}
}

// inRun checks the proof from the record to the run's root.
func (v *Verification) inRun(r *Receipt, rec *Record, p *Predicate) {
	root, err := parseDigest(p.Tree.Root)
	proof, wrong := parseHashes(r.Proof)
	switch {
	case err != nil || wrong != nil:
		v.fail(LevelRun, "", "the proof that the record is in the run cannot be read")
	case r.ID != ID(v.Run, rec.Index):
		v.fail(LevelRun, "", "the receipt is called %.120q, and is of %s", r.ID, ID(v.Run, rec.Index))
	case rec.Index < 0 || rec.Index >= p.Tree.Size:
		v.fail(LevelRun, "", "the run has %d records, and no record %d", p.Tree.Size, rec.Index)
	case rec.Terms != p.Terms || !rec.At.Equal(p.At):
		v.fail(LevelRun, "", "the record was made under other terms or at another time than the run")
	case tlog.CheckRecord(proof, p.Tree.Size, root, rec.Index, tlog.RecordHash([]byte(r.Record))) != nil:
		v.fail(LevelRun, "", "the proof does not lead from the record to the run's root: the record or the proof was changed")
	default:
		v.Records = 1
	}
}

// inLog checks the proof from the statement to the log's root, and the checkpoint that says it.
func (v *Verification) inLog(r *Receipt, levels map[int]Level, o *Options) {
	c, err := ParseCheckpoint([]byte(r.Log.Checkpoint), nil)
	if err != nil {
		v.fail(LevelInclusion, "", "the checkpoint of the log cannot be read: %v", err)
		return
	}
	if o.Key != nil {
		if signed, err := ParseCheckpoint([]byte(r.Log.Checkpoint), o.Key); err != nil {
			v.fail(LevelSignature, "", "the checkpoint of the log is not proven: %v", err)
		} else {
			c = signed
		}
	}
	v.Log = &LogState{Origin: c.Origin, Size: c.Size, Root: hashText(c.Root), Checkpoint: r.Log.Checkpoint}
	proof, err := parseHashes(r.Log.Proof)
	switch {
	case err != nil:
		v.fail(LevelInclusion, "", "the proof that the run is in the log cannot be read")
	case r.Log.Index < 0 || r.Log.Index >= c.Size:
		v.fail(LevelInclusion, "", "the log has %d leaves, and no leaf %d", c.Size, r.Log.Index)
	case tlog.CheckRecord(proof, c.Size, c.Root, r.Log.Index, tlog.RecordHash(Leaf(v.Run))) != nil:
		v.fail(LevelInclusion, "", "the proof does not lead from the statement to the root of the checkpoint: the run is not in the log there")
	default:
		levels[LevelInclusion] = Level{State: StateOK, Said: fmt.Sprintf("the run is number %d of the %d of the log %s%s", r.Log.Index, c.Size, c.Origin, unsignedWord(c))}
	}
	if o.Old == nil {
		return
	}
	old, err := v.older(o, c.Origin)
	switch {
	case err != nil:
	case old.Size == c.Size && old.Root != c.Root:
		v.fail(LevelConsistency, "", "two checkpoints of size %d have different roots: the log was forked", c.Size)
	case old.Size == c.Size:
		levels[LevelConsistency] = Level{State: StateOK, Said: "the checkpoint is the given one"}
	default:
		levels[LevelConsistency] = Level{State: StateUnproven, Said: fmt.Sprintf("the checkpoint is of size %d and the given one of size %d: only the log can prove that it grew from one to the other", c.Size, old.Size)}
	}
}

func unsignedWord(c *Checkpoint) string {
	switch {
	case c.Signed != "":
		return ""
	case len(c.Keys) > 0:
		return ", whose checkpoint is signed by a key that was not checked"
	}
	return ", whose checkpoint is unsigned"
}

// older reads the older checkpoint that is given.
func (v *Verification) older(o *Options, origin string) (*Checkpoint, error) {
	old, err := ParseCheckpoint(o.Old, o.Key)
	if err == nil && old.Origin != origin {
		err = fmt.Errorf("it is of the log %s, and this is %s", old.Origin, origin)
	}
	if err != nil {
		v.fail(LevelConsistency, "", "the older checkpoint cannot be compared: %v", err)
	}
	return old, err
}
