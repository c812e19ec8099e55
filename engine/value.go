package engine

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
)

// A field is one member of a document's object: how a struct of this package appears to policies and in messages. Names and
// omissions are those of the json tags, so that input, result file and messages cannot disagree.
type field struct {
	name  string
	key   *ast.Term
	index int
	omit  bool
}

var layouts sync.Map // reflect.Type → []field

// layout lists the fields of a struct type.
func layout(t reflect.Type) []field {
	if l, ok := layouts.Load(t); ok {
		return l.([]field)
	}
	var fields []field
	for i := range t.NumField() {
		name, opts, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == "-" {
			continue // no part of any document
		}
		fields = append(fields, field{name, ast.StringTerm(name), i, strings.Contains(opts, "omit")})
	}
	layouts.Store(t, fields)
	return fields
}

// termOf makes of a Go value what a policy sees of it. Absent facts (nil, or empty where the tag says so) are left out. It panics
// on types that a document cannot hold, which is a bug in the types of this package.
func termOf(v reflect.Value) *ast.Term {
	switch v.Kind() {
	case reflect.String:
		return ast.StringTerm(v.String())
	case reflect.Bool:
		return ast.BooleanTerm(v.Bool())
	case reflect.Int:
		return ast.IntNumberTerm(int(v.Int()))
	case reflect.Float64:
		return ast.FloatNumberTerm(v.Float())
	case reflect.Pointer:
		return termOf(v.Elem())
	case reflect.Slice:
		terms := make([]*ast.Term, v.Len())
		for i := range terms {
			terms[i] = termOf(v.Index(i))
		}
		return ast.ArrayTerm(terms...)
	case reflect.Map:
		var pairs [][2]*ast.Term
		for it := v.MapRange(); it.Next(); {
			pairs = append(pairs, [2]*ast.Term{ast.StringTerm(it.Key().String()), termOf(it.Value())})
		}
		return ast.ObjectTerm(pairs...)
	case reflect.Struct:
		fields := layout(v.Type())
		pairs := make([][2]*ast.Term, 0, len(fields))
		for _, f := range fields {
			if fv := v.Field(f.index); !f.omit || !empty(fv) {
				pairs = append(pairs, [2]*ast.Term{f.key, termOf(fv)})
			}
		}
		return ast.ObjectTerm(pairs...)
	}
	panic(fmt.Sprintf("engine: %s cannot be part of a policy's document", v.Type()))
}

// empty is encoding/json's rule for omitempty.
func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String:
		return v.String() == ""
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	case reflect.Pointer:
		return v.IsNil()
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

// lookup finds the value at a path of json names in a document. It is false if the value is absent.
func lookup(v reflect.Value, path []string) (reflect.Value, bool) {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return v, false
		}
		v = v.Elem()
	}
	if len(path) == 0 {
		return v, true
	}
	switch v.Kind() {
	case reflect.Struct:
		for _, f := range layout(v.Type()) {
			if f.name == path[0] {
				if fv := v.Field(f.index); !f.omit || !empty(fv) {
					return lookup(fv, path[1:])
				}
				return v, false
			}
		}
	case reflect.Map:
		if mv := v.MapIndex(reflect.ValueOf(path[0])); mv.IsValid() {
			return lookup(mv, path[1:])
		}
	case reflect.Slice:
		if i, err := strconv.Atoi(path[0]); err == nil && i >= 0 && i < v.Len() {
			return lookup(v.Index(i), path[1:])
		}
	}
	return v, false
}

// known says whether a type has a value at a path, whether or not it is there in a given document.
func known(t reflect.Type, path []string) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if len(path) == 0 {
		return true
	}
	switch t.Kind() {
	case reflect.Struct:
		for _, f := range layout(t) {
			if f.name == path[0] {
				return known(t.Field(f.index).Type, path[1:])
			}
		}
	case reflect.Map:
		return known(t.Elem(), path[1:])
	case reflect.Slice:
		if _, err := strconv.Atoi(path[0]); err == nil {
			return known(t.Elem(), path[1:])
		}
	}
	return false
}
