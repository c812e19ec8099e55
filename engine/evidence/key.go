package evidence

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"io"

	"golang.org/x/mod/sumdb/note"
)

// Keys are Ed25519 keys in PEM (PKCS #8, SubjectPublicKeyInfo): what openssl and key stores give, and what policy bundles are signed with.
// The one key signs statements and, under the name of the log, checkpoints; NoteKey writes it as other readers of C2SP logs want it.

// A Key is a public key that verifies evidence, or several, each of which does: those of several signers, or of one over the years.
type Key struct {
	Fingerprint string // digest of its SubjectPublicKeyInfo: "sha256:…"
	public      ed25519.PublicKey
	more        []*Key
}

// mostKeys bounds the keys that are read out of one file.
const mostKeys = 64

// named is the one of the keys that has a fingerprint; nil if there is none.
func (k *Key) named(fingerprint string) *Key {
	for _, one := range k.all() {
		if one.Fingerprint == fingerprint {
			return one
		}
	}
	return nil
}

// fingerprints are those of all keys, for people.
func (k *Key) fingerprints() string {
	text := k.Fingerprint
	for _, one := range k.more {
		text += " or " + one.Fingerprint
	}
	return text
}

// all are the key and those beside it.
func (k *Key) all() []*Key { return append([]*Key{k}, k.more...) }

// A Signer is a private key that signs evidence.
type Signer struct {
	Key
	private ed25519.PrivateKey
}

// GenerateKey makes a key from randomness.
func GenerateKey(random io.Reader) (*Signer, error) {
	_, private, err := ed25519.GenerateKey(random)
	if err != nil {
		return nil, err
	}
	return newSigner(private)
}

func newSigner(private ed25519.PrivateKey) (*Signer, error) {
	key, err := newKey(private.Public())
	if err != nil {
		return nil, err
	}
	return &Signer{Key: *key, private: private}, nil
}

func newKey(public any) (*Key, error) {
	k, ok := public.(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("it is no Ed25519 key")
	}
	der, err := x509.MarshalPKIXPublicKey(k)
	if err != nil {
		return nil, err
	}
	return &Key{Fingerprint: Digest(der), public: k}, nil
}

// ReadSigner reads a private key in PEM. Its errors show nothing of the key.
func ReadSigner(text []byte) (*Signer, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("it has no private key in PEM (BEGIN PRIVATE KEY)")
	}
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("the key cannot be read")
	}
	k, ok := private.(ed25519.PrivateKey)
	if !ok {
		return nil, errors.New("it is no Ed25519 key")
	}
	return newSigner(k)
}

// ReadKey reads a public key in PEM, or several, one after the other.
func ReadKey(text []byte) (*Key, error) {
	var first *Key
	for block, rest := pem.Decode(text); block != nil || first == nil; block, rest = pem.Decode(rest) {
		if block == nil || block.Type != "PUBLIC KEY" {
			return nil, errors.New("it has no public key in PEM (BEGIN PUBLIC KEY)")
		}
		public, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("the key cannot be read: %w", err)
		}
		key, err := newKey(public)
		switch {
		case err != nil:
			return nil, err
		case first == nil:
			first = key
		case len(first.more)+1 == mostKeys:
			return nil, fmt.Errorf("it has more than %d keys", mostKeys)
		default:
			first.more = append(first.more, key)
		}
	}
	return first, nil
}

// PEM writes the private key.
func (s *Signer) PEM() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(s.private)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// PEM writes the public key.
func (k *Key) PEM() ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(k.public)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// NoteKey is the key as a verifier key of signed notes, in the name of a log: "name+hash+base64".
func (k *Key) NoteKey(origin string) (string, error) {
	return note.NewEd25519VerifierKey(origin, k.public)
}

// Sign signs data.
func (s *Signer) Sign(_ context.Context, data []byte) ([]byte, error) {
	return ed25519.Sign(s.private, data), nil
}

// Verify says whether a signature of data is by this key.
func (k *Key) Verify(_ context.Context, data, signature []byte) error {
	if !ed25519.Verify(k.public, data, signature) {
		return errors.New("the signature is not by this key")
	}
	return nil
}

// KeyID names the key in envelopes.
func (k *Key) KeyID() (string, error) { return k.Fingerprint, nil }

// Public is the key itself.
func (k *Key) Public() crypto.PublicKey { return k.public }

func (k *Key) noteVerifier(origin string) (note.Verifier, error) {
	text, err := k.NoteKey(origin)
	if err != nil {
		return nil, err
	}
	return note.NewVerifier(text)
}

// noteSigner signs notes in the name of a log. Notes have an encoding of their own for private keys; this is the way to it.
func (s *Signer) noteSigner(origin string) (note.Signer, error) {
	key := append([]byte{1}, s.public...) // 1 is Ed25519
	sum := sha256.Sum256(append([]byte(origin+"\n"), key...))
	hash := binary.BigEndian.Uint32(sum[:4])
	private := append([]byte{1}, s.private.Seed()...)
	signer, err := note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", origin, hash, base64.StdEncoding.EncodeToString(private)))
	if err != nil {
		return nil, errors.New("the key does not sign notes")
	}
	return signer, nil
}
