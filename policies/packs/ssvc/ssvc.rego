# METADATA
# title: SSVC
# description: >-
#   CISA's Coordinator table of the Stakeholder-Specific Vulnerability Categorization: what is known of the
#   vulnerability, and what the asset means to the mission and to the public.
package packs.ssvc

import data.lib

# METADATA
# title: CISA Coordinator
# description: >-
#   Raises to the cell of the table. The three points of the vulnerability must be known; a vulnerability that nobody
#   assessed is raised by nothing here. Mission and well-being follow from the asset, its criticality or a parameter, in
#   this order.
# custom:
#   id: ssvc.coordinator
#   message: >-
#     SSVC: exploitation {context.intel.ssvc.exploitation}, automatable {context.intel.ssvc.automatable}, impact
#     {context.intel.ssvc.technical_impact}, mission {mission} → {priority}
#   remediation: Upgrade in the time that the priority gives.
#   controls: [PCI-DSS-4.0.1-6.3.1, NIST-CSF-2.0-ID.RA-05, NIST-SSDF-1.1-RV.2.1]
raise contains reason if {
	points := input.context.intel.ssvc
	cells := data.packs.ssvc.tables.coordinator.rows[points.exploitation][points.automatable][points.technical_impact]
	priority := cells[_mission_well_being]
	reason := lib.vars(
		lib.raise(rego.metadata.rule(), priority),
		{"mission": _mission_well_being, "priority": priority},
	)
}

_mission_well_being := _assumed if {
	not input.asset.mission
	not input.asset.well_being
}

_mission_well_being := data.packs.ssvc.tables.mission_well_being[input.asset.mission][input.asset.well_being][_assumed]

_mission_well_being := data.packs.ssvc.tables.mission_well_being[input.asset.mission].unknown[_assumed] if {
	not input.asset.well_being
}

_mission_well_being := data.packs.ssvc.tables.mission_well_being.unknown[input.asset.well_being][_assumed] if {
	not input.asset.mission
}

_assumed := object.get(
	data.packs.ssvc.params.criticality,
	input.asset.criticality,
	data.packs.ssvc.params.unknown_mission_well_being,
)

_assumed := data.packs.ssvc.params.unknown_mission_well_being if not input.asset.criticality
