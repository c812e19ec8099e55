package evidence_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
)

// grown is a ledger of some runs, an hour apart.
func grown(t testing.TB, runs int, signer *evidence.Signer) *ledger {
	t.Helper()
	l := newLedger()
	for i := range runs {
		m := make1(3, signer)
		m.terms.At, m.terms.CI = now.Add(time.Duration(i)*time.Hour), &evidence.CI{Run: fmt.Sprint(100 + i)}
		m.result.Now = m.terms.At
		files, digest := m.bundle(t)
		l.append(t, files, digest, signer)
	}
	return l
}

func TestALedgerVerifiesWhole(t *testing.T) {
	k := key(t, 1)
	l := grown(t, 5, k)
	old := bytes.Clone(l.head)
	l2 := grown(t, 9, k)
	v := l2.verify(t, evidence.Options{Key: &k.Key, Old: old, Runs: []string{"100", "108"}})
	if v.Failed != 0 || v.Runs != 9 || v.Records != 36 || v.Log.Size != 9 {
		t.Fatalf("level %d: %s%+v", v.Failed, said(v), v)
	}
	for _, level := range v.Levels {
		if level.State != evidence.StateOK {
			t.Errorf("%+v", level)
		}
	}
	if !strings.Contains(v.Levels[3].Said, "from the 5 leaves of the older checkpoint to 9") {
		t.Error(v.Levels[3].Said)
	}
	unsigned := grown(t, 2, nil)
	if v := unsigned.verify(t, evidence.Options{}); v.Failed != 0 || v.Levels[0].State != evidence.StateUnsigned {
		t.Errorf("unsigned: %+v", v)
	}
	if v := newLedger().verify(t, evidence.Options{Key: &k.Key}); v.Failed != 0 {
		t.Errorf("empty: %s", said(v))
	}
}

