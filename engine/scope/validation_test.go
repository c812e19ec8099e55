package scope

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/headgate/headgate/engine"
)

// tried is a tool's proof on a day, by Nuclei unless p says otherwise.
func tried(days int, p engine.Proof) engine.Proof {
	p.Tool, p.Time, p.Source = true, day.AddDate(0, 0, days), "report"
	if p.By == "" {
		p.By = "nuclei"
	}
	if p.Status == "" {
		p.Status = "exploitable"
	}
	return p
}

// stated is somebody's statement on a day.
func stated(days int, by, status string, p engine.Proof) engine.Proof {
	p.By, p.Status, p.Time, p.Source = by, status, day.AddDate(0, 0, days), "v.yaml:1"
	return p
}

const answering = "assets:\n  - {id: shop, name: Storefront, match: {images: ['ghcr.io/acme/shop'], hosts: ['shop.example.com']}}\n" +
	"  - {id: fronted, match: {hosts: ['shop.example.com', 'admin.example.com']}}\n"

var cve = []string{"CVE-2026-0001"}

func TestWhatAProofIsAbout(t *testing.T) {
	inv := read(t, answering)
	now := day.AddDate(0, 0, 10)
	component := caseOf("pkg:npm/ws", "7.5.9")
	component.Input.Finding.IDs = []string{"hg1-0", "hg1-1"}
	many := caseOf("pkg:npm/ws", "7.5.9")
	many.Input.Finding.Vulnerability = &engine.Vulnerability{ID: "GHSA-2", CVEs: []string{"CVE-2026-0001", "CVE-2026-0002"}}
	code := engine.Case{Input: engine.Input{
		Finding: engine.Finding{ID: "hg1-2", IDs: []string{"hg1-2"}, Kind: engine.KindWeakness, CWEs: []int{89}, Locations: []engine.Location{{Path: "internal/db/q.go", Line: 3}}},
		Asset:   engine.Asset{ID: "shop"},
	}}
	page := code
	page.Input.Finding.Locations = []engine.Location{{URL: "https://shop.example.com/cart/1?id"}}
	pages := code
	pages.Input.Finding.Locations = []engine.Location{{URL: "https://shop.example.com/cart/1?id"}, {URL: "https://shop.example.com/admin?id"}}
	files := code
	files.Input.Finding.Locations = []engine.Location{{Path: "internal/db/q.go", Line: 3}, {Path: "internal/admin/q.go", Line: 3}}
	fronted := caseOf("pkg:npm/ws", "7.5.9")
	fronted.Input.Asset = engine.Asset{ID: "fronted"}
	unnamed := caseOf("pkg:npm/ws", "7.5.9")
	unnamed.Input.Asset = engine.Asset{ID: "old.example.com:8080", Type: "host"}
	for _, c := range []struct {
		name   string
		is     engine.Case
		proof  engine.Proof
		status string
	}{
		{"a CVE on a host of the asset", component, tried(0, engine.Proof{Names: cve, Place: "https://shop.example.com/x"}), "exploitable"},
		{"by an alias", component, tried(0, engine.Proof{Names: []string{"GHSA-1"}, Place: "shop.example.com"}), "exploitable"},
		{"on another host", component, tried(0, engine.Proof{Names: cve, Place: "https://admin.example.com/"}), ""},
		{"another CVE", component, tried(0, engine.Proof{Names: []string{"CVE-2026-0009"}, Place: "shop.example.com"}), ""},
		{"on the host that nobody named", unnamed, tried(0, engine.Proof{Names: cve, Place: "http://old.example.com:8080/a"}), "exploitable"},
		{"on another port of it", unnamed, tried(0, engine.Proof{Names: cve, Place: "http://old.example.com/a"}), ""},
		{"nowhere, with one asset", component, tried(0, engine.Proof{Names: cve, Validation: engine.Validation{By: "picus"}}), "exploitable"},
		{"expired", component, tried(-81, engine.Proof{Names: cve, Place: "shop.example.com"}), ""},
		{"about to expire", component, tried(-79, engine.Proof{Names: cve, Place: "shop.example.com"}), "exploitable"},
		{"stated by id", component, stated(0, "me", "mitigated", engine.Proof{Finding: "hg1-1"}), "mitigated"},
		{"stated by id on another asset", component, stated(0, "me", "mitigated", engine.Proof{Finding: "hg1-1", Asset: "cart"}), ""},
		{"stated by the asset's name", component, stated(0, "me", "mitigated", engine.Proof{Names: cve, Asset: "Storefront"}), "mitigated"},
		{"stated by URL", component, stated(0, "me", "mitigated", engine.Proof{Names: cve, Place: "https://shop.example.com"}), "mitigated"},
		{"stated for the day after tomorrow", component, stated(12, "me", "mitigated", engine.Proof{Names: cve, Asset: "shop"}), ""},
		{"one of two CVEs excused", many, stated(0, "me", "mitigated", engine.Proof{Names: cve, Asset: "shop"}), ""},
		{"one of two CVEs exploited", many, stated(0, "me", "exploitable", engine.Proof{Names: cve, Asset: "shop"}), "exploitable"},
		{"the name of both excused", many, stated(0, "me", "mitigated", engine.Proof{Names: []string{"GHSA-2"}, Asset: "shop"}), "mitigated"},
		{"a CWE at the path", code, stated(0, "me", "not_exploitable", engine.Proof{CWEs: []int{89}, Asset: "shop", Path: "internal/**"}), "not_exploitable"},
		{"a CWE at another path", code, stated(0, "me", "not_exploitable", engine.Proof{CWEs: []int{89}, Asset: "shop", Path: "cmd/**"}), ""},
		{"another CWE", code, stated(0, "me", "not_exploitable", engine.Proof{CWEs: []int{79}, Asset: "shop", Path: "**"}), ""},
		{"a CWE on the asset's host is not that line", code, tried(0, engine.Proof{CWEs: []int{89}, Place: "https://shop.example.com/cart/1?id"}), ""},
		{"a CWE at the URL that was tried", page, tried(0, engine.Proof{CWEs: []int{89}, Place: "https://shop.example.com/cart/1?id"}), "exploitable"},
		{"a CWE at a URL above, tried", page, tried(0, engine.Proof{CWEs: []int{89}, Place: "https://shop.example.com/cart"}), ""},
		{"a CWE at a URL above, stated", page, stated(0, "me", "mitigated", engine.Proof{CWEs: []int{89}, Place: "https://shop.example.com/cart"}), "mitigated"},
		{"a CWE at another URL", page, stated(0, "me", "mitigated", engine.Proof{CWEs: []int{89}, Place: "https://shop.example.com/car"}), ""},
		{"stated by a URL of one page", component, stated(0, "me", "mitigated", engine.Proof{Names: cve, Place: "https://shop.example.com/cart"}), ""},
		{"exploited at one page", component, stated(0, "me", "exploitable", engine.Proof{Names: cve, Place: "https://shop.example.com/cart"}), "exploitable"},
		{"stopped at one page by a tool", component, tried(0, engine.Proof{Names: cve, Place: "https://shop.example.com/cart", Validation: engine.Validation{Status: "mitigated"}}), "mitigated"},
		{"stated of one of two pages", pages, stated(0, "me", "mitigated", engine.Proof{CWEs: []int{89}, Place: "https://shop.example.com/cart"}), ""},
		{"stated of what is above two pages", pages, stated(0, "me", "mitigated", engine.Proof{CWEs: []int{89}, Place: "https://shop.example.com"}), "mitigated"},
		{"exploited at one of two pages", pages, stated(0, "me", "exploitable", engine.Proof{CWEs: []int{89}, Place: "https://shop.example.com/cart"}), "exploitable"},
		{"stated of one of two paths", files, stated(0, "me", "not_exploitable", engine.Proof{CWEs: []int{89}, Asset: "shop", Path: "internal/db/**"}), ""},
		{"stated of both paths", files, stated(0, "me", "not_exploitable", engine.Proof{CWEs: []int{89}, Asset: "shop", Path: "internal/**"}), "not_exploitable"},
		{"stated of one of two hosts", fronted, stated(0, "me", "mitigated", engine.Proof{Names: cve, Place: "https://shop.example.com"}), ""},
		{"exploited at one of two hosts", fronted, stated(0, "me", "exploitable", engine.Proof{Names: cve, Place: "https://shop.example.com"}), "exploitable"},
	} {
		cases := []engine.Case{c.is}
		inv.ApplyProofs(cases, []engine.Proof{c.proof}, now)
		got := ""
		if v := cases[0].Input.Context.Validation; v != nil {
			got = v.Status
		}
		if got != c.status {
			t.Errorf("%s: %q, want %q", c.name, got, c.status)
		}
	}
	// A simulation that names no place is of no asset in particular where there are several.
	other := component
	other.Input.Asset = engine.Asset{ID: "cart"}
	cases := []engine.Case{component, other}
	inv.ApplyProofs(cases, []engine.Proof{tried(0, engine.Proof{Names: cve})}, now)
	if cases[0].Input.Context.Validation != nil || cases[1].Input.Context.Validation != nil {
		t.Error("a proof of no place is about one of two assets")
	}
}

