package ingest

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// imageScanners are tools, in lower case, whose SARIF may be of an image without saying so: that it has no result says nothing of the
// repository.
var imageScanners = []string{"trivy", "grype", "snyk container", "docker scout", "anchore grype", "clair", "wiz"}

// looked notes what the scan looked at, whether or not it found something.
func (b *batch) looked(t engine.Target) {
	if b.lookedAt == nil {
		b.lookedAt = map[engine.Target]bool{}
	}
	b.lookedAt[t] = true
}

// targets are all targets that were looked at, in order: those that something was found in are.
func (b *batch) targets() []engine.Target {
	if b.noScan {
		return nil
	}
	for i := range b.found {
		b.looked(b.found[i].Target)
	}
	return slices.SortedFunc(maps.Keys(b.lookedAt), func(x, y engine.Target) int {
		return cmp.Or(strings.Compare(string(x.Type), string(y.Type)), strings.Compare(x.Name, y.Name))
	})
}
