package git

import (
	"bytes"
	"context"
)

// Branch is the branch that the first of the folders that is in a repository is on; empty if it is on none, or if none of them is in one.
func Branch(ctx context.Context, folders ...string) string {
	for _, dir := range folders {
		if _, err := run(ctx, dir, "rev-parse", "--git-dir"); err != nil {
			continue // in no repository
		}
		out, err := run(ctx, dir, "symbolic-ref", "--quiet", "--short", "HEAD")
		if err != nil {
			return ""
		}
		return string(bytes.TrimSpace(out))
	}
	return ""
}
