package report_test

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

// onWay is a case on an asset of its own, with what the graph knows of it.
func onWay(asset string, f engine.Finding, status engine.Status, p *engine.PathFacts) engine.Case {
	c := on(engine.Asset{ID: asset}, f, engine.Attend, engine.Block, status, raise("paths.to_crown_jewel", engine.Attend, "a step on a way to a crown jewel: "+p.Way))
	c.Input.Context.Paths = p
	return c
}

// exposed is a product with two ways from the internet to its payments database that meet in checkout, one of them proven as far as a
// proof exists, and a way to its ledger.
func exposed() *engine.Result {
	way := &engine.PathFacts{FromInternet: true, Hops: ptr(2), To: []string{"ledger", "payments-db"}, Way: "internet → edge → checkout → payments-db",
		ChokePoint: ptr(true), Opens: true, Cuts: []string{"payments-db"}, Status: "potential"}
	query := openFile().Input.Finding
	proxy := vulnerable("CVE-2023-44487", "nghttp2", "1.43.0", "1.43.1", engine.Attend, engine.Block, engine.StatusIntroduced).Input.Finding
	upload := engine.Finding{ID: findingID("upload"), Kind: engine.KindWeakness, Rule: &engine.Rule{ID: "js/unrestricted-upload", Tool: "CodeQL"},
		Locations: []engine.Location{{Path: "portal/upload.ts", Line: 9}}}
	beside := &engine.PathFacts{FromInternet: true, Hops: ptr(1), To: []string{"payments-db"}, Way: way.Way, Opens: true, Status: "potential"}
	r := result(engine.Block, []engine.Case{
		onWay("checkout", query, engine.StatusIntroduced, way), onWay("edge", proxy, engine.StatusIntroduced, beside), onWay("portal", upload, engine.StatusIntroduced, beside),
	})
	step := func(id ...string) engine.PathStep { return engine.PathStep{Findings: id} }
	proven := engine.PathStep{Findings: []string{proxy.ID}, Proven: true}
	reads := engine.PathStep{Trusted: engine.EdgeData}
	r.Graph = &engine.Graph{Digest: digest("graph"), Assets: 12, Edges: 14, Entries: 2, Jewels: []string{"ledger", "payments-db"}, Paths: 3, Validated: 1,
		ChokePoints: []engine.ChokePoint{{Asset: "checkout", Jewels: []string{"payments-db"}}, {Asset: "edge", Jewels: []string{"ledger"}}},
		Cuts:        []engine.Cut{{Jewel: "ledger", Assets: []string{"edge"}}, {Jewel: "payments-db", Assets: []string{"checkout"}}}}
	r.Paths = []engine.AttackPath{
		{Assets: []string{"edge", "ledger"}, Status: "validated", Steps: []engine.PathStep{proven, reads}},
		{Assets: []string{"edge", "checkout", "payments-db"}, Status: "potential", Steps: []engine.PathStep{proven, step(query.ID), reads},
			Others: [][]string{{"edge", "catalog", "checkout", "payments-db"}}},
		{Assets: []string{"portal", "checkout", "payments-db"}, Status: "potential", Steps: []engine.PathStep{step(upload.ID), step(query.ID), reads}},
	}
	r.Graph.Uncovered = []string{"search"}
	return r
}

// winding is a result whose assets and findings are all called what attackers would call them, along one long path and some short ones.
func winding() *engine.Result {
	r := strange()
	r.Graph = &engine.Graph{Digest: hostileNames[3], Paths: 40, Uncovered: hostileNames}
	long := engine.AttackPath{Status: "validated"}
	for i, name := range hostileNames {
		s := engine.PathStep{Findings: []string{findingID(name), name}, More: i}
		if i%3 == 2 {
			s = engine.PathStep{Trusted: engine.EdgeData}
		}
		long.Assets, long.Steps = append(long.Assets, "a"+name), append(long.Steps, s)
		short := engine.AttackPath{Assets: []string{name, "a" + name}, Status: "potential", Steps: []engine.PathStep{{Findings: []string{name}, Proven: i%2 == 0}, s}}
		r.Graph.ChokePoints = append(r.Graph.ChokePoints, engine.ChokePoint{Asset: name, Jewels: []string{"a" + name}})
		r.Paths = append(r.Paths, short)
	}
	r.Paths = append(r.Paths, long)
	for i := range r.Cases {
		r.Cases[i].Input.Context.Paths = &engine.PathFacts{FromInternet: true, Opens: true, Way: hostileNames[i], To: hostileNames, Cuts: []string{"a" + hostileNames[i]}}
	}
	return r
}

