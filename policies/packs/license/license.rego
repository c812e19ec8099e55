# METADATA
# title: Licences
# description: >-
#   Licences of components against three lists of SPDX ids, which are parameters and no legal advice, so it is to be
#   switched on. Of an expression the best alternative counts (OR), and of an alternative the worst licence (AND); a
#   licence with an exception (WITH) is looked for with it first, then without. Components that are not deployed are
#   judged as all others: what they are used for does not change what was agreed to.
package packs.license

import data.lib

# METADATA
# title: Licence that must not come in
# description: >-
#   Every alternative of the licence has one that is denied, and the change brings it, or nobody knows. It blocks.
# custom:
#   id: license.denied
#   message: 'licence {finding.license.spdx} of {finding.package.name} is not allowed'
#   remediation: Take another component, or ask whoever decides about licences.
#   controls: [NIST-CSF-2.0-ID.AM-08, NIST-SSDF-1.1-PW.4.1]
deny contains lib.deny(rego.metadata.rule()) if {
	_verdict == "deny"
	lib.introduced
}

# METADATA
# title: Licence that should not be there
# description: Every alternative of the licence has one that is denied, but it was there before the change.
# custom:
#   id: license.denied_before
#   message: 'licence {finding.license.spdx} of {finding.package.name} is not allowed, and was there before'
#   remediation: Plan to replace the component, or ask whoever decides about licences.
#   controls: [NIST-CSF-2.0-ID.AM-08, NIST-SSDF-1.1-PW.4.1]
warn contains lib.warn(rego.metadata.rule()) if {
	_verdict == "deny"
	not lib.introduced
}

# METADATA
# title: Licence to look at
# description: >-
#   No alternative of the licence is allowed as it is, but one has nothing that is denied. Only what the change brings
#   is worth a warning.
# custom:
#   id: license.restricted
#   message: 'licence {finding.license.spdx} of {finding.package.name} has conditions'
#   remediation: Make sure that you keep its conditions.
#   controls: [NIST-CSF-2.0-ID.AM-08, NIST-SSDF-1.1-PW.4.1]
warn contains lib.warn(rego.metadata.rule()) if {
	_verdict == "warn"
	_understood
	lib.introduced
}

# METADATA
# title: Licence that is not understood
# description: >-
#   The scanner names something that is no SPDX expression, or a licence that it cannot name. Unknown is not allowed:
#   what happens is the parameter unknown.
# custom:
#   id: license.not_understood
#   message: 'licence "{finding.license.spdx}" of {finding.package.name} is no SPDX expression'
#   remediation: Look the licence up, and add its SPDX id to a list.
#   controls: [NIST-CSF-2.0-ID.AM-08, NIST-SSDF-1.1-PW.4.1]
warn contains lib.warn(rego.metadata.rule()) if {
	_verdict == "warn"
	not _understood
	lib.introduced
}

_understood if input.finding.license.alternatives

_verdict := _words[min({_worst(licences) | some licences in input.finding.license.alternatives})] if {
	input.finding.kind == "license"
	_understood
}

_verdict := data.packs.license.params.unknown if {
	input.finding.kind == "license"
	not _understood
}

_words := ["allow", "warn", "deny"]

_rank := {"allow": 0, "warn": 1, "deny": 2}

_worst(licences) := max({_rank[_verdict_on(licence)] | some licence in licences})

# A list that names the licence with its exception goes before one that names it without.
_verdict_on(licence) := _by_list(licence) if {
	_by_list(licence)
} else := _by_list(split(licence, " WITH ")[0]) if {
	_by_list(split(licence, " WITH ")[0])
} else := data.packs.license.params.unknown

_by_list(licence) := "deny" if {
	licence in data.packs.license.params.deny
} else := "warn" if {
	licence in data.packs.license.params.warn
} else := "allow" if {
	licence in data.packs.license.params.allow
}