func TestABrokenLedgerFailsAtItsLevel(t *testing.T) {
	k := key(t, 1)
	whole := grown(t, 6, k)
	longer := grown(t, 8, k)
	shorter := grown(t, 4, k)
	digest := func(l *ledger, i int) string {
		run, err := evidence.ParseLeaf(l.leaves[i])
		if err != nil {
			t.Fatal(err)
		}
		return run
	}
	fork := grown(t, 3, k)
	for i := 3; i < 6; i++ { // the same size, another past
		m := make1(4, k)
		m.terms.At = now.Add(time.Duration(i) * time.Hour)
		files, run := m.bundle(t)
		fork.append(t, files, run, k)
	}
	other := newLedger()
	foreign, run := make1(3, k).bundle(t)
	g, err := evidence.Grow(context.Background(), other, evidence.Leaf(run), evidence.Seal{Origin: "github.com/acme/other", Signer: k})
	if err != nil {
		t.Fatal(err)
	}
	_ = foreign

	for _, c := range []struct {
		what  string
		level int
		says  string
		do    func(l *ledger, o *evidence.Options) *ledger
	}{
		{"a leaf is exchanged", 3, "do not give the root", func(l *ledger, _ *evidence.Options) *ledger {
			l.leaves[1], l.leaves[2] = l.leaves[2], l.leaves[1]
			return l
		}},
		{"the last leaf is gone", 3, "leaf 5 of the log is missing", func(l *ledger, _ *evidence.Options) *ledger { l.leaves = l.leaves[:5]; return l }},
		{"a leaf is behind the checkpoint", 3, "behind the 6 of the checkpoint", func(l *ledger, _ *evidence.Options) *ledger { l.leaves = append(l.leaves, l.leaves[0]); return l }},
		{"a leaf is no leaf", 3, "names no run", func(l *ledger, _ *evidence.Options) *ledger { l.leaves[3] = []byte("decision-run sha256:00"); return l }},
		{"a leaf is there twice", 3, "in the log twice", func(l *ledger, _ *evidence.Options) *ledger { l.leaves[3] = l.leaves[2]; return l }},
		{"a stored hash is changed", 3, "hash 6 of the log is not what", func(l *ledger, _ *evidence.Options) *ledger { l.hashes[6][0] ^= 1; return l }},
		{"a run is gone", 3, "the run that leaf 2 names is missing", func(l *ledger, _ *evidence.Options) *ledger { delete(l.runs, digest(l, 2)); return l }},
		{"a run is kept under another name", 3, "keeps another run", func(l *ledger, _ *evidence.Options) *ledger { l.runs[digest(l, 2)] = l.runs[digest(l, 1)]; return l }},
		{"a run is changed", 2, "", func(l *ledger, _ *evidence.Options) *ledger {
			files := l.runs[digest(l, 2)]
			l.runs[digest(l, 2)] = replaced(t, files, evidence.PartRecords, append(unpacked(t, files, evidence.PartRecords), []byte("{}\n")...))
			return l
		}},
		{"the log was set back", 4, "was set back", func(_ *ledger, o *evidence.Options) *ledger { o.Old = longer.head; return whole.clone() }},
		{"the log was forked", 4, "what was in the log then was changed", func(_ *ledger, o *evidence.Options) *ledger { o.Old = grown(t, 5, k).head; return fork }},
		{"a fork of the same size", 4, "was changed", func(_ *ledger, o *evidence.Options) *ledger { o.Old = whole.head; return fork }},
		{"all is gone", 4, "has 0 leaves, and had 6", func(_ *ledger, o *evidence.Options) *ledger { o.Old = whole.head; return newLedger() }},
		{"an older checkpoint of another log", 4, "of the log github.com/acme/other", func(l *ledger, o *evidence.Options) *ledger { o.Old = g.Checkpoint; return l }},
		{"an older checkpoint by another key", 4, "not signed by the key", func(l *ledger, o *evidence.Options) *ledger { o.Old = grown(t, 2, key(t, 7)).head; return l }},
		{"an older checkpoint that is none", 4, "cannot be compared", func(l *ledger, o *evidence.Options) *ledger { o.Old = []byte("x\n"); return l }},
		{"a stale checkpoint", 3, "behind the 4 of the checkpoint", func(l *ledger, _ *evidence.Options) *ledger { l.head = shorter.head; return l }},
		{"a forged checkpoint", 1, "the latest checkpoint is not proven", func(l *ledger, _ *evidence.Options) *ledger { l.head = grown(t, 6, key(t, 7)).head; return l }},
		{"no signature on the checkpoint", 1, "is not signed", func(l *ledger, _ *evidence.Options) *ledger {
			l.head, _, _ = bytes.Cut(l.head, []byte("\n\n"))
			l.head = append(l.head, '\n')
			return l
		}},
		{"a checkpoint that is none", 3, "cannot be read", func(l *ledger, _ *evidence.Options) *ledger { l.head = []byte("\x00"); return l }},
		{"runs by another key", 1, "signed by another key", func(l *ledger, o *evidence.Options) *ledger { return grown(t, 3, key(t, 7)) }},
		{"a CI run without evidence", 3, `the CI run "999" has no evidence`, func(l *ledger, o *evidence.Options) *ledger { o.Runs = []string{"100", "999"}; return l }},
	} {
		o := evidence.Options{Key: &k.Key}
		v := c.do(whole.clone(), &o).verify(t, o)
		if v.Failed != c.level || !strings.Contains(said(v), c.says) {
			t.Errorf("%s: level %d, not %d\n%s", c.what, v.Failed, c.level, said(v))
		}
	}
	if v := whole.verify(t, evidence.Options{Key: &k.Key, Old: whole.head}); v.Failed != 0 {
		t.Errorf("the tests changed what they broke: %s", said(v))
	}
}

func TestALogThatWasEditedDoesNotGrow(t *testing.T) {
	k := key(t, 1)
	whole := grown(t, 6, k)
	for what, do := range map[string]func(l *ledger){
		"an edited hash":      func(l *ledger) { l.hashes[len(l.hashes)-1][0] ^= 1 },
		"an edited leaf":      func(l *ledger) { l.leaves[5] = evidence.Leaf(evidence.Digest(nil)) },
		"lost hashes":         func(l *ledger) { l.hashes = l.hashes[:4] },
		"an older checkpoint": func(l *ledger) { l.head = bytes.Replace(l.head, []byte("\n6\n"), []byte("\n5\n"), 1) },
		"no checkpoint":       func(l *ledger) { l.head = []byte("nothing") },
	} {
		l := whole.clone()
		do(l)
		if g, err := evidence.Grow(context.Background(), l, evidence.Leaf(evidence.Digest([]byte("x"))), evidence.Seal{Origin: origin, Signer: k}); err == nil {
			t.Errorf("%s: the log grew to %s", what, g.Checkpoint)
		}
	}
	if _, err := evidence.Grow(context.Background(), whole, evidence.Leaf(evidence.Digest(nil)), evidence.Seal{Origin: "github.com/acme/other"}); err == nil {
		t.Error("it took another name")
	}
	if _, err := evidence.Grow(context.Background(), newLedger(), evidence.Leaf(evidence.Digest(nil)), evidence.Seal{Origin: "two words"}); err == nil {
		t.Error("it took a name that notes cannot have")
	}
}

