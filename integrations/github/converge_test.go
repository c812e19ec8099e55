package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/integrations/github/githubtest"
)

// A mortal sends requests until the run is killed: at a request, before it reached the server or after.
type mortal struct {
	mu    sync.Mutex
	left  int // requests before the last one
	after bool
	kill  context.CancelFunc
	sent  int
}

var errKilled = errors.New("killed")

func (m *mortal) RoundTrip(req *http.Request) (*http.Response, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.left--
	if m.left < -1 || m.left == -1 && !m.after {
		m.kill()
		return nil, errKilled
	}
	m.sent++
	res, err := http.DefaultTransport.RoundTrip(req.WithContext(context.Background()))
	if err == nil && m.left == -1 {
		res.Body.Close()
		m.kill()
		return nil, errKilled
	}
	return res, err
}

// everything makes all effects true that run n wants, and says how many degraded.
func (s *scene) everything(ctx context.Context, c *Client, n int64, text string) (degraded int) {
	now, err := c.State(ctx, s.pull.Number())
	if err != nil {
		return 4
	}
	review := s.review(n, remark("a", 6, text+" a"), remark("b", 7, text+" b"))
	comment, upload, check := s.comment(n, text), s.upload(text), s.check(51)
	review.Now, comment.Now = now.Head, now.Head
	check.Digest, check.Run = text, comment.Run
	effects := []engine.Effect{c.Review(ctx, review)}
	upload.Known = c.Memory(ctx, s.pull.Number(), "gate")
	up := c.Upload(ctx, upload)
	effects = append(effects, up, c.CheckRun(ctx, check))
	if up.Did != engine.DidDegrade {
		comment.Noted = up.State["digest"]
	}
	effects = append(effects, c.Comment(ctx, comment))
	c.Processed(ctx, up)
	for _, e := range effects {
		if e.Did == engine.DidDegrade {
			degraded++
		}
	}
	return degraded
}

// state is all that can be seen outside, without ids and times. An upload that says what is there already replaces itself.
func (s *scene) state() string {
	var all []string
	for _, m := range s.pull.Comments() {
		all = append(all, "comment by "+m.Login+": "+m.Body)
	}
	for _, t := range s.pull.Threads() {
		all = append(all, fmt.Sprintf("remark, resolved %v: %s", t.Resolved, t.Comments[0].Body))
	}
	for _, r := range s.repo.CheckRuns() {
		all = append(all, fmt.Sprintf("check %s %s %s with %d", r.Status, r.Conclusion, r.ExternalID, len(r.Annotations)))
	}
	seen := map[string]bool{}
	for _, u := range s.repo.SARIFs() {
		if key := u.Ref + u.CommitSHA + string(u.Content); !seen[key] {
			all, seen[key] = append(all, "upload "+key), true
		}
	}
	sort.Strings(all)
	return strings.Join(all, "\n")
}

// before is what an earlier run left, and a planted comment.
func (s *scene) before() {
	planted := s.comment(9, "pass")
	s.pull.Comment("mallory", planted.marked())
	if n := s.everything(s.t.Context(), s.client(), 1, "old"); n > 0 {
		s.t.Fatalf("%d effects of the earlier run degraded", n)
	}
}

func TestARunThatIsKilledAtAnyRequestIsCarriedOnByTheNext(t *testing.T) {
	for _, story := range []struct {
		name  string
		begin func(*scene)
	}{{"on a new pull request", func(*scene) {}}, {"after an earlier run", (*scene).before}} {
		calm := newScene(t)
		story.begin(calm)
		counted := &mortal{left: 1 << 30}
		if n := calm.everything(t.Context(), calm.client(counted), 2, "new"); n > 0 {
			t.Fatalf("%s: %d effects degraded", story.name, n)
		}
		if counted.sent < 10 {
			t.Fatalf("%s: only %d requests", story.name, counted.sent)
		}
		want := calm.state()
		for k := range counted.sent {
			for _, after := range []bool{false, true} {
				if !long() && (k%2 == 0) != after { // each request from one side
					continue
				}
				s := newScene(t)
				story.begin(s)
				ctx, kill := context.WithCancel(t.Context())
				s.everything(ctx, s.client(&mortal{left: k, after: after, kill: kill}), 2, "new")
				kill()
				if n := s.everything(t.Context(), s.client(), 2, "new"); n > 0 {
					t.Errorf("%s, killed at request %d (done: %v): %d effects of the next run degraded", story.name, k, after, n)
				}
				if have := s.state(); have != want {
					t.Fatalf("%s, killed at request %d (done: %v):\n%s\nwanted:\n%s", story.name, k, after, have, want)
				}
				s.Forget()
				s.everything(t.Context(), s.client(), 3, "new")
				if writes := s.Writes(); len(writes) > 0 {
					t.Fatalf("%s, killed at request %d (done: %v): run again, unchanged, it wrote %v", story.name, k, after, writes)
				}
			}
		}
	}
}

