# METADATA
# title: Template
# description: >-
#   What the rules of this pack have in common, in a sentence or two. The catalogue shows it (headgate policy docs).
package packs.template

import data.lib

# METADATA
# title: Severe, and the internet reaches it
# description: >-
#   A vulnerability of one of the severities that count, on an asset that is known to face the internet, unless call
#   analysis has ruled it out. An absent exposure or severity does not fire it.
# custom:
#   id: template.severe_exposed
#   message: '{finding.severity} on an internet-facing asset'
#   remediation: Take the fixed version, or keep the internet away from it until you can.
#   controls: [PCI-DSS-4.0.1-6.3.1, NIST-CSF-2.0-ID.RA-05]
raise contains lib.raise(rego.metadata.rule(), "attend") if {
	input.finding.kind == "vulnerability"
	input.asset.exposure == "internet"
	input.finding.severity in data.packs.template.params.severities
	lib.may_be_reachable
}
