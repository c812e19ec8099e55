package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/sweep"
)

// An actionFile is what the tests look at in action.yml.
type actionFile struct {
	Inputs map[string]struct {
		Description string
		Required    bool
		Default     *string
	}
	Outputs map[string]struct{ Description, Value string }
	Runs    struct {
		Using string
		Steps []struct {
			Name, ID, Uses, Run, Shell string
			Env, With                  map[string]string
		}
	}
}

func readAction(t *testing.T) actionFile {
	t.Helper()
	var a actionFile
	if err := yaml.Unmarshal([]byte(readFile(t, filepath.Join(packageFolder, "..", "..", "action.yml"))), &a); err != nil {
		t.Fatalf("action.yml: %v", err)
	}
	if a.Runs.Using != "composite" || len(a.Runs.Steps) == 0 {
		t.Fatal("action.yml has no steps of a composite action")
	}
	return a
}

func TestActionInputsAreTheFlagsOfItsCommands(t *testing.T) {
	action := readAction(t)
	env := map[string]string{}
	for _, step := range action.Runs.Steps {
		for name, value := range step.Env {
			env[name] = value
		}
	}
	flags := map[string]bool{}
	look := func(f *pflag.Flag) {
		flags[f.Name] = true
		if _, ok := action.Inputs[f.Name]; !ok {
			t.Errorf("action.yml has no input for --%s", f.Name)
		}
		variable := "HEADGATE_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if f.Name == "output" { // the action has outputs of its own, and adds these as arguments
			variable = "OUTPUTS"
		}
		if want := "${{ inputs." + f.Name + " }}"; env[variable] != want {
			t.Errorf("action.yml: %s is %q, want %q", variable, env[variable], want)
		}
	}
	newGateCommand(&app{}).Flags().VisitAll(look)
	newPublishCommand(&app{}).Flags().VisitAll(look)
	newReassessCommand(&app{}).Flags().VisitAll(look)
	// The program has the other defaults; on a pull request it is asked to say what it has to say.
	defaults := map[string]string{"comment": "true", "review": "true", "command": "gate"}
	own := []string{"reports", "command", "version", "fetch-intel", "github-token"}
	for name, input := range action.Inputs {
		if !flags[name] && !slices.Contains(own, name) {
			t.Errorf("action.yml has an input %s, but there is no such flag", name)
		}
		want := defaults[name]
		if input.Description == "" || (!input.Required && (input.Default == nil || *input.Default != want)) {
			t.Errorf("action.yml: input %s needs a description, and the default %q if it is not required", name, want)
		}
	}
}

// The page on the Action lists the inputs in the words of action.yml.
func TestTheInputsOfTheActionAreOnItsPage(t *testing.T) {
	action := readAction(t)
	table := "| input | what it does | default |\n| --- | --- | --- |\n"
	for _, name := range slices.Sorted(maps.Keys(action.Inputs)) {
		in, value := action.Inputs[name], ""
		if in.Default != nil && *in.Default != "" {
			value = "`" + *in.Default + "`"
		}
		table += fmt.Sprintf("| `%s` | %s | %s |\n", name, strings.ReplaceAll(in.Description, "|", "\\|"), value)
	}
	place := filepath.Join("..", "..", "docs", "action.md")
	before, rest, ok := strings.Cut(readFile(t, place), "<!-- inputs -->\n")
	_, after, ended := strings.Cut(rest, "<!-- end -->")
	if !ok || !ended {
		t.Fatal("docs/action.md has no place for the inputs")
	}
	whole := before + "<!-- inputs -->\n" + table + "<!-- end -->" + after
	if *update {
		writeFile(t, place, whole)
	}
	if whole != readFile(t, place) {
		t.Error("docs/action.md does not list the inputs of action.yml: go test ./cmd/headgate -run Page -update")
	}
}

