package engine

import (
	"fmt"
	"strings"
	"testing"
)

func TestLicenceExpressionsAreReadAsAlternatives(t *testing.T) {
	for expression, want := range map[string]string{
		"MIT":                           "[[MIT]]",
		" MIT ":                         "[[MIT]]",
		"GPL-2.0+":                      "[[GPL-2.0+]]",
		"MIT OR Apache-2.0":             "[[Apache-2.0] [MIT]]",
		"mit or apache-2.0":             "[[apache-2.0] [mit]]",
		"MIT AND Apache-2.0":            "[[Apache-2.0 MIT]]",
		"MIT OR GPL-2.0-only AND ISC":   "[[GPL-2.0-only ISC] [MIT]]",
		"(MIT OR GPL-2.0-only) AND ISC": "[[GPL-2.0-only ISC] [ISC MIT]]",
		"((MIT))":                       "[[MIT]]",
		"MIT OR MIT":                    "[[MIT]]",
		"MIT AND MIT":                   "[[MIT]]",
		"GPL-2.0-only WITH Classpath-exception-2.0": "[[GPL-2.0-only WITH Classpath-exception-2.0]]",
		"DocumentRef-x:LicenseRef-ours":             "[[DocumentRef-x:LicenseRef-ours]]",
		"":                                          "[]",
		"NOASSERTION":                               "[]",
		"NONE":                                      "[]",
		"MIT OR NOASSERTION":                        "[]",
		"MIT,Apache-2.0":                            "[]",
		"Apache License 2.0":                        "[]",
		"MIT OR":                                    "[]",
		"OR MIT":                                    "[]",
		"(MIT":                                      "[]",
		"MIT)":                                      "[]",
		"MIT WITH":                                  "[]",
		"MIT AND (":                                 "[]",
		strings.Repeat("(", 40) + "MIT" + strings.Repeat(")", 40):                                "[]",
		strings.Repeat("a OR ", 2000) + "a":                                                      "[]",
		"(a OR b) AND (c OR d) AND (e OR f) AND (g OR h) AND (i OR j) AND (k OR l)":              "",
		"(a OR b) AND (c OR d) AND (e OR f) AND (g OR h) AND (i OR j) AND (k OR l) AND (m OR n)": "[]",
	} {
		have := alternatives(expression)
		if want != "" && fmt.Sprint(have) != want {
			t.Errorf("%q: %v, want %s", expression, have, want)
		}
		if want == "" && len(have) != mostAlternatives {
			t.Errorf("%q has %d alternatives", expression, len(have))
		}
	}
}

func TestCorrelatedFindingsHaveTheAlternativesOfTheirLicence(t *testing.T) {
	d := Discovery{Finding: Finding{Kind: KindLicense, Package: &Package{Name: "x"}, License: &License{SPDX: "MIT OR GPL-3.0-only"}}}
	out := Correlate([]Discovery{d})
	if have := fmt.Sprint(out[0].Finding.License.Alternatives); have != "[[GPL-3.0-only] [MIT]]" {
		t.Errorf("have %s", have)
	}
	if d.Finding.License.Alternatives != nil {
		t.Error("what went in was changed")
	}
}

func FuzzLicenceExpressionsAreBounded(f *testing.F) {
	for _, s := range []string{"MIT", "(MIT OR GPL-2.0-only) AND ISC WITH x", "((", "a AND b OR c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, expression string) {
		for _, a := range alternatives(expression) {
			if len(a) == 0 || len(a) > longestExpression {
				t.Errorf("%q has an alternative of %d licences", expression, len(a))
			}
		}
		if n := len(alternatives(expression)); n > mostAlternatives {
			t.Errorf("%q has %d alternatives", expression, n)
		}
	})
}
