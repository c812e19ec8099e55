package github

import (
	"context"
	"net/http"

	"github.com/google/go-github/v60/github"
)

// An Access is one thing that a token was tried on.
type Access struct {
	What        string // token, or the permission as workflows call it
	Says        string // what could be seen; or what does not work without it
	Err         error  // nil: it could be seen
	Unreachable bool   // no answer came
}

// Examine tries what the token sees of the repository, and changes nothing. What it may write cannot be tried without writing.
func (c *Client) Examine(ctx context.Context) (all []Access) {
	repository, _, err := c.rest.Repositories.Get(ctx, c.owner, c.name)
	if err != nil {
		return []Access{{What: "token", Err: err, Unreachable: status(err) == 0 || status(err) >= http.StatusInternalServerError}}
	}
	seen := "sees a public repository"
	if repository.GetPrivate() {
		seen = "sees a private repository"
	}
	all = append(all, Access{What: "token", Says: seen})
	_, _, err = c.rest.Repositories.GetBranch(ctx, c.owner, c.name, repository.GetDefaultBranch(), 0)
	all = append(all, accessTo("contents", err, "the branch "+oneLine(repository.GetDefaultBranch())+" can be read", "the base commit cannot be read where it is not in the checkout"))
	_, _, err = c.rest.PullRequests.List(ctx, c.owner, c.name, &github.PullRequestListOptions{ListOptions: github.ListOptions{PerPage: 1}})
	return append(all, accessTo("pull-requests", err, "can be read", "the comment and remarks of earlier runs cannot be found"))
}

func accessTo(what string, err error, seen, cost string) Access {
	if err != nil {
		return Access{What: what, Says: cost, Err: err, Unreachable: status(err) == 0}
	}
	return Access{What: what, Says: seen}
}
