package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/integrations/store"
)

// recordEffects puts what was done outside into the log of the ledger, as a run that decided nothing: so that it is proven which decision was
// told to whom, and when. It changes nothing about how the program ends, but is said where it goes wrong.
func (a *app) recordEffects(ctx context.Context, l *ledger, change engine.RunChange, signer *evidence.Signer, effects []engine.Effect) {
	if l == nil || len(effects) == 0 {
		return
	}
	if err := a.appendEffects(ctx, l, change, signer, effects); err != nil {
		a.say("feedback", fmt.Sprintf("what was done is not in the log of the ledger %s: %v", store.Shown(l.where), plain(err)))
	}
}

func (a *app) appendEffects(ctx context.Context, l *ledger, change engine.RunChange, signer *evidence.Signer, effects []engine.Effect) error {
	folder, err := os.MkdirTemp("", "headgate-evidence-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	// Without event and branch, it says nothing of what is open on one.
	terms := evidence.Terms{At: a.now().UTC(), Engine: engine.Versions{Headgate: buildVersion(), OPA: engine.OPAVersion()}, Builtins: evidence.BuiltinsDigest(),
		Change: engine.RunChange{Repository: change.Repository, Base: change.Base, Head: change.Head}, Policy: evidence.PolicyTerms{PolicyInfo: engine.PolicyInfo{Packs: []string{}}},
		Reports: []engine.Report{}, CI: ciRun(a.getenv)}
	w, err := evidence.NewWriter(func(name string) (io.WriteCloser, error) { return os.Create(filepath.Join(folder, name)) }, terms, nil)
	if err != nil {
		return err
	}
	for i := range effects {
		if err := w.Add(evidence.Record{Kind: evidence.KindEffect, Effect: &effects[i]}); err != nil {
			return err
		}
	}
	if _, err := w.Close(evidence.Outcome{Signer: signer}); err != nil {
		return err
	}
	b, done, err := openBundle(folder)
	if err != nil {
		return err
	}
	defer done()
	_, _, err = l.append(ctx, b, evidence.Seal{Origin: cmp.Or(change.Repository, "headgate"), Signer: signer})
	return err
}

// untouched says whether nothing was done about an effect.
func untouched(e engine.Effect) bool { return e.Did == "" || e.Did == engine.DidNothing }

// mostLookedAt bounds how many runs are looked at for the one before.
const mostLookedAt = 200

// policyBefore is the digest of the policy that the latest run on the same repository and branch had; empty if there is none.
func (l *ledger) policyBefore(ctx context.Context, change *engine.RunChange) (string, error) {
	runs, ok := l.ledgerKeeper.(ledgerReader)
	if !ok {
		return "", nil
	}
	head, err := runs.Head(ctx)
	if err != nil || head == nil {
		return "", err
	}
	c, err := evidence.ParseCheckpoint(head, nil)
	if err != nil {
		return "", err
	}
	for at := c.Size - 1; at >= max(0, c.Size-mostLookedAt); at-- {
		leaf, err := runs.Leaf(ctx, at)
		if err != nil {
			return "", err
		}
		digest, err := evidence.ParseLeaf(leaf)
		if err != nil {
			return "", err
		}
		run, err := runs.Run(ctx, digest)
		if err != nil {
			return "", err
		}
		text, err := evidence.Document(ctx, run, evidence.PartTerms)
		if err != nil {
			return "", err
		}
		terms, err := evidence.ReadTerms(text)
		if err != nil {
			return "", err
		}
		if terms.Policy.Digest != "" && terms.Change.Repository == change.Repository && terms.Change.Branch == change.Branch {
			return terms.Policy.Digest, nil
		}
	}
	return "", nil
}
