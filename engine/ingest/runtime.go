package ingest

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
)

// The properties of a CycloneDX document that say what it observed. They may stand at the document, its metadata or its subject.
const (
	propertyAsset  = "headgate:asset"          // id or name of the asset
	propertyWindow = "headgate:window_days"    // whole days
	propertyFrom   = "headgate:observed_from"  // RFC 3339; with it the window need not be given
	propertyUntil  = "headgate:observed_until" // RFC 3339; absent: the document's timestamp
	propertyEnd    = "headgate:expires"        // RFC 3339; absent: see engine.ObservationLifetime
)

// mostWindowDays bounds an observation: a longer one is a mistake.
const mostWindowDays = 3660

// ReadObservation reads a CycloneDX document, JSON or XML, as the list of components that were seen loaded. Its subject, or a property,
// names the asset. Name is for errors and provenance.
func ReadObservation(name string, r io.Reader, o Options) (*engine.Observation, error) {
	b := &batch{report: engine.Report{Name: name}, options: o}
	var seen *engine.Observation
	err := b.readWith(r, func(in *input) error {
		f, s, err := b.open(in)
		if err != nil {
			return err
		}
		if f.name != "cyclonedx" {
			return fmt.Errorf("%s: what was seen loaded is read from CycloneDX", f.title)
		}
		d := newCycloneDX(s, b)
		if err := d.read(); err != nil {
			return s.place(err)
		}
		if err := s.end(); err != nil {
			return s.place(err)
		}
		seen, err = d.observation()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return seen, nil
}

// observation is what the document says was loaded.
func (d *cycloneDX) observation() (*engine.Observation, error) {
	subject := d.meta.Component
	o := &engine.Observation{Asset: subject.part().name, Source: d.b.report.Name, Time: timeOf(string(d.meta.Time))}
	if subject.Type == "container" {
		o.Image = ImageTarget(imageReference(cdxImage(subject))).Name
	}
	said := map[string]string{}
	for _, p := range slices.Concat(d.properties, d.meta.Properties, subject.Properties) {
		said[string(p.Name)] = cmp.Or(said[string(p.Name)], string(p.Value))
	}
	if asset := said[propertyAsset]; asset != "" {
		o.Asset, o.Image = asset, ""
	}
	var from time.Time
	for key, to := range map[string]*time.Time{propertyFrom: &from, propertyUntil: &o.Time, propertyEnd: &o.Expires} {
		if text := said[key]; text != "" {
			if *to = timeOf(text); to.IsZero() {
				return nil, fmt.Errorf("the property %s is no time; write 2026-11-21T10:00:00Z", key)
			}
		}
	}
	switch days := said[propertyWindow]; {
	case days != "":
		n, err := strconv.Atoi(days)
		if err != nil || n < 1 || n > mostWindowDays {
			return nil, fmt.Errorf("the property %s is %q; it is a number of days from 1 to %d", propertyWindow, clip(days), mostWindowDays)
		}
		o.WindowDays = n
	case !from.IsZero():
		if !from.Before(o.Time) {
			return nil, errors.New("the observation ends before it begins")
		}
		o.WindowDays = min(int(o.Time.Sub(from)/(24*time.Hour)), mostWindowDays)
	}
	d.index()
	for _, ref := range slices.Sorted(maps.Keys(d.parts)) {
		if p := d.parts[ref].packaged(); p != nil && p.PURL != "" {
			o.Components = append(o.Components, *p)
		}
	}
	return o, nil
}

// observes keeps those properties of the document that say something of an observation.
func (d *cycloneDX) observes(properties ...cdxProperty) {
	for _, p := range properties {
		if strings.HasPrefix(string(p.Name), "headgate:") {
			d.properties = append(d.properties, p)
		}
	}
}
