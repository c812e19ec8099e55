package feeds

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/headgate/headgate/engine/intel"
)

// commit puts files in place and pins them. The manifest goes first and names the file that each one replaces, so that the folder
// loads at every moment in between; once they are in place, that is taken out again. One update commits at a time, and what another
// one put there meanwhile counts as held. The error is that nothing was done.
func (d *folder) commit(ctx context.Context, staged []*stagedFile, outcomes []Outcome) error {
	unlock, err := d.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := d.readManifest(); err != nil {
		return err
	}
	before := map[intel.Feed]intel.Pin{}
	for i, s := range staged {
		out := &outcomes[i]
		pin, pinned := d.manifest.Feeds[out.Feed]
		switch {
		case out.Err != nil:
			d.refuse(out)
		case out.Same && pinned:
			pin.Fetched = d.now
			d.manifest.Feeds[out.Feed], out.Info = pin, pin.FeedInfo
			delete(d.manifest.Refused, out.Feed)
		case s != nil:
			if out.Err = d.check(s, table[indexOf(out.Feed)], out); out.Err != nil { // another update may have put something there
				d.refuse(out)
				continue
			}
			if pinned {
				before[out.Feed] = pin
			}
			out.Err = d.pin(s, out)
		}
	}
	if len(d.manifest.Feeds) == 0 {
		return nil // nothing is there, and nothing came
	}
	err = d.writeManifest()
	for i, s := range staged {
		out := &outcomes[i]
		if s == nil || out.Err != nil {
			continue
		}
		if out.Err = err; err == nil && out.Changed {
			out.Err = os.Rename(s.path, filepath.Join(d.dir, out.File))
		}
		if out.Err == nil {
			pin := d.manifest.Feeds[out.Feed]
			pin.Replaces = ""
			d.manifest.Feeds[out.Feed], out.Info = pin, s.FeedInfo
			continue
		}
		out.Changed = false
		if was, ok := before[out.Feed]; ok {
			d.manifest.Feeds[out.Feed] = was
		} else {
			delete(d.manifest.Feeds, out.Feed)
		}
	}
	if err == nil {
		err = d.writeManifest()
	}
	for i := range outcomes {
		if staged[i] != nil && outcomes[i].Err == nil {
			outcomes[i].Err = err
		}
	}
	if err == nil {
		d.forget()
	}
	return nil
}

func indexOf(kind intel.Feed) int {
	for i, f := range table {
		if f.kind == kind {
			return i
		}
	}
	panic("feeds: no such feed: " + string(kind))
}

// pin writes of a staged file into the manifest that it is to be in place, and keeps what it replaces.
func (d *folder) pin(s *stagedFile, out *Outcome) error {
	name := filepath.Join(d.dir, out.File)
	old, err := digest(name)
	if err != nil {
		return err
	}
	was, pinned := d.manifest.Feeds[out.Feed]
	pin := intel.Pin{
		File: out.File, Source: out.Source, Fetched: d.now, Edition: s.Edition, ETag: s.etag, LastModified: s.modified,
		Previous: was.Previous, Accepted: out.Odd,
	}
	if out.Changed = old != s.Digest; out.Changed {
		pin.Replaces = old
	} else if pinned && out.Odd == "" {
		pin.Accepted = was.Accepted
	}
	if out.Changed && old != intel.ReplacesNone {
		if pin.Previous = old; !pinned || was.Digest == old { // else the file is damaged, and nothing to keep
			fetched := d.now
			if pinned {
				fetched = was.Fetched
			}
			if err := d.keep(name, intel.KeptName(out.Feed, fetched, old)); err != nil {
				return err
			}
		} else {
			pin.Previous = was.Digest
		}
	}
	if err := d.keep(s.path, intel.KeptName(out.Feed, d.now, s.Digest)); err != nil {
		return err
	}
	d.manifest.Feeds[out.Feed] = pin
	delete(d.manifest.Refused, out.Feed)
	return nil
}

// refuse remembers why a feed was not updated, for whoever looks before the next update.
func (d *folder) refuse(out *Outcome) {
	if errors.Is(out.Err, context.Canceled) {
		return
	}
	d.manifest.Refused[out.Feed] = intel.Refusal{At: d.now, Source: out.Source, Why: out.Err.Error(), Anomaly: out.Anomaly}
}
