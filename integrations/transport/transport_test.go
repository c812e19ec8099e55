package transport_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/headgate/headgate/integrations/transport"
)

// A clock that passes at once, and keeps what was waited for.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.slept = append(c.slept, d)
	return ctx.Err()
}

var start = time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)

const token = "Bearer ghs_0123456789secret"

// A setting is a server that answers with the given handlers in turn, the last one for good, and a transport to it.
type setting struct {
	*transport.Transport
	clock *clock
	url   string

	mu       sync.Mutex
	requests []string
}

// seen has method, path and body of each request.
func (s *setting) seen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

func serve(t *testing.T, o transport.Options, answers ...http.HandlerFunc) *setting {
	t.Helper()
	s := &setting{clock: &clock{now: start}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.requests = append(s.requests, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+string(body)))
		answer := answers[min(len(s.requests), len(answers))-1]
		s.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	if o.Authorization == nil {
		o.Authorization = map[string]string{server.URL: token}
	}
	o.Clock = s.clock
	var err error
	if s.Transport, err = transport.New(o); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *setting) do(t *testing.T, method, body string) (*http.Response, string, error) {
	t.Helper()
	return s.doContext(t, context.Background(), method, body)
}

func (s *setting) doContext(t *testing.T, ctx context.Context, method, body string) (*http.Response, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, s.url+"/x", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := s.Client().Do(req)
	if err != nil {
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("the token is in an error: %v", err)
		}
		return nil, "", err
	}
	defer res.Body.Close()
	all, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("an answer is read whole before it is given: %v", err)
	}
	return res, string(all), nil
}

func status(code int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(code)
		io.WriteString(w, body)
	}
}

func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func cutShort(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	w.WriteHeader(http.StatusCreated)
	io.WriteString(w, `{"id": 1, `)
	panic(http.ErrAbortHandler)
}

func TestWaitsAsLongAsTheServiceAsks(t *testing.T) {
	secondary := `{"message": "You have exceeded a secondary rate limit.", "documentation_url": "https://docs.github.com/x#secondary-rate-limits"}`
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   time.Duration
	}{
		"429 with seconds":         {status(429, "", "Retry-After", "7"), 7 * time.Second},
		"429 with a date":          {status(429, "", "Retry-After", "Sun, 22 Nov 2026 08:00:09 GMT"), 9 * time.Second},
		"429 without a word":       {status(429, ""), time.Second},
		"429 and at once":          {status(429, "", "Retry-After", "0"), time.Second},
		"429 with a date gone by":  {status(429, "", "Retry-After", "Sun, 22 Nov 2026 07:00:09 GMT"), time.Second},
		"429 of Jira":              {status(429, "", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "2026-11-22T08:01Z"), time.Minute},
		"403 with seconds":         {status(403, "", "Retry-After", "30"), 30 * time.Second},
		"403 of the primary limit": {status(403, "", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", fmt.Sprint(start.Unix()+45)), 45 * time.Second},
		"403 of a secondary limit": {status(403, secondary), time.Minute},
		"429 of a secondary limit": {status(429, secondary), time.Minute},
		"503 with seconds":         {status(503, "", "Retry-After", "3"), 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, transport.Options{}, c.answer, status(201, "done"))
			res, body, err := s.do(t, "POST", "once")
			if err != nil || res.StatusCode != 201 || body != "done" {
				t.Fatalf("got %v, %q, %v", res, body, err)
			}
			if !slices.Equal(s.clock.slept, []time.Duration{c.want}) {
				t.Errorf("waited %v, want %v", s.clock.slept, c.want)
			}
			if !slices.Equal(s.seen(), []string{"POST /x once", "POST /x once"}) {
				t.Errorf("the second request differs: %q", s.seen())
			}
		})
	}
}

func TestLackOfPermissionIsNoLimit(t *testing.T) {
	s := serve(t, transport.Options{}, status(403, `{"message": "Resource not accessible by integration"}`, "X-RateLimit-Remaining", "4999"))
	res, body, err := s.do(t, "POST", "")
	if err != nil || res.StatusCode != 403 || !strings.Contains(body, "not accessible") || len(s.seen()) != 1 {
		t.Errorf("got %v, %q, %v after %d requests", res, body, err, len(s.seen()))
	}
}

