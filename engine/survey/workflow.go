package survey

import (
	"fmt"
	"strings"
)

// The files that workflows are written to.
const (
	GitHubFile = ".github/workflows/headgate.yml"
	GitLabFile = ".gitlab/headgate.yml"
)

// GitHubWorkflow is the workflow that fits, for GitHub. Branch is the default branch; one whose name could mean something else in a
// workflow is taken for main.
func (s *Survey) GitHubWorkflow(branch string) []byte {
	if !plain.MatchString(branch) {
		branch = "main"
	}
	var b strings.Builder
	fmt.Fprintf(&b, `# Scans what a change brings, and lets Headgate decide about what is found. headgate init wrote it for what is here: %s.
# Put other scanners in the place of these, or beside them: what writes a format of "headgate formats" into reports/ will do.
`, s.Words())
	for _, scan := range s.Scans {
		if scan.Workflow != GitHubFile && scan.Scanner != "Headgate" && plain.MatchString(scan.Workflow) {
			fmt.Fprintf(&b, "# %s runs %s already: let it write into reports/ too, and move the last step after it, for one decision about both.\n", scan.Workflow, scan.Scanner)
		}
	}
	fmt.Fprintf(&b, `name: headgate
on:
  pull_request: # from forks too: the job has no secrets and may only read there, so it gates and does not comment
  merge_group: # a queue waits for ever for a required check that does not run on it
  push:
    branches: [%s]

permissions: {}

# The newest commit of a pull request counts. A run of the merge queue, or of the branch, is never cut off.
concurrency:
  group: headgate-${{ github.event.pull_request.number || github.ref }}
  cancel-in-progress: ${{ github.event_name == 'pull_request' }}

jobs:
  gate:
    runs-on: ubuntu-latest
    permissions:
      contents: read
      pull-requests: write # comment and remarks; the gate itself only reads
    steps:
      # Actions are pinned to commits: a tag can be moved to other code.
      - %s
      - run: mkdir -p reports
`, branch, use("actions/checkout"))
	for _, scanner := range s.Scanners() {
		fmt.Fprintf(&b, "\n      # %s: %s.\n%s", scanner.Name, scanner.looksAt(s), scanner.github(s))
	}
	fmt.Fprintf(&b, `
      # The exit status of this step is the gate. In the rules of the branch, require the check "gate".
      - %s
        with:
          reports: reports
          fetch-intel: kev,epss # what is known to be exploited, and how likely exploitation is
          # A ledger in PostgreSQL keeps every run, for headgate report; PGPASSWORD in env of this step is its password. Pull requests of
          # forks and of Dependabot have no secrets, and could not be decided about: leave it out where there are such.
          # ledger: ${{ vars.HEADGATE_LEDGER }}
`, use("headgate/headgate"))
	return []byte(b.String())
}

// GitLabScans are the jobs that scan, for GitLab, and their names.
func (s *Survey) GitLabScans() (text string, names []string) {
	var b strings.Builder
	for _, scanner := range s.Scanners() {
		name := "headgate-" + strings.ToLower(scanner.Name)
		names = append(names, name)
		fmt.Fprintf(&b, `# %s: %s.
%s:
  stage: test
%s  artifacts:
    paths: [reports/]
  rules: *headgate-rules

`, scanner.Name, scanner.looksAt(s), name, scanner.gitlab(s))
	}
	return b.String(), names
}

// Words are what is here, for people.
func (s *Survey) Words() string {
	var names []string
	for _, f := range s.Found {
		names = append(names, f.Name)
	}
	if s.Kubernetes {
		names = append(names, "Kubernetes")
	}
	if len(names) == 0 {
		return "nothing that a scanner of dependencies knows"
	}
	return words(names)
}
