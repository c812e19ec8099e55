package waiver

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/bmatcuk/doublestar/v4"
	"go.yaml.in/yaml/v3"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/glob"
)

// Bounds of a waivers file.
const (
	maxBytes   = 4 << 20
	maxWaivers = 10_000
	maxValues  = 100 // of one list
	maxText    = 2000
	maxWord    = 300
	maxPattern = 300
	maxStars   = 12 // of one pattern: matching takes longer with each
)

// Read reads a waivers file (waivers.yaml). Name is how errors and provenance call it. An error names the line, the key and what is
// wrong there: an unknown or repeated key, a value that does not fit, a waiver without id, reason, created or expires, an expiry that is
// not after the day of creation, a scope that takes in everything, an id that is there twice, an alias (an entry must stand whole in one
// place, or nobody could say who wrote it), or more than 4 MiB or 10,000 waivers.
func Read(name string, r io.Reader) (*List, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(text) > maxBytes {
		return nil, fmt.Errorf("%s: larger than %d MiB", name, maxBytes>>20)
	}
	dir, file := path.Split(name)
	list := &List{name: path.Join(path.Base(dir), file)}
	seq, err := sequence(name, text)
	if err != nil || seq == nil {
		return list, err
	}
	if len(seq.Content) > maxWaivers {
		return nil, fmt.Errorf("%s: more than %d waivers", name, maxWaivers)
	}
	ends := lastLines(text, seq.Content)
	seen := map[string]int{}
	for i, n := range seq.Content {
		w, err := readWaiver(n)
		if err != nil {
			return nil, fmt.Errorf("%s:%w", name, err)
		}
		w.EndLine = ends[i]
		if first, twice := seen[w.ID]; twice {
			return nil, fmt.Errorf("%s:%d: id: waiver %s is there already, on line %d", name, w.Line, w.ID, first)
		}
		seen[w.ID] = w.Line
		list.Waivers = append(list.Waivers, *w)
	}
	return list, nil
}

// loose are the entries of a file, by id, whatever else of it does not load: it may be an old one. None, if an id is
// there twice: the file says two things then.
func loose(text []byte) map[string]*Waiver {
	if len(text) > maxBytes {
		return nil
	}
	seq, err := sequence("", text)
	if err != nil || seq == nil || len(seq.Content) > maxWaivers {
		return nil
	}
	entries := map[string]*Waiver{}
	for _, n := range seq.Content {
		w, err := readWaiver(n)
		if err != nil {
			continue
		}
		if _, twice := entries[w.ID]; twice {
			return nil
		}
		entries[w.ID] = w
	}
	return entries
}

// sequence is the list of a file; nil if it has none.
func sequence(name string, text []byte) (*yaml.Node, error) {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, syntax(name, err)
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: one document is needed, there are several", name)
	}
	root := doc.Content[0]
	if root.ShortTag() == "!!null" {
		return nil, nil
	}
	var seq *yaml.Node
	err := each(root, []string{"waivers"}, func(_ string, _, v *yaml.Node) error {
		seq = v
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s:%w", name, err)
	}
	switch {
	case seq == nil || seq.ShortTag() == "!!null":
		return nil, nil
	case seq.Kind != yaml.SequenceNode:
		return nil, fmt.Errorf("%s:%d: waivers: a list is needed", name, seq.Line)
	}
	return seq, nil
}

