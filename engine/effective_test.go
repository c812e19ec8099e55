package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
)

// stagedRules are in force from the first of December to the end of the year.
const stagedRules = `# METADATA
# title: Blocked
# custom: {id: mine.blocked, effective_on: 2026-12-01, effective_until: "2026-12-31"}
deny contains lib.deny_firm(rego.metadata.rule()) if input.finding.kind == "vulnerability"

# METADATA
# title: Raised
# custom: {id: mine.raised, effective_on: 2026-12-01, effective_until: "2026-12-31"}
raise contains lib.raise_firm(rego.metadata.rule(), "attend") if input.finding.kind == "vulnerability"

# METADATA
# title: Capped
# custom: {id: mine.capped, effective_on: 2026-12-01, effective_until: "2026-12-31"}
cap contains lib.cap(rego.metadata.rule(), "track") if input.finding.kind == "vulnerability"

# METADATA
# title: Track star
# custom: {id: mine.always}
raise contains lib.raise(rego.metadata.rule(), "track*") if input.finding.kind == "vulnerability"

# METADATA
# title: Excused
# custom: {id: mine.excused, effective_on: 2026-12-01, effective_until: "2026-12-31"}
exempt contains lib.exempt(rego.metadata.rule(), "pass") if input.finding.kind == "vulnerability"

# METADATA
# title: Due
# custom: {id: mine.due, effective_on: 2026-12-01, effective_until: "2026-12-31"}
due contains lib.due(rego.metadata.rule(), 3, "evaluated") if input.finding.kind == "vulnerability"

# METADATA
# title: Obliged
# custom: {id: mine.obliged, effective_on: 2026-12-01, effective_until: "2026-12-31"}
oblige contains lib.oblige(rego.metadata.rule(), "notify") if input.finding.kind == "vulnerability"

# METADATA
# title: Warned
# custom: {id: mine.warned, effective_on: 2026-12-01, effective_until: "2026-12-31"}
warn contains lib.warn(rego.metadata.rule()) if input.finding.kind == "vulnerability"
`

func decidedOn(t *testing.T, p *engine.Policy, day string) engine.Decision {
	t.Helper()
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		t.Fatal(err)
	}
	cases := []engine.Case{{Input: input(engine.EventPush, engine.StatusExisting)}}
	if err := p.Decide(t.Context(), cases, at.Add(23*time.Hour)); err != nil {
		t.Fatal(err)
	}
	return cases[0].Decision
}

func TestRulesDecideOnlyOnTheDaysOnWhichTheyAreInForce(t *testing.T) {
	p := load(t, own(stagedRules), nil)
	for _, c := range []struct {
		day      string
		priority engine.Priority
		action   engine.Action
		words    string // of the deny
		next     string
	}{
		{"2026-11-30", engine.TrackStar, engine.Warn, "Blocked (blocking from 1 Dec 2026 on)", "2026-12-01"},
		{"2026-12-01", engine.Attend, engine.Block, "Blocked", "2026-12-05"}, // the day after the due date
		{"2026-12-31", engine.Attend, engine.Block, "Blocked", "2027-01-01"},
		{"2027-01-01", engine.TrackStar, engine.Warn, "Blocked (blocking until 31 Dec 2026)", ""},
	} {
		d := decidedOn(t, p, c.day)
		inForce := c.action == engine.Block
		if d.Priority != c.priority || d.Action != c.action {
			t.Errorf("on %s it is %s, %s, want %s, %s", c.day, d.Priority, d.Action, c.priority, c.action)
		}
		if d.Due.IsZero() == inForce || (len(d.Obligations) > 0) != inForce {
			t.Errorf("on %s it is due %v and obliges %v", c.day, d.Due, d.Obligations)
		}
		if have := d.NextChange.Format(time.DateOnly); have != c.next && !(c.next == "" && d.NextChange.IsZero()) {
			t.Errorf("on %s the next change is %s, want %s", c.day, have, c.next)
		}
		if len(d.Reasons) != 8 {
			t.Errorf("on %s %d reasons are listed, want all 8", c.day, len(d.Reasons))
		}
		for _, r := range d.Reasons {
			deny := r.Rule == "mine.blocked"
			if deny && r.Message != c.words {
				t.Errorf("on %s the deny says %q, want %q", c.day, r.Message, c.words)
			}
			if deny && !inForce && (r.Kind != "warn" || r.InsteadOf != "deny" || r.Firm) {
				t.Errorf("on %s the deny is %+v", c.day, r)
			}
			if want := inForce || deny || r.Rule == "mine.always"; r.InForce() != want {
				t.Errorf("on %s %s in force: %v", c.day, r.Rule, r.InForce())
			}
		}
		if e := d.Exemption(); e != nil {
			t.Errorf("on %s it is exempted by %s", c.day, e.Rule)
		}
	}
}

// The same policy is asked about other days, one after the other and back: replaying a run with its clock.
func TestDecidingAgainWithTheSameClockGivesTheSame(t *testing.T) {
	p := load(t, own(stagedRules), nil)
	first := decidedOn(t, p, "2026-11-30")
	decidedOn(t, p, "2026-12-15")
	again, fresh := decidedOn(t, p, "2026-11-30"), decidedOn(t, load(t, own(stagedRules), nil), "2026-11-30")
	for _, d := range []engine.Decision{again, fresh} {
		if d.Priority != first.Priority || d.Action != first.Action || len(d.Reasons) != len(first.Reasons) {
			t.Errorf("%+v\nbut first\n%+v", d, first)
		}
	}
}

func TestDaysThatCannotBeKeptAreRefused(t *testing.T) {
	rule := func(custom, name, head string) string {
		return "# METADATA\n# title: x\n# custom: {" + custom + "}\n" + name + " contains " + head + " if input.finding.kind == \"secret\"\n"
	}
	says := `lib.deny(rego.metadata.rule())`
	for _, c := range []struct{ rules, want string }{
		{rule("id: mine.x, effective_on: tomorrow", "deny", says), `custom.effective_on: "tomorrow" is no date; write 2026-12-31`},
		{rule("id: mine.x, effective_until: 2026-02-30", "deny", says), `custom.effective_until: "2026-02-30" is no date`},
		{rule("id: mine.x, effective_on: [2026-12-31]", "deny", says), "custom.effective_on"},
		{rule("id: mine.x, effective_on: 2026-12-31, effective_until: 2026-12-01", "deny", says), "is before custom.effective_on"},
		{rule("effective_on: 2026-12-01", "deny", `"no secrets"`), "hold nothing back"},
		{rule("effective_on: 2026-12-01", "_mine", `"x"`), "is no set"},
	} {
		if _, err := tryLoad(own(c.rules), nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\nhave %v, want %s", c.rules, err, c.want)
		}
	}
}

func TestAStepIsOpenedOnlyWhileItsRuleIsInForce(t *testing.T) {
	p := load(t, own(`# METADATA
# title: Opens
# custom: {id: mine.opens, effective_on: 2026-12-01}
opens_step contains lib.opens_step(rego.metadata.rule()) if input.finding.kind == "vulnerability"
`), nil)
	cases := []engine.Case{{Input: input(engine.EventPush, engine.StatusExisting)}}
	for day, want := range map[int]bool{30: false, 31: true} { // of November
		opens, err := p.OpensStep(t.Context(), cases, time.Date(2026, 11, day, 9, 0, 0, 0, time.UTC))
		if err != nil || opens[0] != want {
			t.Errorf("on day %d it opens: %v, %v, want %v", day, opens, err, want)
		}
	}
}
