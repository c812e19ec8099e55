package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/waiver"
	"github.com/headgate/headgate/integrations/git"
)

// A waiveRequest is what the command line says of a waiver.
type waiveRequest struct {
	reason, expires, ticket, requester, approver, asset string
	write                                               bool
}

func newWaiveCommand(a *app) *cobra.Command {
	var f runFlags
	var q waiveRequest
	c := &cobra.Command{
		Use:   "waive ID RESULT|REPORT…",
		Short: "Draft a waiver: accept the risk of a finding for a time, as long as its facts stay as they are",
		Long: `Writes an entry for .headgate/waivers.yaml that accepts the risk of one finding, named by its id or the beginning of it. What comes
after the id is a result file (headgate gate -o json=FILE), or the same reports that gate is given. The facts of today become guards:
the waiver ends when the finding is known to be exploited, its EPSS rises well above what it is, or it turns out to be reachable.

A waiver counts once it is committed by its requester and approved by someone else who is on the list approvers of headgate.yaml: who
commits it (git am, git cherry-pick), merges it, writes the line approver of it afterwards, or is named by a trailer Approved-by or
Reviewed-by of a commit that somebody else than the requester made (not in the browser at GitHub, where anyone can write them).`,
		Example: `  headgate waive hg1-3fa9c2 result.json --reason "only used in the build" --expires 30d
  headgate waive hg1-3fa9c2 reports/ --reason "behind the login" --approver ana@example.com --write`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			if strings.TrimSpace(q.reason) == "" {
				return setup(errors.New("a waiver needs a reason"), `say with --reason "…" why the risk is accepted`)
			}
			return a.waive(c.Context(), &f, &q, args)
		},
	}
	f.decideFlags(c)
	c.Flags().StringVar(&q.reason, "reason", "", "`why` the risk is accepted (required)")
	c.Flags().StringVar(&q.expires, "expires", "", "the last `day`, 2026-12-31 or 30d from today (default: as long as the policy allows, at most 30d)")
	c.Flags().StringVar(&q.ticket, "ticket", "", "`where` it is discussed")
	c.Flags().StringVar(&q.requester, "requester", "", "e-mail `address` of who asks for it (default: user.email of git)")
	c.Flags().StringVar(&q.approver, "approver", "", "e-mail `address` of who is to approve it (default: any of the approvers)")
	c.Flags().StringVar(&q.asset, "asset", "", "only on this asset `id`")
	c.Flags().BoolVar(&q.write, "write", false, "append it to the waivers file instead of printing it")
	return c
}

// usualDays is for how long a waiver holds if nobody says, and the policy allows it.
const usualDays = 30

// waive drafts a waiver and prints or writes it.
func (a *app) waive(ctx context.Context, f *runFlags, q *waiveRequest, args []string) error {
	r, err := a.resultFor(ctx, f, args[1:])
	if err != nil {
		return err
	}
	result, policy := r.result, r.policy
	cases, err := casesOf(result, args[0], q.asset)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(cases, func(c engine.Case) bool { return c.Input.Finding.ID != cases[0].Input.Finding.ID }) {
		return setup(fmt.Errorf("several findings are called %s", args[0]), "name one by its id; headgate gate -o table lists all ids")
	}
	s, err := a.openSettings(workingTree, f.settings, args[1:])
	if err != nil {
		return err
	}
	today, _, err := f.clock(a)
	if err != nil {
		return err
	}
	w := waiver.Waiver{Reason: oneLine(q.reason), Ticket: oneLine(q.ticket), Approver: strings.TrimSpace(q.approver), Asset: q.asset,
		Requester: cmp.Or(strings.TrimSpace(q.requester), git.Email(ctx, ".")), Created: today.UTC().Truncate(24 * time.Hour)}
	if w.Expires, err = expiry(q.expires, w.Created, cases, longestWaivers(policy)); err != nil {
		return err
	}
	if err := mayApprove(w.Approver, w.Requester, s.Approvers); err != nil {
		return err
	}
	if err := a.writeDraft(&w, cases, cmp.Or(f.waivers, filepath.Join(cmp.Or(s.folder, settingsFolder), "waivers.yaml")), q.write); err != nil {
		return err
	}
	a.sayHowApproved(s.Approvers, &w)
	return nil
}

