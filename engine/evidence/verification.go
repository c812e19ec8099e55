package evidence

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// VerificationSchema names the version of what `headgate evidence verify -o json` writes.
const VerificationSchema = "headgate.verification/1"

// The levels of verification: what is proven rests on all levels below.
const (
	LevelSignature   = 1 // who says so
	LevelRun         = 2 // the run is whole: records, inputs, policy and terms are those of the statement
	LevelInclusion   = 3 // the run is in the log
	LevelConsistency = 4 // the log only grew
	LevelRules       = 5 // waivers were asked for, approved and used as the rules say
)

// levelNames are what the levels are about, by level.
var levelNames = [...]string{"", "signature", "run", "inclusion", "consistency", "rules"}

// The states of a level.
const (
	StateOK       = "ok"
	StateFailed   = "failed"
	StateUnsigned = "unsigned"    // there is no signature: integrity only
	StateUnproven = "not_checked" // there is one, and no key to check it with
	StateNone     = "none"        // there is nothing to check: a bundle alone is in no log
)

// A Verification is what came of verifying a bundle, receipt or ledger.
type Verification struct {
	Schema   string     `json:"schema"`
	Of       string     `json:"of"`               // bundle, receipt or ledger
	Failed   int        `json:"failed,omitempty"` // the lowest level that failed; absent: none did
	Levels   []Level    `json:"levels"`
	Failures []Failure  `json:"failures"`        // by level, run and what they say, at most mostFailures of them
	More     int        `json:"more,omitempty"`  // failures that are not listed
	Notes    []string   `json:"notes,omitempty"` // what is no failure and should be known
	Run      string     `json:"run,omitempty"`   // of a bundle or receipt: the digest of its statement
	Says     *Predicate `json:"says,omitempty"`  // what that statement says; believe it as far as the levels go
	Log      *LogState  `json:"log,omitempty"`   // of a ledger, or of a receipt that has a log
	Runs     int64      `json:"runs"`            // that were verified
	Records  int64      `json:"records"`         // that were verified

	broken [LevelRules + 1]bool // the levels that failed, also those whose failures are not listed
}

// A Level is what came of one level.
type Level struct {
	Level int    `json:"level"`
	Name  string `json:"name"`
	State string `json:"state"`
	Said  string `json:"said"` // in a sentence, what that means
}

// A Failure is something that does not hold.
type Failure struct {
	Level int    `json:"level"`
	Said  string `json:"said"`          // in a sentence, what it means
	Run   string `json:"run,omitempty"` // of a ledger: the run that it is about
}

// A LogState is a log as its checkpoint says.
type LogState struct {
	Origin string `json:"origin"`
	Size   int64  `json:"size"`
	Root   string `json:"root"`

	Checkpoint string `json:"checkpoint"` // its text: kept, it is what the log must have grown from the next time
}

// Options say what to verify against.
type Options struct {
	Key  *Key     // nil: signatures are not checked
	Old  []byte   // an older checkpoint of the log; nil: none
	Runs []string // ids of the CI runs that there were; nil: not known

	// StatementsOnly says that a log's runs have no part but their statement, as where the log is on a git ref: what the statements rest on
	// is not verified then.
	StatementsOnly bool

	// Sweeps works out what was open after each sweep of a ledger, says how many sweeps there are, and where their manifests say otherwise. It is
	// asked once all else holds. Nil: what sweeps say of themselves is not verified.
	Sweeps func(ctx context.Context) (sweeps int, problems []string, err error)

	// Progress is told how work comes along: how many more there are to verify, and how many are done. Of one run these are records, of a
	// log with several its runs. Nil: nobody asks.
	Progress func(more, done int)
}

// progress tells whoever asks.
func (o *Options) progress(more, done int) {
	if o.Progress != nil {
		o.Progress(more, done)
	}
}

// mostFailures bounds the failures that are listed.
const mostFailures = 50

