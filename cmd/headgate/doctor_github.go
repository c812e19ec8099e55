package main

import (
	"cmp"
	"context"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/headgate/headgate/integrations/git"
	"github.com/headgate/headgate/integrations/github"
)

// A gatingWorkflow is as much of a workflow as says what the action may do in it.
type gatingWorkflow struct {
	On          yaml.Node      `yaml:"on"`
	Permissions *grantedRights `yaml:"permissions"`
	Jobs        map[string]struct {
		Permissions *grantedRights `yaml:"permissions"`
		Steps       []workflowStep `yaml:"steps"`
	} `yaml:"jobs"`
}

// A workflowStep is one step of a job.
type workflowStep struct {
	Uses            string            `yaml:"uses"`
	With            map[string]string `yaml:"with"`
	ContinueOnError yaml.Node         `yaml:"continue-on-error"`
}

// gates says whether the step uses the action.
func (s *workflowStep) gates() bool { return strings.HasPrefix(s.Uses, "headgate/headgate@") }

// takesHead says whether the step checks out the head of a pull request.
func (s *workflowStep) takesHead() bool {
	return strings.HasPrefix(s.Uses, "actions/checkout@") && strings.Contains(s.With["ref"], "head")
}

// grantedRights are the permissions of a job by name, or one word for all.
type grantedRights struct {
	all   string // read-all or write-all
	named map[string]string
}

// UnmarshalYAML reads either form.
func (g *grantedRights) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		g.all = n.Value
		return nil
	}
	return n.Decode(&g.named)
}

// has says whether a permission is granted at least at a level.
func (g *grantedRights) has(name, level string) bool {
	have := g.named[name]
	return have == "write" || have == level || g.all == "write-all" || g.all == "read-all" && level == "read"
}

// rights are what the action needs where its inputs ask for something, and what does not arrive without: one line each.
var rights = []struct {
	name, level string
	asked       func(with map[string]string, event func(string) bool) bool
	cost        string
}{
	{"contents", "read", func(map[string]string, func(string) bool) bool { return true }, "the checkout fails, and the base commit cannot be read"},
	{"pull-requests", "write", func(with map[string]string, event func(string) bool) bool {
		return (with["comment"] != "false" || with["review"] != "false") && with["to"] != "jira" && (event("pull_request") || event("workflow_run"))
	}, "comment and remarks do not arrive on the pull request"},
	{"checks", "write", func(with map[string]string, _ func(string) bool) bool { return with["check-run"] == "true" }, "the check run does not arrive"},
	{"security-events", "write", func(with map[string]string, _ func(string) bool) bool { return with["upload-sarif"] == "true" }, "code scanning gets no alerts"},
	{"actions", "read", func(with map[string]string, event func(string) bool) bool {
		return with["command"] == "publish" && with["to"] != "jira" && event("workflow_run")
	}, "what the first stage left cannot be fetched"},
}

var pinnedUse = regexp.MustCompile(`@[0-9a-f]{40}$`)

// mostWorkflowFiles bounds how many are looked at.
const mostWorkflowFiles = 200

// examineWorkflows looks what the workflows of the repository let the action do, and what each missing permission costs.
func (x *examination) examineWorkflows(ctx context.Context, d *department) {
	checkout, err := git.FindCheckout(ctx, ".")
	if err != nil {
		return
	}
	folder := filepath.Join(checkout.Root, ".github", "workflows")
	files, err := filepath.Glob(filepath.Join(folder, "*.y*ml"))
	if err != nil || len(files) == 0 {
		return
	}
	d.Place = ".github/workflows"
	gates := 0
	for _, file := range files[:min(len(files), mostWorkflowFiles)] {
		text, err := workingTree.read(file, mostSettings)
		if err != nil || !strings.Contains(string(text), "headgate/headgate") {
			continue
		}
		var w gatingWorkflow
		if err := yaml.Unmarshal(text, &w); err != nil {
			d.fail(statusSetup, filepath.Base(file), "actionlint says more", "is no workflow: %v", plainReason(err))
			continue
		}
		gates += w.examine(d, filepath.Base(file))
	}
	if gates == 0 {
		d.warn("gate", "headgate init writes one that fits", "no workflow here uses the action headgate/headgate")
	}
}

// triggeredBy says whether an event starts the workflow.
func (w *gatingWorkflow) triggeredBy(event string) bool {
	for _, n := range append([]*yaml.Node{&w.On}, w.On.Content...) {
		if n.Kind == yaml.ScalarNode && n.Value == event {
			return true
		}
	}
	return false
}

