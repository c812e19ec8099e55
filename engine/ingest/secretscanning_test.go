package ingest

import (
	"fmt"
	"testing"
)

func TestSecretScanningAlertsAreReadAsTheirGoldens(t *testing.T) {
	golden(t, "secret-scanning-alerts.json", Options{})
}

func TestSecretScanningStatesAndValidity(t *testing.T) {
	for _, c := range []struct{ fields, active, suppression string }{
		{`"state":"open"`, "unknown", ""},
		{`"state":"open","validity":"unknown"`, "unknown", ""},
		{`"state":"open","validity":"active"`, "true", ""},
		{`"state":"resolved","validity":"inactive","resolution":"revoked"`, "false", "revoked"},
		{`"state":"resolved","resolution":"wont_fix","resolution_comment":"value v4lue-x is old"`, "unknown", "wont_fix: value … is old"},
		{`"state":"open","resolution":"revoked"`, "unknown", ""}, // opened again
	} {
		_, found := readDocument(t, `[{"number":1,"secret_type":"aws","secret":"v4lue-x",`+c.fields+`}]`)
		active, suppression := "unknown", ""
		if a := found[0].Finding.Secret.Active; a != nil {
			active = fmt.Sprint(*a)
		}
		if s := found[0].Finding.Suppression; s != nil {
			suppression = s.Justification
		}
		if active != c.active || suppression != c.suppression {
			t.Errorf("%s: active %s and suppressed as %q, want %s and %q", c.fields, active, suppression, c.active, c.suppression)
		}
	}
}

func TestSecretScanningPagesAndHiddenValues(t *testing.T) {
	report, found := readDocument(t, `[{"number":1,"secret_type":"a","state":"open","repository":{"full_name":"acme/one"}}][{"number":2,"secret_type":"a","state":"open"}]`)
	if report.Results != 2 || len(found) != 2 || found[0].Content == found[1].Content || found[0].Target.Name != "acme/one" || found[1].Target.Name != "acme/shop" {
		t.Errorf("two pages without values are read as %+v", found)
	}
	if _, found := readDocument(t, `[[{"number":1,"secret_type":"a","state":"open"}],[]]`); len(found) != 1 {
		t.Errorf("slurped pages are read as %+v", found)
	}
}
