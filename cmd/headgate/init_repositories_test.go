package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/headgate/headgate/engine/survey"
)

// A here is the program in the current folder.
type here struct {
	t     *testing.T
	env   map[string]string
	stdin string
	clock time.Time // zero: the real time
}

func (h here) run(args ...string) (status int, stdout, stderr string) {
	h.t.Helper()
	var out, errs bytes.Buffer
	a := &app{stdin: strings.NewReader(h.stdin), stdout: &out, stderr: &errs, now: time.Now, getenv: func(name string) string { return h.env[name] }}
	if !h.clock.IsZero() {
		a.now = func() time.Time { return h.clock }
	}
	status = a.run(h.t.Context(), args)
	return status, out.String(), errs.String()
}

const (
	deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: checkout, namespace: shop}\nspec:\n  selector: {matchLabels: {app: checkout}}\n" +
		"  template:\n    metadata: {labels: {app: checkout}}\n    spec: {containers: [{name: c, image: \"ghcr.io/acme/checkout:1\"}]}\n"
	backstage = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: ledger}\nspec: {type: service, lifecycle: production, owner: team-books}\n"
)

// repositories are what init may meet, and what it is to make of it.
var repositories = map[string]struct {
	files   map[string]string
	origin  string
	args    []string
	has     []string // in the workflow
	hasNot  []string
	assets  []string // id and patterns, as "id: pattern pattern"
	scope   []string
	says    []string
	another string // the workflow, where it is not GitHub's
}{
	"empty":  {has: []string{"trivy-action", "scanners: vuln,secret\n"}, hasNot: []string{"govulncheck", "semgrep"}, says: []string{"nothing is known yet", "default branch trunk"}},
	"Go":     {files: map[string]string{"go.mod": "module shop\n", "go.sum": ""}, has: []string{"govulncheck@", "go-version-file: go.mod", "branches: [trunk]"}, hasNot: []string{"semgrep"}, assets: []string{"work: **"}},
	"Node":   {files: map[string]string{"package.json": "{}", "package-lock.json": "{}"}, has: []string{"semgrep", "trivy"}, hasNot: []string{"govulncheck", "misconfig"}, assets: []string{"work: **"}},
	"Python": {files: map[string]string{"pyproject.toml": "", "src/a.py": ""}, has: []string{"semgrep"}, says: []string{"Python has no lockfile here"}, assets: []string{"work: **"}},
	"Java":   {files: map[string]string{"pom.xml": "<project/>", "Dockerfile": "FROM scratch\n"}, has: []string{"semgrep", "vuln,secret,misconfig"}, assets: []string{"work: **"}},
	"a known origin": {files: map[string]string{"go.mod": "module shop\n"}, origin: "git@github.com:acme/shop.git", says: []string{"acme/shop · "},
		assets: []string{"shop: **"}},
	"monorepo": {files: map[string]string{"package.json": "{}", "package-lock.json": "{}", "apps/web/package.json": "{}", "apps/api/package.json": "{}", "apps/api/yarn.lock": "",
		"libs/go/go.mod": "module a\n", "tools/go/go.mod": "module b\n", "apps/web/node_modules/x/package.json": "{}"},
		has:    []string{"-C libs/go -format", "-C tools/go -format", "reports/govulncheck-2.json"},
		assets: []string{"web: apps/web/** package-lock.json", "api: apps/api/**", "go: libs/go/**", "tools-go: tools/go/**"}},
	"Kubernetes": {files: map[string]string{"deploy/checkout.yaml": deployment, "deploy/values.yaml": "a: 1\n", "services/checkout/Dockerfile": "", "services/checkout/go.mod": "module c\n",
		".github/CODEOWNERS": "* @acme/pay\n"}, scope: []string{"deploy/*.yaml", ".github/CODEOWNERS"}, assets: []string{"shop/checkout: services/checkout/**"},
		has: []string{"misconfig"}, says: []string{"Kubernetes, CODEOWNERS"}},
	"Backstage": {files: map[string]string{"catalog-info.yaml": backstage, "go.mod": "module x\n"}, scope: []string{"**/catalog-info.yaml"}, assets: []string{"ledger: **"}},
	"scanned already": {files: map[string]string{"go.mod": "module x\n", ".github/workflows/scan.yml": "jobs:\n  a:\n    steps:\n      - uses: github/codeql-action/analyze@v3\n      - run: |\n          gosec -fmt sarif ./...\n      # - uses: snyk/actions@v1\n"},
		has: []string{"scan.yml runs CodeQL already", "scan.yml runs gosec already"}, hasNot: []string{"Snyk"}, says: []string{"scan.yml runs CodeQL, gosec"}, assets: []string{"work: **"}},
	"GitLab by its host": {files: map[string]string{"go.mod": "module x\n"}, origin: "https://gitlab.example.com/acme/group/shop.git", another: ".gitlab/headgate.yml",
		has: []string{"headgate-govulncheck:", "needs: [headgate-govulncheck, headgate-trivy]"}, assets: []string{"shop: **"}, says: []string{".gitlab-ci.yml"}},
	"GitLab by its file": {files: map[string]string{".gitlab-ci.yml": "include: []\n", "package.json": "{}"}, another: ".gitlab/headgate.yml", has: []string{"headgate-semgrep:"}, assets: []string{"work: **"}},
	"asked for GitLab":   {args: []string{"--ci", "gitlab"}, another: ".gitlab/headgate.yml", has: []string{"headgate-trivy:"}},
	"hostile names": {files: map[string]string{"a'b\"c: [x]/Dockerfile": "", "$(touch pwned)/Dockerfile": "", "${{ github.token }}/go.mod": "module x\n", "-rf/Dockerfile": "", "#x/Dockerfile": "",
		"true/Dockerfile": "", "**/Dockerfile": "", "line\nbreak/go.mod": "module y\n", "rtl\u202eevil/Dockerfile": ""},
		hasNot: []string{"pwned", "github.token }}/", "govulncheck", "setup-go"}, says: []string{"2 names passed over"},
		assets: []string{"x: #x/**", "touch-pwned: $(touch pwned)/**", "asset-2: \\*\\*/**", "rf: -rf/**", "a-b-c-x: a'b\"c: \\[x\\]/**", "true: true/**"}},
	"a hostile branch":     {files: map[string]string{".git/HEAD": "ref: refs/heads/x]${{github.token}}\n"}, has: []string{"branches: [main]"}, hasNot: []string{"]$"}},
	"a hostile manifest":   {files: map[string]string{"k.yaml": strings.ReplaceAll(deployment, "name: checkout", `name: "x\n  - id: y\u202e"`)}, scope: []string{"k.yaml"}, hasNot: []string{"- id: y"}},
	"broken YAML":          {files: map[string]string{"deploy/a.yaml": "apiVersion: [\n", "go.mod": "module x\n"}, assets: []string{"work: **"}, says: []string{"deploy/a.yaml"}},
	"a template of Helm's": {files: map[string]string{"chart/Chart.yaml": "apiVersion: v2\nname: x\n", "chart/templates/a.yaml": "apiVersion: v1\nkind: {{ .Kind }}\n"}, has: []string{"Helm"}},
}

