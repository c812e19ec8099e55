package githubtest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// A Token is who makes a request, and what it may.
type Token struct {
	// Login is who it speaks for. One that ends in [bot] is the token of an app, such as the GITHUB_TOKEN of a workflow, which speaks
	// for "github-actions[bot]"; any other is the personal token of a user.
	Login string
	// Repositories are the full names of those that it is for, "owner/name"; empty: all.
	Repositories []string
	// Permissions are "read" or "write" by the name that workflows use, with underscores: "contents", "issues", "pull_requests",
	// "checks", "security_events", "actions", "statuses". An app may do only this. For a user, nil is whatever the user may.
	Permissions map[string]string
}

func (t *Token) isApp() bool { return strings.HasSuffix(t.Login, "[bot]") }

// Token gives out a token.
func (g *GitHub) Token(t Token) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	kind := "ghp"
	if t.isApp() {
		kind = "ghs"
	}
	secret := fmt.Sprintf("%s_%036d", kind, g.id())
	g.account(t.Login)
	g.tokens[secret] = &t
	return secret
}

// Actions gives out the GITHUB_TOKEN of a workflow in a repository, with the given permissions: "pull-requests: write" and so on.
func (r *Repository) Actions(permissions ...string) string {
	t := Token{Login: "github-actions[bot]", Repositories: []string{r.FullName()}, Permissions: map[string]string{"metadata": "read"}} // which every token of a workflow has
	for _, p := range permissions {
		name, level, ok := strings.Cut(p, ": ")
		if !ok || !slices.Contains([]string{"read", "write"}, level) {
			panic("githubtest: no permission: " + p)
		}
		t.Permissions[strings.ReplaceAll(name, "-", "_")] = level
	}
	return r.g.Token(t)
}

// Actions gives out the GITHUB_TOKEN of a workflow that runs for the pull request. From a fork, or by Dependabot, it can only read,
// whatever the workflow asks for.
func (p *PullRequest) Actions(permissions ...string) string {
	if p.from != p.repo || p.author == "dependabot[bot]" {
		permissions = slices.Clone(permissions)
		for i := range permissions {
			permissions[i] = strings.Replace(permissions[i], ": write", ": read", 1)
		}
	}
	return p.repo.Actions(permissions...)
}

// tokenOf is the token of a request; nil if there is none that was given out.
func (g *GitHub) tokenOf(r *http.Request) *Token {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") && !strings.EqualFold(scheme, "token") {
		return nil
	}
	return g.tokens[secret]
}

var levels = []string{"", "read", "write"}

// may says whether a token has a permission on a repository at least at a level.
func (t *Token) may(r *Repository, permission, level string) bool {
	if t == nil {
		return level == "read" && !r.private
	}
	inScope := len(t.Repositories) == 0 || slices.ContainsFunc(t.Repositories, func(n string) bool { return strings.EqualFold(n, r.FullName()) })
	has := ""
	switch {
	case !inScope:
	case t.isApp():
		has = t.Permissions[permission]
	default:
		has = r.role(t.Login)
		if t.Permissions != nil && slices.Index(levels, t.Permissions[permission]) < slices.Index(levels, has) {
			has = t.Permissions[permission]
		}
	}
	if has == "" && !r.private && permission != "security_events" {
		has = "read"
	}
	return slices.Index(levels, has) >= slices.Index(levels, level)
}

// sees says whether a token may know that a repository is there.
func (t *Token) sees(r *Repository) bool {
	if !r.private {
		return true
	}
	if t == nil {
		return false
	}
	inScope := len(t.Repositories) == 0 || slices.ContainsFunc(t.Repositories, func(n string) bool { return strings.EqualFold(n, r.FullName()) })
	return inScope && (t.isApp() || r.role(t.Login) != "")
}

// mayAny reads needs in the form of the header X-Accepted-Github-Permissions: "issues=write; pull_requests=write" is either.
func (t *Token) mayAny(r *Repository, needs string) bool {
	if needs == "" {
		return true
	}
	for either := range strings.SplitSeq(needs, "; ") {
		permission, level, _ := strings.Cut(either, "=")
		if t.may(r, permission, level) {
			return true
		}
	}
	return false
}

// admit lets a call in, or says why not, as GitHub does.
func (c *call) admit() (answer, bool) {
	write := c.r.Method != http.MethodGet && c.r.Method != http.MethodHead
	if c.token == nil && (write || c.path == "/user") {
		return c.problem(http.StatusUnauthorized, "Requires authentication"), false
	}
	if c.vars["owner"] == "" {
		return answer{}, true
	}
	c.repo = c.g.repositories[strings.ToLower(c.vars["owner"]+"/"+c.vars["repo"])]
	if c.repo == nil || !c.token.sees(c.repo) {
		return c.problem(http.StatusNotFound, "Not Found"), false
	}
	if !strings.EqualFold(c.repo.FullName(), c.vars["owner"]+"/"+c.vars["repo"]) {
		return c.moved(), false
	}
	if c.route.anyone && !c.token.isApp() && !c.repo.private {
		return answer{}, true // whoever has an account may comment on what is public
	}
	if c.route.apps && !c.token.isApp() {
		return c.problem(http.StatusForbidden, "You must authenticate via a GitHub App."), false
	}
	if !c.token.mayAny(c.repo, c.route.needs) {
		return c.forbidden(c.route.needs), false
	}
	return answer{}, true
}

func (c *call) forbidden(needs string) answer {
	message := "Resource not accessible by integration"
	if c.token == nil || !c.token.isApp() {
		message = "Resource not accessible by personal access token"
	}
	a := c.problem(http.StatusForbidden, message)
	a.header = http.Header{"X-Accepted-Github-Permissions": {needs}}
	return a
}

// An account is a user, a bot or an organisation.
type account struct {
	id    int64
	login string
	kind  string // "User", "Bot" or "Organization"
}

// account is the one of a login, which is made when it is first named.
func (g *GitHub) account(login string) *account {
	a, ok := g.accounts[strings.ToLower(login)]
	if !ok {
		a = &account{id: g.id(), login: login, kind: "User"}
		if strings.HasSuffix(login, "[bot]") {
			a.kind = "Bot"
		}
		g.accounts[strings.ToLower(login)] = a
	}
	return a
}
