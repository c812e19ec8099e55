package ingest

import (
	"cmp"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate/headgate/engine"
)

// finish turns the results of a run into discoveries, now that everything they refer to is known.
func (r *sarifRun) finish(b *batch) {
	tool := r.driver.name
	who := "run " + strconv.Itoa(r.number)
	if tool != "" {
		who += " (" + tool + ")"
	}
	for _, i := range r.invocations {
		if i.failed {
			b.incomplete(strings.TrimSuffix(who+" did not succeed: "+i.reason, ": "))
		}
		if i.end.After(b.report.Time) {
			b.report.Time = i.end
		}
	}
	switch {
	case !r.listed && r.elsewhere:
		b.incomplete(who + " keeps its results in other files")
	case !r.listed:
		b.incomplete(who + " has no results: the tool did not scan")
	}
	if b.report.Time.IsZero() {
		for _, i := range r.invocations {
			if i.start.After(b.report.Time) {
				b.report.Time = i.start
			}
		}
	}

	target := b.repository()
	switch {
	case r.image != "":
		target = imageTarget(r.image)
	case target.Name == "":
		target.Name = repositoryName(r.repository)
	}
	p := &sarifPaths{run: r, batch: b, roots: r.roots(), known: map[sarifArtifact]string{}}
	for i := range r.results {
		result := &r.results[i]
		d := engine.Discovery{Target: target}
		rule := r.rule(result)
		f := &d.Finding
		f.Sources = []engine.Source{{Tool: tool, Version: r.driver.version}}
		f.Severity = r.severity(result, rule)
		f.CWEs = r.cwes(result, rule)
		f.Suppression = result.suppression
		if id := cmp.Or(result.rule.id, rule.id); id != "" {
			f.Rule = &engine.Rule{ID: clip(id), Tool: tool}
		}
		d.Content = result.content
		switch strings.ToLower(result.baseline) {
		case "new":
			d.Status = engine.StatusIntroduced
		case "unchanged", "updated", "existing": // the last one is what drafts of 2.1.0 called it
			d.Status = engine.StatusExisting
		}
		f.Kind = r.kindOf(result, rule)
		p.locate(&d, result)
		r.classify(&d, result, rule, r.message(result, rule))
		b.add(d)
		r.results[i] = sarifResult{} // its memory is free as the findings grow
	}
}

// noRule is the rule of results that name none, or none that the run describes.
var noRule = &sarifRule{}

// rule finds the rule of a result: by index, then by id, where a hierarchical id ("CA5350/md5") falls back to its parents. An index
// that leads to a rule of another id counts last: some tools write 0 for all.
func (r *sarifRun) rule(result *sarifResult) *sarifRule {
	ref, indexed := result.rule, noRule
	home := r.component(ref.component)
	if home != nil && ref.index >= 0 && ref.index < len(home.rules) {
		indexed = &home.rules[ref.index]
		if id := indexed.id; ref.id == "" || id == "" || ref.id == id || strings.HasPrefix(ref.id, id+"/") {
			return indexed
		}
	}
	for id := ref.id; id != ""; id, _, _ = cutLast(id, "/") {
		if home != nil {
			if i, ok := home.byID[id]; ok {
				return &home.rules[i]
			}
		}
		for _, c := range r.components() {
			if i, ok := c.byID[id]; ok {
				return &c.rules[i]
			}
		}
		if !strings.Contains(id, "/") {
			break
		}
	}
	if ref.guid != "" {
		for _, c := range r.components() {
			if i := slices.IndexFunc(c.rules, func(rule sarifRule) bool { return rule.guid == ref.guid }); i >= 0 {
				return &c.rules[i]
			}
		}
	}
	return indexed
}

// components are all parts of the tool that can have rules.
func (r *sarifRun) components() []*sarifComponent {
	all := []*sarifComponent{&r.driver}
	for i := range r.extensions {
		all = append(all, &r.extensions[i])
	}
	return all
}

// component is the part of the tool that a reference names: an extension, else the driver. Nil if it names none that is there.
func (r *sarifRun) component(ref sarifComponentReference) *sarifComponent {
	if ref.index >= 0 {
		if ref.index < len(r.extensions) {
			return &r.extensions[ref.index]
		}
		return nil
	}
	for _, c := range r.components() {
		if ref.guid != "" && c.guid == ref.guid || ref.guid == "" && ref.name != "" && c.name == ref.name {
			return c
		}
	}
	if ref.guid != "" || ref.name != "" {
		return nil
	}
	return &r.driver
}

// levelTools write levels that say something else than how bad a finding is: OSV-Scanner always the same one, govulncheck whether the
// code calls what is vulnerable.
var levelTools = []string{"osv-scanner", "govulncheck"}

