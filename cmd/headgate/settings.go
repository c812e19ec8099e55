package main

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/glob"
	"github.com/headgate/headgate/engine/scope"
	"github.com/headgate/headgate/engine/waiver"
)

// settingsFolder is where a project keeps what it sets up.
const settingsFolder = ".headgate"

// settings are headgate.yaml. Every key is optional.
type settings struct {
	Repository      string         `yaml:"repository"`
	Scope           []string       `yaml:"scope"` // globs of files that say something of assets, relative to the folder above the settings folder
	Packs           []string       `yaml:"packs"` // shipped packs that are on; absent: the default ones
	Params          map[string]any `yaml:"params"`
	Assume          map[string]any `yaml:"assume"` // by path of a fact: its value where nobody knows it; null: none
	Expect          []expectation  `yaml:"expect"`
	AllowIncomplete []string       `yaml:"allow_incomplete"`
	FailOn          string         `yaml:"fail_on"`
	Intel           string         `yaml:"intel"`   // folder, absolute or relative to the settings folder
	Runtime         []string       `yaml:"runtime"` // documents of what was seen loaded, [ASSET=]FILE, relative as intel is
	MaxReportBytes  int64          `yaml:"max_report_bytes"`
	SecretsKeyFile  string         `yaml:"secrets_key_file"` // absolute or relative to the settings folder
	Approvers       []string       `yaml:"approvers"`        // who may approve a waiver: e-mail addresses of git, logins like @ana, or both of one person
	ExpiringWithin  age            `yaml:"expiring_within"`  // how long before its end a waiver is called expiring; absent: 14d
	Plan            planSettings   `yaml:"plan"`
	GitHub          githubSettings `yaml:"github"`
	Jira            *jiraSettings  `yaml:"jira"` // nil: no tickets
	Notify          []webhook      `yaml:"notify"`
	Exports         exportSettings `yaml:"exports"`
	KPI             kpiTargets     `yaml:"kpi"`

	Reassess *reassessSettings `yaml:"reassess"` // nil: headgate worker begins no sweep

	folder string  // where they are; empty if there are none
	from   *origin // what they, and what they name, are read from
}

// An expectation is a report that must be there, finished and fresh.
type expectation struct {
	Tool   string         `yaml:"tool"`
	Path   string         `yaml:"path"` // glob over report names
	Asset  string         `yaml:"asset"`
	Events []engine.Event `yaml:"events"`  // absent: all
	MaxAge age            `yaml:"max_age"` // above zero; absent: any age
}

// An age is a duration that may be given in days ("7d") or as Go writes durations ("36h").
type age time.Duration

var days = regexp.MustCompile(`^([0-9]{1,5})d$`)

// UnmarshalYAML reads either form.
func (a *age) UnmarshalYAML(n *yaml.Node) error {
	if err := a.Set(n.Value); err != nil {
		return fmt.Errorf("yaml: line %d: %w", n.Line, err)
	}
	return nil
}

// Set reads either form, of a flag.
func (a *age) Set(value string) error {
	d, err := time.ParseDuration(value)
	if m := days.FindStringSubmatch(value); m != nil {
		n, _ := strconv.Atoi(m[1]) // the pattern bounds it
		d, err = time.Duration(n)*24*time.Hour, nil
	}
	if err != nil || d <= 0 {
		return fmt.Errorf("%q is no age; write 7d or 36h", value)
	}
	*a = age(d)
	return nil
}

// Type is what the help calls it.
func (a *age) Type() string { return "age" }

// String is the age in days where it is whole days.
func (a age) String() string {
	d := time.Duration(a)
	switch {
	case d == 0:
		return ""
	case d%(24*time.Hour) == 0:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	}
	return d.String()
}

