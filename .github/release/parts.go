package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// A part is a module that is in the program on some platform, as the program itself says, and what its licence asks to be passed on.
type part struct {
	path, version, sum string          // as "golang.org/x/mod", "v0.42.0", "h1:…"; Go's own library is "std", "v1.26.8" and without a sum
	dir                string          // where its source is
	packages           map[string]bool // folders of its packages that are in the program
	needs              map[string]bool // paths of modules that packages of it import
	texts              []packed        // files about its licence and who holds the copyright
	licences           []string        // SPDX ids that the texts are recognised as
}

// ours is the path of the program's own module among the paths of parts.
const ours = "github.com/headgate/headgate"

const std = "std"

// linked lists what is in the programs of the platforms, by path, the program's own module first. Programs that are built are asked as well.
func (r *release) linked(ctx context.Context, tree string, programs []*program) ([]*part, error) {
	all := map[string]*part{ours: newPart(ours, r.version), std: newPart(std, "v"+strings.TrimPrefix(r.toolchain, "go"))}
	for _, platform := range r.platforms {
		if err := r.packages(ctx, tree, platform, all); err != nil {
			return nil, err
		}
	}
	for _, p := range programs {
		if err := p.confirms(all); err != nil {
			return nil, err
		}
	}
	var problems []error
	for _, path := range slices.Sorted(maps.Keys(all)) {
		p := all[path]
		if path == ours {
			p.licences = []string{"Apache-2.0"}
		} else if err := p.readLicences(); err != nil {
			problems = append(problems, err)
		}
	}
	parts := []*part{all[ours]}
	for _, path := range slices.Sorted(maps.Keys(all)) {
		if path != ours {
			parts = append(parts, all[path])
		}
	}
	return parts, errors.Join(problems...)
}

func newPart(path, version string) *part {
	return &part{path: path, version: version, packages: map[string]bool{}, needs: map[string]bool{}}
}

// confirms compares the list with what the program says of itself, and takes over the sums. A module of the program that is not in the
// list would be passed on without its licence.
func (p *program) confirms(all map[string]*part) error {
	info, err := buildinfo.ReadFile(p.file)
	if err != nil {
		return fmt.Errorf("%s: %w", p.file, err)
	}
	for _, d := range info.Deps {
		part := all[d.Path]
		if d.Replace != nil || part == nil || part.version != d.Version {
			return fmt.Errorf("%s/%s has %s %s in it, which is not what its source says", p.os, p.arch, d.Path, d.Version)
		}
		part.sum = d.Sum
	}
	return nil
}

// A listed is a package as go list has it.
type listed struct {
	ImportPath, Dir string
	Imports         []string
	Standard        bool
	Module          *struct{ Path, Version, Dir string }
}

// part is the path of the part that the package is of.
func (l *listed) part() string {
	if l.Standard {
		return std
	}
	return l.Module.Path
}

// packages notes which packages of which modules are linked on a platform, and which modules they need.
func (r *release) packages(ctx context.Context, tree, platform string, all map[string]*part) error {
	goos, goarch, _ := strings.Cut(platform, "/")
	root, err := goCommand(ctx, tree, r.settings(goos, goarch), "env", "GOROOT")
	if err != nil {
		return err
	}
	out, err := goCommand(ctx, tree, r.settings(goos, goarch), "list", "-deps", "-json=ImportPath,Dir,Imports,Standard,Module", "./cmd/headgate")
	if err != nil {
		return err
	}
	all[std].dir = strings.TrimSpace(string(root))
	of := map[string]string{}                           // import path → path of the part
	for d := json.NewDecoder(bytes.NewReader(out)); ; { // what a package imports comes before it
		var l listed
		if err := d.Decode(&l); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("go list: %w", err)
		}
		path := l.part()
		of[l.ImportPath] = path
		if path == std {
			continue
		}
		p := all[path]
		if p == nil {
			p = newPart(path, l.Module.Version)
			all[path] = p
		}
		p.dir = l.Module.Dir
		p.packages[l.Dir] = true
		for _, imported := range l.Imports {
			if need := of[imported]; need != path && need != "" {
				p.needs[need] = true
			}
		}
	}
}

// What stands about a licence in files of these names is passed on; which one it is, the first say. A grant of patents, a list of authors or
// the licence of a documentation, which is not in the program, is none of the code.
var (
	licenceName = regexp.MustCompile(`(?i)^((un)?licen[cs]es?|copying|copyright|notice|patents)([-._].*)?$`)
	grants      = regexp.MustCompile(`(?i)^((un)?licen[cs]es?|copying|copyright)([-._].*)?$`)
	ofDocs      = regexp.MustCompile(`(?i)[-._]docs?$`)
)

// mostOfText bounds a licence's text.
const mostOfText = 1 << 20

// readLicences takes what stands about the licence in the folders of the linked packages and above them.
func (p *part) readLicences() error {
	dirs := map[string]bool{p.dir: true}
	for dir := range p.packages {
		for ; len(dir) > len(p.dir) && strings.HasPrefix(dir, p.dir); dir = filepath.Dir(dir) {
			dirs[dir] = true
		}
	}
	known := map[string]bool{}
	for _, dir := range slices.Sorted(maps.Keys(dirs)) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if !e.Type().IsRegular() || !licenceName.MatchString(e.Name()) || strings.HasSuffix(e.Name(), ".go") {
				continue
			}
			name := filepath.Join(dir, e.Name())
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			if len(text) > mostOfText {
				return fmt.Errorf("%s is larger than a licence", name)
			}
			rel, err := filepath.Rel(p.dir, name)
			if err != nil {
				return err
			}
			p.texts = append(p.texts, packed{name: filepath.ToSlash(rel), content: text})
			if found := licensecheck.Scan(text); found.Percent > 50 && grants.MatchString(e.Name()) && !ofDocs.MatchString(e.Name()) {
				for _, m := range found.Match {
					if !m.IsURL {
						known[m.ID] = true
					}
				}
			}
		}
	}
	p.licences = slices.Sorted(maps.Keys(known))
	for _, id := range p.licences {
		if !slices.Contains(permitted, id) {
			return fmt.Errorf("%s %s is under %s: see whether it can be passed on with a program under Apache-2.0", p.path, p.version, id)
		}
	}
	if len(p.licences) == 0 {
		return fmt.Errorf("%s %s has no licence that is known", p.path, p.version)
	}
	return nil
}

// permitted are the licences under which parts may be passed on in a program under Apache-2.0, with their texts.
var permitted = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0"}

// licenceTexts is one file with what is passed on of all parts but our own.
func licenceTexts(parts []*part) []byte {
	var out bytes.Buffer
	out.WriteString("Headgate has parts of others in it. What follows is their licences, as they came with each of them.\n")
	for _, p := range parts {
		if p.path == ours {
			continue
		}
		name := p.path
		if p.path == std {
			name = "Go"
		}
		fmt.Fprintf(&out, "\n%s\n%s %s (%s)\n", strings.Repeat("=", 80), name, p.version, strings.Join(p.licences, ", "))
		for _, text := range p.texts {
			fmt.Fprintf(&out, "%s\n%s\n\n%s\n", strings.Repeat("-", 80), text.name, bytes.TrimSpace(bytes.ReplaceAll(text.content, []byte("\r\n"), []byte("\n"))))
		}
	}
	return out.Bytes()
}
