// Package oci fetches policy bundles: from OCI registries, as OPA pushes them, and over HTTPS. It returns bytes and judges nothing of
// them but that they are what their digest says: who may have written them is for whoever opens the bundle to see to.
package oci

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
)

// Scheme begins the references of this package.
const Scheme = "oci://"

const (
	layerType   = "application/vnd.oci.image.layer.v1.tar+gzip"
	conftest    = "application/vnd.cncf.openpolicyagent."
	indexType   = "application/vnd.oci.image.index.v1+json"
	maxManifest = 1 << 20
)

// A Reference names a bundle in a registry.
type Reference struct {
	ref    registry.Reference
	digest string
}

var sha256 = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// ParseReference reads oci://registry/repository with :tag, @sha256:… or both.
func ParseReference(text string) (*Reference, error) {
	rest, ok := strings.CutPrefix(text, Scheme)
	if !ok {
		return nil, errors.New("it does not begin with " + Scheme)
	}
	ref, err := registry.ParseReference(rest)
	if err != nil || strings.Contains(rest, "?") || strings.Contains(rest, "#") {
		return nil, errors.New("a reference is oci://registry/repository:tag or oci://registry/repository@sha256:…")
	}
	r := &Reference{ref: ref}
	if _, digest, pinned := strings.Cut(rest, "@"); pinned {
		if !sha256.MatchString(digest) {
			return nil, fmt.Errorf("%q is no digest; it is sha256: and 64 hexadecimal digits in lower case", digest)
		}
		r.digest = digest
	}
	if ref.Reference == "" {
		return nil, errors.New("it names neither a tag nor a digest")
	}
	return r, nil
}

// Digest is the digest of the manifest that the reference names; empty if it names a tag alone, which can be moved.
func (r *Reference) Digest() string { return r.digest }

// Fetch is the bundle that a reference names: the one layer of its manifest. With a digest the manifest, and so the layer, is the one
// that has it. Credentials are those that docker login left, or its helpers know, for the registry; none leaves for another host.
func Fetch(ctx context.Context, r *Reference, o Options) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	data, err := r.fetch(ctx, o)
	if err != nil {
		return nil, withoutQueries(err)
	}
	return data, nil
}

func (r *Reference) fetch(ctx context.Context, o Options) ([]byte, error) {
	store, err := credentials.NewStoreFromDocker(credentials.StoreOptions{})
	if err != nil {
		return nil, fmt.Errorf("credentials of docker: %w", err)
	}
	repository, err := remote.NewRepository(r.ref.Registry + "/" + r.ref.Repository)
	if err != nil {
		return nil, err
	}
	client := &auth.Client{Client: o.client(), Cache: auth.NewCache(), Credential: credentials.Credential(store)}
	client.SetUserAgent(o.userAgent())
	repository.Client = client

	described, body, err := repository.Manifests().FetchReference(ctx, r.ref.Reference)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	switch {
	case r.digest != "" && described.Digest.String() != r.digest:
		return nil, fmt.Errorf("the registry answers with another manifest, %s", described.Digest)
	case described.Size > maxManifest:
		return nil, fmt.Errorf("its manifest is larger than %d bytes", maxManifest)
	}
	text, err := content.ReadAll(body, described)
	if err != nil {
		return nil, fmt.Errorf("its manifest: %w", err)
	}
	layer, err := layerOf(text)
	if err != nil {
		return nil, err
	}
	if layer.Size > o.MaxBytes || layer.Size <= 0 {
		return nil, fmt.Errorf("its layer has %d bytes, and a bundle has at most %d", layer.Size, o.MaxBytes)
	}
	blob, err := repository.Blobs().Fetch(ctx, layer.descriptor())
	if err != nil {
		return nil, err
	}
	defer blob.Close()
	data, err := content.ReadAll(blob, layer.descriptor())
	if err != nil {
		return nil, fmt.Errorf("its layer: %w", err)
	}
	return data, nil
}

// layerOf is the layer of a manifest that is a bundle.
func layerOf(text []byte) (*layer, error) {
	var manifest struct {
		MediaType string  `json:"mediaType"`
		Layers    []layer `json:"layers"`
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		return nil, fmt.Errorf("its manifest cannot be read: %w", err)
	}
	var found *layer
	for i := range manifest.Layers {
		switch l := &manifest.Layers[i]; {
		case strings.HasPrefix(l.MediaType, conftest):
			return nil, errors.New("conftest pushed it: it has rules alone, and a bundle has main, lib and packs (headgate policy bundle)")
		case l.MediaType != layerType:
		case found != nil:
			return nil, errors.New("it has several layers, and a bundle is one")
		default:
			found = l
		}
	}
	switch {
	case manifest.MediaType == indexType:
		return nil, errors.New("it is an index of several, and a bundle is one: name it by its own digest")
	case found == nil:
		return nil, errors.New("it has no layer that is a bundle (" + layerType + ")")
	case !sha256.MatchString(found.Digest):
		return nil, fmt.Errorf("its layer has no digest of SHA-256, but %.80q", found.Digest)
	}
	return found, nil
}

var query = regexp.MustCompile(`\?[^\s"]+`)

// withoutQueries is an error without what stands behind addresses: registries send clients on to addresses that are keys themselves.
func withoutQueries(err error) error {
	return errors.New(query.ReplaceAllString(err.Error(), ""))
}
