package report

import (
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// Limits of hosts for what a check says.
const (
	maxCheckTitle      = 255
	maxCheckSummary    = 65_535
	maxAnnotationTitle = 255
)

// CheckOptions say how a check is told.
type CheckOptions struct {
	CommentOptions
	MaxAnnotations int // 0 means 50, as many as a host takes at once; less than 0 none
}

// A Check is the verdict on a commit as a host's list of checks shows it.
type Check struct {
	Title       string // one line of plain text, at most 255 characters
	Summary     string // Markdown, at most 65,535 characters
	Annotations []Annotation
}

// An Annotation is a case at a line of a file, in plain text.
type Annotation struct {
	Path     string
	From, To int           // lines, both included
	Level    engine.Action // block, warn or pass
	Title    string        // at most 255 characters
	Message  string
}

const defaultAnnotations = 50

// NewCheck renders a result as the verdict on a commit. Annotations are cases of the change that ask for something, worst first, wherever
// in a file they are.
func NewCheck(r *engine.Result, o CheckOptions) Check {
	p := commentPage(o.CommentOptions)
	p.most = min(p.most, maxCheckSummary)
	v := newView(r)
	c := Check{Title: cutEnd(clean(SentenceCase(v.heading())+v.namesOf(with(v.urgent, engine.Block), mostInTitle)), maxCheckTitle), Summary: v.markdown(p)}
	most := o.MaxAnnotations
	if most == 0 {
		most = defaultAnnotations
	}
	for _, k := range v.pressing() {
		f := &k.Input.Finding
		if len(c.Annotations) >= most {
			break
		}
		at := linesOf(f)
		if len(at) == 0 {
			continue
		}
		title := weakness(f)
		if f.Package != nil {
			title += " in " + v.what(f)
		}
		c.Annotations = append(c.Annotations, Annotation{Path: at[0].path, From: at[0].lines.From, To: at[0].lines.To, Level: stated(&k.Decision),
			Title: cutEnd(clean(title), maxAnnotationTitle), Message: plainly(k)})
	}
	return c
}

// mostInTitle is how many cases the title of a check names.
const mostInTitle = 3

// namesOf names the first of what blocks with its fix, for who sees nothing but the title: ": CVE-2021-44906 in minimist 1.2.5 → 1.2.6".
func (v *view) namesOf(cases []*engine.Case, most int) string {
	var names []string
	for _, k := range cases {
		f := &k.Input.Finding
		name := weakness(f)
		if s := v.what(f); s != "" {
			name += " in " + s
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return ": " + some(names, most)
}

// maxAnnotationMessage is less than the 64 KB that hosts allow: what is longer nobody reads.
const maxAnnotationMessage = 1000

// plainly says why a case is as it is, in plain text.
func plainly(k *engine.Case) string {
	parts := why(&k.Decision)
	if h := headline(&k.Input.Finding); h != "" {
		parts = append([]string{h}, parts...)
	}
	if len(parts) == 0 {
		parts = []string{string(k.Decision.Priority)}
	}
	return cutEnd(SentenceAbout(&k.Input.Finding, clean(strings.Join(parts, "; "))), maxAnnotationMessage) + "."
}
