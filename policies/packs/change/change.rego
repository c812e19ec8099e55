# METADATA
# title: Change
# description: >-
#   What the change, the scanner and the supplier themselves say: what a dependency is used for, suppressions, VEX
#   statements. They lower, so each must be stated: what is absent lowers nothing.
package packs.change

import data.lib

# METADATA
# title: Development dependency
# description: >-
#   The component is used to build or test and is not deployed. An absent scope counts as runtime. One that is known to
#   be exploited has its own rule.
# custom:
#   id: change.development_dependency
#   message: '{finding.package.name} is a development dependency'
#   remediation: Upgrade in the next regular update.
#   controls: [NIST-CSF-2.0-ID.RA-05]
cap contains lib.cap(rego.metadata.rule(), "track*") if {
	input.finding.package.scope == "development"
	not lib.known_exploited
}

# METADATA
# title: Development dependency, but known exploited
# description: >-
#   The component is not deployed, so the asset's customers are not at stake; but builds run with the credentials of
#   people and pipelines, so it needs attention all the same. With no catalogue loaded it is taken for unlisted.
# custom:
#   id: change.development_exploited
#   message: '{finding.package.name} is a development dependency, but known exploited'
#   remediation: Upgrade within days; look at what the build can reach.
#   controls: [NIST-CSF-2.0-ID.RA-05]
cap contains lib.cap(rego.metadata.rule(), "attend") if {
	input.finding.package.scope == "development"
	lib.known_exploited
}

# METADATA
# title: Suppressed outside of the code
# description: >-
#   Somebody accepted the finding in the scanner's own system, where the change under review cannot write. A suppression
#   under review, rejected or of unknown status excuses nothing.
# custom:
#   id: change.suppressed_external
#   message: 'accepted in the scanner: {finding.suppression.justification}'
#   remediation: Look at the suppression again when it changes hands.
#   controls: [NIST-CSF-2.0-ID.RA-07, PCI-DSS-4.0.1-6.3.1]
exempt contains lib.exempt(rego.metadata.rule(), "pass") if {
	input.finding.suppression.status == "accepted"
	input.finding.suppression.kind == "external"
}

# METADATA
# title: Suppressed in the code
# description: >-
#   A comment or file in the repository excuses a finding that was there before the change. Where the suppression stands
#   is in the source unless it is known to be outside.
# custom:
#   id: change.suppressed_in_source
#   message: 'suppressed in the source: {finding.suppression.justification}'
#   remediation: Turn it into a waiver with an owner and an expiry date.
#   controls: [NIST-CSF-2.0-ID.RA-07, PCI-DSS-4.0.1-6.3.1]
exempt contains lib.exempt(rego.metadata.rule(), "pass") if {
	input.finding.suppression.status == "accepted"
	not input.finding.suppression.kind == "external"
	not lib.introduced
}

# METADATA
# title: Suppressed by the change itself
# description: >-
#   The change under review brings a finding together with its excuse; a change cannot judge itself, so a warning stays,
#   and what needs action now (act) stays as it is. A status that is not known counts as introduced.
# custom:
#   id: change.suppressed_by_itself
#   message: 'new and suppressed in the source, so somebody has to look: {finding.suppression.justification}'
#   remediation: Have the suppression reviewed, or turn it into a waiver.
#   controls: [NIST-CSF-2.0-ID.RA-07, PCI-DSS-4.0.1-6.3.1]
exempt contains lib.exempt(rego.metadata.rule(), "warn") if {
	input.finding.suppression.status == "accepted"
	not input.finding.suppression.kind == "external"
	lib.introduced
	not data.main.priority == "act"
}

# METADATA
# title: Not affected, by VEX
# description: >-
#   A VEX statement that the run was given says that the vulnerability does not affect the product, or is fixed in it.
#   Affected, under investigation and no statement excuse nothing, and no statement excuses what somebody exploited.
# custom:
#   id: change.vex
#   message: 'VEX of {context.vex.source} says {status}; justification: {context.vex.justification}'
#   remediation: Nothing, as long as the statement holds.
#   controls: [NIST-CSF-2.0-ID.RA-07, NIST-SSDF-1.1-RV.2.1]
exempt contains reason if {
	status := {"not_affected": "not affected", "fixed": "fixed"}[input.context.vex.status]
	not lib.exploited
	reason := lib.vars(lib.exempt(rego.metadata.rule(), "pass"), {"status": status})
}
