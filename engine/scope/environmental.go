package scope

import (
	"cmp"
	"slices"
	"strings"

	gocvss30 "github.com/pandatix/go-cvss/30"
	gocvss31 "github.com/pandatix/go-cvss/31"
	gocvss40 "github.com/pandatix/go-cvss/40"

	"github.com/headgate/headgate/engine"
)

// ApplyRequirements adds to each case on an asset that states security requirements the score of its vulnerability there: the base
// vector with the requirements of the asset (CR, IR, AR), by CVSS 4.0, 3.1 or 3.0. Of several vectors it takes the one of the newest
// version; of these the NVD's, and where that has none, the one with the highest score. Without a vector that parses, or without
// requirements, there is no score. What the vector itself says of threat and environment stays; the attack vector is not modified by
// the asset's exposure, because rules judge exposure themselves and it would count twice.
func ApplyRequirements(cases []engine.Case) {
	known := map[scored]*engine.Environmental{} // many cases share a vector and an asset's requirements
	for i := range cases {
		c := &cases[i]
		r := c.Input.Asset.Requirements
		if r == nil {
			continue
		}
		base, ok := baseVector(c.Input.Finding.CVSS)
		if !ok {
			continue
		}
		key := scored{base.Vector, *r}
		e, ok := known[key]
		if !ok {
			e = environmental(base.Vector, r)
			known[key] = e
		}
		if e == nil {
			continue
		}
		c.Input.Context.Environmental = e
		if c.Provenance == nil {
			c.Provenance = map[string]engine.Provenance{}
		}
		c.Provenance["context.environmental"] = engine.Provenance{Source: "CVSS " + base.Version + " of " + cmp.Or(base.Source, "the scanner") + ", with the requirements of " + c.Input.Asset.ID}
	}
}

// A scored is what a score follows from.
type scored struct {
	vector string
	of     engine.Requirements
}

// baseVector chooses among assessments; false if none has a vector of a version with requirements that can be computed here.
func baseVector(all []engine.CVSS) (engine.CVSS, bool) {
	of := slices.DeleteFunc(slices.Clone(all), func(c engine.CVSS) bool { return c.Version == "2.0" || environmental(c.Vector, nil) == nil })
	if len(of) == 0 {
		return engine.CVSS{}, false
	}
	slices.SortStableFunc(of, func(a, b engine.CVSS) int {
		return cmp.Or(strings.Compare(b.Version, a.Version), cmp.Compare(byNVD(a), byNVD(b)), cmp.Compare(b.Score, a.Score),
			strings.Compare(a.Source, b.Source), strings.Compare(a.Vector, b.Vector))
	})
	return of[0], true
}

func byNVD(c engine.CVSS) int {
	if c.Source == "nvd" {
		return 0
	}
	return 1
}

// A vector is a CVSS vector whose metrics can be set.
type vector interface {
	Set(metric, value string) error
	Vector() string
}

// environmental computes a score with requirements; those that are nil or not stated stay as the vector has them. Nil if the vector
// does not parse.
func environmental(text string, r *engine.Requirements) *engine.Environmental {
	switch {
	case strings.HasPrefix(text, "CVSS:4.0/"):
		if v, err := gocvss40.ParseVector(text); err == nil && require(v, r) {
			return score("4.0", v, v.Score())
		}
	case strings.HasPrefix(text, "CVSS:3.1/"):
		if v, err := gocvss31.ParseVector(text); err == nil && require(v, r) {
			return score("3.1", v, v.EnvironmentalScore())
		}
	case strings.HasPrefix(text, "CVSS:3.0/"):
		if v, err := gocvss30.ParseVector(text); err == nil && require(v, r) {
			return score("3.0", v, v.EnvironmentalScore())
		}
	}
	return nil
}

// require sets the requirements that are stated; false if one is no value of CVSS.
func require(v vector, r *engine.Requirements) bool {
	if r == nil {
		return true
	}
	for metric, value := range map[string]string{"CR": r.Confidentiality, "IR": r.Integrity, "AR": r.Availability} {
		if value != "" && v.Set(metric, strings.ToUpper(value[:1])) != nil {
			return false
		}
	}
	return true
}

func score(version string, v vector, s float64) *engine.Environmental {
	return &engine.Environmental{Score: s, Severity: band(s), Version: version, Vector: v.Vector()}
}

// band is the qualitative rating of a score, which CVSS 3 and 4 have in common.
func band(score float64) engine.Severity {
	switch {
	case score >= 9:
		return engine.SeverityCritical
	case score >= 7:
		return engine.SeverityHigh
	case score >= 4:
		return engine.SeverityMedium
	case score > 0:
		return engine.SeverityLow
	}
	return engine.SeverityInfo
}
