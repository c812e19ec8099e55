package main

import (
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate/headgate/engine/scope"
	"github.com/headgate/headgate/engine/survey"
)

const (
	mostGuessed      = 100      // assets that init writes
	mostGlobs        = 12       // that it writes into scope
	mostGuessedBytes = 64 << 20 // of all files that could say something of assets
)

// guessed are the assets that a repository seems to have. Only what a file shows is stated; the rest is for people to say.
type guessed struct {
	assets   []guess
	globs    []string // of the files that say something of assets
	kinds    []string // of these files, in words
	files    int      // how many these are
	more     int      // assets that are not written, as there are too many
	warnings []string
}

// A guess is one asset.
type guess struct {
	id       string
	why      string   // where it is from
	facts    []string // what files say of it: "owner: team-pay (deploy/shop.yaml:12)"
	known    []string // the facts that are among these, as "owner"
	paths    []string // patterns of the files that are its own; empty: nothing says which
	images   bool     // a file says by which image
	sameName bool     // its files are those of a folder of its name
}

// guessAssets reads the files that say something of assets, and takes folders that something is built in for the others.
func guessAssets(files fs.FS, s *survey.Survey, repository, dir string) (*guessed, error) {
	g := &guessed{}
	texts, err := g.read(files, s.Candidates)
	if err != nil {
		return nil, err
	}
	inv, err := scope.Read(scope.File{}, texts, scope.Options{Repository: repository})
	if err != nil { // an annotation that is wrong: gate will say so too, once scope names its file
		g.warnings = append(g.warnings, err.Error())
		inv = &scope.Inventory{}
	}
	g.warnings = append(g.warnings, inv.Warnings...)
	for _, f := range inv.Files() {
		if !slices.Contains(g.kinds, f.Kind) {
			g.kinds = append(g.kinds, f.Kind)
		}
		s.Kubernetes = s.Kubernetes || f.Kind == "Kubernetes"
	}
	g.files = len(inv.Files())
	g.globs = globsOf(inv.Files())
	for _, d := range inv.Describe() {
		g.assets = append(g.assets, guess{id: d.Asset.ID, images: len(d.Match) > 0})
	}
	g.addFolders(s, repository, dir)
	if len(g.assets) > mostGuessed {
		g.more, g.assets = len(g.assets)-mostGuessed, g.assets[:mostGuessed]
	}
	g.learn(texts, repository)
	return g, nil
}

// learn adds what files say of the assets, now that it is known which files are whose.
func (g *guessed) learn(texts []scope.File, repository string) {
	inv, err := scope.Read(scope.File{Name: "assets.yaml", Text: g.file([]byte("assets: []\n"))}, texts, scope.Options{Repository: repository})
	if err != nil {
		return // it was said when they were read the first time
	}
	for _, d := range inv.Describe() {
		at := slices.IndexFunc(g.assets, func(a guess) bool { return a.id == d.Asset.ID })
		if at < 0 {
			continue
		}
		one := &g.assets[at]
		for _, f := range d.Facts {
			key := strings.TrimPrefix(f.Path, "asset.")
			one.known = append(one.known, key)
			one.facts = append(one.facts, fmt.Sprintf("%s: %s (%s)", key, f.Value, f.Source))
		}
		for _, m := range d.Match {
			if one.images && !strings.HasPrefix(m, "path ") {
				one.facts = append(one.facts, "its findings: "+m)
			}
		}
	}
}

// read reads files that could say something of assets, as far as there is room.
func (g *guessed) read(files fs.FS, names []string) (all []scope.File, err error) {
	size := 0
	for _, name := range names {
		f, err := files.Open(name)
		if err != nil {
			g.warnings = append(g.warnings, name+" cannot be read, and was passed over")
			continue
		}
		text, err := io.ReadAll(io.LimitReader(f, scope.MaxFileBytes+1))
		f.Close()
		if err != nil || len(text) > scope.MaxFileBytes {
			continue
		}
		if size += len(text); size > mostGuessedBytes {
			g.warnings = append(g.warnings, "not all files were read that could say something of assets: they are too large together")
			break
		}
		all = append(all, scope.File{Name: name, Text: text})
	}
	return all, nil
}

