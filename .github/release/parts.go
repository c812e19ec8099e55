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

// linked lists what is in the programs, by path, the program's own module first.
func (r *release) linked(ctx context.Context, tree string, programs []*program) ([]*part, error) {
	all := map[string]*part{ours: {path: ours, version: r.version}, std: {path: std, version: "v" + strings.TrimPrefix(r.toolchain, "go")}}
	for _, p := range programs {
		info, err := buildinfo.ReadFile(p.file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.file, err)
		}
		for _, d := range info.Deps {
			if d.Replace != nil {
				return nil, fmt.Errorf("%s is replaced, and nobody could tell what was released", d.Path)
			}
			all[d.Path] = &part{path: d.Path, version: d.Version, sum: d.Sum}
		}
	}
	for _, p := range programs {
		if err := r.packages(ctx, tree, p, all); err != nil {
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

// packages notes which packages of which modules are linked on a platform, and which modules they need.
func (r *release) packages(ctx context.Context, tree string, p *program, all map[string]*part) error {
	out, err := goCommand(ctx, tree, r.settings(p.os, p.arch), "list", "-deps", "-json=ImportPath,Dir,Imports,Standard,Module", "./cmd/headgate")
	if err != nil {
		return err
	}
	root, err := goCommand(ctx, tree, r.settings(p.os, p.arch), "env", "GOROOT")
	if err != nil {
		return err
	}
	all[std].dir = strings.TrimSpace(string(root))
	type listed struct {
		ImportPath, Dir string
		Imports         []string
		Standard        bool
		Module          *struct{ Path, Dir string }
	}
	var packages []listed
	of := map[string]string{} // import path → path of the part
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listed
		if err := d.Decode(&l); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return fmt.Errorf("go list: %w", err)
		}
		of[l.ImportPath] = std
		if !l.Standard {
			of[l.ImportPath] = l.Module.Path
		}
		packages = append(packages, l)
	}
	for _, l := range packages {
		part, ok := all[of[l.ImportPath]]
		if !ok {
			return fmt.Errorf("the program does not say that it has %s", l.ImportPath)
		}
		if part.packages == nil {
			part.packages, part.needs = map[string]bool{}, map[string]bool{}
		}
		if !l.Standard {
			part.dir = l.Module.Dir
			part.packages[l.Dir] = true
		}
		for _, i := range l.Imports {
			if need := of[i]; need != "" && need != part.path && part.path != std {
				part.needs[need] = true
			}
		}
	}
	return nil
}

var licenceName = regexp.MustCompile(`(?i)^(un)?(licen[cs]es?|copying|copyright|notice|patents)([-._].*)?$`)

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
			if found := licensecheck.Scan(text); found.Percent > 50 {
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
var permitted = []string{"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "MPL-2.0", "Unicode-DFS-2016", "Unlicense", "blessing"}

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
