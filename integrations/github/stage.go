package github

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
)

// A FoundPull is a pull request as it is now.
type FoundPull struct {
	Pull
	Open bool
}

// mostPulls is how many pages of open pull requests are looked through for one whose repository is gone.
const mostPulls = 10

// Pulls finds the pull requests that a finished run can have been for, by what GitHub says of the run: the branch that it ran on. Whether
// the commit is still theirs is for the caller to see. What the run left behind has no say in it, as it could name any pull request; and
// the list that the event itself has is empty for forks.
func (c *Client) Pulls(ctx context.Context, w *WorkflowRun) ([]FoundPull, error) {
	owner, _, named := strings.Cut(w.Head.Repository, "/")
	o := &github.PullRequestListOptions{State: "all", Sort: "updated", Direction: "desc", ListOptions: github.ListOptions{PerPage: 100}}
	if named {
		o.Head = owner + ":" + w.Head.Ref
	} else {
		o.State = "open" // GitHub names no owner of a repository that is gone
	}
	var all []FoundPull
	for range mostPulls {
		pulls, res, err := c.rest.PullRequests.List(ctx, c.owner, c.name, o)
		if err != nil {
			return nil, errors.New(why(err, "pull-requests: read"))
		}
		if pulls == nil {
			return nil, fmt.Errorf("the pull requests: %w", errNoAnswer)
		}
		for _, p := range pulls {
			f := foundPull(p)
			if named && strings.EqualFold(f.Head.Repository, w.Head.Repository) || f.Head.SHA == w.Head.SHA {
				all = append(all, f)
			}
		}
		if res.NextPage == 0 {
			break
		}
		o.Page = res.NextPage
	}
	for _, f := range all {
		e := Event{Repository: c.owner + "/" + c.name, Pull: &f.Pull}
		if err := e.checkPayload(); err != nil {
			return nil, fmt.Errorf("pull request %d: %w", f.Number, err)
		}
	}
	return all, nil
}

func foundPull(p *github.PullRequest) FoundPull {
	side := func(b *github.PullRequestBranch) Side {
		return Side{SHA: b.GetSHA(), Ref: b.GetRef(), Repository: b.GetRepo().GetFullName()}
	}
	return FoundPull{
		Pull: Pull{Number: p.GetNumber(), Head: side(p.GetHead()), Base: side(p.GetBase()), Author: p.GetUser().GetLogin()},
		Open: p.GetState() == "open",
	}
}

// Tip is the newest commit of a branch.
func (c *Client) Tip(ctx context.Context, branch string) (string, error) {
	b, _, err := c.rest.Repositories.GetBranch(ctx, c.owner, c.name, branch, 0)
	if err != nil {
		return "", fmt.Errorf("the branch %s: %s", oneLine(branch), why(err, "contents: read"))
	}
	if sha := b.GetCommit().GetSHA(); commitID.MatchString(sha) {
		return sha, nil
	}
	return "", fmt.Errorf("the branch %s: %w", oneLine(branch), errNoAnswer)
}

// MostArtifact is the largest artifact that is fetched, in bytes, packed.
const MostArtifact = 32 << 20

// ErrNoArtifact means that a run left no artifact of the name.
var ErrNoArtifact = errors.New("the run left no artifact of this name, or it has expired")

// Artifact fetches what a run left behind under a name, a zip file, and says when. Of several the newest counts, as a run can be tried again.
func (c *Client) Artifact(ctx context.Context, run int64, name string) (content []byte, made time.Time, err error) {
	const need = "actions: read"
	at := fmt.Sprintf("repos/%s/%s/actions/", c.owner, c.name)
	req, err := c.rest.NewRequest(http.MethodGet, at+"runs/"+strconv.FormatInt(run, 10)+"/artifacts?per_page=100&name="+url.QueryEscape(name), nil)
	if err != nil {
		return nil, made, err
	}
	var list github.ArtifactList
	if _, err := c.rest.Do(ctx, req, &list); err != nil {
		return nil, made, errors.New(why(err, need))
	}
	if list.TotalCount == nil {
		return nil, made, errNoAnswer
	}
	list.Artifacts = slices.DeleteFunc(list.Artifacts, func(a *github.Artifact) bool { return a.GetName() != name || a.GetExpired() })
	if len(list.Artifacts) == 0 {
		return nil, made, ErrNoArtifact
	}
	newest := slices.MaxFunc(list.Artifacts, func(a, b *github.Artifact) int { return a.GetCreatedAt().Compare(b.GetCreatedAt().Time) })
	if size := newest.GetSizeInBytes(); size > MostArtifact {
		return nil, made, fmt.Errorf("it has %d bytes, and no more than %d are read", size, MostArtifact)
	}
	// The library's own way expects the redirect to the storage; the transport follows it, and leaves the token behind.
	if req, err = c.rest.NewRequest(http.MethodGet, at+"artifacts/"+strconv.FormatInt(newest.GetID(), 10)+"/zip", nil); err != nil {
		return nil, made, err
	}
	res, err := c.rest.BareDo(ctx, req)
	if err != nil {
		return nil, made, errors.New(why(err, need))
	}
	defer res.Body.Close()
	content, err = io.ReadAll(io.LimitReader(res.Body, MostArtifact+1))
	if err == nil && len(content) > MostArtifact {
		err = fmt.Errorf("it has more than %d bytes", MostArtifact)
	}
	return content, newest.GetCreatedAt().Time, err
}