// globsOf are patterns that match files of one kind in one folder, and if these are too many, in all folders below a common one.
func globsOf(files []scope.ReadFile) (globs []string) {
	for depth := 24; depth > 0; depth /= 2 {
		globs = nil
		for _, f := range files {
			glob := literal(f.Name)
			if f.Kind != "CODEOWNERS" && f.Kind != "CycloneDX" {
				folder, base := path.Split(f.Name)
				parts := strings.Split(strings.TrimSuffix(folder, "/"), "/")
				star := "*" + path.Ext(base)
				switch {
				case f.Kind == "Backstage":
					glob = "**/" + literal(base)
				case folder == "": // a pattern would match whatever lies at the root
				case len(parts) <= depth:
					glob = literal(folder) + star
				default:
					glob = literal(strings.Join(parts[:depth], "/")) + "/**/" + star
				}
			}
			if !slices.Contains(globs, glob) {
				globs = append(globs, glob)
			}
		}
		if len(globs) <= mostGlobs {
			break
		}
	}
	return globs
}

// literal is a pattern that matches a name and nothing else.
func literal(name string) string {
	return regexp.MustCompile(`[\\*?\[\]{}]`).ReplaceAllString(name, `\$0`)
}

// addFolders gives the assets that files name the folders of their names, and adds the folders that something else is built in.
func (g *guessed) addFolders(s *survey.Survey, repository, dir string) {
	folders := components(s)
	if len(folders) == 0 {
		g.addWhole(s, repository, dir)
		return
	}
	for _, m := range folders {
		own := g.pathsOf(s, m)
		at := slices.IndexFunc(g.assets, func(a guess) bool { return path.Base(a.id) == path.Base(m.Folder) && len(a.paths) == 0 })
		if at >= 0 {
			g.assets[at].paths, g.assets[at].sameName = own, true
			continue
		}
		why := "a folder with a manifest of " + strings.Join(m.Ecosystems, " and ")
		if m.Image {
			why = "a folder with a Dockerfile"
		}
		g.assets = append(g.assets, guess{id: g.free(m.Folder), why: why, paths: own})
	}
}

// components are the folders that something is built in: those with a Dockerfile, or if there are none, those with a manifest; only the
// uppermost of each. None: the repository is one thing.
func components(s *survey.Survey) (all []survey.Module) {
	for _, images := range []bool{true, false} {
		for _, m := range s.Modules {
			inside := func(o survey.Module) bool { return strings.HasPrefix(m.Folder, o.Folder+"/") }
			if m.Folder != "." && (m.Image || !images) && len(m.Folder) < 200 && !slices.ContainsFunc(all, inside) {
				all = append(all, m)
			}
		}
		if len(all) > 1 || images && len(all) == 1 && !builtAtRoot(s) {
			return all
		}
		all = nil
	}
	return nil
}

// builtAtRoot says whether the root is what is built: then a Dockerfile in a folder is of that.
func builtAtRoot(s *survey.Survey) bool {
	return slices.ContainsFunc(s.Modules, func(m survey.Module) bool { return m.Folder == "." && len(m.Ecosystems) > 0 })
}

// pathsOf are the files of a folder, and the lockfile of the whole repository where it has none of its own: the folders share that.
func (g *guessed) pathsOf(s *survey.Survey, m survey.Module) []string {
	paths := []string{literal(m.Folder) + "/**"}
	for _, e := range m.Ecosystems {
		if len(s.Locks(m.Folder, e)) > 0 {
			continue
		}
		for _, lock := range s.Locks(".", e) {
			paths = append(paths, literal(lock))
		}
	}
	return paths
}

// addWhole takes the repository for one asset, if no file names any; if files name one, the repository's files are that one's.
func (g *guessed) addWhole(s *survey.Survey, repository, dir string) {
	switch len(g.assets) {
	case 0:
		name := path.Base(repository)
		if abs, err := filepath.Abs(dir); repository == "" && err == nil {
			name = filepath.Base(abs)
		}
		if len(s.Modules) > 0 {
			g.assets = append(g.assets, guess{id: g.free(name), why: "the repository, from which one thing is built", paths: []string{"**"}})
		}
	case 1:
		g.assets[0].paths = []string{"**"}
	}
}

