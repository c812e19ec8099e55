package packs.change_test

import data.packs.change

capped[r.rule] := r.to if some r in change.cap

exempted[r.rule] := r.at_most if some r in change.exempt

# Development dependency.

dependency(scope, kev) := {
	"finding": {"kind": "vulnerability", "package": {"name": "webpack", "scope": scope}},
	"context": {"intel": {"kev": kev}},
}

test_development_dependency_fires if {
	capped == {"change.development_dependency": "track*"} with input as dependency("development", {"listed": false})
}

test_development_dependency_silent if {
	capped == {} with input as dependency("runtime", {"listed": false})
	not capped["change.development_dependency"] with input as dependency("development", {"listed": true})
}

test_development_dependency_missing_scope_is_runtime if {
	capped == {} with input as json.remove(dependency("development", {"listed": false}), ["finding/package/scope"])
}

test_development_dependency_missing_catalogue_does_not_hold_it_back if {
	capped == {"change.development_dependency": "track*"} with input as json.remove(
		dependency("development", {}),
		["context/intel"],
	)
}

test_development_exploited_fires if {
	capped == {"change.development_exploited": "attend"} with input as dependency("development", {"listed": true})
}

test_development_exploited_silent if capped == {} with input as dependency("runtime", {"listed": true})

test_development_exploited_missing if {
	not capped["change.development_exploited"] with input as dependency("development", {})
	capped == {} with input as json.remove(dependency("development", {"listed": true}), ["finding/package/scope"])
}

# Suppressions.

suppressed(kind, status, change) := {
	"finding": {"kind": "weakness", "suppression": {"kind": kind, "status": status, "justification": "checked"}},
	"context": {"change": {"event": "pull_request", "status": change}},
}

statuses := ["introduced", "existing", "disclosed"]

test_suppressed_external_fires if {
	every status in statuses {
		exempted == {"change.suppressed_external": "pass"} with input as suppressed("external", "accepted", status)
	}
}

test_suppressed_external_silent if {
	every status in ["under_review", "rejected"] {
		exempted == {} with input as suppressed("external", status, "existing")
	}
}

test_suppressed_external_missing if {
	every path in ["finding/suppression", "finding/suppression/status"] {
		exempted == {} with input as json.remove(suppressed("external", "accepted", "existing"), [path])
	}
}

test_suppressed_in_source_fires if {
	every status in ["existing", "disclosed"] {
		exempted == {"change.suppressed_in_source": "pass"} with input as suppressed("in_source", "accepted", status)
	}
}

test_suppressed_in_source_silent if {
	not exempted["change.suppressed_in_source"] with input as suppressed("in_source", "accepted", "introduced")
	every status in ["under_review", "rejected"] {
		exempted == {} with input as suppressed("in_source", status, "existing")
	}
}

test_suppressed_in_source_missing_kind_is_in_source if {
	exempted == {"change.suppressed_in_source": "pass"} with input as json.remove(
		suppressed("external", "accepted", "existing"),
		["finding/suppression/kind"],
	)
}

test_suppressed_by_itself_fires if {
	exempted == {"change.suppressed_by_itself": "warn"} with input as suppressed("in_source", "accepted", "introduced")
}

test_suppressed_by_itself_silent if {
	every status in ["under_review", "rejected"] {
		exempted == {} with input as suppressed("in_source", status, "introduced")
	}
	not exempted["change.suppressed_by_itself"] with input as suppressed("in_source", "accepted", "existing")
}

test_suppressed_by_itself_silent_where_action_is_needed_now if {
	exempted == {} with input as suppressed("in_source", "accepted", "introduced") with data.main.priority as "act"
}

test_suppressed_by_itself_missing_status_is_introduced if {
	exempted == {"change.suppressed_by_itself": "warn"} with input as json.remove(
		suppressed("in_source", "accepted", "existing"),
		["context/change/status"],
	)
}

test_suppressed_by_itself_missing_kind_is_in_source if {
	exempted == {"change.suppressed_by_itself": "warn"} with input as json.remove(
		suppressed("external", "accepted", "introduced"),
		["finding/suppression/kind"],
	)
}

# VEX.

vex(status) := {"finding": {"kind": "vulnerability"}, "context": {"vex": {"status": status}}}

test_vex_fires if {
	every status, words in {"not_affected": "not affected", "fixed": "fixed"} {
		some r in change.exempt with input as vex(status)
		r.rule == "change.vex"
		r.at_most == "pass"
		r.vars == {"status": words}
	}
}

test_vex_silent if {
	every status in ["affected", "under_investigation"] {
		exempted == {} with input as vex(status)
	}
}

test_vex_silent_on_what_was_exploited if {
	every status in ["not_affected", "fixed"] {
		exempted == {} with input as object.union(
			vex(status),
			{"context": {"validation": {"status": "exploitable"}}},
		)
	}
}

test_vex_missing if exempted == {} with input as {"finding": {"kind": "vulnerability"}, "context": {}}
