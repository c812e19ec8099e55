package scope

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/headgate/headgate/engine"
)

// aheadAtMost is how far a proof may be ahead of the clock of this run before it excuses nothing: ZAP writes local time without a zone.
const aheadAtMost = 24 * time.Hour

// Proven says what became of proofs.
type Proven struct {
	Expired []engine.Proof // past their expiry: not used
	Undated []engine.Proof // they excuse, but when they were made is not known or is still to come: not used
	Unused  []engine.Proof // statements about no case of this run
	Excused int            // cases that are mitigated or not exploitable
}

// ApplyProofs notes in each case what proofs show of it. It removes no case, and the order of the proofs does not matter.
//
// A proof is about a case by a finding's id, by a name of the vulnerability on the same asset or endpoint, or by a CWE at the path or URL.
// An endpoint is an asset's if its match lists the host. A proof that names no place, as a simulation's, is about the one asset of the run
// if there is only one.
//
// Of proofs by one source the latest counts; of several sources the worse for the asset, and what the others say is kept as a conflict.
// What covers several CVEs is excused only if each of them is.
func (inv *Inventory) ApplyProofs(cases []engine.Case, proofs []engine.Proof, now time.Time) Proven {
	var out Proven
	x := newProofIndex(inv, cases)
	for i := range proofs {
		p := &proofs[i]
		switch until := p.Until(); {
		case !until.IsZero() && !now.Before(until):
			out.Expired = append(out.Expired, *p)
		case excuses(p) && (until.IsZero() || p.Time.After(now.Add(aheadAtMost))):
			out.Undated = append(out.Undated, *p)
		default:
			x.add(p)
		}
	}
	used := map[*engine.Proof]bool{}
	for i := range cases {
		c := &cases[i]
		about := x.about(c)
		if len(about) == 0 {
			continue
		}
		for _, p := range about {
			used[p] = true
		}
		standing := latestOfEach(about)
		best := slices.MaxFunc(standing, compareProofs)
		if excuses(best) {
			if best = excusing(c, standing); best == nil {
				continue
			}
			out.Excused++
		}
		c.Input.Context.Validation = new(best.Validation)
		setSource(c, "context.validation", engine.Provenance{Source: best.Source, At: best.Time, Expires: best.Until()})
		for _, p := range standing {
			if p.Status != best.Status {
				addConflict(c, engine.Conflict{Fact: "context.validation", Value: best.Status, Source: best.By, Other: p.Status, By: p.By})
			}
		}
	}
	for i := range proofs {
		if p := &proofs[i]; !p.Tool && x.has[p] && !used[p] {
			out.Unused = append(out.Unused, *p)
		}
	}
	return out
}

// excuses says whether a proof makes its cases less urgent.
func excuses(p *engine.Proof) bool { return p.Status != "exploitable" }

// excusing is what excuses a case that nothing proves exploitable: of a name that covers several CVEs, each must be.
func excusing(c *engine.Case, standing []*engine.Proof) *engine.Proof {
	v := c.Input.Finding.Vulnerability
	if v == nil || len(v.CVEs) < 2 {
		return slices.MaxFunc(standing, compareProofs)
	}
	whole := func(p *engine.Proof) bool { return p.Finding != "" || slices.Contains(p.Names, v.ID) }
	for _, cve := range v.CVEs {
		if !slices.ContainsFunc(standing, func(p *engine.Proof) bool { return whole(p) || slices.Contains(p.Names, cve) }) {
			return nil
		}
	}
	return slices.MaxFunc(standing, compareProofs)
}

// A proofIndex finds the proofs about a case.
type proofIndex struct {
	byID, byName map[string][]*engine.Proof
	byCWE        map[int][]*engine.Proof
	has          map[*engine.Proof]bool
	places       map[*engine.Proof]endpoint
	hosts        map[string]*match // by asset id
	only         string            // the asset, if the run has only one
}

func newProofIndex(inv *Inventory, cases []engine.Case) *proofIndex {
	x := &proofIndex{
		byID: map[string][]*engine.Proof{}, byName: map[string][]*engine.Proof{}, byCWE: map[int][]*engine.Proof{},
		has: map[*engine.Proof]bool{}, places: map[*engine.Proof]endpoint{}, hosts: map[string]*match{},
	}
	for i := range inv.assets {
		x.hosts[inv.assets[i].asset.ID] = &inv.assets[i].match
	}
	assets := map[string]bool{}
	for i := range cases {
		if id := cases[i].Input.Asset.ID; id != nameless.ID {
			assets[id] = true
			x.only = id
		}
	}
	if len(assets) != 1 {
		x.only = ""
	}
	return x
}

