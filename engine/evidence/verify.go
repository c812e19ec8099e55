package evidence

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// VerifyBundle verifies a folder by itself: signature, run and rules. Its error is that something could not be read.
func VerifyBundle(ctx context.Context, files fs.FS, o Options) (*Verification, error) {
	_, v, err := OpenVerified(ctx, files, o)
	return v, err
}

// OpenVerified opens a bundle and verifies it as VerifyBundle does. The bundle is the very one that was verified, whatever becomes of the files
// meanwhile: it knows the digest of each, and reads no other. Nil: it cannot be opened, which the verification says.
func OpenVerified(ctx context.Context, files fs.FS, o Options) (*Bundle, *Verification, error) {
	b, err := OpenBundle(files)
	if err != nil {
		v := &Verification{Schema: VerificationSchema, Of: "bundle"}
		if p := (*fs.PathError)(nil); errors.As(err, &p) && !errors.Is(err, fs.ErrNotExist) {
			return nil, nil, err
		}
		v.fail(LevelRun, "", "%s", oneLine(err))
		v.settle(nil)
		return nil, v, nil
	}
	v, err := VerifyRun(ctx, b, o)
	if err != nil {
		return nil, nil, err
	}
	if others := b.others(); others != "" {
		v.note("beside the evidence there is %s, of which nothing is proven", others)
	}
	return b, v, nil
}

// VerifyRun verifies a run, whoever keeps it, by itself. Its error is that something could not be read.
func VerifyRun(ctx context.Context, run Run, o Options) (*Verification, error) {
	v := &Verification{Schema: VerificationSchema, Of: "bundle"}
	c, err := v.run(ctx, run, &o)
	if err != nil {
		return nil, err
	}
	levels := map[int]Level{LevelInclusion: {State: StateNone, Said: "a bundle alone is in no log: verify the ledger, or a receipt"},
		LevelConsistency: {State: StateNone, Said: "a bundle alone is in no log"}}
	c.levels(levels, &o)
	v.settle(levels)
	return v, nil
}

// A check is the verification of one run.
type check struct {
	*Verification
	run  Run
	o    *Options
	name string // of the run in failures: empty where there is only one

	keys  []string
	says  *Statement
	terms *Terms

	records   int64
	decisions int
	counts    Counts
	erased    int
	rules     *rules
	trail     *trail // of the runs before it in a ledger; nil: they are not known
}

// run verifies the levels of one run.
func (v *Verification) run(ctx context.Context, run Run, o *Options) (*check, error) {
	c := &check{Verification: v, run: run, o: o}
	return c, c.all(ctx)
}

func (c *check) all(ctx context.Context) error {
	if err := c.statement(ctx); err != nil || c.says == nil {
		return err
	}
	c.Runs++
	if c.o.StatementsOnly {
		return nil
	}
	for _, step := range []func(context.Context) error{c.documents, c.summaries, c.lines, c.policy} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if c.rules != nil {
		c.rules.conclude(c)
	}
	return nil
}

func (c *check) failed(level int, format string, args ...any) { c.fail(level, c.name, format, args...) }

// levels says what came of the levels that are a run's own.
func (c *check) levels(levels map[int]Level, o *Options) {
	levels[LevelSignature] = signatureLevel(o, c.keys, "the bundle")
	var p *Predicate
	if c.says != nil {
		p = &c.says.Predicate
	}
	levels[LevelRun] = runLevel(p, c.records)
	levels[LevelRules] = Level{State: StateOK, Said: "every waiver that was used was in force, and approved by somebody else who may"}
	if c.rules == nil || c.rules.used == 0 {
		levels[LevelRules] = Level{State: StateOK, Said: "no waiver was used"}
	}
	if c.says == nil {
		levels[LevelRun] = Level{State: StateNone, Said: "not checked: what the run says is not known"}
		levels[LevelRules] = levels[LevelRun]
	}
}

// statement reads who says what.
func (c *check) statement(ctx context.Context) error {
	data, err := Document(ctx, c.run, PartStatement)
	if err != nil {
		if err = c.read(LevelSignature, c.name, "the statement ("+PartStatement+")", err); err != nil || len(data) == 0 {
			return err
		}
	}
	e, err := OpenEnvelope(data, c.o.Key)
	if err != nil {
		c.failed(LevelSignature, "the statement is not proven: %v", err)
	}
	if e == nil {
		return nil
	}
	s, err := ReadStatement(e.Payload)
	if err != nil {
		c.failed(LevelSignature, "the statement says nothing that can be understood: %v", err)
		return nil
	}
	c.keys, c.says = e.Keys, s
	c.Run, c.Says = Digest(e.Payload), &s.Predicate
	return nil
}

