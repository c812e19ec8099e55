package page

import (
	"strings"
	"testing"

	"github.com/headgate/headgate/engine/kpi"
)

func TestAPageWithoutAChangeThatWasJudgedSaysNothingOfTheGate(t *testing.T) {
	for name, runs := range map[string]*float64{"none": new(0.0), "not known": nil} {
		s := ledger(5)
		s.Figures.Find("gate.runs", "").Value = runs
		if v, err := viewOf(s); err != nil || v.Gate != nil {
			t.Errorf("%s: %+v, %v", name, v.Gate, err)
		}
	}
}

func TestTheGateIsToldByWhatIsKnownOfIt(t *testing.T) {
	v, err := viewOf(ledger(5))
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, x := range v.Gate.Tiles {
		told = append(told, x.Name+" "+x.Value+" "+x.Unit)
	}
	if have, want := strings.Join(told, "; "), "Changes judged 340 runs; Blocked 11 %; Time to unblock 3.2 hours; Gate latency 0.84 seconds; Gate latency, 95th percentile 12 seconds"; have != want {
		t.Errorf("have %s, want %s", have, want)
	}
	latency := v.Gate.Charts[1]
	if row := strings.Join(latency.Table.Rows[7], ", "); !strings.HasSuffix(row, ", not known, not known") {
		t.Errorf("a week of which nothing is known is %s", row)
	}
	if row := strings.Join(latency.Table.Rows[0], ", "); !strings.HasSuffix(row, ", 2, 0.8") {
		t.Errorf("the first week is %s", row)
	}
	if path := latency.Lines[1].Path; strings.Count(path, "M") != 2 {
		t.Errorf("the line is not broken where a week is not known: %s", path)
	}
	s := ledger(5)
	for i := range s.Figures.Series {
		for j := range s.Figures.Series[i].Points {
			if j > 0 {
				s.Figures.Series[i].Points[j].Value = nil // one week alone makes no line
			}
		}
	}
	if v, err := viewOf(s); err != nil || len(v.Gate.Charts) > 0 {
		t.Errorf("of one week %d charts are drawn, %v", len(v.Gate.Charts), err)
	}
}

func TestTheLeadSaysWhetherItBecomesMoreWhereTheHalfLifeIsNotKnown(t *testing.T) {
	for net, want := range map[float64]string{3607: "More was found than closed: 3,607 cases more in 91 days.", -1: "More was closed than found: 1 case fewer in 91 days.", 0: "As much was closed as found."} {
		s := ledger(5)
		s.Figures.Find("exposure.half_life", "").Value = nil
		s.Figures.Find("backlog.net", "").Value = &net
		if v, err := viewOf(s); err != nil || !strings.HasPrefix(strings.Join(v.Lead, " "), want) {
			t.Errorf("the lead is %q, not %q, %v", v.Lead, want, err)
		}
	}
}

func TestTheLineOfManyTeamsTakesNoColourFromTheOthers(t *testing.T) {
	teams := make([]kpi.Team, mostTeams, mostTeams+1)
	for i := range teams {
		teams[i] = kpi.Team{Name: string(rune('a' + i)), Overdue: 9 - i}
	}
	rows, left := heat(append(teams, kpi.Team{Teams: 40, Overdue: 4000}))
	if left != 1 || rows[0].Cells[0].Class != "h4" {
		t.Errorf("%d are left, and the most overdue is %s", left, rows[0].Cells[0].Class)
	}
}