// nameless is what stands for a host that no report names.
var nameless = defaultAsset(engine.Target{Type: engine.TargetHost})

func (x *proofIndex) add(p *engine.Proof) {
	x.has[p] = true
	if p.Place != "" {
		if e, ok := parseEndpoint(p.Place); ok {
			x.places[p] = e
		}
	}
	if p.Finding != "" {
		x.byID[p.Finding] = append(x.byID[p.Finding], p)
	}
	for _, n := range unique(slices.Clone(p.Names)) {
		x.byName[n] = append(x.byName[n], p)
	}
	for _, n := range p.CWEs {
		x.byCWE[n] = append(x.byCWE[n], p)
	}
}

// about are the proofs about a case, each once.
func (x *proofIndex) about(c *engine.Case) []*engine.Proof {
	var all []*engine.Proof
	seen := map[*engine.Proof]bool{}
	take := func(list []*engine.Proof, is func(*engine.Proof) bool) {
		for _, p := range list {
			if !seen[p] && is(p) {
				seen[p] = true
				all = append(all, p)
			}
		}
	}
	f := &c.Input.Finding
	here := func(p *engine.Proof) bool { return x.onAsset(p, c) }
	for _, id := range f.IDs {
		take(x.byID[id], here)
	}
	if f.Vulnerability != nil {
		for _, n := range unique(append(f.Vulnerability.Names(), f.Vulnerability.CVEs...)) {
			take(x.byName[n], here)
		}
	}
	for _, n := range f.CWEs {
		take(x.byCWE[n], func(p *engine.Proof) bool { return x.atPlace(p, c) })
	}
	return all
}

// onAsset says whether a proof is of the asset that a case is on.
func (x *proofIndex) onAsset(p *engine.Proof, c *engine.Case) bool {
	a := &c.Input.Asset
	if p.Asset != "" && p.Asset != a.ID && p.Asset != a.Name {
		return false
	}
	if p.Place == "" {
		return p.Asset != "" || p.Finding != "" || a.ID == x.only || a.ID == nameless.ID
	}
	at, ok := x.places[p]
	if !ok {
		return false
	}
	m := x.hosts[a.ID]
	if excuses(p) {
		return everywhere(p, at, m, caseEndpoints(c))
	}
	if m != nil && m.answers([]endpoint{at}) {
		return true
	}
	return slices.ContainsFunc(caseEndpoints(c), func(e endpoint) bool {
		if p.Tool {
			e.path = at.path // whatever path of a host was attacked, it was that host
		}
		return e.below(at)
	})
}

// everywhere says whether a proof that excuses was made wherever a case can be attacked: at all its endpoints, or, if it has none, at all
// of its asset. What stops an attack at one of two hosts leaves the other open.
func everywhere(p *engine.Proof, at endpoint, m *match, all []endpoint) bool {
	if p.Tool {
		at.path = ""
	}
	if len(all) == 0 && m != nil {
		for _, h := range m.hosts {
			all = append(all, endpoint(h))
		}
	}
	return len(all) > 0 && !slices.ContainsFunc(all, func(e endpoint) bool { return !e.below(at) })
}

// atPlace says whether a proof by CWE is of one of the places of a case: what a tool attacked, or the path or URL that a statement names
// or one below it. One that excuses must be of all.
func (x *proofIndex) atPlace(p *engine.Proof, c *engine.Case) bool {
	if p.Asset != "" && p.Asset != c.Input.Asset.ID && p.Asset != c.Input.Asset.Name {
		return false
	}
	at, ok := x.places[p]
	if p.Place != "" && !ok {
		return false
	}
	is := func(l engine.Location) bool {
		if p.Path != "" && (l.Path == "" || !doublestar.MatchUnvalidated(p.Path, l.Path)) {
			return false
		}
		e, ok := parseEndpoint(l.URL)
		return p.Place == "" || ok && (!p.Tool && e.below(at) || p.Tool && e == at)
	}
	all := c.Input.Finding.Locations
	if excuses(p) {
		return len(all) > 0 && !slices.ContainsFunc(all, func(l engine.Location) bool { return !is(l) })
	}
	return p.Path == "" && p.Place == "" || slices.ContainsFunc(all, is)
}

