package packs.code_test

import data.packs.code

raised[r.rule] := r.to if some r in code.raise

capped[r.rule] := r.to if some r in code.cap

weakness := {
	"finding": {
		"kind": "weakness", "severity": "high", "cwes": [20, 22], "rule": {"id": "G304", "tool": "gosec"},
		"locations": [{"path": "internal/files/open.go", "line": 41}],
	},
	"asset": {"exposure": "internet", "data": ["pii"]},
	"context": {"change": {"event": "pull_request", "status": "introduced"}},
}

but(facts) := object.union(weakness, facts)

without(path) := json.remove(weakness, [path])

severity(value) := but({"finding": {"severity": value}})

# Severe and new.

test_severe_fires if {
	every value in ["critical", "high"] {
		raised["code.severe"] == "attend" with input as severity(value)
	}
}

test_severe_silent if {
	every facts in [
		{"finding": {"severity": "medium"}},
		{"finding": {"kind": "misconfiguration"}},
		{"context": {"change": {"status": "existing"}}},
		{"context": {"change": {"status": "disclosed"}}},
	] {
		not raised["code.severe"] with input as but(facts)
	}
}

test_severe_missing_status_is_introduced if raised["code.severe"] with input as without("context/change/status")

test_severe_missing_severity_is_medium if not raised["code.severe"] with input as without("finding/severity")

# Usable from outside.

test_remote_fires_on_old_code_too if {
	raised["code.remote"] == "attend" with input as but({"context": {"change": {"status": "existing"}}})
}

test_remote_silent if {
	every exposure in ["partner", "internal", "isolated"] {
		not raised["code.remote"] with input as but({"asset": {"exposure": exposure}})
	}
	not raised["code.remote"] with input as severity("medium")
	not raised["code.remote"] with input as but({"finding": {"cwes": [327]}})
}

test_remote_missing_exposure_may_be_the_internet if raised["code.remote"] with input as without("asset/exposure")

test_remote_missing_cwes if not raised["code.remote"] with input as without("finding/cwes")

test_remote_follows_its_parameter if {
	not raised["code.remote"] with input as weakness with data.packs.code.params.remote_cwes as [89]
}

# Usable from outside, in front of sensitive data.

test_remote_data_fires if raised["code.remote_data"] == "attend" with input as severity("medium")

test_remote_data_silent if {
	every facts in [{"asset": {"exposure": "partner"}}, {"asset": {"data": ["telemetry"]}}, {"finding": {"cwes": [327]}}] {
		not raised["code.remote_data"] with input as object.union(severity("medium"), facts)
	}
	not raised["code.remote_data"] with input as severity("low")
	not raised["code.remote_data"] with input as but({"finding": {"kind": "vulnerability", "severity": "medium"}})
}

test_remote_data_missing if {
	every path in ["asset/exposure", "asset/data", "finding/cwes"] {
		not raised["code.remote_data"] with input as json.remove(severity("medium"), [path])
	}
}

# Worth a look.

test_medium_fires if {
	every value in ["medium", "high", "critical"] {
		raised["code.medium"] == "track*" with input as severity(value)
	}
}

test_medium_silent if {
	every value in ["low", "info"] {
		raised == {} with input as severity(value)
	}
	raised == {} with input as but({"finding": {"kind": "secret"}})
}

test_medium_missing_severity_counts_as_medium if {
	raised == {"code.medium": "track*"} with input as without("finding/severity")
}

# Only in tests.

at(paths) := {"finding": {"kind": "weakness", "locations": [{"path": path} | some path in paths]}}

test_test_path_fires if {
	every path in [
		"open_test.go",
		"internal/files/open_test.go",
		"test/open.go",
		"a/tests/b/open.py",
		"pkg/testdata/open.go",
		"web/src/cart.spec.ts",
		"web/__tests__/cart.js",
		"test_cart.py",
		"src/CartTest.java",
		"spec/cart.rb",
	] {
		capped == {"code.test_path": "track"} with input as at([path])
	}
}

test_test_path_silent if {
	every path in [
		"open.go",
		"contest/open.go",
		"internal/latest.py",
		"attestation.go",
		"src/Contest.java.txt",
		"test_cart.py/main.go",
		"internal/testing.go",
	] {
		capped == {} with input as at([path])
	}
	capped == {} with input as object.union(at(["test/open.go"]), {"finding": {"kind": "vulnerability"}})
}

test_test_path_silent_if_one_place_is_deployed if capped == {} with input as at(["open_test.go", "open.go"])

test_test_path_missing if {
	capped == {} with input as {"finding": {"kind": "weakness"}}
	capped == {} with input as {"finding": {"kind": "weakness", "locations": []}}
	capped == {} with input as {"finding": {"kind": "weakness", "locations": [{"line": 4}, {"path": "open_test.go"}]}}
}

critical(input_) := object.union(input_, {"finding": {"severity": "critical"}})

test_test_path_critical_fires if {
	capped == {"code.test_path_critical": "track*"} with input as critical(at(["open_test.go"]))
}

test_test_path_critical_silent if {
	capped == {} with input as critical(at(["open_test.go", "open.go"]))
	capped == {} with input as object.union(critical(at(["open_test.go"])), {"finding": {"kind": "secret"}})
}

test_test_path_critical_missing if {
	not capped["code.test_path_critical"] with input as at(["open_test.go"])
	capped == {} with input as critical({"finding": {"kind": "weakness"}})
}
