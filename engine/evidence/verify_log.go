package evidence

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// VerifyLog verifies a log from its first leaf to its last, and, where runs can be had by their digests, every run in it. Its error is that
// something could not be read.
func VerifyLog(ctx context.Context, log Log, runs func(ctx context.Context, digest string) (Run, error), o Options) (*Verification, error) {
	v := &Verification{Schema: VerificationSchema, Of: "ledger"}
	l := &logCheck{Verification: v, log: log, runs: runs, o: &o, levels: map[int]Level{}, seen: map[string]int64{}, ci: map[string]bool{}, trail: newTrail()}
	if runs == nil || o.StatementsOnly {
		v.Of = "log"
	}
	if runs == nil && o.Runs != nil {
		return nil, errors.New("the leaves of a log do not say which CI runs they are of: verify the ledger with the list of runs")
	}
	if err := l.all(ctx); err != nil {
		return nil, err
	}
	if err := l.sweeps(ctx); err != nil {
		return nil, err
	}
	v.settle(l.levels)
	return v, nil
}

// sweeps verifies what the manifests of sweeps say.
func (l *logCheck) sweeps(ctx context.Context) error {
	if l.o.Sweeps == nil || l.Failed > 0 || l.o.StatementsOnly {
		return nil
	}
	n, problems, err := l.o.Sweeps(ctx)
	if err != nil {
		return l.read(LevelRun, "", "what sweeps were made of", err)
	}
	for _, problem := range problems {
		l.fail(LevelRun, "", "%s", problem)
	}
	if level := l.levels[LevelRun]; n > 0 && level.State == StateOK {
		level.Said += fmt.Sprintf("; after each of %d sweeps, what was open is what its manifest says", n)
		l.levels[LevelRun] = level
	}
	return nil
}

// A logCheck is the verification of one log.
type logCheck struct {
	*Verification
	log    Log
	runs   func(ctx context.Context, digest string) (Run, error)
	o      *Options
	levels map[int]Level

	head *Checkpoint
	old  *Checkpoint
	tree tree
	was  tlog.Hash // the root of as many leaves as the older checkpoint has

	stored   []tlog.Hash // hashes of the leaves so far that are not compared with those of the log yet
	compared int64       // how many are
	missing  int         // leaves

	seen  map[string]int64 // runs, with their leaves
	ci    map[string]bool  // ids of the CI runs that left evidence
	trail *trail
	keys  []string // that statements name
	bare  int64    // statements without a signature
	last  *Predicate
	used  int
}

func (l *logCheck) all(ctx context.Context) error {
	head, err := l.log.Head(ctx)
	if err != nil {
		return l.read(LevelInclusion, "", "the latest checkpoint", err)
	}
	if l.head, err = l.checkpoint(head); err != nil {
		return nil // it is among the failures
	}
	l.Log = &LogState{Origin: l.head.Origin, Size: l.head.Size, Root: hashText(l.head.Root), Checkpoint: string(head)}
	if l.o.Old != nil {
		l.old, _ = l.older(l.o, l.head.Origin)
	}
	if l.old != nil && l.old.Size == 0 {
		l.was = l.tree.root()
	}
	told := *l.o
	if l.head.Size > 1 && l.runs != nil {
		told.progress(int(l.head.Size), 0)
		alone := told
		alone.Progress = nil // how many records the runs ahead have is not known
		l.o = &alone
	}
	for index := range l.head.Size {
		if err := l.leaf(ctx, index); err != nil {
			return err
		}
		if l.o.Progress == nil {
			told.progress(0, 1)
		}
		if l.missing == mostFailures { // a checkpoint may say that there are as many as it likes
			l.fail(LevelInclusion, "", "%d leaves are missing up to leaf %d of %d: those behind it are not looked at", l.missing, index, l.head.Size)
			break
		}
	}
	if err := l.whole(ctx); err != nil {
		return err
	}
	l.consistent()
	l.complete()
	l.say()
	return nil
}

// checkpoint reads the latest checkpoint; of a log that is empty there is none, and it says so.
func (l *logCheck) checkpoint(head []byte) (*Checkpoint, error) {
	if head == nil {
		root := new(tree).root()
		l.levels[LevelSignature] = Level{State: StateNone, Said: "the log is empty"}
		c := &Checkpoint{Origin: "(empty)", Root: root}
		if l.o.Old != nil {
			if old, err := ParseCheckpoint(l.o.Old, l.o.Key); err == nil {
				c.Origin = old.Origin
			}
		}
		return c, nil
	}
	c, err := ParseCheckpoint(head, nil)
	if err != nil {
		l.fail(LevelInclusion, "", "the latest checkpoint cannot be read: %v", err)
		return nil, err
	}
	if l.o.Key != nil {
		if signed, err := ParseCheckpoint(head, l.o.Key); err != nil {
			l.fail(LevelSignature, "", "the latest checkpoint is not proven: %v", err)
		} else {
			c = signed
		}
	}
	return c, nil
}

