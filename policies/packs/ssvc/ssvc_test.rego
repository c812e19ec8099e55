package packs.ssvc_test

import data.packs.ssvc

exploitations := ["none", "poc", "active"]

automatables := ["no", "yes"]

impacts := ["partial", "total"]

missions := ["low", "medium", "high"]

rank := {"track": 0, "track*": 1, "attend": 2, "act": 3}

rows := data.packs.ssvc.tables.coordinator.rows

# Every cell, by the place of its four values in their order.
cells[[e, a, t, m]] := rank[rows[exploitation][automatable][impact][mission]] if {
	some e, exploitation in exploitations
	some a, automatable in automatables
	some t, impact in impacts
	some m, mission in missions
}

test_the_table_has_a_priority_in_each_of_36_cells_and_no_more if {
	count(cells) == 36
	count([1 | some by_a in rows; some by_t in by_a; some by_m in by_t; some _ in by_m]) == 36
}

test_a_worse_value_is_never_less_urgent if {
	every place, least in cells {
		every other, urgency in cells {
			not worse(other, place, urgency, least)
		}
	}
}

# True of two cells that contradict each other: each value at least as bad, and still less urgent.
worse(other, place, urgency, least) if {
	urgency < least
	every i, value in other {
		value >= place[i]
	}
}

points(exploitation, automatable, impact) := {
	"exploitation": exploitation,
	"automatable": automatable,
	"technical_impact": impact,
}

case(facts, asset) := {"finding": {"kind": "vulnerability"}, "asset": asset, "context": {"intel": {"ssvc": facts}}}

raised := {r.to | some r in ssvc.raise}

test_coordinator_fires_with_each_priority if {
	asset := {"mission": "essential"}
	raised == {"track"} with input as case(points("none", "no", "partial"), asset)
	raised == {"track*"} with input as case(points("none", "no", "total"), asset)
	raised == {"attend"} with input as case(points("poc", "yes", "partial"), asset)
	raised == {"act"} with input as case(points("active", "yes", "total"), asset)
}

test_coordinator_fires_and_says_what_it_assumed if {
	some r in ssvc.raise with input as case(points("active", "yes", "total"), {"criticality": "operational"})
	r.rule == "ssvc.coordinator"
	r.vars == {"mission": "medium", "priority": "act"}
}

test_coordinator_silent_at_track_where_nothing_is_at_stake if {
	raised == {"track"} with input as case(
		points("active", "no", "total"),
		{"mission": "minimal", "well_being": "minimal", "criticality": "mission_critical"},
	)
}

test_coordinator_missing_points_say_nothing if {
	raised == set() with input as case({}, {})
	every path in ["exploitation", "automatable", "technical_impact"] {
		raised == set() with input as case(json.remove(points("active", "yes", "total"), [path]), {})
	}
	raised == set() with input as {"finding": {"kind": "vulnerability"}, "asset": {}, "context": {}}
}

# Mission and well-being, as the rule took them.
value(asset) := v if {
	some r in ssvc.raise with input as case(points("active", "yes", "total"), asset)
	v := r.vars.mission
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
	value({"mission": "essential", "criticality": "low"}) == "high"
	value({"well_being": "irreversible", "criticality": "low"}) == "high"
}

test_criticality_settles_what_they_leave_open_but_not_below_what_is_known if {
	value({"mission": "support", "criticality": "low"}) == "medium"
	value({"well_being": "material", "criticality": "low"}) == "medium"
	value({"mission": "support", "criticality": "mission_critical"}) == "high"
	value({"mission": "minimal", "criticality": "low"}) == "low"
	value({"mission": "minimal", "criticality": "mission_critical"}) == "high"
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

test_the_parameter_stands_in_for_all if {
	value({}) == "medium"
	value({}) == "high" with data.packs.ssvc.params.unknown_mission_well_being as "high"
	value({"criticality": "low"}) == "medium" with data.packs.ssvc.params.criticality as {}
}
