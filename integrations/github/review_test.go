package github

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/integrations/github/githubtest"
)

func remark(fingerprint string, line int, text string) Remark {
	return Remark{Path: "code.go", Lines: Lines{line, line}, Body: text, Fingerprint: fingerprint, Findings: []string{"hg1-" + fingerprint}}
}

// review is what run n has to remark. Only findings that it remarks on ask for something.
func (s *scene) review(n int64, remarks ...Remark) Review {
	head := s.pull.HeadSHA()
	return Review{
		Pull: s.pull.Number(), Key: "gate", Run: Run{Head: head, ID: n, Attempt: 1}, Now: head, Remarks: remarks, Settled: "settled",
		Stands: func(id string) bool {
			for _, r := range remarks {
				if r.Findings[0] == id {
					return true
				}
			}
			return false
		},
	}
}

// remarks are those of the token, by what they say; a star stands behind one that is resolved.
func (s *scene) remarks() []string {
	var all []string
	for _, t := range s.pull.Threads() {
		_, text, ok := strings.Cut(t.Comments[0].Body, " -->\n")
		if !ok || t.Comments[0].Login != me {
			continue
		}
		if t.Resolved {
			text += "*"
		}
		all = append(all, text)
	}
	return all
}

func (s *scene) wantsRemarks(texts ...string) {
	s.t.Helper()
	if have := s.remarks(); fmt.Sprint(have) != fmt.Sprint(texts) {
		s.t.Errorf("there are the remarks %q, wanted %q", have, texts)
	}
}

// mayResolve are the permissions that resolving takes.
var mayResolve = []string{"contents: write", "pull-requests: write"}

func TestRemarksComeInOneReview(t *testing.T) {
	s := newScene(t)
	many := Remark{Path: "code.go", Lines: Lines{6, 7}, Body: "on two lines", Fingerprint: "b", Findings: []string{"hg1-b"}}
	e := s.client().Review(t.Context(), s.review(1, remark("a", 6, "on one"), many))
	did(t, e, engine.DidCreate)
	if n := len(s.Writes()); n != 1 || e.URL == "" || e.State["remarks"] != "2" {
		t.Errorf("%d writes, effect %+v", n, e)
	}
	s.wantsRemarks("on one", "on two lines")
	reviews := s.pull.Reviews()
	if len(reviews) != 1 || reviews[0].State != "COMMENTED" || reviews[0].CommitID != s.pull.HeadSHA() {
		t.Errorf("there are the reviews %+v", reviews)
	}
	if c := s.pull.Threads()[1].Comments[0]; c.StartLine != 6 || c.Line != 7 || c.Side != "RIGHT" {
		t.Errorf("the remark is at %+v", c)
	}
}

func TestRemarksThatAreThereAreUsedAgain(t *testing.T) {
	s := newScene(t)
	s.client().Review(t.Context(), s.review(1, remark("a", 6, "one"), remark("b", 7, "two")))
	s.Forget()
	did(t, s.client().Review(t.Context(), s.review(2, remark("a", 6, "one"), remark("b", 7, "two"))), engine.DidNothing)
	if writes := s.Writes(); len(writes) > 0 {
		t.Errorf("written: %v", writes)
	}
	did(t, s.client().Review(t.Context(), s.review(3, remark("a", 6, "one, worse"), remark("b", 7, "two"))), engine.DidUpdate)
	s.wantsRemarks("one, worse", "two")
	// A push moves the line. The remark is the same one.
	s.repo.Commit("fix", githubtest.Files{"code.go": strings.Replace("0\n"+twelve, "6\n", "six\n6.5\n", 1)})
	did(t, s.client().Review(t.Context(), s.review(4, remark("a", 7, "one, worse"), remark("b", 8, "two"), remark("c", 1, "three"))), engine.DidCreate)
	s.wantsRemarks("one, worse", "two", "three")
}

func TestARemarkIsResolvedOnceItIsDealtWith(t *testing.T) {
	s := newScene(t, mayResolve...)
	s.client().Review(t.Context(), s.review(1, remark("a", 6, "one"), remark("b", 7, "two"), remark("c", 7, "three")))
	left := s.review(2, remark("a", 6, "one"))
	left.Stands = func(id string) bool { return id != "hg1-b" } // c is there still, and not among the worst
	did(t, s.client().Review(t.Context(), left), engine.DidUpdate)
	s.wantsRemarks("one", "two*", "three")
	// It is back.
	did(t, s.client().Review(t.Context(), s.review(3, remark("a", 6, "one"), remark("b", 7, "two"), remark("c", 7, "three"))), engine.DidUpdate)
	s.wantsRemarks("one", "two", "three")
}

// Resolving takes contents: write, which no workflow that only speaks should have.
func TestARemarkSaysItselfThatItIsDealtWithWhereItCannotBeResolved(t *testing.T) {
	s := newScene(t)
	s.client().Review(t.Context(), s.review(1, remark("a", 6, "one")))
	e := s.client().Review(t.Context(), s.review(2))
	did(t, e, engine.DidUpdate)
	if !strings.Contains(e.Why, "contents: write") {
		t.Errorf("why: %s", e.Why)
	}
	s.wantsRemarks("settled")
	s.Forget()
	did(t, s.client().Review(t.Context(), s.review(3)), engine.DidNothing)
	if writes := s.Writes(); len(writes) > 0 {
		t.Errorf("written: %v", writes)
	}
	did(t, s.client().Review(t.Context(), s.review(4, remark("a", 6, "one"))), engine.DidUpdate)
	s.wantsRemarks("one")
}