func TestTheWorseOfSeveralSourcesCountsAndTheLaterOfOne(t *testing.T) {
	at := func(p engine.Proof) engine.Proof { p.Names, p.Asset = cve, "shop"; return p }
	hit := func(days int, status string) engine.Proof {
		return tried(days, engine.Proof{Names: cve, Place: "shop.example.com", Attempt: "x", Validation: engine.Validation{Status: status}})
	}
	for _, c := range []struct {
		name, want string
		conflicts  int
		proofs     []engine.Proof
	}{
		{"two sources", "exploitable", 1, []engine.Proof{hit(0, ""), at(stated(5, "me", "not_exploitable", engine.Proof{}))}},
		{"one source, later better", "mitigated", 0, []engine.Proof{at(stated(0, "me", "exploitable", engine.Proof{})), at(stated(5, "Me", "mitigated", engine.Proof{}))}},
		{"one source, later worse", "exploitable", 0, []engine.Proof{at(stated(5, "me", "exploitable", engine.Proof{})), at(stated(0, "me", "mitigated", engine.Proof{}))}},
		{"one source, equally late", "exploitable", 1, []engine.Proof{at(stated(0, "me", "exploitable", engine.Proof{})), at(stated(0, "me", "mitigated", engine.Proof{}))}},
		{"somebody called as the tool", "exploitable", 1, []engine.Proof{hit(0, ""), at(stated(5, "nuclei", "not_exploitable", engine.Proof{}))}},
		{"the tool again", "mitigated", 0, []engine.Proof{hit(0, ""), hit(5, "mitigated")}},
		{"stated anew of the host only", "exploitable", 1, []engine.Proof{at(stated(0, "me", "exploitable", engine.Proof{})), stated(5, "me", "mitigated", engine.Proof{Names: cve, Place: "shop.example.com"})}},
		{"stated anew of one page, which is not all", "exploitable", 0, []engine.Proof{at(stated(0, "me", "exploitable", engine.Proof{})), stated(5, "me", "mitigated", engine.Proof{Names: cve, Place: "shop.example.com/cart"})}},
	} {
		cases := []engine.Case{caseOf("pkg:npm/ws", "7.5.9")}
		read(t, answering).ApplyProofs(cases, c.proofs, day.AddDate(0, 0, 10))
		v := cases[0].Input.Context.Validation
		if v == nil || v.Status != c.want || len(cases[0].Conflicts) != c.conflicts {
			t.Errorf("%s: %+v with %+v, want %s", c.name, v, cases[0].Conflicts, c.want)
		}
	}
}

