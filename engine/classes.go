package engine

import (
	"context"
	"encoding/binary"
	"hash/maphash"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
)

// statedByPack says that a document is one of the sets of the pack contract: data.packs.<pack>.<set>.
func statedByPack(ref ast.Ref) bool {
	if len(ref) != 4 || !ref[1].Equal(ast.StringTerm("packs")) {
		return false
	}
	set, ok := ref[3].Value.(ast.String)
	return ok && slices.Contains(kinds, string(set))
}

// A class is all inputs that the policy cannot tell apart. Its answer is asked for once.
type class struct {
	kept   bool // it is remembered
	once   sync.Once
	answer *answer
	err    error
}

// classes are the classes of a document that a policy has met, by what is observed of their inputs. Inputs are told apart by the bytes of
// their projections, not by a digest of them, so that no two classes can be taken for one.
type classes struct {
	policy   *Policy
	query    func() (rego.PreparedEvalQuery, error) // the document
	answered func(context.Context, question) (*answer, error)
	observation
	seed   maphash.Seed
	most   int // of one shard
	shards [64]struct {
		sync.Mutex
		known map[string]*class
	}
	stated []*statedValues // by part
	sights []*sight        // by part

	asked    atomic.Int64        // how many classes there were
	composed func() *composition // is nil if the document cannot be composed
	outlined func() *outlines    // is nil if the document has no outlines; nil: it is no decision
}

// statedValues are the values that one part was met with, numbered.
type statedValues struct {
	query func() (rego.PreparedEvalQuery, error)
	sync.Mutex
	numbers map[string]uint64 // by value
	values  []*ast.Term       // by number; nil: undefined
	known   map[string]uint64 // by projection
}

// Bounds of what is kept. What comes first is what comes often; the rest is asked for each time.
const (
	mostClasses     = 1 << 10 // of one shard
	mostProjections = 1 << 14 // of one part
	mostStated      = 1 << 14 // values of one part
)

// fewComposed are so few classes that it takes longer to compile what composes their answers, and fewOutlined so few that it takes longer to
// compile their outlines.
const (
	fewComposed = 64
	fewOutlined = 512
)

// fewCases are so few that finding out what they have in common costs more than it saves.
const fewCases = 100

// newClasses derives what a document can tell of its input, which query asks for and answered makes an answer of. Its parts are the sets that
// packs state, and the document over them; nil: there is none. What cannot be derived, or should not be, makes every input a class of its own.
func (p *Policy) newClasses(document, over ast.Ref, query func() (rego.PreparedEvalQuery, error), answered func(context.Context, question) (*answer, error)) *classes {
	c := &classes{policy: p, query: query, answered: answered, seed: maphash.MakeSeed(), most: mostClasses,
		observation: observation{observed: &observed{whole: true}}}
	data, err := storage.ReadOne(context.Background(), p.store, storage.RootPath) // in memory
	base, ok := data.(ast.Value)
	if err != nil || !ok {
		return c
	}
	c.observation = observe(p.compiler, base, document, statedByPack, over, "")
	c.composed = sync.OnceValue(func() *composition { return newComposition(p, base, document, &c.observation) })
	if p.noClasses {
		c.observation = observation{observed: &observed{whole: true}, compared: c.compared}
	}
	for _, part := range c.parts {
		stated := p.stated.of(part.ref, func() (rego.PreparedEvalQuery, error) {
			return p.prepare(context.Background(), part.ref.String())
		})
		c.stated, c.sights = append(c.stated, stated), append(c.sights, &sight{seen: part.seen, part: stated})
	}
	return c
}

// A stated is the values of parts. The decision and the priority alone have parts in common.
type stated struct {
	sync.Mutex
	parts map[string]*statedValues
}

func (s *stated) of(ref ast.Ref, query func() (rego.PreparedEvalQuery, error)) *statedValues {
	s.Lock()
	defer s.Unlock()
	name := ref.String()
	if s.parts[name] == nil {
		if s.parts == nil {
			s.parts = map[string]*statedValues{}
		}
		s.parts[name] = &statedValues{query: sync.OnceValues(query)}
	}
	return s.parts[name]
}

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
	if len(shard.known) < c.most {
		fresh.kept = true
		shard.known[string(key)] = fresh
	}
	return fresh
}

// ask asks the policy about one input.
func (c *classes) ask(ctx context.Context, in *Input) (*answer, error) {
	query, err := c.query()
	if err != nil {
		return nil, err
	}
	return c.answered(ctx, c.policy.question(query, in))
}

// compose makes the answer to an input of what its parts came to: once many have been asked for, of an outline and what each part adds to it,
// or else of all that the parts state. Where one way comes to no answer the next is tried, and at last the policy is asked about all of the
// input: who reads what is wrong has to see it where its author wrote it.
func (c *classes) compose(ctx context.Context, in *Input, numbers []uint64) (*answer, error) {
	asked := c.asked.Add(1)
	if asked > fewOutlined && c.outlined != nil {
		if outlines := c.outlined(); outlines != nil {
			if a, err := outlines.answer(ctx, in, numbers); err == nil {
				return a, nil
			}
		}
	}
	if asked > fewComposed {
		if made := c.composed(); made != nil {
			if a, err := c.answered(ctx, made.question(reflect.ValueOf(in), c.stated, numbers)); err == nil {
				return a, nil
			}
		}
	}
	return c.ask(ctx, in)
}

