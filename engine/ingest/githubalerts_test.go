package ingest

import (
	"fmt"
	"strings"
	"testing"
)

func TestGitHubAlertsAreReadAsTheirGoldens(t *testing.T) {
	for _, name := range []string{"dependabot-alerts.json", "dependabot-graphql.json", "code-scanning-alerts.json"} {
		t.Run(name, func(t *testing.T) { golden(t, name, Options{Repository: "acme/other"}) })
	}
}

func TestCredentialsInAlertsAreNotShown(t *testing.T) {
	leaksNot(t, "code-scanning-alerts.json", "pw_Pl4ntedAlertValue00")
}

// dependabotGraph is an answer with one alert and what stands beside it.
func dependabotGraph(alert, beside string) string {
	return `{"data":{"repository":{"nameWithOwner":"acme/api","vulnerabilityAlerts":{"nodes":[{"vulnerableManifestPath":"pom.xml",` + alert +
		`"securityVulnerability":{"severity":"HIGH","package":{"name":"a:b"},"advisory":{"identifiers":[{"type":"GHSA","value":"GHSA-6c6c-4f4f-5g6h"}]}}}]` + beside + `}}}}`
}

func TestDependabotStatesAreKept(t *testing.T) {
	for alert, want := range map[string]string{
		`"state":"OPEN",`:                   "open",
		``:                                  "open",
		`"dismissedAt":null,`:               "open",
		`"dismissedAt":"None",`:             "open",
		`"state":"FIXED",`:                  "none",
		`"fixedAt":"2026-01-01T00:00:00Z",`: "none",
		`"state":"DISMISSED","dismissReason":"no_bandwidth",`:                                            "external no bandwidth",
		`"dismissedAt":"2026-01-01T00:00:00Z","dismissReason":"inaccurate","dismissComment":"not ours",`: "external inaccurate: not ours",
		`"state":"AUTO_DISMISSED",`: "external dismissed by a rule",
	} {
		report, found := readDocument(t, dependabotGraph(alert, ""))
		got := "none"
		if len(found) == 1 {
			got = "open"
			if s := found[0].Finding.Suppression; s != nil {
				got = s.Kind + " " + s.Justification
			}
		}
		if got != want || report.Results != 1 || !report.Complete {
			t.Errorf("%s is %s, want %s; %+v", alert, got, want, report)
		}
	}
}

func TestDependabotAnswersThatAreNotAllAreIncomplete(t *testing.T) {
	more, last := dependabotGraph("", `,"pageInfo":{"hasNextPage":true}`), dependabotGraph("", `,"pageInfo":{"hasNextPage":false}`)
	for name, c := range map[string]struct {
		doc      string
		complete bool
	}{
		"one page":            {last, true},
		"a page of several":   {more, false},
		"all pages":           {more + "\n" + last, true},
		"all pages in a list": {"[" + more + "," + last + "]", true},
		"with errors":         {`{"data":{"repository":{"vulnerabilityAlerts":{"nodes":[]}}},"errors":[{"message":"rate limit"}]}`, false},
	} {
		if report, _ := readDocument(t, c.doc); report.Complete != c.complete || report.Format != "dependabot" {
			t.Errorf("%s: complete %v, want %v (%s)", name, report.Complete, c.complete, report.Incomplete)
		}
	}
}

func TestDependabotAlertsBelongToTheRepositoryThatTheyAreIn(t *testing.T) {
	repo := func(name string, before bool) string {
		alerts := `"vulnerabilityAlerts":{"nodes":[{"securityVulnerability":{"package":{"name":"a","ecosystem":"NPM"},"advisory":{"identifiers":[{"type":"GHSA","value":"GHSA-6c6c-4f4f-5g6h"}]}}}]}`
		if before {
			return fmt.Sprintf(`{"nameWithOwner":%q,%s}`, name, alerts)
		}
		return fmt.Sprintf(`{%s,"nameWithOwner":%q}`, alerts, name)
	}
	_, found := readDocument(t, `{"data":{"organization":{"url":"https://github.com/acme","repositories":{"nodes":[`+repo("acme/a", true)+","+repo("acme/b", false)+`]}}}}`)
	var names []string
	for _, d := range found {
		names = append(names, d.Target.Name)
	}
	if got := strings.Join(names, " "); got != "acme/a acme/b" {
		t.Errorf("the alerts are of %s", got)
	}
}

func TestAlertsWithoutAnIdentityAreRefused(t *testing.T) {
	for doc, want := range map[string]string{
		`[{"number":1,"state":"open","dependency":{},"security_advisory":{},"security_vulnerability":{}}]`: "without an advisory",
		`[{"number":1,"state":"open","rule":{"severity":"error"},"most_recent_instance":{}}]`:              "without rule.id",
	} {
		if got := refused(t, doc); !strings.Contains(got, want) {
			t.Errorf("%s is refused with %q, want %q", doc, got, want)
		}
	}
}
