# METADATA
# title: CISA BOD 26-04
# description: >-
#   CISA's Binding Operational Directive 26-04 of 10 June 2026, which replaces 22-01 and 19-02: by when a vulnerability
#   is to be fixed, by whether it is known to be exploited, the asset is publicly exposed, exploitation can be
#   automated, and it gives total control. It binds federal agencies, so it is to be switched on. Where a point is not
#   known, all of its values stay possible, and the least urgent of the rows that are left counts; the message says up
#   to which it could be. Where nothing of the vulnerability itself is known, nothing is said.
package packs.bod2604

import data.lib

# METADATA
# title: BOD 26-04 timeline
# description: >-
#   Raises to the priority that the row of the table stands for: three days are act, fourteen attend, sixty track*. A
#   row that waits for the next upgrade raises nothing.
# custom:
#   id: bod2604.timeline
#   message: >-
#     BOD 26-04: in KEV {listed}, publicly exposed {exposed}, automatable {context.intel.ssvc.automatable}, impact
#     {context.intel.ssvc.technical_impact} → {outcome}
#   remediation: Fix it in the time that the directive gives.
#   controls: [NIST-CSF-2.0-ID.RA-05, NIST-CSF-2.0-ID.RA-06, NIST-SSDF-1.1-RV.2.1]
raise contains reason if {
	timeline := data.packs.bod2604.timelines[_least]
	reason := lib.vars(lib.raise(rego.metadata.rule(), timeline.priority), {
		"listed": _said(_listed),
		"exposed": _said(_exposed),
		"outcome": _outcome_said,
	})
}

# METADATA
# title: Due by BOD 26-04
# description: >-
#   The days of the row, from the day on which CISA listed the vulnerability, or, if it does not, from the day on which
#   it was first seen. Both are parameters.
# custom:
#   id: bod2604.due
#   message: 'BOD 26-04: within {days} days'
#   remediation: Fix it by then.
#   controls: [NIST-CSF-2.0-ID.RA-06, NIST-SSDF-1.1-RV.2.2]
due contains reason if {
	timeline := data.packs.bod2604.timelines[_least]
	reason := lib.vars(lib.due(rego.metadata.rule(), timeline.days, _from), {"days": timeline.days})
}

# METADATA
# title: Forensic triage by BOD 26-04
# description: >-
#   Where the row asks for it, the asset is to be examined for traces of a compromise: what is volatile before the patch
#   destroys it. It is not asked for while a point that is not known could still make it a row without.
# custom:
#   id: bod2604.forensics
#   message: BOD 26-04 asks for a forensic triage of the asset
#   remediation: Secure volatile evidence before patching, within a day; decide within three whether it was compromised.
#   controls: [NIST-CSF-2.0-RS.AN-03, NIST-CSF-2.0-DE.AE-02, SOC2-CC7.3]
oblige contains lib.oblige(rego.metadata.rule(), "forensics") if _least == "3_days_forensics"

# METADATA
# title: Forensic triage may be asked for
# description: >-
#   A point that is not known could make it a row that asks for a forensic triage, and evidence that a patch destroys
#   does not come back. The owner is to find the point out first.
# custom:
#   id: bod2604.forensics_possible
#   message: BOD 26-04 may ask for a forensic triage of the asset; a point of its table is not known
#   remediation: Find out what is not known before patching, or secure volatile evidence first.
#   controls: [NIST-CSF-2.0-RS.AN-03, NIST-CSF-2.0-ID.RA-05]
warn contains lib.warn(rego.metadata.rule()) if {
	"3_days_forensics" in _cells
	not _least == "3_days_forensics"
}

_cells := {data.packs.bod2604.tables.remediation.rows[listed][exposed][automatable][impact] |
	some listed in _listed
	some exposed in _exposed
	some automatable in _automatable
	some impact in _technical_impact
} if {
	_assessed
}

_order := data.packs.bod2604.tables.remediation.outcomes

_least := _order[min({i | some i, outcome in _order; outcome in _cells})]

_most := _order[max({i | some i, outcome in _order; outcome in _cells})]

_outcome_said := _in_words(_least) if {
	_least == _most
} else := concat("", [_in_words(_least), " at least, ", _in_words(_most), " at most"])

_in_words(outcome) := replace(replace(outcome, "_forensics", " and forensics"), "_", " ")

# Something is known of the vulnerability itself: of what no catalogue was asked about, the table says nothing.
_assessed if input.context.intel.kev

_assessed if input.context.intel.ssvc.automatable

_assessed if input.context.intel.ssvc.technical_impact

_listed := {"yes"} if {
	input.context.intel.kev.listed == true
} else := {"no"} if {
	input.context.intel.kev.listed == false
} else := {"no", "yes"}

# Publicly exposed is what untrusted people reach over public networks: the internet, and nothing else.
_exposed := {"yes"} if {
	input.asset.exposure == "internet"
} else := {"no"} if {
	input.asset.exposure
} else := {"no", "yes"}

_said(values) := "not known" if {
	count(values) > 1
} else := concat("", values)

_automatable := {input.context.intel.ssvc.automatable} if {
	input.context.intel.ssvc.automatable
} else := {"no", "yes"}

_technical_impact := {input.context.intel.ssvc.technical_impact} if {
	input.context.intel.ssvc.technical_impact
} else := {"partial", "total"}

_from := data.packs.bod2604.params.from_if_listed if {
	input.context.intel.kev.listed
} else := data.packs.bod2604.params.from_if_unlisted
