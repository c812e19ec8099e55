package git

import (
	"testing"
)

func TestTheDefaultBranchIsWhatOriginChecksOutElseWhatIsHere(t *testing.T) {
	dir := t.TempDir()
	if have := DefaultBranch(t.Context(), dir); have != "" {
		t.Errorf("in no repository: %q", have)
	}
	git := func(args ...string) {
		t.Helper()
		if _, err := run(t.Context(), dir, append([]string{"-c", "user.name=ana", "-c", "user.email=ana@example.com"}, args...)...); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(want string) {
		t.Helper()
		if have := DefaultBranch(t.Context(), dir); have != want {
			t.Errorf("%q, not %q", have, want)
		}
	}
	git("init", "-q", "-b", "trunk")
	expect("trunk")
	git("commit", "-q", "--allow-empty", "-m", "begin")
	git("branch", "main")
	expect("main")
	git("branch", "master") // which of them nobody can say
	expect("trunk")
	git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/release/next")
	expect("release/next")
}

func TestTheHostOfOriginIsReadInEveryFormOfAddress(t *testing.T) {
	for address, want := range map[string]string{
		"https://gitlab.example.com:8443/acme/shop.git": "gitlab.example.com", "git@github.com:acme/shop.git": "github.com", "ssh://git@github.com/acme/shop": "github.com",
		"github.com:acme/shop": "github.com", "/srv/git/shop.git": "", `C:\git\shop`: "",
	} {
		dir := t.TempDir()
		for _, args := range [][]string{{"init", "-q"}, {"remote", "add", "origin", address}} {
			if _, err := run(t.Context(), dir, args...); err != nil {
				t.Fatal(err)
			}
		}
		if have := OriginHost(t.Context(), dir); have != want {
			t.Errorf("%s: %q, not %q", address, have, want)
		}
	}
}
