package intel

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
)

// An Edition is one version of a feed, as far as the next one is held against it.
type Edition struct {
	engine.FeedInfo

	// Bands counts, of EPSS, the CVEs with a probability of at least each of BandLimits; absent of other feeds.
	Bands []int `json:"bands,omitempty"`
}

// BandLimits are the probabilities that EPSS scores are counted by: those that policies set thresholds at.
var BandLimits = []float64{0.01, 0.1, 0.5, 0.9}

// Edition is what is loaded of a feed; nil if nothing is.
func (s *Snapshot) Edition(feed Feed) *Edition {
	info := s.Feed(feed)
	if info == nil {
		return nil
	}
	e := &Edition{FeedInfo: *info}
	if feed == FeedEPSS {
		e.Bands = s.EPSS.bands()
	}
	return e
}

// bands counts the scores by BandLimits.
func (s *Scores) bands() []int {
	counts := make([]int, len(BandLimits))
	for _, row := range s.rows {
		for i, limit := range BandLimits {
			if row.probability >= uint32(limit*billion) {
				counts[i]++
			}
		}
	}
	return counts
}

// limits are what a feed may do from one version to the next without anybody being asked, in percent of its entries. CISA removed 11
// entries of KEV in three years, and CVEs leave EPSS only when they are rejected: a feed that loses more was cut or mixed up. KEV grew
// by a fifth in thirteen months: one that grows by as much at once has something else in it.
type limits struct {
	shrink         int
	grow, growthly int // at once, and on top of it for each 30 days between the two; 0: any growth is sound
}

var sound = map[Feed]limits{
	FeedKEV:       {shrink: 2, grow: 20, growthly: 3},
	FeedEPSS:      {shrink: 10, grow: 20, growthly: 3},
	FeedSSVC:      {shrink: 10},
	FeedEUVD:      {shrink: 5, grow: 50, growthly: 10},
	FeedVulnCheck: {shrink: 5, grow: 20, growthly: 3},
}

const (
	// fewEntries is how many entries a feed must have for its growth to say anything.
	fewEntries = 100

	// fewScores is likewise how many scores above a limit.
	fewScores = 200

	// A cut of the same model moves by two or three percent in a week. The bad one of 30 March 2025 had 54 % more CVEs at 0.1 or
	// above than those before and after it.
	bandShift, bandShiftMonthly = 25, 3
)

// CheckAgainst is an error if a feed that was just read should not replace the one that is held without somebody having looked: it is
// older, it shrank or grew beyond belief, its model is another one than that of the thresholds (calibrated, empty if that is not
// known), or its scores moved as a whole. It names all of these that are so.
func CheckAgainst(feed Feed, next, held Edition, calibrated string) error {
	var odd []string
	say := func(format string, args ...any) { odd = append(odd, fmt.Sprintf(format, args...)) }
	switch {
	case !next.Date.IsZero() && !held.Date.IsZero() && next.Date.Before(held.Date):
		say("older than the one held: %s, held %s", version(next.FeedInfo), version(held.FeedInfo))
	case next.Date.IsZero() && !held.Date.IsZero():
		say("it does not say of when it is; the one held is of %s", held.Date.Format(time.DateOnly))
	}
	may, months := sound[feed], monthsBetween(held.Date, next.Date)
	if lost := held.Entries - next.Entries; lost*100 > held.Entries*may.shrink {
		say("it shrank from %d to %d entries", held.Entries, next.Entries)
	}
	if won := next.Entries - held.Entries; may.grow > 0 && held.Entries >= fewEntries && won*100 > held.Entries*(may.grow+may.growthly*months) {
		say("it grew from %d to %d entries", held.Entries, next.Entries)
	}
	switch {
	case feed != FeedEPSS:
	case next.Model != held.Model && held.Model != "" && (calibrated == "" || next.Model != calibrated):
		text := fmt.Sprintf("its model is %s, the one held is of %s", or(next.Model, "not named"), held.Model)
		if calibrated != "" {
			text += fmt.Sprintf(", and the policy's thresholds are for %s", clip(calibrated))
		}
		say("%s", text)
	case next.Model == held.Model && len(next.Bands) == len(held.Bands):
		for i, was := range held.Bands {
			is := next.Bands[i]
			if max(was, is) >= fewScores && max(is-was, was-is)*100 > was*(bandShift+bandShiftMonthly*months) {
				say("%d CVEs have a probability of %v or more, and %d did in the one held, by the same model", is, BandLimits[i], was)
			}
		}
	}
	if odd == nil {
		return nil
	}
	return fmt.Errorf("%s: %s", feed.Title(), strings.Join(slices.Compact(odd), "; "))
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// monthsBetween is how many times 30 days lie between two times; 0 if one of them is not known or they are in the wrong order.
func monthsBetween(from, to time.Time) int {
	if from.IsZero() || !to.After(from) {
		return 0
	}
	return int(to.Sub(from) / (30 * 24 * time.Hour))
}

// version names one version of a feed as shortly as can be told apart.
func version(info engine.FeedInfo) string {
	date := info.Date.Format(time.RFC3339)
	if info.Catalog != "" {
		return info.Catalog + " of " + date
	}
	return date
}
