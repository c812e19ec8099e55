package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/integrations/store"
)

func newDBViewsCommand(a *app) *cobra.Command {
	var drop, show bool
	c := dbCommand("views --ledger LEDGER", "Make the views that dashboards read: kpi_case, kpi_open, kpi_survival and others", `Makes the views kpi_… in a ledger, in place of those that are there: what Grafana and other tools read with plain SQL. docs/kpis.md says what the
figures mean; examples/grafana has a dashboard that uses them. The views change nothing of what is recorded, and no command reads them.

With --show the SQL is printed instead, for whoever may make views in a database that headgate itself may only read and append to.`,
		func(ctx context.Context, l *store.Ledger, where string) error {
			switch {
			case show:
				_, err := fmt.Fprint(a.stdout, l.ViewsSQL())
				return err
			case drop:
				if err := l.DropViews(ctx); err != nil {
					return undecided(fmt.Errorf("the ledger %s: %w", store.Shown(where), plain(err)), "")
				}
				fmt.Fprintf(a.stdout, "the ledger %s has no views\n", printable(store.Shown(where)))
				return nil
			}
			if err := l.MakeViews(ctx); err != nil {
				return undecided(fmt.Errorf("the ledger %s: %w", store.Shown(where), plain(err)), "--show prints what makes them")
			}
			fmt.Fprintf(a.stdout, "the ledger %s has the views %s\n", printable(store.Shown(where)), strings.Join(store.Views(), ", "))
			return nil
		})
	c.Flags().BoolVar(&show, "show", false, "print the SQL that makes them")
	c.Flags().BoolVar(&drop, "drop", false, "remove them")
	c.MarkFlagsMutuallyExclusive("show", "drop")
	return c
}
