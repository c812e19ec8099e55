package ingest

import (
	"fmt"
	"strings"

	"github.com/headgate/headgate/engine"
)

// Reports that count their findings beside listing them can contradict themselves: a list was cut out, or a converter lost it. A scan of
// which findings are missing is not a clean one, so it is taken for unfinished. More findings than are counted are no loss.

// counted compares how many of something a report counts itself with how many it lists.
func (b *batch) counted(counts, lists int, what string) {
	if counts > lists {
		b.incomplete(fmt.Sprintf("it counts %d %s and lists %d", counts, what, lists))
	}
}

// severityCounts are numbers of findings by severity, as a report counts them.
type severityCounts map[engine.Severity]int

// counts reads an object of severities and numbers. Other keys are passed over, as sums ("total") among them.
func (s *stream) counts() (severityCounts, error) {
	c := severityCounts{}
	err := s.fields(func(key string) error {
		n := 0
		err := s.integerInto(&n)
		if severity := severityOf(key); severity != "" && n > 0 {
			c[severity] += n
		}
		return err
	})
	return c, err
}

// sum is the number of all.
func (c severityCounts) sum() int {
	n := 0
	for _, of := range c {
		n += of
	}
	return n
}

// foldedAmong says whether a key is one of some in another letter case: as a converter writes it that changes the names of what it
// passes on. What stands there would not be read.
func foldedAmong(key string, names ...string) bool {
	for _, n := range names {
		if key != n && strings.EqualFold(key, n) {
			return true
		}
	}
	return false
}
