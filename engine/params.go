package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// override puts the user's parameters over the defaults. Only a parameter that a loaded pack has may be set, and only to a value of
// its type: a misspelt one would leave the default in force while everyone believes otherwise. What differs from the defaults now is
// returned, see Policy.Overrides.
func override(data map[string]any, params map[string]any, packs []string) (changed []string, err error) {
	for _, pack := range slices.Sorted(maps.Keys(params)) {
		at := "params." + pack
		values, ok := params[pack].(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%s: parameters are a map", at)
		}
		doc, defaults, err := paramsOf(data, pack, packs)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", at, err)
		}
		if changed, err = replace(changed, defaults, values, at); err != nil {
			return nil, err
		}
		if err := choose(doc["choices"], defaults, at); err != nil {
			return nil, err
		}
		if err := limit(doc["limits"], defaults, at); err != nil {
			return nil, err
		}
	}
	return changed, nil
}

// choose refuses a parameter that is none of the values that the pack lists for it under `choices`: a rule would ask for it and never
// find it, and say nothing.
func choose(choices any, params map[string]any, at string) error {
	lists, _ := choices.(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(lists)) {
		allowed, _ := lists[key].([]any)
		if len(allowed) == 0 {
			return fmt.Errorf("%s.%s: the pack lists no choices for it", at, key)
		}
		if slices.ContainsFunc(allowed, func(one any) bool { return asJSON(one) == asJSON(params[key]) }) {
			continue
		}
		var names []string
		for _, one := range allowed {
			names = append(names, strings.Trim(asJSON(one), `"`))
		}
		value := strings.Trim(asJSON(params[key]), `"`)
		return fmt.Errorf("%s.%s: %q cannot be chosen%s", at, key, value, nearest(value, names))
	}
	return nil
}

// limit refuses a parameter, or a number in it, that is outside of the least and the most that the pack lists for it under `limits`: a
// probability of 50 would never be reached, and nobody would know.
func limit(limits any, params map[string]any, at string) error {
	lists, _ := limits.(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(lists)) {
		ends, _ := lists[key].([]any)
		if len(ends) != 2 {
			return fmt.Errorf("%s.%s: limits are a list of the least and the most", at, key)
		}
		least, ok := asNumber(ends[0])
		most, ok2 := asNumber(ends[1])
		if !ok || !ok2 {
			return fmt.Errorf("%s.%s: limits are a list of the least and the most", at, key)
		}
		values := map[string]any{"": params[key]}
		if m, ok := params[key].(map[string]any); ok {
			values = m
		}
		for _, name := range slices.Sorted(maps.Keys(values)) {
			if v, ok := asNumber(values[name]); ok && (v < least || v > most) {
				return fmt.Errorf("%s: %g is not between %g and %g", strings.TrimSuffix(at+"."+key+"."+name, "."), v, least, most)
			}
		}
	}
	return nil
}

// asNumber is a value of data or settings that is one.
func asNumber(v any) (float64, bool) {
	switch n := v.(type) {
	case json.Number:
		f, err := n.Float64()
		return f, err == nil
	case int:
		return float64(n), true
	case float64:
		return n, true
	}
	return 0, false
}

// Overrides lists the parameters whose value differs from the default, as "exploit.epss_high: 0.5 → 2": pack, parameter, and both
// values as JSON ("not set" for a key that the default does not have). Sorted by name; nil if nothing differs.
func (p *Policy) Overrides() []string { return p.overrides }

// paramsOf finds a pack's data and the parameters in it.
func paramsOf(data map[string]any, pack string, packs []string) (doc, params map[string]any, err error) {
	doc, _ = data["main"].(map[string]any)
	if pack != "main" {
		if !slices.Contains(packs, pack) {
			return nil, nil, fmt.Errorf("no such pack is loaded; there is %s", strings.Join(packs, ", "))
		}
		all, _ := data["packs"].(map[string]any)
		doc, _ = all[pack].(map[string]any)
	}
	params, ok := doc["params"].(map[string]any)
	if !ok {
		return nil, nil, fmt.Errorf("the pack has no parameters")
	}
	return doc, params, nil
}

// replace sets values over defaults and adds what changed. A default that is an empty map takes any key; one that is null takes any
// value.
func replace(changed []string, defaults, values map[string]any, at string) (_ []string, err error) {
	free := len(defaults) == 0
	for _, key := range slices.Sorted(maps.Keys(values)) {
		here, value := at+"."+key, values[key]
		was, ok := defaults[key]
		if !ok && !free {
			return nil, fmt.Errorf("%s: no such parameter%s", here, suggestion(key, defaults))
		}
		if sub, isMap := was.(map[string]any); isMap {
			over, ok := value.(map[string]any)
			if !ok {
				return nil, fmt.Errorf("%s: a map is needed, not %s", here, typeName(value))
			}
			if changed, err = replace(changed, sub, over, here); err != nil {
				return nil, err
			}
			continue
		}
		if was != nil && value != nil && typeName(was) != typeName(value) {
			return nil, fmt.Errorf("%s: %s is needed, not %s", here, typeName(was), typeName(value))
		}
		before, after := "not set", asJSON(value)
		if ok {
			before = asJSON(was)
		}
		if before != after {
			changed = append(changed, fmt.Sprintf("%s: %s → %s", strings.TrimPrefix(here, "params."), before, after))
		}
		defaults[key] = value
	}
	return changed, nil
}

// asJSON is a parameter's value in one spelling: 0.5 is the same number whether the pack or the settings say so.
func asJSON(value any) string {
	var text strings.Builder
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil { // a map whose keys are no text; loading the policy refuses it
		return fmt.Sprint(value)
	}
	return strings.TrimSuffix(text.String(), "\n")
}

func suggestion(key string, defaults map[string]any) string {
	names := slices.Sorted(maps.Keys(defaults))
	for _, n := range names {
		if levenshtein.ComputeDistance(key, n) <= 2 {
			return fmt.Sprintf("; did you mean %s?", n)
		}
	}
	return "; there is " + strings.Join(names, ", ")
}

func typeName(v any) string {
	if _, ok := v.(json.Number); ok {
		return "a number"
	}
	switch reflect.ValueOf(v).Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64, reflect.Uint64, reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a list"
	case reflect.Map:
		return "a map"
	}
	return "nothing"
}

// Params are the parameters of a pack, the user's over the defaults; nil if no such pack is loaded or it has none. They are shared:
// nothing in them may be changed.
func (p *Policy) Params(pack string) map[string]any {
	all, _ := p.data["packs"].(map[string]any)
	doc, _ := all[pack].(map[string]any)
	params, _ := doc["params"].(map[string]any)
	return params
}
