package bundle

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	opa "github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/util"
)

// algorithms are what a key can sign with, the usual one first. Which one it was, the signature says: it is believed only if the key
// can.
func algorithms(public crypto.PublicKey) ([]string, error) {
	switch k := public.(type) {
	case ed25519.PublicKey:
		return []string{"EdDSA"}, nil
	case *ecdsa.PublicKey:
		switch k.Curve.Params().BitSize {
		case 256:
			return []string{"ES256"}, nil
		case 384:
			return []string{"ES384"}, nil
		case 521:
			return []string{"ES512"}, nil
		}
		return nil, fmt.Errorf("the curve %s is not signed with", k.Curve.Params().Name)
	case *rsa.PublicKey:
		if k.N.BitLen() < 2048 {
			return nil, fmt.Errorf("an RSA key of %d bits is too short: 2048 are needed", k.N.BitLen())
		}
		return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}, nil
	}
	return nil, fmt.Errorf("a key of this kind (%T) does not sign", public)
}

// fingerprint names a public key: the digest of its SubjectPublicKeyInfo.
func fingerprint(public crypto.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(der)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// A Key is a public key that verifies signatures.
type Key struct {
	Fingerprint string
	pem         string
	algorithms  []string
}

// ReadKey reads a public key, or the certificate of one, in PEM.
func ReadKey(text []byte) (*Key, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("it has no key in PEM (BEGIN PUBLIC KEY)")
	}
	var public crypto.PublicKey
	var err error
	switch block.Type {
	case "PUBLIC KEY":
		public, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		public, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		var c *x509.Certificate
		if c, err = x509.ParseCertificate(block.Bytes); err == nil {
			public = c.PublicKey
		}
	default:
		return nil, fmt.Errorf("it has a %.40q, and a public key is needed", block.Type)
	}
	if err != nil {
		return nil, fmt.Errorf("the key cannot be read: %w", err)
	}
	k := &Key{}
	if k.algorithms, err = algorithms(public); err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, err
	}
	k.pem = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	k.Fingerprint, err = fingerprint(public)
	return k, err
}

// A Signer signs bundles.
type Signer struct {
	KeyID     string // names the key in signatures; by default its fingerprint
	Algorithm string
	private   string // PKCS #8 in PEM
}

// ReadSigner reads a private key in PEM. Without an algorithm it is the usual one of the key, without an id its fingerprint.
func ReadSigner(text []byte, algorithm, id string) (*Signer, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("it has no key in PEM (BEGIN PRIVATE KEY)")
	}
	var private any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		private, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		private, err = x509.ParseECPrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		private, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	default:
		return nil, fmt.Errorf("it has a %.40q, and a private key without a passphrase is needed", block.Type)
	}
	if err != nil {
		return nil, errors.New("the key cannot be read") // what the parser says may show of the key
	}
	k, ok := private.(crypto.Signer)
	if !ok {
		return nil, errors.New("the key does not sign")
	}
	known, err := algorithms(k.Public())
	if err != nil {
		return nil, err
	}
	if algorithm == "" {
		algorithm = known[0]
	}
	if !slices.Contains(known, algorithm) {
		return nil, fmt.Errorf("the key does not sign with %.20q; it can with %s", algorithm, strings.Join(known, ", "))
	}
	s := &Signer{KeyID: id, Algorithm: algorithm}
	if s.KeyID == "" {
		if s.KeyID, err = fingerprint(k.Public()); err != nil {
			return nil, err
		}
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, errors.New("the key cannot be read")
	}
	s.private = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	return s, nil
}

// sign makes the signatures file of files.
func (s *Signer) sign(files map[string][]byte) ([]byte, error) {
	hash, err := opa.NewSignatureHasher(opa.SHA256)
	if err != nil {
		return nil, err
	}
	var infos []opa.FileInfo
	for _, name := range slices.Sorted(maps.Keys(files)) {
		var value any = files[name]
		if opa.IsStructuredDoc(name) { // signed is what it says, however it is written
			if err := util.Unmarshal(files[name], &value); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		sum, err := hash.HashFile(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		infos = append(infos, opa.NewFile(name, hex.EncodeToString(sum), opa.SHA256.String()))
	}
	token, err := opa.GenerateSignedToken(infos, opa.NewSigningConfig(s.private, s.Algorithm, ""), s.KeyID)
	if err != nil {
		return nil, err
	}
	return json.Marshal(opa.SignaturesConfig{Signatures: []string{token}})
}

// strong are the digests that a signature may be over.
var strong = []string{"SHA-256", "SHA-384", "SHA-512", "SHA-512-256"}

// verify finds which key signed all files and no others, and is its fingerprint.
func verify(files map[string][]byte, keys []*Key) (string, error) {
	text, ok := files[signaturesFile]
	if !ok {
		return "", errors.New("it is not signed, and a key to verify it with is given")
	}
	var config opa.SignaturesConfig
	if err := json.Unmarshal(text, &config); err != nil {
		return "", fmt.Errorf("%s cannot be read: %w", signaturesFile, err)
	}
	if len(config.Signatures) != 1 || config.Plugin != "" {
		return "", fmt.Errorf("%s must have exactly one signature", signaturesFile)
	}
	algorithm, err := algorithmOf(config.Signatures[0])
	if err != nil {
		return "", err
	}
	for _, k := range keys {
		if !slices.Contains(k.algorithms, algorithm) {
			continue
		}
		// The key is chosen here and not by the id in the signature, which is anyone's word.
		signed, err := opa.VerifyBundleSignature(config, opa.NewVerificationConfig(
			map[string]*opa.KeyConfig{k.Fingerprint: {Key: k.pem, Algorithm: algorithm}}, k.Fingerprint, "", nil))
		if err == nil {
			return k.Fingerprint, k.covers(signed, files)
		}
	}
	return "", fmt.Errorf("its signature (%s) is not of %s", algorithm, given(keys))
}

// algorithmOf is what a signature says that it was made with.
func algorithmOf(token string) (string, error) {
	head, _, _ := strings.Cut(token, ".")
	var header struct {
		Algorithm string `json:"alg"`
	}
	text, err := base64.RawURLEncoding.DecodeString(head)
	if err == nil {
		err = json.Unmarshal(text, &header)
	}
	if err != nil || len(header.Algorithm) > 20 {
		return "", errors.New("its signature cannot be read")
	}
	return header.Algorithm, nil
}

func given(keys []*Key) string {
	if len(keys) == 1 {
		return "the key " + keys[0].Fingerprint
	}
	return fmt.Sprintf("any of the %d keys", len(keys))
}

// covers refuses files that differ from the signed ones.
func (k *Key) covers(signed map[string]opa.FileInfo, files map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if name == signaturesFile {
			continue
		}
		f, ok := signed[name]
		switch {
		case !ok:
			return fmt.Errorf("%s is not among the files that are signed", name)
		case !slices.Contains(strong, f.Algorithm):
			return fmt.Errorf("%s is signed by a digest of %.20q, which proves nothing", name, f.Algorithm)
		}
		if err := opa.VerifyBundleFile(name, *bytes.NewBuffer(files[name]), signed); err != nil {
			return fmt.Errorf("%s is not as it was signed", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(signed)) { // those that were found are taken out
		return fmt.Errorf("%.100s was signed and is missing", name)
	}
	return nil
}
