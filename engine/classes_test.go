package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/headgate/headgate/policies"
)

// A filler fills inputs at random: every field of every type, absent ones too, with values of the schema, a few that policies look
// for, and a few that nobody expects.
type filler struct {
	*rand.Rand
	schema map[string]any
}

func newFiller(seed uint64) *filler {
	return &filler{rand.New(rand.NewPCG(seed, 3)), inputSchema()}
}

var fillerTexts = []string{"odd", "a/test/b.go", "src/main_test.go", "go.sum", "web/.env.example", "v2026.06.15", "2021-12-10", "1.2.3", "pii", "log4j-core",
	"CKV_AWS_20", "MIT", "GPL-3.0-only WITH odd", "AGPL-3.0-only"}

// fillerTags are tags that packs look for, with their values.
var fillerTags = [][2]string{{"fedramp_impact", "n4"}, {"fedramp_impact", "n1"}, {"fedramp_class", "d"}, {"odd", "odd"}}

func (f *filler) fill(v reflect.Value, path []string) {
	switch v.Kind() {
	case reflect.Pointer:
		if f.IntN(4) == 0 {
			v.SetZero()
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem(), path)
	case reflect.Struct:
		for _, fl := range layout(v.Type()) {
			f.fill(v.Field(fl.index), append(path, fl.name))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), f.IntN(3), 3))
		for i := range v.Len() {
			f.fill(v.Index(i), append(path, "*"))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range f.IntN(3) {
			tag := fillerTags[f.IntN(len(fillerTags))]
			v.SetMapIndex(reflect.ValueOf(tag[0]), reflect.ValueOf(tag[1]))
		}
	case reflect.Bool:
		v.SetBool(f.IntN(2) == 0)
	case reflect.Int:
		v.SetInt(int64([]int{0, 1, 22, 30, 89, 400, 502}[f.IntN(7)]))
	case reflect.Float64:
		v.SetFloat([]float64{0, 0.05, 0.1, 0.3, 0.5, 0.96, 1, 9.8}[f.IntN(8)])
	case reflect.String:
		words := f.enum(path)
		switch n := f.IntN(20); {
		case n == 0:
			words = fillerTexts
		case n < 4 && path[len(path)-1] != "event":
			words = []string{""}
		case len(words) == 0:
			words = fillerTexts
		}
		v.SetString(words[f.IntN(len(words))])
	}
}

// enum are the values that the schema allows at a path.
func (f *filler) enum(path []string) (words []string) {
	at := f.schema
	for _, name := range path {
		next := at["items"]
		if name != "*" {
			props, _ := at["properties"].(map[string]any)
			next = props[name]
		}
		at, _ = next.(map[string]any)
	}
	for _, w := range list(at["enum"]) {
		if s, ok := w.(string); ok {
			words = append(words, s)
		}
	}
	return words
}

// change fills one part of an input anew.
func (f *filler) change(in *Input) {
	parts := []any{&in.Finding, &in.Asset, &in.Context}
	names := []string{"finding", "asset", "context"}
	i := f.IntN(3)
	v := reflect.ValueOf(parts[i]).Elem()
	fl := layout(v.Type())[f.IntN(v.NumField())]
	f.fill(v.Field(fl.index), []string{names[i], fl.name})
}

// allPacks are all packs that ship, whether they are on by default or not.
func allPacks(t testing.TB) (packs []string) {
	t.Helper()
	folders, err := fs.ReadDir(policies.Files, "packs")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		packs = append(packs, f.Name())
	}
	return packs
}

var decidedAt = time.Date(2026, 11, 21, 10, 30, 0, 0, time.UTC)

