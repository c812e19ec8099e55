package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/headgate/headgate/engine/report"
)

// standingColours are how each standing is shown on a terminal with colour; nothing is said by colour alone.
var standingColours = map[standing]string{standsOK: "\x1b[32m", standsWarn: "\x1b[33m", standsFail: "\x1b[31;1m"}

// tellDoctor writes what was looked at, for people: what is to be put right comes with the way to do it, and a line at the end counts.
func tellDoctor(w io.Writer, o report.Options, all []department) error {
	var b strings.Builder
	column := 0 // of what is said
	for _, d := range all {
		for _, c := range d.Checks {
			column = max(column, min(utf8.RuneCountInString(c.Check), 24))
		}
	}
	indent := 2 + 4 + 2 + column + 2
	width := max(o.Width-indent, 30)
	counts := map[standing]int{}
	for n, d := range all {
		if n > 0 {
			b.WriteString("\n")
		}
		b.WriteString(paint(o, "\x1b[1m", d.Name))
		if d.Place != "" {
			b.WriteString("  " + printable(d.Place))
		}
		b.WriteString("\n")
		for n, c := range d.Checks {
			counts[c.Status]++
			check := printable(c.Check)
			head := "  " + paint(o, standingColours[c.Status], string(c.Status)) + strings.Repeat(" ", 4-len(c.Status)) + "  " + check
			pad := max(indent-8-utf8.RuneCountInString(check), 2)
			for i, line := range folded(printable(c.Says), width) {
				if i == 0 {
					b.WriteString(head + strings.Repeat(" ", pad) + line + "\n")
					continue
				}
				b.WriteString(strings.Repeat(" ", indent) + line + "\n")
			}
			if n+1 < len(d.Checks) && d.Checks[n+1].Fix == c.Fix { // one thing to do for several is said once, below the last
				continue
			}
			for i, line := range folded(printable(c.Fix), width-2) {
				b.WriteString(strings.Repeat(" ", indent) + []string{"→ ", "  "}[min(i, 1)] + line + "\n")
			}
		}
	}
	b.WriteString("\n" + summary(o, counts) + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// summary counts what there is to do.
func summary(o report.Options, counts map[standing]int) string {
	switch {
	case counts[standsFail] > 0 && counts[standsWarn] > 0:
		return paint(o, standingColours[standsFail], fmt.Sprintf("%d to put right", counts[standsFail])) + fmt.Sprintf(", %d to know, %d in order", counts[standsWarn], counts[standsOK])
	case counts[standsFail] > 0:
		return paint(o, standingColours[standsFail], fmt.Sprintf("%d to put right", counts[standsFail])) + fmt.Sprintf(", %d in order", counts[standsOK])
	case counts[standsWarn] > 0:
		return fmt.Sprintf("Nothing to put right, %d to know, %d in order", counts[standsWarn], counts[standsOK])
	}
	return fmt.Sprintf("All %d in order", counts[standsOK])
}

func paint(o report.Options, with, text string) string {
	if !o.Color {
		return text
	}
	return with + text + "\x1b[0m"
}

// folded are lines of at most so many characters; a word that is longer is broken.
func folded(text string, width int) (lines []string) {
	for _, line := range wrapped(text, width) {
		for r := []rune(line); len(r) > width; r = []rune(line) {
			lines, line = append(lines, string(r[:width])), string(r[width:])
		}
		lines = append(lines, line)
	}
	return lines
}
