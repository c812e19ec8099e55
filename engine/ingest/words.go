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
	"unicode"
	"unicode/utf8"

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
		if rest, ok := strings.CutPrefix(t, "CWE-"); ok && len(rest) <= 5 && digits(rest) {
			if n, err := strconv.Atoi(rest); err == nil && n > 0 { // the usual form, without the search
				all = append(all, n)
			}
			continue
		}
		for _, m := range cweNumber.FindAllStringSubmatch(t, -1) {
			n, _ := strconv.Atoi(m[1]) // the pattern bounds it
			all = append(all, n)
		}
	}
	return sortedNumbers(all)
}

func sortedNumbers(all []int) []int {
	slices.Sort(all)
	return slices.Compact(all)
}

// worse is the worse of two severities; none is better than any.
func worse(a, b engine.Severity) engine.Severity {
	if b.Rank() > a.Rank() {
		return b
	}
	return a
}

// isCVE says whether an id is a CVE's.
func isCVE(id string) bool {
	return len(id) >= len("CVE-2024-0001") && strings.EqualFold(id[:4], "CVE-") && digits(id[4:8]) && id[8] == '-' && digits(id[9:])
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// distributionCVE is the CVE of a record that a distribution keeps of one CVE, e.g. "DEBIAN-CVE-2024-3094"; else it is empty.
func distributionCVE(id string) string {
	_, cve, ok := strings.Cut(id, "-CVE-")
	if cve = "CVE-" + cve; !ok || !isCVE(cve) {
		return ""
	}
	return cve
}

// advisorySchemes are the schemes of distributions' advisories. One of them announces an update and covers as many vulnerabilities as
// the update mends, so it is no name of any of them.
var advisorySchemes = []string{
	"ALBA", "ALEA", "ALSA", "ASA", "AVG", "CESA", "CGA", "DLA", "DSA", "ELBA", "ELSA", "FEDORA", "GLSA", "LSN", "MGASA", "OPENSUSE",
	"PHSA", "RHBA", "RHEA", "RHSA", "RLBA", "RLSA", "RXSA", "SUSE", "USN",
}

// isAdvisory says whether an id is of a distribution's advisory. Amazon has a scheme for each of its lines, e.g. "ALAS2023".
func isAdvisory(id string) bool {
	scheme, _, _ := strings.Cut(strings.ToUpper(id), "-")
	return slices.Contains(advisorySchemes, scheme) || strings.HasPrefix(scheme, "ALAS")
}

// vulnerabilityOf is the vulnerability that a scanner calls id and that the others name exactly as well; related vulnerabilities do
// not belong here. CVE names are in upper case, others as they are. The canonical name is a CVE before a GHSA before any other.
//
// Names of which several are CVEs mean more than one vulnerability, whatever the scanner says: then it keeps the scanner's id and
// covers all the CVEs, and nothing is claimed to be an exact alias; an id that is a CVE covers itself. An advisory that covers one CVE
// is called by it.
func vulnerabilityOf(id string, aliases ...string) *engine.Vulnerability {
	if len(aliases) == 0 && isCVE(id) {
		return engine.NewVulnerability(strings.ToUpper(id))
	}
	var names, cves []string
	for i, n := range append([]string{id}, aliases...) {
		n = plain(n)
		if n == "" || i > 0 && len(n) > 200 { // no scheme's
			continue
		}
		if cve := distributionCVE(n); cve != "" {
			cves = append(cves, cve)
		}
		if isCVE(n) {
			n = strings.ToUpper(n)
			cves = append(cves, n)
		}
		names = append(names, n)
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(cves)
	cves = slices.Compact(cves)
	if len(cves) > 1 {
		return engine.NewVulnerability(append(names[:1:1], cves...)...)
	}
	exact := slices.DeleteFunc(append(slices.Clone(names), cves...), isAdvisory)
	if len(exact) == 0 {
		exact = names[:1]
	}
	return engine.NewVulnerability(exact...)
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

// ImageTarget is the target for a container image: its name without tag and digest, in the short form ("nginx", "ghcr.io/acme/x").
// A reference that does not parse is taken as it is.
func ImageTarget(ref string) engine.Target {
	name := ref
	if n, err := reference.ParseNormalizedNamed(ref); err == nil {
		name = reference.FamiliarName(n)
	}
	return engine.Target{Type: engine.TargetImage, Name: name}
}

// imageReference picks the name of an image from what a scanner calls it, best first: the first that is a reference and not the
// file or the digest that the image came in, else the first of all.
func imageReference(candidates ...string) string {
	first := ""
	for _, c := range candidates {
		if scheme, rest, ok := strings.Cut(c, ":"); ok {
			switch scheme {
			case "docker", "podman", "containerd", "registry":
				c = rest
			case "docker-archive", "oci-archive", "oci-dir", "singularity", "sha256":
				continue
			}
		}
		if first == "" {
			first = c
		}
		if strings.HasPrefix(c, "/") || strings.HasPrefix(c, ".") || strings.HasSuffix(c, ".tar") || strings.HasSuffix(c, ".tar.gz") {
			continue
		}
		if _, err := reference.ParseNormalizedNamed(c); err == nil {
			return c
		}
	}
	return first
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

// clip bounds a text from a report to what a person reads, on one line, without control characters and without credentials: these are
// looked for before the text is cut, as half of one is still too much.
func clip(s string) string {
	const most, looked = 300, 64 << 10
	s = redacted(s[:min(len(s), looked)])
	if len(s) <= most && isPlain(s) && !strings.Contains(s, "  ") {
		return s
	}
	var b strings.Builder
	b.Grow(min(len(s), most+utf8.UTFMax) + len("…"))
	space := false
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"): // a byte that is no UTF-8
			continue
		case unicode.IsSpace(r):
			space = b.Len() > 0
			continue
		case unicode.Is(unicode.C, r):
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		if b.Len()+utf8.RuneLen(r) > most {
			b.WriteString("…")
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}

// ptr makes a known fact of a value.
func ptr[T any](v T) *T { return &v }