// A connection that breaks is no death: the run itself goes on, and looks before it writes again.
func TestARunWhoseConnectionBreaksComesToTheSameEnd(t *testing.T) {
	calm := newScene(t)
	calm.before()
	counted := &mortal{left: 1 << 30}
	calm.everything(t.Context(), calm.client(counted), 2, "new")
	want := calm.state()
	faults := map[string]githubtest.Fault{
		"closed": githubtest.Closed(), "closed after it was done": githubtest.Closed().After(), "cut short": githubtest.Truncated(),
		"429": githubtest.Secondary(429, 2), "403 for a while": githubtest.Secondary(403, 2), "502": githubtest.HTML(502), "503 after it was done": githubtest.Status(503).After(),
	}
	tried := 0
	for name, fault := range faults {
		for k := range counted.sent {
			if tried++; !long() && tried%11 != 0 {
				continue
			}
			s := newScene(t)
			s.before()
			var n atomic.Int64
			s.On("* *", func(githubtest.Request) *githubtest.Fault { n.Add(1); return nil })
			hit := func(githubtest.Request) *githubtest.Fault {
				if n.CompareAndSwap(int64(k)+1, int64(k)+2) {
					return &fault
				}
				return nil
			}
			s.On("* *", hit)
			s.After("* *", hit)
			s.everything(t.Context(), s.client(), 2, "new")
			if degraded := s.everything(t.Context(), s.client(), 2, "new"); degraded > 0 {
				t.Errorf("%s at request %d: %d effects of the next run degraded", name, k, degraded)
			}
			if have := s.state(); have != want {
				t.Fatalf("%s at request %d:\n%s\nwanted:\n%s", name, k, have, want)
			}
		}
	}
}

// Two runs at once, interleaved at every request in many ways: there is one comment, that of the newer run, and each remark once.
func TestTwoRunsAtOnceLeaveOneComment(t *testing.T) {
	ways := 12
	if long() {
		ways = 400
	}
	for way := range ways {
		s := newScene(t)
		if way%2 == 1 {
			s.before()
		}
		turns := &turns{pattern: uint64(way) * 0x9E3779B97F4A7C15, waiting: map[string]chan struct{}{}, live: 2}
		var both sync.WaitGroup
		for n := range int64(2) {
			both.Go(func() {
				name := fmt.Sprint("run ", n)
				defer turns.end(name)
				s.everything(t.Context(), s.client(turns.of(name)), n+2, name)
			})
		}
		both.Wait()
		// Where a comment was there before, the older run can have seen that one, and write over what the newer said meanwhile: GitHub has no
		// write that fails then. There is one comment all the same, and the next run sets it right.
		want := "[run 1]"
		if have := s.ours(); fmt.Sprint(have) != want && (way%2 == 0 || fmt.Sprint(have) != "[run 0]") {
			t.Fatalf("way %d: there are the comments %q", way, have)
		}
		if have := s.remarks(); len(have) != 2 || way%2 == 0 && fmt.Sprint(have) != "[run 1 a run 1 b]" {
			t.Fatalf("way %d: there are the remarks %q", way, have)
		}
		s.everything(t.Context(), s.client(), 9, "at last")
		if have := s.ours(); fmt.Sprint(have) != "[at last]" || fmt.Sprint(s.remarks()) != "[at last a at last b]" {
			t.Fatalf("way %d: in the end there are %q and %q", way, have, s.remarks())
		}
	}
}

// long says that tests may take minutes.
func long() bool { return os.Getenv("HEADGATE_LONG") != "" }

// turns let one of several runs send one request at a time, in an order that a number decides.
type turns struct {
	mu      sync.Mutex
	pattern uint64
	waiting map[string]chan struct{}
	live    int
}

func (t *turns) of(name string) http.RoundTripper { return turn{t, name} }

type turn struct {
	*turns
	name string
}

func (t turn) RoundTrip(req *http.Request) (*http.Response, error) {
	t.mu.Lock()
	mine := make(chan struct{})
	t.waiting[t.name] = mine
	t.next()
	t.mu.Unlock()
	<-mine
	return http.DefaultTransport.RoundTrip(req)
}

// next lets one run go on, once all that live wait.
func (t *turns) next() {
	if len(t.waiting) < t.live || t.live == 0 {
		return
	}
	var names []string
	for name := range t.waiting {
		names = append(names, name)
	}
	sort.Strings(names)
	name := names[t.pattern%uint64(len(names))]
	t.pattern = t.pattern>>1 | t.pattern<<63
	close(t.waiting[name])
	delete(t.waiting, name)
}

func (t *turns) end(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.live--
	t.next()
}
