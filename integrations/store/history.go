package store

import (
	"context"

	"github.com/headgate/headgate/engine/history"
)

// History is what the ledger knows of a branch.
func (l *Ledger) History(ctx context.Context, repository, branch string) (*history.Branch, error) {
	var known []*history.State
	err := l.db.view(ctx, func(t transaction) (err error) {
		known, err = statesOf(ctx, t, repository, branch)
		return err
	})
	if err != nil {
		return nil, err
	}
	return history.NewBranch(known...), nil
}
