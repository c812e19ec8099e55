package bundle_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	opa "github.com/open-policy-agent/opa/v1/bundle"

	"github.com/headgate/headgate/engine/bundle"
)

var files = map[string][]byte{
	"main/main.rego":         []byte("package main\n\ndecision := 1\n"),
	"packs/acme/acme.rego":   []byte("package packs.acme\n\nx := 1\n"),
	"packs/acme/data.yaml":   []byte("# why\nparams:\n  high: 0.5\n"),
	"packs/acme/t/data.json": []byte(`{"rows": [1, 2]}`),
}

// pair is a private key and its public one, in PEM.
func pair(t testing.TB, kind string) (private, public []byte) {
	t.Helper()
	var key crypto.Signer
	var err error
	switch kind {
	case "RSA":
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	case "short RSA":
		t.Setenv("GODEBUG", "rsa1024min=0")
		key, err = rsa.GenerateKey(rand.Reader, 1024)
	case "EC":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		_, key, err = ed25519.GenerateKey(rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	one, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	other, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: one}), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: other})
}

func signer(t testing.TB, private []byte) *bundle.Signer {
	t.Helper()
	s, err := bundle.ReadSigner(private, "", "")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func keys(t testing.TB, public ...[]byte) (keys []*bundle.Key) {
	t.Helper()
	for _, text := range public {
		k, err := bundle.ReadKey(text)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k)
	}
	return keys
}