// Whatever is shown, in whatever order: the same facts; nothing but validation changes; and nothing is excused that a proof which still
// holds, and that its own source has not replaced, shows to be exploitable.
func TestProofsOrderDoesNotMatterAndNothingExploitedIsExcused(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	inv := read(t, answering)
	now := day.AddDate(0, 0, 10)
	for range 3000 {
		var all []engine.Proof
		exploited := false
		for range random.IntN(6) {
			p := engine.Proof{Names: cve, Asset: []string{"shop", "cart"}[random.IntN(2)]}
			p = stated(random.IntN(12)-2, []string{"a", "b"}[random.IntN(2)], validationStatuses[random.IntN(3)], p)
			if random.IntN(3) == 0 {
				p = tried(random.IntN(10)-85, engine.Proof{Names: cve, Place: "shop.example.com", Attempt: "x"})
				exploited = exploited || now.Before(p.Until())
			}
			all = append(all, p)
		}
		cases, again := []engine.Case{caseOf("pkg:npm/ws", "1")}, []engine.Case{caseOf("pkg:npm/ws", "1")}
		plain := text(t, cases)
		shuffled := slices.Clone(all)
		random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		inv.ApplyProofs(cases, all, now)
		inv.ApplyProofs(again, shuffled, now)
		if a, b := text(t, cases), text(t, again); a != b {
			t.Fatalf("%+v show\n%s\nin one order and in another\n%s", all, a, b)
		}
		if v := cases[0].Input.Context.Validation; exploited && (v == nil || v.Status != "exploitable") {
			t.Fatalf("%+v come to %+v", all, v)
		}
		cases[0].Input.Context.Validation, cases[0].Provenance, cases[0].Conflicts = nil, nil, nil
		if text(t, cases) != plain {
			t.Fatalf("%+v change more than validation", all)
		}
	}
}

