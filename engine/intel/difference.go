package intel

import (
	"cmp"
	"iter"
	"maps"
	"slices"
)

// A Difference is what changed in a feed from one version to the next, in CVEs. An entry has changed if what is known of the CVE is
// something else; of EPSS that is its probability, as the percentiles of all change with any.
type Difference struct {
	Added   int      `json:"added"`
	Removed int      `json:"removed"`
	Changed int      `json:"changed"`
	New     []string `json:"new,omitempty"` // the first mostNew that were added, in order
}

// mostNew bounds the ids that a Difference names.
const mostNew = 10

// Differ compares a feed in two snapshots; nil if one of them does not have it.
func Differ(feed Feed, from, to *Snapshot) *Difference {
	if from.Feed(feed) == nil || to.Feed(feed) == nil {
		return nil
	}
	switch feed {
	case FeedKEV:
		return differ(sorted(from.KEV.entries), sorted(to.KEV.entries))
	case FeedEPSS:
		return differ(from.EPSS.all(), to.EPSS.all())
	case FeedSSVC:
		return differ(from.SSVC.all(), to.SSVC.all())
	case FeedEUVD:
		return differ(sorted(from.EUVD.entries), sorted(to.EUVD.entries))
	case FeedVulnCheck:
		return differ(sorted(from.VulnCheck.entries), sorted(to.VulnCheck.entries))
	}
	return nil
}

// differ compares two sequences in order of their keys.
func differ[V comparable](from, to iter.Seq2[cveKey, V]) *Difference {
	nextFrom, stopFrom := iter.Pull2(from)
	defer stopFrom()
	nextTo, stopTo := iter.Pull2(to)
	defer stopTo()
	d := &Difference{}
	a, was, inFrom := nextFrom()
	b, is, inTo := nextTo()
	for inFrom || inTo {
		order := cmp.Compare(a, b)
		switch {
		case !inTo || inFrom && order < 0:
			d.Removed++
			a, was, inFrom = nextFrom()
		case !inFrom || order > 0:
			if d.Added++; len(d.New) < mostNew {
				d.New = append(d.New, b.String())
			}
			b, is, inTo = nextTo()
		default:
			if was != is {
				d.Changed++
			}
			a, was, inFrom = nextFrom()
			b, is, inTo = nextTo()
		}
	}
	return d
}

func sorted[V any](entries map[cveKey]V) iter.Seq2[cveKey, V] {
	return func(yield func(cveKey, V) bool) {
		for _, key := range slices.Sorted(maps.Keys(entries)) {
			if !yield(key, entries[key]) {
				return
			}
		}
	}
}

func (s *Scores) all() iter.Seq2[cveKey, uint32] {
	return func(yield func(cveKey, uint32) bool) {
		for _, row := range s.rows {
			if !yield(row.key, row.probability) {
				return
			}
		}
	}
}

func (p *Points) all() iter.Seq2[cveKey, points] {
	return func(yield func(cveKey, points) bool) {
		for _, row := range p.rows {
			if !yield(row.key, row.points) {
				return
			}
		}
	}
}
