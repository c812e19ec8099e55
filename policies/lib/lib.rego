# METADATA
# title: What a pack says
# description: >-
#   One function for each set of the pack contract. Each takes the METADATA of the rule that calls it
#   (rego.metadata.rule()) and states its id. Message, remediation and controls of a reason are those of the METADATA
#   with that id, so that they cannot differ from the documentation. The message is custom.message, or the title; the
#   engine fills {finding.package.name} in it from the input, and {name} from the values given to vars.
package lib

# METADATA
# title: At least this priority
# description: Caps can lower it.
raise(meta, to) := {
	"kind": "raise",
	"to": to,
	"rule": meta.custom.id,
}

# METADATA
# title: At least this priority, whatever caps say
# description: For active exploitation and validated exploits.
raise_firm(meta, to) := {
	"kind": "raise",
	"to": to,
	"firm": true,
	"rule": meta.custom.id,
}

# METADATA
# title: At most this priority
cap(meta, to) := {
	"kind": "cap",
	"to": to,
	"rule": meta.custom.id,
}

# METADATA
# title: Block, whatever the priority
deny(meta) := {
	"kind": "deny",
	"rule": meta.custom.id,
}

# METADATA
# title: Block, and no exemption helps
deny_firm(meta) := {
	"kind": "deny",
	"firm": true,
	"rule": meta.custom.id,
}

# METADATA
# title: Warn, whatever the priority
warn(meta) := {
	"kind": "warn",
	"rule": meta.custom.id,
}

# METADATA
# title: The action is at most this one
# description: The decision keeps what it would have been.
exempt(meta, at_most) := {
	"kind": "exempt",
	"at_most": at_most,
	"rule": meta.custom.id,
}

# METADATA
# title: The action is at most this one, for some days
# description: >-
#   For exemptions that end: days count from the day of the decision, which is 0, and the last one is included. The
#   engine says by when the decision has to be made again.
exempt_for(meta, at_most, days) := object.union(exempt(meta, at_most), {"days": days})

# METADATA
# title: To be fixed within days of first_seen, evaluated or kev_added
# description: Fractions of days are allowed; the earliest due date of all wins.
due(meta, days, from) := {
	"kind": "due",
	"days": days,
	"from": from,
	"rule": meta.custom.id,
}

# METADATA
# title: To be fixed by a date that a fact states
due_by(meta, date) := {
	"kind": "due",
	"by": date,
	"rule": meta.custom.id,
}

# METADATA
# title: Something else that must happen
# description: What is forensics, notify or validate.
oblige(meta, what) := {
	"kind": "oblige",
	"obligation": what,
	"rule": meta.custom.id,
}

# METADATA
# title: An attacker gets through here
opens_step(meta) := {
	"kind": "opens_step",
	"rule": meta.custom.id,
}

# METADATA
# title: The same reason, with values for its message
# description: >-
#   For parameters and other values that are not in the input. Values that differ from case to case belong into the
#   input.
vars(reason, values) := object.union(reason, {"vars": values})

# METADATA
# title: The change brought it, or nobody knows
# description: A status that is not known counts as introduced, so that a missing baseline cannot hide anything.
introduced if not _not_by_the_change

# A negated call with an absent operand is undefined, not true, so the negation stands before a rule.
_not_by_the_change if input.context.change.status in {"existing", "disclosed"}

# METADATA
# title: Call analysis has not ruled it out
# description: >-
#   True for reachable, for potential, where nothing is known, and for what somebody exploited, whatever analyses say.
may_be_reachable if not input.context.reachability.verdict == "unreachable"

may_be_reachable if exploited

# METADATA
# title: Somebody exploited it on this asset
# description: True only for proof. It holds against what analyses and observations say.
exploited if input.context.validation.status == "exploitable"

# METADATA
# title: Known to be exploited
# description: >-
#   A loaded catalogue lists it. With no catalogue loaded it is taken for unlisted, which a rule that negates this
#   should say.
known_exploited if input.context.intel.kev.listed

# METADATA
# title: A fix is known
# description: A package has a version that fixes it; everything that is not a package can be fixed by its owner.
fix_exists if count(input.finding.package.fixed) > 0

fix_exists if not input.finding.package

# METADATA
# title: All places match one of the patterns
# description: >-
#   Patterns are globs on the path with / between folders. A place without a path matches none, and a finding without
#   places has no place that matches, so neither is true.
all_paths_match(patterns) if {
	input.finding.locations[0]
	every location in input.finding.locations {
		_matches(patterns, location.path)
	}
}

_matches(patterns, path) if {
	some pattern in patterns
	glob.match(pattern, ["/"], path)
}
