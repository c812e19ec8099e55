# METADATA
# title: The decision
# description: >-
#   Composes what all packs say of one input. Packs only state sets; what the sets come to is said here and nowhere
#   else. It is evaluated once per case, so each set is walked as seldom as can be.
package main

# METADATA
# title: The decision on one case
# description: >-
#   priority = max(firm raises, min(max(raises), min(caps))), at least track. action = max(table, deny, warn), then
#   lowered by exempt, which a firm deny withstands. Messages and dates are filled in by the engine.
# entrypoint: true
decision := {
	"priority": priority,
	"action": action,
	"would_have": _actions[_stated],
	"reasons": sort(((_urgencies | _consequences) | _waiting)),
}

# METADATA
# title: How urgently the case needs someone
# description: Packs may read it in deny, warn, exempt, due and oblige, but not in raise and cap, which it is made of.
priority := _priorities[max([firm, min([raised, capped])])] if {
	raised := max({0} | {_priority_rank[e.to] | some e in data.packs[_].raise; not _held_back(e)})
	capped := min({3} | {_priority_rank[e.to] | some e in data.packs[_].cap; not _held_back(e)})
	firm := max({0} | {_priority_rank[e.to] | some e in data.packs[_].raise; e.firm; not _held_back(e)})
}

# METADATA
# title: What the build does about the case
action := _actions[max([firm, min([_stated, exempted])])] if {
	exempted := min({2} | {_action_rank[r.at_most] | some r in _consequences})
	firm := max({0} | {2 | some r in _consequences; r.firm; r.kind == "deny"})
}

# METADATA
# title: The rules that let an attacker through
# description: Asked before the decision, where an asset graph is known. These rules must not read context.paths.
opens_step contains _element(pack, "opens_step", e) if {
	some pack
	some e in data.packs[pack].opens_step
	not _held_back(e)
}

_urgencies contains _element(pack, "raise", e) if {
	some pack
	some e in data.packs[pack].raise
	not _held_back(e)
}

_urgencies contains _element(pack, "cap", e) if {
	some pack
	some e in data.packs[pack].cap
	not _held_back(e)
}

_consequences contains _element(pack, "deny", e) if {
	some pack
	some e in data.packs[pack].deny
	not _held_back(e)
}

_consequences contains _element(pack, "warn", e) if {
	some pack
	some e in data.packs[pack].warn
	not _held_back(e)
}

_consequences contains _element(pack, "exempt", e) if {
	some pack
	some e in data.packs[pack].exempt
	not _held_back(e)
}

_consequences contains _element(pack, "due", e) if {
	some pack
	some e in data.packs[pack].due
	not _held_back(e)
}

_consequences contains _element(pack, "oblige", e) if {
	some pack
	some e in data.packs[pack].oblige
	not _held_back(e)
}

# Rules that are not in force yet, or no longer: data.main.staged has each with its day. The engine puts it there, for
# policies have no clock; where all rules are in force it is not there. A deny warns meanwhile, firm or not, and what
# else these rules state is listed and does nothing.
_held_back(e) if data.main.staged[e.rule]

_consequences contains object.union(
	object.remove(e, ["firm"]),
	object.union(data.main.staged[e.rule], {"kind": "warn", "instead_of": "deny"}),
) if {
	data.main.staged
	some pack
	some e in data.packs[pack].deny
	_held_back(e)
}

_waiting contains object.union(e, data.main.staged[e.rule]) if {
	data.main.staged
	some pack
	some e in data.packs[pack].raise
	_held_back(e)
}

_waiting contains object.union(e, data.main.staged[e.rule]) if {
	data.main.staged
	some pack
	some e in data.packs[pack].cap
	_held_back(e)
}

_waiting contains object.union(e, data.main.staged[e.rule]) if {
	data.main.staged
	some pack
	some e in data.packs[pack].warn
	_held_back(e)
}

_waiting contains object.union(e, data.main.staged[e.rule]) if {
	data.main.staged
	some pack
	some e in data.packs[pack].exempt
	_held_back(e)
}

_waiting contains object.union(e, data.main.staged[e.rule]) if {
	data.main.staged
	some pack
	some e in data.packs[pack].due
	_held_back(e)
}

_waiting contains object.union(e, data.main.staged[e.rule]) if {
	data.main.staged
	some pack
	some e in data.packs[pack].oblige
	_held_back(e)
}

# An element is what a library call made, an object with msg, or a plain string. Of an object that warns or denies, as
# conftest knows them, every other key is kept beside the reason. What is none of these is kept as it is, and the engine
# refuses it: a rule that said something unreadable must not go unheard.
_element(pack, kind, e) := e if {
	e.kind == kind
	e.rule
} else := object.union(_unnamed(pack, kind, e.msg), {"metadata": object.remove(e, ["msg"])}) if {
	kind in {"deny", "warn"}
	e.msg
} else := object.union(object.remove(e, ["msg"]), _unnamed(pack, kind, e.msg)) if {
	e.msg
} else := _unnamed(pack, kind, e) if {
	is_string(e)
} else := {"kind": kind, "rule": sprintf("%s.%s", [pack, kind]), "unreadable": e}

_unnamed(pack, kind, message) := {"kind": kind, "rule": sprintf("%s.%s", [pack, kind]), "message": message}

_priorities := ["track", "track*", "attend", "act"]

_priority_rank := {"track": 0, "track*": 1, "attend": 2, "act": 3}

_actions := ["pass", "warn", "block"]

_action_rank := {"pass": 0, "warn": 1, "block": 2}

_stated := max({_action_rank[_by_table]} | {_least_action[r.kind] | some r in _consequences})

_least_action := {"deny": 2, "warn": 1}

# The status of a change is introduced unless it is known to be something else.
default _status := "introduced"

_status := input.context.change.status

_row := data.main.params.table[input.context.change.event][_status]

_by_table := _row[priority] if data.main.params.fail_on == null

_by_table := _row_with_fail_on if data.main.params.fail_on != null

# fail_on replaces the rows that block, and the introduced row of every event. A fail_on that is no priority leaves the
# decision undefined, which the engine refuses.
_row_with_fail_on := "block" if {
	_replaced
	_priority_rank[priority] >= _priority_rank[data.main.params.fail_on]
}

_row_with_fail_on := _at_most_warn[_row[priority]] if {
	_replaced
	_priority_rank[priority] < _priority_rank[data.main.params.fail_on]
}

_row_with_fail_on := _row[priority] if {
	_priority_rank[data.main.params.fail_on]
	not _replaced
}

_replaced if _status == "introduced"

_replaced if "block" in {a | some a in _row}

_at_most_warn := {"pass": "pass", "warn": "warn", "block": "warn"}
