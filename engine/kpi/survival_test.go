package kpi

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// living are lives that all are watched from their beginning.
func living(closed, left []int) *lives {
	l := newLives()
	for _, t := range closed {
		l.entered[0]++
		l.closed[t]++
	}
	for _, t := range left {
		l.entered[0]++
		l.left[t]++
	}
	return l
}

// Freireich and others, 1963: weeks in remission, with 6-mercaptopurine and with placebo. What everyone who estimates survival is held against.
var (
	sixMP   = living([]int{6, 6, 6, 7, 10, 13, 16, 22, 23}, []int{6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35})
	placebo = living([]int{1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23}, nil)
)

func near(a, b, within float64) bool { return math.Abs(a-b) <= within }

func TestTheCurveOfFreireichsPatientsIsTheOneThatIsPublished(t *testing.T) {
	want := []Step{{Days: 6, Share: 0.857, AtRisk: 21}, {Days: 7, Share: 0.807, AtRisk: 17}, {Days: 10, Share: 0.753, AtRisk: 15}, {Days: 13, Share: 0.690, AtRisk: 12},
		{Days: 16, Share: 0.627, AtRisk: 11}, {Days: 22, Share: 0.538, AtRisk: 7}, {Days: 23, Share: 0.448, AtRisk: 6}}
	have := sixMP.estimate()
	if len(have) != len(want) {
		t.Fatalf("%d steps: %+v", len(have), have)
	}
	for i, w := range want {
		if h := have[i]; h.Days != w.Days || h.AtRisk != w.AtRisk || !near(h.Share, w.Share, 0.0006) {
			t.Errorf("step %d: have %+v, want %+v", i, h, w)
		}
	}
	// R's survfit(conf.type = "log-log") gives 0.620 to 0.952 at 6 and 0.188 to 0.680 at 23.
	if h := have[0]; !near(h.Low, 0.620, 0.001) || !near(h.High, 0.952, 0.001) {
		t.Errorf("the band at 6 is %v to %v", h.Low, h.High)
	}
	if h := have[6]; !near(h.Low, 0.188, 0.001) || !near(h.High, 0.680, 0.001) {
		t.Errorf("the band at 23 is %v to %v", h.Low, h.High)
	}
	if half := firstAtMost(have, 0.5, func(s Step) float64 { return s.Share }); half == nil || *half != 23 {
		t.Errorf("half-life %v", half)
	}
	if half := firstAtMost(placebo.estimate(), 0.5, func(s Step) float64 { return s.Share }); half == nil || *half != 8 {
		t.Errorf("half-life of placebo %v", half)
	}
}

// The test of the two groups is published as χ² = 16.79, p = 4.17e-5.
func TestTheLogRankOfFreireichsGroupsIsTheOneThatIsPublished(t *testing.T) {
	if p := logRank(sixMP, placebo); p == nil || !near(*p, 4.17e-5, 2e-7) {
		t.Errorf("p = %v", p)
	}
	if p, q := logRank(sixMP, placebo), logRank(placebo, sixMP); !near(*p, *q, 1e-12) {
		t.Errorf("p depends on the order: %v, %v", *p, *q)
	}
	if p := logRank(sixMP, sixMP); p == nil || !near(*p, 1, 1e-9) {
		t.Errorf("against itself p = %v", p)
	}
	if p := logRank(newLives(), newLives()); p != nil {
		t.Errorf("of nothing p = %v", *p)
	}
}

func TestACurveOnlyFallsAndStaysInItsBand(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	epoch := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	within := Period{epoch.Add(100 * day), epoch.Add(200 * day)}
	for range 200 {
		l := newLives()
		for range r.IntN(60) {
			s := Span{From: epoch.Add(time.Duration(r.IntN(250*24)) * time.Hour)}
			if r.IntN(2) == 0 {
				s.To = s.From.Add(time.Duration(r.IntN(150*24)) * time.Hour)
			}
			l.watch(s, within)
		}
		last := 1.0
		l.atRisk(func(at, risk, closed int) {
			if risk < closed {
				t.Fatalf("on day %d %d of %d are closed", at, closed, risk)
			}
		})
		for _, s := range l.estimate() {
			if s.Share > last || s.Share < 0 || s.Low > s.Share+1e-9 || s.High < s.Share-1e-9 || s.Low < 0 || s.High > 1 || math.IsNaN(s.Low+s.High) {
				t.Fatalf("step %+v after %v", s, last)
			}
			last = s.Share
		}
	}
}

func TestALifeCountsOnlyWhileItIsWatched(t *testing.T) {
	epoch := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	within := Period{epoch.Add(100 * day), epoch.Add(200 * day)}
	at := func(days float64) time.Time { return epoch.Add(time.Duration(days * 24 * float64(time.Hour))) }
	for name, c := range map[string]struct {
		life                 Span
		entered, closed, out int // -1: not at all
	}{
		"closed before it began":               {Span{at(1), at(99)}, -1, -1, -1},
		"opened after it ended":                {Span{at(201), time.Time{}}, -1, -1, -1},
		"opened before and closed in it":       {Span{at(90), at(110)}, 10, 20, -1},
		"opened in it and closed 2.5 days on":  {Span{at(110), at(112.5)}, 0, 3, -1},
		"opened and closed in one moment":      {Span{at(110), at(110)}, 0, 1, -1},
		"open to the end":                      {Span{at(190.5), time.Time{}}, 0, -1, 9},
		"closed after it ended":                {Span{at(90), at(300)}, 10, -1, 110},
		"open for less than a day of it":       {Span{at(199.5), time.Time{}}, -1, -1, -1},
		"closed on the day on which it began":  {Span{at(99.9), at(100)}, 0, 1, -1},
		"closed before it was opened (clocks)": {Span{at(110), at(108)}, 0, 1, -1},
	} {
		l := newLives()
		l.watch(c.life, within)
		for what, m := range map[string]struct {
			have map[int]int
			want int
		}{"entered": {l.entered, c.entered}, "closed": {l.closed, c.closed}, "left": {l.left, c.out}} {
			if m.want < 0 && len(m.have) > 0 || m.want >= 0 && m.have[m.want] != 1 {
				t.Errorf("%s: %s %v, want %d", name, what, m.have, m.want)
			}
		}
	}
}
