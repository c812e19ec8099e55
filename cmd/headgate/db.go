package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/integrations/store"
)

func newDBCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "db",
		Short: "Look after a ledger: check it, migrate it, make what is open anew",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	for _, newCommand := range dbCommands {
		c.AddCommand(newCommand(a))
	}
	return c
}

// dbCommands are the subcommands of db: one line each.
var dbCommands = []func(*app) *cobra.Command{
	newDBMigrateCommand,
	newDBCheckCommand,
	newDBRebuildCommand,
	newDBExportLogCommand,
	newDBStatsCommand,
	newDBViewsCommand,
	newDBEraseCommand,
}

// dbCommand is a subcommand that works on a ledger that is there.
func dbCommand(use, short, long string, do func(ctx context.Context, l *store.Ledger, where string) error) *cobra.Command {
	var where string
	c := &cobra.Command{Use: use, Short: short, Long: long, Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		l, err := openForLook(c.Context(), where)
		if err != nil {
			return err
		}
		defer l.Close()
		return inLedger(where, do(c.Context(), l, where))
	}}
	ledgerFlag(c, &where)
	return c
}

// inLedger says of a failure to read a ledger which one it is.
func inLedger(where string, err error) error {
	f := (*failure)(nil)
	if !errors.As(err, &f) || f.status != statusUndecided || strings.Contains(f.Error(), store.Shown(where)) {
		return err
	}
	return undecided(fmt.Errorf("the ledger %s: %w", store.Shown(where), plain(f.err)), f.hint)
}

func ledgerFlag(c *cobra.Command, where *string) {
	c.Flags().StringVar(where, "ledger", "", ledgerForms)
}

var errNoLedger = setup(errors.New("--ledger says which ledger"), "--ledger ledger.db, or HEADGATE_LEDGER")

// openForLook opens a ledger and makes none.
func openForLook(ctx context.Context, where string) (*store.Ledger, error) {
	if where == "" {
		return nil, errNoLedger
	}
	l, err := store.OpenExisting(ctx, where)
	if err != nil {
		return nil, ledgerFailure(where, err)
	}
	return l, nil
}

