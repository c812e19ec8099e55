package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"github.com/google/go-github/v60/github"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/integrations/transport"
)

// degraded is an effect that is not as it should be. need is the permission that making it takes.
func degraded(e engine.Effect, err error, need string) engine.Effect {
	e.Did, e.Why = engine.DidDegrade, why(err, need)
	return e
}

// Why says in one line what stood in the way of an effect that was not even begun.
func Why(err error) string { return why(err, needsPulls) }

// why says in one line what stood in the way. Words of the server are cut and cleaned: it may be a proxy's page, or anybody's.
func why(err error, need string) string {
	var answer *github.ErrorResponse
	var rate *github.RateLimitError
	var secondary *github.AbuseRateLimitError
	var limited *transport.Limited
	var lost *transport.Lost
	var query *graphQLError
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var address *url.Error
	switch {
	case errors.As(err, &limited):
		return oneLine(limited.Error())
	case errors.As(err, &rate), errors.As(err, &secondary):
		return "GitHub takes no more requests of this token for now"
	case errors.As(err, &lost):
		return oneLine(lost.Error()) + "; the next run looks whether it is there"
	case errors.As(err, &query):
		if query.kind == "FORBIDDEN" || strings.Contains(query.message, notAccessible) {
			return refused(need)
		}
		return oneLine(query.Error())
	case errors.As(err, &answer):
		return whyStatus(answer, need)
	case errors.As(err, &syntax), errors.As(err, &kind):
		return "the answer is not what GitHub's API gives; is a proxy in between?"
	case errors.Is(err, context.DeadlineExceeded):
		return "there was no time left"
	case errors.As(err, &address): // the address says nothing to a reader
		return oneLine(address.Err.Error())
	}
	return oneLine(err.Error())
}

// notAccessible is how GitHub says that a token lacks a permission.
const notAccessible = "Resource not accessible by"

func whyStatus(answer *github.ErrorResponse, need string) string {
	said := ""
	if words := oneLine(answer.Message); words != "" {
		said = ": " + words
	}
	for _, e := range answer.Errors {
		if words := oneLine(e.Message); words != "" && len(said) < longestWhy {
			said += ", " + words
		}
	}
	switch code := answer.Response.StatusCode; {
	case code == http.StatusUnauthorized:
		return "GitHub does not know the token (401); it may have expired"
	case code == http.StatusForbidden && strings.Contains(answer.Message, notAccessible):
		if accepted := permissions(answer.Response.Header.Get("X-Accepted-Github-Permissions")); accepted != "" {
			need = accepted
		}
		return refused(need)
	case code == http.StatusNotFound:
		return "GitHub does not show it to the token (404); it needs " + need
	default:
		return oneLine(fmt.Sprintf("GitHub answers %d%s", code, said))
	}
}

func refused(need string) string { return "the token may not do this (403); it needs " + need }

var permissionHeader = regexp.MustCompile(`^[a-z_]+=[a-z]+(?:[,;] ?[a-z_]+=[a-z]+){0,9}$`)

// permissions are those of the header that names what would be accepted, in the words of a workflow: "issues=write; pull_requests=write"
// is one or the other. Empty: the header names none.
func permissions(header string) string {
	if !permissionHeader.MatchString(header) {
		return ""
	}
	return strings.NewReplacer("_", "-", "=", ": ", "; ", " or ", ";", " or ", ", ", " and ", ",", " and ").Replace(header)
}

// longestWhy is as much of a reason as people read.
const longestWhy = 300

// oneLine is text of others on one line, without what is not seen, and cut.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.In(r, unicode.C, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > longestWhy {
		s = string(runes[:longestWhy-1]) + "…"
	}
	return s
}

// status is that of the answer that an error is about; 0 if there was none.
func status(err error) int {
	if answer := (*github.ErrorResponse)(nil); errors.As(err, &answer) && answer.Response != nil {
		return answer.Response.StatusCode
	}
	return 0
}
