package main_test

import data.lib
import data.main

meta(id) := {"title": id, "custom": {"id": sprintf("p.%s", [id])}}

raise(to) := lib.raise(meta(sprintf("raise %s", [to])), to)

firm(to) := lib.raise_firm(meta(sprintf("firm %s", [to])), to)

cap(to) := lib.cap(meta(sprintf("cap %s", [to])), to)

exempt(at_most) := lib.exempt(meta(sprintf("exempt %s", [at_most])), at_most)

change(event, status) := {"context": {"change": {"event": event, "status": status}}}

introduced := change("pull_request", "introduced")

decided(packs, input_) := found if {
	found := main.decision with data.packs as packs with input as input_
}

# Priority.

priority(pack) := decided({"p": pack}, introduced).priority

test_nothing_said_is_track_and_passes if {
	decided({"p": {}}, introduced) == {"priority": "track", "action": "pass", "would_have": "pass", "reasons": []}
}

test_the_highest_raise_wins if {
	priority({"raise": {raise("track*"), raise("act"), raise("attend")}}) == "act"
}

test_the_lowest_cap_wins_over_raises if {
	priority({"raise": {raise("act")}, "cap": {cap("attend"), cap("track*")}}) == "track*"
	priority({"raise": {raise("track")}, "cap": {cap("attend")}}) == "track"
}

test_a_firm_raise_holds_against_caps if {
	priority({"raise": {firm("attend"), raise("act")}, "cap": {cap("track")}}) == "attend"
	priority({"raise": {firm("track*"), raise("act")}}) == "act"
}

test_packs_add_up if {
	packs := {"p": {"raise": {raise("attend")}}, "q": {"raise": {raise("act")}}, "r": {"cap": {cap("attend")}}}
	decision := decided(packs, introduced)
	decision.priority == "attend"
	count(decision.reasons) == 3
}

# Action.

action(pack, input_) := decided({"p": pack}, input_).action

expected_actions := {
	"pull_request": {
		"introduced": {"act": "block", "attend": "block", "track*": "warn", "track": "pass"},
		"existing": {"act": "warn", "attend": "warn", "track*": "pass", "track": "pass"},
	},
	"release": {
		"introduced": {"act": "block", "attend": "warn", "track*": "warn", "track": "pass"},
		"existing": {"act": "block", "attend": "warn", "track*": "pass", "track": "pass"},
	},
	"push": {
		"introduced": {"act": "warn", "attend": "warn", "track*": "warn", "track": "pass"},
		"existing": {"act": "warn", "attend": "warn", "track*": "pass", "track": "pass"},
	},
}

same_row := {"merge_group": "pull_request", "manual": "pull_request", "schedule": "push"}

expected(event, status) := expected_actions[object.get(same_row, event, event)][object.get(
	{"disclosed": "existing"},
	status,
	status,
)]

test_the_table_says_what_the_build_does if {
	every event in ["pull_request", "merge_group", "manual", "release", "push", "schedule"] {
		every status in ["introduced", "existing", "disclosed"] {
			every to in ["act", "attend", "track*", "track"] {
				action({"raise": {raise(to)}}, change(event, status)) == expected(event, status)[to]
			}
		}
	}
}

test_a_status_that_is_not_known_is_introduced if {
	action({"raise": {raise("attend")}}, {"context": {"change": {"event": "pull_request"}}}) == "block"
}

test_an_event_that_is_not_known_is_no_decision if {
	not decided({"p": {}}, {"context": {"change": {"status": "existing"}}})
}

test_deny_and_warn_tighten_whatever_the_priority if {
	action({"deny": {lib.deny(meta("deny"))}}, introduced) == "block"
	action({"warn": {lib.warn(meta("warn"))}}, introduced) == "warn"
	action({"warn": {lib.warn(meta("warn"))}, "raise": {raise("act")}}, introduced) == "block"
}

test_exempt_lowers_the_action_and_keeps_what_would_have_been if {
	pack := {"raise": {raise("act")}, "exempt": {exempt("warn"), exempt("pass")}, "deny": {lib.deny(meta("deny"))}}
	decision := decided({"p": pack}, introduced)
	decision.priority == "act"
	decision.action == "pass"
	decision.would_have == "block"
}

