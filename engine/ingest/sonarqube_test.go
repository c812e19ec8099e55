package ingest

import (
	"fmt"
	"testing"
)

func TestSonarQubeIssuesAreReadAsTheirGoldens(t *testing.T) {
	golden(t, "sonarqube-issues.json", Options{Repository: "acme/shop"})
}

func TestSonarQubePagesThatMissIssuesAreNotComplete(t *testing.T) {
	issue := `{"key":"a","rule":"x:1","component":"p:a","type":"VULNERABILITY"}`
	page := func(n int) string {
		return fmt.Sprintf(`{"paging":{"pageIndex":%d,"pageSize":1,"total":2},"issues":[%s]}`, n, issue)
	}
	for doc, complete := range map[string]bool{page(1): false, page(2): false, page(1) + page(2): true, "[" + page(1) + "," + page(2) + "]": true} {
		if report, _ := readDocument(t, doc); report.Complete != complete {
			t.Errorf("%s: %+v", doc, report)
		}
	}
}

func TestSonarQubeSeveritiesAreOnTheScaleOfOthers(t *testing.T) {
	for word, want := range map[string]string{"BLOCKER": "critical", "CRITICAL": "high", "MAJOR": "medium", "MINOR": "low", "INFO": "info", "": ""} {
		_, found := readDocument(t, `{"paging":{"total":1},"issues":[{"rule":"x:1","severity":"`+word+`","type":"VULNERABILITY"}]}`)
		if got := string(found[0].Finding.Severity); got != want {
			t.Errorf("%q is %q, want %q", word, got, want)
		}
	}
}

func TestSonarQubeExportsWithoutIssuesOfSecuritySaySo(t *testing.T) {
	const smell = `{"key":"a","rule":"x:1","component":"p:a","type":"CODE_SMELL"}`
	const closed = `{"key":"b","rule":"x:1","component":"p:a","type":"VULNERABILITY","status":"CLOSED","resolution":"FIXED"}`
	const open = `{"key":"c","rule":"x:1","component":"p:a","type":"VULNERABILITY","status":"OPEN"}`
	for issues, want := range map[string]string{
		smell + "," + smell + "," + closed: "nothing it lists is open and of security: 2 issues are of reliability or maintainability, 1 no longer found",
		closed:                             "nothing it lists is open and of security: 0 issues are of reliability or maintainability, 1 no longer found",
		smell + "," + open:                 "",
		"":                                 "",
	} {
		report, _ := readDocument(t, `{"paging":{"total":0},"issues":[`+issues+`]}`)
		if report.Note != want || !report.Complete {
			t.Errorf("%s: %q, complete %v", issues, report.Note, report.Complete)
		}
	}
}
