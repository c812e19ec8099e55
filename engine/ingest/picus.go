package ingest

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
)

// detectPicus knows the columns of an export of Picus' simulations.
func detectPicus(s shape) bool {
	return s.has("csv:threatname", "csv:actionname", "csv:threatpreventionresult")
}

// readPicus reads an export of Picus: a row for each action of a simulated attack. What a control did not block is a finding; what was
// blocked is none. Either is proof of the CVEs that the action uses.
func readPicus(s *stream, b *batch) error {
	b.report.Tool = "picus"
	rows := csv.NewReader(s.text)
	rows.FieldsPerRecord, rows.ReuseRecord = -1, true
	head, err := rows.Read()
	if err != nil {
		return tableError(err)
	}
	columns := map[string]int{}
	for i, name := range head {
		columns[strings.ToLower(strings.TrimSpace(name))] = i
	}
	width := len(head)
	for {
		row, err := rows.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return tableError(err)
		}
		line, _ := rows.FieldPos(0)
		if len(row) != width {
			return fmt.Errorf("line %d: %d columns where the first line has %d", line, len(row), width)
		}
		b.report.Results++
		r := picusRow(func(name string) string {
			if i, ok := columns[name]; ok {
				return plain(row[i])
			}
			return ""
		})
		if r("actionname") == "" && r("threatname") == "" {
			return fmt.Errorf("line %d: neither a threat nor an action", line)
		}
		if at := r.time(); b.report.Time.IsZero() || at.After(b.report.Time) {
			b.report.Time = at
		}
		d := r.discovery()
		if !r.blocked() {
			b.add(d)
		}
		if p, ok := r.proof(&d.Finding); ok {
			b.prove(p)
		}
	}
}

// tableError says where a table is broken, without its text.
func tableError(err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return fmt.Errorf("line %d: %w", parse.Line, parse.Err)
	}
	return err
}

// A picusRow gives the values of a row by the names of columns, in lower case.
type picusRow func(column string) string

// blocked says whether a control stopped the action. The action's own result goes before that of the whole threat.
func (r picusRow) blocked() bool { return strings.EqualFold(r.result(), "Blocked") }

func (r picusRow) result() string {
	return cmp.Or(r("actionpreventionresult"), r("threatpreventionresult"))
}

// proof is what the simulation showed of the CVEs that it used, where it ran. A result other than blocked and not blocked shows nothing.
func (r picusRow) proof(f *engine.Finding) (engine.Proof, bool) {
	p := engine.Proof{
		Validation: engine.Validation{By: "picus"}, Place: hostTarget(r("location")).Name, Time: r.time(),
		Attempt: strings.Join([]string{r("threatid"), f.Rule.ID, r("location")}, " "),
	}
	if f.Vulnerability != nil {
		p.Names = f.Vulnerability.CVEs
	}
	switch {
	case r.blocked():
		p.Status, p.Control = proofMitigated, clip(cmp.Or(r("actionpreventionsources"), r("actionprotocolpreventionsources"), r("vendorname")))
	case strings.EqualFold(r.result(), "Not Blocked"):
		p.Status = proofExploitable
	}
	return p, p.Status != "" && len(p.Names) > 0
}

// time is when the attack ended. Picus writes days first and leaves out the time of day, or writes both by ISO 8601.
func (r picusRow) time() time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05", "02/01/2006 15:04:05", "02/01/2006"} {
		if t, err := time.Parse(layout, r("attackendedtimeutc")); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

func (r picusRow) discovery() engine.Discovery {
	f := engine.Finding{
		Kind:     engine.KindMisconfiguration,
		Title:    clip(strings.Trim(r("threatname")+": "+r("actionname"), ": ")),
		Severity: severityOf(r("severity")),
		Rule:     &engine.Rule{ID: r("actionid"), Tool: "picus"},
	}
	if f.Severity == "" {
		f.Severity = severityOf(r("threatseverity"))
	}
	if f.Rule.ID == "" {
		f.Rule.ID = clip(r("actionname"))
	}
	for n := range strings.FieldsFuncSeq(r("cwe"), func(c rune) bool { return strings.ContainsRune(",; ", c) }) {
		f.CWEs = append(f.CWEs, cwesIn("CWE-"+strings.TrimPrefix(strings.ToUpper(n), "CWE-"))...)
	}
	f.CWEs = sortedNumbers(f.CWEs)
	var cves []string
	for n := range strings.FieldsFuncSeq(r("cve"), func(c rune) bool { return strings.ContainsRune(",; ", c) }) {
		if isCVE(n) {
			cves = append(cves, n)
		}
	}
	if len(cves) == 1 {
		f.Kind, f.Vulnerability = engine.KindVulnerability, vulnerabilityOf(cves[0])
	} else if len(cves) > 1 {
		f.Kind, f.Vulnerability = engine.KindVulnerability, vulnerabilityOf("picus:"+f.Rule.ID, cves...)
	}
	// What was attacked is not in the export: the target is the location that the simulation ran in, or a host without a name.
	return engine.Discovery{Target: hostTarget(r("location")), Finding: f, Content: contentOf(r("threatname") + "\n" + r("actionname"))}
}