func TestInitWritesWhatFitsARepository(t *testing.T) {
	for name, c := range repositories {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "work")
			writeFile(t, filepath.Join(dir, ".keep"), "")
			t.Chdir(dir)
			gitIn(t, dir, "init", "-q", "-b", "trunk")
			if c.origin != "" {
				gitIn(t, dir, "remote", "add", "origin", c.origin)
			}
			for name, text := range c.files {
				writeFile(t, filepath.Join(dir, filepath.FromSlash(name)), text)
			}
			h := here{t: t}
			status, out, errs := h.run(append([]string{"init"}, c.args...)...)
			if status != statusPass || errs != "" {
				t.Fatalf("status %d: %s%s", status, out, errs)
			}
			workflow := ".github/workflows/headgate.yml"
			if c.another != "" {
				workflow = c.another
			}
			text := readFile(t, workflow)
			for _, want := range c.has {
				if !strings.Contains(text, want) {
					t.Errorf("the workflow has no %q:\n%s", want, text)
				}
			}
			for _, bad := range c.hasNot {
				if strings.Contains(text, bad) {
					t.Errorf("the workflow has %q:\n%s", bad, text)
				}
			}
			for _, want := range c.says {
				if !strings.Contains(strings.Join(strings.Fields(out), " "), want) {
					t.Errorf("it does not say %q:\n%s", want, out)
				}
			}
			checkAssets(t, c.assets, c.scope)
			checkWritten(t, h, workflow, text)
		})
	}
}

