package estate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// What changes of threat data in a day: nearly all EPSS scores move a little, a few by much, and KEV gets a few CVEs.
const (
	moved  = 0.02   // by how much scores move, in parts of themselves
	jumped = 0.0005 // of all scores go somewhere else
	listed = 3      // more in KEV
)

// Feeds are the threat data on the CVEs of the estate so many days after Today, as their publishers write it, by file name.
func (e *Estate) Feeds(days int) (map[string][]byte, error) {
	at := Today.AddDate(0, 0, days)
	kev, err := e.kev(at, days)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"kev.json": kev, "epss.csv": e.epss(at, days), "vulnrichment.ndjson": e.vulnrichment()}, nil
}

func (e *Estate) kev(at time.Time, days int) ([]byte, error) {
	type entry struct {
		CVE        string `json:"cveID"`
		Vendor     string `json:"vendorProject"`
		Product    string `json:"product"`
		Name       string `json:"vulnerabilityName"`
		Added      string `json:"dateAdded"`
		Text       string `json:"shortDescription"`
		Action     string `json:"requiredAction"`
		Due        string `json:"dueDate"`
		Ransomware string `json:"knownRansomwareCampaignUse"`
	}
	all := []entry{}
	add := func(cve, added, due string, ransomware bool) {
		all = append(all, entry{cve, "Example", "Product", "weakness " + cve, added, "…", "…", due, map[bool]string{true: "Known", false: "Unknown"}[ransomware]})
	}
	for i := range e.cves {
		if k := e.cves[i].intel.KEV; k.Listed {
			add(e.cves[i].finding.Vulnerability.ID, k.Added, k.Due, *k.Ransomware)
		}
	}
	r := rand.New(rand.NewPCG(e.seed, 3))
	for day := 1; day <= days; day++ {
		for added := 0; added < listed; {
			if c := &e.cves[r.IntN(CVEs)]; !c.intel.KEV.Listed {
				on := Today.AddDate(0, 0, day)
				add(c.finding.Vulnerability.ID, on.Format(time.DateOnly), on.AddDate(0, 0, 21).Format(time.DateOnly), false)
				added++
			}
		}
	}
	return json.Marshal(map[string]any{"title": "CISA Catalog of Known Exploited Vulnerabilities", "catalogVersion": at.Format("2006.01.02"),
		"dateReleased": at.Format("2006-01-02T15:04:05.0000Z"), "count": len(all), "vulnerabilities": all})
}

func (e *Estate) epss(at time.Time, days int) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "#model_version:v2026.06.15,score_date:%s\ncve,epss,percentile\n", at.Format("2006-01-02T15:04:05Z"))
	for i := range e.cves {
		score := e.cves[i].intel.EPSS
		p := score.Probability
		r := rand.New(rand.NewPCG(e.seed^uint64(i), 4))
		for range days {
			if r.Float64() < jumped {
				p = math.Pow(r.Float64(), 8)
			}
			p = min(p*(1+moved*r.NormFloat64()), 1)
		}
		fmt.Fprintf(&out, "%s,%.5f,%.5f\n", score.CVE, max(p, 0), score.Percentile)
	}
	return out.Bytes()
}

// vulnrichment is what CISA says of CVEs. It says the same the day after.
func (e *Estate) vulnrichment() []byte {
	var out bytes.Buffer
	for i := range e.cves {
		s := e.cves[i].intel.SSVC
		if s == nil {
			continue
		}
		fmt.Fprintf(&out, `{"dataType":"CVE_RECORD","dataVersion":"5.1","containers":{"cna":{},"adp":[{"title":"CISA ADP Vulnrichment","metrics":[{"other":{"type":"ssvc","content":{"id":"%[1]s",`+
			`"role":"CISA Coordinator","version":"2.0.3","timestamp":"2026-03-05T19:19:04.437235Z","options":[{"Exploitation":"%[2]s"},{"Automatable":"%[3]s"},{"Technical Impact":"%[4]s"}]}}}],`+
			`"providerMetadata":{"orgId":"134c704f-9b21-4f2e-91b3-4a467353bcc0","shortName":"CISA-ADP"}}]},"cveMetadata":{"cveId":"%[1]s","state":"PUBLISHED"}}`+"\n",
			e.cves[i].finding.Vulnerability.ID, s.Exploitation, s.Automatable, s.TechnicalImpact)
	}
	return out.Bytes()
}
