package ingest

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/headgate/headgate/engine"
)

// detectTrivy knows Trivy's four forms: the report of today, the bare list of results before version 0.20, the report on a cluster,
// and the literal null that old versions wrote when they found nothing. The custom resources of Trivy's operator are another format.
func detectTrivy(s shape) bool {
	switch {
	case s.hasAny("apiVersion", "kind", "bomFormat", "$schema"):
		return false
	case s.has("SchemaVersion"):
		return s.hasAny("ArtifactName", "ArtifactType", "Results[].Target", "ClusterName")
	case s.has("ArtifactName"): // a writer that sorts keys has the version behind all results
		return s.hasAny("ArtifactType", "Results[].Target")
	case s.has("ClusterName"):
		return s.hasAny("Resources", "Vulnerabilities", "Misconfigurations", "Findings") || len(s) == 2
	}
	return s[""] == "null" || s.has("[].Target") && s.hasAny("[].Vulnerabilities", "[].Misconfigurations", "[].Type")
}

// readTrivy reads a report of Trivy. What Trivy says of one artifact may stand after the results, so targets and paths are filled in
// at the end.
func readTrivy(s *stream, b *batch) error {
	t := &trivy{s: s, b: b, covers: map[string][]string{}, components: map[trivyComponent]*engine.Package{}, scores: cvssScores{}}
	if b.report.Tool = "trivy"; s.peek() == 'n' { // others write a bare null too, and it says nothing of a scan
		b.report.Tool, b.noScan = "", true
	}
	var a trivyArtifact
	var err error
	if s.peek() == '[' {
		err = s.array(func() error { return t.takeNext(&a) })
	} else {
		err = s.object(func(key string) error { return t.top(key, &a) })
	}
	if err != nil {
		return err
	}
	for _, a := range append(t.objects, a) {
		t.place(&a)
	}
	t.dropShared()
	return nil
}

// A trivy is a report being read.
type trivy struct {
	s *stream
	b *batch

	cluster string
	objects []trivyArtifact     // of the cluster
	covers  map[string][]string // GHSA → the CVEs that the report has it with

	components map[trivyComponent]*engine.Package
	scores     cvssScores
}

// A trivyComponent is what a report says of the package that a vulnerability is in.
type trivyComponent struct{ kind, purl, name, installed string }

// A trivyArtifact is what was scanned: one of a report, many of a cluster.
type trivyArtifact struct {
	name     string
	kind     string // container_image, filesystem, repository, cyclonedx, spdx, vm, aws_account; empty: not said
	meta     trivyMetadata
	places   []trivyPlace
	resource trivyResource
}

// A trivyPlace is a finding of an artifact by its number in the batch, and the image that its result names, if it does.
type trivyPlace struct {
	at    int
	image string
}

// A trivyResource is an object of a cluster.
type trivyResource struct {
	namespace, kind, name string
}

func (r trivyResource) path() string {
	return strings.TrimPrefix(r.namespace+"/"+r.kind+"/"+r.name, "/")
}

func (t *trivy) top(key string, a *trivyArtifact) error {
	s := t.s
	switch key {
	case "SchemaVersion":
		var v number
		if err := s.decode(&v); err != nil {
			return err
		}
		if v.value > 2 {
			return s.wrong("a schema version after 2, which is not known here")
		}
		return nil
	case "CreatedAt":
		var at text
		err := s.decode(&at)
		t.b.report.Time = timeOf(string(at))
		return err
	case "Trivy":
		var v loose[struct{ Version word }]
		err := s.decode(&v)
		t.b.report.Version = string(v.is.Version)
		return err
	case "ArtifactName":
		return t.word(&a.name)
	case "ArtifactType":
		return t.word(&a.kind)
	case "Metadata":
		return t.metadata(a)
	case "Results":
		return s.array(func() error { return t.takeNext(a) })
	case "ClusterName":
		return t.word(&t.cluster)
	case "Resources", "Findings", "Vulnerabilities", "Misconfigurations":
		return s.array(t.clusterObject)
	}
	if foldedAmong(key, trivyLists...) {
		return t.passOver(key)
	}
	return t.passOverWithoutLists()
}

// passOverWithoutLists skips a value of the top that is not known, unless something was found in it: a wrapper that another tool put
// around a report would make it a clean one.
func (t *trivy) passOverWithoutLists() error {
	s := t.s
	switch s.peek() {
	case '{':
		return s.object(func(key string) error {
			if slices.Contains(trivyLists, key) && s.peek() == '[' {
				return s.array(func() error { return s.wrong("findings under a key that is not known") })
			}
			return t.passOverWithoutLists()
		})
	case '[':
		return s.array(t.passOverWithoutLists)
	}
	return s.skip()
}

// trivyLists are the keys under which something was found.
var trivyLists = []string{
	"Results", "Resources", "Findings", "Vulnerabilities", "Misconfigurations", "Secrets", "Licenses", "ExperimentalModifiedFindings",
}

