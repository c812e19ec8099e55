package page

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

// Bounds of the drawing and of the list below it: what is larger nobody reads.
const (
	mostNodes = 24 // the internet among them
	mostWays  = 12 // attack paths told one by one
	mostStops = 64 // assets of one path that are looked at
	nameRunes = 21 // of a name in a box
)

// A way is one attack path: the assets from the exposed one to the crown jewel, and how an attacker gets onto each.
type way struct {
	Assets []string
	Steps  []step // as many as assets
	Status string // validated or potential; empty: not known
	Others int    // further routes between the two that are known
}

// A step leads onto one asset.
type step struct {
	By      []string // what is wrong that opens it: CVE-2021-44228
	More    int
	Trusted string // the edge that needs no finding, in words
	Proven  bool
}

// trusted says of kinds of edges how they lead onto an asset.
var trusted = map[engine.EdgeKind]string{
	engine.EdgeNetwork: "reached without a finding", engine.EdgeDeploys: "deployed from there", engine.EdgeCredentials: "its credentials are there", engine.EdgeData: "its data is read there",
}

// words say how an attacker gets onto the asset; empty if nobody knows.
func (s step) words() string {
	switch {
	case s.Trusted != "":
		return s.Trusted
	case len(s.By) == 0 && s.More == 0:
		return ""
	case len(s.By) == 0:
		return plural(s.More, "finding", "findings")
	}
	words := s.By[0]
	if more := len(s.By) - 1 + s.More; more > 0 {
		words += " +" + strconv.Itoa(more)
	}
	return words
}

// Line is a path as one reads it: "internet → edge → shop → ledger".
func (w *way) Line() string {
	stops := append([]string{"internet"}, w.Assets...)
	const most = 10
	if len(stops) > most {
		stops = slices.Concat(stops[:most/2], []string{fmt.Sprintf("%d more", len(stops)-most)}, stops[len(stops)-most/2:])
	}
	return strings.Join(stops, " → ")
}

// By says how an attacker gets onto each asset, as far as that is known.
func (w *way) By() string {
	var out []string
	for k, s := range w.Steps {
		if words := s.words(); words != "" {
			out = append(out, w.Assets[k]+": "+words)
		}
	}
	return strings.Join(out, " · ")
}

// waysOf are the attack paths of a result, in words, and how often each choke point is one.
func waysOf(r *engine.Result) (ways []way, chokes []string) {
	if r.Graph == nil {
		return waysOfCases(r.Cases), chokesOf(r.Cases)
	}
	wrong, called := map[string]string{}, map[string]string{}
	for i := range r.Cases {
		in := &r.Cases[i].Input
		wrong[in.Finding.ID], _ = report.FindingWords(&in.Finding)
		called[in.Asset.ID] = report.AssetWords(&in.Asset)
	}
	name := func(asset string) string { return cmp.Or(called[asset], report.Line(asset), "unnamed") }
	for i := range r.Paths {
		p := &r.Paths[i]
		if len(p.Assets) == 0 || len(p.Assets) > mostStops || len(p.Steps) != len(p.Assets) {
			continue
		}
		w := way{Status: p.Status, Others: len(p.Others)}
		for k, asset := range p.Assets {
			s := step{More: p.Steps[k].More, Proven: p.Steps[k].Proven}
			if t := p.Steps[k].Trusted; t != "" {
				s.Trusted = cmp.Or(trusted[t], "trusted")
			}
			for _, id := range p.Steps[k].Findings {
				if wrong[id] == "" { // of a case that is not on the page
					s.More++
					continue
				}
				s.By = append(s.By, wrong[id])
			}
			w.Assets, w.Steps = append(w.Assets, name(asset)), append(w.Steps, s)
		}
		ways = append(ways, w)
	}
	for _, c := range r.Graph.ChokePoints {
		chokes = append(chokes, name(c.Asset))
	}
	return ways, chokes
}

