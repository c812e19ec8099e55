package packs.paths_test

import data.packs.paths

opened contains r.rule if some r in paths.opens_step

raised[r.rule] := r.to if some r in paths.raise

firm contains r.rule if {
	some r in paths.raise
	r.firm
}

capped[r.rule] := r.to if some r in paths.cap

vulnerability(facts) := {"finding": {"kind": "vulnerability", "severity": "medium"}, "context": facts}

# Steps.

test_opens_proven_fires if {
	"paths.opens_proven" in opened with input as {
		"finding": {"kind": "weakness", "severity": "info"},
		"context": {"validation": {"status": "exploitable"}},
	}
}

test_opens_proven_silent if {
	every status in ["mitigated", "not_exploitable"] {
		opened == set() with input as vulnerability({"validation": {"status": status}})
	}
}

test_opens_proven_missing if not "paths.opens_proven" in opened with input as vulnerability({})

test_opens_vulnerability_fires if {
	opened == {"paths.opens_vulnerability"} with input as vulnerability({"intel": {"ssvc": {"exploitation": "poc"}}})
	opened == {"paths.opens_vulnerability"} with input as vulnerability({"intel": {
		"ssvc": {"exploitation": "none"},
		"kev": {"listed": true},
	}})
	opened == {"paths.opens_vulnerability"} with input as vulnerability({"intel": {
		"ssvc": {"exploitation": "none"},
		"epss": {"probability": 0.5},
	}})
	opened == {"paths.opens_vulnerability"} with input as vulnerability({"reachability": {
		"verdict": "unreachable",
		"confidence": "medium",
	}})
}

test_opens_vulnerability_silent_without_an_exploit if {
	opened == set() with input as vulnerability({"intel": {
		"ssvc": {"exploitation": "none"},
		"kev": {"listed": false},
		"epss": {"probability": 0.01},
	}})
}

test_opens_vulnerability_silent_where_something_rules_it_out if {
	every facts in [
		{"reachability": {"verdict": "unreachable", "confidence": "high"}},
		{"vex": {"status": "not_affected"}},
		{"vex": {"status": "fixed"}},
	] {
		opened == set() with input as vulnerability(facts)
	}
	every finding in [
		{"kind": "vulnerability", "severity": "low"},
		{"kind": "vulnerability", "severity": "high", "package": {"scope": "development"}},
	] {
		opened == set() with input as {"finding": finding, "context": {}}
	}
}

# What is rated low and exploited is how attackers chain.
test_opens_vulnerability_fires_however_minor_it_is_rated_if_it_is_exploited if {
	every facts in [
		{"intel": {"kev": {"listed": true}}},
		{"intel": {"ssvc": {"exploitation": "active"}}},
		{"intel": {"ssvc": {"exploitation": "poc"}}},
		{"intel": {"epss": {"probability": 0.1}}},
	] {
		opened == {"paths.opens_vulnerability"} with input as {
			"finding": {"kind": "vulnerability", "severity": "low"},
			"context": facts,
		}
	}
	every facts in [
		{"intel": {"kev": {"listed": false}, "epss": {"probability": 0.09}}},
		{"intel": {"kev": {"listed": true}}, "vex": {"status": "not_affected"}},
	] {
		opened == set() with input as {
			"finding": {"kind": "vulnerability", "severity": "low"},
			"context": facts,
		}
	}
}

# What somebody accepts or silences still lets an attacker in.
test_opens_vulnerability_fires_where_it_is_waived_or_suppressed if {
	opened == {"paths.opens_vulnerability"} with input as {
		"finding": {"kind": "vulnerability", "severity": "high", "suppression": {"kind": "in_source", "status": "accepted"}},
		"context": {"waivers": [{"id": "w", "verified": true}]},
	}
}

# Whoever was stopped once did not get in; a proof that somebody did counts before any statement.
test_validation_decides_whether_a_step_opens if {
	every finding in [
		{"kind": "vulnerability", "severity": "critical"},
		{"kind": "weakness", "severity": "critical", "cwes": [89]},
		{"kind": "misconfiguration", "severity": "critical"},
	] {
		opened == set() with input as {"finding": finding, "context": {"validation": {"status": "mitigated"}}}
		"paths.opens_proven" in opened with input as {
			"finding": finding,
			"context": {"validation": {"status": "exploitable"}, "vex": {"status": "not_affected"}},
		}
	}
}

test_opens_vulnerability_fires_on_what_is_exploited_whatever_one_attempt_showed if {
	opened == {"paths.opens_vulnerability"} with input as vulnerability({
		"validation": {"status": "mitigated"},
		"intel": {"kev": {"listed": true}},
	})
	opened == set() with input as vulnerability({"validation": {"status": "mitigated"}})
}

test_opens_secret_fires_whatever_one_attempt_showed if {
	opened == {"paths.opens_secret"} with input as {
		"finding": {"kind": "secret"},
		"context": {"validation": {"status": "mitigated"}},
	}
}

