package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(tests{m}, map[string]func(){
		"headgate": func() {
			a := surroundings()
			a.waits = unhurried{}                                                            // a story's tracker is found to be up to date at once
			if at, err := time.Parse(time.RFC3339, os.Getenv("PROGRAM_CLOCK")); err == nil { // what a page shows is of a fixed day
				a.now = func() time.Time { return at }
			}
			os.Exit(program(a))
		},
		"other-headgate": func() { // the program of another version
			version = "other"
			os.Exit(program(surroundings()))
		},
		"hasty": func() { // the program with little patience for policies
			a := surroundings()
			a.perDecision, a.lastResort = time.Second, 2*time.Second
			os.Exit(program(a))
		},
		"patient": func() { // and with much of it, so that memory runs out before time does
			a := surroundings()
			a.perDecision, a.lastResort = time.Minute, time.Minute
			os.Exit(program(a))
		},
		"hangs": func() { // a program that does not come to an end when it is asked to
			ctx := untilInterrupted()
			fmt.Println("started")
			<-ctx.Done()
			fmt.Println(context.Cause(ctx))
			select {}
		},
	})
}

// tests are those of the package, with what they share.
type tests struct{ *testing.M }

// Run runs them, and ends the database that they started. Those that run in parallel start programs, and wait for disks and databases: there
// are more of them than processors at a time, or those would idle. The flag -parallel says otherwise.
func (t tests) Run() int {
	if err := flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0))); err != nil {
		panic(err)
	}
	debug.SetGCPercent(400) // of what hundreds of short runs leave; a program of its own collects none
	return runTests(t.M)
}

// Each file of testdata/guard lets a policy loose that would take the machine down. Not in parallel: which rule it is at has to be said in
// a bounded time.
func TestNoPolicyKeepsTheGateFromFailingClosed(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "guard"),
		RequireExplicitExec: true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// Each file of examples/*.txtar is a story: files, commands and what they must say. $EXAMPLES is the folder of the examples.
func TestStories(t *testing.T) {
	t.Parallel()
	examples, err := filepath.Abs(filepath.Join("..", "..", "examples"))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 examples,
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("EXAMPLES", examples)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "repository": repository, "keypair": keypair, "repack": repack, "registry": registry, "jira": jiraCommand},
	})
}

// repository FILE… makes a repository of the current folder, in which the branch main has the files, and goes on on the branch change.
func repository(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: repository FILE…")
	}
	who := []string{"-c", "user.name=Ana", "-c", "user.email=ana@example.com"}
	for _, do := range [][]string{
		{"init", "-q", "--initial-branch=main"}, append([]string{"add", "--"}, args...),
		append(who, "commit", "-q", "--allow-empty", "-m", "The base"), {"checkout", "-q", "-b", "change"},
	} {
		if len(args) > 0 || do[0] != "add" {
			ts.Check(ts.Exec("git", do...))
		}
	}
}

// exits STATUS COMMAND… runs a command that must end with exactly this status.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	if err != nil {
		ts.Fatalf("exits: %v", err)
	}
	status := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		status = exit.ExitCode()
	}
	if status != want {
		ts.Fatalf("%s ends with %d, not %d", args[1], status, want)
	}
}
