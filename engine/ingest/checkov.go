package ingest

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/headgate/headgate/engine"
)

// detectCheckov knows the report of one framework, the list of several, and the bare counts that Checkov writes when it found nothing
// to check.
func detectCheckov(s shape) bool {
	return s.inSeries(func(has func(...string) bool) bool {
		return has("check_type", "results") || has("check_type", "summary") || has("passed", "failed", "checkov_version")
	})
}

// readCheckov reads what Checkov found, framework by framework.
func readCheckov(s *stream, b *batch) error {
	b.report.Tool = "checkov"
	b.looked(b.repository())
	return s.series(func() error {
		c := checkov{s: s, b: b}
		from := len(b.found)
		if err := s.object(c.key); err != nil {
			return err
		}
		for i := range c.found { // the framework's name may stand behind its results
			b.add(c.discovery(&c.found[i]))
		}
		if c.unparsed > 0 && c.checks == 0 && len(b.found) == from {
			b.incomplete(fmt.Sprintf("checkov could not parse any of its files (%s)", cmp.Or(c.framework, "no framework named")))
		}
		return nil
	})
}

// A checkov is the report of one framework being read.
type checkov struct {
	s *stream
	b *batch

	framework string
	found     []checkovRecord
	checks    int // of any result
	unparsed  int // files
}

// A checkovRecord is a check on a resource.
type checkovRecord struct {
	ID     word `json:"check_id"`
	Name   text `json:"check_name"`
	Result loose[struct {
		Comment text `json:"suppress_comment"`
	}] `json:"check_result"`
	Severity text        `json:"severity"` // null without a key of the platform
	Code     checkovCode `json:"code_block"`
	File     word        `json:"file_path"`
	RepoFile word        `json:"repo_file_path"`
	AbsFile  word        `json:"file_abs_path"`
	Lines    checkovSpan `json:"file_line_range"`
	Resource word        `json:"resource"`

	Vulnerability loose[checkovVulnerability] `json:"vulnerability_details"`

	skipped bool
}

type checkovVulnerability struct {
	ID           word   `json:"id"`
	Severity     text   `json:"severity"`
	Package      word   `json:"package_name"`
	Version      word   `json:"package_version"`
	Type         word   `json:"package_type"`
	PURL         word   `json:"purl"`
	CVSS         number `json:"cvss"`
	Vector       text   `json:"vector"`
	Fixed        word   `json:"lowest_fixed_version"`
	License      word   `json:"license"`
	Description  text   `json:"description"`
	Distribution word   `json:"distro"`
}

// A checkovSpan is a pair of line numbers.
type checkovSpan struct{ start, end number }

// UnmarshalJSONFrom reads a list and passes over anything else.
func (v *checkovSpan) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*v = checkovSpan{}
	return eachOf(dec, func(i int) error {
		var n number
		err := n.UnmarshalJSONFrom(dec)
		switch i {
		case 0:
			v.start = n
		case 1:
			v.end = n
		}
		return err
	})
}

// checkovCode is the text of lines, each of which is a pair of its number and its text.
type checkovCode string

// UnmarshalJSONFrom reads a list of lists and passes over anything else.
func (v *checkovCode) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	var b strings.Builder
	err := eachOf(dec, func(int) error {
		return eachOf(dec, func(i int) error {
			var t text
			err := t.UnmarshalJSONFrom(dec)
			if i == 1 {
				b.WriteString(string(t))
				b.WriteByte('\n')
			}
			return err
		})
	})
	*v = checkovCode(b.String())
	return err
}

