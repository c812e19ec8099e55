package engine

import (
	"context"
	"encoding/binary"
	"reflect"
	"slices"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
)

// byParts are the classes of a document of which every part has a value already, since another document was asked for it.
type byParts struct {
	*classes
	from []int // by part: which one it is of those that have values
	sync.Mutex
	rest *projection // what is observed besides the parts
}

// newByParts finds the parts of a document among those that have values; nil: one of them has none, or there are no classes.
func newByParts(c *classes, have []ast.Ref) *byParts {
	if c == nil || c.whole {
		return nil
	}
	b := &byParts{classes: c, rest: project(c.observed, inputType)}
	for _, one := range c.parts {
		i := slices.IndexFunc(have, func(ref ast.Ref) bool { return ref.Equal(one.ref) })
		if i < 0 {
			return nil
		}
		b.from = append(b.from, i)
	}
	return b
}

// of is the answer to an input of which the parts have the values with these numbers.
func (b *byParts) of(ctx context.Context, in *Input, numbers []uint64) (*answer, error) {
	b.Lock()
	key := b.rest.appendTo(nil, reflect.ValueOf(in), true)
	b.Unlock()
	own := make([]uint64, len(b.from))
	for i, from := range b.from {
		own[i] = b.sights[i].of(numbers[from])
		key = binary.AppendUvarint(key, own[i])
	}
	c := b.classes.of(key)
	c.once.Do(func() { c.answer, c.err = b.compose(ctx, in, own) })
	return c.answer, c.err
}
