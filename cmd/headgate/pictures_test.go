package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"html"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/yuin/goldmark"
	gm "github.com/yuin/goldmark/extension"
	gmhtml "github.com/yuin/goldmark/renderer/html"
)

var pictures = flag.String("pictures", "", "make the pictures of docs/pictures anew, in this `folder`")

// mostPictureBytes keeps the pages that show pictures light.
const mostPictureBytes = 200_000

// The pictures of the documentation are taken of real runs over the example: go test ./cmd/headgate -run Pictures -pictures docs/pictures
func TestPicturesAreOfRealRuns(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	if *pictures == "" {
		t.Skip("-pictures names no folder to put them in")
	}
	folder := *pictures
	if !filepath.IsAbs(folder) {
		folder = filepath.Join(root, folder)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := os.CopyFS("checkout", os.DirFS(filepath.Join(root, "examples", "checkout"))); err != nil {
		t.Fatal(err)
	}
	taker := newCamera(t)
	pullRequest(t)
	terminal := ran(t, readmeTime, 100, "gate", "checkout", "--event", "pull_request", "--base", "HEAD~1", "--baseline", "before", "-o", "text", "-o", "markdown=comment.md")
	taker.take(filepath.Join(folder, "terminal.png"), onTerminal(terminal), shot{width: 868, height: int64(42 + 19.6*float64(strings.Count(terminal, "\n"))), scale: 1})
	taker.take(filepath.Join(folder, "comment.png"), asComment(t, readFile(t, "comment.md")), shot{width: 860, height: 785, scale: 1})

	halfAYear(t)
	ran(t, readmeTime, 0, "report", "--ledger", "ledger.db", "-o", "html=page.html")
	page := readFile(t, "page.html")
	taker.take(filepath.Join(folder, "page.png"), page, shot{width: 1280, height: 860, scale: 1})
	taker.take(filepath.Join(folder, "page-dark.png"), page, shot{width: 1280, height: 860, scale: 1, dark: true})
	taker.take(filepath.Join(folder, "page-phone.png"), page, shot{width: 390, height: 844, scale: 2})
}

// ran is what the program writes, at a time, onto a terminal of a width; 0: no terminal.
func ran(t *testing.T, at time.Time, width int, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	a := &app{stdout: &out, stderr: &errs, stdin: strings.NewReader(""), getenv: func(string) string { return "" }, now: func() time.Time { return at }, width: width, color: width > 0}
	if status := a.run(t.Context(), args); status > statusBlocked {
		t.Fatalf("headgate %s: status %d: %s", strings.Join(args, " "), status, errs.String())
	}
	return out.String()
}

// pullRequest makes the example a change in a repository: two packages come with it, whose findings the reports of before lack.
func pullRequest(t *testing.T) {
	t.Helper()
	if err := os.CopyFS("before", os.DirFS(filepath.Join("checkout", "reports"))); err != nil {
		t.Fatal(err)
	}
	brought := map[string]bool{"golang.org/x/net": true, "github.com/golang-jwt/jwt/v5": true}
	for _, l := range scans {
		file := filepath.Join("before", l.name)
		var report map[string]any
		if err := json.Unmarshal([]byte(readFile(t, file)), &report); err != nil {
			t.Fatal(err)
		}
		for _, at := range l.of(report) {
			all, _ := at[l.key].([]any)
			at[l.key] = slices.DeleteFunc(all, func(v any) bool { return brought[l.pkg(v.(map[string]any))] })
		}
		text, err := json.Marshal(report)
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, file, string(text))
	}
	writeFile(t, ".gitignore", "reports/\nbefore/\n")
	commit := func(says string) {
		gitIn(t, ".", "add", ".")
		gitIn(t, ".", "commit", "-q", "-m", says)
	}
	gitIn(t, ".", "init", "-q", "-b", "main")
	commit("Sell things")
	mod := filepath.Join("checkout", "go.mod")
	writeFile(t, mod, readFile(t, mod)+"\n// The versions that sign sessions are held in go.sum.\n")
	commit("Sign sessions")
}

// scans are the reports of the example with the packages that are weak.
var scans = []struct {
	name string
	of   func(report map[string]any) []map[string]any // what holds the lists of findings
	key  string
	id   func(finding map[string]any) string
	pkg  func(finding map[string]any) string
}{
	{"trivy-image.json", resultsOf, "Vulnerabilities", textIn("", "VulnerabilityID"), textIn("", "PkgName")},
	{"trivy-edge.json", resultsOf, "Vulnerabilities", textIn("", "VulnerabilityID"), textIn("", "PkgName")},
	{"grype-image.json", func(r map[string]any) []map[string]any { return []map[string]any{r} }, "matches", textIn("vulnerability", "id"), textIn("artifact", "name")},
}