// passOver skips what has another key than those that are read, unless it is one of them in another letter case: then a report with
// findings would be read as a clean one.
func (t *trivy) passOver(key string) error {
	if foldedAmong(key, trivyLists...) {
		return t.s.wrong("a key in another letter case than Trivy writes")
	}
	return t.s.skip()
}

func (t *trivy) word(to *string) error {
	var w word
	err := t.s.decode(&w)
	*to = string(w)
	return err
}

func (t *trivy) metadata(a *trivyArtifact) error {
	var m loose[trivyMetadata]
	err := t.s.decode(&m)
	a.meta = m.is
	return err
}

// clusterObject reads what Trivy found in one object of a cluster and in its image.
func (t *trivy) clusterObject() error {
	var a trivyArtifact
	var results []*trivyResult
	var failed text
	err := t.s.object(func(key string) error {
		switch key {
		case "Namespace":
			return t.word(&a.resource.namespace)
		case "Kind":
			return t.word(&a.resource.kind)
		case "Name":
			return t.word(&a.resource.name)
		case "Metadata":
			return t.metadata(&a)
		case "Results":
			return t.s.array(func() error {
				r, err := t.result()
				results = append(results, r)
				return err
			})
		case "Error":
			return t.s.decode(&failed)
		}
		return t.s.skip()
	})
	if failed != "" {
		t.b.incomplete(clip("the scan of " + a.resource.path() + " failed: " + string(failed)))
	}
	for _, r := range results { // only now is the object's name known for sure
		if err == nil {
			err = t.take(&a, r)
		}
	}
	t.objects = append(t.objects, a)
	return err
}

// A trivyResult is one part of an artifact: the packages of a lock file, the settings of a file, the secrets of a file.
type trivyResult struct {
	target, class, kind string
	packages            map[string]*trivyPackage // by id, by UID, and by name and version
	image, file         string                   // that the target is, if it is one
	vulnerabilities     []*trivyVulnerability
	misconfigurations   []trivyMisconfiguration
	secrets             []trivySecret
	licenses            []trivyLicense
	modified            []trivyModified
}

// takeNext reads one result and makes discoveries of it.
func (t *trivy) takeNext(a *trivyArtifact) error {
	r, err := t.result()
	if err != nil {
		return err
	}
	return t.take(a, r)
}

// result reads one result. What its entries need to be understood, as its target, may stand after them.
func (t *trivy) result() (*trivyResult, error) {
	s, r := t.s, &trivyResult{packages: map[string]*trivyPackage{}}
	count := &t.b.report.Results
	err := s.object(func(key string) error {
		switch key {
		case "Target":
			return t.word(&r.target)
		case "Class":
			return t.word(&r.class)
		case "Type":
			return t.word(&r.kind)
		case "Packages":
			return s.array(func() error { return r.addPackage(s) })
		case "Vulnerabilities":
			return s.array(func() error {
				c, err := s.element()
				if err != nil {
					return err
				}
				var v trivyVulnerability
				if v.read(c, t.scores); v.id == "" {
					return s.wrong("a vulnerability without VulnerabilityID")
				}
				*count++
				r.vulnerabilities = append(r.vulnerabilities, &v)
				return nil
			})
		case "Misconfigurations":
			return each(s, count, func(m trivyMisconfiguration) error {
				// A passed check is no finding, and neither is one under an exception: Trivy does not evaluate it.
				if m.Status != "PASS" && m.Status != "EXCEPTION" {
					r.misconfigurations = append(r.misconfigurations, m)
				}
				return nil
			})
		case "Secrets":
			return each(s, count, into(&r.secrets))
		case "Licenses":
			return each(s, count, into(&r.licenses))
		case "ExperimentalModifiedFindings":
			return each(s, count, into(&r.modified))
		}
		return t.passOver(key)
	})
	return r, err
}

// each reads an array of objects and counts them.
func each[T any](s *stream, count *int, f func(T) error) error {
	return s.array(func() error {
		var v T
		if err := s.decode(&v); err != nil {
			return err
		}
		*count++
		return f(v)
	})
}

// into collects.
func into[T any](to *[]T) func(T) error {
	return func(v T) error {
		*to = append(*to, v)
		return nil
	}
}

func (r *trivyResult) addPackage(s *stream) error {
	var p loose[trivyPackage]
	if err := s.decode(&p); err != nil {
		return err
	}
	for _, key := range []word{p.is.ID, p.is.Identifier.is.UID, p.is.Name + "@" + p.is.Version} {
		if key != "" && key != "@" {
			r.packages[string(key)] = &p.is
		}
	}
	return nil
}

// take makes discoveries of a result.
func (t *trivy) take(a *trivyArtifact, r *trivyResult) error {
	r.describe()
	for i, v := range r.vulnerabilities {
		t.add(a, r, t.vulnerability(r, v), nil)
		r.vulnerabilities[i] = nil // its memory is the finding's now
	}
	for _, m := range r.misconfigurations {
		t.add(a, r, misconfigurationOfTrivy(a, r, m), nil)
	}
	for _, v := range r.secrets {
		t.add(a, r, secretOfTrivy(r, v), nil)
	}
	for _, l := range r.licenses {
		t.add(a, r, licenseOfTrivy(a, r, l), nil)
	}
	for _, m := range r.modified {
		d, err := t.modified(a, r, m)
		if err != nil {
			return err
		}
		t.add(a, r, d, suppressionOfTrivy(m))
	}
	return nil
}

