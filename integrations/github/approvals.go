package github

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/google/go-github/v60/github"

	"github.com/headgate/headgate/engine/waiver"
)

// Bounds of what is asked about approvals.
const (
	mostAsked   = 50  // commits of one run
	mostReviews = 500 // of a pull request
	mostCommits = 250 // of a pull request, which is as many as the API lists
)

// Approvals are the reviews by which people approved of what commits brought: of the pull request that brought a commit, those that are
// the last word of somebody, approve of the commit that was merged, and are not by who opened it or made any of its commits.
func (c *Client) Approvals(ctx context.Context) func(commit string) ([]waiver.Review, error) {
	type answer struct {
		reviews []waiver.Review
		err     error
	}
	var mu sync.Mutex
	known := map[string]answer{}
	return func(commit string) ([]waiver.Review, error) {
		mu.Lock()
		defer mu.Unlock()
		a, asked := known[commit]
		if !asked {
			if len(known) == mostAsked {
				return nil, fmt.Errorf("more than %d commits would have to be looked up", mostAsked)
			}
			a.reviews, a.err = c.approvals(ctx, commit)
			known[commit] = a
		}
		return a.reviews, a.err
	}
}

func (c *Client) approvals(ctx context.Context, commit string) (all []waiver.Review, err error) {
	if !commitID.MatchString(commit) {
		return nil, fmt.Errorf("%q is no full id of a commit", commit)
	}
	pulls, _, err := c.rest.PullRequests.ListPullRequestsWithCommit(ctx, c.owner, c.name, commit, &github.ListOptions{PerPage: 100})
	if err != nil {
		return nil, errors.New(Why(err))
	}
	for _, p := range pulls {
		if p == nil || p.MergedAt == nil || !strings.EqualFold(p.GetBase().GetRepo().GetFullName(), c.owner+"/"+c.name) {
			continue
		}
		authors, brought, err := c.made(ctx, p, commit)
		if err != nil {
			return nil, err
		}
		if !brought {
			continue
		}
		approvers, err := c.approvers(ctx, p)
		if err != nil {
			return nil, err
		}
		for _, login := range approvers {
			if !slices.Contains(authors, login) {
				all = append(all, waiver.Review{Approver: "@" + login, How: fmt.Sprintf("approved by @%s in pull request #%d", login, p.GetNumber())})
			}
		}
	}
	return all, nil
}

// made is who opened a pull request or made a commit of it, in lower case, and whether the request brought the commit: as the merge of it,
// or as one of its own. Whoever is not known to GitHub cannot be told from the reviewers, so that nobody is an approver then.
func (c *Client) made(ctx context.Context, p *github.PullRequest, commit string) (authors []string, brought bool, err error) {
	authors, brought = []string{lower(p.GetUser())}, p.GetMergeCommitSHA() == commit
	for page := 1; page > 0; {
		commits, answer, err := c.rest.PullRequests.ListCommits(ctx, c.owner, c.name, p.GetNumber(), &github.ListOptions{Page: page, PerPage: 100})
		if err != nil {
			return nil, false, errors.New(Why(err))
		}
		for _, one := range commits {
			brought = brought || one.GetSHA() == commit
			if one.GetAuthor().GetLogin() == "" {
				return nil, brought, fmt.Errorf("commit %.7s of pull request #%d is by nobody whom GitHub knows", one.GetSHA(), p.GetNumber())
			}
			authors = append(authors, lower(one.GetAuthor()))
			if who := lower(one.GetCommitter()); who != "web-flow" {
				authors = append(authors, who)
			}
		}
		if len(authors) > 2*mostCommits+1 {
			return nil, false, fmt.Errorf("pull request #%d has more than %d commits", p.GetNumber(), mostCommits)
		}
		page = answer.NextPage
	}
	return authors, brought, nil
}

// approvers are the logins, in lower case, of those whose last word on a pull request approves of what was merged.
func (c *Client) approvers(ctx context.Context, p *github.PullRequest) (logins []string, err error) {
	last := map[string]*github.PullRequestReview{}
	for page, n := 1, 0; page > 0; {
		reviews, answer, err := c.rest.PullRequests.ListReviews(ctx, c.owner, c.name, p.GetNumber(), &github.ListOptions{Page: page, PerPage: 100})
		if err != nil {
			return nil, errors.New(Why(err))
		}
		if n += len(reviews); n > mostReviews {
			return nil, fmt.Errorf("pull request #%d has more than %d reviews", p.GetNumber(), mostReviews)
		}
		for _, r := range reviews { // the oldest first
			if state := r.GetState(); state == "APPROVED" || state == "CHANGES_REQUESTED" || state == "DISMISSED" {
				last[lower(r.GetUser())] = r
			}
		}
		page = answer.NextPage
	}
	for login, r := range last {
		person := r.GetUser().GetType() == "User" && login != ""
		if person && r.GetState() == "APPROVED" && r.GetCommitID() == p.GetHead().GetSHA() && (p.MergedAt == nil || !r.GetSubmittedAt().After(p.GetMergedAt().Time)) {
			logins = append(logins, login)
		}
	}
	slices.Sort(logins)
	return logins, nil
}

func lower(u *github.User) string { return strings.ToLower(u.GetLogin()) }
