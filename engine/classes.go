package engine

import (
	"context"
	"hash/maphash"
	"reflect"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
)

// observe derives what the decision can observe of its input.
func (p *Policy) observe(everything bool) *observed {
	data, err := storage.ReadOne(context.Background(), p.store, storage.RootPath) // in memory
	base, ok := data.(ast.Value)
	if everything || err != nil || !ok {
		return &observed{whole: true}
	}
	return observe(p.compiler, base, ast.MustParseRef("data.main.decision"), "")
}

// A class is all inputs that the policy cannot tell apart. Its answer is asked for once.
type class struct {
	once   sync.Once
	answer *answer
	err    error
}

// classes are the classes that were met in one run, by what is observed of their inputs. Inputs are told apart by the bytes of their
// projections, not by a digest of them, so that no two classes can be taken for one.
type classes struct {
	seed   maphash.Seed
	shards [64]struct {
		sync.Mutex
		known map[string]*class
	}
}

// mostClasses bounds the classes of one shard that are kept. What comes first is what comes often; the rest is asked for each time.
const mostClasses = 1 << 13

func newClasses() *classes { return &classes{seed: maphash.MakeSeed()} }

// of is the class of inputs with a projection.
func (c *classes) of(key []byte) *class {
	shard := &c.shards[maphash.Bytes(c.seed, key)%uint64(len(c.shards))]
	shard.Lock()
	defer shard.Unlock()
	if known := shard.known[string(key)]; known != nil {
		return known
	}
	fresh := new(class)
	if shard.known == nil {
		shard.known = map[string]*class{}
	}
	if len(shard.known) < mostClasses {
		shard.known[string(key)] = fresh
	}
	return fresh
}

// A decider decides inputs one after another, asking the policy once per class. Each goroutine needs one of its own; classes are
// shared.
type decider struct {
	policy     *Policy
	projection *projection // nil: nothing is observed
	byItself   bool        // every input is a class of its own
	classes    *classes
	key        []byte
}

func (p *Policy) decider(shared *classes) *decider {
	o := p.observed()
	return &decider{policy: p, byItself: o.whole, projection: project(o, reflect.TypeFor[Input]()), classes: shared}
}

// answer is the policy's answer to an input. It is shared: nothing in it may be changed.
func (d *decider) answer(ctx context.Context, in *Input) (*answer, error) {
	if d.byItself {
		return d.policy.answerTo(ctx, in)
	}
	d.key = d.key[:0]
	if d.projection != nil {
		d.key = d.projection.appendTo(d.key, reflect.ValueOf(in), true)
	}
	c := d.classes.of(d.key)
	c.once.Do(func() { c.answer, c.err = d.policy.answerTo(ctx, in) })
	return c.answer, c.err
}
