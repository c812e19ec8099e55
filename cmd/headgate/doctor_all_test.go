package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/integrations/github/githubtest"
)

// answering is a network in which every server answers alike.
type answering struct {
	status int
	date   time.Time
	err    error
}

func (a answering) RoundTrip(req *http.Request) (*http.Response, error) {
	if a.err != nil {
		return nil, a.err
	}
	h := http.Header{"Date": {a.date.UTC().Format(http.TimeFormat)}}
	return &http.Response{StatusCode: a.status, Header: h, Body: http.NoBody, Request: req}, nil
}

// A visit is one to the doctor, in a repository of its own that has what files say.
type visit struct {
	files map[string]string
	git   []string // commands, with "commit" for all files in a commit
	env   map[string]string
	wire  http.RoundTripper
	args  []string
}

var today = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

func (v visit) run(t *testing.T) (status int, out string) {
	t.Helper()
	t.Chdir(t.TempDir())
	gitIn(t, ".", "init", "-q", "-b", "main")
	gitIn(t, ".", "remote", "add", "origin", "https://github.com/acme/shop.git")
	for name, text := range v.files {
		writeFile(t, filepath.FromSlash(name), text)
	}
	for _, command := range v.git {
		if command == "commit" {
			gitIn(t, ".", "add", "-A")
			gitIn(t, ".", "commit", "-q", "--allow-empty", "-m", "all")
			continue
		}
		gitIn(t, ".", strings.Fields(command)...)
	}
	if v.wire == nil {
		v.wire = answering{status: http.StatusOK, date: today}
	}
	var stdout, stderr bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, now: func() time.Time { return today }, wire: v.wire, waits: unhurried{},
		getenv: func(name string) string { return v.env[name] }}
	status = a.run(t.Context(), append([]string{"doctor"}, v.args...))
	return status, stdout.String() + stderr.String()
}

const (
	gateWorkflow = "on: [pull_request]\npermissions: {}\njobs:\n  gate:\n    permissions: {contents: read, pull-requests: write}\n    steps:\n" +
		"      - uses: headgate/headgate@5988bf952180c818daafcfdf948f669c4487dd12\n        with: {reports: reports}\n"
	knownAsset = "assets:\n  - {id: shop, owner: team, criticality: operational, exposure: internal, environment: production, match: {paths: [\"**\"]}}\n"
)

func TestDoctorFindsAllInOrder(t *testing.T) {
	today8601 := today.Format(time.DateOnly)
	v := visit{
		files: map[string]string{
			".headgate/headgate.yaml": "expect: [{tool: gosec}]\n", ".headgate/assets.yaml": knownAsset, ".github/workflows/gate.yml": gateWorkflow, "reports/gosec.sarif": cleanSARIF,
			".headgate/intel/kev.json": strings.ReplaceAll(intelKEV, "2026-11-20", today8601),
			".headgate/intel/epss.csv": strings.ReplaceAll(intelEPSS, "2026-11-10T12", today8601+"T00"),
		},
		git:  []string{"commit", "update-ref refs/remotes/origin/main HEAD"},
		args: []string{"reports", "--only", "settings,git,policy,assets,waivers,reports,workflows,clock"},
	}
	status, out := v.run(t)
	if status != statusPass || strings.Contains(out, "warn") || strings.Contains(out, "fail") || !strings.Contains(out, "in order") {
		t.Errorf("status %d:\n%s", status, out)
	}
	v.args = append(v.args[:2:2], "settings,intel,clock")
	status, out = v.run(t)
	if status != statusPass || strings.Count(out, "warn") != 1 || !strings.Contains(out, "warn  ssvc") || !strings.Contains(out, "ok    clock") {
		t.Errorf("status %d:\n%s", status, out)
	}
}

func TestDoctorSaysOnceWhatPutsSeveralThingsRight(t *testing.T) {
	_, out := visit{files: map[string]string{".headgate/headgate.yaml": "packs: [ssvc]\n"}, args: []string{"--only", "settings,policy"}}.run(t)
	if off, fixes := strings.Count(out, "is off"), strings.Count(out, "→ "); off < 5 || fixes != 1 {
		t.Errorf("%d packs are off, with %d things to do:\n%s", off, fixes, out)
	}
}

