package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/ingest"
)

// sayRefusals says on standard error, for each report that is not understood whole, why.
func (r *run) sayRefusals() {
	for _, one := range r.reading.refused {
		r.app.say("refused", one.err.Error())
	}
	for _, rep := range r.unfinished() {
		r.app.say("incomplete", rep.Name+": "+rep.Incomplete)
	}
}

// unfinished are the reports whose scan says that it did not finish, and which nobody allowed to be so.
func (r *run) unfinished() []engine.Report {
	var all []engine.Report
	for _, rep := range r.reading.reports {
		if !rep.Complete && !r.allowsIncomplete(&rep) {
			all = append(all, rep)
		}
	}
	return all
}

// sayUnderstood ends the reading of several files with what they come to, on standard error.
func (r *run) sayUnderstood(findings []engine.Finding) {
	formats, merged, agreed := map[string]bool{}, len(r.reading.discoveries)-len(findings), 0
	for _, rep := range r.reading.reports {
		formats[rep.Format] = true
	}
	for i := range findings {
		if severalTools(&findings[i]) {
			agreed++
		}
	}
	read, over, refused := len(r.reading.reports), len(r.reading.passedOver), len(r.reading.refused)
	line := fmt.Sprintf("%s: %s in %s", many(read+over+refused, "file"), many(read, "report"), many(len(formats), "format"))
	if over > 0 {
		line += fmt.Sprintf(", %s passed over", thousands(over))
	}
	r.app.say("summary", line+fmt.Sprintf(", %s refused", thousands(refused)))
	r.app.say("summary", fmt.Sprintf("%s in reports, %s after correlation", many(len(r.reading.discoveries), "finding"), thousands(len(findings))))
	r.app.say("summary", fmt.Sprintf("%s merged, %s from several tools", thousands(merged), thousands(agreed)))
	for _, line := range reasons(r.reading.refused) {
		r.app.say("summary", line)
	}
	if n := len(r.unfinished()); n > 0 {
		r.app.say("summary", many(n, "report")+" of scans that did not finish")
	}
}

// severalTools says whether more than one tool reports a finding.
func severalTools(f *engine.Finding) bool {
	return slices.ContainsFunc(f.Sources, func(s engine.Source) bool { return s.Tool != f.Sources[0].Tool })
}

// reasons count refusals that have one ground, the most frequent first.
func reasons(refused []refusal) []string {
	counts := map[string]int{}
	for _, one := range refused {
		counts[ground(one)]++
	}
	all := make([]string, 0, len(counts))
	for reason := range counts {
		all = append(all, reason)
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(a, b)) })
	for i, reason := range all {
		all[i] = thousands(counts[reason]) + " refused: " + reason
	}
	return all
}

// ground is why a report is refused, in words that others are refused with too: without names and places.
func ground(one refusal) string {
	for _, g := range []struct {
		is    error
		words string
	}{
		{ingest.ErrEmpty, "empty: the scan wrote no result"},
		{ingest.ErrBroken, "not well-formed, or cut before its format shows"},
		{ingest.ErrUnknownFormat, "in no supported format"},
	} {
		if errors.Is(one.err, g.is) {
			return g.words
		}
	}
	text := strings.TrimPrefix(strings.TrimPrefix(one.err.Error(), "read "), one.name+": ")
	if rest, ok := strings.CutPrefix(text, "not valid "); ok {
		format, _, _ := strings.Cut(rest, ":")
		return "cut, damaged or not as the format says: " + format
	}
	return text
}

// many is a count of things, with the plural where it belongs.
func many(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return thousands(n) + " " + what
}
