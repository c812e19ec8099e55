package git

import (
	"bytes"
	"context"
	"net/url"
	"strings"
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

// DefaultBranch is the branch that the remote "origin" of the repository of a folder checks out, as far as the last fetch knows; else the
// only one of main and master that is here, else the one that the folder is on. It is empty if the folder is in no repository.
func DefaultBranch(ctx context.Context, dir string) string {
	const remote = "refs/remotes/origin/"
	if out, err := run(ctx, dir, "symbolic-ref", "--quiet", remote+"HEAD"); err == nil {
		return strings.TrimPrefix(string(bytes.TrimSpace(out)), remote)
	}
	var here []string
	for _, name := range []string{"main", "master"} {
		if _, err := run(ctx, dir, "rev-parse", "--quiet", "--verify", "refs/heads/"+name); err == nil {
			here = append(here, name)
		}
	}
	if len(here) == 1 {
		return here[0]
	}
	return Branch(ctx, dir)
}

// HasOrigin says whether the repository of a folder has the remote "origin".
func HasOrigin(ctx context.Context, dir string) bool {
	_, err := run(ctx, dir, "config", "--local", "--get", "remote.origin.url")
	return err == nil
}

// OriginHost is the host of the remote "origin" of the repository of a folder; empty if there is none.
func OriginHost(ctx context.Context, dir string) string {
	out, err := run(ctx, dir, "config", "--local", "--get", "remote.origin.url")
	if err != nil {
		return ""
	}
	address := string(bytes.TrimSpace(out))
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return u.Hostname()
	}
	if host, _, ok := strings.Cut(address, ":"); ok && nameOf(address) != "" {
		return host[strings.LastIndex(host, "@")+1:]
	}
	return ""
}
