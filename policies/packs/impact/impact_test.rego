package packs.impact_test

import data.packs.impact

raised[r.rule] := r.to if some r in impact.raise

capped[r.rule] := r.to if some r in impact.cap

vulnerability := {
	"finding": {"kind": "vulnerability", "severity": "critical", "package": {"name": "log4j-core", "fixed": ["2.17.1"]}},
	"asset": {"criticality": "mission_critical", "data": ["pii"], "environment": "production", "exposure": "internet"},
	"context": {
		"change": {"event": "pull_request", "status": "introduced"},
		"reachability": {"verdict": "reachable"},
	},
}

but(facts) := object.union(vulnerability, facts)

without(path) := json.remove(vulnerability, [path])

# Critical, new and fixable.

test_critical_fixable_fires if {
	raised["impact.critical_fixable"] == "attend" with input as vulnerability
	raised["impact.critical_fixable"] with input as but({"context": {"reachability": {"verdict": "potential"}}})
}

test_critical_fixable_silent if {
	every facts in [
		{"finding": {"kind": "weakness"}},
		{"finding": {"severity": "high"}},
		{"finding": {"package": {"fixed": []}}},
		{"context": {"change": {"status": "existing"}}},
		{"context": {"change": {"status": "disclosed"}}},
		{"context": {"reachability": {"verdict": "unreachable"}}},
	] {
		not raised["impact.critical_fixable"] with input as but(facts)
	}
}

test_critical_fixable_missing_is_no_excuse if {
	every path in ["context/change/status", "context/reachability"] {
		raised["impact.critical_fixable"] with input as without(path)
	}
	not raised["impact.critical_fixable"] with input as without("finding/package/fixed")
}

# Severe, in front of sensitive data.

test_sensitive_data_fires if {
	every severity in ["critical", "high"] {
		raised["impact.sensitive_data"] == "attend" with input as but({"finding": {"severity": severity}})
	}
	raised["impact.sensitive_data"] with input as but({"context": {"change": {"status": "existing"}}})
}

test_sensitive_data_silent if {
	every facts in [
		{"finding": {"severity": "medium"}},
		{"finding": {"kind": "weakness"}},
		{"finding": {"kind": "misconfiguration"}},
		{"asset": {"data": ["telemetry"]}},
		{"asset": {"exposure": "partner"}},
		{"context": {"reachability": {"verdict": "unreachable"}}},
	] {
		not raised["impact.sensitive_data"] with input as but(facts)
	}
}

test_sensitive_data_missing if {
	every path in ["asset/data", "asset/exposure", "finding/severity"] {
		not raised["impact.sensitive_data"] with input as without(path)
	}
	raised["impact.sensitive_data"] with input as without("context/reachability")
}

# Critical where the business cannot do without.

test_mission_critical_fires if raised["impact.mission_critical"] == "act" with input as vulnerability

test_mission_critical_silent if {
	every facts in [
		{"finding": {"severity": "high"}},
		{"asset": {"criticality": "business_critical"}},
		{"asset": {"exposure": "internal"}},
		{"context": {"reachability": {"verdict": "potential"}}},
	] {
		not raised["impact.mission_critical"] with input as but(facts)
	}
}

test_mission_critical_missing if {
	every path in ["asset/criticality", "asset/exposure", "context/reachability", "finding/severity"] {
		not raised["impact.mission_critical"] with input as without(path)
	}
}

# Fixable, though nothing else speaks for it.

test_high_fixable_fires if {
	raised["impact.high_fixable"] == "track*" with input as but({"finding": {"severity": "high"}})
}

test_high_fixable_silent if {
	every facts in [{"severity": "critical"}, {"severity": "medium"}, {"severity": "high", "package": {"fixed": []}}] {
		not raised["impact.high_fixable"] with input as but({"finding": facts})
	}
	not raised["impact.high_fixable"] with input as but({"finding": {"kind": "weakness", "severity": "high"}})
}