func TestASignedLogIsFollowedByItsKeyAlone(t *testing.T) {
	k, other := key(t, 1), key(t, 2)
	forged := grown(t, 3, k)
	forged.head, _, _ = bytes.Cut(forged.head, []byte("\n\n"))
	forged.head = append(forged.head, '\n')
	for what, c := range map[string]struct {
		log   *ledger
		seal  evidence.Seal
		grows bool
	}{
		"the same key":                       {grown(t, 3, k), evidence.Seal{Signer: k}, true},
		"no key":                             {grown(t, 3, k), evidence.Seal{}, false},
		"no key, and it is to adopt":         {grown(t, 3, k), evidence.Seal{Adopt: true}, false},
		"another key":                        {grown(t, 3, k), evidence.Seal{Signer: other}, false},
		"another key that adopts it":         {grown(t, 3, k), evidence.Seal{Signer: other, Adopt: true}, true},
		"no key on an unsigned log":          {grown(t, 3, nil), evidence.Seal{}, true},
		"a key on an unsigned log":           {grown(t, 3, nil), evidence.Seal{Signer: k}, false},
		"a key that adopts it":               {grown(t, 3, nil), evidence.Seal{Signer: k, Adopt: true}, true},
		"the key, and its signature is gone": {forged, evidence.Seal{Signer: k}, false},
		"a key on an empty log":              {newLedger(), evidence.Seal{Signer: k}, true},
	} {
		c.seal.Origin = origin
		_, err := evidence.Grow(context.Background(), c.log, evidence.Leaf(evidence.Digest([]byte("x"))), c.seal)
		if (err == nil) != c.grows {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestAnyOfSeveralKeysVerifies(t *testing.T) {
	runner, log, other := key(t, 1), key(t, 2), key(t, 3)
	l := newLedger()
	files, digest := make1(3, runner).bundle(t)
	l.append(t, files, digest, log)
	both := func(signers ...*evidence.Signer) *evidence.Key {
		var text []byte
		for _, s := range signers {
			one, err := s.Key.PEM()
			if err != nil {
				t.Fatal(err)
			}
			text = append(text, one...)
		}
		k, err := evidence.ReadKey(text)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	v := l.verify(t, evidence.Options{Key: both(other, runner, log)})
	if v.Failed != 0 || !strings.Contains(v.Levels[0].Said, runner.Fingerprint) || !strings.Contains(v.Levels[0].Said, log.Fingerprint) ||
		strings.Contains(v.Levels[0].Said, other.Fingerprint) {
		t.Errorf("level %d: %s %+v", v.Failed, said(v), v.Levels[0])
	}
	for _, k := range []*evidence.Key{both(runner), both(log), both(other, log), both(runner, other)} {
		if v := l.verify(t, evidence.Options{Key: k}); v.Failed != evidence.LevelSignature {
			t.Errorf("level %d: %s", v.Failed, said(v))
		}
	}
}

func TestACheckpointOfMoreLeavesThanThereAreIsNoWork(t *testing.T) {
	l := grown(t, 3, nil)
	l.head = []byte(origin + "\n1099511627776\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n")
	if v := l.verify(t, evidence.Options{}); v.Failed != evidence.LevelInclusion || v.More > 1 || !strings.Contains(said(v), "leaf 3 of the log is missing") {
		t.Errorf("level %d: %s", v.Failed, said(v))
	}
}

func TestACheckpointIsANoteThatOthersVerify(t *testing.T) {
	k := key(t, 1)
	l := grown(t, 3, k)
	text, err := k.NoteKey(origin)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(text)
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(l.head, note.VerifierList(verifier))
	if err != nil {
		t.Fatal(err)
	}
	root, err := tlog.TreeHash(3, tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) { return l.Hashes(context.Background(), at) }))
	if err != nil {
		t.Fatal(err)
	}
	if want := origin + "\n3\n" + base64.StdEncoding.EncodeToString(root[:]) + "\n"; n.Text != want {
		t.Errorf("%q is not %q", n.Text, want)
	}
}

func TestAReceiptProvesOneDecisionByItself(t *testing.T) {
	k := key(t, 1)
	l := grown(t, 7, k)
	run, err := evidence.ParseLeaf(l.leaves[4])
	if err != nil {
		t.Fatal(err)
	}
	b, err := l.Run(context.Background(), run)
	if err != nil {
		t.Fatal(err)
	}
	r, err := evidence.MakeReceipt(context.Background(), b, 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.InLog(context.Background(), l, 4); err != nil {
		t.Fatal(err)
	}
	data, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	v := evidence.VerifyReceipt(data, evidence.Options{Key: &k.Key, Old: l.head})
	if v.Failed != 0 || v.Records != 1 || v.Log == nil || v.Log.Size != 7 {
		t.Fatalf("level %d: %s", v.Failed, said(v))
	}
	for i := range data {
		broken := bytes.Clone(data)
		broken[i] ^= 1 << (i % 8)
		if v := evidence.VerifyReceipt(broken, evidence.Options{Key: &k.Key}); v.Failed == 0 {
			t.Fatalf("byte %d of the receipt is not proven: %q", i, broken[max(0, i-20):min(len(data), i+20)])
		}
	}
	for what, o := range map[string]evidence.Options{
		"a fork":       {Key: &k.Key, Old: forkOf(t, 7, k).head},
		"another log":  {Key: &k.Key, Old: bytes.Replace(l.head, []byte(origin), []byte("github.com/acme/othe"), 1)},
		"no older one": {Key: &key(t, 3).Key},
		"unread":       {Old: []byte("\n\n\n")},
	} {
		if v := evidence.VerifyReceipt(data, o); v.Failed == 0 {
			t.Errorf("%s: it verifies", what)
		}
	}
	if v := evidence.VerifyReceipt(data, evidence.Options{Key: &k.Key, Old: grown(t, 3, k).head}); v.Failed != 0 || v.Levels[3].State != evidence.StateUnproven {
		t.Errorf("an older checkpoint: %+v", v.Levels[3])
	}
	if _, err := evidence.MakeReceipt(context.Background(), b, 99); err == nil {
		t.Error("there is a receipt of a record that is not there")
	}
	if err := r.InLog(context.Background(), l, 9); err == nil {
		t.Error("there is a proof of a leaf that is not there")
	}
}

func forkOf(t testing.TB, runs int, k *evidence.Signer) *ledger {
	l := newLedger()
	for i := range runs {
		m := make1(4, k)
		m.terms.CI = &evidence.CI{Run: fmt.Sprint(i)}
		files, digest := m.bundle(t)
		l.append(t, files, digest, k)
	}
	return l
}

func TestAnUnsignedReceiptHangsTogetherAndSaysWhatItIs(t *testing.T) {
	files, _ := make1(3, nil).bundle(t)
	b, err := evidence.OpenBundle(files)
	if err != nil {
		t.Fatal(err)
	}
	r, err := evidence.MakeReceipt(context.Background(), b, 0)
	if err != nil {
		t.Fatal(err)
	}
	data, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if v := evidence.VerifyReceipt(data, evidence.Options{}); v.Failed != 0 || v.Levels[0].State != evidence.StateUnsigned || v.Levels[2].State != evidence.StateNone {
		t.Errorf("%+v", v)
	}
	for i := range data {
		broken := bytes.Clone(data)
		broken[i] ^= 1 << (i % 8)
		if v := evidence.VerifyReceipt(broken, evidence.Options{}); v.Failed == 0 {
			t.Fatalf("byte %d of the receipt is not proven", i)
		}
	}
}

// memTiles reads tiles for the tlog package, by the names that C2SP gives them.
type memTiles struct {
	t     *testing.T
	files fstest.MapFS
}

func (m memTiles) Height() int { return 8 }

func (m memTiles) ReadTiles(tiles []tlog.Tile) (data [][]byte, err error) {
	for _, t := range tiles {
		parts := strings.Split(t.Path(), "/") // tile/8/<level>/<number>
		name := strings.Join(slices.Delete(parts, 1, 2), "/")
		f := m.files[name]
		if f == nil {
			return nil, fmt.Errorf("%s is not there", name)
		}
		data = append(data, f.Data)
	}
	return data, nil
}

func (m memTiles) SaveTiles([]tlog.Tile, [][]byte) {}

func TestTilesAreReadByOthersAndByUs(t *testing.T) {
	k := key(t, 1)
	for _, size := range []int{1, 255, 256, 257, 700} {
		l := newLedger()
		for i := range size {
			run := evidence.Digest(fmt.Append(nil, i))
			l.append(t, nil, run, k)
		}
		files := fstest.MapFS{}
		if err := evidence.WriteTiles(context.Background(), l, 0, func(path string, data []byte) error {
			files[path] = &fstest.MapFile{Data: data}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		c, err := evidence.ParseCheckpoint(files["checkpoint"].Data, &k.Key)
		if err != nil || c.Size != int64(size) {
			t.Fatal(c, err)
		}
		tree := tlog.TileHashReader(tlog.Tree{N: c.Size, Hash: c.Root}, memTiles{t, files})
		for _, i := range []int64{0, c.Size / 2, c.Size - 1} {
			proof, err := tlog.ProveRecord(c.Size, i, tree)
			if err != nil {
				t.Fatal(err)
			}
			if err := tlog.CheckRecord(proof, c.Size, c.Root, i, tlog.RecordHash(l.leaves[i])); err != nil {
				t.Errorf("leaf %d of %d: %v", i, size, err)
			}
		}
		tiles, err := evidence.OpenTiles(files)
		if err != nil {
			t.Fatal(err)
		}
		v, err := evidence.VerifyLog(context.Background(), tiles, nil, evidence.Options{Key: &k.Key})
		if err != nil || v.Failed != 0 {
			t.Fatalf("%d leaves: %v %s", size, err, said(v))
		}
		for name, f := range files {
			if name == "checkpoint" {
				continue
			}
			was := f.Data
			f.Data = bytes.Clone(was)
			f.Data[len(was)/2] ^= 4
			tiles, err := evidence.OpenTiles(files)
			if err != nil {
				t.Fatal(err)
			}
			// Leaves are checked all; of the hashes those that the root is made of.
			if v, err := evidence.VerifyLog(context.Background(), tiles, nil, evidence.Options{Key: &k.Key}); strings.Contains(name, "entries") && (err != nil || v.Failed != 3) {
				t.Errorf("%d leaves, %s: %v", size, name, err)
			}
			f.Data = was
		}
	}
}

func TestTheNamesOfTilesAreThoseOfTheSpecification(t *testing.T) {
	for n, want := range map[int64]string{0: "tile/0/000", 5: "tile/0/005", 999: "tile/0/999", 1000: "tile/0/x001/000", 1234067: "tile/0/x001/x234/067"} {
		if have := evidence.TilePath(tlog.Tile{H: 8, N: n, W: 256}); have != want {
			t.Errorf("%d is %s, not %s", n, have, want)
		}
	}
	if have := evidence.EntriesPath(273, 112); have != "tile/entries/273.p/112" {
		t.Error(have)
	}
}

func TestARecordNamesTheOneBeforeItOnTheSameCase(t *testing.T) {
	k := key(t, 1)
	for what, c := range map[string]struct {
		prev func(first string) string
		says string
	}{
		"right":            {func(first string) string { return evidence.ID(first, 1) }, ""},
		"on another case":  {func(first string) string { return evidence.ID(first, 2) }, "there is none earlier in the log"},
		"in no run":        {func(string) string { return evidence.ID(evidence.Digest(nil), 1) }, "there is none earlier in the log"},
		"no record":        {func(string) string { return "the one before" }, "which is none"},
		"not the same way": {func(first string) string { return first + "/01" }, "which is none"},
	} {
		l := newLedger()
		files, first := make1(3, k).bundle(t)
		l.append(t, files, first, k)
		m := make1(3, k)
		m.terms.At = now.Add(time.Hour)
		m.prev = func(one *engine.Case) string {
			if one == &m.cases[0] {
				return c.prev(first)
			}
			return ""
		}
		files, second := m.bundle(t)
		l.append(t, files, second, k)
		v := l.verify(t, evidence.Options{Key: &k.Key})
		if (c.says == "") != (v.Failed == 0) || !strings.Contains(said(v), c.says) || v.Failed != 0 && v.Failed != evidence.LevelRules {
			t.Errorf("%s: level %d\n%s", what, v.Failed, said(v))
		}
	}
}

func TestAClockThatGoesBackIsSaid(t *testing.T) {
	k := key(t, 1)
	l := newLedger()
	for _, at := range []time.Time{now, now.Add(-time.Hour)} {
		m := make1(1, k)
		m.terms.At = at
		files, digest := m.bundle(t)
		l.append(t, files, digest, k)
	}
	if v := l.verify(t, evidence.Options{Key: &k.Key}); v.Failed != 0 || len(v.Notes) != 1 || !strings.Contains(v.Notes[0], "clocks differ, or it came late") {
		t.Errorf("%d %v", v.Failed, v.Notes)
	}
}
