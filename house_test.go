// Package headgate_test holds the rules of the house: which package may import what, what keeps the core pure, and what does not
// get into the repository at all. CONTRIBUTING.md says why.
package headgate_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/headgate/headgate"

// allowed says what each package may import: packages of ours by path below the module, and modules of others. The standard library
// is open to all, but for the core (see impure). Arrows run cmd → integrations → engine/* → engine; integrations do not know each
// other; policies are a leaf.
var allowed = map[string][]string{
	"": {}, // this test

	"engine": {
		"github.com/agnivade/levenshtein", "github.com/go-json-experiment/json", "github.com/open-policy-agent/opa", "golang.org/x/sync",
	},
	"engine/author": {
		"engine",
		"github.com/open-policy-agent/opa", "go.yaml.in/yaml/v3",
	},
	"engine/bundle": {"github.com/open-policy-agent/opa"},
	"engine/change": {
		"engine",
		"github.com/bluekeyes/go-gitdiff", "github.com/bmatcuk/doublestar/v4",
	},
	"engine/evidence": {
		"engine",
		"engine/lanes",
		"github.com/go-json-experiment/json", "github.com/klauspost/compress/zstd", "github.com/secure-systems-lab/go-securesystemslib/dsse",
		"golang.org/x/mod/sumdb",
	},
	"engine/history": {"engine"},
	"engine/ingest": {
		"engine", "engine/versions",
		"github.com/distribution/reference", "github.com/go-json-experiment/json", "github.com/package-url/packageurl-go",
		"github.com/pandatix/go-cvss", "golang.org/x/text",
	},
	"engine/intel": {
		"engine",
		"github.com/go-json-experiment/json",
	},
	"engine/kpi":   {"engine"},
	"engine/lanes": {"golang.org/x/sys/cpu"},
	"engine/page":  {"engine", "engine/kpi", "engine/report"},
	"engine/paths": {
		"engine",
		"gonum.org/v1/gonum",
	},
	"engine/plan": {"engine", "engine/versions"},
	"engine/report": {
		"engine",
		"github.com/defenseunicorns/go-oscal/src/types", "github.com/go-json-experiment/json", "github.com/rivo/uniseg",
	},
	"engine/glob": {"github.com/bmatcuk/doublestar/v4"},
	"engine/scope": {
		"engine", "engine/glob", "engine/versions",
		"github.com/bmatcuk/doublestar/v4", "github.com/distribution/reference", "github.com/hmarr/codeowners", "github.com/pandatix/go-cvss",
		"go.yaml.in/yaml/v3",
	},
	"engine/simulate": {"engine"},
	"engine/sweep":    {"engine", "engine/evidence", "engine/report"},
	"engine/survey":   {},
	"engine/ticket":   {"engine", "engine/plan", "engine/report"},
	"engine/tree":     {},
	"engine/versions": {"github.com/google/osv-scalibr"},

	"engine/waiver": {
		"engine", "engine/glob",
		"github.com/bmatcuk/doublestar/v4", "go.yaml.in/yaml/v3",
	},

	"integrations/feeds": {"engine", "engine/intel"},
	"integrations/git":   {"engine/tree", "engine/waiver"},
	"integrations/github": {
		"engine", "engine/tree", "engine/waiver", "integrations/transport",
		"github.com/google/go-github/v60", "github.com/sethvargo/go-githubactions",
	},

	"integrations/jira": {
		"engine", "engine/report", "engine/ticket", "integrations/transport",
		"github.com/andygrunwald/go-jira",
	},
	"integrations/jira/jiratest": {"github.com/getkin/kin-openapi"},

	"integrations/oci": {"github.com/opencontainers/go-digest", "github.com/opencontainers/image-spec", "oras.land/oras-go/v2"},

	"integrations/github/githubtest": {
		"github.com/getkin/kin-openapi", "github.com/rogpeppe/go-internal", "github.com/vektah/gqlparser/v2",
	},
	"integrations/notify":    {"integrations/transport"},
	"integrations/transport": {},

	"integrations/river": {"github.com/jackc/pgx/v5", "github.com/riverqueue/river"},

	"integrations/store": {
		"engine", "engine/evidence", "engine/history", "engine/lanes", "engine/ticket",
		"github.com/go-json-experiment/json", "github.com/jackc/pgx/v5", "github.com/klauspost/compress/zstd", "golang.org/x/mod/sumdb/tlog", "modernc.org/sqlite",
	},
	"integrations/store/pgtest": {"github.com/jackc/pgx/v5"}, // for tests alone

	"policies": {},

	"cmd/headgate": {
		"engine", "engine/author", "engine/bundle", "engine/change", "engine/evidence", "engine/glob", "engine/history", "engine/ingest", "engine/intel", "engine/kpi", "engine/page", "engine/paths", "engine/plan", "engine/report",
		"engine/scope", "engine/simulate", "engine/survey", "engine/sweep", "engine/ticket", "engine/tree", "engine/waiver",
		"integrations/feeds", "integrations/git", "integrations/github", "integrations/jira", "integrations/notify", "integrations/oci", "integrations/river", "integrations/store",
		"integrations/transport", "policies",
		"github.com/bmatcuk/doublestar/v4", "github.com/rogpeppe/go-internal/diff", "github.com/sethvargo/go-githubactions", "github.com/spf13/cobra", "github.com/spf13/pflag", "go.yaml.in/yaml/v3",
		"golang.org/x/sync", "golang.org/x/term",
	},

	// Measuring is no part of the product: nothing may import it.
	"bench":        {"bench/estate", "engine", "engine/evidence", "engine/intel", "integrations/store", "policies", "github.com/open-policy-agent/opa"},
	"bench/estate": {"engine"},
}

