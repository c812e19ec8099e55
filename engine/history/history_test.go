package history

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// saw is a run at so many days that saw findings of a scan, and finished scans.
func saw(b *Branch, days int, finished []string, sights ...Sight) {
	r := &Run{Leaf: int64(days), At: noon.Add(time.Duration(days) * day), Scans: finished}
	for i := range sights {
		sights[i].Index = int64(i)
		b.See(r, &sights[i])
	}
	b.End(r)
}

func sight(id string, by ...string) Sight {
	return Sight{Asset: "checkout", Finding: id, SeenBy: by, Priority: "attend", Action: "warn"}
}

func TestAFindingIsOpenFromItsFirstSightToTheFirstRunThatLookedAndDidNotSeeIt(t *testing.T) {
	b := NewBranch()
	saw(b, 0, []string{"trivy"}, sight("hg1-a", "trivy"))
	saw(b, 3, []string{"trivy"}, sight("hg1-a", "trivy"))
	s := b.Find("checkout", "hg1-a", nil)
	if s.Status != Open || !s.FirstSeen.Equal(noon) || !s.LastSeen.Equal(noon.Add(3*day)) {
		t.Errorf("have %+v", s)
	}
	saw(b, 5, []string{"trivy"})
	if s = b.Find("checkout", "hg1-a", nil); s.Status != Closed || !s.Closed.Equal(noon.Add(5*day)) {
		t.Errorf("have %+v", s)
	}
	saw(b, 9, []string{"trivy"}, sight("hg1-a", "trivy"))
	s = b.Find("checkout", "hg1-a", nil)
	if s.Status != Open || !s.Closed.IsZero() || s.Reopened != 1 || !s.FirstSeen.Equal(noon) {
		t.Errorf("have %+v", s)
	}
	if f := s.Facts(noon.Add(9*day + time.Hour)); f.AgeDays != 9 || f.Reopened != 1 {
		t.Errorf("facts %+v", f)
	}
}

func TestWhatNoRunLookedForStaysOpen(t *testing.T) {
	for name, finished := range map[string][]string{
		"no scan":          nil,
		"another scan":     {"semgrep"},
		"one of two scans": {"trivy"},
	} {
		b := NewBranch()
		saw(b, 0, []string{"trivy", "grype"}, sight("hg1-a", "trivy", "grype"))
		saw(b, 1, finished)
		if s := b.Find("checkout", "hg1-a", nil); s.Status != Open {
			t.Errorf("%s: have %+v", name, s)
		}
	}
	b := NewBranch()
	saw(b, 0, []string{"trivy"}, sight("hg1-a"))
	saw(b, 1, []string{"trivy"})
	if s := b.Find("checkout", "hg1-a", nil); s.Status != Open {
		t.Errorf("whose scan nobody knows: have %+v", s)
	}
}

func TestAnAliasGroupThatGrowsStaysOneFinding(t *testing.T) {
	b := NewBranch()
	saw(b, 0, nil, sight("hg1-ghsa", "trivy"))
	saw(b, 1, nil, sight("hg1-osv", "osv"))
	b.Changed()
	grown := sight("hg1-cve", "trivy")
	grown.IDs = []string{"hg1-ghsa", "hg1-osv"}
	saw(b, 2, []string{"trivy", "osv"}, grown)
	put, gone := b.Changed()
	if len(put) != 1 || len(gone) != 2 || len(b.All()) != 1 {
		t.Fatalf("put %d, gone %d, all %d", len(put), len(gone), len(b.All()))
	}
	if s := b.Find("checkout", "hg1-osv", nil); s != put[0] || s.Finding != "hg1-cve" || !s.FirstSeen.Equal(noon) || s.Status != Open {
		t.Errorf("have %+v", s)
	}
}

func TestAClockThatGoesBackMakesNoSightLaterAndNoAgeNegative(t *testing.T) {
	b := NewBranch()
	saw(b, 5, []string{"trivy"}, sight("hg1-a", "trivy"))
	saw(b, 2, []string{"trivy"}, sight("hg1-a", "trivy"))
	s := b.Find("checkout", "hg1-a", nil)
	if !s.FirstSeen.Equal(noon.Add(2*day)) || !s.LastSeen.Equal(noon.Add(5*day)) {
		t.Errorf("have %+v", s)
	}
	saw(b, 1, []string{"trivy"})
	if s = b.Find("checkout", "hg1-a", nil); s.Closed.Before(s.LastSeen) {
		t.Errorf("closed before it was seen last: %+v", s)
	}
	if f := s.Facts(noon); f.AgeDays != 0 {
		t.Errorf("facts %+v", f)
	}
}

