package scope

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/headgate/headgate/engine"
)

// Each source says something else of one asset, under the id that the others know.
var everySource = []string{
	"catalog-info.yaml", "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: pay, annotations: {headgate.dev/exposure: partner}}\nspec: {type: service, owner: two, lifecycle: staging}\n",
	"t.yaml", "technical_assets:\n  Pay: {id: pay, type: process, owner: three, internet: true, integrity: critical, data_assets_stored: [c]}\ndata_assets: {c: {id: c, tags: [pci]}}\n",
	"k.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: pay, annotations: {headgate.dev/owner: four, headgate.dev/data: 'pii, pci', headgate.dev/mission: support}}\nspec: {template: {spec: {containers: [{image: a/pay}]}}}\n",
	"b.json", `{"bomFormat": "CycloneDX", "services": [{"name": "pay", "endpoints": ["pay.example.com"]}]}`,
	"CODEOWNERS", "/* @acme/five\n/services/ @acme/six\n",
}

func TestTheSourceThatGoesBeforeIsBelievedAndTheOthersAreShown(t *testing.T) {
	inv := scoped(t, append([]string{"assets.yaml", "assets:\n  - {id: pay, owner: one, match: {paths: ['services/**']}}\n"}, everySource...)...)
	states(t, inv,
		"pay owner one assets.yaml:2", "pay exposure partner catalog-info.yaml:3", "pay environment staging catalog-info.yaml:4",
		"pay criticality business_critical t.yaml:2", "pay mission support k.yaml:3", "pay match host pay.example.com", "pay match image a/pay",
		"pay data pci, pii t.yaml:2, k.yaml:3", "not pay match path **\n",
		"pay conflict owner one assets.yaml:2 two catalog-info.yaml:4", "pay conflict owner one assets.yaml:2 three t.yaml:2",
		"pay conflict owner one assets.yaml:2 four k.yaml:3", "pay conflict exposure partner catalog-info.yaml:3 internet t.yaml:2")
	k := inv.Cases([]engine.Discovery{found(shop, "", "services/a.go")}, engine.EventPush)[0]
	if !slices.Contains(k.Conflicts, engine.Conflict{Fact: "asset.exposure", Value: "partner", Source: "catalog-info.yaml:3", Other: "internet", By: "t.yaml:2"}) {
		t.Errorf("the case has the conflicts %+v", k.Conflicts)
	}
	if k.Provenance["asset.data"].Source != "t.yaml:2, k.yaml:3" {
		t.Errorf("data come from %q", k.Provenance["asset.data"].Source)
	}
	kinds := []string{}
	for _, f := range inv.Files() {
		kinds = append(kinds, f.Kind)
	}
	if !slices.Equal(kinds, SourceNames()) {
		t.Errorf("read %v, want each of %v", kinds, SourceNames())
	}
}

