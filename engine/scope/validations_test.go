package scope

import (
	"strings"
	"testing"
)

const oneEntry = "validations:\n  - cve: CVE-2026-0001\n    asset: shop\n    status: exploitable\n    by: red team\n    at: 2026-11-01\n"

func TestAValidationsFileThatIsWrongSaysWhereAndWhat(t *testing.T) {
	change := func(old, new string) string { return strings.Replace(oneEntry, old, new, 1) }
	for _, c := range []struct{ text, want string }{
		{change("status: exploitable", "status: exploited"), `v.yaml:4: status is "exploited"; it can be not_exploitable, mitigated, exploitable`},
		{change("    status: exploitable\n", ""), "v.yaml:2: status is missing"},
		{change("    by: red team\n", ""), "v.yaml:2: by is missing"},
		{change("    at: 2026-11-01\n", ""), "v.yaml:2: at is missing"},
		{change("    asset: shop\n", ""), "v.yaml:2: asset, url or host says where"},
		{change("asset: shop", "asset:"), "v.yaml:3: asset is empty"},
		{change("by: red team", "by: ''"), "v.yaml:5: by is empty"},
		{change("by: red team", "by: [a]"), "v.yaml:5:"},
		{change("by: red team", `by: "a\nb"`), "v.yaml:5: by has control characters"},
		{change("by: red team", "by: "+strings.Repeat("x", 501)), "v.yaml:5: by is longer than 500 bytes"},
		{change("by: red team", "By: red team"), "v.yaml:5: there is no key By"},
		{change("at: 2026-11-01", "at: yesterday"), `v.yaml:6: at is "yesterday", which is no date`},
		{change("at: 2026-11-01", "at: 2026-11-01\n    expires: 2026-11-01"), "v.yaml:7: expires is not after at"},
		{change("exploitable", "mitigated"), "v.yaml:2: control is missing"},
		{change("by: red team", "by: red team\n    control: WAF"), "v.yaml:6: control belongs to mitigated"},
		{change("exploitable", "not_exploitable") + "    expires: 2028-01-01\n", "v.yaml:7: expires is more than 366 days after at"},
		{change("CVE-2026-0001", "CVE2026-0001"), "v.yaml:2: cve is no name"},
		{change("cve: CVE-2026-0001", "finding: hg1-12"), `v.yaml:2: finding is "hg1-12"; write the whole id`},
		{change("cve: CVE-2026-0001", "cwe: 89"), "v.yaml:2: a cwe needs a path or url"},
		{change("cve: CVE-2026-0001", "cwe: x\n    path: a"), `v.yaml:2: cwe is "x"`},
		{change("cve: CVE-2026-0001", "cwe: 89\n    path: '['"), "v.yaml:3: path is \"[\""},
		{change("cve: CVE-2026-0001", "cwe: 89\n    path: '**'"), "v.yaml:3: path takes in everything"},
		{change("asset: shop", "asset: shop\n    path: a/**"), "v.yaml:4: path belongs to cwe"},
		{change("asset: shop", "asset: shop\n    cwe: 89"), "v.yaml:2: one of finding, cve and cwe"},
		{change("asset: shop", "url: https://*.example.com"), "v.yaml:3: url is \"https://*.example.com\", which is neither a host nor a URL"},
		{change("asset: shop", "host: https://"), "v.yaml:3: host is \"https://\", which is neither"},
		{change("asset: shop", "url: https://a.example\n    host: a.example"), "v.yaml:4: url and host are both there"},
		{change("asset: shop", "asset: shop\n    asset: cart"), "v.yaml:"},
		{"validations: [3]\n", "v.yaml:1: a validation is a map"},
		{"validations: 3\n", "v.yaml:1: "},
		{"validation: []\n", "v.yaml:1: there is no key validation"},
		{"validations: []\n---\nvalidations: []\n", "one document is needed"},
		{oneEntry + strings.Repeat("#", 4<<20), "v.yaml: larger than 4 MiB"},
	} {
		_, err := ReadValidations("v.yaml", strings.NewReader(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.ContainsAny(err.Error(), "\n\r") {
			t.Errorf("have %v, want one line with %q", err, c.want)
		}
	}
	for _, good := range []string{"", "validations:\n", oneEntry, change("asset: shop", "url: https://a.example/b"), change("asset: shop", "host: a.example:8443")} {
		if _, err := ReadValidations("v.yaml", strings.NewReader(good)); err != nil {
			t.Errorf("%q is refused: %v", good, err)
		}
	}
}

// Whatever the file says: it is refused on one line, or every entry says what, where, who and when, and none excuses for ever.
func FuzzReadValidations(f *testing.F) {
	f.Add(oneEntry)
	f.Add("validations:\n  - {cwe: CWE-89, asset: shop, path: 'a/**', status: mitigated, control: x, by: y, at: 2026-11-01T00:00:00Z, expires: 2026-12-01}\n")
	f.Add("validations:\n  - &a {finding: hg1-0123456789abcdef, status: not_exploitable, by: y, at: 2026-11-01}\n  - *a\n")
	f.Fuzz(func(t *testing.T, text string) {
		all, err := ReadValidations("v.yaml", strings.NewReader(text))
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") || !strings.HasPrefix(err.Error(), "v.yaml:") || all != nil {
				t.Errorf("refused with %q and %v", err, all)
			}
			return
		}
		for _, p := range all {
			if p.Tool || p.By == "" || p.Time.IsZero() || p.Finding == "" && p.Asset == "" && p.Place == "" || p.Finding == "" && len(p.Names)+len(p.CWEs) != 1 {
				t.Errorf("%q is read as %+v", text, p)
			}
			if excuses(&p) && p.Until().Sub(p.Time) > longestExcuse {
				t.Errorf("%q excuses until %v", text, p.Until())
			}
		}
	})
}
