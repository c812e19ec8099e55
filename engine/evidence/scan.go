package evidence

import (
	"bytes"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/headgate/headgate/engine"
)

// A recordScanner reads the record of a decision as appendRecord writes it, in a tenth of the time that parse takes. It understands that one way
// of writing alone, each member in its place and text that needs no escape: of any other line it says so, and parse has to read it. So what it
// reads is what parse reads.
type recordScanner struct {
	rest  []byte
	first bool // the next member is the first of its object, which has no comma before it
	odd   bool // parse has to read it
	whole bool // all of the record is asked for, and not only what verifying looks at

	known map[string]string // text that many records share
	at    time.Time         // of the records before
	atIs  string            // its text
}

// mostKnown bounds the text that a scanner remembers.
const mostKnown = 1 << 12

func newRecordScanner(whole bool) *recordScanner {
	return &recordScanner{whole: whole, known: map[string]string{}}
}

// Named are the digests that the record of a decision names: of its input, and of the policy's answer.
type named struct{ input, answer tlog.Hash }

// read reads a line into a record and its decision. It is false if parse has to.
func (s *recordScanner) read(line []byte, r *Record, d *Decision, n *named) bool {
	s.rest, s.odd, s.first = line, false, true
	s.must(`,{"v":1,"kind":"decision","index":`)
	*r = Record{V: RecordVersion, Kind: KindDecision, Index: s.number(), Decision: d}
	s.must(`,"at":`)
	r.At = s.run()
	s.must(`,"terms":`)
	r.Terms = s.shared()
	if s.has(`,"prev":`) {
		r.Prev = string(s.text())
	}
	s.must(`,"decision":{`)
	s.first = true
	*d = Decision{}
	s.decision(d, n)
	s.must(`}}`)
	return !s.odd && len(s.rest) == 0
}

func (s *recordScanner) decision(d *Decision, n *named) {
	s.must(`,"finding":{`)
	s.finding(&d.Finding)
	s.must(`},"asset":{"id":`)
	d.Asset.ID = s.shared()
	s.some(`,"owner":`, &d.Asset.Owner)
	s.some(`,"criticality":`, &d.Asset.Criticality)
	s.some(`,"exposure":`, &d.Asset.Exposure)
	s.must(`}`)
	s.some(`,"status":`, (*string)(&d.Status))
	s.must(`,"input":`)
	input := s.text()
	s.must(`,"answer":`)
	answer := s.text()
	if s.whole {
		d.Input, d.Answer = string(input), s.remembered(answer)
	} else {
		var there, said bool
		n.input, there = readDigest(input)
		n.answer, said = readDigest(answer)
		s.odd = s.odd || !there || !said
	}
	s.must(`,"priority":`)
	d.Priority = engine.Priority(s.shared())
	s.must(`,"action":`)
	d.Action = engine.Action(s.shared())
	s.some(`,"would_have":`, (*string)(&d.WouldHave))
	if s.has(`,"exempted_by":`) {
		d.ExemptedBy = s.shared()
	}
	s.time(`,"first_seen":`, &d.FirstSeen)
	s.time(`,"due":`, &d.Due)
	s.some(`,"due_from":`, &d.DueFrom)
	d.Overdue = s.has(`,"overdue":true`)
	s.time(`,"next_change":`, &d.NextChange)
	s.reasons(d)
	someShared(s, `,"controls":`, &d.Controls, s.whole)
	someShared(s, `,"waivers":`, &d.Waivers, true)
	someShared(s, `,"assumed":`, &d.Assumed, s.whole)
	someShared(s, `,"obligations":`, &d.Oblige, s.whole)
	someShared(s, `,"range":`, &d.Range, s.whole)
}

func (s *recordScanner) finding(f *Finding) {
	s.must(`,"id":`)
	f.ID = string(s.text())
	s.must(`,"kind":`)
	f.Kind = engine.Kind(s.shared())
	s.some(`,"name":`, &f.Name)
	s.some(`,"package":`, &f.Package)
	someShared(s, `,"fixed":`, &f.Fixed, s.whole)
	someShared(s, `,"ids":`, &f.IDs, true)
	someShared(s, `,"cves":`, &f.CVEs, s.whole)
	someShared(s, `,"euvd":`, &f.EUVD, s.whole)
	if !s.has(`,"reports":[`) {
		return
	}
	for n := 0; n == 0 || s.has(`,`); n++ {
		if at := s.number(); s.whole {
			f.Reports = append(f.Reports, int(at))
		}
	}
	s.must(`]`)
}

