package kpi

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
)

// WriteOpenMetrics writes the figures and teams in the OpenMetrics text format, version 1.0.0: one gauge for each, headgate_ and its id and unit.
// What is absent is left out. There is one sample for each priority or status, and at most fifty teams.
func WriteOpenMetrics(to io.Writer, r *Report) error {
	w := &metrics{Writer: bufio.NewWriter(to), at: map[string]int{}}
	for i := range Definitions {
		d := &Definitions[i]
		name := w.family(d.ID, d.Unit, d.Text)
		for j := range r.Figures {
			f := &r.Figures[j]
			if f.ID != d.ID || f.Value == nil {
				continue
			}
			var labels []string
			if d.Each { // so that nobody adds the whole to its parts by mistake, it has a name
				labels = append(labels, "priority", cmp.Or(string(f.Priority), d.together()))
			}
			if f.Status != "" {
				labels = append(labels, "status", f.Status)
			}
			w.sample(name, *f.Value, labels...)
		}
	}
	w.teams(r.Teams)
	w.curves(r.Survival)
	w.sample(w.family("report.timestamp", "seconds", "What the figures are as of."), float64(r.Window.Until.Unix()))
	w.endFamily()
	w.WriteString("# EOF\n")
	return w.Flush()
}

// together is what the figure of no single priority is of.
func (d *Definition) together() string {
	if strings.HasPrefix(d.ID, "exposure.") || strings.HasPrefix(d.ID, "remediation.") {
		return string(ofUrgent)
	}
	return "all"
}

// metrics writes families one after the other. Samples whose labels are the same once they are clean are one, and their counts are added.
type metrics struct {
	*bufio.Writer
	samples []metric
	at      map[string]int // by name and labels
}

type metric struct {
	name  string // and labels
	value float64
}

// family begins a metric family and gives its name, which ends with the unit as the format wants it.
func (w *metrics) family(id, unit, help string) string {
	name := "headgate_" + strings.NewReplacer(".", "_").Replace(id)
	if !strings.HasSuffix(name, "_"+unit) {
		name += "_" + unit
	}
	w.endFamily()
	fmt.Fprintf(w, "# TYPE %s gauge\n# UNIT %s %s\n# HELP %s %s\n", name, name, unit, name, escaped(help))
	return name
}

func (w *metrics) sample(name string, value float64, labels ...string) {
	for i := 0; i+1 < len(labels); i += 2 {
		name += []string{",", "{"}[one(i == 0)] + labels[i] + `="` + escaped(labels[i+1]) + `"`
	}
	if len(labels) > 0 {
		name += "}"
	}
	if i, twice := w.at[name]; twice {
		w.samples[i].value += value
		return
	}
	w.at[name] = len(w.samples)
	w.samples = append(w.samples, metric{name, value})
}

// endFamily writes the samples of a family.
func (w *metrics) endFamily() {
	for _, s := range w.samples {
		w.WriteString(s.name + " " + strconv.FormatFloat(s.value, 'g', -1, 64) + "\n")
	}
	w.samples = w.samples[:0]
	clear(w.at)
}

// longestText bounds the value of a label, and help, in characters.
const longestText = 400

// escaped is a text as the value of a label or as help: control characters go, for nobody can read them in either.
func escaped(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if r := []rune(s); len(r) > longestText {
		s = string(r[:longestText])
	}
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s)
}

// teams are what is open by owner and due date. An owner that is not known has an empty name.
func (w *metrics) teams(all []Team) {
	name := w.family("team", UnitCases, "Open cases by owner and due date; accepted ones apart.")
	for i := range all {
		t := &all[i]
		owner := t.Name
		if t.Teams > 0 {
			owner = "(others)"
		}
		for _, b := range []struct {
			due string
			n   int
		}{{"overdue", t.Overdue}, {"7 days", t.In7}, {"14 days", t.In14}, {"30 days", t.In30}, {"later", t.Later}, {"none", t.NoDate}, {"accepted", t.Accepted}} {
			w.sample(name, float64(b.n), "team", owner, "due", b.due)
		}
	}
}

// curves are what is open after some days, of the period alone.
func (w *metrics) curves(all []Curve) {
	name := w.family("exposure.survival", UnitShare, "The share of cases still open so many days after they were first seen, act and attend without a priority.")
	for i := range all {
		c := &all[i]
		if c.Period != OfWindow || c.Absent != "" {
			continue
		}
		for _, days := range []int{1, 3, 7, 14, 30, 60, 90, 180, 365} {
			if days > c.Longest {
				break
			}
			w.sample(name, openAfter(c.Steps, float64(days)).Share, "priority", string(cmp.Or(c.Priority, ofUrgent)), "days", strconv.Itoa(days))
		}
	}
}