func TestDoctorSaysOfEverythingWhatToPutRight(t *testing.T) {
	key := "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n"
	waiver := "waivers:\n  - {id: W-1, finding: CVE-2024-1, reason: none, created: 2026-01-01, expires: 2026-11-25}\n  - {id: W-2, finding: CVE-2024-2, reason: none, created: 2026-01-01, expires: 2026-02-01}\n"
	hook := "notify: [{url: \"https://hooks.example.com/x\", key_env: HOOK_KEY}, {url_env: HOOK_URL, key_env: HOOK_KEY}]\n"
	for name, c := range map[string]struct {
		visit
		status int
		want   []string
	}{
		"nothing is set up":                      {visit{args: []string{"--offline"}}, 0, []string{"warn headgate.yaml there is none", "headgate init", "warn assets none is named"}},
		"settings do not load":                   {visit{files: map[string]string{".headgate/headgate.yaml": "fail-on: act\n"}}, 2, []string{"fail headgate.yaml .headgate/headgate.yaml:1: there is no key fail-on", "1 to put right"}},
		"no such priority":                       {visit{files: map[string]string{".headgate/headgate.yaml": "fail_on: never\n"}}, 2, []string{`fail fail_on fail-on "never" is no priority`}},
		"settings not committed":                 {visit{files: map[string]string{".headgate/assets.yaml": knownAsset}, git: []string{"commit --allow-empty -q -m a"}}, 0, []string{"warn settings .headgate is not committed", "git add .headgate"}},
		"no base":                                {visit{git: []string{"commit"}}, 0, []string{"warn base origin/main is not here", "git fetch"}},
		"no remote":                              {visit{git: []string{"commit", "remote remove origin"}}, 0, []string{"warn base there is no remote origin", "git remote add origin …; until then, --base main names it"}},
		"a base that is asked for and not there": {visit{git: []string{"commit"}, args: []string{"--base", "nowhere"}}, 3, []string{"fail base nowhere cannot be read"}},
		"a base without settings":                {visit{git: []string{"commit", "update-ref refs/remotes/origin/main HEAD"}}, 0, []string{"has no .headgate: pull requests are judged by the shipped defaults"}},
		"a pack is off":                          {visit{files: map[string]string{".headgate/headgate.yaml": "packs: [ssvc]\n"}}, 0, []string{"warn weakened pack change is off"}},
		"a policy does not compile": {visit{files: map[string]string{".headgate/policies/acme/acme.rego": "package packs.acme\n\ndeny contains \"x\" if input.asset.ownr == \"x\"\n"}}, 2,
			[]string{"fail compile", "ownr"}},
		"facts that nobody says": {visit{files: map[string]string{".headgate/assets.yaml": "assets: [{id: a, match: {paths: [x]}}, {id: b, match: {paths: [y]}}]\n"}}, 0,
			[]string{"warn owner not known of a, b", "warn exposure not known of a, b: it is taken as internet", "say it in .headgate/assets.yaml"}},
		"assets do not load":        {visit{files: map[string]string{".headgate/assets.yaml": "assets: [{id: a, exposure: moon}]\n"}}, 2, []string{"fail assets.yaml", "moon"}},
		"waivers":                   {visit{files: map[string]string{".headgate/waivers.yaml": waiver}, git: []string{"commit"}}, 0, []string{"2 waivers, 1 expired", "warn expiring 1 waiver: W-1", "warn unproven W-1 exempt nothing", "approvers: [ana@example.com"}},
		"waivers do not load":       {visit{files: map[string]string{".headgate/waivers.yaml": "waivers: [{id: W}]\n"}}, 2, []string{"fail waivers"}},
		"no report":                 {visit{files: map[string]string{"reports/readme.txt": ""}, args: []string{"reports"}}, 3, []string{"fail scan there is no report"}},
		"a report that is none":     {visit{files: map[string]string{"r.json": "{"}, args: []string{"r.json"}}, 3, []string{"fail read r.json"}},
		"a report that is expected": {visit{files: map[string]string{".headgate/headgate.yaml": "expect: [{tool: trivy}]\n", "r.sarif": cleanSARIF}, args: []string{"r.sarif"}}, 3, []string{"fail expected the report of tool trivy is missing"}},
		"no threat data":            {visit{}, 0, []string{"warn kev not held", "headgate intel update --only kev,epss,ssvc"}},
		"old threat data":           {visit{files: map[string]string{".headgate/intel/kev.json": strings.ReplaceAll(intelKEV, "2026-11-20", "2026-10-01")}}, 0, []string{"warn kev", "50 days old"}},
		"threat data of tomorrow":   {visit{files: map[string]string{".headgate/intel/kev.json": strings.ReplaceAll(intelKEV, "2026-11-20", "2026-12-24")}}, 3, []string{"fail kev is of 2026-12-24, which is still to come"}},
		"threat data that is none":  {visit{files: map[string]string{".headgate/intel/kev.json": "{}"}}, 3, []string{"fail load"}},
		"nobody answers":            {visit{wire: answering{err: fmt.Errorf("the cable is out")}}, 0, []string{"warn kev cannot be fetched from here", "the cable is out", "name a mirror"}},
		"a server says no":          {visit{wire: answering{status: 403, date: today}}, 0, []string{"www.cisa.gov answers 403"}},
		"no ledger":                 {visit{args: []string{"--ledger", "none.db"}}, 2, []string{"fail ledger"}},
		"a key that is none":        {visit{files: map[string]string{"k.pem": "x"}, args: []string{"--evidence-key", "k.pem"}}, 2, []string{"fail key", "keygen"}},
		"a key in the repository":   {visit{files: map[string]string{"k.pem": key}, git: []string{"commit"}, args: []string{"--evidence-key", "k.pem"}}, 2, []string{"fail key k.pem is in the repository"}},
		"a key that all can read":   {visit{files: map[string]string{"k.pem": key}, args: []string{"--evidence-key", "k.pem"}}, 0, []string{"ok key signs as", "warn key", "chmod 600 k.pem"}},
		"a workflow without permissions": {visit{files: map[string]string{".github/workflows/w.yml": strings.Replace(gateWorkflow, "pull-requests: write", "issues: read", 1)}}, 0,
			[]string{"warn w.yml job gate lacks pull-requests: write, so comment and remarks do not arrive", "pull-requests: write in the permissions of job gate"}},
		"a workflow that asks for more": {visit{files: map[string]string{".github/workflows/w.yml": strings.Replace(gateWorkflow, "reports: reports", "reports: r, check-run: \"true\", upload-sarif: true", 1)}}, 0,
			[]string{"lacks checks: write", "lacks security-events: write"}},
		"a workflow of a tag":     {visit{files: map[string]string{".github/workflows/w.yml": strings.Replace(gateWorkflow, "5988bf952180c818daafcfdf948f669c4487dd12", "v1", 1)}}, 0, []string{"a tag or branch can be moved"}},
		"a workflow that goes on": {visit{files: map[string]string{".github/workflows/w.yml": strings.Replace(gateWorkflow, "        with:", "        continue-on-error: true\n        with:", 1)}}, 0, []string{"goes on whatever the gate says"}},
		"a workflow for anybody": {visit{files: map[string]string{".github/workflows/w.yml": strings.Replace(strings.Replace(gateWorkflow, "[pull_request]", "pull_request_target", 1), "    steps:\n", "    steps:\n      - uses: actions/checkout@v5\n        with: {ref: \"${{ github.event.pull_request.head.sha }}\"}\n", 1)}}, 2,
			[]string{"fail w.yml job gate checks out what anybody sends"}},
		"a workflow that is none":    {visit{files: map[string]string{".github/workflows/w.yml": "# headgate/headgate\n[\n"}}, 2, []string{"fail w.yml is no workflow"}},
		"no gate":                    {visit{files: map[string]string{".github/workflows/w.yml": "on: push\n"}}, 0, []string{"warn gate no workflow here uses the action"}},
		"a runner that says nothing": {visit{env: map[string]string{"GITHUB_ACTIONS": "true"}}, 3, []string{"fail event the runner does not say", "warn token"}},
		"webhooks without keys":      {visit{files: map[string]string{".headgate/headgate.yaml": hook}}, 2, []string{"fail webhook 1 HOOK_KEY, the key that it is signed with, is not set", "fail webhook 2 HOOK_URL, its address, is not set"}},
		"a webhook with a short key": {visit{files: map[string]string{".headgate/headgate.yaml": hook}, env: map[string]string{"HOOK_KEY": "secret-123", "HOOK_URL": "https://hooks.example.com/secret-path"}}, 0,
			[]string{"warn webhook 1 the key in HOOK_KEY is shorter than 16 bytes"}},
		"a clock that is wrong": {visit{wire: answering{status: 200, date: today.Add(-3 * time.Hour)}}, 2, []string{"fail clock is 3h0m0s ahead of"}},
		"hostile names":         {visit{files: map[string]string{"a\x1b[31m::error::x.json": "{"}, args: []string{"a\x1b[31m::error::x.json"}}, 3, []string{"fail read a?[31m::error::x.json"}},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(name, "polic") && !strings.Contains(name, "pack") { // compiling takes most of the time
				c.args = append(c.args, "--only", strings.Join(slices.DeleteFunc(departmentNames(), func(d string) bool { return d == "policy" }), ","))
			}
			status, out := c.run(t)
			said := strings.Join(strings.Fields(strings.ReplaceAll(out, "→", "")), " ")
			if status != c.status {
				t.Errorf("status %d, not %d", status, c.status)
			}
			for _, want := range c.want {
				if !strings.Contains(said, want) {
					t.Errorf("it does not say %q:\n%s", want, out)
				}
			}
			for _, secret := range []string{"secret-", "MC4CAQ", "\x1b"} {
				if strings.Contains(out, secret) {
					t.Errorf("it shows %q:\n%s", secret, out)
				}
			}
		})
	}
}

