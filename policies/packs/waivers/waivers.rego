# METADATA
# title: Waivers
# description: >-
#   Risks that somebody accepted, for a time: .headgate/waivers.yaml says which, why and until when. A waiver lowers
#   what the build does, never the evaluation: the case keeps its priority, its due date and what the action would
#   have been, and stays in all counts. It exempts if requester and approver are proven to be two people and the
#   approver is on the list approvers of the settings. In a plain git repository the entry is proven if its
#   requester authored it and the approver did one of these: committed it (git am, cherry-pick, rebase), merged it,
#   wrote the line approver of it afterwards, or is named by a trailer Approved-by or Reviewed-by of a commit that
#   somebody else than the requester committed (not in the browser at GitHub, where anyone can write them). headgate
#   waive writes an entry.
package packs.waivers

import data.lib

# METADATA
# title: Accepted
# description: >-
#   A proven waiver holds until it expires, at the latest after the days that max_days has for the case's priority. What
#   needs action now and is known to be exploited still warns, unless at_most_exploited says otherwise.
# custom:
#   id: waivers.accepted
#   message: 'accepted by {approver} until {expires}: {reason}'
#   remediation: Fix it before the waiver ends, or have it renewed by someone who may.
#   controls: [NIST-CSF-2.0-ID.RA-07, PCI-DSS-4.0.1-6.3.1, NIST-SSDF-1.1-RV.2.2, SOC2-CC5.1]
exempt contains reason if {
	some waiver in input.context.waivers
	waiver.verified
	waiver.valid_days == _last_day(waiver)
	left := _days_left(waiver)
	reason := lib.vars(lib.exempt_for(rego.metadata.rule(), _at_most, left), {
		"approver": waiver.approver,
		"expires": waiver.expires,
		"reason": waiver.reason,
	})
}

# METADATA
# title: Accepted for longer than the policy allows
# description: >-
#   A proven waiver that is meant to hold for longer than max_days has for the case's priority holds for those days, and
#   says so: a case can become more urgent after it was waived.
# custom:
#   id: waivers.shortened
#   message: 'accepted by {approver} on {created}, for {priority} no longer than {days} days: {reason}'
#   remediation: Fix it before the days are over; the waiver says longer, but the policy does not.
#   controls: [NIST-CSF-2.0-ID.RA-07, PCI-DSS-4.0.1-6.3.1, NIST-SSDF-1.1-RV.2.2, SOC2-CC5.1]
exempt contains reason if {
	some waiver in input.context.waivers
	waiver.verified
	waiver.valid_days > _last_day(waiver)
	left := _days_left(waiver)
	reason := lib.vars(lib.exempt_for(rego.metadata.rule(), _at_most, left), {
		"approver": waiver.approver,
		"created": waiver.created,
		"priority": data.main.priority,
		"days": data.packs.waivers.params.max_days[data.main.priority],
		"reason": waiver.reason,
	})
}

# METADATA
# title: Accepted without proof
# description: >-
#   Where allow_unverified is on, a waiver exempts though nobody can say who asked for it and who approved it. Off by
#   default: whoever can write the file could then excuse themselves.
# custom:
#   id: waivers.unverified
#   message: 'accepted without proof of who approved it, until {expires}: {reason}'
#   remediation: Have the waiver approved by someone on the list of approvers.
#   controls: [NIST-CSF-2.0-ID.RA-07, PCI-DSS-4.0.1-6.3.1, NIST-SSDF-1.1-RV.2.2]
exempt contains reason if {
	data.packs.waivers.params.allow_unverified == true
	some waiver in input.context.waivers
	waiver.verified == false
	left := _days_left(waiver)
	reason := lib.vars(lib.exempt_for(rego.metadata.rule(), _at_most, left), {
		"expires": waiver.expires,
		"reason": waiver.reason,
	})
}

# How many days after today the waiver still exempts; undefined if its days are over.
_days_left(waiver) := left if {
	left := _last_day(waiver) - waiver.age_days
	left >= 0
}

# The last day on which the waiver exempts, counted from the one on which it was created. A priority that max_days does
# not have has none.
_last_day(waiver) := min([waiver.valid_days, most]) if {
	most := data.packs.waivers.params.max_days[data.main.priority]
	most != null
}

_last_day(waiver) := waiver.valid_days if data.packs.waivers.params.max_days[data.main.priority] == null

_at_most := data.packs.waivers.params.at_most if not _exploited_now

_at_most := data.packs.waivers.params.at_most_exploited if _exploited_now

_exploited_now if {
	data.main.priority == "act"
	input.context.intel.kev.listed
}
