# METADATA
# title: SSVC
# description: >-
#   Decision tables of the Stakeholder-Specific Vulnerability Categorization: what is known of the vulnerability, and
#   what the asset means to the mission and to the public. The parameter table says whose. SSVC has no value for
#   "unknown": where a point is not known, all of its values stay possible, and the rules raise to the least urgent of
#   the cells that are left, and say up to which it could be. A vulnerability of which no point is known is not raised.
#   One that the catalogue of known exploited vulnerabilities lists is actively exploited, whatever the points say.
package packs.ssvc

import data.lib

# METADATA
# title: CISA Coordinator
# description: >-
#   Raises to the cell of CISA's table. Mission and well-being follow from the asset's own, and where these leave it
#   open, from its criticality or a parameter.
# custom:
#   id: ssvc.coordinator
#   message: >-
#     SSVC: exploitation {exploitation}, automatable {context.intel.ssvc.automatable}, impact
#     {context.intel.ssvc.technical_impact}, mission {mission} → {outcome}
#   remediation: Upgrade in the time that the priority gives.
#   controls: [PCI-DSS-4.0.1-6.3.1, NIST-CSF-2.0-ID.RA-05, NIST-SSDF-1.1-RV.2.1]
raise contains reason if {
	data.packs.ssvc.params.table == "coordinator"
	_assessed
	table := data.packs.ssvc.tables.coordinator
	cells := {table.rows[exploitation][automatable][impact][mission] |
		some exploitation in _exploitation
		some automatable in _automatable
		some impact in _technical_impact
		some mission in _mission_well_being
	}
	least := _least(table.outcomes, cells)
	reason := lib.vars(lib.raise(rego.metadata.rule(), least), {
		"exploitation": _exploitation_said,
		"mission": _mission_well_being_said,
		"outcome": _up_to(table.outcomes, cells, least),
	})
}

# METADATA
# title: CERT/CC Deployer
# description: >-
#   Raises to the cell of CERT/CC's table for whoever runs the software. Human impact follows from the asset's safety
#   impact and its mission, or its criticality where no mission is stated; exposure from that of the asset.
# custom:
#   id: ssvc.deployer
#   message: >-
#     SSVC Deployer: exploitation {exploitation}, exposure {exposure}, automatable {context.intel.ssvc.automatable},
#     human impact {human_impact} → {outcome}
#   remediation: Upgrade in the time that the priority gives.
#   controls: [PCI-DSS-4.0.1-6.3.1, NIST-CSF-2.0-ID.RA-05, NIST-SSDF-1.1-RV.2.1]
raise contains reason if {
	data.packs.ssvc.params.table == "deployer"
	_assessed
	table := data.packs.ssvc.tables.deployer
	cells := {table.rows[exploitation][exposure][automatable][human_impact] |
		some exploitation in _exploitation
		some exposure in _exposure
		some automatable in _automatable
		some human_impact in _human_impact
	}
	least := _least(table.outcomes, cells)
	reason := lib.vars(lib.raise(rego.metadata.rule(), data.packs.ssvc.priorities[least]), {
		"exploitation": _exploitation_said,
		"exposure": _listed(["small", "controlled", "open"], _exposure),
		"human_impact": _listed(data.packs.ssvc.tables.human_impact.outcomes, _human_impact),
		"outcome": _up_to(table.outcomes, cells, least),
	})
}

# METADATA
# title: CERT/CC Supplier
# description: >-
#   Raises to the cell of CERT/CC's table for whoever makes the software. Utility follows from automatable and the
#   asset's value density, public safety impact from its safety impact.
# custom:
#   id: ssvc.supplier
#   message: >-
#     SSVC Supplier: exploitation {exploitation}, utility {utility}, impact {context.intel.ssvc.technical_impact},
#     public safety impact {public_safety_impact} → {outcome}
#   remediation: Develop and release the fix in the time that the priority gives.
#   controls: [PCI-DSS-4.0.1-6.3.1, NIST-CSF-2.0-ID.RA-05, NIST-SSDF-1.1-RV.2.1]
raise contains reason if {
	data.packs.ssvc.params.table == "supplier"
	_assessed
	table := data.packs.ssvc.tables.supplier
	cells := {table.rows[exploitation][utility][impact][public_safety_impact] |
		some exploitation in _exploitation
		some utility in _utility
		some impact in _technical_impact
		some public_safety_impact in _public_safety_impact
	}
	least := _least(table.outcomes, cells)
	reason := lib.vars(lib.raise(rego.metadata.rule(), data.packs.ssvc.priorities[least]), {
		"exploitation": _exploitation_said,
		"utility": _listed(data.packs.ssvc.tables.utility.outcomes, _utility),
		"public_safety_impact": _listed(data.packs.ssvc.tables.public_safety_impact.outcomes, _public_safety_impact),
		"outcome": _up_to(table.outcomes, cells, least),
	})
}

