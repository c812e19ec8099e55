package intel

import (
	"fmt"
	"time"

	"github.com/headgate/headgate/engine"
)

// mayShrink is how many percent of its entries a feed may lose from one version to the next. CISA removed 11 entries of KEV in
// three years, and CVEs leave EPSS only when they are rejected: a feed that loses more was cut or mixed up.
var mayShrink = map[Feed]int{FeedKEV: 2, FeedEPSS: 10, FeedSSVC: 10}

// CheckAgainst is an error if a feed that was just read should not replace the one that is held: it is older, or it shrank.
func CheckAgainst(feed Feed, next, held engine.FeedInfo) error {
	if !next.Date.IsZero() && !held.Date.IsZero() && next.Date.Before(held.Date) {
		return fmt.Errorf("%s: older than the one held: %s, held %s", feed.Title(), version(next), version(held))
	}
	if held.Date.IsZero() != next.Date.IsZero() && next.Date.IsZero() {
		return fmt.Errorf("%s: it does not say of when it is; the one held is of %s", feed.Title(), held.Date.Format(time.DateOnly))
	}
	if lost := held.Entries - next.Entries; lost*100 > held.Entries*mayShrink[feed] {
		return fmt.Errorf("%s: it shrank from %d to %d entries", feed.Title(), held.Entries, next.Entries)
	}
	return nil
}

// version names one version of a feed as shortly as can be told apart.
func version(info engine.FeedInfo) string {
	date := info.Date.Format(time.RFC3339)
	if info.Catalog != "" {
		return info.Catalog + " of " + date
	}
	return date
}
