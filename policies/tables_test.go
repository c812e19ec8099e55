package policies_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
)

// Every decision table is complete, monotone and without dead outcomes, and is the one that its digest is of: a cell cannot change
// without somebody saying so.
func TestDecisionTablesAreSound(t *testing.T) {
	for _, fault := range engine.TableFaults(load(t).data) {
		t.Error(fault)
	}
}

// A published is a decision table as CERT/CC's registry has it, and where it is here. Points are in the order in which rows nest here.
type published struct {
	file, table string
	points      []publishedPoint
	outcomes    map[string]string // our words by their keys
}

// A publishedPoint is a decision point: its id there, and our words by its keys.
type publishedPoint struct {
	id    string
	words map[string]string
}

var (
	exploitation    = publishedPoint{"ssvc:E:1.1.0", map[string]string{"N": "none", "P": "poc", "A": "active"}}
	automatable     = publishedPoint{"ssvc:A:2.0.0", map[string]string{"N": "no", "Y": "yes"}}
	technicalImpact = publishedPoint{"ssvc:TI:1.0.0", map[string]string{"P": "partial", "T": "total"}}
	missionAndWell  = publishedPoint{"ssvc:MWI:1.0.0", map[string]string{"L": "low", "M": "medium", "H": "high"}}
	systemExposure  = publishedPoint{"ssvc:EXP:1.0.1", map[string]string{"S": "small", "C": "controlled", "O": "open"}}
	humanImpact     = publishedPoint{"ssvc:HI:2.0.2", map[string]string{"L": "low", "M": "medium", "H": "high", "VH": "very_high"}}
	utility         = publishedPoint{"ssvc:U:1.0.1", map[string]string{"L": "laborious", "E": "efficient", "S": "super_effective"}}
	publicSafety    = publishedPoint{"ssvc:PSI:2.0.1", map[string]string{"M": "minimal", "S": "significant"}}
	safetyImpact    = publishedPoint{"ssvc:SI:2.0.1", map[string]string{"N": "negligible", "M": "marginal", "R": "critical", "C": "catastrophic"}}
	missionImpact   = publishedPoint{"ssvc:MI:2.0.0", map[string]string{"D": "degraded", "MSC": "support_crippled", "MEF": "mef_failure", "MF": "mission_failure"}}
	valueDensity    = publishedPoint{"ssvc:VD:1.0.0", map[string]string{"D": "diffuse", "C": "concentrated"}}
	inKEV           = publishedPoint{"cisa:KEV:1.0.0", map[string]string{"N": "no", "Y": "yes"}}
	exposed         = publishedPoint{"cisa:PE:1.0.0", map[string]string{"N": "no", "Y": "yes"}}

	dsoi = map[string]string{"D": "defer", "S": "scheduled", "O": "out_of_cycle", "I": "immediate"}
)

var publishedTables = []published{
	{"cisa_coordinator_2_0_3.json", "ssvc/coordinator", []publishedPoint{exploitation, automatable, technicalImpact, missionAndWell},
		map[string]string{"T": "track", "T*": "track*", "AT": "attend", "AC": "act"}},
	{"deployer_patch_application_priority_1_0_0.json", "ssvc/deployer", []publishedPoint{exploitation, systemExposure, automatable, humanImpact}, dsoi},
	{"supplier_patch_development_priority_1_0_0.json", "ssvc/supplier", []publishedPoint{exploitation, utility, technicalImpact, publicSafety}, dsoi},
	{"human_impact_1_0_0.json", "ssvc/human_impact", []publishedPoint{safetyImpact, missionImpact}, humanImpact.words},
	{"public_safety_impact_1_0_0.json", "ssvc/public_safety_impact", []publishedPoint{safetyImpact}, publicSafety.words},
	{"utility_1_0_0.json", "ssvc/utility", []publishedPoint{automatable, valueDensity}, utility.words},
	{"cisa_bod_26_04_1_0_0.json", "bod2604/remediation", []publishedPoint{inKEV, exposed, automatable, technicalImpact},
		map[string]string{"FSU": "upgrade", "60D": "60_days", "14D": "14_days", "3D": "3_days", "3DF": "3_days_forensics"}},
}

