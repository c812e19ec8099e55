package page

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine/kpi"
)

// begunAt is a source whose log begins at a time. Of weeks before, figures know nothing, as the log has it.
func begunAt(begun time.Time) *Source {
	s := ledger(60)
	s.Figures.Of.Begun = begun
	for i := range s.Figures.Series {
		for k := range s.Figures.Series[i].Points {
			if p := &s.Figures.Series[i].Points[k]; !p.At.After(begun) {
				p.Value = nil
			}
		}
	}
	for i := range s.Figures.Figures {
		f := &s.Figures.Figures[i]
		if begun.After(s.Figures.Window.Since) {
			f.Previous = nil
		}
		if f.ID == "backlog.net" && begun.After(s.Figures.Window.Since) {
			f.Value, f.Absent = nil, "the log begins within the period"
		}
	}
	return s
}

func TestWhereTheLogBeginsWithinThePeriodThereIsNoTrend(t *testing.T) {
	const tooEarly = "It is too early to say whether that gets better."
	for name, c := range map[string]struct {
		begun      time.Time
		young      bool
		basis      string
		since      string // in the chart; empty: there is none
		firstPoint string
	}{
		"today":             {now.Add(-time.Hour), true, "The log begins on 22 November 2026: of what was before, nothing is known.", "", ""},
		"some days ago":     {day(-9), true, "The log begins on 13 November 2026: of what was before, nothing is known.", "since the log began on 13 November 2026", "15 Nov 2026"},
		"within the period": {day(-45), true, "The log begins on 8 October 2026: of what was before, nothing is known.", "since the log began on 8 October 2026", "11 Oct 2026"},
		"within the period before": {day(-120), false, "23 August to 22 November 2026. The log begins on 25 July 2026: of what was before, nothing is known.",
			"since the log began on 25 July 2026", "26 Jul 2026"},
		"before both": {day(-400), false, "23 August to 22 November 2026, beside the quarter before.", "since 24 May 2026", "31 May 2026"},
	} {
		v, err := viewOf(begunAt(c.begun))
		if err != nil {
			t.Fatal(err)
		}
		lead := strings.Join(v.Lead, " ")
		if strings.Contains(lead, tooEarly) != c.young || c.young && regexp.MustCompile("sooner|longer|More was|[Hh]alf").MatchString(lead) {
			t.Errorf("%s: the lead is %q", name, lead)
		}
		if !strings.Contains(lead, "212 cases are open, 17 of them overdue.") {
			t.Errorf("%s: the lead does not say what is open: %q", name, lead)
		}
		if v.Basis != c.basis {
			t.Errorf("%s: the page is of %q, not %q", name, v.Basis, c.basis)
		}
		if c.since == "" {
			if len(v.Weeks) > 0 {
				t.Errorf("%s: one week is drawn as %d charts", name, len(v.Weeks))
			}
			continue
		}
		found := v.Weeks[0]
		if !strings.HasSuffix(found.Sub, c.since+".") || found.Table.Rows[0][0] != c.firstPoint || !strings.HasPrefix(found.Lines[0].Path, "M0.0,") {
			t.Errorf("%s: the chart is of %q, from %s, drawn %.20s", name, found.Sub, found.Table.Rows[0][0], found.Lines[0].Path)
		}
		for _, row := range found.Table.Rows {
			if strings.Contains(strings.Join(row, " "), "not known") {
				t.Errorf("%s: a week is added up of which nothing is known: %v", name, row)
			}
		}
		if above := found.Key[2].Text; (above == "what is open") != c.begun.After(day(-182)) {
			t.Errorf("%s: the distance of the lines is %s", name, above)
		}
	}
}

func TestALedgerWithoutARunSaysThatAlone(t *testing.T) {
	r := &kpi.Report{Window: quarter().Window, Previous: quarter().Previous, Of: kpi.Source{Kind: kpi.FromLedger},
		Figures: []kpi.Figure{{ID: "exposure.half_life", Name: "Exposure half-life", Absent: "no run is recorded yet"}}}
	v, err := viewOf(&Source{Now: now, Figures: r, Results: one()})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(strings.Join(v.Lead, " "), "No run is recorded yet: ") || v.Basis != "" || len(v.Unsaid)+len(v.Tiles) > 0 {
		t.Errorf("lead %q, basis %q, not said %v", v.Lead, v.Basis, v.Unsaid)
	}
}

