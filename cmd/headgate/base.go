package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/integrations/git"
)

// A named commit is one end of the change, and who names it.
type namedCommit struct{ name, by string }

// baseName is the commit that the change under review is to be merged into: --base, else --diff, else the event of the code host. The
// base branch's own commit is meant, not where the change began: a change is judged by what is accepted now. GitHub's event names the
// commit of the base at some time before; the merge of the change that it tries, where that is checked out, is made on the newest.
func (r *run) baseName(ctx context.Context) namedCommit {
	if r.flags.base != "" {
		return namedCommit{r.flags.base, "--base"}
	}
	if spans(r.flags.diff) {
		base, _, _ := strings.Cut(r.flags.diff, "..")
		return namedCommit{cmp.Or(base, "HEAD"), "--diff"}
	}
	// Only the merge that the event itself names: by now its author may have pushed one whose other side is of their own making too.
	if here, err := git.Commit(ctx, ".", "HEAD"); err == nil && r.event.Pull != nil && here == r.event.SHA {
		if base := triedOn(ctx, here, r.event.head()); base != "" {
			return namedCommit{base, "the merge that is checked out"}
		}
	}
	return namedCommit{r.event.base(), "the event " + r.event.Name}
}

// triedOn is what the head of a change is merged into by a commit; empty if the commit is no such merge.
func triedOn(ctx context.Context, commit, head string) string {
	if parents, err := git.Parents(ctx, ".", commit); err == nil && len(parents) == 2 && parents[1] == head && parents[0] != head {
		return parents[0]
	}
	return ""
}

// headName is the last commit of the change: --head, else --diff, else the event of the code host, else the one that is checked out.
func (r *run) headName() namedCommit {
	if r.flags.head != "" {
		return namedCommit{r.flags.head, "--head"}
	}
	if spans(r.flags.diff) {
		_, head, _ := strings.Cut(r.flags.diff, "..")
		return namedCommit{cmp.Or(strings.TrimPrefix(head, "."), "HEAD"), "--diff"}
	}
	if sha := r.event.head(); sha != "" {
		return namedCommit{sha, "the event " + r.event.Name}
	}
	return namedCommit{"HEAD", "the checkout"}
}

const hintOnNoBase = "what judges a change is read from the commit that it is to be merged into: name it with --base (HEADGATE_BASE), as --base origin/main"

// openBase opens the commit that judges a change under review. Without one nothing is decided: a change cannot judge itself.
func (r *run) openBase(ctx context.Context) error {
	base := r.baseName(ctx)
	if base.name == "" {
		return undecided(errors.New("the base of the change under review is not known"), hintOnNoBase)
	}
	from, err := r.openCommit(ctx, base.name)
	if err != nil {
		return undecided(fmt.Errorf("the base of the change under review (%s, by %s): %w", base.name, base.by, err), hintOnBaseCommit(err, base.name))
	}
	r.origin = from
	r.result.Change.Base = from.commit
	if sha := r.event.base(); sha != "" && sha != from.commit && strings.HasPrefix(base.by, "--") {
		r.weaken(fmt.Sprintf("the base is %s by %s, and %s by the event %s", brief(from.commit), base.by, brief(sha), r.event.Name))
	}
	return r.findHead(ctx)
}

// findHead notes the last commit of the change. It need not be here: on GitHub a merge of it is checked out.
func (r *run) findHead(ctx context.Context) error {
	head := r.headName()
	id, err := git.Commit(ctx, ".", head.name)
	switch {
	case err == nil:
	case r.event.head() == head.name || !r.origin.git:
		id = r.event.head()
	default:
		return undecided(fmt.Errorf("the head of the change under review (%s, by %s): %w", head.name, head.by, err), hintOnCommits(err))
	}
	r.result.Change.Head = id
	r.weakenByCheckout(ctx)
	switch base := r.origin.commit; {
	case id == base:
		r.weaken("the base and the head of the change are one commit, " + brief(id))
	case r.origin.git && git.Contains(ctx, ".", base, id):
		return undecided(fmt.Errorf("the base %s contains the head %s: the change would judge itself", brief(base), brief(id)), hintOnNoBase)
	}
	return nil
}

