package githubtest

import (
	"cmp"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// hashOf is the id of an object of git.
func hashOf(kind string, content []byte) string {
	sum := sha1.Sum(append(fmt.Appendf(nil, "%s %d\x00", kind, len(content)), content...))
	return hex.EncodeToString(sum[:])
}

func (o *objects) blob(content []byte) string {
	sha := hashOf("blob", content)
	o.blobs[sha] = content
	return sha
}

// tree keeps the trees of files by path, and returns the id of the topmost.
func (o *objects) tree(files map[string]file) string {
	entries, below := map[string]file{}, map[string]map[string]file{}
	for name, f := range files {
		folder, rest, nested := strings.Cut(name, "/")
		if !nested {
			entries[name] = f
			continue
		}
		if below[folder] == nil {
			below[folder] = map[string]file{}
		}
		below[folder][rest] = f
	}
	for folder, inside := range below {
		entries[folder] = file{mode: "040000", sha: o.tree(inside)}
	}
	// Git sorts a folder as if its name ended in a slash, and writes its mode without the zero.
	key := func(name string) string {
		if entries[name].mode == "040000" {
			return name + "/"
		}
		return name
	}
	names := slices.SortedFunc(maps.Keys(entries), func(a, b string) int { return strings.Compare(key(a), key(b)) })
	var content []byte
	for _, name := range names {
		content = fmt.Appendf(content, "%s %s\x00", strings.TrimPrefix(entries[name].mode, "0"), name)
		raw, err := hex.DecodeString(entries[name].sha)
		if err != nil {
			panic("githubtest: no id of an object: " + entries[name].sha)
		}
		content = append(content, raw...)
	}
	sha := hashOf("tree", content)
	o.trees[sha] = entries
	return sha
}

// hash is the id that git gives to a commit.
func (c *commit) hash() string {
	var b strings.Builder
	fmt.Fprintf(&b, "tree %s\n", c.tree)
	for _, p := range c.parents {
		fmt.Fprintf(&b, "parent %s\n", p)
	}
	who := fmt.Sprintf("%s <%s> %d +0000", c.author, emailOf(c.author), c.at.Unix())
	fmt.Fprintf(&b, "author %s\ncommitter %s\n\n%s\n", who, who, c.message)
	return hashOf("commit", []byte(b.String()))
}

func emailOf(login string) string { return login + "@users.noreply.github.com" }

// mergeBase is a latest commit that both have in their history, "" if there is none. No other one that both have comes after it, since that
// would be of a later generation.
func (o *objects) mergeBase(a, b string) string {
	mine := o.history(a)
	best := ""
	for sha := range o.history(b) {
		if mine[sha] && (best == "" || o.before(o.commits[best], o.commits[sha]) < 0) {
			best = sha
		}
	}
	return best
}

// before orders commits: none comes before its parents.
func (*objects) before(a, b *commit) int {
	return cmp.Or(cmp.Compare(a.generation, b.generation), cmp.Compare(a.sha, b.sha))
}

// history has a commit and all before it.
func (o *objects) history(sha string) map[string]bool {
	seen := map[string]bool{}
	for next := []string{sha}; len(next) > 0; next = next[1:] {
		if c := o.commits[next[0]]; c != nil && !seen[c.sha] {
			seen[c.sha] = true
			next = append(next, c.parents...)
		}
	}
	return seen
}

// between lists the commits that head has and base has not, oldest first.
func (o *objects) between(base, head string) []*commit {
	known := o.history(base)
	var all []*commit
	for sha := range o.history(head) {
		if !known[sha] {
			all = append(all, o.commits[sha])
		}
	}
	slices.SortFunc(all, o.before)
	return all
}
