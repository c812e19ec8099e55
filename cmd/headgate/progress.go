package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"golang.org/x/term"
)

// When people are told how far work has come.
const (
	drawEvery  = 200 * time.Millisecond // on a terminal
	drawFirst  = 600 * time.Millisecond // work that is shorter is done before anyone wonders
	logEvery   = 30 * time.Second       // in a log, where every line stays
	logFirst   = 10 * time.Second
	rateWindow = 5 * time.Second // that the rate is of: what went before may have been slower work
)

// A progress tells people on standard error how far long work has come: by a bar on a terminal, which is gone once the work is done, by a
// line every now and then and one at the end in a log, and not at all in a pipe. Add and expect may be called from any goroutine.
type progress struct {
	app   *app
	what  string           // is done, as "deciding"
	unit  func(int) string // how an amount of it is written
	total atomic.Int64     // 0: nobody knows
	done  atomic.Int64

	stop  chan struct{}
	ended chan struct{}
	seen  []reached // of the last rateWindow, the oldest first
}

// reached is how far work had come after a while.
type reached struct {
	after time.Duration
	done  int64
}

// progress begins to tell of work on so many things; 0 means that their number is not known yet. End has to be called before anything else
// is written.
func (a *app) progress(what string, total int) *progress {
	p := &progress{app: a, what: what, unit: thousands, stop: make(chan struct{}), ended: make(chan struct{})}
	p.expect(total)
	if a.onScreen() || a.logged {
		go p.tell()
	} else {
		close(p.ended)
	}
	return p
}

// inBytes says that what is counted are bytes.
func (p *progress) inBytes() *progress {
	p.unit = megabytes
	return p
}

// expect says that there are so many more things to work on.
func (p *progress) expect(more int) { p.total.Add(int64(more)) }

// add says that so many more are done.
func (p *progress) add(more int) { p.done.Add(int64(more)) }

// both is expect and add, for who knows both.
func (p *progress) both(more, done int) {
	p.expect(more)
	p.add(done)
}

// end is the end of the work.
func (p *progress) end() {
	close(p.stop)
	<-p.ended
}

// onScreen says that standard error is a terminal, and not switched off.
func (a *app) onScreen() bool {
	s, ok := a.stderr.(*screen)
	return ok && s == a.screen
}

func (p *progress) tell() {
	defer close(p.ended)
	first, every := cmp.Or(p.app.longWork, logFirst), logEvery
	if p.app.onScreen() {
		first, every = drawFirst, drawEvery
		defer p.app.screen.show("")
	}
	began, next := time.Now(), first
	tick := time.NewTicker(drawEvery)
	defer tick.Stop()
	for {
		select {
		case <-p.stop:
			if after := time.Since(began); !p.app.onScreen() && after >= first {
				p.note(after)
				p.app.say("note", p.line())
			}
			return
		case <-tick.C:
		}
		after := time.Since(began)
		p.note(after)
		if after < next {
			continue
		}
		next += every
		if p.app.onScreen() {
			p.app.screen.show(p.bar(p.app.screen.columns()))
		} else {
			p.app.say("note", p.line())
		}
	}
}

// note remembers how far work has come.
func (p *progress) note(after time.Duration) {
	p.seen = append(p.seen, reached{after, p.done.Load()})
	for len(p.seen) > 2 && after-p.seen[0].after > rateWindow {
		p.seen = p.seen[1:]
	}
}

// rate is how much is done in a second; 0: that cannot be said yet.
func (p *progress) rate() float64 {
	if len(p.seen) == 0 {
		return 0
	}
	first, last := reached{}, p.seen[len(p.seen)-1]
	if len(p.seen) > 1 {
		first = p.seen[0]
	}
	if last.after == first.after {
		return 0
	}
	return float64(last.done-first.done) / (last.after - first.after).Seconds()
}

// left is how long the rest takes at this rate; it is false where that cannot be said.
func (p *progress) left() (time.Duration, bool) {
	rest, rate := p.total.Load()-p.done.Load(), p.rate()
	if p.total.Load() == 0 || rest <= 0 || rate <= 0 {
		return 0, false
	}
	seconds := float64(rest) / rate
	if seconds > (100 * time.Hour).Seconds() {
		return 0, false
	}
	return time.Duration(seconds * float64(time.Second)).Round(time.Second), true
}

