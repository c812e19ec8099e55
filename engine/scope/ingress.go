package scope

import (
	"slices"
	"strings"
)

type (
	// A service sends requests on to the workloads that it selects.
	service struct{ selector map[string]value }

	// A gateway takes requests for the routes that are attached to it.
	gateway struct{ public bool }

	backendRef struct {
		Kind      value `yaml:"kind"`
		Name      value `yaml:"name"`
		Namespace value `yaml:"namespace"`
	}
)

// internalMarks are the annotations by which load balancers and ingress controllers are kept from the internet, and the values that
// do it; none: any value. Sources: the documentation of each cloud's load balancer controller.
var internalMarks = map[string][]string{
	"networking.gke.io/load-balancer-type":                               {"internal"},
	"cloud.google.com/load-balancer-type":                                {"internal"},
	"kubernetes.io/ingress.class":                                        {"gce-internal"},
	"service.beta.kubernetes.io/aws-load-balancer-internal":              {"true", "0.0.0.0/0"},
	"service.beta.kubernetes.io/aws-load-balancer-scheme":                {"internal"},
	"alb.ingress.kubernetes.io/scheme":                                   {"internal"},
	"service.beta.kubernetes.io/azure-load-balancer-internal":            {"true"},
	"appgw.ingress.kubernetes.io/use-private-ip":                         {"true"},
	"service.beta.kubernetes.io/openstack-internal-load-balancer":        {"true"},
	"service.beta.kubernetes.io/oci-load-balancer-internal":              {"true"},
	"service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type": {"intranet"},
	"service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type":     {"private"},
	"service.beta.kubernetes.io/scw-loadbalancer-private":                {"true"},
	"load-balancer.hetzner.cloud/disable-public-network":                 {"true"},
	"service.kubernetes.io/qcloud-loadbalancer-internal-subnetid":        nil,
}

// rangeMarks are the annotations that let only some addresses in.
var rangeMarks = []string{
	"nginx.ingress.kubernetes.io/whitelist-source-range", "nginx.ingress.kubernetes.io/allowlist-source-range",
	"service.beta.kubernetes.io/load-balancer-source-ranges", "alb.ingress.kubernetes.io/inbound-cidrs",
}

// isPublic says whether nothing in the annotations keeps the internet out.
func isPublic(annotations map[string]value) bool {
	for key, values := range internalMarks {
		if v, ok := annotations[key]; ok && (values == nil || slices.Contains(values, strings.ToLower(strings.TrimSpace(v.text)))) {
			return false
		}
	}
	for _, key := range rangeMarks {
		if v, ok := annotations[key]; ok && !everybody(listed(v.text)) {
			return false
		}
	}
	return true
}

// everybody says whether ranges of addresses let the whole internet in: there are none, or one of them is all addresses.
func everybody(ranges []string) bool {
	return len(ranges) == 0 || slices.Contains(ranges, "0.0.0.0/0") || slices.Contains(ranges, "::/0")
}

// isPublicClass says whether a class of ingresses or gateways is not named for being internal.
func isPublicClass(name string) bool {
	return !slices.ContainsFunc([]string{"internal", "private", "rilb"}, func(s string) bool { return strings.Contains(strings.ToLower(name), s) })
}

// service reads what a Service selects, and whether it is open to the internet by itself.
func (c *cluster) service(d *document, o *kubernetesObject) error {
	var spec struct {
		Type     value            `yaml:"type"`
		Selector map[string]value `yaml:"selector"`
		Ranges   []value          `yaml:"loadBalancerSourceRanges"`
		Class    value            `yaml:"loadBalancerClass"`
	}
	if !o.Spec.IsZero() && !d.decode(&o.Spec, &spec, c.said) {
		return nil
	}
	m := &o.Metadata
	name := kubeName{m.Namespace.text, m.Name.text}
	c.services[name] = append(c.services[name], &service{spec.Selector})
	var ranges []string
	for _, v := range spec.Ranges {
		ranges = append(ranges, v.text)
	}
	// AWS's own controller and classes of others are internal unless they are told otherwise.
	scheme := m.Annotations["service.beta.kubernetes.io/aws-load-balancer-scheme"].text
	aws := m.Annotations["service.beta.kubernetes.io/aws-load-balancer-type"].text
	named := spec.Class.text != "" || slices.Contains([]string{"external", "nlb-ip"}, aws)
	if spec.Type.text != "LoadBalancer" || !isPublic(m.Annotations) || !everybody(ranges) || named && scheme != "internet-facing" {
		return nil
	}
	c.late = append(c.late, func() {
		for _, id := range c.chosen(m.Namespace.text, spec.Selector) {
			c.expose(id, d.place(spec.Type.line))
		}
	})
	return nil
}

// expose states that an asset can be reached from the internet, at hosts if they are named.
func (c *cluster) expose(id, place string, hosts ...string) {
	e := newEntry(id, place)
	e.put("exposure", "internet", place)
	for _, h := range hosts {
		if _, ok := parseHostPattern(h); ok {
			e.match.Hosts = append(e.match.Hosts, h)
		}
	}
	c.said.assets = append(c.said.assets, e)
}