// severity is what a tool says in GitHub's property, then in its own words, then by level. The level is the result's, else what the
// invocation or the rule sets for the rule, else "warning". rank is left alone: it orders the results of one tool by importance.
func (r *sarifRun) severity(result *sarifResult, rule *sarifRule) engine.Severity {
	for _, p := range []*sarifProperties{result.facts, rule.facts} {
		if p == nil {
			continue
		}
		if s := cmp.Or(severityOfScore(scoreIn(p.security)), severityOf(p.security), severityOf(p.severity)); s != "" {
			return s
		}
	}
	if slices.Contains(levelTools, strings.ToLower(r.driver.name)) {
		return ""
	}
	return severityOf(cmp.Or(result.level, r.override(result, rule), rule.level, "warning"))
}

// override is the level that the invocation sets for a rule. Without a word on which invocation found a result, it is the only one.
func (r *sarifRun) override(result *sarifResult, rule *sarifRule) string {
	i := result.invocation
	if i < 0 && len(r.invocations) == 1 {
		i = 0
	}
	if i < 0 || i >= len(r.invocations) {
		return ""
	}
	for _, o := range r.invocations[i].overrides {
		of := r.rule(&sarifResult{rule: o.rule})
		if of == rule && rule != noRule || o.rule.id != "" && o.rule.id == result.rule.id {
			return o.level
		}
	}
	return ""
}

