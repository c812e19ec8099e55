# METADATA
# title: Impact
# description: >-
#   What the weakness would do to the business: how severe it is, how much the asset matters, which data it holds, who
#   can reach it. Severity is that on the asset, by CVSS's environmental score, where the asset states what it requires;
#   else the scanner's. It judges vulnerabilities; its caps also hold for weaknesses in code and misconfigurations.
package packs.impact

import data.lib

# METADATA
# title: Critical, new and fixable
# description: >-
#   A critical vulnerability that the change brings, that call analysis has not ruled out and that an upgrade removes,
#   need not come in at all. A status that is not known counts as introduced, a reachability that is not known as
#   possible.
# custom:
#   id: impact.critical_fixable
#   message: critical, and {finding.package.fixed} fixes it
#   remediation: Take the fixed version into the change.
#   controls: [PCI-DSS-4.0.1-6.3.3, NIST-CSF-2.0-PR.PS-02, NIST-SSDF-1.1-RV.2.2]
raise contains lib.raise(rego.metadata.rule(), "attend") if {
	input.finding.kind == "vulnerability"
	_severity == "critical"
	lib.introduced
	lib.may_be_reachable
	lib.fix_exists
}

# METADATA
# title: Severe, in front of sensitive data
# description: >-
#   The asset is internet-facing and holds data whose loss hurts people, and the weakness is critical or high and not
#   ruled out. Absent data classes or an absent exposure do not fire it.
# custom:
#   id: impact.sensitive_data
#   message: '{severity} on an internet-facing asset that holds {asset.data}'
#   remediation: Fix it, or keep the requests that reach it from the asset.
#   controls: [PCI-DSS-4.0.1-6.3.1, NIST-CSF-2.0-ID.RA-05, SOC2-CC7.1]
raise contains lib.vars(lib.raise(rego.metadata.rule(), "attend"), {"severity": _severity}) if {
	input.asset.exposure == "internet"
	_severity in {"critical", "high"}
	input.finding.kind == "vulnerability"
	_sensitive
	lib.may_be_reachable
}

# METADATA
# title: Critical where the business cannot do without
# description: >-
#   A critical vulnerability that call analysis proves reachable, on an internet-facing asset whose failure stops the
#   business. Each of the facts must be known: none is assumed here.
# custom:
#   id: impact.mission_critical
#   message: critical and reachable on an internet-facing, mission-critical asset
#   remediation: Upgrade today, or take the weak function out of service until you can.
#   controls: [PCI-DSS-4.0.1-6.3.3, NIST-CSF-2.0-ID.RA-05, SOC2-CC7.1]
raise contains lib.raise(rego.metadata.rule(), "act") if {
	input.asset.criticality == "mission_critical"
	_severity == "critical"
	input.asset.exposure == "internet"
	input.context.reachability.verdict == "reachable"
}

# METADATA
# title: High and fixable
# description: >-
#   A vulnerability of high severity with a fix is worth the next regular update, whoever brought it. Without a fix
#   there is nothing to do but watch.
# custom:
#   id: impact.high_fixable
#   message: high severity, and {finding.package.fixed} fixes it
#   remediation: Take the fixed version into the next regular update.
#   controls: [PCI-DSS-4.0.1-6.3.3, NIST-CSF-2.0-PR.PS-02]
raise contains lib.raise(rego.metadata.rule(), "track*") if {
	input.finding.kind == "vulnerability"
	_severity == "high"
	lib.fix_exists
}

# METADATA
# title: Critical
# description: >-
#   A critical vulnerability is worth a look whoever brought it and whether or not a fix is known; the caps take it down
#   where they know better.
# custom:
#   id: impact.critical
#   message: 'critical severity; fixed in: {finding.package.fixed}'
#   remediation: Take the fixed version into the next regular update; where there is none, look for another component.
#   controls: [PCI-DSS-4.0.1-6.3.1, NIST-CSF-2.0-PR.PS-02]
raise contains lib.raise(rego.metadata.rule(), "track*") if {
	input.finding.kind == "vulnerability"
	_severity == "critical"
}

# METADATA
# title: Severity not known
# description: >-
#   No scanner says how severe a vulnerability is that its owner can fix, and nothing can be computed: somebody should
#   look. It is not taken for harmless.
# custom:
#   id: impact.severity_unknown
#   message: nobody says how severe it is
#   remediation: Look it up, or take the fixed version into the next regular update.
#   controls: [PCI-DSS-4.0.1-6.3.1, NIST-CSF-2.0-ID.RA-01]
raise contains lib.raise(rego.metadata.rule(), "track*") if {
	input.finding.kind == "vulnerability"
	not _severity
	lib.fix_exists
}

# METADATA
# title: Little to lose on this asset
# description: >-
#   The asset states how much its confidentiality, integrity and availability mean, and CVSS's environmental score with
#   that is below the band medium. One that is known to be exploited is not capped, and an asset that states no
#   requirements neither.
# custom:
#   id: impact.environmental_low
#   message: 'CVSS on this asset, by its requirements: {context.environmental.score}'
#   remediation: Fix it with the next regular update.
#   controls: [NIST-CSF-2.0-ID.RA-05, NIST-SSDF-1.1-RV.2.1]
cap contains lib.cap(rego.metadata.rule(), "track") if {
	input.context.environmental.score < data.packs.impact.params.environmental.medium
	not lib.known_exploited
}

# METADATA
# title: Development only
# description: >-
#   The asset runs nowhere but in development, so nobody outside can use the weakness. An absent environment caps
#   nothing; secrets are not capped, because they open more than the asset that they lie in.
# custom:
#   id: impact.development
#   message: the asset runs in development only
#   remediation: Fix it before the asset goes further.
#   controls: [NIST-CSF-2.0-ID.RA-05]
cap contains lib.cap(rego.metadata.rule(), "track*") if {
	input.asset.environment == "development"
	input.finding.kind in {"vulnerability", "weakness", "misconfiguration"}
}

# METADATA
# title: Isolated and of low criticality
# description: >-
#   Nothing reaches the asset and little depends on it. Both facts must be known; secrets are not capped.
# custom:
#   id: impact.isolated
#   message: the asset is isolated and of low criticality
#   remediation: Nothing now; look again when the asset is connected.
#   controls: [NIST-CSF-2.0-ID.RA-05]
cap contains lib.cap(rego.metadata.rule(), "track") if {
	input.asset.exposure == "isolated"
	input.asset.criticality == "low"
	input.finding.kind in {"vulnerability", "weakness", "misconfiguration"}
}

_sensitive if {
	some class in input.asset.data
	class in data.packs.impact.params.sensitive_data
}

# The severity on the asset: by its environmental score, if there is one.
_severity := _by_score if {
	input.context.environmental
} else := input.finding.severity

_by_score := "critical" if {
	input.context.environmental.score >= data.packs.impact.params.environmental.critical
} else := "high" if {
	input.context.environmental.score >= data.packs.impact.params.environmental.high
} else := "medium" if {
	input.context.environmental.score >= data.packs.impact.params.environmental.medium
} else := "low"
