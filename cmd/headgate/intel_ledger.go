package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/intel"
	"github.com/headgate/headgate/engine/tree"
	"github.com/headgate/headgate/integrations/store"
)

// keepIntel keeps the threat data that a run decided on in its ledger: the exact files, once for each digest, so that what was known then
// can be looked at as long as the decision can. It is kept before the run is, as a base commit is read for no longer than it takes to decide.
func (r *run) keepIntel(ctx context.Context) error {
	if r.ledger == nil {
		return nil
	}
	l, ok := r.ledger.ledgerKeeper.(*store.Ledger)
	if !ok {
		return nil // a log on a git ref has no content
	}
	if err := r.keepIntelIn(ctx, l); err != nil {
		return undecided(fmt.Errorf("the threat data is not in the ledger %s: %w", store.Shown(r.ledger.where), plain(err)), "")
	}
	return nil
}

// weakenByLaterIntel records threat data of a day that has not come by the clock: what it says was not known then, so that the run is not what
// would have been decided on that day.
func (r *run) weakenByLaterIntel() {
	for _, feed := range intel.Feeds {
		if info := r.intel.Feed(feed); info != nil && info.Date.UTC().Format(time.DateOnly) > r.result.Now.UTC().Format(time.DateOnly) {
			r.weaken(feed.Title() + " of " + info.Date.UTC().Format(time.DateOnly) + ", later than the clock")
		}
	}
}

// keepIntelIn puts the files of the threat data that is loaded into a ledger, but for those that it has.
func (r *run) keepIntelIn(ctx context.Context, l *store.Ledger) error {
	if r.intel == nil {
		return nil
	}
	folder, _ := r.settings.intelFolder(r.flags.intel)
	files, err := r.origin.withMade(folder)
	if err != nil {
		return err
	}
	for _, feed := range intel.Feeds {
		info := r.intel.Feed(feed)
		if info == nil {
			continue
		}
		kept, err := l.Keeps(ctx, info.Digest)
		if err != nil {
			return err
		}
		if kept {
			continue
		}
		content, err := intelFile(files, feed, info.Digest)
		if err != nil {
			return err
		}
		if err := l.Keep(ctx, content); err != nil {
			return fmt.Errorf("%s: %w", feed.Title(), err)
		}
	}
	return nil
}

// keptIntel is an earlier edition of the threat data as the ledger keeps it. Where that lacks a feed the error wraps fs.ErrNotExist.
func (p *planner) keptIntel(info engine.IntelInfo) (*intel.Snapshot, error) {
	files := givenFiles{}
	for _, feed := range intel.Feeds {
		of, loaded := info.Feed(string(feed)), p.run.intel.Feed(feed)
		if of == nil || loaded != nil && loaded.Digest == of.Digest {
			continue
		}
		content, err := p.ledger.Content(p.ctx, of.Digest)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", feed.Title(), err)
		}
		files[string(feed)] = content
	}
	return p.run.intel.Earlier(tree.New(files, ""), info)
}

// intelFile is the file of a feed with a digest: the one that is held, or, if an update replaced that meanwhile, the one of before.
func intelFile(files fs.FS, feed intel.Feed, digest string) ([]byte, error) {
	var names []string
	if held, err := intel.Find(files); err == nil && held[feed] != "" {
		names = append(names, held[feed])
	}
	kept, err := intel.ListKept(files)
	if err != nil {
		return nil, err
	}
	for _, k := range kept {
		if k.Digest == digest {
			names = append(names, path.Join(intel.KeptFolder, k.File))
		}
	}
	for _, name := range names {
		content, err := readFrom(files, name, store.MostContent)
		if err != nil {
			return nil, err
		}
		if fmt.Sprintf("sha256:%x", sha256.Sum256(content)) == digest {
			return content, nil
		}
	}
	return nil, fmt.Errorf("%s: the file that was decided on is no longer there", feed.Title())
}

func readFrom(files fs.FS, name string, most int64) ([]byte, error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(content)) > most {
		err = fmt.Errorf("%s: larger than a ledger takes", name)
	}
	return content, err
}

func newIntelRestoreCommand(a *app) *cobra.Command {
	var to string
	c := &cobra.Command{
		Use:   "restore LEDGER [RUN] --to DIR",
		Short: "Put the threat data that a run decided on into a folder",
		Long: `Puts the exact files of threat data that a run of a ledger decided on into a new folder, which --intel and policy simulate --intel-to take.
RUN is the digest of a run, or the start of it; without it, the latest run is meant.`,
		Example: `  headgate intel restore ledger.db sha256:19857a20f22c --to then
  headgate policy simulate ledger.db --intel-from then --intel-to .headgate/intel`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			if entries, err := os.ReadDir(to); err == nil && len(entries) > 0 {
				return setup(fmt.Errorf("--to %s: something is there already", printable(to)), "name a new folder")
			}
			return a.restoreIntel(c.Context(), args, to)
		},
	}
	c.Flags().StringVar(&to, "to", "", "the new `folder`")
	_ = c.MarkFlagRequired("to") // it is a flag of this command
	return c
}

func (a *app) restoreIntel(ctx context.Context, args []string, to string) error {
	from, done, err := a.openEvidence(ctx, args[0])
	if err != nil {
		return err
	}
	defer done()
	l, ok := from.log.(*store.Ledger)
	if !ok {
		return setup(fmt.Errorf("%s keeps no threat data", printable(args[0])), "a ledger that is a database does, of each run that gate appends to it")
	}
	run, err := from.chosen(ctx, args[1:])
	if err != nil {
		return unread(args[0], err)
	}
	terms, err := termsOf(ctx, run)
	if err != nil {
		return unread(args[0], err)
	}
	manifest := intel.Manifest{Schema: intel.ManifestSchema, Feeds: map[intel.Feed]intel.Pin{}}
	contents := map[string][]byte{}
	for _, feed := range intel.Feeds {
		info := terms.Intel.Feed(string(feed))
		if info == nil {
			continue
		}
		content, err := l.Content(ctx, info.Digest)
		if errors.Is(err, fs.ErrNotExist) {
			return undecided(fmt.Errorf("%s of %s: the ledger does not keep it", feed.Title(), day(info.Date)), "gate --ledger keeps it; a run that was appended as a bundle brings none")
		}
		if err != nil {
			return unread(args[0], err)
		}
		name := string(feed)
		manifest.Feeds[feed] = intel.Pin{File: name, Source: store.Shown(args[0]), Fetched: a.now().UTC().Truncate(time.Second), Edition: intel.Edition{FeedInfo: *info}}
		contents[name] = content
	}
	if len(contents) == 0 {
		return undecided(errors.New("the run decided on no threat data"), "")
	}
	if contents[intel.ManifestName], err = manifest.Marshal(); err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o777); err != nil {
		return undecided(plain(err), "")
	}
	for name, content := range contents {
		if err := os.WriteFile(filepath.Join(to, name), content, 0o666); err != nil {
			return undecided(plain(err), "")
		}
	}
	report, err := readIntelReport(to, true)
	if err != nil {
		return err
	}
	return a.showIntel(report)
}