// impure are the packages that reach outside of the program, or give different answers to the same question.
var impure = []string{
	"os", "os/exec", "os/signal", "os/user", "syscall", "net", "net/http", "flag", "log", "log/slog", "path/filepath",
	"math/rand", "math/rand/v2", "crypto/rand", "plugin", "unsafe",
}

// impureCalls are the calls that read the clock, out of packages that are pure otherwise.
var impureCalls = map[string][]string{
	"time": {"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"},
	"os":   {"Getenv", "LookupEnv", "Environ"},
}

// roomless are package names that say nothing of what is inside.
var roomless = []string{"utils", "util", "common", "helpers", "helper", "models", "types", "manager", "misc", "shared", "base"}

func TestPackagesImportOnlyWhatTheTableAllows(t *testing.T) {
	listed := goList(t)
	for _, p := range listed {
		may, ok := allowed[p.place()]
		if !ok {
			t.Errorf("%s is not in the table of allowed imports", p.ImportPath)
			continue
		}
		for _, imported := range p.Imports {
			if standard(imported) {
				continue
			}
			place, ours := strings.CutPrefix(imported, module+"/")
			if ours && !slices.Contains(may, place) {
				t.Errorf("%s imports %s", p.ImportPath, place)
			}
			if !ours && !slices.ContainsFunc(may, func(m string) bool { return imported == m || strings.HasPrefix(imported, m+"/") }) {
				t.Errorf("%s imports %s", p.ImportPath, imported)
			}
		}
	}
	for place := range allowed {
		if !slices.ContainsFunc(listed, func(p listedPackage) bool { return p.place() == place }) {
			t.Errorf("the table of allowed imports has %q, which is no package", place)
		}
	}
}

// The table itself can be wrong: it must not allow an arrow that the house does not have.
func TestTableOfImportsKeepsTheArrows(t *testing.T) {
	floor := func(place string) int {
		if place == "engine/versions" || place == "engine/glob" || place == "engine/lanes" {
			place = "engine" // it knows nothing of findings, and the packages under engine stand on it too
		}
		if place == "integrations/transport" {
			place = "engine/" // a leaf that knows no service: GitHub and Jira are both reached through it
		}
		if place == "engine/ticket" || place == "engine/page" || place == "engine/sweep" {
			return 3 // they stand on the plan, the reports and the figures: a ticket or page says of them what they say, in the same words
		}
		return slices.Index([]string{"policies", "engine", "engine/", "engine/ticket", "integrations/", "cmd/", "bench/", "bench"}, regexp.MustCompile(`/.*`).ReplaceAllString(place, "/"))
	}
	for place, may := range allowed {
		for _, m := range may {
			if strings.Contains(m, ".") { // a module of others
				continue
			}
			if floor(m) >= floor(place) || (m == "policies" && floor(place) < floor("cmd/")) {
				t.Errorf("%s may import %s, against the arrows", place, m)
			}
		}
	}
}

func TestEngineIsPure(t *testing.T) {
	for _, p := range goList(t) {
		if place := p.place(); place != "engine" && !strings.HasPrefix(place, "engine/") {
			continue
		}
		for _, imported := range p.Imports {
			if slices.Contains(impure, imported) {
				t.Errorf("%s is to be pure and imports %s", p.ImportPath, imported)
			}
		}
		for _, name := range p.GoFiles {
			for _, call := range callsOf(t, filepath.Join(p.Dir, name), impureCalls) {
				t.Errorf("%s is to be pure and calls %s", p.ImportPath, call)
			}
		}
	}
}

