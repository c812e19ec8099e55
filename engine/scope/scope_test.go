package scope

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
)

const twoAssets = `assets:
  - id: checkout
    owner: team-pay
    criticality: mission_critical
    data: [pii, pci]
    exposure: internet
    match:
      paths: ["services/checkout/**", "package-lock.json"]
      images: ["ghcr.io/acme/checkout"]
  - id: returns
    match:
      paths: ["services/returns/**", "package-lock.json"]
      purls: ["pkg:npm/%40acme/**"]
      repositories: ["acme/returns*"]
`

func read(t *testing.T, text string) *Inventory {
	t.Helper()
	inv, err := ReadAssets(".headgate/assets.yaml", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func found(target engine.Target, purl string, paths ...string) engine.Discovery {
	d := engine.Discovery{Target: target, Finding: engine.Finding{ID: "hg1-1", Kind: engine.KindVulnerability}}
	for _, p := range paths {
		d.Finding.Locations = append(d.Finding.Locations, engine.Location{Path: p})
	}
	if purl != "" {
		d.Finding.Package = &engine.Package{PURL: purl, Name: purl}
	}
	return d
}

var (
	shop  = engine.Target{Type: engine.TargetRepository, Name: "acme/shop"}
	image = engine.Target{Type: engine.TargetImage, Name: "ghcr.io/acme/checkout"}
)

func TestAFindingBelongsToEveryAssetThatMatchesIt(t *testing.T) {
	inv := read(t, twoAssets)
	for _, c := range []struct {
		name string
		d    engine.Discovery
		want []string
	}{
		{"by path", found(shop, "", "services/checkout/main.go"), []string{"checkout"}},
		{"a shared lockfile", found(shop, "", "package-lock.json"), []string{"checkout", "returns"}},
		{"by image", found(image, "pkg:deb/debian/curl"), []string{"checkout"}},
		{"a path does not match in an image", found(image, "", "services/returns/x"), []string{"checkout"}},
		{"by package", found(shop, "pkg:npm/%40acme/ui", "elsewhere.json"), []string{"returns"}},
		{"by repository", found(engine.Target{Type: engine.TargetRepository, Name: "acme/returns-api"}, "", "x"), []string{"returns"}},
		{"by none", found(shop, "", "tools/x.go"), []string{"acme/shop"}},
		{"by none, of no name", found(engine.Target{Type: engine.TargetRepository}, "", "x"), []string{"this repository"}},
		{"any of several places", found(shop, "", "tools/x.go", "services/returns/y.go"), []string{"returns"}},
	} {
		var have []string
		for _, k := range inv.Cases([]engine.Discovery{c.d}, engine.EventPush) {
			have = append(have, k.Input.Asset.ID)
		}
		if !slices.Equal(have, c.want) {
			t.Errorf("%s: have %v, want %v", c.name, have, c.want)
		}
	}
}

func TestAFindingBelongsToTheSameAssetsAmongOthersAsAlone(t *testing.T) {
	inv := read(t, twoAssets)
	var all []engine.Discovery
	for _, target := range []engine.Target{shop, image, {Type: engine.TargetRepository, Name: "acme/returns-api"}, {Type: engine.TargetHost, Name: "a"}} {
		for _, purl := range []string{"", "pkg:npm/%40acme/ui", "pkg:npm/x"} {
			for _, paths := range [][]string{nil, {"package-lock.json"}, {"services/checkout/a"}, {"services/returns/a", "x"}, {"x"}} {
				d := found(target, purl, paths...)
				d.Finding.ID = fmt.Sprintf("hg1-%03d", len(all))
				all = append(all, d)
			}
		}
	}
	var together, alone []string
	for _, k := range inv.Cases(all, engine.EventPush) {
		together = append(together, k.Input.Finding.ID+" "+k.Input.Asset.ID)
	}
	for _, d := range all {
		for _, k := range inv.Cases([]engine.Discovery{d}, engine.EventPush) {
			alone = append(alone, k.Input.Finding.ID+" "+k.Input.Asset.ID)
		}
	}
	if !slices.Equal(together, alone) {
		t.Errorf("together %v\nalone %v", together, alone)
	}
}

func TestADefaultAssetHasNoFacts(t *testing.T) {
	k := (&Inventory{}).Cases([]engine.Discovery{found(shop, "", "x")}, engine.EventPush)[0]
	a := k.Input.Asset
	if a.Criticality != "" || a.Exposure != "" || a.Data != nil || a.Environment != "" || len(k.Provenance) != 0 {
		t.Errorf("have %+v with %v", a, k.Provenance)
	}
}

func TestFactsSayWhereTheyStand(t *testing.T) {
	k := read(t, twoAssets).Cases([]engine.Discovery{found(image, "")}, engine.EventPush)[0]
	for fact, want := range map[string]string{"asset.exposure": ".headgate/assets.yaml:6", "asset.data": ".headgate/assets.yaml:5"} {
		if have := k.Provenance[fact].Source; have != want {
			t.Errorf("%s: have %q, want %q", fact, have, want)
		}
	}
	if !slices.Equal(k.Input.Asset.Data, []string{"pci", "pii"}) {
		t.Errorf("have data %v, want it sorted", k.Input.Asset.Data)
	}
	if _, there := read(t, twoAssets).Cases([]engine.Discovery{found(shop, "pkg:npm/%40acme/ui")}, "push")[0].Provenance["asset.exposure"]; there {
		t.Error("a fact that is not known has a source")
	}
}

func TestDataClassesAreASet(t *testing.T) {
	for text, want := range map[string][]string{"[pii, pci, pii]": {"pci", "pii"}, "[]": nil} {
		k := read(t, "assets:\n  - {id: a, data: "+text+", match: {paths: ['**']}}\n").Cases([]engine.Discovery{found(shop, "", "x")}, engine.EventPush)[0]
		if have := k.Input.Asset.Data; !slices.Equal(have, want) {
			t.Errorf("%s: have %v, want %v", text, have, want)
		}
		if from, there := k.Provenance["asset.data"]; there != (want != nil) {
			t.Errorf("%s: the source is %+v", text, from)
		}
	}
}

func TestCasesDoNotDependOnTheOrderOfFindings(t *testing.T) {
	a, b := found(shop, "", "package-lock.json"), found(shop, "", "package-lock.json")
	b.Finding.ID = "hg1-0"
	inv := read(t, twoAssets)
	one, two := inv.Cases([]engine.Discovery{a, b}, "push"), inv.Cases([]engine.Discovery{b, a}, "push")
	for i := range one {
		if one[i].Input.Finding.ID != two[i].Input.Finding.ID || one[i].Input.Asset.ID != two[i].Input.Asset.ID {
			t.Fatalf("case %d differs", i)
		}
	}
}

func TestAnAssetsFileThatIsWrongSaysWhereAndWhat(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"assets:\n  - id: a\n    exposure: internett\n    match: {paths: ['**']}\n", `a.yaml:3: exposure is "internett"; it can be isolated, internal, partner, internet`},
		{"assets:\n  - id: a\n    crticality: low\n", "a.yaml:3: there is no key crticality"},
		{"assets:\n  - id: a\n", "a.yaml:2: asset a has no match"},
		{"assets:\n  - id: a\n    match: {paths: ['[']}\n", `"[" is no pattern`},
		{"assets:\n  - id: a\n    match: {paths: ['**']}\n  - id: a\n    match: {paths: ['**']}\n", "a.yaml:4: asset a is there already, on line 2"},
		{"assets:\n  - name: a\n    match: {paths: ['**']}\n", "asset 1 has no id"},
		{"assets:\n  - id: a\n    owner: ''\n    match: {paths: ['**']}\n", "a.yaml:3: owner is empty"},
		{"assets:\n  - id: a\n    exposure: null\n    match: {paths: ['**']}\n", "a.yaml:3: exposure is empty; leave it out if it is not known"},
		{"assets:\n  - id: a\n    owner:\n    match: {paths: ['**']}\n", "a.yaml:3: owner is empty"},
		{"assets:\n  - id: a\n    data: ~\n    match: {paths: ['**']}\n", "a.yaml:3: data is empty"},
		{"assets:\n  - id: a\n    tags:\n    match: {paths: ['**']}\n", "a.yaml:3: tags is empty"},
		{"assets:\n  - id: a\n    tags: {team: null}\n    match: {paths: ['**']}\n", "a.yaml:3: a value of tags is empty"},
		{"assets:\n  - id: a\n    data: ['', pii, pii]\n    match: {paths: ['**']}\n", "a.yaml:3: a value of data is empty"},
		{"assets:\n  - id: a\n    data: [pii, null]\n    match: {paths: ['**']}\n", "a.yaml:3: a value of data is empty"},
		{"assets:\n  - id: a\n    data: pii\n    tags: [x]\n    match: {paths: ['**']}\n", "a.yaml:3: "},
		{"assets:\n  - id: a\n    match: {paths: ['**']}\n" + strings.Repeat("#", 16<<20), "a.yaml: larger than 16 MiB"},
		{"assets: 3\n", "a.yaml:1: "},
		{"assets:\n\t- id: a\n", "a.yaml:2: "},
		{"assets: []\n---\nassets: []\n", "one document is needed"},
		{"assets:\n  - id: a\n    id: b\n", "a.yaml:"},
	} {
		_, err := ReadAssets("a.yaml", strings.NewReader(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("have %v, want one line with %q", err, c.want)
		}
	}
	if inv, err := ReadAssets("a.yaml", strings.NewReader("")); err != nil || len(inv.assets) != 0 {
		t.Errorf("an empty file: have %v, %v", inv, err)
	}
}

func FuzzReadAssets(f *testing.F) {
	f.Add(twoAssets)
	f.Add("assets:\n  - {id: a, tags: {x: y}, match: {paths: ['**']}}\n")
	f.Fuzz(func(t *testing.T, text string) {
		inv, err := ReadAssets("a.yaml", strings.NewReader(text))
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") {
				t.Errorf("the error has several lines: %q", err)
			}
			return
		}
		inv.Cases([]engine.Discovery{found(shop, "pkg:npm/x", "a/b")}, engine.EventPush)
	})
}

