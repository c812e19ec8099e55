package change

import (
	"fmt"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
)

func TestLinesAreThoseThatTheChangeAddedOrChanged(t *testing.T) {
	d := parse(t, "diff --git a/a.go b/a.go\nindex 1..2 100644\n--- a/a.go\n+++ b/a.go\n"+
		"@@ -10,2 +10,3 @@\n a\n+b\n c\n"+
		"@@ -19,4 +20,3 @@ func x() {\n a\n-b\n-c\n+d\n e\n"+
		"@@ -29,3 +29,2 @@\n a\n-b\n c\n"+
		"@@ -39 +38,3 @@\n a\n+b\n+c\n\\ No newline at end of file\n")
	for _, c := range []struct {
		line, end int
		want      string
	}{
		{9, 0, ""}, {10, 0, ""}, {11, 0, "line 11 added by the change"}, {12, 0, ""},
		{20, 0, ""}, {21, 0, "line 21 changed by the change"}, {22, 0, ""}, {18, 30, "line 21 changed by the change"},
		{29, 0, ""}, {30, 0, ""}, {29, 30, "lines removed by the change after line 29"}, {30, 35, ""},
		{39, 40, "lines 39 to 40 added by the change"}, {36, 39, "line 39 added by the change"}, {41, 0, ""}, {12, 3, ""},
	} {
		have, ground := d.linesAt(engine.Location{Path: "a.go", Line: c.line, EndLine: c.end})
		if (have == touched) != (c.want != "") || c.want != "" && ground != c.want {
			t.Errorf("lines %d to %d: %v %q, want %q", c.line, c.end, have, ground, c.want)
		}
	}
	f := d.files["a.go"]
	for now, was := range map[int]int{9: 9, 10: 10, 12: 11, 20: 19, 22: 22, 28: 28, 30: 31} {
		if have, ok := f.before(now); !ok || have != was {
			t.Errorf("line %d was %d (%t), want %d", now, have, ok, was)
		}
	}
	if _, ok := f.before(11); ok {
		t.Error("an added line was there before")
	}
}

func TestAFindingWithoutALineIsTouchedWithItsFile(t *testing.T) {
	d := parse(t, modified("a.tf", "+x")+"diff --git a/old.tf b/new.tf\nsimilarity index 100%\nrename from old.tf\nrename to new.tf\n"+
		"diff --git a/added.tf b/added.tf\nnew file mode 100644\nindex 0000000..1111111\n--- /dev/null\n+++ b/added.tf\n@@ -0,0 +1 @@\n+x\n"+
		"diff --git a/mode.sh b/mode.sh\nold mode 100644\nnew mode 100755\n")
	for name, want := range map[string]touch{"a.tf": touched, "b.tf": untouched, "new.tf": untouched, "added.tf": touched, "mode.sh": touched, "./a.tf": touched} {
		if have, ground := d.linesAt(engine.Location{Path: name}); have != want {
			t.Errorf("%s: %v (%s), want %v", name, have, ground, want)
		}
	}
	if d.OldName("new.tf") != "old.tf" || d.OldName("a.tf") != "a.tf" {
		t.Error("names before the change")
	}
}

