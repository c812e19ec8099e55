package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
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
	if err := yaml.Unmarshal([]byte(readFile(t, filepath.Join("..", "..", "action.yml"))), &a); err != nil {
		t.Fatalf("action.yml: %v", err)
	}
	if a.Runs.Using != "composite" || len(a.Runs.Steps) == 0 {
		t.Fatal("action.yml has no steps of a composite action")
	}
	return a
}

func TestActionInputsAreTheFlagsOfGate(t *testing.T) {
	action := readAction(t)
	env := map[string]string{}
	for _, step := range action.Runs.Steps {
		for name, value := range step.Env {
			env[name] = value
		}
	}
	flags := map[string]bool{}
	newGateCommand(&app{}).Flags().VisitAll(func(f *pflag.Flag) {
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
	})
	for name, input := range action.Inputs {
		if !flags[name] && name != "reports" {
			t.Errorf("action.yml has an input %s, but gate has no such flag", name)
		}
		if input.Description == "" || (!input.Required && (input.Default == nil || *input.Default != "")) {
			t.Errorf("action.yml: input %s needs a description, and an empty default if it is not required", name)
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
func gateStep(t *testing.T, inputs map[string]string) (status int, shown, outputs, summary string) {
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
	cmd.Env = append(cmd.Env, "PATH="+os.Getenv("PATH"), "RUNNER_TEMP="+temp, "GITHUB_OUTPUT="+filepath.Join(temp, "output"), "GITHUB_STEP_SUMMARY="+filepath.Join(temp, "summary"))
	for name, value := range step.Env {
		input := strings.TrimSuffix(strings.TrimPrefix(value, "${{ inputs."), " }}")
		cmd.Env = append(cmd.Env, name+"="+inputs[input])
	}
	out, err := cmd.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	written, err := os.ReadFile(filepath.Join(temp, "summary"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out), readFile(t, filepath.Join(temp, "output")), string(written)
}

func TestActionGates(t *testing.T) {
	checkout, err := filepath.Abs(filepath.Join("..", "..", "examples", "checkout"))
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "gosec report.sarif") // a space must not make two reports of it
	writeFile(t, copied, readFile(t, filepath.Join(checkout, "reports", "gosec.sarif")))

	status, shown, outputs, summary := gateStep(t, map[string]string{"reports": checkout})
	if status != 1 || !strings.Contains(outputs, "outcome=block\n") || !strings.Contains(outputs, "result=") || summary == "" {
		t.Errorf("blocked: status %d, outputs %q, summary of %d bytes:\n%s", status, outputs, len(summary), shown)
	}
	sarif := filepath.Join(t.TempDir(), "out.sarif")
	status, shown, outputs, _ = gateStep(t, map[string]string{"reports": "\n" + copied + "\n", "report-only": "true", "output": "sarif=" + sarif})
	if status != 0 || !strings.Contains(outputs, "outcome=warn\n") || readFile(t, sarif) == "" {
		t.Errorf("report-only: status %d, outputs %q:\n%s", status, outputs, shown)
	}
	status, shown, outputs, summary = gateStep(t, map[string]string{"reports": checkout, "fail-on": "whenever"})
	if status != 2 || outputs != "outcome=undecided\n" || summary != "" {
		t.Errorf("bad set-up: status %d, outputs %q:\n%s", status, outputs, shown)
	}
}

func TestActionInputsAreNeverCode(t *testing.T) {
	pwned := filepath.Join(t.TempDir(), "pwned")
	for _, hostile := range []string{"$(touch " + pwned + ")", "`touch " + pwned + "`", "; touch " + pwned, "\"; touch " + pwned + " #", "--help"} {
		for _, input := range []string{"reports", "event", "fail-on", "output", "settings"} {
			inputs := map[string]string{"reports": "none.sarif"}
			inputs[input] = hostile
			if status, shown, outputs, _ := gateStep(t, inputs); status < 2 || outputs != "outcome=undecided\n" {
				t.Errorf("%s: %s: status %d, outputs %q:\n%s", input, hostile, status, outputs, shown)
			}
		}
	}
	if _, err := os.Stat(pwned); err == nil {
		t.Error("an input was run as code")
	}
}

// A runner obeys lines of output that begin with "::". What comes from a report must stand where the runner does not.
func TestActionShowsReportsWithWorkflowCommandsOff(t *testing.T) {
	_, shown, _, _ := gateStep(t, map[string]string{"reports": "\n::set-env name=PATH::here"})
	shown, ok := strings.CutPrefix(shown, "::remove-matcher owner=go::\n")
	if !ok {
		t.Errorf("the matcher of Go's errors is on:\n%s", shown)
	}
	first, rest, _ := strings.Cut(shown, "\n")
	token, ok := strings.CutPrefix(first, "::stop-commands::")
	if !ok || len(token) != 32 || !strings.HasSuffix(rest, "::"+token+"::\n") {
		t.Errorf("commands are not off:\n%s", shown)
	}
}
