package github

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-github/v60/github"

	"github.com/headgate/headgate/integrations/transport"
)

func answered(code int, message string, header ...string) error {
	res := &http.Response{StatusCode: code, Header: http.Header{}, Request: &http.Request{}}
	for i := 0; i < len(header); i += 2 {
		res.Header.Set(header[i], header[i+1])
	}
	return &github.ErrorResponse{Response: res, Message: message}
}

func TestWhyNamesWhatIsMissing(t *testing.T) {
	const refusal = "Resource not accessible by integration"
	for want, err := range map[string]error{
		"it needs issues: write or pull-requests: write": answered(403, refusal, "X-Accepted-Github-Permissions", "issues=write; pull_requests=write"),
		"it needs contents: read and checks: write":      answered(403, refusal, "X-Accepted-Github-Permissions", "contents=read,checks=write"),
		"it needs pull-requests: write":                  answered(403, refusal, "X-Accepted-Github-Permissions", "<b>; @everyone"),
		"(404); it needs pull-requests: write":           answered(404, "Not Found"),
		"does not know the token (401)":                  answered(401, "Bad credentials"),
		"GitHub answers 422: Validation Failed":          answered(422, "Validation Failed"),
		"GitHub answers 500":                             answered(500, ""),
		"a proxy in between":                             &json.SyntaxError{},
		"the next run looks":                             &transport.Lost{Method: "POST", Host: "h", Err: errors.New("cut")},
		"no time left":                                   context.DeadlineExceeded,
		"(403); it needs pull-requests: write":           &graphQLError{"FORBIDDEN", refusal},
	} {
		if have := why(err, needsPulls); !strings.Contains(have, want) {
			t.Errorf("have %q, want %q", have, want)
		}
	}
}

func TestWhyIsOneShortLineWhateverTheServerSays(t *testing.T) {
	hostile := "a\n::error::b\r\n\x1b[31m\u202e" + strings.Repeat("x", 1<<20)
	for _, err := range []error{answered(500, hostile), &graphQLError{"", hostile}, errors.New(hostile), &transport.Limited{Reason: hostile}} {
		have := why(err, needsPulls)
		if strings.ContainsAny(have, "\n\r\x1b\u202e") || len([]rune(have)) > longestWhy {
			t.Errorf("%d characters: %.80q", len([]rune(have)), have)
		}
	}
}
