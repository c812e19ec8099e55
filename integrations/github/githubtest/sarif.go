package githubtest

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// A SARIF is a file that was uploaded to code scanning.
type SARIF struct {
	ID, CommitSHA, Ref, ToolName string
	Content                      []byte   // unpacked
	Errors                       []string // why it was refused after the upload

	asked int // how often its status was asked for
}

// SARIFs are the uploads of the repository, oldest first. They are copies.
func (r *Repository) SARIFs() []SARIF {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	all := make([]SARIF, 0, len(r.sarifs))
	for _, s := range r.sarifs {
		all = append(all, *s)
	}
	return all
}

// CodeScanningOff has the repository refuse uploads, as a private one without Advanced Security does.
func (r *Repository) CodeScanningOff() {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	r.noScanning = true
}

const (
	maxPacked   = 10 << 20  // bytes of a file as it is sent
	maxUnpacked = 200 << 20 // and afterwards
)

var (
	fullRef   = regexp.MustCompile(`^refs/(heads|tags|pull)/.+$`)
	commitSHA = regexp.MustCompile(`^([0-9a-fA-F]{40}([0-9a-fA-F]{24})?)$`)
	sarifKeys = []string{"commit_sha", "ref", "sarif", "checkout_uri", "started_at", "tool_name", "validate"}
)

func (c *call) uploadSARIF() answer {
	var keys map[string]any
	if a, ok := c.decode(&keys); !ok {
		return a
	}
	for key := range keys {
		if !slices.Contains(sarifKeys, key) {
			return c.invalid(fmt.Sprintf("Invalid request.\n\n%q is not a permitted key.", key))
		}
	}
	sha, _ := keys["commit_sha"].(string)
	ref, _ := keys["ref"].(string)
	packed, _ := keys["sarif"].(string)
	tool, _ := keys["tool_name"].(string)
	switch {
	case c.repo.noScanning:
		return c.problem(http.StatusForbidden, "Advanced Security must be enabled for this repository to use code scanning.")
	case !commitSHA.MatchString(sha):
		return c.invalid("Invalid request.\n\ncommit_sha is not the full id of a commit.")
	case !fullRef.MatchString(ref):
		return c.invalid(fmt.Sprintf("Invalid request.\n\n%s does not match /^refs\\/(heads|tags|pull)\\/.*$/.", ref))
	case c.repo.commits.commits[sha] == nil:
		return c.problem(http.StatusNotFound, "commit not found")
	case c.repo.resolve(ref) == nil:
		return c.problem(http.StatusNotFound, fmt.Sprintf("ref '%s' not found in this repository", ref))
	}
	zipped, err := base64.StdEncoding.DecodeString(packed)
	if err != nil {
		return c.problem(http.StatusBadRequest, "Invalid SARIF. Not a Base64-encoded value.")
	}
	if len(zipped) > maxPacked {
		return c.problem(http.StatusRequestEntityTooLarge, "Payload too big")
	}
	r, err := gzip.NewReader(bytes.NewReader(zipped))
	if err != nil {
		return c.problem(http.StatusBadRequest, "Invalid SARIF. Not a gzip-compressed value.")
	}
	content, err := io.ReadAll(io.LimitReader(r, maxUnpacked+1))
	if err != nil || len(content) > maxUnpacked {
		return c.problem(http.StatusBadRequest, "Invalid SARIF. Not a gzip-compressed value, or too large.")
	}
	file := sarifFile{}
	if err := json.Unmarshal(content, &file); err != nil || file.Version != "2.1.0" || file.Runs == nil {
		return c.problem(http.StatusBadRequest, "Invalid SARIF. JSON is no SARIF 2.1.0.")
	}
	s := &SARIF{
		ID: fmt.Sprintf("%08x-0000-4000-8000-%012x", c.g.id(), c.repo.id), CommitSHA: sha, Ref: ref, ToolName: tool, Content: content, Errors: file.wrong(),
	}
	c.repo.sarifs = append(c.repo.sarifs, s)
	return answer{status: http.StatusAccepted, body: object{
		"id": s.ID, "url": c.url("/repos/%s/code-scanning/sarifs/%s", c.repo.FullName(), s.ID),
	}}
}

// A sarifFile is what code scanning limits in a file.
type sarifFile struct {
	Version string `json:"version"`
	Runs    []struct {
		Automation struct {
			ID string `json:"id"`
		} `json:"automationDetails"`
		Tool struct {
			Driver struct {
				Name  string `json:"name"`
				Rules []any  `json:"rules"`
			} `json:"driver"`
			Extensions []any `json:"extensions"`
		} `json:"tool"`
		Results []struct {
			Message   struct{ Text, ID string } `json:"message"`
			Locations []struct {
				Physical struct {
					Artifact struct {
						URI string `json:"uri"`
					} `json:"artifactLocation"`
				} `json:"physicalLocation"`
			} `json:"locations"`
		} `json:"results"`
	} `json:"runs"`
}

// wrong lists what code scanning refuses a file for after the upload.
func (f sarifFile) wrong() []string {
	var all []string
	exceeds := func(what string, n, most int) {
		if n > most {
			all = append(all, fmt.Sprintf("rejecting SARIF, as there are more %s than allowed (%d > %d)", what, n, most))
		}
	}
	exceeds("runs", len(f.Runs), 20)
	categories := map[string]bool{}
	for _, run := range f.Runs {
		exceeds("results", len(run.Results), 25_000)
		exceeds("rules", len(run.Tool.Driver.Rules), 25_000)
		exceeds("tool extensions", len(run.Tool.Extensions), 100)
		key := run.Tool.Driver.Name + "\x00" + run.Automation.ID
		if categories[key] {
			all = append(all, "multiple runs of the same tool have the same category")
		}
		categories[key] = true
		for _, r := range run.Results {
			exceeds("locations", len(r.Locations), 1000)
			if len(r.Locations) == 0 || r.Locations[0].Physical.Artifact.URI == "" {
				all = append(all, "locationFromSarifResult: expected a physical location")
				break
			}
			if strings.TrimSpace(r.Message.Text) == "" && r.Message.ID == "" {
				all = append(all, "expected a message of a result")
				break
			}
		}
	}
	return all
}

// getSARIF says how far the processing of an upload is: at first it is pending.
func (c *call) getSARIF() answer {
	i := slices.IndexFunc(c.repo.sarifs, func(s *SARIF) bool { return s.ID == c.vars["sarif_id"] })
	if i < 0 {
		return c.problem(http.StatusNotFound, "Not Found")
	}
	s := c.repo.sarifs[i]
	s.asked++
	switch {
	case s.asked == 1:
		return ok(object{"processing_status": "pending"})
	case len(s.Errors) > 0:
		return ok(object{"processing_status": "failed", "errors": s.Errors, "analyses_url": nil})
	}
	return ok(object{
		"processing_status": "complete", "analyses_url": c.url("/repos/%s/code-scanning/analyses?sarif_id=%s", c.repo.FullName(), s.ID),
	})
}
