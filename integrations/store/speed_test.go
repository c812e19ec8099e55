//go:build unix

package store

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
)

// BenchmarkAppend appends runs of a hundred thousand records: of a change, where the log alone grows, and of a branch, where what is open
// does too. The comparison is a loop with one statement a record, in one transaction.
func BenchmarkAppend(b *testing.B) {
	const records = 100_000
	for _, event := range []engine.Event{engine.EventPullRequest, engine.EventPush} {
		s := sketch{at: morning, event: event, branch: "main", reports: []engine.Report{trivy}}
		for i := range records {
			s.findings = append(s.findings, found(fmt.Sprintf("hg1-%032x", i*7919%1_000_003), 0))
		}
		for _, name := range []string{"sqlite", "postgres"} {
			b.Run(name+"/"+string(event), func(b *testing.B) {
				l := opening(b, forms[name](b))
				for n := 0; b.Loop(); n++ {
					b.StopTimer()
					s.at = s.at.AddDate(0, 0, 1)
					p := s.run(b)
					b.StartTimer()
					if _, _, err := l.Append(b.Context(), p, seal); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(records*b.N)/b.Elapsed().Seconds(), "records/s")
			})
		}
	}
	p := sketch{at: morning, findings: []evidence.Decision{found("hg1-1", 0)}, reports: []engine.Report{trivy}}.run(b)
	line := bytes.TrimSpace(p[evidence.PartRecords])
	for _, name := range []string{"sqlite", "postgres"} {
		b.Run(name+"/loop", func(b *testing.B) {
			l := opening(b, forms[name](b))
			if _, _, err := l.Append(b.Context(), p, seal); err != nil {
				b.Fatal(err)
			}
			const few = 10_000
			from := 1
			for b.Loop() {
				err := l.db.update(b.Context(), func(t transaction) error {
					for i := range few {
						if err := t.exec(b.Context(), "INSERT INTO record (run, idx, records, size, body) VALUES ($1, $2, 1, 0, $3)", 0, from+i, line); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
				from += few
			}
			b.ReportMetric(float64(few*b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
