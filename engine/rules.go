package engine

import (
	"cmp"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/open-policy-agent/opa/v1/ast"
)

// kinds are the sets of the pack contract, in the order in which a decision lists its reasons.
var kinds = []string{"raise", "cap", "deny", "warn", "exempt", "due", "oblige", "opens_step"}

// rulesOf lists the rules with an id. Ids must be unique, or nobody could say which rule decided; the facts that messages name must
// exist, or a misspelt one would read "not known" for ever.
func rulesOf(c *ast.Compiler) (rules []ruleInfo, problems []Problem) {
	at := map[string]*ast.Location{}
	for _, ref := range c.GetAnnotationSet().Flatten() {
		a := ref.Annotations
		id, _ := a.Custom["id"].(string)
		if id == "" {
			continue
		}
		wrong := func(format string, args ...any) {
			problems = append(problems, Problem{File: ref.Location.File, Line: ref.Location.Row, Rule: id, What: fmt.Sprintf(format, args...)})
		}
		if first, twice := at[id]; twice {
			wrong("the id %s is taken by %s:%d", id, first.File, first.Row)
			continue
		}
		at[id] = ref.Location
		rule := ref.GetRule()
		if rule == nil {
			wrong("the id %s must stand on a rule (scope: rule)", id)
			continue
		}
		info := ruleInfo{id: id, kind: ruleName(rule), title: a.Title, file: ref.Location.File, rule: rule}
		if p := rule.Module.Package.Path; len(p) > 2 {
			info.pack, _ = strings.CutPrefix(strings.Trim(p[2].Value.String(), `"`), "data.")
		}
		if info.pack != "" && !slices.Contains(kinds, info.kind) {
			wrong("the rule %s states %s, which is no set; there is %s", id, info.kind, strings.Join(kinds, ", "))
			continue
		}
		info.remediation, _ = a.Custom["remediation"].(string)
		for _, control := range list(a.Custom["controls"]) {
			info.controls = append(info.controls, fmt.Sprint(control))
		}
		info.message, _ = a.Custom["message"].(string)
		info.message = cmp.Or(info.message, a.Title)
		document := reflect.TypeFor[Input]()
		if info.pack == "" {
			document = reflect.TypeFor[Summary]()
		}
		if err := parseMessage(info.message).check(document); err != nil {
			wrong("%v", err)
			continue
		}
		rules = append(rules, info)
	}
	slices.SortFunc(rules, func(a, b ruleInfo) int { return strings.Compare(a.id, b.id) })
	return rules, problems
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

var plainWord = regexp.MustCompile(`^"[a-z_]+"$`)

// misspelt words the compiler's report of a field that the input does not have.
func misspelt(d *ast.RefErrInvalidDetail) string {
	var names []string
	for _, v := range d.OneOf {
		if s := v.String(); plainWord.MatchString(s) {
			names = append(names, strings.Trim(s, `"`))
		}
	}
	ref := d.Ref.String()
	if len(names) == 0 || d.Pos >= len(d.Ref) {
		return "there is no " + ref
	}
	wrong := strings.Trim(d.Ref[d.Pos].Value.String(), `"`)
	slices.Sort(names)
	return "there is no " + ref + nearest(wrong, names)
}

// nearest suggests the name that was meant, or says which there are.
func nearest(wrong string, names []string) string {
	best := slices.MinFunc(names, func(a, b string) int {
		return cmp.Compare(levenshtein.ComputeDistance(wrong, a), levenshtein.ComputeDistance(wrong, b))
	})
	if levenshtein.ComputeDistance(wrong, best) <= max(2, len(wrong)/3) {
		return fmt.Sprintf("; did you mean %s?", best)
	}
	return "; there is " + strings.Join(names, ", ")
}

// A fact is a part of the input that may be absent although it applies: then it is unknown.
type fact struct {
	name  string
	path  []string
	kinds []Kind
}

// factsRead are the facts of the input schema that the compiled policy can read. The schema marks them with x-fact.
func factsRead(c *ast.Compiler) []fact {
	var all []fact
	collectFacts(&all, inputSchema(), nil)
	slices.SortFunc(all, func(a, b fact) int { return strings.Compare(a.name, b.name) })
	read := inputRefs(c)
	return slices.DeleteFunc(all, func(f fact) bool {
		return !slices.ContainsFunc(read, func(ref []string) bool {
			n := min(len(ref), len(f.path))
			return slices.Equal(ref[:n], f.path[:n])
		})
	})
}

func collectFacts(all *[]fact, schema map[string]any, path []string) {
	if marks := list(schema["x-fact"]); marks != nil {
		f := fact{name: strings.Join(path, "."), path: slices.Clone(path)}
		for _, k := range marks {
			f.kinds = append(f.kinds, Kind(k.(string)))
		}
		*all = append(*all, f)
	}
	props, _ := schema["properties"].(map[string]any)
	for name, p := range props {
		if sub, ok := p.(map[string]any); ok {
			collectFacts(all, sub, append(path, name))
		}
	}
}

// inputRefs are the paths of the input that rules read, cut where they are no longer constant.
func inputRefs(c *ast.Compiler) [][]string {
	var refs [][]string
	for _, m := range c.Modules {
		ast.WalkRefs(m, func(r ast.Ref) bool {
			if !r[0].Equal(ast.InputRootDocument) {
				return false
			}
			var path []string
			for _, t := range r[1:] {
				s, ok := t.Value.(ast.String)
				if !ok {
					break
				}
				path = append(path, string(s))
			}
			refs = append(refs, path)
			return false
		})
	}
	return refs
}

// unknown lists the facts that apply to a case, that the policy can read, and that are absent.
func (p *Policy) unknown(in *Input) []string {
	var names []string
	for _, f := range p.facts {
		if slices.Contains(f.kinds, in.Finding.Kind) {
			if _, ok := lookup(reflect.ValueOf(in).Elem(), f.path); !ok {
				names = append(names, f.name)
			}
		}
	}
	return names
}

// Sets are the sets of the pack contract, in the order in which a decision lists its reasons.
func Sets() []string { return slices.Clone(kinds) }
