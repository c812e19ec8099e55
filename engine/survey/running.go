package survey

import (
	"regexp"
	"strings"
	"sync"
)

// marks are how a workflow says that it runs a scanner whose reports Headgate reads, one line each: an action or image, or a command at the
// beginning of a line of a script or after what begins another command.
var marks = []struct {
	scanner string
	mark    func() *regexp.Regexp
}{
	{"CodeQL", runs(`github/codeql-action/analyze`, `codeql database analyze`)},
	{"Semgrep", runs(`(?:returntocorp|semgrep)/semgrep`, `semgrep (?:scan|ci|--config)`)},
	{"govulncheck", runs(`golang/govulncheck-action`, `(?:\S+/)?govulncheck(?:@\S+)? `)},
	{"gosec", runs(`securego/gosec`, `(?:\S+/)?gosec(?:@\S+)? `)},
	{"Trivy", runs(`aquasecurity/trivy(?:-action)?|aquasec/trivy`, `trivy (?:fs|filesystem|repo|repository|image|config|rootfs|k8s|sbom)`)},
	{"Grype", runs(`anchore/(?:scan-action|grype)`, `grype `)},
	{"OSV-Scanner", runs(`google/osv-scanner(?:-action)?`, `osv-scanner `)},
	{"Snyk", runs(`snyk/(?:actions|snyk)`, `snyk (?:test|code|container|iac)`)},
	{"Dependency review", runs(`actions/dependency-review-action`)},
	{"OWASP Dependency-Check", runs(`dependency-check/Dependency-Check_Action|owasp/dependency-check`, `dependency-check(?:\.sh)? `)},
	{"npm audit", runs("", `npm audit`)},
	{"pip-audit", runs(`pypa/gh-action-pip-audit`, `pip-audit\b`)},
	{"cargo-audit", runs(`rustsec/audit-check|actions-rs/audit-check`, `cargo audit`)},
	{"Bandit", runs(`PyCQA/bandit(?:-action)?`, `bandit `)},
	{"Gitleaks", runs(`gitleaks/gitleaks(?:-action)?`, `gitleaks (?:detect|git|dir|protect)`)},
	{"TruffleHog", runs(`trufflesecurity/trufflehog`, `trufflehog `)},
	{"Checkov", runs(`bridgecrewio/checkov(?:-action)?`, `checkov `)},
	{"KICS", runs(`checkmarx/kics(?:-github-action)?`, `kics scan`)},
	{"tfsec", runs(`aquasecurity/tfsec(?:-\S+)?`, `tfsec\b`)},
	{"SonarQube", runs(`SonarSource/(?:sonarqube-scan-action|sonarcloud-github-action)`, `sonar-scanner\b`)},
	{"ZAP", runs(`zaproxy/action-\S+|(?:owasp|zaproxy)/zap`, `zap-(?:baseline|full-scan|api-scan)\.py`)},
	{"Nuclei", runs(`projectdiscovery/nuclei(?:-action)?`, `nuclei `)},
	{"Headgate", runs(`headgate/headgate`, `headgate gate`)},
}

// runs matches the use of an action or image, if there is one, or one of the commands; comments do not count. Few runs
// look at workflows, so no other has to wait until it is compiled.
func runs(action string, commands ...string) func() *regexp.Regexp {
	var all []string
	if action != "" {
		all = append(all, `^[^#\n]*\b(?:uses|image|name):[ "']*(?:docker://)?(?:`+action+`)(?:[@:/"' \r]|$)`)
	}
	for _, c := range commands {
		all = append(all, `^[^#\n]*?(?:^|[ ;&|"'(-])(?:`+c+`)`)
	}
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?mi)` + strings.Join(all, "|")) })
}

// scansOf are the scanners that a workflow runs, by name, in the order of the table.
func scansOf(text string) (names []string) {
	for _, m := range marks {
		if m.mark().MatchString(text) {
			names = append(names, m.scanner)
		}
	}
	return names
}