func TestNothingRegistersItself(t *testing.T) {
	each(t, ".go", func(name string, src []byte) {
		f := parse(t, name, src)
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s has an init function", name)
			}
		}
		for _, i := range f.Imports {
			if i.Name != nil && i.Name.Name == "_" && i.Path.Value != `"embed"` {
				t.Errorf("%s imports %s for its side effects", name, i.Path.Value)
			}
		}
	})
}

func TestPackageNamesSayWhatIsInside(t *testing.T) {
	for _, p := range goList(t) {
		if slices.Contains(roomless, p.Name) || slices.Contains(roomless, path.Base(p.ImportPath)) {
			t.Errorf("the name of %s does not say what is inside", p.ImportPath)
		}
	}
}

func TestGoFilesFitAReader(t *testing.T) {
	const most = 500
	each(t, ".go", func(name string, src []byte) {
		if n := bytes.Count(src, []byte("\n")); n > most {
			t.Errorf("%s has %d lines, more than %d: perhaps two files in one", name, n, most)
		}
	})
}

// A dependency is a promise to follow someone else's releases: go.mod says beside each why it is worth that.
func TestDirectDependenciesHaveAReason(t *testing.T) {
	require := regexp.MustCompile(`(?m)^(?:require)?\s+(\S+\.\S+/\S+) v\S+(?: //[ \t]*(.*))?$`)
	direct := 0
	for _, name := range []string{"go.mod", ".github/release/go.mod"} {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range require.FindAllSubmatch(src, -1) {
			reason := strings.TrimSpace(string(m[2]))
			if reason == "indirect" {
				continue
			}
			direct++
			if len(strings.Fields(reason)) < 2 {
				t.Errorf("%s: %s has no reason beside it", name, m[1])
			}
		}
	}
	if direct == 0 {
		t.Error("go.mod: no direct dependency found, though there are some")
	}
}

// The folder of this checkout, or of its owner, is wrong on every other machine.
func TestNoFolderOfOneMachine(t *testing.T) {
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	folder := regexp.MustCompile(`(?:^|[^\w.:-])(?:` + regexp.QuoteMeta(filepath.ToSlash(here)) + `|/root)/`)
	each(t, "", func(name string, src []byte) {
		if bytes.IndexByte(src, 0) >= 0 { // not text
			return
		}
		if at := folder.FindIndex(src); at != nil {
			t.Errorf("%s:%d has the folder of one machine", name, 1+bytes.Count(src[:at[0]+1], []byte("\n")))
		}
	})
}

type listedPackage struct {
	ImportPath, Name, Dir string
	GoFiles, Imports      []string
}

// place is the path below the module; the module's own folder is "".
func (p listedPackage) place() string {
	return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
}

func goList(t *testing.T) []listedPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Name,Dir,GoFiles,Imports", "./...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listedPackage
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listedPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		all = append(all, p)
	}
}

// standard says whether an import is of the standard library: the first part of its path has no dot.
func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

// callsOf lists the calls and uses of functions of packages, by import path and name, in one file.
func callsOf(t *testing.T, name string, of map[string][]string) []string {
	t.Helper()
	src, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f := parse(t, name, src)
	known := map[string]string{} // the name in this file → import path
	for _, i := range f.Imports {
		from := strings.Trim(i.Path.Value, `"`)
		as := path.Base(from)
		if i.Name != nil {
			as = i.Name.Name
		}
		known[as] = from
	}
	var calls []string
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && slices.Contains(of[known[x.Name]], s.Sel.Name) {
				calls = append(calls, known[x.Name]+"."+s.Sel.Name)
			}
		}
		return true
	})
	return calls
}

func parse(t *testing.T, name string, src []byte) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// each calls do with every file of this module whose name ends so; nested modules and the version control's own files are not of it.
func each(t *testing.T, ending string, do func(name string, src []byte)) {
	t.Helper()
	found := 0
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == ".git" || (name != "." && ending == ".go" && exists(filepath.Join(name, "go.mod"))) {
				return fs.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() || !strings.HasSuffix(name, ending) {
			return nil
		}
		src, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		found++
		do(filepath.ToSlash(name), src)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found == 0 {
		t.Errorf("no file ends in %q", ending)
	}
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}
