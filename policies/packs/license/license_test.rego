package packs.license_test

import data.packs.license

denied := {r.rule | some r in license.deny}

warned := {r.rule | some r in license.warn}

case(alternatives, status) := {
	"finding": {"kind": "license", "license": {"spdx": "…", "alternatives": alternatives}, "package": {"name": "lib"}},
	"asset": {},
	"context": {"change": {"status": status}},
}

new(alternatives) := case(alternatives, "introduced")

test_denied_fires if {
	denied == {"license.denied"} with input as new([["AGPL-3.0-only"]])
	denied == {"license.denied"} with input as new([["AGPL-3.0-only", "MIT"], ["SSPL-1.0"]])
	denied == {"license.denied"} with input as new([["AGPL-3.0-only WITH mine"]])
}

test_denied_silent if {
	every alternatives in [[["MIT"]], [["AGPL-3.0-only"], ["MIT"]], [["GPL-3.0-only"]], [["Odd-1.0"]]] {
		denied == set() with input as new(alternatives)
	}
	denied == set() with input as case([["AGPL-3.0-only"]], "existing")
	weakness := object.union(new([["AGPL-3.0-only"]]), {"finding": {"kind": "weakness"}})
	denied == set() with input as weakness
}

test_denied_missing_status_is_introduced if {
	denied == {"license.denied"} with input as json.remove(new([["AGPL-3.0-only"]]), ["context/change"])
	denied == set() with input as {"finding": {"kind": "license"}}
	denied == {"license.denied"} with input as {"finding": {"kind": "license"}}
		with data.packs.license.params.unknown as "deny"
}

test_denied_before_fires if warned == {"license.denied_before"} with input as case([["SSPL-1.0"]], "existing")

test_denied_before_silent if {
	warned == set() with input as new([["SSPL-1.0"]])
	warned == set() with input as case([["MIT"]], "existing")
}

test_denied_before_missing if {
	not "license.denied_before" in warned with input as json.remove(case([["SSPL-1.0"]], "existing"), ["context/change"])
}

test_restricted_fires if {
	warned == {"license.restricted"} with input as new([["GPL-3.0-only"]])
	warned == {"license.restricted"} with input as new([["MIT", "MPL-2.0"], ["AGPL-3.0-only"]])
	warned == {"license.restricted"} with input as new([["Odd-1.0"]])
}

test_restricted_silent if {
	every alternatives in [
		[["MIT"]],
		[["GPL-3.0-only"], ["MIT"]],
		[["GPL-2.0-only WITH Classpath-exception-2.0"]],
		[["AGPL-3.0-only"]],
	] {
		warned == set() with input as new(alternatives)
	}
	warned == set() with input as case([["GPL-3.0-only"]], "existing")
	warned == set() with input as new([["Odd-1.0"]]) with data.packs.license.params.unknown as "allow"
}

test_restricted_missing_status_is_introduced if {
	warned == {"license.restricted"} with input as json.remove(new([["GPL-3.0-only"]]), ["context/change"])
}

unreadable := {"finding": {"kind": "license", "license": {"spdx": "see LICENSE"}}, "context": {}}

test_not_understood_fires if warned == {"license.not_understood"} with input as unreadable

test_not_understood_silent if {
	warned == set() with input as unreadable with data.packs.license.params.unknown as "allow"
	warned == set() with input as unreadable with data.packs.license.params.unknown as "deny"
	warned == set() with input as object.union(unreadable, {"context": {"change": {"status": "existing"}}})
	warned == set() with input as new([["MIT"]])
}

test_not_understood_missing_licence if {
	warned == {"license.not_understood"} with input as {"finding": {"kind": "license"}, "context": {}}
}
