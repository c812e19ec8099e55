package main

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What init writes and what the README shows is copied: it names the same actions, and says to pin them.
func TestTheWorkflowThatInitWritesAndTheReadmeUseTheSameActions(t *testing.T) {
	uses := regexp.MustCompile(`uses: (\S+)`)
	actions := func(text string) (all []string) {
		for _, m := range uses.FindAllStringSubmatch(text, -1) {
			all = append(all, m[1])
		}
		return all
	}
	readme, template := readFile(t, filepath.Join("..", "..", "README.md")), readFile(t, filepath.Join("templates", "workflow.yml"))
	if want, have := actions(readme), actions(template); len(have) < 2 || !slices.Equal(have, want) {
		t.Errorf("init writes %v, the README shows %v", have, want)
	}
	for name, text := range map[string]string{"README.md": readme, "templates/workflow.yml": template} {
		if !strings.Contains(text, "Pin the actions to commits") {
			t.Errorf("%s does not say to pin the actions", name)
		}
	}
}