// number is the number of a value of a part; it is false if there are too many.
func (v *statedValues) number(value ast.Value) (uint64, bool) {
	text := "" // undefined
	if value != nil {
		text = value.String()
	}
	v.Lock()
	defer v.Unlock()
	n, ok := v.numbers[text]
	if !ok && len(v.numbers) < mostStated {
		if v.numbers == nil {
			v.numbers = map[string]uint64{}
		}
		n, ok = uint64(len(v.numbers)), true
		v.numbers[text] = n
		var t *ast.Term
		if value != nil {
			t = ast.NewTerm(value)
		}
		v.values = append(v.values, t)
	}
	return n, ok
}

// value is the value with a number.
func (v *statedValues) value(n uint64) *ast.Term {
	v.Lock()
	defer v.Unlock()
	return v.values[n]
}

// A decider decides inputs one after another, asking the policy once per class. Each goroutine needs one of its own; classes are
// shared.
type decider struct {
	classes  *classes
	byItself bool // every input is a class of its own
	rest     *projection
	parts    []partDecider
	key      []byte
	numbers  []uint64 // of the values of parts
}

// A partDecider finds out the number of the value of a part.
type partDecider struct {
	guarded
	seen   *observed // of the input
	shared *statedValues
	sight  *sight
	known  map[string]uint64 // by projection: the number in sight
	key    []byte
	near   map[string]uint64 // by the pieces of sketches: the same, found sooner
	use    []byte
}

// decider decides about that many cases.
func (c *classes) decider(cases int) *decider {
	d := &decider{classes: c, byItself: c.whole || cases < fewCases}
	if d.byItself {
		return d
	}
	input := reflect.TypeFor[Input]()
	d.rest = project(c.observed, input)
	for i := range c.parts {
		seen := new(observed)
		seen.merge(c.parts[i].observed)
		if c.parts[i].guard != nil {
			seen.merge(c.parts[i].guard)
		}
		d.parts = append(d.parts, partDecider{guarded: projectPart(&c.parts[i], input), seen: seen, shared: c.stated[i], sight: c.sights[i],
			known: map[string]uint64{}})
	}
	return d
}

// answer is the policy's answer to an input. It is shared: nothing in it may be changed.
func (d *decider) answer(ctx context.Context, in *Input) (*answer, error) {
	return d.answerBy(ctx, in, nil)
}

// answerBy is answer by a sketch of the input; nil: there is none.
func (d *decider) answerBy(ctx context.Context, in *Input, look *look) (*answer, error) {
	if d.byItself {
		return d.classes.ask(ctx, in)
	}
	v := reflect.ValueOf(in)
	d.key, d.numbers = d.rest.appendTo(d.key[:0], v, true), d.numbers[:0]
	for i := range d.parts {
		n, ok := d.sketched(ctx, i, v, look)
		if !ok { // what is wrong is found out by deciding; it may not even matter
			return d.classes.ask(ctx, in)
		}
		d.key, d.numbers = binary.AppendUvarint(d.key, n), append(d.numbers, n)
	}
	c := d.classes.of(d.key)
	first := false
	c.once.Do(func() {
		if c.answer, c.err = d.classes.compose(ctx, in, d.numbers); c.answer != nil {
			c.answer.shared = c.kept
		}
		first = true
	})
	if c.err != nil && !first { // it may have been for want of time, which is no matter of the class
		return d.classes.ask(ctx, in)
	}
	return c.answer, c.err
}

// sketched is stated, looked up by the pieces of a sketch. Of many inputs that differ in a piece the part observes the same.
func (d *decider) sketched(ctx context.Context, part int, v reflect.Value, look *look) (uint64, bool) {
	p := &d.parts[part]
	if look == nil {
		return d.stated(ctx, p, v)
	}
	p.use = look.appendUse(p.use[:0], part)
	if n, ok := p.near[string(p.use)]; ok {
		return n, true
	}
	n, ok := d.stated(ctx, p, v)
	if ok && len(p.near) < mostProjections {
		if p.near == nil {
			p.near = map[string]uint64{}
		}
		p.near[string(p.use)] = n
	}
	return n, ok
}

// stated is the number of the value of a part, the same for all values that the document cannot tell apart; it is false if the part has
// none that can be worked with.
func (d *decider) stated(ctx context.Context, p *partDecider, v reflect.Value) (uint64, bool) {
	if p.rest.whole && p.guard == nil { // nothing to look it up by
		n, ok := d.ask(ctx, p, v)
		if !ok {
			return 0, false
		}
		return p.sight.of(n), true
	}
	p.key = p.appendTo(p.key[:0], v)
	if n, ok := p.known[string(p.key)]; ok {
		return n, true
	}
	p.shared.Lock()
	n, ok := p.shared.known[string(p.key)]
	p.shared.Unlock()
	if !ok {
		if n, ok = d.ask(ctx, p, v); !ok {
			return 0, false
		}
		p.shared.keep(p.key, n)
	}
	n = p.sight.of(n)
	if len(p.known) < mostProjections {
		p.known[string(p.key)] = n
	}
	return n, true
}

func (v *statedValues) keep(key []byte, n uint64) {
	v.Lock()
	defer v.Unlock()
	if v.known == nil {
		v.known = map[string]uint64{}
	}
	if len(v.known) < mostProjections {
		v.known[string(key)] = n
	}
}

// ask evaluates a part on what it observes of an input. The rest, which is most of it, need not be there.
func (d *decider) ask(ctx context.Context, p *partDecider, v reflect.Value) (uint64, bool) {
	query, err := p.shared.query()
	if err != nil {
		return 0, false
	}
	policy := d.classes.policy
	held := newHeldRules(policy.compiler)
	value, err := policy.evaluate(ctx, query, p.seen.termOf(v).Value, rego.EvalEvaluatedRuleTracker(held.tracker))
	if err != nil || policy.forged(value, held) {
		return 0, false
	}
	return p.shared.number(value)
}