// decideBothWays decides inputs by class and by themselves, and compares: also that nothing could be decided. It says how many
// classes there were, and of how many inputs there was no decision.
func decideBothWays(t *testing.T, src PolicySource, inputs []Input) (met, undecided int) {
	t.Helper()
	src.Shipped = policies.Files
	p, err := LoadPolicy(context.Background(), src)
	if err != nil {
		t.Fatal(err)
	}
	byClass := p.classes().decider(len(inputs))
	if byClass.byItself {
		t.Fatal("the policy observes everything, so nothing is compared")
	}
	for i := range inputs {
		if i == len(inputs)/2 {
			p.classes().asked.Add(fewOutlined)
		}
		one, errOne := decideBy(byClass.answer(t.Context(), &inputs[i]))(&inputs[i])
		other, errOther := decideBy(p.classes().ask(t.Context(), &inputs[i]))(&inputs[i])
		if (errOne == nil) != (errOther == nil) || !reflect.DeepEqual(one, other) {
			t.Fatalf("by class\n%s %v\nby itself\n%s %v\nof\n%s", inJSON(t, one), errOne, inJSON(t, other), errOther, inJSON(t, inputs[i]))
		}
		if errOne != nil {
			undecided++
		}
	}
	return p.classes().count(), undecided
}

func decideBy(a *answer, err error) func(in *Input) (Decision, error) {
	return func(in *Input) (Decision, error) {
		if err != nil {
			return Decision{}, err
		}
		return a.decision(in, decidedAt)
	}
}

func inJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// inputs are random inputs, most of them a little different from the one before.
func (f *filler) inputs(n int) []Input {
	all := make([]Input, n)
	for i := range all {
		in := &all[i]
		if i%20 == 0 {
			f.fill(reflect.ValueOf(in).Elem(), nil)
		} else {
			*in = all[i-1]
			for range 1 + f.IntN(3) {
				f.change(in)
			}
		}
		if in.Context.Change == nil && i%8 != 0 { // without an event there is no decision
			in.Context.Change = &Change{Event: EventPullRequest}
		}
		if k := in.Context.Intel; k != nil && k.KEV != nil {
			k.KEV.Due = []string{"", "2021-12-24", "2026-12-24"}[f.IntN(3)]
		}
	}
	return all
}

func TestAllPacksDecideByClassAsTheyDecideEachCase(t *testing.T) {
	n := times(200, 8_000)
	met, undecided := decideBothWays(t, PolicySource{Packs: allPacks(t)}, newFiller(1).inputs(n))
	if met > n*9/10 || undecided > n/2 {
		t.Errorf("so little was compared: %d random inputs, %d classes, %d without a decision", n, met, undecided)
	}
	t.Logf("%d random inputs, %d classes, %d without a decision", n, met, undecided)
}

// What a pack observes hangs on its parameters: each way in which they can be set is a policy of its own.
func TestAllPacksDecideByClassWhicheverWayTheirParametersAreSet(t *testing.T) {
	for name, params := range map[string]map[string]any{
		"deployer by the table": {"ssvc": map[string]any{"table": "deployer"}},
		"deployer by the definition, FedRAMP class d": {
			"ssvc": map[string]any{"table": "deployer", "human_impact": "definition"}, "fedramp": map[string]any{"class": "d", "from": "evaluated"}},
		"supplier, licences denied": {
			"ssvc": map[string]any{"table": "supplier"}, "license": map[string]any{"unknown": "deny"}, "sla": map[string]any{"kev_due": true}},
		"nothing assumed, other bands": {
			"ssvc": map[string]any{"unknown_mission_well_being": nil}, "impact": map[string]any{"environmental": map[string]any{"high": 0.3}},
			"bod2604": map[string]any{"from_if_listed": "evaluated"}, "license": map[string]any{"unknown": "allow"}},
	} {
		t.Run(name, func(t *testing.T) {
			n := times(100, 400)
			met, undecided := decideBothWays(t, PolicySource{Packs: allPacks(t), Params: params}, newFiller(3).inputs(n))
			if undecided > n/2 || met == 0 {
				t.Errorf("so little was compared: %d classes, %d without a decision", met, undecided)
			}
		})
	}
}