// checkAssets compares what init wrote of assets.
func checkAssets(t *testing.T, assets, globs []string) {
	t.Helper()
	var wrote struct {
		Assets []struct {
			ID    string
			Match struct{ Paths []string }
		}
	}
	if err := yaml.Unmarshal([]byte(readFile(t, ".headgate/assets.yaml")), &wrote); err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, a := range wrote.Assets {
		have = append(have, strings.TrimSuffix(a.ID+": "+strings.Join(a.Match.Paths, " "), ": "))
	}
	slices.Sort(have)
	if want := slices.Sorted(slices.Values(assets)); !slices.Equal(have, want) {
		t.Errorf("assets.yaml has %q, not %q:\n%s", have, want, readFile(t, ".headgate/assets.yaml"))
	}
	var set struct{ Scope []string }
	if err := yaml.Unmarshal([]byte(readFile(t, ".headgate/headgate.yaml")), &set); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(set.Scope, globs) {
		t.Errorf("headgate.yaml names %q, not %q", set.Scope, globs)
	}
}

// checkWritten checks what holds of all that init writes: the gate runs with it, the workflow is one, and init has nothing to add.
func checkWritten(t *testing.T, h here, workflow, text string) {
	t.Helper()
	clean := filepath.Join(t.TempDir(), "clean.sarif")
	writeFile(t, clean, `{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "gosec"}}, "results": []}]}`)
	status, out, errs := h.run("gate", clean)
	if status != statusPass || strings.Contains(errs, "error") || strings.Contains(errs, "matches no file") {
		t.Errorf("the gate does not run with it: status %d: %s%s", status, out, errs)
	}
	for name, schema := range map[string]string{"headgate.yaml": "headgate", "assets.yaml": "assets", "waivers.yaml": "waivers"} {
		_, printed, _ := h.run("schema", schema)
		text := readFile(t, ".headgate/"+name)
		if !regexp.MustCompile(`(?m)^\w`).MatchString(text) {
			continue // all of it is commented
		}
		if err := valid(t, []byte(printed), text); err != nil {
			t.Errorf("%s does not fit its schema: %v", name, err)
		}
	}
	var parsed map[string]any
	if err := yaml.Unmarshal([]byte(text), &parsed); err != nil {
		t.Errorf("the workflow is no YAML: %v\n%s", err, text)
	}
	if os.Getenv("HEADGATE_ACTIONLINT") != "" && strings.HasPrefix(workflow, ".github") {
		if wrong := lint(t, text); wrong != "" {
			t.Errorf("the workflow is wrong: %s\n%s", wrong, text)
		}
	}
	if strings.HasPrefix(workflow, ".github") {
		checkPins(t, workflow, text)
	}
	status, out, _ = h.run("init")
	if again := regexp.MustCompile(`(?m)^  (new|written) .*$`).FindString(out); status != statusPass || again != "" {
		t.Errorf("the second time it writes%s", again)
	}
	if strings.Contains(out, "yours") {
		t.Errorf("the second time it would write something else:\n%s", out)
	}
}

// checkPins checks that a text uses actions at the commits of the table.
func checkPins(t *testing.T, name, text string) {
	t.Helper()
	if want := pinned(text); want != text {
		t.Errorf("%s does not use the pinned actions:\n%s", name, text)
	}
}

var usesAny = regexp.MustCompile(`(uses: )([\w.-]+/[\w.-]+)((?:/[\w.-]+)*)@[^\s"]+( # (?:v?[0-9.]+|unreleased))?`)

// pinned is a text with every action at the commit of the table.
func pinned(text string) string {
	return usesAny.ReplaceAllStringFunc(text, func(use string) string {
		m := usesAny.FindStringSubmatch(use)
		pin, ok := survey.Pins[m[2]]
		if !ok {
			return m[1] + m[2] + m[3] + "@not-in-the-table"
		}
		return m[1] + m[2] + m[3] + "@" + pin.Commit + " # " + pin.Version
	})
}

