package ticket

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/headgate/headgate/engine"
)

// ticketsOf are the tickets of a scan.
func ticketsOf(t testing.TB, s Settings, sc scan) []Ticket {
	t.Helper()
	run, err := NewRun(sc.result(monday), s, []Link{{ID: "run", Title: "Run", URL: "https://ci.example/1"}})
	if err != nil {
		t.Fatal(err)
	}
	all, err := run.Tickets()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestATicketSaysWhatToDoWhyNowAndHowItEnds(t *testing.T) {
	s := Defaults()
	s.Scope = "acme/shop"
	spring := log4shell.called("hg1-b").at(engine.Attend, log4shell.due.AddDate(0, 0, 11))
	ticket := ticketsOf(t, s, everything(spring, log4shell))[0]
	if want := "Upgrade log4j-core to 2.17.1 in checkout (1 act, 1 attend; due 24 Nov)"; ticket.Summary != want {
		t.Errorf("summary %q", ticket.Summary)
	}
	var text strings.Builder
	for _, b := range ticket.Body {
		data, _ := json.Marshal(b)
		text.Write(data)
	}
	for _, want := range []string{
		"CVE-hg1-log4shell (Lookups run what they load): known exploited since 10 Dec 2021. It clears 1 act, 1 attend on checkout (team-pay), and is due on 24 Nov 2026.",
		"CVE-hg1-log4shell", "mvn versions:use-dep-version -Dincludes=org.acme:log4j-core -DdepVersion=2.17.1",
		"This ticket closes itself once 2 complete scans in a row no longer find it (trivy on repository acme/shop).",
		"To accept the risk for a time instead, scan a checkout of acme/shop", `headgate waive hg1-log4shell reports/ --asset checkout`, "https://ci.example/1",
	} {
		if have := text.String(); !strings.Contains(strings.ReplaceAll(have, `\"`, `"`), want) {
			t.Errorf("the text does not say %q: %s", want, have)
		}
	}
	if rows := ticket.Body[1].Table.Rows; len(rows) != 2 || rows[0][2][0].Text != "act" || rows[1][2][0].Text != "attend" {
		t.Errorf("the table has %v", rows)
	}
}

var hostile = []string{"[~admin] !http://x/y.png! {code}{html}", "<script>@here</script>", "a\nb\r\nc\u2028d", "\x1b]0;x\x07", "\u202eevil", strings.Repeat("漢", 2000), strings.Repeat("W", 5000), "", "*_`|", "##[error]x"}

// Everything that is said of a finding comes from outside.
func TestNoTextFromOutsideBreaksOutOfATicket(t *testing.T) {
	for _, name := range hostile {
		w := log4shell.called("hg1-"+name, name).in(name).on(name, name)
		w.tool, w.target = name, name
		s := Defaults()
		s.Scope, s.Per = name, PerTeam
		s.Fields = map[string]any{"customfield_1": "{{.Asset}} {{.Target}} {{.Findings}} {{.Summary}} {{.Owner}}"}
		sc := scan{found: []weak{w, w.called("hg1-2").excused(name), w.called("hg1-3").at(engine.Attend, time.Time{})}, looked: []Cover{{name, name, 1}}}
		for _, ticket := range ticketsOf(t, s, sc) {
			if n := utf8.RuneCountInString(ticket.Summary); n > longestSummary || n == 0 {
				t.Errorf("%.20q: a summary of %d characters", name, n)
			}
			texts := []string{ticket.Summary, ticket.Fields["customfield_1"].(string)}
			for _, b := range ticket.Body {
				texts = append(texts, b.Heading)
				if b.Code != nil {
					texts = append(texts, strings.Split(b.Code.Text, "\n")...)
				}
				cells := append([][]Inline{b.Paragraph}, b.List...)
				if b.Table != nil {
					for _, row := range b.Table.Rows {
						if len(row) != len(b.Table.Head) {
							t.Errorf("%.20q: a row of %d cells", name, len(row))
						}
						cells = append(cells, row...)
					}
				}
				for _, cell := range cells {
					for _, i := range cell {
						if i.Text == "" || i.URL != "" && i.URL != "https://ci.example/1" {
							t.Errorf("%.20q: the text has %+v", name, i)
						}
						texts = append(texts, i.Text)
					}
				}
			}
			for _, text := range texts {
				if strings.ContainsFunc(text, func(r rune) bool { return unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) }) || len([]rune(text)) > 8000 {
					t.Errorf("%.20q: a text of %d with what controls: %.80q", name, len(text), text)
				}
			}
			state := (&Run{settings: s}).noted(&ticket, State{})
			data, err := state.Encode()
			if err != nil {
				t.Fatalf("%.20q: %v", name, err)
			}
			if _, err := ReadState(data); err != nil {
				t.Errorf("%.20q: %v", name, err)
			}
		}
	}
}