// sayHowApproved says what else it takes until a draft counts.
func (a *app) sayHowApproved(approvers []string, w *waiver.Waiver) {
	others := slices.DeleteFunc(slices.Clone(approvers), func(one string) bool { return waiver.SamePerson(one, w.Requester) })
	if len(others) == 0 {
		lacks := "nobody can approve it yet: name who may"
		if len(approvers) > 0 {
			lacks = "only who asks for it could approve it, which nobody may: name somebody else"
		}
		a.say("hint", lacks+" under approvers in headgate.yaml, as approvers: [\"@ana\", \"ben@example.com\"], and merge that first")
	}
	a.say("hint", "then commit it and open a pull request of its own: it counts once "+cmp.Or(w.Approver, "one of the approvers")+
		" approved or merged that, and it is on the base")
}

// writeDraft prints a draft, or appends it to the file.
func (a *app) writeDraft(w *waiver.Waiver, cases []engine.Case, file string, write bool) error {
	var text []byte
	var have *waiver.List
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		if have, _, err = readWaivers(workingTree, file); err != nil {
			return err
		}
		if text, err = os.ReadFile(file); err != nil {
			return setup(err, "")
		}
	}
	draft, err := waiver.NewDraft(*w, cases, have)
	if err != nil {
		return setup(err, "")
	}
	whole, appendErr := draft.Append(shown(file), text)
	if !write || appendErr != nil {
		entry, err := draft.Entry(2)
		if err != nil {
			return setup(err, "")
		}
		if _, err := a.stdout.Write(entry); err != nil {
			return err
		}
		if appendErr != nil {
			return setup(appendErr, "put the waiver into "+shown(file)+" by hand, below waivers:")
		}
		a.say("hint", "--write appends it to "+shown(file))
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return setup(err, "")
	}
	if err := writeTo(file, func(to *os.File) error {
		_, err := to.Write(whole)
		return err
	}); err != nil {
		return setup(fmt.Errorf("write %s: %w", shown(file), plain(err)), "")
	}
	if beside := filepath.Join(filepath.Dir(file), waiver.SchemaFile); len(text) == 0 { // a new file names it
		if _, err := os.Lstat(beside); errors.Is(err, fs.ErrNotExist) {
			if err := os.WriteFile(beside, waiver.Schema, 0o644); err != nil {
				return setup(fmt.Errorf("write %s: %w", shown(beside), plain(err)), "")
			}
		}
	}
	fmt.Fprintf(a.stdout, "written  %s in %s\n", draft.Waiver.ID, shown(file))
	return nil
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// mayApprove refuses an approver whose approval would prove nothing.
func mayApprove(approver, requester string, approvers []string) error {
	const hint = "headgate.yaml has the list approvers"
	switch {
	case approver == "":
		return nil
	case waiver.SamePerson(approver, requester):
		return setup(fmt.Errorf("%s cannot approve what %s asks for", approver, requester), "somebody else on the list approvers can")
	case !slices.ContainsFunc(approvers, func(a string) bool { return waiver.SamePerson(a, approver) }):
		return setup(fmt.Errorf("%s may not approve waivers", approver), hint)
	}
	return nil
}

// expiry is the last day of a waiver, which is no later than the policy lets it exempt for any of the cases.
func expiry(given string, created time.Time, cases []engine.Case, most waiver.Maximum) (time.Time, error) {
	const day = 24 * time.Hour
	longest, of := -1, engine.Priority("")
	for _, c := range cases {
		if n, bounded := most(c.Decision.Priority); bounded && (longest < 0 || n < longest) {
			longest, of = n, c.Decision.Priority
		}
	}
	if given == "" {
		n := usualDays
		if longest >= 0 {
			n = min(n, longest)
		}
		if n == 0 {
			return time.Time{}, setup(fmt.Errorf("the policy lets nobody waive %s", of), "the parameter waivers.max_days says so")
		}
		return created.Add(time.Duration(n) * day), nil
	}
	last, err := time.Parse(time.DateOnly, given)
	if m := days.FindStringSubmatch(given); m != nil {
		var n int
		if _, err = fmt.Sscan(m[1], &n); err == nil {
			last = created.Add(time.Duration(n) * day)
		}
	}
	switch {
	case err != nil:
		return last, setup(fmt.Errorf("--expires %q is no day", given), "write 2026-12-31 or 30d")
	case !last.After(created):
		return last, setup(fmt.Errorf("--expires %s is not after today", given), "")
	case longest >= 0 && last.After(created.Add(time.Duration(longest)*day)):
		return last, setup(fmt.Errorf("--expires %s is later than the policy allows for %s: %d days, until %s", given, of, longest,
			created.Add(time.Duration(longest)*day).Format(time.DateOnly)), "the parameter waivers.max_days says so")
	}
	return last, nil
}
