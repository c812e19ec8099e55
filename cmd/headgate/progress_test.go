package main

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"
)

// halfway is work of which 450,000 of a million are done after ten seconds.
func halfway() *progress {
	p := &progress{what: "deciding", unit: thousands}
	p.expect(1_000_000)
	for s := range 11 {
		p.note(time.Duration(s) * time.Second)
		if s < 10 {
			p.add(45_000)
		}
	}
	return p
}

func TestProgressSaysShareRateAndTimeLeft(t *testing.T) {
	if got, want := halfway().line(), "deciding: 450,000 of 1,000,000 (45 %), 45,000 a second, 0:12 left"; got != want {
		t.Errorf("it says %q, and not %q", got, want)
	}
	for columns, want := range map[int]string{
		120: "deciding  █████████████░░░░░░░░░░░░░░░░░   45 %  450,000 of 1,000,000  45,000/s  0:12 left",
		60:  "deciding  █████████░░░░░░░░░░░░   45 %  45,000/s  0:12 left",
		40:  "deciding  ████░░░░░░░   45 %  0:12 left",
		20:  "deciding   45 %",
		5:   "deci",
	} {
		if got := halfway().bar(columns); got != want {
			t.Errorf("in %d columns it is\n%s and not\n%s", columns, got, want)
		}
	}
}

func TestProgressPromisesNothingThatIsNotKnown(t *testing.T) {
	p := &progress{what: "reading", unit: megabytes}
	p.note(0)
	if got, want := p.line(), "reading: 0 MB"; got != want {
		t.Errorf("at the start it says %q, and not %q", got, want)
	}
	p.add(12_000_000)
	p.note(2 * time.Second)
	if got, want := p.line(), "reading: 12 MB, 6 MB a second"; got != want {
		t.Errorf("of a whole that is not known it says %q, and not %q", got, want)
	}
	p.expect(6_000_000) // more is done than was expected
	for _, got := range []string{p.line(), p.bar(100)} {
		if strings.ContainsAny(got, "%█") || strings.Contains(got, "left") {
			t.Errorf("of more than the whole it says %q", got)
		}
	}
	slow := &progress{what: "deciding", unit: thousands}
	slow.expect(1 << 40)
	slow.note(0)
	slow.add(1)
	slow.note(time.Second)
	if got := slow.line(); strings.Contains(got, "left") {
		t.Errorf("years are promised: %q", got)
	}
}

func TestProgressFitsTheTerminalAtEveryMoment(t *testing.T) {
	for columns := range 130 {
		for share := range 101 {
			p := &progress{what: "deciding", unit: thousands}
			p.expect(10_000_000)
			p.note(0)
			p.add(share * 100_000)
			p.note(time.Second)
			if n := utf8.RuneCountInString(p.bar(columns)); n >= columns && n > 0 {
				t.Fatalf("in %d columns it takes %d: %s", columns, n, p.bar(columns))
			}
		}
	}
}

func TestTheBarMakesWayForWhatIsSaid(t *testing.T) {
	var out bytes.Buffer
	s := &screen{to: &out, width: func() int { return 80 }}
	a := &app{stderr: s, screen: s}
	s.show("deciding  45 %")
	a.say("note", "something")
	if got, want := out.String(), "deciding  45 %\r"+strings.Repeat(" ", 14)+"\rheadgate: note: something\n"; got != want {
		t.Errorf("the terminal gets %q, and not %q", got, want)
	}
	out.Reset()
	s.show("")
	if out.Len() > 0 {
		t.Errorf("nothing stands there, and %q is written", out.String())
	}
}

// Neither a pipe, nor what is decided in passing, gets anything, and several may work at once.
func TestProgressIsSilentWhereNobodyLooks(t *testing.T) {
	var out bytes.Buffer
	on := &screen{to: &out, width: func() int { return 80 }}
	for _, a := range []*app{{stderr: &out}, {stderr: &strings.Builder{}, screen: on}, {stderr: on, screen: on}, {stderr: &out, logged: true}} {
		synctest.Test(t, func(t *testing.T) { // where work takes no time
			p := a.progress("deciding", 1000)
			var work sync.WaitGroup
			for range 4 {
				work.Go(func() {
					for range 250 {
						p.add(1)
					}
				})
			}
			work.Wait()
			p.end()
			if p.done.Load() != 1000 || out.Len() > 0 {
				t.Errorf("%d of 1000 were counted, and %q was written", p.done.Load(), out.String())
			}
		})
	}
}

func TestALogIsToldOfLongWorkEveryNowAndThenAndAtItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := (&app{stderr: &out, logged: true}).progress("deciding", 500)
		time.Sleep(drawEvery / 2) // between two looks
		for range 50 {
			time.Sleep(time.Second)
			p.add(10)
		}
		p.end()
		const want = `headgate: note: deciding: 90 of 500 (18 %), 10 a second, 0:41 left
headgate: note: deciding: 390 of 500 (78 %), 10 a second, 0:11 left
headgate: note: deciding: 500 of 500 (100 %), 10 a second
`
		if out.String() != want {
			t.Errorf("the log has\n%s and not\n%s", out.String(), want)
		}
	})
}