func TestActionOutputsAreThoseOfTheProgram(t *testing.T) {
	action := readAction(t)
	written := (&telling{run: &run{result: &engine.Result{Outcome: engine.Pass}}}).outputPairs([]output{{"json", "r"}, {"sarif", "s"}})
	again := (&toldOfSweep{came: &sweep.Reassessment{}}).outputPairs(&reassessFlags{})
	if again[0].name != "outcome" {
		t.Errorf("the first output of reassess is %s", again[0].name)
	}
	written = append(written, again[1:]...)
	for _, p := range written {
		otherwise := ""
		if p.name == "outcome" { // also if the program could not be had
			otherwise = " || 'undecided'"
		}
		if want := "${{ steps.gate.outputs." + p.name + otherwise + " }}"; action.Outputs[p.name].Value != want {
			t.Errorf("action.yml: output %s is %q, want %q", p.name, action.Outputs[p.name].Value, want)
		}
	}
	if have := len(action.Outputs); have != len(written) {
		t.Errorf("action.yml has %d outputs, and the program writes %d", have, len(written))
	}
	for name, out := range action.Outputs {
		if out.Description == "" {
			t.Errorf("action.yml: output %s needs a description", name)
		}
	}
}

// An input is written by whoever opens a pull request, if the workflow passes on a title or branch. In a script it would be code.
func TestActionScriptsHaveNoExpressions(t *testing.T) {
	for _, step := range readAction(t).Runs.Steps {
		if strings.Contains(step.Run, "${{") {
			t.Errorf("action.yml: the script of step %q has an expression", step.Name)
		}
		if step.Run != "" && step.Shell != "bash" {
			t.Errorf("action.yml: step %q has the shell %q", step.Name, step.Shell)
		}
	}
}