func write(t testing.TB, s *bundle.Signer) []byte {
	t.Helper()
	data, err := bundle.Write("r1", bundle.About{Packs: []string{"acme"}}, files, s)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestBundleOpensAsItWasWritten(t *testing.T) {
	b, err := bundle.Open(write(t, nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !maps.EqualFunc(b.Files, files, bytes.Equal) {
		t.Errorf("files %v", b.Files)
	}
	if b.Revision != "r1" || b.Signed || b.Verified != "" || b.About == nil || b.About.Packs[0] != "acme" {
		t.Errorf("opened %+v", b)
	}
}

func TestBundleHasNoTimeAndNoOrder(t *testing.T) {
	private, _ := pair(t, "Ed25519")
	first := write(t, signer(t, private))
	for range 5 {
		if !bytes.Equal(first, write(t, signer(t, private))) {
			t.Fatal("the same files give other bytes")
		}
	}
}

func TestSignatureOfEveryKindIsVerifiedByItsKeyAloneAndByOPA(t *testing.T) {
	_, other := pair(t, "Ed25519")
	for kind, algorithm := range map[string]string{"RSA": "RS256", "EC": "ES256", "Ed25519": "EdDSA"} {
		private, public := pair(t, kind)
		data := write(t, signer(t, private))
		want := keys(t, public)[0].Fingerprint
		b, err := bundle.Open(data, keys(t, other, public))
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if b.Verified != want {
			t.Errorf("%s: verified by %q", kind, b.Verified)
		}
		if _, err := bundle.Open(data, keys(t, other)); err == nil || !strings.Contains(err.Error(), "is not of the key") {
			t.Errorf("%s: another key: %v", kind, err)
		}
		config := opa.NewVerificationConfig(map[string]*opa.KeyConfig{want: {Key: string(public), Algorithm: algorithm}}, "", "", nil)
		read, err := opa.NewCustomReader(opa.NewTarballLoaderWithBaseURL(bytes.NewReader(data), "")).
			WithBundleVerificationConfig(config).WithRegoVersion(ast.RegoV1).Read()
		if err != nil {
			t.Errorf("%s: OPA: %v", kind, err)
		}
		if read.Manifest.Revision != "r1" || len(read.Modules) != 2 {
			t.Errorf("%s: OPA reads %+v", kind, read.Manifest)
		}
	}
}

// An entry is one of an archive that somebody made.
type entry struct {
	name, text string
	kind       byte
	link       string
}

func archive(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	to := tar.NewWriter(zip)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: e.kind, Linkname: e.link, Size: int64(len(e.text)), Mode: 0o644}
		if e.kind == 0 {
			h.Typeflag = tar.TypeReg
		}
		if err := to.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(to, e.text); err != nil {
			t.Fatal(err)
		}
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// entriesOf takes an archive apart.
func entriesOf(t testing.TB, data []byte) (entries []entry) {
	t.Helper()
	unzipped, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for from := tar.NewReader(unzipped); ; {
		h, err := from.Next()
		if err == io.EOF {
			return entries
		}
		text, _ := io.ReadAll(from)
		entries = append(entries, entry{name: h.Name, text: string(text)})
	}
}

func TestWhatWasSignedIsAllThatThereIsAndNothingElse(t *testing.T) {
	private, public := pair(t, "Ed25519")
	signed := write(t, signer(t, private))
	for name, test := range map[string]struct {
		change func([]entry) []entry
		want   string
	}{
		"changed rule": {func(all []entry) []entry {
			for i := range all {
				all[i].text = strings.ReplaceAll(all[i].text, "x := 1", "x := 2")
			}
			return all
		}, "packs/acme/acme.rego is not as it was signed"},
		"changed parameter": {func(all []entry) []entry {
			for i := range all {
				all[i].text = strings.ReplaceAll(all[i].text, "high: 0.5", "high: 0.9")
			}
			return all
		}, "packs/acme/data.yaml is not as it was signed"},
		"changed manifest": {func(all []entry) []entry {
			for i := range all {
				all[i].text = strings.ReplaceAll(all[i].text, `"r1"`, `"r2"`)
			}
			return all
		}, ".manifest is not as it was signed"},
		"one more":       {func(all []entry) []entry { return append(all, entry{name: "packs/b/b.rego", text: "package packs.b"}) }, "not among the files"},
		"one less":       {func(all []entry) []entry { return all[:len(all)-1] }, "was signed and is missing"},
		"no signature":   {func(all []entry) []entry { return append(all[:1:1], all[2:]...) }, "it is not signed"},
		"two signatures": {func(all []entry) []entry { all[1].text = `{"signatures": ["a.b.c", "a.b.c"]}`; return all }, "exactly one"},
		"no token":       {func(all []entry) []entry { all[1].text = `{"signatures": ["x"]}`; return all }, "cannot be read"},
		"none":           {func(all []entry) []entry { all[1].text = `{"signatures": ["eyJhbGciOiJub25lIn0.e30."]}`; return all }, "is not of the key"},
		"symmetric":      {func(all []entry) []entry { all[1].text = `{"signatures": ["eyJhbGciOiJIUzI1NiJ9.e30.AA"]}`; return all }, "is not of the key"},
	} {
		entries := entriesOf(t, signed)
		if entries[1].name != ".signatures.json" {
			t.Fatalf("entries %v", entries)
		}
		_, err := bundle.Open(archive(t, test.change(entries)...), keys(t, public))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestArchiveThatIsNoPlainOneIsRefused(t *testing.T) {
	whole := write(t, nil)
	for name, test := range map[string]struct {
		data []byte
		want string
	}{
		"nothing":        {nil, "it is no bundle"},
		"text":           {[]byte("package main"), "it is no bundle"},
		"cut off":        {whole[:len(whole)-20], "damaged or cut off"},
		"cut in half":    {whole[:len(whole)/2], "damaged or cut off"},
		"climbs":         {archive(t, entry{name: "../main.rego"}), "no path of a file"},
		"climbs inside":  {archive(t, entry{name: "main/../../x.rego"}), "no path of a file"},
		"from two roots": {archive(t, entry{name: "//etc/passwd"}), "no path of a file"},
		"backslash":      {archive(t, entry{name: `main\x.rego`}), "no path of a file"},
		"link":           {archive(t, entry{name: "main/x.rego", kind: tar.TypeSymlink, link: "/etc/passwd"}), "is a link"},
		"hard link":      {archive(t, entry{name: "main/x.rego", kind: tar.TypeLink, link: "y"}), "is a link"},
		"device":         {archive(t, entry{name: "main/x.rego", kind: tar.TypeChar}), "no regular file"},
		"twice":          {archive(t, entry{name: "main/x.rego"}, entry{name: "/main/x.rego"}), "twice"},
		"delta":          {archive(t, entry{name: "patch.json", text: "{}"}), "delta bundle"},
		"manifest":       {archive(t, entry{name: ".manifest", text: "{"}), "cannot be read"},
		"other roots":    {archive(t, entry{name: ".manifest", text: `{"roots": ["lib"]}`}, entry{name: "main/x.rego"}), "under none of its roots"},
		"Rego v0":        {archive(t, entry{name: ".manifest", text: `{"rego_version": 0}`}), "another version of Rego"},
		"WebAssembly":    {archive(t, entry{name: ".manifest", text: `{"wasm": [{"entrypoint": "x"}]}`}), "WebAssembly"},
		"other schema":   {archive(t, entry{name: ".manifest", text: `{"metadata": {"headgate": {"schema": "headgate.bundle/2"}}}`}), "reads headgate.bundle/1"},
		"other input": {archive(t, entry{name: ".manifest", text: `{"metadata": {"headgate": {"schema": "headgate.bundle/1", "input": 2}}}`}),
			"version 2 of the input"},
		"bomb":         {archive(t, entry{name: "a/data.json", text: strings.Repeat(" ", 65<<20)}), "unpacks to more"},
		"many files":   {archive(t, manyEntries(200, 400<<10)...), "unpacks to more"},
		"many entries": {archive(t, manyEntries(10_001, 0)...), "more than 10000 entries"},
		"long end":     {behind(t, 90<<20), "goes on behind its end"},
		"too large":    {make([]byte, bundle.MaxBytes+1), "larger than"},
	} {
		if _, err := bundle.Open(test.data, nil); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func manyEntries(n, size int) (entries []entry) {
	for i := range n {
		entries = append(entries, entry{name: fmt.Sprintf("a/%d.txt", i), text: strings.Repeat("x", size)})
	}
	return entries
}

// behind is an archive that ends, and then goes on for so many bytes of nothing.
func behind(t testing.TB, n int) []byte {
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	if _, err := zip.Write(make([]byte, 1024+n)); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestKeyThatDoesNotFitIsRefused(t *testing.T) {
	private, public := pair(t, "Ed25519")
	for name, test := range map[string]struct {
		read func() error
		want string
	}{
		"private for public": {func() error { _, err := bundle.ReadKey(private); return err }, "a public key is needed"},
		"public for private": {func() error { _, err := bundle.ReadSigner(public, "", ""); return err }, "a private key"},
		"no PEM":             {func() error { _, err := bundle.ReadKey([]byte("x")); return err }, "no key in PEM"},
		"no private PEM":     {func() error { _, err := bundle.ReadSigner([]byte("x"), "", ""); return err }, "no key in PEM"},
		"other algorithm":    {func() error { _, err := bundle.ReadSigner(private, "RS256", ""); return err }, "it can with EdDSA"},
		"symmetric":          {func() error { _, err := bundle.ReadSigner(private, "HS256", ""); return err }, "it can with EdDSA"},
		"short": {func() error {
			_, short := pair(t, "short RSA")
			_, err := bundle.ReadKey(short)
			return err
		}, "1024 bits is too short"},
	} {
		if err := test.read(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	private, public := pair(f, "Ed25519")
	signed := write(f, signer(f, private))
	f.Add(signed)
	f.Add(write(f, nil))
	f.Add(archive(f, entry{name: "../x"}))
	verifying := keys(f, public)
	want, err := bundle.Open(signed, verifying)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := bundle.Open(data, verifying)
		for name, text := range want.Files { // data may be written in another way, if it says the same
			if err == nil && (len(b.Files) != len(want.Files) || strings.HasSuffix(name, ".rego") && !bytes.Equal(b.Files[name], text)) {
				t.Fatal("files that nobody signed are verified")
			}
		}
		if b, err := bundle.Open(data, nil); err == nil && b.Verified != "" {
			t.Fatal("verified without a key")
		}
	})
}