func TestAnAssetStatesItsSecurityRequirements(t *testing.T) {
	inv := read(t, "assets:\n  - id: a\n    value_density: concentrated\n    requirements:\n      confidentiality: high\n      availability: low\n    match: {paths: [x]}\n")
	e := inv.assets[0]
	if r := e.asset.Requirements; r == nil || *r != (engine.Requirements{Confidentiality: "high", Availability: "low"}) {
		t.Errorf("the requirements are %+v", r)
	}
	if have := e.lines["asset.requirements.availability"]; have != ".headgate/assets.yaml:6" {
		t.Errorf("availability stands at %q", have)
	}
	if e.asset.ValueDensity != "concentrated" {
		t.Errorf("the value density is %q", e.asset.ValueDensity)
	}
	for text, want := range map[string]string{
		"{secrecy: high}":           "there is no key secrecy",
		"{integrity: very}":         `integrity is "very"; it can be low, medium, high`,
		"{integrity: }":             "a value of requirements is empty",
		"{}":                        "requirements is empty",
		"":                          "requirements is empty",
		"high":                      "`high` does not fit here",
		"[high]":                    "cannot unmarshal",
		"{confidentiality: [high]}": "cannot unmarshal",
	} {
		_, err := ReadAssets("assets.yaml", strings.NewReader("assets:\n  - id: a\n    requirements: "+text+"\n    match: {paths: [x]}\n"))
		if err == nil || !strings.HasPrefix(err.Error(), "assets.yaml:3: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestAPackageOfADistributionIsAnAssetsByItsSourceOrByWhatIsInstalled(t *testing.T) {
	for _, glob := range []string{"pkg:deb/debian/openssl", "pkg:deb/debian/libssl*"} {
		inv := read(t, "assets:\n  - id: base\n    match:\n      purls: ['"+glob+"']\n")
		d := engine.Discovery{Target: engine.Target{Type: engine.TargetImage, Name: "acme/other"}, Finding: engine.Finding{
			Kind: engine.KindVulnerability, Package: &engine.Package{PURL: "pkg:deb/debian/openssl", Name: "openssl", Binaries: []string{"libssl3"}}}}
		cases := inv.Cases([]engine.Discovery{d}, "push")
		if len(cases) != 1 || cases[0].Input.Asset.ID != "base" {
			t.Errorf("%s: %+v", glob, cases)
		}
	}
}
