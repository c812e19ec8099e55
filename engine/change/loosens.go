package change

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/headgate/headgate/engine"
)

// loosening are files by which a change can keep a scan from running, a finding from being seen or a person from being asked: by pattern
// of their paths, in lower case. What judges a change here is none of them, since that is read from its base.
var loosening = []struct {
	says     string
	patterns []string
}{
	{"which scans run", []string{
		".github", ".github/workflows/**", ".github/actions/**", "**/action.yml", "**/action.yaml", "**/.gitlab-ci*.yml", ".gitlab/**/*.yml",
		"**/jenkinsfile*", "**/azure-pipelines*.yml", "**/azure-pipelines*.yaml", ".azure-pipelines/**", ".circleci/**", ".buildkite/**",
		"bitbucket-pipelines.yml", ".travis.yml", ".drone.y*ml", ".woodpecker.y*ml", ".woodpecker/**", ".tekton/**", "cloudbuild.y*ml",
		"appveyor.yml", ".appveyor.yml", ".semaphore/**", "**/.pre-commit-config.yaml",
	}},
	{"what a scanner leaves out", []string{
		"**/.trivyignore", "**/.trivyignore.y*ml", "**/trivy.y*ml", "**/trivy-secret.y*ml", // Trivy
		"**/.grype.y*ml", "**/grype.y*ml", "**/.grype/**", "**/.syft.y*ml", "**/syft.y*ml", "**/.syft/**", // Grype, Syft
		"**/.gitleaksignore", "**/.gitleaks.toml", "**/gitleaks.toml", "**/.trufflehogignore", "**/trufflehog*.y*ml", // Gitleaks, TruffleHog
		"**/.secrets.baseline", "**/.talismanrc", "**/.gitguardian.y*ml", "**/.ggignore", // detect-secrets, Talisman, GitGuardian
		"**/.semgrepignore", "**/.semgrep.y*ml", "**/semgrep.y*ml", "**/.semgrep/**", "**/.snyk", "**/.dcignore", // Semgrep, Snyk
		"**/osv-scanner.toml", "**/.nancy-ignore*", "**/audit.toml", "**/deny.toml", "**/.safety-policy.yml", // OSV-Scanner, nancy, cargo, safety
		"**/audit-ci.json*", "**/.audit-ci.json*", "**/.auditrc", "**/.nsprc", "**/audit-resolve.json", "**/.npmrc", // npm
		"**/.yarnrc.yml", "**/pnpm-workspace.yaml", // Yarn and pnpm, which keep there which advisories to leave out
		"**/.golangci.y*ml", "**/.golangci.toml", "**/.golangci.json", "**/bearer.yml", "**/bearer.ignore", "**/horusec-config.json", // gosec and others
		"**/.bundler-audit.yml", "**/brakeman.ignore", "**/.bandit", "**/bandit.y*ml", "**/.bandit.y*ml", "**/gosec*.json", "**/.gosec*.json",
		"**/.checkov.y*ml", "**/.checkov.baseline", "**/kics.config", "**/.kics.config", "**/kics.y*ml", "**/.tfsec/**", "**/tfsec.y*ml",
		"**/.terrascan.toml", "**/.hadolint.y*ml", "**/.dockleignore", "**/.kube-linter.y*ml", // infrastructure as code
		".github/codeql/**", ".github/secret_scanning.yml", "**/codeql-config.y*ml", ".github/dependency-review-config.y*ml", "**/lgtm.yml", // GitHub
		"**/sonar-project.properties", "**/.sonarcloud.properties", "**/*suppression*.xml", "**/.whitesource", // SonarQube, Dependency-Check, Mend
		"**/.zap/**", "**/.nuclei-ignore", "**/.nuclei/**", // ZAP, Nuclei
	}},
	{"who has to approve", []string{"codeowners", "docs/codeowners", ".github/codeowners", ".gitlab/codeowners"}},
	{"whose lines are whose, or which changes are not shown", []string{"**/.git-blame-ignore*", "**/.mailmap", "**/.gitattributes"}},
}

// Paths are the names of all files that the change touches, in the head and in the base, in order.
func (d *Diff) Paths() []string {
	names := map[string]bool{}
	for _, f := range d.files {
		names[f.name], names[f.old] = true, true
	}
	delete(names, "")
	return slices.Sorted(maps.Keys(names))
}

// fits says whether a pattern of loosening fits a path. Most are of a name in any folder, which takes less to find out.
func fits(pattern, name string) bool {
	if last, ok := strings.CutPrefix(pattern, "**/"); ok && !strings.Contains(last, "/") {
		return doublestar.MatchUnvalidated(last, path.Base(name))
	}
	return doublestar.MatchUnvalidated(pattern, name)
}

// mostLoosened is how many files Loosens names.
const mostLoosened = 20

// Loosens says of the touched files which could loosen what scans and people see, and why, in order.
func (d *Diff) Loosens() []string {
	var all []string
	for _, name := range d.Paths() {
		folded := strings.ToLower(name)
		for _, kind := range loosening {
			if slices.ContainsFunc(kind.patterns, func(p string) bool { return fits(p, folded) }) {
				all = append(all, engine.Touched(name, kind.says))
				break
			}
		}
	}
	if more := len(all) - mostLoosened; more > 0 {
		all = append(all[:mostLoosened], engine.Touched(fmt.Sprintf("each of %d more files", more), "which scans run, what they leave out, who has to approve or what is shown"))
	}
	return all
}
