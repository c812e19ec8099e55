package author

import (
	"embed"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// The template is a pack called template, which is tested like those that ship.
//
//go:embed template
var template embed.FS

// A NewFile is a file of a new pack: its name in the folder of the pack, and what it says.
type NewFile struct {
	Name string
	Text []byte
}

// New are the files of a new pack with a rule, tests and a parameter, which pass. The error of a name that a pack cannot have says why.
func New(name string, taken []string) ([]NewFile, error) {
	if err := packName(name, taken); err != nil {
		return nil, err
	}
	var files []NewFile
	for _, f := range []struct{ from, to string }{
		{"template.rego", name + ".rego"}, {"template_test.rego", name + "_test.rego"}, {"data.yaml", "data.yaml"},
	} {
		text, err := template.ReadFile("template/" + f.from)
		if err != nil {
			return nil, err
		}
		renamed := strings.ReplaceAll(string(text), "template", name)
		renamed = strings.ReplaceAll(renamed, "Template", strings.ToUpper(name[:1])+strings.ReplaceAll(name[1:], "_", " "))
		files = append(files, NewFile{f.to, []byte(renamed)})
	}
	return files, nil
}

var packNames = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

func packName(name string, taken []string) error {
	switch {
	case !packNames.MatchString(name):
		return fmt.Errorf("%q cannot be a pack's name: it is part of a package's, of a–z, 0–9 and _, a letter first%s", name, instead(name))
	case ast.IsKeyword(name) || slices.Contains([]string{"data", "input"}, name):
		return fmt.Errorf("%q cannot be a pack's name: Rego has that word for itself", name)
	case name == "main" || name == "lib":
		return fmt.Errorf("%q cannot be a pack's name: the policies that ship have it for themselves", name)
	case strings.HasSuffix(name, "_test"):
		return fmt.Errorf("%q cannot be a pack's name: files that end in _test are tests", name)
	case slices.Contains(taken, name):
		return fmt.Errorf("a pack %s ships with the program; its parameters can be set in the settings", name)
	}
	return nil
}

var unfit = regexp.MustCompile(`[^a-z0-9]+`)

// instead suggests a name that would do.
func instead(name string) string {
	fit := strings.Trim(unfit.ReplaceAllString(strings.ToLower(name), "_"), "_")
	if !packNames.MatchString(fit) {
		return ""
	}
	return "; " + fit + " would do"
}
