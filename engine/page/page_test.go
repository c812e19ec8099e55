package page

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// ledger is a source with everything that a page can show.
func ledger(n int) *Source {
	return &Source{Of: "acme/shop", Now: now, Figures: quarter(), Results: one(shop(n)), Verify: "headgate evidence verify ledger.db"}
}

// written is the page of a source.
func written(t *testing.T, s *Source) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, s); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestSameSourceGivesSameBytes(t *testing.T) {
	if first, second := written(t, ledger(400)), written(t, ledger(400)); first != second {
		t.Error("two pages of one source differ")
	}
}

// What the page is made of, without the text of style and script and without the data, is looked at when it changes.
func TestStructureOfThePage(t *testing.T) {
	for name, s := range map[string]*Source{
		"ledger": ledger(60),
		"result": {Of: "acme/shop", Now: now, Single: true, Results: one(shop(60))},
	} {
		got := outline(t, written(t, s))
		golden := filepath.Join("testdata", name+".outline")
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("the structure of the page of a %s changed; run go test ./engine/page -update and read the difference", name)
		}
	}
}

// outline is a document as its elements, indented, with the text in them; long rows of like elements are counted.
func outline(t *testing.T, text string) string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	var walk func(n *html.Node, depth int)
	walk = func(n *html.Node, depth int) {
		indent := strings.Repeat(" ", depth)
		switch n.Type {
		case html.TextNode:
			if s := strings.Join(strings.Fields(n.Data), " "); s != "" {
				b.WriteString(indent + s + "\n")
			}
			return
		case html.ElementNode:
			b.WriteString(indent + "<" + n.Data)
			for _, a := range n.Attr {
				if a.Key == "content" && strings.Contains(a.Val, "sha256-") {
					a.Val = regexp.MustCompile(`sha256-[^']+`).ReplaceAllString(a.Val, "sha256-…")
				}
				b.WriteString(" " + a.Key + "=" + strings.Join(strings.Fields(a.Val), " "))
			}
			b.WriteString(">\n")
			if n.Data == "style" || n.Data == "script" {
				return
			}
		}
		rows := 0
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if c.Type == html.ElementNode && c.Data == "tr" {
				if rows++; rows > 3 {
					continue
				}
			}
			walk(c, depth+1)
		}
		if rows > 3 {
			b.WriteString(indent + " and " + plural(rows-3, "row", "rows") + " more\n")
		}
	}
	walk(doc, 0)
	return b.String()
}

// Nothing of the page may lead out of it: no address, no element that loads, no attribute that runs.
func TestNothingLeadsOutOfThePage(t *testing.T) {
	text := written(t, ledger(60))
	doc, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	loads := map[string]bool{"img": true, "link": true, "iframe": true, "object": true, "embed": true, "audio": true, "video": true, "source": true, "base": true, "form": true, "image": true, "use": true}
	scripts := 0
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if loads[n.Data] {
			t.Errorf("the page has a <%s>", n.Data)
		}
		if n.Data == "script" {
			scripts++
		}
		for _, a := range n.Attr {
			switch {
			case strings.HasPrefix(a.Key, "on"), a.Key == "src", a.Key == "srcset", a.Key == "style", a.Key == "action":
				t.Errorf("<%s> has %s=%q", n.Data, a.Key, a.Val)
			case a.Key == "href" && !strings.HasPrefix(a.Val, "#"):
				t.Errorf("<%s> leads to %q", n.Data, a.Val)
			}
		}
	}
	if scripts != 2 {
		t.Errorf("%d scripts, and there are to be the data and the code", scripts)
	}
	for _, word := range []string{"http:", "https:", "//cdn", "@import", "url(", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "fetch(", "XMLHttpRequest"} {
		if strings.Contains(text, word) {
			t.Errorf("the page has %q", word)
		}
	}
}

// hostile is what scanned code calls things to get out of the text.
var hostile = []string{
	"<script>alert(1)</script>", "</script><script>alert(1)</script>", `<svg onload=alert(1)>`, `"><img src=x onerror=alert(1)>`, "</title></style></textarea>",
	"<!--", "]]>", "{{.Script}}", "javascript:alert(1)", "user\u202egnp.exe\u202c", "line\u2028para\u2029graph", "zero\u200bwidth\ufeff", "a" + strings.Repeat("\u0301", 40),
	strings.Repeat("x", 10_000), strings.Repeat("漢字", 200), "مرحبا بالعالم", "\xff\xfe", "&lt;b&gt; &amp;", "\x1b[31mred", "${alert(1)} `x`", "' onfocus='alert(1)",
}