test_exempt_never_raises if action({"exempt": {exempt("warn")}}, introduced) == "pass"

test_a_firm_deny_withstands_exemptions if {
	action({"deny": {lib.deny_firm(meta("deny"))}, "exempt": {exempt("pass")}}, introduced) == "block"
}

# fail_on.

failing_on(least, to, input_) := found if {
	found := main.action with data.packs as {"p": {"raise": {raise(to)}}}
		with input as input_
		with data.main.params.fail_on as least
}

test_fail_on_replaces_the_introduced_row_of_every_event if {
	every event in ["pull_request", "merge_group", "manual", "release", "push", "schedule"] {
		failing_on("track*", "track*", change(event, "introduced")) == "block"
		failing_on("act", "attend", change(event, "introduced")) == "warn"
		failing_on("act", "track", change(event, "introduced")) == "pass"
	}
}

test_fail_on_replaces_rows_that_block if {
	failing_on("attend", "attend", change("release", "existing")) == "block"
}

test_fail_on_leaves_other_rows_alone if {
	failing_on("track*", "act", change("pull_request", "existing")) == "warn"
	failing_on("track*", "track*", change("pull_request", "existing")) == "pass"
}

test_a_fail_on_that_is_no_priority_is_no_decision if {
	every status in ["introduced", "existing"] {
		not failing_on("high", "act", change("pull_request", status))
	}
}

# What packs may say.

said(pack) := decided({"p": pack}, introduced).reasons

test_each_set_is_listed_with_its_kind if {
	pack := {
		"raise": {raise("act")},
		"cap": {cap("attend")},
		"deny": {lib.deny(meta("deny"))},
		"warn": {lib.warn(meta("warn"))},
		"exempt": {exempt("pass")},
		"due": {lib.due(meta("due"), 3, "first_seen")},
		"oblige": {lib.oblige(meta("oblige"), "forensics")},
	}
	{r.kind | some r in said(pack)} == {"raise", "cap", "deny", "warn", "exempt", "due", "oblige"}
	every r in said(pack) {
		r in pack[r.kind]
	}
}

test_a_plain_string_is_a_reason if {
	said({"deny": {"no Friday releases"}}) == [{"kind": "deny", "rule": "p.deny", "message": "no Friday releases"}]
	action({"deny": {"no Friday releases"}}, introduced) == "block"
}

test_an_object_with_msg_that_denies_or_warns_keeps_the_rest_as_metadata if {
	every kind in ["deny", "warn"] {
		said({kind: {{"msg": "too old", "team": "platform", "kind": kind}}}) == [{
			"kind": kind,
			"rule": sprintf("p.%s", [kind]),
			"message": "too old",
			"metadata": {"team": "platform", "kind": kind},
		}]
	}
}

test_an_object_with_msg_is_a_reason_and_keeps_the_rest if {
	said({"raise": {{"msg": "too old", "to": "attend", "kind": "mine"}}}) == [{
		"kind": "raise",
		"rule": "p.raise",
		"message": "too old",
		"to": "attend",
	}]
}

test_what_cannot_be_read_is_handed_to_the_engine_to_refuse if {
	every e in [7, {"to": "act"}, ["text"], cap("track")] {
		said({"raise": {e}}) == [{"kind": "raise", "rule": "p.raise", "unreadable": e}]
	}
}

test_rules_that_open_a_step_are_not_part_of_the_decision if {
	pack := {"opens_step": {lib.opens_step(meta("open"))}}
	said(pack) == []
	opened := main.opens_step with data.packs as {"p": pack} with input as introduced
	opened == pack.opens_step
}

# Rules that are not in force.

staged(pack, ids) := found if {
	when := {sprintf("p.%s", [id]): {"effective_on": "2026-12-01"} | some id in ids}
	found := main.decision with data.packs as {"p": pack} with input as introduced with data.main.staged as when
}

test_a_deny_that_is_not_in_force_warns_and_can_be_exempted if {
	decision := staged({"deny": {lib.deny_firm(meta("deny"))}}, ["deny"])
	decision.action == "warn"
	decision.reasons == [{"kind": "warn", "rule": "p.deny", "instead_of": "deny", "effective_on": "2026-12-01"}]
	exempted := staged({"deny": {lib.deny_firm(meta("deny"))}, "exempt": {exempt("pass")}}, ["deny"])
	exempted.action == "pass"
}

