# METADATA
# title: Attack paths
# description: >-
#   What the asset graph says: which findings let an attacker onto an asset, and which of them lie on a way from the
#   internet to a crown jewel. Where the graph is not known, or an asset on the way was not looked at, all of it is
#   absent, and nothing is raised or capped.
package packs.paths

import data.lib

# METADATA
# title: Proven to be exploitable
# description: A validation showed that an attacker gets through here, whatever else is known.
# custom:
#   id: paths.opens_proven
#   message: exploited by {context.validation.by}
#   remediation: Close it; it is proven to let an attacker in.
#   controls: [NIST-CSF-2.0-ID.RA-05]
opens_step contains lib.opens_step(rego.metadata.rule()) if input.context.validation.status == "exploitable"

# METADATA
# title: A vulnerability that can be exploited
# description: >-
#   A vulnerability that nothing rules out and that somebody exploits, published an exploit for or may soon, however
#   minor it is rated. Where nobody looked into its exploitation it counts unless it is minor, as unknown is not no.
# custom:
#   id: paths.opens_vulnerability
#   message: '{finding.vulnerability.id} can be exploited'
#   remediation: Upgrade to a fixed version.
#   controls: [NIST-CSF-2.0-ID.RA-05]
opens_step contains lib.opens_step(rego.metadata.rule()) if {
	input.finding.kind == "vulnerability"
	not _harmless
	not _ruled_out
	not _no_exploit
}

# METADATA
# title: A secret that may work
# description: Whoever finds a credential has what it opens. Only one that is known not to work opens nothing.
# custom:
#   id: paths.opens_secret
#   message: a credential lies open
#   remediation: Rotate it.
#   controls: [NIST-CSF-2.0-PR.AA-01]
opens_step contains lib.opens_step(rego.metadata.rule()) if {
	input.finding.kind == "secret"
	not input.finding.secret.active == false
	not _ruled_out
}

# METADATA
# title: A misconfiguration that lets in
# description: A setting that the scanner calls critical or high opens the asset without an exploit.
# custom:
#   id: paths.opens_misconfiguration
#   message: the setting opens the asset
#   remediation: Change the setting.
#   controls: [NIST-CSF-2.0-PR.PS-01]
opens_step contains lib.opens_step(rego.metadata.rule()) if {
	input.finding.kind == "misconfiguration"
	input.finding.severity in {"critical", "high"}
	not _ruled_out
}

# METADATA
# title: A weakness in code that lets in
# description: A weakness of a class that attackers get in by, of which nobody says that it is minor.
# custom:
#   id: paths.opens_weakness
#   message: the code lets an attacker in (CWE {finding.cwes})
#   remediation: Change the code.
#   controls: [NIST-SSDF-1.1-PW.7.2]
opens_step contains lib.opens_step(rego.metadata.rule()) if {
	input.finding.kind == "weakness"
	some cwe in input.finding.cwes
	cwe in data.packs.paths.params.entry_cwes
	not _minor
	not _ruled_out
}

# METADATA
# title: On a validated way to a crown jewel
# description: >-
#   Every step of a way from the internet over this asset to a crown jewel is proven exploitable or trusted, and this
#   finding opens one of them. Firm: no cap lowers it.
# custom:
#   id: paths.validated
#   message: 'proven way to a crown jewel: {context.paths.way}'
#   remediation: Close this step today, or another one of the way.
#   controls: [PCI-DSS-4.0.1-6.3.1, NIST-CSF-2.0-ID.RA-05, SOC2-CC7.1]
raise contains lib.raise_firm(rego.metadata.rule(), "act") if {
	input.context.paths.opens
	input.context.paths.status == "validated"
}

# METADATA
# title: On a way to a crown jewel
# description: >-
#   This finding lets an attacker onto an asset that lies on a way from the internet to a crown jewel, however minor it
#   looks by itself. Together with the other steps it opens the way.
# custom:
#   id: paths.to_crown_jewel
#   message: 'a step on a way to a crown jewel: {context.paths.way}'
#   remediation: Close this step, or another one of the way.
#   controls: [PCI-DSS-4.0.1-6.3.1, NIST-CSF-2.0-ID.RA-05]
raise contains lib.raise(rego.metadata.rule(), "attend") if {
	input.context.paths.opens
	input.context.paths.status == "potential"
}

# METADATA
# title: The one step that cuts off a crown jewel
# description: >-
#   Once this finding alone is fixed, nothing leads from the internet to some crown jewel any more: nothing else is
#   worth as much.
# custom:
#   id: paths.cuts
#   message: fixing this alone cuts off {context.paths.cuts}
#   remediation: Fix this first.
#   controls: [NIST-CSF-2.0-ID.RA-06]
raise contains lib.raise(rego.metadata.rule(), "attend") if {
	input.context.paths.opens
	input.context.paths.cuts[0]
}

# METADATA
# title: Nothing leads there from the internet
# description: >-
#   The whole graph is known, no way leads from the internet to the asset, and somebody states that the asset is not
#   exposed itself. What is known to be exploited is not capped, as attackers are inside of networks too; secrets are
#   not, as they open more than the asset that they lie in; and misconfigurations are not, as one of them may be the way
#   that the graph does not know.
# custom:
#   id: paths.unreached
#   message: nothing leads to the asset from the internet
#   remediation: Nothing now; look again when the asset is connected.
#   controls: [NIST-CSF-2.0-ID.RA-05]
cap contains lib.cap(rego.metadata.rule(), data.packs.paths.params.unreached) if {
	data.packs.paths.params.unreached != null
	input.context.paths.from_internet == false
	input.asset.exposure in {"internal", "isolated"}
	input.finding.kind in {"vulnerability", "weakness"}
	not _in_use
}

_minor if {
	input.finding.severity
	not _severe
}

# A minor one whose exploitation nobody knows of.
_harmless if {
	_minor
	not _exploited
}

_exploited if input.context.intel.ssvc.exploitation == "poc"

_exploited if _in_use

_exploited if _likely

_severe if input.finding.severity in data.packs.paths.params.least_severity

# Somebody knows that no attacker gets through.
_ruled_out if {
	input.context.reachability.verdict == "unreachable"
	input.context.reachability.confidence == "high"
}

_ruled_out if input.context.vex.status in {"not_affected", "fixed"}

# What attackers are known to use, and a credential, stay a step whatever one attempt showed, as in the pack validation.
_ruled_out if {
	input.context.validation.status in {"mitigated", "not_exploitable"}
	not lib.known_exploited
	not input.finding.kind == "secret"
}

_ruled_out if input.finding.package.scope == "development"

# Somebody looked for an exploit, and there is none.
_no_exploit if {
	input.context.intel.ssvc.exploitation == "none"
	not input.context.intel.kev.listed
	not _likely
}

_likely if input.context.intel.epss.probability >= data.packs.paths.params.epss_opens

# Attackers use it, or a test of the team did.
_in_use if input.context.intel.kev.listed

_in_use if input.context.intel.ssvc.exploitation == "active"

_in_use if input.context.validation.status == "exploitable"