// One place says which commits are used: engine/survey/pins.go.
func TestEverythingToCopyUsesThePinnedActions(t *testing.T) {
	root := filepath.Join("..", "..")
	names := []string{filepath.Join(root, "action.yml"), filepath.Join(root, "README.md")}
	for _, pattern := range []string{"docs/*.md", "examples/workflows/*.yml"} {
		found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		names = append(names, found...)
	}
	for _, name := range names {
		text := readFile(t, name)
		want := pinned(text)
		if *update && want != text {
			writeFile(t, name, want)
		} else if want != text {
			t.Errorf("%s does not use the actions that engine/survey/pins.go pins: go test ./cmd/headgate -run PinnedActions -update", name)
		}
	}
}

func gitIn(t *testing.T, dir string, args ...string) {
	t.Helper()
	if out, err := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=ana", "-c", "user.email=ana@example.com"}, args...)...).CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v: %s", args, err, out)
	}
}

func TestInitWritesNothingWhenItIsOnlyAsked(t *testing.T) {
	t.Chdir(t.TempDir())
	h := here{t: t}
	status, out, _ := h.run("init", "--dry-run")
	left, err := os.ReadDir(".")
	if err != nil || len(left) > 0 || status != statusPass || !strings.Contains(out, "    name: headgate") || !strings.Contains(out, "new      .headgate/headgate.yaml") {
		t.Errorf("status %d, %v are left, %v:\n%s", status, left, err, out)
	}
}

func TestInitShowsHowWhatIsThereDiffers(t *testing.T) {
	t.Chdir(t.TempDir())
	h := here{t: t}
	writeFile(t, ".headgate/waivers.yaml", "waivers: [] # ours\x1b[31m\n")
	status, out, _ := h.run("init", "--diff")
	if status != statusPass || !strings.Contains(out, "-waivers: [] # ours?[31m") || !strings.Contains(out, "+waivers: []") || !strings.Contains(out, "yours") {
		t.Errorf("status %d:\n%q", status, out)
	}
	if have := readFile(t, ".headgate/waivers.yaml"); have != "waivers: [] # ours\x1b[31m\n" {
		t.Errorf("it wrote over it: %q", have)
	}
}

// What lies behind a link is somebody else's.
func TestInitWritesThroughNoLinkThatLeadsOut(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	writeFile(t, filepath.Join(outside, "secret.yaml"), "apiVersion: v1\nkind: Namespace\nmetadata: {name: theirs}\n")
	for name, to := range map[string]string{".github": outside, "linked": outside, ".gitlab-ci.yml": filepath.Join(outside, "secret.yaml")} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Skip("no links here")
		}
	}
	h := here{t: t}
	status, out, errs := h.run("init", dir)
	left, err := os.ReadDir(outside)
	if status != statusSetup || err != nil || len(left) != 1 || strings.Contains(out, "theirs") {
		t.Errorf("status %d, %v: %s%s", status, left, out, errs)
	}
}

func TestInitBelowTheRootWritesNoWorkflow(t *testing.T) {
	dir := t.TempDir()
	gitIn(t, dir, "init", "-q")
	writeFile(t, filepath.Join(dir, "services", "go.mod"), "module x\n")
	t.Chdir(filepath.Join(dir, "services"))
	status, out, _ := here{t: t}.run("init")
	if _, err := os.Lstat(".github"); err == nil || status != statusPass || !strings.Contains(out, "not the root of its repository") {
		t.Errorf("status %d: %s", status, out)
	}
}

func TestInitIsBoundedOnHugeTrees(t *testing.T) {
	dir := t.TempDir()
	deep := dir
	for range survey.MaxDepth + 3 {
		deep = filepath.Join(deep, "d")
	}
	writeFile(t, filepath.Join(deep, "go.mod"), "module deep\n")
	status, out, _ := here{t: t}.run("init", "--dry-run", dir)
	if status != statusPass || !strings.Contains(out, "deeper") || strings.Contains(out, "govulncheck") {
		t.Errorf("status %d:\n%s", status, out)
	}
}

// The pipeline that init writes and the one that the examples show are one job.
func TestTheJobForGitLabIsThatOfTheExample(t *testing.T) {
	job := func(name string) string {
		_, after, ok := strings.Cut(readFile(t, name), "  resource_group:")
		if !ok {
			t.Fatalf("%s has no resource_group", name)
		}
		return after
	}
	if job(filepath.Join("templates", "gitlab.yml")) != job(filepath.Join("..", "..", "examples", "gitlab", ".gitlab-ci.yml")) {
		t.Error("templates/gitlab.yml and examples/gitlab/.gitlab-ci.yml differ from resource_group on")
	}
}
