package scope

import (
	"cmp"
	"testing"

	"github.com/headgate/headgate/engine"
)

func TestAnAssetIsCoveredOnceAPlaceWhereItLivesWasLookedAt(t *testing.T) {
	target := func(typ engine.TargetType, name string) engine.Target { return engine.Target{Type: typ, Name: name} }
	worker := target(engine.TargetImage, "ghcr.io/acme/worker")
	other := target(engine.TargetRepository, "acme/other")
	unnamed := target(engine.TargetRepository, "")
	host := target(engine.TargetHost, "shop.example.com")
	list := func(t ...engine.Target) []engine.Target { return t }
	for _, c := range []struct {
		name, match string
		look        Look
		want        bool
	}{
		{"nothing was looked at", `{paths: ["**"]}`, Look{}, false},
		{"its repository", `{paths: ["services/checkout/**"]}`, Look{Whole: list(shop), Repository: "acme/shop"}, true},
		{"its repository in other case", `{paths: ["services/checkout/**"]}`, Look{Whole: list(shop), Repository: "Acme/Shop"}, true},
		{"a report that does not say of what", `{paths: ["services/checkout/**"]}`, Look{Whole: list(unnamed), Repository: "acme/shop"}, true},
		{"a run that does not know of what", `{paths: ["services/checkout/**"]}`, Look{Whole: list(shop)}, true},
		{"another repository", `{paths: ["services/checkout/**"]}`, Look{Whole: list(other), Repository: "acme/shop"}, false},
		{"another repository that it names", `{paths: ["lib/**"], repositories: ["acme/oth*"]}`, Look{Whole: list(other), Repository: "acme/shop"}, true},
		{"neither this one nor the one that it names", `{paths: ["lib/**"], repositories: ["acme/oth*"]}`, Look{Whole: list(image), Repository: "acme/shop"}, false},
		{"its image", `{images: ["ghcr.io/acme/checkout"]}`, Look{Whole: list(image)}, true},
		{"one of two images", `{images: ["ghcr.io/acme/checkout", "ghcr.io/acme/worker"]}`, Look{Whole: list(image)}, true},
		{"both images", `{images: ["ghcr.io/acme/checkout", "ghcr.io/acme/worker"]}`, Look{Whole: list(image, worker)}, true},
		{"one of the images that a pattern fits", `{images: ["ghcr.io/acme/*"]}`, Look{Whole: list(image)}, true},
		{"its repository, not its image", `{paths: ["**"], images: ["ghcr.io/acme/checkout"]}`, Look{Whole: list(shop)}, true},
		{"its image, not its repository", `{paths: ["**"], images: ["ghcr.io/acme/checkout"]}`, Look{Whole: list(image)}, true},
		{"another image", `{paths: ["**"], images: ["ghcr.io/acme/checkout"]}`, Look{Whole: list(worker)}, false},
		{"both", `{paths: ["**"], images: ["ghcr.io/acme/checkout"]}`, Look{Whole: list(shop, image)}, true},
		{"a scan of its image did not finish", `{paths: ["**"], images: ["ghcr.io/acme/checkout"]}`, Look{Whole: list(shop, image), Part: list(image)}, false},
		{"a scan of its repository did not finish", `{paths: ["**"]}`, Look{Whole: list(shop), Part: list(shop)}, false},
		{"a scan of something else did not finish", `{paths: ["**"]}`, Look{Whole: list(shop), Part: list(image, host)}, true},
		{"a component, in anything", `{purls: ["pkg:npm/x"]}`, Look{Whole: list(image)}, true},
		{"a component, where a scan did not finish", `{purls: ["pkg:npm/x"]}`, Look{Whole: list(image), Part: list(shop)}, false},
		{"a component says nothing of its repository", `{purls: ["pkg:npm/x"], paths: ["**"]}`, Look{Whole: list(image)}, false},
		{"the folder of a repository that a catalogue names", "", Look{Whole: list(shop), Repository: "acme/any"}, true},
		{"that folder, with another repository looked at", "", Look{Whole: list(other), Repository: "acme/other"}, false},
		{"its host", `{hosts: ["shop.example.com"]}`, Look{Whole: list(host)}, true},
		{"another host", `{hosts: ["api.example.com"]}`, Look{Whole: list(host)}, false},
		{"hosts are asked for only where nothing else is known", `{hosts: ["api.example.com"], paths: ["**"]}`, Look{Whole: list(shop)}, true},
		{"the host says nothing of the code", `{hosts: ["shop.example.com"], paths: ["**"]}`, Look{Whole: list(host)}, false},
	} {
		inv := read(t, "assets:\n  - id: checkout\n    match: "+cmp.Or(c.match, "{paths: [x]}")+"\n")
		if c.match == "" {
			inv.assets[0].match = match{within: []place{{"acme/shop", "services/**"}}}
		}
		if have := inv.Covered(c.look)["checkout"]; have != c.want {
			t.Errorf("%s: covered %v, want %v", c.name, have, c.want)
		}
	}
}