func TestDoctorAsksNoServerWhenItIsOffline(t *testing.T) {
	asked := answering{err: fmt.Errorf("it was asked")}
	status, out := visit{wire: asked, args: []string{"--offline"}, env: map[string]string{"GITHUB_TOKEN": "ghs_secret"}}.run(t)
	if status != statusPass || strings.Contains(out, "it was asked") || strings.Contains(out, "ghs_secret") {
		t.Errorf("status %d:\n%s", status, out)
	}
}

func TestDoctorLooksWhatATokenSees(t *testing.T) {
	for name, c := range map[string]struct {
		permissions []string
		token       string
		status      int
		want        []string
	}{
		"all":              {[]string{"contents: read", "pull-requests: write"}, "", 0, []string{"ok token", "ok contents", "ok pull-requests"}},
		"no pull requests": {[]string{"contents: read"}, "", 0, []string{"ok contents", "warn pull-requests", "cannot be found", "pull-requests: read"}},
		"a wrong token":    {nil, "ghp_wrong", 2, []string{"fail token GitHub does not know the token (401)"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := githubtest.New(t, githubtest.Options{})
			r := g.Repository("acme/shop").Private()
			r.Commit("main", githubtest.Files{"a": "b"})
			token := c.token
			if token == "" {
				token = r.Actions(c.permissions...)
			}
			env := map[string]string{"GITHUB_TOKEN": token, "GITHUB_API_URL": g.Cloud.API, "GITHUB_GRAPHQL_URL": g.Cloud.GraphQL, "GITHUB_SERVER_URL": g.Cloud.Server}
			status, out := visit{env: env, args: []string{"--only", "github"}}.run(t)
			said := strings.Join(strings.Fields(out), " ")
			for _, want := range c.want {
				if !strings.Contains(said, want) {
					t.Errorf("it does not say %q:\n%s", want, out)
				}
			}
			if status != c.status || strings.Contains(out, token) || len(g.Writes()) > 0 {
				t.Errorf("status %d, %d writes:\n%s", status, len(g.Writes()), out)
			}
		})
	}
}

