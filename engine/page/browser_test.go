package page

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// chromium starts one browser for a test and its parts. Where there is none, the test is skipped; HEADGATE_NEED_CHROMIUM forbids that.
func chromium(t *testing.T) context.Context {
	t.Helper()
	name, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("HEADGATE_NEED_CHROMIUM") != "" {
			t.Fatalf("no chromium: %v", err)
		}
		t.Skip("no chromium is installed: the page is not looked at in a browser")
	}
	profile, err := os.MkdirTemp("", "headgate-browser-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(profile) }) // some process of the browser may write for a moment longer than it runs: that is no failure
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(name), chromedp.UserDataDir(profile), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.WSURLReadTimeout(10*time.Minute))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	quiet := func(string, ...any) {} // events that this version of the protocol does not know
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithErrorf(quiet), chromedp.WithLogf(quiet))
	t.Cleanup(cancel)
	if err := chromedp.Run(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// A tab has one page open, and writes down what happens in it.
type tab struct {
	context.Context
	t *testing.T

	lock  sync.Mutex
	asked []string // requests
	said  []string // errors and warnings of the console, and of what the browser refused
}

// open writes a page to a file and opens it in a tab of its own.
func open(t *testing.T, ctx context.Context, s *Source, before ...chromedp.Action) *tab {
	t.Helper()
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, []byte(written(t, s)), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 10*time.Minute)
	t.Cleanup(cancel)
	b := &tab{Context: ctx, t: t}
	chromedp.ListenTarget(ctx, b.note)
	b.run(slices.Concat([]chromedp.Action{network.Enable(), log.Enable(), runtime.Enable(), chromedp.EmulateViewport(1440, 900)}, before,
		[]chromedp.Action{chromedp.Navigate("file://" + filepath.ToSlash(file))})...)
	return b
}

func (b *tab) note(event any) {
	b.lock.Lock()
	defer b.lock.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.asked = append(b.asked, e.Request.URL)
	case *network.EventWebSocketCreated:
		b.asked = append(b.asked, e.URL)
	case *runtime.EventConsoleAPICalled:
		b.said = append(b.said, string(e.Type))
	case *runtime.EventExceptionThrown:
		b.said = append(b.said, e.ExceptionDetails.Error())
	case *log.EventEntryAdded: // what a policy refuses is one
		b.said = append(b.said, e.Entry.Text)
	case *page.EventJavascriptDialogOpening:
		b.said = append(b.said, "a dialog: "+e.Message)
	}
}