// caseEndpoints are the endpoints that a case itself names.
func caseEndpoints(c *engine.Case) []endpoint {
	host := ""
	if c.Input.Asset.Type == string(engine.TargetHost) && c.Input.Asset.ID != nameless.ID {
		host = c.Input.Asset.ID
	}
	return endpointsOf(host, &c.Input.Finding)
}

// latestOfEach leaves out proofs that their own source has replaced: a tool by trying the same again, somebody by stating anew of the
// same place or of one around it.
func latestOfEach(all []*engine.Proof) []*engine.Proof {
	slices.SortFunc(all, func(a, b *engine.Proof) int { return cmp.Or(b.Time.Compare(a.Time), compareProofs(b, a)) })
	var kept []*engine.Proof
	attempts := map[string]*engine.Proof{}
	for _, p := range all {
		if p.Tool {
			key := p.By + "\x00" + p.Attempt
			if later := attempts[key]; later != nil && later.Time.After(p.Time) {
				continue
			}
			attempts[key] = p
		} else if slices.ContainsFunc(kept, func(later *engine.Proof) bool { return replaces(later, p) }) {
			continue
		}
		kept = append(kept, p)
	}
	return kept
}

// replaces says whether a later statement takes the place of an earlier one of the same source.
func replaces(later, p *engine.Proof) bool {
	if later.Tool || !later.Time.After(p.Time) || !strings.EqualFold(later.By, p.By) || later.Path != "" && later.Path != p.Path {
		return false
	}
	if later.Place == "" {
		return true
	}
	top, _ := parseEndpoint(later.Place)
	e, ok := parseEndpoint(p.Place)
	return ok && p.Place != "" && e.below(top)
}

// compareProofs orders by what is shown, the worse for the asset last, then the later, then in some order that is always the same.
func compareProofs(a, b *engine.Proof) int {
	return cmp.Or(
		cmp.Compare(slices.Index(validationStatuses, a.Status), slices.Index(validationStatuses, b.Status)),
		a.Time.Compare(b.Time), strings.Compare(a.By, b.By), strings.Compare(a.Control, b.Control), strings.Compare(a.Source, b.Source),
		a.Expires.Compare(b.Expires), strings.Compare(a.Place, b.Place), strings.Compare(a.Attempt, b.Attempt),
	)
}

// setSource notes where a fact comes from.
func setSource(c *engine.Case, fact string, from engine.Provenance) {
	if c.Provenance == nil {
		c.Provenance = map[string]engine.Provenance{}
	}
	c.Provenance[fact] = from
}

// addConflict keeps what somebody says otherwise, each once and in order.
func addConflict(c *engine.Case, is engine.Conflict) {
	if !slices.Contains(c.Conflicts, is) {
		c.Conflicts = append(c.Conflicts, is)
		slices.SortFunc(c.Conflicts, func(a, b engine.Conflict) int {
			return cmp.Or(strings.Compare(a.Fact, b.Fact), strings.Compare(a.Source, b.Source), strings.Compare(a.Other, b.Other),
				strings.Compare(a.By, b.By), strings.Compare(a.Value, b.Value))
		})
	}
}

// Contradict notes in each case where proof of an exploit stands against what others say of it. It is asked when all facts are joined.
func Contradict(cases []engine.Case) {
	for i := range cases {
		c := &cases[i]
		x := &c.Input.Context
		if x.Validation == nil || x.Validation.Status != "exploitable" {
			continue
		}
		against := func(fact, value, source string) {
			addConflict(c, engine.Conflict{Fact: fact, Value: value, Source: source, Other: x.Validation.Status, By: x.Validation.By})
		}
		if r := x.Reachability; r != nil && r.Verdict == "unreachable" {
			against("context.reachability", r.Verdict, r.By)
		}
		if x.Runtime != nil && !x.Runtime.Loaded {
			against("context.runtime", "not loaded", c.Provenance["context.runtime"].Source)
		}
		if v := x.VEX; v != nil && (v.Status == "not_affected" || v.Status == "fixed") {
			against("context.vex", v.Status, v.Source)
		}
	}
}
