package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/engine/plan"
	"github.com/headgate/headgate/engine/report"
	"github.com/headgate/headgate/integrations/store"
)

// readyForResults refuses a folder with files in it before anything is decided: what an earlier sweep left would be published as of this one.
func (f *reassessFlags) readyForResults() error {
	switch {
	case f.results == "":
		return nil
	case f.dryRun:
		return setup(errors.New("--results writes what is recorded, and a dry run records nothing"), "leave one of them out")
	}
	held, err := os.ReadDir(f.results)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return setup(fmt.Errorf("--results: %w", plain(err)), "")
	case len(held) > 0:
		return setup(fmt.Errorf("--results %s has files in it", f.results), "name a new folder: what is in it would be taken for what came of this sweep")
	}
	return nil
}

// writeResults writes what is open now on each branch on which something came out otherwise, to FOLDER/REPOSITORY/BRANCH.json.
func (s *sweeper) writeResults(ctx context.Context, folder string) error {
	var branches []store.Place
	for _, t := range s.came.Changed {
		branches = append(branches, store.Place{Repository: t.Repository, Branch: t.Branch})
	}
	slices.SortFunc(branches, store.Place.Compare)
	branches = slices.Compact(branches)
	latest, err := s.ledger.LatestRuns(ctx, time.Time{})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	for _, of := range branches {
		var scan evidence.Run
		for _, e := range latest {
			if e.Repository == of.Repository && e.Branch == of.Branch {
				scan = e.Run
			}
		}
		r, err := s.standing(ctx, of, scan)
		if err != nil {
			return err
		}
		at := filepath.Join(folder, fileNameOf(of.Repository))
		if err := os.MkdirAll(at, 0o777); err != nil {
			return err
		}
		err = writeTo(filepath.Join(at, fileNameOf(of.Branch)+".json"), func(to *os.File) error { return report.Write(to, "json", r, report.Options{}) })
		if err != nil {
			return err
		}
	}
	return nil
}

// standing is all that is open on a branch as it was decided last, as a result that no scan was made for. The words of the rules come back as
// each run is decided again. Scan is the latest run that read reports, nil if there is none.
func (s *sweeper) standing(ctx context.Context, of store.Place, scan evidence.Run) (*engine.Result, error) {
	page := &ledgerPage{Ledger: s.ledger, app: s.app, now: s.now}
	r := &engine.Result{Now: s.now, Change: engine.RunChange{Event: engine.EventSchedule, Repository: of.Repository, Branch: of.Branch},
		Engine: engine.Versions{Headgate: buildVersion()}, Policy: s.came.Policy, Intel: s.came.Intel, Reports: []engine.Report{}, Weakened: slices.Clone(s.run.result.Weakened)}
	found := func(terms *evidence.Terms) {
		for _, rep := range terms.Reports {
			if !slices.ContainsFunc(r.Scanned, func(have engine.Report) bool { return have.Digest == rep.Digest }) {
				r.Scanned = append(r.Scanned, rep)
			}
		}
	}
	if scan != nil {
		terms, err := termsOf(ctx, scan)
		if err != nil {
			return nil, err
		}
		found(terms)
	}
	var all []*store.Standing
	runs := map[string]map[int64]bool{}
	for c, err := range s.ledger.Open(ctx, store.Selection{Repository: of.Repository, Branch: of.Branch}) {
		if err != nil {
			return nil, err
		}
		if c.Repository != of.Repository || c.Branch != of.Branch { // an empty name selects all
			continue
		}
		if runs[c.Run] == nil {
			runs[c.Run] = map[int64]bool{}
			found(c.Terms)
		}
		runs[c.Run][c.State.Index] = true
		all = append(all, c)
	}
	if err := page.decideAgain(ctx, runs); err != nil {
		return nil, err
	}
	findings := map[string]bool{}
	for _, c := range all {
		r.Cases = append(r.Cases, *page.caseOf(c))
		findings[c.State.Finding] = true
	}
	slices.SortFunc(r.Scanned, func(a, b engine.Report) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Digest, b.Digest))
	})
	if err := s.run.policy.Conclude(ctx, r, len(findings), false); err != nil {
		return nil, err
	}
	r.Plan, r.NoFix = plan.New(r.Cases, plan.Options{Repository: of.Repository})
	return r, nil
}

// longestFileName leaves room for an ending below the 255 bytes that file systems take.
const longestFileName = 200

// fileNameOf is a name as that of one file or folder, another for each: %2F for a slash, and the digest of what is too long.
func fileNameOf(name string) string {
	escaped := url.PathEscape(name)
	switch {
	case escaped == "":
		return "%" // which no other name comes to
	case len(escaped) > longestFileName:
		sum := sha256.Sum256([]byte(name))
		return "%" + hex.EncodeToString(sum[:])
	case escaped[0] == '.':
		return "%2E" + escaped[1:]
	}
	return strings.ReplaceAll(escaped, ":", "%3A")
}
