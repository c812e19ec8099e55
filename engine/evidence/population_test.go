package evidence_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/headgate/headgate/engine/evidence"
)

func nothing(*evidence.RunEntry, *evidence.Line) error { return nil }

func TestAPopulationHasEveryRecordOnce(t *testing.T) {
	l := grown(t, 5, nil)
	seen := map[string]bool{}
	p, err := evidence.CountLog(t.Context(), l, l.Run, evidence.Stretch{}, func(e *evidence.RunEntry, line *evidence.Line) error {
		id := evidence.ID(e.Run, line.Index)
		if seen[id] {
			t.Errorf("%s is there twice", id)
		}
		seen[id] = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	of := int64(0)
	for _, n := range p.Kinds {
		of += n
	}
	if len(p.Runs) != 5 || p.Records != int64(len(seen)) || of != p.Records || p.Records == 0 {
		t.Errorf("%d runs, %d records, %d seen, %d by kind", len(p.Runs), p.Records, len(seen), of)
	}
}

func TestWhatIsNotWholeHasNoPopulation(t *testing.T) {
	for name, breaking := range map[string]func(*ledger){
		"a leaf is another run's": func(l *ledger) { l.leaves[2] = l.leaves[1] },
		"a run is missing":        func(l *ledger) { delete(l.runs, string(l.leaves[1][len("decision-run "):])) },
		"records are another run's": func(l *ledger) {
			l.runs[string(l.leaves[0][len("decision-run "):])] = l.runs[string(l.leaves[1][len("decision-run "):])]
		},
		"a record was removed": func(l *ledger) {
			run := string(l.leaves[3][len("decision-run "):])
			lines := strings.SplitAfter(string(unpacked(t, l.runs[run], evidence.PartRecords)), "\n")
			l.runs[run] = replaced(t, l.runs[run], evidence.PartRecords, []byte(strings.Join(lines[1:], "")))
		},
		"the last record was removed": func(l *ledger) {
			run := string(l.leaves[3][len("decision-run "):])
			lines := strings.SplitAfter(strings.TrimSuffix(string(unpacked(t, l.runs[run], evidence.PartRecords)), "\n"), "\n")
			l.runs[run] = replaced(t, l.runs[run], evidence.PartRecords, []byte(strings.Join(lines[:len(lines)-1], "")))
		},
		"the checkpoint is of fewer": func(l *ledger) {
			l.head = []byte(strings.Replace(string(l.head), "\n5\n", "\n4\n", 1))
		},
	} {
		l := grown(t, 5, nil).clone()
		breaking(l)
		if _, err := evidence.CountLog(t.Context(), l, l.Run, evidence.Stretch{}, nothing); err == nil {
			t.Errorf("%s: there is a population all the same", name)
		}
	}
}

// A stretch that begins at a checkpoint is one of the log that the checkpoint is of.
func TestAStretchIsOfTheLogThatItsCheckpointIsOf(t *testing.T) {
	l := grown(t, 3, nil)
	then, err := evidence.ParseCheckpoint(l.head, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := evidence.Stretch{From: then.Size, Known: []*evidence.Checkpoint{then}}
	if p, err := evidence.CountLog(t.Context(), l, l.Run, s, nothing); err != nil || len(p.Runs) != 0 {
		t.Errorf("the end of the log: %v, %v", p, err)
	}
	forged := *then
	forged.Root = tlog.Hash{1}
	s.Known = []*evidence.Checkpoint{&forged}
	if _, err := evidence.CountLog(t.Context(), l, l.Run, s, nothing); !errors.Is(err, evidence.ErrLog) {
		t.Errorf("another log's checkpoint: %v", err)
	}
	for _, s := range []evidence.Stretch{{From: 4}, {To: 9}, {From: 2, To: 1}} {
		if _, err := evidence.CountLog(t.Context(), l, l.Run, s, nothing); err == nil {
			t.Errorf("leaves %d to %d are not there", s.From, s.To)
		}
	}
}

func TestRunsThatAreListedAndLeftNothingAreNamedOnce(t *testing.T) {
	p := &evidence.Population{Runs: []evidence.RunEntry{{CI: &evidence.CI{Run: "1"}}, {}}}
	p.Compare([]string{"1", "2", "2", "3"})
	if !slices.Equal(p.Missing, []string{"2", "3"}) {
		t.Errorf("missing: %v", p.Missing)
	}
}

// The sample is what the documented rule says, in whatever order and how often records are offered; a larger one begins with the smaller.
func TestASampleIsThatOfTheRuleWhateverTheOrder(t *testing.T) {
	by := rand.New(rand.NewPCG(1, 2))
	var records []*evidence.Record
	for i := range 400 {
		records = append(records, &evidence.Record{Index: int64(i)})
	}
	run := evidence.Digest([]byte("a run"))
	for _, seed := range []string{"", "audit", evidence.Digest([]byte("root"))} {
		var lots []string
		for _, r := range records {
			lots = append(lots, strings.TrimPrefix(evidence.Digest(fmt.Appendf(nil, "%s %s/%d", seed, run, r.Index)), "sha256:"))
		}
		slices.Sort(lots)
		for _, size := range []int{1, 25, 399, 400, 1000} {
			s := &evidence.Sample{Seed: seed, Size: size}
			for range 2 {
				by.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
				for _, r := range records {
					s.Offer(run, r)
				}
			}
			var drawn []string
			for _, d := range s.Drawn() {
				drawn = append(drawn, d.Lot)
			}
			if !slices.Equal(drawn, lots[:min(size, len(lots))]) {
				t.Errorf("seed %q, size %d: another sample than the rule gives", seed, size)
			}
		}
	}
}

// No record is more likely than another: over many seeds each is drawn about equally often.
func TestASampleFavoursNoRecord(t *testing.T) {
	const records, size, seeds = 20, 5, 2000
	drawn := make([]int, records)
	for seed := range seeds {
		s := &evidence.Sample{Seed: fmt.Sprint(seed), Size: size}
		for i := range records {
			s.Offer("sha256:00", &evidence.Record{Index: int64(i)})
		}
		for _, d := range s.Drawn() {
			drawn[d.Index]++
		}
	}
	least, most := slices.MinFunc(drawn, cmp.Compare[int]), slices.MaxFunc(drawn, cmp.Compare[int])
	if want := seeds * size / records; least < want*8/10 || most > want*12/10 { // five deviations
		t.Errorf("records were drawn from %d to %d times, where %d are to be expected", least, most, want)
	}
}

func TestAPeriodHasTheRunsOfItsDays(t *testing.T) {
	l := grown(t, 3, nil)
	p, err := evidence.CountLog(context.Background(), l, l.Run, evidence.Stretch{Since: now.AddDate(1, 0, 0)}, nothing)
	if err != nil || len(p.Runs) != 0 || p.Outside != 3 {
		t.Errorf("a later period has %d runs, %d outside: %v", len(p.Runs), p.Outside, err)
	}
	p, err = evidence.CountLog(context.Background(), l, l.Run, evidence.Stretch{Until: now.AddDate(1, 0, 0)}, nothing)
	if err != nil || len(p.Runs) != 3 || p.Outside != 0 {
		t.Errorf("an open period has %d runs, %d outside: %v", len(p.Runs), p.Outside, err)
	}
}
