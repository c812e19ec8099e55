package oci

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

const (
	longest      = 2 * time.Minute // that a bundle may take
	maxRedirects = 5
)

// Options are those of fetching.
type Options struct {
	Client    *http.Client // how servers are reached; nil: as usual. Its redirects are decided here
	UserAgent string
	MaxBytes  int64 // of a bundle
}

func (o Options) userAgent() string {
	if o.UserAgent == "" {
		return "headgate"
	}
	return o.UserAgent
}

// client reaches servers over HTTPS only, and takes no token along to another one.
func (o Options) client() *http.Client {
	c := &http.Client{}
	if o.Client != nil {
		*c = *o.Client
	} else {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.ResponseHeaderTimeout = 30 * time.Second
		c.Transport = transport
	}
	c.CheckRedirect = checkRedirect
	return c
}

// checkRedirect lets a server send us on, but never off HTTPS. What is for the first server is for no other: the HTTP library keeps tokens
// for other ports and for subdomains, and puts back on each step what was taken out on one before.
func checkRedirect(next *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	if next.URL.Scheme != "https" {
		return fmt.Errorf("redirected to plain %s, where anyone in between can alter it", next.URL.Scheme)
	}
	next.Header.Del("Referer")
	if !strings.EqualFold(next.URL.Host, via[0].URL.Host) {
		for _, secret := range []string{"Authorization", "Cookie", "Proxy-Authorization"} {
			next.Header.Del(secret)
		}
	}
	return nil
}

// A layer is what a manifest says of one.
type layer struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`
}

func (l *layer) descriptor() ocispec.Descriptor {
	return ocispec.Descriptor{MediaType: l.MediaType, Digest: digest.Digest(l.Digest), Size: l.Size}
}

// Get is what stands at an https address. No credentials are sent.
func Get(ctx context.Context, address string, o Options) ([]byte, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Hostname() == "":
		return nil, errors.New("it is no address of a server")
	case u.Scheme != "https":
		return nil, errors.New("only https is fetched: what comes any other way can be altered by anyone in between")
	case u.User != nil:
		return nil, errors.New("an address holds no user and password: it is in results and logs")
	}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, errors.New("it is no address of a server")
	}
	req.Header.Set("User-Agent", o.userAgent())
	req.Header.Set("Accept-Encoding", "identity") // so that the bytes that are bounded and digested are the ones that are sent
	res, err := o.client().Do(req)
	if err != nil {
		if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
			err = wrapped.Err // without the address, which may hold a token
		}
		return nil, fmt.Errorf("no answer: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answers %d %s", res.StatusCode, http.StatusText(res.StatusCode))
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, o.MaxBytes+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("the connection broke off: %w", err)
	case int64(len(data)) > o.MaxBytes:
		return nil, fmt.Errorf("it is larger than %d bytes", o.MaxBytes)
	}
	return data, nil
}