func TestWhatIsNotedOfAVeryLargeTicketFits(t *testing.T) {
	var all []weak
	for i := range 2000 {
		all = append(all, log4shell.called(fmt.Sprintf("hg1-%d-%s", i, strings.Repeat("<", 300))))
	}
	s := Defaults()
	ticket := ticketsOf(t, s, everything(all...))[0]
	state := (&Run{settings: s}).noted(&ticket, State{})
	data, err := state.Encode()
	if err != nil || len(state.Clears)+len(state.More) == 0 {
		t.Fatalf("%d findings noted: %v", len(state.Clears), err)
	}
	if _, err := ReadState(data); err != nil {
		t.Error(err)
	}
}

// many are findings of one fix, each with several long names.
func many(n int) []weak {
	var all []weak
	for i := range n {
		id := fmt.Sprintf("hg1-%016d", i)
		all = append(all, log4shell.called(id, id+"a", id+"b", id+"c", id+"d"))
	}
	return all
}

// A rebuild of an image clears hundreds: what is not noted by its name is noted all the same.
func TestATicketOfHundredsIsClosedOnceAllAreGone(t *testing.T) {
	b, all := newBoard(t), many(400)
	b.run(everything(all...))
	last := all[399]
	last.unfixed = true // so that no fix wants the ticket
	for range 3 {
		b.run(everything(last))
	}
	if i := b.only(); i.Done() || i.State.Absent != 0 {
		t.Fatalf("one of 400 is still found, and the ticket is %s, %d times not found", i.Status, i.State.Absent)
	}
	other := last.called("hg1-grown", last.also[3]) // the group of its names is another now
	b.run(everything(other))
	if i := b.only(); i.Done() || i.State.Absent != 0 {
		t.Fatalf("one of 400 is still found by another name, and the ticket is %s", i.Status)
	}
	b.run(everything())
	if b.run(everything()); !b.only().Done() {
		t.Error("all are gone, and the ticket is open")
	}
}

func TestATicketOfMoreThanCanBeNotedIsClosedByPeople(t *testing.T) {
	b := newBoard(t)
	changes := b.run(everything(many(3000)...))
	if text := changes[0].Ticket.Body.text(); !strings.Contains(text, "close it once the scans") || strings.Contains(text, "closes itself") {
		t.Errorf("it says:\n%s", text)
	}
	var why string
	for range 4 {
		why = b.run(everything())[0].Why
	}
	if b.only().Done() || !strings.Contains(why, "close it by hand") {
		t.Errorf("%s: %s", b.only().Status, why)
	}
}

func TestWhatIsNotNotedByNameIsNoNews(t *testing.T) {
	b, all := newBoard(t), many(600)
	b.run(everything(all...))
	for i := range all {
		all[i].due = all[i].due.Add(48 * time.Hour)
	}
	b.run(everything(all...))
	if said := b.said[b.only().Key]; len(said) != 1 || strings.Contains(said[0], "clears") {
		t.Errorf("it says %q", said)
	}
	if b.run(everything(all[:599]...)); len(b.said[b.only().Key]) > 2 {
		t.Errorf("it says %q", b.said[b.only().Key])
	}
}

func TestALongTextIsShortenedByWholeRows(t *testing.T) {
	var all []weak
	for i := range 300 {
		all = append(all, log4shell.called(fmt.Sprintf("hg1-%03d", i)))
	}
	body := ticketsOf(t, Defaults(), everything(all...))[0].Body
	size := func(d Document) int { data, _ := json.Marshal(d); return len(data) }
	for _, most := range []int{size(body), 30_000, 10_000, 3_000, 500, 10} {
		short := body.Fit(most, size)
		if size(short) > most && len(short) > 0 {
			t.Errorf("%d is %d", most, size(short))
		}
		if most == 10_000 {
			n := len(short[1].Table.Rows)
			if want := fmt.Sprintf("%d more are in the result of the run.", 300-n); n == 0 || short[2].Paragraph[0].Text != want || len(short) != len(body)+1 {
				t.Errorf("%d rows, then %v", n, short[2])
			}
			if d := body.Fit(size(short)+200, size); len(d[1].Table.Rows) < n {
				t.Error("more room gives fewer rows")
			}
		}
	}
	if len(body[1].Table.Rows) != 300 {
		t.Error("shortening changed the document")
	}
}

func FuzzState(f *testing.F) {
	s := Defaults()
	ticket := ticketsOf(f, s, everything(log4shell))[0]
	state := (&Run{settings: s}).noted(&ticket, State{})
	data, err := state.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"key":"0123456789abcdef","absent":-1}`))
	f.Add([]byte(`{} {}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		state, err := ReadState(data)
		if err != nil {
			return
		}
		again, err := state.Encode()
		if err != nil {
			return // escapes can make it longer
		}
		if _, err := ReadState(again); err != nil {
			t.Errorf("%s: %v", again, err)
		}
		state.Scope = ScopeLabel("")
		run, err := NewRun(everything(log4shell).result(monday), Defaults(), nil)
		if err != nil {
			t.Fatal(err)
		}
		tickets, err := run.Tickets()
		if err != nil {
			t.Fatal(err)
		}
		for _, category := range []string{CategoryNew, CategoryDone, "?"} { // whoever wrote it, it is decided about
			run.Reconcile(tickets, []Issue{{Key: state.Key, ID: "1", Category: category, State: state}})
		}
	})
}
