package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// image packs the programs for Linux into an OCI layout in one tar: for each its own image, of one layer, and an index of them. There is
// nothing in it but the program, the licences and the certificates of public authorities: no shell, no package manager, no root.
// Nil: none of the programs is for Linux.
func (r *release) image(programs []*program, licence, others []byte) ([]byte, error) {
	l := &layout{blobs: map[digest.Digest][]byte{}}
	roots, err := authorities()
	if err != nil {
		return nil, err
	}
	var images []v1.Descriptor
	for _, p := range programs {
		if p.os != "linux" {
			continue
		}
		image, err := r.imageOf(l, p, []packed{
			{"etc/", nil, 0o755}, {"etc/passwd", []byte("headgate:x:65532:65532::/work:/\n"), 0o644},
			{"etc/ssl/", nil, 0o755}, {"etc/ssl/certs/", nil, 0o755}, {"etc/ssl/certs/ca-certificates.crt", roots, 0o644},
			{"licences/", nil, 0o755}, {"licences/LICENSE", licence, 0o644}, {"licences/LICENCES.txt", others, 0o644},
			{"tmp/", nil, 0o1777}, {"usr/", nil, 0o755}, {"usr/bin/", nil, 0o755}, {"usr/bin/headgate", p.binary, 0o755}, {"work/", nil, 0o777},
		})
		if err != nil {
			return nil, err
		}
		images = append(images, image)
	}
	if images == nil {
		return nil, nil
	}
	index, err := l.add(v1.MediaTypeImageIndex, v1.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: v1.MediaTypeImageIndex, Manifests: images, Annotations: r.labels()})
	if err != nil {
		return nil, err
	}
	index.Annotations = map[string]string{v1.AnnotationRefName: strings.TrimPrefix(r.version, "v")}
	return l.pack(r, index)
}

func (r *release) imageOf(l *layout, p *program, files []packed) (v1.Descriptor, error) {
	var plain, zipped bytes.Buffer
	if err := writeTar(&plain, r.date, files); err != nil {
		return v1.Descriptor{}, err
	}
	z, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	if err != nil {
		return v1.Descriptor{}, err
	}
	if _, err := z.Write(plain.Bytes()); err != nil {
		return v1.Descriptor{}, err
	}
	if err := z.Close(); err != nil {
		return v1.Descriptor{}, err
	}
	layer := l.keep(v1.MediaTypeImageLayerGzip, zipped.Bytes())
	platform := v1.Platform{OS: p.os, Architecture: p.arch}
	if p.arch == "arm64" {
		platform.Variant = "v8"
	}
	config, err := l.add(v1.MediaTypeImageConfig, v1.Image{Created: &r.date, Platform: platform,
		Config: v1.ImageConfig{User: "65532:65532", Entrypoint: []string{"/usr/bin/headgate"}, WorkingDir: "/work", Labels: r.labels(),
			Env: []string{"PATH=/usr/bin", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"}},
		RootFS:  v1.RootFS{Type: "layers", DiffIDs: []digest.Digest{digest.FromBytes(plain.Bytes())}},
		History: []v1.History{{Created: &r.date, CreatedBy: "headgate " + r.version}},
	})
	if err != nil {
		return v1.Descriptor{}, err
	}
	image, err := l.add(v1.MediaTypeImageManifest, v1.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: v1.MediaTypeImageManifest,
		Config: config, Layers: []v1.Descriptor{layer}, Annotations: r.labels()})
	image.Platform = &platform
	return image, err
}

func (r *release) labels() map[string]string {
	return map[string]string{
		v1.AnnotationTitle: "Headgate", v1.AnnotationDescription: "Decides what to do about security findings, as code",
		v1.AnnotationVersion: strings.TrimPrefix(r.version, "v"), v1.AnnotationRevision: r.commit, v1.AnnotationLicenses: "Apache-2.0",
		v1.AnnotationSource: "https://" + ours,
	}
}

// authorities are the certificates of public authorities that Go's own packages fall back on, which are Mozilla's. Those that are
// trusted under conditions only are left out, as a file of certificates cannot say them.
func authorities() ([]byte, error) {
	var out bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		if err := pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// A layout is an OCI image layout: blobs by their digest.
type layout struct{ blobs map[digest.Digest][]byte }

func (l *layout) keep(mediaType string, blob []byte) v1.Descriptor {
	d := v1.Descriptor{MediaType: mediaType, Digest: digest.NewDigestFromBytes(digest.SHA256, sum(blob)), Size: int64(len(blob))}
	l.blobs[d.Digest] = blob
	return d
}

func sum(b []byte) []byte {
	s := sha256.Sum256(b)
	return s[:]
}

func (l *layout) add(mediaType string, document any) (v1.Descriptor, error) {
	text, err := json.Marshal(document)
	if err != nil {
		return v1.Descriptor{}, fmt.Errorf("image: %w", err)
	}
	return l.keep(mediaType, text), nil
}

func (l *layout) pack(r *release, index v1.Descriptor) ([]byte, error) {
	marker, err := json.Marshal(v1.ImageLayout{Version: v1.ImageLayoutVersion})
	if err != nil {
		return nil, err
	}
	top, err := json.Marshal(v1.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: v1.MediaTypeImageIndex, Manifests: []v1.Descriptor{index}})
	if err != nil {
		return nil, err
	}
	files := []packed{{v1.ImageLayoutFile, marker, 0o644}, {"index.json", top, 0o644}, {"blobs/", nil, 0o755}, {"blobs/sha256/", nil, 0o755}}
	var blobs []packed
	for d, blob := range l.blobs {
		blobs = append(blobs, packed{"blobs/sha256/" + d.Encoded(), blob, 0o644})
	}
	slices.SortFunc(blobs, func(a, b packed) int { return strings.Compare(a.name, b.name) })
	var out bytes.Buffer
	err = writeTar(&out, r.date, append(files, blobs...))
	return out.Bytes(), err
}
