package store

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/engine/history"
)

// settles says whether what a run of this kind sees is what is open from then on: it decided on a branch as it is, and not on a change that
// is yet to be accepted.
func settles(event engine.Event) bool {
	switch event {
	case engine.EventPush, engine.EventSchedule, engine.EventManual, engine.EventRelease:
		return true
	}
	return false
}

// A projection makes of the records of one run what is open on its branch.
type projection struct {
	run    history.Run
	scans  [][]string      // of each report of the terms: the scans that it is of
	branch *history.Branch // nil: the run changes nothing
	first  bool            // nothing is kept of the branch yet
	in     *incoming
	again  []redecided // of a run of a sweep: what it decided again, before it is written
	epoch  []byte      // the record of a sweep that it has, if it has one
	told   told        // tickets that it made, or noted
}

// projection begins with what is known of the branch.
func (in *incoming) projection(ctx context.Context, t transaction, leaf int64) (*projection, error) {
	p := in.projectionOn(leaf)
	if p.branch == nil || p.sweeps() { // what a sweep decided again is looked up one by one
		return p, nil
	}
	known, err := statesOf(ctx, t, in.terms.Change.Repository, in.terms.Change.Branch)
	p.branch, p.first = history.NewBranch(known...), len(known) == 0
	return p, err
}

// projectionOn begins with an empty branch.
func (in *incoming) projectionOn(leaf int64) *projection {
	p := &projection{run: history.Run{Leaf: leaf, At: in.statement.Predicate.At.Truncate(time.Second)}, in: in}
	p.scans, p.run.Scans = scansOf(in.terms.Reports)
	if settles(in.statement.Predicate.Event) {
		p.branch = history.NewBranch()
	}
	return p
}

// scansOf names what reports are of, so that the same scan has the same name in another run: the tool, and each target that it looked at;
// where several reports are of one, they are counted. It gives those of each report, and those of which every report is complete.
func scansOf(reports []engine.Report) (each [][]string, finished []string) {
	count, broken := map[string]int{}, map[string]bool{}
	each = make([][]string, len(reports))
	for i := range reports {
		r := &reports[i]
		for _, target := range append(r.Targets, "")[:max(1, len(r.Targets))] {
			scan := strings.ToLower(r.Tool) + " on " + target
			each[i] = append(each[i], scan)
			count[scan]++
			broken[scan] = broken[scan] || !r.Complete
		}
	}
	numbered := func(scan string) (all []string) {
		for n := range count[scan] {
			all = append(all, scan+" #"+strconv.Itoa(n+1))
		}
		return all
	}
	for i := range each {
		var all []string
		for _, scan := range each[i] {
			all = append(all, numbered(scan)...)
		}
		each[i] = all
	}
	for scan := range count {
		if !broken[scan] {
			finished = append(finished, numbered(scan)...)
		}
	}
	return each, finished
}

// take notes what a record says, and gives the finding that it is of; empty if it is of none.
func (p *projection) take(line *evidence.Line, index int64) (finding string, err error) {
	r := line.Record
	if r.Index != index {
		return "", fmt.Errorf("it says that it is record %d", r.Index)
	}
	d := r.Decision
	if r.Epoch != nil {
		p.epoch = bytes.Clone(line.Bytes)
	}
	if d == nil {
		if r.Effect != nil && p.in.tells() {
			p.told.hear(r.Effect)
		}
		if r.Case != nil {
			finding = r.Case.Finding
		}
		return finding, nil
	}
	if p.branch != nil {
		seen := history.Sight{Asset: d.Asset.ID, Finding: d.Finding.ID, IDs: d.Finding.IDs, Waived: d.ExemptedBy != "", Priority: string(d.Priority),
			Action: string(d.Action), Due: d.Due, NextChange: d.NextChange, CVEs: slices.Concat(d.Finding.CVEs, d.Finding.EUVD), FirstSeen: d.FirstSeen, Index: index,
			Leaf: line.Hash, Waivers: len(d.Waivers), Traits: p.traits(d)}
		if p.sweeps() {
			p.again = append(p.again, redecided{seen, r.Prev})
			return d.Finding.ID, nil
		}
		for _, i := range d.Finding.Reports {
			if i < 0 || i >= len(p.scans) {
				return "", fmt.Errorf("it names report %d of %d", i, len(p.scans))
			}
			seen.SeenBy = append(seen.SeenBy, p.scans[i]...)
		}
		slices.Sort(seen.SeenBy)
		seen.SeenBy = slices.Compact(seen.SeenBy)
		p.branch.See(&p.run, &seen)
	}
	return d.Finding.ID, nil
}