func (b *tab) run(actions ...chromedp.Action) {
	b.t.Helper()
	if err := chromedp.Run(b, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// is asks the page for a value.
func is[T any](b *tab, expression string) T {
	b.t.Helper()
	var v T
	b.run(chromedp.Evaluate(expression, &v))
	return v
}

// quiet says that the page asked nobody and nothing went wrong in it.
func (b *tab) quiet() {
	b.t.Helper()
	b.lock.Lock()
	defer b.lock.Unlock()
	if len(b.asked) != 1 || !strings.HasPrefix(b.asked[0], "file://") {
		b.t.Errorf("the page asked for %q", b.asked)
	}
	if len(b.said) > 0 {
		b.t.Errorf("the browser says %q", b.said)
	}
}

const rowsThere = `document.querySelectorAll("#rows > tr").length`

// settled waits until the table has so many rows.
func (b *tab) settled(rows int) {
	b.t.Helper()
	var ok bool
	b.run(chromedp.Poll(fmt.Sprintf("%s === %d", rowsThere, rows), &ok, chromedp.WithPollingTimeout(10*time.Minute)))
}

func TestBrowser(t *testing.T) {
	ctx := chromium(t)
	t.Run("FiltersSortsAndSearchesTheDecisions", func(t *testing.T) { tableInBrowser(t, ctx) })
	t.Run("KeyboardReachesEverything", func(t *testing.T) { keyboardInBrowser(t, ctx) })
	t.Run("HostileNamesRunNothing", func(t *testing.T) { hostileInBrowser(t, ctx) })
	t.Run("FitsEveryWidth", func(t *testing.T) { widthsInBrowser(t, ctx) })
	t.Run("OneScreenAnswers", func(t *testing.T) { screenInBrowser(t, ctx) })
	t.Run("HasNoBarriers", func(t *testing.T) { barriersInBrowser(t, ctx) })
	t.Run("Prints", func(t *testing.T) { paperInBrowser(t, ctx) })
	t.Run("TenThousandDecisions", func(t *testing.T) { manyInBrowser(t, ctx) })
	t.Run("ThePolicyHolds", func(t *testing.T) { policyInBrowser(t, ctx) })
}

// first is the text of a cell of the first row.
func first(b *tab, cell string) string {
	return is[string](b, `document.querySelector("#rows > tr:first-child `+cell+`").textContent`)
}

// press works something as the keyboard does. A click goes to where a thing was a moment ago, and the table moves.
func press(selector string) chromedp.Action {
	return chromedp.Tasks{chromedp.Focus(selector, chromedp.ByQuery), chromedp.KeyEvent(kb.Enter)}
}

// look types into the search.
func look(words string) chromedp.Action {
	return chromedp.Evaluate(fmt.Sprintf(`{ const e = document.getElementById("search"); e.value = %q; e.dispatchEvent(new Event("input")); }`, words), nil)
}

func choose(id, value string) chromedp.Action {
	return chromedp.Evaluate(fmt.Sprintf(`{ const e = document.getElementById(%q); e.value = %q; e.dispatchEvent(new Event("change")); }`, id, value), nil)
}

func tableInBrowser(t *testing.T, ctx context.Context) {
	source := ledger(400)
	v, err := viewOf(source)
	if err != nil {
		t.Fatal(err)
	}
	b := open(t, ctx, source)
	b.settled(shownAtFirst)
	// What stands there without script is what the script puts there.
	if at, want := first(b, "[data-f=id]"), v.Rows[0].ID; at != want {
		t.Errorf("the first row is %s, and %s presses most", at, want)
	}
	count := func(has func(r *row) bool) (n int) {
		all := shop(400)
		for i := range all.Cases {
			if r := rowOf(&all.Cases[i], all); has(&r) {
				n++
			}
		}
		return n
	}
	late := count(func(r *row) bool { return r.Overdue && r.Priority == "act" })
	b.run(choose("priority", "act"), choose("only", "overdue"))
	b.settled(late)
	if said := is[string](b, `document.getElementById("said").textContent`); !strings.Contains(said, fmt.Sprintf("%d of %d shown, out of 400", late, late)) {
		t.Errorf("it says %q", said)
	}
	b.run(choose("priority", ""), choose("only", ""), choose("owner", "-"))
	b.settled(min(shownAtFirst, count(func(r *row) bool { return r.Owner == "" })))
	b.run(choose("owner", ""), chromedp.SendKeys("#search", "log4j CATALOG"))
	b.settled(count(func(r *row) bool { return strings.Contains(r.In, "log4j") && r.Asset == "catalog" }))
	b.run(look("no such thing"))
	b.settled(0)
	b.run(look(""))
	b.settled(shownAtFirst)
	for _, by := range []struct{ column, cell, first, last string }{{"asset", "td.aside [data-f=asset]", "catalog", "reports"}, {"owner", "td.aside [data-f=owner]", "team-pay", "team-web"}} {
		button := `th[data-by=` + by.column + `] button`
		for _, want := range []struct{ order, text string }{{"ascending", by.first}, {"descending", by.last}} {
			b.run(press(button))
			if got := first(b, by.cell); got != want.text {
				t.Errorf("%s by %s begins with %q, want %q", want.order, by.column, got, want.text)
			}
			if got := is[string](b, `document.querySelector("th[data-by=`+by.column+`]").ariaSort`); got != want.order {
				t.Errorf("it calls the order %s, want %s", got, want.order)
			}
		}
	}
	b.run(press("#more"))
	b.settled(2 * shownAtFirst)
	b.run(press("#rows > tr:nth-child(1) summary"))
	if n := is[int](b, `document.querySelectorAll("#rows details[open] li").length`); n == 0 {
		t.Error("a row that is opened shows no reasons")
	}
	b.quiet()
}

// Who has no mouse comes everywhere, in the order of the page, and sees where they are.
func keyboardInBrowser(t *testing.T, ctx context.Context) {
	b := open(t, ctx, ledger(60))
	b.settled(shownAtFirst)
	b.run(chromedp.KeyEvent(kb.Tab))
	if at := is[string](b, "document.activeElement.className"); at != "skip" {
		t.Errorf("the first stop is %q, not the way to the content", at)
	}
	b.run(chromedp.KeyEvent(kb.Enter))
	if at := is[string](b, "document.activeElement.id"); at != "main" {
		t.Errorf("the way to the content leads to %q", at)
	}
	seen := map[string]bool{}
	for range 60 {
		b.run(chromedp.KeyEvent(kb.Tab))
		at := is[[]string](b, `(() => { const e = document.activeElement; return [e.id || e.className || e.localName, getComputedStyle(e).outlineStyle, e.closest("th")?.dataset.by || ""]; })()`)
		seen[at[0]], seen["by "+at[2]] = true, true
		if at[1] == "none" {
			t.Errorf("nobody sees that %s has the focus", at[0])
		}
	}
	for _, want := range []string{"summary", "scroll", "search", "priority", "owner", "only", "by due"} {
		if !seen[want] {
			t.Errorf("the keyboard does not come to %s", want)
		}
	}
	b.run(chromedp.Focus("th[data-by=finding] button"), chromedp.KeyEvent(kb.Enter))
	if got := is[string](b, `document.querySelector("th[data-by=finding]").ariaSort`); got != "ascending" {
		t.Errorf("Enter orders %q", got)
	}
	b.run(chromedp.Focus("#rows summary"), chromedp.KeyEvent(" "))
	if !is[bool](b, `document.querySelector("#rows details").open`) {
		t.Error("the space bar does not open a row")
	}
	b.quiet()
}

func hostileInBrowser(t *testing.T, ctx context.Context) {
	b := open(t, ctx, strangeSource())
	b.settled(2 * len(hostile))
	if wide := is[int](b, "document.documentElement.scrollWidth"); wide > 1440 {
		t.Errorf("names make the page %d wide", wide)
	}
	b.run(press("th[data-by=finding] button"), chromedp.SendKeys("#search", "<svg onload=alert(1)>"))
	b.settled(2)
	if text := first(b, "[data-f=wrong]"); text != "<svg onload=alert(1)>" {
		t.Errorf("the name is %q", text)
	}
	b.quiet()
}

// scheme is what a device asks for.
func scheme(name string) chromedp.Action {
	return emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}})
}