// leaf checks one leaf, and the run that it names.
func (l *logCheck) leaf(ctx context.Context, index int64) error {
	leaf, err := l.log.Leaf(ctx, index)
	if err != nil {
		l.missing++
		return l.read(LevelInclusion, "", "leaf "+itoa(index)+" of the log", err)
	}
	if l.stored = l.tree.addTo(l.stored, tlog.RecordHash(leaf)); len(l.stored) >= 2*TileWidth {
		if err := l.hashes(ctx); err != nil {
			return err
		}
	}
	if l.old != nil && l.tree.size == l.old.Size {
		l.was = l.tree.root()
	}
	run, err := ParseLeaf(leaf)
	if err != nil {
		l.fail(LevelInclusion, "", "leaf %d: %v", index, err)
		return nil
	}
	if first, twice := l.seen[run]; twice {
		l.fail(LevelInclusion, run, "the run is in the log twice, at %d and %d", first, index)
		return nil
	}
	l.seen[run] = index
	if l.runs == nil {
		return nil
	}
	kept, err := l.runs(ctx, run)
	if err != nil {
		return l.read(LevelInclusion, run, "the run that leaf "+itoa(index)+" names", err)
	}
	return l.run(ctx, kept, run)
}

func (l *logCheck) run(ctx context.Context, kept Run, digest string) error {
	c := &check{Verification: l.Verification, run: kept, o: l.o, name: digest, trail: l.trail}
	if err := c.all(ctx); err != nil {
		return err
	}
	if c.says == nil {
		return nil
	}
	have := l.Run
	l.Run, l.Says = "", nil
	if have != digest {
		l.fail(LevelInclusion, digest, "the ledger keeps another run (%s) under this name", have)
		return nil
	}
	if c.rules != nil {
		l.used += c.rules.used
	}
	if len(c.keys) == 0 {
		l.bare++
	} else if !slices.Contains(l.keys, c.keys[0]) {
		l.keys = append(l.keys, c.keys[0])
	}
	p := &c.says.Predicate
	if p.CI != nil {
		l.ci[p.CI.Run] = true
	}
	if l.last != nil && p.At.Before(l.last.At) {
		l.note("run %s is of %s, and one before it in the log of a later time: clocks differ, or it came late", digest, p.At.UTC().Format("2006-01-02T15:04:05Z"))
	}
	l.last = p
	return nil
}

// whole checks the leaves against the checkpoint, and what is stored to make proofs of against the leaves.
func (l *logCheck) whole(ctx context.Context) error {
	c := l.head
	switch {
	case l.tree.size != c.Size:
		return nil // what is missing is among the failures
	case l.tree.root() != c.Root:
		l.fail(LevelInclusion, "", "the leaves do not give the root that the checkpoint says: some were changed, removed or moved")
		return nil
	}
	if _, err := l.log.Leaf(ctx, c.Size); err == nil {
		l.fail(LevelInclusion, "", "there are leaves behind the %d of the checkpoint: they are not proven, or the checkpoint was set back", c.Size)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("leaf %d of the log: %w", c.Size, err)
	}
	return l.hashes(ctx)
}

// hashes compares what is stored to make proofs of with what the leaves come to, as far as they were read.
func (l *logCheck) hashes(ctx context.Context) error {
	if l.missing > 0 || len(l.stored) == 0 { // what is behind a leaf that is missing has other hashes
		return nil
	}
	at := make([]int64, len(l.stored))
	for i := range at {
		at[i] = l.compared + int64(i)
	}
	have, err := hashReader(ctx, l.log).ReadHashes(at)
	if err != nil {
		return l.read(LevelInclusion, "", "a hash of the log", err)
	}
	for i, want := range l.stored {
		if have[i] != want {
			l.fail(LevelInclusion, "", "hash %d of the log is not what its leaves come to: proofs that are made of it lead nowhere", at[i])
			break
		}
	}
	l.compared, l.stored = l.compared+int64(len(at)), l.stored[:0]
	return nil
}

// consistent checks that the log grew from the older checkpoint.
func (l *logCheck) consistent() {
	old, c := l.old, l.head
	switch {
	case old == nil:
	case old.Size > c.Size:
		l.fail(LevelConsistency, "", "the log has %d leaves, and had %d by the older checkpoint: it was set back, or this is an old copy", c.Size, old.Size)
	case l.tree.size == c.Size && l.was != old.Root:
		l.fail(LevelConsistency, "", "the first %s not give the root of the older checkpoint: what was in the log then was changed", oneOrMany(old.Size, "leaf does", "%d leaves do"))
	}
}

// complete compares the CI runs that there were with those that left evidence.
func (l *logCheck) complete() {
	for _, run := range l.o.Runs {
		if !l.ci[run] {
			l.fail(LevelInclusion, "", "the CI run %.80q has no evidence in the log: it never sent any, or it was removed", run)
		}
	}
}