// What the parser of single files would pass over in silence would be a change that nobody sees.
func TestWhatIsNoWholeGitDiffIsRefused(t *testing.T) {
	good := modified("a.go", " a", "+b")
	for name, text := range map[string]string{
		"no diff":                  "hello\n",
		"a lockfile":               `{"packages": {}}`,
		"diff -u":                  "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n",
		"no prefixes":              "diff --git src/a.go src/a.go\n--- src/a.go\n+++ src/a.go\n@@ -1 +1 @@\n-a\n+b\n",
		"no prefixes, folder a":    "diff --git a/a.go a/a.go\n--- a/a.go\n+++ a/a.go\n@@ -1 +1 @@\n-a\n+b\n",
		"of a merge":               good + "diff --cc b.go\nindex 1,2..3\n--- a/b.go\n+++ b/b.go\n@@@ -1,1 -1,1 +1,2 @@@\n  a\n++b\n",
		"a log of submodules":      good + "Submodule lib 111..222:\n  > a change\n",
		"diff -r":                  good + "Only in b: new.go\n",
		"cut in a hunk":            strings.TrimSuffix(good, "+b\n"),
		"lines after a hunk":       good + "+c\n",
		"a hunk without a head":    good + "@@ what @@\n+c\n",
		"fewer lines than it says": "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1,3 +1,3 @@\n a\n-b\n+c\n" + good,
		"two patches of one file":  good + "From 123 Mon Sep 17\nSubject: more\n\n" + good,
		"hunks out of order":       "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -9 +9 @@\n-b\n+c\n@@ -1 +1 @@\n-b\n+c\n",
		"a name outside":           "diff --git a/../a b/../a\n--- a/../a\n+++ b/../a\n@@ -9 +9 @@\n-b\n+c\n",
		"huge numbers":             "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -9223372036854775807 +9223372036854775807 @@\n-b\n+c\n",
	} {
		if d, err := ParseDiff(strings.NewReader(text)); err == nil {
			t.Errorf("%s: read as %d files", name, len(d.files))
		}
	}
	for name, text := range map[string]string{
		"nothing":           "",
		"format-patch":      "From 1 Mon Sep 17 00:00:00 2001\nFrom: A <a@acme.example>\nSubject: [PATCH] x\n\n---\n a.go | 1 +\n\n" + good + "-- \n2.39.5\n\n",
		"mnemonic prefixes": strings.NewReplacer(" a/a.go", " i/a.go", " b/a.go", " w/a.go").Replace(good),
		"CRLF":              strings.ReplaceAll(good, "\n", "\r\n"),
		"a line like a hunk": modified("a.go", "+@@ -1 +1 @@", "+diff --git a/x b/x",
			"---- a/x", "+++ b/x"),
	} {
		if d, err := ParseDiff(strings.NewReader(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if text != "" && (len(d.files) != 1 || d.files["a.go"] == nil) {
			t.Errorf("%s: files %v", name, d.files)
		}
	}
}

func TestAFileThatIsTooLargeIsKnownToBeTouchedAndNoMore(t *testing.T) {
	const lines = 200_000
	var b strings.Builder
	fmt.Fprintf(&b, "diff --git a/big.go b/big.go\nindex 1..2 100644\n--- a/big.go\n+++ b/big.go\n@@ -0,0 +1,%d @@\n", lines)
	for range lines {
		b.WriteString("+" + strings.Repeat("x", 99) + "\n")
	}
	d := parse(t, b.String()+modified("a.go", "+b"))
	for name, want := range map[string]touch{"big.go": unclear, "a.go": touched, "b.go": untouched} {
		if have, ground := d.linesAt(engine.Location{Path: name, Line: 10}); have != want {
			t.Errorf("%s: %v (%s)", name, have, ground)
		}
	}
}

// Whatever a diff says, it is read or refused, and what it touches is what its lines say.
func FuzzParseDiff(f *testing.F) {
	f.Add(modified("a.go", " a", "+b", "-c"))
	f.Add("diff --git \"a/\\303\\244 b.go\" \"b/\\303\\244 b.go\"\nindex 1..2 100644\n--- \"a/\\303\\244 b.go\"\n+++ \"b/\\303\\244 b.go\"\n@@ -1 +1 @@\n-a\n+b\n")
	f.Add("diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n")
	f.Add("diff --git a/p.bin b/p.bin\nindex 1..2 100644\nGIT binary patch\nliteral 1\nIcmZ\n\nliteral 0\nHcmV?d00001\n\n")
	f.Add(modified("package-lock.json", `+    "node_modules/lodash": {`, `+      "version": "4.17.20"`) + modified("pom.xml", "+<dependency>"))
	f.Add("diff --git a/lib b/lib\nindex 1111111..2222222 160000\n--- a/lib\n+++ b/lib\n@@ -1 +1 @@\n-Subproject commit 1\n+Subproject commit 2\n")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseDiff(strings.NewReader(text))
		if err != nil {
			return
		}
		for name, file := range d.files {
			last := 0
			for i, r := range file.runs {
				if r.from > r.to || r.from < last || r.gone < 0 {
					t.Fatalf("%s: run %d of %+v", name, i, file.runs)
				}
				last = r.from
				if !r.removed && file.in(r.from, r.to) == nil {
					t.Fatalf("%s: an added run is not found in %+v", name, file.runs)
				}
			}
			x := vulnerable("CVE-2026-1", "npm", "lodash", "4.17.20", name)
			d.judge(&x, "")
			w := weakness("G1", name, 1, "")
			Classify(headOf(x, w), baseOf(weakness("G1", name, 2, "")), d)
		}
		if strings.Contains(text, "\ndiff --git ") && d.Empty() {
			t.Fatal("sections, and no file")
		}
	})
}
