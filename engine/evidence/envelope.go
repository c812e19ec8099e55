package evidence

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

// mostEnvelope bounds an envelope, in bytes.
const mostEnvelope = 4 << 20

// sealEnvelope puts a payload into an envelope. Without a signer it has no signature.
func sealEnvelope(payload []byte, signer *Signer) ([]byte, error) {
	e := &dsse.Envelope{PayloadType: PayloadType, Payload: base64.StdEncoding.EncodeToString(payload), Signatures: []dsse.Signature{}}
	if signer != nil {
		by, err := dsse.NewEnvelopeSigner(signer)
		if err != nil {
			return nil, err
		}
		if e, err = by.SignPayload(context.Background(), PayloadType, payload); err != nil {
			return nil, err
		}
	}
	return json.Marshal(e)
}

// An Envelope is an envelope that was opened.
type Envelope struct {
	Payload []byte
	Keys    []string // fingerprints that signatures name; none: it is unsigned
	Signed  string   // fingerprint of the key that it was verified with; empty: it was not verified

	signatures []dsse.Signature
}

// OpenEnvelope reads an envelope. With a key it must be signed by it; without, signatures are not looked at. It must be written just as
// sealing writes it: of what is not signed in an envelope nothing can be otherwise. Of one that can be read and is not signed so, there is both
// the envelope and an error.
func OpenEnvelope(data []byte, key *Key) (*Envelope, error) {
	if len(data) > mostEnvelope {
		return nil, errors.New("the envelope is larger than one can be")
	}
	var e dsse.Envelope
	if err := json.Unmarshal(data, &e, json.RejectUnknownMembers(true)); err != nil {
		return nil, errors.New("the envelope cannot be read")
	}
	again, err := json.Marshal(&e)
	if err != nil || !bytes.Equal(again, data) || e.PayloadType != PayloadType {
		return nil, errors.New("the envelope is not written as headgate writes one")
	}
	o := &Envelope{signatures: e.Signatures}
	if o.Payload, err = base64.StdEncoding.Strict().DecodeString(e.Payload); err != nil {
		return nil, errors.New("the envelope's payload is not base64")
	}
	for _, s := range e.Signatures {
		o.Keys = append(o.Keys, s.KeyID)
	}
	if len(e.Signatures) > 1 {
		return nil, errors.New("the envelope has several signatures, and headgate makes one")
	}
	return o, o.verify(key)
}

// verify makes sure that a key signed the payload. Without a key only the form of the signature is looked at: of the ways to write one in base64
// there is one.
func (o *Envelope) verify(key *Key) error {
	for _, s := range o.signatures {
		if sig, err := base64.StdEncoding.Strict().DecodeString(s.Sig); err != nil || len(sig) != ed25519.SignatureSize {
			return errors.New("the signature is none")
		}
	}
	switch {
	case key == nil:
		return nil
	case len(o.signatures) == 0:
		return ErrUnsigned
	}
	named := o.signatures[0].KeyID
	if key = key.named(named); key == nil {
		return fmt.Errorf("it is signed by another key, %.80q", named)
	}
	by, err := dsse.NewEnvelopeVerifier(key)
	if err != nil {
		return err
	}
	e := &dsse.Envelope{PayloadType: PayloadType, Payload: base64.StdEncoding.EncodeToString(o.Payload), Signatures: o.signatures}
	if _, err := by.Verify(context.Background(), e); err != nil {
		return fmt.Errorf("the signature is not of the key %s over what the statement says", key.Fingerprint)
	}
	o.Signed = key.Fingerprint
	return nil
}

// ErrUnsigned means that there is no signature to verify.
var ErrUnsigned = errors.New("it is not signed")