// What a ledger does, run by run with what it kept, and what a rebuild does, all at once, come to the same.
func TestRunByRunComesToTheSameAsAllAtOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	ids := []string{"hg1-a", "hg1-b", "hg1-c", "hg1-d"}
	for range 300 {
		whole := NewBranch()
		kept := map[string]*State{}
		for leaf := range 1 + r.IntN(8) {
			run := &Run{Leaf: int64(leaf), At: noon.Add(time.Duration(r.IntN(100)) * time.Hour)}
			for _, scan := range []string{"trivy", "grype"} {
				if r.IntN(3) > 0 {
					run.Scans = append(run.Scans, scan)
				}
			}
			var known []*State
			for _, s := range kept {
				known = append(known, s)
			}
			part := NewBranch(known...)
			for i := range r.IntN(4) {
				s := sight(ids[r.IntN(len(ids))], []string{"trivy", "grype"}[r.IntN(2)])
				s.Index, s.Waived = int64(i), r.IntN(4) == 0
				if r.IntN(4) == 0 {
					s.IDs = []string{ids[r.IntN(len(ids))]}
				}
				whole.See(run, &s)
				part.See(run, &s)
			}
			whole.End(run)
			part.End(run)
			put, gone := part.Changed()
			for _, s := range gone {
				delete(kept, s.Finding)
			}
			for _, s := range put {
				kept[s.Finding] = s
			}
		}
		all := whole.All()
		if len(all) != len(kept) {
			t.Fatalf("%d and %d states", len(all), len(kept))
		}
		for _, s := range all {
			if !reflect.DeepEqual(s, kept[s.Finding]) {
				t.Fatalf("all at once:\n%+v\nrun by run:\n%+v", s, kept[s.Finding])
			}
			if s.LastSeen.Before(s.FirstSeen) || s.Status == Closed && s.Closed.Before(s.LastSeen) {
				t.Fatalf("dates: %+v", s)
			}
			checkSpans(t, s)
		}
	}
}

// The times in which a finding was open follow each other.
func checkSpans(t *testing.T, s *State) {
	t.Helper()
	last := s.FirstSeen
	for _, p := range append(slices.Clone(s.Past), Span{Opened: s.Opened, Closed: later(s.Opened, s.Closed)}) {
		if p.Opened.Before(last) || p.Closed.Before(p.Opened) {
			t.Fatalf("%+v begins before %s, or ends before it begins: %+v", p, last, s)
		}
		last = p.Closed
	}
	if s.Status == Closed && s.Closed.Before(s.Opened) {
		t.Fatalf("closed before it was opened: %+v", s)
	}
}

func TestWhatComesBackKeepsTheTimesInWhichItWasOpen(t *testing.T) {
	b := NewBranch()
	at := func(days int) time.Time { return noon.Add(time.Duration(days) * day) }
	saw(b, 0, []string{"trivy"}, sight("hg1-a", "trivy"))
	saw(b, 3, []string{"trivy"})
	saw(b, 10, []string{"trivy"}, sight("hg1-a", "trivy"))
	saw(b, 12, []string{"trivy"}, sight("hg1-a", "trivy"))
	saw(b, 20, []string{"trivy"})
	saw(b, 21, []string{"trivy"}, sight("hg1-a", "trivy"))
	s := b.Find("checkout", "hg1-a", nil)
	if want := []Span{{at(0), at(3)}, {at(10), at(20)}}; !reflect.DeepEqual(s.Past, want) || !s.Opened.Equal(at(21)) || !s.FirstSeen.Equal(at(0)) {
		t.Errorf("have %+v", s)
	}
	for i := range 2 * mostSpans {
		saw(b, 30+2*i, []string{"trivy"})
		saw(b, 31+2*i, []string{"trivy"}, sight("hg1-a", "trivy"))
	}
	if s = b.Find("checkout", "hg1-a", nil); len(s.Past) != mostSpans || s.Reopened != 2+2*mostSpans {
		t.Errorf("%d spans of %d", len(s.Past), s.Reopened)
	}
}
