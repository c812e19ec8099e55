package packs.template_test

import data.packs.template

raised[r.rule] := r.to if some r in template.raise

vulnerability := {
	"finding": {"kind": "vulnerability", "severity": "critical"},
	"asset": {"exposure": "internet"},
	"context": {"reachability": {"verdict": "reachable"}},
}

but(facts) := object.union(vulnerability, facts)

without(path) := json.remove(vulnerability, [path])

test_severe_exposed_fires if raised["template.severe_exposed"] == "attend" with input as vulnerability

test_severe_exposed_silent if {
	every facts in [
		{"finding": {"kind": "weakness"}},
		{"finding": {"severity": "medium"}},
		{"asset": {"exposure": "internal"}},
		{"context": {"reachability": {"verdict": "unreachable"}}},
	] {
		not raised["template.severe_exposed"] with input as but(facts)
	}
}

test_severe_exposed_missing if {
	every path in ["finding/severity", "asset/exposure"] {
		not raised["template.severe_exposed"] with input as without(path)
	}
	raised["template.severe_exposed"] with input as without("context/reachability")
}
