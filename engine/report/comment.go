package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/headgate/headgate/engine"
)

const (
	// DefaultMaxChars is how long a comment gets. Code hosts refuse those of more than 65,536 characters.
	DefaultMaxChars = 60_000
	// leastChars is the room that the parts of a comment which are always there may take.
	leastChars = 12_000
	// compactChars is how long a compact comment gets.
	compactChars = 15_000
	// MaxSummaryBytes is how long a job summary gets: runners drop one of more than 1 MiB whole.
	MaxSummaryBytes = 1_000_000
)

// commentRows is how many rows of one folded table a comment has: who needs more has the result file.
const commentRows = 100

// CommentOptions say what a comment is to tell beyond the result. The zero value is a comment about a result alone.
type CommentOptions struct {
	Args     []string        // what the run was given: reports, a folder, a result file; for the commands that are named next
	MaxChars int             // the longest body, in UTF-16 units, of which no host counts fewer; 0 means DefaultMaxChars, the least is 12,000
	Compact  bool            // for a host that finds the other one too long: without tables and picture
	Head     string          // the newest commit of the pull request; empty: not known. If the result is for another one, the comment says so
	RunURL   string          // the page of the run, "https://…"; anything else is not linked to
	Feedback []engine.Effect // those that are degraded are named
}

// A Comment is what a pull request is told. It is Markdown with no text of a finding but as code or plain words.
type Comment struct {
	Body string

	// Digest is over what the comment says, without what differs from run to run though nothing else does: the page of the run, versions
	// of threat data, dates that count from the evaluation. Where it is that of the comment which stands already, there is nothing to write.
	Digest string

	// Nothing is true where there is nothing to report: no comment is to be made then, and one that stands is to be replaced by Body,
	// which says that all is resolved.
	Nothing bool
}

// NewComment renders a result as the one comment on a pull request. The same result and options give the same comment.
func NewComment(r *engine.Result, o CommentOptions) Comment {
	p := commentPage(o)
	v := newView(r)
	p.resolved = v.nothingToReport()
	same := commentPage(CommentOptions{Args: o.Args, Head: o.Head, Feedback: o.Feedback})
	same.resolved = p.resolved
	sum := sha256.Sum256([]byte(newView(timeless(r)).markdown(same)))
	return Comment{Body: v.markdown(p), Digest: hex.EncodeToString(sum[:]), Nothing: p.resolved}
}

// NewJobSummary renders a result for the page of the run that decided: as a comment does, with every row that fits and what was read.
func NewJobSummary(r *engine.Result, o CommentOptions) string {
	p := commentPage(o)
	p.most, p.size, p.rows, p.brief, p.read = MaxSummaryBytes, inBytes, 0, false, true
	return newView(r).markdown(p)
}

func commentPage(o CommentOptions) *page {
	p := &page{args: o.Args, most: DefaultMaxChars, size: inCharacters, rows: commentRows, head: o.Head, run: link(o.RunURL)}
	if o.MaxChars > 0 {
		p.most = max(o.MaxChars, leastChars)
	}
	if o.Compact {
		p.brief, p.most = true, min(p.most, compactChars)
	}
	for _, e := range o.Feedback {
		if e.Did == engine.DidDegrade {
			p.feedback = append(p.feedback, e)
		}
	}
	return p
}

// inCharacters is a length in UTF-16 units: hosts count characters, and which is meant is not known of all. None counts more.
func inCharacters(s string) int {
	n := 0
	for _, r := range s {
		if n++; r > 0xffff {
			n++
		}
	}
	return n
}

// address is what may be linked to: an address that Markdown and HTML read as nothing but that.
var address = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^https?://[A-Za-z0-9.:-]{1,255}/[A-Za-z0-9._~/?=&#-]*$`)
})

func link(url string) string {
	if len(url) <= longest && address().MatchString(url) {
		return url
	}
	return ""
}

// timeless is a result without what changes from run to run though nothing else does.
func timeless(r *engine.Result) *engine.Result {
	same := *r
	same.Intel = engine.IntelInfo{}
	for _, f := range []struct {
		have *engine.FeedInfo
		as   **engine.FeedInfo
	}{{r.Intel.KEV, &same.Intel.KEV}, {r.Intel.EPSS, &same.Intel.EPSS}, {r.Intel.SSVC, &same.Intel.SSVC},
		{r.Intel.EUVD, &same.Intel.EUVD}, {r.Intel.VulnCheck, &same.Intel.VulnCheck}} {
		if f.have != nil {
			*f.as = &engine.FeedInfo{}
		}
	}
	same.Cases = slices.Clone(r.Cases)
	for i := range same.Cases {
		if d := &same.Cases[i].Decision; d.DueFrom == "evaluated" && !d.Overdue {
			d.Due = time.Time{}
		}
	}
	return &same
}

// nothingToReport says that nothing was found, nothing was fixed, and nothing speaks against trusting that.
func (v *view) nothingToReport() bool {
	quiet := func(n note) bool { return n.label == "waivers" || n.label == "not known" }
	return v.r.Outcome == engine.Pass && len(v.r.Cases) == 0 && len(v.r.Fixed) == 0 && len(v.r.Gate.Reasons) == 0 && v.r.Proposed == nil &&
		!slices.ContainsFunc(v.notes, func(n note) bool { return !quiet(n) })
}

// feedbackBlock names what did not reach the reader by other ways. A comment, which did, folds it away.
func (p *page) feedbackBlock() *block {
	if len(p.feedback) == 0 {
		return nil
	}
	b := &block{noun: "row", most: commentRows, head: "\n<details><summary>Feedback that did not arrive: " + fmt.Sprint(len(p.feedback)) + "</summary>\n\n",
		tail: "\n</details>\n"}
	if p.read { // here it is looked for
		b.head, b.tail = "\n**Feedback that did not arrive**\n\n", ""
	}
	for i := range p.feedback {
		e := &p.feedback[i]
		what := strings.ReplaceAll(e.Kind, "_", " ")
		if e.Kind == engine.EffectSARIF {
			what = "SARIF upload"
		}
		b.rows = append(b.rows, "- **"+first(prose(what, false), "feedback")+"** "+prose(e.Why, false)+"\n")
	}
	return b
}
