package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
)

func TestTheVersionToUpgradeToIsTheLowestAboveAllThatAreFound(t *testing.T) {
	for _, c := range []struct {
		versions, fixed string
		want            string
	}{
		{"1.1.1k-1,1.0~rc1-1", "1.1.1n-0+deb11u3,1.1.1k-1+deb11u1", "1.1.1k-1+deb11u1"},
		{"2.14.1", "2.17.1", "2.17.1"},
		{"2.14.1", "2.3.1,2.12.2,2.15.0", "2.15.0"},
		{"5.3.17", "5.3.18,5.2.20", "5.3.18"},
		{"5.3.17,5.2.1", "5.2.20,5.3.18", "5.3.18"},
		{"1.9", "1.10.0", "1.10.0"},
		{"1.0", "1.0", "1.0"},                    // none is above: what the source says, without a judgement
		{"abc", "1.1.1,3.0.1", "1.1.1 or 3.0.1"}, // no order: every fix that is known
		{"2.0.0", "2.0.1-rc1", "2.0.1-rc1"},
		{"", "1.2.0", "1.2.0"},
		{"1.0.0", "", ""},
		{"1.0.0", "1.0.0,1.0.1", "1.0.1"}, // a fix is above what is found, not equal to it
	} {
		p := &engine.Package{Name: "p", Ecosystem: "deb"}
		if c.versions != "" {
			p.Versions = strings.Split(c.versions, ",")
		}
		if c.fixed != "" {
			p.Fixed = strings.Split(c.fixed, ",")
		}
		if have := fixedIn(p); have != c.want {
			t.Errorf("found %s, fixed in %s: have %q, want %q", c.versions, c.fixed, have, c.want)
		}
	}
}

func component(id, purl, version, fixed string, p engine.Priority) *engine.Case {
	return &engine.Case{
		Input: engine.Input{Finding: engine.Finding{
			ID: "hg1-" + id, Kind: engine.KindVulnerability, Vulnerability: &engine.Vulnerability{ID: id},
			Package: &engine.Package{PURL: purl, Ecosystem: strings.Split(purl[len("pkg:"):], "/")[0], Name: purl[strings.LastIndex(purl, "/")+1:], Versions: []string{version}, Fixed: []string{fixed}},
		}},
		Decision: engine.Decision{Priority: p},
	}
}

func TestFixesOfOnePackageBecomeOneUpgradeToTheHighestVersion(t *testing.T) {
	all := todos(&engine.Result{}, []*engine.Case{
		component("1", "pkg:npm/request", "1.0.0", "1.2.0", engine.Attend),
		component("2", "pkg:npm/request", "1.0.0", "1.10.0", engine.Act),
		component("3", "pkg:npm/request", "1.0.0", "1.9.0", engine.Attend),
		component("4", "pkg:pypi/request", "1.0.0", "7.0.0", engine.Attend), // another package of the same name
		component("5", "pkg:deb/debian/openssl", "3.0.1-1", "3.0.2-1", engine.Attend),
		component("6", "pkg:deb/debian/openssl", "3.0.1-1", "3.0.9-1", engine.Attend),
		component("7", "pkg:generic/zlib", "1.0", "1.1", engine.Attend),
		component("8", "pkg:generic/zlib", "1.0", "1.2", engine.Attend), // which is higher is not for us to say
	})
	var have []string
	for _, d := range all {
		have = append(have, fmt.Sprintf("%s %s %s, %s", d.verb, d.target, d.to, clears(d)))
	}
	want := []string{
		"upgrade request to 1.10.0, clears 1 act, 2 attend",
		"upgrade openssl to 3.0.9-1, clears 2 attend",
		"upgrade request to 7.0.0, clears 1 attend",
		"upgrade zlib to 1.1, clears 1 attend",
		"upgrade zlib to 1.2, clears 1 attend",
	}
	if strings.Join(have, "\n") != strings.Join(want, "\n") {
		t.Errorf("have\n%s\nwant\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
}

func TestShortIDsAreTheShortestThatNameOneFinding(t *testing.T) {
	ids := []string{"hg1-aaaaaa1111", "hg1-aaaaaa1122", "hg1-aaaaab0000", "hg1-bbbbbbbbbb", "hg1-bbbbbbbbbb", "hg1-cc", "odd"}
	var cases []engine.Case
	for _, id := range ids {
		cases = append(cases, engine.Case{Input: engine.Input{Finding: engine.Finding{ID: id, IDs: []string{id}}}})
	}
	cases[3].Input.Finding.IDs = append(cases[3].Input.Finding.IDs, "hg1-bbbbbbbxxx") // another name of the same finding is still another word
	have := ShortIDs(cases)
	for id, want := range map[string]string{
		"hg1-aaaaaa1111": "hg1-aaaaaa111", "hg1-aaaaaa1122": "hg1-aaaaaa112", "hg1-aaaaab0000": "hg1-aaaaab",
		"hg1-bbbbbbbbbb": "hg1-bbbbbbbb", "hg1-cc": "hg1-cc", "odd": "odd",
	} {
		if have[id] != want {
			t.Errorf("%s: have %s, want %s", id, have[id], want)
		}
	}
}

func TestWhyBeginsWithWhatCarriesThePriority(t *testing.T) {
	raise := func(to engine.Priority, firm bool, m string) engine.Reason {
		return engine.Reason{Kind: "raise", To: to, Firm: firm, Message: m}
	}
	lower := engine.Reason{Kind: "cap", To: engine.TrackStar, Message: "not reachable."}
	for _, c := range []struct {
		name     string
		priority engine.Priority
		reasons  []engine.Reason
		want     string
	}{
		{"firm first, lesser raises and idle caps not at all", engine.Act,
			[]engine.Reason{raise(engine.Attend, false, "lesser"), raise(engine.Act, false, "soft"), raise(engine.Act, true, "firm"), {Kind: "cap", To: engine.Act, Message: "idle"}}, "firm|soft"},
		{"what a cap lowered", engine.TrackStar, []engine.Reason{raise(engine.Act, false, "exploited"), lower}, "exploited|not reachable"},
		{"a cap that a firm raise beats", engine.Act, []engine.Reason{raise(engine.Act, true, "exploited"), lower}, "exploited"},
		{"an action without a priority", engine.Track, []engine.Reason{{Kind: "deny", Message: "secrets are never allowed"}}, "secrets are never allowed"},
		{"the same words once", engine.Act, []engine.Reason{raise(engine.Act, false, "exploited"), raise(engine.Act, false, "exploited.")}, "exploited"},
		{"nothing", engine.Track, nil, ""},
	} {
		if have := strings.Join(why(&engine.Decision{Priority: c.priority, Reasons: c.reasons}), "|"); have != c.want {
			t.Errorf("%s: have %q, want %q", c.name, have, c.want)
		}
	}
}
