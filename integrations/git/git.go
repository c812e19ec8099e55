// Package git reads what the local repository knows. It runs the git program and changes nothing, but that a commit that is needed and
// not here is fetched (see Fetch).
package git

import (
	"context"
	"errors"
	"net/url"
	"os/exec"
	"strings"
	"time"
)

// Repository is the "owner/name" of the first of the folders that is in a repository, from the address of its remote "origin". It is
// empty if none is in a repository, if that repository has no such remote, or if there is no git.
func Repository(folders ...string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for _, dir := range folders {
		out, err := git(ctx, dir, "config", "--local", "--get", "remote.origin.url").Output()
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() != noSuchKey {
			continue // in no repository
		}
		return nameOf(strings.TrimSpace(string(out)))
	}
	return ""
}

// noSuchKey is the status of git config when the repository is there and the key is not.
const noSuchKey = 1

// nameOf takes "owner/name" from the forms in which git writes addresses. Addresses of files name no repository.
func nameOf(address string) string {
	p := ""
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		p = u.Path
	} else if host, rest, ok := strings.Cut(address, ":"); ok && !strings.ContainsAny(host, `/\`) && len(host) > 1 && !strings.HasPrefix(rest, "//") {
		p = rest // git@host:owner/name.git
	}
	p = strings.TrimSuffix(strings.Trim(p, "/"), ".git")
	if !strings.Contains(p, "/") {
		return ""
	}
	return p
}