func TestTheOrderOfFilesDoesNotMatter(t *testing.T) {
	want := known(scoped(t, everySource...))
	for range 20 {
		all := files(everySource...)
		rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		inv, err := Read(File{}, all, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if have := known(inv); have != want {
			t.Fatalf("have\n%s\nwant\n%s", have, want)
		}
	}
}

func TestSourcesMeanOneAssetByIdOrAliasAlone(t *testing.T) {
	backstage := "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: %s, annotations: {%s}}\nspec: {owner: two, type: service}\n"
	workload := "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: pay, namespace: bank, labels: {%s}, annotations: {%s}}\nspec: {template: {spec: {containers: [{image: a/pay}]}}}\n"
	for _, c := range []struct {
		name, assets, backstage, workload string
		want                              int
	}{
		{"another id", "", fmt.Sprintf(backstage, "pay", ""), fmt.Sprintf(workload, "", ""), 2},
		{"an alias of the assets file", "assets:\n  - {id: x, aliases: [pay, bank/pay]}\n", fmt.Sprintf(backstage, "pay", ""), fmt.Sprintf(workload, "", ""), 1},
		{"Backstage's link to Kubernetes", "", fmt.Sprintf(backstage, "shop-pay", "backstage.io/kubernetes-id: p"), fmt.Sprintf(workload, "backstage.io/kubernetes-id: p", ""), 1},
		{"an annotation", "", fmt.Sprintf(backstage, "shop-pay", ""), fmt.Sprintf(workload, "", "headgate.dev/asset: shop-pay"), 1},
		{"an alias of an annotation", "", fmt.Sprintf(backstage, "shop-pay", ""), fmt.Sprintf(workload, "", "headgate.dev/aliases: 'a, shop-pay'"), 1},
		{"names that differ in case", "", fmt.Sprintf(backstage, "Pay", ""), fmt.Sprintf(strings.Replace(workload, ", namespace: bank", "", 1), "", ""), 2},
	} {
		inv, err := Read(File{"assets.yaml", []byte(c.assets)}, files("a/c.yaml", c.backstage, "k.yaml", c.workload), Options{})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if have := len(inv.Assets()); have != c.want {
			t.Errorf("%s: have %d assets, want %d:\n%s", c.name, have, c.want, known(inv))
		}
	}
}

func TestWhatIsWrittenForHeadgateAloneIsAnErrorWhereItIsWrong(t *testing.T) {
	annotated := func(a string) string { return fmt.Sprintf(component, a) }
	for _, c := range []struct{ assets, text, want string }{
		{"", annotated("headgate.dev/exposure: internett"), `c.yaml:5: exposure is "internett"; it can be isolated, internal, partner, internet`},
		{"", annotated("headgate.dev/exposed: true"), "c.yaml:5: there is no annotation headgate.dev/exposed; there are aliases, asset, availability"},
		{"", annotated("headgate.dev/owner: ' '"), "c.yaml:5: headgate.dev/owner is empty"},
		{"", annotated("headgate.dev/paths: '['"), `c.yaml:5: headgate.dev/paths: "[" is no pattern`},
		{"", "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {headgate.dev/integrity: 3}}\n", `c.yaml:3: requirements.integrity is "3"; it can be low, medium, high`},
		{"assets:\n  - id: a\n    match: {paths: [a]}\n    reaches: [lost]\n", "", "assets.yaml:4: reaches: a leads to lost, which is no asset"},
		{"assets:\n  - {id: a, match: {paths: [a]}}\n  - {id: b, aliases: [a], match: {paths: [b]}}\n", "", "assets.yaml:3: b is called a, as a is already"},
		{"assets:\n  - {id: a, aliases: [b], match: {paths: [a]}}\n  - {id: b, match: {paths: [b]}}\n", "", "assets.yaml:3: b is also what a is called"},
		{"assets:\n  - {id: a, aliases: [''], match: {paths: [a]}}\n", "", "assets.yaml:2: a value of aliases is empty"},
		{"assets:\n  - {id: a}\n", "", "assets.yaml:2: asset a has no match"},
	} {
		_, err := Read(File{"assets.yaml", []byte(c.assets)}, files("c.yaml", c.text), Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("have %v, want %q", err, c.want)
		}
	}
	// An edge of the assets file may lead to what another source names.
	states(t, scoped(t, "assets.yaml", "assets:\n  - {id: a, match: {paths: [a]}, reaches: [checkout]}\n", "x/c.yaml", annotated("")), "a network checkout false")
}

func TestWhatCannotBeReadIsAWarningThatNamesTheFile(t *testing.T) {
	pod := "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{image: %s}]}\n"
	for _, c := range []struct{ text, want string }{
		{"apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Values.name }}\n", "c.yaml: a template, not YAML"},
		{"apiVersion: v1\nkind: Pod\n{{- if .Values.x }}\nmetadata: {name: a}\n{{- end }}\n", "c.yaml: a template, not YAML"},
		{"apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: '${{ values.name }}'}\n", "c.yaml: a template, not YAML"},
		{"apiVersion: v1\nkind: Pod\n\tmetadata: a\n", "c.yaml:2: found a tab"},
		{"apiVersion: v1\nkind: Pod\nmetadata: {}\n", "c.yaml:2: metadata.name: the Pod has no name"},
		{"apiVersion: v1\nkind: Pod\nmetadata: {name: [a]}\n", "c.yaml:3: one value is needed; it is left out"},
		{fmt.Sprintf(pod, "'not an image!'"), `c.yaml:4: image: "not an image!" is no image`},
		{"apiVersion: v1\nkind: Pod\nmetadata: {name: \"a\\u202eb\"}\n", `c.yaml:3: "a\u202eb" can be no id`},
		{"technical_assets: {a: {type: process}}\n", `c.yaml: technical_assets: "a" has no id`},
		{"technical_assets: {a: {id: a, type: process, communication_links: {x: {protocol: http}}}}\n", `c.yaml:1: communication_links: "x" of a has no target`},
		{"apiVersion: v1\nkind: Pod\n" + strings.Repeat("#", MaxFileBytes), "c.yaml: larger than 16 MiB"},
	} {
		inv := scoped(t, "c.yaml", c.text)
		if !slices.ContainsFunc(inv.Warnings, func(w string) bool { return strings.Contains(w, c.want) && !strings.Contains(w, "\n") }) {
			t.Errorf("%.60q: have %q, want %q", c.text, inv.Warnings, c.want)
		}
	}
	// What is written for others is passed over: text in braces that YAML quotes, files of other kinds, packages alone.
	quiet := scoped(t, "m.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: 'up {{ $labels.x }}'}\n",
		"w.yaml", "on: push\njobs: {}\n", "a.txt", "apiVersion: v1", "b.json", `{"bomFormat": "CycloneDX", "components": []}`, "e.yaml", "")
	warns(t, quiet)
	if quiet.Silent != 4 {
		t.Errorf("%d files say nothing, want 4", quiet.Silent)
	}
}

func TestConflictsAreBounded(t *testing.T) {
	var all []string
	for i := range 500 {
		all = append(all, fmt.Sprintf("k%03d.yaml", i), fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {headgate.dev/owner: o%d}}\nspec: {containers: [{image: a/b}]}\n", i))
	}
	if have := len(scoped(t, all...).Describe()[0].Conflicts); have != mostConflicts {
		t.Errorf("have %d conflicts, want %d", have, mostConflicts)
	}
}

// Each of these is of a few lines, and stands for more than any machine can go through: without its bound the test would not end.
func TestBombsAndGreatInputsEnd(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c < 'k'; c++ {
		bomb += fmt.Sprintf("%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c]\n", c, c, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1)
	}
	nested := "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: " + strings.Repeat("[", 20_000)
	services := `s0: &s0 [{name: x}]` + "\n"
	for i := range 9 {
		services += fmt.Sprintf("s%d: &s%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("{name: x, services: *s%d}, ", i), 9), ", "))
	}
	for name, text := range map[string]string{
		"aliases":         bomb + "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: x, tags: *j}\nspec: {dependsOn: *j}\n",
		"nested aliases":  "bomFormat: CycloneDX\n" + services + "services: *s9\n",
		"itself":          "apiVersion: v1\nkind: List\nitems: &i [*i]\n",
		"itself, deeper":  "bomFormat: CycloneDX\nservices: &s [{name: a, services: *s}]\n",
		"deep":            nested,
		"merged for ever": "apiVersion: v1\nkind: Pod\nmetadata: &m {<<: *m, name: a}\n",
	} {
		if inv := scoped(t, "c.yaml", text); len(inv.Warnings) == 0 {
			t.Errorf("%s: nothing is said", name)
		}
	}
}

// manyManifests are so many files of Kubernetes, each of another Deployment.
func manyManifests(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("deploy/%05d.yaml", i), strings.ReplaceAll(fmt.Sprintf(workloads, "", ", type: LoadBalancer"), "web", fmt.Sprintf("web%d", i)))
	}
	return all
}

