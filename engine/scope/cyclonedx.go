package scope

import (
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// The form of CycloneDX's services and dependencies: https://cyclonedx.org/docs/1.6/json/#services
type (
	cyclonedxBOM struct {
		Metadata struct {
			Component struct {
				Ref  value `yaml:"bom-ref"`
				Name value `yaml:"name"`
			} `yaml:"component"`
		} `yaml:"metadata"`
		Services     []cyclonedxService `yaml:"services"`
		Dependencies []struct {
			Ref       value   `yaml:"ref"`
			DependsOn []value `yaml:"dependsOn"`
		} `yaml:"dependencies"`
	}

	cyclonedxService struct {
		Ref       value   `yaml:"bom-ref"`
		Group     value   `yaml:"group"`
		Name      value   `yaml:"name"`
		Endpoints []value `yaml:"endpoints"`
		Crosses   value   `yaml:"x-trust-boundary"`
		Zone      value   `yaml:"trustZone"`
		Data      []struct {
			Flow           value `yaml:"flow"`
			Classification value `yaml:"classification"`
		} `yaml:"data"`
		Services []cyclonedxService `yaml:"services"`
	}
)

// mostNested is how deep services lie in services.
const mostNested = 16

// isCycloneDX knows a BOM that names services; one of packages alone says nothing of assets.
func isCycloneDX(d *document) bool {
	return d.value("bomFormat") == "CycloneDX" && d.at("services") != nil
}

// readCycloneDX reads the services of BOMs, and which of them depends on which. Where a service crosses a trust boundary, that is noted,
// but not that it is open to the internet: the boundary may be any.
func readCycloneDX(docs []*document, _ Options, s *statements) error {
	for _, d := range docs {
		var bom cyclonedxBOM
		if !d.decode(d.root, &bom, s) {
			continue
		}
		ids := map[string]string{} // by bom-ref
		readServices(d, bom.Services, ids, s, 0)
		own := bom.Metadata.Component
		for _, dep := range bom.Dependencies {
			from := ids[dep.Ref.text]
			if from == "" && dep.Ref.text == own.Ref.text && isID(own.Name.text) {
				from = own.Name.text
				s.strange[from] = true // an asset only if another source says so
			}
			for _, on := range dep.DependsOn {
				if to := ids[on.text]; from != "" && to != "" {
					s.edge(from, to, engine.EdgeNetwork, "dependsOn", d.place(on.line))
				}
			}
		}
	}
	return nil
}

func readServices(d *document, services []cyclonedxService, ids map[string]string, s *statements, depth int) {
	for _, w := range services {
		id := w.Name.text
		if w.Group.text != "" {
			id = w.Group.text + "/" + id
		}
		if w.Name.text == "" {
			s.warn("%s: services: a service has no name; it is left out", d.place(max(w.Ref.line, 1)))
			continue
		}
		ids[w.Ref.text] = id
		e := newEntry(id, d.place(w.Name.line))
		e.put("type", "service", d.place(w.Name.line))
		for _, at := range w.Endpoints {
			if _, ok := parseHostPattern(at.text); !ok {
				s.warn("%s: endpoints: %.200q is neither a host nor a URL; it is left out", d.place(at.line), at.text)
			} else if !slices.Contains(e.match.Hosts, at.text) {
				e.match.Hosts = append(e.match.Hosts, at.text)
			}
		}
		e.tag("x-trust-boundary", w.Crosses.text, d.place(w.Crosses.line))
		e.tag("trust_zone", w.Zone.text, d.place(w.Zone.line))
		for _, flow := range w.Data {
			if class := strings.ToLower(flow.Classification.text); slices.Contains(DataClasses, class) {
				e.addData(d.place(flow.Classification.line), class)
			}
		}
		s.assets = append(s.assets, e)
		if depth < mostNested {
			readServices(d, w.Services, ids, s, depth+1)
		}
	}
}