func TestWhereAPersonAnsweredNothingIsResolvedOrDeleted(t *testing.T) {
	s := newScene(t, mayResolve...)
	s.client().Review(t.Context(), s.review(1, remark("a", 6, "one"), remark("b", 7, "two")))
	first := s.pull.Threads()[0].Comments[0].ID
	s.pull.Reply(first, "ana", "Why?")
	s.client().Review(t.Context(), s.review(2))
	s.wantsRemarks("one", "two*")

	// The same remark four times, as runs make it that race: those with an answer stay.
	s = newScene(t, mayResolve...)
	c := s.client()
	want := s.review(1, remark("a", 6, "one"))
	r := &reviewing{Client: c, want: &want, effect: &engine.Effect{State: map[string]string{}}}
	for range 4 {
		if err := r.create(t.Context(), want.Remarks); err != nil {
			t.Fatal(err)
		}
	}
	for _, answered := range []int{1, 3} {
		s.pull.Reply(s.pull.Threads()[answered].Comments[0].ID, "ana", "Why?")
	}
	did(t, c.Review(t.Context(), want), engine.DidUpdate)
	s.wantsRemarks("one", "one")
	if n := len(s.pull.Threads()[0].Comments); n != 2 {
		t.Errorf("the thread that was answered has %d comments", n)
	}
}

func TestWhatAPersonResolvedStaysResolved(t *testing.T) {
	s := newScene(t, mayResolve...)
	s.client().Review(t.Context(), s.review(1, remark("a", 6, "one")))
	s.pull.Resolve(s.pull.Threads()[0].Comments[0].ID, "ana")
	did(t, s.client().Review(t.Context(), s.review(2, remark("a", 6, "one, worse"))), engine.DidNothing)
	s.wantsRemarks("one*")
}

func TestARemarkThatSomebodyPlantedIsNotOurs(t *testing.T) {
	s := newScene(t, mayResolve...)
	own := s.token
	s.repo.Collaborator("mallory", "write")
	s.token = s.Token(githubtest.Token{Login: "mallory"})
	c := s.client()
	want := s.review(1, remark("a", 6, "x"))
	r := &reviewing{Client: c, want: &want, effect: &engine.Effect{State: map[string]string{}}}
	if err := r.create(t.Context(), want.Remarks); err != nil {
		t.Fatal(err)
	}
	s.token = own
	did(t, s.client().Review(t.Context(), s.review(2, remark("a", 6, "one"))), engine.DidCreate)
	s.wantsRemarks("one")
	if s.pull.Threads()[0].Resolved {
		t.Error("what somebody else wrote was resolved")
	}
}

func TestOneRemarkOffTheDiffDoesNotStopTheOthers(t *testing.T) {
	s := newScene(t)
	off := remark("c", 999, "three")
	e := s.client().Review(t.Context(), s.review(1, remark("a", 6, "one"), remark("b", 7, "two"), off))
	did(t, e, engine.DidCreate)
	if !strings.Contains(e.Why, "out of the diff") {
		t.Errorf("why: %s", e.Why)
	}
	s.wantsRemarks("one", "two")
	if n := len(s.Writes()); n != 2 {
		t.Errorf("%d writes", n)
	}
	s = newScene(t)
	did(t, s.client().Review(t.Context(), s.review(1, off)), engine.DidNothing)
	s.wantsRemarks()
	s = newScene(t) // for a reason that the diff does not tell
	s.FailAll("POST */reviews", githubtest.Status(422))
	did(t, s.client().Review(t.Context(), s.review(1, remark("a", 6, "one"))), engine.DidDegrade)
	if n := len(s.Writes()); n != 1 {
		t.Errorf("%d writes", n)
	}
}

func TestAHeadThatIsOneNoMoreIsNotRemarkedOn(t *testing.T) {
	s := newScene(t)
	want := s.review(1, remark("a", 6, "one"))
	want.Now = "another"
	e := s.client().Review(t.Context(), want)
	did(t, e, engine.DidNothing)
	if len(s.Requests()) > 0 || !strings.Contains(e.Why, "moved on") {
		t.Errorf("%d requests, why: %s", len(s.Requests()), e.Why)
	}
}

func TestManyThreadsAreReadToTheirEnd(t *testing.T) {
	s := newScene(t)
	for i := range 11 {
		var ten []Remark
		for k := range 10 {
			ten = append(ten, remark(fmt.Sprintf("%d-%d", i, k), 6, "x"))
		}
		want := s.review(1, ten...)
		want.Stands = func(string) bool { return true }
		s.client().Review(t.Context(), want)
	}
	s.Forget()
	did(t, s.client().Review(t.Context(), s.review(2, remark("10-9", 6, "x"))), engine.DidUpdate) // the others are settled
	if n := len(s.pull.Threads()); n != 110 {
		t.Errorf("there are %d threads", n)
	}
}

func TestTheLinesOfAPullRequestOf3000Files(t *testing.T) {
	s := newScene(t)
	files := githubtest.Files{"binary": "\x00\x01"}
	for i := range 3100 {
		files[fmt.Sprintf("many/%04d.go", i)] = "package many\n"
	}
	s.repo.Commit("fix", files)
	c := s.client()
	lines, err := c.Lines(t.Context(), s.pull.Number())
	if err != nil {
		t.Fatal(err)
	}
	if n := c.Counts().Requests; n != 30 || len(lines) < 2990 || len(lines) > 3000 {
		t.Errorf("%d requests, %d files", n, len(lines))
	}
	if want := []Lines{{3, 10}}; !reflect.DeepEqual(lines["code.go"], want) {
		t.Errorf("code.go has %v, want %v", lines["code.go"], want)
	}
	for _, none := range []string{"binary", "gone.go", "many/3099.go"} {
		if lines[none] != nil {
			t.Errorf("%s has %v", none, lines[none])
		}
	}
}
