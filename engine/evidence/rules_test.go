package evidence_test

import (
	"strings"
	"testing"

	"github.com/headgate/headgate/engine/evidence"
)

func TestRulesOnWaivers(t *testing.T) {
	k := key(t, 1)
	for _, c := range []struct {
		what string
		do   func(m *made)
		says string // empty: it holds
	}{
		{"as it should be", func(*made) {}, ""},
		{"the same person in other letters", func(m *made) { m.waivers[0].Requester = " ANA@example.com" }, "who asked for it"},
		{"somebody who may not", func(m *made) { m.terms.Settings.Approvers = []string{"eve@example.com"} }, "whom the settings of the run do not entitle"},
		{"nobody", func(m *made) { m.waivers[0].Approver = "" }, "names no requester or no approver"},
		{"not proven", func(m *made) { m.waivers[0].Verified = false }, "nobody is proven to have approved the waiver w-1"},
		{"ended", func(m *made) { m.waivers[0].Expires = "2026-11-20" }, "had ended on 2026-11-20"},
		{"its last day", func(m *made) { m.waivers[0].Expires = "2026-11-21" }, ""},
		{"not begun", func(m *made) { m.waivers[0].Created = "2026-11-22" }, "begins on 2026-11-22"},
		{"lapsed", func(m *made) { m.waivers[0].State = evidence.WaiverLapsed }, "was not in use: lapsed"},
		{"not recorded", func(m *made) { m.waivers = nil }, "there is no record of the waiver w-1"},
		{"of no waiver", func(m *made) { m.cases[2].Input.Context.Waivers = nil }, "none of its waivers is there"},
		{"unverified and not allowed", func(m *made) {
			m.waivers[0].Verified = false
			m.cases[2].Decision.Reasons[2].Rule = "waivers.unverified"
		}, "and no parameter allows that"},
		{"unverified and allowed", func(m *made) {
			m.waivers[0].Verified = false
			m.cases[2].Decision.Reasons[2].Rule = "waivers.unverified"
			m.terms.Policy.Overrides = []string{"waivers.allow_unverified: false → true"}
		}, ""},
		{"of another kind than a waiver", func(m *made) {
			m.waivers = nil
			m.cases[2].Decision.Reasons[2].Rule = "reachability.not_affected"
		}, ""},
	} {
		m := make1(3, k)
		c.do(m)
		files, _ := m.bundle(t)
		v := verify(t, files, k)
		want := 0
		if c.says != "" {
			want = evidence.LevelRules
		}
		if v.Failed != want || !strings.Contains(said(v), c.says) {
			t.Errorf("%s: level %d\n%s", c.what, v.Failed, said(v))
		}
		if noted := len(v.Notes) > 0; noted != (c.what == "unverified and allowed") {
			t.Errorf("%s: notes %v", c.what, v.Notes)
		}
	}
}

func TestARunHasOneRecordOfAWaiver(t *testing.T) {
	m := make1(3, nil)
	m.waivers = append(m.waivers, waived())
	files, _ := m.bundle(t)
	if v := verify(t, files, nil); v.Failed != evidence.LevelRun || !strings.Contains(said(v), "two records of the waiver") {
		t.Errorf("level %d\n%s", v.Failed, said(v))
	}
}
