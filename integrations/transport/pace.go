package transport

import (
	"context"
	"net/url"
	"sync"
	"time"
)

// A service is what is known of one server between requests.
type service struct {
	writing chan struct{} // holds one: who writes
	writes  []time.Time   // the last ones, as many as are allowed in a minute, oldest first; for who writes alone

	mu     sync.Mutex
	until  time.Time // no requests before
	reason string
}

func (t *Transport) service(u *url.URL) *service {
	t.mu.Lock()
	defer t.mu.Unlock()
	s, ok := t.services[origin(u)]
	if !ok {
		s = &service{writing: make(chan struct{}, 1)}
		t.services[origin(u)] = s
	}
	return s
}

// enter waits until nobody else writes: services ask for one write at a time, and answer several with limits.
func (s *service) enter(ctx context.Context) error {
	select {
	case s.writing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *service) leave() { <-s.writing }

// close keeps everyone from the service for a while, so that a limit is not run into by each request on its own.
func (s *service) close(until time.Time, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if until.After(s.until) {
		s.until, s.reason = until, reason
	}
}

func (s *service) closed() (until time.Time, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.until, s.reason
}

// pace waits until one more write does not make too many in a minute. The first ones go at once.
func (t *Transport) pace(ctx context.Context, host string, s *service) error {
	if len(s.writes) >= t.options.WritesPerMinute {
		if wait := s.writes[0].Add(time.Minute).Sub(t.options.Clock.Now()); wait > 0 {
			if err := t.sleep(ctx, host, wait); err != nil {
				return err
			}
		}
		s.writes = s.writes[1:]
	}
	s.writes = append(s.writes, t.options.Clock.Now())
	return nil
}

// A Clock tells the time and lets it pass.
type Clock interface {
	Now() time.Time
	// Sleep returns early, with an error, when the context ends.
	Sleep(context.Context, time.Duration) error
}

// WallClock is the real one.
func WallClock() Clock { return realClock{} }

type realClock struct{}

func (realClock) Now() time.Time { return time.Now() }

func (realClock) Sleep(ctx context.Context, d time.Duration) error {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < d {
		return context.DeadlineExceeded // it would wait for nothing
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