// waysOfCases are the attack paths that cases know of, where the run's own list is not at hand: a ledger keeps what was decided on, which
// names the shortest way over each asset.
func waysOfCases(cases []engine.Case) []way {
	type opening struct {
		by     []string
		proven bool
	}
	opens := map[string]*opening{}
	status := map[string]string{}
	var lines []string
	for i := range cases {
		in := &cases[i].Input
		p := in.Context.Paths
		if p == nil || p.Way == "" || p.Status == "" {
			continue
		}
		if _, known := status[p.Way]; !known {
			lines = append(lines, p.Way)
		}
		if status[p.Way] != "validated" {
			status[p.Way] = p.Status
		}
		if p.Opens {
			o := opens[in.Asset.ID]
			if o == nil {
				o = new(opening)
				opens[in.Asset.ID] = o
			}
			wrong, _ := report.FindingWords(&in.Finding)
			o.by, o.proven = append(o.by, wrong), o.proven || p.Status == "validated"
		}
	}
	var ways []way
	for _, line := range lines {
		stops := strings.Split(line, " → ")
		if len(stops) < 2 || len(stops) > mostStops || stops[0] != "internet" {
			continue
		}
		w := way{Status: status[line]}
		for _, id := range stops[1:] {
			var s step
			if o := opens[id]; o != nil {
				slices.Sort(o.by)
				s.By, s.Proven = slices.Compact(o.by), o.proven && w.Status == "validated"
			}
			w.Assets, w.Steps = append(w.Assets, report.Line(id)), append(w.Steps, s)
		}
		ways = append(ways, w)
	}
	return ways
}

func chokesOf(cases []engine.Case) []string {
	var chokes []string
	for i := range cases {
		if p := cases[i].Input.Context.Paths; p != nil && p.ChokePoint != nil && *p.ChokePoint {
			chokes = append(chokes, report.Line(cases[i].Input.Asset.ID))
		}
	}
	slices.Sort(chokes)
	return slices.Compact(chokes)
}

// sortWays puts validated paths first, then short ones; a path that is told already is left out.
func sortWays(ways []way) []way {
	slices.SortStableFunc(ways, func(a, b way) int {
		return cmp.Or(cmp.Compare(statusRank(a.Status), statusRank(b.Status)), cmp.Compare(len(a.Assets), len(b.Assets)), slices.Compare(a.Assets, b.Assets))
	})
	return slices.CompactFunc(ways, func(a, b way) bool { return slices.Equal(a.Assets, b.Assets) })
}

func statusRank(s string) int {
	if s == "validated" {
		return 0
	}
	return 1
}

// A drawing is attack paths as boxes in columns, the internet at the left.
type drawing struct {
	Width, Height int
	Nodes         []*node
	Edges         []*edge
	Left          int // paths that did not fit

	columns [][]*node
}

// A node is a box; positions are of its upper left corner.
type node struct {
	Name, Whole string // in the box, and in full
	How         string // an attacker gets onto it
	Role        string // exposed, choke point, crown jewel
	Jewel       bool
	Proven      bool // the step onto it is
	X, Y        int

	layer int
	order float64
}

// NameY is where the name stands: in the middle if nothing is below it.
func (n *node) NameY() int {
	if n.How == "" && n.Role == "" {
		return boxHeight/2 + 5
	}
	return 23
}

// An edge is a curve between two boxes.
type edge struct {
	Path   string
	Class  string // proven, trusted or open
	from   *node
	to     *node
	via    []*node // places in the columns between
	proven bool
	trust  bool
}

// Sizes of the drawing.
const (
	boxWidth, boxHeight = 172, 66
	gapX, gapY          = 44, 18
)

// draw lays paths out, whole ones for as long as they fit.
func draw(ways []way, chokes []string) *drawing {
	d := &drawing{}
	at := map[string]*node{}
	internet := &node{Name: "internet", Whole: "internet"}
	d.Nodes = []*node{internet}
	for i := range ways {
		w := &ways[i]
		fresh := map[string]bool{}
		for _, a := range w.Assets {
			if at[a] == nil {
				fresh[a] = true
			}
		}
		if len(d.Nodes)+len(fresh) > mostNodes {
			d.Left++
			continue
		}
		before := internet
		for k, name := range w.Assets {
			n := at[name]
			if n == nil {
				n = &node{Name: shortened(name, nameRunes), Whole: name}
				at[name] = n
				d.Nodes = append(d.Nodes, n)
			}
			n.layer = max(n.layer, k+1) // as far right as on any path, so that edges lead to the right
			s := w.Steps[k]
			n.How = cmp.Or(n.How, s.words())
			n.Proven = n.Proven || s.Proven
			switch {
			case k == len(w.Assets)-1:
				n.Role, n.Jewel = "crown jewel", true
			case n.Jewel:
			case slices.Contains(chokes, name):
				n.Role = "choke point"
			case k == 0:
				n.Role = cmp.Or(n.Role, "exposed")
			}
			d.join(before, n, s)
			before = n
		}
	}
	d.order()
	d.place()
	return d
}

