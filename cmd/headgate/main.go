// Command headgate decides what to do about security findings, as code, and makes it happen.
//
// This package is the only place that knows flags, files, the clock, the environment and exit statuses; it wires the rest together.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/headgate/headgate/integrations/transport"
)

// Exit statuses. A failure to decide is never a pass.
const (
	statusPass      = 0 // nothing blocks; there may be warnings
	statusBlocked   = 1 // the policy blocks
	statusSetup     = 2 // what the user set up does not load: flags, settings, assets, policies
	statusUndecided = 3 // could not decide: reports, intel, evaluation, deadline
)

// An app is what the program is given by its surroundings; a test gives it others.
type app struct {
	stdin  io.Reader
	stdout io.Writer // results, and nothing else
	stderr io.Writer // everything else
	getenv func(string) string
	now    func() time.Time
	width  int  // of standard output, if it is a terminal; else 0
	color  bool // standard output is a terminal that shows colour

	screen *screen // standard error, if it is a terminal; nil: it is none
	logged bool    // standard error is kept to be read later: a file, or what a CI system shows

	longWork time.Duration // how long work takes of which a log is told; 0: as progress.go has it

	wire  http.RoundTripper // what sends to services; nil: the network
	waits transport.Clock   // by which services are waited for; nil: the real one

	perDecision time.Duration // bounds one evaluation of the policy; 0: as the engine has it
	lastResort  time.Duration // how long after work is cancelled it may take to notice it; 0: five seconds
}

func main() { os.Exit(program(surroundings())) }

func program(a *app) int {
	time.Local = time.UTC              // a rule that names the zone "Local" says the same everywhere
	cobra.EnableCommandSorting = false // help lists commands as people come to need them
	a.beginWithLargeHeap()
	return a.run(untilInterrupted(), os.Args[1:])
}

// surroundings are those of the process.
func surroundings() *app {
	a := &app{stdin: os.Stdin, stdout: os.Stdout, getenv: os.Getenv, now: time.Now}
	a.stderr, a.screen, a.logged = standardError()
	if fd := int(os.Stdout.Fd()); term.IsTerminal(fd) {
		a.width, _, _ = term.GetSize(fd)
		a.color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	}
	return a
}

// untilInterrupted is a context that ends with the first signal to end. The second one has its usual effect: it kills a program that
// does not come to an end.
func untilInterrupted() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		signal.Stop(signals)
		cancel(errors.New("interrupted"))
	}()
	return ctx
}

// A failure is an error that knows its exit status and what to do about it.
type failure struct {
	status int
	err    error
	hint   string // what to do; empty if the error says it
	said   bool   // the output has said it
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// setup means that what the user set up does not load.
func setup(err error, hint string) error { return &failure{status: statusSetup, err: err, hint: hint} }

// undecided means that no decision could be made.
func undecided(err error, hint string) error {
	return &failure{status: statusUndecided, err: err, hint: hint}
}

// errBlocked means that the policy blocks; the output has said why.
var errBlocked = &failure{status: statusBlocked, err: errors.New("blocked"), said: true}

// run is the whole program: it returns the exit status.
func (a *app) run(ctx context.Context, args []string) int {
	given, out := *a, &watched{Writer: a.stdout}
	given.stdout = out
	root := given.root()
	root.SetArgs(args)
	called, err := root.ExecuteContextC(ctx)
	if out.err != nil {
		err = undecided(fmt.Errorf("write standard output: %w", plain(out.err)), "")
	}
	if err == nil {
		return statusPass
	}
	var f *failure
	if !errors.As(err, &f) { // cobra's own: an unknown command or flag
		f = &failure{status: statusSetup, err: err, hint: "headgate --help lists commands and flags"}
		if called != root {
			f.hint = called.CommandPath() + " --help says what it takes"
		}
	}
	if f.said {
		return f.status
	}
	// The voice: lower case, no full stop, one line for what is wrong and one for what to do.
	a.say("error", err.Error())
	if f.hint != "" {
		a.say("hint", f.hint)
	}
	return f.status
}

// A watched writer remembers the first error, so that a full disk is noticed whoever wrote: help and lists do not look.
type watched struct {
	io.Writer
	err error
}

func (w *watched) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	if err != nil && w.err == nil {
		w.err = err
	}
	return n, err
}

// say writes a line for people. Line breaks and control characters of foreign text do not survive, and neither do commands to a
// workflow's runner: "##[error]" is one wherever it stands, "::error::" only where a line begins, which is here always taken.
func (a *app) say(kind, text string) {
	for line := range strings.Lines(text) {
		fmt.Fprintf(a.stderr, "headgate: %s: %s\n", kind, printable(strings.TrimRight(line, "\r\n")))
	}
}

var runnerMark = regexp.MustCompile(`##(\w*\[)`)

func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.C, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	return runnerMark.ReplaceAllString(s, "#·$1")
}

// referenceGroup is the group of what only tells.
const referenceGroup = "Look up:"

// commands are all subcommands, in the groups that help shows: one file and one line each.
var commands = []struct {
	group string
	all   []func(*app) *cobra.Command
}{
	{"Begin:", []func(*app) *cobra.Command{
		newInitCommand,
		newDoctorCommand,
		newIntelCommand,
	}},
	{"Decide:", []func(*app) *cobra.Command{
		newGateCommand,
		newFindingsCommand,
		newScopeCommand,
		newExplainCommand,
		newPlanCommand,
		newWaiveCommand,
		newPolicyCommand,
	}},
	{"Make it happen, again and again:", []func(*app) *cobra.Command{
		newPublishCommand,
		newReassessCommand,
		newWorkerCommand,
		newReportCommand,
	}},
	{"Prove it:", []func(*app) *cobra.Command{
		newEvidenceCommand,
		newDBCommand,
	}},
	{referenceGroup, []func(*app) *cobra.Command{
		newFormatsCommand,
		newSchemaCommand,
		newVersionCommand,
	}},
}

func (a *app) root() *cobra.Command {
	var ofVersion bool
	root := &cobra.Command{
		Use:   "headgate",
		Short: "Decide what to do about security findings, as code",
		Long: `Headgate reads scanner reports and what is known about assets, lets Rego policies decide, and makes the decisions happen.

Exit status: 0 pass (warnings too), 1 blocked, 2 what you set up does not load, 3 could not decide.
Every flag can be set in the environment too: --fail-on is HEADGATE_FAIL_ON.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if ofVersion {
				return a.version("text")
			}
			return c.Help()
		},
		PersistentPreRunE: func(c *cobra.Command, _ []string) error {
			return a.flagsFromEnvironment(c)
		},
	}
	root.Flags().BoolVar(&ofVersion, versionFlag, false, "the same as headgate version")
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	for _, g := range commands {
		root.AddGroup(&cobra.Group{ID: g.group, Title: g.group})
		for _, newCommand := range g.all {
			c := newCommand(a)
			c.GroupID = g.group
			root.AddCommand(c)
		}
	}
	root.SetHelpCommandGroupID(referenceGroup)
	root.SetCompletionCommandGroupID(referenceGroup)
	return root
}