// greatModel is a model of Threagile with so many technical assets, each of which leads to another.
func greatModel(n int) string {
	var m strings.Builder
	m.WriteString("technical_assets:\n")
	for i := range n {
		fmt.Fprintf(&m, "  Asset %d:\n    id: a%d\n    type: process\n    confidentiality: internal\n    integrity: important\n    communication_links:\n      Next: {target: a%d}\n", i, i, i/2)
	}
	return m.String()
}

// A long run reads 10,000 manifests and a model of more than a megabyte.
func TestManyManifestsAndAGreatModelAreReadWhole(t *testing.T) {
	manifests, assets := 100, 500
	if os.Getenv("HEADGATE_LONG") != "" {
		manifests, assets = 10_000, 8_000
	}
	inv := scoped(t, append(manyManifests(manifests), "model.yaml", greatModel(assets))...)
	if have, want := len(inv.Assets()), manifests+1+assets; have != want { // the manifests have one in common
		t.Errorf("have %d assets, want %d", have, want)
	}
	warns(t, inv)
}

func BenchmarkCasesOfTenThousandAssets(b *testing.B) {
	var text strings.Builder
	text.WriteString("assets:\n")
	for i := range 10_000 {
		fmt.Fprintf(&text, "  - {id: a%d, match: {paths: ['services/s%d/**'], images: [ghcr.io/acme/s%d]}}\n", i, i, i)
	}
	inv, err := ReadAssets("assets.yaml", strings.NewReader(text.String()))
	if err != nil {
		b.Fatal(err)
	}
	var all []engine.Discovery
	for i := range 1_000 {
		all = append(all, found(shop, "", fmt.Sprintf("services/s%d/main.go", i*7)))
	}
	for b.Loop() {
		inv.Cases(all, engine.EventPush)
	}
}

