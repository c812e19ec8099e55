package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate/headgate/engine"
)

// details are folded tables: everything that the change introduced, and each sort of what it did not.
func (v *view) details(p *page) []*block {
	summary := fmt.Sprintf("All %d introduced by this change", len(v.urgent))
	if len(v.urgent) == 1 {
		summary = "The one finding that this change introduced"
	}
	if !v.known || slices.ContainsFunc(v.urgent, func(k *engine.Case) bool { return !isNew(k) }) {
		summary = "All " + count(len(v.urgent), "finding", "findings") + " of this run"
	}
	var out []*block
	if len(v.urgent) > 1 || len(v.pressing()) == 0 { // else it would only repeat what stands above
		out = append(out, v.fold(p, summary, v.urgent))
	}
	for _, g := range v.exemptions() {
		out = append(out, v.fold(p, SentenceCase(g.name)+": "+v.counted(g.cases)+v.expiring(g.cases), g.cases))
	}
	out = append(out, v.fold(p, "Newly disclosed, not from this change: "+v.counted(v.disclosed), v.disclosed))
	before := "There before this change: "
	if v.owned() || !v.known {
		before = "Open: "
	}
	out = append(out, v.fold(p, before+v.counted(v.existing), v.existing))
	out = append(out, v.fixedFold(p))
	if p.read {
		out = append(out, v.readFold())
	}
	return out
}

// counted is how many cases there are, by how urgent they are.
func (v *view) counted(cases []*engine.Case) string {
	words := tallyOf(cases).words()
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strconv.Itoa(len(cases)) + " (" + strings.Join(words, ", ") + ")"
}

// expiring says how many of waived cases will count again soon.
func (v *view) expiring(cases []*engine.Case) string {
	if v.r.Waivers == nil {
		return ""
	}
	n := 0
	for _, k := range cases {
		if slices.ContainsFunc(k.Input.Context.Waivers, func(w engine.Waiver) bool {
			return slices.ContainsFunc(v.r.Waivers.Expiring, func(e engine.WaiverNote) bool { return e.ID == w.ID })
		}) {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %d by %s soon", n, plural(n, "a waiver that expires", "waivers that expire"))
}

// readFold is a table of what was read.
func (v *view) readFold() *block {
	if len(v.r.Reports) == 0 {
		return nil
	}
	b := &block{noun: "row", head: "\n<details><summary>Read: " + count(len(v.r.Reports), "report", "reports") +
		"</summary>\n\n| report | format | by | findings |\n| --- | --- | --- | ---: |\n", tail: "\n</details>\n"}
	for i := range v.r.Reports {
		r := &v.r.Reports[i]
		by := code(strings.TrimSpace(r.Tool+" "+r.Version), true)
		b.rows = append(b.rows, fmt.Sprintf("| %s | %s | %s | %d |\n", code(r.Name, true), code(r.Format, true), by, r.Findings))
	}
	return b
}

// fixedFold is a table of what the change fixed.
func (v *view) fixedFold(p *page) *block {
	if len(v.gone) == 0 {
		return nil
	}
	b := &block{
		noun: "row", most: p.rows,
		head: fmt.Sprintf("\n<details><summary>%s: %d</summary>\n\n| weakness | where |\n| --- | --- |\n", v.fixedWord(), len(v.gone)),
		tail: "\n</details>\n",
	}
	for _, f := range v.gone {
		b.rows = append(b.rows, "| "+code(weakness(f), true)+" | "+code(subject(f), true)+" |\n")
	}
	return b
}

// fold is a table of cases that opens at a click.
func (v *view) fold(p *page, summary string, cases []*engine.Case) *block {
	if len(cases) == 0 {
		return nil
	}
	columns := v.columns(cases)
	head, rule := "|", "|"
	for _, col := range columns {
		head, rule = head+" "+col.name+" |", rule+" --- |"
	}
	b := &block{
		noun: "row", most: p.rows,
		head: "\n<details><summary>" + strings.ReplaceAll(summary, "*", "&#42;") + "</summary>\n\n" + head + "\n" + rule + "\n",
		tail: "\n</details>\n",
	}
	for _, k := range cases {
		row := "|"
		for _, col := range columns {
			row += " " + col.cell(k) + " |"
		}
		b.rows = append(b.rows, row+"\n")
	}
	return b
}

// A tableColumn is one column of a table of cases. Its cells are Markdown.
type tableColumn struct {
	name string
	cell func(*engine.Case) string
}

// columns are those that say something of any of the cases.
func (v *view) columns(cases []*engine.Case) []tableColumn {
	all := []tableColumn{
		{"priority", func(k *engine.Case) string { return priorityWord(k.Decision.Priority) }},
		{"action", func(k *engine.Case) string { return action(&k.Decision) }},
		{"weakness", func(k *engine.Case) string { return code(weakness(&k.Input.Finding), true) }},
		{"where", func(k *engine.Case) string { return code(subject(&k.Input.Finding), true) }},
		{"fix", func(k *engine.Case) string {
			if s := v.fixes.fixedIn(&k.Input.Finding); s != noFix {
				return code(s, true)
			}
			return noFix
		}},
		{"asset", func(k *engine.Case) string {
			if v.onlyAsset != "" {
				return ""
			}
			return code(assetName(&k.Input.Asset), true)
		}},
		{"due", func(k *engine.Case) string {
			if v.dueOf(&k.Decision) == "" {
				return ""
			}
			return v.day(&k.Decision).text
		}},
		{"because", func(k *engine.Case) string {
			if e := k.Decision.Exemption(); e != nil && let(&k.Decision) {
				return prose(sentence(e.Message), true)
			}
			return ""
		}},
		{"id", func(k *engine.Case) string { return code(v.ids[k.Input.Finding.ID], true) }},
	}
	return slices.DeleteFunc(all, func(col tableColumn) bool {
		return !slices.ContainsFunc(cases, func(k *engine.Case) bool { return col.cell(k) != "" })
	})
}
