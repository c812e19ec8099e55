package ingest

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/headgate/headgate/engine"
)

func readComponents(s *stream, all *[]sarifComponent) error {
	return s.items(func() error {
		var c sarifComponent
		err := c.read(s)
		*all = append(*all, c)
		return cmp.Or(err, s.keep())
	})
}

func (c *sarifComponent) read(s *stream) error {
	var semantic string
	err := s.object(func(key string) error {
		switch key {
		case "name":
			return s.wordInto(&c.name)
		case "guid":
			return s.wordInto(&c.guid)
		case "version":
			return s.wordInto(&c.version)
		case "semanticVersion":
			return s.wordInto(&semantic)
		case "globalMessageStrings":
			return readStrings(s, &c.strings)
		case "rules", "taxa":
			return s.items(func() error {
				var rule sarifRule
				err := rule.read(s)
				if _, known := c.byID[rule.id]; !known {
					if c.byID == nil {
						c.byID = map[string]int{}
					}
					c.byID[rule.id] = len(c.rules)
				}
				c.rules = append(c.rules, rule)
				return cmp.Or(err, s.keep())
			})
		}
		return s.skip()
	})
	if semantic != "" {
		c.version = semantic
	}
	c.name, c.version = clip(c.name), clip(c.version)
	return err
}

func (r *sarifRule) read(s *stream) error {
	var help string
	err := s.fields(func(key string) error {
		switch key {
		case "id":
			return s.wordInto(&r.id)
		case "guid":
			return s.wordInto(&r.guid)
		case "name":
			return s.wordInto(&r.name)
		case "shortDescription":
			return readText(s, &r.short)
		case "fullDescription":
			return readText(s, &r.full)
		case "help":
			return readText(s, &help)
		case "messageStrings":
			return readStrings(s, &r.strings)
		case "deprecatedIds":
			var ids texts
			err := ids.UnmarshalJSONFrom(s.dec)
			r.deprecated = ids[:min(len(ids), mostEntries)]
			return err
		case "defaultConfiguration":
			return s.fields(func(key string) error {
				if key == "level" {
					return s.wordInto(&r.level)
				}
				return s.skip()
			})
		case "relationships":
			return s.items(func() error { return r.readRelationship(s) })
		case "properties":
			var err error
			r.facts, err = readFacts(s)
			return err
		}
		return s.skip()
	})
	r.cwes = append(r.cwes, r.facts.cwes()...)
	r.component = packageInText(help)
	r.component.versionIn(r.full)
	r.vulnerabilities = advisoriesIn(r.full)
	r.short, r.full = clip(r.short), clip(r.full)
	return err
}

// readRelationship keeps those to CWE.
func (r *sarifRule) readRelationship(s *stream) error {
	return s.fields(func(key string) error {
		if key != "target" {
			return s.skip()
		}
		target, err := readReference(s)
		if strings.EqualFold(target.component.name, "CWE") {
			r.cwes = append(r.cwes, cweNumbered(target.id)...)
		}
		return err
	})
}

var onlyDigits = regexp.MustCompile(`^[0-9]{1,5}$`)

// cweNumbered reads "79", "CWE-79" and "CWE-79: …".
func cweNumbered(ids ...string) []int {
	var all []int
	for _, id := range ids {
		if onlyDigits.MatchString(id) {
			id = "CWE-" + id
		}
		all = append(all, cwesIn(id)...)
	}
	return all
}

func readReference(s *stream) (sarifReference, error) {
	r := sarifReference{index: -1, component: sarifComponentReference{index: -1}}
	return r, r.read(s)
}

func (r *sarifReference) read(s *stream) error {
	return s.fields(func(key string) error {
		switch key {
		case "id":
			return s.wordInto(&r.id)
		case "guid":
			return s.wordInto(&r.guid)
		case "index":
			return s.integerInto(&r.index)
		case "toolComponent":
			return s.fields(func(key string) error {
				switch key {
				case "name":
					return s.wordInto(&r.component.name)
				case "guid":
					return s.wordInto(&r.component.guid)
				case "index":
					return s.integerInto(&r.component.index)
				}
				return s.skip()
			})
		}
		return s.skip()
	})
}