// eachOf calls f for each element of a list; f must read it. Anything but a list is passed over.
func eachOf(dec *jsontext.Decoder, f func(i int) error) error {
	if dec.PeekKind() != '[' {
		return dec.SkipValue()
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for i := 0; dec.PeekKind() != ']'; i++ {
		if err := f(i); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

func (c *checkov) key(key string) error {
	s := c.s
	switch key {
	case "check_type":
		return s.nameInto(&c.framework)
	case "results":
		return s.object(c.result)
	case "summary":
		return s.fields(func(key string) error {
			if key == "checkov_version" {
				return s.nameInto(&c.b.report.Version)
			}
			return s.skip()
		})
	case "checkov_version":
		return s.nameInto(&c.b.report.Version)
	}
	return s.skip()
}

func (c *checkov) result(key string) error {
	s := c.s
	switch key {
	case "failed_checks", "skipped_checks":
		return each(s, &c.b.report.Results, func(r checkovRecord) error {
			if r.ID == "" {
				return s.wrong("a check without check_id")
			}
			r.skipped = key == "skipped_checks"
			c.checks++
			c.found = append(c.found, r)
			return nil
		})
	case "passed_checks":
		return s.items(func() error {
			c.checks++
			return s.skip()
		})
	case "parsing_errors":
		return s.items(func() error {
			c.unparsed++
			return s.skip()
		})
	}
	return s.skip()
}

func (c *checkov) discovery(r *checkovRecord) engine.Discovery {
	f := engine.Finding{
		Kind:     engine.KindMisconfiguration,
		Title:    clip(string(r.Name)),
		Severity: severityOf(string(r.Severity)),
		Rule:     &engine.Rule{ID: string(r.ID), Tool: c.b.report.Tool},
	}
	if at := lines(c.path(r), r.Lines.start, r.Lines.end); at != (engine.Location{}) {
		f.Locations = []engine.Location{at}
	}
	if r.skipped {
		f.Suppression = &engine.Suppression{Kind: "in_source", Status: "accepted", Justification: clip(string(r.Result.is.Comment))}
	}
	d := engine.Discovery{Target: c.b.repository(), Content: contentOf(string(cmp.Or(text(r.Resource), text(r.Code))))}
	v := r.Vulnerability.is
	switch {
	case c.framework == "secrets" || strings.HasPrefix(string(r.ID), "CKV_SECRET_"):
		// The resource is Checkov's digest of the value; the code has the value, masked or not.
		f.Kind, f.Secret = engine.KindSecret, &engine.Secret{Type: string(r.ID)}
	case v.License != "" && v.Package != "":
		f.Kind, f.License = engine.KindLicense, &engine.License{SPDX: clip(string(v.License))}
		f.Package, d.Content = packageOf(string(v.PURL), string(v.Type), string(v.Package), string(v.Version)), ""
	case v.ID != "" && v.Package != "":
		d.Content = ""
		f = c.vulnerability(f, v)
	default:
		f.Resource = c.resource(string(r.Resource))
	}
	f.Title = cmp.Or(f.Title, string(r.ID))
	d.Finding = f
	return d
}

func (c *checkov) vulnerability(f engine.Finding, v checkovVulnerability) engine.Finding {
	f.Kind, f.Rule = engine.KindVulnerability, nil
	f.Title = cmp.Or(clip(string(v.Description)), f.Title)
	f.Severity = cmp.Or(severityOf(string(v.Severity)), f.Severity)
	f.Vulnerability = vulnerabilityOf(string(v.ID))
	f.Package = packageOf(string(v.PURL), string(cmp.Or(v.Type, v.Distribution)), string(v.Package), string(v.Version))
	if f.Package != nil {
		setFixed(f.Package, string(v.Fixed))
	}
	found, ok := cvssOf(string(v.Vector), v.CVSS.value, "")
	f.CVSS = addCVSS(nil, found, ok)
	return f
}

// path is the file from the repository's root. Checkov's own paths start with a slash at the folder that it was given, which the
// absolute one and the one from the repository's root do not depend on.
func (c *checkov) path(r *checkovRecord) string {
	if abs := c.b.path(string(r.AbsFile)); abs != "" && !strings.HasPrefix(abs, "/") && !strings.HasPrefix(abs, "..") {
		return abs
	}
	if repo := string(r.RepoFile); repo != "" && !strings.Contains(repo, "..") { // the folder lay outside of where Checkov ran
		return strings.TrimLeft(c.b.path(repo), "/")
	}
	return strings.TrimLeft(c.b.path(string(r.File)), "/")
}

// resource takes "type.name" apart, as Terraform has it, and Kubernetes and CloudFormation much alike.
func (c *checkov) resource(name string) *engine.Resource {
	switch {
	case strings.HasPrefix(c.framework, "terraform"):
		return resourceOfTrivy("terraform", name)
	case c.framework == "kubernetes", c.framework == "helm", c.framework == "kustomize", c.framework == "cloudformation":
		if kind, rest, ok := strings.Cut(name, "."); ok {
			return &engine.Resource{Type: kind, Name: rest}
		}
	}
	return resourceOfTrivy("", name)
}