func TestWhatDoctorWritesFitsItsSchema(t *testing.T) {
	for _, v := range []visit{{}, {files: map[string]string{".headgate/headgate.yaml": "x: 1\n"}}} {
		v.args = []string{"-o", "json"}
		status, out := v.run(t)
		if err := valid(t, doctorSchema, out); err != nil {
			t.Errorf("status %d: %v\n%s", status, err, out)
		}
		var doc struct {
			Status  string
			Systems []struct{ Name string }
		}
		if err := json.Unmarshal([]byte(out), &doc); err != nil || (doc.Status == "fail") != (status != 0) || len(doc.Systems) == 0 {
			t.Errorf("status %d, %v: %+v", status, err, doc)
		}
		for _, s := range doc.Systems {
			if !slices.Contains(departmentNames(), s.Name) {
				t.Errorf("%s is nothing that is looked at", s.Name)
			}
		}
	}
}

func TestDoctorSaysNothingOfTheRepositoryWhereThereIsNone(t *testing.T) {
	t.Chdir(t.TempDir())
	status, out, errs := here{t: t, env: map[string]string{}}.run("doctor", "--offline")
	if status != statusPass || !strings.Contains(strings.Join(strings.Fields(out), " "), "is in no git repository") || errs != "" {
		t.Errorf("status %d:\n%s%s", status, out, errs)
	}
	if _, err := os.Stat(".headgate"); err == nil {
		t.Error("it wrote something")
	}
}