// ReadStatement reads the payload of a run's envelope.
func ReadStatement(payload []byte) (*Statement, error) {
	s := &Statement{}
	if err := decode(payload, s); err != nil {
		return nil, err
	}
	p := &s.Predicate
	switch _, err := parseDigest(p.Tree.Root); {
	case s.Type != StatementType:
		return nil, fmt.Errorf("it is of type %.80q", s.Type)
	case s.PredicateType != RunPredicate:
		return nil, fmt.Errorf("it is about %.120q, and not a run", s.PredicateType)
	case err != nil:
		return nil, fmt.Errorf("root: %w", err)
	case p.Tree.Size < 0 || p.Tree.Size > mostLeaves:
		return nil, fmt.Errorf("a tree has no %d records", p.Tree.Size)
	case len(s.Subject) == 0 || s.Subject[0].Name != PartRecords:
		return nil, fmt.Errorf("its first subject is not the records")
	}
	return s, nil
}

// summaries compares the summaries of artifacts with the statement.
func (c *check) summaries(ctx context.Context) error {
	about := c.says.Subject[1:]
	data, err := Document(ctx, c.run, PartSummaries) // whole, so that damage is told from what somebody made
	if errors.Is(err, fs.ErrNotExist) {
		data = nil
	} else if err != nil {
		return c.read(LevelSignature, c.name, PartSummaries, err)
	}
	n := 0
	for line := range bytes.Lines(data) {
		e, err := OpenEnvelope(bytes.TrimSuffix(line, []byte("\n")), c.o.Key)
		if err != nil {
			c.failed(LevelSignature, "the summary of an artifact is not proven: %v", err)
			return nil
		}
		s := &Summary{}
		if err := decode(e.Payload, s); err != nil {
			c.failed(LevelSignature, "the summary of an artifact says nothing that can be understood: %v", err)
			return nil
		}
		if n >= len(about) || !summarises(s, &c.says.Predicate, about[n], c.Run) {
			c.failed(LevelRun, "the summary %d is of another run or artifact, or has another outcome: it was exchanged", n)
			return nil
		}
		n++
	}
	// A run that must not block vouches for nothing; what happened without a gate neither.
	if c.terms != nil && !c.terms.Settings.ReportOnly && c.says.Predicate.Outcome != "" && n < len(about) {
		c.failed(LevelRun, "there are summaries of %d artifacts, and the run was about %d: some were removed", n, len(about))
	}
	return nil
}

// summarises says whether a summary is the one of an artifact in a run.
func summarises(s *Summary, p *Predicate, about Subject, run string) bool {
	want := summaryOf(p, about, run)
	have, err := encode(s.Subject)
	wanted, wrong := encode(want.Subject)
	return err == nil && wrong == nil && string(have) == string(wanted) && s.Type == want.Type && s.PredicateType == want.PredicateType &&
		s.Predicate.VerificationResult == want.Predicate.VerificationResult && s.Predicate.TimeVerified.Equal(p.At) &&
		slices.Equal(s.Predicate.VerifiedLevels, want.Predicate.VerifiedLevels) && s.Predicate.ResourceURI == about.Name &&
		maps.Equal(s.Predicate.Policy.Digest, want.Predicate.Policy.Digest) && len(s.Predicate.InputAttestations) == 1 &&
		maps.Equal(s.Predicate.InputAttestations[0].Digest, want.Predicate.InputAttestations[0].Digest)
}

// documents compares terms and result with the statement.
func (c *check) documents(ctx context.Context) error {
	p := &c.says.Predicate
	if cov := &p.Coverage; cov.Decisions != cov.Cases || cov.Errors != 0 {
		c.failed(LevelRun, "%d cases came to %d decisions and %d errors: the run was not whole", cov.Cases, cov.Decisions, cov.Errors)
	}
	data, err := Document(ctx, c.run, PartTerms)
	if err != nil {
		return c.read(LevelRun, c.name, PartTerms, err)
	}
	if !c.same(PartTerms, Digest(data), p.Terms) {
		return nil
	}
	terms, err := ReadTerms(data)
	if err != nil {
		c.failed(LevelRun, "%v", err)
		return nil
	}
	if c.terms = terms; terms.Policy.Digest != p.Policy && p.Policy != "" || !terms.At.Equal(p.At) || terms.Epoch != p.Epoch {
		c.failed(LevelRun, "the terms are of another policy, time or epoch than the statement: they were exchanged")
	}
	c.rules = newRules(terms)
	if p.Result == "" {
		return nil
	}
	return c.document(ctx, PartResult, p.Result)
}

// policy compares the policy's content with the terms.
func (c *check) policy(ctx context.Context) error {
	if c.terms == nil {
		return nil
	}
	return c.document(ctx, PartPolicy, c.terms.Policy.Content)
}

// document reads a part, of which nothing is kept, that has to have a digest.
func (c *check) document(ctx context.Context, name, digest string) error {
	r, err := c.run.Part(ctx, name)
	if err != nil {
		return c.read(LevelRun, c.name, name, err)
	}
	defer r.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, io.LimitReader(r, mostDocument+1))
	if err == nil && n > mostDocument {
		err = &Damage{name, "is larger than it can be"}
	}
	if err != nil {
		return c.read(LevelRun, c.name, name, err)
	}
	c.same(name, hashText(tlog.Hash(sum.Sum(nil))), digest)
	return nil
}

