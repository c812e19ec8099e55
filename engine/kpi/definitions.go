package kpi

// A Definition says what a figure is, for whoever has to rely on it.
type Definition struct {
	ID     string
	Name   string
	Unit   string
	Better string // BetterLess, BetterMore; empty: neither
	When   string // AtEnd or Within
	Each   bool   // it is given for each priority too

	Text    string // what it says
	Formula string
	Source  string // what it is made of
	Bias    string // what it does not show, or shows too well; empty: nothing that is known
}

// What figures are made of.
const (
	fromCases   = "the states of findings that the ledger keeps of each branch, and the latest record of each"
	fromRuns    = "the signed statements of runs"
	fromPulls   = "the statements and records of runs on pull requests and merge groups"
	fromTimings = "the times that runs took, which the ledger keeps beside its log"
	fromResults = "the results of runs on branches"
	fromEffects = "what the ledger knows of tickets, and the records of what was done to them"
	fromWaivers = "the records of waivers in the latest run of each branch"
)

// What several figures do not show. Each is read by itself, on a tile or in a row, so that each says it.
const (
	bringsAll   = "A repository whose first run is in the period brings all of its findings."
	closedAlone = "What is still open does not count, so that closing what is easy and leaving the rest makes it better. Read it beside the half-life."
	byRules     = "Known exploited is what the rules exploit.kev… said in the latest decision of a case."
	ownClock    = "Scanners, the start of the runner, and the comment and checks that come after it are not in it. Each machine measures its own time, and no signature " +
		"covers it. It is not known of runs with another clock (--now), of those that came as a bundle, and of those that could not decide."
)

