package packs.validation_test

import data.packs.validation

raised[r.rule] := r.to if some r in validation.raise

capped[r.rule] := r.to if some r in validation.cap

vulnerability := {"finding": {"kind": "vulnerability", "severity": "high"}, "context": {}}

shown(facts) := object.union(vulnerability, {"context": {"validation": facts}})

with_intel(facts, intel) := object.union(shown(facts), {"context": {"intel": intel}})

severity(value) := object.union(shown({"status": "exploitable", "by": "scanner"}), {"finding": {"severity": value}})

mitigated := {"status": "mitigated", "by": "red team", "control": "WAF rule 942100"}

not_exploitable := {"status": "not_exploitable", "by": "red team"}

# Proven exploitable.

test_exploitable_fires if {
	some r in validation.raise with input as severity("high")
	r.rule == "validation.exploitable"
	r.to == "act"
	r.firm
	every value in ["critical", "high", "medium"] {
		raised == {"validation.exploitable": "act"} with input as severity(value)
	}
}

test_exploitable_silent if {
	raised == {} with input as shown(mitigated)
	raised == {} with input as shown(not_exploitable)
}

test_exploitable_missing if {
	raised == {} with input as vulnerability
	raised == {} with input as {"finding": {"kind": "weakness"}, "context": {}}
}

test_exploitable_missing_severity_counts_as_high if {
	raised == {"validation.exploitable": "act"} with input as json.remove(severity("low"), ["finding/severity"])
}

# Proven exploitable, of low severity.

test_exploitable_slight_fires if {
	every value in ["low", "info"] {
		raised == {"validation.exploitable_slight": "attend"} with input as severity(value)
	}
	some r in validation.raise with input as severity("low")
	r.firm
}

test_exploitable_slight_silent if not raised["validation.exploitable_slight"] with input as severity("medium")

test_exploitable_slight_missing if {
	raised == {} with input as object.union(vulnerability, {"finding": {"severity": "low"}})
}

# Mitigated by a control.

test_mitigated_fires if {
	capped == {"validation.mitigated": "track*"} with input as shown(mitigated)
	capped == {"validation.mitigated": "track*"} with input as with_intel(mitigated, {"kev": {"listed": false}})
	every kind in ["weakness", "misconfiguration"] {
		capped == {"validation.mitigated": "track*"} with input as object.union(
			shown(mitigated),
			{"finding": {"kind": kind}},
		)
	}
}

test_mitigated_silent if {
	capped == {} with input as severity("high")
	capped == {} with input as object.union(shown(mitigated), {"finding": {"kind": "secret"}})
}

test_mitigated_missing if capped == {} with input as vulnerability

test_mitigated_missing_control_lowers_nothing if {
	capped == {} with input as shown({"status": "mitigated", "by": "red team"})
}

# Mitigated by a control, but attacked elsewhere.

test_mitigated_attacked_fires if {
	every intel in [{"kev": {"listed": true}}, {"ssvc": {"exploitation": "active"}}] {
		capped == {"validation.mitigated_attacked": "attend"} with input as with_intel(mitigated, intel)
	}
}

test_mitigated_attacked_silent if {
	not capped["validation.mitigated_attacked"] with input as with_intel(mitigated, {"ssvc": {"exploitation": "poc"}})
}

test_mitigated_attacked_missing_catalogue if {
	not capped["validation.mitigated_attacked"] with input as shown(mitigated)
}

# Not exploitable, as tested.

test_not_exploitable_fires if {
	capped == {"validation.not_exploitable": "track"} with input as shown(not_exploitable)
	capped == {"validation.not_exploitable": "track"} with input as with_intel(not_exploitable, {"kev": {"listed": false}})
}

test_not_exploitable_silent if {
	every intel in [{"kev": {"listed": true}}, {"ssvc": {"exploitation": "active"}}] {
		capped == {} with input as with_intel(not_exploitable, intel)
	}
	capped == {} with input as object.union(shown(not_exploitable), {"finding": {"kind": "secret"}})
}

test_not_exploitable_missing if capped == {} with input as vulnerability