// traits are what others count a decision by. Whether it is about known exploitation is what the rules that ask for it said: they were asked
// if the pack that has them was on, and a catalogue loaded.
func (p *projection) traits(d *evidence.Decision) history.Traits {
	t := history.Traits{Owner: d.Asset.Owner, Criticality: d.Asset.Criticality}
	if d.Finding.Package != "" && d.Finding.Kind == engine.KindVulnerability {
		t.Fixable = new(len(d.Finding.Fixed) > 0)
	}
	if len(d.Finding.CVEs) > 0 && p.in.terms.Intel.KEV != nil && slices.Contains(p.in.terms.Policy.Packs, "exploit") {
		t.Exploited = new(slices.ContainsFunc(d.Reasons, func(r evidence.Reason) bool { return strings.HasPrefix(r.Rule, "exploit.kev") }))
	}
	return t
}

// write puts what changed into the tables.
func (p *projection) write(ctx context.Context, t transaction) error {
	if p.branch == nil {
		return p.told.write(ctx, t, p.in.terms.Change.Repository)
	}
	if p.sweeps() {
		if err := p.lookUp(ctx, t); err != nil {
			return err
		}
	}
	if err := p.end(); err != nil {
		return err
	}
	put, gone := p.branch.Changed()
	b := branchName{p.in.terms.Change.Repository, p.in.terms.Change.Branch}
	how := replacing(stateKey)
	if p.first {
		how = plainly
	}
	var root *evidence.BranchRoot
	var beside sync.WaitGroup
	if !p.sweeps() {
		all := p.branch.All()
		beside.Go(func() { root = rootOf(b, all) })
	}
	err := writeStates(ctx, t, b.repository, b.branch, put, gone, how)
	beside.Wait()
	if err == nil && root == nil { // a sweep knows what it decided again, and not what else is open
		root, err = branchRoot(ctx, t, b)
	}
	if err != nil {
		return err
	}
	return keepRoot(ctx, t, root)
}

// names are what a state has lists of.
type names struct {
	IDs    []string `json:"ids,omitempty"`
	CVEs   []string `json:"cves,omitempty"`
	SeenBy []string `json:"seen_by,omitempty"`

	Past []history.Span `json:"past,omitempty"`
}

var (
	stateKey     = []string{"repository", "branch", "asset", "finding"}
	stateColumns = append(slices.Clone(stateKey), "status", "first_seen", "last_seen", "closed", "reopened", "priority", "action", "due",
		"next_change", "run", "idx", "leaf", "cves", "waivers", "opened",
		"owner", "criticality", "fixable", "exploited", "ticket", "ticket_status", "ticket_place", "ticket_key", "names")
)