var fenced = regexp.MustCompile("(?s)<code class=\"language-mermaid\">(.*?)</code>")

// drawing is the source of the picture in a comment, as a code host reads it. It is empty if there is none.
func drawing(t *testing.T, r *engine.Result) string {
	t.Helper()
	found := fenced.FindStringSubmatch(toHTML(t, write(t, "markdown", r, report.Options{})))
	if found == nil {
		return ""
	}
	return strings.NewReplacer("&quot;", `"`, "&gt;", ">").Replace(found[1])
}

// The whole language that pictures are written in: a node, or an edge with what opens the step.
var (
	mermaidNode = regexp.MustCompile(`^  n\d+(\(\(|\[\(|\[\[|\(\[|\[)"([^"]*)"(\)\)|\)\]|\]\]|\]\)|\])$`)
	mermaidEdge = regexp.MustCompile(`^  n\d+ (-->|==>|-\.->)(\|"([^"]*)"\|)? n\d+$`)
	inLabels    = regexp.MustCompile(`^[\pL\pM\p{Nd} ·…,_./-]+$`)
	marking     = regexp.MustCompile(`(?i)^[-_./ ]|[-_./]$|[-_./,]{2}|[-_./] | [-_./]|www\.|^\d+\. `)
)

func tamePicture(t *testing.T, source string) (nodes int) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(source, "\n"), "\n")
	if lines[0] != "flowchart LR" {
		t.Errorf("the picture begins with %q", lines[0])
	}
	for _, line := range lines[1:] {
		label := ""
		if n := mermaidNode.FindStringSubmatch(line); n != nil {
			nodes++
			label = n[2]
		} else if e := mermaidEdge.FindStringSubmatch(line); e != nil {
			label = e[3]
		} else {
			t.Errorf("not a node and not an edge: %q", line)
		}
		for _, part := range strings.FieldsFunc(label, func(r rune) bool { return r == '·' }) {
			if part = strings.TrimSpace(part); part != "" && (!inLabels.MatchString(part) || marking.MatchString(part)) {
				t.Errorf("%q of %q is more than text", part, line)
			}
		}
	}
	return nodes
}

func TestNothingInAPictureComesFromANameButText(t *testing.T) {
	for i, name := range hostileNames {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			r := winding()
			r.Paths, r.Change.Event = r.Paths[i:i+1], engine.EventSchedule
			if source := drawing(t, r); source == "" {
				t.Errorf("no picture of a path over %q", name)
			} else if n := tamePicture(t, source); n < 2 || n > 3 {
				t.Errorf("%d nodes of a path over two assets:\n%s", n, source)
			}
		})
	}
}

func FuzzNothingInAPictureComesFromANameButText(f *testing.F) {
	for _, name := range hostileNames {
		f.Add(name, name)
	}
	f.Add("fa:fa-ban", "%%{init: {}}%%")
	f.Add("1. a", "www.evil.example")
	f.Add("n0-->n1", "\"] click n0 call x()")
	f.Add("- a", "$$x$$")
	f.Fuzz(func(t *testing.T, asset, finding string) {
		r := exposed()
		r.Paths[1].Assets[1], r.Paths[1].Steps[1].Findings = asset, []string{finding}
		tamePicture(t, drawing(t, r))
		tameDOT(t, write(t, "dot", r, report.Options{}))
	})
}

