package main

import (
	"bytes"
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine/scope"
	"github.com/headgate/headgate/engine/survey"
	"github.com/headgate/headgate/engine/waiver"
	"github.com/headgate/headgate/integrations/git"
)

//go:embed templates
var templates embed.FS

// A written file is one that init writes.
type written struct {
	place string // relative to the root of the repository, with slashes
	about string // in words
	text  []byte
}

// initFlags are those of init.
type initFlags struct {
	ci     string
	dryRun bool
	diff   bool
}

func newInitCommand(a *app) *cobra.Command {
	var f initFlags
	c := &cobra.Command{
		Use:   "init [FOLDER]",
		Short: "Look at a repository and write .headgate and a workflow that fit it; never overwrites",
		Long: `Looks at a repository (languages and lockfiles, Dockerfiles, what scans it already, Kubernetes manifests, Backstage catalogues, Threagile
models, CODEOWNERS, where it is hosted and its default branch) and writes what fits it:

  .headgate/headgate.yaml         settings: every key, commented, with its default
  .headgate/assets.yaml           what findings are on, as far as files say it; what is not known is left out, and commented
  .headgate/waivers.yaml          accepted risks: none yet
  .headgate/*.schema.json         what editors check and complete these files by
  .github/workflows/headgate.yml  scanners that fit the languages, and the gate; on GitLab .gitlab/headgate.yml

What is there is kept: --diff shows how it differs from what would be written now. No report and nothing outside the folder is read.

Exit status: 0, 2 if something cannot be read or written.`,
		Example: `  headgate init
  headgate init --dry-run
  headgate init --diff --ci none`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			return a.init(c.Context(), &f, dir)
		},
	}
	c.Flags().StringVar(&f.ci, "ci", "", "write the workflow for `github`, gitlab or none (default: where origin is, else what has files here, else github)")
	c.Flags().BoolVar(&f.dryRun, "dry-run", false, "write nothing, and print what would be written")
	c.Flags().BoolVar(&f.diff, "diff", false, "show how what is there differs from what would be written")
	return c
}

func (a *app) init(ctx context.Context, f *initFlags, dir string) error {
	if !slices.Contains([]string{"", "none", string(survey.GitHub), string(survey.GitLab)}, f.ci) {
		return setup(fmt.Errorf("--ci %q is no system", f.ci), "it can be github, gitlab or none")
	}
	if !f.dryRun {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return setup(err, "")
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return setup(err, "")
	}
	defer root.Close() // nothing outside of it is read or written, whatever links lead there
	p := &newcomer{app: a, dir: dir, root: root}
	if err := p.look(ctx, f.ci); err != nil {
		return setup(err, "")
	}
	files, err := p.files()
	if err != nil {
		return setup(err, "")
	}
	for _, w := range files { // before the first is written
		if err := p.folder(path.Dir(w.place)); err != nil {
			return setup(err, "what a link leads to outside is somebody else's, and is neither read nor written: put a folder there, then headgate init again")
		}
	}
	p.introduce()
	for _, w := range files {
		if err := p.put(f, w); err != nil {
			return setup(err, "")
		}
	}
	p.next(f)
	return nil
}

// A newcomer is a repository that is new to Headgate.
type newcomer struct {
	*app
	dir  string
	root *os.Root

	survey  *survey.Survey
	assets  *guessed
	name    string // owner/name; empty: not known
	branch  string // the default one
	ci      string
	below   string // the root of the repository that the folder lies in; empty: it is the root itself, or there is none
	written int
}

// look looks at the repository.
func (p *newcomer) look(ctx context.Context, ci string) (err error) {
	if p.survey, err = survey.Look(p.root.FS()); err != nil {
		return err
	}
	p.name = git.Repository(p.dir)
	p.branch = cmp.Or(git.DefaultBranch(ctx, p.dir), "main")
	if c, err := git.FindCheckout(ctx, p.dir); err == nil && c.At != "." {
		p.below = c.Root
	}
	switch host := git.OriginHost(ctx, p.dir); {
	case ci != "":
		p.ci = ci
	case p.below != "":
		p.ci = "none"
	case strings.Contains(host, "gitlab"):
		p.ci = string(survey.GitLab)
	case host == "" && slices.Equal(p.survey.CI, []survey.CI{survey.GitLab}):
		p.ci = string(survey.GitLab)
	default:
		p.ci = string(survey.GitHub)
	}
	p.assets, err = guessAssets(p.root.FS(), p.survey, p.name, p.dir)
	return err
}

