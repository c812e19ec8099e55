package packs.bod2604_test

import data.packs.bod2604

case(listed, exposure, automatable, impact) := {
	"finding": {"kind": "vulnerability"},
	"asset": {"exposure": exposure},
	"context": {"intel": {
		"kev": {"listed": listed},
		"ssvc": {"automatable": automatable, "technical_impact": impact},
	}},
}

worst := case(true, "internet", "yes", "total")

raised := {r.to | some r in bod2604.raise}

days := {[r.days, r.from] | some r in bod2604.due}

obliged := {r.obligation | some r in bod2604.oblige}

warned := {r.rule | some r in bod2604.warn}

said := {r.vars.outcome | some r in bod2604.raise}

# Each outcome of the table, by a row that has it.
outcomes := {
	"3 days and forensics": [worst, "act", 3],
	"3 days": [case(true, "internet", "yes", "partial"), "act", 3],
	"14 days": [case(true, "internal", "no", "partial"), "attend", 14],
	"60 days": [case(false, "internal", "yes", "partial"), "track*", 60],
}

test_timeline_fires_with_each_outcome if {
	every outcome, row in outcomes {
		raised == {row[1]} with input as row[0]
		said == {outcome} with input as row[0]
	}
}

test_timeline_silent_until_the_next_upgrade if {
	raised == set() with input as case(false, "internal", "no", "total")
}

test_timeline_missing_points_leave_the_least if {
	every path in ["asset/exposure", "context/intel/ssvc/automatable"] {
		raised == {"act"} with input as json.remove(worst, [path])
		said == {"3 days and forensics"} with input as json.remove(worst, [path])
	}
	said == {"3 days at least, 3 days and forensics at most"} with input as json.remove(
		worst,
		["context/intel/ssvc/technical_impact"],
	)
	said == {"14 days at least, 3 days and forensics at most"} with input as json.remove(worst, ["context/intel/ssvc"])
	said == {"3 days at least, 3 days and forensics at most"} with input as json.remove(worst, ["context/intel/kev"])
}

test_timeline_missing_everything_says_nothing if {
	raised == set() with input as {"finding": {"kind": "vulnerability"}, "asset": {"exposure": "internet"}, "context": {}}
	raised == set() with input as {"finding": {"kind": "weakness"}, "asset": {}, "context": {"intel": {"ssvc": {}}}}
}

test_timeline_names_what_is_not_known if {
	some r in bod2604.raise with input as json.remove(worst, ["context/intel/kev", "asset/exposure"])
	r.vars.listed == "not known"
	r.vars.exposed == "not known"
}

test_timeline_fires_on_any_point_that_is_known if {
	every name, value in {"automatable": "yes", "technical_impact": "total"} {
		ssvc := {"finding": {}, "asset": {"exposure": "internet"}, "context": {"intel": {"ssvc": {name: value}}}}
		count(raised) == 1 with input as ssvc
	}
}

test_only_the_internet_is_publicly_exposed if {
	every exposure in ["partner", "internal", "isolated"] {
		raised == {"attend"} with input as case(true, exposure, "no", "total")
	}
	raised == {"act"} with input as case(true, "internet", "no", "total")
}

test_due_fires_with_the_days_of_the_row if {
	days == {[3, "kev_added"]} with input as worst
	days == {[14, "kev_added"]} with input as case(true, "internal", "no", "partial")
	days == {[60, "first_seen"]} with input as case(false, "internal", "yes", "partial")
	days == {[3, "evaluated"]} with input as worst with data.packs.bod2604.params.from_if_listed as "evaluated"
}

test_due_silent_until_the_next_upgrade if days == set() with input as case(false, "internal", "no", "total")

test_due_missing_points_give_the_longest_time_that_is_left if {
	days == {[14, "kev_added"]} with input as json.remove(worst, ["context/intel/ssvc"])
	days == {[3, "first_seen"]} with input as json.remove(worst, ["context/intel/kev"])
}

test_forensics_fires if {
	obliged == {"forensics"} with input as worst
	obliged == {"forensics"} with input as case(true, "internal", "yes", "total")
}

test_forensics_silent if {
	obliged == set() with input as case(true, "internet", "yes", "partial")
	obliged == set() with input as case(true, "internal", "no", "total")
	obliged == set() with input as case(false, "internet", "yes", "total")
}

test_forensics_missing_point if {
	obliged == set() with input as json.remove(worst, ["context/intel/ssvc/technical_impact"])
}

test_forensics_possible_fires if {
	warned == {"bod2604.forensics_possible"} with input as json.remove(worst, ["context/intel/ssvc/technical_impact"])
}

test_forensics_possible_silent if {
	warned == set() with input as worst
	warned == set() with input as json.remove(worst, ["asset/exposure"])
	warned == set() with input as case(true, "internet", "yes", "partial")
}

test_forensics_possible_missing_everything if warned == set() with input as {"finding": {}, "asset": {}, "context": {}}