// writeStates puts states into the table and takes those out that are gone.
func writeStates(ctx context.Context, t transaction, repository, branch string, put, gone []*history.State, how insertion) error {
	for _, s := range gone {
		query := "DELETE FROM finding_state WHERE repository = $1 AND branch = $2 AND asset = $3 AND finding = $4"
		if err := t.exec(ctx, query, repository, branch, s.Asset, s.Finding); err != nil {
			return err
		}
	}
	rows := func(yield func([]any, error) bool) {
		for _, s := range put {
			row, err := rowOf(repository, branch, s)
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
	return t.insert(ctx, "finding_state", stateColumns, ahead(rows), how)
}

// rowOf is a state as it is kept: equal rows mean equal states.
func rowOf(repository, branch string, s *history.State) ([]any, error) {
	lists, err := json.Marshal(names{s.IDs, s.CVEs, s.SeenBy, s.Past}, json.Deterministic(true))
	return []any{repository, branch, s.Asset, s.Finding, s.Status, timeText(s.FirstSeen), timeText(s.LastSeen), timeText(s.Closed), s.Reopened,
		s.Priority, s.Action, timeText(s.Due), timeText(s.NextChange), s.Run, s.Index, s.Leaf[:], listOf(s.CVEs), s.Waivers,
		timeText(s.Opened), s.Owner, s.Criticality, knownText(s.Fixable), knownText(s.Exploited),
		s.Ticket.Ref, s.Ticket.Status, s.Ticket.Name.Place, s.Ticket.Name.Key, lists}, err
}

// listOf writes CVEs, which are sorted, as they are looked up.
func listOf(cves []string) string { return strings.Join(cves, " ") }

// knownText writes what is yes or no, or empty if it is not known.
func knownText(is *bool) string {
	switch {
	case is == nil:
		return ""
	case *is:
		return "yes"
	}
	return "no"
}

func knownOf(text string) *bool {
	if text == "" {
		return nil
	}
	return new(text == "yes")
}

// stateSelection are the columns of a state that stateIn reads.
const stateSelection = `asset, finding, status, first_seen, last_seen, closed, reopened, priority, action, due, next_change, run, idx, leaf, waivers, ` +
	`opened, owner, criticality, fixable, exploited, ticket, ticket_status, ticket_place, ticket_key, names`

// statesOf are the states of a branch, in the order of asset and id.
func statesOf(ctx context.Context, t transaction, repository, branch string) (all []*history.State, err error) {
	query := "SELECT " + stateSelection + " FROM finding_state WHERE repository = $1 AND branch = $2"
	err = t.each(ctx, query, []any{repository, branch}, func(scan func(...any) error) error {
		s, err := stateIn(scan)
		all = append(all, s)
		return err
	})
	if err != nil {
		return nil, err // the last one is none
	}
	return all, nil
}

// stateIn reads a state out of a row, whose further columns go to where the caller says.
func stateIn(scan func(...any) error, more ...any) (*history.State, error) {
	s := &history.State{}
	var lists, leaf []byte
	var first, last, closed, due, next, opened, fixable, exploited string
	if err := scan(append([]any{&s.Asset, &s.Finding, &s.Status, &first, &last, &closed, &s.Reopened, &s.Priority, &s.Action, &due, &next, &s.Run, &s.Index,
		&leaf, &s.Waivers, &opened, &s.Owner, &s.Criticality, &fixable, &exploited,
		&s.Ticket.Ref, &s.Ticket.Status, &s.Ticket.Name.Place, &s.Ticket.Name.Key, &lists}, more...)...); err != nil {
		return nil, err
	}
	var n names
	err := json.Unmarshal(lists, &n)
	if err == nil && len(leaf) != len(s.Leaf) {
		err = fmt.Errorf("the hash of its record has %d bytes", len(leaf))
	}
	for _, d := range []struct {
		text string
		into *time.Time
	}{{first, &s.FirstSeen}, {last, &s.LastSeen}, {closed, &s.Closed}, {due, &s.Due}, {next, &s.NextChange}, {opened, &s.Opened}} {
		if err == nil && d.text != "" {
			*d.into, err = time.Parse(time.RFC3339, d.text)
		}
	}
	if err != nil {
		return nil, &evidence.Damage{File: fmt.Sprintf("the state of %.80q on %.80q", s.Finding, s.Asset), What: fmt.Sprintf("cannot be read: %.200v", err)}
	}
	copy(s.Leaf[:], leaf)
	s.IDs, s.CVEs, s.SeenBy, s.Past = n.IDs, n.CVEs, n.SeenBy, n.Past
	s.Fixable, s.Exploited = knownOf(fixable), knownOf(exploited)
	return s, nil
}