// files are all that is written.
func (p *newcomer) files() ([]written, error) {
	template := func(name string) []byte {
		text, err := templates.ReadFile("templates/" + name)
		if err != nil {
			panic(err) // it is part of the program
		}
		return text
	}
	all := []written{
		{settingsFolder + "/headgate.yaml", "settings, every key with its default", p.settings(template("headgate.yaml"))},
		{settingsFolder + "/assets.yaml", p.assets.about(), p.assets.file(template("assets.yaml"))},
		{settingsFolder + "/waivers.yaml", "accepted risks: none yet", template("waivers.yaml")},
	}
	for name, schema := range map[string][]byte{"headgate.schema.json": settingsSchema, "assets.schema.json": scope.AssetsSchema(), waiver.SchemaFile: waiver.Schema} {
		all = append(all, written{settingsFolder + "/" + name, "for editors", schema})
	}
	slices.SortFunc(all[3:], func(a, b written) int { return strings.Compare(a.place, b.place) })
	all = append(all, written{settingsFolder + "/.gitignore", "threat data is fetched where it is used", []byte("# What headgate intel update fetches: every run gets its own.\n/intel/\n")})
	scanners := []string{}
	for _, s := range p.survey.Scanners() {
		scanners = append(scanners, s.Name)
	}
	about := strings.Join(scanners, ", ") + ", and the gate"
	switch p.ci {
	case string(survey.GitHub):
		all = append(all, written{survey.GitHubFile, about, p.survey.GitHubWorkflow(p.branch)})
	case string(survey.GitLab):
		scans, names := p.survey.GitLabScans()
		text := string(template("gitlab.yml"))
		for mark, with := range map[string]string{"@FOUND@": p.survey.Words(), "@SCANS@": scans, "@NEEDS@": strings.Join(names, ", ")} {
			text = strings.Replace(text, mark, with, 1)
		}
		all = append(all, written{survey.GitLabFile, about, []byte(text)})
		if !slices.Contains(p.survey.CI, survey.GitLab) {
			all = append(all, written{".gitlab-ci.yml", "includes it", []byte("include:\n  - local: " + survey.GitLabFile + "\n")})
		}
	}
	return all, nil
}

// settings are headgate.yaml, which names the files that say something of assets.
func (p *newcomer) settings(template []byte) []byte {
	if len(p.assets.globs) == 0 {
		return template
	}
	var b bytes.Buffer
	for line := range bytes.Lines(template) {
		if bytes.HasPrefix(line, []byte("# scope: ")) {
			b.WriteString("scope:\n")
			for _, g := range p.assets.globs {
				b.WriteString("  - " + yamlText(g) + "\n")
			}
			continue
		}
		b.Write(line)
	}
	return b.Bytes()
}

// introduce says what was seen.
func (p *newcomer) introduce() {
	s := p.survey
	name := p.name
	if name == "" {
		if abs, err := filepath.Abs(p.dir); err == nil {
			name = filepath.Base(abs)
		}
	}
	p.tell("", printable(name), amount(s.Files, "file"), s.Words(), map[string]string{"github": "GitHub", "gitlab": "GitLab"}[p.ci], "default branch "+printable(p.branch))
	scans := map[string][]string{}
	for _, scan := range s.Scans {
		scans[scan.Workflow] = append(scans[scan.Workflow], scan.Scanner)
	}
	for _, workflow := range slices.Sorted(maps.Keys(scans)) {
		p.tell("  ", printable(workflow)+" runs "+strings.Join(scans[workflow], ", "))
	}
	for _, name := range s.Unlocked() {
		p.tell("  ", name+" has no lockfile here: which versions are used is not known, so little can be found in what it depends on")
	}
	if s.Cut != "" {
		p.tell("  ", s.Cut+": the rest was not looked at")
	}
	if s.Unreadable > 0 {
		p.tell("  ", amount(s.Unreadable, "name")+" passed over that cannot be shown")
	}
	for _, w := range p.assets.warnings[:min(len(p.assets.warnings), mostWarnings)] {
		p.tell("  ", printable(w))
	}
	if p.below != "" {
		p.tell("  ", "this folder is not the root of its repository, where workflows are read from: none is written (headgate init "+printable(p.below)+" writes one)")
	}
	fmt.Fprintln(p.stdout)
}

// tell writes what was seen in lines that fit.
func (p *newcomer) tell(indent string, parts ...string) {
	text := strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " · ")
	for i, line := range wrapped(text, p.reportOptions().Width-len(indent)-2) {
		if i > 0 {
			line = "  " + line
		}
		fmt.Fprintf(p.stdout, "%s%s\n", indent, line)
	}
}

// longestPlace is of the files that init writes.
const longestPlace = len(".headgate/headgate.schema.json")

