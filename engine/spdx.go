package engine

import (
	"regexp"
	"slices"
	"strings"
)

// Bounds of a licence expression. One that exceeds them counts as not understood.
const (
	longestExpression = 4096
	deepestExpression = 32
	mostAlternatives  = 64
)

var spdxToken = regexp.MustCompile(`\(|\)|[A-Za-z0-9.+:-]+`)

// withAlternatives is the licence with what its expression allows: see License. An expression that is not understood, or that says that
// nothing is known (NONE, NOASSERTION), has none.
func (l *License) withAlternatives() *License {
	if l == nil {
		return nil
	}
	return &License{SPDX: l.SPDX, Alternatives: alternatives(l.SPDX)}
}

// alternatives reads an SPDX licence expression (SPDX 2.3, annex D; operators in capitals or not) as a choice of lists: "MIT OR
// (Apache-2.0 AND BSD-3-Clause)" is [[Apache-2.0 BSD-3-Clause] [MIT]]. A licence with an exception is one name, "GPL-2.0-only WITH
// Classpath-exception-2.0". Nil if it does not parse.
func alternatives(expression string) [][]string {
	if len(expression) > longestExpression {
		return nil
	}
	p := &spdxParser{tokens: spdxToken.FindAllString(expression, -1)}
	if strings.Join(p.tokens, "") != strings.Join(strings.Fields(expression), "") {
		return nil // it has letters that no expression has
	}
	all, ok := p.either(0)
	if !ok || len(p.tokens) > 0 {
		return nil
	}
	slices.SortFunc(all, slices.Compare)
	return slices.CompactFunc(all, slices.Equal)
}

type spdxParser struct {
	tokens []string // that are left
}

// takes the next token if it is the word.
func (p *spdxParser) takes(word string) bool {
	if len(p.tokens) == 0 || !strings.EqualFold(p.tokens[0], word) {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

// either reads what stands between ORs.
func (p *spdxParser) either(depth int) ([][]string, bool) {
	all, ok := p.both(depth)
	for ok && p.takes("OR") {
		var more [][]string
		more, ok = p.both(depth)
		all = append(all, more...)
	}
	return all, ok && len(all) <= mostAlternatives
}

// both reads what stands between ANDs, which bind more tightly: every alternative of the one goes with every one of the other.
func (p *spdxParser) both(depth int) ([][]string, bool) {
	all, ok := p.one(depth)
	for ok && p.takes("AND") {
		more, found := p.one(depth)
		if !found || len(all)*len(more) > mostAlternatives {
			return nil, false
		}
		var product [][]string
		for _, a := range all {
			for _, b := range more {
				product = append(product, unique(slices.Concat(a, b), strings.Compare))
			}
		}
		all = product
	}
	return all, ok
}

// one reads a licence, with its exception, or an expression in brackets.
func (p *spdxParser) one(depth int) ([][]string, bool) {
	if p.takes("(") {
		if depth == deepestExpression {
			return nil, false
		}
		all, ok := p.either(depth + 1)
		return all, ok && p.takes(")")
	}
	name, ok := p.name()
	if ok && p.takes("WITH") {
		var exception string
		exception, ok = p.name()
		name += " WITH " + exception
	}
	return [][]string{{name}}, ok
}

// name reads a name of a licence or exception.
func (p *spdxParser) name() (string, bool) {
	if len(p.tokens) == 0 || slices.Contains([]string{"(", ")", "AND", "OR", "WITH", "NONE", "NOASSERTION"}, strings.ToUpper(p.tokens[0])) {
		return "", false
	}
	name := p.tokens[0]
	p.tokens = p.tokens[1:]
	return name, true
}