func TestActionUsesOnlyPinnedActions(t *testing.T) {
	pinned := regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40}$`)
	for _, step := range readAction(t).Runs.Steps {
		if step.Uses != "" && !pinned.MatchString(step.Uses) {
			t.Errorf("action.yml uses %s, which is not pinned to a commit", step.Uses)
		}
	}
}

// gateStep runs the action's gate step like a runner does and returns its exit status, what it shows, and its outputs and summary.
func gateStep(t *testing.T, inputs map[string]string, job ...string) (status int, shown string, outputs map[string]string, summary string) {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash, in which runners run the action's scripts")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	temp := t.TempDir()
	if err := os.Mkdir(filepath.Join(temp, "headgate"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(program, filepath.Join(temp, "headgate", "headgate")); err != nil { // see TestMain
		t.Fatal(err)
	}
	action := readAction(t)
	step := action.Runs.Steps[len(action.Runs.Steps)-1]
	if step.ID != "gate" {
		t.Fatal("the last step of action.yml is not the gate")
	}
	cmd := exec.Command(bash, "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step.Run)
	cmd.Dir = t.TempDir()
	// The tests may run in a workflow themselves, whose event must not decide.
	cmd.Env = append(cmd.Env, "PATH="+os.Getenv("PATH"), "RUNNER_TEMP="+temp, "GITHUB_OUTPUT="+filepath.Join(temp, "output"), "GITHUB_STEP_SUMMARY="+filepath.Join(temp, "summary"),
		"GITHUB_ACTIONS=true", "GITHUB_EVENT_NAME=workflow_dispatch", "GITHUB_REPOSITORY=acme/shop")
	cmd.Env = append(cmd.Env, job...) // of the job
	for name, value := range step.Env {
		input := strings.TrimSuffix(strings.TrimPrefix(value, "${{ inputs."), " }}")
		given, ok := inputs[input]
		if !ok && action.Inputs[input].Default != nil {
			given = *action.Inputs[input].Default
		}
		cmd.Env = append(cmd.Env, name+"="+given)
	}
	out, err := cmd.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	written, err := os.ReadFile(filepath.Join(temp, "summary"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out), readOutputs(t, readFile(t, filepath.Join(temp, "output"))), string(written)
}

// readOutputs reads a runner's file of outputs as the runner does: a line name=value, or a name and all lines up to a delimiter. What is
// set again is set anew.
func readOutputs(t testing.TB, text string) map[string]string {
	t.Helper()
	outputs := map[string]string{}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		at, here := strings.Index(lines[i], "="), strings.Index(lines[i], "<<")
		if here >= 0 && (at < 0 || here < at) {
			name, end := lines[i][:here], lines[i][here+2:]
			from := i + 1
			for i++; i < len(lines) && lines[i] != end; i++ {
			}
			if i == len(lines) {
				t.Fatalf("output %s does not end: %q", name, text)
			}
			outputs[name] = strings.Join(lines[from:i], "\n")
			continue
		}
		if at < 0 {
			t.Fatalf("line %q sets no output", lines[i])
		}
		outputs[lines[i][:at]] = lines[i][at+1:]
	}
	return outputs
}

func TestActionGates(t *testing.T) {
	t.Parallel()
	checkout, err := filepath.Abs(filepath.Join("..", "..", "examples", "checkout"))
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "gosec report.sarif") // a space must not make two reports of it
	writeFile(t, copied, readFile(t, filepath.Join(checkout, "reports", "gosec.sarif")))

	status, shown, outputs, summary := gateStep(t, map[string]string{"reports": checkout})
	if status != 1 || outputs["outcome"] != "block" || outputs["result"] == "" || outputs["sarif"] == "" || outputs["act"] == "" || summary == "" {
		t.Errorf("blocked: status %d, outputs %q, summary of %d bytes:\n%s", status, outputs, len(summary), shown)
	}
	sarif := filepath.Join(t.TempDir(), "out.sarif")
	status, shown, outputs, _ = gateStep(t, map[string]string{"reports": "\n" + copied + "\n", "report-only": "true", "output": "sarif=" + sarif})
	if status != 0 || outputs["outcome"] != "warn" || outputs["feedback"] != "ok" || readFile(t, sarif) == "" {
		t.Errorf("report-only: status %d, outputs %q:\n%s", status, outputs, shown)
	}
	status, shown, outputs, summary = gateStep(t, map[string]string{"reports": checkout, "fail-on": "whenever"})
	if status != 2 || outputs["outcome"] != "undecided" || outputs["result"] != "" || !strings.Contains(summary, "undecided") {
		t.Errorf("bad set-up: status %d, outputs %q:\n%s", status, outputs, shown)
	}
}

func TestActionInputsAreNeverCode(t *testing.T) {
	t.Parallel()
	pwned := filepath.Join(t.TempDir(), "pwned")
	for _, hostile := range []string{"$(touch " + pwned + ")", "`touch " + pwned + "`", "; touch " + pwned, "\"; touch " + pwned + " #", "--help"} {
		for _, input := range []string{"reports", "event", "fail-on", "output", "settings"} {
			inputs := map[string]string{"reports": "none.sarif"}
			inputs[input] = hostile
			if status, shown, outputs, _ := gateStep(t, inputs); status < 2 || outputs["outcome"] != "undecided" {
				t.Errorf("%s: %s: status %d, outputs %q:\n%s", input, hostile, status, outputs, shown)
			}
		}
	}
	if _, err := os.Stat(pwned); err == nil {
		t.Error("an input was run as code")
	}
}

// A runner obeys lines of output that begin with "::", blanks before them or not, and "##[" wherever it stands.
func TestActionShowsNothingOfAReportAsACommand(t *testing.T) {
	hostile := filepath.Join(t.TempDir(), "report.sarif")
	writeFile(t, hostile, `{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "gosec"}}, "results": [{"ruleId": "::set-output name=outcome::pass",
		"level": "error", "message": {"text": "x\n::error::y\n##[set-env name=PATH]z"}, "locations": [{"physicalLocation":
		{"artifactLocation": {"uri": "::stop-commands::a"}, "region": {"startLine": 1}}}]}]}]}`)
	for _, reports := range []string{hostile, "::set-env name=PATH::here"} {
		_, shown, outputs, _ := gateStep(t, map[string]string{"reports": reports})
		shown, ok := strings.CutPrefix(shown, "::remove-matcher owner=go::\n")
		if !ok {
			t.Errorf("the matcher of Go's errors is on:\n%s", shown)
		}
		for line := range strings.Lines(shown) {
			if strings.HasPrefix(line, "::error title=Headgate::") { // the verdict, which is the program's own
				continue
			}
			if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") {
				t.Errorf("%s: a runner would obey %q", reports, line)
			}
		}
		if outputs["outcome"] == "pass" {
			t.Error("a report sets the outcome")
		}
	}
}
