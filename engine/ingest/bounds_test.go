package ingest

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
)

// The lists here would take minutes if each entry were looked for among those before it.
func TestLongListsOfOneFindingAreReadInTime(t *testing.T) {
	const many = 300_000
	list := make([]string, many)
	for i := range list {
		list[i] = "1.0." + strconv.Itoa((i*7919)%many)
	}
	p := &engine.Package{Ecosystem: "npm"}
	setFixed(p, append(list, list...)...)
	if len(p.Fixed) != many {
		t.Errorf("%d versions fix it, want %d", len(p.Fixed), many)
	}

	var all []engine.CVSS
	for i := range many {
		all = addCVSS(all, engine.CVSS{Version: "3.1", Score: float64(i%100) / 10, Source: strconv.Itoa(i)}, true)
	}
	if len(all) != mostCVSS || !hasScore(all, 9.9) || hasScore(all, 0.1) {
		t.Errorf("%d assessments are kept: %v", len(all), all)
	}
}

func hasScore(all []engine.CVSS, score float64) bool {
	for _, c := range all {
		if c.Score == score {
			return true
		}
	}
	return false
}

func TestFixesOfManyRangesAreFoundInTime(t *testing.T) {
	many := times(2_000, 20_000)
	var a osvAffected
	a.Package.is.Name = "x"
	for i := range many { // [0.i.0, 0.i.5) and what covers every tenth of their ends
		a.Ranges = append(a.Ranges, osvRange{Type: "SEMVER", Events: list[osvEvent]{
			{Introduced: word(fmt.Sprintf("0.%d.0", i))}, {Fixed: word(fmt.Sprintf("0.%d.5", i))}}})
		if i%10 == 0 {
			a.Ranges = append(a.Ranges, osvRange{Type: "SEMVER", Events: list[osvEvent]{
				{Introduced: word(fmt.Sprintf("0.%d.5", i))}, {Fixed: word(fmt.Sprintf("0.%d.9", i))}}})
		}
	}
	e := &osvEntry{}
	e.Affected = list[osvAffected]{a}
	if got := len(fixesOf("npm", "x", []*osvEntry{e})); got != many {
		t.Errorf("%d versions fix it, want %d", got, many)
	}
}

// The order in which ranges are swept says what comparing each fix with each range says.
func TestSweepingRangesSaysWhatComparingAllSays(t *testing.T) {
	for seed := range 300 {
		var entries []*osvEntry
		var spans []osvSpan
		next := seed*7919 + 1
		number := func(n int) int { next = (next*1103515245 + 12345) & 0x7fffffff; return next / 65536 % n }
		for range 1 + number(5) {
			var a osvAffected
			a.Package.is.Name = "x"
			for range 1 + number(4) {
				s := osvSpan{fmt.Sprintf("1.%d.0", number(6)), fmt.Sprintf("1.%d.0", number(8))}
				switch number(6) {
				case 0:
					s.introduced = "0"
				case 1:
					s.introduced = ""
				case 2:
					s.fixed = "none"
				}
				spans = append(spans, s)
				a.Ranges = append(a.Ranges, osvRange{Type: "SEMVER", Events: list[osvEvent]{{Introduced: word(s.introduced)}, {Fixed: word(s.fixed)}}})
			}
			e := &osvEntry{}
			e.Affected = list[osvAffected]{a}
			entries = append(entries, e)
		}
		want := map[string]bool{}
		for _, s := range spans {
			covered := false
			for _, o := range spans {
				above := o.open() || ordering("npm", o.introduced, s.fixed) <= 0
				covered = covered || s.fixed != "none" && o.fixed != "none" && above && ordering("npm", s.fixed, o.fixed) < 0
			}
			if !covered {
				want[s.fixed] = true
			}
		}
		got := map[string]bool{}
		for _, v := range fixesOf("npm", "x", entries) {
			got[v] = true
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%v are fixed by %v, want %v", spans, got, want)
		}
	}
}

func TestARunThatKeepsTooMuchIsRefused(t *testing.T) {
	const head = `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"`
	for name, doc := range map[string]string{
		"rules":       head + `,"rules":[{}` + strings.Repeat(",{}", mostKept) + `]}},"results":[]}]}`,
		"artifacts":   head + `}},"artifacts":[{}` + strings.Repeat(",{}", mostKept) + `],"results":[]}]}`,
		"invocations": head + `}},"invocations":[{}` + strings.Repeat(",{}", mostKept) + `],"results":[]}]}`,
	} {
		if _, err := Read("x", strings.NewReader(doc), Options{}); err == nil || !strings.Contains(err.Error(), "in one run") {
			t.Errorf("%s: %v", name, err)
		}
	}
	two := `{"version":"2.1.0","runs":[` + strings.Repeat(`{"tool":{"driver":{"name":"x","rules":[{"id":"a"}`+strings.Repeat(`,{}`, mostKept/2)+`]}},"results":[]},`, 2)
	if _, err := Read("x", strings.NewReader(strings.TrimSuffix(two, ",")+"]}"), Options{}); err != nil {
		t.Errorf("two runs that keep half as much: %v", err)
	}
}
