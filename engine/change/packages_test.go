package change

import (
	"fmt"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
)

// parse reads a diff that a test wrote.
func parse(t testing.TB, text string) *Diff {
	t.Helper()
	d, err := ParseDiff(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return d
}

// modified is the diff of one file with one hunk, whose lines begin at 10 and are given with "+", "-" or " ".
func modified(name string, lines ...string) string {
	old, now := 0, 0
	for _, l := range lines {
		if l[0] != '+' {
			old++
		}
		if l[0] != '-' {
			now++
		}
	}
	return fmt.Sprintf("diff --git a/%[1]s b/%[1]s\nindex 1111111..2222222 100644\n--- a/%[1]s\n+++ b/%[1]s\n@@ -10,%[2]d +10,%[3]d @@\n%[4]s\n",
		name, old, now, strings.Join(lines, "\n"))
}

// vulnerable is a vulnerability of a package that is found in a file.
func vulnerable(cve, ecosystem, name, version, file string) engine.Discovery {
	return engine.Discovery{
		Target: engine.Target{Type: engine.TargetRepository, Name: "acme/shop"},
		Finding: engine.Finding{
			Kind: engine.KindVulnerability, Vulnerability: &engine.Vulnerability{ID: cve},
			Package:   &engine.Package{PURL: "pkg:" + ecosystem + "/" + name, Ecosystem: ecosystem, Name: name, Versions: []string{version}},
			Locations: []engine.Location{{Path: file}},
			Sources:   []engine.Source{{Tool: "trivy", Version: "0.60.0", Format: "trivy", Report: "sha256:trivy"}},
		},
	}
}

func TestAPackageIsIntroducedByTheLinesOfItsLockfile(t *testing.T) {
	for _, c := range []struct {
		ecosystem, name, version, file string
		lines                          []string
		want                           touch
	}{
		// npm: the version stands in a line of its own, in the entry of the package.
		{"npm", "lodash", "4.17.20", "package-lock.json", []string{`     "node_modules/lodash": {`, `-      "version": "4.17.15",`, `+      "version": "4.17.20",`}, touched},
		{"npm", "lodash", "4.17.20", "package-lock.json", []string{`     "node_modules/other": {`, `-      "version": "4.17.15",`, `+      "version": "4.17.20",`}, untouched},
		{"npm", "lodash", "4.17.20", "package-lock.json", []string{`       "dev": true,`, `-      "version": "4.17.15",`, `+      "version": "4.17.20",`}, touched},
		{"npm", "lodash", "4.17.20", "package-lock.json", []string{`+    "node_modules/lodash": {`}, touched},
		{"npm", "lodash", "4.17.20", "package-lock.json", []string{`+    "node_modules/@types/lodash": {`}, untouched},
		{"npm", "lodash", "4.17.20", "package-lock.json", []string{`+    "node_modules/lodash.merge": {`, `+      "version": "4.6.2"`}, untouched},
		{"npm", "@babel/traverse", "7.23.0", "package-lock.json", []string{`+    "node_modules/@babel/traverse": {`}, touched},
		{"npm", "@babel/traverse", "7.23.0", "package-lock.json", []string{`+    "node_modules/traverse": {`}, untouched},
		{"npm", "lodash", "4.17.20", "package-lock.json", []string{`-    "node_modules/a/node_modules/lodash": {`}, untouched},
		{"npm", "lodash", "4.17.20", "yarn.lock", []string{`+lodash@^4.17.15, lodash@^4.17.20:`, `+  version "4.17.20"`}, touched},
		{"npm", "lodash", "4.17.20", "yarn.lock", []string{` lodash@^4.0.0:`, `-  version "4.17.15"`, `+  version "4.17.20"`}, touched},
		{"npm", "lodash", "4.17.20", "yarn.lock", []string{` "lodash@npm:^4.0.0":`, `-  version: 4.17.15`, `+  version: 4.17.20`}, touched},
		{"npm", "lodash", "4.17.20", "yarn.lock", []string{` other@^4.0.0:`, `-  version "4.17.15"`, `+  version "4.17.20"`}, untouched},
		{"npm", "lodash", "4.17.20", "pnpm-lock.yaml", []string{`+  lodash@4.17.20:`, `+    resolution: {integrity: sha512-x}`}, touched},
		{"npm", "lodash", "4.17.20", "pnpm-lock.yaml", []string{`+  /lodash/4.17.20:`}, touched},
		{"npm", "lodash", "4.17.20", "pnpm-lock.yaml", []string{`+  /lodash@4.17.20:`}, touched},
		{"npm", "lodash", "4.17.20", "pnpm-lock.yaml", []string{`+  minimist@1.2.0:`, `+    resolution: {integrity: sha512-x}`}, untouched},
		// Go: one line each.
		{"golang", "golang.org/x/crypto", "0.14.0", "go.mod", []string{`-	golang.org/x/crypto v0.13.0`, `+	golang.org/x/crypto v0.14.0`}, touched},
		{"golang", "golang.org/x/crypto", "0.14.0", "go.mod", []string{`+	golang.org/x/net v0.13.0`}, untouched},
		{"golang", "github.com/a/b", "1.0.0", "go.mod", []string{`+	github.com/a/b/v2 v2.0.0`}, untouched},
		{"golang", "github.com/a/b", "1.0.0", "go.mod", []string{`-replace github.com/a/b => ../b`}, touched},
		{"golang", "github.com/a/b", "1.0.0", "go.mod", []string{`-	github.com/c/d v1.0.0`}, untouched},
		// Maven and Gradle.
		{"maven", "org.apache.logging.log4j:log4j-core", "2.14.1", "pom.xml", []string{`+    <dependency>`, `+      <groupId>org.apache.logging.log4j</groupId>`, `+      <artifactId>log4j-core</artifactId>`, `+      <version>2.14.1</version>`, `+    </dependency>`}, touched},
		{"maven", "log4j-core", "2.14.1", "pom.xml", []string{`     <dependency>`, `       <artifactId>log4j-core</artifactId>`, `-      <version>2.14.0</version>`, `+      <version>2.14.1</version>`}, touched},
		{"maven", "log4j-core", "2.14.1", "pom.xml", []string{`-    <log4j.version>2.17.1</log4j.version>`, `+    <log4j.version>2.14.1</log4j.version>`}, touched},
		{"maven", "log4j-core", "2.14.1", "pom.xml", []string{`     <parent>`, `-      <version>3.0.0</version>`, `+      <version>3.0.1</version>`}, unclear},
		{"maven", "log4j-core", "2.14.1", "pom.xml", []string{`+    <dependency>`, `+      <artifactId>starter</artifactId>`, `+    </dependency>`}, unclear}, // it may bring log4j-core along
		{"maven", "log4j-core", "2.14.1", "pom.xml", []string{`+    <!-- the build -->`}, untouched},
		{"maven", "log4j-core", "2.14.1", "gradle.lockfile", []string{`+org.apache.logging.log4j:log4j-core:2.14.1=runtimeClasspath`}, touched},
		{"maven", "log4j-core", "2.14.1", "gradle.lockfile", []string{`+org.apache.logging.log4j:log4j-api:2.17.1=runtimeClasspath`}, untouched},
		{"maven", "log4j-core", "2.14.1", "build.gradle", []string{`+    implementation 'com.acme:starter:1.0'`}, unclear},
		// Python: one name, several spellings.
		{"pypi", "ruamel-yaml", "0.17.0", "requirements.txt", []string{`+ruamel.yaml==0.17.0`}, touched},
		{"pypi", "django", "3.2.0", "poetry.lock", []string{` name = "Django"`, `-version = "3.1.0"`, `+version = "3.2.0"`}, touched},
		{"pypi", "django", "3.2.0", "uv.lock", []string{` [[package]]`, ` name = "flask"`, `-version = "3.1.0"`, `+version = "3.2.0"`}, untouched},
		{"pypi", "django", "3.2.0", "requirements/prod.txt", []string{`+-r base.txt`}, unclear},
		{"pypi", "django", "3.2.0", "Pipfile.lock", []string{`             "markers": "x",`, `-            "version": "==3.1.0"`, `+            "version": "==3.2.0"`}, touched},
		// Rust, Ruby, PHP, .NET.
		{"cargo", "openssl", "0.10.1", "Cargo.lock", []string{` [[package]]`, ` name = "openssl"`, `-version = "0.10.0"`, `+version = "0.10.1"`}, touched},
		{"cargo", "openssl", "0.10.1", "Cargo.lock", []string{` [[package]]`, ` name = "openssl-sys"`, `-version = "0.10.0"`, `+version = "0.10.1"`}, untouched},
		{"gem", "rails", "7.0.1", "Gemfile.lock", []string{`-    rails (7.0.0)`, `+    rails (7.0.1)`}, touched},
		{"gem", "rails", "7.0.1", "Gemfile.lock", []string{`+    rails-i18n (7.0.1)`}, untouched},
		{"golang", "golang.org/x/crypto", "0.14.0", "go.mod", []string{`+	golang.org/x/net v0.14.0`}, untouched},
		{"golang", "golang.org/x/crypto", "0.14.0", "go.sum", []string{`+golang.org/x/crypto v0.14.0 h1:x=`}, touched},
		{"golang", "golang.org/x/crypto", "0.14.0", "go.sum", []string{`+golang.org/x/crypto v0.9.0/go.mod h1:x=`}, untouched},
		{"pub", "http", "0.13.0", "pubspec.lock", []string{`     source: hosted`, `-    version: "0.12.0"`, `+    version: "0.13.0"`}, touched},
		{"githubactions", "actions/checkout", "2.0.0", ".github/workflows/ci.yml", []string{`+      - uses: actions/checkout@v2`}, touched},
		{"composer", "symfony/http-kernel", "5.4.1", "composer.lock", []string{`             "name": "symfony/http-kernel",`, `-            "version": "v5.4.0",`, `+            "version": "v5.4.1",`}, touched},
		{"composer", "symfony/http-kernel", "5.4.1", "composer.lock", []string{`             "name": "symfony/console",`, `-            "version": "v5.4.0",`, `+            "version": "v5.4.1",`}, untouched},
		{"nuget", "Newtonsoft.Json", "12.0.1", "src/packages.lock.json", []string{`       "Newtonsoft.Json": {`, `         "type": "Direct",`, `-        "resolved": "12.0.0",`, `+        "resolved": "12.0.1",`}, touched},
		// What nobody knows is not called existing.
		{"haskell", "aeson", "1.0", "shop.cabal", []string{`+aeson`}, touched},
	} {
		d := parse(t, modified(c.file, c.lines...))
		x := vulnerable("CVE-2026-1", c.ecosystem, c.name, c.version, c.file)
		if have, ground := d.judge(&x, "acme/shop"); have != c.want {
			t.Errorf("%s %s with %s of %q: %v, want %v (%s)", c.name, c.version, c.file, c.lines, have, c.want, ground)
		}
	}
}

// Lockfiles are written by programs, and by who wants a package to be overlooked: each of these reads the same to a package manager as
// the entry of lodash 4.17.20 with its version as usual.
// A new entry behind the last one gives that a comma, and the one behind a last one that is gone takes it away.
func TestACommaDoesNotBringThePackageBeforeIt(t *testing.T) {
	for _, c := range []struct {
		name, version string
		lines         []string
		want          touch
	}{
		{"lodash", "4.17.20", []string{`         "a": "1",`, `-        "lodash": "4.17.20"`, `+        "lodash": "4.17.20",`, `+        "minimist": "1.2.5"`}, untouched},
		{"minimist", "1.2.5", []string{`         "a": "1",`, `-        "lodash": "4.17.20"`, `+        "lodash": "4.17.20",`, `+        "minimist": "1.2.5"`}, touched},
		{"lodash", "4.17.20", []string{`         "a": "1",`, `-        "lodash": "4.17.20",`, `-        "minimist": "1.2.5"`, `+        "lodash": "4.17.20"`}, untouched},
		// What differs in more than the comma, or stands elsewhere, is new.
		{"lodash", "4.17.20", []string{`-        "lodash": "4.17.19"`, `+        "lodash": "4.17.20",`}, touched},
		{"lodash", "4.17.20", []string{`-        "lodash": "4.17.20"`, `         "b": "1"`, `+        "lodash": "4.17.20",`}, touched},
		{"lodash", "4.17.20", []string{`-        "lodash": "4.17.20"`, `+        "lodash": "4.17.20",`, `+        "lodash": "4.17.20"`}, touched},
		{"lodash", "4.17.20", []string{`     "node_modules/other": {`, `-      "version": "4.17.20"`, `+      "version": "4.17.20",`, `     },`, `+    "node_modules/lodash": {`, `+      "version": "4.17.20"`}, touched},
		{"lodash", "4.17.20", []string{`-    "node_modules/other": {`, `+    "node_modules/lodash": {`, `-      "version": "4.17.20"`, `+      "version": "4.17.20",`}, touched},
	} {
		d := parse(t, modified("package-lock.json", c.lines...))
		p := vulnerable("CVE-2021-1", "npm", c.name, c.version, "package-lock.json").Finding.Package
		if have, ground := d.files["package-lock.json"].brings(p); have != c.want {
			t.Errorf("%s: %v (%s), not %v:\n%s", c.name, have, ground, c.want, strings.Join(c.lines, "\n"))
		}
	}
	d := parse(t, modified("pnpm-lock.yaml", `-  lodash: 4.17.20`, `+  lodash: 4.17.20,`)) // there a comma is more than that
	p := vulnerable("CVE-2021-1", "npm", "lodash", "4.17.20", "pnpm-lock.yaml").Finding.Package
	if have, _ := d.files["pnpm-lock.yaml"].brings(p); have != touched {
		t.Errorf("in YAML: %v", have)
	}
}

func TestNoWayToWriteALockfileHidesAPackage(t *testing.T) {
	for _, c := range []struct {
		name, ecosystem, pkg, version, file string
		lines                               []string
	}{
		{"an object before the version", "npm", "lodash", "4.17.20", "package-lock.json", []string{`     "node_modules/lodash": {`, `+      "x": {`, `+      },`, `-      "version": "4.17.21"`, `+      "version": "4.17.20"`}},
		{"the end of an object before the version", "npm", "lodash", "4.17.20", "package-lock.json", []string{`     "node_modules/lodash": {`, `+      "x": {`, `+      "y": 1}, "version": "4.17.20"`}},
		{"an object around brackets in strings", "npm", "lodash", "4.17.20", "package-lock.json", []string{`     "node_modules/lodash": {`, `+      "x": {"a": "\"{"},`, `+      "version": "4.17.20"`}},
		{"the value on a line of its own", "npm", "lodash", "4.17.20", "package-lock.json", []string{`     "node_modules/lodash": {`, `+      "version":`, `+        "4.17.20"`}},
		{"letters by number", "npm", "lodash", "4.17.20", "package-lock.json", []string{`+    "node_modules/l\u006fdas\u0068": {`, `+      "version": "4.17.2\u0030"`}},
		{"an escaped slash", "npm", "lodash", "4.17.20", "package-lock.json", []string{`+    "node_modules\/lodash": {`}},
		{"a version by number", "npm", "lodash", "4.17.20", "package-lock.json", []string{`     "node_modules/lodash": {`, `-      "version": "4.17.21"`, `+      "version": "4\u002E17.20"`}},
		{"lines that are only taken out", "npm", "lodash", "4.17.20", "package-lock.json", []string{`     "node_modules/lodash": {`, `-      "version": "4.17.21"`, `-    },`, `-    "node_modules/other": {`, `       "version": "4.17.20"`, `     }`}},
		{"the version before the name", "composer", "symfony/http-kernel", "5.4.1", "composer.lock", []string{`         {`, `+            "version": "v5.4.1",`, `             "name": "symfony/http-kernel",`, `-            "version": "v5.4.0",`}},
		{"two names", "composer", "symfony/http-kernel", "5.4.1", "composer.lock", []string{`         {`, `+            "name": "a/b",`, `+            "version": "v5.4.1",`, `             "name": "symfony/http-kernel",`, `-            "version": "v5.4.0",`}},
		{"a map before the version in yarn.lock", "npm", "lodash", "4.17.20", "yarn.lock", []string{` lodash@^4.0.0:`, `+  x:`, `+    y "1"`, `-  version "4.17.21"`, `+  version "4.17.20"`}},
		{"a version below its key", "npm", "lodash", "4.17.20", "yarn.lock", []string{` "lodash@npm:^4.0.0":`, `-  version: 4.17.21`, `+  version:`, `+    4.17.20`}},
		{"the version before the name in TOML", "pypi", "django", "4.2.1", "poetry.lock", []string{`+name = "a"`, `+version = "1"`, `+`, ` [[package]]`, `+version = "4.2.1"`, ` name = "django"`, `-version = "4.2.2"`}},
		{"a text that looks like a table", "pypi", "django", "4.2.1", "poetry.lock", []string{` [[package]]`, ` name = "django"`, `+description = """`, `+[[package]]`, `+name = "a"`, `+"""`, `-version = "4.2.2"`, `+version = "4.2.1"`}},
		{"letters by number in TOML", "pypi", "django", "4.2.1", "poetry.lock", []string{`+name = "dj\u0061ngo"`}},
		{"letters by number in go.mod", "golang", "golang.org/x/crypto", "0.14.0", "go.mod", []string{`+	"golang.org/x/crypt\x6f" v0.14.0`}},
		{"letters by number in XML", "maven", "org.apache.logging.log4j:log4j-core", "2.14.1", "pom.xml", []string{`     <dependency>`, `+      <artifactId>log4&#106;-c&#x6f;re</artifactId>`, `     </dependency>`}},
		{"a dependency between two remarks", "maven", "org.apache.logging.log4j:log4j-core", "2.14.1", "pom.xml", []string{`+    <!-- --><dependency><groupId>a</groupId><artifactId>brings-it</artifactId></dependency><!-- -->`}},
		{"the end of a remark", "maven", "org.apache.logging.log4j:log4j-core", "2.14.1", "build.gradle", []string{` /*`, `+// */`}},
	} {
		x := vulnerable("CVE-2026-1", c.ecosystem, c.pkg, c.version, c.file)
		d := parse(t, modified(c.file, c.lines...))
		if have, ground := d.judge(&x, "acme/shop"); have == untouched {
			t.Errorf("%s: %s", c.name, ground)
		}
	}
}

// Each of these would take minutes if it were not bounded.
func TestALockfileOfOneBlockOrManyDoesNotTakeLong(t *testing.T) {
	flat := []string{`+ [ {`}
	for range 200_000 {
		flat = append(flat, `+ "4.17.20",`)
	}
	for name, lines := range map[string][]string{
		"flat": append(flat, `+ } ]`),
		"deep": {`+` + strings.Repeat(`{"":`, 500_000), `+"4.17.20"`},
	} {
		x := vulnerable("CVE-2026-1", "npm", "lodash", "4.17.20", "package-lock.json")
		if have, ground := parse(t, modified("package-lock.json", lines...)).judge(&x, "acme/shop"); have != touched {
			t.Errorf("%s: %v (%s)", name, have, ground)
		}
	}
}

// A file that package managers did not read before, or read elsewhere, brings all that it names.
func TestWhatBecomesALockfileBringsItsPackages(t *testing.T) {
	x := vulnerable("CVE-2026-1", "npm", "lodash", "4.17.20", "shop/package-lock.json")
	for _, c := range []struct {
		name, diff string
		want       touch
	}{
		{"a fixture", "diff --git a/test/lock.txt b/shop/package-lock.json\nsimilarity index 100%\nrename from test/lock.txt\nrename to shop/package-lock.json\n", unclear},
		{"a copy", "diff --git a/test/package-lock.json b/shop/package-lock.json\nsimilarity index 100%\ncopy from test/package-lock.json\ncopy to shop/package-lock.json\n", unclear},
		{"another lockfile", "diff --git a/old/package-lock.json b/shop/package-lock.json\nsimilarity index 100%\nrename from old/package-lock.json\nrename to shop/package-lock.json\n", untouched},
		{"a file where a link was", "diff --git a/shop/package-lock.json b/shop/package-lock.json\ndeleted file mode 120000\nindex 1111111..0000000\n--- a/shop/package-lock.json\n+++ /dev/null\n@@ -1 +0,0 @@\n-../x\n" +
			"diff --git a/shop/package-lock.json b/shop/package-lock.json\nnew file mode 100644\nindex 0000000..1111111\n--- /dev/null\n+++ b/shop/package-lock.json\n@@ -0,0 +1 @@\n+{}\n", unclear},
	} {
		if have, ground := parse(t, c.diff).judge(&x, "acme/shop"); have != c.want {
			t.Errorf("%s: %v (%s)", c.name, have, ground)
		}
	}
	d := parse(t, modified("README.md", "+x"))
	d.KnowTree([]string{"shop/package-lock.json", "README.md"}, []string{"shop/package-lock.json"})
	if have, ground := d.judge(&x, "acme/shop"); have != unclear || !strings.Contains(ground, "is a link") {
		t.Errorf("a link: %v (%s)", have, ground)
	}
}

func TestWhatIsOutsideOfTheManifestsThatAPackageComesFromDoesNotTouchIt(t *testing.T) {
	for _, c := range []struct {
		name, ecosystem, found, touched string
		want                            touch
	}{
		{"a lockfile that is not touched", "npm", "package-lock.json", "main.go", untouched},
		{"its manifest is, but not the lockfile", "npm", "package-lock.json", "package.json", untouched},
		{"found in the manifest, and the lockfile names it", "npm", "package.json", "package-lock.json", touched},
		{"a lockfile of another folder", "npm", "a/package-lock.json", "b/package-lock.json", untouched},
		{"a scan of a folder leaves the folder out", "npm", "package-lock.json", "services/a/package-lock.json", touched},
		{"a report has the folder of the checkout", "npm", "/builds/shop/package-lock.json", "package-lock.json", touched},
		{"the manifest above decides on versions", "maven", "child/pom.xml", "pom.xml", touched},
		{"go.sum beside go.mod", "golang", "go.mod", "go.sum", touched},
		{"Gradle's versions may stand anywhere", "maven", "app/build.gradle", "gradle/libs.versions.toml", touched},
		{"a place that is no manifest", "npm", "src/index.js", "package-lock.json", touched},
		{"a workflow is all there is of an action", "githubactions", ".github/workflows/ci.yml", "main.go", untouched},
		{"an ecosystem without known files", "haskell", "shop.cabal", "main.go", unclear},
	} {
		line := `+    "lib" v1.0.0 1.0.0`
		d := parse(t, modified(c.touched, line))
		x := vulnerable("CVE-2026-1", c.ecosystem, "lib", "1.0.0", c.found)
		if have, ground := d.judge(&x, "acme/shop"); have != c.want {
			t.Errorf("%s: %v, want %v (%s)", c.name, have, c.want, ground)
		}
	}
}

func TestAManifestThatNamesAPackageInUntouchedLinesDoesNotBringIt(t *testing.T) {
	d := parse(t, modified("requirements.txt", "+requests==2.19.0"))
	x := vulnerable("CVE-2026-1", "pypi", "django", "3.2.0", "requirements.txt")
	if have, _ := d.judge(&x, ""); have != unclear {
		t.Errorf("not known what the file names: %v, want unclear: requests may bring it along", have)
	}
	d.KnowText("requirements.txt", []byte("Django==3.2.0\nrequests==2.19.0\n"))
	if have, ground := d.judge(&x, ""); have != untouched {
		t.Errorf("the file names it: %v (%s)", have, ground)
	}
	d = parse(t, modified("requirements.txt", "+requests==2.19.0"))
	x.Finding.Package.Direct = new(true)
	if have, ground := d.judge(&x, ""); have != untouched {
		t.Errorf("the scanner says that the file names it: %v (%s)", have, ground)
	}
}

func TestWhatADiffCannotShowIsNotJudged(t *testing.T) {
	d := parse(t, "diff --git a/package-lock.json b/package-lock.json\nindex 1..2 100644\nBinary files a/package-lock.json and b/package-lock.json differ\n"+
		"diff --git a/lib b/lib\nindex 1111111..2222222 160000\n--- a/lib\n+++ b/lib\n@@ -1 +1 @@\n-Subproject commit 1111111\n+Subproject commit 2222222\n"+
		"diff --git a/gone.go b/gone.go\ndeleted file mode 100644\nindex 1111111..0000000\n--- a/gone.go\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n")
	d.KnowTree([]string{"package-lock.json", "main.go"}, nil)
	image := vulnerable("CVE-2026-1", "deb", "openssl", "1.0", "")
	image.Target = engine.Target{Type: engine.TargetImage, Name: "acme/shop"}
	in := vulnerable("CVE-2026-1", "npm", "lodash", "1.0", "app/package-lock.json")
	in.Finding.Locations[0].Image = "acme/shop:1"
	other := weakness("G1", "main.go", 3, "")
	other.Target.Name = "acme/other"
	history := weakness("key", "main.go", 3, "")
	history.Finding.Secret = &engine.Secret{InHistory: new(true)}
	commits := weakness("key", "main.go", 3, "")
	commits.Finding.Secret, commits.Finding.Sources[0].Format = &engine.Secret{}, "gitleaks"
	unnamed := vulnerable("CVE-2026-1", "npm", "lodash", "1.0", "main.go")
	unnamed.Finding.Package = nil
	nowhere := weakness("G1", "", 0, "")
	nowhere.Finding.Locations = nil
	for name, x := range map[string]engine.Discovery{
		"binary": vulnerable("CVE-2026-1", "npm", "lodash", "1.0", "package-lock.json"), "submodule": weakness("G1", "lib/a/b.go", 3, ""),
		"removed": weakness("G1", "gone.go", 1, ""), "not in the head": weakness("G1", "generated/x.go", 1, ""), "image": image, "in an image": in,
		"no package": unnamed, "another repository": other, "history": history, "commits": commits, "no place": nowhere,
		"the toolchain": vulnerable("CVE-2026-1", "golang", "stdlib", "1.22.0", "go.mod"),
	} {
		if have, ground := d.judge(&x, "acme/shop"); have != unclear || ground == "" {
			t.Errorf("%s: %v (%s), want unclear", name, have, ground)
		}
		if v := alone(&x, d, "acme/shop"); v.Status != "" || !strings.Contains(v.Ground, "counts as introduced") {
			t.Errorf("%s: %+v, want no status and a ground", name, v)
		}
	}
	if main := weakness("G1", "main.go", 3, ""); alone(&main, d, "acme/shop").Status != engine.StatusExisting {
		t.Error("a file that is not touched: not existing")
	}
}
