package report

import (
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// shortest is the fewest digits of a short id.
const shortest = 6

// ShortIDs gives each finding id of the cases the shortest beginning that names it alone among all ids and other names (ids) of the
// cases, at least six digits after "hg1-". An id that is not of that form stands for itself.
func ShortIDs(cases []engine.Case) map[string]string {
	var ids, all []string
	for i := range cases {
		f := &cases[i].Input.Finding
		ids = append(ids, f.ID)
		all = append(append(all, f.ID), f.IDs...)
	}
	return shortIDs(ids, all)
}

// shortIDs gives each id the shortest beginning that names it alone among all.
func shortIDs(ids, all []string) map[string]string {
	slices.Sort(all)
	all = slices.Compact(all)
	out := make(map[string]string, len(ids))
	for _, id := range ids {
		if out[id] != "" {
			continue
		}
		scheme, _, ok := strings.Cut(id, "-")
		if !ok {
			out[id] = id
			continue
		}
		// In sorted order only the neighbours can share the longest beginning.
		at, _ := slices.BinarySearch(all, id)
		n := len(scheme) + 1 + shortest
		if at > 0 {
			n = max(n, shared(all[at-1], id)+1)
		}
		if at+1 < len(all) {
			n = max(n, shared(all[at+1], id)+1)
		}
		out[id] = id[:min(n, len(id))]
	}
	return out
}

// shared is how many bytes two ids begin with alike.
func shared(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
