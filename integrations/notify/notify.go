// Package notify posts a document to webhooks, signed so that who receives it can tell it from one that somebody else sent.
package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/headgate/headgate/integrations/transport"
)

// Headers of a request.
const (
	// SignatureHeader has "sha256=" and the HMAC-SHA256 of the body by the key, in hexadecimal.
	SignatureHeader = "X-Headgate-Signature-256"
	// DeliveryHeader has the SHA-256 of the body in hexadecimal. It is the same for what is sent again since no answer came.
	DeliveryHeader = "X-Headgate-Delivery"
)

// LeastKey is how many bytes a key has at least: a shorter one can be guessed from one message.
const LeastKey = 16

// Options are what a Sender goes by.
type Options struct {
	UserAgent string
	Base      http.RoundTripper // as of a transport; nil: the network
	Clock     transport.Clock   // nil: the real one
}

// A Sender posts to webhooks.
type Sender struct {
	through *transport.Transport
	agent   string
}

// New is a sender. What it posts is tried three times within some seconds.
func New(o Options) (*Sender, error) {
	t, err := transport.New(transport.Options{Base: o.Base, Clock: o.Clock, Attempts: 3, Timeout: 5 * time.Second, MaxWait: 10 * time.Second, MaxBody: 1 << 20})
	if err != nil {
		return nil, err
	}
	return &Sender{t, o.UserAgent}, nil
}

// Check says why a document cannot be posted to an address: it is none, or others would read along.
func Check(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Hostname() == "":
		return errors.New("it is no address of a server")
	case u.User != nil:
		return errors.New("it has a password, which belongs into the environment")
	case u.Scheme == "https", u.Scheme == "http" && local(u.Hostname()):
		return nil
	}
	return errors.New("it is not https")
}

func local(host string) bool { return host == "localhost" || host == "127.0.0.1" || host == "::1" }

// Post sends a JSON document to an address, signed with a key. An error names the server and never the rest of the address, which is
// often all that it takes to post there.
func (s *Sender) Post(ctx context.Context, address string, key, document []byte) error {
	if err := Check(address); err != nil {
		return err
	}
	if len(key) < LeastKey {
		return fmt.Errorf("the key has %d bytes, fewer than %d", len(key), LeastKey)
	}
	req, err := http.NewRequestWithContext(transport.Repeatable(ctx), http.MethodPost, address, bytes.NewReader(document))
	if err != nil {
		return errors.New("it is no address of a server")
	}
	digest := sha256.Sum256(document)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", s.agent)
	req.Header.Set(DeliveryHeader, hex.EncodeToString(digest[:]))
	req.Header.Set(SignatureHeader, Signature(key, document))
	res, err := s.through.RoundTrip(req) // an http.Client would name the whole address in its errors
	if err != nil {
		return hidden(err, req.URL)
	}
	res.Body.Close()
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("%s answers %d %s", req.URL.Host, res.StatusCode, http.StatusText(res.StatusCode))
	}
	return nil
}

// Signature is what SignatureHeader says of a document.
func Signature(key, document []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write(document)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// shortestSecret is how long a part of an address is that could be what it takes to post there, in bytes.
const shortestSecret = 6

// hidden is an error without the path and query of an address, and without their parts, which a redirect can have put together anew.
func hidden(err error, u *url.URL) error {
	text := err.Error()
	whole := []string{u.RequestURI(), u.EscapedPath(), u.Path, u.RawQuery}
	for _, part := range whole {
		if len(part) > 1 {
			text = strings.ReplaceAll(text, part, "/…")
		}
	}
	for _, part := range whole {
		for _, piece := range strings.FieldsFunc(part, func(r rune) bool { return strings.ContainsRune("/?&=", r) }) {
			if len(piece) >= shortestSecret {
				text = strings.ReplaceAll(text, piece, "…")
			}
		}
	}
	return errors.New(text)
}
