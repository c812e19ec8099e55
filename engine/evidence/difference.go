package evidence

import (
	"bytes"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/go-json-experiment/json"
)

// A Change is one place in which two documents differ. Was and Is are JSON, cut if they are long; absent: there is nothing at that place.
type Change struct {
	At  string `json:"at"` // reasons.2.to
	Was string `json:"was,omitempty"`
	Is  string `json:"is,omitempty"`
}

// changes are the places in which two documents differ, by path below a prefix, without digests: what they are of is compared itself.
func changes(prefix string, was, is []byte) []Change {
	var before, after any
	if json.Unmarshal(was, &before) != nil || json.Unmarshal(is, &after) != nil {
		return []Change{{At: prefix, Was: short(was), Is: short(is)}}
	}
	return compare(nil, prefix, before, after)
}

func compare(found []Change, at string, was, is any) []Change {
	if at == "decision.answer" || len(found) > mostChanges {
		return found
	}
	below := func(name string) string {
		if at == "" {
			return name
		}
		return at + "." + name
	}
	before, isMap := was.(map[string]any)
	after, areMaps := is.(map[string]any)
	if isMap && areMaps {
		all := maps.Clone(before)
		maps.Copy(all, after)
		for _, name := range slices.Sorted(maps.Keys(all)) {
			found = compare(found, below(name), before[name], after[name])
		}
		return found
	}
	some, isList := was.([]any)
	others, areLists := is.([]any)
	if isList && areLists {
		for i := range max(len(some), len(others)) {
			found = compare(found, below(strconv.Itoa(i)), at0(some, i), at0(others, i))
		}
		return found
	}
	old, new := valueText(was), valueText(is)
	if !bytes.Equal(old, new) {
		found = append(found, Change{At: at, Was: short(old), Is: short(new)})
	}
	return found
}

// at0 is an element of a list; nil beyond its end.
func at0(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return nil
}

// valueText is a value in JSON; empty if there is none.
func valueText(v any) []byte {
	if v == nil {
		return nil
	}
	text, _ := json.Marshal(v, json.Deterministic(true)) // of what was read from JSON
	return text
}

// mostShown bounds how much of a value is told, in bytes.
const mostShown = 200

func short(text []byte) string {
	if len(text) <= mostShown {
		return string(text)
	}
	return string(bytes.ToValidUTF8(text[:mostShown], nil)) + "…"
}

// onAllCores does something for each number below n.
func onAllCores(n int, do func(i int)) {
	var next atomic.Int64
	var work sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		work.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	work.Wait()
}
