package main

import (
	"encoding/xml"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine/author"
	"github.com/headgate/headgate/engine/report"
)

// errTestsFailed means that a test failed, or that the tests reach too little; the output has said which.
var errTestsFailed = &failure{status: statusBlocked, err: fmt.Errorf("tests failed")}

// tested is what policy test found.
type tested struct {
	Schema string `json:"schema"` // headgate.test/1
	*author.Run
	Threshold float64       `json:"threshold"` // the least coverage, in percent; 0 is none
	Took      time.Duration `json:"nanoseconds"`
}

var testFormats = []outputFormat[*tested]{
	{report.Format{Name: "text", Title: "for people"}, (*tested).text},
	{report.Format{Name: "json", Title: "for programs: headgate.test/1"}, (*tested).json},
	{report.Format{Name: "junit", Title: "JUnit XML, for CI systems"}, (*tested).junit},
}

func newPolicyTestCommand(a *app) *cobra.Command {
	var settings, only string
	var outputs []string
	var threshold float64
	c := &cobra.Command{
		Use:   "test [DIR…]",
		Short: "Run the tests of policies, and say what no test reaches",
		Long: `Runs the rules called test_… beside the policies, with the library, main, the schemas and the built-in functions that the gate has.
Parameters have their defaults. What tests print goes to standard error. ` + whichPacks + `

Exit status: 0 all tests pass, 1 a test fails or the coverage is below the threshold, 2 the policies do not load.`,
		Example: `  headgate policy test --threshold 100
  headgate policy test --run severe -o junit=policies.xml -o text policies/`,
		RunE: func(c *cobra.Command, args []string) error {
			ctx, _, stop := a.guard(c.Context(), authorsTime, 0)
			defer stop()
			outs, err := parseOutputs(outputs, formatsOf(testFormats))
			if err != nil {
				return err
			}
			if threshold < 0 || threshold > 100 {
				return setup(fmt.Errorf("--threshold %g is no percentage", threshold), "")
			}
			var filter *regexp.Regexp
			if only != "" {
				if filter, err = regexp.Compile(only); err != nil {
					return setup(fmt.Errorf("--run: %w", err), "")
				}
			}
			d, err := a.openDraft(settings, args)
			if err != nil {
				return err
			}
			began := a.now()
			run, err := author.Test(ctx, d, filter)
			if err != nil {
				return setup(err, "headgate policy check lists all that is wrong")
			}
			for _, t := range run.Tests {
				if t.Printed != "" {
					a.say(t.Name, t.Printed)
				}
			}
			found := &tested{Schema: "headgate.test/1", Run: run, Threshold: threshold, Took: a.now().Sub(began)}
			if err := writeAs(a, outs, testFormats, found); err != nil {
				return err
			}
			if run.Failed > 0 || run.Coverage < threshold {
				return errTestsFailed
			}
			return nil
		},
	}
	c.Flags().StringVar(&settings, "settings", "", "`folder` with headgate.yaml and policies (default: .headgate here or above)")
	c.Flags().StringVar(&only, "run", "", "only tests whose package and name match this `pattern`")
	c.Flags().Float64Var(&threshold, "threshold", 0, "the least coverage, in `percent` of all lines")
	c.Flags().StringArrayVarP(&outputs, "output", "o", nil, "`FORMAT[=FILE]`, several at once: "+formatNames(formatsOf(testFormats))+" (default text)")
	return c
}

func (t *tested) text(b *strings.Builder) error {
	for _, o := range t.Tests {
		switch o.Status {
		case author.Failed:
			fmt.Fprintf(b, "FAIL   %s  %s:%d\n       did not hold: %s\n", printable(o.Name), printable(o.File), o.Line, printable(o.Why))
		case author.Errored:
			fmt.Fprintf(b, "ERROR  %s  %s:%d\n       %s\n", printable(o.Name), printable(o.File), o.Line, printable(o.Why))
		case author.Skipped:
			fmt.Fprintf(b, "skip   %s  %s:%d\n", printable(o.Name), printable(o.File), o.Line)
		}
	}
	for _, f := range t.Files {
		for _, lines := range f.NotCovered {
			fmt.Fprintf(b, "%s:%s: no test gets here\n", printable(f.File), lines)
		}
	}
	if b.Len() > 0 {
		b.WriteString("\n")
	}
	fmt.Fprintf(b, "%s passed", amount(t.Passed, "test"))
	if t.Failed > 0 {
		fmt.Fprintf(b, ", %d failed", t.Failed)
	}
	if t.Skipped > 0 {
		fmt.Fprintf(b, ", %d skipped", t.Skipped)
	}
	fmt.Fprintf(b, "; they reach %g %% of the lines", t.Coverage)
	if t.Coverage < t.Threshold {
		fmt.Fprintf(b, ", and %g %% is asked for", t.Threshold)
	}
	b.WriteString("\n")
	return nil
}

func (t *tested) json(b *strings.Builder) error { return writeJSON(b, t) }

// The elements of JUnit's XML, as CI systems read it.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     string      `xml:"time,attr"` // seconds
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string     `xml:"name,attr"`
		Class   string     `xml:"classname,attr"`
		File    string     `xml:"file,attr"`
		Line    int        `xml:"line,attr"`
		Time    string     `xml:"time,attr"`
		Failure *junitText `xml:"failure,omitempty"`
		Error   *junitText `xml:"error,omitempty"`
		Skipped *struct{}  `xml:"skipped,omitempty"`
		Printed string     `xml:"system-out,omitempty"`
	}
	junitText struct {
		Message string `xml:"message,attr"`
	}
)

func (t *tested) junit(b *strings.Builder) error {
	doc := junitSuites{Tests: len(t.Tests), Failures: t.Failed}
	for _, o := range t.Tests {
		if n := len(doc.Suites); n == 0 || doc.Suites[n-1].Name != o.File {
			doc.Suites = append(doc.Suites, junitSuite{Name: o.File})
		}
		s := &doc.Suites[len(doc.Suites)-1]
		c := junitCase{Name: o.Name, Class: o.Package, File: o.File, Line: o.Line, Time: fmt.Sprintf("%.6f", o.Took.Seconds()), Printed: o.Printed}
		s.Tests++
		switch o.Status {
		case author.Failed:
			s.Failures++
			c.Failure = &junitText{"did not hold: " + o.Why}
		case author.Errored:
			s.Errors++
			c.Error = &junitText{o.Why}
		case author.Skipped:
			s.Skipped++
			c.Skipped = new(struct{})
		}
		s.Cases = append(s.Cases, c)
	}
	for i := range doc.Suites {
		took := 0.0
		for _, o := range t.Tests {
			if o.File == doc.Suites[i].Name {
				took += o.Took.Seconds()
			}
		}
		doc.Suites[i].Time = fmt.Sprintf("%.6f", took)
	}
	text, err := xml.MarshalIndent(doc, "", "  ")
	if err != nil {
		return err
	}
	b.WriteString(xml.Header + string(text) + "\n")
	return nil
}