func TestAPictureHasAtMostTwelveNodesOfWholePaths(t *testing.T) {
	for _, c := range []struct{ lengths, nodes, left int }{{11, 12, 2}, {12, 0, 3}, {4, 9, 1}, {2, 7, 0}} {
		r := exposed()
		r.Paths = nil
		for p := range 3 {
			var path engine.AttackPath
			for i := range c.lengths {
				path.Assets = append(path.Assets, fmt.Sprintf("asset-%d-%d", p, i))
				path.Steps = append(path.Steps, engine.PathStep{Findings: []string{r.Cases[0].Input.Finding.ID}})
			}
			path.Status = "potential"
			r.Paths = append(r.Paths, path)
			r.Cases = append(r.Cases, onWay(path.Assets[0], openFile().Input.Finding, engine.StatusIntroduced, &engine.PathFacts{}))
		}
		source, said := drawing(t, r), ""
		if n := strings.Count(source, "asset-") + min(1, len(source)); n != c.nodes {
			t.Errorf("paths of %d assets: %d nodes, want %d:\n%s", c.lengths, n, c.nodes, source)
		}
		if c.left > 0 && c.nodes > 0 {
			said = fmt.Sprintf("%d path", c.left)
		}
		if document := string(write(t, "markdown", r, report.Options{})); !strings.Contains(document, said) {
			t.Errorf("paths of %d assets: it is not said that %d do not fit:\n%s", c.lengths, c.left, document)
		}
	}
}

func TestPicturesTellKindsOfStopsAndStepsApartWithoutColour(t *testing.T) {
	source := drawing(t, exposed())
	for _, line := range []string{
		`n0(("internet"))`, `n1[["edge · exposed · choke point"]]`, `n2[("ledger · crown jewel")]`, `n3[["checkout · choke point"]]`, `n5(["portal · exposed"])`,
		`n0 ==>|"CVE-2023-44487"| n1`, `n1 -.->|"reads data of"| n2`, `n1 -->|"G304"| n3`,
	} {
		if !strings.Contains(source, "  "+line+"\n") {
			t.Errorf("no line %s in\n%s", line, source)
		}
	}
	for _, colour := range []string{"style", "classDef", "linkStyle", "fill", "click"} {
		if strings.Contains(source, colour) {
			t.Errorf("%s in\n%s", colour, source)
		}
	}
}

// A graph in DOT as far as it is written here: strings hold no quote that is not escaped, and nothing stands outside of them but ids.
var dotLine = regexp.MustCompile(`^(digraph "attack paths" \{|\}|  rankdir=LR;|  node \[shape=box\];|  label="(?:[^"\\]|\\.)*";` +
	`|  n\d+( -> n\d+)? \[label="(?:[^"\\]|\\.)*"(, (shape|style|peripheries)=\w+)*\];)$`)

func tameDOT(t *testing.T, source []byte) {
	t.Helper()
	for line := range strings.Lines(string(source)) {
		if line = strings.TrimSuffix(line, "\n"); !dotLine.MatchString(line) {
			t.Errorf("not a line of a graph: %q", line)
		}
		if strings.ContainsFunc(line, controls) {
			t.Errorf("a control character in %q", line)
		}
	}
	commandless(t, source)
}

func TestDOTHasEveryListedPathAndNothingButText(t *testing.T) {
	for name, r := range samples() {
		source := write(t, "dot", r, report.Options{})
		tameDOT(t, source)
		for _, p := range r.Paths {
			if name == "exposed" && !bytes.Contains(source, []byte(`"`+p.Assets[0])) {
				t.Errorf("%s is not in\n%s", p.Assets[0], source)
			}
		}
	}
	golden(t, "exposed.dot.golden", write(t, "dot", exposed(), report.Options{}))
	if have := write(t, "dot", nothing(), report.Options{}); bytes.Contains(have, []byte("internet")) {
		t.Errorf("paths where there are none:\n%s", have)
	}
}

func TestWithoutAGraphNothingIsSaidOfPaths(t *testing.T) {
	for _, format := range []string{"text", "markdown"} {
		if have := write(t, format, blocked(), report.Options{}); bytes.Contains(bytes.ToLower(have), []byte("attack path")) || bytes.Contains(have, []byte("mermaid")) {
			t.Errorf("%s:\n%s", format, have)
		}
	}
}