// The tables are those that CERT/CC publishes, cell by cell and value by value.
func TestDecisionTablesAreThoseThatArePublished(t *testing.T) {
	data := load(t).data
	for _, p := range publishedTables {
		t.Run(p.table, func(t *testing.T) {
			file := readPublished(t, p.file)
			pack, name, _ := strings.Cut(p.table, "/")
			table := member(t, data, "packs", pack, "tables", name).(map[string]any)
			if id := fmt.Sprintf("%s:%s:%s", file.Namespace, file.Key, file.Version); table["id"] != id || table["version"] != file.Version {
				t.Errorf("the table says it is %v in version %v, the file is %s", table["id"], table["version"], id)
			}
			for _, row := range file.Mapping {
				var at []string
				for _, point := range p.points {
					at = append(at, point.words[row[point.id]])
				}
				want, ok := p.outcomes[row[file.Outcome]]
				if have := member(t, table["rows"], at...); !ok || have != want {
					t.Errorf("%v is %v here and %s there", at, have, row[file.Outcome])
				}
			}
			rows := 1
			for i, point := range p.points {
				rows *= len(point.words)
				sameOrder(t, file.Points[point.id].Values, point.words, member(t, table["points"].([]any)[i], "values"))
			}
			sameOrder(t, file.Points[file.Outcome].Values, p.outcomes, table["outcomes"])
			if len(file.Mapping) != rows {
				t.Errorf("the published table has %d rows, not %d", len(file.Mapping), rows)
			}
		})
	}
}

type publishedFile struct {
	Namespace, Key, Version, Outcome string

	Mapping []map[string]string
	Points  map[string]struct{ Values []publishedValue } `json:"decision_points"`
}

type publishedValue struct{ Key string }

// sameOrder compares the order of values: what is monotone hangs on it.
func sameOrder(t *testing.T, there []publishedValue, words map[string]string, here any) {
	t.Helper()
	var want []any
	for _, v := range there {
		want = append(want, words[v.Key])
	}
	if fmt.Sprint(here) != fmt.Sprint(want) {
		t.Errorf("the values are %v here and %v there", here, want)
	}
}

func readPublished(t *testing.T, name string) (file publishedFile) {
	t.Helper()
	corpus := os.Getenv("HEADGATE_CORPUS")
	if corpus == "" {
		corpus = filepath.Join("..", "..", "shared", "corpus")
	}
	text, err := os.ReadFile(filepath.Join(corpus, "ssvc", name))
	if os.IsNotExist(err) {
		t.Skip("the corpus is not here; set HEADGATE_CORPUS to its folder")
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file
}

// The days of FedRAMP's rules, as VDR-TFR-PVR prints them for each class: a row for each rating of potential agency impact, with the days
// for likely exploitable and internet-reachable, likely exploitable only, and neither.
func TestTimeFramesAreThoseThatFedRAMPPublishes(t *testing.T) {
	rows := member(t, load(t).data, "packs", "fedramp", "tables", "timeframes", "rows")
	classAB := map[string]string{"n5": "4 8 32", "n4": "8 32 64", "n3": "32 64 192", "n2": "96 160 192"}
	for class, byImpact := range map[string]map[string]string{
		"a": classAB,
		"b": classAB,
		"c": {"n5": "2 4 16", "n4": "4 8 64", "n3": "16 32 128", "n2": "48 128 192"},
		"d": {"n5": "0.5 1 8", "n4": "2 8 32", "n3": "8 16 64", "n2": "24 96 192"},
	} {
		for impact, want := range byImpact {
			var have []string
			for _, likelihood := range []string{"lev_irv", "lev_nirv", "nlev"} {
				have = append(have, fmt.Sprint(member(t, rows, class, likelihood, impact)))
			}
			if strings.Join(have, " ") != want {
				t.Errorf("class %s, %s: %v, want %s", class, impact, have, want)
			}
		}
	}
}

func member(t *testing.T, v any, at ...string) any {
	t.Helper()
	for _, name := range at {
		m, _ := v.(map[string]any)
		if v = m[name]; v == nil {
			t.Fatalf("there is no %s of %v", name, at)
		}
	}
	return v
}
