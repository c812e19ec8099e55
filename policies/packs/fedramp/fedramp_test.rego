package packs.fedramp_test

import data.packs.fedramp

worst := {
	"finding": {"kind": "vulnerability", "severity": "critical"},
	"asset": {"criticality": "mission_critical", "exposure": "internet"},
	"context": {
		"change": {"event": "pull_request", "status": "introduced"},
		"intel": {"kev": {"listed": true, "due": "2026-12-24"}, "ssvc": {"exploitation": "active", "automatable": "yes"}},
	},
}

but(facts) := object.union(worst, facts)

without(paths) := json.remove(worst, paths)

raised := {r.to | some r in fedramp.raise}

said[name] := value if {
	some r in fedramp.raise
	some name, value in r.vars
}

due[r.rule] := r if some r in fedramp.due

warned := {r.rule | some r in fedramp.warn}

days := due["fedramp.due"].days

test_timeframe_fires_with_each_priority if {
	raised == {"act"} with input as worst
	raised == {"attend"} with input as but({"finding": {"severity": "medium"}})
	raised == {"track*"} with input as but({"finding": {"severity": "low"}})
	said == {"class": "c", "impact": "n5", "likelihood": "lev_irv", "days": "2 days"} with input as worst
}

test_timeframe_silent_without_one if {
	raised == set() with input as but({"asset": {"criticality": "low"}, "finding": {"severity": "info"}})
	raised == set() with input as but({"asset": {"tags": {"fedramp_impact": "n1"}}})
	raised == set() with input as but({"finding": {"kind": "license"}})
}

test_timeframe_missing_facts_leave_the_longest_time if {
	days == 4 with input as without(["asset/exposure"])
	said.days == "4 days, or as few as 2" with input as without(["asset/exposure"])
	days == 16 with input as without(["asset/criticality"])
	days == 16 with input as without(["finding/severity"])
	days == 16 with input as without(["context/intel"])
	said.likelihood == "lev_irv or nlev" with input as without(["context/intel"])
}

test_due_fires_with_the_days_of_the_class if {
	every class, expected in {"a": 4, "b": 4, "c": 2, "d": 0.5} {
		days == expected with input as worst with data.packs.fedramp.params.class as class
		days == expected with input as but({"asset": {"tags": {"fedramp_class": class}}})
	}
	due["fedramp.due"].from == "first_seen" with input as worst
}

test_due_silent_without_a_time_frame if {
	not due["fedramp.due"] with input as but({"asset": {"tags": {"fedramp_impact": "n1"}}})
}

test_due_missing_impact_is_estimated_and_the_tag_goes_before if {
	days == 48 with input as but({"asset": {"tags": {"fedramp_impact": "n2"}}})
	days == 2 with input as worst
}

test_likelihood_follows_what_is_known if {
	every expected, facts in {
		"nlev": {"context": {"validation": {"status": "mitigated"}}},
		"lev_nirv": {"asset": {"exposure": "internal"}},
	} {
		said.likelihood == expected with input as but(facts)
	}
	said.likelihood == "nlev" with input as but({"context": {"vex": {"status": "not_affected"}}})
	unreachable := {"context": {"reachability": {"verdict": "unreachable"}}}
	said.likelihood == "lev_irv" with input as but(unreachable)
	proven := {"context": {"reachability": {"confidence": "high"}}}
	said.likelihood == "nlev" with input as object.union(but(unreachable), proven)
	behind := {"asset": {"exposure": "internal"}, "context": {"paths": {"from_internet": true}}}
	said.likelihood == "lev_irv" with input as but(behind)
}

# What is known when the catalogue does not list it and no exploit is.
quiet(facts) := object.union(without(["context/intel"]), {"context": facts})

test_likelihood_by_each_sign if {
	every facts in [
		{"validation": {"status": "exploitable"}},
		{"intel": {"ssvc": {"exploitation": "poc"}}},
		{"intel": {"ssvc": {"automatable": "yes"}}},
		{"intel": {"epss": {"probability": 0.1, "model": "v2026.06.15"}}},
	] {
		said.likelihood == "lev_irv" with input as quiet(facts)
	}
	improbable := {"intel": {"ssvc": {"exploitation": "none"}, "epss": {"probability": 0.09, "model": "v2026.06.15"}}}
	said.likelihood == "nlev" with input as quiet(improbable)
	other := object.union(improbable, {"intel": {"epss": {"model": "v2025.03.14"}}})
	said.likelihood == "lev_irv or nlev" with input as quiet(other)
}

test_kev_due_fires if due["fedramp.kev_due"].by == "2026-12-24" with input as worst

test_kev_due_silent if {
	not due["fedramp.kev_due"] with input as but({"context": {"intel": {"kev": {"listed": false}}}})
}

test_kev_due_missing_date_or_catalogue if {
	not due["fedramp.kev_due"] with input as without(["context/intel/kev/due"])
	not due["fedramp.kev_due"] with input as without(["context/intel/kev"])
}

test_new_kev_fires if warned == {"fedramp.new_kev"} with input as worst

test_new_kev_silent if {
	warned == set() with input as but({"context": {"change": {"status": "existing"}}})
	warned == set() with input as but({"context": {"intel": {"kev": {"listed": false}}}})
}

test_new_kev_missing if {
	warned == {"fedramp.new_kev"} with input as without(["context/change/status"])
	warned == set() with input as without(["context/intel/kev"])
}

test_tags_that_say_nothing_are_passed_over if {
	days == 2 with input as but({"asset": {"tags": {"fedramp_impact": "N9", "fedramp_class": "high"}}})
}
