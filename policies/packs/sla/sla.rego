# METADATA
# title: Service levels
# description: By when a case is to be fixed, by its priority. Dates are computed by the engine.
package packs.sla

import data.lib

# METADATA
# title: Due by priority
# description: >-
#   Each priority has its days, counted from the day on which the finding was first seen on the asset; without a
#   history, from the day of the decision. A priority whose days are null has no due date.
# custom:
#   id: sla.due
#   message: '{priority}: within {days} days'
#   remediation: Fix it by then, or ask for a waiver before.
#   controls: [PCI-DSS-4.0.1-6.3.3, NIST-CSF-2.0-ID.RA-06, SOC2-CC7.1, PCI-DSS-4.0.1-11.3.1.1, CRA-Annex-I-II-2]
due contains reason if {
	priority := data.main.priority
	days := data.packs.sla.params.days[priority]
	days != null
	reason := lib.vars(
		lib.due(rego.metadata.rule(), days, "first_seen"),
		{"priority": priority, "days": days},
	)
}

# METADATA
# title: Due by CISA's date
# description: >-
#   Where kev_due is on, the due date that CISA sets in its catalogue holds. It is off by default, since it binds
#   federal agencies only; an absent date sets none.
# custom:
#   id: sla.kev_due
#   message: CISA's due date is {context.intel.kev.due}
#   remediation: Fix it by then.
#   controls: [NIST-CSF-2.0-ID.RA-06, NIST-SSDF-1.1-RV.2.2, CRA-Annex-I-II-2]
due contains lib.due_by(rego.metadata.rule(), input.context.intel.kev.due) if {
	input.context.intel.kev.listed
	data.packs.sla.params.kev_due == true
}
