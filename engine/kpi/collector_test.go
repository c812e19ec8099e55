package kpi

import (
	"reflect"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
)

// The window of these tests is thirteen weeks to new year's day.
var (
	until = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	since = until.Add(-13 * week)
)

func ago(days float64) time.Time { return until.Add(-time.Duration(days * float64(day))) }

func collector(t *testing.T, change ...func(*Options)) *Collector {
	t.Helper()
	o := Options{At: until.Add(-time.Second), Window: Period{since, until}, Kind: FromLedger, DueDays: map[engine.Priority]float64{engine.Act: 3, engine.Attend: 14, engine.TrackStar: 60}}
	for _, do := range change {
		do(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	c.Begun(ago(400))
	return c
}

// opened is a case that was open from so many days ago to so many days ago; to 0 it is.
func opened(p engine.Priority, from, to float64) *Case {
	x := &Case{Priority: p, FirstSeen: ago(from), Spans: []Span{{From: ago(from)}}}
	if to > 0 {
		x.Spans[0].To = ago(to)
	}
	return x
}

// shows compares figures with what they should be: "-" for one that is absent.
func shows(t *testing.T, r *Report, id string, of engine.Priority, value, previous any) {
	t.Helper()
	f := r.Find(id, of)
	if f == nil {
		t.Errorf("%s %s is not there", id, of)
		return
	}
	for what, pair := range map[string][2]any{"value": {f.Value, value}, "previous": {f.Previous, previous}} {
		have := pair[0].(*float64)
		switch want := pair[1].(type) {
		case nil:
		case string:
			if have != nil {
				t.Errorf("%s %s: the %s is %v, though it cannot be known", id, of, what, *have)
			} else if what == "value" && f.Absent == "" {
				t.Errorf("%s %s is absent and does not say why", id, of)
			}
		case int:
			if have == nil || !near(*have, float64(want), 1e-6) {
				t.Errorf("%s %s: the %s is %v, not %v (%s)", id, of, what, deref(have), want, f.Absent)
			}
		case float64:
			if have == nil || !near(*have, want, 1e-6) {
				t.Errorf("%s %s: the %s is %v, not %v (%s)", id, of, what, deref(have), want, f.Absent)
			}
		}
	}
}

func deref(v *float64) any {
	if v == nil {
		return "absent"
	}
	return *v
}

func TestWhatIsKnownAsOfNowAloneIsNoFigureOfATimeBefore(t *testing.T) {
	for over, want := range map[bool]any{false: 1, true: "-"} {
		c := collector(t, func(o *Options) {
			if !over {
				o.At = until.Add(-time.Second)
			} else {
				o.At = until.Add(30 * day)
			}
		})
		accepted := opened(engine.Act, 150, 0) // was there before the period began, and nobody knows whether it was accepted then
		accepted.Waived = true
		c.Case(accepted)
		c.Fixes(1)
		c.Waivers("acme/shop", "main", []Waiver{{ID: "w", State: "used", Expires: ago(-3).Format(time.DateOnly)}})
		c.Ticket(&Ticket{Place: "jira", Key: "SEC-1", Status: "To Do", Unseen: true})
		r := c.Report()
		shows(t, r, "open.cases", "", 1, 1)
		for _, id := range []string{"waivers.cases", "waivers.ending", "waivers.unverified", "noise.fixes", "tickets.open", "tickets.unseen"} {
			shows(t, r, id, "", want, "-")
		}
		shows(t, r, "waivers.cases", engine.Act, want, "-")
		if !over {
			shows(t, r, "waivers.debt", "", 1200, "-")
		} else {
			shows(t, r, "waivers.debt", "", "-", "-")
		}
	}
}

func TestAPeriodBeforeTheLogBeganHasNoFigures(t *testing.T) {
	c := collector(t)
	c.Begun(until.Add(day))
	c.Case(&Case{Priority: engine.Act, FirstSeen: until.Add(day), Spans: []Span{{From: until.Add(day)}}})
	for _, f := range c.Report().Figures {
		if f.Value != nil || f.Absent == "" {
			t.Errorf("%s %s is %v (%q), though nothing is known of the period", f.ID, f.Priority, deref(f.Value), f.Absent)
		}
	}
}

func TestCasesAreCountedByWhatHappenedInThePeriod(t *testing.T) {
	c := collector(t)
	late := opened(engine.Act, 20, 10) // due after three days, closed after ten
	late.Due = ago(17)
	intime := opened(engine.Act, 30, 28)
	intime.Due = ago(27)
	overdue := opened(engine.Attend, 40, 0)
	overdue.Due, overdue.Owner, overdue.Criticality, overdue.Fixable = ago(26), "pay", "mission_critical", new(true)
	soon := opened(engine.Attend, 5, 0)
	soon.Due, soon.Owner, soon.Criticality, soon.Fixable = ago(-9), "web", "low", new(false)
	waived := opened(engine.Act, 50, 0)
	waived.Waived, waived.Due = true, ago(47)
	before := opened(engine.Track, 150, 100)
	for _, x := range []*Case{late, intime, overdue, soon, waived, before} {
		c.Case(x)
	}
	r := c.Report()
	shows(t, r, "open.cases", "", 3, 0)
	shows(t, r, "open.cases", engine.Attend, 2, 0)
	shows(t, r, "open.with_owner", "", 2.0/3, "-")
	shows(t, r, "open.on_critical", "", 0.5, "-")
	shows(t, r, "open.with_fix", "", 0.5, "-")
	shows(t, r, "backlog.opened", "", 5, 1)
	shows(t, r, "backlog.closed", "", 2, 1)
	shows(t, r, "backlog.net", "", 3, 0)
	shows(t, r, "due.compliance", "", 1.0/3, "-") // late, intime and overdue were due; the accepted one is not in it
	shows(t, r, "due.overdue", "", 1, 0)
	shows(t, r, "due.next_14_days", "", 1, 0)
	shows(t, r, "due.projected", "", 1, 0) // nothing that is attend was closed
	shows(t, r, "remediation.mean", "", 6, "-")
	shows(t, r, "remediation.median", "", 2, "-")
	shows(t, r, "remediation.p90", engine.Act, 10, "-")
	shows(t, r, "waivers.cases", "", 1, "-")
	shows(t, r, "waivers.debt", "", 400, "-")
	shows(t, r, "noise.actionable", "", 2, 0)
	if f := r.Find("remediation.p90", engine.Act); f.Target == nil || *f.Target != 3 {
		t.Errorf("target of act: %v", f.Target)
	}
	want := []Team{{Name: "pay", Open: 1, Urgent: 1, Overdue: 1}, {Name: "web", Open: 1, Urgent: 1, In14: 1}, {Accepted: 1}}
	if !reflect.DeepEqual(r.Teams, want) {
		t.Errorf("teams %+v", r.Teams)
	}
}

func TestAReopenedCaseHasTwoLives(t *testing.T) {
	c := collector(t)
	x := &Case{Priority: engine.Act, Spans: []Span{{ago(60), ago(50)}, {ago(20), time.Time{}}}, FirstSeen: ago(60)}
	c.Case(x)
	r := c.Report()
	shows(t, r, "backlog.opened", "", 2, 0)
	shows(t, r, "backlog.closed", "", 1, 0)
	shows(t, r, "open.cases", "", 1, 0)
	shows(t, r, "reopened.rate", "", 1, "-")
	shows(t, r, "remediation.mean", engine.Act, 10, "-")
	if r.Survival[0].N != 2 || r.Survival[0].Closed != 1 {
		t.Errorf("curve %+v", r.Survival[0])
	}
}

func TestWhatCannotBeKnownIsAbsent(t *testing.T) {
	r := collector(t).Report()
	for _, f := range r.Figures {
		if f.Value == nil && f.Absent == "" {
			t.Errorf("%s is absent and does not say why", f.ID)
		}
		if f.Value != nil && f.Unit == UnitShare {
			t.Errorf("%s of nothing is %v", f.ID, *f.Value)
		}
	}
	for _, d := range Definitions {
		if f := r.Find(d.ID, ""); f == nil && d.ID != "tickets.by_status" {
			t.Errorf("%s is defined, and not in the report", d.ID)
		}
	}
	shows(t, r, "exposure.half_life", "", "-", "-")
	shows(t, r, "gate.latency", "", "-", "-")

	c := collector(t, func(o *Options) { o.Kind = FromResult })
	c.Begun(time.Time{})
	c.Case(&Case{Priority: engine.Act, Due: ago(2)})
	r = c.Report()
	shows(t, r, "open.cases", "", 1, "-")
	shows(t, r, "due.overdue", engine.Act, 1, "-")
	shows(t, r, "exposure.half_life", "", "-", "-")
	shows(t, r, "backlog.opened", "", "-", "-")
	shows(t, r, "gate.block_rate", "", "-", "-")
	if len(r.Survival)+len(r.Series) > 0 {
		t.Errorf("a result has %d curves and %d series", len(r.Survival), len(r.Series))
	}
}

func TestAPeriodBeforeTheLogBeganIsNotKnown(t *testing.T) {
	c := collector(t)
	c.Begun(ago(30))
	c.Case(opened(engine.Act, 20, 10))
	r := c.Report()
	shows(t, r, "backlog.opened", "", 1, "-")
	shows(t, r, "backlog.closed", "", 1, "-")
	shows(t, r, "open.cases", "", 0, "-")
	for _, id := range []string{"backlog.net", "backlog.capacity"} { // what the first run found is no growth
		shows(t, r, id, "", "-", "-")
		if why := r.Find(id, "").Absent; why != begunWithin {
			t.Errorf("%s is absent as %s", id, why)
		}
	}
	for _, s := range r.Series {
		for _, p := range s.Points {
			if known := p.At.After(ago(30)); known != (p.Value != nil) {
				t.Errorf("%s of %s: known %v", s.ID, p.At, p.Value != nil)
			}
		}
	}
	c = collector(t)
	c.Begun(ago(120)) // within the period before
	r = c.Report()
	shows(t, r, "backlog.opened", "", 0, "-")
	shows(t, r, "backlog.net", "", 0, "-")
	shows(t, r, "open.cases", "", 0, 0)
	c = collector(t)
	c.Begun(since) // as the window does
	shows(t, c.Report(), "backlog.net", "", 0, "-")
}

func TestTheBacklogOfEachWeekIsThatOfTheWeekBeforeAndWhatCameAndWent(t *testing.T) {
	c := collector(t)
	c.Case(opened(engine.Act, 300, 0))     // before both periods
	c.Case(opened(engine.Attend, 300, 90)) // closed in the window's first week
	c.Case(opened(engine.Act, 91, 0))      // on the border: the window has it
	c.Case(opened(engine.Act, 10, 3))
	x := opened(engine.Act, 30, 1)
	x.Due = ago(27)
	c.Case(x)
	accepted := opened(engine.Act, 300, 0)
	accepted.Due, accepted.Waived = ago(27), true // never overdue
	c.Case(accepted)
	r := c.Report()
	by := map[string][]Point{}
	for _, s := range r.Series {
		if s.Of == "" {
			by[s.ID] = s.Points
		}
	}
	if n := len(by["open"]); n != 26 {
		t.Fatalf("%d weeks", n)
	}
	for i := 1; i < 26; i++ {
		if *by["open"][i].Value != *by["open"][i-1].Value+*by["opened"][i].Value-*by["closed"][i].Value {
			t.Errorf("week %d: %v open after %v", i, *by["open"][i].Value, *by["open"][i-1].Value)
		}
	}
	if *by["open"][0].Value != 3 || *by["open"][13].Value != 3 || *by["open"][25].Value != 3 || !by["open"][25].At.Equal(until) {
		t.Errorf("open %v, %v, %v", *by["open"][0].Value, *by["open"][13].Value, *by["open"][25].Value)
	}
	for i, want := range map[int]float64{20: 0, 21: 0, 22: 1, 24: 1, 25: 0} {
		if have := *by["overdue"][i].Value; have != want {
			t.Errorf("overdue at the end of week %d: %v, not %v", i, have, want)
		}
	}
	shows(t, r, "open.cases", "", int(*by["open"][25].Value), int(*by["open"][12].Value))
}

func TestTimesInOtherZonesCountAsTheSameMoments(t *testing.T) {
	zone := time.FixedZone("far", 14*3600)
	a, b := collector(t), collector(t)
	x := opened(engine.Act, 20.3, 10.1)
	a.Case(x)
	y := opened(engine.Act, 20.3, 10.1)
	y.Spans[0] = Span{y.Spans[0].From.In(zone), y.Spans[0].To.In(zone)}
	b.Case(y)
	if !reflect.DeepEqual(a.Report(), b.Report()) {
		t.Error("the zone of a time makes another report")
	}
}

func TestATeamSeesItsCasesAlone(t *testing.T) {
	c := collector(t, func(o *Options) { o.Team = "pay" })
	mine, other := opened(engine.Act, 5, 0), opened(engine.Act, 5, 0)
	mine.Owner, other.Owner = "pay", "web"
	c.Case(mine)
	c.Case(other)
	r := c.Report()
	shows(t, r, "open.cases", "", 1, 0)
	shows(t, r, "gate.runs", "", "-", "-")
	shows(t, r, "paths.validated", "", "-", "-")
}

func TestALedgerWithoutARunHasNoFigure(t *testing.T) {
	c := collector(t)
	c.begun = time.Time{}
	r := c.Report()
	if len(r.Series) > 0 {
		t.Errorf("it has %d series", len(r.Series))
	}
	for _, f := range r.Figures {
		if f.Value != nil || f.Previous != nil || f.Absent == "" {
			t.Errorf("%s is %v, before %v, and absent as %q", f.ID, f.Value, f.Previous, f.Absent)
		}
	}
}

func TestAPeriodThatIsNoneIsAnError(t *testing.T) {
	for name, p := range map[string]Period{"backwards": {until, since}, "empty": {until, until}, "endless": {time.Time{}, until}, "future": {since, until.Add(time.Hour)}} {
		if _, err := New(Options{At: until, Window: p}); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestManyTeamsAreBounded(t *testing.T) {
	c := collector(t)
	for i := range mostTeams + 100 {
		x := opened(engine.Track, 5, 0)
		x.Owner = time.Duration(i).String()
		c.Case(x)
	}
	r := c.Report()
	sum := 0
	for _, team := range r.Teams {
		sum += team.Open
	}
	if len(r.Teams) != listTeams+1 || sum != mostTeams+100 || len(c.teams) > mostTeams+1 {
		t.Errorf("%d teams with %d cases, %d kept", len(r.Teams), sum, len(c.teams))
	}
}
