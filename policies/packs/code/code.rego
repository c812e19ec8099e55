# METADATA
# title: Code
# description: >-
#   Weaknesses in the code itself, as static analysis reports them. It knows no exploitation data; what counts is how
#   severe the scanner calls it, what sort of weakness it is, and who can reach the asset.
package packs.code

import data.lib

# METADATA
# title: Severe and new
# description: >-
#   The change under review brings a weakness that the scanner calls critical or high; it is cheapest to fix before it
#   is merged. A status that is not known counts as introduced.
# custom:
#   id: code.severe
#   message: '{finding.severity} weakness, not known to have been there before'
#   remediation: Fix it in the change, or show the scanner why it is safe and have that reviewed.
#   controls: [PCI-DSS-4.0.1-6.2.4, NIST-SSDF-1.1-PW.7.2, CIS-8.1-16.12]
raise contains lib.raise(rego.metadata.rule(), "attend") if {
	input.finding.kind == "weakness"
	input.finding.severity in {"critical", "high"}
	lib.introduced
}

# METADATA
# title: Usable from outside
# description: >-
#   A critical or high weakness that somebody uses by sending something (remote_cwes), in an asset that may face the
#   internet, old or new. An exposure that is not known may be the internet; partner, internal and isolated are not.
# custom:
#   id: code.remote
#   message: 'a request from outside may use it (CWE {finding.cwes}); exposure: {asset.exposure}'
#   remediation: Validate or encode what comes in before it gets to this call.
#   controls: [PCI-DSS-4.0.1-6.2.4, NIST-SSDF-1.1-PW.7.2, CIS-8.1-16.12]
raise contains lib.raise(rego.metadata.rule(), "attend") if {
	input.finding.kind == "weakness"
	input.finding.severity in {"critical", "high"}
	not _inside
	_remote
}

# METADATA
# title: Usable from outside, in front of sensitive data
# description: >-
#   A weakness of medium severity that somebody uses by sending something (remote_cwes), in an internet-facing asset
#   that holds data whose loss hurts people. Exposure and data classes must be known.
# custom:
#   id: code.remote_data
#   message: 'a request from outside may use it (CWE {finding.cwes}); the asset holds {asset.data}'
#   remediation: Validate or encode what comes in before it gets to this call.
#   controls: [PCI-DSS-4.0.1-6.2.4, NIST-SSDF-1.1-PW.7.2, CIS-8.1-16.12]
raise contains lib.raise(rego.metadata.rule(), "attend") if {
	input.finding.kind == "weakness"
	input.finding.severity == "medium"
	input.asset.exposure == "internet"
	_remote
	_sensitive
}

# METADATA
# title: Worth a look
# description: >-
#   A weakness of medium severity or worse is to be fixed when somebody works there. A severity that is not known counts
#   as medium; low and info stay at track.
# custom:
#   id: code.medium
#   message: 'weakness in code; severity: {finding.severity}'
#   remediation: Fix it when you next work in this file.
#   controls: [NIST-SSDF-1.1-PW.7.2, CIS-8.1-16.12]
raise contains lib.raise(rego.metadata.rule(), "track*") if {
	input.finding.kind == "weakness"
	not _minor
}

# METADATA
# title: Only in tests
# description: >-
#   All places of the weakness are in code that is not deployed (test_paths). A place without a path, or no place at
#   all, may be deployed and is not capped. What is critical has its own rule: that code is a test is told from its
#   path, which can be wrong.
# custom:
#   id: code.test_path
#   message: only in test code ({finding.locations.0.path})
#   remediation: Nothing now.
#   controls: [NIST-SSDF-1.1-PW.7.2]
cap contains lib.cap(rego.metadata.rule(), "track") if {
	input.finding.kind == "weakness"
	not input.finding.severity == "critical"
	lib.all_paths_match(data.packs.code.params.test_paths)
}

# METADATA
# title: Critical, but only in tests
# description: >-
#   All places of a critical weakness are in code that is not deployed (test_paths). Builds run it with the credentials
#   of people and pipelines, so it stays in sight.
# custom:
#   id: code.test_path_critical
#   message: critical, but only in test code ({finding.locations.0.path})
#   remediation: Make sure that it is not deployed; look at what the build can reach.
#   controls: [NIST-SSDF-1.1-PW.7.2]
cap contains lib.cap(rego.metadata.rule(), "track*") if {
	input.finding.kind == "weakness"
	input.finding.severity == "critical"
	lib.all_paths_match(data.packs.code.params.test_paths)
}

_minor if input.finding.severity in {"low", "info"}

_inside if input.asset.exposure in {"partner", "internal", "isolated"}

_remote if {
	some cwe in input.finding.cwes
	cwe in data.packs.code.params.remote_cwes
}

_sensitive if {
	some class in input.asset.data
	class in data.packs.code.params.sensitive_data
}
