package report

import (
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
)

// What is said of a case or fix elsewhere, in a ticket, is said in the words of the reports: these are they. All are clean, one line each.

// Line makes text from outside safe to show on a line: without control characters and what reorders or hides, and bounded.
func Line(s string) string { return clean(s) }

// Columns is how many columns clean text takes on a terminal.
func Columns(s string) int { return width(s) }

// Short shortens clean text to so many columns; the cut shows as "…".
func Short(s string, columns int) string { return cutEnd(s, columns) }

// FixWords say what to do: "upgrade log4j-core to 2.17.1".
func FixWords(f *engine.Fix) string { return clean(todoOf(f).words()) }

// CutWords say what a fix alone does to the attack paths of a run: "cuts the only path to payments-db"; empty if nothing.
func CutWords(f *engine.Fix, r *engine.Result) string { return clean(cuts(f, r.Graph)) }

// FindingWords name what is wrong and what it is in: "CVE-2021-44228", "log4j-core 2.14.1".
func FindingWords(f *engine.Finding) (wrong, in string) {
	return clean(weakness(f)), clean(subject(f))
}

// WhyWords are what carries a decision in the words of the rules, the strongest first, without the full stop; there may be none.
func WhyWords(d *engine.Decision) []string { return why(d) }

// CountWords are counts by priority, worst first: "1 act, 2 attend".
func CountWords(counts map[engine.Priority]int) string {
	return strings.Join(tally(counts).words(), ", ")
}

// DayWords are a day as people write it. The year is left out where it is that of now; a zero now leaves it in.
func DayWords(t, now time.Time) string { return dated(t, now) }

// AssetWords are how people call an asset.
func AssetWords(a *engine.Asset) string { return clean(assetName(a)) }

// Command is a command line that can be copied, quoted for a shell where it has to be.
func Command(words ...string) string { return command(words...) }

// VerdictWords say in a few sentences what a run came to and from what, as the text does at its end.
func VerdictWords(r *engine.Result) []string {
	var out []string
	for _, s := range newView(r).sentences() {
		out = append(out, clean(s))
	}
	return out
}