test_high_fixable_missing if {
	not raised["impact.high_fixable"] with input as json.remove(
		but({"finding": {"severity": "high"}}),
		["finding/package/fixed"],
	)
}

test_critical_fires_whoever_brought_it_and_without_a_fix if {
	raised["impact.critical"] == "track*" with input as but({"context": {"change": {"status": "existing"}}})
	raised["impact.critical"] == "track*" with input as but({"finding": {"package": {"fixed": []}}})
}

test_critical_silent if {
	not raised["impact.critical"] with input as but({"finding": {"severity": "high"}})
	not raised["impact.critical"] with input as but({"finding": {"kind": "misconfiguration"}})
}

test_critical_missing_severity_has_its_own_rule if {
	not raised["impact.critical"] with input as without("finding/severity")
	not raised["impact.critical"] with input as without("finding/kind")
}

# Severity not known.

test_severity_unknown_fires if {
	raised["impact.severity_unknown"] == "track*" with input as without("finding/severity")
}

test_severity_unknown_silent if {
	every severity in ["info", "low", "medium", "high", "critical"] {
		not raised["impact.severity_unknown"] with input as but({"finding": {"severity": severity}})
	}
	raised == {} with input as {"finding": {"kind": "secret"}, "asset": {}, "context": {}}
}

test_severity_unknown_missing_fix if {
	not raised["impact.severity_unknown"] with input as json.remove(
		vulnerability,
		["finding/severity", "finding/package/fixed"],
	)
}

# Severity on the asset.

on_asset(score) := but({"context": {"environmental": {"score": score}}})

test_the_environmental_score_replaces_the_severity if {
	raised["impact.critical"] with input as object.union(on_asset(9), {"finding": {"severity": "low"}})
	raised["impact.high_fixable"] with input as on_asset(7.5)
	not raised["impact.critical"] with input as on_asset(8.9)
	not raised["impact.critical_fixable"] with input as on_asset(5)
	not raised["impact.severity_unknown"] with input as json.remove(on_asset(5), ["finding/severity"])
	raised["impact.critical"] with input as on_asset(8) with data.packs.impact.params.environmental.critical as 8
}

test_environmental_low_fires if capped == {"impact.environmental_low": "track"} with input as on_asset(3.9)

test_environmental_low_silent if {
	capped == {} with input as on_asset(4)
	capped == {} with input as object.union(on_asset(3.9), {"context": {"intel": {"kev": {"listed": true}}}})
	raised == {} with input as on_asset(3.9)
}

test_environmental_low_missing if capped == {} with input as vulnerability

# Caps.

test_development_fires if {
	every kind in ["vulnerability", "weakness", "misconfiguration"] {
		capped == {"impact.development": "track*"} with input as but({
			"finding": {"kind": kind},
			"asset": {"environment": "development"},
		})
	}
}

test_development_silent if {
	every environment in ["staging", "production"] {
		capped == {} with input as but({"asset": {"environment": environment}})
	}
	every kind in ["secret", "license"] {
		capped == {} with input as but({"finding": {"kind": kind}, "asset": {"environment": "development"}})
	}
}

test_development_missing if capped == {} with input as without("asset/environment")

isolated(kind) := but({"finding": {"kind": kind}, "asset": {"exposure": "isolated", "criticality": "low"}})

test_isolated_fires if {
	every kind in ["vulnerability", "weakness", "misconfiguration"] {
		capped == {"impact.isolated": "track"} with input as isolated(kind)
	}
}

test_isolated_silent if {
	capped == {} with input as isolated("secret")
	capped == {} with input as object.union(isolated("vulnerability"), {"asset": {"exposure": "internal"}})
	capped == {} with input as object.union(isolated("vulnerability"), {"asset": {"criticality": "operational"}})
}

test_isolated_missing if {
	every path in ["asset/exposure", "asset/criticality"] {
		capped == {} with input as json.remove(isolated("vulnerability"), [path])
	}
}
