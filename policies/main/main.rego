# METADATA
# title: The decision
# description: >-
#   Composes what all packs say of one input. Packs only state sets; what the sets come to is said here and nowhere else.
package main

# METADATA
# title: The decision on one case
# description: >-
#   priority = max(firm raises, min(max(raises), min(caps))), at least track. action = max(table, deny, warn), then lowered by
#   exempt, which a firm deny withstands. Messages and dates are filled in by the engine.
# entrypoint: true
decision := {
	"priority": priority,
	"action": action,
	"would_have": _action_stated,
	"reasons": reasons,
}

# METADATA
# title: How urgently the case needs someone
priority := _priorities[max([_firm, min([_raised, _capped])])]

# METADATA
# title: What the build does about the case
action := _actions[max([min([_stated, _exempted]), _firmly_denied])]

# METADATA
# title: The rules that let an attacker through
# description: Asked before the decision, where an asset graph is known. These rules must not read context.paths.
opens_step contains _element(pack, "opens_step", e) if {
	some pack
	some e in data.packs[pack].opens_step
}

# METADATA
# title: All that the packs say, sorted
reasons := array.concat(
	array.concat(
		array.concat([r | some r in _raises], [r | some r in _caps]),
		array.concat([r | some r in _denies], [r | some r in _warns]),
	),
	array.concat(
		array.concat([r | some r in _exempts], [r | some r in _dues]),
		[r | some r in _obliges],
	),
)

_priorities := ["track", "track*", "attend", "act"]

_priority_rank := {name: i | some i, name in _priorities}

_actions := ["pass", "warn", "block"]

_action_rank := {name: i | some i, name in _actions}

_raises contains _element(pack, "raise", e) if {
	some pack
	some e in data.packs[pack].raise
}

_caps contains _element(pack, "cap", e) if {
	some pack
	some e in data.packs[pack].cap
}

_denies contains _element(pack, "deny", e) if {
	some pack
	some e in data.packs[pack].deny
}

_warns contains _element(pack, "warn", e) if {
	some pack
	some e in data.packs[pack].warn
}

_exempts contains _element(pack, "exempt", e) if {
	some pack
	some e in data.packs[pack].exempt
}

_dues contains _element(pack, "due", e) if {
	some pack
	some e in data.packs[pack].due
}

_obliges contains _element(pack, "oblige", e) if {
	some pack
	some e in data.packs[pack].oblige
}

# An element is what a library call made, an object with msg, or a plain string. What is none of these is kept as it is, and the
# engine refuses it: a rule that said something unreadable must not go unheard.
_element(_, kind, e) := object.union(e, {"kind": kind}) if e.rule

_element(pack, kind, e) := object.union(_without(e, "msg"), {
	"kind": kind,
	"rule": sprintf("%s.%s", [pack, kind]),
	"message": e.msg,
}) if {
	e.msg
	not e.rule
}

_element(pack, kind, e) := {"kind": kind, "rule": sprintf("%s.%s", [pack, kind]), "message": e} if is_string(e)

_element(pack, kind, e) := {"kind": kind, "rule": sprintf("%s.%s", [pack, kind]), "unreadable": e} if {
	not is_string(e)
	not e.rule
	not e.msg
}

_without(object_, key) := object.remove(object_, [key])

_raised := max({0} | {_priority_rank[r.to] | some r in _raises})

_firm := max({0} | {_priority_rank[r.to] | some r in _raises; r.firm})

_capped := min({3} | {_priority_rank[r.to] | some r in _caps})

_stated := max(({_action_rank[_by_table]} | {2 | some _ in _denies}) | {1 | some _ in _warns})

_action_stated := _actions[_stated]

_firmly_denied := max({0} | {2 | some r in _denies; r.firm})

_exempted := min({2} | {_action_rank[r.at_most] | some r in _exempts})

# The status of a change is introduced unless it is known to be something else.
default _status := "introduced"

_status := input.context.change.status

_row := data.main.params.table[input.context.change.event][_status]

_by_table := _row[priority] if not _fail_on_applies

_by_table := "block" if {
	_fail_on_applies
	_priority_rank[priority] >= _priority_rank[data.main.params.fail_on]
}

_by_table := _at_most_warn[_row[priority]] if {
	_fail_on_applies
	_priority_rank[priority] < _priority_rank[data.main.params.fail_on]
}

_at_most_warn := {"pass": "pass", "warn": "warn", "block": "warn"}

# fail_on replaces the rows that block, and the introduced row of every event.
_fail_on_applies if {
	data.main.params.fail_on != null
	_status == "introduced"
}

_fail_on_applies if {
	data.main.params.fail_on != null
	"block" in {a | some a in _row}
}
