package github

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// A liar passes requests on, and makes something else of one of the answers.
type liar struct {
	at, sent int
	lie      func([]byte) []byte
}

func (l *liar) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(req)
	l.sent++
	if err != nil || l.sent != l.at {
		return res, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	text = l.lie(text)
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	res.Header.Del("Content-Length")
	return res, nil
}

// without is a document in which a function made something else of what is inside.
func without(text []byte, change func(any) any) []byte {
	var doc any
	if json.Unmarshal(text, &doc) != nil {
		return text
	}
	var walk func(v any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			for name := range v {
				v[name] = change(walk(v[name]))
			}
		case []any:
			for i := range v {
				v[i] = change(walk(v[i]))
			}
		}
		return v
	}
	out, _ := json.Marshal(walk(doc))
	return out
}

func only(text string) func([]byte) []byte { return func([]byte) []byte { return []byte(text) } }

func TestNoAnswerMakesTheProgramEndOrWriteMoreThanItShould(t *testing.T) {
	lies := map[string]func([]byte) []byte{
		"null": only("null"), "a list of nothing": only("[null]"), "no list": only("[]"), "no object": only("{}"), "a text": only(`"x"`), "a number": only("1e99"),
		"objects that are none": func(b []byte) []byte {
			return without(b, func(v any) any {
				if _, is := v.(map[string]any); is {
					return nil
				}
				return v
			})
		},
		"lists of nothing": func(b []byte) []byte {
			return without(b, func(v any) any {
				if list, is := v.([]any); is {
					return append([]any{nil}, list...)
				}
				return v
			})
		},
		"texts that are none": func(b []byte) []byte {
			return without(b, func(v any) any {
				if _, is := v.(string); is {
					return nil
				}
				return v
			})
		},
		"numbers that are none": func(b []byte) []byte {
			return without(b, func(v any) any {
				if _, is := v.(float64); is {
					return -1
				}
				return v
			})
		},
	}
	tried := 0
	for name, lie := range lies {
		for at := 1; ; at++ {
			if tried++; !long() && tried%5 != 0 && at < 20 {
				continue
			}
			s := newScene(t)
			s.before()
			l := &liar{at: at, lie: lie}
			s.everything(t.Context(), s.client(l), 2, "new")
			if l.sent > 60 {
				t.Errorf("%s at request %d: %d requests", name, at, l.sent)
			}
			if have := s.ours(); len(have) > 2 {
				t.Errorf("%s at request %d: there are the comments %q", name, at, have)
			}
			s.everything(t.Context(), s.client(), 3, "at last")
			if have := s.ours(); fmt.Sprint(have) != "[at last]" {
				t.Errorf("%s at request %d: in the end there are the comments %q", name, at, have)
			}
			if l.sent < at {
				break
			}
		}
	}
}

func TestNoAnswerAboutReviewsMakesTheProgramEnd(t *testing.T) {
	s := newScene(t)
	commit := strings.Repeat("a", 40)
	merged := `{"number": 1, "merged_at": "2026-11-20T10:00:00Z", "merge_commit_sha": "` + commit + `", "base": {"repo": {"full_name": "acme/shop"}}}`
	for _, answers := range [][]string{{"[null]"}, {"[{}]"}, {"null"}, {"[" + merged + "]", "[null]"}, {"[" + merged + "]", `[{"sha": "b", "author": {"login": "eve"}}]`, "[null]"}} {
		l := &teller{answers: answers}
		if reviews, err := s.client(l).Approvals(t.Context())(commit); len(reviews) > 0 {
			t.Errorf("%q: %+v, %v", answers, reviews, err)
		}
	}
}

// A teller answers with texts, one after the other.
type teller struct{ answers []string }

func (l *teller) RoundTrip(req *http.Request) (*http.Response, error) {
	text := "[]"
	if len(l.answers) > 0 {
		text, l.answers = l.answers[0], l.answers[1:]
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text)), Request: req}, nil
}