func (v *Verification) fail(level int, run, format string, args ...any) {
	if v.Failed == 0 || level < v.Failed {
		v.Failed = level
	}
	v.broken[level] = true
	one := Failure{Level: level, Said: fmt.Sprintf(format, args...), Run: run}
	at, _ := slices.BinarySearchFunc(v.Failures, one, compareFailures)
	v.Failures = slices.Insert(v.Failures, at, one)
	if len(v.Failures) > mostFailures {
		v.Failures = v.Failures[:mostFailures]
		v.More++
	}
}

// compareFailures orders failures in the same way whichever was found first: parts of a run are verified side by side.
func compareFailures(a, b Failure) int {
	return cmp.Or(cmp.Compare(a.Level, b.Level), strings.Compare(a.Run, b.Run), strings.Compare(a.Said, b.Said))
}

func (v *Verification) note(format string, args ...any) {
	said := fmt.Sprintf(format, args...)
	if len(v.Notes) < mostFailures && !slices.Contains(v.Notes, said) {
		v.Notes = append(v.Notes, said)
	}
}

// read notes why something could not be read. What was damaged or is missing fails the level; anything else is an error of whoever reads,
// and proves nothing.
func (v *Verification) read(level int, run, what string, err error) error {
	var d *Damage
	switch {
	case errors.As(err, &d):
		v.fail(level, run, "%s: it is not what was written", d.Error())
	case errors.Is(err, fs.ErrNotExist):
		v.fail(level, run, "%s is missing", what)
	default:
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// settle says of each level what came of it. States are those of levels that did not fail.
func (v *Verification) settle(said map[int]Level) {
	for l := LevelSignature; l <= LevelRules; l++ {
		level, ok := said[l]
		if !ok {
			level = Level{State: StateNone, Said: "there is nothing to check"}
		}
		level.Level, level.Name = l, levelNames[l]
		if v.broken[l] {
			level.State, level.Said = StateFailed, failedMeans[l]
		}
		v.Levels = append(v.Levels, level)
	}
	if v.Failures == nil {
		v.Failures = []Failure{}
	}
}

// failedMeans say what a failed level means, by level.
var failedMeans = [...]string{"",
	"it is not proven who made this: nothing of it can be relied on",
	"what is here is not what was decided: records or what they rest on were changed, removed, added or moved",
	"it is not in the log that the checkpoint stands for",
	"the log is not the one of the older checkpoint with more behind it: it was rewritten, forked or set back",
	"a waiver was used against the rules on who may accept a risk, or what a record follows is not in the log",
}

// signatureLevel says what is known of signatures. By are the keys that they name.
func signatureLevel(o *Options, by []string, what string) Level {
	switch {
	case len(by) == 0:
		return Level{State: StateUnsigned, Said: "unsigned: " + what + " hangs together, and anyone could have made it"}
	case o.Key == nil:
		return Level{State: StateUnproven, Said: fmt.Sprintf("signed, as it says by the key %.80s, which was not checked: no key is given", by[0])}
	}
	by = slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(by))), func(name string) bool { return o.Key.named(name) == nil }) // checkpoints are signed in the name of their log
	if len(by) == 0 {
		by = []string{o.Key.fingerprints()}
	}
	return Level{State: StateOK, Said: "signed by the key " + strings.Join(by, " and ")}
}

// runLevel says what a whole run means.
func runLevel(p *Predicate, records int64) Level {
	said := oneOrMany(records, "the one record is that of the statement, and none is missing",
		"all %d records are those of the statement, in its order, and none is missing")
	if p != nil && p.Outcome == engine.Block {
		said += "; the gate blocked"
	}
	return Level{State: StateOK, Said: said}
}

// oneOrMany is what is said of one, or of so many.
func oneOrMany[N int | int64](n N, one, many string) string {
	if n == 1 {
		return one
	}
	return fmt.Sprintf(many, n)
}
