package jira

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/headgate/headgate/engine/ticket"
	"github.com/headgate/headgate/integrations/jira/jiratest"
)

var hosts = []string{"jira.example.org", "ci.example.org"}

// sample has all that a text of ours can have.
func sample(s string) ticket.Document {
	text := ticket.Inline{Text: s}
	return ticket.Document{
		{Heading: s},
		{Paragraph: []ticket.Inline{text, {Text: s, Strong: true}, {Text: s, Code: true}, {Text: s, URL: "https://ci.example.org/runs/1"}, {Text: s, URL: s}}},
		{List: [][]ticket.Inline{{text}, {{Text: s, Strong: true, Code: true}}}},
		{Table: &ticket.Table{Head: []string{s, "Why"}, Rows: [][][]ticket.Inline{{{text}, nil}, {nil, {text, {Text: s, Code: true}}}}}},
		{Code: &ticket.Code{Language: "bash", Text: s}},
		{},
	}
}

func decoded(t testing.TB, d ticket.Document) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(strict(adf(d, hosts)), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTextReadsAsItIs(t *testing.T) {
	d := ticket.Document{
		{Paragraph: []ticket.Inline{{Text: "Upgrade "}, {Text: "log4j-core", Code: true}, {Text: " to 2.17.1: "}, {Text: "known exploited", Strong: true}, {Text: ", see "}, {Text: "Run", URL: "https://ci.example.org/runs/1?a=b#c"}, {Text: "."}}},
		{Table: &ticket.Table{Head: []string{"finding", "why"}, Rows: [][][]ticket.Inline{{{{Text: "CVE-2021-44228"}}, nil}}}},
		{List: [][]ticket.Inline{{{Text: "one"}}, {{Text: "two"}}}},
		{Code: &ticket.Code{Language: "bash", Text: "mvn versions:set\nmvn -q verify"}},
	}
	const want = "Upgrade {{log4j-core}} to 2.17.1: *known exploited*, see [Run|https://ci.example.org/runs/1?a=b#c].\n\n" +
		"||finding||why||\n|CVE-2021-44228| |\n\n* one\n* two\n\n{noformat}\nmvn versions:set\nmvn -q verify\n{noformat}"
	if have := wiki(d, hosts); have != want {
		t.Errorf("wiki markup:\n%s\nwant:\n%s", have, want)
	}
	v := decoded(t, d)
	if err := jiratest.CheckADF(v); err != nil {
		t.Error(err)
	}
	if have := jiratest.Text(v); have != "Upgrade log4j-core to 2.17.1: known exploited, see Run.\nfinding\nwhy\n\nCVE-2021-44228\n\n\none\ntwo\nmvn versions:set\nmvn -q verify\n" {
		t.Errorf("document:\n%s", have)
	}
}

// hostile are texts that would be markup somewhere.
var hostile = []string{
	"[~admin]", "[~accountid:5b10a2844c20165700ede21a]", "@admin", "!https://evil.example/x.png!", "{code}x{code}", "{noformat}", "{NoFormat}x{noformat}", "{color:red}x{color}",
	"{html}<script>{html}", "[click|https://evil.example]", "https://evil.example/login", "|a|b|", "||a||", "h1. big", "  BQ. quoted", "* item", "# item", "- item", "----", "*bold*", "_it_",
	"-struck-", "+under+", "^up^", "~down~", "??cite??", "{{code}}", "(!)", "(/)", ":)", ":D", `\\`, `\{code}`, "&lt;b&gt;", "a\nh1. b", "a\r\n* b", "\u202Egnp.exe", "\u2028h1. x", "[^attachment]",
	"[#anchor]", "[mailto:a@b.c]", "file:///etc/passwd", "{quote}", "\x00\x1b[31m", "%{color}", "PAY-1", strings.Repeat("x", 34_000), "\xff\xfe",
}

func TestNothingOfATextIsMarkup(t *testing.T) {
	for _, s := range hostile {
		if err := inert(t, s); err != nil {
			t.Errorf("%.60q: %v", s, err)
		}
	}
}

var (
	unescaped = regexp.MustCompile(`(?:^|[^\\])([\[\]{}|!])`)
	address   = regexp.MustCompile(`(?i)[a-z]+:/+`)
	entity    = regexp.MustCompile(`&#(38|46|58|92);`)
)

// inert says what in a text would be more than text, in either markup.
func inert(t testing.TB, s string) error {
	v := decoded(t, sample(s))
	if err := jiratest.CheckADF(v); err != nil {
		return err
	}
	data, _ := json.Marshal(v)
	if units(string(data)) > 32_767 {
		return fmt.Errorf("a document of %d characters", units(string(data)))
	}
	for _, href := range regexp.MustCompile(`"href":"([^"]*)"`).FindAllStringSubmatch(string(data), -1) {
		if !mayLead(href[1], hosts) {
			return fmt.Errorf("a link to %s", href[1])
		}
	}
	text := wiki(sample(s), hosts)
	if units(text) > 32_767 || !utf8.ValidString(text) {
		return fmt.Errorf("wiki markup of %d characters, or not UTF-8", units(text))
	}
	for _, r := range text {
		if r < ' ' && r != '\n' || r >= 0x202A && r <= 0x202E || r == 0x2028 {
			return fmt.Errorf("wiki markup with the character %U", r)
		}
	}
	plain, link := wikiInlines([]ticket.Inline{{Text: s}}, hosts), "https://ci.example.org/runs/1"
	if unescaped.MatchString(entity.ReplaceAllString(plain, "")) || strings.Contains(plain, "\n") {
		return fmt.Errorf("markup is not escaped in %.200q", plain)
	}
	if bare := address.FindString(plain); bare != "" {
		return fmt.Errorf("an address that becomes a link: %.200q", plain)
	}
	if strings.TrimSpace(plain) != "" && wikiInlines([]ticket.Inline{{Text: s, URL: link}}, hosts) != "["+plain+"|"+link+"]" {
		return fmt.Errorf("a link is not a link")
	}
	if have := wikiInlines([]ticket.Inline{{Text: "x", URL: s}}, hosts); have != "x" && !mayLead(s, hosts) {
		return fmt.Errorf("a link to %.200q: %s", s, have)
	}
	if code := wikiText(ticket.Document{{Code: &ticket.Code{Text: s}}}, nil); strings.Count(strings.ToLower(code), "{noformat") != 2 {
		return fmt.Errorf("code that ends early: %.200q", code)
	}
	return nil
}

func FuzzTextIsInert(f *testing.F) {
	for _, s := range hostile[:len(hostile)-2] {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 1000 {
			return
		}
		if err := inert(t, s); err != nil {
			t.Error(err)
		}
	})
}

func TestLongTextsAreShortenedByWholeRows(t *testing.T) {
	table := &ticket.Table{Head: []string{"finding", "why"}}
	for n := range 2000 {
		table.Rows = append(table.Rows, [][]ticket.Inline{{{Text: fmt.Sprintf("CVE-2026-%05d", n)}}, {{Text: "reachable from the internet"}}})
	}
	d := ticket.Document{{Paragraph: []ticket.Inline{{Text: "Why now."}}}, {Table: table}, {Paragraph: []ticket.Inline{{Text: "How it closes."}}}}
	text := wiki(d, hosts)
	rows := strings.Count(text, "|CVE-2026-")
	if units(text) > mostText || rows < 300 || !strings.Contains(text, fmt.Sprintf("%d more", 2000-rows)) || !strings.HasSuffix(text, "How it closes.") {
		t.Errorf("%d characters, %d rows: …%s", units(text), rows, text[len(text)-200:])
	}
	v := decoded(t, d)
	if data, _ := json.Marshal(v); units(string(data)) > mostText || jiratest.CheckADF(v) != nil || !strings.Contains(jiratest.Text(v), "How it closes.") {
		t.Errorf("%d characters: %v", len(data), jiratest.CheckADF(v))
	}
}
