package change_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/change"
)

func touched(t *testing.T, names ...string) *change.Diff {
	t.Helper()
	var b strings.Builder
	for _, n := range names {
		fmt.Fprintf(&b, "diff --git a/%[1]s b/%[1]s\nindex 1111111..2222222 100644\n--- a/%[1]s\n+++ b/%[1]s\n@@ -1 +1 @@\n-a\n+b\n", n)
	}
	d, err := change.ParseDiff(strings.NewReader(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestFilesThatLoosenScansAreTold(t *testing.T) {
	for name, want := range map[string]string{
		".github/workflows/ci.yml": "which scans run", ".github/actions/scan/run.sh": "which scans run", "deploy/action.yml": "which scans run",
		".gitlab-ci.yml": "which scans run", "ci/.gitlab-ci.scan.yml": "which scans run", "Jenkinsfile": "which scans run", ".circleci/config.yml": "which scans run",
		"azure-pipelines.yml": "which scans run",
		".trivyignore":        "leaves out", "sub/.trivyignore.yaml": "leaves out", ".grype.yaml": "leaves out", ".gitleaksignore": "leaves out", ".GITLEAKS.toml": "leaves out",
		".semgrepignore": "leaves out", ".snyk": "leaves out", "a/b/osv-scanner.toml": "leaves out", ".checkov.yaml": "leaves out", "kics.config": "leaves out",
		".tfsec/config.yml": "leaves out", ".nancy-ignore": "leaves out", "audit-ci.jsonc": "leaves out", ".cargo/audit.toml": "leaves out", "deny.toml": "leaves out",
		"config/brakeman.ignore": "leaves out", "owasp-suppressions.xml": "leaves out", ".github/codeql/config.yml": "leaves out", "sonar-project.properties": "leaves out",
		".github/secret_scanning.yml": "leaves out", ".yarnrc.yml": "leaves out", "pnpm-workspace.yaml": "leaves out", ".golangci.yml": "leaves out", "web/.npmrc": "leaves out",
		"CODEOWNERS": "who has to approve", ".github/CODEOWNERS": "who has to approve", "docs/CODEOWNERS": "who has to approve",
		".git-blame-ignore-revs": "whose lines", ".gitattributes": "whose lines", "src/.mailmap": "whose lines",
		"src/main.go": "", ".github/ISSUE_TEMPLATE.md": "", ".github/dependabot.yml": "", "src/CODEOWNERS": "", "trivyignore": "", "workflows/ci.yml": "", "go.mod": "",
	} {
		have := touched(t, name).Loosens()
		if want == "" && len(have) > 0 || want != "" && (len(have) != 1 || !strings.HasPrefix(have[0], name+" changed: ") || !strings.Contains(have[0], want)) {
			t.Errorf("%s: %q, want %q", name, have, want)
		}
	}
}

func TestAFileThatIsRenamedAwayOrRemovedLoosensToo(t *testing.T) {
	d, err := change.ParseDiff(strings.NewReader("diff --git a/.github/workflows/scan.yml b/old/scan.txt\nsimilarity index 100%\nrename from .github/workflows/scan.yml\nrename to old/scan.txt\n" +
		"diff --git a/CODEOWNERS b/CODEOWNERS\ndeleted file mode 100644\nindex 1111111..0000000\n--- a/CODEOWNERS\n+++ /dev/null\n@@ -1 +0,0 @@\n-* @a\n" +
		"diff --git a/.github b/.github\nnew file mode 120000\nindex 0000000..1111111\n--- /dev/null\n+++ b/.github\n@@ -0,0 +1 @@\n+elsewhere\n\\ No newline at end of file\n"))
	if err != nil {
		t.Fatal(err)
	}
	if have := d.Loosens(); len(have) != 3 || !strings.HasPrefix(have[0], ".github changed") || !strings.HasPrefix(have[1], ".github/workflows/scan.yml changed") || !strings.HasPrefix(have[2], "CODEOWNERS changed") {
		t.Errorf("have %q", have)
	}
}

func TestWhatLoosensIsBounded(t *testing.T) {
	var names []string
	for i := range 100 {
		names = append(names, fmt.Sprintf("d%02d/.trivyignore", i))
	}
	if have := touched(t, names...).Loosens(); len(have) != 21 || !strings.HasPrefix(have[20], "each of 80 more files changed") ||
		slices.ContainsFunc(have, func(what string) bool { return !engine.OnlyTouched(what) }) {
		t.Errorf("have %d: %q", len(have), have[len(have)-1])
	}
}
