package policies_test

import (
	"encoding/json"
	"testing"

	"github.com/open-policy-agent/opa/v1/rego"
)

// What all packs together come to on cases that people know: what a developer would agree with, and what they would be told first.
func TestOutcomesThatADeveloperWouldAgreeWith(t *testing.T) {
	const (
		log4shell = "log4shell on an internet checkout"
		openssl   = "openssl in a base image"
		gosec     = "gosec G304 on an internet checkout"
		key       = "AWS key in a test"
	)
	s := load(t)
	query, err := rego.New(
		rego.Query("data.main.decision"),
		rego.Compiler(strictly(t, s.byDefault())),
		rego.Store(s.store()),
		rego.StrictBuiltinErrors(true),
	).PrepareForEval(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, on, but      string // an input of realistic, and what differs: a JSON merge patch
		priority, action   string
		wouldHave, because string // because: a rule that must be among the reasons
	}{
		{"known exploited, reachable, new", log4shell, `{}`, "act", "block", "block", "exploit.kev_reachable"},
		{"the same, but it was there before", log4shell, `{"context": {"change": {"status": "existing"}}}`, "act", "warn", "warn", "exploit.kev_internet"},
		{"the same, suppressed by the change that brings it", log4shell,
			`{"finding": {"suppression": {"kind": "in_source", "status": "accepted"}}}`, "act", "block", "block", "exploit.kev_reachable"},
		{"the same, not affected by VEX", log4shell, `{"context": {"vex": {"status": "not_affected"}}}`, "act", "pass", "block", "change.vex"},
		{"the same, proven unreachable", log4shell, `{"context": {"reachability": {"verdict": "unreachable"}}}`,
			"track*", "warn", "warn", "reachability.unreachable_exploited"},
		{"the same, on a developer's machine", log4shell, `{"asset": {"environment": "development", "exposure": "isolated"},
			"context": {"reachability": null}}`, "track*", "warn", "warn", "impact.development"},
		{"the same, as a development dependency on the internet", log4shell, `{"finding": {"package": {"scope": "development"}},
			"context": {"reachability": null, "intel": {"kev": {"ransomware": null}}}}`, "attend", "block", "block", "change.development_exploited"},
		{"medium, not exploited, there before", openssl, `{}`, "track", "pass", "pass", "ssvc.coordinator"},
		{"the same, brought by the change", openssl, `{"context": {"change": {"status": "introduced"}}}`, "track", "pass", "pass", "ssvc.coordinator"},
		{"nothing known but that it is critical and has a fix", openssl,
			`{"finding": {"severity": "critical"}, "asset": {"criticality": null, "data": null, "environment": null, "exposure": null},
			"context": {"change": {"status": null}, "intel": null, "history": null}}`, "attend", "block", "block", "impact.critical_fixable"},
		{"nothing known but that it is high and has a fix", openssl,
			`{"finding": {"severity": "high"}, "asset": {"criticality": null, "data": null, "environment": null, "exposure": null},
			"context": {"change": {"status": null}, "intel": null, "history": null}}`, "track*", "warn", "warn", "impact.high_fixable"},
		{"critical without a fix, nothing else known", openssl,
			`{"finding": {"severity": "critical", "package": {"fixed": null}}, "asset": {"criticality": null, "data": null, "exposure": null},
			"context": {"change": {"status": "introduced"}, "intel": null}}`, "track*", "warn", "warn", "impact.critical"},
		{"path traversal in front of personal data", gosec, `{}`, "attend", "block", "block", "code.remote_data"},
		{"the same in a tool that runs inside", gosec, `{"asset": {"exposure": "internal"}}`, "track*", "warn", "warn", "code.medium"},
		{"the same in a test", gosec, `{"finding": {"locations": [{"path": "internal/files/open_test.go", "line": 4}]}}`,
			"track", "pass", "pass", "code.test_path"},
		{"a key in a test", key, `{}`, "track*", "warn", "warn", "secrets.test_fixture"},
		{"the same key, tried: it works", key, `{"finding": {"secret": {"active": true}}}`, "act", "block", "block", "secrets.active"},
		{"a key in the code", key, `{"finding": {"locations": [{"path": "internal/upload/upload.go", "line": 17}]}}`,
			"attend", "block", "block", "secrets.unproven"},
		{"a key in the code that no longer works", key,
			`{"finding": {"secret": {"active": false}, "locations": [{"path": "upload.go"}]}}`, "track", "pass", "pass", "secrets.inactive"},
	} {
		t.Run(test.name, func(t *testing.T) {
			rs, err := query.Eval(t.Context(), rego.EvalInput(patched(t, realistic[test.on], test.but)))
			if err != nil || len(rs) != 1 {
				t.Fatalf("decided %v, %v", rs, err)
			}
			d := rs[0].Expressions[0].Value.(map[string]any)
			if d["priority"] != test.priority || d["action"] != test.action || d["would_have"] != test.wouldHave {
				t.Errorf("it is %v, %v, would have been %v; want %s, %s, %s",
					d["priority"], d["action"], d["would_have"], test.priority, test.action, test.wouldHave)
			}
			if rules := rulesThatFired(d); !rules[test.because] {
				t.Errorf("%s is not among the reasons %v", test.because, rules)
			}
		})
	}
}

func rulesThatFired(decision map[string]any) map[string]bool {
	rules := map[string]bool{}
	for _, r := range decision["reasons"].([]any) {
		rules[r.(map[string]any)["rule"].(string)] = true
	}
	return rules
}

// patched is a document after a JSON merge patch (RFC 7396).
func patched(t *testing.T, document, patch string) any {
	t.Helper()
	var d, p any
	for text, into := range map[string]*any{document: &d, patch: &p} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	return merge(d, p)
}

func merge(document, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	merged, ok := document.(map[string]any)
	if !ok {
		merged = map[string]any{}
	}
	for name, value := range changes {
		if value == nil {
			delete(merged, name)
		} else {
			merged[name] = merge(merged[name], value)
		}
	}
	return merged
}