// weakenByCheckout records that the change is checked out where its author must not have a say: with the repository's secrets at hand.
func (r *run) weakenByCheckout(ctx context.Context) {
	head := r.event.head()
	if w := r.event.WorkflowRun; w != nil && events[w.Event] == engine.EventPullRequest {
		head = w.Head.SHA
	}
	if !r.event.privileged() || head == "" {
		return
	}
	here, err := git.Commit(ctx, ".", "HEAD")
	if err != nil || r.origin != nil && (!r.origin.git || here == r.origin.commit) {
		return
	}
	if parents, err := git.Parents(ctx, ".", here); err != nil || here == head || slices.Contains(parents, head) {
		r.weaken("the change under review is checked out in " + r.event.Name + ", where what it runs has the repository's secrets")
	}
}

// openCommit opens a commit: of the checkout that the program runs in, where one that is not here is fetched if it is named by its id;
// else over the API of GitHub.
func (r *run) openCommit(ctx context.Context, name string) (*origin, error) {
	from, err := openLocal(ctx, name)
	if err == nil || !git.IsID(name) || r.event.Repository == "" {
		return from, err
	}
	from, refused := r.openOverAPI(ctx, name)
	if refused != nil {
		return nil, fmt.Errorf("%w; GitHub: %w", err, refused)
	}
	return from, nil
}

// openOverAPI opens a commit over the API of GitHub. What lies in the folder of the workflow is told from what the change brings by git, and
// without a repository there, by nobody.
func (r *run) openOverAPI(ctx context.Context, commit string) (*origin, error) {
	client, err := r.app.connectGitHub(&r.event.Event, "")
	if err != nil {
		return nil, err
	}
	files, err := client.Tree(ctx, commit)
	if err != nil {
		return nil, err
	}
	from := &origin{commit: commit, files: files}
	if checkout, err := git.FindCheckout(ctx, "."); err == nil {
		from.root, from.at, from.git = checkout.Root, checkout.At, true
		from.of = func(rel string) bool { return git.Untracked(ctx, checkout.Root, rel) }
		return from, nil
	}
	here, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	if here, err = filepath.EvalSymlinks(here); err != nil {
		return nil, err
	}
	from.root, from.at = here, "."
	if workspace, err := filepath.EvalSymlinks(r.app.getenv("GITHUB_WORKSPACE")); err == nil {
		if at, inside := below(workspace, here); inside && filepath.IsAbs(workspace) {
			from.root, from.at = workspace, at
		}
	}
	return from, nil
}

// openLocal opens a commit of the checkout that the program runs in.
func openLocal(ctx context.Context, name string) (*origin, error) {
	checkout, err := git.FindCheckout(ctx, ".")
	if err != nil {
		return nil, err
	}
	if _, missing := git.Commit(ctx, ".", name); errors.Is(missing, git.ErrNoCommit) && git.IsID(name) {
		if err := git.Fetch(ctx, ".", name); err != nil {
			return nil, fmt.Errorf("%w; %w", missing, err)
		}
	}
	opened, err := git.OpenTree(ctx, ".", name)
	if err != nil {
		return nil, err
	}
	return &origin{commit: opened.Commit, files: opened, root: checkout.Root, at: checkout.At, git: true, close: opened.Close,
		of: func(rel string) bool { return git.Untracked(ctx, checkout.Root, rel) }}, nil
}

// hintOnBaseCommit is what to do about a base that cannot be had.
func hintOnBaseCommit(err error, name string) string {
	switch {
	case errors.Is(err, git.ErrNoRepository):
		return "run in the checkout of the repository, where git is there and trusts the folder (safe.directory); or on GitHub with GITHUB_TOKEN and contents: read"
	case errors.Is(err, git.ErrNoCommit) && git.IsID(name):
		return "check out with fetch-depth: 0 and the credentials kept (actions/checkout does), or run git fetch --depth=1 origin " + name
	case errors.Is(err, git.ErrAmbiguous):
		return "name the one that is meant in full, as refs/remotes/origin/main"
	case errors.Is(err, git.ErrNoCommit):
		return "git fetch origin brings the commits of other branches; name them as origin/main"
	}
	return ""
}
