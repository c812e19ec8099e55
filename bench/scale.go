package main

import (
	"fmt"
	"strings"
	"time"
)

// inputs are what the arithmetic of docs/scale.md begins with, as far as it was measured.
type inputs struct {
	decided  taken // every case, with evidence
	appended taken // records to a ledger, with what is open
	bytes    int64 // of that ledger
	delta    taken // deciding again what a day changed
	looked   int   // cases that it looked at
	changed  int   // cases that it came out otherwise for
}

// aDay is how many open findings the arithmetic is about.
const aDay = 100_000_000

// table is what so many open findings take; empty if too little was measured.
func (in *inputs) table() string {
	if in.decided.N == 0 || in.appended.N == 0 {
		return ""
	}
	open := float64(in.appended.N)
	times := aDay / open
	hours := func(n, perSecond float64) string { return fmt.Sprintf("%.1f", n/perSecond/time.Hour.Seconds()) }
	var t strings.Builder
	row := func(what, measured, comes string) { fmt.Fprintf(&t, "| %s | %s | %s |\n", what, measured, comes) }
	t.WriteString("| 100 million open findings | measured on this machine | comes to |\n| --- | ---: | ---: |\n")
	row("every one decided, evidence written (a new policy)", amount(in.decided.perSecond())+" a second", hours(aDay, in.decided.perSecond())+" machine-hours")
	row("every one appended to ledgers (once, or when all come out otherwise)", amount(in.appended.perSecond())+" a second", hours(aDay, in.appended.perSecond())+" machine-hours")
	row("size of the ledgers, record and input of each", fmt.Sprintf("%d bytes a case", in.bytes/int64(in.appended.N)), fmt.Sprintf("%.0f GB", float64(in.bytes)*times/1e9))
	row("decided again after a day", fmt.Sprintf("%.2f %% of what is open", 100*float64(in.looked)/open), amount(float64(in.looked)*times)+" cases")
	row("of them, those that came out otherwise: records written", fmt.Sprintf("%.2f %%", 100*float64(in.changed)/open), amount(float64(in.changed)*times)+" records")
	row("time for that, at the pace of this ledger", fmt.Sprintf("%.1f s for %s open", in.delta.Wall.Seconds(), amount(open)), hours(times*in.delta.Wall.Seconds(), 1)+" machine-hours")
	return t.String()
}
