package change

import (
	"fmt"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
)

// largeChange is 50,000 findings of a base and as many of a head, half of them the same, and a diff of 5 MB: a lockfile that was
// written anew, and many files of code.
func largeChange() (base, head []engine.Discovery, diff string) {
	var b strings.Builder
	for i := range 25_000 {
		is := vulnerable(fmt.Sprintf("CVE-2026-%d", i), "npm", fmt.Sprintf("lib-%d", i%5000), fmt.Sprintf("1.%d.0", i%100), "package-lock.json")
		code := weakness(fmt.Sprintf("G%d", i%50), fmt.Sprintf("pkg%d/a.go", i%2000), i%400+1, fmt.Sprint("content ", i))
		base, head = append(base, is, code), append(head, is, code)
		if i%2 == 0 {
			head[2*i].Finding.Vulnerability = &engine.Vulnerability{ID: fmt.Sprintf("CVE-2027-%d", i)}
			head[2*i+1].Content = fmt.Sprint("other ", i)
		}
	}
	const packages = 18_000
	fmt.Fprintf(&b, "diff --git a/package-lock.json b/package-lock.json\nindex 1..2 100644\n--- a/package-lock.json\n+++ b/package-lock.json\n@@ -0,0 +1,%d @@\n", packages*4)
	for i := range packages {
		fmt.Fprintf(&b, "+    \"node_modules/lib-%d\": {\n+      \"version\": \"1.%d.0\",\n+      \"resolved\": \"https://registry.npmjs.org/lib-%[1]d/-/lib-%[1]d-1.%[2]d.0.tgz\",\n"+
			"+      \"integrity\": \"sha512-0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz\"\n", i*3, i%100)
	}
	for i := range 1000 {
		b.WriteString(modified(fmt.Sprintf("pkg%d/a.go", i), " a", "+"+strings.Repeat("x", 900), "-c", " d"))
	}
	return base, head, b.String()
}

// One second is far too long for this.
func BenchmarkClassify(b *testing.B) {
	before, after, text := largeChange()
	known := NewBase()
	known.AddReports(engine.Correlate(before), complete)
	h := headOf(after...)
	for name, base := range map[string]*Base{"base and diff": known, "diff alone": nil} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				d, err := ParseDiff(strings.NewReader(text))
				if err != nil {
					b.Fatal(err)
				}
				if all := Classify(h, base, d); len(all) != len(h.Found) {
					b.Fatal("not all are judged")
				}
				base.Fixed(h)
			}
			b.ReportMetric(float64(len(text))/1e6, "MB-of-diff")
			b.ReportMetric(float64(len(h.Found)), "findings")
		})
	}
}
