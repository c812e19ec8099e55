# METADATA
# title: Secrets
# description: >-
#   Credentials where they do not belong. What counts is whether they still open something; that nobody tried is not
#   that they do not. Severity is not read: scanners give all secrets of a sort the same one.
package packs.secrets

import data.lib

# METADATA
# title: The credential works
# description: >-
#   Somebody tried the credential and it opens something, so whoever can read the repository or image can too. Firm:
#   neither a test folder nor a development asset makes it harmless.
# custom:
#   id: secrets.active
#   message: the credential still works ({finding.secret.type})
#   remediation: Rotate it now, then look at who used it; deleting the file does not help.
#   controls: [PCI-DSS-4.0.1-8.6.2, NIST-CSF-2.0-PR.AA-01, SOC2-CC6.1]
raise contains lib.raise_firm(rego.metadata.rule(), "act") if {
	input.finding.kind == "secret"
	input.finding.secret.active == true
}

# METADATA
# title: The credential may work
# description: >-
#   A credential in the tree that nobody has tried has to be taken for one that works. Whether it is only in the history
#   is either known to be false or not known.
# custom:
#   id: secrets.unproven
#   message: nobody has tried whether the credential still works ({finding.secret.type})
#   remediation: Rotate it and take it from a secret store; deleting the file alone does not help.
#   controls: [PCI-DSS-4.0.1-8.6.2, NIST-CSF-2.0-PR.AA-01, SOC2-CC6.1]
raise contains lib.raise(rego.metadata.rule(), "attend") if {
	input.finding.kind == "secret"
	not _tried
	not input.finding.secret.in_history == true
}

# METADATA
# title: The credential in the history may work
# description: >-
#   The credential is gone from the tree but stays in every clone, and nobody has tried it. Only rotation makes it
#   harmless.
# custom:
#   id: secrets.in_history
#   message: >-
#     only in the history, and nobody has tried whether it still works ({finding.secret.type}); rotating it helps,
#     deleting it does not
#   remediation: Rotate it; rewriting the history does not reach the clones that exist.
#   controls: [PCI-DSS-4.0.1-8.6.2, NIST-CSF-2.0-PR.AA-01, SOC2-CC6.1]
raise contains lib.raise(rego.metadata.rule(), "attend") if {
	input.finding.kind == "secret"
	input.finding.secret.in_history == true
	not _tried
}

# METADATA
# title: The credential does not work
# description: >-
#   Somebody tried the credential and nothing opened. Absent means that nobody tried, which caps nothing.
# custom:
#   id: secrets.inactive
#   message: the credential no longer works ({finding.secret.type})
#   remediation: Remove it when you next work in this file.
#   controls: [NIST-CSF-2.0-PR.AA-01]
cap contains lib.cap(rego.metadata.rule(), "track") if {
	input.finding.kind == "secret"
	input.finding.secret.active == false
}

# METADATA
# title: Only in test fixtures
# description: >-
#   All places are where made-up credentials are expected (test_paths), so it is probably one. A place without a path,
#   or no place at all, is not capped, and a credential that works holds against it.
# custom:
#   id: secrets.test_fixture
#   message: in a test fixture, so probably made up ({finding.locations.0.path})
#   remediation: Make sure that it is made up; if it is not, rotate it.
#   controls: [NIST-CSF-2.0-PR.AA-01]
cap contains lib.cap(rego.metadata.rule(), "track*") if {
	input.finding.kind == "secret"
	lib.all_paths_match(data.packs.secrets.params.test_paths)
}

_tried if input.finding.secret.active in {true, false}