func newDBMigrateCommand(a *app) *cobra.Command {
	var where string
	c := &cobra.Command{
		Use:   "migrate --ledger LEDGER",
		Short: "Bring the tables of a ledger up to this version of headgate",
		Long: `Brings the tables of a ledger up to this version of headgate, in one transaction; where there is none, it is made. Only forward: an
older headgate refuses a ledger that a newer one has migrated. No record and no part of the log changes.

In PostgreSQL it also makes the tables for the jobs of headgate worker, in the same schema.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if where == "" {
				return errNoLedger
			}
			from, to, err := store.Migrate(c.Context(), where)
			if err != nil {
				return ledgerFailure(where, err)
			}
			fmt.Fprintf(a.stdout, "the ledger %s is %s\n", printable(store.Shown(where)), migrated(from, to))
			return a.migrateQueue(c.Context(), where)
		},
	}
	ledgerFlag(c, &where)
	return c
}

// migrated says of tables what was done to them.
func migrated(from, to int) string {
	switch from {
	case to:
		return "of version " + strconv.Itoa(to) + " already"
	case 0:
		return "new, of version " + strconv.Itoa(to)
	}
	return "of version " + strconv.Itoa(to) + " now, and was of version " + strconv.Itoa(from)
}

func newDBCheckCommand(a *app) *cobra.Command {
	var checkpoint string
	c := dbCommand("check --ledger LEDGER", "Read a whole ledger and work everything out again", `Reads a whole ledger and works everything out again: the hashes and checkpoints of its log, the content and records of every run, and what is
open now. It changes nothing: a log that is not as it was written is not to be mended, but to be compared with a copy. With --checkpoint, it
also makes sure that the log has everything that an older or newer checkpoint is of, which was kept elsewhere: only so can it be seen that
somebody set the ledger back to an older copy.

Exit status: 0 the ledger is as it was written, 1 it is not, 2 what you set up does not load, 3 it cannot be read.`,
		func(ctx context.Context, l *store.Ledger, _ string) error {
			var note []byte
			if checkpoint != "" {
				var err error
				if note, err = readAtMost(checkpoint, mostSettings); err != nil {
					return setup(fmt.Errorf("--checkpoint: %w", plain(err)), "")
				}
			}
			x, err := l.Check(ctx)
			if err != nil {
				return undecided(err, "")
			}
			if note != nil {
				if err := l.Extends(ctx, note); err != nil {
					x.Problems = append(x.Problems, err.Error())
				}
			}
			return a.showCheck(x)
		})
	c.Flags().StringVar(&checkpoint, "checkpoint", "", "`file` with a checkpoint of the log that was kept elsewhere")
	return c
}

// showCheck writes what a check found.
func (a *app) showCheck(x *store.Examination) error {
	fmt.Fprintf(a.stdout, "%s, %s, %s compared\n", number(int(x.Runs), "run", "runs"), number(int(x.Records), "record", "records"),
		number(int(x.Findings), "finding", "findings"))
	for _, p := range x.Problems {
		fmt.Fprintf(a.stdout, "wrong: %s\n", printable(p))
	}
	if x.More > 0 {
		fmt.Fprintf(a.stdout, "and %d more\n", x.More)
	}
	if len(x.Problems) > 0 {
		return &failure{status: statusBlocked, err: errors.New("the ledger is not as it was written"), said: true}
	}
	fmt.Fprintln(a.stdout, "the ledger is as it was written")
	return nil
}

func newDBRebuildCommand(a *app) *cobra.Command {
	return dbCommand("rebuild --ledger LEDGER", "Make what is open anew, from the records of the log alone", `Makes what is open anew, from the records of the log alone: first and last sight of each finding, its status and due date. It is what gate
--ledger keeps up with each run on a branch; the log itself stays as it is. A ledger whose log is not as it was written is not touched.`,
		func(ctx context.Context, l *store.Ledger, where string) error {
			n, err := l.Rebuild(ctx)
			if err != nil {
				return undecided(err, "headgate db check lists what is wrong")
			}
			fmt.Fprintf(a.stdout, "made anew: the state of %s\n", number(int(n), "finding", "findings"))
			return nil
		})
}

func newDBStatsCommand(a *app) *cobra.Command {
	return dbCommand("stats --ledger LEDGER", "Say how much a ledger holds", "Says how much a ledger holds: the size of its log, runs and records, what is open and closed, and content.",
		func(ctx context.Context, l *store.Ledger, _ string) error {
			s, err := l.Stats(ctx)
			if err != nil {
				return undecided(err, hintOnCheck)
			}
			return a.showStats(ctx, l, s)
		})
}

func (a *app) showStats(ctx context.Context, l *store.Ledger, s *store.Stats) error {
	var out strings.Builder
	head, err := l.Head(ctx)
	if err != nil {
		return undecided(err, hintOnCheck)
	}
	if head != nil {
		c, err := evidence.ParseCheckpoint(head, nil)
		if err != nil {
			return undecided(err, hintOnCheck)
		}
		fmt.Fprintf(&out, "log %s: size %d, root %x\n", printable(c.Origin), c.Size, c.Root[:])
	}
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for _, row := range []struct {
		name string
		n    int64
	}{{"runs", s.Runs}, {"records", s.Records}, {"open", s.Open}, {"waived", s.Waived}, {"closed", s.Closed}, {"effects", s.Effects}, {"content, bytes", s.Content}} {
		fmt.Fprintf(table, "%s\t%d\n", row.name, row.n)
	}
	if !s.First.IsZero() {
		fmt.Fprintf(table, "first run\t%s\nlast run\t%s\n", s.First.Format("2006-01-02 15:04"), s.Last.Format("2006-01-02 15:04"))
	}
	table.Flush()
	_, err = io.WriteString(a.stdout, out.String())
	return err
}

func newDBExportLogCommand(a *app) *cobra.Command {
	var folder string
	c := dbCommand("export-log --ledger LEDGER -o FOLDER", "Write the log of a ledger as tiles, for other readers of logs",
		`Writes the log of a ledger into a folder, in the layout of C2SP tlog-tiles: checkpoint, tile/ with the hashes of the tree and the leaves.
A folder that has an earlier state of the same log is brought up to date; one that has a later or another one is left alone: then the ledger was
set back, or the log forked.`,
		func(ctx context.Context, l *store.Ledger, _ string) error {
			if folder == "" {
				return setup(errors.New("-o says into which folder"), "headgate db export-log --ledger ledger.db -o log/")
			}
			return a.exportLog(ctx, l, folder)
		})
	c.Flags().StringVarP(&folder, "output", "o", "", "the `folder` to write to")
	return c
}

func (a *app) exportLog(ctx context.Context, l *store.Ledger, folder string) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return undecided(plain(err), "")
	}
	root, err := os.OpenRoot(folder) // no link leads out of it
	if err != nil {
		return undecided(plain(err), "")
	}
	defer root.Close()
	older, err := root.ReadFile("checkpoint")
	if err == nil {
		err = l.Extends(ctx, older)
	} else if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	files := 0
	if err == nil {
		err = evidence.WriteTiles(ctx, l, 0, func(name string, data []byte) error {
			files++
			if err := root.MkdirAll(path.Dir(name), 0o777); err != nil {
				return err
			}
			return root.WriteFile(name, data, 0o666)
		})
	}
	if err != nil {
		return undecided(fmt.Errorf("the log in %s: %w", folder, plain(err)), "")
	}
	if files == 0 {
		fmt.Fprintln(a.stdout, "the log is empty: there is nothing to write")
		return nil
	}
	fmt.Fprintf(a.stdout, "the log is in %s: %s\n", printable(filepath.ToSlash(folder)), number(files, "file", "files"))
	return nil
}
