package scope

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"go.yaml.in/yaml/v3"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/glob"
)

// Bounds of a validations file.
const (
	maxValidationsBytes = 4 << 20
	maxValidationText   = 500 // bytes of one value
)

// longestExcuse is how long a statement may excuse that something is not exploitable, or is mitigated: until the next yearly penetration
// test. What is to hold for longer is a waiver.
const longestExcuse = 366 * 24 * time.Hour

// The statuses of a validation, the worse for the asset last.
var validationStatuses = []string{"not_exploitable", "mitigated", "exploitable"}

// validationsFile is the form of validations.yaml. Values are kept as nodes, which know their line.
type validationsFile struct {
	Validations []yaml.Node `yaml:"validations"`
}

type wireValidation struct {
	Finding  yaml.Node `yaml:"finding"`
	CVE      yaml.Node `yaml:"cve"`
	CWE      yaml.Node `yaml:"cwe"`
	Asset    yaml.Node `yaml:"asset"`
	URL      yaml.Node `yaml:"url"`
	Host     yaml.Node `yaml:"host"`
	Path     yaml.Node `yaml:"path"`
	Status   yaml.Node `yaml:"status"`
	By       yaml.Node `yaml:"by"`
	At       yaml.Node `yaml:"at"`
	Expires  yaml.Node `yaml:"expires"`
	Control  yaml.Node `yaml:"control"`
	Evidence yaml.Node `yaml:"evidence"`
}

// ReadValidations reads what a team states about what was proven (validations.yaml): each entry names a weakness (finding, cve or cwe), a
// place (asset, or url or host; of a cwe also a path), what was shown (status), who did so (by) and when (at). Name is how errors and
// provenance call the file. An error names line and key; an unknown key, an empty value, a status without what it needs, or a file of more
// than 4 MiB is one.
func ReadValidations(name string, r io.Reader) ([]engine.Proof, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxValidationsBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(text) > maxValidationsBytes {
		return nil, fmt.Errorf("%s: larger than %d MiB", name, maxValidationsBytes>>20)
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	var f validationsFile
	if err := dec.Decode(&f); err != nil && err != io.EOF {
		return nil, YAMLError(name, err)
	}
	if err := dec.Decode(new(any)); err != io.EOF {
		return nil, fmt.Errorf("%s: one document is needed, there are several", name)
	}
	var all []engine.Proof
	for i := range f.Validations {
		p, err := readValidation(name, &f.Validations[i])
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// A validationReader reads one entry and keeps the first error.
type validationReader struct {
	name  string
	entry *yaml.Node
	err   error
}

func readValidation(name string, n *yaml.Node) (engine.Proof, error) {
	r := &validationReader{name: name, entry: n}
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.MappingNode {
		return engine.Proof{}, r.wrong(n, "a validation is a map of finding, cve or cwe, status, by, at and others")
	}
	if err := onlyKeys(name, n, "finding", "cve", "cwe", "asset", "url", "host", "path", "status", "by", "at", "expires", "control", "evidence"); err != nil {
		return engine.Proof{}, err
	}
	var w wireValidation
	if err := n.Decode(&w); err != nil {
		return engine.Proof{}, YAMLError(name, err)
	}
	p := engine.Proof{
		Validation: engine.Validation{Status: r.text("status", &w.Status), By: r.text("by", &w.By), Control: r.text("control", &w.Control)},
		Finding:    r.text("finding", &w.Finding),
		Asset:      r.text("asset", &w.Asset),
		Place:      r.text("url", &w.URL) + r.text("host", &w.Host),
		Path:       r.text("path", &w.Path),
		Source:     fmt.Sprintf("%s:%d", shortened(name), n.Line),
	}
	if cve := r.text("cve", &w.CVE); cve != "" {
		p.Names = []string{cve}
	}
	if cwe := r.text("cwe", &w.CWE); cwe != "" {
		p.CWEs = []int{r.cwe(&w.CWE, cwe)}
	}
	if evidence := r.text("evidence", &w.Evidence); evidence != "" {
		p.Source += " (evidence: " + evidence + ")"
	}
	p.Time, p.Expires = r.date("at", &w.At), r.date("expires", &w.Expires)
	r.check(&w, &p)
	return p, r.err
}

// onlyKeys refuses keys that a map does not have. It names the line, which the decoder of one node does not do for unknown keys.
func onlyKeys(name string, n *yaml.Node, known ...string) error {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if k := n.Content[i]; !slices.Contains(known, k.Value) {
			return fmt.Errorf("%s:%d: there is no key %s; it can be %s", name, k.Line, clipped(k.Value), strings.Join(known, ", "))
		}
	}
	return nil
}

// mostQuoted bounds what an error repeats, in bytes.
const mostQuoted = 60

// clipped is a text of the file as an error quotes it, on one line.
func clipped(s string) string {
	s = engine.Clip(s, mostQuoted)
	if strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return fmt.Sprintf("%q", s)
	}
	return s
}

func (r *validationReader) wrong(n *yaml.Node, what string) error {
	line := n.Line
	if line == 0 {
		line = r.entry.Line
	}
	err := fmt.Errorf("%s:%d: %s", r.name, line, what)
	if r.err == nil {
		r.err = err
	}
	return err
}

// text is a value that may be absent but not empty.
func (r *validationReader) text(key string, n *yaml.Node) string {
	if n.IsZero() {
		return ""
	}
	var s string
	if err := decode(r.name, key, n, &s); err != nil {
		if r.err == nil {
			r.err = err
		}
		return ""
	}
	switch s = strings.TrimSpace(s); {
	case s == "":
		r.wrong(n, key+" is empty; leave it out if it is not known")
	case len(s) > maxValidationText:
		r.wrong(n, fmt.Sprintf("%s is longer than %d bytes", key, maxValidationText))
	case strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f }):
		r.wrong(n, key+" has control characters; write it on one line")
	}
	return s
}

