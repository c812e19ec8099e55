//go:build unix

package store

import (
	"reflect"
	"testing"

	"modernc.org/sqlite"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
)

// crowd is how many cases stand of which a survey has nothing to say.
const crowd = 20_000

// reads counts what a survey's transaction has read so far: the rows of tables and indexes, where the server counts them, else the pages.
func reads(t *testing.T, v *Survey) (n int) {
	t.Helper()
	if file, ok := v.t.(*sqliteTransaction); ok {
		err := file.c.Raw(func(c any) error {
			for _, op := range []sqlite.DBStatusOp{sqlite.DBStatusCacheHit, sqlite.DBStatusCacheMiss} {
				of, _, err := c.(sqlite.DBStatus).Status(op, false)
				if err != nil {
					return err
				}
				n += of
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	query := `SELECT CAST(sum(pg_stat_get_xact_tuples_returned(oid)) AS BIGINT) FROM pg_class WHERE relkind IN ('r', 'i') AND relnamespace = current_schema()::regnamespace`
	if _, err := one(t.Context(), v.t, query, nil, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// gather copies a case of which nothing changes to a crowd of them, on the same asset and with the same CVEs, and has the server look at how
// many there are now, as it does by itself after a while.
func gather(t *testing.T, l *Ledger, finding string) {
	t.Helper()
	err := l.db.update(t.Context(), func(tx transaction) error {
		var columns string
		for _, c := range stateColumns[len(stateKey):] {
			columns += ", " + c
		}
		err := tx.exec(t.Context(), `INSERT INTO finding_state (repository, branch, asset, finding`+columns+`)
			WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
			SELECT repository, branch, asset, finding || '-' || CAST(i AS TEXT)`+columns+` FROM finding_state, n WHERE finding = $2`, crowd, finding)
		if _, file := tx.(*sqliteTransaction); err == nil && !file {
			err = tx.exec(t.Context(), "ANALYZE finding_state")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What a survey costs goes by what it finds, and not by what is open: a sweep of millions of cases asks all of this every night.
func TestASurveyReadsLittleOfWhatIsOpen(t *testing.T) {
	onEach(t, func(t *testing.T, where string, l *Ledger) {
		with := func(id, asset, cve string) evidence.Decision {
			d := found(id, 0)
			d.Asset.ID, d.Finding.CVEs = asset, []string{cve}
			return d
		}
		changing := with("hg1-2", "shop", "CVE-2026-0002")
		changing.NextChange, changing.Waivers = morning, []string{"w"}
		reports := []engine.Report{trivy}
		still := []evidence.Decision{with("hg1-1", "office", "CVE-2026-0001"), with("hg1-3", "office", "CVE-2026-0003")}
		appending(t, l, sketch{at: morning, branch: "still", reports: reports, findings: still}.run(t))
		appending(t, l, sketch{at: morning, branch: "main", reports: reports, findings: []evidence.Decision{changing}}.run(t))
		gather(t, l, "hg1-1")
		place := Place{Repository: "acme/shop", Branch: "main", Asset: "shop", Finding: "hg1-2"}
		candidates := func(all []Candidate, err error) (int, error) { return len(all), err }
		questions := map[string]struct {
			ask  func(*Survey) (int, error)
			want int
		}{
			"Size":      {func(v *Survey) (int, error) { n, err := v.Size(); return int(n), err }, 2},
			"Sweeps":    {func(v *Survey) (int, error) { all, err := v.Sweeps(); return len(all), err }, 0},
			"Runs":      {func(v *Survey) (int, error) { all, err := v.Runs(); return len(all), err }, 2},
			"Scanned":   {func(v *Survey) (int, error) { all, err := v.Scanned(); return len(all), err }, 2},
			"Terms":     {func(v *Survey) (int, error) { of, err := v.Terms(1); return len(of.Reports), err }, 1},
			"Count":     {func(v *Survey) (int, error) { n, err := v.Count(""); return int(n), err }, 3}, // as the last runs left it
			"CVEs":      {func(v *Survey) (int, error) { all, err := v.CVEs(); return len(all), err }, 3},
			"OfCVEs":    {func(v *Survey) (int, error) { return candidates(v.OfCVEs("CVE-2026-0002")) }, 1},
			"OfRun":     {func(v *Survey) (int, error) { return candidates(v.OfRun(1)) }, 1},
			"Passed":    {func(v *Survey) (int, error) { return candidates(v.Passed(morning)) }, 1},
			"On":        {func(v *Survey) (int, error) { return candidates(v.On("shop")) }, 1},
			"SharesOn":  {func(v *Survey) (int, error) { all, err := v.SharesOn("shop"); return len(all), err }, 1},
			"OneOnEach": {func(v *Survey) (int, error) { all, err := v.OneOnEach(1); return len(all), err }, 1},
			"Open": {func(v *Survey) (n int, err error) {
				for _, err := range v.Open([]Place{place}) {
					if err != nil {
						return 0, err
					}
					n++
				}
				return n, nil
			}, 1},
			"Waived": {func(v *Survey) (int, error) { return candidates(v.Waived()) }, 1},
		}
		all := map[string]bool{"Stretches": true} // which cuts everything that is open into parts
		for name := range questions {
			all[name] = true
		}
		for i, of := 0, reflect.TypeFor[*Survey](); i < of.NumMethod(); i++ {
			if name := of.Method(i).Name; !all[name] {
				t.Errorf("nobody looks at what %s reads", name)
			}
		}
		err := l.Survey(t.Context(), func(v *Survey) error {
			for name, q := range questions {
				before := reads(t, v)
				have, err := q.ask(v)
				if err != nil || have != q.want {
					t.Errorf("%s finds %d, want %d: %v", name, have, q.want, err)
				}
				if n := reads(t, v) - before; n > crowd/400 {
					t.Errorf("%s reads %d, where %d cases stand that it is not about", name, n, crowd)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}
