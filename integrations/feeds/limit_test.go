package feeds

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine/intel"
)

func TestAnswerThatNeverEndsIsCutAtTheLimit(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, strings.Repeat(" ", 1000)); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	d, err := openFolder(Options{Dir: t.TempDir(), Now: time.Unix(0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	f := feed{kind: intel.FeedKEV, file: "kev.json", limit: 10_000, timeout: time.Minute, store: storeAsIs}
	c := newClient(Options{Client: server.Client()})
	err = c.get(t.Context(), request{address: server.URL}, f, func(a answer) error {
		_, err := d.stage(f, a.body)
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "the server sends more than") {
		t.Errorf("%v", err)
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

func TestArchiveThatUnpacksToTooMuchIsCut(t *testing.T) {
	u := &unpacked{r: strings.NewReader(strings.Repeat("x", 100)), left: 99}
	if n, err := io.Copy(io.Discard, u); err == nil {
		t.Errorf("all %d bytes were read", n)
	}
}

func TestServerThatDoesNotAnswerIsGivenUp(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	f := feed{kind: intel.FeedKEV, limit: 1, timeout: time.Millisecond}
	c := newClient(Options{Client: server.Client(), Pause: func(context.Context, time.Duration) error { return nil }})
	err := c.get(t.Context(), request{address: server.URL}, f, func(answer) error { return errors.New("used") })
	if err == nil || !strings.Contains(err.Error(), "no answer") {
		t.Errorf("%v", err)
	}
}
