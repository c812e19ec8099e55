package packs.reachability_test

import data.packs.reachability

raised[r.rule] := r.to if some r in reachability.raise

capped[r.rule] := r.to if some r in reachability.cap

verdict(facts) := {"finding": {"kind": "vulnerability", "severity": "high"}, "context": {"reachability": facts}}

# Unreachable.

test_unreachable_fires if {
	capped == {"reachability.unreachable": "track"} with input as verdict({"verdict": "unreachable", "confidence": "high"})
}

test_unreachable_silent if {
	every value in ["potential", "reachable"] {
		capped == {} with input as verdict({"verdict": value, "confidence": "high"})
	}
}

test_unreachable_missing if capped == {} with input as {"finding": {"kind": "vulnerability"}, "context": {}}

# Unreachable, but known exploited.

exploited := {"context": {"intel": {"kev": {"listed": true}}}}

test_unreachable_exploited_fires if {
	capped == {"reachability.unreachable_exploited": "track*"} with input as object.union(
		verdict({"verdict": "unreachable", "confidence": "high"}),
		exploited,
	)
}

test_unreachable_exploited_silent if {
	capped == {"reachability.unreachable": "track"} with input as object.union(
		verdict({"verdict": "unreachable", "confidence": "high"}),
		{"context": {"intel": {"kev": {"listed": false}}}},
	)
	capped == {} with input as object.union(verdict({"verdict": "reachable", "confidence": "high"}), exploited)
	capped == {"reachability.probably_unreachable": "track*"} with input as object.union(
		verdict({"verdict": "unreachable", "confidence": "medium"}),
		exploited,
	)
}

test_unreachable_exploited_missing_catalogue if {
	not capped["reachability.unreachable_exploited"] with input as verdict({
		"verdict": "unreachable",
		"confidence": "high",
	})
}

# Probably unreachable.

test_probably_unreachable_fires if {
	every confidence in ["medium", "low"] {
		capped == {"reachability.probably_unreachable": "track*"} with input as verdict({
			"verdict": "unreachable",
			"confidence": confidence,
		})
	}
}

test_probably_unreachable_silent if capped == {} with input as verdict({"verdict": "potential", "confidence": "low"})

test_probably_unreachable_missing_confidence_is_not_high if {
	capped == {"reachability.probably_unreachable": "track*"} with input as verdict({"verdict": "unreachable"})
}

# Not loaded.

runtime(facts) := {"finding": {"kind": "vulnerability"}, "context": {"runtime": facts}}

test_not_loaded_fires if {
	capped == {"reachability.not_loaded": "track*"} with input as runtime({"loaded": false, "window_days": 30})
}

test_not_loaded_silent if {
	capped == {} with input as runtime({"loaded": true, "window_days": 30})
	capped == {} with input as runtime({"loaded": false, "window_days": 29})
	capped == {} with input as object.union(
		runtime({"loaded": false, "window_days": 30}),
		{"finding": {"kind": "misconfiguration"}},
	)
}

test_not_loaded_missing if {
	capped == {} with input as runtime({"loaded": false})
	capped == {} with input as runtime({"window_days": 30})
}

# Proof goes before all of it, and what was seen loaded before a verdict of little confidence.

test_nothing_lowers_what_was_exploited if {
	proof := {"context": {"validation": {"status": "exploitable", "by": "scanner"}}}
	every facts in [
		verdict({"verdict": "unreachable", "confidence": "high"}),
		object.union(verdict({"verdict": "unreachable", "confidence": "high"}), exploited),
		verdict({"verdict": "unreachable", "confidence": "low"}),
		runtime({"loaded": false, "window_days": 30}),
	] {
		capped != {} with input as facts
		capped == {} with input as object.union(facts, proof)
	}
}

test_probably_unreachable_silent_on_what_was_seen_loaded if {
	every loaded, caps in {true: {}, false: {"reachability.probably_unreachable": "track*"}} {
		capped == caps with input as object.union(
			verdict({"verdict": "unreachable", "confidence": "medium"}),
			{"context": {"runtime": {"loaded": loaded}}},
		)
	}
	capped == {"reachability.unreachable": "track"} with input as object.union(
		verdict({"verdict": "unreachable", "confidence": "high"}),
		{"context": {"runtime": {"loaded": true}}},
	)
}

# Loaded and severe.

loaded(severity) := object.union(runtime({"loaded": true}), {"finding": {"severity": severity}})

test_loaded_fires if {
	every severity in ["critical", "high"] {
		raised == {"reachability.loaded": "track*"} with input as loaded(severity)
	}
}

test_loaded_silent if {
	raised == {} with input as loaded("medium")
	raised == {} with input as object.union(loaded("high"), {"finding": {"kind": "license"}})
	raised == {} with input as object.union(loaded("high"), {"context": {"runtime": {"loaded": false}}})
	raised == {} with input as object.union(
		loaded("high"),
		{"context": {"reachability": {"verdict": "unreachable", "confidence": "low"}}},
	)
}

test_loaded_missing if {
	raised == {} with input as runtime({"window_days": 30})
	raised == {"reachability.loaded": "track*"} with input as json.remove(loaded("low"), ["finding/severity"])
}

# Reachable.

reachable(severity) := {
	"finding": {"kind": "vulnerability", "severity": severity},
	"context": {"reachability": {"verdict": "reachable", "by": "analyser"}},
}

test_reachable_fires if {
	every severity in ["critical", "high"] {
		raised == {"reachability.reachable": "attend"} with input as reachable(severity)
	}
}

test_reachable_silent if {
	not raised["reachability.reachable"] with input as reachable("medium")
	raised == {} with input as reachable("low")
	raised == {} with input as reachable("info")
	raised == {} with input as verdict({"verdict": "potential"})
}

test_reachable_missing_severity_counts_as_high if {
	raised == {"reachability.reachable": "attend"} with input as json.remove(reachable("low"), ["finding/severity"])
}

test_reachable_missing_verdict if raised == {} with input as verdict({})

test_reachable_medium_fires if {
	raised == {"reachability.reachable_medium": "track*"} with input as reachable("medium")
}

test_reachable_medium_silent if {
	raised == {} with input as object.union(
		reachable("medium"),
		{"context": {"reachability": {"verdict": "potential"}}},
	)
}

test_reachable_medium_missing if {
	raised == {} with input as json.remove(reachable("medium"), ["context/reachability"])
}