func TestRepeatsWhatIsSafeToRepeat(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"502": status(502, ""), "503": status(503, ""), "503 soon": status(503, "", "Retry-After", "soon"), "504": status(504, ""), "no answer": hangUp, "half an answer": cutShort,
	} {
		for _, method := range []string{"GET", "HEAD", "PUT", "DELETE"} {
			if method == "HEAD" && name == "half an answer" {
				continue // it has no body to be cut
			}
			t.Run(name+" to "+method, func(t *testing.T) {
				s := serve(t, transport.Options{}, answer, answer, status(200, ""))
				res, _, err := s.do(t, method, "")
				if err != nil || res.StatusCode != 200 {
					t.Fatalf("got %v, %v", res, err)
				}
				if want := []time.Duration{time.Second, 2 * time.Second}; !slices.Equal(s.clock.slept, want) {
					t.Errorf("waited %v, want %v", s.clock.slept, want)
				}
			})
		}
		for _, method := range []string{"POST", "PATCH"} {
			t.Run(name+" to "+method+", declared", func(t *testing.T) {
				s := serve(t, transport.Options{}, answer, status(200, ""))
				res, _, err := s.doContext(t, transport.Repeatable(context.Background()), method, "")
				if err != nil || res.StatusCode != 200 {
					t.Fatalf("got %v, %v", res, err)
				}
			})
			t.Run(name+" to "+method, func(t *testing.T) {
				s := serve(t, transport.Options{}, answer, status(200, ""))
				_, _, err := s.do(t, method, "")
				if lost := (*transport.Lost)(nil); !errors.As(err, &lost) {
					t.Fatalf("got %v, want that it is lost", err)
				}
				if len(s.seen()) != 1 {
					t.Errorf("it was sent %d times", len(s.seen()))
				}
			})
		}
	}
}

func TestWhatIsToBeSentOnceIsSentOnceWhateverItsMethod(t *testing.T) {
	s := serve(t, transport.Options{}, status(502, ""), status(200, ""))
	_, _, err := s.doContext(t, transport.Once(context.Background()), "PUT", "")
	if lost := (*transport.Lost)(nil); !errors.As(err, &lost) {
		t.Fatalf("got %v, want that it is lost", err)
	}
	if len(s.seen()) != 1 {
		t.Errorf("it was sent %d times", len(s.seen()))
	}
}

func TestCreateWithoutAnswerInTimeIsLost(t *testing.T) {
	s := serve(t, transport.Options{Timeout: 20 * time.Millisecond}, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	_, _, err := s.do(t, "POST", "")
	lost := (*transport.Lost)(nil)
	if !errors.As(err, &lost) || lost.Path != "/x" || !strings.Contains(err.Error(), "within 20ms") {
		t.Errorf("got %v", err)
	}
	if len(s.seen()) != 1 {
		t.Errorf("it was sent %d times", len(s.seen()))
	}
}

func TestCreateThatWasNeverSentIsSentAgain(t *testing.T) {
	broken := serve(t, transport.Options{}, status(500, `{"message": "a\u001b[31mb"}`))
	if _, _, err := broken.do(t, "POST", ""); err == nil || !strings.HasSuffix(err.Error(), "500 Internal Server Error: a [31mb") {
		t.Errorf("got %v", err)
	}
	closed := httptest.NewServer(nil)
	closed.Close()
	c := &clock{now: start}
	tr, err := transport.New(transport.Options{Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	_, err = tr.Client().Post(closed.URL, "", nil)
	if err == nil || errors.As(err, new(*transport.Lost)) || tr.Counts().Requests != 4 {
		t.Errorf("got %v after %d requests", err, tr.Counts().Requests)
	}
}

func TestGivesUpAfterSomeAttempts(t *testing.T) {
	s := serve(t, transport.Options{Attempts: 3}, status(502, "bad gateway"))
	res, body, err := s.do(t, "GET", "")
	if err != nil || res.StatusCode != 502 || body != "bad gateway" || len(s.seen()) != 3 {
		t.Errorf("got %v, %q, %v after %d requests", res, body, err, len(s.seen()))
	}
}

func TestDoesNotWaitForeverAndAsksNoMoreMeanwhile(t *testing.T) {
	for _, after := range []string{"3600", "99999999999999999999", "Sun, 22 Nov 2026 09:00:00 GMT"} {
		s := serve(t, transport.Options{}, status(429, `{"message": "slow\u001b[2J\ndown"}`, "Retry-After", after), status(200, ""))
		for range 2 {
			_, _, err := s.do(t, "GET", "")
			limited := (*transport.Limited)(nil)
			if !errors.As(err, &limited) || limited.Until.Before(start.Add(time.Hour)) || limited.Reason != "slow [2J down" {
				t.Fatalf("got %v", err)
			}
		}
		if len(s.seen()) != 1 || len(s.clock.slept) != 0 {
			t.Errorf("%d requests, waited %v", len(s.seen()), s.clock.slept)
		}
		s.clock.now = start.Add(25 * time.Hour)
		if res, _, err := s.do(t, "GET", ""); err != nil || res.StatusCode != 200 {
			t.Errorf("afterwards: %v, %v", res, err)
		}
	}
}

func TestLimitOfOneIssueLeavesTheOthersAlone(t *testing.T) {
	s := serve(t, transport.Options{}, status(429, "", "Retry-After", "3600", "RateLimit-Reason", "jira-per-issue-on-write"), status(200, ""))
	if _, _, err := s.do(t, "PUT", ""); !errors.As(err, new(*transport.Limited)) {
		t.Fatalf("got %v", err)
	}
	if res, _, err := s.do(t, "PUT", ""); err != nil || res.StatusCode != 200 {
		t.Errorf("another issue: %v, %v", res, err)
	}
}

func TestTotalWaitIsBounded(t *testing.T) {
	s := serve(t, transport.Options{Attempts: 100, MaxWait: 10 * time.Second}, status(502, ""))
	if res, _, err := s.do(t, "GET", ""); err != nil || res.StatusCode != 502 {
		t.Fatalf("got %v, %v", res, err)
	}
	if waited := s.Counts().Waited; waited > 10*time.Second || waited < 7*time.Second {
		t.Errorf("waited %v", waited)
	}
}

func TestAnswerThatIsTooLargeIsAnError(t *testing.T) {
	big := func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, strings.Repeat("x", 101)) }
	zipped := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		defer z.Close()
		io.WriteString(z, strings.Repeat("x", 1<<20))
	}
	for name, answer := range map[string]http.HandlerFunc{"plain": big, "compressed": zipped} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, transport.Options{MaxBody: 100}, answer)
			if _, _, err := s.do(t, "GET", ""); err == nil || !strings.Contains(err.Error(), "larger than 100 bytes") || len(s.seen()) != 1 {
				t.Errorf("got %v after %d requests", err, len(s.seen()))
			}
			if _, _, err := s.do(t, "POST", ""); !errors.As(err, new(*transport.Lost)) {
				t.Errorf("a create: got %v", err)
			}
		})
	}
	s := serve(t, transport.Options{MaxBody: 101}, big)
	if _, body, err := s.do(t, "GET", ""); err != nil || len(body) != 101 {
		t.Errorf("at the limit: %d bytes, %v", len(body), err)
	}
}