# Somebody assessed the vulnerability: one of its own points is known.
_assessed if input.context.intel.kev.listed

_assessed if input.context.intel.ssvc.exploitation

_assessed if input.context.intel.ssvc.automatable

_assessed if input.context.intel.ssvc.technical_impact

# The values that each point can have: the known one, or all.
_exploitation := {"active"} if {
	input.context.intel.kev.listed
} else := {input.context.intel.ssvc.exploitation} if {
	input.context.intel.ssvc.exploitation
} else := {"none", "poc", "active"}

_exploitation_said := "active (in KEV)" if {
	input.context.intel.kev.listed
	not input.context.intel.ssvc.exploitation == "active"
} else := input.context.intel.ssvc.exploitation if {
	input.context.intel.ssvc.exploitation
} else := "not known"

_automatable := {input.context.intel.ssvc.automatable} if {
	input.context.intel.ssvc.automatable
} else := {"no", "yes"}

_technical_impact := {input.context.intel.ssvc.technical_impact} if {
	input.context.intel.ssvc.technical_impact
} else := {"partial", "total"}

_exposure := {data.packs.ssvc.params.exposure[input.asset.exposure]} if {
	input.asset.exposure
} else := {"small", "controlled", "open"}

_safety := {input.asset.safety} if {
	input.asset.safety
} else := {"negligible", "marginal", "critical", "catastrophic"}

_mission_impact := {data.packs.ssvc.params.mission[input.asset.mission]} if {
	input.asset.mission
} else := {data.packs.ssvc.params.mission_criticality[input.asset.criticality]} if {
	input.asset.criticality
} else := {"degraded", "support_crippled", "mef_failure", "mission_failure"}

_value_density := {input.asset.value_density} if {
	input.asset.value_density
} else := {"diffuse", "concentrated"}

# Points that tables make of others, by all values that these can have.
_human_impact := {data.packs.ssvc.tables.human_impact.rows[safety][mission] |
	some safety in _safety
	some mission in _mission_impact
} if {
	data.packs.ssvc.params.human_impact == "table"
}

_human_impact := {data.packs.ssvc.tables.human_impact_by_definition.rows[safety][mission] |
	some safety in _safety
	some mission in _mission_impact
} if {
	data.packs.ssvc.params.human_impact == "definition"
}

_utility := {data.packs.ssvc.tables.utility.rows[automatable][density] |
	some automatable in _automatable
	some density in _value_density
}

_public_safety_impact := {data.packs.ssvc.tables.public_safety_impact.rows[safety] | some safety in _safety}

_mission_well_being_possible := {data.packs.ssvc.tables.mission_well_being.rows[mission][well_being] |
	some mission in _mission
	some well_being in _well_being
}

_mission := {input.asset.mission} if input.asset.mission

else := {"minimal", "support", "essential"}

_well_being := {input.asset.well_being} if input.asset.well_being

else := {"minimal", "material", "irreversible"}

# Where mission and well-being leave more than one value, the assumption decides, but never below what the known one of
# the two proves: the least possible value that is not below the assumption. One always is: each of the two can make it
# high.
_mission_well_being := {_mission_well_being_assumed} if {
	not input.asset.mission
	not input.asset.well_being
	_mission_well_being_assumed != null
} else := {order[min({i | some i, value in order; value in _mission_well_being_possible; i >= least})]} if {
	count(_mission_well_being_possible) > 1
	order := data.packs.ssvc.tables.mission_well_being.outcomes
	some least, value in order
	value == _mission_well_being_assumed
} else := _mission_well_being_possible

_mission_well_being_assumed := _by_criticality if {
	_by_criticality
} else := data.packs.ssvc.params.unknown_mission_well_being

_by_criticality := data.packs.ssvc.params.criticality[input.asset.criticality]

_mission_well_being_said := sprintf("%s (assumed)", [concat("", _mission_well_being)]) if {
	not _by_criticality
	count(_mission_well_being_possible) > 1
	count(_mission_well_being) == 1
} else := _listed(data.packs.ssvc.tables.mission_well_being.outcomes, _mission_well_being)

_least(outcomes, cells) := cell if {
	count(cells) == 1
	some cell in cells
} else := outcomes[min({i | some i, outcome in outcomes; outcome in cells})]

# The outcome in words: the one cell, or the least and the most urgent of those that are possible.
_up_to(outcomes, cells, least) := least if {
	count(cells) == 1
} else := sprintf("%s at least, %s at most", [least, most]) if {
	most := outcomes[max({i | some i, outcome in outcomes; outcome in cells})]
}

_listed(order, values) := "not known" if {
	count(values) == count(order)
} else := concat(" or ", [value | some value in order; value in values])
