package kpi

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"github.com/headgate/headgate/engine"
)

// WriteOpenMetrics writes the figures and teams in the OpenMetrics text format, version 1.0.0: one gauge for each, headgate_ and its id and unit.
// What is absent is left out. There is one sample for each priority or status, and at most fifty teams.
func WriteOpenMetrics(to io.Writer, r *Report) error {
	w := &metrics{Writer: bufio.NewWriter(to)}
	for i := range Definitions {
		d := &Definitions[i]
		if d.ID == "gate.latency" { // which is never known
			continue
		}
		name := w.family(d.ID, d.Unit, d.Text)
		for j := range r.Figures {
			f := &r.Figures[j]
			if f.ID != d.ID || f.Value == nil {
				continue
			}
			var labels []string
			if f.Priority != "" {
				labels = append(labels, "priority", string(f.Priority))
			}
			if f.Status != "" {
				labels = append(labels, "status", f.Status)
			}
			w.sample(name, *f.Value, labels...)
		}
	}
	w.teams(r.Teams)
	w.curves(r.Survival)
	fmt.Fprintf(w, "# TYPE headgate_report_timestamp_seconds gauge\n# UNIT headgate_report_timestamp_seconds seconds\n"+
		"# HELP headgate_report_timestamp_seconds What the figures are as of.\n")
	w.sample("headgate_report_timestamp_seconds", float64(r.Window.Until.Unix()))
	w.WriteString("# EOF\n")
	return w.Flush()
}

type metrics struct{ *bufio.Writer }

// family begins a metric family and gives its name, which ends with the unit as the format wants it.
func (w *metrics) family(id, unit, help string) string {
	name := "headgate_" + strings.NewReplacer(".", "_").Replace(id)
	if !strings.HasSuffix(name, "_"+unit) {
		name += "_" + unit
	}
	fmt.Fprintf(w, "# TYPE %s gauge\n# UNIT %s %s\n# HELP %s %s\n", name, name, unit, name, escaped(help))
	return name
}

func (w *metrics) sample(name string, value float64, labels ...string) {
	w.WriteString(name)
	for i := 0; i+1 < len(labels); i += 2 {
		w.WriteString([]string{",", "{"}[one(i == 0)] + labels[i] + `="` + escaped(labels[i+1]) + `"`)
	}
	if len(labels) > 0 {
		w.WriteString("}")
	}
	w.WriteString(" " + strconv.FormatFloat(value, 'g', -1, 64) + "\n")
}

// longestLabel bounds the value of a label, in characters.
const longestLabel = 120

// escaped is a text as the value of a label or as help: control characters go, for nobody can read them in either.
func escaped(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if r := []rune(s); len(r) > longestLabel*4 {
		s = string(r[:longestLabel*4])
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
			w.sample(name, openAfter(c.Steps, float64(days)).Share, "priority", string(priorityOr(c.Priority)), "days", strconv.Itoa(days))
		}
	}
}

func priorityOr(p engine.Priority) engine.Priority {
	if p == "" {
		return ofUrgent
	}
	return p
}