func TestWritesArePaced(t *testing.T) {
	s := serve(t, transport.Options{WritesPerMinute: 3}, status(200, ""))
	for range 7 {
		s.clock.now = s.clock.now.Add(time.Second)
		if _, _, err := s.do(t, "PUT", ""); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.do(t, "GET", ""); err != nil {
			t.Fatal(err)
		}
	}
	// The fourth waits for a minute after the first, which leaves room for the next two; the seventh again.
	if want := []time.Duration{57 * time.Second, 57 * time.Second}; !slices.Equal(s.clock.slept, want) {
		t.Errorf("waited %v, want %v", s.clock.slept, want)
	}
	if c := s.Counts(); c.Requests != 14 || c.Writes != 7 || c.Waited != 114*time.Second {
		t.Errorf("counts %+v", c)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestOneWriteAtATimeAndReadsBeside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var writing, reading atomic.Int64
		next := make(chan struct{})
		tr, err := transport.New(transport.Options{Base: roundTrip(func(r *http.Request) (*http.Response, error) {
			under := &writing
			if r.Method == "GET" {
				under = &reading
			}
			under.Add(1)
			<-next
			under.Add(-1)
			return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
		})})
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		const each = 4
		for i := range 2 * each {
			all.Go(func() {
				req := httptest.NewRequest([]string{"POST", "GET"}[i%2], "https://api.github.com/x", nil)
				if _, err := tr.RoundTrip(req); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if reading.Load() != each {
			t.Errorf("%d reads at a time, want all", reading.Load())
		}
		for range 2 * each {
			synctest.Wait()
			if n := writing.Load(); n > 1 {
				t.Errorf("%d writes at a time", n)
			}
			next <- struct{}{}
		}
		all.Wait()
	})
}

func TestEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	s := serve(t, transport.Options{}, func(w http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() })
	if _, _, err := s.doContext(t, ctx, "GET", ""); !errors.Is(err, context.Canceled) || len(s.seen()) != 1 {
		t.Errorf("got %v after %d requests", err, len(s.seen()))
	}
}

func TestDoesNotWaitPastTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // whose clock stands still unless somebody waits
		asked := 0
		tr, err := transport.New(transport.Options{Base: roundTrip(func(*http.Request) (*http.Response, error) {
			asked++
			return &http.Response{StatusCode: 429, Header: http.Header{"Retry-After": {"60"}}, Body: http.NoBody}, nil
		})})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		_, err = tr.RoundTrip(httptest.NewRequest("GET", "https://api.github.com/x", nil).WithContext(ctx))
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "while waiting for 1m0s") || asked != 1 {
			t.Errorf("got %v after %d requests", err, asked)
		}
		if !time.Now().Equal(began) {
			t.Error("it waited, though there was no time for it")
		}
	})
}

func TestEmptyBodyIsSentAsNone(t *testing.T) {
	var got []string
	s := serve(t, transport.Options{}, func(_ http.ResponseWriter, r *http.Request) {
		got = append(got, fmt.Sprint(r.ContentLength, r.TransferEncoding))
	})
	for _, method := range []string{"GET", "POST", "DELETE"} {
		req, err := http.NewRequest(method, s.url, io.NopCloser(strings.NewReader("")))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Client().Do(req); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(got, []string{"0 []", "0 []", "0 []"}) {
		t.Errorf("got %q", got)
	}
}