// strange is a result in which every name is hostile.
func strange() *engine.Result {
	r := shop(len(hostile) * 2)
	for i := range r.Cases {
		name := hostile[i%len(hostile)]
		in, d := &r.Cases[i].Input, &r.Cases[i].Decision
		in.Finding.Title, in.Finding.Package.Name, in.Finding.Package.Versions = name, name, []string{name}
		in.Finding.Vulnerability.ID = name
		in.Asset.ID, in.Asset.Name, in.Asset.Owner = in.Asset.ID+name, name, name
		for k := range d.Reasons {
			d.Reasons[k].Rule, d.Reasons[k].Message, d.Reasons[k].Remediation = name, name, name
		}
		in.Context.Waivers = []engine.Waiver{{ID: name, Approver: name, Expires: day(3).Format(time.DateOnly)}}
	}
	for i := range r.Plan {
		f, name := &r.Plan[i], hostile[i%len(hostile)]
		f.Name, f.To, f.Why, f.Owners, f.How = name, name, name, []string{name}, []string{name}
	}
	r.Graph = &engine.Graph{Paths: 1, Uncovered: hostile[:3], ChokePoints: []engine.ChokePoint{{Asset: hostile[0]}}}
	r.Paths = []engine.AttackPath{{Assets: hostile[:4], Status: "validated", Steps: []engine.PathStep{{Findings: hostile[:1]}, {Findings: hostile[1:2]}, {Trusted: "<b>"}, {More: 2}}}}
	r.Change.Repository, r.Weakened, r.Policy.Digest, r.Policy.Packs = hostile[1], hostile[:2], hostile[3], hostile[4:6]
	r.Intel.KEV.Catalog = hostile[0]
	return r
}

func strangeSource() *Source {
	figures := quarter()
	for i := range figures.Teams {
		figures.Teams[i].Name = hostile[i]
	}
	for i := range figures.Waivers {
		w := &figures.Waivers[i]
		w.ID, w.Of, w.Approver, w.Expires = hostile[i], hostile[i+2], hostile[i+4], hostile[i+6]
	}
	figures.Figures[0].Definition, figures.Evidence.Origin = hostile[0], hostile[1]
	return &Source{Of: hostile[1] + hostile[9], Now: now, Figures: figures, Results: one(strange()), Verify: "headgate evidence verify '<script>'"}
}

func TestHostileNamesStayText(t *testing.T) {
	text := written(t, strangeSource())
	doc, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	whole := written(t, ledger(60))
	fine, err := html.Parse(strings.NewReader(whole))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for n := range fine.Descendants() {
		if n.Type == html.ElementNode {
			known[n.Data] = true
		}
	}
	scripts := 0
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if !known[n.Data] {
			t.Errorf("a name became a <%s>", n.Data)
		}
		if n.Data == "script" {
			scripts++
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "src" {
				t.Errorf("a name became the attribute %s", a.Key)
			}
		}
	}
	if scripts != 2 {
		t.Errorf("%d scripts, and there are to be the data and the code", scripts)
	}
	for _, r := range "\u202e\u202c\u2028\u2029\u200b\ufeff\x1b" {
		if strings.ContainsRune(text, r) {
			t.Errorf("the page has %U", r)
		}
	}
}

func TestTheRestOfManyDecisionsIsCounted(t *testing.T) {
	text := written(t, &Source{Now: now, Results: one(shop(9_000), shop(9_001), shop(9_002))})
	if !strings.Contains(text, "The 10,000 that press most of 27,003.") {
		t.Error("it is not said that decisions are left out")
	}
	if n := strings.Count(text, `<th scope="row" class="what">`); n != shownAtFirst+1 { // and the model of a row
		t.Errorf("%d rows are there without script", n)
	}
}

func TestWhatPressesMostComesFirst(t *testing.T) {
	v, err := viewOf(ledger(400))
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i < len(v.Rows); i++ {
		a, b := v.Rows[i-1], v.Rows[i]
		if a.action < b.action || a.action == b.action && a.priority < b.priority {
			t.Errorf("row %d (%s, %s) stands before %s, %s", i-1, a.Action, a.Priority, b.Action, b.Priority)
		}
	}
}

func TestWhatAFixCutsByALedgerIsTheLeast(t *testing.T) {
	r := shop(60)
	r.Graph.Paths, r.Plan[0].PathsCut = 3, 2
	if page := written(t, &Source{Of: "acme", Now: now, Results: one(r)}); !strings.Contains(page, "cuts at least 2 of 3 attack paths") {
		t.Error("it does not say that a ledger does not keep the whole graph")
	}
	if page := written(t, &Source{Of: "acme", Now: now, Results: one(r), Single: true}); !strings.Contains(page, ">cuts 2 of 3 attack paths") {
		t.Error("it is in doubt of what a run knows")
	}
}

func TestAnErrorOfTheResultsIsTheErrorOfThePage(t *testing.T) {
	broken := errors.New("broken")
	err := Write(io.Discard, &Source{Now: now, Results: func(yield func(*engine.Result, error) bool) { yield(nil, broken) }})
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestPageOfTenThousandDecisionsIsBelow5MB(t *testing.T) {
	if n := len(written(t, ledger(MaxDecisions))); n > 5<<20 {
		t.Errorf("%d bytes", n)
	}
}

func BenchmarkPageOfTenThousandDecisions(b *testing.B) {
	r := shop(MaxDecisions)
	for b.Loop() {
		if err := Write(io.Discard, &Source{Now: now, Figures: quarter(), Results: one(r)}); err != nil {
			b.Fatal(err)
		}
	}
}

// The page says of a case what every report says.
func TestReasonsAreThoseOfTheReports(t *testing.T) {
	r := shop(1)
	row := rowOf(&r.Cases[0], r)
	if why := report.WhyWords(&r.Cases[0].Decision); row.Why() != why[0] {
		t.Errorf("%q, and reports say %q", row.Why(), why[0])
	}
}
