package survey

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Scanner is what a workflow can run by itself: with no account, on the source alone.
type Scanner struct {
	Name string // as it is called by people

	looksAt func(*Survey) string   // in words, for the workflow
	github  func(*Survey) string   // the steps
	gitlab  func(*Survey) string   // the job, below its name
	Local   func(*Survey) []string // the commands that leave the same reports on one's own machine
}

// scanners are all that a workflow is written with, by the names that ecosystems give: one line each, in the order of the workflow.
var scanners = []struct {
	name string
	Scanner
}{
	{"govulncheck", Scanner{"govulncheck", saysGovulncheck, govulncheckSteps, govulncheckJob, govulncheckLocal}},
	{"semgrep", Scanner{"Semgrep", saysSemgrep, semgrepSteps, semgrepJob, semgrepLocal}},
	{"trivy", Scanner{"Trivy", saysTrivy, trivySteps, trivyJob, trivyLocal}},
}

// Scanners are those that fit. Trivy is one in any case: it looks for secrets too.
func (s *Survey) Scanners() (fit []Scanner) {
	for _, c := range scanners {
		wanted := func(f Found) bool { return slices.Contains(f.Scanners, c.name) }
		if c.name == "trivy" || slices.ContainsFunc(s.Found, wanted) && (c.name != "govulncheck" || len(s.goModules()) > 0) {
			fit = append(fit, c.Scanner)
		}
	}
	return fit
}

// mostModules bounds the Go modules that the workflow names one by one.
const mostModules = 20

// plain are names that mean nothing else in a script, in an expression of a workflow or in YAML.
var plain = regexp.MustCompile(`^[A-Za-z0-9_.][A-Za-z0-9_./-]*$`)

// goModules are the folders of Go modules, those with a plain name.
func (s *Survey) goModules() (folders []string) {
	for _, f := range s.Found {
		for _, folder := range f.Folders {
			if f.Name == "Go" && len(folders) < mostModules && (folder == "." || plain.MatchString(folder)) {
				folders = append(folders, folder)
			}
		}
	}
	return folders
}

// ofScanner are the ecosystems that a scanner fits.
func (s *Survey) ofScanner(name string) (all []string) {
	for _, f := range s.Found {
		if slices.Contains(f.Scanners, name) {
			all = append(all, f.Name)
		}
	}
	return all
}

// words joins words as people do.
func words(all []string) string {
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return strings.Join(all[:len(all)-1], ", ") + " and " + all[len(all)-1]
}

func saysGovulncheck(*Survey) string { return "which vulnerable functions the Go code really calls" }

func (s *Survey) govulncheckCommands() (commands []string) {
	for i, folder := range s.goModules() {
		in, name := "", "govulncheck"
		if folder != "." {
			in = "-C " + folder + " "
		}
		if i > 0 {
			name += "-" + strconv.Itoa(i+1)
		}
		commands = append(commands, fmt.Sprintf("go run golang.org/x/vuln/cmd/govulncheck@%s %s-format json ./... >reports/%s.json", govulncheckVersion, in, name))
	}
	return commands
}

func govulncheckSteps(s *Survey) string {
	return "      - " + use("actions/setup-go") + "\n        with:\n          go-version-file: " + path.Join(s.goModules()[0], "go.mod") + "\n" +
		"      - name: govulncheck\n        run: |\n" + indented(s.govulncheckCommands(), 10)
}

func govulncheckJob(s *Survey) string {
	return "  image: golang:1.26\n  script:\n    - mkdir -p reports\n" + listed(s.govulncheckCommands())
}

func govulncheckLocal(s *Survey) []string { return s.govulncheckCommands() }

func saysSemgrep(s *Survey) string {
	return "weaknesses in the code of " + words(s.ofScanner("semgrep"))
}

// semgrepRun is with the rules that its authors advise, and tells them nothing.
const semgrepRun = "semgrep scan --config p/default --metrics off --sarif --output reports/semgrep.sarif"

func semgrepSteps(*Survey) string {
	return "      - name: Semgrep\n        run: pipx run --spec semgrep==" + semgrepVersion + " " + semgrepRun + "\n"
}

func semgrepJob(*Survey) string {
	return "  image: python:3.13\n  script:\n    - mkdir -p reports\n    - pip install --quiet semgrep==" + semgrepVersion + "\n    - " + semgrepRun + "\n"
}

func semgrepLocal(*Survey) []string { return []string{semgrepRun} }

func saysTrivy(s *Survey) string {
	says := "secrets"
	if of := s.ofScanner("trivy"); len(of) > 0 {
		says = "known vulnerabilities in the dependencies of " + words(of) + "; secrets"
	}
	if of := s.configured(); len(of) > 0 {
		says += "; mistakes in the configuration of " + words(of)
	}
	return says
}

// configured are the kinds of configuration that Trivy looks at.
func (s *Survey) configured() []string {
	of := s.ofScanner("trivy-config")
	if s.Kubernetes {
		of = append(of, "Kubernetes")
	}
	return of
}

func (s *Survey) trivyKinds() string {
	if len(s.configured()) > 0 {
		return "vuln,secret,misconfig"
	}
	return "vuln,secret"
}

func trivySteps(s *Survey) string {
	return "      - " + use("aquasecurity/trivy-action") + "\n        with:\n          scan-type: fs\n          scanners: " + s.trivyKinds() +
		"\n          format: json\n          output: reports/trivy.json\n"
}

func trivyJob(s *Survey) string {
	return "  image:\n    name: aquasec/trivy:" + trivyVersion + "\n    entrypoint: [\"\"]\n  script:\n    - mkdir -p reports\n" + listed(trivyLocal(s))
}

func trivyLocal(s *Survey) []string {
	return []string{"trivy fs --scanners " + s.trivyKinds() + " --format json --output reports/trivy.json ."}
}

func indented(lines []string, by int) string {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(strings.Repeat(" ", by) + line + "\n")
	}
	return b.String()
}

func listed(lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString("    - " + line + "\n")
	}
	return b.String()
}
