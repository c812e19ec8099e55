package packs.secrets_test

import data.packs.secrets

raised[r.rule] := r.to if some r in secrets.raise

capped[r.rule] := r.to if some r in secrets.cap

secret(facts) := {"finding": {
	"kind": "secret",
	"secret": object.union({"type": "aws-access-token"}, facts),
	"locations": [{"path": "internal/upload/upload.go", "line": 17}],
}}

other_kind(input_) := object.union(input_, {"finding": {"kind": "weakness"}})

test_active_fires_firmly if {
	some r in secrets.raise with input as secret({"active": true})
	r.rule == "secrets.active"
	r.to == "act"
	r.firm
}

test_active_fires_for_the_history_too if {
	raised == {"secrets.active": "act"} with input as secret({"active": true, "in_history": true})
}

test_active_silent if {
	not raised["secrets.active"] with input as secret({"active": false})
	raised == {} with input as other_kind(secret({"active": true}))
}

test_active_missing if not raised["secrets.active"] with input as secret({})

test_unproven_fires if {
	raised == {"secrets.unproven": "attend"} with input as secret({})
	raised == {"secrets.unproven": "attend"} with input as secret({"in_history": false})
}

test_unproven_silent if {
	every facts in [{"active": true}, {"active": false}, {"in_history": true}] {
		not raised["secrets.unproven"] with input as secret(facts)
	}
	raised == {} with input as other_kind(secret({}))
}

test_unproven_missing_secret_altogether if {
	raised == {"secrets.unproven": "attend"} with input as {"finding": {"kind": "secret"}}
}

test_in_history_fires_and_says_what_helps if {
	some r in secrets.raise with input as secret({"in_history": true})
	r.rule == "secrets.in_history"
	r.to == "attend"
}

test_in_history_silent if {
	not raised["secrets.in_history"] with input as secret({"in_history": false})
	not raised["secrets.in_history"] with input as secret({"in_history": true, "active": false})
	raised == {} with input as other_kind(secret({"in_history": true}))
}

test_in_history_missing if not raised["secrets.in_history"] with input as secret({})

test_inactive_fires if {
	capped == {"secrets.inactive": "track"} with input as secret({"active": false})
	raised == {} with input as secret({"active": false})
}

test_inactive_silent if {
	capped == {} with input as secret({"active": true})
	capped == {} with input as other_kind(secret({"active": false}))
}

test_inactive_missing_is_not_inactive if capped == {} with input as secret({})

at(paths) := {"finding": {"kind": "secret", "locations": [{"path": path} | some path in paths]}}

test_test_fixture_fires if {
	every path in ["upload_test.go", "a/testdata/key.pem", "examples/aws/main.tf", "deploy/.env.example"] {
		capped == {"secrets.test_fixture": "track*"} with input as at([path])
	}
}

test_test_fixture_silent if {
	every path in ["upload.go", "deploy/.env", "latest/key.pem", "example.go"] {
		capped == {} with input as at([path])
	}
	capped == {} with input as at(["upload_test.go", "upload.go"])
	capped == {} with input as other_kind(at(["upload_test.go"]))
}

test_test_fixture_missing if {
	capped == {} with input as {"finding": {"kind": "secret"}}
	capped == {} with input as {"finding": {"kind": "secret", "locations": [{"url": "https://example.org"}]}}
}
