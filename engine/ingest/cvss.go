package ingest

import (
	"math"
	"strings"

	gocvss20 "github.com/pandatix/go-cvss/20"
	gocvss30 "github.com/pandatix/go-cvss/30"
	gocvss31 "github.com/pandatix/go-cvss/31"
	gocvss40 "github.com/pandatix/go-cvss/40"

	"github.com/headgate/headgate/engine"
)

// cvssOf is one assessment. The version comes from the vector; a vector without the prefix is read as version 2.0 if it has that
// form. The score is the given one, or, where that is missing (0), the vector's own. With neither it says nothing: false.
func cvssOf(vector string, score float64, source string) (engine.CVSS, bool) {
	c := engine.CVSS{Vector: strings.TrimSpace(vector), Source: source}
	own, version, ok := scoreOf(c.Vector)
	if !ok {
		c.Vector = ""
	}
	c.Version, c.Score = version, own
	if score > 0 && score <= 10 {
		c.Score = score
	}
	c.Score = math.Round(c.Score*10) / 10
	return c, ok || c.Score > 0
}

// scoreOf computes a vector's score: the base score, or what threat and environmental metrics in the vector make of it.
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
