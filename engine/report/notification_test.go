package report_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

func notification(t *testing.T, r *engine.Result, o report.NotificationOptions) ([]byte, report.Notification) {
	t.Helper()
	text, err := report.NewNotification(r, o)
	if err != nil {
		t.Fatal(err)
	}
	var n report.Notification
	if err := json.Unmarshal(text, &n); err != nil {
		t.Fatal(err)
	}
	return text, n
}

func TestNotificationsAreValidByTheirSchema(t *testing.T) {
	s := schema(t, report.NotificationSchema())
	o := report.NotificationOptions{Pull: 3, RunURL: runPage, PullURL: "https://github.com/acme/checkout/pull/3"}
	for _, r := range samples() {
		text, _ := notification(t, r, o)
		validate(t, s, text)
	}
	text, _ := notification(t, &engine.Result{Change: engine.RunChange{Event: engine.EventPush}}, report.NotificationOptions{Undecided: "a.json: \x1b[31mempty"})
	validate(t, s, text)
	for name, r := range larger() {
		text, _ := notification(t, r, o)
		validate(t, s, text)
		if len(text) > 200_000 {
			t.Errorf("%s: a notification of %d bytes", name, len(text))
		}
	}
}

func TestANotificationSaysOutcomeCountsAndTheFirstFixes(t *testing.T) {
	_, n := notification(t, blocked(), report.NotificationOptions{Pull: 3, RunURL: runPage, PullURL: "javascript:alert(1)"})
	if n.Outcome != "block" || n.Headline != "blocked by 3 of 15 new findings" || n.Counts.Act != 1 || n.Pull != 3 || n.Run != runPage || n.Link != "" {
		t.Errorf("have %+v", n)
	}
	if len(n.Fixes) != 3 || n.Fixes[0].Fix != "upgrade log4j-core to 2.17.1" || n.Fixes[0].Clears["act"] != 1 {
		t.Errorf("fixes %+v", n.Fixes)
	}
}

func TestANotificationOfARunThatDecidedNothingHasNoCounts(t *testing.T) {
	text, n := notification(t, blocked(), report.NotificationOptions{Undecided: "trivy.json: unexpected end"})
	if n.Outcome != "undecided" || n.Why != "trivy.json: unexpected end" || n.Counts != nil || bytes.Contains(text, []byte("block")) {
		t.Errorf("have %s", text)
	}
}

// What a scanner says of a finding stays inside: titles and messages can quote a secret.
func TestANotificationHasNoWordOfAFinding(t *testing.T) {
	r := release()
	for i := range r.Cases {
		r.Cases[i].Input.Finding.Title = "hunter2"
		for k := range r.Cases[i].Decision.Reasons {
			r.Cases[i].Decision.Reasons[k].Message = "hunter2"
		}
	}
	if text, _ := notification(t, r, report.NotificationOptions{}); bytes.Contains(text, []byte("hunter2")) {
		t.Errorf("have %s", text)
	}
}

func TestANotificationIsPlainTextOfOneLineEach(t *testing.T) {
	for i, text := range slices.Concat(hostileNames, moreHostile) {
		r, _ := hostile(text, i)
		document, n := notification(t, r, report.NotificationOptions{Undecided: []string{"", text}[i%2]})
		commandless(t, document)
		for _, s := range slices.Concat([]string{n.Headline, n.Why, n.Policy, n.Change.Repository, n.Change.Head}, n.Weakened, n.Gate) {
			if strings.ContainsFunc(s, controls) || len(s) > 4000 {
				t.Errorf("%q becomes %q", text, s)
			}
		}
	}
}
