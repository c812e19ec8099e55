package lib_test

import data.lib

meta := {"title": "A title", "custom": {"id": "mine.rule"}}

said := {"rule": "mine.rule"}

test_each_set_has_its_call if {
	lib.raise(meta, "attend") == object.union(said, {"kind": "raise", "to": "attend"})
	lib.raise_firm(meta, "act") == object.union(said, {"kind": "raise", "to": "act", "firm": true})
	lib.cap(meta, "track") == object.union(said, {"kind": "cap", "to": "track"})
	lib.deny(meta) == object.union(said, {"kind": "deny"})
	lib.deny_firm(meta) == object.union(said, {"kind": "deny", "firm": true})
	lib.warn(meta) == object.union(said, {"kind": "warn"})
	lib.exempt(meta, "warn") == object.union(said, {"kind": "exempt", "at_most": "warn"})
	lib.exempt_for(meta, "warn", 7) == object.union(lib.exempt(meta, "warn"), {"days": 7})
	lib.due(meta, 0.5, "evaluated") == object.union(said, {"kind": "due", "days": 0.5, "from": "evaluated"})
	lib.due_by(meta, "2026-11-24") == object.union(said, {"kind": "due", "by": "2026-11-24"})
	lib.oblige(meta, "forensics") == object.union(said, {"kind": "oblige", "obligation": "forensics"})
	lib.opens_step(meta) == object.union(said, {"kind": "opens_step"})
}

test_a_rule_without_an_id_says_nothing if not lib.deny({"title": "A title", "custom": {}})

test_values_for_the_message_stand_beside_it if {
	lib.vars(lib.warn(meta), {"threshold": 0.5}).vars == {"threshold": 0.5}
	lib.vars(lib.warn(meta), {"threshold": 0.5}).rule == "mine.rule"
}

test_introduced_unless_known_to_be_something_else if {
	lib.introduced with input as {"context": {"change": {"status": "introduced"}}}
	lib.introduced with input as {"context": {"change": {"event": "push"}}}
	lib.introduced with input as {"context": {}}
	not lib.introduced with input as {"context": {"change": {"status": "existing"}}}
	not lib.introduced with input as {"context": {"change": {"status": "disclosed"}}}
}

test_may_be_reachable_unless_ruled_out if {
	lib.may_be_reachable with input as {"context": {"reachability": {"verdict": "reachable"}}}
	lib.may_be_reachable with input as {"context": {"reachability": {"verdict": "potential"}}}
	lib.may_be_reachable with input as {"context": {}}
	not lib.may_be_reachable with input as {"context": {"reachability": {"verdict": "unreachable"}}}
}

test_known_exploited_only_where_a_catalogue_lists_it if {
	lib.known_exploited with input as {"context": {"intel": {"kev": {"listed": true}}}}
	not lib.known_exploited with input as {"context": {"intel": {"kev": {"listed": false}}}}
	not lib.known_exploited with input as {"context": {}}
}

test_what_was_exploited_may_be_reached if {
	proof := {"context": {"reachability": {"verdict": "unreachable"}, "validation": {"status": "exploitable"}}}
	lib.may_be_reachable with input as proof
	lib.exploited with input as proof
	not lib.exploited with input as {"context": {"validation": {"status": "mitigated"}}}
	not lib.exploited with input as {"context": {}}
}

test_a_package_needs_a_fixed_version_and_nothing_else_does if {
	lib.fix_exists with input as {"finding": {"package": {"name": "log4j-core", "fixed": ["2.17.1"]}}}
	lib.fix_exists with input as {"finding": {"kind": "misconfiguration"}}
	not lib.fix_exists with input as {"finding": {"package": {"name": "log4j-core", "fixed": []}}}
	not lib.fix_exists with input as {"finding": {"package": {"name": "log4j-core"}}}
}

at(locations) := {"finding": {"locations": locations}}

test_all_paths_match_or_none_counts if {
	patterns := ["{**/,}test/**", "*.md"]
	lib.all_paths_match(patterns) with input as at([{"path": "a/test/b/c.go"}, {"path": "x.md"}])
	not lib.all_paths_match(patterns) with input as at([{"path": "test/b.go"}, {"path": "a/x.md"}])
	not lib.all_paths_match(patterns) with input as at([{"path": "x.md"}, {"url": "https://example.org"}])
	not lib.all_paths_match(patterns) with input as at([])
	not lib.all_paths_match(patterns) with input as {"finding": {}}
}