// readText reads a message where only its text counts. Some tools write a string in its place.
func readText(s *stream, text *string) error {
	if s.peek() == '"' {
		return s.scalarInto(text)
	}
	var markdown string
	err := s.fields(func(key string) error {
		switch key {
		case "text":
			return s.scalarInto(text)
		case "markdown":
			return s.scalarInto(&markdown)
		}
		return s.skip()
	})
	if *text == "" {
		*text = markdown
	}
	return err
}

func readStrings(s *stream, all *map[string]string) error {
	return s.fields(func(key string) error {
		var text string
		err := readText(s, &text)
		if *all == nil {
			*all = map[string]string{}
		}
		(*all)[key] = bounded(text)
		return err
	})
}

// readFacts reads a property bag; nil if nothing in it is of use.
func readFacts(s *stream) (*sarifProperties, error) {
	var p sarifProperties
	var some bool
	list := func(to *[]string) error {
		var t texts
		err := t.UnmarshalJSONFrom(s.dec)
		*to, some = append(*to, t[:min(len(t), mostEntries)]...), true
		return err
	}
	word := func(to *string) error {
		some = true
		return s.wordInto(to)
	}
	err := s.fields(func(key string) error {
		switch key {
		case "tags":
			return list(&p.tags)
		case "cwe", "cwes", "CWE", "cwe-id", "cweId":
			return list(&p.cwe)
		case "cve", "cves", "CVE", "cveId", "vulnerabilityId":
			return list(&p.vulnerabilities)
		case "purls", "purl":
			return list(&p.purls)
		case "security-severity":
			return word(&p.security)
		case "severity", "issue_severity", "securityRisk":
			return word(&p.severity)
		case "component":
			return word(&p.component)
		case "componentVersion":
			return word(&p.version)
		case "componentOrigin":
			return word(&p.origin)
		case "source":
			return word(&p.source)
		}
		if generation, name, ok := strings.Cut(key, "_"); ok && strings.HasPrefix(generation, "cvssv") && len(generation) <= len("cvssv40") {
			one := p.assessment(generation)
			switch name {
			case "vector":
				return word(&one.vector)
			case "version":
				return word(&one.version)
			case "score", "baseScore":
				return word(&one.score)
			}
		}
		return s.skip()
	})
	if !some {
		return nil, err
	}
	return &p, err
}

// cwes are those in tags and in the properties for them.
func (p *sarifProperties) cwes() []int {
	if p == nil {
		return nil
	}
	return append(cwesIn(p.tags...), cweNumbered(p.cwe...)...)
}

// assessment is the one of a generation of CVSS.
func (p *sarifProperties) assessment(generation string) *sarifCVSS {
	if p.cvss == nil {
		p.cvss = map[string]*sarifCVSS{}
	}
	if p.cvss[generation] == nil {
		p.cvss[generation] = &sarifCVSS{}
	}
	return p.cvss[generation]
}

// assessments are those of all generations, newest first.
func (p *sarifProperties) assessments() []engine.CVSS {
	var all []engine.CVSS
	for _, generation := range []string{"cvssv40", "cvssv4", "cvssv3", "cvssv2"} {
		if one := p.cvss[generation]; one != nil {
			c, ok := cvssOfVersion(one.version, one.vector, scoreIn(one.score), strings.ToLower(clip(p.source)))
			all = addCVSS(all, c, ok)
		}
	}
	return all
}

// scoreIn reads a CVSS score; 0 is none.
func scoreIn(text string) float64 {
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || v-v != 0 {
		return 0
	}
	return v
}

// Bounds on what is kept of one rule or result: every result refers to its rule, so what is long there would be read again and again.
const (
	mostEntries = 100     // of a list
	mostKept    = 1 << 20 // rules, artifacts, extensions, invocations and overrides of a run together: more than any tool has
	longestText = 4 << 10 // bytes of a message
)

// keep counts something that is kept until a run ends. An empty object takes three bytes in a report and a hundred times that in memory.
func (s *stream) keep() error {
	if s.kept++; s.kept > mostKept {
		return s.wrong(fmt.Sprintf("more than %d rules, artifacts and the like in one run", mostKept))
	}
	return nil
}

// bounded cuts a text that is kept until the run ends.
func bounded(text string) string {
	if len(text) > longestText {
		return strings.ToValidUTF8(text[:longestText], "")
	}
	return text
}