var notOfID = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// free is an id made of a folder's name that no other asset has: the last part of it, or all of it.
func (g *guessed) free(folder string) string {
	taken := func(id string) bool { return slices.ContainsFunc(g.assets, func(a guess) bool { return a.id == id }) }
	short, long := notOfID.ReplaceAllString(path.Base(folder), "-"), notOfID.ReplaceAllString(folder, "-")
	for _, id := range []string{short, long} {
		if id = strings.Trim(id, "-."); id != "" && !taken(id) {
			return id
		}
	}
	for n := 2; ; n++ {
		if id := cmp.Or(strings.Trim(long, "-."), "asset") + "-" + strconv.Itoa(n); !taken(id) {
			return id
		}
	}
}

// about says what the assets are, for people.
func (g *guessed) about() string {
	if len(g.assets) == 0 {
		return "what findings are on: nothing is known yet"
	}
	says := amount(len(g.assets)+g.more, "asset")
	if g.files > 0 {
		says += ", by " + amount(g.files, "file") + " (" + strings.Join(g.kinds, ", ") + ")"
	}
	return says
}

// toSay are the facts that decide most and that somebody has to say, with what they can be.
var toSay = []struct{ key, line string }{
	{"owner", "owner: team-…"},
	{"criticality", "criticality: business_critical # mission_critical, business_critical, operational or low"},
	{"exposure", "exposure: internal             # internet, partner, internal or isolated; policies take internet if nobody says"},
	{"environment", "environment: staging           # production, staging or development; policies take production if nobody says"},
	{"data", "data: [pii]                    # what it holds, e.g. pii, pci, phi, secrets"},
}

// file is assets.yaml: the template with the assets in it.
func (g *guessed) file(template []byte) []byte {
	if len(g.assets) == 0 {
		return template
	}
	var b strings.Builder
	b.WriteString("#\n# headgate init wrote what files of this repository show. Take the # from what you can say, and correct it; headgate scope shows what\n" +
		"# comes out, with the file and line that says so.\nassets:\n")
	for _, a := range g.assets {
		a.write(&b)
	}
	if g.more > 0 {
		fmt.Fprintf(&b, "  # %d more: headgate scope lists them\n", g.more)
	}
	b.WriteString("\n# All that an asset can have:\n")
	return []byte(strings.Replace(string(template), "assets: []\n", b.String(), 1))
}

func (a *guess) write(b *strings.Builder) {
	fmt.Fprintf(b, "  - id: %s", yamlText(a.id))
	if a.why != "" {
		b.WriteString(" # " + a.why)
	}
	b.WriteString("\n")
	if len(a.facts) > 0 {
		b.WriteString("    # known from the files that scope names:\n")
	}
	for _, f := range a.facts[:min(len(a.facts), 20)] {
		b.WriteString("    #   " + printable(f) + "\n")
	}
	switch {
	case len(a.paths) > 0:
		b.WriteString("    match:\n      paths:")
		if a.sameName {
			b.WriteString(" # of the folder that is called so")
		}
		b.WriteString("\n")
		for _, p := range a.paths {
			b.WriteString("        - " + yamlText(p) + "\n")
		}
	case !a.images:
		b.WriteString("    # match: {paths: [\"folder/**\"]} # nothing says yet which findings are its own\n")
	default:
		b.WriteString("    # match: {paths: [\"folder/**\"]} # besides: the folder that it is built from\n")
	}
	for _, fact := range toSay {
		if !slices.Contains(a.known, fact.key) {
			b.WriteString("    # " + fact.line + "\n")
		}
	}
}

var plainYAML = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._/-]*$`)

// yamlText is a text as YAML has it.
func yamlText(s string) string {
	switch strings.ToLower(s) {
	case "true", "false", "yes", "no", "on", "off", "null", "y", "n":
	default:
		if plainYAML.MatchString(s) {
			return s
		}
	}
	return strconv.Quote(s)
}
