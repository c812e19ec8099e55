package github

import (
	"fmt"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/integrations/github/githubtest"
)

// check is a verdict with so many annotations.
func (s *scene) check(n int) Check {
	c := Check{Name: "Headgate", Key: "gate", Head: s.pull.HeadSHA(), Conclusion: CheckFailure, Title: "Blocked", Summary: "by **3**", Digest: "3"}
	for i := range n {
		c.Annotations = append(c.Annotations, CheckAnnotation{Path: "code.go", Lines: Lines{i + 1, i + 1}, Level: "warning", Title: fmt.Sprint("t", i), Message: "m"})
	}
	return c
}

func (s *scene) wantsCheck(conclusion CheckConclusion, annotations int) {
	s.t.Helper()
	runs := s.repo.CheckRuns()
	if len(runs) == 0 {
		s.t.Fatal("there is no check run")
	}
	last := runs[len(runs)-1]
	if last.HeadSHA != s.pull.HeadSHA() || last.Status != "completed" || last.Conclusion != string(conclusion) || len(last.Annotations) != annotations {
		s.t.Errorf("the check run is %s, %s on %s with %d annotations", last.Status, last.Conclusion, last.HeadSHA, len(last.Annotations))
	}
}

func TestACheckRunHasAllAnnotationsOnce(t *testing.T) {
	for n, writes := range map[int]int{0: 1, 50: 1, 51: 2, 120: 3, 999: 4} {
		s := newScene(t)
		e := s.client().CheckRun(t.Context(), s.check(n))
		did(t, e, engine.DidCreate)
		s.wantsCheck(CheckFailure, min(n, mostAnnotations))
		if have := len(s.Writes()); have != writes || e.ID == "" || e.State["conclusion"] != "failure" {
			t.Errorf("%d annotations: %d writes, effect %+v", n, have, e)
		}
		s.Forget()
		did(t, s.client().CheckRun(t.Context(), s.check(n)), engine.DidNothing)
		if have := s.Writes(); len(have) > 0 {
			t.Errorf("%d annotations, again: written %v", n, have)
		}
	}
}

func TestACheckRunThatSaysOtherWordsIsUpdatedAndOneWithOtherAnnotationsIsNew(t *testing.T) {
	s := newScene(t)
	s.client().CheckRun(t.Context(), s.check(3))
	words := s.check(3)
	words.Conclusion, words.Title, words.Digest = CheckNeutral, "Warned", "1"
	did(t, s.client().CheckRun(t.Context(), words), engine.DidUpdate)
	s.wantsCheck(CheckNeutral, 3)
	if n := len(s.repo.CheckRuns()); n != 1 {
		t.Errorf("there are %d check runs", n)
	}
	did(t, s.client().CheckRun(t.Context(), s.check(2)), engine.DidCreate)
	s.wantsCheck(CheckFailure, 2)
}

// What GitHub goes by is the newest check run of a name: one that said the same some time ago does not count.
func TestAVerdictThatComesBackIsSaidAgain(t *testing.T) {
	s := newScene(t)
	passed := s.check(0)
	passed.Conclusion, passed.Title, passed.Digest = CheckSuccess, "Passed", "0"
	for n, want := range []Check{s.check(2), passed, s.check(2), passed, s.check(2)} {
		want.Run = Run{ID: int64(n + 1), Attempt: 1}
		s.client().CheckRun(t.Context(), want)
		s.wantsCheck(want.Conclusion, len(want.Annotations))
	}
	s.Forget()
	late := passed
	late.Run = Run{ID: 2, Attempt: 1}
	did(t, s.client().CheckRun(t.Context(), late), engine.DidNothing)
	late.Annotations, late.Run.ID = s.check(2).Annotations, 5
	did(t, s.client().CheckRun(t.Context(), late), engine.DidUpdate)
	s.wantsCheck(CheckSuccess, 2)
}

func TestAPersonalTokenMakesNoCheckRun(t *testing.T) {
	s := newScene(t)
	s.repo.Collaborator("robo", "write")
	s.token = s.Token(githubtest.Token{Login: "robo"})
	e := s.client().CheckRun(t.Context(), s.check(1))
	did(t, e, engine.DidDegrade)
	if !strings.Contains(e.Why, "App") && !strings.Contains(e.Why, "app") {
		t.Errorf("why: %s", e.Why)
	}
}

func (s *scene) upload(text string) Upload {
	return Upload{Commit: s.pull.MergeSHA(), Ref: fmt.Sprintf("refs/pull/%d/merge", s.pull.Number()), Category: "headgate/gate/", Digest: text,
		SARIF: []byte(`{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Headgate", "version": "` + text + `"}}, "results": []}]}`)}
}

func TestAnUploadIsMadeOnceForWhatItSays(t *testing.T) {
	s := newScene(t)
	c := s.client()
	e := c.Upload(t.Context(), s.upload("one"))
	did(t, e, engine.DidCreate)
	have := s.repo.SARIFs()
	if len(have) != 1 || have[0].Ref != "refs/pull/1/merge" || have[0].CommitSHA != s.pull.MergeSHA() || string(have[0].Content) != string(s.upload("one").SARIF) {
		t.Fatalf("there are %+v", have)
	}
	said := s.comment(1, "blocked")
	said.Noted = e.State["digest"]
	c.Comment(t.Context(), said)
	again := s.upload("one")
	again.Known = s.client().Memory(t.Context(), s.pull.Number(), "gate")
	did(t, s.client().Upload(t.Context(), again), engine.DidNothing)
	other := s.upload("two")
	other.Known = again.Known
	did(t, s.client().Upload(t.Context(), other), engine.DidCreate)
	if n := len(s.repo.SARIFs()); n != 2 {
		t.Errorf("there are %d uploads", n)
	}
}

func TestAnUploadSaysWhatWasWrongWithIt(t *testing.T) {
	s := newScene(t)
	c := s.client()
	bad := s.upload("one")
	bad.SARIF = []byte(strings.Replace(string(bad.SARIF), `"results": []`, `"results": [{"message": {"text": "nowhere"}}]`, 1))
	e := c.Upload(t.Context(), bad)
	did(t, e, engine.DidCreate)
	for range 3 { // it takes a while to be read
		e = c.Processed(t.Context(), e)
	}
	did(t, e, engine.DidDegrade)
	if !strings.Contains(e.Why, "physical location") {
		t.Errorf("why: %s", e.Why)
	}
	branch := s.upload("x")
	branch.Ref = "main"
	did(t, c.Upload(t.Context(), branch), engine.DidDegrade)
	s.repo.CodeScanningOff()
	e = c.Upload(t.Context(), s.upload("x"))
	did(t, e, engine.DidDegrade)
	if !strings.Contains(e.Why, "Advanced Security") {
		t.Errorf("why: %s", e.Why)
	}
}