// join adds an edge, once.
func (d *drawing) join(from, to *node, s step) {
	for _, e := range d.Edges {
		if e.from == from && e.to == to {
			e.proven = e.proven || s.Proven
			return
		}
	}
	if from != to {
		d.Edges = append(d.Edges, &edge{from: from, to: to, proven: s.Proven, trust: s.Trusted != ""})
	}
}

// order puts a place into every column that an edge passes, and sorts what stands in a column by what it hangs on, so that few edges cross
// and none runs under a box.
func (d *drawing) order() {
	all := slices.Clone(d.Nodes)
	beside := map[*node][]*node{}
	for _, e := range d.Edges {
		stops := []*node{e.from}
		for l := e.from.layer + 1; l < e.to.layer; l++ {
			e.via = append(e.via, &node{layer: l})
		}
		all = append(all, e.via...)
		stops = append(append(stops, e.via...), e.to)
		for i := range len(stops) - 1 {
			beside[stops[i]] = append(beside[stops[i]], stops[i+1])
			beside[stops[i+1]] = append(beside[stops[i+1]], stops[i])
		}
	}
	for i, n := range all {
		n.order = float64(i)
	}
	for range 6 {
		for _, n := range all {
			if sum := 0.0; len(beside[n]) > 0 {
				for _, o := range beside[n] {
					sum += o.order
				}
				n.order = sum / float64(len(beside[n]))
			}
		}
		for _, column := range columns(all) {
			for i, n := range column {
				n.order = float64(i) - float64(len(column)-1)/2
			}
		}
	}
	d.columns = columns(all)
}

// columns are boxes by layer, in their order.
func columns(all []*node) [][]*node {
	var columns [][]*node
	for _, n := range all {
		for len(columns) <= n.layer {
			columns = append(columns, nil)
		}
		columns[n.layer] = append(columns[n.layer], n)
	}
	for _, c := range columns {
		slices.SortStableFunc(c, func(a, b *node) int { return cmp.Compare(a.order, b.order) })
	}
	return columns
}

// place gives boxes and edges their coordinates; columns are centred.
func (d *drawing) place() {
	tallest := 0
	for _, c := range d.columns {
		tallest = max(tallest, len(c))
	}
	d.Width = len(d.columns)*(boxWidth+gapX) - gapX + 4
	d.Height = tallest*(boxHeight+gapY) - gapY + 4
	for i, c := range d.columns {
		top := (d.Height - (len(c)*(boxHeight+gapY) - gapY)) / 2
		for k, n := range c {
			n.X, n.Y = 2+i*(boxWidth+gapX), top+k*(boxHeight+gapY)
		}
	}
	for _, e := range d.Edges {
		e.Class = "open"
		switch {
		case e.proven:
			e.Class = "proven"
		case e.trust:
			e.Class = "trusted"
		}
		x, y := e.from.X+boxWidth, e.from.Y+boxHeight/2
		path := fmt.Sprintf("M%d,%d", x, y)
		if e.to.layer <= e.from.layer { // back: over the boxes' right sides
			to := e.to.X + boxWidth
			e.Path = path + fmt.Sprintf("C%d,%d %d,%d %d,%d", x+gapX, y, to+gapX, e.to.Y+boxHeight/2, to, e.to.Y+boxHeight/2)
			continue
		}
		for _, n := range append(slices.Clone(e.via), e.to) {
			toX, toY := n.X, n.Y+boxHeight/2
			path += fmt.Sprintf("C%d,%d %d,%d %d,%d", (x+toX)/2, y, (x+toX)/2, toY, toX, toY)
			if x, y = toX, toY; n != e.to { // straight on, where a box would be
				x += boxWidth
				path += fmt.Sprintf("L%d,%d", x, y)
			}
		}
		e.Path = path
	}
}

// shortened cuts the middle out of a name that is longer than a box has room for.
func shortened(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	head := (most - 1) / 2
	return string(r[:head]) + "…" + string(r[len(r)-(most-1-head):])
}
