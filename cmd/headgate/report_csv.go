package main

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/headgate/headgate/engine/kpi"
	"github.com/headgate/headgate/engine/report"
)

// figureColumns are the columns of a report as CSV: their names stay, and a new one comes last. What is not known is empty.
var figureColumns = []string{"id", "name", "priority", "status", "value", "unit", "n", "low", "high", "target", "better", "previous", "when", "since", "until",
	"team", "branch", "absent", "definition", "bias", "repositories"}

// writeReportCSV writes a line for each figure. No cell is a formula to a spreadsheet.
func writeReportCSV(to io.Writer, r *kpi.Report) error {
	out := csv.NewWriter(to)
	out.UseCRLF = true
	if err := out.Write(figureColumns); err != nil {
		return err
	}
	for i := range r.Figures {
		f := &r.Figures[i]
		n := ""
		if f.N != nil {
			n = strconv.Itoa(*f.N)
		}
		cells := []string{f.ID, f.Name, string(f.Priority), f.Status, decimal(f.Value), f.Unit, n, decimal(f.Low), decimal(f.High), decimal(f.Target), f.Better,
			decimal(f.Previous), f.When, r.Window.Since.Format(time.RFC3339), r.Window.Until.Format(time.RFC3339), r.Of.Team, r.Of.Branch, f.Absent, f.Definition, f.Bias, strings.Join(r.Of.Repositories, " ")}
		for j := range cells {
			if number := j >= 4 && j <= 11; !number { // of which -1 is one, and no formula
				cells[j] = report.Cell(cells[j])
			}
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// decimal writes a number; one that is not known is empty.
func decimal(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'f', -1, 64)
}