// folder is an error if something else stands where a folder is or belongs.
func (p *newcomer) folder(place string) error {
	if place == "." {
		return nil
	}
	if err := p.folder(path.Dir(place)); err != nil {
		return err
	}
	at, err := p.root.Lstat(filepath.FromSlash(place))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", place, err)
	}
	to, err := p.root.Stat(filepath.FromSlash(place))
	switch link := at.Mode()&fs.ModeSymlink != 0; {
	case link && errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s is a link that leads nowhere", place)
	case link && err != nil:
		return fmt.Errorf("%s is a link that leads out of the repository", place)
	case err != nil:
		return fmt.Errorf("%s: %w", place, err)
	case !to.IsDir():
		return fmt.Errorf("%s is no folder", place)
	}
	return nil
}

// put writes a file that is not there yet, and says so.
func (p *newcomer) put(f *initFlags, w written) error {
	word := "written"
	had, err := readWritten(p.root, w.place)
	switch {
	case err == nil:
		word = "kept"
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: %w", w.place, err)
	case f.dryRun:
		word = "new"
	default:
		if err := writeNew(p.root, w.place, w.text); errors.Is(err, fs.ErrExist) {
			word = "kept" // somebody has written it meanwhile
		} else if err != nil {
			return fmt.Errorf("%s: %w", w.place, err)
		} else {
			p.written++
		}
	}
	about := w.about
	if word == "kept" {
		about = "as it would be written now"
		if !bytes.Equal(had, w.text) {
			about = "yours"
		}
	}
	fmt.Fprintf(p.stdout, "  %-7s  %-*s  %s\n", word, longestPlace, w.place, about)
	switch {
	case word == "kept" && f.diff && !bytes.Equal(had, w.text):
		p.show(diff.Diff(w.place, had, w.place+", as init would write it", w.text))
	case word == "new" && !strings.HasSuffix(w.place, ".json"):
		p.show(w.text)
	}
	return nil
}

// show writes a text that may be anybody's, set off from the rest.
func (p *newcomer) show(text []byte) {
	fmt.Fprintln(p.stdout)
	for line := range strings.Lines(string(text)) {
		fmt.Fprintln(p.stdout, strings.TrimRight("    "+printable(strings.TrimRight(strings.ReplaceAll(line, "\t", "    "), "\r\n")), " "))
	}
	fmt.Fprintln(p.stdout)
}

// mostWritten bounds what is read of a file that is there.
const mostWritten = 1 << 20

func readWritten(root *os.Root, place string) ([]byte, error) {
	info, err := root.Lstat(filepath.FromSlash(place))
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil // a link, or a folder: something is there, and it is left alone
	}
	f, err := root.Open(filepath.FromSlash(place))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, mostWritten))
}

// next says what to do now: see what the gate says of what is here, and let others have it.
func (p *newcomer) next(f *initFlags) {
	if f.dryRun {
		return
	}
	var commands []string
	for _, s := range p.survey.Scanners() {
		commands = append(commands, s.Local(p.survey)...)
	}
	scan := commands[len(commands)-1] // Trivy, which looks at everything
	steps := [][2]string{
		{"mkdir -p reports && " + scan, "scan, as the workflow does"},
		{"headgate intel update --only kev,epss", "fetch what is known to be exploited"},
		{"headgate gate reports", "see what it decides, and why"},
		{"headgate doctor reports", "see what is missing, and what to do about it"},
	}
	width := 0
	for _, s := range steps[1:] {
		width = max(width, utf8.RuneCountInString(s[0]))
	}
	fmt.Fprintf(p.stdout, "\nNext\n")
	for i, s := range steps {
		if utf8.RuneCountInString(s[0]) > width {
			fmt.Fprintf(p.stdout, "  %d  %s\n", i+1, s[0])
			continue
		}
		fmt.Fprintf(p.stdout, "  %d  %-*s  %s\n", i+1, width, s[0], s[1])
	}
	if p.written > 0 {
		fmt.Fprintln(p.stdout, "Then say in .headgate/assets.yaml what nobody knows yet, keep reports/ out of the commit, and open a pull request.")
	}
}

// writeNew writes a file that must not be there yet, whole or not at all.
func writeNew(root *os.Root, place string, text []byte) error {
	folder := filepath.FromSlash(path.Dir(place))
	if err := root.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if _, err := root.Lstat(filepath.FromSlash(place)); err == nil {
		return fs.ErrExist
	}
	draft := filepath.Join(folder, fmt.Sprintf(".headgate.%d", os.Getpid()))
	f, err := root.OpenFile(draft, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer root.Remove(draft)
	_, err = f.Write(text)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return root.Link(draft, filepath.FromSlash(place)) // unlike a rename, a link never replaces what another process has written meanwhile
}
