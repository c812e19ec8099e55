package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/distribution/reference"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/headgate/headgate/engine"
)

// severityOf reads the words that scanners use for severities. An unknown word is no severity: absent, not low.
func severityOf(word string) engine.Severity {
	switch strings.ToLower(strings.TrimSpace(word)) {
	case "critical", "very high", "blocker":
		return engine.SeverityCritical
	case "high", "error", "major", "important":
		return engine.SeverityHigh
	case "medium", "moderate", "warning":
		return engine.SeverityMedium
	case "low", "minor", "note":
		return engine.SeverityLow
	case "info", "informational", "information", "negligible", "none":
		return engine.SeverityInfo
	}
	return ""
}

// severityOfScore is the qualitative rating of a CVSS score (CVSS v3.1 section 5, v4.0 section 6). A score of 0 says nothing:
// scanners write it for "missing".
func severityOfScore(score float64) engine.Severity {
	switch {
	case score >= 9 && score <= 10:
		return engine.SeverityCritical
	case score >= 7 && score < 9:
		return engine.SeverityHigh
	case score >= 4 && score < 7:
		return engine.SeverityMedium
	case score > 0 && score < 4:
		return engine.SeverityLow
	}
	return ""
}

var cweNumber = regexp.MustCompile(`(?i)\bcwe[-_/: ]*0*([1-9][0-9]{0,4})\b`)

// cwesIn finds CWE numbers in texts such as "CWE-79: …" or "external/cwe/cwe-079", sorted and each once.
func cwesIn(texts ...string) []int {
	var all []int
	for _, t := range texts {
		for _, m := range cweNumber.FindAllStringSubmatch(t, -1) {
			n, _ := strconv.Atoi(m[1]) // the pattern bounds it
			all = append(all, n)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

var cveID = regexp.MustCompile(`(?i)^CVE-[0-9]{4}-[0-9]{4,}$`)

// isCVE says whether an id is a CVE's.
func isCVE(id string) bool { return cveID.MatchString(id) }

// vulnerabilityOf is the vulnerability that a scanner calls id and that the others name exactly as well; related vulnerabilities do
// not belong here. Names are compared in upper case where their scheme is case-insensitive (CVE), else as they are. The canonical
// name is a CVE before a GHSA before any other.
func vulnerabilityOf(id string, aliases ...string) *engine.Vulnerability {
	var names []string
	for _, n := range append([]string{id}, aliases...) {
		n = strings.TrimSpace(n)
		if isCVE(n) {
			n = strings.ToUpper(n)
		}
		if n != "" && len(n) <= 200 {
			names = append(names, n)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return engine.NewVulnerability(names...)
}

var lineNumbers = regexp.MustCompile(`(?m)^\s*[0-9]+\s*[:|]\s?`)

// contentOf digests the text at a place, so that the same code is the same content wherever its lines have moved to. White space
// and the line numbers that some scanners put into their excerpts do not count. An empty text has no content.
func contentOf(text string) string {
	text = strings.Join(strings.Fields(lineNumbers.ReplaceAllString(text, "")), " ")
	if text == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(text))
	return "text:" + hex.EncodeToString(sum[:12])
}

// path brings a path or URI of a report into the form of findings: relative to the scanned root where that is known, with slashes,
// without "." steps. A path that climbs out of the root stays as it is, cleaned.
func (b *batch) path(p string) string {
	if rest, ok := strings.CutPrefix(p, "file://"); ok {
		p = rest
		if i := strings.IndexByte(p, '/'); i > 0 {
			p = p[i:] // an authority: file://host/path
		}
		if u, err := url.PathUnescape(p); err == nil {
			p = u
		}
		if len(p) > 3 && p[0] == '/' && p[2] == ':' {
			p = p[1:] // file:///C:/…
		}
	}
	p = strings.ReplaceAll(p, `\`, "/")
	if p == "" {
		return ""
	}
	p = path.Clean(p)
	for _, root := range b.options.Roots {
		root = strings.TrimSuffix(strings.ReplaceAll(root, `\`, "/"), "/")
		if rest, ok := strings.CutPrefix(p, root+"/"); ok && root != "" {
			p = rest
			break
		}
	}
	if p == "." {
		return ""
	}
	return p
}

// imageTarget is the target for a container image: its name without tag and digest, in the short form ("nginx", "ghcr.io/acme/x").
// A reference that does not parse is taken as it is.
func imageTarget(ref string) engine.Target {
	name := ref
	if n, err := reference.ParseNormalizedNamed(ref); err == nil {
		name = reference.FamiliarName(n)
	}
	return engine.Target{Type: engine.TargetImage, Name: name}
}

// texts is a string, a number or a list of them, as scanners write one thing in several ways. Anything else is empty.
type texts []string

// UnmarshalJSONFrom reads what can be read as text and passes over the rest.
func (t *texts) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*t = nil
	if dec.PeekKind() != '[' {
		var one text
		if err := one.UnmarshalJSONFrom(dec); err != nil {
			return err
		}
		if one != "" {
			*t = texts{string(one)}
		}
		return nil
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != ']' {
		var one text
		if err := one.UnmarshalJSONFrom(dec); err != nil {
			return err
		}
		if one != "" {
			*t = append(*t, string(one))
		}
	}
	_, err := dec.ReadToken()
	return err
}

// text is a string, or a number or boolean as its JSON text. Null, objects and arrays are empty.
type text string

// UnmarshalJSONFrom reads a scalar and passes over anything else.
func (t *text) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*t = ""
	switch dec.PeekKind() {
	case '"', '0', 't', 'f':
		tok, err := dec.ReadToken()
		if err != nil {
			return err
		}
		*t = text(tok.String())
		return nil
	}
	return dec.SkipValue()
}

// number is a number, or a string that reads as one. Anything else is not set.
type number struct {
	value float64
	set   bool
}

// UnmarshalJSONFrom reads a number in either form and passes over anything else.
func (n *number) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*n = number{}
	var t text
	if err := t.UnmarshalJSONFrom(dec); err != nil {
		return err
	}
	v, err := strconv.ParseFloat(string(t), 64)
	if err == nil && v-v == 0 { // neither NaN nor infinite
		*n = number{v, true}
	}
	return nil
}

// clip bounds a text from a report to what a person reads, on one line.
func clip(s string) string {
	const most = 300
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	if len(s) > most {
		cut := most
		for cut > 0 && s[cut]&0xC0 == 0x80 {
			cut--
		}
		s = s[:cut] + "…"
	}
	return s
}

// ptr makes a known fact of a value.
func ptr[T any](v T) *T { return &v }
