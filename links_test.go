package headgate_test

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// Links between pages lead somewhere: the file is there, and the heading in it.
func TestLinksBetweenPagesLeadSomewhere(t *testing.T) {
	tree := os.DirFS(".")
	var pages []string
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (name == ".git" || d.Name() == "testdata" || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		if strings.HasSuffix(name, ".md") {
			pages = append(pages, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	link := regexp.MustCompile(`\]\(([^()\s]+)\)`)
	count := 0
	for _, page := range pages {
		for _, m := range link.FindAllStringSubmatch(proseOf(t, page), -1) {
			if regexp.MustCompile(`^[a-z]+:`).MatchString(m[1]) {
				continue
			}
			count++
			file, anchor, _ := strings.Cut(m[1], "#")
			target := page
			if file != "" {
				target = path.Join(path.Dir(page), file)
			}
			if _, err := fs.Stat(tree, target); err != nil {
				t.Errorf("%s links to %s, which is not there", page, m[1])
				continue
			}
			if anchor != "" && !anchorsOf(t, target)[anchor] {
				t.Errorf("%s links to %s, and that page has no such heading", page, m[1])
			}
		}
	}
	if count < 20 {
		t.Errorf("only %d links were found", count)
	}
}

// What the program writes leads to pages that are there, and to headings in them: a comment on a pull request cannot be mended afterwards.
func TestAddressesThatTheProgramWritesLeadSomewhere(t *testing.T) {
	tree, count := os.DirFS("."), 0
	address := regexp.MustCompile(`https://github\.com/headgate/headgate/blob/main/([\w./-]+)(?:#([\w-]+))?`)
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		source, err := fs.ReadFile(tree, name)
		for _, m := range address.FindAllStringSubmatch(string(source), -1) {
			count++
			if _, err := fs.Stat(tree, m[1]); err != nil {
				t.Errorf("%s writes %s, and that page is not there", name, m[0])
			} else if m[2] != "" && !anchorsOf(t, m[1])[m[2]] {
				t.Errorf("%s writes %s, and that page has no such heading", name, m[0])
			}
		}
		return err
	})
	if err != nil || count == 0 {
		t.Fatalf("%d addresses, %v", count, err)
	}
}

// The index of the documentation has every page of it.
func TestTheIndexHasEveryPageOfTheDocumentation(t *testing.T) {
	pages, err := fs.Glob(os.DirFS("docs"), "*.md")
	if err != nil || len(pages) < 10 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	index := proseOf(t, "docs/README.md")
	for _, page := range pages {
		if page != "README.md" && !strings.Contains(index, "]("+page+")") {
			t.Errorf("docs/README.md does not lead to docs/%s", page)
		}
	}
}

// proseOf is a page without its code.
func proseOf(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	prose := regexp.MustCompile("(?ms)^ *```.*?^ *```$").ReplaceAllString(string(text), "")
	return regexp.MustCompile("`[^`\n]*`").ReplaceAllStringFunc(prose, func(code string) string {
		return regexp.MustCompile(`[\[\]()]`).ReplaceAllString(strings.Trim(code, "`"), "")
	})
}

// anchorsOf are the anchors of a page's headings, as GitHub makes them.
func anchorsOf(t *testing.T, page string) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#{1,6} +(.+)$`).FindAllStringSubmatch(proseOf(t, page), -1) {
		all[strings.Map(func(r rune) rune {
			switch {
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				return unicode.ToLower(r)
			case r == ' ':
				return '-'
			}
			return -1
		}, m[1])] = true
	}
	return all
}