// date is a day, which begins at midnight UTC, or a time.
func (r *validationReader) date(key string, n *yaml.Node) time.Time {
	if n.IsZero() {
		return time.Time{}
	}
	s := r.text(key, n)
	for _, form := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(form, s); err == nil {
			return t.UTC()
		}
	}
	r.wrong(n, fmt.Sprintf("%s is %q, which is no date; write 2026-11-21 or 2026-11-21T10:00:00Z", key, clipped(s)))
	return time.Time{}
}

func (r *validationReader) cwe(n *yaml.Node, s string) (number int) {
	digits := strings.TrimPrefix(strings.ToUpper(s), "CWE-")
	if len(digits) < 1 || len(digits) > 5 || strings.Trim(digits, "0123456789") != "" {
		r.wrong(n, fmt.Sprintf("cwe is %q; write 89 or CWE-89", clipped(s)))
		return 0
	}
	for _, d := range digits {
		number = number*10 + int(d-'0')
	}
	return number
}

var (
	wholeID   = regexp.MustCompile(`^hg1-[0-9a-f]{16,}$`)
	cveName   = regexp.MustCompile(`^CVE-[0-9]{4}-[0-9]{4,}$`)
	otherName = regexp.MustCompile(`^[A-Z][A-Za-z]*-[A-Za-z0-9][A-Za-z0-9._:-]*$`)
)

// check holds the values against each other: what is missing, what is too much, and what would excuse without end.
func (r *validationReader) check(w *wireValidation, p *engine.Proof) {
	named := 0
	for _, n := range []*yaml.Node{&w.Finding, &w.CVE, &w.CWE} {
		if !n.IsZero() {
			named++
		}
	}
	excuses := p.Status != "exploitable"
	end := p.Until()
	for _, c := range []struct {
		bad  bool
		at   *yaml.Node
		what string
	}{
		{named != 1, r.entry, "one of finding, cve and cwe says what it is about"},
		{p.Finding != "" && !wholeID.MatchString(p.Finding), &w.Finding, fmt.Sprintf("finding is %q; write the whole id, as headgate explain shows it", clipped(p.Finding))},
		{len(p.Names) == 1 && !isName(p.Names[0]), &w.CVE, "cve is no name of a vulnerability; write CVE-2021-44228, GHSA-… or another published name"},
		{!w.URL.IsZero() && !w.Host.IsZero(), &w.Host, "url and host are both there; one says where"},
		{p.Place != "" && !isPlace(p.Place), r.placeOf(w), fmt.Sprintf("%s is %q, which is neither a host nor a URL; write https://shop.example.com/cart or shop.example.com:8443, without patterns",
			map[bool]string{true: "host", false: "url"}[w.URL.IsZero()], clipped(p.Place))},
		{p.Finding == "" && p.Asset == "" && p.Place == "", r.entry, "asset, url or host says where it was shown"},
		{len(p.CWEs) > 0 && p.Path == "" && p.Place == "", &w.CWE, "a cwe needs a path or url: it says nothing of every weakness of its kind"},
		{p.Path != "" && len(p.CWEs) == 0, &w.Path, "path belongs to cwe"},
		{p.Path != "" && p.Asset == "", &w.Path, "path needs the asset that it is in"},
		{p.Path != "" && !glob.Valid(p.Path), &w.Path, fmt.Sprintf("path is %q, which is no pattern", clipped(p.Path))},
		{p.Path != "" && doublestar.MatchUnvalidated(p.Path, "zq") && doublestar.MatchUnvalidated(p.Path, "zq/zq.zq"), &w.Path, "path takes in everything"},
		{p.Status == "", &w.Status, "status is missing; it can be " + strings.Join(validationStatuses, ", ")},
		{!slices.Contains(validationStatuses, p.Status), &w.Status, fmt.Sprintf("status is %q; it can be %s", clipped(p.Status), strings.Join(validationStatuses, ", "))},
		{p.By == "", &w.By, "by is missing: who showed it"},
		{w.At.IsZero(), &w.At, "at is missing: when it was shown"},
		{p.Status == "mitigated" && p.Control == "", &w.Control, "control is missing: what stops the attack"},
		{p.Status != "mitigated" && p.Control != "", &w.Control, "control belongs to mitigated"},
		{!end.After(p.Time), &w.Expires, "expires is not after at"},
		{excuses && end.Sub(p.Time) > longestExcuse, &w.Expires, fmt.Sprintf("expires is more than %d days after at; test it again, or waive it", longestExcuse/(24*time.Hour))},
	} {
		if c.bad && r.err == nil {
			r.wrong(c.at, c.what)
		}
	}
}

func (r *validationReader) placeOf(w *wireValidation) *yaml.Node {
	if w.URL.IsZero() {
		return &w.Host
	}
	return &w.URL
}

func isName(s string) bool {
	return cveName.MatchString(s) || !strings.HasPrefix(strings.ToUpper(s), "CVE") && otherName.MatchString(s)
}

func isPlace(s string) bool {
	_, ok := parseEndpoint(s)
	return ok && !strings.ContainsAny(s, "*?[]{}") || ok && strings.Contains(s, "[") && !strings.ContainsAny(s, "*?{}")
}
