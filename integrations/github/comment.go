package github

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/google/go-github/v60/github"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/integrations/transport"
)

// A Text is what a comment says, in Markdown.
type Text struct {
	Body   string
	Digest string // of what matters in Body: equal digests need no write
}

// A Comment is the one comment of a key on a pull request, as it is to be.
type Comment struct {
	Pull    int
	Key     string // as of Key
	Run     Run    // who speaks
	Now     string // the head of the pull request at the moment
	Text    Text
	Compact func() Text // the same for a server that finds Text too long
	Nothing bool        // there is nothing to report: Text replaces a comment that is there, and does not make one
	Noted   string      // digest of what was uploaded to code scanning; empty: nothing was

	compact bool // Text is the compact one
}

// Limits of a conversation.
const (
	longestComment = 65_536 // characters
	mostPages      = 50     // of 100 comments
	mostRounds     = 5      // looks at the conversation: other runs may be writing at the same time
)

const needsPulls = "pull-requests: write"

// A found comment is one of ours.
type found struct {
	id    int64
	url   string
	mark  mark
	whole bool // nobody edited it
}

// Memory is what the comment of a key knows of earlier runs: the digest of what was uploaded to code scanning last. Empty: nothing, or
// nobody can say.
func (c *Client) Memory(ctx context.Context, pull int, key string) string {
	ours, err := c.ours(ctx, pull, key)
	if err != nil || len(ours) == 0 {
		return ""
	}
	return ours[0].mark.notes[noteSARIF]
}

// Comment makes the comment on a pull request what it is to be. It looks, does what is needed, and looks again until nothing is: so runs
// that race, writes whose answer was lost and runs that were killed all come to one comment, that of the newest run.
func (c *Client) Comment(ctx context.Context, want Comment) engine.Effect {
	e := c.effect(engine.EffectComment, fmt.Sprintf("pull/%d/%s", want.Pull, want.Key))
	e.Did = engine.DidNothing
	for range mostRounds {
		ours, err := c.ours(ctx, want.Pull, want.Key)
		if err != nil {
			return degraded(e, err, needsPulls)
		}
		if len(ours) > 0 {
			e.ID, e.URL = strconv.FormatInt(ours[0].id, 10), ours[0].url
			e.State["digest"], e.State["head"] = ours[0].mark.digest, ours[0].mark.run.Head
		}
		did, err := c.step(ctx, &want, ours)
		switch {
		case isLost(err), status(err) == http.StatusNotFound && len(ours) > 0:
			// It may or may not be there, or somebody deleted it meanwhile: the next look tells.
			e.Did = cmp.Or(did, e.Did)
			if err := c.pause(ctx); err != nil {
				return degraded(e, err, needsPulls)
			}
			continue
		case err != nil:
			return degraded(e, err, needsPulls)
		case did == "":
			return e
		case e.Did != engine.DidCreate:
			e.Did = did
		}
	}
	return degraded(e, errors.New("others write the same comment over and over"), needsPulls)
}

// afterLost is how long a write whose answer was lost is given to show.
const afterLost = time.Second

func (c *Client) pause(ctx context.Context) error { return c.clock.Sleep(ctx, afterLost) }

// step does one thing that brings the comment closer to what it is to be. Empty: there is nothing to do.
func (c *Client) step(ctx context.Context, want *Comment, ours []found) (did string, err error) {
	switch {
	case len(ours) == 0 && want.Nothing:
		return "", nil
	case len(ours) == 0:
		return engine.DidCreate, c.write(ctx, want, 0)
	case want.outdates(ours[0]):
		return engine.DidUpdate, c.write(ctx, want, ours[0].id)
	case len(ours) > 1:
		// The oldest one stays, since links lead to it.
		for _, extra := range ours[1:] {
			_, err := c.rest.Issues.DeleteComment(ctx, c.owner, c.name, extra.id)
			if err != nil && status(err) != http.StatusNotFound { // another run was faster
				return "", err
			}
		}
		return engine.DidUpdate, nil
	}
	return "", nil
}

// outdates says whether the comment that is there is to be replaced. What a newer run says of the current head stays, and so does what
// says the same already.
func (w *Comment) outdates(have found) bool {
	same := have.mark.run.Head == w.Run.Head
	switch {
	case have.mark.run.Head == w.Now && !same: // this run is about a commit that is the head no more
		return false
	case (same || w.Run.Head != w.Now) && have.mark.run.after(w.Run):
		return false
	}
	return !have.whole || !same || have.mark.digest != shortDigest(w.Text.Digest) || have.mark.notes[noteSARIF] != w.Noted
}

// ours lists the comments of a key that the token's owner wrote, oldest first. Anybody can write a comment with our mark: without a look
// at the author it would be taken for ours, and its author could rewrite what the gate seems to say.
func (c *Client) ours(ctx context.Context, pull int, key string) ([]found, error) {
	var all []found
	page := &github.IssueListCommentsOptions{ListOptions: github.ListOptions{PerPage: 100}}
	for range mostPages {
		comments, res, err := c.rest.Issues.ListComments(ctx, c.owner, c.name, pull, page)
		if err != nil {
			return nil, err
		}
		if comments == nil {
			return nil, fmt.Errorf("the comments: %w", errNoAnswer)
		}
		for _, comment := range comments {
			m, whole, ok := readMark(comment.GetBody())
			if ok && m.key == key && m.remark == "" && c.wrote(ctx, comment.User) {
				all = append(all, found{comment.GetID(), comment.GetHTMLURL(), m, whole})
			}
		}
		if res.NextPage == 0 {
			slices.SortFunc(all, func(a, b found) int { return cmp.Compare(a.id, b.id) })
			return all, nil
		}
		page.Page = res.NextPage
	}
	return nil, fmt.Errorf("the conversation has more than %d comments", mostPages*100)
}

// write makes a comment, or writes over the one of the id. A text that the server finds too long is sent once more in its compact form.
func (c *Client) write(ctx context.Context, want *Comment, id int64) error {
	if !want.compact && utf8.RuneCountInString(want.marked()) > longestComment {
		want.Text.Body, want.compact = want.Compact().Body, true
	}
	err := c.send(ctx, want.Pull, id, want.marked())
	if status(err) == http.StatusUnprocessableEntity && !want.compact {
		want.Text.Body, want.compact = want.Compact().Body, true
		err = c.send(ctx, want.Pull, id, want.marked())
	}
	return err
}

func (w *Comment) marked() string {
	return mark{key: w.Key, run: w.Run, digest: shortDigest(w.Text.Digest), notes: map[string]string{noteSARIF: w.Noted}}.marked(w.Text.Body)
}

func (c *Client) send(ctx context.Context, pull int, id int64, body string) error {
	text := &github.IssueComment{Body: &body}
	if id != 0 {
		_, _, err := c.rest.Issues.EditComment(transport.Repeatable(ctx), c.owner, c.name, id, text)
		return err
	}
	made, _, err := c.rest.Issues.CreateComment(ctx, c.owner, c.name, pull, text)
	if err != nil {
		return understood(err)
	}
	if made.GetID() == 0 {
		return &transport.Lost{Method: http.MethodPost, Err: errNoAnswer}
	}
	c.learn(authorOf(made.User))
	return nil
}

func isLost(err error) bool { return errors.As(err, new(*transport.Lost)) }

// understood is the error of a create: one whose answer says yes in words that nobody understands may have been carried out.
func understood(err error) error {
	if errors.As(err, new(*json.SyntaxError)) || errors.As(err, new(*json.UnmarshalTypeError)) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &transport.Lost{Method: http.MethodPost, Err: errors.New(why(err, ""))}
	}
	return err
}