func widthsInBrowser(t *testing.T, ctx context.Context) {
	for _, s := range []*Source{ledger(60), strangeSource(), {Of: "acme/shop", Now: now, Single: true, Results: one(shop(60))}} {
		b := open(t, ctx, s)
		for _, width := range []int{320, 360, 768, 1440} {
			b.run(chromedp.EmulateViewport(int64(width), 900))
			if got := is[int](b, "document.documentElement.scrollWidth"); got > width {
				wide := is[string](b, `[...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".scroll")).slice(0, 3).map((e) => e.localName + "." + e.className).join(" ")`)
				t.Errorf("at a width of %d the page of %.20q is %d wide: %s", width, s.Of, got, wide)
			}
			if size := is[float64](b, `Math.min(...[...document.querySelectorAll("svg text, td, th, p, li")].map((e) => parseFloat(getComputedStyle(e).fontSize)))`); size < 11 {
				t.Errorf("at a width of %d there is text of %g pixels", width, size)
			}
		}
		b.quiet()
	}
}

// screenInBrowser looks where the three answers stand, and that figures beside each other leave no hole.
func screenInBrowser(t *testing.T, ctx context.Context) {
	bottom := func(b *tab, of string) float64 {
		return is[float64](b, fmt.Sprintf(`document.querySelector(%q).getBoundingClientRect().bottom`, of))
	}
	for name, s := range map[string]*Source{"of two quarters": ledger(60), "of a first run": firstRun()} {
		b := open(t, ctx, s)
		for _, answer := range []string{".tiles", ".heat", "ol.next > li:nth-child(3)"} {
			if at := bottom(b, answer); at > 900 {
				t.Errorf("%s: %s ends %.0f pixels down, below a screen of 1440 by 900", name, answer, at)
			}
		}
		for _, width := range []int64{320, 360, 500, 768, 1440} {
			b.run(chromedp.EmulateViewport(width, 800))
			if at := bottom(b, "#where"); width >= 360 && at > 800 {
				t.Errorf("%s: at a width of %d one has to scroll to where it is not safer, %.0f pixels down", name, width, at)
			}
			holes := is[[]string](b, `[...document.querySelectorAll(".tiles")].flatMap((tiles) => {
				const end = tiles.getBoundingClientRect().right, all = [...tiles.children].map((e) => e.getBoundingClientRect());
				return all.filter((a, i) => (i + 1 === all.length || all[i + 1].top > a.top + 1) && Math.abs(end - a.right) > 3).map((a) => tiles.children[all.indexOf(a)].textContent);
			})`)
			if len(holes) > 0 {
				t.Errorf("%s: at a width of %d there is nothing beside %.60q", name, width, holes)
			}
		}
	}
}

