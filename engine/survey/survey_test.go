package survey

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"go.yaml.in/yaml/v3"
)

func tree(names ...string) fstest.MapFS {
	files := fstest.MapFS{}
	for _, n := range names {
		files[n] = &fstest.MapFile{}
	}
	return files
}

func TestAWorkflowIsSeenToRunItsScannersAndNoneThatACommentNames(t *testing.T) {
	for text, want := range map[string][]string{
		"steps:\n  - uses: github/codeql-action/analyze@v3\n":                                    {"CodeQL"},
		"  - uses: \"aquasecurity/trivy-action@0.35.0\"\n":                                       {"Trivy"},
		"  - run: trivy image x\n":                                                               {"Trivy"},
		"      run: |\n        npm ci && npm audit --json >a.json\n":                             {"npm audit"},
		"  image: docker://semgrep/semgrep:1.2\n  run: go run github.com/x/gosec@v2 -fmt json\n": {"Semgrep", "gosec"},
		"image:\n  name: aquasec/trivy:0.69.3\n":                                                 {"Trivy"},
		"  # - uses: snyk/actions/node@v1\n  - run: echo \"no trivyx\"\n":                        nil,
		"name: my headgate/headgate-like thing\n":                                                nil,
		"  - uses: headgate/headgate@abc\n  - run: 'govulncheck ./...'\n":                        {"govulncheck", "Headgate"},
	} {
		if have := scansOf(text); !slices.Equal(have, want) {
			t.Errorf("%q runs %v, not %v", text, have, want)
		}
	}
}

func TestWhatOthersWroteSaysNothingOfARepository(t *testing.T) {
	s, err := Look(tree("node_modules/x/package.json", "vendor/y/go.mod", "a/testdata/pom.xml", ".git/x.yaml", "README"))
	if err != nil || len(s.Found) > 0 || len(s.Candidates) > 0 || s.Files != 1 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestALockfileInAnyFolderLocksAnEcosystem(t *testing.T) {
	s, err := Look(tree("package.json", "a/yarn.lock", "Cargo.toml"))
	if err != nil || !slices.Equal(s.Unlocked(), []string{"Rust"}) || !slices.Equal(s.Locks("a", "JavaScript"), []string{"a/yarn.lock"}) || s.Locks(".", "JavaScript") != nil {
		t.Errorf("%+v, %v", s, err)
	}
}

// endless is a folder of folders of folders, each with many files.
type endless struct{ opened *int }

func (e endless) Open(name string) (fs.File, error) { *e.opened++; return endlessDir{name}, nil }

type endlessDir struct{ name string }

func (d endlessDir) Stat() (fs.FileInfo, error) { return nil, fs.ErrInvalid }
func (d endlessDir) Read([]byte) (int, error)   { return 0, fs.ErrInvalid }
func (d endlessDir) Close() error               { return nil }
func (d endlessDir) ReadDir(n int) ([]fs.DirEntry, error) {
	var all []fs.DirEntry
	one := fstest.MapFS{"go.mod": {}, "a.yaml": {}, "down/x": {}, "other/x": {}}
	entries, err := one.ReadDir(".")
	for i := 0; len(all) < n && i < 1000; i++ {
		all = append(all, entries[i%len(entries)])
	}
	return all, err
}

func TestAnEndlessTreeComesToAnEnd(t *testing.T) {
	opened := 0
	s, err := Look(endless{&opened})
	if err != nil || s.Cut == "" || s.Files > MaxEntries || len(s.Candidates) > mostCandidates || opened > MaxEntries {
		t.Errorf("%d files, %d candidates, %d opened, cut %q, %v", s.Files, len(s.Candidates), opened, s.Cut, err)
	}
}

// Whatever folders are called, the workflow is YAML with the steps that it is to have, and no name of a folder becomes an expression.
func FuzzNoNameOfAFolderChangesTheWorkflow(f *testing.F) {
	f.Add("a", "main")
	f.Add("${{ github.token }}", "x]\n  y: [z")
	f.Add("-rf", "# x")
	f.Add("a b; rm", "'")
	f.Fuzz(func(t *testing.T, folder, branch string) {
		name := path.Join(folder, "go.mod")
		if !fs.ValidPath(name) || strings.Contains(folder, "\x00") {
			t.Skip()
		}
		s, err := Look(tree(name))
		if err != nil {
			t.Fatal(err)
		}
		text := string(s.GitHubWorkflow(branch))
		var w struct {
			On   map[string]any
			Jobs map[string]struct{ Steps []map[string]any }
		}
		if err := yaml.Unmarshal([]byte(text), &w); err != nil {
			t.Fatalf("%v:\n%s", err, text)
		}
		steps := 4 // checkout, folder, Trivy, gate
		if len(s.goModules()) > 0 {
			steps += 2
		}
		if have := len(w.Jobs["gate"].Steps); have != steps || len(w.On) != 3 || len(w.Jobs) != 1 {
			t.Errorf("%d steps, not %d:\n%s", have, steps, text)
		}
		if n := strings.Count(text, "${{"); n != 3 {
			t.Errorf("%d expressions:\n%s", n, text)
		}
		jobs, names := s.GitLabScans()
		var g map[string]any
		if err := yaml.Unmarshal([]byte(".headgate-rules: &headgate-rules []\n"+jobs), &g); err != nil || len(g) != len(names)+1 {
			t.Errorf("%v:\n%s", err, jobs)
		}
	})
}

func TestEveryScannerOfAnEcosystemIsOneThatIsKnown(t *testing.T) {
	known := []string{"trivy-config"}
	for _, s := range scanners {
		known = append(known, s.name)
	}
	for _, e := range ecosystems {
		for _, name := range e.Scanners {
			if !slices.Contains(known, name) {
				t.Errorf("%s names %s", e.Name, name)
			}
		}
		for _, p := range slices.Concat(e.Manifests, e.Locks) {
			if _, err := path.Match(p, "x"); err != nil {
				t.Errorf("%s: %q: %v", e.Name, p, err)
			}
		}
	}
	for action, p := range Pins {
		if len(p.Commit) != 40 {
			t.Errorf("%s is pinned to %q", action, p.Commit)
		}
	}
}
