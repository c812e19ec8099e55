package report_test

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	gmhtml "github.com/yuin/goldmark/renderer/html"
	"golang.org/x/net/html"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

// toHTML renders as a code host does, with raw HTML let through, so that any that is smuggled in shows.
func toHTML(t testing.TB, markdown []byte) string {
	t.Helper()
	var buf bytes.Buffer
	md := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote), goldmark.WithRendererOptions(gmhtml.WithUnsafe()))
	if err := md.Convert(markdown, &buf); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

// elements are all elements that the template makes, with the attributes that it gives them.
var elements = map[string]string{
	"h3": "", "p": "", "br": "", "strong": "", "code": "", "ul": "", "li": "", "details": "", "summary": "", "sub": "", "pre": "",
	"table": "", "thead": "", "tbody": "", "tr": "", "th": `style="text-align:right"`, "td": `style="text-align:right"`,
}

// reference is what code hosts make a link, a mention or a picture of, outside of code.
var reference = regexp.MustCompile(`(?i)@|#\d|\bgh-\d|\bghsa-\w|://|www\.|\b[0-9a-f]{7,40}\b|:[a-z0-9_+-]+:|\$.*\$|\[\^|^\s*/[a-z]|%\w`)

// developerPage is the one page of the program's own that documents link to.
const developerPage = "https://github.com/headgate/headgate/blob/main/docs/action.md#what-a-developer-does"

// tame fails if the rendered document has anything but what the template makes, and links to the pages given.
func tame(t *testing.T, document string, pages ...string) {
	t.Helper()
	depth, inCode, columns, cells := 0, 0, 0, 0
	z := html.NewTokenizer(strings.NewReader(document))
	for {
		switch z.Next() {
		case html.ErrorToken:
			if depth != 0 {
				t.Errorf("%d elements are left open", depth)
			}
			return
		case html.CommentToken, html.DoctypeToken:
			t.Errorf("%s", z.Token())
		case html.TextToken:
			text := z.Token().Data
			if inCode == 0 && reference.MatchString(text) {
				t.Errorf("a code host makes something of %q", text)
			}
		case html.StartTagToken:
			tok := z.Token()
			attributes, ok := elements[tok.Data]
			if tok.Data == "a" && len(tok.Attr) == 1 && tok.Attr[0].Key == "href" && slices.Contains(append(pages, developerPage), tok.Attr[0].Val) {
				depth++
				continue
			}
			for _, a := range tok.Attr {
				if have := fmt.Sprintf("%s=%q", a.Key, a.Val); have != attributes && (tok.Data != "code" || have != `class="language-mermaid"`) {
					t.Errorf("attribute %s of %s", have, tok.Data)
				}
			}
			if !ok {
				t.Errorf("element %s", tok)
			}
			switch tok.Data {
			case "br":
				continue
			case "code":
				inCode++
			case "thead":
				columns = 0
			case "th":
				columns++
			case "tr":
				cells = 0
			case "td":
				cells++
			}
			depth++
		case html.EndTagToken:
			depth--
			switch z.Token().Data {
			case "code":
				inCode--
			case "tr":
				if cells != 0 && cells != columns {
					t.Errorf("a row of %d cells in a table of %d columns", cells, columns)
				}
			}
		case html.SelfClosingTagToken:
			if tok := z.Token(); tok.Data != "br" {
				t.Errorf("element %s", tok)
			}
		}
	}
}

func TestNothingInMarkdownComesFromAFindingButText(t *testing.T) {
	for name, r := range samples() {
		t.Run(name, func(t *testing.T) {
			markdown := write(t, "markdown", r, report.Options{})
			if i := bytes.IndexFunc(markdown, func(r rune) bool { return r != '\n' && controls(r) }); i >= 0 {
				t.Errorf("a control character at %d: %q", i, markdown[max(0, i-20):i+20])
			}
			commandless(t, markdown)
			tame(t, toHTML(t, markdown))
		})
	}
}

// The other direction: taming must not lose the names, or the comment would be safe and useless.
func TestMarkdownShowsNamesAsTheyAre(t *testing.T) {
	document := html.UnescapeString(toHTML(t, write(t, "markdown", strange(), report.Options{})))
	for _, i := range []int{8, 9, 10, 11, 13, 14} {
		if !strings.Contains(document, hostileNames[i]) {
			t.Errorf("%q is not shown", hostileNames[i])
		}
	}
}

func FuzzNothingInMarkdownComesFromAFindingButText(f *testing.F) {
	for i, name := range hostileNames {
		f.Add(name, uint8(i))
	}
	f.Fuzz(func(t *testing.T, name string, kind uint8) {
		r := result(engine.Block, []engine.Case{strangeCase(name, int(kind)), strangeCase(name, int(kind)+1), log4shell()})
		r.Change.Repository, r.Change.Head, r.Weakened, r.Reports[0].Name = name, name, []string{name}, name
		r.Reports[0].Complete, r.Reports[0].Incomplete = false, name
		r.Policy.Source, r.Policy.Digest, r.Intel.KEV.Catalog = name, name, name
		r.Gate.Reasons = []engine.Reason{{Stated: &engine.Stated{Rule: name, Kind: "deny"}, Message: name}}
		r.Plan = []engine.Fix{{Fix: name, Target: name, To: name, Findings: []string{name}, PathsCut: 1}}
		markdown := write(t, "markdown", r, report.Options{})
		commandless(t, markdown)
		tame(t, toHTML(t, markdown))
	})
}

func TestMarkdownLeavesOutWholeRowsAndSaysHowMany(t *testing.T) {
	r := blocked()
	for i := range 2000 {
		r.Cases = append(r.Cases, vulnerable(fmt.Sprintf("CVE-2019-%d", 10000+i), "tomcat-embed-core", "9.0.30", "9.0.99", engine.Track, engine.Pass, engine.StatusExisting))
	}
	r = result(engine.Block, r.Cases)
	for _, limit := range []int{0, 60_000, 20_000, 6_000} {
		have := write(t, "markdown", r, report.Options{MaxBytes: limit})
		if most := max(limit, 0); most > 0 && len(have) > most || len(have) > report.DefaultMaxBytes {
			t.Errorf("%d bytes of %d", len(have), limit)
		}
		tame(t, toHTML(t, have))
		left := regexp.MustCompile(`(\d+) more rows are left out for length`).FindStringSubmatch(string(have))
		if left == nil {
			t.Fatalf("limit %d: it does not say that rows are left out", limit)
		}
		if shown := bytes.Count(have, []byte("| `tomcat-embed-core 9.0.30` |")); fmt.Sprint(2041-shown) != left[1] {
			t.Errorf("limit %d: %s rows are left out, %d of 2041 shown", limit, left[1], shown)
		}
		if !bytes.Contains(have, []byte("CVE-2021-44228")) {
			t.Errorf("limit %d: the worst case is left out", limit)
		}
	}
}