// findSettings looks for the settings folder: the one that the flag names, else .headgate in start or the nearest folder above it, up
// to the root of the repository. Empty: there is none, and the shipped defaults hold.
func findSettings(flag, start string) (string, error) {
	if flag != "" {
		if s, err := os.Stat(flag); err != nil || !s.IsDir() {
			return "", setup(fmt.Errorf("the settings folder %s is not there", flag), "leave --settings out to go by the shipped defaults; headgate init makes .headgate")
		}
		return flag, nil
	}
	dir, err := filepath.Abs(start)
	if err != nil {
		return "", setup(err, "")
	}
	rel := start
	for {
		here := filepath.Join(dir, settingsFolder)
		if s, err := os.Stat(here); err == nil && s.IsDir() {
			return filepath.Join(rel, settingsFolder), nil
		}
		if l, err := os.Lstat(here); err == nil && l.Mode()&fs.ModeSymlink != 0 {
			return "", setup(fmt.Errorf("%s is a link that leads to no folder", filepath.Join(rel, settingsFolder)), "")
		}
		_, err := os.Lstat(filepath.Join(dir, ".git"))
		if up := filepath.Dir(dir); err == nil || up == dir {
			return "", nil
		}
		dir, rel = filepath.Dir(dir), filepath.Join(rel, "..")
	}
}

// openSettings finds and reads the settings: those of the current folder or the nearest above it; only if there are none, those beside
// or above the first argument that is a file or folder. Reports may come from an artifact that anyone wrote, so what lies beside them
// never replaces what the repository says; the settings of a folder that are not used are said.
func (a *app) openSettings(from *origin, flag string, args []string) (*settings, error) {
	folder, err := a.chooseSettings(from, flag, args)
	if err != nil {
		return nil, err
	}
	s, err := loadSettings(from, folder)
	if err == nil && flag == "" {
		a.sayUnused(folder, args)
	}
	return s, from.as(err)
}

func (a *app) chooseSettings(from *origin, flag string, args []string) (string, error) {
	find := func(start string) (string, error) { return findSettings("", start) }
	if from != nil {
		find = from.settings
	}
	switch _, at := from.find(flag); {
	case flag == "":
	case at == inCommit && from.isFolder(flag):
		return flag, nil
	case at == nowhere && isFolder(flag):
		a.say("note", fmt.Sprintf("%s is not used: %v does not have it, and the settings are the defaults", shown(flag), from))
		return "", nil
	default:
		return findSettings(flag, ".")
	}
	folder, err := find(".")
	if start := firstFolder(args); folder == "" && err == nil && start != "" {
		folder, err = find(start)
	}
	return folder, err
}

// isFolder says whether a folder lies here.
func isFolder(name string) bool {
	s, err := os.Stat(name)
	return err == nil && s.IsDir()
}

// firstFolder is where the first argument that is a folder or file lies: the folder itself, or that of the file. It is empty if there
// is none: patterns and standard input lie nowhere.
func firstFolder(args []string) string {
	for _, arg := range args {
		switch s, err := os.Stat(arg); {
		case err != nil:
		case s.IsDir():
			return arg
		default:
			return filepath.Dir(arg)
		}
	}
	return ""
}

// sayUnused names the settings of folders among the arguments that are not the ones in use.
func (a *app) sayUnused(used string, args []string) {
	those := "those of " + filepath.ToSlash(used)
	if used == "" {
		those = "the defaults"
	}
	var said []string
	for _, arg := range args {
		if s, err := os.Stat(arg); err != nil || !s.IsDir() {
			continue
		}
		folder, err := findSettings("", arg)
		if err != nil || folder == "" || sameFile(folder, used) || slices.Contains(said, folder) {
			continue
		}
		said = append(said, folder)
		a.say("note", fmt.Sprintf("%[1]s is not used: the settings are %[2]s (--settings %[1]s uses it)", filepath.ToSlash(folder), those))
	}
}

// sameFolder says whether two names lead to one folder.
func sameFolder(from *origin, a, b string) bool {
	one, atOne := from.find(a)
	other, atOther := from.find(b)
	if atOne == inCommit || atOther == inCommit {
		return atOne == atOther && one == other
	}
	return sameFile(a, b)
}

