package report

import (
	"cmp"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"

	"github.com/headgate/headgate/engine"
)

// productURL names an asset as package URLs do, which readers of VEX compare: an image by its name in its registry, anything else by its id.
// It is the same for all findings of an asset.
func productURL(a *engine.Asset) string {
	if a.Type == "image" {
		return imageURL(a.ID)
	}
	var parts []string
	for part := range strings.SplitSeq(clean(a.ID), "/") {
		if part != "" {
			parts = append(parts, escaped(part))
		}
	}
	return "pkg:generic/" + cmp.Or(strings.Join(parts, "/"), "unnamed")
}

// imageURL is the package URL of an image: its last name, digest, and the registry and tag as qualifiers.
func imageURL(ref string) string {
	name, digest, _ := strings.Cut(clean(ref), "@")
	tag := ""
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') {
		name, tag = name[:colon], name[colon+1:]
	}
	last := name[strings.LastIndexByte(name, '/')+1:]
	u := "pkg:oci/" + cmp.Or(escaped(strings.ToLower(last)), "unnamed")
	if digest != "" {
		u += "@" + escaped(digest)
	}
	var qualifiers []string
	if name != last {
		qualifiers = append(qualifiers, "repository_url="+escaped(name))
	}
	if tag != "" {
		qualifiers = append(qualifiers, "tag="+escaped(tag))
	}
	if len(qualifiers) > 0 {
		u += "?" + strings.Join(qualifiers, "&")
	}
	return u
}

// componentURLs name what a finding is in, with each version that was found: a package, or what of a distribution's source package is
// installed. A package whose ecosystem is not known has a generic one. Empty: the finding is in the whole.
func componentURLs(p *engine.Package) []string {
	if p == nil || clean(p.Name) == "" && p.PURL == "" {
		return nil
	}
	bases := p.Components()
	if len(bases) == 0 || !isPackageURL(bases[0]) {
		bases = []string{"pkg:generic/" + cmp.Or(escaped(clean(p.Name)), "unnamed")}
	}
	var all []string
	seen := map[string]bool{}
	add := func(u string) {
		if !seen[u] {
			seen[u] = true
			all = append(all, u)
		}
	}
	for _, base := range bases {
		if len(p.Versions) == 0 {
			add(base)
		}
		for _, v := range p.Versions {
			if v = clean(v); v == "" {
				add(base)
			} else {
				add(base + "@" + escaped(v))
			}
		}
	}
	return all
}

// urlVersion is the version in a package URL that componentURLs made.
func urlVersion(u string) string {
	_, v, ok := strings.Cut(u[strings.LastIndexByte(u, '/')+1:], "@")
	if text, err := url.PathUnescape(v); ok && err == nil {
		return text
	}
	return v
}

// isPackageURL says whether text can stand as a package URL: hostile ones are named by what they are called.
func isPackageURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "pkg" && u.Opaque != "" && clean(s) == s && !strings.ContainsAny(s, " <>\"{}|\\^`")
}

// escaped is text as one part of a package URL, in which a colon stands for itself.
func escaped(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(url.QueryEscape(s), "+", "%20"), "%3A", ":")
}

// caseIRI names a case anywhere.
func caseIRI(c *engine.Case) string {
	return "urn:headgate:case:" + escaped(clean(c.Input.Finding.ID)) + ":" + escaped(clean(cmp.Or(c.Input.Asset.ID, "unnamed")))
}

// fingerprint is a digest over parts, which nothing can shift from one to another.
func fingerprint(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s,", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// uuidSpace is what names are made unique in: the UUID of the URL of this project, in the space of URLs.
var uuidSpace = uuid5([16]byte{0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}, "https://github.com/headgate/headgate")

// uuid5 is the UUID of a name in a space (RFC 9562, version 5).
func uuid5(space [16]byte, name string) (id [16]byte) {
	h := sha1.New()
	h.Write(space[:])
	h.Write([]byte(name))
	copy(id[:], h.Sum(nil))
	id[6], id[8] = id[6]&0x0f|0x50, id[8]&0x3f|0x80
	return id
}

// uuidOf is the UUID of what the parts name: the same in every document.
func uuidOf(parts ...string) string {
	id := uuid5(uuidSpace, fingerprint(parts...))
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
