# METADATA
# title: Reachability
# description: >-
#   Whether the weak code can run, by call analysis and by observation. A verdict that is absent neither raises nor
#   caps: unknown is not unreachable. Nothing here lowers what somebody exploited.
package packs.reachability

import data.lib

# METADATA
# title: Unreachable
# description: >-
#   A whole-program analysis proved that nothing calls the weak code, so the finding needs watching only. No path found
#   by a partial analysis is potential, not unreachable, and does not come here.
# custom:
#   id: reachability.unreachable
#   message: unreachable ({context.reachability.by}, high confidence)
#   remediation: Nothing now; the next change can make it reachable.
#   controls: [NIST-CSF-2.0-ID.RA-05, NIST-SSDF-1.1-RV.2.1]
cap contains lib.cap(rego.metadata.rule(), "track") if {
	input.context.reachability.verdict == "unreachable"
	input.context.reachability.confidence == "high"
	not lib.known_exploited
	not lib.exploited
}

# METADATA
# title: Unreachable, but known exploited
# description: >-
#   A whole-program analysis proved that nothing calls the weak code, but attackers wait for the change that does. It
#   stays in sight; with no catalogue loaded it is taken for unlisted.
# custom:
#   id: reachability.unreachable_exploited
#   message: 'unreachable ({context.reachability.by}, high confidence), but attackers use it elsewhere'
#   remediation: Upgrade in the next regular update, before something calls the weak code.
#   controls: [NIST-CSF-2.0-ID.RA-05, NIST-SSDF-1.1-RV.2.1]
cap contains lib.cap(rego.metadata.rule(), "track*") if {
	input.context.reachability.verdict == "unreachable"
	input.context.reachability.confidence == "high"
	lib.known_exploited
	not lib.exploited
}

# METADATA
# title: Probably unreachable
# description: >-
#   An analysis or a VEX statement found no way to the weak code, but its confidence is medium, low or not known. It
#   lowers the urgency without dropping the finding from sight. A component that was seen loaded is not lowered by it.
# custom:
#   id: reachability.probably_unreachable
#   message: 'probably unreachable ({context.reachability.by}, confidence: {context.reachability.confidence})'
#   remediation: Upgrade in the next regular update.
#   controls: [NIST-CSF-2.0-ID.RA-05, NIST-SSDF-1.1-RV.2.1]
cap contains lib.cap(rego.metadata.rule(), "track*") if {
	input.context.reachability.verdict == "unreachable"
	not input.context.reachability.confidence == "high"
	not input.context.runtime.loaded
	not lib.exploited
}

# METADATA
# title: Not loaded
# description: >-
#   Observation over a long enough window never saw the component loaded. A shorter window, or one of unknown length,
#   proves nothing and caps nothing.
# custom:
#   id: reachability.not_loaded
#   message: not loaded in {context.runtime.window_days} days of observation
#   remediation: Remove the component, or upgrade it in the next regular update.
#   controls: [NIST-CSF-2.0-ID.RA-05, NIST-SSDF-1.1-RV.2.1]
cap contains lib.cap(rego.metadata.rule(), "track*") if {
	input.context.runtime.loaded == false
	input.finding.kind == "vulnerability"
	input.context.runtime.window_days >= data.packs.reachability.params.not_loaded_days
	not lib.exploited
}

# METADATA
# title: Loaded and severe
# description: >-
#   The component was seen loaded on the asset, which is more than most findings of its severity can show. A verdict
#   that it is unreachable goes before it, and a severity that is not known counts as high. What was not observed is
#   absent and raises nothing.
# custom:
#   id: reachability.loaded
#   message: 'seen loaded at run time; severity: {finding.severity}'
#   remediation: Upgrade in the next regular update, before components that nothing loads.
#   controls: [PCI-DSS-4.0.1-6.3.1, NIST-CSF-2.0-ID.RA-05]
raise contains lib.raise(rego.metadata.rule(), "track*") if {
	input.context.runtime.loaded == true
	input.finding.kind == "vulnerability"
	lib.may_be_reachable
	not _mild
}

# METADATA
# title: Reachable and severe
# description: >-
#   Call analysis found a way to the weak code and the damage would be high. A severity that is not known counts as high
#   here: analysers that prove reachability often state no severity.
# custom:
#   id: reachability.reachable
#   message: '{context.reachability.by} finds it reachable; severity: {finding.severity}'
#   remediation: Upgrade, or stop calling the weak code.
#   controls: [PCI-DSS-4.0.1-6.3.1, NIST-CSF-2.0-ID.RA-05, NIST-SSDF-1.1-RV.2.1]
raise contains lib.raise(rego.metadata.rule(), "attend") if {
	input.context.reachability.verdict == "reachable"
	not _mild
}

# METADATA
# title: Reachable and of medium severity
# description: >-
#   Call analysis found a way to the weak code, which is more than is known of most findings of medium severity. Low and
#   info stay where they are.
# custom:
#   id: reachability.reachable_medium
#   message: '{context.reachability.by} finds it reachable; severity: medium'
#   remediation: Upgrade in the next regular update.
#   controls: [NIST-CSF-2.0-ID.RA-05, NIST-SSDF-1.1-RV.2.1]
raise contains lib.raise(rego.metadata.rule(), "track*") if {
	input.context.reachability.verdict == "reachable"
	input.finding.severity == "medium"
}

_mild if input.finding.severity in {"medium", "low", "info"}