// Definitions are all figures, in the order of reports.
var Definitions = []Definition{
	{ID: "paths.validated", Name: "Validated exposure paths", Unit: UnitPaths, Better: BetterLess, When: AtEnd,
		Text:    "Pairs of an asset exposed to the internet and a crown jewel between which an attacker has a way on which every step is proven.",
		Formula: "sum over repositories and branches of the validated pairs in their latest run", Source: fromResults,
		Bias: "A pair on two branches, or known to two repositories, counts twice. Branches whose runs know no complete graph are not counted."},
	{ID: "paths.opened", Name: "Validated paths opened", Unit: UnitPaths, Better: BetterLess, When: Within,
		Text:    "Validated pairs that a run had and the run before on the same branch had not.",
		Formula: "sum over runs of |pairs now − pairs before|", Source: fromResults,
		Bias: "A path that opened and closed between two runs was never seen. Of more than 100 paths in one run only the change of their number counts."},
	{ID: "paths.closed", Name: "Validated paths closed", Unit: UnitPaths, Better: BetterMore, When: Within,
		Text:    "Validated pairs that a run no longer had and the run before on the same branch had.",
		Formula: "sum over runs of |pairs before − pairs now|", Source: fromResults, Bias: "A path that opened and closed between two runs was never seen. Of more than 100 paths in one run only the change of their number counts."},
	{ID: "paths.net", Name: "Validated paths, net", Unit: UnitPaths, Better: BetterLess, When: Within,
		Text: "Validated paths opened less those closed.", Formula: "opened − closed", Source: fromResults},

	{ID: "exposure.half_life", Name: "Exposure half-life", Unit: UnitDays, Better: BetterLess, When: Within, Each: true,
		Text:    "After how many days half of the cases are closed, those still open included: where Kaplan and Meier's curve comes to one half.",
		Formula: "the first t with S(t) ≤ 0.5, where S(t) = Π over days i ≤ t of (1 − closed_i / at risk_i)", Source: fromCases,
		Bias: "A case counts under the priority that it had last. It is at risk within the period alone, from the age that it had when the period began, and a case " +
			"that was reopened counts anew from then. A closed case is one that a complete scan did not find again, for whatever reason."},
	{ID: "exposure.open_at_due", Name: "Still open when due", Unit: UnitShare, Better: BetterLess, When: Within, Each: true,
		Text:    "The share of cases still open on the day on which the policy wants them fixed: the curve at that day, with Greenwood's band of 95 %.",
		Formula: "S(days that the policy allows)", Source: fromCases,
		Bias: "The days are those of the pack sla in the latest run; dates of single cases may differ. Accepted cases count as open."},

	{ID: "remediation.mean", Name: "Time to remediate, mean", Unit: UnitDays, Better: BetterLess, When: Within, Each: true,
		Text: "Days from when a case was opened to when it was closed, of those closed in the period: the mean.", Formula: "Σ (closed − opened) / closed cases",
		Source: fromCases, Bias: closedAlone},
	{ID: "remediation.median", Name: "Time to remediate, median", Unit: UnitDays, Better: BetterLess, When: Within, Each: true,
		Text:    "Days from when a case was opened to when it was closed, of those closed in the period: half took no longer.",
		Formula: "the 50th percentile, by nearest rank, to the hour", Source: fromCases, Bias: closedAlone},
	{ID: "remediation.p90", Name: "Time to remediate, 90th percentile", Unit: UnitDays, Better: BetterLess, When: Within, Each: true,
		Text:    "Days from when a case was opened to when it was closed, of those closed in the period: nine of ten took no longer.",
		Formula: "the 90th percentile, by nearest rank, to the hour", Source: fromCases, Bias: closedAlone},

	{ID: "open.cases", Name: "Open cases", Unit: UnitCases, Better: BetterLess, When: AtEnd, Each: true,
		Text: "Findings on assets that are there, accepted ones too.", Formula: "cases opened and not closed", Source: fromCases,
		Bias: "One finding on two assets or branches is two cases. Of the period before, each counts under the priority that it had last."},
	{ID: "open.on_critical", Name: "On business-critical assets", Unit: UnitShare, Better: BetterLess, When: AtEnd,
		Text:    "The share of open cases on assets that are mission or business critical, among those whose criticality is known.",
		Formula: "open on mission_critical or business_critical / open with a known criticality", Source: fromCases, Bias: "What is not known of an asset is not in it."},
	{ID: "open.with_owner", Name: "With an owner", Unit: UnitShare, Better: BetterMore, When: AtEnd,
		Text: "The share of open cases whose asset has an owner.", Formula: "open with owner / open", Source: fromCases},
	{ID: "open.with_fix", Name: "With a fix", Unit: UnitShare, Better: BetterMore, When: AtEnd,
		Text:    "The share of open vulnerabilities of packages for which a version that fixes them is known.",
		Formula: "open with a fixed version / open vulnerabilities of packages", Source: fromCases, Bias: "Other kinds of findings are fixed otherwise, and are not in it."},

	{ID: "due.compliance", Name: "Closed in time", Unit: UnitShare, Better: BetterMore, When: Within, Each: true,
		Text:    "Of the cases that were due in the period, the share that was closed by then. Accepted ones are not in it.",
		Formula: "closed by their date / (closed + open and not accepted), of those due in the period", Source: fromCases,
		Bias: "A case that was closed too late counts as late in the period in which it was due."},
	{ID: "due.overdue", Name: "Overdue", Unit: UnitCases, Better: BetterLess, When: AtEnd, Each: true,
		Text: "Open cases whose date has passed, but for accepted ones.", Formula: "open, not accepted, due before the end", Source: fromCases,
		Bias: "What is accepted now counts as accepted for the period before too."},
	{ID: "due.next_14_days", Name: "Due within 14 days", Unit: UnitCases, When: AtEnd,
		Text: "Open cases that are due within 14 days, but for accepted ones.", Formula: "open, not accepted, due in (end, end + 14 days]", Source: fromCases},
	{ID: "due.projected", Name: "Projected breaches in 14 days", Unit: UnitCases, Better: BetterLess, When: AtEnd,
		Text:    "How many of the cases due within 14 days will still be open when they are due, if they are closed as cases of their priority were in the period.",
		Formula: "Σ over them of S(age when due) / S(age now)", Source: fromCases, Bias: "An expectation, and no promise. A priority of which nothing was closed projects all of its cases."},

	{ID: "backlog.opened", Name: "Opened", Unit: UnitCases, Better: BetterLess, When: Within, Each: true,
		Text: "Cases that were opened or reopened in the period.", Formula: "count", Source: fromCases, Bias: bringsAll},
	{ID: "backlog.closed", Name: "Closed", Unit: UnitCases, Better: BetterMore, When: Within, Each: true,
		Text: "Cases that were closed in the period.", Formula: "count", Source: fromCases},
	{ID: "backlog.net", Name: "Backlog growth", Unit: UnitCases, Better: BetterLess, When: Within, Each: true,
		Text:    "How many more cases are open at the end of the period than at its beginning; below 0 there are fewer.",
		Formula: "opened − closed", Source: fromCases, Bias: bringsAll + " Of a period in which the log begins it is not known."},
	{ID: "backlog.capacity", Name: "Closed for each one opened", Unit: UnitRatio, Better: BetterMore, When: Within,
		Text: "How many cases were closed for each one that was opened in the period: above 1 the backlog shrinks.", Formula: "closed / opened", Source: fromCases,
		Bias: bringsAll + " Of a period in which the log begins it is not known."},

	{ID: "noise.reported", Name: "Reported", Unit: UnitFindings, When: AtEnd,
		Text: "What scanners listed, in the reports of the latest run of each branch.", Formula: "Σ results of reports", Source: fromResults},
	{ID: "noise.findings", Name: "Findings", Unit: UnitFindings, When: AtEnd,
		Text: "What the reports of the latest run of each branch amount to: each weakness of a target once, whoever reported it.", Formula: "Σ findings of those runs", Source: fromRuns},
	{ID: "noise.actionable", Name: "Needing action", Unit: UnitCases, Better: BetterLess, When: AtEnd,
		Text: "Open cases that are act or attend, but for accepted ones.", Formula: "count", Source: fromCases,
		Bias: "A case counts with the priority that it has now, and what is accepted now as accepted, for the period before too."},
	{ID: "noise.fixes", Name: "Fixes that clear them", Unit: UnitFixes, When: AtEnd,
		Text: "Different things to do that clear the cases that are act or attend.", Formula: "fixes of the plan that clear an act or attend", Source: "the plan"},
	{ID: "noise.cut", Name: "Noise cut", Unit: UnitShare, Better: BetterMore, When: AtEnd,
		Text: "The share of what scanners reported that nobody has to look at one by one.", Formula: "1 − needing action / reported", Source: fromResults,
		Bias: "A scanner that reports a lot makes it look better. Of the period before, what is accepted now counts as accepted then too."},

	{ID: "waivers.cases", Name: "Accepted cases", Unit: UnitCases, Better: BetterLess, When: AtEnd, Each: true,
		Text: "Open cases that a waiver, or a statement that they are not affected, lowers.", Formula: "count", Source: fromCases,
		Bias: "What is accepted is known as of now: of a time before there is no figure."},
	{ID: "waivers.debt", Name: "Waiver debt", Unit: UnitPoints, Better: BetterLess, When: AtEnd,
		Text:    "What is accepted, by how long it has been there and how urgent it is.",
		Formula: "Σ over accepted cases of days since first seen × weight; act 8, attend 4, track* 2, track 1", Source: fromCases,
		Bias: "It counts from when a case was first seen, and not from when it was accepted. Of a time before now there is no figure."},
	{ID: "waivers.ending", Name: "Waivers that end in 30 days", Unit: UnitWaivers, Better: BetterLess, When: AtEnd,
		Text: "Waivers in force that end within 30 days.", Formula: "count", Source: fromWaivers},
	{ID: "waivers.unverified", Name: "Waivers not proven", Unit: UnitWaivers, Better: BetterLess, When: AtEnd,
		Text: "Waivers in force of which it is not proven that somebody else who may do so approved them.", Formula: "count", Source: fromWaivers},

	{ID: "reopened.rate", Name: "Reopened", Unit: UnitShare, Better: BetterLess, When: Within,
		Text: "How many cases came back for each one that was closed.", Formula: "cases opened again in the period / cases closed in it", Source: fromCases,
		Bias: "What was closed before and comes back in the period counts in it."},

	{ID: "gate.runs", Name: "Changes judged", Unit: UnitRuns, When: Within,
		Text: "Runs on pull requests and merge groups.", Formula: "count", Source: fromPulls},
	{ID: "gate.block_rate", Name: "Blocked", Unit: UnitShare, When: Within,
		Text: "The share of these runs that blocked.", Formula: "blocked / runs", Source: fromPulls,
		Bias: "A pull request that is blocked and pushed to ten times counts ten times. Runs that could not decide leave no evidence."},
	{ID: "gate.override_rate", Name: "Overridden within 24 hours", Unit: UnitShare, Better: BetterLess, When: Within,
		Text:    "Of the pull requests that were blocked, the share that passed within 24 hours without a fix: what had blocked was still found, and a waiver or report-only let it pass.",
		Formula: "blocks followed by a passing run of the same pull request within 24 hours in which a case that had blocked would have blocked / blocks",
		Source:  fromPulls, Bias: "A rule that was changed in between is not seen. Whoever merges past the gate leaves nothing in the log."},
	{ID: "gate.unblock", Name: "Time to unblock", Unit: UnitHours, Better: BetterLess, When: Within,
		Text:    "Hours from the first run that blocked a pull request to the first that no longer did: the median.",
		Formula: "the median of (passed − blocked), of those that passed in the period", Source: fromPulls, Bias: "Pull requests that are still blocked, or were given up, do not count."},
	{ID: "gate.latency", Name: "Gate latency", Unit: UnitSeconds, Better: BetterLess, When: Within,
		Text:    "Seconds from when headgate gate began to when its run was in the ledger, of runs on pull requests and merge groups: half took no longer.",
		Formula: "the 50th percentile, by nearest rank, to the hundredth of a second", Source: fromTimings,
		Bias: ownClock},
	{ID: "gate.latency_p95", Name: "Gate latency, 95th percentile", Unit: UnitSeconds, Better: BetterLess, When: Within,
		Text:    "Seconds from when headgate gate began to when its run was in the ledger, of runs on pull requests and merge groups: 95 of 100 took no longer.",
		Formula: "the 95th percentile, by nearest rank, to the hundredth of a second", Source: fromTimings,
		Bias: ownClock + " Of fewer than 20 runs it is that of the slowest."},

	{ID: "evidence.runs", Name: "Runs in the log", Unit: UnitRuns, When: Within, Text: "Runs that decided something.", Formula: "count", Source: fromRuns},
	{ID: "evidence.signed", Name: "Runs signed", Unit: UnitShare, Better: BetterMore, When: Within,
		Text: "The share of these runs whose statement has a signature.", Formula: "signed / runs", Source: fromRuns,
		Bias: "Whose signature it is, and that it holds, is what headgate evidence verify shows."},
	{ID: "evidence.loosened", Name: "Runs loosened", Unit: UnitShare, Better: BetterLess, When: Within,
		Text:    "The share of these runs that something loosened: report-only, an incomplete report that was allowed, a pack left out, another clock.",
		Formula: "runs with weakened / runs", Source: fromRuns},
	{ID: "evidence.checkpoint_age", Name: "Age of the checkpoint", Unit: UnitDays, Better: BetterLess, When: AtEnd,
		Text: "Days since the latest run, whose checkpoint is the latest.", Formula: "end − time of the latest run", Source: fromRuns,
		Bias: "By the time that the run was given, which may be another than the real one."},
	{ID: "evidence.replayed", Name: "Decided again identically", Unit: UnitShare, Better: BetterMore, When: AtEnd,
		Text: "Of a sample of recorded decisions, the share that came out identical when it was decided again just now.", Formula: "identical / sample",
		Source: "a sample of the records, drawn by the seed headgate-report"},

	{ID: "tickets.open", Name: "Open tickets", Unit: UnitTickets, When: AtEnd, Text: "Tickets that are not done.", Formula: "count", Source: fromEffects,
		Bias: "As they were when headgate publish last looked."},
	{ID: "tickets.by_status", Name: "Tickets by status", Unit: UnitTickets, When: AtEnd, Text: "Tickets by their status and resolution, in the tracker's words.",
		Formula: "count", Source: fromEffects, Bias: "As they were when headgate publish last looked."},
	{ID: "tickets.close", Name: "Time to close a ticket", Unit: UnitDays, Better: BetterLess, When: Within,
		Text: "Days from when a ticket was made to when it was done, of those done in the period: the median.", Formula: "the median of (done − made)", Source: fromEffects,
		Bias: "Of a ticket that a person closed, done is when it was changed last. Open ones do not count."},
	{ID: "tickets.reopened", Name: "Tickets reopened", Unit: UnitTickets, Better: BetterLess, When: Within,
		Text: "How often a ticket was opened again.", Formula: "count", Source: fromEffects},
	{ID: "tickets.unseen", Name: "Tickets about to close", Unit: UnitTickets, When: AtEnd,
		Text: "Open tickets whose findings the latest complete scan did not find: they close when another one does not either.", Formula: "count", Source: fromEffects,
		Bias: "As they were when headgate publish last looked."},

	{ID: "kev.coverage", Name: "Known exploited, closed", Unit: UnitShare, Better: BetterMore, When: Within,
		Text: "Of the cases known to be exploited that were there in the period, the share that was closed in it.", Formula: "closed / (closed + open), of those that a rule on KEV raised",
		Source: fromCases, Bias: byRules},
	{ID: "kev.efficiency", Name: "Closed that was known exploited", Unit: UnitShare, When: Within,
		Text: "Of the cases closed in the period, the share that was known to be exploited.", Formula: "closed and known exploited / closed", Source: fromCases, Bias: byRules},
}

// definition is the one of an id; every id in this package has one.
func definition(id string) *Definition {
	for i := range Definitions {
		if Definitions[i].ID == id {
			return &Definitions[i]
		}
	}
	return nil
}
