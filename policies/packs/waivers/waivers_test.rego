package packs.waivers_test

import data.packs.waivers

waiver := {
	"id": "w-1",
	"reason": "behind the login",
	"requester": "dev@example.com",
	"approver": "ana@example.com",
	"verified": true,
	"created": "2026-11-01",
	"expires": "2026-11-26",
	"age_days": 20,
	"valid_days": 25,
}

waived(changes) := {"context": {
	"intel": {"kev": {"listed": false}},
	"waivers": [object.union(waiver, changes)],
}}

exempted[r.rule] := [r.at_most, r.days] if some r in waivers.exempt

# Accepted.

test_accepted_fires if {
	some r in waivers.exempt with input as waived({}) with data.main.priority as "attend"
	r.rule == "waivers.accepted"
	r.at_most == "pass"
	r.days == 5
	r.vars.approver == "ana@example.com"
	r.vars.expires == "2026-11-26"
	r.vars.reason == "behind the login"
}

test_accepted_fires_on_its_last_day if {
	exempted == {"waivers.accepted": ["pass", 0]} with input as waived({"age_days": 25})
		with data.main.priority as "attend"
}

test_accepted_fires_without_a_maximum if {
	exempted == {"waivers.accepted": ["pass", 5]} with input as waived({})
		with data.main.priority as "act"
		with data.packs.waivers.params.max_days.act as null
}

test_accepted_silent_if_not_verified if {
	exempted == {} with input as waived({"verified": false}) with data.main.priority as "attend"
}

test_accepted_silent_after_its_days if {
	exempted == {} with input as waived({"age_days": 26}) with data.main.priority as "attend"
}

test_accepted_missing if {
	exempted == {} with input as {"context": {}} with data.main.priority as "attend"
	exempted == {} with input as {"context": {"waivers": []}} with data.main.priority as "attend"
}

exploited(changes) := object.union(waived(changes), {"context": {"intel": {"kev": {"listed": true}}}})

test_accepted_leaves_a_warning_where_it_is_exploited_now if {
	exempted == {"waivers.accepted": ["warn", 5]} with input as exploited({"age_days": 5, "valid_days": 10})
		with data.main.priority as "act"
	exempted == {"waivers.accepted": ["pass", 5]} with input as exploited({"age_days": 5, "valid_days": 10})
		with data.main.priority as "attend"
	exempted == {"waivers.accepted": ["pass", 5]} with input as exploited({"age_days": 5, "valid_days": 10})
		with data.main.priority as "act"
		with data.packs.waivers.params.at_most_exploited as "pass"
}

test_accepted_missing_catalogue_is_not_exploited if {
	exempted == {"waivers.accepted": ["pass", 5]} with input as json.remove(
		waived({"age_days": 5, "valid_days": 10}),
		["context/intel"],
	)
		with data.main.priority as "act"
}

# Shortened.

test_shortened_fires if {
	some r in waivers.exempt with input as waived({"age_days": 10}) with data.main.priority as "act"
	r.rule == "waivers.shortened"
	r.days == 4
	r.vars.days == 14
	r.vars.priority == "act"
}

test_shortened_silent_after_the_days_of_the_policy if {
	exempted == {} with input as waived({"age_days": 15}) with data.main.priority as "act"
}

test_shortened_silent_if_not_verified if {
	exempted == {} with input as waived({"age_days": 10, "verified": false}) with data.main.priority as "act"
}

test_shortened_missing if {
	exempted == {} with input as {"context": {}} with data.main.priority as "act"
}

# Unverified.

test_unverified_fires_where_it_is_allowed if {
	exempted == {"waivers.unverified": ["pass", 5]} with input as waived({"verified": false})
		with data.main.priority as "attend"
		with data.packs.waivers.params.allow_unverified as true
}

test_unverified_fires_no_longer_than_the_policy_allows if {
	exempted == {"waivers.unverified": ["pass", 4]} with input as waived({"verified": false, "age_days": 10})
		with data.main.priority as "act"
		with data.packs.waivers.params.allow_unverified as true
}

test_unverified_silent_if_verified if {
	exempted == {"waivers.accepted": ["pass", 5]} with input as waived({})
		with data.main.priority as "attend"
		with data.packs.waivers.params.allow_unverified as true
}

test_unverified_missing_approver_is_not_asked_for if {
	exempted == {"waivers.unverified": ["pass", 5]} with input as json.remove(
		waived({"verified": false}),
		["context/waivers/0/approver"],
	)
		with data.main.priority as "attend"
		with data.packs.waivers.params.allow_unverified as true
}

test_a_priority_without_days_cannot_be_waived if {
	exempted == {} with input as waived({})
		with data.main.priority as "attend"
		with data.packs.waivers.params.max_days as {"act": 14}
}
