package main

import (
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/ingest"
	"github.com/headgate/headgate/engine/plan"
	"github.com/headgate/headgate/engine/ticket"
	"github.com/headgate/headgate/policies"
)

// Who takes a line of the settings that init writes out of its comment must not change anything by that: a pack that the list leaves out
// would be off.
func TestTheSettingsThatInitWritesShowEveryKeyAndTheDefaults(t *testing.T) {
	var shown settings
	if err := yaml.Unmarshal([]byte(everyKey(t, "headgate.yaml")), &shown); err != nil {
		t.Fatal(err)
	}
	efforts := map[string]float64{}
	for effort, weight := range plan.DefaultWeights().Effort {
		efforts[string(effort)] = weight
	}
	for _, c := range []struct {
		key        string
		have, want any
	}{
		{"plan.effort", shown.Plan.Effort, efforts},
		{"plan.worth", shown.Plan.Worth, plan.DefaultWeights().Worth},
		{"packs", shown.Packs, policies.Default},
		{"assume", shown.Assume, policies.Assume},
		{"expiring_within", time.Duration(shown.ExpiringWithin), expiringWithin},
		{"jira.issue_type", shown.Jira.tickets("").Type, ticket.Defaults().Type},
		{"jira.per", shown.Jira.Per, ticket.Defaults().Per},
		{"jira.from", engine.Priority(shown.Jira.From), ticket.Defaults().From},
		{"jira.close_after", *shown.Jira.CloseAfter, ticket.Defaults().CloseAfter},
		{"jira.reopen", *shown.Jira.Reopen, ticket.Defaults().Reopens},
		{"jira.closed_as", shown.Jira.ClosedAs, ticket.Defaults().ClosedAs},
		{"jira.waived", shown.Jira.Waived, ticket.Defaults().Excused},
		{"max_report_bytes", shown.MaxReportBytes, int64(ingest.DefaultMaxBytes)},
	} {
		if !reflect.DeepEqual(c.have, c.want) {
			t.Errorf("%s: init writes %v for the default, which is %v", c.key, c.have, c.want)
		}
	}
	keys := map[string]any{}
	if err := yaml.Unmarshal([]byte(everyKey(t, "headgate.yaml")), &keys); err != nil {
		t.Fatal(err)
	}
	for i := range reflect.TypeFor[settings]().NumField() {
		if key := reflect.TypeFor[settings]().Field(i).Tag.Get("yaml"); key != "" {
			if _, ok := keys[key]; !ok {
				t.Errorf("what init writes does not show %s, only %v", key, slices.Sorted(maps.Keys(keys)))
			}
		}
	}
}
