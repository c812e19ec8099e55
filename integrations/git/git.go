// Package git reads what the local repository knows. It runs the git program and changes nothing.
package git

import (
	"context"
	"net/url"
	"os/exec"
	"strings"
	"time"
)

// Repository is the "owner/name" of the repository that a folder is in, from the address of its remote "origin". It is empty if
// there is no repository, no such remote, or no git.
func Repository(dir string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "git", "-C", dir, "config", "--get", "remote.origin.url").Output()
	if err != nil {
		return ""
	}
	return nameOf(strings.TrimSpace(string(out)))
}

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