func (l *logCheck) say() {
	c := l.head
	switch {
	case l.levels[LevelSignature].State != "":
	case l.bare > 0 && len(l.keys) > 0:
		l.levels[LevelSignature] = Level{State: StateUnsigned, Said: fmt.Sprintf("%d of %s unsigned", l.bare, oneOrMany(l.Runs, "1 run is", "%d runs are"))}
	case len(c.Keys) == 0 || l.bare > 0:
		l.levels[LevelSignature] = Level{State: StateUnsigned, Said: "unsigned: the ledger hangs together, and anyone could have made it"}
	default:
		by := append(l.keys, c.Keys...)
		if c.Signed != "" {
			by = append(by, c.Signed)
		}
		l.levels[LevelSignature] = signatureLevel(l.o, by, "the ledger")
	}
	l.levels[LevelRun] = Level{State: StateOK, Said: oneOrMany(l.Records, "the one record is that of its statement",
		"all %d records of "+oneOrMany(l.Runs, "1 run", "%d runs")+" are those of their statements")}
	l.levels[LevelInclusion] = Level{State: StateOK, Said: fmt.Sprintf("%s in the log %s, none is there twice, and there are no others", oneOrMany(c.Size, "the one leaf is", "all %d leaves are"), c.Origin)}
	if len(l.o.Runs) > 0 {
		l.levels[LevelInclusion] = Level{State: StateOK, Said: l.levels[LevelInclusion].Said + oneOrMany(len(l.o.Runs), "; the one CI run left evidence", "; each of the %d CI runs left evidence")}
	}
	l.levels[LevelConsistency] = Level{State: StateNone, Said: "no older checkpoint is given: keep one of today for the next time"}
	if l.old != nil {
		l.levels[LevelConsistency] = Level{State: StateOK, Said: fmt.Sprintf("the log grew from the %s of the older checkpoint to %d", oneOrMany(l.old.Size, "one leaf", "%d leaves"), c.Size)}
	}
	l.levels[LevelRules] = Level{State: StateOK, Said: "every waiver that was used was in force, and approved by somebody else who may"}
	if l.used == 0 {
		l.levels[LevelRules] = Level{State: StateOK, Said: "no waiver was used"}
	}
	if l.runs == nil || l.o.StatementsOnly {
		none := Level{State: StateNone, Said: "the log has statements and no records: verify the bundles of its runs"}
		l.levels[LevelRun], l.levels[LevelRules] = none, none
		if l.runs == nil && len(c.Keys) > 0 {
			l.levels[LevelSignature] = signatureLevel(l.o, c.Keys, "the log")
		}
	}
}

// A trail knows which records there were, by their run and what they are about. It keeps no more than a number of each.
type trail struct {
	seed  maphash.Seed
	known map[uint64]struct{}
}

func newTrail() *trail { return &trail{seed: maphash.MakeSeed(), known: map[uint64]struct{}{}} }

// about are the names of what a record is about: of a case one for each id that its finding has.
func (r *Record) about() []string {
	switch {
	case r.Decision != nil:
		ids := append([]string{r.Decision.Finding.ID}, r.Decision.Finding.IDs...)
		for i, id := range ids {
			ids[i] = "case\x00" + id + "\x00" + r.Decision.Asset.ID
		}
		return ids
	case r.Case != nil:
		return []string{"case\x00" + r.Case.Finding + "\x00" + r.Case.Asset}
	case r.Waiver != nil:
		return []string{"waiver\x00" + r.Waiver.ID}
	case r.Effect != nil:
		return []string{"effect\x00" + r.Effect.Kind + "\x00" + r.Effect.Place + "\x00" + r.Effect.Key}
	}
	if r.Epoch != nil {
		return []string{"epoch"}
	}
	return []string{"policy"}
}

func (t *trail) of(id, about string) uint64 { return maphash.String(t.seed, id+"\x00"+about) }

// see checks that the record before the one that is seen is there, earlier and on the same, and remembers this one.
func (t *trail) see(c *check, r *Record) {
	about := r.about()
	if r.Prev != "" {
		run, number, _ := strings.Cut(r.Prev, "/")
		index, err := strconv.ParseInt(number, 10, 64)
		_, wrong := parseDigest(run)
		if err != nil || wrong != nil || r.Prev != ID(run, index) {
			c.failed(LevelRules, "record %d names %.120q as the record before it, which is none", r.Index, r.Prev)
		} else if !slices.ContainsFunc(about, func(one string) bool { _, ok := t.known[t.of(r.Prev, one)]; return ok }) {
			c.failed(LevelRules, "record %d names %s as the record before it on the same: there is none earlier in the log", r.Index, r.Prev)
		}
	}
	id := ID(c.Run, r.Index)
	for _, one := range about {
		t.known[t.of(id, one)] = struct{}{}
	}
}
