# METADATA
# title: FedRAMP VDR
# description: >-
#   FedRAMP's Vulnerability Detection and Response rules (Consolidated Rules for 2026): by when a vulnerability is to be
#   mitigated or remediated, by certification class, potential agency impact, likely exploitability and reachability
#   from the internet. It binds providers of certified cloud services, so it is to be switched on. The days are those of
#   the rules as of 30 June 2026; whether a vulnerability is likely exploitable, and what it means to agencies, is the
#   provider's judgement there, and estimated here from what is known. What is not known leaves all values possible, and
#   the longest time that is left counts; the message says which could be the shortest.
package packs.fedramp

import data.lib

# METADATA
# title: Time frame
# description: Raises to the priority that the days stand for, by a parameter. Without a time frame it raises nothing.
# custom:
#   id: fedramp.timeframe
#   message: 'FedRAMP VDR: class {class}, {impact}, {likelihood} → {days}'
#   remediation: Mitigate or remediate it in time; a partial mitigation that lowers its impact counts.
#   controls: [NIST-CSF-2.0-ID.RA-05, NIST-CSF-2.0-ID.RA-06, NIST-SSDF-1.1-RV.2.1, FedRAMP-VDR-TFR-PVR]
raise contains reason if {
	reason := lib.vars(lib.raise(rego.metadata.rule(), _priority), {
		"class": _class,
		"impact": concat(" or ", _impact),
		"likelihood": concat(" or ", _likelihood),
		"days": _days_said,
	})
}

# METADATA
# title: Due by FedRAMP's time frame
# description: The days of the table, from the day on which the vulnerability was first seen; see the parameter from.
# custom:
#   id: fedramp.due
#   message: 'FedRAMP VDR: within {days} days of its evaluation'
#   remediation: Mitigate or remediate it by then.
#   controls: [NIST-CSF-2.0-ID.RA-06, NIST-SSDF-1.1-RV.2.2, FedRAMP-VDR-TFR-PVR]
due contains reason if {
	reason := lib.vars(lib.due(rego.metadata.rule(), _days, data.packs.fedramp.params.from), {"days": _days})
}

# METADATA
# title: Due by CISA's date
# description: >-
#   What CISA's catalogue lists is to be remediated by the date that the catalogue gives (VDR-TFR-KEV), even if it is
#   fully mitigated. An absent date sets none.
# custom:
#   id: fedramp.kev_due
#   message: 'FedRAMP VDR: in KEV, and CISA''s due date is {context.intel.kev.due}'
#   remediation: Remediate it by then; a mitigation does not count.
#   controls: [NIST-CSF-2.0-ID.RA-06, NIST-SSDF-1.1-RV.2.2, FedRAMP-VDR-TFR-KEV]
due contains lib.due_by(rego.metadata.rule(), input.context.intel.kev.due) if input.context.intel.kev.listed

# METADATA
# title: Brings a known exploited vulnerability
# description: >-
#   What is newly deployed should not have vulnerabilities of CISA's catalogue (VDR-CSO-AKE). A status that is not known
#   counts as introduced.
# custom:
#   id: fedramp.new_kev
#   message: 'FedRAMP VDR: nothing new should have what KEV lists'
#   remediation: Take the fixed version into the change.
#   controls: [NIST-CSF-2.0-PR.PS-02, NIST-SSDF-1.1-RV.2.2, FedRAMP-VDR-CSO-AKE]
warn contains lib.warn(rego.metadata.rule()) if {
	input.context.intel.kev.listed
	lib.introduced
}

# A tag with another value says nothing, rather than that there is no time frame.
_class := input.asset.tags.fedramp_class if {
	input.asset.tags.fedramp_class in {"a", "b", "c", "d"}
} else := data.packs.fedramp.params.class

# The days that are possible. With an impact of n1 nothing is due in any time.
_possible := {data.packs.fedramp.tables.timeframes.rows[_class][likelihood][impact] |
	some likelihood in _likelihood
	some impact in _impact
} if {
	input.finding.kind in {"vulnerability", "weakness", "misconfiguration", "secret"}
	not "n1" in _impact
}

_days := max(_possible)

_days_said := sprintf("%v days", [_days]) if {
	min(_possible) == _days
} else := sprintf("%v days, or as few as %v", [_days, min(_possible)])

_priority := "act" if {
	_days <= data.packs.fedramp.params.priorities.act
} else := "attend" if {
	_days <= data.packs.fedramp.params.priorities.attend
} else := "track*" if {
	_days <= data.packs.fedramp.params.priorities["track*"]
}

_impact := {input.asset.tags.fedramp_impact} if {
	input.asset.tags.fedramp_impact in {"n1", "n2", "n3", "n4", "n5"}
} else := {data.packs.fedramp.tables.potential_agency_impact.rows[criticality][severity] |
	some criticality in _criticality
	some severity in _severity
}

_criticality := {input.asset.criticality} if {
	input.asset.criticality
} else := {"operational", "business_critical", "mission_critical"}

_severity := {"low"} if {
	input.finding.severity == "info"
} else := {input.finding.severity} if {
	input.finding.severity
} else := {"medium", "high", "critical"}

_likelihood := {"nlev"} if {
	_not_exploitable
} else := _reachable if {
	_exploitable
} else := {"nlev"} if {
	_improbable
} else := {"nlev"} | _reachable

# A payload from the internet can come to it: the asset faces the internet, or others that do lead to it.
_reachable := {"lev_irv"} if {
	input.asset.exposure == "internet"
} else := {"lev_irv"} if {
	input.context.paths.from_internet
} else := {"lev_nirv"} if {
	input.asset.exposure
} else := {"lev_irv", "lev_nirv"}

# Proven, by somebody who tried, analysed or answers for it, that nobody can use it.
_not_exploitable if input.context.validation.status in {"mitigated", "not_exploitable"}

_not_exploitable if input.context.vex.status in {"not_affected", "fixed"}

_not_exploitable if {
	input.context.reachability.verdict == "unreachable"
	input.context.reachability.confidence == "high"
}

_exploitable if input.context.validation.status == "exploitable"

_exploitable if input.context.intel.kev.listed

_exploitable if input.context.intel.ssvc.exploitation in {"poc", "active"}

# The least that FedRAMP names: what an automated, unauthenticated system can use over the internet.
_exploitable if {
	input.context.intel.ssvc.automatable == "yes"
	input.asset.exposure == "internet"
}

_exploitable if {
	input.context.intel.epss.probability >= data.packs.fedramp.params.epss_likely
	input.context.intel.epss.model == data.packs.fedramp.params.epss_model
}

_improbable if {
	input.context.intel.ssvc.exploitation == "none"
	input.context.intel.epss.probability < data.packs.fedramp.params.epss_likely
	input.context.intel.epss.model == data.packs.fedramp.params.epss_model
}
