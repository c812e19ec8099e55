package intel_test

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/intel"
)

func yes(b bool) *bool { return &b }

func TestLookupJoinsTheCVEsOfAFinding(t *testing.T) {
	held := everything(t)
	for name, c := range map[string]struct {
		cves []string
		want *engine.Intel
	}{
		"no CVE":                {nil, nil},
		"no CVE but another id": {[]string{"GHSA-jfh8-c2jp-5v3q"}, nil},
		"one that all feeds have": {[]string{"CVE-2031-10001"}, &engine.Intel{
			KEV:  &engine.KEV{Listed: true, Added: "2026-03-02", Due: "2026-03-23", Ransomware: yes(true)},
			EPSS: &engine.EPSS{CVE: "CVE-2031-10001", Probability: 0.97565, Percentile: 0.99951, Model: "v2026.06.15"},
			SSVC: &engine.SSVC{Exploitation: "active", Automatable: "no", TechnicalImpact: "total", Source: "vulnrichment"},
		}},
		"one that only the scores have is not listed": {[]string{"CVE-2031-10004"}, &engine.Intel{
			KEV:  &engine.KEV{Listed: false},
			EPSS: &engine.EPSS{CVE: "CVE-2031-10004", Probability: 1, Percentile: 1, Model: "v2026.06.15"},
		}},
		"one that no feed has is not listed": {[]string{"CVE-2031-99999"}, &engine.Intel{KEV: &engine.KEV{Listed: false}}},
		"the earliest dates, and ransomware where any entry says so": {[]string{"CVE-2031-10002", "CVE-2029-0003", "CVE-2031-10001"}, &engine.Intel{
			KEV:  &engine.KEV{Listed: true, Added: "2025-01-05", Due: "2026-03-23", Ransomware: yes(true)},
			EPSS: &engine.EPSS{CVE: "CVE-2031-10001", Probability: 0.97565, Percentile: 0.99951, Model: "v2026.06.15"},
			SSVC: &engine.SSVC{Exploitation: "active", Automatable: "yes", TechnicalImpact: "total", Source: "vulnrichment"},
		}},
		"ransomware is not known where no entry knows": {[]string{"CVE-2031-10002", "CVE-2029-0003"}, &engine.Intel{
			KEV:  &engine.KEV{Listed: true, Added: "2025-01-05", Due: "2026-11-23"},
			EPSS: &engine.EPSS{CVE: "CVE-2031-10002", Probability: 0.03351, Percentile: 0.8765, Model: "v2026.06.15"},
			SSVC: &engine.SSVC{Exploitation: "poc", Automatable: "yes", TechnicalImpact: "partial", Source: "vulnrichment"},
		}},
		"ransomware is not known where CISA does not know": {[]string{"CVE-2031-10002", "CVE-2031-99999"}, &engine.Intel{
			KEV:  &engine.KEV{Listed: true, Added: "2026-11-20", Due: "2026-11-23"},
			EPSS: &engine.EPSS{CVE: "CVE-2031-10002", Probability: 0.03351, Percentile: 0.8765, Model: "v2026.06.15"},
			SSVC: &engine.SSVC{Exploitation: "none", Automatable: "no", TechnicalImpact: "partial", Source: "vulnrichment"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := held.Lookup(c.cves); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %s, want %s", text(got), text(c.want))
			}
		})
	}
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestFeedThatIsNotLoadedSaysNothing(t *testing.T) {
	all := everything(t)
	cve := []string{"CVE-2031-10001"}
	var none *intel.Snapshot
	for name, s := range map[string]*intel.Snapshot{"nil": none, "empty": {}} {
		if facts := s.Lookup(cve); facts != nil {
			t.Errorf("%s: %s", name, text(facts))
		}
		if from := s.Provenance(cve); from != nil {
			t.Errorf("%s: %v", name, from)
		}
		if info := s.Info(); info != (engine.IntelInfo{}) {
			t.Errorf("%s: %s", name, text(info))
		}
	}
	if facts := (&intel.Snapshot{EPSS: all.EPSS, SSVC: all.SSVC}).Lookup(cve); facts.KEV != nil {
		t.Errorf("no catalogue is loaded, but: %s", text(facts.KEV))
	}
	if facts := (&intel.Snapshot{KEV: all.KEV}).Lookup(cve); facts.EPSS != nil || facts.SSVC != nil {
		t.Errorf("only the catalogue is loaded, but: %s", text(facts))
	}
}

func TestEveryFactHasItsSource(t *testing.T) {
	got := everything(t).Provenance([]string{"CVE-2031-10001", "CVE-2029-0003"})
	want := map[string]engine.Provenance{
		"context.intel.kev":  {Source: "CISA KEV 2026.11.20", At: time.Date(2026, 11, 20, 16, 45, 47, 64800000, time.UTC)},
		"context.intel.epss": {Source: "EPSS v2026.06.15", At: time.Date(2026, 11, 20, 12, 0, 22, 0, time.UTC)},
		"context.intel.ssvc": {Source: "CISA Vulnrichment", At: time.Date(2026, 3, 5, 19, 19, 4, 0, time.UTC)},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := everything(t).Provenance([]string{"CVE-2031-99999"}); len(got) != 1 || got["context.intel.kev"].Source == "" {
		t.Errorf("that a CVE is not listed is a fact with a source, and the only one here: %v", got)
	}
}

// Invariant: neither the order of the CVEs of a finding nor that of the entries of a feed changes what is known.
func TestLookupDoesNotDependOnOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	cves := []string{"CVE-2031-10001", "CVE-2031-10002", "CVE-2029-0003", "CVE-2031-10004", "CVE-2031-99999", "GHSA-jfh8-c2jp-5v3q", "cve-2031-10001"}
	want := everything(t)
	records := strings.SplitAfter(ssvcText, "}\n")
	rows := strings.SplitAfter(strings.TrimSpace(epssText), "\n")
	rows[len(rows)-1] += "\n"
	for range 50 {
		random.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
		random.Shuffle(len(rows)-2, func(i, j int) { rows[i+2], rows[j+2] = rows[j+2], rows[i+2] })
		got := &intel.Snapshot{KEV: want.KEV, EPSS: readEPSS(t, strings.Join(rows, "")), SSVC: readPoints(t, strings.Join(records, ""))}
		some := cves[:1+random.IntN(len(cves))]
		a := want.Lookup(some)
		random.Shuffle(len(some), func(i, j int) { some[i], some[j] = some[j], some[i] })
		if b := got.Lookup(some); !reflect.DeepEqual(a, b) {
			t.Fatalf("%v: %s, then %s", some, text(a), text(b))
		}
		random.Shuffle(len(cves), func(i, j int) { cves[i], cves[j] = cves[j], cves[i] })
	}
}

// Invariant: one more CVE never makes a finding look better.
func TestAnotherCVENeverLowersWhatIsKnown(t *testing.T) {
	held := everything(t)
	rank := func(facts *engine.Intel) []int {
		r := make([]int, 5)
		if facts == nil {
			return r
		}
		index := func(v string, values ...string) int {
			for i, w := range values {
				if v == w {
					return i
				}
			}
			return -1
		}
		if facts.KEV != nil && facts.KEV.Listed {
			r[0] = 1
		}
		if facts.EPSS != nil {
			r[1] = int(facts.EPSS.Probability * 1e5)
		}
		if facts.SSVC != nil {
			r[2] = index(facts.SSVC.Exploitation, "", "none", "poc", "active")
			r[3] = index(facts.SSVC.Automatable, "", "no", "yes")
			r[4] = index(facts.SSVC.TechnicalImpact, "", "partial", "total")
		}
		return r
	}
	cves := []string{"CVE-2031-10001", "CVE-2031-10002", "CVE-2029-0003", "CVE-2031-10004", "CVE-2031-99999"}
	for set := range 1 << len(cves) {
		var some []string
		for i, cve := range cves {
			if set&(1<<i) != 0 {
				some = append(some, cve)
			}
		}
		before := rank(held.Lookup(some))
		for _, cve := range cves {
			for i, after := range rank(held.Lookup(append(some, cve))) {
				if after < before[i] {
					t.Errorf("%v and %s: %v became %v", some, cve, before, after)
				}
			}
		}
	}
}

func TestFeedThatIsOlderOrShrankDoesNotReplaceTheOneHeld(t *testing.T) {
	at := func(day int) time.Time { return time.Date(2026, 11, day, 12, 0, 0, 0, time.UTC) }
	for name, c := range map[string]struct {
		feed       intel.Feed
		next, held engine.FeedInfo
		words      string // empty: accepted
	}{
		"same":                     {intel.FeedKEV, engine.FeedInfo{Date: at(20), Entries: 1662}, engine.FeedInfo{Date: at(20), Entries: 1662}, ""},
		"newer":                    {intel.FeedKEV, engine.FeedInfo{Date: at(21), Entries: 1663}, engine.FeedInfo{Date: at(20), Entries: 1662}, ""},
		"KEV loses a few":          {intel.FeedKEV, engine.FeedInfo{Date: at(21), Entries: 1640}, engine.FeedInfo{Date: at(20), Entries: 1662}, ""},
		"KEV loses too many":       {intel.FeedKEV, engine.FeedInfo{Date: at(21), Entries: 1600}, engine.FeedInfo{Date: at(20), Entries: 1662}, "it shrank from 1662 to 1600 entries"},
		"KEV is older":             {intel.FeedKEV, engine.FeedInfo{Catalog: "2026.11.19", Date: at(19), Entries: 1662}, engine.FeedInfo{Catalog: "2026.11.20", Date: at(20), Entries: 1662}, "older than the one held: 2026.11.19"},
		"EPSS loses a twentieth":   {intel.FeedEPSS, engine.FeedInfo{Date: at(21), Entries: 342000}, engine.FeedInfo{Date: at(20), Entries: 360000}, ""},
		"EPSS loses a fifth":       {intel.FeedEPSS, engine.FeedInfo{Date: at(21), Entries: 288000}, engine.FeedInfo{Date: at(20), Entries: 360000}, "shrank"},
		"EPSS no longer has a day": {intel.FeedEPSS, engine.FeedInfo{Entries: 360000}, engine.FeedInfo{Date: at(20), Entries: 360000}, "does not say of when it is"},
		"EPSS had no day":          {intel.FeedEPSS, engine.FeedInfo{Date: at(1), Entries: 360000}, engine.FeedInfo{Entries: 360000}, ""},
		"SSVC loses a fifth":       {intel.FeedSSVC, engine.FeedInfo{Date: at(21), Entries: 80000}, engine.FeedInfo{Date: at(20), Entries: 100000}, "shrank"},
	} {
		t.Run(name, func(t *testing.T) {
			err := intel.CheckAgainst(c.feed, intel.Edition{FeedInfo: c.next}, intel.Edition{FeedInfo: c.held}, "")
			if c.words == "" && err != nil {
				t.Errorf("refused: %v", err)
			}
			if c.words != "" {
				refused(t, err, c.words)
			}
		})
	}
}
