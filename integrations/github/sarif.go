package github

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/integrations/transport"
)

// An Upload is what code scanning is to know of a commit. What a later one of the same category says replaces it.
type Upload struct {
	Commit   string
	Ref      string // refs/heads/…, refs/tags/… or refs/pull/…
	Category string // as the file has it in automationDetails
	SARIF    []byte // with partialFingerprints, or each upload makes its alerts anew
	Digest   string // of what matters in SARIF
	Known    string // what State["digest"] was of the last upload; empty: not known
}

// Limits of code scanning.
const (
	// MostSARIFResults is how many results of a run code scanning takes; of more it refuses the file. It keeps 5,000.
	MostSARIFResults = 25_000
	mostSARIFBytes   = 10 << 20 // packed
)

const needsSecurityEvents = "security-events: write, and code scanning to be on"

var scannedRef = regexp.MustCompile(`^refs/(?:heads|tags|pull)/.+$`)

// digest tells uploads apart: what says the same of the same commit needs no second one.
func (u *Upload) digest() string { return shortDigest(u.Commit + "\x00" + u.Ref + "\x00" + u.Digest) }

// Key is that of the effect.
func (u *Upload) Key() string { return u.Ref + "/" + u.Category }

// Upload gives the file to code scanning, which takes it without having read it: see Processed. An upload whose answer was lost is left to
// the next run, as there is no way to look it up; made twice it replaces itself.
func (c *Client) Upload(ctx context.Context, u Upload) engine.Effect {
	e := c.effect(engine.EffectSARIF, u.Key())
	e.State["digest"] = u.digest()
	if u.Known == u.digest() {
		e.Did = engine.DidNothing
		return e
	}
	if !commitID.MatchString(u.Commit) || !scannedRef.MatchString(u.Ref) {
		return degraded(e, fmt.Errorf("code scanning takes results of branches, tags and pull requests, and this run is on %q", u.Ref), "")
	}
	packed, err := pack(u.SARIF)
	if err != nil {
		return degraded(e, err, "")
	}
	id, _, err := c.rest.CodeScanning.UploadSarif(ctx, c.owner, c.name, &github.SarifAnalysis{
		CommitSHA: &u.Commit, Ref: &u.Ref, Sarif: &packed, ToolName: github.String("Headgate"),
	})
	switch {
	case err != nil:
		return degraded(e, understood(err), needsSecurityEvents)
	case id.GetID() == "":
		return degraded(e, &transport.Lost{Method: http.MethodPost, Err: errNoAnswer}, needsSecurityEvents)
	}
	e.Did, e.ID, e.URL = engine.DidCreate, id.GetID(), c.place+"/security/code-scanning"
	return e
}

// pack is a file as code scanning takes it.
func pack(file []byte) (string, error) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(file); err != nil {
		return "", err
	}
	if err := z.Close(); err != nil {
		return "", err
	}
	if packed.Len() > mostSARIFBytes {
		return "", fmt.Errorf("the SARIF file has %d bytes when packed, and code scanning takes %d", packed.Len(), mostSARIFBytes)
	}
	return base64.StdEncoding.EncodeToString(packed.Bytes()), nil
}

// Processed looks once whether code scanning has read an upload by now, and says why where it could not. It does not wait: the time until
// then is best spent on something else.
func (c *Client) Processed(ctx context.Context, e engine.Effect) engine.Effect {
	if e.Did != engine.DidCreate {
		return e
	}
	req, err := c.rest.NewRequest(http.MethodGet, fmt.Sprintf("repos/%s/%s/code-scanning/sarifs/%s", c.owner, c.name, e.ID), nil)
	if err != nil {
		return e
	}
	var answer struct { // the library's type lacks the errors
		Status string   `json:"processing_status"`
		Errors []string `json:"errors"`
	}
	if _, err := c.rest.Do(ctx, req, &answer); err != nil || answer.Status == "" {
		return e // it was taken; what became of it is not known
	}
	e.State["processing"] = oneLine(answer.Status)
	if answer.Status == "failed" {
		return degraded(e, errors.New("code scanning could not read the upload: "+strings.Join(answer.Errors, "; ")), needsSecurityEvents)
	}
	return e
}
