package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate/headgate/engine"
)

const (
	shownWays    = 3 // attack paths that text and Markdown tell one by one
	shownStops   = 8 // assets of one path that are named
	shownClosers = 3 // findings named that close one path
)

// A way is an attack path with what the reader asks of it: where it is narrow, and what closes it.
type way struct {
	*engine.AttackPath
	chokes  []string       // assets on it that all ways to its jewel lead over
	closers []*engine.Case // each closes the way to the jewel by itself; the most urgent first
	cut     []string       // assets that close it once nothing opens them any more; for want of one finding that does
	mine    bool           // a finding that concerns the reader opens a step of it
}

// takeWays sorts out the attack paths: those that concern the reader first, then as the result has them, worst first.
func (v *view) takeWays() []way {
	if len(v.r.Paths) == 0 || v.r.Graph == nil {
		return nil
	}
	closers, mine := map[string][]*engine.Case{}, map[string]bool{}
	for i := range v.r.Cases {
		if p := v.r.Cases[i].Input.Context.Paths; p != nil {
			for _, j := range p.Cuts {
				closers[j] = append(closers[j], &v.r.Cases[i])
			}
		}
	}
	for _, k := range v.urgent {
		mine[k.Input.Asset.ID+"\x00"+k.Input.Finding.ID] = true
	}
	var out []way
	for i := range v.r.Paths {
		p := &v.r.Paths[i]
		if len(p.Assets) == 0 || len(p.Steps) != len(p.Assets) {
			continue
		}
		w := way{AttackPath: p, closers: closers[jewelOf(p)]}
		slices.SortStableFunc(w.closers, worseFirst)
		for _, c := range v.r.Graph.ChokePoints {
			if slices.Contains(c.Jewels, jewelOf(p)) && slices.Contains(p.Assets, c.Asset) {
				w.chokes = append(w.chokes, c.Asset)
			}
		}
		slices.SortStableFunc(w.chokes, func(a, b string) int { return slices.Index(p.Assets, a) - slices.Index(p.Assets, b) })
		for _, c := range v.r.Graph.Cuts {
			if c.Jewel == jewelOf(p) {
				w.cut = c.Assets
			}
		}
		for k, s := range p.Steps {
			w.mine = w.mine || slices.ContainsFunc(s.Findings, func(id string) bool { return mine[p.Assets[k]+"\x00"+id] })
		}
		out = append(out, w)
	}
	slices.SortStableFunc(out, func(a, b way) int {
		switch {
		case a.mine == b.mine:
			return 0
		case a.mine:
			return -1
		}
		return 1
	})
	return out
}

func jewelOf(p *engine.AttackPath) string { return p.Assets[len(p.Assets)-1] }

// toldWays are the attack paths to tell one by one. Of a change under review they are those that it opens: the others are counted.
func (v *view) toldWays() []way {
	told := v.ways
	if !v.owned() && v.known {
		told = slices.DeleteFunc(slices.Clone(told), func(w way) bool { return !w.mine })
	}
	return told[:min(len(told), shownWays)]
}

// stops are the names on a way, each as name gives it, without the middle of a long one.
func stops(assets []string, name func(string) string) []string {
	names := []string{"internet"}
	more := len(assets) - shownStops
	for k, asset := range assets {
		switch {
		case more <= 0 || k < shownStops/2 || k >= shownStops/2+more:
			names = append(names, name(asset))
		case k == shownStops/2:
			names = append(names, strconv.Itoa(more)+" more")
		}
	}
	return names
}

// narrow names where all ways to the jewel meet.
func (w *way) narrow(name func(string) string) string {
	if len(w.chokes) == 0 {
		return ""
	}
	return plural(len(w.chokes), "choke point: ", "choke points: ") + strings.Join(named(w.chokes, shownStops, name), ", ")
}

// closed says what closes the way: a finding by itself, else all that opens some assets. Empty: nothing that is known of does.
func (w *way) closed(name func(string) string) string {
	if n := len(w.closers); n > 0 {
		var each []string
		for _, k := range w.closers[:min(n, shownClosers)] {
			each = append(each, name(weakness(&k.Input.Finding))+" on "+name(k.Input.Asset.ID))
		}
		if n > shownClosers {
			each = append(each, strconv.Itoa(n-shownClosers)+" more")
		}
		return "closed by fixing " + or(each)
	}
	if len(w.cut) == 0 {
		return ""
	}
	openers := 0
	for _, asset := range w.cut {
		k := slices.Index(w.Assets, asset)
		if k < 0 {
			openers = 0
			break
		}
		openers += len(w.Steps[k].Findings) + w.Steps[k].More
	}
	all := "what opens "
	if openers > 1 {
		all = fmt.Sprintf("all %d findings that open ", openers)
	}
	return "closed by fixing " + all + and(named(w.cut, shownStops, name))
}

