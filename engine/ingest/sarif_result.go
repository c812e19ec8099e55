package ingest

import (
	"slices"
	"strconv"
	"strings"

	"github.com/headgate/headgate/engine"
)

// readResult counts a result and keeps it if it is a finding: a failure that is there now. Passed, open and informational checks
// are none, nor is what a baseline says is gone.
func (r *sarifRun) readResult(s *stream) error {
	if s.peek() != '{' {
		return s.notAn('{')
	}
	result := sarifResult{invocation: -1, rule: sarifReference{index: -1, component: sarifComponentReference{index: -1}}}
	var snippet, ruleID string
	var fingerprints, partial sarifFingerprints
	err := s.object(func(key string) error {
		switch key {
		case "ruleId":
			return s.wordInto(&ruleID)
		case "ruleIndex":
			return s.integerInto(&result.rule.index)
		case "rule":
			return result.rule.read(s)
		case "kind":
			return s.wordInto(&result.kind)
		case "level":
			return s.wordInto(&result.level)
		case "baselineState":
			return s.wordInto(&result.baseline)
		case "message":
			return result.message.read(s)
		case "locations":
			return s.items(func() error { return result.readLocation(s, &snippet) })
		case "fingerprints":
			return fingerprints.read(s)
		case "partialFingerprints":
			return partial.read(s)
		case "suppressions":
			return s.items(func() error { return result.readSuppression(s) })
		case "taxa":
			return s.items(func() error {
				taxon, err := readReference(s)
				if len(result.taxa) < mostEntries {
					result.taxa = append(result.taxa, taxon)
				}
				return err
			})
		case "stacks":
			return result.readStacks(s)
		case "provenance":
			return s.fields(func(key string) error {
				if key == "invocationIndex" {
					return s.integerInto(&result.invocation)
				}
				return s.skip()
			})
		case "properties":
			var err error
			result.facts, err = readFacts(s)
			return err
		}
		return s.skip()
	})
	if err != nil {
		return err
	}
	*r.taken++
	if slices.ContainsFunc(noFailures, isWord(result.kind)) {
		return nil
	}
	if ruleID != "" {
		result.rule.id = ruleID // it may be more specific than rule.id
	}
	result.content = contentAt(snippet)
	if result.content == "" {
		result.content = partial.best()
	}
	if result.content == "" {
		result.content = fingerprints.best()
	}
	result.masked = mask(result.message.text, snippet)
	if result.suppression != nil {
		result.excuse = mask(result.suppression.Justification, snippet)
	}
	r.results = append(r.results, result)
	return nil
}

// readStacks finds the module that the first call stack ends in: the vulnerable one.
func (r *sarifResult) readStacks(s *stream) error {
	first := true
	return s.items(func() error {
		if !first {
			return s.skip()
		}
		first = false
		return s.fields(func(key string) error {
			if key != "frames" {
				return s.skip()
			}
			return s.items(func() error {
				return s.fields(func(key string) error {
					if key == "module" {
						return s.wordInto(&r.module)
					}
					return s.skip()
				})
			})
		})
	})
}

// noFailures are the kinds of results that are no findings. What is of none of them is a failure, the default.
var noFailures = []string{"pass", "notApplicable", "informational", "open", "review"}

func isWord(word string) func(string) bool {
	return func(s string) bool { return strings.EqualFold(s, word) }
}

func (m *sarifMessage) read(s *stream) error {
	if s.peek() == '"' { // some tools write a string in its place
		return s.scalarInto(&m.text)
	}
	var markdown string
	err := s.fields(func(key string) error {
		switch key {
		case "text":
			return s.scalarInto(&m.text)
		case "markdown":
			return s.scalarInto(&markdown)
		case "id":
			return s.wordInto(&m.id)
		case "arguments":
			return s.items(func() error {
				a, err := s.scalar()
				if len(m.arguments) < mostEntries {
					m.arguments = append(m.arguments, bounded(a))
				}
				return err
			})
		}
		return s.skip()
	})
	if m.text == "" && m.id == "" {
		m.text = markdown
	}
	m.text = bounded(m.text)
	return err
}

// readLocation adds a place. The text there is kept only of the first place that has one, and only while the result is read.
func (r *sarifResult) readLocation(s *stream, snippet *string) error {
	p := sarifPlace{artifact: sarifArtifact{index: -1}}
	err := s.fields(func(key string) error {
		switch key {
		case "physicalLocation":
			return s.fields(func(key string) error {
				switch key {
				case "artifactLocation":
					return p.artifact.read(s)
				case "region":
					return p.readRegion(s, snippet)
				}
				return s.skip()
			})
		case "logicalLocations":
			first := true
			return s.items(func() error {
				if !first {
					return s.skip()
				}
				first = false
				return p.logical.read(s)
			})
		}
		return s.skip()
	})
	const most = 1000 // as many as GitHub shows of one result
	if len(r.places) < most {
		r.places = append(r.places, p)
	}
	return err
}

func (p *sarifPlace) readRegion(s *stream, snippet *string) error {
	return s.fields(func(key string) error {
		switch key {
		case "startLine":
			return s.integerInto(&p.line)
		case "endLine":
			return s.integerInto(&p.end)
		case "snippet":
			if *snippet != "" {
				return s.skip()
			}
			return readText(s, snippet)
		}
		return s.skip()
	})
}

