package report

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
)

// A csvColumn is one column: its name, which stays, and what it says of a case. Facts that are not known are empty.
type csvColumn struct {
	name string
	of   func(*engine.Result, *engine.Case) string
}

// csvColumns are all columns. A new one comes last, so that what reads them by number goes on.
var csvColumns = []csvColumn{
	{"finding", func(_ *engine.Result, c *engine.Case) string { return c.Input.Finding.ID }},
	{"asset", func(_ *engine.Result, c *engine.Case) string { return c.Input.Asset.ID }},
	{"owner", func(_ *engine.Result, c *engine.Case) string { return c.Input.Asset.Owner }},
	{"kind", func(_ *engine.Result, c *engine.Case) string { return string(c.Input.Finding.Kind) }},
	{"weakness", func(_ *engine.Result, c *engine.Case) string { return weakness(&c.Input.Finding) }},
	{"aliases", func(_ *engine.Result, c *engine.Case) string {
		if c.Input.Finding.Vulnerability == nil {
			return ""
		}
		return listed(c.Input.Finding.Vulnerability.Aliases)
	}},
	{"title", func(_ *engine.Result, c *engine.Case) string { return c.Input.Finding.Title }},
	{"severity", func(_ *engine.Result, c *engine.Case) string { return string(c.Input.Finding.Severity) }},
	{"package", func(_ *engine.Result, c *engine.Case) string {
		return ofPackage(c, func(p *engine.Package) string { return first(p.PURL, p.Name) })
	}},
	{"versions", func(_ *engine.Result, c *engine.Case) string {
		return ofPackage(c, func(p *engine.Package) string { return listed(p.Versions) })
	}},
	{"fixed_versions", func(_ *engine.Result, c *engine.Case) string {
		return ofPackage(c, func(p *engine.Package) string { return listed(p.Fixed) })
	}},
	{"places", func(_ *engine.Result, c *engine.Case) string { return listed(placesOf(&c.Input.Finding)) }},
	{"environment", func(_ *engine.Result, c *engine.Case) string { return c.Input.Asset.Environment }},
	{"exposure", func(_ *engine.Result, c *engine.Case) string { return c.Input.Asset.Exposure }},
	{"criticality", func(_ *engine.Result, c *engine.Case) string { return c.Input.Asset.Criticality }},
	{"change", func(_ *engine.Result, c *engine.Case) string { return changeValue(&c.Input) }},
	{"priority", func(_ *engine.Result, c *engine.Case) string { return string(c.Decision.Priority) }},
	{"action", func(_ *engine.Result, c *engine.Case) string { return string(c.Decision.Action) }},
	{"would_have", func(_ *engine.Result, c *engine.Case) string {
		if c.Decision.WouldHave == nil {
			return ""
		}
		return string(*c.Decision.WouldHave)
	}},
	{"due", func(_ *engine.Result, c *engine.Case) string {
		if c.Decision.Due.IsZero() {
			return ""
		}
		return c.Decision.Due.UTC().Format(time.RFC3339)
	}},
	{"overdue", func(_ *engine.Result, c *engine.Case) string {
		if c.Decision.Due.IsZero() {
			return ""
		}
		return strconv.FormatBool(c.Decision.Overdue)
	}},
	{"exempted_by", func(_ *engine.Result, c *engine.Case) string {
		if e := c.Decision.Exemption(); e != nil {
			return e.Rule
		}
		return ""
	}},
	{"exempted_because", func(_ *engine.Result, c *engine.Case) string {
		if e := c.Decision.Exemption(); e != nil {
			return e.Message
		}
		return ""
	}},
	{"waivers", func(_ *engine.Result, c *engine.Case) string { return waiversValue(&c.Input) }},
	{"vex", func(_ *engine.Result, c *engine.Case) string { return vexValue(&c.Input) }},
	{"kev", func(_ *engine.Result, c *engine.Case) string { return kevValue(&c.Input) }},
	{"epss", func(_ *engine.Result, c *engine.Case) string {
		if c.Input.Context.Intel == nil || c.Input.Context.Intel.EPSS == nil {
			return ""
		}
		return number(c.Input.Context.Intel.EPSS.Probability)
	}},
	{"ssvc", func(_ *engine.Result, c *engine.Case) string { return ssvcValue(&c.Input) }},
	{"reachability", func(_ *engine.Result, c *engine.Case) string { return reachabilityValue(&c.Input) }},
	{"validation", func(_ *engine.Result, c *engine.Case) string { return validationValue(&c.Input) }},
	{"age_days", func(_ *engine.Result, c *engine.Case) string {
		if c.Input.Context.History == nil {
			return ""
		}
		return strconv.Itoa(c.Input.Context.History.AgeDays)
	}},
	{"because", func(_ *engine.Result, c *engine.Case) string { return strings.Join(why(&c.Decision), "; ") }},
	{"rules", func(_ *engine.Result, c *engine.Case) string {
		var rules []string
		for _, r := range c.Decision.Reasons {
			rules = append(rules, r.Rule)
		}
		return listed(rules)
	}},
	{"controls", func(_ *engine.Result, c *engine.Case) string { return listed(controlsOf(&c.Decision)) }},
	{"obligations", func(_ *engine.Result, c *engine.Case) string { return listed(c.Decision.Obligations) }},
	{"assumed", func(_ *engine.Result, c *engine.Case) string { return listed(c.Decision.Assumed) }},
	{"tools", func(_ *engine.Result, c *engine.Case) string {
		var tools []string
		for _, s := range c.Input.Finding.Sources {
			tools = append(tools, s.Tool)
		}
		return listed(tools)
	}},
	{"policy", func(r *engine.Result, _ *engine.Case) string { return r.Policy.Digest }},
	{"decided_at", func(r *engine.Result, _ *engine.Case) string { return r.Now.UTC().Format(time.RFC3339) }},
}