// named are the first n of some names, each as name gives it, and how many more there are.
func named(list []string, n int, name func(string) string) []string {
	var out []string
	for _, s := range list[:min(len(list), n)] {
		out = append(out, name(s))
	}
	if more := len(list) - n; more > 0 {
		out = append(out, strconv.Itoa(more)+" more")
	}
	return out
}

// or joins words of which one is enough.
func or(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// brief is a name on a terminal, where a way has room for several.
func brief(s string) string { return cutMiddle(clean(s), 40) }

// writeWays tells the worst attack paths in a line each, and below it what closes them.
func (v *view) writeWays(c *canvas) {
	told := v.toldWays()
	if len(told) == 0 {
		return
	}
	c.line()
	c.line(text("Attack paths", bold))
	g := &grid{gap: 3, columns: []column{{}, {}, {}}}
	var rows [][]span
	for i := range told {
		w := &told[i]
		rows = append(rows, []span{text(strings.Join(stops(w.Assets, brief), " → "), plain), statusSpan(w.Status), text(w.narrow(brief), dim)})
	}
	beside := g.fits(c.width-2, rows)
	for i, row := range rows {
		if beside {
			c.line(append([]span{space(2)}, g.row(row)...)...)
		} else {
			c.paragraph(2, span{}, 0, row[0].text, plain)
			about := row[1].text
			if row[2].text != "" {
				about += " · " + row[2].text
			}
			c.paragraph(5, span{}, 0, about, dim)
		}
		c.paragraph(5, span{}, 0, told[i].closed(brief), dim)
	}
	if more := v.otherWays(len(told)); more > 0 {
		c.line(space(2), text(strconv.Itoa(more)+" more", dim))
	}
}

func statusSpan(status string) span {
	if status == "validated" {
		return span{status, red}
	}
	return text(status, plain)
}

// otherWays counts the attack paths beyond some that were told.
func (v *view) otherWays(told int) int { return max(v.r.Graph.Paths, len(v.r.Paths)) - told }

// exposed says in a sentence that there are attack paths, and whose they are. Empty: there are none, or nobody knows.
func (v *view) exposed() string {
	if len(v.ways) == 0 {
		return ""
	}
	n := v.otherWays(0)
	var jewels []string
	for i := range v.ways {
		if j := jewelOf(v.ways[i].AttackPath); !slices.Contains(jewels, j) {
			jewels = append(jewels, j)
		}
	}
	to := and(jewels)
	if len(jewels) > 2 || n > len(v.ways) {
		to = "crown jewels"
	}
	s := count(n, "attack path leads", "attack paths lead") + " from the internet to " + to
	if proven := v.r.Graph.Validated; proven > 0 && n == 1 {
		s += ", and it is validated"
	} else if proven > 0 {
		s += ", and " + strconv.Itoa(proven) + " of them " + plural(proven, "is", "are") + " validated"
	}
	if len(v.toldWays()) == 0 {
		s += "; this change opens none of them"
		if n == 1 {
			s = strings.TrimSuffix(s, "none of them") + "no step of it"
		}
	}
	return s + "."
}

// waysBlock tells the worst attack paths in Markdown.
func (v *view) waysBlock() *block {
	told := v.toldWays()
	b := &block{noun: "attack path"}
	name := func(s string) string { return code(s, false) }
	for i := range told {
		w := &told[i]
		line := "\n**Attack path** " + strings.Join(stops(w.Assets, name), " → ") + " · " + prose(w.Status, false)
		if s := w.narrow(name); s != "" {
			line += " · " + s
		}
		if s := w.closed(name); s != "" {
			line += "\\\n" + SentenceCase(s) + "."
		}
		b.rows = append(b.rows, line+"\n")
	}
	if more := len(v.ways) - len(told); more > 0 && len(told) > 0 {
		b.tail = fmt.Sprintf("\nand %s.\n", count(v.otherWays(len(told)), "more attack path", "more attack paths"))
	}
	return b
}