func TestAYoungLogSaysWhatWasClosedSoFar(t *testing.T) {
	for n, want := range map[float64]string{0: "overdue. 1 proven", 1: "overdue. 1 was closed so far. 1 proven", 1200: "overdue. 1,200 were closed so far. 1 proven"} {
		s := begunAt(day(-9))
		s.Figures.Figures = append(s.Figures.Figures, kpi.Figure{ID: "backlog.closed", Value: &n})
		if v, err := viewOf(s); err != nil || !strings.Contains(v.Lead[0], want) {
			t.Errorf("the lead is %q, %v", v.Lead, err)
		}
	}
}

func TestOfAPeriodBeforeTheLogThereIsNothingToSay(t *testing.T) {
	s := begunAt(now.Add(time.Hour))
	for i := range s.Figures.Figures {
		s.Figures.Figures[i].Value, s.Figures.Figures[i].Absent = nil, "the log begins after the period"
	}
	if v, err := viewOf(s); err != nil || len(v.Lead) > 0 || v.Basis != "The log begins on 22 November 2026: of what was before, nothing is known." {
		t.Errorf("lead %q, basis %q, %v", v.Lead, v.Basis, err)
	}
}

func TestTheLeadSaysWhatIsOpen(t *testing.T) {
	for want, c := range map[string][3]float64{
		"Nothing is open.":                                                        {},
		"1 case is open, none overdue.":                                           {1},
		"1 case is open, and overdue.":                                            {1, 1},
		"1 case is open, none overdue; 1 is due within 14 days.":                  {1, 0, 1},
		"1,212 cases are open, 1,017 of them overdue; 30 are due within 14 days.": {1212, 1017, 30},
	} {
		r := &kpi.Report{}
		for i, id := range []string{"open.cases", "due.overdue", "due.next_14_days"} {
			r.Figures = append(r.Figures, kpi.Figure{ID: id, Value: &c[i]})
		}
		if have := standingWords(r); have != want {
			t.Errorf("%q, not %q", have, want)
		}
	}
	if have := standingWords(&kpi.Report{Figures: []kpi.Figure{{ID: "open.cases"}, {ID: "due.overdue"}}}); have != "" {
		t.Errorf("of what is not known it says %q", have)
	}
}

// firstRun is a source of one run, which knows neither how long things stay open nor any path.
func firstRun() *Source {
	s := begunAt(now.Add(-time.Hour))
	for _, id := range []string{"exposure.half_life", "paths.validated"} {
		f := s.Figures.Find(id, "")
		f.Value, f.Previous, f.Absent = nil, nil, "nothing shows it"
	}
	for i := range s.Figures.Survival {
		c := &s.Figures.Survival[i]
		c.Steps, c.HalfLife, c.AtDue, c.Absent = nil, nil, nil, "nothing shows it"
	}
	return s
}

