package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// refused are the built-in functions that policies may not call, with the reason: none may read the clock, the network, randomness or the
// environment, so that the same input always gets the same decision, and none may run or allocate without end. Those that OPA itself
// calls nondeterministic are refused whether they stand here or not, so that a new version of it brings none.
var refused = map[string]string{
	"http.send":               "reaches the network",
	"net.lookup_ip_addr":      "reaches the network",
	"json.match_schema":       "reaches the network and files, as schemas can refer to both",
	"json.verify_schema":      "reaches the network and files, as schemas can refer to both",
	"opa.runtime":             "reads the environment, which holds secrets",
	"time.now_ns":             "reads the clock; what time alone changes is said by due and by the days of METADATA",
	"io.jwt.decode_verify":    "reads the clock, for when the token expires; verify it with io.jwt.verify_… and decode it with io.jwt.decode",
	"rand.intn":               "is random",
	"uuid.rfc4122":            "is random",
	"io.jwt.encode_sign":      "is random",
	"io.jwt.encode_sign_raw":  "is random",
	"trace":                   "keeps notes without end; print is there for tests",
	"strings.render_template": "can run without end, as templates can",
	"bits.lsh":                "can allocate without end",
	"crypto.x509.parse_and_verify_certificates":              "reads the clock, for when certificates expire",
	"crypto.x509.parse_and_verify_certificates_with_options": "reads the clock, for when certificates expire",
}

// Refused says why policies may not call a built-in function; empty if they may, or if there is none of this name.
func Refused(builtin string) string { return refused[builtin] }

// capabilities are what policies may call.
func capabilities() *ast.Capabilities {
	caps := ast.CapabilitiesForThisVersion()
	caps.Builtins = slices.DeleteFunc(slices.Clone(caps.Builtins), func(b *ast.Builtin) bool {
		return b.Nondeterministic || refused[b.Name] != ""
	})
	caps.AllowNet = []string{} // empty and not nil: nil allows every host
	return caps
}

// Builtins are the names of the built-in functions that policies may call, sorted.
func Builtins() []string {
	var names []string
	for _, b := range capabilities().Builtins {
		names = append(names, b.Name)
	}
	slices.Sort(names)
	return names
}

// undefinedFunction begins what the compiler says of a function that is not there.
const undefinedFunction = "undefined function "

// sandboxed words the compiler's report of a function that is there and refused.
func sandboxed(message string) string {
	name, ok := strings.CutPrefix(message, undefinedFunction)
	if why := refused[name]; ok && why != "" {
		return fmt.Sprintf("policies may not call %s: it %s", name, why)
	}
	return message
}

// openSchemas refuses METADATA whose schemas refer to anything outside of themselves: the compiler would open the file that they name,
// be it a device that never ends.
func openSchemas(m *ast.Module) (problems []Problem) {
	for _, a := range m.Annotations {
		for _, s := range a.Schemas {
			if s.Definition == nil {
				continue
			}
			if key := leadsOut(*s.Definition); key != "" {
				problems = append(problems, Problem{File: a.Location.File, Line: a.Location.Row, Rule: customID(a),
					What: fmt.Sprintf("the schema in METADATA has %s: a schema may refer to its own parts only (#/…)", key)})
			}
		}
	}
	return problems
}

// leadsOut is the first reference in a schema that is not to a part of it; empty if there is none. A schema with an address of its own
// makes references to its parts lead to that address.
func leadsOut(schema any) string {
	switch v := schema.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			text, isText := v[key].(string)
			switch {
			case isText && (key == "$id" || key == "id"), isText && strings.HasSuffix(strings.ToLower(key), "ref") && !strings.HasPrefix(text, "#"):
				return fmt.Sprintf("%s: %q", key, text)
			}
			if found := leadsOut(v[key]); found != "" {
				return found
			}
		}
	case []any:
		for _, one := range v {
			if found := leadsOut(one); found != "" {
				return found
			}
		}
	}
	return ""
}

// labelID is the label that has the id of a rule.
const labelID = "id"

// label makes the id of each rule the label that OPA's tracker of evaluated rules reports.
func label(m *ast.Module) {
	for _, a := range m.Annotations {
		delete(a.Labels, labelID) // of an author's: it would speak for another rule
		if id := customID(a); id != "" {
			if a.Labels == nil {
				a.Labels = map[string]any{}
			}
			a.Labels[labelID] = id
		}
	}
}

func customID(a *ast.Annotations) string {
	id, _ := a.Custom["id"].(string)
	return id
}
