package git

import (
	"os/exec"
	"path/filepath"
	"testing"
)

func TestARepositoryIsNamedByItsOrigin(t *testing.T) {
	for address, want := range map[string]string{
		"https://github.com/acme/shop.git":            "acme/shop",
		"https://github.com/acme/shop":                "acme/shop",
		"https://user:token@github.com/acme/shop.git": "acme/shop",
		"git@github.com:acme/shop.git":                "acme/shop",
		"ssh://git@host.example:2222/group/sub/x.git": "group/sub/x",
		"/srv/git/shop.git":                           "",
		"file:///srv/git/shop.git":                    "",
		"../shop":                                     "",
		`C:\src\shop`:                                 "",
		"":                                            "",
	} {
		if have := nameOf(address); have != want {
			t.Errorf("%s: have %q, want %q", address, have, want)
		}
	}
}

func TestRepositoryAsksGit(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git here")
	}
	dir := t.TempDir()
	if have := Repository(dir); have != "" {
		t.Errorf("a folder outside of any repository: have %q", have)
	}
	for _, args := range [][]string{{"init", "-q"}, {"remote", "add", "origin", "https://github.com/acme/shop.git"}} {
		if out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	if have := Repository(dir); have != "acme/shop" {
		t.Errorf("have %q", have)
	}
}

func TestTheFirstFolderThatIsInARepositoryNamesIt(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git here")
	}
	outside, nameless, shop := t.TempDir(), t.TempDir(), t.TempDir()
	for _, args := range [][]string{{nameless, "init", "-q"}, {shop, "init", "-q"}, {shop, "remote", "add", "origin", "git@github.com:acme/shop.git"}} {
		if out, err := exec.Command("git", append([]string{"-C"}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	if have := Repository(outside, shop); have != "acme/shop" {
		t.Errorf("reports outside of any repository: have %q, want that of the next folder", have)
	}
	if have := Repository(nameless, shop); have != "" {
		t.Errorf("reports in a repository without a remote: have %q, the name of another", have)
	}
	if have := Repository(filepath.Join(outside, "absent"), outside); have != "" {
		t.Errorf("have %q", have)
	}
}
