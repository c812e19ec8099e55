package scope

import (
	"maps"
	"slices"
	"strings"

	"github.com/distribution/reference"
	"go.yaml.in/yaml/v3"

	"github.com/headgate/headgate/engine"
)

type (
	kubernetesObject struct {
		APIVersion value              `yaml:"apiVersion"`
		Kind       value              `yaml:"kind"`
		Metadata   kubernetesMetadata `yaml:"metadata"`
		Spec       yaml.Node          `yaml:"spec"`
		Items      []yaml.Node        `yaml:"items"` // of a List
	}

	kubernetesMetadata struct {
		Name        value            `yaml:"name"`
		Namespace   value            `yaml:"namespace"`
		Annotations map[string]value `yaml:"annotations"`
		Labels      map[string]value `yaml:"labels"`
	}

	podTemplate struct {
		Metadata kubernetesMetadata `yaml:"metadata"`
		Spec     podSpec            `yaml:"spec"`
	}

	podSpec struct {
		Containers     []container `yaml:"containers"`
		InitContainers []container `yaml:"initContainers"`
	}

	container struct {
		Image value `yaml:"image"`
	}

	// A workload is what runs: the asset, and the labels that selectors choose it by.
	workload struct {
		id, namespace string
		labels        map[string]value
	}

	kubeName struct{ namespace, name string }

	// A cluster is all that manifests say, before it is put together.
	cluster struct {
		said       *statements
		byLabel    map[string][]*workload // by namespace, key and value
		namespaces map[string]*entry      // what their annotations say
		services   map[kubeName][]*service
		gateways   map[kubeName]*gateway
		late       []func() // what can be answered when all workloads and Services are known
	}
)

// isKubernetes knows a manifest by what every object has.
func isKubernetes(d *document) bool { return d.value("apiVersion") != "" && d.value("kind") != "" }

// readKubernetes reads workloads as assets, with their images. What is annotated on a Namespace holds for the workloads in it that do not
// say otherwise. Exposure is stated by explicit public ingress alone: an Ingress, a route of a Gateway or a Service of type
// LoadBalancer that nothing marks as internal. All else leaves it open who can reach a workload.
func readKubernetes(docs []*document, _ Options, s *statements) error {
	c := &cluster{s, map[string][]*workload{}, map[string]*entry{}, map[kubeName][]*service{}, map[kubeName]*gateway{}, nil}
	for _, d := range docs {
		if err := c.take(d, d.root, 0); err != nil {
			return err
		}
	}
	for i := range s.assets {
		if ns := c.namespaces[s.assets[i].asset.Tags["namespace"]]; ns != nil {
			s.assets[i].inherit(ns)
		}
	}
	for _, answer := range c.late {
		answer()
	}
	return nil
}

// objects read the spec of each kind. Kinds that say nothing of assets are not among them.
var objects = map[string]func(*cluster, *document, *kubernetesObject) error{
	"apps/Deployment": (*cluster).workload, "apps/StatefulSet": (*cluster).workload, "apps/DaemonSet": (*cluster).workload,
	"apps/ReplicaSet": (*cluster).workload, "batch/Job": (*cluster).workload, "batch/CronJob": (*cluster).workload,
	"/Pod": (*cluster).workload, "/ReplicationController": (*cluster).workload, "/Namespace": (*cluster).namespace,
	"/Service": (*cluster).service, "networking.k8s.io/Ingress": (*cluster).ingress, "networking.k8s.io/NetworkPolicy": (*cluster).networkPolicy,
	"gateway.networking.k8s.io/Gateway": (*cluster).gateway, "gateway.networking.k8s.io/HTTPRoute": (*cluster).route,
	"gateway.networking.k8s.io/GRPCRoute": (*cluster).route, "gateway.networking.k8s.io/TLSRoute": (*cluster).route,
	"gateway.networking.k8s.io/TCPRoute": (*cluster).route,
}