func (s *recordScanner) reasons(d *Decision) {
	if !s.has(`,"reasons":[`) {
		return
	}
	for n := 0; n == 0 || s.has(`,`); n++ {
		s.must(`{`)
		s.first = true
		var r Reason
		s.must(`,"rule":`)
		s.value(&r.Rule)
		s.must(`,"kind":`)
		s.value(&r.Kind)
		s.some(`,"to":`, (*string)(&r.To))
		s.some(`,"at_most":`, (*string)(&r.AtMost))
		r.Firm = s.has(`,"firm":true`)
		s.time(`,"date":`, &r.Date)
		r.Staged = s.has(`,"staged":true`)
		s.must(`}`)
		if s.whole {
			d.Reasons = append(d.Reasons, r)
		}
	}
	s.must(`]`)
}

// has says whether the line goes on like that, and goes behind it. What is first in its object goes on without the comma.
func (s *recordScanner) has(text string) bool {
	if s.first && text[0] == ',' {
		text = text[1:]
	}
	if s.odd || len(s.rest) < len(text) || string(s.rest[:len(text)]) != text {
		return false
	}
	s.rest, s.first = s.rest[len(text):], text[len(text)-1] == '{'
	return true
}

func (s *recordScanner) must(text string) { s.odd = !s.has(text) || s.odd }

// text reads text that needs no escape.
func (s *recordScanner) text() []byte {
	if s.odd || len(s.rest) == 0 || s.rest[0] != '"' {
		s.odd = true
		return nil
	}
	end := bytes.IndexByte(s.rest[1:], '"')
	if end < 0 || !plain(s.rest[1:1+end]) {
		s.odd = true
		return nil
	}
	text := s.rest[1 : 1+end]
	s.rest = s.rest[end+2:]
	return text
}

// shared is text that many records have.
func (s *recordScanner) shared() string { return s.remembered(s.text()) }

func (s *recordScanner) remembered(text []byte) string {
	if known, ok := s.known[string(text)]; ok {
		return known
	}
	one := string(text)
	if len(s.known) < mostKnown {
		s.known[one] = one
	}
	return one
}

// value reads text that is shared, if all of the record is asked for.
func (s *recordScanner) value(into *string) {
	if text := s.text(); s.whole {
		*into = s.remembered(text)
	}
}

// some is value for a member that may be left out.
func (s *recordScanner) some(name string, into *string) {
	if s.has(name) {
		s.value(into)
	}
}

// someShared reads a list of text that may be left out, and keeps it if somebody asks for it.
func someShared[S ~string](s *recordScanner, name string, into *[]S, keep bool) {
	if !s.has(name) {
		return
	}
	s.must(`[`)
	for n := 0; n == 0 || s.has(`,`); n++ {
		if text := s.text(); keep {
			*into = append(*into, S(s.remembered(text)))
		}
	}
	s.must(`]`)
}

// number reads a whole number as it is written.
func (s *recordScanner) number() (n int64) {
	digits := 0
	for digits < len(s.rest) && s.rest[digits]-'0' <= 9 {
		n = n*10 + int64(s.rest[digits]-'0')
		digits++
	}
	if digits == 0 || digits > 18 || digits > 1 && s.rest[0] == '0' {
		s.odd = true
		return 0
	}
	s.rest = s.rest[digits:]
	return n
}

// run reads the time of the run, which all its records have.
func (s *recordScanner) run() time.Time {
	if text := s.text(); string(text) != s.atIs {
		s.at, s.atIs = s.parsed(text), string(text)
	}
	return s.at
}

// time reads a time that may be left out.
func (s *recordScanner) time(name string, into *time.Time) {
	if !s.has(name) {
		return
	}
	if text := s.text(); s.whole {
		*into = s.parsed(text)
	}
}

// parsed is a time to the second, of the clock that all have in common.
func (s *recordScanner) parsed(text []byte) time.Time {
	if len(text) != len("2006-01-02T15:04:05Z") || text[len(text)-1] != 'Z' {
		s.odd = true
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, string(text))
	s.odd = s.odd || err != nil
	return t
}
