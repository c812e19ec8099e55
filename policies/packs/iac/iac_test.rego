package packs.iac_test

import data.packs.iac

raised[r.rule] := r.to if some r in iac.raise

capped[r.rule] := r.to if some r in iac.cap

setting := {
	"finding": {
		"kind": "misconfiguration", "severity": "medium", "rule": {"id": "AVD-DS-0002", "tool": "trivy"},
		"locations": [{"path": "infra/main.tf", "line": 3}],
	},
	"asset": {"data": ["pii"], "exposure": "internet", "criticality": "mission_critical"},
	"context": {"change": {"event": "pull_request"}},
}

but(facts) := object.union(setting, facts)

rule(id) := but({"finding": {"rule": {"id": id}}})

cwe(number) := but({"finding": {"cwes": [16, number]}})

severity(value) := but({"finding": {"severity": value}})

test_open_data_fires if {
	every input_ in [rule("AVD-AWS-0107"), rule("AWS-0107"), rule("CKV_AWS_20"), cwe(668)] {
		raised["iac.open_data"] == "act" with input as input_
	}
	raised["iac.open_data"] with input as object.union(rule("CKV_AWS_20"), {"asset": {"exposure": "isolated"}})
}

test_open_data_silent if {
	not raised["iac.open_data"] with input as setting
	not raised["iac.open_data"] with input as object.union(rule("CKV_AWS_20"), {"asset": {"data": ["telemetry"]}})
	not raised["iac.open_data"] with input as object.union(cwe(668), {"finding": {"kind": "weakness"}})
}

test_open_data_missing if not raised["iac.open_data"] with input as json.remove(rule("CKV_AWS_20"), ["asset/data"])

test_open_fires if {
	raised["iac.open"] == "attend" with input as json.remove(rule("CKV_AWS_20"), ["asset/data"])
	raised["iac.open"] == "attend" with input as json.remove(cwe(306), ["finding/rule", "finding/severity"])
}

test_open_silent if {
	not raised["iac.open"] with input as setting
	not raised["iac.open"] with input as object.union(rule("CKV_AWS_20"), {"finding": {"kind": "vulnerability"}})
	not raised["iac.open"] with input as rule("CKV_AWS_20") with data.packs.iac.params.open_rules as []
}

test_open_missing if not raised["iac.open"] with input as json.remove(setting, ["finding/rule"])

test_wildcard_critical_fires if {
	raised["iac.wildcard_critical"] == "attend" with input as rule("CKV_AWS_63")
	raised["iac.wildcard_critical"] with input as object.union(cwe(269), {"asset": {"criticality": "business_critical"}})
}

test_wildcard_critical_silent if {
	not raised["iac.wildcard_critical"] with input as setting
	not raised["iac.wildcard_critical"] with input as object.union(
		rule("CKV_AWS_63"),
		{"asset": {"criticality": "operational"}},
	)
}

test_wildcard_critical_missing if {
	not raised["iac.wildcard_critical"] with input as json.remove(rule("CKV_AWS_63"), ["asset/criticality"])
}

test_wildcard_fires if {
	raised["iac.wildcard"] == "track*" with input as json.remove(rule("AVD-AWS-0057"), ["asset/criticality"])
}

test_wildcard_silent if {
	not raised["iac.wildcard"] with input as setting
	not raised["iac.wildcard"] with input as object.union(rule("CKV_AWS_63"), {"finding": {"kind": "weakness"}})
}

test_wildcard_missing if not raised["iac.wildcard"] with input as json.remove(setting, ["finding/rule"])

test_unencrypted_data_fires if {
	raised["iac.unencrypted_data"] == "attend" with input as rule("CKV_AWS_19")
	raised["iac.unencrypted_data"] with input as cwe(311)
}

test_unencrypted_data_silent if {
	not raised["iac.unencrypted_data"] with input as setting
	not raised["iac.unencrypted_data"] with input as object.union(rule("CKV_AWS_19"), {"asset": {"data": ["telemetry"]}})
}

test_unencrypted_data_missing if {
	not raised["iac.unencrypted_data"] with input as json.remove(rule("CKV_AWS_19"), ["asset/data"])
}

test_sensitive_data_fires if {
	every value in ["critical", "high"] {
		raised["iac.sensitive_data"] == "attend" with input as severity(value)
	}
}

test_sensitive_data_silent if {
	not raised["iac.sensitive_data"] with input as setting
	every asset in [{"data": ["telemetry"]}, {"exposure": "partner"}] {
		not raised["iac.sensitive_data"] with input as object.union(severity("high"), {"asset": asset})
	}
	not raised["iac.sensitive_data"] with input as object.union(severity("high"), {"finding": {"kind": "vulnerability"}})
}

test_sensitive_data_missing if {
	every path in ["asset/data", "asset/exposure", "finding/severity"] {
		not raised["iac.sensitive_data"] with input as json.remove(severity("high"), [path])
	}
}

test_critical_fires if raised["iac.critical"] == "attend" with input as severity("critical")

test_critical_silent if {
	not raised["iac.critical"] with input as severity("high")
	not raised["iac.critical"] with input as object.union(severity("critical"), {"finding": {"kind": "vulnerability"}})
}

test_critical_missing if not raised["iac.critical"] with input as json.remove(setting, ["finding/severity"])

test_high_fires if raised["iac.high"] == "track*" with input as severity("high")

test_high_silent if {
	every value in ["info", "low", "medium", "critical"] {
		not raised["iac.high"] with input as severity(value)
	}
	not raised["iac.high"] with input as object.union(severity("high"), {"finding": {"kind": "vulnerability"}})
}

test_high_missing if not raised["iac.high"] with input as json.remove(setting, ["finding/severity"])

test_severity_unknown_fires if {
	raised["iac.severity_unknown"] == "track*" with input as json.remove(setting, ["finding/severity"])
}

test_severity_unknown_silent if {
	raised == {} with input as setting
	raised == {} with input as {"finding": {"kind": "weakness"}, "asset": {}, "context": {}}
}

test_severity_unknown_missing_kind if raised == {} with input as {"finding": {}, "asset": {}, "context": {}}

test_test_path_fires if {
	every path in ["examples/public-bucket/main.tf", "modules/x/tests/a.yaml"] {
		capped == {"iac.test_path": "track*"} with input as but({"finding": {"locations": [{"path": path}]}})
	}
}

test_test_path_silent if {
	capped == {} with input as setting
	capped == {} with input as but({"finding": {"locations": [{"path": "examples/a.tf"}, {"path": "a.tf"}]}})
	capped == {} with input as but({"finding": {"kind": "secret", "locations": [{"path": "examples/a.tf"}]}})
}

test_test_path_missing if capped == {} with input as json.remove(setting, ["finding/locations"])
