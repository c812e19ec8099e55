package main

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/headgate/headgate/integrations/git"
)

// plantedLink is the link on the way to a file that is to be written, or the file itself, that a repository has and that leads out of it;
// empty if there is none. Whoever sends a change can plant one, and what the gate writes would replace a file of the machine. A link that is
// not in the repository is of whoever runs the gate.
func plantedLink(name string) string {
	at, err := filepath.Abs(name)
	if err != nil {
		return ""
	}
	for ; at != filepath.Dir(at); at = filepath.Dir(at) {
		s, err := os.Lstat(at)
		if err != nil || s.Mode()&fs.ModeSymlink == 0 {
			continue
		}
		ctx := context.Background()
		checkout, err := git.FindCheckout(ctx, filepath.Dir(at))
		if err != nil || !git.Tracked(ctx, at) {
			continue
		}
		to, err := behindLinks(at)
		if err != nil {
			return at
		}
		if dir, err := filepath.EvalSymlinks(filepath.Dir(to)); err == nil {
			to = filepath.Join(dir, filepath.Base(to))
		}
		if whole, err := filepath.EvalSymlinks(to); err == nil {
			to = whole
		}
		if _, inside := below(checkout.Root, to); !inside {
			return at
		}
	}
	return ""
}
