package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A line of the threat model that no test holds is a wish. Tests and stories that it names are there, and every attack names some.
func TestEveryLineOfTheThreatModelIsHeldByTestsThatExist(t *testing.T) {
	root := filepath.Join("..", "..")
	there, name := map[string]bool{}, regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == ".git":
			return fs.SkipDir
		case strings.HasSuffix(path, "_test.go"):
			for _, m := range name.FindAllStringSubmatch(readFile(t, path), -1) {
				there[m[1]] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	model := readFile(t, filepath.Join(root, "docs", "threat-model.md"))
	named, attacks := regexp.MustCompile("`((?:Test|Fuzz)\\w+|[a-z-]+\\.txtar)`"), 0
	held := false // within a table whose last column says what holds
	for line := range strings.Lines(model) {
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "| ---") {
			held = held && strings.HasPrefix(line, "|")
			continue
		}
		if strings.HasPrefix(line, "| attack |") {
			held = true
			continue
		}
		if !held {
			continue
		}
		attacks++
		tests := named.FindAllStringSubmatch(line, -1)
		if len(tests) == 0 {
			t.Errorf("no test holds: %s", line)
		}
		for _, m := range tests {
			if _, err := os.Stat(filepath.Join(root, "examples", m[1])); !there[m[1]] && err != nil {
				t.Errorf("there is no %s", m[1])
			}
		}
	}
	if attacks < 40 {
		t.Errorf("the threat model has %d attacks", attacks)
	}
}