// same says whether a part has the digest that it has to have.
func (c *check) same(name, have, want string) bool {
	if have != want {
		c.failed(LevelRun, "%s is not the one that the run was made with: it was changed or exchanged", name)
	}
	return have == want
}

// lines compares records, inputs and answers with the tree and with each other.
func (c *check) lines(ctx context.Context) error {
	inputs, stop := iter.Pull2(digestsOf(ctx, c.run, PartInputs, true))
	defer stop()
	answers, stopAnswers := iter.Pull2(digestsOf(ctx, c.run, PartAnswers, false))
	defer stopAnswers()
	known := map[tlog.Hash]bool{}
	var t tree
	c.o.progress(int(c.says.Predicate.Tree.Size), 0)
	for r, err := range records(ctx, c.run) {
		if err != nil {
			return c.read(LevelRun, c.name, PartRecords, err)
		}
		if t.size%batchSize == batchSize-1 {
			c.o.progress(0, batchSize)
		}
		if t.size >= c.says.Predicate.Tree.Size {
			c.failed(LevelRun, "there are more records than the %d of the statement: some were added", c.says.Predicate.Tree.Size)
			return nil
		}
		t.add(r.hash)
		if ok, err := c.record(r, t.size-1, inputs, answers, known); err != nil || !ok {
			return err
		}
	}
	c.records = t.size
	c.Records += t.size
	return c.ends(&t, inputs, answers)
}

// record checks one record; it is false if the others make no sense after it.
func (c *check) record(r *readRecord, index int64, inputs, answers func() (lineDigest, error, bool), known map[tlog.Hash]bool) (bool, error) {
	switch {
	case r.err != nil:
		c.failed(LevelRun, "record %d cannot be understood: %v", index, r.err)
		return false, nil
	case r.Index != index:
		c.failed(LevelRun, "record %d stands in the place of record %d: records were removed, added or moved", r.Index, index)
		return false, nil
	case r.Terms != c.says.Predicate.Terms || !r.At.Equal(c.says.Predicate.At):
		c.failed(LevelRun, "record %d was made under other terms or at another time: it is of another run", index)
		return false, nil
	}
	if c.rules != nil {
		c.rules.see(c, &r.Record)
	}
	if c.trail != nil {
		c.trail.see(c, &r.Record)
	}
	d := r.Decision
	if d == nil {
		return true, nil
	}
	c.count(d)
	if ok, err := c.next(inputs, r.input, PartInputs, index); !ok || err != nil {
		return false, err
	}
	if r.wrong != nil {
		c.failed(LevelRun, "record %d: the answer: %v", index, r.wrong)
		return false, nil
	}
	if known[r.answer] {
		return true, nil
	}
	known[r.answer] = true
	return c.next(answers, r.answer, PartAnswers, index)
}

// next compares the next line of a part with the digest that a record names.
func (c *check) next(lines func() (lineDigest, error, bool), digest tlog.Hash, part string, index int64) (bool, error) {
	line, err, ok := lines()
	switch {
	case !ok:
		c.failed(LevelRun, "%s ends before record %d: what was decided on is missing, and nothing says that it was erased", part, index)
		return false, nil
	case err != nil:
		return false, c.read(LevelRun, c.name, part, err)
	case line.digest != digest:
		c.failed(LevelRun, "%s does not have what record %d was made of in its place: it was changed, removed or moved", part, index)
		return false, nil
	}
	if line.erased {
		c.erased++
	}
	return true, nil
}

// ends checks that nothing is missing at the end, and nothing behind it.
func (c *check) ends(t *tree, inputs, answers func() (lineDigest, error, bool)) error {
	p := &c.says.Predicate
	for part, lines := range map[string]func() (lineDigest, error, bool){PartInputs: inputs, PartAnswers: answers} {
		if _, err, more := lines(); err != nil {
			if err := c.read(LevelRun, c.name, part, err); err != nil {
				return err
			}
		} else if more {
			c.failed(LevelRun, "%s has lines that no record is made of: some were added", part)
		}
	}
	switch {
	case t.size != p.Tree.Size:
		c.failed(LevelRun, "there are %d records, and the statement has %d: some were removed", t.size, p.Tree.Size)
	case hashText(t.root()) != p.Tree.Root:
		c.failed(LevelRun, "the records do not give the root that the statement says: some were changed or exchanged")
	case c.decisions != p.Coverage.Decisions || c.counts != p.Counts:
		c.failed(LevelRun, "the statement counts other decisions than the records have")
	}
	if c.erased > 0 {
		c.note("%s be decided again; that they were decided on stays proven", oneOrMany(c.erased, "1 input was erased: its decisions cannot", "%d inputs were erased: their decisions cannot"))
	}
	return nil
}

// count counts a decision.
func (c *check) count(d *Decision) {
	c.decisions++
	n := &c.counts
	if at := d.Priority.Rank(); at >= 0 {
		*[]*int{&n.Track, &n.TrackStar, &n.Attend, &n.Act}[at]++
	}
	if at := d.Action.Rank(); at >= 0 {
		*[]*int{new(int), &n.Warn, &n.Block}[at]++
	}
	if d.ExemptedBy != "" {
		n.Waived++
	}
}