// exposeBackend exposes the workloads behind a Service.
func (c *cluster) exposeBackend(d *document, key string, at kubeName, line int, public bool, hosts ...string) {
	services := c.services[at]
	if len(services) == 0 {
		c.said.warn("%s: %s: the Service %.80q is in none of the files, so what it leads to is not known", d.place(line), key, at.name)
	}
	for _, s := range services {
		for _, id := range c.chosen(at.namespace, s.selector) {
			switch e := newEntry(id, d.place(line)); {
			case public:
				c.expose(id, d.place(line), hosts...)
			case len(hosts) > 0: // it answers there, whoever can reach it
				e.match.Hosts = hosts
				c.said.assets = append(c.said.assets, e)
			}
		}
	}
}

// ingress reads which Services an Ingress leads to.
func (c *cluster) ingress(d *document, o *kubernetesObject) error {
	type backend struct {
		Service struct {
			Name value `yaml:"name"`
		} `yaml:"service"`
		Old value `yaml:"serviceName"` // before networking.k8s.io/v1
	}
	var spec struct {
		Class   value   `yaml:"ingressClassName"`
		Default backend `yaml:"defaultBackend"`
		Rules   []struct {
			Host value `yaml:"host"`
			HTTP struct {
				Paths []struct {
					Path    value   `yaml:"path"`
					Backend backend `yaml:"backend"`
				} `yaml:"paths"`
			} `yaml:"http"`
		} `yaml:"rules"`
	}
	if !d.decode(&o.Spec, &spec, c.said) {
		return nil
	}
	m := &o.Metadata
	class := spec.Class.text
	if class == "" {
		class = m.Annotations["kubernetes.io/ingress.class"].text
	}
	public := isPublic(m.Annotations) && isPublicClass(class)
	if class == "alb" { // which is internal unless it is told otherwise
		public = public && m.Annotations["alb.ingress.kubernetes.io/scheme"].text == "internet-facing"
	}
	lead := func(b backend, hosts ...string) {
		name := b.Service.Name
		if name.text == "" {
			name = b.Old
		}
		if name.text != "" {
			c.late = append(c.late, func() {
				c.exposeBackend(d, "backend", kubeName{m.Namespace.text, name.text}, name.line, public, hosts...)
			})
		}
	}
	lead(spec.Default)
	for _, rule := range spec.Rules {
		for _, p := range rule.HTTP.Paths {
			if rule.Host.text == "" {
				lead(p.Backend)
			} else {
				lead(p.Backend, rule.Host.text+prefixOf(p.Path.text))
			}
		}
	}
	return nil
}

// prefixOf is the part of an Ingress's path before the first mark of a regular expression, up to a whole folder; "/" is everything.
func prefixOf(path string) string {
	path, _, _ = strings.Cut(path, "(/|$)") // how controllers are told of a whole folder by a regular expression
	if i := strings.IndexAny(path, `(*[{$^|+?\`); i >= 0 {
		path = path[:strings.LastIndexByte(path[:i], '/')+1]
	}
	path = strings.TrimRight(path, "/")
	if !strings.HasPrefix(path, "/") {
		return ""
	}
	return path
}

// gateway reads whether a Gateway is open to the internet.
func (c *cluster) gateway(d *document, o *kubernetesObject) error {
	var spec struct {
		Class          value `yaml:"gatewayClassName"`
		Infrastructure struct {
			Annotations map[string]value `yaml:"annotations"`
		} `yaml:"infrastructure"`
	}
	if d.decode(&o.Spec, &spec, c.said) {
		c.gateways[kubeName{o.Metadata.Namespace.text, o.Metadata.Name.text}] = &gateway{
			isPublic(o.Metadata.Annotations) && isPublic(spec.Infrastructure.Annotations) && isPublicClass(spec.Class.text),
		}
	}
	return nil
}

// route reads which Services a route of a Gateway leads to. A Gateway that is in none of the files may be internal.
func (c *cluster) route(d *document, o *kubernetesObject) error {
	var spec struct {
		Parents []backendRef `yaml:"parentRefs"`
		Hosts   []value      `yaml:"hostnames"`
		Rules   []struct {
			Backends []backendRef `yaml:"backendRefs"`
		} `yaml:"rules"`
	}
	if !d.decode(&o.Spec, &spec, c.said) {
		return nil
	}
	own := o.Metadata.Namespace.text
	named := func(r backendRef) kubeName {
		if r.Namespace.text != "" {
			return kubeName{r.Namespace.text, r.Name.text}
		}
		return kubeName{own, r.Name.text}
	}
	var hosts []string
	for _, h := range spec.Hosts {
		hosts = append(hosts, h.text)
	}
	c.late = append(c.late, func() {
		public := slices.ContainsFunc(spec.Parents, func(r backendRef) bool {
			g := c.gateways[named(r)]
			return g != nil && g.public && (r.Kind.text == "" || r.Kind.text == "Gateway")
		})
		for _, rule := range spec.Rules {
			for _, b := range rule.Backends {
				if b.Kind.text == "" || b.Kind.text == "Service" {
					c.exposeBackend(d, "backendRefs", named(b), b.Name.line, public, hosts...)
				}
			}
		}
	})
	return nil
}