test_what_else_is_not_in_force_is_listed_and_does_nothing if {
	decision := staged(
		{
			"raise": {firm("act"), raise("track*")},
			"cap": {cap("track")},
			"warn": {lib.warn(meta("warn"))},
			"exempt": {exempt("pass")},
			"due": {lib.due(meta("due"), 3, "first_seen")},
			"oblige": {lib.oblige(meta("oblige"), "forensics")},
		},
		["firm act", "cap track", "warn", "exempt pass", "due", "oblige"],
	)
	decision.priority == "track*"
	decision.action == "warn"
	{r.kind: r.effective_on | some r in decision.reasons; r.rule != "p.raise track*"} == {
		"raise": "2026-12-01",
		"cap": "2026-12-01",
		"warn": "2026-12-01",
		"exempt": "2026-12-01",
		"due": "2026-12-01",
		"oblige": "2026-12-01",
	}
	count(decision.reasons) == 7
}

test_a_warn_that_is_not_in_force_does_not_warn if {
	staged({"warn": {lib.warn(meta("warn"))}}, ["warn"]).action == "pass"
}

test_other_rules_hold_while_one_is_not_in_force if {
	decision := staged({"deny": {lib.deny(meta("deny")), "no Friday releases"}, "warn": {{"msg": "soon"}, 7}}, ["deny"])
	decision.action == "block"
	count(decision.reasons) == 4
}

test_a_step_is_not_opened_before_its_day if {
	opened := main.opens_step with data.packs as {"p": {"opens_step": {lib.opens_step(meta("open"))}}}
		with input as introduced
		with data.main.staged as {"p.open": {"effective_on": "2026-12-01"}}
	opened == set()
}

# The gate.

test_no_budget_no_reason if count(main.gate) == 0 with input as {"counts": {"act": 1000}}

test_a_budget_that_is_exceeded_blocks if {
	result := main.gate with input as {"counts": {"act": 2, "attend": 1}}
		with data.main.params.budgets as {"act": 1, "attend": 1, "waived": null}
	{[r.kind, r.rule, r.vars] | some r in result} == {["deny", "main.budget", {"name": "act", "count": 2, "most": 1}]}
}

test_a_budget_for_something_that_is_not_counted_is_not_exceeded if {
	count(main.gate) == 0 with input as {"counts": {}} with data.main.params.budgets as {"act": 0}
}

test_a_budget_that_is_not_a_number_blocks if {
	result := main.gate with input as {"counts": {"act": 2}} with data.main.params.budgets as {"act": "one"}
	{[r.kind, r.rule, r.vars] | some r in result} == {["deny", "main.budget_unreadable", {"name": "act"}]}
}

test_a_budget_of_each_owner_blocks_whoever_exceeds_it if {
	owners := {"team-pay": {"act": 3, "track": 9}, "team-shop": {"act": 1}, "team-web": {"attend": 4}}
	result := main.gate with input as {"counts": {"act": 4}, "owners": owners}
		with data.main.params.owner_budgets as {"act": 1, "attend": null}
	{[r.kind, r.rule, r.vars.owner, r.vars.count] | some r in result} == {["deny", "main.owner_budget", "team-pay", 3]}
}

test_a_budget_of_each_owner_that_is_not_a_number_blocks if {
	result := main.gate with input as {"counts": {}} with data.main.params.owner_budgets as {"act": true}
	{[r.kind, r.rule, r.vars] | some r in result} == {["deny", "main.budget_unreadable", {"name": "act"}]}
}

test_waiver_debt_is_bounded_by_count_and_age if {
	budgets := {"waived": 2, "oldest_waived_days": 90, "introduced_act": 0}
	result := main.gate with input as {"counts": {"waived": 3, "oldest_waived_days": 91, "introduced_act": 1}}
		with data.main.params.budgets as budgets
	{r.vars.name | some r in result} == {"waived", "oldest_waived_days", "introduced_act"}
	ages_unknown := main.gate with input as {"counts": {"waived": 2, "introduced_act": 0}}
		with data.main.params.budgets as budgets
	ages_unknown == set()
}
