package jiratest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A jql is a query as far as it is known here: projects, issue types and labels, joined by AND, in the order in which the issues were made,
// or the other way round.
type jql struct {
	projects []string
	types    []string
	labels   [][]string // of each clause one has to be there
	newest   bool       // comes first
}

// parseJQL reads a query strictly: what it does not know is an error, not something to be passed over.
func parseJQL(s string) (*jql, error) {
	words, err := tokens(s)
	if err != nil {
		return nil, err
	}
	p := &parser{words: words}
	q := &jql{}
	for !p.done() && !p.is("order") {
		if err := p.clause(q); err != nil {
			return nil, err
		}
		if !p.is("and") {
			break
		}
		p.next()
	}
	if p.is("order") {
		p.next()
		if !p.is("by") {
			return nil, errors.New("expecting 'by'")
		}
		p.next()
		if by := p.next(); by != "created" && by != "key" && by != "id" {
			return nil, fmt.Errorf("an order by %q is not known here", by)
		}
		if q.newest = p.is("desc"); q.newest || p.is("asc") {
			p.next()
		}
	}
	if !p.done() {
		return nil, fmt.Errorf("%q is not expected", p.words[p.at])
	}
	return q, nil
}

type parser struct {
	words []string
	at    int
}

func (p *parser) done() bool { return p.at >= len(p.words) }

func (p *parser) is(word string) bool { return !p.done() && strings.EqualFold(p.words[p.at], word) }

func (p *parser) next() string {
	if p.done() {
		return ""
	}
	p.at++
	return p.words[p.at-1]
}

func (p *parser) clause(q *jql) error {
	field := strings.ToLower(p.next())
	var values []string
	switch op := strings.ToLower(p.next()); op {
	case "=":
		values = []string{unquote(p.next())}
	case "in":
		if p.next() != "(" {
			return errors.New("expecting '('")
		}
		for {
			values = append(values, unquote(p.next()))
			if w := p.next(); w == ")" {
				break
			} else if w != "," {
				return errors.New("expecting ',' or ')'")
			}
		}
	default:
		return fmt.Errorf("operator %q is not known here", op)
	}
	if slices.Contains(values, "") {
		return errors.New("a value is missing")
	}
	switch field {
	case "project":
		q.projects = append(q.projects, values...)
	case "issuetype":
		q.types = append(q.types, values...)
	case "labels":
		q.labels = append(q.labels, values)
	default:
		return fmt.Errorf("field %q does not exist or you do not have permission to view it", field)
	}
	return nil
}

func (q *jql) matches(i *issue, v *version) bool {
	among := func(all []string, one string) bool {
		return all == nil || slices.ContainsFunc(all, func(a string) bool { return strings.EqualFold(a, one) })
	}
	if !among(q.projects, v.project) || !among(q.types, i.kind) {
		return false
	}
	for _, any := range q.labels {
		if !slices.ContainsFunc(any, func(l string) bool { return slices.Contains(v.labels, l) }) {
			return false
		}
	}
	return true
}

// tokens splits a query. A text in quotes keeps the first of them as a mark.
func tokens(s string) ([]string, error) {
	var words []string
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		switch {
		case strings.ContainsRune("=(),", rune(s[0])):
			words, s = append(words, s[:1]), s[1:]
		case s[0] == '"':
			end := strings.IndexByte(s[1:], '"')
			if end < 0 || strings.ContainsRune(s[1:1+end], '\\') {
				return nil, errors.New("a quote is not closed, or has an escape")
			}
			words, s = append(words, s[:1+end]), s[end+2:]
		default:
			end := strings.IndexAny(s, " =(),\"")
			if end < 0 {
				end = len(s)
			}
			if end == 0 {
				return nil, fmt.Errorf("character %q is not expected", s[0])
			}
			words, s = append(words, s[:end]), s[end:]
		}
	}
	return words, nil
}

func unquote(word string) string {
	if word == "," || word == "(" || word == ")" || word == "=" {
		return ""
	}
	return strings.TrimPrefix(word, `"`)
}