// cwes are the CWEs that result and rule name, in taxa, relationships, tags and properties.
func (r *sarifRun) cwes(result *sarifResult, rule *sarifRule) []int {
	all := slices.Clone(rule.cwes)
	for _, p := range []*sarifProperties{result.facts, rule.facts} {
		if p != nil {
			all = append(all, cwesIn(p.tags...)...)
			all = append(all, cweNumbered(p.cwe...)...)
		}
	}
	for _, t := range result.taxa {
		name, id := t.component.name, t.id
		if i := t.component.index; i >= 0 && i < len(r.taxonomies) {
			name = cmp.Or(name, r.taxonomies[i].name)
			if rules := r.taxonomies[i].rules; id == "" && t.index >= 0 && t.index < len(rules) {
				id = rules[t.index].id
			}
		}
		if strings.EqualFold(name, "CWE") {
			all = append(all, cweNumbered(id)...)
		} else {
			all = append(all, cwesIn(id)...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

var (
	placeholder = regexp.MustCompile(`\{\{|\}\}|\{[0-9]{1,3}\}`)
	link        = regexp.MustCompile(`\[((?:[^\[\]\\]|\\.){1,300})\]\(([^()\s]{1,300})\)`)
)

// message is a result's text for people: its own, or the rule's or tool's for its id, with the arguments filled in and links
// reduced to their text.
func (r *sarifRun) message(result *sarifResult, rule *sarifRule) string {
	m := result.message
	text, template := m.text, len(m.arguments) > 0
	if text == "" && m.id != "" {
		template = true
		text = rule.strings[m.id]
		if home := r.component(result.rule.component); text == "" && home != nil {
			text = home.strings[m.id]
		}
		if text == "" {
			text = r.driver.strings[m.id]
		}
	}
	if template {
		text = placeholder.ReplaceAllStringFunc(text, func(p string) string {
			switch p {
			case "{{":
				return "{"
			case "}}":
				return "}"
			}
			if i, _ := strconv.Atoi(p[1 : len(p)-1]); i < len(m.arguments) {
				return m.arguments[i]
			}
			return p
		})
	}
	return link.ReplaceAllString(text, "$1")
}

// roots are the folders that the run itself names, longest first: absolute paths are relative to them where the options know none.
func (r *sarifRun) roots() []string {
	var all []string
	for _, a := range r.bases {
		all = append(all, a.uri)
	}
	for _, i := range r.invocations {
		all = append(all, i.directory)
	}
	rootless := &batch{}
	var roots []string
	for _, uri := range all {
		if p := rootless.path(uri); isAbsolute(p) && strings.Trim(p, "/") != "" {
			roots = append(roots, strings.TrimSuffix(p, "/"))
		}
	}
	slices.SortFunc(roots, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return slices.Compact(roots)
}

// isAbsolute says whether a path starts at the root of a file system: "/x" or "C:/x".
func isAbsolute(p string) bool {
	return strings.HasPrefix(p, "/") || len(p) > 2 && p[1] == ':' && p[2] == '/'
}

// sarifPaths turns artifact locations of a run into paths.
type sarifPaths struct {
	run   *sarifRun
	batch *batch
	roots []string
	known map[sarifArtifact]string
}

// imagePlace is how Grype names a file in an image: reference, layer, path.
var imagePlace = regexp.MustCompile(`^(.+)@(?:sha256:[0-9a-f]{64})?:(/.*)$`)

// locate fills the locations of a finding. A result that only names a place within the code is identified by that name.
func (p *sarifPaths) locate(d *engine.Discovery, result *sarifResult) {
	image := p.run.image
	component := d.Finding.Kind == engine.KindVulnerability || d.Finding.Kind == engine.KindLicense
	for _, at := range result.places {
		l := engine.Location{Line: max(at.line, 0)}
		if l.Line > 0 && at.end >= l.Line {
			l.EndLine = at.end
		}
		if component && l.Line == 1 {
			l.Line, l.EndLine = 0, 0 // GitHub demands a line, so scanners of components write the first
		}
		uri := p.uri(at.artifact)
		m := imagePlace.FindStringSubmatch(at.logical.full)
		switch {
		case component && m != nil:
			image, l.Path = plain(m[1]), plain(p.batch.path(m[2]))
			d.Target = imageTarget(image)
		case strings.HasPrefix(uri, "http://") || strings.HasPrefix(uri, "https://"):
			l.URL = plain(uri)
		default:
			l.Path = p.path(at.artifact)
		}
		if l.Image = image; image != "" {
			l.Path = strings.TrimPrefix(l.Path, "/")
			if component && strings.HasSuffix("/library/"+d.Target.Name, "/"+l.Path) {
				l.Path = "" // Trivy writes the image's name in the place of a path that it does not know
			}
		}
		if d.Content == "" && uri == "" {
			if name := cmp.Or(at.logical.full, at.logical.name); name != "" && len(name) <= longestWord {
				d.Content = "logical:" + name
			}
		}
		if (l.Path != "" || l.URL != "" || l.Image != "") && !slices.Contains(d.Finding.Locations, l) {
			d.Finding.Locations = append(d.Finding.Locations, l)
		}
	}
	if len(d.Finding.Locations) == 0 && image != "" {
		d.Finding.Locations = []engine.Location{{Image: image}}
	}
}

// uri is what a location says of itself, or what its entry in the run's artifacts says.
func (p *sarifPaths) uri(a sarifArtifact) string {
	if a.uri == "" && a.index >= 0 && a.index < len(p.run.artifacts) {
		return p.run.artifacts[a.index].uri
	}
	return a.uri
}

// path is relative to the outermost base that the log names: the folder that was scanned. Bases within it are folders of the path.
func (p *sarifPaths) path(a sarifArtifact) string {
	if a.uri == "" && a.index >= 0 && a.index < len(p.run.artifacts) {
		a = p.run.artifacts[a.index]
	}
	a.index = -1
	if known, ok := p.known[a]; ok {
		return known
	}
	p.known[a] = plain(p.resolve(a))
	return p.known[a]
}

func (p *sarifPaths) resolve(a sarifArtifact) string {
	relative, absolute := decoded(a.uri), strings.TrimSpace(a.uri)
	const most = 10 // bases can refer to each other in a circle
	base := a.base
	for range most {
		next, ok := p.run.bases[base]
		if base == "" || !ok {
			break
		}
		uri := strings.TrimSpace(next.uri)
		absolute = joined(uri, absolute)
		if !isAbsolute(p.written(uri)) {
			relative = joined(decoded(uri), relative)
		}
		base = next.base
	}
	if full := p.batch.path(decoded(absolute)); !isAbsolute(full) || isAbsolute(p.written(relative)) {
		return p.below(full)
	}
	return p.batch.path(relative)
}

// written is a path as it is written, without regard to roots.
func (p *sarifPaths) written(uri string) string { return (&batch{}).path(uri) }

// below makes an absolute path relative to a folder that the run names.
func (p *sarifPaths) below(full string) string {
	if !isAbsolute(full) {
		return full
	}
	for _, root := range p.roots {
		if rest, ok := strings.CutPrefix(full, root+"/"); ok {
			return rest
		}
	}
	return full
}

// joined resolves a URI reference against its base.
func joined(base, uri string) string {
	if base == "" || isAbsolute(strings.ReplaceAll(uri, `\`, "/")) || strings.Contains(uri, "://") {
		return uri
	}
	return strings.TrimSuffix(base, "/") + "/" + uri
}

// decoded undoes the percent-encoding of a relative reference; file URIs are decoded where they are taken apart. What is not validly
// encoded was not encoded.
func decoded(uri string) string {
	uri = strings.TrimSpace(uri)
	if strings.Contains(uri, "://") || !strings.Contains(uri, "%") {
		return uri
	}
	if d, err := url.PathUnescape(uri); err == nil {
		return d
	}
	return uri
}

// repositoryName is "owner/name" of a repository's address: https://host/owner/name.git, git@host:owner/name.
func repositoryName(uri string) string {
	rest := uri
	if u, err := url.Parse(uri); err == nil && u.Host != "" {
		rest = u.Path
	} else if _, after, ok := strings.Cut(uri, ":"); ok && strings.Contains(uri, "@") {
		rest = after
	} else {
		return ""
	}
	name := strings.TrimSuffix(strings.Trim(path.Clean("/"+rest), "/"), ".git")
	if !strings.Contains(name, "/") {
		return ""
	}
	return clip(name)
}
