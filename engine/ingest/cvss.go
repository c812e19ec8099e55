package ingest

import (
	"math"
	"slices"
	"strings"

	gocvss20 "github.com/pandatix/go-cvss/20"
	gocvss30 "github.com/pandatix/go-cvss/30"
	gocvss31 "github.com/pandatix/go-cvss/31"
	gocvss40 "github.com/pandatix/go-cvss/40"

	"github.com/headgate/headgate/engine"
)

// cvssOf is one assessment. The version comes from the vector; a vector without the prefix is read as version 2.0 if it has that
// form. The score is the given one, or, where that is missing (0), the vector's own. A vector that does not parse says nothing,
// and without a vector nothing says which version a score is of: false.
func cvssOf(vector string, score float64, source string) (engine.CVSS, bool) {
	return cvssOfVersion("", vector, score, source)
}

// cvssScores are those of vectors that were computed already, as most vectors of a report stand in it again and again; nil remembers none.
type cvssScores map[string]cvssScore

type cvssScore struct {
	score   float64
	version string
	ok      bool
}

// mostScores bounds the vectors that are remembered.
const mostScores = 1 << 14

func (known cvssScores) of(vector string) (score float64, version string, ok bool) {
	one, seen := known[vector]
	if !seen {
		one.score, one.version, one.ok = scoreOf(vector)
		if known != nil && len(known) < mostScores && len(vector) <= longestWord {
			known[vector] = one
		}
	}
	return one.score, one.version, one.ok
}

// cvssOfVersion is one assessment whose version the scanner names, so that a score without a vector counts as well. A vector's own
// version goes before the named one; a version that CVSS does not have is none.
func cvssOfVersion(version, vector string, score float64, source string) (engine.CVSS, bool) {
	return cvssScores(nil).cvssOfVersion(version, vector, score, source)
}

func (known cvssScores) cvssOfVersion(version, vector string, score float64, source string) (engine.CVSS, bool) {
	c := engine.CVSS{Vector: strings.Trim(vector, " ()"), Source: source} // 2.0 is often written in brackets
	var ok bool
	if c.Score, c.Version, ok = known.of(c.Vector); ok {
		if !strings.HasPrefix(c.Vector, "CVSS:") && c.Version != "2.0" {
			c.Vector = "CVSS:" + c.Version + "/" + c.Vector
		}
	} else {
		c.Vector, c.Version = "", ""
		if slices.Contains(cvssVersions, version) {
			c.Version = version
		}
	}
	if score > 0 && score <= 10 {
		c.Score = score
	}
	c.Score = math.Round(c.Score*10) / 10
	return c, c.Version != "" && (ok || c.Score > 0)
}

var cvssVersions = []string{"2.0", "3.0", "3.1", "4.0"}

// mostCVSS bounds the assessments of a finding: there are a handful of databases and of versions.
const mostCVSS = 100

// addCVSS adds an assessment unless it is there already. Of too many the worst are kept.
func addCVSS(all []engine.CVSS, c engine.CVSS, ok bool) []engine.CVSS {
	if !ok || slices.Contains(all, c) {
		return all
	}
	if len(all) < mostCVSS {
		return append(all, c)
	}
	least := 0
	for i := range all {
		if all[i].Score < all[least].Score {
			least = i
		}
	}
	if c.Score > all[least].Score {
		all[least] = c
	}
	return all
}

// scoreOf computes a vector's base score. CVSS 4.0 has no base score beside others: there it is the score of all metrics given.
func scoreOf(vector string) (score float64, version string, ok bool) {
	switch {
	case strings.HasPrefix(vector, "CVSS:4.0/"):
		if v, err := gocvss40.ParseVector(vector); err == nil {
			return v.Score(), "4.0", true
		}
	case strings.HasPrefix(vector, "CVSS:3.1/"):
		if v, err := gocvss31.ParseVector(vector); err == nil {
			return v.BaseScore(), "3.1", true
		}
	case strings.HasPrefix(vector, "CVSS:3.0/"):
		if v, err := gocvss30.ParseVector(vector); err == nil {
			return v.BaseScore(), "3.0", true
		}
	case strings.HasPrefix(vector, "AV:") && strings.Contains(vector, "/Au:"):
		if v, err := gocvss20.ParseVector(vector); err == nil {
			return v.BaseScore(), "2.0", true
		}
	case strings.HasPrefix(vector, "AV:"):
		return scoreOf("CVSS:3.1/" + vector) // some scanners leave the prefix out
	}
	return 0, "", false
}