func TestPathsThatAChangeDoesNotOpenAreCountedOnly(t *testing.T) {
	r := exposed()
	for i := range r.Cases {
		r.Cases[i].Input.Context.Change.Status, r.Cases[i].Decision.Action = engine.StatusExisting, engine.Warn
	}
	r = &engine.Result{Schema: r.Schema, Outcome: engine.Warn, Now: now, Change: r.Change, Cases: r.Cases, Graph: r.Graph, Paths: r.Paths}
	for _, format := range []string{"text", "markdown"} {
		have := strings.Join(strings.Fields(string(write(t, format, r, report.Options{}))), " ")
		if !strings.Contains(strings.ReplaceAll(have, "`", ""), "3 attack paths lead from the internet to ledger and payments-db, and 1 of them is validated; this change opens none of them.") {
			t.Errorf("%s does not count them:\n%s", format, have)
		}
		if strings.Contains(have, "choke point") || strings.Contains(have, "mermaid") {
			t.Errorf("%s tells them:\n%s", format, have)
		}
	}
	r.Change.Event = engine.EventSchedule // whoever reads this answers for all
	if have := write(t, "text", r, report.Options{}); !bytes.Contains(have, []byte("choke point: checkout")) {
		t.Errorf("they are not told:\n%s", have)
	}
}

func TestWhatClosesAPathIsNamed(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(r *engine.Result)
		want string
	}{
		{"one finding", func(*engine.Result) {}, "closed by fixing G304 on checkout"},
		{"each of two findings", func(r *engine.Result) { r.Cases[1].Input.Context.Paths.Cuts = []string{"payments-db"} },
			"closed by fixing G304 on checkout, CVE-2023-44487 on edge or js/unrestricted-upload on portal"},
		{"two findings on one asset together", func(r *engine.Result) {
			r.Cases[0].Input.Context.Paths.Cuts = nil
			r.Paths[0].Steps[1].More = 1
		}, "closed by fixing all 2 findings that open checkout"},
		{"two assets together", func(r *engine.Result) {
			r.Cases[0].Input.Context.Paths.Cuts = nil
			r.Graph.Cuts[1].Assets = []string{"edge", "portal"}
		}, "closed by fixing what opens edge and portal"},
		{"nothing that is known", func(r *engine.Result) { r.Cases[0].Input.Context.Paths.Cuts, r.Graph.Cuts = nil, nil }, ""},
	} {
		r := exposed()
		r.Paths = r.Paths[1:2]
		c.make(r)
		have := string(write(t, "text", r, report.Options{Width: 120}))
		if c.want == "" && strings.Contains(have, "closed by") || !strings.Contains(have, c.want) {
			t.Errorf("%s: no %q in\n%s", c.name, c.want, have)
		}
		if document := strings.ReplaceAll(string(write(t, "markdown", r, report.Options{})), "`", ""); !strings.Contains(strings.ToLower(document), strings.ToLower(c.want)) {
			t.Errorf("%s: no %q in\n%s", c.name, c.want, document)
		}
	}
}

func TestPathsThatConcernTheReaderComeFirst(t *testing.T) {
	r := exposed()
	r.Cases[1].Input.Context.Change.Status, r.Cases[1].Decision.Action = engine.StatusExisting, engine.Warn
	r.Cases[0].Input.Context.Change.Status, r.Cases[0].Decision.Action = engine.StatusExisting, engine.Warn
	have := string(write(t, "text", r, report.Options{Width: 120}))
	if !strings.Contains(have, "internet → portal") || strings.Contains(have, "internet → edge → ledger") || !strings.Contains(have, "  2 more\n") {
		t.Errorf("have\n%s", have)
	}
	if !slices.ContainsFunc(r.Paths, func(p engine.AttackPath) bool { return p.Assets[0] == "edge" }) {
		t.Error("the result was changed")
	}
}
