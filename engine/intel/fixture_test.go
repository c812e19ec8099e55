package intel_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine/intel"
)

// The fixtures are made up: CVE numbers from a range that is not given out, in the forms that the publishers document.

const kevText = `{
  "title": "CISA Catalog of Known Exploited Vulnerabilities",
  "catalogVersion": "2026.11.20",
  "dateReleased": "2026-11-20T16:45:47.0648Z",
  "count": 3,
  "vulnerabilities": [
    {"cveID": "CVE-2031-10001", "vendorProject": "Example", "product": "Gateway", "vulnerabilityName": "Example Gateway Command Injection",
     "dateAdded": "2026-03-02", "shortDescription": "…", "requiredAction": "…", "dueDate": "2026-03-23", "knownRansomwareCampaignUse": "Known",
     "notes": "", "cwes": ["CWE-78"]},
    {"cveID": "CVE-2031-10002", "vendorProject": "Example", "product": "Mail", "vulnerabilityName": "Example Mail Deserialization",
     "dateAdded": "2026-11-20", "shortDescription": "…", "requiredAction": "…", "dueDate": "2026-11-23", "knownRansomwareCampaignUse": "Unknown", "notes": "", "cwes": []},
    {"cveID": "CVE-2029-0003", "vendorProject": "Example", "product": "Old", "vulnerabilityName": "Example Old Overflow",
     "dateAdded": "2025-01-05", "shortDescription": "…", "requiredAction": "…", "dueDate": "2026-11-30", "notes": ""}
  ]
}
`

const epssText = `#model_version:v2026.06.15,score_date:2026-11-20T12:00:22Z
cve,epss,percentile
CVE-2029-0003,0.00042,0.05313
CVE-2031-10001,0.97565,0.99951
CVE-2031-10002,0.03351,0.87650
CVE-2031-10004,1.00000,1.00000
`

// epssDigest is what sha256sum prints for epssText.
const epssDigest = "a8661737adf0c19ca622097b29bc790460dc0497570f488700239b9b6aa86cbb"

// record is a CVE record as Vulnrichment has it, with the container of the CVE program before CISA's own.
func record(cve, timestamp, exploitation, automatable, impact string) string {
	return fmt.Sprintf(`{"dataType":"CVE_RECORD","dataVersion":"5.1","containers":{"cna":{"title":"…","affected":[{"vendor":"example"}]},"adp":[
  {"title":"CVE Program Container","providerMetadata":{"orgId":"af854a3a-2127-422b-91ae-364da2661108","shortName":"CVE"},"references":[{"url":"https://example.com"}]},
  {"title":"CISA ADP Vulnrichment","metrics":[
    {"cvssV3_1":{"baseScore":9.8}},
    {"other":{"type":"kev","content":{"dateAdded":"2026-03-02","reference":"https://example.com"}}},
    {"other":{"type":"ssvc","content":{"id":"%[1]s","role":"CISA Coordinator","version":"2.0.3","timestamp":"%[2]s",
      "options":[{"Exploitation":"%[3]s"},{"Automatable":"%[4]s"},{"Technical Impact":"%[5]s"}]}}}],
   "providerMetadata":{"orgId":"134c704f-9b21-4f2e-91b3-4a467353bcc0","shortName":"CISA-ADP"}}]},
  "cveMetadata":{"cveId":"%[1]s","state":"PUBLISHED"}}
`, cve, timestamp, exploitation, automatable, impact)
}

var ssvcText = record("CVE-2031-10001", "2026-03-05T19:19:04.437235Z", "active", "no", "total") +
	record("CVE-2029-0003", "2025-01-10T00:00:00+00:00", "PoC", "Yes", "Partial") +
	`{"dataType":"CVE_RECORD","containers":{"cna":{"rejectedReasons":[]}},"cveMetadata":{"cveId":"CVE-2031-10009","state":"REJECTED"}}` + "\n" +
	record("CVE-2031-10002", "2026-11-19T08:00:00.000001Z", "none", "no", "partial")

func zip(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		panic(err)
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.String()
}

func readKEV(t *testing.T, text string) *intel.Catalog {
	t.Helper()
	c, err := intel.ReadKEV(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func readEPSS(t *testing.T, text string) *intel.Scores {
	t.Helper()
	s, err := intel.ReadEPSS(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func readPoints(t *testing.T, text string) *intel.Points {
	t.Helper()
	p, err := intel.ReadVulnrichment(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// everything is a snapshot of all three fixtures.
func everything(t *testing.T) *intel.Snapshot {
	return &intel.Snapshot{KEV: readKEV(t, kevText), EPSS: readEPSS(t, epssText), SSVC: readPoints(t, ssvcText)}
}

// refused holds that an error is one short line with these words, and nothing that a terminal would act on.
func refused(t *testing.T, err error, words string) {
	t.Helper()
	if err == nil {
		t.Errorf("accepted; want an error with %q", words)
		return
	}
	text := err.Error()
	if !strings.Contains(text, words) {
		t.Errorf("error %q, want one with %q", text, words)
	}
	if len(text) > 300 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		t.Errorf("not one short and harmless line: %q", text)
	}
}
