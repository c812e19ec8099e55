package plan

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/headgate/headgate/engine"
)

// advise says how to make the fix, and why its worst case is what it is.
func (d *draft) advise() {
	c := worst(d.open)
	reason := because(&c.Decision)
	if reason != nil {
		d.Why = reason.Message
	}
	switch d.Fix.Fix {
	case engine.FixUpgrade:
		d.How = d.commands()
		built := slices.DeleteFunc(slices.Clone(d.Images), func(name string) bool { return !word().MatchString(name) })
		if len(built) > 0 {
			d.How = append(d.How, "then build anew what has it: "+strings.Join(built[:min(len(built), 3)], ", "))
		}
	case engine.FixRebuild:
		d.How = d.rebuildHow(ecosystemOf(c.Input.Finding.Package))
	case engine.FixRotate:
		d.How = []string{"revoke it where it was issued, issue a new one, and keep that in a secret store: taking it out of the file leaves it in the history"}
	case engine.FixReplace:
		d.How = []string{"replace it by something under a licence that fits, or ask its owner for other terms"}
	default:
		if reason != nil && reason.Remediation != "" {
			d.How = []string{reason.Remediation}
		}
	}
}

// word is what may stand in a command: names and versions come from outside, and a command is made to be copied into a shell. What is
// more than such words gets no command. No word begins with a dash, which would make an option of it.
var word = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9@_][A-Za-z0-9@_.+:/~=-]{0,199}$`) })

// A component is a package as its tools name it.
type component struct {
	kind, group, name, to string
	dev                   bool
}

func (c component) path() string { return strings.TrimPrefix(c.group+"/"+c.name, "/") }

// commands upgrade a package: with the tool that wrote one of the lockfiles where it is found, else that of the ecosystem.
func (d *draft) commands() []string {
	if d.To == "" {
		return nil
	}
	c, ok := componentOf(d.Target, d.To)
	if !ok {
		return nil
	}
	c.dev = !slices.ContainsFunc(d.open, func(k *engine.Case) bool { return k.Input.Finding.Package.Scope != "development" })
	through := d.Direct != nil && !*d.Direct
	var out []string
	made := func(t tool) {
		of := t.direct
		if through || len(d.Moves) > 0 {
			of = t.through
		}
		if of == nil {
			return
		}
		if s := of(c); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	for _, at := range d.At {
		file, _, _ := strings.Cut(path.Base(at), ":")
		if t, ok := lockfiles[c.kind+" "+file]; ok {
			made(t)
		}
	}
	if len(out) == 0 {
		made(tools[c.kind])
	}
	if through {
		out = append(out, "nothing asks for it by name: upgrade what brings it, or overrule its version")
	}
	return out
}

// componentOf reads a package URL without version; not ok is one that no command can be made of.
func componentOf(purl, to string) (component, bool) {
	kind, rest, ok := strings.Cut(strings.TrimPrefix(purl, "pkg:"), "/")
	text, err := url.PathUnescape(rest)
	if !ok || err != nil || !strings.HasPrefix(purl, "pkg:") || !word().MatchString(to) {
		return component{}, false
	}
	group, name := path.Split(text)
	c := component{kind: kind, group: strings.TrimSuffix(group, "/"), name: name, to: to}
	return c, word().MatchString(c.path()) && word().MatchString(name)
}

// A tool upgrades packages: those that are asked for by name, and those that come through others. Nil: it cannot.
type tool struct{ direct, through func(component) string }

func both(f func(component) string) tool { return tool{f, f} }

// tools are those of ecosystems, by the type of package URLs. The commands are those of the tools' own manuals.
var tools = map[string]tool{
	"npm": {func(c component) string {
		save := ""
		if c.dev {
			save = "--save-dev "
		}
		return "npm install " + save + c.path() + "@" + c.to
	}, func(c component) string { return "npm update " + c.path() }},
	"golang": both(func(c component) string {
		if c.path() == "stdlib" || c.path() == "toolchain" {
			return "go get go@" + strings.TrimPrefix(strings.TrimPrefix(c.to, "go"), "v")
		}
		return "go get " + c.path() + "@v" + strings.TrimPrefix(c.to, "v")
	}),
	"maven": {func(c component) string {
		return fmt.Sprintf("mvn versions:use-dep-version -Dincludes=%s:%s -DdepVersion=%s", c.group, c.name, c.to)
	}, func(c component) string {
		return fmt.Sprintf("set %s:%s to %s under dependencyManagement of pom.xml", c.group, c.name, c.to)
	}},
	"pypi": both(func(c component) string { return "python -m pip install " + c.name + "==" + c.to }),
	"cargo": both(func(c component) string {
		return "cargo update -p " + c.name + " --precise " + strings.TrimPrefix(c.to, "v")
	}),
	"gem": both(func(c component) string { return "bundle update --conservative " + c.name }),
	"composer": {func(c component) string { return "composer require " + c.path() + ":" + c.to },
		func(c component) string { return "composer update " + c.path() + " --with " + c.path() + ":" + c.to }},
	"nuget": both(func(c component) string { return "dotnet add package " + c.name + " --version " + c.to }),
	"hex":   both(func(c component) string { return "mix deps.update " + c.name }),
	"pub":   both(func(c component) string { return "dart pub upgrade " + c.name }),
	"deb":   both(func(c component) string { return "apt-get install --only-upgrade " + c.name }),
	"apk":   both(func(c component) string { return "apk add --upgrade " + c.name }),
	"rpm":   both(func(c component) string { return "dnf upgrade " + c.name }),
	"githubactions": both(func(c component) string {
		return "uses: " + c.path() + "@" + c.to + ", better yet the commit of that release"
	}),
}

// lockfiles are the tools whose files say that they are in use, by ecosystem and file.
var lockfiles = map[string]tool{
	"npm yarn.lock": both(func(c component) string { return "yarn upgrade " + c.path() + "@" + c.to }),
	"npm pnpm-lock.yaml": {func(c component) string { return "pnpm update " + c.path() + "@" + c.to },
		func(c component) string { return "pnpm update --depth Infinity " + c.path() }},
	"pypi poetry.lock":      {func(c component) string { return "poetry add " + c.name + "@" + c.to }, func(c component) string { return "poetry update " + c.name }},
	"pypi uv.lock":          both(func(c component) string { return "uv lock --upgrade-package " + c.name + "==" + c.to }),
	"pypi Pipfile.lock":     both(func(c component) string { return "pipenv upgrade " + c.name + "==" + c.to }),
	"pypi requirements.txt": both(func(c component) string { return "write " + c.name + "==" + c.to + " in requirements.txt" }),
	"maven build.gradle":    both(gradle), "maven build.gradle.kts": both(gradle), "maven gradle.lockfile": both(gradle),
}

func gradle(c component) string {
	return fmt.Sprintf("set %s:%s:%s under dependencies, constraints of the Gradle build", c.group, c.name, c.to)
}

// programs are those whose commands the tools and lockfiles have.
var programs = []string{"npm", "yarn", "pnpm", "go", "mvn", "python", "poetry", "uv", "pipenv", "cargo", "bundle", "composer", "dotnet", "mix",
	"dart", "apt-get", "apk", "dnf"}

// IsCommand says whether a line of a fix's How is one for a shell, rather than advice in words.
func IsCommand(how string) bool {
	program, rest, _ := strings.Cut(how, " ")
	return rest != "" && slices.Contains(programs, program)
}

// rebuildHow says how an image gets fixed packages: from a newer base, or, where there is none yet, from the distribution.
func (d *draft) rebuildHow(kind string) []string {
	out := []string{"build it anew on the newest release of its base image (docker build --pull)"}
	var names []string
	for _, c := range d.open {
		p := c.Input.Finding.Package
		if len(p.Binaries) > 0 {
			names = append(names, p.Binaries...)
		} else {
			names = append(names, path.Base(p.Name))
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	upgrade, ok := map[string]string{
		"deb": "RUN apt-get update && apt-get install -y --only-upgrade ", "apk": "RUN apk upgrade --no-cache ", "rpm": "RUN dnf upgrade -y ",
	}[kind]
	if !ok || len(names) > mostListed || slices.ContainsFunc(names, func(n string) bool { return !word().MatchString(n) }) {
		return out
	}
	return append(out, "or in its Dockerfile: "+upgrade+strings.Join(names, " "))
}
