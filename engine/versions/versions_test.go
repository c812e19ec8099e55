package versions

import (
	"errors"
	"strings"
	"testing"
)

func TestVersionsAreOrderedAsTheirEcosystemDoes(t *testing.T) {
	for _, c := range []struct{ ecosystem, low, high string }{
		{"npm", "4.17.9", "4.17.21"},
		{"npm", "1.0.0-rc.1", "1.0.0"},
		{"golang", "v0.0.0-20220314234659-1baeb1ce4c0b", "v0.1.0"},
		{"golang", "1.2.3", "v1.10.0"},
		{"golang", "v2.0.0+incompatible", "v2.0.1+incompatible"},
		{"maven", "2.14.1", "2.17.1"},
		{"maven", "1.0-alpha-1", "1.0"},
		{"maven", "1.0", "1.0.1-jre"},
		{"pypi", "1.0rc1", "1.0.post1"},
		{"pypi", "3.2", "3.10"},
		{"deb", "1.1.1n-0+deb11u3", "1.1.1n-0+deb11u5"},
		{"deb", "2:8.39-13", "3:1.0-1"},
		{"deb", "1.0~rc1-1", "1.0-1"},
		{"rpm", "1.1.1k-7.el8_6", "1:1.1.1k-6.el8"},
		{"apk", "1.2.3-r0", "1.2.3-r10"},
		{"gem", "6.1.7.pre", "6.1.7"},
		{"nuget", "13.0.1-beta", "13.0.1"},
		{"cargo", "0.9.9", "0.10.0"},
		{"composer", "v5.4.0-RC1", "v5.4.0"},
	} {
		for _, way := range []struct {
			a, b string
			sign int
		}{{c.low, c.high, -1}, {c.high, c.low, 1}, {c.low, c.low, 0}} {
			order, err := Compare(c.ecosystem, way.a, way.b)
			if err != nil || (order < 0) != (way.sign < 0) || (order > 0) != (way.sign > 0) {
				t.Errorf("%s: %s against %s is %d (%v), want the sign of %d", c.ecosystem, way.a, way.b, order, err, way.sign)
			}
		}
	}
}

func TestWhatHasNoKnownOrderIsAnErrorAndNotEqual(t *testing.T) {
	for _, c := range []struct{ ecosystem, a, b string }{
		{"generic", "1.0", "2.0"},
		{"", "1.0", "2.0"},
		{"npm", "", "1.0.0"},
		{"npm", "1.0.0", "latest"},
		{"npm", strings.Repeat("1.", 200) + "0", "1.0.0"},
	} {
		if order, err := Compare(c.ecosystem, c.a, c.b); err == nil {
			t.Errorf("%s: %.20s against %s is %d", c.ecosystem, c.a, c.b, order)
		}
	}
	if _, err := Compare("oci", "1", "2"); !errors.Is(err, ErrNoOrder) {
		t.Errorf("an ecosystem without an order: %v", err)
	}
}

func FuzzCompare(f *testing.F) {
	f.Add("npm", "1.0.0-rc.1+x", "1.0.0")
	f.Add("deb", "1:1.0~rc1-1", "0:2")
	f.Add("pypi", "1!2.0.post1.dev3", "2.0a1")
	f.Add("maven", "1.0-SNAPSHOT", "1-final")
	f.Add("rpm", "1.el8^git", "1.el8~1")
	f.Fuzz(func(t *testing.T, ecosystem, a, b string) {
		forth, err := Compare(ecosystem, a, b)
		back, errBack := Compare(ecosystem, b, a)
		if (err == nil) != (errBack == nil) {
			t.Fatalf("one way it has an order, the other not: %v, %v", err, errBack)
		}
		if err == nil && (forth < 0) != (back > 0) {
			t.Fatalf("%s: %q against %q is %d, and back %d", ecosystem, a, b, forth, back)
		}
	})
}
