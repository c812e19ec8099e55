package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine/evidence"
)

// An evidenceSource is a bundle or a ledger, read run by run.
type evidenceSource struct {
	name   string
	log    ledgerReader // nil: a bundle
	bundle evidence.Run // nil: a ledger
}

// openEvidence opens a bundle or ledger.
func (a *app) openEvidence(ctx context.Context, name string) (*evidenceSource, func(), error) {
	if !isLedger(name) {
		b, done, err := openBundle(name)
		if err != nil {
			return nil, nil, err
		}
		return &evidenceSource{name: name, bundle: b}, done, nil
	}
	l, err := a.ledgerToRead(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	return &evidenceSource{name: name, log: l}, func() { _ = l.Close() }, nil
}

// run is the run of a digest.
func (s *evidenceSource) run(ctx context.Context, digest string) (evidence.Run, error) {
	if s.bundle != nil {
		return s.bundle, nil
	}
	return s.log.Run(ctx, digest)
}

// count counts the population of a stretch; of a bundle all of it.
func (s *evidenceSource) count(ctx context.Context, within evidence.Stretch, visit evidence.Visit) (*evidence.Population, error) {
	if s.bundle != nil {
		return evidence.CountRun(ctx, s.bundle, visit)
	}
	return evidence.CountLog(ctx, s.log, s.log.Run, within, visit)
}

// stretchFlags say which part of a ledger is meant.
type stretchFlags struct{ from, to string }

func (f *stretchFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.from, "from", "", "where it begins: a `checkpoint` (file, or the number of leaves then), or the first day, 2026-07-01")
	c.Flags().StringVar(&f.to, "to", "", "where it ends: a `checkpoint` (file, or the number of leaves then), or the last day, 2026-09-30")
}

// stretch reads what the flags say.
func (f *stretchFlags) stretch() (s evidence.Stretch, err error) {
	read := func(flag, text string, leaves *int64, day *time.Time, add int) error {
		if text == "" {
			return nil
		}
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= 0 {
			*leaves = n
			return nil
		}
		if t, err := time.Parse(time.DateOnly, text); err == nil {
			*day = t.AddDate(0, 0, add)
			return nil
		}
		data, err := readAtMost(text, mostSettings)
		if err != nil {
			return setup(fmt.Errorf("%s %s: it is neither a day, nor a number of leaves, nor a checkpoint: %w", flag, text, plain(err)), "")
		}
		c, err := evidence.ParseCheckpoint(data, nil)
		if err != nil {
			return setup(fmt.Errorf("%s %s: %w", flag, text, err), "")
		}
		*leaves, s.Known = c.Size, append(s.Known, c)
		return nil
	}
	if err = read("--from", f.from, &s.From, &s.Since, 0); err == nil {
		err = read("--to", f.to, &s.To, &s.Until, 1)
	}
	if err == nil && f.to != "" && s.To == 0 && s.Until.IsZero() {
		err = setup(errors.New("--to 0: nothing is in a log of no leaves"), "")
	}
	return s, err
}

// checkOutput refuses a format that a command does not have.
func checkOutput(format string, known ...string) error {
	for _, k := range known {
		if k == format {
			return nil
		}
	}
	return setup(fmt.Errorf("-o %q is no format", format), "it can be "+strings.Join(known, ", "))
}

// unread makes an error of reading evidence one of the command.
func unread(name string, err error) error {
	if f := (*failure)(nil); errors.As(err, &f) {
		return err
	}
	return undecided(fmt.Errorf("%s: %w", name, plain(err)), "")
}

// A paper is text for people, written in lines that fit.
type paper struct {
	strings.Builder
	width int
}

func (a *app) paper() *paper { return &paper{width: a.reportOptions().Width} }

// para writes a sentence, behind an indent, in as many lines as it needs.
func (p *paper) para(indent int, format string, args ...any) {
	lead := strings.Repeat(" ", indent)
	for _, line := range wrapped(printable(fmt.Sprintf(format, args...)), max(p.width-indent, 20)) {
		p.WriteString(lead + noCommand(line) + "\n")
	}
}

// noCommand breaks what a line begins with if a workflow's runner would take it for a command.
func noCommand(line string) string {
	if rest, ok := strings.CutPrefix(line, "::"); ok {
		return ":·" + rest
	}
	return line
}

// field writes a name and, beside it, what it is.
func (p *paper) field(indent, column int, name, format string, args ...any) {
	head := strings.Repeat(" ", indent) + name
	for _, line := range wrapped(printable(fmt.Sprintf(format, args...)), max(p.width-column, 20)) {
		fmt.Fprintf(p, "%-*s%s\n", column, head, noCommand(line))
		head = ""
	}
}

func (p *paper) to(w io.Writer) error {
	_, err := io.WriteString(w, p.String())
	return err
}

// find finds what an id means: a run, with the index -1, or a record of it. Of a ledger, the latest run that has it.
func (s *evidenceSource) find(ctx context.Context, id string) (evidence.Run, int64, error) {
	if s.bundle != nil {
		digest, err := evidence.DigestOf(ctx, s.bundle)
		if err != nil {
			return nil, 0, err
		}
		if isRunName(id) && strings.HasPrefix(digest, id) {
			return s.bundle, -1, nil
		}
		index, err := findRecord(ctx, s.bundle, id)
		return s.bundle, index, err
	}
	head, err := s.log.Head(ctx)
	if err != nil || head == nil {
		return nil, 0, errors.Join(err, errNoRecord)
	}
	c, err := evidence.ParseCheckpoint(head, nil)
	if err != nil {
		return nil, 0, err
	}
	named, _, ofRun := strings.Cut(id, "/")
	for at := c.Size - 1; at >= 0; at-- {
		leaf, err := s.log.Leaf(ctx, at)
		if err != nil {
			return nil, 0, err
		}
		digest, err := evidence.ParseLeaf(leaf)
		if err != nil {
			return nil, 0, err
		}
		if isRunName(named) && !strings.HasPrefix(digest, named) {
			continue
		}
		run, err := s.log.Run(ctx, digest)
		if err != nil {
			return nil, 0, err
		}
		if isRunName(named) && !ofRun {
			return run, -1, nil
		}
		if index, err := findRecord(ctx, run, id); !errors.Is(err, errNoRecord) {
			return run, index, err
		}
	}
	return nil, 0, errNoRecord
}

// isRunName says whether a text is the digest of a run, or the start of it that is long enough to mean one.
func isRunName(text string) bool {
	digits, ok := strings.CutPrefix(text, "sha256:")
	return ok && len(digits) >= 8 && len(digits) <= 64 && strings.Trim(digits, "0123456789abcdef") == ""
}

// shortRun is enough of a digest to name a run to the other commands, and shortID to name a record of it.
func shortRun(digest string) string { return digest[:min(len(digest), len("sha256:")+12)] }

func shortID(id string) string {
	run, index, _ := strings.Cut(id, "/")
	return shortRun(run) + "/" + index
}
