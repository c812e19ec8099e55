// Package bundle packs policies as OPA bundles (gzip-compressed tar archives with a manifest), signs them, and opens them again. What
// it writes, OPA reads; what it opens may come from anyone: sizes and counts are bounded, and nothing but regular files with plain
// paths is taken.
package bundle

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	opa "github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/util"
)

// Bounds of a bundle: compressed, unpacked, and in number of entries.
const (
	MaxBytes    = 16 << 20
	maxUnpacked = 64 << 20
	maxEntries  = 10_000
	maxPath     = 512
)

// Schema names the version of what a manifest says under metadata.headgate.
const Schema = "headgate.bundle/1"

const (
	manifestFile   = ".manifest"
	signaturesFile = ".signatures.json"
)

// inputVersion is the version of the document that policies see.
const inputVersion = 1

// Roots are the documents that a bundle owns: no other one loaded beside it may state anything below them.
var Roots = []string{"lib", "main", "packs"}

// About is what the manifest says under metadata.headgate, for whoever looks at a bundle. Nothing is decided by it.
type About struct {
	Schema    string   `json:"schema"`
	Input     int      `json:"input"`               // the version of the document that its policies see
	Policy    string   `json:"policy"`              // digest of the policy, as results have it
	Packs     []string `json:"packs"`               // by name
	Overrides []string `json:"overrides,omitempty"` // parameters that are not as their packs have them
}

// A Bundle is a bundle that was opened.
type Bundle struct {
	Digest   string            // of its bytes: "sha256:…"
	Revision string            // as its manifest says; empty if it does not
	Files    map[string][]byte // by path; without manifest and signatures
	Signed   bool              // it has a signature, verified or not
	Verified string            // the fingerprint of the key that its signature was verified with; empty: it was not verified
	About    *About            // nil: something else than headgate packed it
}

// Write packs files, by path, as a bundle. The same files give the same bytes, signed or not, as far as the key's algorithm does: one
// of ECDSA signs differently each time. Without a signer the bundle is unsigned.
func Write(revision string, about About, files map[string][]byte, signer *Signer) ([]byte, error) {
	about.Schema, about.Input = Schema, inputVersion
	version := 1
	manifest, err := json.MarshalIndent(opa.Manifest{Revision: revision, Roots: &Roots, RegoVersion: &version,
		Metadata: map[string]any{"headgate": about}}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	all := maps.Clone(files)
	all[manifestFile] = append(manifest, '\n')
	if signer != nil {
		if all[signaturesFile], err = signer.sign(all); err != nil {
			return nil, fmt.Errorf("sign: %w", err)
		}
	}
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed) // its header has no name and no time
	archive := tar.NewWriter(zip)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(all[name])), Format: tar.FormatUSTAR}); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if _, err := archive.Write(all[name]); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := cmp.Or(archive.Close(), zip.Close()); err != nil {
		return nil, err
	}
	if packed.Len() > MaxBytes {
		return nil, fmt.Errorf("it comes to %d bytes, more than the %d that a bundle may have", packed.Len(), MaxBytes)
	}
	return packed.Bytes(), nil
}

// Open reads a bundle. With keys, one of them must have signed it; without, a signature is not looked at. An error says what is wrong
// with the bundle, and nothing of it may be used then.
func Open(data []byte, keys []*Key) (*Bundle, error) {
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("it is larger than the %d bytes that a bundle may have", MaxBytes)
	}
	sum := sha256.Sum256(data)
	b := &Bundle{Digest: "sha256:" + hex.EncodeToString(sum[:])}
	var err error
	if b.Files, err = unpack(data); err != nil {
		return nil, err
	}
	_, b.Signed = b.Files[signaturesFile]
	if len(keys) > 0 {
		if b.Verified, err = verify(b.Files, keys); err != nil {
			return nil, err
		}
	}
	if err := b.readManifest(); err != nil {
		return nil, fmt.Errorf("%s: %w", manifestFile, err)
	}
	delete(b.Files, manifestFile)
	delete(b.Files, signaturesFile)
	return b, nil
}

