package report

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/headgate/headgate/engine"
)

// MaxResultBytes is the largest result file that is read.
const MaxResultBytes = 1 << 30

// ReadResult reads a result file. It is strict, since what is read may come from a run that somebody else controls: it refuses
// another schema or version, an unknown or doubled field, a word that is not of the contract, counts that do not add up, and an
// outcome milder than its cases or its gate. It does not check the decisions: only deciding again does.
func ReadResult(r io.Reader) (*engine.Result, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxResultBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > MaxResultBytes {
		return nil, fmt.Errorf("a result file of more than %d bytes", MaxResultBytes)
	}
	if len(strings.TrimSpace(string(data[:min(len(data), 1024)]))) == 0 {
		return nil, errors.New("the file is empty: no result was written")
	}
	var head struct {
		Schema any `json:"schema"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("not a result file: %w", reason(err))
	}
	if head.Schema != engine.ResultSchema {
		return nil, wrongSchema(head.Schema)
	}
	result := new(engine.Result)
	if err := json.Unmarshal(data, result, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("not a valid result file: %w", reason(err))
	}
	if err := check(result); err != nil {
		return nil, fmt.Errorf("not a valid result file: %w", err)
	}
	return result, nil
}

func wrongSchema(have any) error {
	s, ok := have.(string)
	switch {
	case !ok || s == "":
		return fmt.Errorf("not a result file: it does not say \"schema\": %q", engine.ResultSchema)
	case s == engine.FindingsSchema:
		return errors.New("these are findings, not a result: nothing has been decided yet; run headgate gate on the reports")
	case strings.HasPrefix(s, "headgate.result/"):
		return fmt.Errorf("a result file of another version (%s): this headgate reads %s", cutEnd(clean(s), 40), engine.ResultSchema)
	}
	return fmt.Errorf("not a result file: its schema is %q", cutEnd(clean(s), 80))
}

// reason is an error of the JSON library in words for whoever wrote the file: the place in it, without Go types.
func reason(err error) error {
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		return fmt.Errorf("%s%w at byte %d", pointer(syntax.JSONPointer), syntax.Err, syntax.ByteOffset)
	}
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		if semantic.Err != nil {
			return fmt.Errorf("%s%w", pointer(semantic.JSONPointer), semantic.Err)
		}
		return fmt.Errorf("%sa JSON %s does not belong here", pointer(semantic.JSONPointer), semantic.JSONKind)
	}
	return err
}

// pointer is a place in a document, before what is said of it. Keys of the document are hostile, and it can be deep.
func pointer(p jsontext.Pointer) string {
	if p == "" {
		return ""
	}
	return cutMiddle(clean(string(p)), 100) + ": "
}

// check refuses what no run writes.
func check(r *engine.Result) error {
	if r.Outcome.Rank() < 0 {
		return fmt.Errorf("outcome %q", r.Outcome)
	}
	if !slices.Contains(engine.Events, r.Change.Event) {
		return fmt.Errorf("change: event %q", r.Change.Event)
	}
	if r.Now.IsZero() {
		return errors.New("no time of the run (now)")
	}
	var n engine.Counts
	for i := range r.Cases {
		if err := checkCase(&r.Cases[i]); err != nil {
			return fmt.Errorf("case %d: %w", i, err)
		}
		d := &r.Cases[i].Decision
		n.Cases++
		*[]*int{&n.Track, &n.TrackStar, &n.Attend, &n.Act}[d.Priority.Rank()]++
		*[]*int{&n.Pass, &n.Warn, &n.Block}[d.Action.Rank()]++
	}
	have := engine.Counts{
		Cases: r.Counts.Cases, Track: r.Counts.Track, TrackStar: r.Counts.TrackStar, Attend: r.Counts.Attend, Act: r.Counts.Act,
		Pass: r.Counts.Pass, Warn: r.Counts.Warn, Block: r.Counts.Block,
	}
	if have != n {
		return errors.New("its counts are not those of its cases: the file was changed or cut")
	}
	if err := checkPlan(r); err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	return checkOutcome(r, n)
}

// checkOutcome refuses an outcome milder than what the cases (n) and the gate as a whole come to. A deny of the gate blocks, or, where
// the run says that it was report-only, warns.
func checkOutcome(r *engine.Result, n engine.Counts) error {
	reportOnly := slices.Contains(r.Weakened, "report-only")
	denies, warns := 0, 0
	for i := range r.Gate.Reasons {
		switch g := &r.Gate.Reasons[i]; {
		case g.Kind == "deny":
			denies++
		case g.Kind == "warn":
			warns++
		case kindOrder(g.Kind) == len(kinds):
			return fmt.Errorf("gate: kind %q of the reason of rule %q", g.Kind, g.Rule)
		}
	}
	milder := func(than engine.Action) bool { return r.Outcome.Rank() < than.Rank() }
	switch {
	case n.Block > 0 && milder(engine.Block):
		return fmt.Errorf("outcome %s, though %s", r.Outcome, count(n.Block, "case blocks", "cases block"))
	case denies > 0 && milder(engine.Block) && !reportOnly:
		return fmt.Errorf("outcome %s, though the gate denies for %s", r.Outcome, count(denies, "reason", "reasons"))
	case n.Warn > 0 && milder(engine.Warn):
		return fmt.Errorf("outcome %s, though %s", r.Outcome, count(n.Warn, "case warns", "cases warn"))
	case denies+warns > 0 && milder(engine.Warn):
		return fmt.Errorf("outcome %s, though the gate denies or warns for %s", r.Outcome, count(denies+warns, "reason", "reasons"))
	}
	return nil
}

var (
	findingKinds = []engine.Kind{engine.KindVulnerability, engine.KindWeakness, engine.KindSecret, engine.KindMisconfiguration, engine.KindLicense}
	statuses     = []engine.Status{"", engine.StatusIntroduced, engine.StatusExisting, engine.StatusDisclosed}
)

func checkCase(c *engine.Case) error {
	f, d := &c.Input.Finding, &c.Decision
	switch {
	case f.ID == "":
		return errors.New("a finding without an id")
	case !slices.Contains(findingKinds, f.Kind):
		return fmt.Errorf("kind %q of the finding", f.Kind)
	case d.Priority.Rank() < 0:
		return fmt.Errorf("priority %q", d.Priority)
	case d.Action.Rank() < 0:
		return fmt.Errorf("action %q", d.Action)
	case d.WouldHave != nil && d.WouldHave.Rank() < 0:
		return fmt.Errorf("would_have %q", *d.WouldHave)
	case !slices.Contains(statuses, status(c)):
		return fmt.Errorf("status %q", status(c))
	}
	for i := range d.Reasons {
		switch r := &d.Reasons[i]; {
		case kindOrder(r.Kind) == len(kinds):
			return fmt.Errorf("kind %q of the reason of rule %q", r.Kind, r.Rule)
		case (r.Kind == "raise" || r.Kind == "cap") && r.To.Rank() < 0:
			return fmt.Errorf("to %q of the reason of rule %q", r.To, r.Rule)
		case r.Kind == "exempt" && r.AtMost.Rank() < 0:
			return fmt.Errorf("at_most %q of the reason of rule %q", r.AtMost, r.Rule)
		}
	}
	return nil
}
