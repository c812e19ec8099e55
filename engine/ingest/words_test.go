package ingest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
)

func TestSeverityWords(t *testing.T) {
	for word, want := range map[string]engine.Severity{
		"CRITICAL": "critical", "Critical": "critical", " high ": "high", "Important": "high", "error": "high", "MODERATE": "medium",
		"medium": "medium", "warning": "medium", "Low": "low", "note": "low", "Negligible": "info", "none": "info", "INFO": "info",
		"UNKNOWN": "", "Unknown": "", "": "", "7.5": "", "très grave": "",
	} {
		if got := severityOf(word); got != want {
			t.Errorf("%q is %q, want %q", word, got, want)
		}
	}
}

func TestSeverityOfScoreHasTheBoundsOfCVSS(t *testing.T) {
	for score, want := range map[float64]engine.Severity{
		-1: "", 0: "", 0.1: "low", 3.9: "low", 4: "medium", 6.9: "medium", 7: "high", 8.9: "high", 9: "critical", 10: "critical", 10.1: "",
	} {
		if got := severityOfScore(score); got != want {
			t.Errorf("%v is %q, want %q", score, got, want)
		}
	}
}

func TestTheWorseSeverityIsTheSameInEitherOrder(t *testing.T) {
	all := []engine.Severity{"", "info", "low", "medium", "high", "critical"}
	for i, a := range all {
		for j, b := range all {
			if got, want := worse(a, b), all[max(i, j)]; got != want {
				t.Errorf("of %q and %q the worse is %q, want %q", a, b, got, want)
			}
		}
	}
}

func TestCWENumbersAreFoundInTheFormsThatToolsWrite(t *testing.T) {
	for _, c := range []struct {
		texts []string
		want  []int
	}{
		{[]string{"CWE-79"}, []int{79}},
		{[]string{"CWE-079: Improper neutralisation", "external/cwe/cwe-022"}, []int{22, 79}},
		{[]string{"CWE-89", "cwe: 89", "CWE 89"}, []int{89}},
		{[]string{"CWE-0", "CWE-", "NVD-CWE-noinfo", "CWE-123456", "XCWE-7", ""}, nil},
		{nil, nil},
	} {
		if got := cwesIn(c.texts...); !slices.Equal(got, c.want) {
			t.Errorf("in %q are %v, want %v", c.texts, got, c.want)
		}
	}
}

func TestCVEIds(t *testing.T) {
	for id, want := range map[string]bool{
		"CVE-2021-44228": true, "cve-2021-44228": true, "CVE-2024-1000001": true, "CVE-2021-442": false, "CVE-21-44228": false,
		"CVE-2021-44228x": false, "CVE-2021": false, "CVE-": false, "": false, "GHSA-jfh8-c2jp-5v3q": false, "XCVE-2021-44228": false,
	} {
		if isCVE(id) != want {
			t.Errorf("%q is a CVE: %v, want %v", id, !want, want)
		}
	}
}