// share is the part that is done, in whole percent; it is false where the whole is not known.
func (p *progress) share() (percent int, known bool) {
	done, total := p.done.Load(), p.total.Load()
	if total <= 0 || done > total {
		return 0, false
	}
	return int(done * 100 / total), true
}

// line is how far work has come in words.
func (p *progress) line() string {
	text := p.what + ": " + p.unit(int(p.done.Load()))
	if share, ok := p.share(); ok {
		text += fmt.Sprintf(" of %s (%d %%)", p.unit(int(p.total.Load())), share)
	}
	if rate := p.rate(); rate > 0 {
		text += ", " + p.unit(int(rate)) + " a second"
	}
	if left, ok := p.left(); ok {
		text += ", " + clock(left) + " left"
	}
	return text
}

// Bounds of the bar, in columns.
const (
	leastBar = 10
	mostBar  = 30
)

// bar is how far work has come in one line of a terminal. What does not fit is left out, the amounts first.
func (p *progress) bar(columns int) string {
	text := []string{p.what}
	share, known := p.share()
	if known {
		text = append(text, fmt.Sprintf("%3d %%", share))
	}
	amounts := p.unit(int(p.done.Load()))
	if known {
		amounts += " of " + p.unit(int(p.total.Load()))
	}
	var rate, left string
	if r := p.rate(); r > 0 {
		rate = p.unit(int(r)) + "/s"
	}
	if l, ok := p.left(); ok {
		left = clock(l) + " left"
	}
	most := columns - 1 // a terminal may go on to the next line once the last column is written
	room := most - columnsOf(text)
	if known {
		room -= leastBar + 2
	}
	for _, more := range []string{left, rate, amounts} { // what matters most gets room first
		need := utf8.RuneCountInString(more) + 2
		if more == "" || need > room {
			continue
		}
		room -= need
		text = append(text[:min(2, len(text))], append([]string{more}, text[min(2, len(text)):]...)...)
	}
	if known && room >= 0 {
		width := min(leastBar+room, mostBar)
		full := share * width / 100
		text = append([]string{text[0], strings.Repeat("█", full) + strings.Repeat("░", width-full)}, text[1:]...)
	}
	whole := []rune(strings.Join(text, "  "))
	return string(whole[:min(len(whole), max(most, 0))])
}

// columnsOf is the width of texts with two columns between them.
func columnsOf(texts []string) int {
	n := 2 * (len(texts) - 1)
	for _, t := range texts {
		n += utf8.RuneCountInString(t)
	}
	return n
}

// clock is a time as people read it: 0:24, 1:02:03.
func clock(d time.Duration) string {
	s := int(d.Seconds())
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

func megabytes(n int) string { return thousands((n+500_000)/1_000_000) + " MB" }

// A screen is a terminal with a line at its bottom that changes. Whatever else is written to it takes the place of that line.
type screen struct {
	mu    sync.Mutex
	to    io.Writer
	width func() int // columns; 0: not known
	shown int        // columns of the line that stands there
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
	return s.to.Write(b)
}

// show puts another line in the place of the one that stands there; an empty one takes it away.
func (s *screen) show(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
	_, _ = io.WriteString(s.to, line) // a terminal that is gone has nobody before it
	s.shown = utf8.RuneCountInString(line)
}

// clear writes over the line. No control sequence is needed, which some terminals would show.
func (s *screen) clear() {
	if s.shown > 0 {
		_, _ = io.WriteString(s.to, "\r"+strings.Repeat(" ", s.shown)+"\r")
		s.shown = 0
	}
}

func (s *screen) columns() int {
	if n := s.width(); n > 0 {
		return n
	}
	return 80
}

// standardError is where people are told things, and whether it is a terminal or a log.
func standardError() (to io.Writer, on *screen, logged bool) {
	fd := int(os.Stderr.Fd())
	if term.IsTerminal(fd) && os.Getenv("TERM") != "dumb" {
		on = &screen{to: os.Stderr, width: func() int { w, _, _ := term.GetSize(fd); return w }}
		return on, on, false
	}
	s, err := os.Stderr.Stat()
	return os.Stderr, nil, os.Getenv("CI") != "" || err == nil && s.Mode().IsRegular()
}