// sameFile says whether two names lead to one file or folder.
func sameFile(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}

// loadSettings reads headgate.yaml of a settings folder; without a folder or file all settings have their defaults.
func loadSettings(from *origin, folder string) (*settings, error) {
	s := &settings{folder: folder, from: from}
	name := s.path("headgate.yaml")
	if name == "" {
		return s, nil
	}
	text, err := from.read(name, mostSettings)
	if err != nil {
		return nil, setup(err, "")
	}
	return s, s.read(name, text)
}

// read reads the text of headgate.yaml.
func (s *settings) read(name string, text []byte) error {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(s); err != nil && err != io.EOF {
		return setup(scope.YAMLError(name, err), "headgate init writes an example with every key")
	}
	if err := dec.Decode(new(any)); err != io.EOF {
		return setup(fmt.Errorf("%s: one document is needed, there are several", name), "")
	}
	for _, a := range s.Approvers {
		if err := waiver.CheckPerson(a); err != nil {
			return setup(fmt.Errorf("%s: approvers: %w", name, err), "write the address that the person commits with, and the login that reviews are written with: \"ana@example.com @ana\"")
		}
	}
	if err := s.GitHub.check(); err != nil {
		return setup(fmt.Errorf("%s: github: %w", name, err), "")
	}
	if err := checkWebhooks(s.Notify); err != nil {
		return setup(fmt.Errorf("%s: %w", name, err), "")
	}
	if s.Reassess != nil {
		if err := s.Reassess.check(); err != nil {
			return setup(fmt.Errorf("%s: %w", name, err), "")
		}
	}
	if err := s.Exports.check(); err != nil {
		return setup(fmt.Errorf("%s: %w", name, err), "")
	}
	if err := s.KPI.check(); err != nil {
		return setup(fmt.Errorf("%s: kpi: %w", name, err), "docs/kpis.md lists all figures")
	}
	if err := s.checkScope(name); err != nil {
		return setup(err, "")
	}
	if s.Jira != nil {
		if err := s.Jira.check(); err != nil {
			return setup(fmt.Errorf("%s: %w", name, err), "")
		}
	}
	for i, e := range s.Expect {
		var err error
		switch {
		case e.Tool == "" && e.Path == "" && e.Asset == "":
			err = fmt.Errorf("%s: expect %d names neither tool, path nor asset", name, i+1)
		case e.Path != "" && !glob.Valid(e.Path):
			err = fmt.Errorf("%s: expect %d: %q is no pattern", name, i+1, e.Path)
		case slices.ContainsFunc(e.Events, func(e engine.Event) bool { return !slices.Contains(engine.Events, e) }):
			err = fmt.Errorf("%s: expect %d: an event is none of %s", name, i+1, words(engine.Events))
		}
		if err != nil {
			return setup(err, "")
		}
	}
	return nil
}

// mostSettings bounds headgate.yaml, in bytes.
const mostSettings = 256 << 10

// readable refuses what is no file that has an end.
func readable(name string) error {
	s, err := os.Stat(name)
	if err == nil && !s.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file", name)
	}
	return err
}

// path is a file or folder of the settings folder, with slashes; empty if it is not there.
func (s *settings) path(name string) string {
	if s.folder == "" {
		return ""
	}
	p := filepath.Join(s.folder, name)
	if !s.from.own(p) {
		return ""
	}
	return filepath.ToSlash(p)
}

// intelFolder is the folder with threat data, whether it is there or not: the flag's, else the settings', else intel in the settings
// folder. Named says that the flag or the settings name it: then it must be there.
func (s *settings) intelFolder(flag string) (folder string, named bool) {
	base := s.folder
	if base == "" {
		base = settingsFolder
	}
	switch {
	case flag != "":
		return flag, true
	case s.Intel == "":
		return filepath.Join(base, "intel"), false
	case filepath.IsAbs(s.Intel):
		return s.Intel, true
	}
	return filepath.Join(base, s.Intel), true
}