func (t *trivy) add(a *trivyArtifact, r *trivyResult, d engine.Discovery, by *engine.Suppression) {
	if by != nil {
		d.Finding.Suppression = by
	}
	a.places = append(a.places, trivyPlace{len(t.b.found), r.image})
	t.b.add(d)
}

// modified makes a discovery of a finding that Trivy left out of its lists.
func (t *trivy) modified(a *trivyArtifact, r *trivyResult, m trivyModified) (engine.Discovery, error) {
	var err error
	switch m.Type {
	case "misconfiguration":
		var v loose[trivyMisconfiguration]
		if err = json.Unmarshal(m.Finding, &v, decoding); err == nil {
			return misconfigurationOfTrivy(a, r, v.is), nil
		}
	case "secret":
		var v loose[trivySecret]
		if err = json.Unmarshal(m.Finding, &v, decoding); err == nil {
			return secretOfTrivy(r, v.is), nil
		}
	case "license":
		var v loose[trivyLicense]
		if err = json.Unmarshal(m.Finding, &v, decoding); err == nil {
			return licenseOfTrivy(a, r, v.is), nil
		}
	default:
		var v trivyVulnerability
		if v.read(cursor{text: m.Finding, words: t.s.words}, t.scores); v.id != "" {
			return t.vulnerability(r, &v), nil
		}
	}
	return engine.Discovery{}, t.s.wrong("a modified finding that cannot be read in the result before")
}

// place gives an artifact's findings their target, image and paths.
func (t *trivy) place(a *trivyArtifact) {
	names := slices.Concat(a.meta.RepoTags, a.meta.RepoDigests)
	if a.kind == "container_image" {
		names = slices.Insert(names, 0, a.name)
	}
	if i := slices.IndexFunc(a.places, func(p trivyPlace) bool { return p.image != "" }); i >= 0 {
		names = append(names, a.places[i].image)
	}
	image, targets := imageReference(names...), map[string]engine.Target{}
	switch a.kind {
	case "container_image":
		t.b.looked(ImageTarget(image))
	case "filesystem", "repository":
		t.b.looked(t.b.repository())
	}
	for _, p := range a.places {
		d := &t.b.found[p.at]
		switch of := cmp.Or(p.image, image); {
		case a.kind == "container_image":
			t.placeInImage(d, image, targets)
		case a.kind == "" && of != "" && d.Finding.Kind != engine.KindMisconfiguration:
			t.placeInImage(d, of, targets) // an object of a cluster may have several images
		case t.cluster != "":
			d.Target = engine.Target{Type: engine.TargetHost, Name: t.cluster}
		case a.kind == "vm" || a.kind == "aws_account":
			d.Target = engine.Target{Type: engine.TargetHost, Name: a.name}
			t.placeInTree(d, a)
		default:
			d.Target = t.b.repository()
			t.placeInTree(d, a)
		}
	}
}

func (t *trivy) placeInTree(d *engine.Discovery, a *trivyArtifact) {
	for i := range d.Finding.Locations {
		l := &d.Finding.Locations[i]
		l.Path = t.b.path(a.within(l.Path))
	}
}

func (t *trivy) placeInImage(d *engine.Discovery, image string, targets map[string]engine.Target) {
	if _, known := targets[image]; !known {
		targets[image] = ImageTarget(image)
	}
	d.Target = targets[image]
	if len(d.Finding.Locations) == 0 && image != "" {
		d.Finding.Locations = []engine.Location{{}}
	}
	for j := range d.Finding.Locations {
		l := &d.Finding.Locations[j]
		l.Image = image
		l.Path = strings.TrimPrefix(t.b.path(l.Path), "/")
	}
}

// within is a path from where Trivy ran: Trivy's paths start at the folder that it was given, or are that file's name.
func (a *trivyArtifact) within(p string) string {
	name := strings.ReplaceAll(a.name, `\`, "/")
	local := a.kind == "filesystem" || a.kind == "repository" && (strings.HasPrefix(name, ".") || path.IsAbs(name)) // else an address
	if !local || p == "" || path.IsAbs(p) {
		return p
	}
	if path.Base(name) == p {
		return name
	}
	return path.Join(name, p)
}

// dropShared takes back the aliases that turned out to be no exact ones: GHSAs that the report has with more than one CVE.
func (t *trivy) dropShared() {
	for i := range t.b.found {
		v := t.b.found[i].Finding.Vulnerability
		if v == nil {
			continue
		}
		v.Aliases = slices.DeleteFunc(v.Aliases, func(n string) bool { return len(t.covers[n]) > 1 })
		if len(v.Aliases) == 0 {
			v.Aliases = nil
		}
	}
}