func TestVulnerabilitiesKeepOnlyExactNames(t *testing.T) {
	for _, c := range []struct {
		names string
		want  string // id [cves] [aliases]
	}{
		{"CVE-2021-44228", "CVE-2021-44228 [CVE-2021-44228] []"},
		{"cve-2021-44228 CVE-2021-44228", "CVE-2021-44228 [CVE-2021-44228] []"},
		{"GO-2021-1 GHSA-a CVE-2021-0001", "CVE-2021-0001 [CVE-2021-0001] [GHSA-a GO-2021-1]"},
		{"GO-2021-1 CVE-2021-0002 GHSA-a CVE-2021-0001", "GO-2021-1 [CVE-2021-0001 CVE-2021-0002] []"},
		{"CVE-2021-0002 CVE-2021-0001 GHSA-a", "CVE-2021-0002 [CVE-2021-0002] []"},
		{"DSA-5000-1", "DSA-5000-1 [] []"},
		{"DSA-5000-1 CVE-2021-0001", "CVE-2021-0001 [CVE-2021-0001] []"},
		{"USN-1-1 UBUNTU-CVE-2021-0001", "CVE-2021-0001 [CVE-2021-0001] [UBUNTU-CVE-2021-0001]"},
		{"ALAS2LIVEPATCH-2024-1 CVE-2021-0001 CVE-2021-0002", "ALAS2LIVEPATCH-2024-1 [CVE-2021-0001 CVE-2021-0002] []"},
		{"SUSE-SU-2024:1-1 CVE-2021-0001", "CVE-2021-0001 [CVE-2021-0001] []"},
		{"TEMP-0841856-B18BAF", "TEMP-0841856-B18BAF [] []"},
		{"BIT-django-2022-1 CVE-2022-0001 PYSEC-2022-1", "CVE-2022-0001 [CVE-2022-0001] [BIT-django-2022-1 PYSEC-2022-1]"},
	} {
		names := strings.Fields(c.names)
		v := vulnerabilityOf(names[0], names[1:]...)
		if got := fmt.Sprintf("%v %v %v", v.ID, v.CVEs, v.Aliases); got != c.want {
			t.Errorf("%s is %s, want %s", c.names, got, c.want)
		}
	}
	long := strings.Repeat("x", 201)
	if v := vulnerabilityOf(long, long+"y"); v == nil || v.ID != long || v.Aliases != nil {
		t.Errorf("a long id is %v", v)
	}
	if v := vulnerabilityOf("", " ", "\x00"); v != nil {
		t.Errorf("no name is %v", v)
	}
}

func TestImagesAreNamedWithoutTagAndDigest(t *testing.T) {
	digest := "@sha256:" + strings.Repeat("a", 64)
	for ref, want := range map[string]string{
		"nginx": "nginx", "docker.io/library/nginx:1.27": "nginx", "ghcr.io/acme/x:v1" + digest: "ghcr.io/acme/x",
		"localhost:5000/team/app:1": "localhost:5000/team/app", "acme/web" + digest: "acme/web", "NOT An Image": "NOT An Image",
	} {
		if got := ImageTarget(ref); got != (engine.Target{Type: engine.TargetImage, Name: want}) {
			t.Errorf("%s is %v, want %s", ref, got, want)
		}
	}
}

func TestTitlesAreOneLineOfBoundedLengthWithoutControlCharacters(t *testing.T) {
	for in, want := range map[string]string{
		"  two\n lines\t ":           "two lines",
		"\x1b]0;title\x07 red":       "]0;title red",
		"right \u202eto left":        "right to left",
		strings.Repeat("ü", 200):     strings.Repeat("ü", 150) + "…",
		strings.Repeat("a", 300):     strings.Repeat("a", 300),
		"bad \xff byte":              "bad byte",
		strings.Repeat(" \u200b", 5): "",
	} {
		if got := strings.TrimSpace(clip(in)); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

func TestPathsAreRelativeToTheScannedTree(t *testing.T) {
	b := &batch{options: Options{Roots: []string{"/home/runner/work/shop", `C:\src\shop`}}}
	for in, want := range map[string]string{
		"/home/runner/work/shop/go.mod":         "go.mod",
		"file:///home/runner/work/shop/a%20b.c": "a b.c",
		"file:///C:/src/shop/x.c":               "x.c",
		`C:\src\shop\dir\x.c`:                   "dir/x.c",
		"./a/../b.c":                            "b.c",
		"/home/runner/work/shopping/go.mod":     "/home/runner/work/shopping/go.mod",
		"../up.tf":                              "../up.tf",
		"":                                      "",
		".":                                     "",
	} {
		if got := b.path(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

func TestContentIsTheSameWhereverTheLinesMove(t *testing.T) {
	at := contentOf("10: if a {\n11:   b()\n12: }")
	for _, other := range []string{"if a {\n\tb()\n}", "110 | if a {\n111 |   b()\n112 | }", "  if a { b() }  "} {
		if contentOf(other) != at {
			t.Errorf("%q is other content", other)
		}
	}
	if contentOf("if a { c() }") == at || contentOf(" \n ") != "" {
		t.Error("other text is the same content, or none is some")
	}
}