func TestProofAgainstWhatOthersSayIsAConflict(t *testing.T) {
	c := caseOf("pkg:npm/ws", "1")
	x := &c.Input.Context
	x.Validation = &engine.Validation{Status: "exploitable", By: "nuclei"}
	x.Reachability = &engine.Reachability{Verdict: "unreachable", By: "govulncheck"}
	x.Runtime = &engine.Runtime{Loaded: false}
	x.VEX = &engine.VEX{Status: "not_affected", Source: "acme"}
	cases := []engine.Case{c}
	Contradict(cases)
	Contradict(cases) // each once
	var facts []string
	for _, k := range cases[0].Conflicts {
		facts = append(facts, k.Fact+" "+k.Value+" "+k.Other+" "+k.By)
	}
	want := []string{"context.reachability unreachable exploitable nuclei", "context.runtime not loaded exploitable nuclei", "context.vex not_affected exploitable nuclei"}
	if !slices.Equal(facts, want) {
		t.Errorf("have %q, want %q", facts, want)
	}
	c.Conflicts, x.Validation = nil, &engine.Validation{Status: "mitigated"}
	cases = []engine.Case{c}
	if Contradict(cases); cases[0].Conflicts != nil {
		t.Errorf("what is mitigated contradicts %+v", cases[0].Conflicts)
	}
}

func TestWhatVEXJustifiesIsReachabilityWhereNoToolFoundAWay(t *testing.T) {
	for _, c := range []struct {
		justification string
		tool          string
		want          string
		conflicts     int
	}{
		{"vulnerable_code_not_in_execute_path", "", "unreachable acme medium", 0},
		{"code_not_reachable", "potential", "unreachable acme medium", 0},
		{"code_not_reachable", "reachable", "reachable tool high", 1},
		{"code_not_reachable", "unreachable", "unreachable tool high", 0},
		{"inline_mitigations_already_exist", "", "", 0},
		{"component_not_present", "", "", 0},
	} {
		k := caseOf("pkg:npm/ws", "1")
		k.Input.Context.VEX = &engine.VEX{Status: "not_affected", Justification: c.justification, Source: "acme"}
		if c.tool != "" {
			k.Input.Context.Reachability = &engine.Reachability{Verdict: c.tool, By: "tool", Confidence: "high"}
		}
		cases := []engine.Case{k}
		ReachByVEX(cases)
		got := ""
		if r := cases[0].Input.Context.Reachability; r != nil {
			got = r.Verdict + " " + r.By + " " + r.Confidence
		}
		if got != c.want || len(cases[0].Conflicts) != c.conflicts {
			t.Errorf("%s beside %q: %q with %+v, want %q", c.justification, c.tool, got, cases[0].Conflicts, c.want)
		}
	}
}

