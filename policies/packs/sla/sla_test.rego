package packs.sla_test

import data.packs.sla

test_due_fires_by_priority if {
	every priority, days in {"act": 3, "attend": 14, "track*": 60} {
		some r in sla.due with data.main.priority as priority
		r.rule == "sla.due"
		r.days == days
		r.from == "first_seen"
		r.vars == {"priority": priority, "days": days}
	}
}

test_due_silent_for_track if count(sla.due) == 0 with data.main.priority as "track"

test_due_fires_for_track_where_it_has_days if {
	{r.days | some r in sla.due} == {365} with data.main.priority as "track"
		with data.packs.sla.params.days.track as 365
}

test_due_missing_from_the_parameter if {
	count(sla.due) == 0 with data.main.priority as "act" with data.packs.sla.params.days as {"attend": 14}
}

listed := {"context": {"intel": {"kev": {"listed": true, "due": "2021-12-24"}}}}

kev_due := {r.by | some r in sla.due; r.rule == "sla.kev_due"}

test_kev_due_fires_where_it_is_on if {
	kev_due == {"2021-12-24"} with input as listed
		with data.main.priority as "act"
		with data.packs.sla.params.kev_due as true
}

test_kev_due_silent_by_default if kev_due == set() with input as listed with data.main.priority as "act"

test_kev_due_silent_if_not_listed if {
	kev_due == set() with input as object.union(listed, {"context": {"intel": {"kev": {"listed": false}}}})
		with data.main.priority as "act"
		with data.packs.sla.params.kev_due as true
}

test_kev_due_missing if {
	every path in ["context/intel/kev", "context/intel/kev/due"] {
		kev_due == set() with input as json.remove(listed, [path])
			with data.main.priority as "act"
			with data.packs.sla.params.kev_due as true
	}
}
