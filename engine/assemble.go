package engine

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// A Summary is what data.main.gate sees: the run as a whole.
type Summary struct {
	Counts Counts                    `json:"counts"`
	Owners map[string]map[string]int `json:"owners"` // cases by owner, then by priority; cases without an owner are not in it
	Change RunChange                 `json:"change"`
}

// Conclude makes a result of decided cases: order, counts, the gate as a whole, and the outcome. With reportOnly nothing blocks,
// and what would have is kept. Findings is how many findings the cases are of.
func (p *Policy) Conclude(ctx context.Context, r *Result, findings int, reportOnly bool) error {
	r.Schema = ResultSchema
	r.Policy = p.info.with(r.Policy)
	r.Engine.OPA = OPAVersion()
	if reportOnly {
		for i := range r.Cases {
			r.Cases[i].Decision.OnlyReport()
		}
	}
	if n := selfSuppressed(r.Cases); n > 0 {
		r.Weakened = append(r.Weakened, fmt.Sprintf("%d"+suppressedWord, n))
	}
	slices.SortFunc(r.Cases, compareCases)
	r.Counts = p.count(r.Cases, findings, len(r.Fixed))

	var stated []*statement
	q := p.question(p.gate, p.summary(r))
	if _, _, err := p.ask(ctx, q, &stated); err != nil {
		return err
	}
	if err := p.complete(stated, q.held); err != nil {
		return err
	}
	r.Gate.Reasons = make([]Reason, 0, len(stated))
	r.Outcome = Pass
	for _, c := range r.Cases {
		r.Outcome = stricter(r.Outcome, c.Decision.Action)
	}
	for _, s := range stated {
		r.Gate.Reasons = append(r.Gate.Reasons, Reason{Stated: &s.Stated, From: s.From, Message: s.text.fill(reflect.ValueOf(Summary{}))})
		switch {
		case s.Kind == "deny" && !reportOnly:
			r.Outcome = Block
		case s.Kind == "deny", s.Kind == "warn":
			r.Outcome = stricter(r.Outcome, Warn)
		}
	}
	slices.SortFunc(r.Gate.Reasons, compareReasons)
	return nil
}

// suppressedWord ends the record of how many new cases the code itself excuses; the number stands before it.
const suppressedWord = " new suppressed in the source"

const touchedWord = " changed: it says "

// Touched is the record of what is weakened for a file that the change touches, by what the file says.
func Touched(file, says string) string { return file + touchedWord + says }

// OnlyTouched says whether a record of what is weakened is of a file that the change touches, by which it could loosen something: whether it
// does nobody has found out.
func OnlyTouched(weakened string) bool { return strings.Contains(weakened, touchedWord) }

// CountsSuppressed says whether a record of what is weakened counts what is suppressed, which Conclude notes anew.
func CountsSuppressed(weakened string) bool { return strings.HasSuffix(weakened, suppressedWord) }

// selfSuppressed counts the cases that were lowered although they are new and excused only by the code or files of the repository:
// the change under review may have brought both.
func selfSuppressed(cases []Case) int {
	n := 0
	for i := range cases {
		s := cases[i].Input.Finding.Suppression
		if s != nil && s.Status == "accepted" && s.Kind != "external" && cases[i].Input.Status() == StatusIntroduced &&
			cases[i].Decision.Exemption() != nil {
			n++
		}
	}
	return n
}

func (i PolicyInfo) with(given PolicyInfo) PolicyInfo {
	given.Digest, given.Packs = i.Digest, i.Packs
	return given
}

func stricter(a, b Action) Action {
	if b.Rank() > a.Rank() {
		return b
	}
	return a
}

// compareCases orders by urgency, then id: priority, action, due date, known exploitation, severity.
func compareCases(a, b Case) int {
	x, y := &a.Decision, &b.Decision
	return cmp.Or(
		cmp.Compare(y.Priority.Rank(), x.Priority.Rank()),
		cmp.Compare(y.Action.Rank(), x.Action.Rank()),
		CompareDue(x, y),
		cmp.Compare(exploited(&b.Input), exploited(&a.Input)),
		cmp.Compare(b.Input.Finding.Severity.Rank(), a.Input.Finding.Severity.Rank()),
		strings.Compare(a.Input.Finding.ID, b.Input.Finding.ID),
		strings.Compare(a.Input.Asset.ID, b.Input.Asset.ID),
	)
}

// CompareDue orders decisions by their due dates: the earlier first, and one without a date last.
func CompareDue(x, y *Decision) int {
	switch {
	case x.Due.IsZero() && y.Due.IsZero():
		return 0
	case x.Due.IsZero():
		return 1
	case y.Due.IsZero():
		return -1
	}
	return x.Due.Compare(y.Due)
}

// exploited is 2 for a known exploited vulnerability, else its EPSS probability, for ordering only.
func exploited(in *Input) float64 {
	i := in.Context.Intel
	switch {
	case i == nil:
	case i.KEV != nil && i.KEV.Listed:
		return 2
	case i.EPSS != nil:
		return i.EPSS.Probability
	}
	return 0
}

func (p *Policy) count(cases []Case, findings, fixed int) Counts {
	n := Counts{Findings: findings, Cases: len(cases), Fixed: fixed}
	for i := range cases {
		in, d := &cases[i].Input, &cases[i].Decision
		switch d.Priority {
		case Act:
			n.Act++
		case Attend:
			n.Attend++
		case TrackStar:
			n.TrackStar++
		default:
			n.Track++
		}
		switch d.Action {
		case Block:
			n.Block++
		case Warn:
			n.Warn++
		default:
			n.Pass++
		}
		if d.Exemption() != nil {
			n.Waived++
			n.oldestWaived(in.Context.History)
		}
		switch in.Status() {
		case StatusExisting:
			n.Existing++
		case StatusDisclosed:
			n.Disclosed++
		default:
			n.Introduced++
			if d.Priority == Act {
				n.IntroducedAct++
			}
		}
		if d.Overdue {
			n.Overdue++
		}
		n.UnknownFacts += p.unknown(in).count()
	}
	return n
}

// Status is the status of the finding in the change; one that is not known counts as introduced.
func (in *Input) Status() Status {
	if c := in.Context.Change; c != nil && c.Status != "" {
		return c.Status
	}
	return StatusIntroduced
}

func (p *Policy) summary(r *Result) *Summary {
	s := &Summary{Counts: r.Counts, Owners: map[string]map[string]int{}, Change: RunChange{Event: r.Change.Event}}
	for i := range r.Cases {
		owner := r.Cases[i].Input.Asset.Owner
		if owner == "" {
			continue
		}
		if s.Owners[owner] == nil {
			s.Owners[owner] = map[string]int{}
		}
		s.Owners[owner][string(r.Cases[i].Decision.Priority)]++
	}
	return s
}