// What is known stands first, and what is not is said once.
func TestWhatIsNotKnownTakesNoRoomOfWhatIs(t *testing.T) {
	s := firstRun()
	v, err := viewOf(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range v.Tiles {
		if x.Absent != "" || x.Main {
			t.Errorf("%s is a tile: %+v", x.Name, x)
		}
	}
	if len(v.Tiles) == 0 || len(v.Unsaid) != 2 {
		t.Errorf("%d tiles, and %d that are not known", len(v.Tiles), len(v.Unsaid))
	}
	if len(v.Survival)+len(v.WithoutSurvival) > 0 {
		t.Errorf("it is said again where there would be curves: %v", v.WithoutSurvival)
	}
	for _, f := range v.Figures {
		if f.Absent != "" {
			t.Errorf("%s stands among what is known: %s", f.Name, f.Absent)
		}
	}
	if len(v.Unknown) != 3 || v.Unknown[0].Term != "Exposure half-life · Validated attack paths" {
		t.Errorf("what is not known is %v", v.Unknown)
	}
	text := written(t, s)
	for _, part := range regexp.MustCompile(`<section id="(\w+)"`).FindAllStringSubmatch(text, -1) {
		if !strings.Contains(text, `<a href="#`+part[1]+`">`) {
			t.Errorf("nothing leads to the part %s", part[1])
		}
	}
	if !strings.Contains(text, "Exposure half-life: not known, as nothing shows it.") {
		t.Error("it is not said why the half-life is not known")
	}
}

func TestCurvesThatLackForOneReasonSayItOnce(t *testing.T) {
	s := ledger(5)
	for i := range s.Figures.Survival {
		if c := &s.Figures.Survival[i]; c.Priority == "attend" || c.Priority == "track*" {
			c.Steps, c.Absent = nil, "none was closed"
		}
	}
	charts, without := survival(s.Figures)
	if len(charts) != 1 || len(without) != 1 || without[0] != "Attend, track*, track: none was closed." {
		t.Errorf("%d charts, and without %q", len(charts), without)
	}
}

func TestColumnsOfWhichNothingIsKnownAreLeftOut(t *testing.T) {
	s := ledger(5)
	for i := range s.Figures.Figures {
		s.Figures.Figures[i].Previous, s.Figures.Figures[i].Target = nil, nil
	}
	if _, text, _ := strings.Cut(written(t, s), `<table class="figures">`); text == "" || strings.Contains(text, `num">before</th>`) || strings.Contains(text, `num">target</th>`) {
		t.Error("a column is empty")
	}
	if _, text, _ := strings.Cut(written(t, ledger(5)), `<table class="figures">`); !strings.Contains(text, `<th scope="col" class="num">before</th><th scope="col" class="num">target</th>`) {
		t.Error("a column is left out")
	}
}

func TestThePageClaimsOfTheLogWhatVerifyCanShow(t *testing.T) {
	for signed, want := range map[bool]string{true: "The log is signed. With the key", false: "anyone could have made them"} {
		s := ledger(5)
		s.Figures.Evidence.Signed = signed
		if text := written(t, s); !strings.Contains(text, want) || strings.Contains(text, "this shows that nothing was removed") != signed {
			t.Errorf("signed %t: it does not say %q", signed, want)
		}
	}
}

func TestOneOfAUnitIsSingular(t *testing.T) {
	for unit, want := range map[string]string{kpi.UnitFixes: "1 fix", kpi.UnitCases: "1 case", kpi.UnitDays: "1 day", kpi.UnitPaths: "1 path"} {
		if have := strings.ReplaceAll(told(1, unit), "\u00a0", " "); have != want {
			t.Errorf("%q, not %q", have, want)
		}
	}
	if have, _ := amount(.04, kpi.UnitDays); have != "0" {
		t.Errorf("a moment is %q days", have)
	}
}

func TestWeeksOnAnAxisAreAsFarApart(t *testing.T) {
	for n := 2; n <= 60; n++ {
		at := make([]time.Time, n)
		for i := range at {
			at[i] = day(7 * i)
		}
		ticks := weekTicks(at)
		if len(ticks) != min(n, 5) || ticks[0].Text != at[0].Format("2 Jan") || ticks[len(ticks)-1].Text != at[n-1].Format("2 Jan") {
			t.Fatalf("%d weeks have the ticks %v", n, ticks)
		}
		least, most := n, 0
		for k := 1; k < len(ticks); k++ {
			gap := k*(n-1)/(len(ticks)-1) - (k-1)*(n-1)/(len(ticks)-1)
			if ticks[k].Text != at[k*(n-1)/(len(ticks)-1)].Format("2 Jan") {
				t.Errorf("%d weeks: tick %d is %s", n, k, ticks[k].Text)
			}
			least, most = min(least, gap), max(most, gap)
		}
		if most-least > 1 {
			t.Errorf("%d weeks: ticks are from %d to %d weeks apart", n, least, most)
		}
	}
}

func TestTheKeyOfCurvesNamesThePeriodBeforeWhereItIsDrawn(t *testing.T) {
	key := regexp.MustCompile(`</svg>the quarter before</li>`)
	s := ledger(5)
	if !key.MatchString(written(t, s)) {
		t.Error("the curve of the period before has no key")
	}
	s.Figures.Survival = slices.DeleteFunc(s.Figures.Survival, func(c kpi.Curve) bool { return c.Period == kpi.OfPrevious })
	if key.MatchString(written(t, s)) {
		t.Error("there is a key of what is not drawn")
	}
}