// writeCSV writes a line of names and one for each case (RFC 4180), in the order of the result. No value begins a formula.
func writeCSV(w io.Writer, r *engine.Result, _ Options) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	row := make([]string, len(csvColumns))
	for i, col := range csvColumns {
		row[i] = col.name
	}
	if err := out.Write(row); err != nil {
		return err
	}
	for k := range r.Cases {
		for i, col := range csvColumns {
			row[i] = Cell(col.of(r, &r.Cases[k]))
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// Cell is text as a spreadsheet shows it rather than runs it: what a formula begins with gets an apostrophe in front, also behind
// characters that programs skip, and in their wide forms. Cleaned text has no tab, line break or control character. Where it goes to
// standard output, a workflow's runner reads it too.
func Cell(s string) string {
	s = unmarked(clean(s))
	if s != "" && strings.ContainsRune("=+-@|%＝＋－＠", firstRune(s)) {
		return "'" + s
	}
	return s
}

func firstRune(s string) rune {
	for _, r := range strings.TrimLeft(s, " '\"") {
		return r
	}
	return 0
}

// listed joins a list for one value, each once.
func listed(list []string) string { return strings.Join(distinct(list), "; ") }

func ofPackage(c *engine.Case, say func(*engine.Package) string) string {
	if c.Input.Finding.Package == nil {
		return ""
	}
	return say(c.Input.Finding.Package)
}

// placesOf are all places of a finding, each as "path:line".
func placesOf(f *engine.Finding) []string {
	var all []string
	for _, l := range f.Locations {
		s := first(l.Path, l.URL, l.Image)
		if s == l.Path && l.Line > 0 {
			s += ":" + strconv.Itoa(l.Line)
		}
		all = append(all, s)
	}
	return all
}

// controlsOf are the controls that the rules of a decision name, each once, in the order of the reasons.
func controlsOf(d *engine.Decision) []string {
	var all []string
	for i := range d.Reasons {
		all = append(all, d.Reasons[i].Controls...)
	}
	return distinct(all)
}