func TestCasesOfOneClassKeepTheirOwnMessagesAndDates(t *testing.T) {
	cases := make([]Case, 2*fewCases)
	for i := range cases {
		name := fmt.Sprintf("package-%d", i)
		cases[i].Input = Input{
			Finding: Finding{ID: name, Kind: KindVulnerability, Severity: SeverityHigh, Package: &Package{Name: name, Fixed: []string{"1." + name}, Scope: "development"}},
			Asset:   Asset{ID: "shop"},
			Context: Context{Change: &Change{Event: EventPush}, History: &History{AgeDays: i}},
		}
	}
	p, err := LoadPolicy(t.Context(), PolicySource{Shipped: policies.Files, Packs: policies.Default})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Decide(t.Context(), cases, decidedAt); err != nil {
		t.Fatal(err)
	}
	if n := p.classes().count(); n != 1 {
		t.Errorf("%d classes, want 1", n)
	}
	for i, c := range cases {
		if due := startOfDay(decidedAt).AddDate(0, 0, 60-i); !c.Decision.Due.Equal(due) {
			t.Errorf("case %d is due %s, want %s", i, c.Decision.Due, due)
		}
		if text := inJSON(t, c.Decision.Reasons); !strings.Contains(text, `1.`+c.Input.Finding.ID+` fixes`) || strings.Count(text, c.Input.Finding.ID) != 2 {
			t.Errorf("case %d: %s", i, text)
		}
	}
}

func TestNoClassesDecidesEachCaseByItself(t *testing.T) {
	p, err := LoadPolicy(t.Context(), PolicySource{Shipped: policies.Files, Packs: policies.Default, NoClasses: true})
	if err != nil {
		t.Fatal(err)
	}
	cases := make([]Case, 2*fewCases)
	for i := range cases {
		cases[i].Input.Context.Change = &Change{Event: EventPush}
	}
	if err := p.Decide(t.Context(), cases, decidedAt); err != nil {
		t.Fatal(err)
	}
	if n := p.classes().count(); n != 0 {
		t.Errorf("%d classes were made", n)
	}
}

// What is assumed of a case is told in its messages and counts in its dates, also where the case has a verdict already.
func TestCasesOfOneClassAreToldWhatIsAssumedOfThem(t *testing.T) {
	own := fstest.MapFS{"mine/mine.rego": {Data: []byte(`package packs.mine

import data.lib

# METADATA
# title: Ours
# description: Names what may be assumed.
# custom: {id: mine.named, message: "{asset.exposure} asset, {finding.package.name}, added {context.intel.kev.added}"}
warn contains lib.warn(rego.metadata.rule()) if input.asset.exposure

# METADATA
# title: Ours too
# description: Counts from what may be assumed.
# custom: {id: mine.dated}
due contains lib.due(rego.metadata.rule(), 30, "kev_added")
`)}}
	for _, c := range []struct {
		assume     map[string]any
		listed     string // as assumed in the decision
		rule, told string // the rule whose reason tells it, and what is in its message and date
	}{
		{map[string]any{"asset.exposure": "internet"}, "asset.exposure=internet", "mine.named", "internet asset"},
		{map[string]any{"context.intel.kev": map[string]any{"listed": true, "added": "2026-11-01"}}, "context.intel.kev=", "mine.named", "added 1 Nov 2026"},
		{map[string]any{"context.intel.kev": map[string]any{"listed": true, "added": "2026-11-01"}}, "context.intel.kev=", "mine.dated", "2026-12-01"},
	} {
		cases := estate(fewCases + 50)
		blank(cases)
		p := loadShipped(t, PolicySource{Own: []PackFolder{{Label: "own", Files: own}}, Assume: c.assume, NoRange: true})
		if err := p.Decide(t.Context(), cases, decidedAt); err != nil {
			t.Fatal(err)
		}
		told := 0
		for i := range cases {
			d := &cases[i].Decision
			if !slices.ContainsFunc(d.Assumed, func(a string) bool { return strings.HasPrefix(a, c.listed) }) {
				continue
			}
			for _, r := range d.Reasons {
				if r.Rule == c.rule {
					if told++; !strings.Contains(r.Message+r.Date.Format(time.DateOnly), c.told) {
						t.Fatalf("%s is told %+v, which is without %s", cases[i].Input.Finding.ID, r, c.told)
					}
				}
			}
		}
		if told < 3 {
			t.Errorf("%d cases are told of %s", told, c.listed)
		}
	}
}

