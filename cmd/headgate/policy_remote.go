package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/headgate/headgate/engine/bundle"
	"github.com/headgate/headgate/integrations/oci"
)

// A foundBundle is where a bundle lies, and what pins it.
type foundBundle struct {
	shown  string // as results name it: without what may be a token
	label  string // how errors name its files
	digest string // that its bytes must have; empty: none is given
	pinned bool   // it is the one whose digest is given, of its bytes or of its manifest
	remote bool   // it comes from a server
	hint   string // how it is pinned
	read   func(context.Context) ([]byte, error)
}

// isBundle says whether --policy names a bundle and no folder.
func isBundle(from *origin, name string) bool {
	if scheme(name) != "" {
		return true
	}
	file, _, _ := strings.Cut(name, "#sha256:")
	s, err := from.stat(file)
	if _, at := from.find(file); at == nowhere {
		s, err = os.Stat(file)
	}
	return err == nil && !s.IsDir()
}

// scheme is what an address begins with; empty for the name of a file.
func scheme(name string) string {
	before, _, ok := strings.Cut(name, "://")
	if !ok {
		return ""
	}
	return before
}

// findBundle says where the bundle is that --policy names.
func findBundle(from *origin, name string) (*foundBundle, error) {
	o := oci.Options{UserAgent: "headgate/" + buildVersion(), MaxBytes: bundle.MaxBytes}
	if scheme(name) == "oci" {
		ref, err := oci.ParseReference(name)
		if err != nil {
			return nil, err
		}
		return &foundBundle{shown: name, label: path.Base(name), pinned: ref.Digest() != "", remote: true,
			hint: "name its digest, oci://registry/repository@sha256:…, or verify it with --policy-key",
			read: func(ctx context.Context) ([]byte, error) { return oci.Fetch(ctx, ref, o) }}, nil
	}
	place, digest, err := cutDigest(name)
	if err != nil {
		return nil, err
	}
	f := &foundBundle{shown: shown(name), label: filepath.ToSlash(place), digest: digest, pinned: digest != ""}
	switch scheme(name) {
	case "https":
		f.shown, f.label, f.remote = withoutQuery(name), path.Base(withoutQuery(place)), true
		f.hint = "name its digest, https://…#sha256:…, or verify it with --policy-key"
		f.read = func(ctx context.Context) ([]byte, error) { return oci.Get(ctx, place, o) }
	case "":
		f.read = func(context.Context) ([]byte, error) { return readBundle(from, place) }
	default:
		return nil, errors.New("a bundle is a file, https:// or oci://: what comes any other way can be altered by anyone in between")
	}
	return f, nil
}

// withoutQuery is an address as results may show it: its query, and a user and password, can be secrets.
func withoutQuery(name string) string {
	u, err := url.Parse(name)
	if err != nil || u.Host == "" {
		return shown(name)
	}
	u.User, u.RawQuery, u.ForceQuery = nil, "", false
	return u.String()
}

var sha256Digest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// cutDigest takes the digest off the end of a file's name or an address: #sha256:….
func cutDigest(name string) (place, digest string, err error) {
	place, digest, ok := strings.Cut(name, "#")
	if ok && !sha256Digest.MatchString(digest) {
		if _, err := os.Stat(name); err == nil { // a file whose name has a #
			return name, "", nil
		}
		return "", "", fmt.Errorf("%q is no digest; it is sha256: and 64 hexadecimal digits in lower case", digest)
	}
	return place, digest, nil
}

// readBundle reads a bundle's file. One that only the change under review has is read too: it decides only if it is proven to be the one
// that was meant.
func readBundle(from *origin, name string) ([]byte, error) {
	if _, at := from.find(name); at == nowhere {
		from = workingTree
	}
	f, err := from.open(name)
	if err != nil {
		return nil, plain(err)
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, bundle.MaxBytes+1)) // who opens it refuses one that is too large
}
