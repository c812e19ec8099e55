// Command bench measures the program against its peers, on made-up estates of many sizes, and prints the table of README.md: what is to be
// reached, what was measured in this run, and with which command. Nothing in it is asserted, for a busy machine is no broken program; but what
// is compared has to come to the same, or there is an error.
//
//	go run ./bench
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

// A bench is one run of all that is measured.
type bench struct {
	size  int    // of the largest estate
	open  int    // cases of the ledger that is decided again
	small bool   // growth over sizes is left out
	dir   string // for what is written meanwhile
	tools string // the programs
	self  string // this program

	out   strings.Builder // what is printed
	scale inputs          // of the arithmetic of docs/scale.md
	grown []string        // rows of the table of sizes, the largest first
}

// A line is one row of the table.
type line struct {
	what, target, measured string
	reached                bool
	command                string // that measures this alone
}

// noTarget is the target of what is only measured: nothing is claimed of it.
const noTarget = "none"

// A row measures one thing that is to be reached.
type row struct {
	name    string
	measure func(context.Context, *bench) ([]line, error)
}

var rows = []row{
	{"gate", measureGate},
	{"start", measureStart},
	{"decide", measureDecide},
	{"reassess", measureReassess},
	{"evidence", measureEvidence},
	{"read", measureRead},
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	size := flags.Int("size", 1_000_000, "`cases` of the largest estate")
	open := flags.Int("open", 200_000, "`cases` that are open in the ledger which is decided again")
	only := flags.String("rows", "", "measure these alone, with commas: "+strings.Join(names(), ","))
	update := flags.Bool("update", false, "write what is printed into bench/README.md and docs/scale.md too")
	small := flags.Bool("no-growth", false, "leave out how time grows over sizes")
	job := flags.String("job", "", "for the program itself: what to measure in a process of its own")
	profile := flags.String("cpuprofile", "", "for the program itself: `file` for a profile of the job")
	dir := flags.String("dir", "", "for the program itself: where a job writes")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if min(*size, *open) < 1000 || max(*size, *open) > 100_000_000 {
		return errors.New("-size and -open are from 1,000 to 100,000,000")
	}
	if *job != "" {
		return runJob(ctx, *job, *size, *dir, *profile)
	}
	b := &bench{size: *size, open: *open, small: *small}
	var err error
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("", "headgate-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	if b.tools, err = buildTools(ctx); err != nil {
		return err
	}
	if err := b.table(ctx, *only); err != nil {
		return err
	}
	if !*update {
		return nil
	}
	return errors.Join(updateFile("bench/README.md", b.out.String()), updateFile("docs/scale.md", b.scale.table()))
}

// What is measured stands between these lines of a page.
const (
	markBegin = "<!-- measured: go run ./bench -update -->\n"
	markEnd   = "<!-- end -->\n"
)

// updateFile puts what was measured into a page. Nothing measured leaves it as it is.
func updateFile(name, measured string) error {
	if measured == "" {
		return nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(text), markBegin)
	_, after, ends := strings.Cut(rest, markEnd)
	if !found || !ends {
		return fmt.Errorf("%s has no lines %q and %q", name, markBegin, markEnd)
	}
	return os.WriteFile(name, []byte(before+markBegin+"\n"+measured+"\n"+markEnd+after), 0o644)
}

// print shows a line at once, and keeps it.
func (b *bench) print(format string, args ...any) {
	text := fmt.Sprintf(format, args...) + "\n"
	b.out.WriteString(text)
	fmt.Print(text)
}

func names() (all []string) {
	for _, r := range rows {
		all = append(all, r.name)
	}
	return all
}

// table measures and prints row by row: what an interrupted run has measured is not lost.
func (b *bench) table(ctx context.Context, only string) error {
	chosen := names()
	if only != "" {
		chosen = strings.Split(only, ",")
		for _, name := range chosen {
			if !slices.Contains(names(), name) {
				return fmt.Errorf("there is no row %q: it can be %s", name, strings.Join(names(), ","))
			}
		}
	}
	began := time.Now()
	b.print("| what | to reach | measured | reached | alone |\n| --- | --- | --- | --- | --- |")
	for _, r := range rows {
		if !slices.Contains(chosen, r.name) {
			continue
		}
		lines, err := r.measure(ctx, b)
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		for _, l := range lines {
			reached := "no"
			switch {
			case l.target == noTarget:
				reached = "–"
			case l.reached:
				reached = "yes"
			}
			b.print("| %s | %s | %s | %s | `%s` |", l.what, l.target, l.measured, reached, l.command)
		}
	}
	if len(b.grown) > 0 {
		slices.Reverse(b.grown)
		b.print("\n| cases | a second | deciding, CPU µs a case | evidence, CPU µs a case | both against a prepared query | deciding alone | memory |\n| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
		for _, row := range b.grown {
			b.print("%s", row)
		}
	}
	if text := b.scale.table(); text != "" {
		b.print("\n%s", strings.TrimSuffix(text, "\n"))
	}
	b.print("\nMeasured in %s with %s on %s/%s with %d cores.", time.Since(began).Round(time.Second), runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0))
	return nil
}
