package github

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A thread is one remark of ours with what was answered.
type thread struct {
	id       string // for GraphQL
	comment  int64  // the remark itself
	mark     mark
	whole    bool
	resolved bool
	byPerson bool // somebody else resolved it
	answered bool // somebody else wrote below it
}

// findings are what the remark is about, by id.
func (t *thread) findings() []string {
	if list := t.mark.notes[noteFindings]; list != "" {
		return strings.Split(list, ".")
	}
	return nil
}

const threadsQuery = `query($owner: String!, $name: String!, $number: Int!, $after: String) {
  viewer { login }
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      reviewThreads(first: 100, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes {
          id
          isResolved
          resolvedBy { login }
          comments(first: 20) {
            totalCount
            nodes { databaseId body author { login __typename } }
          }
        }
      }
    }
  }
}`

type (
	threadsAnswer struct {
		Viewer     struct{ Login string }
		Repository *struct {
			PullRequest *struct {
				ReviewThreads struct {
					PageInfo struct {
						HasNextPage bool
						EndCursor   string
					}
					Nodes []wireThread
				}
			}
		}
	}
	wireThread struct {
		ID         string
		IsResolved bool
		ResolvedBy *struct{ Login string }
		Comments   struct {
			TotalCount int
			Nodes      []struct {
				DatabaseID int64
				Body       string
				Author     *struct {
					Login    string
					Typename string `json:"__typename"`
				}
			}
		}
	}
)

// threads lists the remarks of a key that the token's owner made, oldest first.
func (c *Client) threads(ctx context.Context, pull int, key string) ([]thread, error) {
	var all []thread
	variables := map[string]any{"owner": c.owner, "name": c.name, "number": pull, "after": nil}
	for range mostPages {
		var answer threadsAnswer
		if err := c.query(ctx, threadsQuery, variables, &answer); err != nil {
			return nil, err
		}
		if answer.Repository == nil || answer.Repository.PullRequest == nil {
			return nil, fmt.Errorf("the remarks: %w", errNoAnswer)
		}
		if answer.Viewer.Login != "" {
			c.learn(identityOf(answer.Viewer.Login))
		}
		page := answer.Repository.PullRequest.ReviewThreads
		for _, node := range page.Nodes {
			if t, ok := c.thread(ctx, &node); ok && t.mark.key == key {
				all = append(all, t)
			}
		}
		after := page.PageInfo.EndCursor
		if !page.PageInfo.HasNextPage || after == "" {
			slices.SortFunc(all, func(a, b thread) int { return cmp.Compare(a.comment, b.comment) })
			return all, nil
		}
		variables["after"] = after
	}
	return nil, errors.New("the pull request has more remarks than are read")
}

// thread reads one thread, and whether it began with a remark of ours.
func (c *Client) thread(ctx context.Context, node *wireThread) (thread, bool) {
	me := c.identity(ctx)
	t := thread{id: node.ID, resolved: node.IsResolved}
	// What is beyond the page was written in an argument that goes on: somebody takes part in it.
	t.answered = node.Comments.TotalCount > len(node.Comments.Nodes)
	for i, comment := range node.Comments.Nodes {
		mine := comment.Author != nil && me.is(comment.Author.Login, comment.Author.Typename)
		if i > 0 {
			t.answered = t.answered || !mine
			continue
		}
		m, whole, ok := readMark(comment.Body)
		if !ok || !mine || m.remark == "" {
			return thread{}, false
		}
		t.comment, t.mark, t.whole = comment.DatabaseID, m, whole
	}
	// An app that resolves a thread is not named as who did.
	t.byPerson = node.IsResolved && node.ResolvedBy != nil && !strings.EqualFold(strings.TrimSuffix(node.ResolvedBy.Login, appSuffix), me.login)
	return t, t.comment != 0
}

// resolve closes a thread, or opens it again.
func (c *Client) resolve(ctx context.Context, id string, closed bool) error {
	verb := "unresolveReviewThread"
	if closed {
		verb = "resolveReviewThread"
	}
	var answer map[string]*struct {
		Thread *struct{ IsResolved bool }
	}
	document := `mutation($id: ID!) { ` + verb + `(input: {threadId: $id}) { thread { isResolved } } }`
	if err := c.query(ctx, document, map[string]any{"id": id}, &answer); err != nil {
		return err
	}
	if a := answer[verb]; a == nil || a.Thread == nil || a.Thread.IsResolved != closed {
		return fmt.Errorf("a remark: %w", errNoAnswer)
	}
	return nil
}
