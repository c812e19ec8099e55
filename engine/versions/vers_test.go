package versions

import (
	"strings"
	"testing"
)

func TestARangeHoldsWhatItsConstraintsSay(t *testing.T) {
	for _, c := range []struct{ ecosystem, text, in, out string }{
		{"npm", "vers:npm/>=1.2.0|<1.4.2", "1.2.0 1.4.1 1.3.0-rc.1", "1.4.2 1.1.9 1.2.0-rc.1 2.0.0"},
		{"npm", "vers:npm/<1.4.2|>=2.0.0|<2.1.0", "0.1.0 1.4.1 2.0.5", "1.4.2 1.9.0 2.1.0"},
		{"npm", "vers:npm/<2.1.0|>=2.0.0|<1.4.2", "1.4.1 2.0.5", "1.9.0"}, // in no order
		{"npm", "vers:npm/1.2.3|1.2.5|>=2.0.0", "1.2.3 1.2.5 2.0.0 3.0.0", "1.2.4 1.0.0"},
		{"npm", "vers:npm/>=1.0.0|!=1.5.0|<2.0.0", "1.4.9 1.5.1", "1.5.0 2.0.0"},
		{"npm", "vers:npm/!=1.5.0", "1.4.9 2.0.0", "1.5.0"},
		{"npm", "vers:npm/*", "0.0.1", ""},
		{"npm", "vers:semver/<1.0.0", "0.9.9", "1.0.0"},
		{"deb", "vers:deb/<1:3.0.11-1~deb12u2", "1:3.0.11-1~deb12u1 9.9-1", "1:3.0.11-1~deb12u2 1:3.0.11-1 2:1.0-1"},
		{"deb", "vers:debian/<1%3A3.0", "1:2.9", "1:3.1"},
		{"golang", "vers:golang/>=1.0.0|<2.0.1%2Bincompatible", "2.0.0+incompatible v1.5.0", "v2.0.1+incompatible 0.9.0"},
		{"maven", "<2.17.1", "2.14.1", "2.17.1 2.18"},
		{"pypi", "vls:>=3.0|<3.2.5", "3.0 3.2.4 3.2.5rc1", "3.2.5 2.9"},
		{"apk", "vers:alpine/<=3.1.4-r5", "3.1.4-r5 3.1.4-r4", "3.1.4-r6"},
		{"rpm", "vers:rpm/>=1:1.1.1k-6.el8", "1:1.1.1k-7.el8_6", "3.0.7-1.el9"}, // no epoch is epoch 0
	} {
		r, err := ParseRange(c.ecosystem, c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		for want, list := range map[bool]string{true: c.in, false: c.out} {
			for v := range strings.FieldsSeq(list) {
				if in, err := r.Contains(v); err != nil || in != want {
					t.Errorf("%s has %s: %v (%v), want %v", c.text, v, in, err, want)
				}
			}
		}
	}
}

func TestWhatIsNoCertainRangeIsAnErrorAndHoldsNothing(t *testing.T) {
	for _, c := range []struct{ ecosystem, text string }{
		{"npm", ""}, {"npm", "vers:"}, {"npm", "vers:npm"}, {"npm", "vers:npm/"}, {"npm", "vers:pypi/<2.0"}, {"npm", "vers:generic/<2.0.0"},
		{"generic", "vers:generic/<2.0.0"}, {"npm", "vers:npm/>1.0.0|>2.0.0"}, {"npm", "vers:npm/<1.0.0|<2.0.0"}, {"npm", "vers:npm/1.0.0|<1.0.0"},
		{"npm", "vers:npm/>=1.0.0||<2.0.0"}, {"npm", ">=1.0.0 <2.0.0"}, {"npm", "1.x"}, {"npm", "vers:npm/<latest"}, {"npm", "all versions"},
		{"npm", "vers:npm/*|<2.0.0"}, {"npm", "vers:npm/%zz"}, {"npm", "vers:npm/" + strings.Repeat("<1.0.0|", 300)},
		{"deb", "vers:semver/<1.0"},
	} {
		if r, err := ParseRange(c.ecosystem, c.text); err == nil {
			t.Errorf("%s %.40q is %+v", c.ecosystem, c.text, r)
		}
	}
	r, err := ParseRange("npm", "vers:npm/*")
	if err != nil {
		t.Fatal(err)
	}
	if in, err := r.Contains("latest"); err == nil || in {
		t.Error("what is no version is in a range")
	}
}

func FuzzParseRange(f *testing.F) {
	f.Add("npm", "vers:npm/>=1.2.0|<1.4.2", "1.3.0")
	f.Add("deb", "vers:deb/<1:3.0~rc1|!=2.0", "1:2.9")
	f.Add("pypi", "vls:>=3.0|<3.2.5", "3.2.5rc1")
	f.Fuzz(func(t *testing.T, ecosystem, text, version string) {
		r, err := ParseRange(ecosystem, text)
		if err != nil {
			return
		}
		in, err := r.Contains(version)
		if in && err != nil {
			t.Errorf("%s has %s, and that cannot be told: %v", text, version, err)
		}
	})
}