func TestWhatWasSeenLoaded(t *testing.T) {
	inv := read(t, answering)
	now := day.AddDate(0, 0, 10)
	pkg := func(purl, version, found string) engine.Package {
		p := engine.Package{PURL: purl, Ecosystem: purlType(purl), Name: purl[len("pkg:npm/"):], Found: []string{found}}
		if version != "" {
			p.Versions = []string{version}
		}
		return p
	}
	see := func(asset string, days, window int, all ...engine.Package) engine.Observation {
		return engine.Observation{Asset: asset, Components: all, WindowDays: window, Time: day.AddDate(0, 0, days), Source: "seen"}
	}
	ws, other := pkg("pkg:npm/ws", "7.5.9", "pkg:npm/ws@7.5.9"), pkg("pkg:npm/a", "1", "pkg:npm/a@1")
	image := see("ghcr.io/acme/shop", 0, 40, other)
	image.Image = "ghcr.io/acme/shop"
	elsewhere := image
	elsewhere.Image, elsewhere.Asset = "ghcr.io/acme/worker", "shop"
	for _, c := range []struct {
		name string
		all  []engine.Observation
		want string
	}{
		{"in its version", []engine.Observation{see("shop", 0, 40, ws)}, "true 40"},
		{"by the asset's name", []engine.Observation{see("Storefront", 0, 0, ws)}, "true 0"},
		{"in no version", []engine.Observation{see("shop", 0, 40, pkg("pkg:npm/ws", "", "pkg:npm/ws"))}, "true 40"},
		{"in another version", []engine.Observation{see("shop", 0, 40, pkg("pkg:npm/ws", "8.0.0", "pkg:npm/ws@8.0.0"))}, ""},
		{"not", []engine.Observation{see("shop", 0, 40, other)}, "false 40"},
		{"not, and nothing of its type", []engine.Observation{see("shop", 0, 40, pkg("pkg:gem/ws", "7.5.9", ""))}, ""},
		{"not, by its source package", []engine.Observation{see("shop", 0, 40, pkg("pkg:npm/b", "1", "pkg:npm/b@1?upstream=ws@7"))}, ""},
		{"on another asset", []engine.Observation{see("cart", 0, 40, other)}, ""},
		{"in the image", []engine.Observation{image}, "false 40"},
		{"in another image", []engine.Observation{elsewhere}, ""},
		{"by one of two", []engine.Observation{see("shop", 0, 90, other), see("shop", 0, 7, ws)}, "true 7"},
		{"by none of two", []engine.Observation{see("shop", 0, 7, other), see("shop", 0, 90, other)}, "false 90"},
		{"too long ago", []engine.Observation{see("shop", -20, 40, ws)}, ""},
		{"of the future", []engine.Observation{see("shop", 12, 40, ws)}, ""},
		{"at a time that is not known", []engine.Observation{{Asset: "shop", Components: []engine.Package{ws}}}, ""},
	} {
		cases := []engine.Case{caseOf("pkg:npm/ws", "7.5.9")}
		cases[0].Input.Asset.Name = "Storefront"
		inv.ApplyObservations(cases, c.all, now)
		got := ""
		if r := cases[0].Input.Context.Runtime; r != nil {
			got = map[bool]string{true: "true ", false: "false "}[r.Loaded] + strconv.Itoa(r.WindowDays)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestASourcePackageIsLoadedIfWhatIsInstalledOfItIs(t *testing.T) {
	inv := read(t, answering)
	seen := func(name, source string) engine.Package {
		p := engine.Package{PURL: "pkg:deb/debian/" + name, Ecosystem: "deb", Name: name, Source: source, Versions: []string{"3.0.2"}}
		if source != "" {
			p.Binaries = []string{name}
		}
		return p
	}
	for _, c := range []struct {
		name      string
		installed []string // of the source openssl; none: not known
		seen      []engine.Package
		want      string
	}{
		{"by its package", []string{"libssl3"}, []engine.Package{seen("libssl3", "")}, "true"},
		{"by its package, of a source", []string{"libssl3"}, []engine.Package{seen("libssl3", "openssl")}, "true"},
		{"by one of two", []string{"libcrypto3", "libssl3"}, []engine.Package{seen("libssl3", "")}, "true"},
		{"not", []string{"libssl3"}, []engine.Package{seen("zlib1g", "zlib")}, "false"},
		{"by another package of the source", []string{"openssl"}, []engine.Package{seen("libssl3", "openssl")}, ""},
		{"by a package that is called like the source", []string{"libssl3"}, []engine.Package{seen("openssl", "")}, ""},
		{"of which nothing is known to be installed", nil, []engine.Package{seen("zlib1g", "zlib")}, ""},
		{"of which nothing is known to be installed, by its name", nil, []engine.Package{seen("openssl", "")}, ""},
	} {
		cases := []engine.Case{caseOf("pkg:deb/debian/openssl", "3.0.2")}
		p := cases[0].Input.Finding.Package
		p.Ecosystem, p.Name, p.Source, p.Binaries, p.Found = "deb", "openssl", "openssl", c.installed, nil
		inv.ApplyObservations(cases, []engine.Observation{{Asset: "shop", Components: c.seen, WindowDays: 30, Time: day, Source: "seen"}}, day.AddDate(0, 0, 1))
		got := ""
		if r := cases[0].Input.Context.Runtime; r != nil {
			got = strconv.FormatBool(r.Loaded)
		}
		if got != c.want {
			t.Errorf("%s: loaded is %q, want %q", c.name, got, c.want)
		}
	}
}
