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
		target = ImageTarget(r.image)
	case target.Name == "":
		target.Name = repositoryName(r.repository)
	}
	if !slices.Contains(imageScanners, strings.ToLower(tool)) || r.image != "" {
		b.looked(target)
	}
	p := &sarifPaths{run: r, batch: b, roots: r.roots(), known: map[sarifArtifact]string{}}
	index := r.index()
	for i := range r.results {
		result := &r.results[i]
		d := engine.Discovery{Target: target}
		rule := index.rule(result.rule)
		f := &d.Finding
		f.Sources = []engine.Source{{Tool: tool, Version: r.driver.version}}
		severity, byLevel := r.severity(index, result, rule)
		f.Severity = severity
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
		if f.Kind == engine.KindWeakness && f.Severity.Rank() > engine.SeverityMedium.Rank() && byLevel && len(f.CWEs) == 0 && !security(result, rule) {
			f.Severity = engine.SeverityMedium // an error to a tool for code quality is no severe weakness
		}
		p.locate(&d, result)
		r.classify(&d, result, rule, index.message(result, rule))
		if strings.EqualFold(result.baseline, "absent") {
			b.gone = append(b.gone, d)
		} else {
			b.add(d)
		}
		r.results[i] = sarifResult{} // its memory is free as the findings grow
	}
}

// levelTools write levels that say something else than how bad a finding is: OSV-Scanner always the same one, govulncheck whether the
// code calls what is vulnerable.
var levelTools = []string{"osv-scanner", "govulncheck"}

// severity is what a tool says in GitHub's property, then in its own words, then by level. The level is the result's, else what the
// invocation or the rule sets for the rule, else "warning". rank is left alone: it orders the results of one tool by importance.
// ByLevel is true if nothing but the level says so.
func (r *sarifRun) severity(index *sarifIndex, result *sarifResult, rule *sarifRule) (s engine.Severity, byLevel bool) {
	for _, p := range []*sarifProperties{result.facts, rule.facts} {
		if p == nil {
			continue
		}
		if s := cmp.Or(severityOfScore(scoreIn(p.security)), severityOf(p.security), severityOf(p.severity)); s != "" {
			return s, false
		}
	}
	if slices.Contains(levelTools, strings.ToLower(r.driver.name)) {
		return "", false
	}
	return severityOf(cmp.Or(result.level, index.override(result, rule), rule.level, "warning")), true
}

// security says whether a tag calls a result or its rule one about security.
func security(result *sarifResult, rule *sarifRule) bool {
	for _, p := range []*sarifProperties{result.facts, rule.facts} {
		if p != nil && slices.ContainsFunc(p.tags, func(t string) bool { return strings.Contains(strings.ToLower(t), "security") }) {
			return true
		}
	}
	return false
}

// cwes are the CWEs that result and rule name, in taxa, relationships, tags and properties.
func (r *sarifRun) cwes(result *sarifResult, rule *sarifRule) []int {
	all := append(slices.Clone(rule.cwes), result.facts.cwes()...)
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
	return sortedNumbers(all)
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
	const most = 20
	slices.SortFunc(roots, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	roots = slices.Compact(roots)
	return roots[:min(len(roots), most)]
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
	var seen map[engine.Location]bool
	if len(result.places) > 1 {
		seen = map[engine.Location]bool{}
	}
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
			d.Target = ImageTarget(image)
		case strings.HasPrefix(uri, "http://") || strings.HasPrefix(uri, "https://"):
			l.URL = address(uri)
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
		if l.Path == "" && l.URL == "" && l.Image == "" || seen[l] {
			continue
		}
		if len(result.places) > 1 {
			seen[l] = true
		}
		d.Finding.Locations = append(d.Finding.Locations, l)
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
	} else if user, after, ok := strings.Cut(uri, ":"); ok && strings.Contains(user, "@") { // git@host:owner/name; else "@" ends a password
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
