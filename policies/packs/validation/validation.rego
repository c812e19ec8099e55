# METADATA
# title: Validation
# description: >-
#   What attempts to exploit showed on the asset itself: scanners that attack, simulated attacks, penetration tests. It
#   goes before every estimate. What nobody tried is absent and says nothing.
package packs.validation

import data.lib

# METADATA
# title: Proven exploitable
# description: >-
#   Somebody exploited the weakness on this asset, so nothing is left to estimate. Firm: no cap lowers it, whatever an
#   analysis of the code says. A severity that is not known counts as high here.
# custom:
#   id: validation.exploitable
#   message: 'proven exploitable ({context.validation.by})'
#   remediation: Fix it today, or take what can be exploited out of service until you can.
#   controls: [PCI-DSS-4.0.1-6.3.1, NIST-CSF-2.0-ID.RA-01, NIST-SSDF-1.1-RV.2.2, PCI-DSS-4.0.1-11.4.4]
raise contains lib.raise_firm(rego.metadata.rule(), "act") if {
	lib.exploited
	not _slight
}

# METADATA
# title: Proven exploitable, of low severity
# description: >-
#   Somebody exploited the weakness on this asset, but it gives little: its severity is low or info. It needs attention,
#   not an alarm. Firm as well.
# custom:
#   id: validation.exploitable_slight
#   message: 'proven exploitable ({context.validation.by}); severity: {finding.severity}'
#   remediation: Fix it with the next change to what can be exploited.
#   controls: [PCI-DSS-4.0.1-6.3.1, NIST-CSF-2.0-ID.RA-01, PCI-DSS-4.0.1-11.4.4]
raise contains lib.raise_firm(rego.metadata.rule(), "attend") if {
	lib.exploited
	_slight
}

# METADATA
# title: Mitigated by a control
# description: >-
#   A named control stopped the attack when it was tried. The weakness is still there, and controls change, so it stays
#   in sight. A control that is not named lowers nothing, nor does any control lower a leaked secret.
# custom:
#   id: validation.mitigated
#   message: '{context.validation.control} stops it ({context.validation.by})'
#   remediation: Fix it in the next regular update, and try the control again before the proof expires.
#   controls: [NIST-CSF-2.0-ID.RA-05, NIST-CSF-2.0-ID.RA-06]
cap contains lib.cap(rego.metadata.rule(), "track*") if {
	_mitigated
	not _attacked
}

# METADATA
# title: Mitigated by a control, but attacked elsewhere
# description: >-
#   A named control stopped the attack that was tried, but attackers use this vulnerability and vary what they send. It
#   needs attention all the same. With no catalogue loaded it is taken for unlisted.
# custom:
#   id: validation.mitigated_attacked
#   message: '{context.validation.control} stops it ({context.validation.by}), but attackers use it elsewhere'
#   remediation: Fix it within days; watch what the control reports until then.
#   controls: [NIST-CSF-2.0-ID.RA-05, NIST-CSF-2.0-ID.RA-06]
cap contains lib.cap(rego.metadata.rule(), "attend") if {
	_mitigated
	_attacked
}

# METADATA
# title: Not exploitable, as tested
# description: >-
#   Whoever tried could not exploit it on this asset. That does not hold against attackers who are known to succeed with
#   it, so nothing is lowered that is known to be exploited; and a leaked secret is exploited by whoever reads it.
# custom:
#   id: validation.not_exploitable
#   message: 'not exploitable here ({context.validation.by})'
#   remediation: Nothing now; test it again before the proof expires.
#   controls: [NIST-CSF-2.0-ID.RA-05, NIST-SSDF-1.1-RV.2.1]
cap contains lib.cap(rego.metadata.rule(), "track") if {
	input.context.validation.status == "not_exploitable"
	input.finding.kind in {"vulnerability", "weakness", "misconfiguration"}
	not _attacked
}

_slight if input.finding.severity in {"low", "info"}

_mitigated if {
	input.context.validation.status == "mitigated"
	input.context.validation.control
	input.finding.kind in {"vulnerability", "weakness", "misconfiguration"}
}

_attacked if lib.known_exploited

_attacked if input.context.intel.ssvc.exploitation == "active"
