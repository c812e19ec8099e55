package intel

import (
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// A Snapshot is the threat data of one moment. A feed that is not loaded is nil; a nil Snapshot has none. It is safe for use by
// several goroutines, as nothing in it changes once it is read.
type Snapshot struct {
	KEV  *Catalog
	EPSS *Scores
	SSVC *Points

	EUVD, VulnCheck *Exploits
}

// The paths of the facts in the input document.
const (
	pathKEV  = "context.intel.kev"
	pathEPSS = "context.intel.epss"
	pathSSVC = "context.intel.ssvc"

	pathEUVD      = "context.intel.exploited.euvd"
	pathVulnCheck = "context.intel.exploited.vulncheck"
)

// Info names what is loaded.
func (s *Snapshot) Info() engine.IntelInfo {
	var info engine.IntelInfo
	for _, feed := range Feeds {
		info.Set(string(feed), s.Feed(feed))
	}
	return info
}

// Feed names what is loaded of one feed; nil if nothing is.
func (s *Snapshot) Feed(feed Feed) *engine.FeedInfo {
	var info engine.FeedInfo
	switch {
	case s == nil:
		return nil
	case feed == FeedKEV && s.KEV != nil:
		info = s.KEV.Info
	case feed == FeedEPSS && s.EPSS != nil:
		info = s.EPSS.Info
	case feed == FeedSSVC && s.SSVC != nil:
		info = s.SSVC.Info
	case feed == FeedEUVD && s.EUVD != nil:
		info = s.EUVD.Info
	case feed == FeedVulnCheck && s.VulnCheck != nil:
		info = s.VulnCheck.Info
	default:
		return nil
	}
	return &info
}

// Lookup is what is known of a finding that covers these CVEs: KEV is any of them, as is each further catalogue, EPSS the pair of the
// one with the highest probability, and of the SSVC points the worst of each. Of ids that are not CVEs, those of EUVD count for EUVD,
// and without any CVE for those that EUVD says they mean; all others are passed over, and the order does not matter.
// It is nil if nothing is known: no CVE, no feed, or no entry in the feeds that list only what they know. A catalogue lists all it
// knows, so that a CVE which is not in a loaded one has Listed false.
func (s *Snapshot) Lookup(ids []string) *engine.Intel {
	if s == nil {
		return nil
	}
	keys := s.keysOf(ids)
	facts := engine.Intel{KEV: s.KEV.lookup(keys), EPSS: s.EPSS.lookup(keys), SSVC: s.SSVC.lookup(keys)}
	further := engine.Exploited{EUVD: s.EUVD.lookup(keys, ids), VulnCheck: s.VulnCheck.lookup(keys, nil)}
	if further != (engine.Exploited{}) {
		facts.Exploited = &further
	}
	if facts == (engine.Intel{}) {
		return nil
	}
	return &facts
}

// keysOf are the CVEs among some ids, or where there is none those that EUVD says its ids mean.
func (s *Snapshot) keysOf(ids []string) []cveKey {
	keys := keysOf(ids)
	if len(keys) > 0 || s.EUVD == nil {
		return keys
	}
	for _, id := range ids {
		keys = append(keys, s.EUVD.covers[strings.ToUpper(id)]...)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// Provenance says, by the path of each fact that Lookup gives, which feed it is from and when that feed said so.
func (s *Snapshot) Provenance(ids []string) map[string]engine.Provenance {
	facts := s.Lookup(ids)
	if facts == nil {
		return nil
	}
	from := map[string]engine.Provenance{}
	if facts.KEV != nil {
		from[pathKEV] = engine.Provenance{Source: "CISA KEV " + s.KEV.Info.Catalog, At: s.KEV.Info.Date}
	}
	if facts.EPSS != nil {
		source := "EPSS"
		if s.EPSS.Info.Model != "" {
			source += " " + s.EPSS.Info.Model
		}
		from[pathEPSS] = engine.Provenance{Source: source, At: s.EPSS.Info.Date}
	}
	if facts.SSVC != nil {
		from[pathSSVC] = engine.Provenance{Source: "CISA Vulnrichment", At: s.SSVC.newest(s.keysOf(ids))}
	}
	if e := facts.Exploited; e != nil && e.EUVD != nil {
		from[pathEUVD] = engine.Provenance{Source: "ENISA EUVD", At: s.EUVD.Info.Date}
	}
	if e := facts.Exploited; e != nil && e.VulnCheck != nil {
		from[pathVulnCheck] = engine.Provenance{Source: "VulnCheck KEV", At: s.VulnCheck.Info.Date}
	}
	return from
}
