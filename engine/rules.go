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
		if info.pack != "" { // check has looked at it
			info.effect, _ = effectOf(a.Custom)
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
	if len(names) == 0 {
		return ""
	}
	best := slices.MinFunc(names, func(a, b string) int {
		return cmp.Compare(levenshtein.ComputeDistance(wrong, a), levenshtein.ComputeDistance(wrong, b))
	})
	if levenshtein.ComputeDistance(wrong, best) <= max(2, len(wrong)/3) {
		return fmt.Sprintf("; did you mean %s?", best)
	}
	return "; there is " + strings.Join(names, ", ")
}

// Sets are the sets of the pack contract, in the order in which a decision lists its reasons.
func Sets() []string { return slices.Clone(kinds) }
