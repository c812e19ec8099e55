package notify_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headgate/headgate/integrations/notify"
)

var (
	key      = []byte("0123456789abcdef0123456789abcdef")
	document = []byte(`{"schema": "headgate.notification/1"}`)
)

// A receiver is strict: it counts what it is sent, refuses what is not signed by the key, and answers as told, the last one for good.
type receiver struct {
	*httptest.Server
	mu      sync.Mutex
	answers []http.HandlerFunc
	took    []string // deliveries, in order
}

func newReceiver(t *testing.T, answers ...http.HandlerFunc) *receiver {
	r := &receiver{answers: answers}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		mac := hmac.New(sha256.New, key)
		mac.Write(body)
		digest := sha256.Sum256(body)
		switch {
		case err != nil, req.Method != http.MethodPost, req.Header.Get("Content-Type") != "application/json", req.UserAgent() != "headgate/test":
			t.Errorf("%s of %q as %q: %v", req.Method, req.Header.Get("Content-Type"), req.UserAgent(), err)
		case !hmac.Equal([]byte(req.Header.Get("X-Headgate-Signature-256")), []byte("sha256="+hex.EncodeToString(mac.Sum(nil)))):
			t.Errorf("a body that the key did not sign: %s", body)
		case req.Header.Get("X-Headgate-Delivery") != hex.EncodeToString(digest[:]):
			t.Error("a delivery that is not named by its body")
		}
		r.mu.Lock()
		answer := r.answers[min(len(r.took), len(r.answers)-1)]
		r.took = append(r.took, req.Header.Get("X-Headgate-Delivery"))
		r.mu.Unlock()
		answer(w, req)
	}))
	t.Cleanup(r.Close)
	return r
}

// deliveries are those that arrived, in order.
func (r *receiver) deliveries() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.took)
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// A clock that passes at once.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.now = c.now.Add(d)
	return ctx.Err()
}

func post(t *testing.T, ctx context.Context, address string) error {
	t.Helper()
	s, err := notify.New(notify.Options{UserAgent: "headgate/test", Clock: &clock{now: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)}})
	if err != nil {
		t.Fatal(err)
	}
	return s.Post(ctx, address, key, document)
}

func TestADocumentArrivesSignedAlsoAfterFailures(t *testing.T) {
	gone := func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }
	limited := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "2")
		w.WriteHeader(http.StatusTooManyRequests)
	}
	for name, answers := range map[string][]http.HandlerFunc{
		"at once": {status(200)}, "with no content": {status(204)}, "after bad gateways": {status(502), status(503), status(202)},
		"after no answer": {gone, status(200)}, "after being asked to wait": {limited, status(200)},
	} {
		r := newReceiver(t, answers...)
		if err := post(t, t.Context(), r.URL+"/hook?token=s3cret"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(r.deliveries()) != len(answers) || r.deliveries()[0] != r.deliveries()[len(r.deliveries())-1] {
			t.Errorf("%s: it took %v", name, r.deliveries())
		}
	}
}

func TestWhatDoesNotArriveIsSaidWithoutTheAddress(t *testing.T) {
	other := newReceiver(t, status(200))
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		tries  int
		want   string
	}{
		"refused":    {status(403), 1, "answers 403 Forbidden"},
		"not there":  {status(404), 1, "answers 404 Not Found"},
		"broken":     {status(502), 3, "answers 502 Bad Gateway"},
		"hanging up": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 3, "no answer"},
		"redirected": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", other.URL+"/s3cret/hook")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}, 1, "where it is not sent"},
		"redirected to what moved": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/v2/hook/s3cret")
			w.WriteHeader(http.StatusMovedPermanently)
		}, 1, "where it is not sent"},
		"made a read": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(http.StatusFound)
		}, 1, "where it is not sent"},
		"too much": {func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, 2<<20)) }, 1, "larger than"},
		"cut short": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "x")
		}, 3, "broke off"},
		"limited for long": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusTooManyRequests)
		}, 1, "too many requests"},
	} {
		r := newReceiver(t, c.answer)
		err := post(t, t.Context(), r.URL+"/s3cret/hook?token=t0ken")
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "t0ken") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if len(r.deliveries()) != c.tries {
			t.Errorf("%s: tried %d times, want %d", name, len(r.deliveries()), c.tries)
		}
	}
	if len(other.deliveries()) != 0 {
		t.Errorf("another host was sent %v", other.deliveries())
	}
}

func TestAServerThatDoesNotAnswerIsNotWaitedForBeyondTheDeadline(t *testing.T) {
	release := make(chan struct{})
	r := newReceiver(t, func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := post(t, ctx, r.URL); err == nil {
		t.Error("it arrived")
	}
}

func TestNothingIsSentToBadAddressesOrUnderShortKeys(t *testing.T) {
	for _, address := range []string{"", "x", "http://hooks.example.com/x", "ftp://a.example", "https://u:p@a.example/x", "https:///x", "http://127.0.0.1.evil.example/", "://"} {
		if notify.Check(address) == nil || post(t, t.Context(), address) == nil {
			t.Errorf("%q is taken", address)
		}
	}
	s, err := notify.New(notify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := newReceiver(t, status(200))
	if err := s.Post(t.Context(), r.URL, []byte("short"), document); err == nil || len(r.deliveries()) != 0 {
		t.Errorf("a short key: %v", err)
	}
}
