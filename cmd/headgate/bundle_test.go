package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// keypair NAME writes an Ed25519 key to NAME.key and NAME.pub.
func keypair(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: keypair NAME")
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	ts.Check(err)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	ts.Check(err)
	writePEM(ts, args[0]+".key", "PRIVATE KEY", der)
	der, err = x509.MarshalPKIXPublicKey(public)
	ts.Check(err)
	writePEM(ts, args[0]+".pub", "PUBLIC KEY", der)
}

func writePEM(ts *testscript.TestScript, name, kind string, der []byte) {
	ts.Check(os.WriteFile(ts.MkAbs(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}

// repack FILE OLD NEW replaces a text in the files of a bundle.
func repack(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: repack FILE OLD NEW")
	}
	data, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	unzipped, err := gzip.NewReader(bytes.NewReader(data))
	ts.Check(err)
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	to, changed := tar.NewWriter(zip), false
	for from := tar.NewReader(unzipped); ; {
		h, err := from.Next()
		if err == io.EOF {
			break
		}
		ts.Check(err)
		text, err := io.ReadAll(from)
		ts.Check(err)
		after := strings.ReplaceAll(string(text), args[1], args[2])
		changed = changed || after != string(text)
		h.Size = int64(len(after))
		ts.Check(to.WriteHeader(h))
		_, err = io.WriteString(to, after)
		ts.Check(err)
	}
	ts.Check(to.Close())
	ts.Check(zip.Close())
	if !changed {
		ts.Fatalf("no file of %s has %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), out.Bytes(), 0o600))
}

// registry FILE serves a bundle over TLS as acme/policy:v1 and as /policy.tar.gz, until the story ends. $REGISTRY is the server, $MANIFEST the
// digest of the manifest and $BUNDLE that of the file. Commands trust the server.
func registry(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: registry FILE")
	}
	layer, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	digest := func(text []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(text)) }
	manifest := fmt.Appendf(nil, `{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": [
		{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": %q, "size": %d}]}`, digest(layer), len(layer))
	served := map[string][]byte{"/policy.tar.gz": layer, "/v2/acme/policy/manifests/v1": manifest,
		"/v2/acme/policy/manifests/" + digest(manifest): manifest, "/v2/acme/policy/blobs/" + digest(layer): layer}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := served[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if strings.Contains(r.URL.Path, "/manifests/") {
			w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
		}
		w.Header().Set("Docker-Content-Digest", digest(body))
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body) // whoever hangs up does not want it
	}))
	ts.Defer(server.Close)
	writePEM(ts, "ca.pem", "CERTIFICATE", server.Certificate().Raw)
	ts.Setenv("SSL_CERT_FILE", ts.MkAbs("ca.pem"))
	ts.Setenv("DOCKER_CONFIG", ts.MkAbs("docker"))
	ts.Setenv("REGISTRY", strings.TrimPrefix(server.URL, "https://"))
	ts.Setenv("MANIFEST", digest(manifest))
	ts.Setenv("BUNDLE", digest(layer))
}