// halfAYear is 26 weeks of the example's main branch: each week some of the packages that its scans find weak are mended and others come, and
// towards the end more are mended.
func halfAYear(t *testing.T) {
	t.Helper()
	chance := rand.New(rand.NewPCG(1, 2))
	whole := map[string]string{}
	for _, l := range scans {
		whole[l.name] = readFile(t, filepath.Join("checkout", "reports", l.name))
	}
	mended := map[string]bool{}
	for week := 26; week >= 0; week-- {
		for _, l := range scans {
			var report map[string]any
			if err := json.Unmarshal([]byte(whole[l.name]), &report); err != nil {
				t.Fatal(err)
			}
			for _, at := range l.of(report) {
				all, _ := at[l.key].([]any)
				left := []any{}
				for _, v := range all {
					id := l.id(v.(map[string]any))
					switch {
					case chance.Float64() < .16-float64(week)*.005:
						mended[id] = true
					case chance.Float64() < .06:
						delete(mended, id)
					}
					if !mended[id] {
						left = append(left, v)
					}
				}
				at[l.key] = left
			}
			text, err := json.Marshal(report)
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, filepath.Join("checkout", "reports", l.name), string(text))
		}
		ran(t, readmeTime.AddDate(0, 0, -7*week).Add(-time.Hour), 0, "gate", "checkout", "--event", "push", "--branch", "main", "--ledger", "ledger.db", "-o", "json=result.json")
	}
}

func resultsOf(report map[string]any) (all []map[string]any) {
	for _, r := range report["Results"].([]any) {
		all = append(all, r.(map[string]any))
	}
	return all
}

// textIn reads what a finding says in a part of it.
func textIn(part, key string) func(map[string]any) string {
	return func(finding map[string]any) string {
		if part != "" {
			finding = finding[part].(map[string]any)
		}
		return finding[key].(string)
	}
}

// A shot is how a picture is taken.
type shot struct {
	width, height int64
	scale         float64
	dark          bool
}

// A camera takes pictures of pages in Chromium.
type camera struct {
	t   *testing.T
	ctx context.Context
}

func newCamera(t *testing.T) *camera {
	t.Helper()
	name, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium is installed: no pictures are taken")
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
	quiet := func(string, ...any) {}
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithErrorf(quiet), chromedp.WithLogf(quiet))
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 10*time.Minute)
	t.Cleanup(cancel)
	if err := chromedp.Run(ctx); err != nil {
		t.Fatal(err)
	}
	return &camera{t, ctx}
}

// take writes the picture of a page to a file.
func (c *camera) take(file, page string, s shot) {
	c.t.Helper()
	name := filepath.Join(c.t.TempDir(), "picture.html")
	writeFile(c.t, name, page)
	scheme := "light"
	if s.dark {
		scheme = "dark"
	}
	var png []byte
	if err := chromedp.Run(c.ctx, chromedp.EmulateViewport(s.width, s.height, chromedp.EmulateScale(s.scale)),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
		chromedp.Navigate("file://"+filepath.ToSlash(name)), chromedp.CaptureScreenshot(&png)); err != nil {
		c.t.Fatal(err)
	}
	if len(png) > mostPictureBytes {
		c.t.Errorf("%s has %d bytes, more than %d", file, len(png), mostPictureBytes)
	}
	if err := os.WriteFile(file, png, 0o644); err != nil {
		c.t.Fatal(err)
	}
}

// styled is a stretch of text between an escape sequence for how it looks and the one that ends it.
var styled = regexp.MustCompile(`(?s)\x1b\[([\d;]*)m(.*?)\x1b\[0?m`)

// onTerminal is output with colours as a page.
func onTerminal(text string) string {
	var b strings.Builder
	b.WriteString(`<!doctype html><meta charset=utf-8><style>
body { margin: 0; background: #14181a; }
main { padding: 20px 24px; background: #14181a; color: #d5dadc; font: 13.5px/1.45 "DejaVu Sans Mono", "Liberation Mono", monospace; white-space: pre; width: max-content; }
.s1 { font-weight: 700; color: #fff; } .s2 { color: #8b979d; } .s31 { color: #ff8b7e; font-weight: 700; } .s33 { color: #e7c26f; } .s36 { color: #6fd0d8; } .s32 { color: #8fce8f; }
</style><main>`)
	for len(text) > 0 {
		at := styled.FindStringSubmatchIndex(text)
		if at == nil {
			b.WriteString(html.EscapeString(text))
			break
		}
		b.WriteString(html.EscapeString(text[:at[0]]) + `<span class="`)
		for _, n := range strings.Split(text[at[2]:at[3]], ";") {
			b.WriteString("s" + strings.TrimPrefix(n, "0") + " ")
		}
		b.WriteString(`">` + html.EscapeString(text[at[4]:at[5]]) + "</span>")
		text = text[at[1]:]
	}
	b.WriteString("</main>")
	return b.String()
}

// asComment is Markdown as a page, as a code host shows it.
func asComment(t *testing.T, markdown string) string {
	t.Helper()
	var b bytes.Buffer
	b.WriteString(`<!doctype html><meta charset=utf-8><style>
body { margin: 0; padding: 24px 28px; color: #1f2328; background: #fff; font: 14px/1.5 system-ui, "Liberation Sans", sans-serif; }
h3 { font-size: 17px; margin: 0 0 12px; } p { margin: 0 0 10px; } code { font: 12px "DejaVu Sans Mono", monospace; background: #eff1f3; padding: 2px 5px; border-radius: 5px; }
table { border-collapse: collapse; margin: 12px 0; } th, td { border: 1px solid #d1d9e0; padding: 5px 12px; text-align: left; } th { font-weight: 600; } tr:nth-child(even) { background: #f6f8fa; }
strong code { font-weight: 700; } details { margin: 8px 0; } sub { color: #59636e; font-size: 12px; vertical-align: baseline; }
</style>`)
	if err := goldmark.New(goldmark.WithExtensions(gm.GFM), goldmark.WithRendererOptions(gmhtml.WithUnsafe())).Convert([]byte(markdown), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
