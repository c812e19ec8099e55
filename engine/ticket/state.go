package ticket

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/headgate/headgate/engine"
)

// MaxState bounds a State in its JSON form, in bytes: what trackers take for a property.
const MaxState = 32_768

// What is noted of one ticket is bounded, so that it fits into a property.
const (
	mostCleared = 150   // findings with their names
	mostIDs     = 4     // of one of those
	mostMore    = 2_500 // ids besides
	mostCovers  = 50
	mostOnce    = 8
	longestName = 80 // characters

	longestNoted = 500 // bytes of a name that is compared
)

// State is what we keep with a ticket in the tracker itself, as its property: enough to decide about it with no other memory. It is
// written in the same request as what it tells of, where the tracker can do that. Whoever may edit the ticket may have written it.
type State struct {
	Key   string `json:"key"`
	Scope string `json:"scope"` // label of the scope

	// Wrote has a digest of each field as we last wrote it: one that a person has changed since stays as it is until what we want of it
	// changes.
	Wrote  map[string]string `json:"wrote,omitempty"`
	Labels []string          `json:"labels,omitempty"` // that we last wrote

	Closed string `json:"closed,omitempty"` // by whom it was closed, as far as was taken in: ByUs, ByPerson; empty: it is open
	As     string `json:"as,omitempty"`     // why we closed it: ClosedGone or ClosedExcused

	// What it was about when it was last found.
	Summary string          `json:"summary,omitempty"`
	Per     Per             `json:"per,omitempty"`
	For     string          `json:"for,omitempty"`
	Worst   engine.Priority `json:"worst,omitempty"`
	Due     string          `json:"due,omitempty"` // day
	Clears  []Cleared       `json:"clears,omitempty"`
	More    []string        `json:"more,omitempty"` // marks of the ids of findings that Clears has no room for
	Cut     bool            `json:"cut,omitempty"`  // not even those are all: that nothing of it is found is not to be known
	Covers  []Cover         `json:"covers,omitempty"`

	Before string `json:"before,omitempty"` // when the ticket was changed last before we closed it, by the tracker's clock: what it writes itself

	// How its life went.
	Absent   int      `json:"absent,omitempty"`   // complete scans in a row without it
	Run      string   `json:"run,omitempty"`      // that counted last: no run counts twice
	Reopened int      `json:"reopened,omitempty"` // times
	Excused  string   `json:"excused,omitempty"`  // why nothing had to be done about it when it was last found, in words; empty: something had
	Waivers  []string `json:"waivers,omitempty"`  // that excused it, by id
	Once     []string `json:"once,omitempty"`     // what is said only once and was
}

// Why we closed a ticket, in State.As and Change.MoveAs.
const (
	ClosedGone    = "fixed"
	ClosedExcused = "waived"
)

// A Cleared is a finding that a ticket's fix clears.
type Cleared struct {
	IDs  []string `json:"ids"`  // names of the finding: one of them is enough to know it again
	Name string   `json:"name"` // as people know it: CVE-2021-44228
}

// A Cover is what found a ticket's findings: one tool on one target.
type Cover struct {
	Tool    string `json:"tool,omitempty"`
	Target  string `json:"target,omitempty"` // as engine.Report.Targets has it; empty: the report did not say
	Reports int    `json:"reports"`          // complete ones that there were: with fewer of them not as much was looked at
}

// Encode is the JSON form of a state, the same bytes for the same state.
func (s *State) Encode() ([]byte, error) {
	data, err := json.Marshal(s)
	if err == nil && len(data) > MaxState {
		err = fmt.Errorf("what is noted of ticket %s takes %d bytes", s.Key, len(data))
	}
	return data, err
}

// ReadState reads the JSON form of a state. It refuses what Encode cannot have written: of such a ticket nothing is known.
func ReadState(data []byte) (State, error) {
	if len(data) > MaxState {
		return State{}, errors.New("the note of a ticket is too long")
	}
	var s State
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return State{}, fmt.Errorf("the note of a ticket: %w", err)
	}
	long := func(c Cleared) bool { return len(c.IDs) > mostIDs }
	switch {
	case dec.More(), !isKey(s.Key), s.Absent < 0, s.Reopened < 0, len(s.Clears) > mostCleared, slices.ContainsFunc(s.Clears, long),
		len(s.More) > mostMore, len(s.Covers) > mostCovers, len(s.Once) > mostOnce, len(s.Waivers) > mostOnce:
		return State{}, errors.New("the note of a ticket is none of ours")
	}
	return s, nil
}

// note puts findings into a state: as many by name as there is room for, of the others the digests of their ids.
func (s *State) note(all []Cleared) {
	for named := min(len(all), mostCleared); ; named /= 2 {
		s.Clears, s.More = nil, nil
		for i, c := range all {
			ids := c.IDs
			if i < named {
				ids = ids[min(len(ids), mostIDs):]
				c.IDs = c.IDs[:min(len(c.IDs), mostIDs)]
				s.Clears = append(s.Clears, c)
			}
			for _, id := range ids {
				s.More = append(s.More, mark(id))
			}
		}
		if len(s.More) <= mostMore && s.fits() {
			return
		}
		if named == 0 {
			break
		}
	}
	s.Cut, s.More = true, s.More[:min(len(s.More), mostMore)]
	for len(s.More) > 0 && !s.fits() {
		s.More = s.More[:len(s.More)/2]
	}
}

// mark is a digest of an id in as few characters as tell apart all ids that there may be.
func mark(id string) string {
	sum := sha256.Sum256([]byte(id))
	return base64.RawURLEncoding.EncodeToString(sum[:6])
}

func (s *State) fits() bool {
	_, err := s.Encode()
	return err == nil
}

// isKey says whether a text is the key of a ticket.
func isKey(s string) bool {
	return len(s) == keyDigits && !slices.ContainsFunc([]byte(s), func(b byte) bool { return !(b >= '0' && b <= '9' || b >= 'a' && b <= 'f') })
}

// once says whether something that is said only once was.
func (s *State) once(what string) bool { return slices.Contains(s.Once, what) }

// told is the state once something was said that is said only once.
func (s State) told(what string) State {
	s.Once = append(slices.Clone(s.Once), what)
	return s
}
