package feeds

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strings"

	"github.com/headgate/headgate/engine/intel"
)

const (
	// maxVulnCheck bounds the archive of VulnCheck KEV, which is read into memory: it has a few megabytes.
	maxVulnCheck = 64 << 20

	// maxBackup bounds the answer that says where the archive is.
	maxBackup = 1 << 20
)

// ErrNoToken means that a feed cannot be had without a token.
var ErrNoToken = errors.New("it is given out for a token of https://vulncheck.com alone, and there is none")

// A backup is VulnCheck's answer to who asks for an index as a whole.
type backup struct {
	Data []struct {
		SHA256 string `json:"sha256"`
		URL    string `json:"url"`
	} `json:"data"`
}

var hexDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)

// vulncheck asks where the archive is and fetches it from there, unless it is the one that is known. The token goes to the first
// address alone; the second one is signed, and as secret.
func (c *client) vulncheck(ctx context.Context, address, token string, f feed, known validators, use func(answer) error) error {
	if token == "" {
		return fmt.Errorf("%s: %w", f.kind.Title(), ErrNoToken)
	}
	var where backup
	ask := f
	ask.limit = maxBackup
	err := c.get(ctx, request{address: address, token: token}, ask, func(a answer) error {
		text, err := io.ReadAll(a.body)
		if err != nil {
			return err
		}
		if json.Unmarshal(text, &where) != nil || len(where.Data) == 0 || !hexDigest.MatchString(where.Data[0].SHA256) {
			return fmt.Errorf("%s: the answer does not say where the archive is", f.kind.Title())
		}
		return nil
	})
	if err != nil {
		return err
	}
	archive := where.Data[0]
	if known.etag == archive.SHA256 {
		return errNotModified
	}
	u, err := url.Parse(archive.URL)
	if err != nil {
		return fmt.Errorf("%s: the archive's address is none", f.kind.Title())
	}
	return c.get(ctx, request{address: u.String()}, f, func(a answer) error {
		text, err := io.ReadAll(a.body)
		if err != nil {
			return err
		}
		if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != archive.SHA256 {
			return fmt.Errorf("%s: the archive is not the one that the server names: its digest is another", f.kind.Title())
		}
		return use(answer{bytes.NewReader(text), validators{etag: archive.SHA256}})
	})
}

// storeVulnCheck keeps of VulnCheck KEV what is read of it. It comes as an archive (zip) with one file, or as that file.
func storeVulnCheck(w io.Writer, body io.Reader) error {
	text, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	var list io.Reader = bytes.NewReader(text)
	if bytes.HasPrefix(text, []byte("PK\x03\x04")) {
		file, err := listInArchive(text)
		if err != nil {
			return fmt.Errorf("%s: %w", intel.FeedVulnCheck.Title(), err)
		}
		defer file.Close()
		list = file
	}
	held, err := intel.ReadVulnCheck(list)
	if err != nil {
		return err
	}
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	if err := held.Write(z); err != nil {
		return err
	}
	return z.Close()
}

// listInArchive opens the one file of an archive that holds records. What it unpacks to is bounded by who reads it.
func listInArchive(text []byte) (io.ReadCloser, error) {
	archive, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		return nil, fmt.Errorf("the archive is damaged: %w", err)
	}
	var found *zip.File
	for _, file := range archive.File {
		if !file.Mode().IsRegular() || !strings.HasSuffix(file.Name, ".json") {
			continue
		}
		if found != nil {
			return nil, errors.New("the archive has several files")
		}
		found = file
	}
	if found == nil {
		return nil, errors.New("the archive has no file of records")
	}
	return found.Open()
}