func (l *sarifLogical) read(s *stream) error {
	return s.fields(func(key string) error {
		switch key {
		case "name":
			return s.wordInto(&l.name)
		case "fullyQualifiedName":
			return s.wordInto(&l.full)
		case "kind":
			return s.wordInto(&l.kind)
		}
		return s.skip()
	})
}

// readSuppression keeps the one that decides: a result is suppressed only if no suppression is rejected or under review.
// An absent status means accepted.
func (r *sarifResult) readSuppression(s *stream) error {
	var kind, status, why string
	if s.peek() != '{' {
		return s.skip()
	}
	err := s.object(func(key string) error {
		switch key {
		case "kind":
			return s.wordInto(&kind)
		case "status", "state": // "state" is what drafts of 2.1.0 called it
			return s.wordInto(&status)
		case "justification":
			return s.scalarInto(&why)
		}
		return s.skip()
	})
	one := &engine.Suppression{Kind: suppressionKinds[kind], Status: suppressionStatuses[status], Justification: clip(why)}
	if r.suppression == nil || suppressionRank(one) > suppressionRank(r.suppression) {
		r.suppression = one
	}
	return err
}

// maskedSuppression is the suppression without what stands at the place, if its justification says that.
func (r *sarifResult) maskedSuppression() *engine.Suppression {
	if r.suppression == nil {
		return nil
	}
	s := *r.suppression
	s.Justification = r.excuse
	return &s
}

var suppressionKinds = map[string]string{"inSource": "in_source", "suppressedInSource": "in_source", "external": "external"}

var suppressionStatuses = map[string]string{"": "accepted", "accepted": "accepted", "underReview": "under_review", "rejected": "rejected"}

// suppressionRank orders statuses by how little they allow; a status of no known word allows nothing.
func suppressionRank(s *engine.Suppression) int {
	return slices.Index([]string{"accepted", "under_review", "", "rejected"}, s.Status)
}

// sarifFingerprints are what a tool computed from a place: name and value.
type sarifFingerprints []sarifFingerprint

type sarifFingerprint struct {
	name    string // without version
	version int
	key     string
	value   string
}

// noFingerprints are entries that say something else about the result: columns and commits do not identify what is there.
var noFingerprints = []string{"primaryLocationStartColumnFingerprint", "commitSha", "commitMessage", "author", "email", "date"}

func (f *sarifFingerprints) read(s *stream) error {
	return s.fields(func(key string) error {
		var value string
		if s.peek() == '{' { // Black Duck nests them: {"value": "…"}
			err := s.object(func(inner string) error {
				if inner == "value" {
					return s.scalarInto(&value)
				}
				return s.skip()
			})
			if err != nil {
				return err
			}
		} else if err := s.scalarInto(&value); err != nil {
			return err
		}
		one := sarifFingerprint{name: key, key: key, value: value}
		if name, version, ok := cutLast(key, "/v"); ok {
			if n, err := strconv.Atoi(version); err == nil {
				one.name, one.version = name, n
			}
		}
		// A text such as "requires login" stands where a fingerprint would if the user had one.
		if value != "" && len(value) <= longestWord && !strings.ContainsAny(value, " \t\r\n") && !slices.Contains(noFingerprints, one.name) {
			*f = append(*f, one)
		}
		return nil
	})
}

// best is the fingerprint that identifies the place: GitHub's if there is one, else the first by name, in its greatest version.
func (f sarifFingerprints) best() string {
	const lineHash = "primaryLocationLineHash"
	if len(f) == 0 {
		return ""
	}
	best := slices.MinFunc(f, func(a, b sarifFingerprint) int {
		switch {
		case a.name != b.name && a.name == lineHash:
			return -1
		case a.name != b.name && b.name == lineHash:
			return 1
		case a.name != b.name:
			return strings.Compare(a.name, b.name)
		}
		return b.version - a.version
	})
	return "fp:" + best.key + ":" + best.value
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// contentAt is the content of a snippet, unless a scanner has blackened it whole: then all such places look the same.
func contentAt(snippet string) string {
	bare := strings.ToLower(strings.Trim(snippet, " \t\r\n*<>[](){}\"'.x"))
	if bare == "" || bare == "redacted" || bare == "masked" || bare == "hidden" {
		return ""
	}
	return contentOf(snippet)
}

// mask is a message's text without what stands at the place, so that it can be shown where that is a secret. It is the text itself
// if the place is not in it. Parts of the place count too, as scanners quote the value and show the line.
func mask(text, snippet string) string {
	const shortest, longest = 6, 16 << 10
	if len(snippet) > longest {
		return ""
	}
	cut := func(part string) {
		if part != "" && strings.Contains(text, part) {
			text = strings.ReplaceAll(text, part, "…")
		}
	}
	cut(strings.TrimSpace(snippet))
	for part := range strings.FieldsFuncSeq(snippet, func(c rune) bool { return strings.ContainsRune(" \t\r\n\"'`=:;,()[]{}<>", c) }) {
		if len(part) >= shortest {
			cut(part)
		}
	}
	return text
}
