package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/headgate/headgate/integrations/river"
)

// reassessSettings say when headgate worker begins sweeps.
type reassessSettings struct {
	At    []string `yaml:"at"`    // times of day in UTC, "02:00"
	Whole string   `yaml:"whole"` // the day of the week on which everything is decided again; empty: none
}

// mostTimes bounds the times of a day.
const mostTimes = 24

var weekdays = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

func (s *reassessSettings) check() error {
	if len(s.At) == 0 || len(s.At) > mostTimes {
		return fmt.Errorf("reassess.at names %d times of day, and one to %d are needed: [\"02:00\"]", len(s.At), mostTimes)
	}
	for _, at := range s.At {
		if _, err := timeOfDay(at); err != nil {
			return fmt.Errorf("reassess.at: %w", err)
		}
	}
	if s.Whole != "" && !slices.Contains(weekdays, s.Whole) {
		return fmt.Errorf("reassess.whole: %q is none of %s", s.Whole, strings.Join(weekdays, ", "))
	}
	return nil
}

// timeOfDay is what has passed since midnight.
func timeOfDay(text string) (time.Duration, error) {
	t, err := time.Parse("15:04", text)
	if err != nil || len(text) != len("15:04") {
		return 0, fmt.Errorf("%q is no time of day; write \"02:00\", in UTC", text)
	}
	return t.Sub(t.Truncate(24 * time.Hour)), nil
}

func (s *reassessSettings) schedule() (d river.Daily) {
	for _, at := range s.At {
		since, _ := timeOfDay(at) // check has read it
		d = append(d, since)
	}
	return d
}

// times are the times of day for people.
func (s *reassessSettings) times() string { return strings.Join(s.At, ", ") + " UTC" }

// isWhole says whether the sweep that is due decides everything again: the first one of the day.
func (s *reassessSettings) isWhole(due time.Time) bool {
	return s.Whole == weekdays[due.UTC().Weekday()] && due.UTC().Format("15:04") == slices.Min(s.At)
}
