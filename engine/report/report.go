// Package report shows a result to people and to other programs. Every format is a rendering of the result: it adds no judgement
// and no figure that the result does not have.
//
// All text of a result is hostile, since it comes from scanned code, package registries and scanners: a format lets none of it
// become terminal control, markup, a mention, a link or a new line.
package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/headgate/headgate/engine"
)

// Options say how much is shown, and how. The zero value is text of 80 columns without colour.
type Options struct {
	Width    int      // columns of the terminal; 0 means 80, less than 48 is taken as 48
	Color    bool     // mark priorities with colour. Nothing is said by colour alone
	All      bool     // text: list every case instead of folding away what the reader did not cause. Explain: every rule
	Args     []string // what the run was given: reports, a folder, a result file. The commands that are named next are given the same
	Result   string   // file that the same run writes its result to, for the commands that are named next where there are no Args, or too many; empty: none
	Category string   // SARIF: tells the runs apart that code scanning keeps side by side; empty: there is one
	MaxBytes int      // Markdown: the most that is written, by leaving out whole rows; 0 means DefaultMaxBytes
	Issuer   Issuer   // documents for others: who speaks in them
}

// given is what the commands that are named next are given.
func (o Options) given() []string {
	if o.Result != "" && (len(o.Args) == 0 || len(command(o.Args...)) > mostGiven) {
		return []string{o.Result}
	}
	return o.Args
}

// DefaultMaxBytes is how long Markdown gets. Code hosts refuse comments of more than 65,536 characters.
const DefaultMaxBytes = 60_000

// A Format is one way to write a result.
type Format struct {
	Name  string // as on the command line
	Title string // as in help
}

// A format is a Format with what writes it. Adding one is a file and a line in formats.
type format struct {
	Format
	result   func(io.Writer, *engine.Result, Options) error
	findings func(io.Writer, Understood, Options) error // nil: decided cases only
}

var formats = []format{
	{Format{"text", "for people: what blocks, why, and what to do first"}, writeText, writeFindingsText},
	{Format{"table", "one line for every case"}, writeTable, nil},
	{Format{"json", "the result file, version 1"}, writeJSON, writeFindingsJSON},
	{Format{"markdown", "a pull request comment or a job summary"}, writeMarkdown, nil},
	{Format{"sarif", "SARIF 2.1.0, for code scanning"}, writeSARIF, writeFindingsSARIF},
	{Format{"dot", "the attack paths, for Graphviz"}, writeDOT, nil},
	{Format{"codequality", "GitLab's Code Quality report"}, writeCodeQuality, nil},
	{Format{"openvex", "OpenVEX 0.2.0: for others, which published weaknesses affect what"}, writeOpenVEX, nil},
	{Format{"cyclonedx", "CycloneDX 1.6 VEX: the same, with components and ratings"}, writeCycloneDX, nil},
	{Format{"oscal", "OSCAL 1.1.3 assessment results: controls, observations and risks"}, writeOSCAL, nil},
	{Format{"fedramp-vdr", "FedRAMP's report on vulnerabilities, open and accepted (VER-RPT-VDT, VER-RPT-AVI)"}, writeFedRAMP, nil},
	{Format{"fedramp-history", "all of them as they stand, for retrieval by machines (VER-TFR-MRH)"}, writeFedRAMPHistory, nil},
	{Format{"csv", "one row for every case, for spreadsheets"}, writeCSV, nil},
}

// Formats lists the formats of results.
func Formats() []Format { return list(func(format) bool { return true }) }

// FindingsFormats lists the formats of findings before any decision.
func FindingsFormats() []Format { return list(func(f format) bool { return f.findings != nil }) }

func list(ok func(format) bool) []Format {
	var all []Format
	for _, f := range formats {
		if ok(f) {
			all = append(all, f.Format)
		}
	}
	return all
}

// Write writes a result. The same result and options give the same bytes. An error is that of the writer, or an unknown format.
func Write(w io.Writer, format string, r *engine.Result, o Options) error {
	for _, f := range formats {
		if f.Name == format {
			return f.result(w, r, o)
		}
	}
	return unknown(format, Formats())
}

// Understood is what reports were understood to say, before any decision: how each was read, and the findings of all.
type Understood struct {
	Reports  []engine.Report
	Findings []engine.Finding
	Refused  []Refusal
}

// A Refusal is a report that cannot be read whole, so that nothing of it is among the findings.
type Refusal struct {
	Name  string `json:"name"`
	Error string `json:"error"`
}

// Findings writes what reports were understood to say.
func Findings(w io.Writer, format string, u Understood, o Options) error {
	for _, f := range formats {
		if f.Name == format && f.findings != nil {
			return f.findings(w, u, o)
		}
	}
	return unknown(format, FindingsFormats())
}

func unknown(format string, known []Format) error {
	var names []string
	for _, f := range known {
		names = append(names, f.Name)
	}
	return fmt.Errorf("format %q: known are %s", format, strings.Join(names, ", "))
}
