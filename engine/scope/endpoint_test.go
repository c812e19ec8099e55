package scope

import (
	"testing"

	"github.com/headgate/headgate/engine"
)

func TestHostsOfAnAsset(t *testing.T) {
	for _, c := range []struct {
		pattern, at string
		want        bool
	}{
		{"shop.example.com", "https://shop.example.com/cart?q", true},
		{"shop.example.com", "shop.example.com:2222", true},
		{"Shop.Example.com.", "http://SHOP.example.com:8080/", true},
		{"shop.example.com", "https://shop.example.com.evil.example/", false},
		{"shop.example.com", "https://evil.example/shop.example.com", false},
		{"shop.example.com", "https://shop.example.com@evil.example/", false},
		{"*.example.com", "https://a.b.example.com/", true},
		{"*.example.com", "https://example.com/", false},
		{"{shop,cart}.example.com", "cart.example.com", true},
		{"shop.example.com:8443", "https://shop.example.com:8443/", true},
		{"shop.example.com:8443", "https://shop.example.com/", false},
		{"shop.example.com:443", "https://shop.example.com/", true},
		{"shop.example.com:443", "http://shop.example.com/", false},
		{"https://shop.example.com", "shop.example.com", true},
		{"https://shop.example.com", "http://shop.example.com/", false},
		{"https://shop.example.com", "shop.example.com:8443", false},
		{"https://shop.example.com:*", "shop.example.com:8443", true},
		{"https://example.com/shop", "https://example.com/shop", true},
		{"https://example.com/shop/", "https://example.com/shop/cart/1", true},
		{"example.com/shop", "https://example.com/shopping", false},
		{"example.com/shop", "https://example.com/shop/../admin", false},
		{"example.com/shop", "https://example.com/%73hop/cart", true},
		{"example.com/*/shop", "https://example.com/en/shop/cart", true},
		{"example.com/shop", "example.com", false},
		{"2001:db8::1", "https://[2001:db8::1]:8443/", true},
		{"[2001:db8::1]:8443", "https://[2001:db8::1]/", false},
	} {
		p, ok := parseHostPattern(c.pattern)
		e, parsed := parseEndpoint(c.at)
		if !ok || !parsed {
			t.Errorf("%s or %s is refused", c.pattern, c.at)
			continue
		}
		if got := p.takes(e); got != c.want {
			t.Errorf("%s takes %s: %v", c.pattern, c.at, got)
		}
	}
	for _, bad := range []string{"", " ", "https://", "/cart", "shop.example.com:http", "[2001:db8::1", "sh op.example.com", "[a-", "host/{a"} {
		if _, ok := parseHostPattern(bad); ok {
			t.Errorf("%q is taken for a host", bad)
		}
	}
}

func TestADynamicFindingBelongsToTheAssetThatAnswers(t *testing.T) {
	inv := read(t, "assets:\n  - {id: shop, match: {hosts: ['shop.example.com']}}\n  - {id: api, match: {hosts: ['https://example.com/api']}}\n")
	for _, c := range []struct {
		host, url, want string
	}{
		{"shop.example.com:2222", "", "shop"},
		{"example.com", "https://example.com/api/orders", "api"},
		{"example.com", "https://example.com/", "example.com"},
		{"", "", "this host"},
	} {
		d := engine.Discovery{Target: engine.Target{Type: engine.TargetHost, Name: c.host}, Finding: engine.Finding{ID: "hg1-1"}}
		if c.url != "" {
			d.Finding.Locations = []engine.Location{{URL: c.url}}
		}
		if have := inv.Cases([]engine.Discovery{d}, "push")[0].Input.Asset.ID; have != c.want {
			t.Errorf("%s %s is on %s, want %s", c.host, c.url, have, c.want)
		}
	}
	// The link to a file on a forge is no endpoint.
	d := found(shop, "", "x")
	d.Finding.Locations[0].URL = "https://shop.example.com/acme/shop/blob/main/x"
	if have := inv.Cases([]engine.Discovery{d}, "push")[0].Input.Asset.ID; have != "acme/shop" {
		t.Errorf("a finding in a repository is on %s", have)
	}
}
