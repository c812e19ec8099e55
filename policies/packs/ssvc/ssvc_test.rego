package packs.ssvc_test

import data.packs.ssvc

points(exploitation, automatable, impact) := {
	"exploitation": exploitation,
	"automatable": automatable,
	"technical_impact": impact,
}

case(facts, asset) := {"finding": {"kind": "vulnerability"}, "asset": asset, "context": {"intel": {"ssvc": facts}}}

in_kev(facts, asset) := object.union(case(facts, asset), {"context": {"intel": {"kev": {"listed": true}}}})

raised := {r.to | some r in ssvc.raise}

said[name] := value if {
	some r in ssvc.raise
	some name, value in r.vars
}

# CISA Coordinator.

test_coordinator_fires_with_each_priority if {
	asset := {"mission": "essential"}
	raised == {"track"} with input as case(points("none", "no", "partial"), asset)
	raised == {"track*"} with input as case(points("none", "no", "total"), asset)
	raised == {"attend"} with input as case(points("poc", "yes", "partial"), asset)
	raised == {"act"} with input as case(points("active", "yes", "total"), asset)
}

test_coordinator_fires_and_names_its_points if {
	some r in ssvc.raise with input as case(points("active", "yes", "total"), {"criticality": "operational"})
	r.rule == "ssvc.coordinator"
	r.vars == {"exploitation": "active", "mission": "medium", "outcome": "act"}
}

test_coordinator_silent_at_track_where_nothing_is_at_stake if {
	raised == {"track"} with input as case(
		points("active", "no", "total"),
		{"mission": "minimal", "well_being": "minimal", "criticality": "mission_critical"},
	)
}

test_coordinator_missing_points_say_nothing if {
	raised == set() with input as case({}, {})
	raised == set() with input as {"finding": {"kind": "vulnerability"}, "asset": {}, "context": {}}
	unlisted := {"intel": {"kev": {"listed": false}}}
	raised == set() with input as {"finding": {"kind": "vulnerability"}, "asset": {}, "context": unlisted}
}

test_coordinator_missing_one_point_raises_to_the_least_that_is_left if {
	facts := points("active", "yes", "total")
	asset := {"mission": "essential"}
	raised == {"track*"} with input as case(object.remove(facts, ["exploitation"]), asset) # none … active: attend …
		with data.packs.ssvc.tables.coordinator.rows.none.yes.total.high as "track*"
	raised == {"attend"} with input as case(object.remove(facts, ["exploitation"]), asset)
	raised == {"act"} with input as case(object.remove(facts, ["automatable"]), asset)
	raised == {"act"} with input as case(object.remove(facts, ["technical_impact"]), asset)
	said.outcome == "attend at least, act at most" with input as case(object.remove(facts, ["exploitation"]), asset)
	said.exploitation == "not known" with input as case(object.remove(facts, ["exploitation"]), asset)
}

test_coordinator_fires_on_any_point_that_is_known if {
	every name, value in points("active", "yes", "total") {
		count(raised) == 1 with input as case({name: value}, {"mission": "essential"})
	}
}

test_coordinator_takes_what_kev_lists_for_exploited if {
	asset := {"mission": "essential"}
	said.exploitation == "active (in KEV)" with input as in_kev(points("none", "yes", "total"), asset)
	raised == {"act"} with input as in_kev(points("none", "yes", "total"), asset)
	said.exploitation == "active" with input as in_kev(points("active", "yes", "total"), asset)
	raised == {"attend"} with input as in_kev({}, asset)
}

# Mission and well-being, as the rule took them.
value(asset) := v if {
	v := said.mission with input as case(points("active", "yes", "total"), asset)
}

test_mission_and_well_being_known if {
	value({"mission": "minimal", "well_being": "minimal"}) == "low"
	value({"mission": "minimal", "well_being": "material"}) == "medium"
	value({"mission": "support", "well_being": "minimal"}) == "medium"
	value({"mission": "support", "well_being": "material"}) == "medium"
	every well_being in ["minimal", "material", "irreversible"] {
		value({"mission": "essential", "well_being": well_being}) == "high"
	}
	every name in ["minimal", "support", "essential"] {
		value({"mission": name, "well_being": "irreversible"}) == "high"
	}
}

test_what_one_of_them_settles_needs_no_assumption if {
	value({"mission": "essential"}) == "high"
	value({"mission": "essential", "criticality": "low"}) == "high"
	value({"well_being": "irreversible", "criticality": "low"}) == "high"
}

test_criticality_settles_what_they_leave_open_but_not_below_what_is_known if {
	value({"mission": "support", "criticality": "low"}) == "medium"
	value({"well_being": "material", "criticality": "low"}) == "medium"
	value({"mission": "support", "criticality": "mission_critical"}) == "high"
	value({"mission": "minimal", "criticality": "low"}) == "low"
	value({"mission": "minimal", "criticality": "mission_critical"}) == "high"
	value({"mission": "minimal"}) == "medium (assumed)"
}

test_criticality_stands_in_for_both if {
	every criticality, expected in {
		"mission_critical": "high",
		"business_critical": "medium",
		"operational": "medium",
		"low": "low",
	} {
		value({"criticality": criticality}) == expected
	}
}

test_the_parameter_stands_in_for_all_and_is_said if {
	value({}) == "medium (assumed)"
	value({}) == "high (assumed)" with data.packs.ssvc.params.unknown_mission_well_being as "high"
	value({"criticality": "low"}) == "medium (assumed)" with data.packs.ssvc.params.criticality as {}
}

