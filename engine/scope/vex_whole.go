package scope

import (
	"cmp"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// isWhole says whether a product is the image or the application that a case is on.
// Neither has versions whose order is known, so a range of them is of none.
func isWhole(p *engine.Product, c *engine.Case) bool {
	return p.Range == "" && (isImage(p, c) || isApplication(p, c))
}

// isApplication compares a product with the asset, by its id or name. A product of a certain version is the asset only if the asset
// has that version in its tag "version".
func isApplication(p *engine.Product, c *engine.Case) bool {
	name, version := p.Name, p.Version
	if p.Package != nil {
		if p.Package.Ecosystem == "oci" || p.Package.Ecosystem == "docker" || len(qualifiers(p.PURL)) > 0 {
			return false
		}
		name, version = p.Package.Name, versionIn(p.PURL)
	}
	a := &c.Input.Asset
	if version != "" && (a.Tags["version"] == "" || strings.TrimPrefix(version, "v") != strings.TrimPrefix(a.Tags["version"], "v")) {
		return false
	}
	names := []string{name}
	for _, forge := range []string{"github.com/", "gitlab.com/"} {
		if rest, ok := strings.CutPrefix(name, forge); ok {
			names = append(names, rest)
		}
	}
	return name != "" && slices.ContainsFunc(names, func(n string) bool { return n == a.ID || n == a.Name })
}

// isImage compares a product with the image that a finding is in. What the product says of tag and digest must be so in every place
// of the finding.
func isImage(p *engine.Product, c *engine.Case) bool {
	want, ok := imageOf(p)
	if !ok {
		return false
	}
	seen := false
	for _, l := range c.Input.Finding.Locations {
		if l.Image == "" {
			continue
		}
		seen = true
		is := parseImage(l.Image)
		named := slices.Contains(want.names, is.name) || want.anywhere && slices.ContainsFunc(want.names, func(n string) bool {
			return strings.HasSuffix(is.name, "/"+n)
		})
		if !named || want.tag != "" && want.tag != is.tag || want.digest != "" && want.digest != is.digest {
			return false
		}
	}
	return seen
}

// A wantedImage is an image as a statement names it.
type wantedImage struct {
	names       []string // any of them
	anywhere    bool     // in whatever registry
	tag, digest string   // empty: any
}

// imageOf reads a product as an image: by a package URL of type oci or docker, or by a reference. Of the qualifiers, repository and
// tag are known of images; an architecture only along with the digest, which is of one architecture.
func imageOf(p *engine.Product) (w wantedImage, ok bool) {
	if p.PURL == "" {
		r := parseImage(p.Name)
		w = wantedImage{names: []string{r.name}, tag: r.tag, digest: r.digest}
		return w.version(p.Version), r.name != ""
	}
	if p.Package == nil || p.Package.Ecosystem != "oci" && p.Package.Ecosystem != "docker" {
		return w, false
	}
	q := qualifiers(p.PURL)
	name := p.Package.Name
	switch repository := strings.TrimSuffix(q["repository_url"], "/"); {
	case repository == "" && p.Package.Ecosystem == "oci":
		w = wantedImage{names: []string{name}, anywhere: true}
	case repository == "":
		w = wantedImage{names: []string{familiar(name)}}
	default: // it may end with the name of the image or before it
		w = wantedImage{names: []string{familiar(repository), familiar(repository + "/" + name)}}
	}
	w.tag = q["tag"]
	w = w.version(versionIn(p.PURL))
	for k := range q {
		if k != "repository_url" && k != "tag" && w.digest == "" {
			return w, false
		}
	}
	return w, true
}

// version adds what a version says: a digest or a tag.
func (w wantedImage) version(v string) wantedImage {
	if strings.HasPrefix(v, "sha256:") {
		w.digest = v
	} else {
		w.tag = cmp.Or(w.tag, v)
	}
	return w
}

type imageReference struct{ name, tag, digest string }

// parseImage takes a reference apart.
func parseImage(ref string) imageReference {
	name, digest, _ := strings.Cut(ref, "@")
	tag := ""
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		name, tag = name[:i], name[i+1:]
	}
	return imageReference{familiar(name), tag, digest}
}

// familiar is the short form of an image's name: Docker's own registry goes without saying.
func familiar(name string) string {
	name = strings.TrimPrefix(name, "https://")
	for _, prefix := range []string{"index.docker.io/", "docker.io/"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			return strings.TrimPrefix(rest, "library/")
		}
	}
	return strings.TrimPrefix(name, "library/")
}
