package oci_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/headgate/headgate/integrations/oci"
)

const layerType = "application/vnd.oci.image.layer.v1.tar+gzip"

// A shelf is the read side of a registry with one repository, acme/policy, over TLS.
type shelf struct {
	*httptest.Server
	manifests map[string][]byte // by tag and by digest
	blobs     map[string][]byte // by digest
	sendTo    string            // where blobs are; empty: here
	login     string            // user:password that a token costs; empty: everyone may read
	realm     string            // where tokens are; empty: here

	mu   sync.Mutex
	seen []string // the Authorization of requests, with their paths
}

func digestOf(text []byte) string {
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	s := &shelf{manifests: map[string][]byte{}, blobs: map[string][]byte{}}
	s.Server = httptest.NewTLSServer(s)
	t.Cleanup(s.Close)
	return s
}

// push puts a layer on the shelf under a tag and is the digest of its manifest.
func (s *shelf) push(tag string, layers ...map[string]any) string {
	text, err := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
		"config": map[string]any{"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digestOf(nil), "size": 0}, "layers": layers})
	if err != nil {
		panic(err)
	}
	s.manifests[tag], s.manifests[digestOf(text)] = text, text
	return digestOf(text)
}

func (s *shelf) layer(kind string, text []byte) map[string]any {
	s.blobs[digestOf(text)] = text
	return map[string]any{"mediaType": kind, "digest": digestOf(text), "size": len(text)}
}

func (s *shelf) host() string { return strings.TrimPrefix(s.URL, "https://") }

func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.seen = append(s.seen, r.URL.Path+" "+r.Header.Get("Authorization"))
	s.mu.Unlock()
	if r.URL.Path == "/token" {
		want := "Basic " + base64.StdEncoding.EncodeToString([]byte(s.login))
		if r.Header.Get("Authorization") != want {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, `{"token": "let-me-in"}`)
		return
	}
	if s.login != "" && !strings.HasPrefix(r.URL.Path, "/elsewhere/") && r.Header.Get("Authorization") != "Bearer let-me-in" {
		realm := s.realm
		if realm == "" {
			realm = s.URL + "/token"
		}
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm=%q,service="shelf",scope="repository:acme/policy:pull"`, realm))
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	name := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	switch {
	case strings.HasPrefix(r.URL.Path, "/v2/acme/policy/manifests/") && s.manifests[name] != nil:
		w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
		w.Header().Set("Docker-Content-Digest", digestOf(s.manifests[name]))
		w.Header().Set("Content-Length", strconv.Itoa(len(s.manifests[name])))
		w.Write(s.manifests[name])
	case strings.HasPrefix(r.URL.Path, "/v2/acme/policy/blobs/") && s.sendTo != "":
		http.Redirect(w, r, s.sendTo+"/elsewhere/"+name+"?signature=secret", http.StatusTemporaryRedirect)
	case s.blobs[name] != nil:
		w.Write(s.blobs[name])
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (s *shelf) fetch(t *testing.T, reference string) ([]byte, error) {
	t.Helper()
	r, err := oci.ParseReference(oci.Scheme + s.host() + reference)
	if err != nil {
		t.Fatal(err)
	}
	return oci.Fetch(context.Background(), r, oci.Options{Client: s.Client(), MaxBytes: 1000})
}

func TestABundleIsFetchedByDigestAndByTag(t *testing.T) {
	s := newShelf(t)
	want := []byte("a bundle")
	digest := s.push("v1", s.layer(layerType, want))
	for _, reference := range []string{"/acme/policy@" + digest, "/acme/policy:v1", "/acme/policy:other@" + digest} {
		if have, err := s.fetch(t, reference); err != nil || !bytes.Equal(have, want) {
			t.Errorf("%s: %q, %v", reference, have, err)
		}
	}
}

func TestWhatIsNotTheOneThatWasMeantIsRefused(t *testing.T) {
	s := newShelf(t)
	good := s.layer(layerType, []byte("a bundle"))
	digest := s.push("v1", good)
	changed := s.push("changed", s.layer(layerType, []byte("another")))
	s.manifests[digest] = s.manifests[changed]
	longer := s.layer(layerType, []byte("longer"))
	s.blobs[longer["digest"].(string)] = []byte("longer than it says")
	s.push("longer", longer)
	forged := s.layer(layerType, []byte("forged"))
	s.blobs[forged["digest"].(string)] = []byte("FORGED")
	s.push("forged", forged)
	s.push("large", s.layer(layerType, make([]byte, 1001)))
	s.push("two", good, longer)
	s.push("none")
	s.push("conftest", s.layer("application/vnd.cncf.openpolicyagent.policy.layer.v1+rego", []byte("package main")))
	s.push("odd", map[string]any{"mediaType": layerType, "digest": "md5:00", "size": 3})
	s.push("gone", map[string]any{"mediaType": layerType, "digest": digestOf([]byte("gone")), "size": 4})
	s.manifests["broken"] = []byte("{")
	s.manifests["huge"] = bytes.Repeat([]byte(" "), 2<<20)
	for reference, want := range map[string]string{
		"@" + digest: "mismatch", ":longer": "mismatch", ":forged": "its layer", ":large": "at most 1000", ":two": "several layers", ":none": "no layer",
		":conftest": "conftest pushed it", ":odd": "no digest of SHA-256", ":gone": "not found", ":broken": "cannot be read", ":huge": "larger than",
		":nothing": "not found", "@" + digestOf([]byte("?")): "not found",
	} {
		if data, err := s.fetch(t, "/acme/policy"+reference); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %q, %v", reference, data, err)
		}
	}
}

func TestAReferenceNamesRegistryRepositoryAndWhichOne(t *testing.T) {
	good := "oci://registry.example/acme/policy"
	for text, digest := range map[string]string{good + ":v1": "", good + "@sha256:" + strings.Repeat("0", 64): "sha256:" + strings.Repeat("0", 64),
		good + ":v1@sha256:" + strings.Repeat("a", 64): "sha256:" + strings.Repeat("a", 64)} {
		if r, err := oci.ParseReference(text); err != nil || r.Digest() != digest {
			t.Errorf("%s: %v, %v", text, r, err)
		}
	}
	for _, text := range []string{"", "registry.example/acme:v1", good, "oci://", "oci://acme", good + "@sha256:00", good + "@sha512:" + strings.Repeat("0", 128),
		good + ":v1?x=1", good + ":v1#sha256:" + strings.Repeat("0", 64), "oci://user:password@registry.example/acme:v1", good + "@sha256:" + strings.Repeat("A", 64)} {
		if r, err := oci.ParseReference(text); err == nil {
			t.Errorf("%s is taken: %+v", text, r)
		}
	}
}

// logIn leaves credentials as docker login does.
func logIn(t *testing.T, host, login string) {
	t.Helper()
	config := fmt.Sprintf(`{"auths": {%q: {"auth": %q}}}`, host, base64.StdEncoding.EncodeToString([]byte(login)))
	if err := os.WriteFile(filepath.Join(os.Getenv("DOCKER_CONFIG"), "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestCredentialsAreThoseOfDockerAndNoTokenLeavesForAnotherServer(t *testing.T) {
	s, other := newShelf(t), newShelf(t)
	s.login = "ana:secret"
	digest := s.push("v1", s.layer(layerType, []byte("a bundle")))
	other.blobs, s.sendTo = s.blobs, other.URL
	if _, err := s.fetch(t, "/acme/policy@"+digest); err == nil {
		t.Error("fetched without credentials")
	}
	logIn(t, s.host(), s.login)
	if have, err := s.fetch(t, "/acme/policy@"+digest); err != nil || string(have) != "a bundle" {
		t.Fatalf("%q, %v", have, err)
	}
	if len(other.seen) == 0 {
		t.Fatal("the other server was not asked")
	}
	for _, seen := range other.seen {
		if !strings.HasSuffix(seen, " ") {
			t.Errorf("the other server was told %q", seen)
		}
	}
	other.blobs = map[string][]byte{}
	if _, err := s.fetch(t, "/acme/policy@"+digest); err == nil || strings.Contains(err.Error(), "signature") {
		t.Errorf("an error shows the address that is a key: %v", err)
	}
	logIn(t, s.host(), "ana:wrong")
	if _, err := s.fetch(t, "/acme/policy@"+digest); err == nil || strings.Contains(err.Error(), "wrong") {
		t.Errorf("a wrong password: %v", err)
	}
}

func TestARedirectNeverLeavesHTTPS(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("asked in plain HTTP") }))
	t.Cleanup(plain.Close)
	s := newShelf(t)
	digest := s.push("v1", s.layer(layerType, []byte("a bundle")))
	s.sendTo = plain.URL
	if _, err := s.fetch(t, "/acme/policy@"+digest); err == nil || !strings.Contains(err.Error(), "plain http") {
		t.Error(err)
	}
	s.sendTo = s.URL + "/v2/acme/policy/blobs"
	s.blobs["x"] = nil
	back := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path+"x", http.StatusFound) }))
	t.Cleanup(back.Close)
	if _, err := oci.Get(context.Background(), back.URL+"/a", oci.Options{Client: back.Client(), MaxBytes: 10}); err == nil || !strings.Contains(err.Error(), "redirects") {
		t.Error(err)
	}
}

func TestAnAddressIsFetchedOverHTTPSAndBounded(t *testing.T) {
	s := newShelf(t)
	s.blobs["policy.tar.gz"] = []byte("a bundle")
	s.blobs["large"] = make([]byte, 1001)
	get := func(address string) ([]byte, error) {
		return oci.Get(context.Background(), address, oci.Options{Client: s.Client(), MaxBytes: 1000})
	}
	if have, err := get(s.URL + "/policy.tar.gz?token=x"); err != nil || string(have) != "a bundle" {
		t.Errorf("%q, %v", have, err)
	}
	for address, want := range map[string]string{
		s.URL + "/large": "larger than 1000", s.URL + "/nothing": "404", "http://" + s.host() + "/policy.tar.gz": "only https", "https://": "no address",
		"https://ana:secret@" + s.host() + "/policy.tar.gz": "no user and password", "https://127.0.0.1:1/x?token=secret": "no answer",
	} {
		if _, err := get(address); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "token") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
