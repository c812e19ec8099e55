# METADATA
# title: Infrastructure as code
# description: >-
#   Misconfigurations: what they open, what lies behind, and how severe the scanner calls them. What a check means is
#   taken from lists of checks and CWE numbers, which are parameters; of a check in none of them only the severity is
#   known.
package packs.iac

import data.lib

# METADATA
# title: Sensitive data open to everyone
# description: >-
#   The setting opens a resource to everyone, and the asset holds data whose loss hurts people. That the exposure of
#   the asset is stated as something else does not help: the setting is what counts. Data classes must be known.
# custom:
#   id: iac.open_data
#   message: open to everyone ({finding.rule.id}), and the asset holds {asset.data}
#   remediation: Close it before it is applied; if it is applied, find out who was there.
#   controls: [PCI-DSS-4.0.1-1.4.2, NIST-CSF-2.0-PR.PS-01, SOC2-CC6.6]
raise contains lib.raise(rego.metadata.rule(), "act") if {
	input.finding.kind == "misconfiguration"
	_opens
	_sensitive
}

# METADATA
# title: Open to everyone
# description: >-
#   The setting opens storage, a database or a port to everyone (open_rules, open_cwes), whatever severity the scanner
#   gives it. Where the check is in no list, its severity decides.
# custom:
#   id: iac.open
#   message: open to everyone ({finding.rule.id})
#   remediation: Allow only those who need it.
#   controls: [PCI-DSS-4.0.1-1.4.2, NIST-CSF-2.0-PR.PS-01, SOC2-CC6.6]
raise contains lib.raise(rego.metadata.rule(), "attend") if {
	input.finding.kind == "misconfiguration"
	_opens
}

# METADATA
# title: Rights to everything, where the business depends on it
# description: >-
#   Whoever gets into the asset gets everything else too (wildcard_rules, wildcard_cwes), and much depends on the asset.
#   An absent criticality does not fire it.
# custom:
#   id: iac.wildcard_critical
#   message: rights to everything ({finding.rule.id}) on a {asset.criticality} asset
#   remediation: Name the actions and resources that are needed.
#   controls: [PCI-DSS-4.0.1-7.2.5, NIST-CSF-2.0-PR.AA-05, SOC2-CC6.3]
raise contains lib.raise(rego.metadata.rule(), "attend") if {
	input.finding.kind == "misconfiguration"
	input.asset.criticality in {"mission_critical", "business_critical"}
	_listed("wildcard_rules", "wildcard_cwes")
}

# METADATA
# title: Rights to everything
# description: >-
#   A role or policy with rights that nobody needs all of (wildcard_rules, wildcard_cwes), wherever it is.
# custom:
#   id: iac.wildcard
#   message: rights to everything ({finding.rule.id})
#   remediation: Name the actions and resources that are needed.
#   controls: [PCI-DSS-4.0.1-7.2.5, NIST-CSF-2.0-PR.AA-05, SOC2-CC6.3]
raise contains lib.raise(rego.metadata.rule(), "track*") if {
	input.finding.kind == "misconfiguration"
	_listed("wildcard_rules", "wildcard_cwes")
}

# METADATA
# title: Sensitive data without encryption
# description: >-
#   The setting leaves data without encryption (unencrypted_rules, unencrypted_cwes), and the asset holds data whose
#   loss hurts people. Absent data classes do not fire it.
# custom:
#   id: iac.unencrypted_data
#   message: not encrypted ({finding.rule.id}), and the asset holds {asset.data}
#   remediation: Switch encryption on; a store often has to be made anew for it.
#   controls: [PCI-DSS-4.0.1-3.5.1, NIST-CSF-2.0-PR.DS-01, SOC2-CC6.1]
raise contains lib.raise(rego.metadata.rule(), "attend") if {
	input.finding.kind == "misconfiguration"
	_listed("unencrypted_rules", "unencrypted_cwes")
	_sensitive
}

# METADATA
# title: Severe, in front of sensitive data
# description: >-
#   The asset is internet-facing and holds data whose loss hurts people, and the scanner calls the setting critical or
#   high. Absent data classes or an absent exposure do not fire it.
# custom:
#   id: iac.sensitive_data
#   message: '{finding.severity} misconfiguration on an internet-facing asset that holds {asset.data}'
#   remediation: Change the setting, or keep the requests that reach it from the asset.
#   controls: [PCI-DSS-4.0.1-2.2.1, NIST-CSF-2.0-PR.PS-01, SOC2-CC7.1]
raise contains lib.raise(rego.metadata.rule(), "attend") if {
	input.finding.kind == "misconfiguration"
	input.finding.severity in {"critical", "high"}
	input.asset.exposure == "internet"
	_sensitive
}

# METADATA
# title: Critical misconfiguration
# description: >-
#   A setting that the scanner calls critical opens the asset directly; no attacker needs an exploit for it. A severity
#   that is not known has its own rule.
# custom:
#   id: iac.critical
#   message: critical misconfiguration
#   remediation: Change the setting before it is applied.
#   controls: [PCI-DSS-4.0.1-2.2.1, NIST-CSF-2.0-PR.PS-01, SOC2-CC7.1]
raise contains lib.raise(rego.metadata.rule(), "attend") if {
	input.finding.kind == "misconfiguration"
	input.finding.severity == "critical"
}

# METADATA
# title: Misconfiguration of high severity
# description: >-
#   A setting that weakens the asset without opening it by itself. A severity that is not known has its own rule.
# custom:
#   id: iac.high
#   message: misconfiguration of high severity
#   remediation: Change the setting with the next change to the resource.
#   controls: [PCI-DSS-4.0.1-2.2.1, NIST-CSF-2.0-PR.PS-01]
raise contains lib.raise(rego.metadata.rule(), "track*") if {
	input.finding.kind == "misconfiguration"
	input.finding.severity == "high"
}

# METADATA
# title: Severity not known
# description: No scanner says how severe the misconfiguration is, so somebody should look. It may not be harmless.
# custom:
#   id: iac.severity_unknown
#   message: nobody says how severe the misconfiguration is
#   remediation: Look the check up, and change the setting with the next change to the resource.
#   controls: [PCI-DSS-4.0.1-2.2.1, NIST-CSF-2.0-ID.RA-01]
raise contains lib.raise(rego.metadata.rule(), "track*") if {
	input.finding.kind == "misconfiguration"
	not input.finding.severity
}

# METADATA
# title: Only in tests and examples
# description: >-
#   All places are in configuration that is not applied anywhere (test_paths). It stays in sight, because examples are
#   copied. A place without a path, or no place at all, is not capped.
# custom:
#   id: iac.test_path
#   message: only in tests or examples ({finding.locations.0.path})
#   remediation: Change it before somebody copies it.
#   controls: [NIST-CSF-2.0-PR.PS-01]
cap contains lib.cap(rego.metadata.rule(), "track*") if {
	input.finding.kind == "misconfiguration"
	lib.all_paths_match(data.packs.iac.params.test_paths)
}

_opens if _listed("open_rules", "open_cwes")

_listed(rules, _) if input.finding.rule.id in data.packs.iac.params[rules]

_listed(_, cwes) if {
	some cwe in input.finding.cwes
	cwe in data.packs.iac.params[cwes]
}

_sensitive if {
	some class in input.asset.data
	class in data.packs.iac.params.sensitive_data
}