test_opens_vulnerability_missing_facts_are_no_reason_to_rest if {
	opened == {"paths.opens_vulnerability"} with input as {"finding": {"kind": "vulnerability"}, "context": {}}
}

secret(active) := {"finding": {"kind": "secret", "secret": active}, "context": {}}

test_opens_secret_fires if opened == {"paths.opens_secret"} with input as secret({"active": true})

test_opens_secret_silent if opened == set() with input as secret({"active": false})

test_opens_secret_missing if opened == {"paths.opens_secret"} with input as secret({})

misconfiguration(finding) := {"finding": object.union({"kind": "misconfiguration"}, finding), "context": {}}

test_opens_misconfiguration_fires if {
	every severity in ["high", "critical"] {
		opened == {"paths.opens_misconfiguration"} with input as misconfiguration({"severity": severity})
	}
}

test_opens_misconfiguration_silent if opened == set() with input as misconfiguration({"severity": "medium"})

test_opens_misconfiguration_missing if opened == set() with input as misconfiguration({})

weakness(finding) := {"finding": object.union({"kind": "weakness"}, finding), "context": {}}

test_opens_weakness_fires if {
	opened == {"paths.opens_weakness"} with input as weakness({"cwes": [20, 89], "severity": "medium"})
}

test_opens_weakness_silent if {
	opened == set() with input as weakness({"cwes": [20], "severity": "high"})
	opened == set() with input as weakness({"cwes": [89], "severity": "low"})
}

test_opens_weakness_missing if {
	opened == set() with input as weakness({"severity": "high"})
	opened == {"paths.opens_weakness"} with input as weakness({"cwes": [89]})
}

# On a way.

on(facts) := {"finding": {"kind": "vulnerability"}, "context": {"paths": facts}}

test_validated_fires if {
	some_way := on({"from_internet": true, "opens": true, "status": "validated"})
	raised == {"paths.validated": "act"} with input as some_way
	firm == {"paths.validated"} with input as some_way
}

test_validated_silent if {
	raised == {} with input as on({"from_internet": true, "opens": false, "status": "validated"})
}

test_validated_missing if raised == {} with input as on({"from_internet": true, "opens": true})

test_to_crown_jewel_fires if {
	some_way := on({"from_internet": true, "opens": true, "status": "potential"})
	raised == {"paths.to_crown_jewel": "attend"} with input as some_way
	firm == set() with input as some_way
}

test_to_crown_jewel_silent if {
	raised == {} with input as on({"from_internet": true, "opens": false, "status": "potential"})
}

test_to_crown_jewel_missing if raised == {} with input as {"finding": {"kind": "vulnerability"}, "context": {}}

test_cuts_fires if {
	raised["paths.cuts"] == "attend" with input as on({
		"from_internet": true, "opens": true, "status": "potential",
		"cuts": ["ledger"],
	})
}

test_cuts_silent if {
	not raised["paths.cuts"] with input as on({"from_internet": true, "opens": false, "cuts": ["ledger"]})
}

test_cuts_missing if not raised["paths.cuts"] with input as on({"from_internet": true, "opens": true})

# Nothing leads there.

unreached(finding, asset) := {
	"finding": finding,
	"asset": asset,
	"context": {"paths": {"from_internet": false, "opens": true}},
}

test_unreached_fires if {
	every kind in ["vulnerability", "weakness"] {
		every exposure in ["internal", "isolated"] {
			capped == {"paths.unreached": "track*"} with input as unreached({"kind": kind}, {"exposure": exposure})
		}
	}
}

test_unreached_silent if {
	capped == {} with input as object.union(
		unreached({"kind": "vulnerability"}, {"exposure": "internal"}),
		{"context": {"paths": {"from_internet": true}}},
	)
	every kind in ["secret", "misconfiguration", "license"] {
		capped == {} with input as unreached({"kind": kind}, {"exposure": "internal"})
	}
	every exposure in ["internet", "partner"] {
		capped == {} with input as unreached({"kind": "vulnerability"}, {"exposure": exposure})
	}
	capped == {} with input as unreached({"kind": "vulnerability"}, {"exposure": "internal"})
		with data.packs.paths.params.unreached as null
}

test_unreached_silent_where_attackers_are_at_it if {
	every facts in [
		{"intel": {"kev": {"listed": true}}},
		{"intel": {"ssvc": {"exploitation": "active"}}},
		{"validation": {"status": "exploitable"}},
	] {
		capped == {} with input as object.union(
			unreached({"kind": "vulnerability"}, {"exposure": "isolated"}),
			{"context": facts},
		)
	}
}

test_unreached_missing if {
	capped == {} with input as unreached({"kind": "vulnerability"}, {})
	capped == {} with input as {"finding": {"kind": "vulnerability"}, "asset": {"exposure": "internal"}, "context": {}}
}
