package github_test

import (
	"strings"
	"testing"

	"github.com/headgate/headgate/integrations/github/githubtest"
)

func TestAReviewOfWhatWasMergedIsAnApproval(t *testing.T) {
	for name, c := range map[string]struct {
		act  func(r *githubtest.Repository, p *githubtest.PullRequest)
		want string // who approved; empty: nobody
	}{
		"approved": {func(_ *githubtest.Repository, p *githubtest.PullRequest) { p.Review("Ana", "APPROVED", "") }, "@ana"},
		"approved by two": {func(_ *githubtest.Repository, p *githubtest.PullRequest) {
			p.Review("bo", "APPROVED", "")
			p.Review("ana", "APPROVED", "")
		}, "@ana @bo"},
		"approved and then remarked on": {func(_ *githubtest.Repository, p *githubtest.PullRequest) {
			p.Review("ana", "APPROVED", "")
			p.Review("ana", "COMMENTED", "a detail")
		}, "@ana"},
		"nobody":        {func(*githubtest.Repository, *githubtest.PullRequest) {}, ""},
		"only a remark": {func(_ *githubtest.Repository, p *githubtest.PullRequest) { p.Review("ana", "COMMENTED", "fine") }, ""},
		"taken back": {func(_ *githubtest.Repository, p *githubtest.PullRequest) {
			p.Review("ana", "APPROVED", "")
			p.Review("ana", "CHANGES_REQUESTED", "wait")
		}, ""},
		"dismissed": {func(_ *githubtest.Repository, p *githubtest.PullRequest) {
			p.Review("ana", "APPROVED", "")
			p.Review("ana", "DISMISSED", "")
		}, ""},
		"of an older head": {func(r *githubtest.Repository, p *githubtest.PullRequest) {
			p.Review("ana", "APPROVED", "")
			r.Commit("waive", githubtest.Files{".headgate/waivers.yaml": "waivers: [other]\n"}, "dev")
		}, ""},
		"by who opened it": {func(_ *githubtest.Repository, p *githubtest.PullRequest) { p.Review("dev", "APPROVED", "") }, ""},
		"by who made a commit of it": {func(r *githubtest.Repository, p *githubtest.PullRequest) {
			r.Commit("waive", githubtest.Files{"more": "x"}, "ana")
			p.Review("ana", "APPROVED", "")
		}, ""},
		"after the merge": {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			g := githubtest.New(t, githubtest.Options{})
			r := g.Repository("acme/shop")
			for _, login := range []string{"ana", "bo", "dev"} {
				r.Collaborator(login, "write")
			}
			r.Commit("main", githubtest.Files{"a": "a"})
			r.Commit("waive", githubtest.Files{".headgate/waivers.yaml": "waivers: []\n"}, "dev")
			p := r.Pull(githubtest.PullOptions{Head: "waive", Login: "dev"})
			if c.act != nil {
				c.act(r, p)
			}
			merged := p.Squash()
			if c.act == nil {
				p.Review("ana", "APPROVED", "")
			}
			approvals := readerOf(t, g, r, "contents: read", "pull-requests: read").Approvals(t.Context())
			reviews, err := approvals(merged)
			if err != nil {
				t.Fatal(err)
			}
			var who []string
			for _, one := range reviews {
				who = append(who, one.Approver)
				if !strings.HasPrefix(one.How, "approved by "+one.Approver+" in pull request #1") {
					t.Errorf("how: %s", one.How)
				}
			}
			if have := strings.Join(who, " "); have != c.want {
				t.Errorf("approved by %q, want %q", have, c.want)
			}
			asked := len(g.Requests())
			if _, err := approvals(merged); err != nil || len(g.Requests()) != asked {
				t.Errorf("asked again: %v", err)
			}
		})
	}
}

func TestWhatIsNotMergedOrNotReadableApprovesNothing(t *testing.T) {
	g := githubtest.New(t, githubtest.Options{})
	r := g.Repository("acme/shop").Private()
	r.Commit("main", githubtest.Files{"a": "a"})
	open := r.Commit("waive", githubtest.Files{"b": "b"}, "dev")
	p := r.Pull(githubtest.PullOptions{Head: "waive", Login: "dev"})
	p.Review("ana", "APPROVED", "")
	approvals := readerOf(t, g, r, "contents: read", "pull-requests: read").Approvals(t.Context())
	if reviews, err := approvals(open); err != nil || len(reviews) > 0 {
		t.Errorf("an open pull request: %v, %v", reviews, err)
	}
	if _, err := approvals("main"); err == nil {
		t.Error("a branch is taken for a commit")
	}
	if _, err := readerOf(t, g, r, "contents: read").Approvals(t.Context())(p.Squash()); err == nil || !strings.Contains(err.Error(), "pull") {
		t.Errorf("without permission: %v", err)
	}
}
