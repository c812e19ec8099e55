package github

import (
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/integrations/github/githubtest"
)

func TestThereIsOneCommentThatStaysCurrent(t *testing.T) {
	s := newScene(t)
	e := s.client().Comment(t.Context(), s.comment(1, "blocked by 3"))
	did(t, e, engine.DidCreate)
	if e.ID == "" || !strings.Contains(e.URL, "#issuecomment-") || e.Key != "pull/1/gate" || !strings.HasSuffix(e.Place, "/acme/shop") {
		t.Errorf("the effect is %+v", e)
	}
	s.wants("blocked by 3")
	did(t, s.client().Comment(t.Context(), s.comment(2, "blocked by 2")), engine.DidUpdate)
	s.wants("blocked by 2")

	s.repo.Commit("fix", githubtest.Files{"code.go": twelve + "13\n"})
	did(t, s.client().Comment(t.Context(), s.comment(3, "blocked by 2")), engine.DidUpdate) // the same, about another commit
	s.wants("blocked by 2")
}

func TestWhatSaysTheSameIsNotWritten(t *testing.T) {
	s := newScene(t)
	s.client().Comment(t.Context(), s.comment(1, "blocked"))
	s.Forget()
	again := s.comment(2, "blocked")
	again.Text.Body = "blocked, as of today" // what differs and does not matter
	did(t, s.client().Comment(t.Context(), again), engine.DidNothing)
	if writes := s.Writes(); len(writes) > 0 {
		t.Errorf("written: %v", writes)
	}
}

func TestNothingToReportMakesNoCommentAndResolvesOne(t *testing.T) {
	s := newScene(t)
	nothing := s.comment(1, "resolved")
	nothing.Nothing = true
	did(t, s.client().Comment(t.Context(), nothing), engine.DidNothing)
	s.wants()
	s.client().Comment(t.Context(), s.comment(2, "blocked"))
	nothing.Run.ID = 3
	did(t, s.client().Comment(t.Context(), nothing), engine.DidUpdate)
	s.wants("resolved")
}

// A comment with our mark by somebody else is bait: edited by us, it would be theirs to rewrite afterwards.
func TestACommentThatSomebodyPlantedIsLeftAlone(t *testing.T) {
	s := newScene(t)
	for _, who := range []string{"mallory", "github-actions", "other-app[bot]"} {
		w := s.comment(9, "pass, says "+who)
		s.pull.Comment(who, w.marked())
	}
	s.pull.Comment(me, "a comment of another job")
	other := s.comment(9, "of another key")
	other.Key = "gate-two"
	s.pull.Comment(me, other.marked())
	did(t, s.client().Comment(t.Context(), s.comment(1, "blocked")), engine.DidCreate)
	s.wants("of another key", "blocked")
	for _, m := range s.pull.Comments()[:3] {
		if !strings.Contains(m.Body, "pass, says "+m.Login) {
			t.Errorf("the comment of %s became %q", m.Login, m.Body)
		}
	}
}

func TestACommentThatSomebodyEditedIsWrittenAgain(t *testing.T) {
	s := newScene(t)
	first := s.comment(1, "blocked")
	s.pull.Comment(me, strings.Replace(first.marked(), "\nblocked", "\npass", 1))
	did(t, s.client().Comment(t.Context(), s.comment(2, "blocked")), engine.DidUpdate)
	s.wants("blocked")
}

func TestTheNewestRunHasTheLastWordOfAHead(t *testing.T) {
	for name, c := range map[string]struct {
		there, says Run
		now         string
		want        string
	}{
		"an older run of the same head":    {Run{"head", 7, 1}, Run{"head", 6, 3}, "head", "there"},
		"an earlier attempt":               {Run{"head", 7, 2}, Run{"head", 7, 1}, "head", "there"},
		"a later attempt":                  {Run{"head", 7, 1}, Run{"head", 7, 2}, "head", "says"},
		"an old head after the new one":    {Run{"head", 7, 1}, Run{"old", 8, 1}, "head", "there"},
		"a new head":                       {Run{"old", 7, 1}, Run{"head", 6, 1}, "head", "says"},
		"two old heads, the run newer":     {Run{"older", 7, 1}, Run{"old", 8, 1}, "head", "says"},
		"two old heads, the run older":     {Run{"old", 8, 1}, Run{"older", 7, 1}, "head", "there"},
		"a run outside of workflows":       {Run{"head", 0, 0}, Run{"head", 0, 0}, "head", "says"},
		"a mark with what is no number":    {Run{"head", -1, 0}, Run{"head", 1, 1}, "head", "says"},
		"edited, and by a newer run of it": {Run{"head", 9, 1}, Run{"head", 8, 1}, "head", "there"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			there, says := s.comment(0, "there"), s.comment(0, "says")
			there.Run, says.Run, says.Now = c.there, c.says, c.now
			s.pull.Comment(me, there.marked())
			s.client().Comment(t.Context(), says)
			s.wants(c.want)
		})
	}
}

func TestATextThatIsTooLongIsSentOnceMoreInItsCompactForm(t *testing.T) {
	s := newScene(t)
	did(t, s.client().Comment(t.Context(), s.comment(1, strings.Repeat("é", longestComment+1))), engine.DidCreate)
	s.wants("short")
	if n := len(s.Writes()); n != 1 {
		t.Errorf("%d writes, though the length is known before", n)
	}

	s = newScene(t) // a server with a limit that we do not know
	s.Fail("POST */comments", githubtest.Status(422))
	did(t, s.client().Comment(t.Context(), s.comment(1, "long")), engine.DidCreate)
	s.wants("short")

	s = newScene(t)
	s.FailAll("POST */comments", githubtest.Status(422))
	e := s.client().Comment(t.Context(), s.comment(1, "long"))
	did(t, e, engine.DidDegrade)
	if n := len(s.Writes()); n != 2 || !strings.Contains(e.Why, "422") {
		t.Errorf("%d writes, %s", n, e.Why)
	}
}

func TestAConversationOfManyPagesIsReadToItsEnd(t *testing.T) {
	s := newScene(t)
	first := s.comment(1, "first")
	for range 230 {
		s.pull.Comment("ana", "me too")
	}
	s.pull.Comment(me, first.marked())
	did(t, s.client().Comment(t.Context(), s.comment(2, "second")), engine.DidUpdate)
	s.wants("second")
}

func TestATokenOfAPersonKnowsItsOwnComment(t *testing.T) {
	s := newScene(t)
	s.repo.Collaborator("robo", "write")
	s.token = s.Token(githubtest.Token{Login: "robo"})
	s.client().Comment(t.Context(), s.comment(1, "first"))
	did(t, s.client().Comment(t.Context(), s.comment(2, "second")), engine.DidUpdate)

	// GraphQL does not answer, so that nobody says who we are: the guess is corrected by what we write.
	s.FailAll("POST /graphql", githubtest.Status(502))
	did(t, s.client().Comment(t.Context(), s.comment(3, "third")), engine.DidCreate)
	var texts []string
	for _, m := range s.pull.Comments() {
		_, text, _ := strings.Cut(m.Body, " -->\n")
		texts = append(texts, text)
	}
	if strings.Join(texts, ",") != "third" {
		t.Errorf("there are %q", texts)
	}
}