// barriersInBrowser asks axe-core, whose file HEADGATE_AXE names.
func barriersInBrowser(t *testing.T, ctx context.Context) {
	file := os.Getenv("HEADGATE_AXE")
	if file == "" {
		if os.Getenv("HEADGATE_NEED_CHROMIUM") != "" {
			t.Fatal("HEADGATE_AXE does not name axe.min.js of axe-core")
		}
		t.Skip("HEADGATE_AXE does not name axe.min.js of axe-core: nobody looks for barriers")
	}
	axe, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	single := &Source{Of: "acme/shop", Now: now, Single: true, Results: one(shop(60))}
	for _, at := range []struct {
		of     *Source
		scheme string
		width  int64
	}{{ledger(60), "light", 1440}, {ledger(60), "dark", 360}, {single, "light", 360}, {firstRun(), "light", 360}} {
		b := open(t, ctx, at.of, scheme(at.scheme))
		var found json.RawMessage
		b.run(chromedp.EmulateViewport(at.width, 900),
			chromedp.Evaluate(`for (const e of [...document.querySelectorAll("#rows > tr")].slice(6)) e.remove()`, nil), // they are all alike
			chromedp.Evaluate(`for (const e of document.querySelectorAll("details")) e.open = true`, nil),
			chromedp.Evaluate(string(axe), nil),
			chromedp.Evaluate(`axe.run(document, { resultTypes: ["violations"] }).then((r) => r.violations.map((v) => ({ rule: v.id, help: v.help, at: v.nodes.slice(0, 3).map((n) => n.html + " " + n.failureSummary) })))`,
				&found, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
		if string(found) != "[]" {
			t.Errorf("%s at %d: %s", at.scheme, at.width, found)
		}
	}
}

func paperInBrowser(t *testing.T, ctx context.Context) {
	b := open(t, ctx, ledger(60))
	var pdf []byte
	b.run(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		pdf, _, err = page.PrintToPDF().WithPreferCSSPageSize(true).Do(ctx)
		return err
	}))
	if n := strings.Count(string(pdf), "/Type /Page\n"); n < 3 || n > 12 {
		t.Errorf("%d sheets of paper", n)
	}
	b.run(emulation.SetEmulatedMedia().WithMedia("print"))
	if is[string](b, `getComputedStyle(document.getElementById("filters")).display`) != "none" {
		t.Error("filters are printed, which nobody can use on paper")
	}
	b.quiet()
}

func manyInBrowser(t *testing.T, ctx context.Context) {
	b := open(t, ctx, ledger(MaxDecisions))
	b.settled(shownAtFirst)
	took := is[float64](b, `(() => { const t = performance.now(); document.querySelector("th[data-by=finding] button").click(); return performance.now() - t; })()`)
	t.Logf("ordering %d decisions takes the browser %.0f ms", MaxDecisions, took)
	b.run(chromedp.SendKeys("#search", "payments-db log4j"))
	b.run(chromedp.Poll(`document.getElementById("said").textContent.includes("out of 10,000")`, nil, chromedp.WithPollingTimeout(10*time.Minute)))
	b.quiet()
}

// The policy is not there for show: what somebody might get into the page does not run and asks nobody.
func policyInBrowser(t *testing.T, ctx context.Context) {
	b := open(t, ctx, ledger(1))
	b.run(
		chromedp.Evaluate(`document.body.insertAdjacentHTML("beforeend", "<img src='http://127.0.0.1:9/x.png' onerror='window.ran = 1'><p id=odd style='color:red'>x</p>")`, nil),
		chromedp.Evaluate(`{ const s = document.createElement("script"); s.textContent = "window.ran = 2"; document.body.append(s); }`, nil),
		chromedp.Evaluate(`fetch("http://127.0.0.1:9/").then(() => { window.ran = 3; }, () => { window.refused = true; })`, nil),
		chromedp.Poll("window.refused === true", nil, chromedp.WithPollingTimeout(10*time.Minute)),
	)
	if is[bool](b, `"ran" in window`) {
		t.Error("what got into the page ran")
	}
	b.lock.Lock()
	defer b.lock.Unlock()
	for _, url := range b.asked[1:] {
		if !strings.Contains(strings.Join(b.said, "\n"), url) {
			t.Errorf("%s was asked for, and nothing refused it", url)
		}
	}
	if len(b.said) < 4 {
		t.Errorf("four things were to be refused, and it says %q", b.said)
	}
}
