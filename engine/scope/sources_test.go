package scope

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
)

// files are files by name and text.
func files(nameAndText ...string) (all []File) {
	for i := 0; i < len(nameAndText); i += 2 {
		all = append(all, File{nameAndText[i], []byte(nameAndText[i+1])})
	}
	return all
}

// scoped reads files, which must load.
func scoped(t *testing.T, all ...string) *Inventory {
	t.Helper()
	var assets File
	if len(all) > 0 && all[0] == "assets.yaml" {
		assets, all = File{all[0], []byte(all[1])}, all[2:]
	}
	inv, err := Read(assets, files(all...), Options{Repository: "acme/shop"})
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

// known are the facts, patterns and edges of an inventory, a line each.
func known(inv *Inventory) string {
	var out strings.Builder
	for _, d := range inv.Describe() {
		for _, f := range d.Facts {
			fmt.Fprintf(&out, "%s %s %s %s\n", d.Asset.ID, strings.TrimPrefix(f.Path, "asset."), f.Value, f.Source)
		}
		for _, m := range d.Match {
			fmt.Fprintf(&out, "%s match %s\n", d.Asset.ID, m)
		}
		for _, c := range d.Conflicts {
			fmt.Fprintf(&out, "%s conflict %s %s %s %s %s\n", d.Asset.ID, strings.TrimPrefix(c.Fact, "asset."), c.Value, c.Source, c.Other, c.By)
		}
	}
	for _, e := range inv.Edges() {
		fmt.Fprintf(&out, "%s %s %s %v %s\n", e.From, e.Kind, e.To, e.Trusted, e.Source)
	}
	return out.String()
}

// states fails unless each line is among what is known, and each absent one is not.
func states(t *testing.T, inv *Inventory, lines ...string) {
	t.Helper()
	have := "\n" + known(inv)
	for _, l := range lines {
		absent, not := strings.CutPrefix(l, "not ")
		if not == strings.Contains(have, "\n"+absent) {
			t.Errorf("%q: it is wrong in\n%s", l, have)
		}
	}
}

// warns fails unless there is one warning for each text, with it in it, and no other.
func warns(t *testing.T, inv *Inventory, texts ...string) {
	t.Helper()
	if len(inv.Warnings) != len(texts) {
		t.Errorf("have %d warnings, want %d: %q", len(inv.Warnings), len(texts), inv.Warnings)
		return
	}
	for i, text := range texts {
		if !strings.Contains(inv.Warnings[i], text) || strings.ContainsAny(inv.Warnings[i], "\n\r") {
			t.Errorf("have %q, want one line with %q", inv.Warnings[i], text)
		}
	}
}

const component = `apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: checkout
  annotations: {%s}
spec: {type: service, lifecycle: production, owner: "group:default/team-pay"}
`

func TestBackstageSaysWhoOwnsAComponentAndWhereItLies(t *testing.T) {
	inv := scoped(t, "services/checkout/catalog-info.yaml", fmt.Sprintf(component, ""))
	states(t, inv,
		"checkout owner team-pay services/checkout/catalog-info.yaml:6", "checkout environment production services/",
		"checkout type service services/", "checkout match path services/checkout/**", "not checkout exposure", "not checkout criticality")
	warns(t, inv)
	for annotation, want := range map[string]string{
		`backstage.io/source-location: "url:https://github.com/acme/shop/tree/main/apps/pay/"`:    "checkout match path apps/pay/** of acme/shop",
		`backstage.io/source-location: "url:https://github.com/acme/pay"`:                         "checkout match path ** of acme/pay",
		`backstage.io/source-location: "url:https://gitlab.example.com/acme/pay/-/tree/main/src"`: "checkout match path src/** of acme/pay",
		`backstage.io/source-location: "dir:./src"`:                                               "checkout match path services/checkout/src/**",
		`headgate.dev/paths: "a/**, b/**"`:                                                        "checkout match path b/**",
		`headgate.dev/images: ghcr.io/acme/pay`:                                                   "checkout match image ghcr.io/acme/pay",
		`headgate.dev/asset: pay`:                                                                 "pay owner team-pay",
		`headgate.dev/exposure: partner`:                                                          "checkout exposure partner services/checkout/catalog-info.yaml:5",
		`headgate.dev/data: "pii, pci"`:                                                           "checkout data pci, pii services/checkout/catalog-info.yaml:5",
		`headgate.dev/value-density: diffuse`:                                                     "checkout value_density diffuse",
		`headgate.dev/integrity: high`:                                                            "checkout requirements.integrity high",
		`headgate.dev/owner: somebody`:                                                            "checkout owner somebody services/checkout/catalog-info.yaml:5",
		`headgate.dev/uses-credentials-of: checkout`:                                              "checkout uses_credentials_of checkout true",
	} {
		states(t, scoped(t, "services/checkout/catalog-info.yaml", fmt.Sprintf(component, annotation)), want)
	}
	root := scoped(t, "catalog-info.yaml", fmt.Sprintf(component, "github.com/project-slug: Acme/Shop"))
	states(t, root, "checkout match path ** of acme/shop")
	warns(t, scoped(t, "all.yaml", fmt.Sprintf(component, "")+"---\n"+strings.Replace(fmt.Sprintf(component, ""), "name: checkout", "name: web", 1)),
		"all.yaml:4: 2 Components lie in this file", "all.yaml:11: 2 Components")
}

func TestAFileOfAnotherRepositoryIsNotThatOfTheSourceLocation(t *testing.T) {
	inv := scoped(t, "catalog-info.yaml", fmt.Sprintf(component, `backstage.io/source-location: "url:https://github.com/acme/pay/tree/main/src"`))
	for name, want := range map[string]string{"acme/pay": "checkout", "Acme/Pay": "checkout", "acme/shop": "acme/shop", "": "checkout"} {
		k := inv.Cases([]engine.Discovery{found(engine.Target{Type: engine.TargetRepository, Name: name}, "", "src/a.go")}, engine.EventPush)
		if have := k[0].Input.Asset.ID; have != want {
			t.Errorf("%q: have %s, want %s", name, have, want)
		}
	}
	if c := inv.Covered(Look{Whole: []engine.Target{{Type: engine.TargetRepository, Name: "acme/shop"}}, Repository: "acme/shop"}); c["checkout"] {
		t.Error("a scan of another repository covers it")
	}
}

func TestWhatIsSaidOfASystemHoldsForItsPartsThatDoNotSayOtherwise(t *testing.T) {
	system := "apiVersion: backstage.io/v1alpha1\nkind: System\nmetadata: {name: shop, annotations: {headgate.dev/criticality: low, headgate.dev/data: pii}}\nspec: {owner: web}\n"
	part := strings.Replace(component, "spec: {", "spec: {system: shop, ", 1)
	states(t, scoped(t, "s.yaml", system, "a/c.yaml", fmt.Sprintf(part, "")),
		"checkout criticality low s.yaml:3", "checkout data pii s.yaml:3", "checkout owner team-pay", "not shop")
	inv := scoped(t, "assets.yaml", "assets:\n  - {id: checkout, criticality: mission_critical}\n", "s.yaml", system, "a/c.yaml", fmt.Sprintf(part, ""))
	states(t, inv, "checkout criticality mission_critical assets.yaml:2", "not checkout conflict")
	states(t, scoped(t, "s.yaml", system, "a/c.yaml", fmt.Sprintf(part, "headgate.dev/criticality: operational")), "checkout criticality operational a/c.yaml:5")
}

func TestBackstageEdgesLeadToWhatIsDependedOnAndWhoProvidesAnAPI(t *testing.T) {
	entity := func(kind, name, spec string) string {
		return "apiVersion: backstage.io/v1alpha1\nkind: " + kind + "\nmetadata: {name: " + name + "}\nspec: {" + spec + "}\n---\n"
	}
	inv := scoped(t, "c.yaml", entity("API", "orders", "type: openapi")+
		entity("Component", "web", "consumesApis: [orders, 'api:default/orders'], dependsOn: ['resource:default/db', 'component:lost', 'system:shop']")+
		entity("Component", "pay", "providesApis: [orders]")+entity("Resource", "db", "type: database, dependencyOf: ['component:pay']"))
	states(t, inv, "web network pay false c.yaml:9", "web network db false c.yaml:9", "pay network db false c.yaml:19", "db type datastore c.yaml:19")
	if len(inv.Edges()) != 3 {
		t.Errorf("have %v", inv.Edges())
	}
	var lost []string
	for _, w := range inv.Warnings {
		if strings.Contains(w, "no asset") {
			lost = append(lost, w)
		}
	}
	if !slices.Equal(lost, []string{`c.yaml:9: dependsOn: "web" leads to "lost", which is no asset`}) {
		t.Errorf("have %q", inv.Warnings)
	}
	warns(t, scoped(t, "x/c.yaml", entity("Component", "web", "consumesApis: [gone]")), `x/c.yaml:4: consumesApis: "gone" is no API that is described here`)
}

func TestACycleOfOwnershipIsNamedOnce(t *testing.T) {
	group := func(name, parent string) string {
		return "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: " + name + "}\nspec: {type: team, parent: " + parent + "}\n---\n"
	}
	warns(t, scoped(t, "g.yaml", group("a", "b")+group("b", "c")+group("c", "b")+group("d", "a")),
		"g.yaml:9: group:default/b is part of itself: group:default/b → group:default/c → group:default/b")
	warns(t, scoped(t, "g.yaml", group("a", "a")), "group:default/a → group:default/a")
	warns(t, scoped(t, "g.yaml", group("a", "b")+group("b", "root")))
}

const model = `technical_assets:
  Web:
    id: web
    type: process
    internet: %s
    owner: Team Web
    confidentiality: restricted
    integrity: important
    availability: critical
    data_assets_processed: [cards, names]
    communication_links:
      Store: {target: db, authorization: %s, data_assets_received: [cards]}
  Store: {id: db, type: datastore, integrity: mission-critical, confidentiality: strictly-confidential, availability: archive}
  Shopper:
    id: shopper
    type: external-entity
    internet: true
    communication_links: {Browse: {target: db}}
data_assets:
  Cards: {id: cards, tags: [PCI, secret]}
  Names: {id: names}
trust_boundaries:
  Inner: {id: inner, technical_assets_inside: [db, shopper, lost]}
`

func TestThreagileRatingsBecomeRequirementsAndCriticality(t *testing.T) {
	inv := scoped(t, "m.yaml", fmt.Sprintf(model, "false", "technical-user"))
	states(t, inv,
		"web owner Team Web m.yaml:6", "web requirements.confidentiality medium m.yaml:7", "web requirements.integrity medium m.yaml:8",
		"web requirements.availability high m.yaml:9", "web criticality business_critical m.yaml:9", "web data pci m.yaml:10", "web type service",
		"db criticality mission_critical m.yaml:13", "db requirements.availability low", "db tags.trust_boundary inner m.yaml:23", "db type datastore",
		"web network db false m.yaml:12", "web reads_data_of db true m.yaml:12", "db exposure internet m.yaml:18",
		"not web exposure", "not shopper", "not db data")
	warns(t, inv, `m.yaml:23: technical_assets_inside: "lost" is no technical asset`)
	states(t, scoped(t, "m.yaml", fmt.Sprintf(model, "true", "enduser-identity-propagation")), "web exposure internet m.yaml:5", "web network db", "not web reads_data_of")
	odd := strings.Replace(fmt.Sprintf(model, "true", "none"), "confidentiality: restricted", "confidentiality: top-secret", 1)
	inv = scoped(t, "m.yaml", strings.Replace(odd, ", lost", "", 1))
	states(t, inv, "not web requirements.confidentiality")
	warns(t, inv, `m.yaml:7: confidentiality: "top-secret" is no rating of Threagile's`)
}

const workloads = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web, tier: front}}
    spec:
      initContainers: [{image: "docker.io/library/busybox:1"}]
      containers: [{image: "ghcr.io/acme/web:1@sha256:` + "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" + `"}]
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: clean, namespace: shop}
spec: {jobTemplate: {spec: {template: {metadata: {labels: {app: clean}}, spec: {containers: [{image: acme/clean}]}}}}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop%s}
spec: {selector: {app: web}%s}
---
`

func TestAWorkloadIsItsImages(t *testing.T) {
	inv := scoped(t, "k.yaml", fmt.Sprintf(workloads, "", ""))
	states(t, inv, "shop/web match image busybox", "shop/web match image ghcr.io/acme/web", "shop/clean match image acme/clean", "shop/web type service k.yaml:2",
		"not shop/web exposure")
	warns(t, inv)
}

func TestOnlyExplicitPublicIngressCountsAsInternet(t *testing.T) {
	ingress := func(annotations, class, path string) string {
		return fmt.Sprintf(workloads, "", "") + "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i, namespace: shop, annotations: {" + annotations +
			"}}\nspec: {ingressClassName: " + class + ", rules: [{host: shop.example.com, http: {paths: [{path: '" + path + "', backend: {service: {name: web}}}]}}]}\n"
	}
	balanced := func(annotations, more string) string {
		return fmt.Sprintf(workloads, ", annotations: {"+annotations+"}", ", type: LoadBalancer"+more)
	}
	gateway := func(class, more string) string {
		return fmt.Sprintf(workloads, "", "") + "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: edge, namespace: infra}\nspec: {gatewayClassName: " + class + more + "}\n---\n" +
			"apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r, namespace: shop}\nspec: {parentRefs: [{name: edge, namespace: infra}], hostnames: [shop.example.com], rules: [{backendRefs: [{name: web}]}]}\n"
	}
	for name, c := range map[string]struct {
		text   string
		public bool
	}{
		"ingress":                   {ingress("", "nginx", "/"), true},
		"internal ingress class":    {ingress("", "nginx-internal", "/"), false},
		"gce-internal":              {ingress("kubernetes.io/ingress.class: gce-internal", "''", "/"), false},
		"some addresses":            {ingress("nginx.ingress.kubernetes.io/whitelist-source-range: '10.0.0.0/8, 192.168.0.0/16'", "nginx", "/"), false},
		"all addresses":             {ingress("nginx.ingress.kubernetes.io/whitelist-source-range: 0.0.0.0/0", "nginx", "/"), true},
		"alb as it is":              {ingress("", "alb", "/"), false},
		"alb facing the internet":   {ingress("alb.ingress.kubernetes.io/scheme: internet-facing", "alb", "/"), true},
		"load balancer":             {balanced("", ""), true},
		"of Azure, internal":        {balanced("service.beta.kubernetes.io/azure-load-balancer-internal: 'true'", ""), false},
		"of Azure, external":        {balanced("service.beta.kubernetes.io/azure-load-balancer-internal: 'false'", ""), true},
		"of Google, internal":       {balanced("networking.gke.io/load-balancer-type: Internal", ""), false},
		"of AWS's controller":       {balanced("service.beta.kubernetes.io/aws-load-balancer-type: external", ""), false},
		"of AWS's, internet-facing": {balanced("service.beta.kubernetes.io/aws-load-balancer-type: external, service.beta.kubernetes.io/aws-load-balancer-scheme: internet-facing", ""), true},
		"of another class":          {balanced("", ", loadBalancerClass: tailscale"), false},
		"for some addresses":        {balanced("", ", loadBalancerSourceRanges: [10.0.0.0/8]"), false},
		"gateway":                   {gateway("istio", ""), true},
		"internal gateway class":    {gateway("gke-l7-rilb", ""), false},
		"internal infrastructure":   {gateway("istio", ", infrastructure: {annotations: {networking.gke.io/load-balancer-type: Internal}}"), false},
		"a gateway elsewhere":       {strings.Replace(gateway("istio", ""), "name: edge, namespace: infra}\nspec", "name: other, namespace: infra}\nspec", 1), false},
		"a Service of the cluster":  {fmt.Sprintf(workloads, "", ", type: ClusterIP"), false},
		"Knative's Service":         {strings.Replace(balanced("", ""), "apiVersion: v1", "apiVersion: serving.knative.dev/v1", 1), false},
	} {
		inv := scoped(t, "k.yaml", c.text)
		if have := strings.Contains(known(inv), "shop/web exposure internet k.yaml:"); have != c.public {
			t.Errorf("%s: public %v, want %v", name, have, c.public)
		}
		if strings.Contains(known(inv), "shop/clean exposure") {
			t.Errorf("%s: what no Service selects is exposed", name)
		}
		warns(t, inv)
	}
	for path, want := range map[string]string{"/": "shop.example.com", "/pay": "shop.example.com/pay", "/pay(/|$)(.*)": "shop.example.com/pay", "/v[12]/x": "shop.example.com"} {
		if have := known(scoped(t, "k.yaml", ingress("", "nginx", path))); !strings.Contains(have, "shop/web match host "+want+"\n") {
			t.Errorf("%s: want %s in\n%s", path, want, have)
		}
	}
	warns(t, scoped(t, "k.yaml", strings.Replace(ingress("", "nginx", "/"), "service: {name: web}", "service: {name: gone}", 1)),
		`backend: the Service "gone" is in none of the files`)
}

func TestANetworkPolicyIsReadWhereItIsSimple(t *testing.T) {
	policy := func(from string) string {
		return fmt.Sprintf(workloads, "", "") + "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: shop}\nspec: {podSelector: {matchLabels: {app: web}}, ingress: [{from: [" + from + "]}]}\n"
	}
	states(t, scoped(t, "k.yaml", policy("{podSelector: {matchLabels: {app: clean}}}")), "shop/clean network shop/web false k.yaml:23")
	for _, from := range []string{"{podSelector: {}}", "{podSelector: {matchLabels: {app: clean}}, namespaceSelector: {}}", "{ipBlock: {cidr: 10.0.0.0/8}}",
		"{podSelector: {matchExpressions: [{key: app, operator: In, values: [clean]}]}}"} {
		if inv := scoped(t, "k.yaml", policy(from)); len(inv.Edges()) != 0 {
			t.Errorf("%s: have %v", from, inv.Edges())
		}
	}
}

func TestANamespaceSpeaksForItsWorkloads(t *testing.T) {
	ns := "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, annotations: {headgate.dev/environment: staging}}\n---\n"
	states(t, scoped(t, "k.yaml", ns+fmt.Sprintf(workloads, "", "")), "shop/web environment staging k.yaml:3")
	list := "apiVersion: v1\nkind: List\nitems:\n  - {apiVersion: v1, kind: Pod, metadata: {name: p, labels: {app: p}}, spec: {containers: [{image: a/b}]}}\n"
	states(t, scoped(t, "k.yaml", list), "p match image a/b")
}

func TestCycloneDXServicesSayWhereTheyAnswer(t *testing.T) {
	inv := scoped(t, "bom.json", `{"bomFormat": "CycloneDX", "specVersion": "1.6",
"metadata": {"component": {"bom-ref": "me", "name": "checkout", "type": "application"}},
"services": [
 {"bom-ref": "1", "group": "acme", "name": "pay", "x-trust-boundary": true, "endpoints": ["https://pay.example.com/v1", "not a host"],
  "data": [{"flow": "inbound", "classification": "PII"}, {"flow": "outbound", "classification": "public"}]},
 {"bom-ref": "2", "name": "bank", "services": [{"bom-ref": "3", "name": "ledger"}]}],
"dependencies": [{"ref": "1", "dependsOn": ["2", "pkg:npm/x"]}, {"ref": "2", "dependsOn": ["3"]}, {"ref": "me", "dependsOn": ["1"]}]}`)
	states(t, inv, "acme/pay match host https://pay.example.com/v1", "acme/pay data pii bom.json:5", "acme/pay tags.x-trust-boundary true",
		"acme/pay network bank false bom.json:7", "bank network ledger", "not acme/pay exposure", "not checkout")
	warns(t, inv, `bom.json:4: endpoints: "not a host" is neither a host nor a URL`)
}

const ownersFile = "* @acme/all\n*.md @acme/docs\n/services/pay/ @acme/team-pay jo@example.com\n/services/nobody/\n/\n[section]\nx y\n"

func TestCodeownersOwnWhatNobodyElseDoes(t *testing.T) {
	assets := "assets:\n  - {id: pay, match: {paths: ['services/pay/**']}}\n  - {id: web, owner: team-web, match: {paths: ['services/web/**']}}\n" +
		"  - {id: mixed, match: {paths: ['services/pay/**', 'lib/**']}}\n  - {id: none, match: {paths: ['services/nobody/**']}}\n"
	inv := scoped(t, "assets.yaml", assets, ".github/CODEOWNERS", ownersFile, "services/CODEOWNERS", "* @x\n", "docs/CODEOWNERS", "* @y\n")
	states(t, inv, "pay owner @acme/team-pay, jo@example.com .github/CODEOWNERS:3", "web owner team-web assets.yaml:3", "not mixed owner", "not none owner",
		"not web conflict")
	warns(t, inv, "services/CODEOWNERS: it is not read", "docs/CODEOWNERS: it is not read: .github/CODEOWNERS goes before it",
		".github/CODEOWNERS:6: ", ".github/CODEOWNERS:7: ")
	states(t, scoped(t, "assets.yaml", "assets:\n  - {id: pay, owner: bank, match: {paths: ['services/pay/**']}}\n", "CODEOWNERS", ownersFile),
		"pay conflict owner bank assets.yaml:2 @acme/team-pay, jo@example.com CODEOWNERS:3")
	states(t, scoped(t, "assets.yaml", "assets:\n  - {id: pay, owner: Team-Pay, match: {paths: ['services/pay/**']}}\n", "CODEOWNERS", ownersFile),
		"not pay conflict", "pay owner Team-Pay")
	for _, c := range []struct {
		repository string
		paths      []string
		want       string
	}{
		{"acme/shop", []string{"lib/a.go"}, "@acme/all"}, {"", []string{"lib/a.md"}, "@acme/docs"}, {"acme/else", []string{"lib/a.go"}, ""},
		{"acme/shop", []string{"lib/a.go", "b.md"}, ""}, {"acme/shop", nil, ""}, {"acme/shop", []string{""}, ""},
	} {
		k := inv.Cases([]engine.Discovery{found(engine.Target{Type: engine.TargetRepository, Name: c.repository}, "", c.paths...)}, engine.EventPush)[0]
		if k.Input.Asset.Owner != c.want || (k.Provenance["asset.owner"].Source != "") != (c.want != "") {
			t.Errorf("%v: have %q of %v, want %q", c, k.Input.Asset.Owner, k.Provenance["asset.owner"], c.want)
		}
	}
}