// An error must not stay with its class: the next case of it may have more time.
func TestAFailureToDecideIsNotShared(t *testing.T) {
	p, err := LoadPolicy(t.Context(), PolicySource{Shipped: policies.Files, Packs: policies.Default})
	if err != nil {
		t.Fatal(err)
	}
	d := p.classes().decider(fewCases)
	in := &Input{Context: Context{Change: &Change{Event: EventPush}}}
	if _, err := d.answer(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	late := &class{err: context.DeadlineExceeded}
	late.once.Do(func() {})
	for i := range d.classes.shards {
		if known := d.classes.shards[i].known; known[string(d.key)] != nil {
			known[string(d.key)] = late
		}
	}
	if a, err := d.answer(t.Context(), in); err != nil || a == nil {
		t.Error(a, err)
	}
}

func (c *classes) count() (n int) {
	for i := range c.shards {
		n += len(c.shards[i].known)
	}
	return n
}

func TestParametersAndOwnRulesChangeWhatIsObserved(t *testing.T) {
	own := fstest.MapFS{
		"mine/data.yaml": {Data: []byte("params:\n  teams: [team-pay]\n")},
		"mine/mine.rego": {Data: []byte(`package packs.mine

import data.lib

# METADATA
# title: Ours
# description: Names the finding, so that every finding is a class of its own.
# custom: {id: mine.named}
raise contains lib.vars(lib.raise(rego.metadata.rule(), "attend"), {"finding": input.finding.id}) if {
	input.asset.owner in data.packs.mine.params.teams
	some location in input.finding.locations
	startswith(location.path, "src/")
}

warn contains sprintf("%s on %s", [input.finding.title, input.asset.id]) if count(input.finding.cwes) > 1
`)},
	}
	inputs := newFiller(2).inputs(times(150, 600))
	for i := range inputs {
		if i%2 == 0 {
			inputs[i].Asset.Owner = "team-pay"
		}
	}
	decideBothWays(t, PolicySource{Packs: policies.Default, Own: []PackFolder{{Label: "own", Files: own}},
		Params: map[string]any{"main": map[string]any{"fail_on": "track*"}, "sla": map[string]any{"kev_due": true}}}, inputs)
}

// Who decides an estate in chunks gets what deciding it at once gives, and asks the policy no more often.
func TestChunksAreDecidedAsTheWhole(t *testing.T) {
	whole := estate(3*fewCases + 7)
	blank(whole)
	chunked := slices.Clone(whole)
	one, other := loadShipped(t, PolicySource{}), loadShipped(t, PolicySource{})
	if err := one.Decide(t.Context(), whole, decidedAt); err != nil {
		t.Fatal(err)
	}
	for chunk := range slices.Chunk(chunked, fewCases) {
		if err := other.Decide(t.Context(), chunk, decidedAt); err != nil {
			t.Fatal(err)
		}
	}
	for i := range whole {
		if !reflect.DeepEqual(whole[i].Decision, chunked[i].Decision) {
			t.Fatalf("%s is decided otherwise in a chunk:\n%+v\n%+v", whole[i].Input.Finding.ID, whole[i].Decision, chunked[i].Decision)
		}
	}
	if one.classes().count() != other.classes().count() || one.classes().count() == 0 {
		t.Errorf("%d classes were met at once, and %d in chunks", one.classes().count(), other.classes().count())
	}
	if idle := len(other.deciders.idle); idle == 0 || idle > runtime.GOMAXPROCS(0) {
		t.Errorf("%d deciders are kept", idle)
	}
}

// What is remembered of verdicts is bounded by what is remembered of classes: else a policy that tells every case from every other would
// keep an answer for each.
func TestVerdictsOfForgottenClassesAreNotRemembered(t *testing.T) {
	again := estate(fewCases)
	if err := loadShipped(t, PolicySource{NoClasses: true}).Decide(t.Context(), again, decidedAt); err != nil {
		t.Fatal(err)
	}
	for _, most := range []int{0, mostClasses} {
		cases, p := estate(fewCases), loadShipped(t, PolicySource{})
		p.classes().most = most
		if err := p.Decide(t.Context(), cases, decidedAt); err != nil {
			t.Fatal(err)
		}
		met := 0
		for i := range p.met.shards {
			met += len(p.met.shards[i].met)
		}
		if (met == 0) != (most == 0) {
			t.Errorf("with %d classes a shard, %d verdicts are remembered", most, met)
		}
		for i := range cases {
			if !reflect.DeepEqual(cases[i].Decision, again[i].Decision) {
				t.Fatalf("with %d classes a shard, %s is decided otherwise", most, cases[i].Input.Finding.ID)
			}
		}
	}
}