func TestAPatternIsOnlyLeftOutWhereItCannotFit(t *testing.T) {
	for _, p := range []string{"a", "a/**", "a*", "a/b", "**", "", "{a,b}", "[a]", "\\a", "a?", "ab"} {
		for _, name := range []string{"", "a", "a/b", "ab", "b", "a/b/c"} {
			if doublestar.MatchUnvalidated(p, name) && !begins(p, name) {
				t.Errorf("%q fits %q and is left out", p, name)
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(0, fmt.Sprintf(component, "headgate.dev/exposure: internet"))
	f.Add(1, fmt.Sprintf(model, "true", "none"))
	f.Add(2, fmt.Sprintf(workloads, "", ", type: LoadBalancer"))
	f.Add(3, `{"bomFormat": "CycloneDX", "services": [{"name": "a", "bom-ref": "1"}], "dependencies": [{"ref": "1", "dependsOn": ["1"]}]}`)
	f.Add(4, ownersFile)
	for _, text := range everySource {
		f.Add(5, text)
	}
	f.Fuzz(func(t *testing.T, kind int, text string) {
		name := "a/c.yaml"
		if kind == 4 {
			name = "CODEOWNERS"
		}
		all := append(files(everySource...), File{name, []byte(text)})
		inv, err := Read(File{"assets.yaml", []byte("assets: [{id: a, match: {paths: ['services/**']}}]")}, all, Options{Repository: "acme/shop"})
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") || !strings.Contains(err.Error(), "c.yaml") {
				t.Errorf("the error has several lines or names no file: %q", err)
			}
			return
		}
		known := map[string]bool{}
		for _, d := range inv.Describe() {
			if known[d.Asset.ID] || !isID(d.Asset.ID) {
				t.Errorf("asset %q is there twice, or has no id", d.Asset.ID)
			}
			known[d.Asset.ID] = true
			for _, fact := range d.Facts {
				if fact.Value == "" || fact.Source == "" {
					t.Errorf("%s: %+v has no value or source", d.Asset.ID, fact)
				}
			}
		}
		for _, e := range inv.Edges() {
			if !known[e.From] || !known[e.To] || e.Source == "" {
				t.Errorf("the edge %+v leads nowhere, or from nowhere", e)
			}
		}
		inv.Cases([]engine.Discovery{found(shop, "pkg:npm/x", "services/a.go"), found(image, "")}, engine.EventPush)
	})
}
