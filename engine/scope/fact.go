package scope

import (
	"fmt"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// texts are the facts of an asset that are one text, by their path in the input below asset.
var texts = []string{
	"name", "type", "owner", "criticality", "mission", "well_being", "safety", "value_density",
	"requirements.confidentiality", "requirements.integrity", "requirements.availability", "environment", "exposure",
}

// textAt is where one of texts stands in an asset.
func textAt(a *engine.Asset, key string) *string {
	if name, ok := strings.CutPrefix(key, "requirements."); ok {
		r := a.Requirements
		if r == nil {
			r = &engine.Requirements{}
		}
		return map[string]*string{"confidentiality": &r.Confidentiality, "integrity": &r.Integrity, "availability": &r.Availability}[name]
	}
	return map[string]*string{
		"name": &a.Name, "type": &a.Type, "owner": &a.Owner, "criticality": &a.Criticality, "mission": &a.Mission,
		"well_being": &a.WellBeing, "safety": &a.Safety, "value_density": &a.ValueDensity, "environment": &a.Environment, "exposure": &a.Exposure,
	}[key]
}

// set states one of texts, and where. An empty text states nothing; one that the input does not have is an error.
func (e *entry) set(key, text, place string) error {
	if text = strings.TrimSpace(text); text == "" {
		return nil
	}
	if len(text) > mostID {
		return fmt.Errorf("%s: %s is longer than %d bytes", place, key, mostID)
	}
	if allowed := engine.InputValues(append([]string{"asset"}, strings.Split(key, ".")...)...); allowed != nil && !slices.Contains(allowed, text) {
		return fmt.Errorf("%s: %s is %q; it can be %s", place, key, text, strings.Join(allowed, ", "))
	}
	e.put(key, text, place)
	return nil
}

// put writes one of texts, and where it stands.
func (e *entry) put(key, text, place string) {
	if strings.HasPrefix(key, "requirements.") { // those of another asset may be the same
		r := engine.Requirements{}
		if e.asset.Requirements != nil {
			r = *e.asset.Requirements
		}
		e.asset.Requirements = &r
	}
	*textAt(&e.asset, key) = text
	e.lines["asset."+key] = place
}

// addData states data classes, and where.
func (e *entry) addData(place string, classes ...string) {
	for _, class := range classes {
		if class != "" && !slices.Contains(e.asset.Data, class) {
			e.asset.Data = append(e.asset.Data, class)
			e.lines["asset.data"] = joined(e.lines["asset.data"], place)
		}
	}
	slices.Sort(e.asset.Data)
}

// joined is a list of places with one more, each once.
func joined(places, place string) string {
	switch {
	case places == "":
		return place
	case slices.Contains(strings.Split(places, ", "), place):
		return places
	}
	return places + ", " + place
}

// tag states a free label.
func (e *entry) tag(key, text, place string) {
	if key == "" || text == "" || len(key) > mostID || len(text) > mostID {
		return
	}
	if e.asset.Tags == nil {
		e.asset.Tags = map[string]string{}
	}
	e.asset.Tags[key] = text
	e.lines["asset.tags."+key] = place
}

// inherit takes the facts of another that this one does not state: what is said of a whole holds for its parts.
func (e *entry) inherit(from *entry) {
	for _, key := range texts {
		if text := *textAt(&from.asset, key); text != "" && *textAt(&e.asset, key) == "" && key != "name" && key != "type" {
			e.put(key, text, from.lines["asset."+key])
			e.general = append(e.general, key)
		}
	}
	if len(e.asset.Data) == 0 {
		e.addData(from.lines["asset.data"], from.asset.Data...)
	}
}
