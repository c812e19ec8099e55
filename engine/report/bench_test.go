package report_test

import (
	"fmt"
	"io"
	"testing"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

// BenchmarkWrite writes a result of 1,000 cases in every format.
func BenchmarkWrite(b *testing.B) {
	var cases []engine.Case
	for i := range 1000 {
		cases = append(cases, vulnerable(fmt.Sprintf("CVE-2020-%d", i), "tomcat-embed-core", "9.0.30", "9.0.99", engine.Attend, engine.Block, engine.StatusIntroduced,
			raise("exploit.public", engine.Attend, "public exploit on an internet-facing service")))
	}
	r := result(engine.Block, cases)
	for _, f := range report.Formats() {
		b.Run(f.Name, func(b *testing.B) {
			for b.Loop() {
				if err := report.Write(io.Discard, f.Name, r, report.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