// examine looks at one workflow, and counts the steps that use the action.
func (w *gatingWorkflow) examine(d *department, file string) (gates int) {
	for _, id := range slices.Sorted(maps.Keys(w.Jobs)) {
		job := w.Jobs[id]
		granted := cmp.Or(job.Permissions, w.Permissions)
		missing := map[string]bool{}
		before := gates
		for i := range job.Steps {
			step := &job.Steps[i]
			if step.takesHead() && w.triggeredBy("pull_request_target") {
				d.fail(statusSetup, file, "use pull_request, and two stages for forks: docs/action.md",
					"job %s checks out what anybody sends, with the secrets of the repository (pull_request_target)", id)
			}
			if !step.gates() {
				continue
			}
			gates++
			if !pinnedUse.MatchString(step.Uses) {
				d.warn(file, "uses: headgate/headgate@ and the 40 digits of a commit", "job %s uses %s: a tag or branch can be moved to other code", id, step.Uses)
			}
			if step.ContinueOnError.Value == "true" && step.With["command"] != "publish" {
				d.warn(file, "take continue-on-error out", "job %s goes on whatever the gate says (continue-on-error)", id)
			}
			for _, r := range rights {
				if granted != nil && r.asked(step.With, w.triggeredBy) && !granted.has(r.name, r.level) && !missing[r.name] {
					missing[r.name] = true
					d.warn(file, r.name+": "+r.level+" in the permissions of job "+id, "job %s lacks %s: %s, so %s", id, r.name, r.level, r.cost)
				}
			}
		}
		switch {
		case gates == before:
		case granted == nil:
			d.warn(file, "permissions: {contents: read, pull-requests: write} in job "+id, "job %s names no permissions: it has whatever the repository gives by default", id)
		case len(missing) == 0:
			d.ok(file, "job %s has the permissions that it needs", id)
		}
	}
	return gates
}

// examineGitHub looks what the token sees of the repository, and in a workflow, whether the runner says what a run needs.
func (x *examination) examineGitHub(ctx context.Context, d *department) {
	e := x.event.Event
	inActions := x.app.getenv("GITHUB_ACTIONS") == "true"
	if inActions {
		if e.Name == "" {
			d.fail(statusUndecided, "event", "run it in a step of a workflow", "the runner does not say which event this is (GITHUB_EVENT_NAME)")
		} else {
			d.ok("event", "%s: the run is a %s", e.Name, cmp.Or(string(events[e.Name]), "manual one"))
		}
		if name := x.app.getenv("GITHUB_EVENT_PATH"); name != "" {
			if _, err := os.Stat(name); err != nil {
				d.fail(statusUndecided, "payload", "mount the runner's temporary folder into the container of the job", "cannot be read: %v", plain(err))
			}
		}
	}
	if cmp.Or(x.app.getenv("HEADGATE_GITHUB_TOKEN"), x.app.getenv("GITHUB_TOKEN")) == "" {
		if inActions {
			d.warn("token", "env: {GITHUB_TOKEN: ${{ github.token }}} in the step; the action does it", "there is none: nothing can be said on a pull request")
		}
		return
	}
	e.Repository = cmp.Or(e.Repository, x.result.Change.Repository)
	e.API = cmp.Or(e.API, x.app.getenv("GITHUB_API_URL"), "https://api.github.com")
	e.GraphQL = cmp.Or(e.GraphQL, x.app.getenv("GITHUB_GRAPHQL_URL"), "https://api.github.com/graphql")
	e.Server = cmp.Or(e.Server, x.app.getenv("GITHUB_SERVER_URL"), "https://github.com")
	d.Place = e.Server + "/" + e.Repository
	if e.Repository == "" || x.offline {
		d.ok("token", "is in the environment; GitHub was not asked")
		return
	}
	client, err := x.app.connectGitHub(&e, "")
	if err != nil {
		d.fail(statusSetup, "token", "repository: owner/name in headgate.yaml", "%v", err)
		return
	}
	for _, c := range client.Examine(ctx) {
		switch {
		case c.Err == nil:
			d.ok(c.What, "%s", c.Says)
		case c.Unreachable:
			d.fail(statusUndecided, c.What, "let this machine reach "+e.API, "%s", github.Why(c.Err))
		case c.What == "token":
			d.fail(statusSetup, c.What, "a token of your own may have expired; in a workflow, leave github-token out for the job's", "%s", github.Why(c.Err))
		default:
			d.warn(c.What, c.What+": read in the permissions of the job, or of the token", "%s: %s", github.Why(c.Err), c.Says)
		}
	}
}