// lastLines are the last lines of entries that have something in them, without the empty lines and comments that follow.
func lastLines(text []byte, entries []*yaml.Node) []int {
	lines := bytes.Split(text, []byte("\n"))
	ends := make([]int, len(entries))
	for i, n := range entries {
		end := len(lines)
		if i+1 < len(entries) {
			end = max(n.Line, entries[i+1].Line-1)
		}
		for end > n.Line {
			if l := bytes.TrimSpace(lines[end-1]); len(l) > 0 && l[0] != '#' {
				break
			}
			end--
		}
		ends[i] = end
	}
	return ends
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line ([0-9]+): )?(.*)`)

// syntax makes of a YAML error one line that names file and line.
func syntax(name string, err error) error {
	m := yamlLine.FindStringSubmatch(strings.Join(strings.Fields(err.Error()), " "))
	if m[1] == "" {
		return fmt.Errorf("%s: %s", name, m[2])
	}
	return fmt.Errorf("%s:%s: %s", name, m[1], m[2])
}

// each calls do with every key and value of a map. A key that is none of known, or there twice, is an error, as is a value that is an
// alias or has one.
func each(n *yaml.Node, known []string, do func(key string, k, v *yaml.Node) error) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("%d: a map is needed, with %s", n.Line, strings.Join(known, ", "))
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		switch {
		case k.Kind != yaml.ScalarNode || k.ShortTag() == "!!merge" || v.Kind == yaml.AliasNode:
			return fmt.Errorf("%d: an alias is not allowed here: a waiver stands whole in one place", k.Line)
		case !slices.Contains(known, k.Value):
			return fmt.Errorf("%d: there is no key %q; there is %s", k.Line, k.Value, strings.Join(known, ", "))
		case seen[k.Value]:
			return fmt.Errorf("%d: %s: the key is there twice", k.Line, k.Value)
		}
		seen[k.Value] = true
		if err := do(k.Value, k, v); err != nil {
			return fmt.Errorf("%d: %s: %w", v.Line, k.Value, err)
		}
	}
	return nil
}

var keys = []string{"id", "finding", "package", "versions", "path", "asset", "reason", "ticket", "requester", "approver", "created", "expires", "while"}

func readWaiver(n *yaml.Node) (*Waiver, error) {
	w := &Waiver{Line: n.Line}
	err := each(n, keys, func(key string, _, v *yaml.Node) (err error) {
		switch key {
		case "id":
			w.ID, err = word(v, isID, "letters, digits, dots, dashes and underscores, at most 64")
		case "finding":
			w.Finding, err = finding(v)
		case "package":
			w.Package, err = pattern(v)
			if err == nil {
				err = checkPackage(w.Package)
			}
		case "versions":
			w.Versions, err = words(v, nil)
		case "path":
			w.Path, err = pattern(v)
			if err == nil && (everything(w.Path, "zq") || everything(w.Path, "zq/zq.zq")) {
				err = errors.New("it takes in everything")
			}
		case "asset":
			w.Asset, err = text(v, maxWord)
		case "reason":
			w.Reason, err = text(v, maxText)
		case "ticket":
			w.Ticket, err = text(v, maxWord)
		case "requester":
			w.Requester, err = text(v, maxWord)
		case "approver":
			w.Approver, err = text(v, maxWord)
			w.ApproverLine = v.Line
		case "created":
			w.Created, err = date(v)
		case "expires":
			w.Expires, err = date(v)
		case "while":
			w.While, err = guards(v)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return w, w.check()
}

// check refuses what no key has wrong by itself.
func (w *Waiver) check() error {
	at := func(format string, a ...any) error { return fmt.Errorf("%d: "+format, append([]any{w.Line}, a...)...) }
	switch {
	case w.ID == "":
		return at("id: the waiver has none")
	case w.Reason == "":
		return at("reason: waiver %s has none", w.ID)
	case w.Created.IsZero():
		return at("created: waiver %s does not say on which day it was created", w.ID)
	case w.Expires.IsZero():
		return at("expires: waiver %s does not say until when it holds", w.ID)
	case !w.Expires.After(w.Created):
		return at("expires: waiver %s expires on %s, which is not after %s, when it was created", w.ID, w.Expires.Format(time.DateOnly), w.Created.Format(time.DateOnly))
	case w.Finding == "" && w.Package == "" && w.Path == "":
		return at("waiver %s takes in everything: name a finding, a package or a path", w.ID)
	case len(w.Versions) > 0 && w.Package == "":
		return at("versions: waiver %s names no package", w.ID)
	case w.Requester != "" && SamePerson(w.Requester, w.Approver):
		return at("approver: waiver %s is approved by who asks for it", w.ID)
	}
	return nil
}

var (
	idForm      = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`) })
	findingForm = regexp.MustCompile(`^hg1-[0-9a-f]{16}$`)
	// Vulnerabilities are named by their databases: CVE-2021-44228, GHSA-jfh8-c2jp-5v3q, GO-2024-2687, PYSEC-2021-19, RHSA-2024:0001.
	nameForm = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*-[A-Za-z0-9][A-Za-z0-9:._-]{2,80}$`)
	})
)

func isID(s string) bool { return idForm().MatchString(s) }

// finding is an id or a name. The beginning of an id is none: another finding can come to begin so.
func finding(n *yaml.Node) (string, error) {
	s, err := text(n, maxWord)
	switch {
	case err != nil:
		return "", err
	case strings.HasPrefix(s, "hg1-") && !findingForm.MatchString(s):
		return "", fmt.Errorf("%s is not a whole id (headgate explain shows it)", s)
	case !findingForm.MatchString(s) && !nameForm().MatchString(s):
		return "", fmt.Errorf("%s is neither the id of a finding (hg1-…) nor the name of a vulnerability (CVE-…)", s)
	}
	return s, nil
}

// scalar is one value that is there.
func scalar(n *yaml.Node) (string, error) {
	switch {
	case n.Kind != yaml.ScalarNode:
		return "", errors.New("one value is needed")
	case n.ShortTag() == "!!null" || strings.TrimSpace(n.Value) == "":
		return "", errors.New("it is empty; leave it out if it is not known")
	}
	return n.Value, nil
}

// text is a value on one line, without anything that controls a terminal.
func text(n *yaml.Node, most int) (string, error) {
	s, err := scalar(n)
	if err != nil {
		return "", err
	}
	s = strings.Join(strings.Fields(s), " ")
	switch {
	case len(s) > most:
		return "", fmt.Errorf("longer than %d bytes", most)
	case strings.ContainsFunc(s, unicode.IsControl):
		return "", errors.New("it has a control character")
	}
	return s, nil
}

func word(n *yaml.Node, ok func(string) bool, form string) (string, error) {
	s, err := text(n, maxWord)
	if err == nil && !ok(s) {
		err = fmt.Errorf("%q does not fit: %s", s, form)
	}
	return s, err
}

// words are one value or a list of them; allowed, if not nil, is what they can be.
func words(n *yaml.Node, allowed []string) ([]string, error) {
	nodes := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		nodes = n.Content
	}
	if len(nodes) == 0 || len(nodes) > maxValues {
		return nil, fmt.Errorf("1 to %d values are needed", maxValues)
	}
	var out []string
	for _, v := range nodes {
		s, err := text(v, maxWord)
		if err != nil {
			return nil, err
		}
		if allowed != nil && !slices.Contains(allowed, s) {
			return nil, fmt.Errorf("%q is none; it can be %s", s, strings.Join(allowed, ", "))
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// pattern is a glob that does not take long to match.
func pattern(n *yaml.Node) (string, error) {
	p, err := text(n, maxPattern)
	switch {
	case err != nil:
		return "", err
	case !glob.Valid(p):
		return "", fmt.Errorf("%q is no pattern", p)
	case strings.Count(p, "*")+strings.Count(p, "{")+strings.Count(p, ",") > maxStars:
		return "", fmt.Errorf("%q has more than %d of * { ,", p, maxStars)
	}
	return p, nil
}

// everything says whether a pattern fits a name that nobody would think of, and so all of its kind.
func everything(pattern, name string) bool { return doublestar.MatchUnvalidated(pattern, name) }

var purlType = regexp.MustCompile(`^pkg:[a-z][a-z0-9.+-]*/.`)

func checkPackage(p string) error {
	switch {
	case everything(p, "pkg:zq/zq") || everything(p, "pkg:zq/zq/zq"):
		return errors.New("it takes in everything")
	case !purlType.MatchString(p):
		return fmt.Errorf("%q is no package URL; write pkg:npm/lodash or pkg:maven/org.example/*", p)
	case strings.ContainsAny(p[strings.LastIndexByte(p, '/'):], "@?#"):
		return fmt.Errorf("%q has a version or qualifiers; versions have a key of their own", p)
	}
	return nil
}

func date(n *yaml.Node) (time.Time, error) {
	s, err := scalar(n)
	if err != nil {
		return time.Time{}, err
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return t, fmt.Errorf("%q is no date; write 2026-12-31", engine.Clip(s, mostQuoted))
	}
	return t, nil
}

// mostQuoted bounds what an error repeats, in bytes.
const mostQuoted = 60

var guardKeys = []string{"kev", "epss_below", "reachability_not", "exposure_not", "validation_not", "severity_at_most"}

func guards(n *yaml.Node) (Guards, error) {
	var g Guards
	err := each(n, guardKeys, func(key string, _, v *yaml.Node) (err error) {
		switch key {
		case "kev":
			if v.ShortTag() != "!!bool" || strings.ToLower(v.Value) != "false" {
				return errors.New("it can only be false: the waiver holds while the finding is not known to be exploited")
			}
			g.NotExploited = true
		case "epss_below":
			g.EPSSBelow, err = strconv.ParseFloat(v.Value, 64)
			if err != nil || math.IsNaN(g.EPSSBelow) || g.EPSSBelow <= 0 || g.EPSSBelow > 1 {
				return fmt.Errorf("%q is no probability above 0 and up to 1", engine.Clip(v.Value, mostQuoted))
			}
		case "reachability_not":
			g.ReachabilityNot, err = words(v, engine.InputValues("context", "reachability", "verdict"))
		case "exposure_not":
			g.ExposureNot, err = words(v, engine.InputValues("asset", "exposure"))
		case "validation_not":
			g.ValidationNot, err = words(v, engine.InputValues("context", "validation", "status"))
		case "severity_at_most":
			var values []string
			values, err = words(v, engine.InputValues("finding", "severity"))
			if err == nil && (len(values) != 1 || v.Kind != yaml.ScalarNode) {
				err = errors.New("one value is needed")
			}
			if err == nil {
				g.SeverityAtMost = engine.Severity(values[0])
			}
		}
		return err
	})
	return g, err
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