// take reads one object, or the objects of a list of them.
func (c *cluster) take(d *document, n *yaml.Node, depth int) error {
	var o kubernetesObject
	if !d.decode(n, &o, c.said) {
		return nil
	}
	if strings.HasSuffix(o.Kind.text, "List") && depth == 0 {
		for i := range o.Items {
			if err := c.take(d, &o.Items[i], depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	group, _, ok := strings.Cut(o.APIVersion.text, "/")
	if !ok {
		group = ""
	}
	read := objects[group+"/"+o.Kind.text]
	if read == nil {
		return nil
	}
	if o.Metadata.Name.text == "" {
		c.said.warn("%s: metadata.name: the %s has no name; it is left out", d.place(o.Kind.line), o.Kind.text)
		return nil
	}
	return read(c, d, &o)
}

// id is how an asset is called: by annotation, by the label with which Backstage links workloads, else by its namespace and name.
func (m *kubernetesMetadata) id() string {
	if id := annotated(m.Annotations); id != "" {
		return id
	}
	if id := m.Labels["backstage.io/kubernetes-id"].text; id != "" {
		return id
	}
	if ns := m.Namespace.text; ns != "" && ns != "default" {
		return ns + "/" + m.Name.text
	}
	return m.Name.text
}

func (c *cluster) namespace(d *document, o *kubernetesObject) error {
	e := newEntry(o.Metadata.Name.text, d.place(o.Metadata.Name.line))
	c.namespaces[o.Metadata.Name.text] = &e
	return e.annotate(d, o.Metadata.Annotations, c.said)
}

// workload reads what runs pods.
func (c *cluster) workload(d *document, o *kubernetesObject) error {
	var spec struct {
		Template    podTemplate `yaml:"template"`
		JobTemplate struct {
			Spec struct {
				Template podTemplate `yaml:"template"`
			} `yaml:"spec"`
		} `yaml:"jobTemplate"`
		podSpec `yaml:",inline"`
	}
	if !o.Spec.IsZero() && !d.decode(&o.Spec, &spec, c.said) {
		return nil
	}
	pod := spec.Template
	switch o.Kind.text {
	case "CronJob":
		pod = spec.JobTemplate.Spec.Template
	case "Pod":
		pod = podTemplate{o.Metadata, spec.podSpec}
	}
	m := &o.Metadata
	e := newEntry(m.id(), d.place(m.Name.line))
	if err := e.annotate(d, m.Annotations, c.said); err != nil {
		return err
	}
	if e.asset.Type == "" {
		e.put("type", "service", d.place(o.Kind.line))
	}
	e.tag("namespace", m.Namespace.text, d.place(m.Namespace.line))
	for _, one := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		if n, err := reference.ParseNormalizedNamed(one.Image.text); err == nil {
			if name := quoted(reference.FamiliarName(n)); !slices.Contains(e.match.Images, name) {
				e.match.Images = append(e.match.Images, name)
			}
		} else if one.Image.text != "" {
			c.said.warn("%s: image: %.200q is no image; it is left out", d.place(one.Image.line), one.Image.text)
		}
	}
	c.said.assets = append(c.said.assets, e)
	w := &workload{e.asset.ID, m.Namespace.text, pod.Metadata.Labels}
	for key, v := range w.labels {
		at := labelled(w.namespace, key, v.text)
		c.byLabel[at] = append(c.byLabel[at], w)
	}
	return nil
}

func labelled(namespace, key, text string) string { return namespace + "\x00" + key + "\x00" + text }

// chosen are the workloads of a namespace that have all labels of a selector, each once. A selector without labels chooses none here: it
// means all pods, or none, by where it stands.
func (c *cluster) chosen(namespace string, selector map[string]value) (ids []string) {
	keys := slices.Sorted(maps.Keys(selector))
	if len(keys) == 0 {
		return nil
	}
	for _, w := range c.byLabel[labelled(namespace, keys[0], selector[keys[0]].text)] {
		if !slices.ContainsFunc(keys, func(k string) bool { return w.labels[k].text != selector[k].text }) && !slices.Contains(ids, w.id) {
			ids = append(ids, w.id)
		}
	}
	return ids
}

// networkPolicy reads who may send requests to whom, where a policy says so by labels in one namespace; anything more says nothing here.
func (c *cluster) networkPolicy(d *document, o *kubernetesObject) error {
	type selector struct {
		Labels      map[string]value `yaml:"matchLabels"`
		Expressions []yaml.Node      `yaml:"matchExpressions"`
	}
	var spec struct {
		Pods    selector `yaml:"podSelector"`
		Ingress []struct {
			From []struct {
				Pods       *selector `yaml:"podSelector"`
				Namespaces yaml.Node `yaml:"namespaceSelector"`
				Block      yaml.Node `yaml:"ipBlock"`
			} `yaml:"from"`
		} `yaml:"ingress"`
	}
	if !d.decode(&o.Spec, &spec, c.said) || len(spec.Pods.Expressions) > 0 {
		return nil
	}
	c.late = append(c.late, func() {
		for _, rule := range spec.Ingress {
			for _, peer := range rule.From {
				if peer.Pods == nil || len(peer.Pods.Expressions) > 0 || !peer.Namespaces.IsZero() || !peer.Block.IsZero() {
					continue
				}
				for _, from := range c.chosen(o.Metadata.Namespace.text, peer.Pods.Labels) {
					for _, to := range c.chosen(o.Metadata.Namespace.text, spec.Pods.Labels) {
						if from != to {
							c.said.edge(from, to, engine.EdgeNetwork, "ingress.from", d.place(o.Metadata.Name.line))
						}
					}
				}
			}
		}
	})
	return nil
}