test_nothing_assumed_leaves_all_values_possible if {
	value({}) == "not known" with data.packs.ssvc.params.unknown_mission_well_being as null
	value({"mission": "support"}) == "medium or high" with data.packs.ssvc.params.unknown_mission_well_being as null
	facts := points("active", "yes", "total")
	raised == {"attend"} with input as case(facts, {}) with data.packs.ssvc.params.unknown_mission_well_being as null
}

# CERT/CC Deployer.

deployer := {"mission": "essential", "safety": "critical", "exposure": "internet"}

test_deployer_fires_with_each_priority if {
	every to, facts in {
		"track": [points("none", "no", "partial"), {"mission": "minimal", "safety": "negligible", "exposure": "isolated"}],
		"track*": [points("none", "no", "partial"), deployer],
		"attend": [points("poc", "yes", "partial"), deployer],
		"act": [points("active", "yes", "partial"), deployer],
	} {
		raised == {to} with input as case(facts[0], facts[1]) with data.packs.ssvc.params.table as "deployer"
	}
}

test_deployer_fires_and_names_its_points if {
	some r in ssvc.raise with input as case(points("poc", "yes", "partial"), object.remove(deployer, ["safety"]))
		with data.packs.ssvc.params.table as "deployer"
	r.rule == "ssvc.deployer"
	r.vars == {
		"exploitation": "poc",
		"exposure": "open",
		"human_impact": "medium or high or very_high",
		"outcome": "scheduled at least, out_of_cycle at most",
	}
}

test_deployer_silent_unless_it_is_the_table if {
	{r.rule | some r in ssvc.raise} == {"ssvc.coordinator"} with input as case(points("poc", "yes", "partial"), deployer)
}

test_deployer_missing_facts_leave_the_least if {
	facts := points("active", "yes", "partial")
	every path in ["mission", "safety", "exposure"] {
		{"attend"} == raised with input as case(facts, object.remove(deployer, [path]))
			with data.packs.ssvc.params.table as "deployer"
	}
	raised == {"track*"} with input as case(facts, {}) with data.packs.ssvc.params.table as "deployer"
	raised == set() with input as case({}, deployer) with data.packs.ssvc.params.table as "deployer"
}

exposure(value) := e if {
	e := said.exposure with input as case(points("poc", "yes", "partial"), {"exposure": value})
		with data.packs.ssvc.params.table as "deployer"
}

test_deployer_takes_exposure_from_the_asset if {
	exposure("internet") == "open"
	exposure("partner") == "controlled"
	exposure("internal") == "controlled"
	exposure("isolated") == "small"
}

human_impact(asset, by) := h if {
	h := said.human_impact with input as case(points("poc", "yes", "partial"), asset)
		with data.packs.ssvc.params.table as "deployer"
		with data.packs.ssvc.params.human_impact as by
}

# The four cells in which the published table and the definition of the same point differ.
test_human_impact_by_table_and_by_definition if {
	every asset, expected in {
		["marginal", "minimal"]: ["low", "medium"],
		["marginal", "support"]: ["low", "medium"],
		["marginal", "essential"]: ["medium", "high"],
		["critical", "minimal"]: ["medium", "high"],
		["critical", "support"]: ["high", "high"],
		["catastrophic", "minimal"]: ["very_high", "very_high"],
	} {
		human_impact({"safety": asset[0], "mission": asset[1]}, "table") == expected[0]
		human_impact({"safety": asset[0], "mission": asset[1]}, "definition") == expected[1]
	}
}

test_criticality_stands_in_for_the_mission if {
	every criticality, expected in {
		"mission_critical": "very_high",
		"business_critical": "medium",
		"operational": "low",
		"low": "low",
	} {
		human_impact({"safety": "marginal", "criticality": criticality}, "table") == expected
	}
	human_impact({"safety": "marginal", "criticality": "mission_critical", "mission": "minimal"}, "table") == "low"
}

# CERT/CC Supplier.

supplier := {"value_density": "concentrated", "safety": "critical"}

test_supplier_fires_with_each_priority if {
	every to, facts in {
		"track": [points("none", "no", "partial"), {"value_density": "diffuse", "safety": "negligible"}],
		"track*": [points("none", "no", "partial"), {"value_density": "diffuse", "safety": "critical"}],
		"attend": [points("none", "no", "total"), supplier],
		"act": [points("active", "yes", "total"), supplier],
	} {
		raised == {to} with input as case(facts[0], facts[1]) with data.packs.ssvc.params.table as "supplier"
	}
}

test_supplier_fires_and_names_its_points if {
	some r in ssvc.raise with input as case(points("active", "yes", "total"), {"safety": "negligible"})
		with data.packs.ssvc.params.table as "supplier"
	r.rule == "ssvc.supplier"
	r.vars == {
		"exploitation": "active",
		"utility": "efficient or super_effective",
		"public_safety_impact": "minimal",
		"outcome": "out_of_cycle at least, immediate at most",
	}
}

test_supplier_silent_unless_it_is_the_table if {
	{r.rule | some r in ssvc.raise} == {"ssvc.coordinator"} with input as case(points("poc", "yes", "partial"), supplier)
}

test_supplier_missing_facts_leave_the_least if {
	raised == {"attend"} with input as case(points("active", "no", "partial"), {})
		with data.packs.ssvc.params.table as "supplier"
	raised == set() with input as case({}, supplier) with data.packs.ssvc.params.table as "supplier"
}