// unpack reads an archive into files by path.
func unpack(data []byte) (map[string][]byte, error) {
	zip, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, errors.New("it is no bundle: a bundle is a gzip-compressed tar archive")
	}
	files, left := map[string][]byte{}, int64(maxUnpacked)
	unpacked := &io.LimitedReader{R: zip, N: maxUnpacked + maxEntries*2048}
	for archive, n := tar.NewReader(unpacked), 0; ; n++ {
		h, err := archive.Next()
		switch {
		case err == io.EOF:
			// The rest has to be read too: gzip checks its sum only at the end.
			if _, err := io.Copy(io.Discard, unpacked); err != nil || unpacked.N <= 0 {
				return nil, errors.New("the archive is damaged or cut off, or goes on behind its end")
			}
			return files, nil
		case err != nil && unpacked.N <= 0:
			return nil, fmt.Errorf("it unpacks to more than %d bytes", int64(maxUnpacked))
		case err != nil:
			return nil, fmt.Errorf("the archive is damaged or cut off: %w", err)
		case n >= maxEntries:
			return nil, fmt.Errorf("it has more than %d entries", maxEntries)
		case h.Typeflag == tar.TypeDir:
			continue
		}
		name, err := plainPath(h)
		if err != nil {
			return nil, err
		}
		if _, twice := files[name]; twice {
			return nil, fmt.Errorf("it has %s twice", name)
		}
		if left -= h.Size; left < 0 {
			return nil, fmt.Errorf("it unpacks to more than %d bytes", int64(maxUnpacked))
		}
		if files[name], err = io.ReadAll(archive); err != nil {
			return nil, fmt.Errorf("the archive is damaged or cut off in %s: %w", name, err)
		}
	}
}

// plainPath is the path of an entry that is a file. OPA writes paths from the root: /data.json.
func plainPath(h *tar.Header) (string, error) {
	name := strings.TrimPrefix(strings.TrimPrefix(h.Name, "."), "/")
	if strings.HasPrefix(h.Name, ".") && !strings.HasPrefix(h.Name, "./") { // .manifest
		name = h.Name
	}
	switch {
	case len(name) > maxPath || !utf8.ValidString(name) || strings.ContainsAny(name, "\\\x00\n\r") || name != path.Clean(name) || name == "." ||
		name == ".." || strings.HasPrefix(name, "../") || strings.HasPrefix(name, "/"):
		return "", fmt.Errorf("%.100q is no path of a file in a bundle", h.Name)
	case h.Typeflag != tar.TypeReg:
		return "", fmt.Errorf("%s is a link or no regular file, and a bundle has only files", name)
	case name == "patch.json":
		return "", errors.New("it is a delta bundle: what it would change is not known here")
	}
	return name, nil
}

// readManifest takes what the manifest says, and refuses what it says of files that are not there to be read as it says.
func (b *Bundle) readManifest() error {
	text, ok := b.Files[manifestFile]
	if !ok {
		return nil
	}
	var m struct {
		opa.Manifest
		Metadata struct {
			Headgate *About `json:"headgate"`
		} `json:"metadata"`
	}
	// Signed is what the document says and not its bytes, so it is read as the signature reads it: a name that stands there twice counts
	// once.
	var said any
	err := util.Unmarshal(text, &said)
	if err == nil {
		if text, err = json.Marshal(said); err == nil {
			err = json.Unmarshal(text, &m)
		}
	}
	if err != nil {
		return fmt.Errorf("cannot be read: %w", err)
	}
	b.Revision, b.About = m.Revision, m.Metadata.Headgate
	switch about := b.About; {
	case len(m.Revision) > 256:
		return errors.New("its revision is longer than 256 bytes")
	case len(m.WasmResolvers) > 0:
		return errors.New("it has rules in WebAssembly, and only Rego is read")
	case m.RegoVersion != nil && *m.RegoVersion != 1 || len(m.FileRegoVersions) > 0:
		return errors.New("its rules are of another version of Rego than 1")
	case about != nil && about.Schema != Schema:
		return fmt.Errorf("it is of %.60q, and this headgate reads %s", about.Schema, Schema)
	case about != nil && about.Input != inputVersion:
		return fmt.Errorf("its policies are written for version %d of the input, and this headgate has version %d", about.Input, inputVersion)
	case m.Roots == nil:
		return nil
	}
	for name := range b.Files {
		within := func(root string) bool {
			root = strings.Trim(root, "/")
			return root == "" || name == root || strings.HasPrefix(name, root+"/")
		}
		if path.Base(name) != manifestFile && name != signaturesFile && path.Dir(name) != "." && !slices.ContainsFunc(*m.Roots, within) {
			return fmt.Errorf("%s is under none of its roots (%s)", name, strings.Join(*m.Roots, ", "))
		}
	}
	return nil
}
