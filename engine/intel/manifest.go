package intel

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
)

// ManifestName is the file in a folder of feeds that says what belongs there.
const ManifestName = "manifest.json"

// ManifestSchema names the version of the manifest.
const ManifestSchema = "headgate.intel/1"

// A Manifest pins the feeds of a folder: whoever fetched them wrote down what they got, and a file that is no longer that is not
// loaded.
type Manifest struct {
	Schema string       `json:"schema"`
	Feeds  map[Feed]Pin `json:"feeds"`

	// Refused are versions that a server sent last and that did not replace what is held.
	Refused map[Feed]Refusal `json:"refused,omitempty"`
}

// A Refusal is a version of a feed that was not put in place.
type Refusal struct {
	At     time.Time `json:"at"`
	Source string    `json:"source"`
	Why    string    `json:"why"`

	// Anomaly says that the version is whole and could be accepted by whoever has looked at it; garbage never is.
	Anomaly bool `json:"anomaly,omitempty"`
}

// A Pin is one feed of a folder. Its digest is over the bytes of the file.
type Pin struct {
	File    string    `json:"file"` // name in the folder
	Source  string    `json:"source"`
	Fetched time.Time `json:"fetched"`
	Edition

	// ETag and LastModified are what the server said of the version, to ask next time only for another one.
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last_modified,omitempty"`

	Previous string `json:"previous,omitempty"` // digest of what was held before; absent if nothing was
	Accepted string `json:"accepted,omitempty"` // what was odd about it, and was accepted by hand

	// Replaces is set while the file is being put in place: it may still be the one with this digest, or absent if it is "none".
	// So whoever is killed between the manifest and the file leaves a folder that loads.
	Replaces string `json:"replaces,omitempty"`
}

// ReplacesNone is the value of Pin.Replaces when there was no file before.
const ReplacesNone = "none"

// maxManifest bounds the manifest, which has under 2 KB.
const maxManifest = 1 << 20

// ReadManifest reads the manifest of a folder; nil if it has none.
func ReadManifest(fsys fs.FS) (*Manifest, error) {
	text, err := manifestText(fsys)
	if text == nil || err != nil {
		return nil, err
	}
	m, err := parseManifest(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ManifestName, err)
	}
	return m, nil
}

// manifestText is the text of the manifest of a folder; nil if it has none.
func manifestText(fsys fs.FS) ([]byte, error) {
	f, err := fsys.Open(ManifestName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxManifest+1))
	if text == nil {
		text = []byte{}
	}
	return text, err
}

func parseManifest(text []byte) (*Manifest, error) {
	if len(text) > maxManifest {
		return nil, errTooLarge
	}
	m := &Manifest{}
	if err := json.Unmarshal(text, m); err != nil {
		return nil, fmt.Errorf("not a manifest of threat data: %s", clip(err.Error()))
	}
	if m.Schema != ManifestSchema {
		return nil, fmt.Errorf("schema %s where %q belongs", quote(m.Schema), ManifestSchema)
	}
	for feed := range m.Refused {
		if !isFeed(feed) {
			return nil, fmt.Errorf("%s is not a feed", quote(string(feed)))
		}
	}
	for feed, pin := range m.Feeds {
		if !isFeed(feed) {
			return nil, fmt.Errorf("%s is not a feed", quote(string(feed)))
		}
		if passedOver(pin.File) || strings.ContainsAny(pin.File, `/\`) {
			return nil, fmt.Errorf("%s cannot be the file of a feed", quote(pin.File))
		}
		if !strings.HasPrefix(pin.Digest, "sha256:") {
			return nil, fmt.Errorf("%s has no digest", feed)
		}
	}
	return m, nil
}

// Marshal is the manifest as it is stored; the same manifest gives the same bytes.
func (m *Manifest) Marshal() ([]byte, error) {
	text, err := json.MarshalIndent(m, "", "  ")
	return append(text, '\n'), err
}

// verify is an error unless the file that was found for a feed, nil if none, is the one that is pinned.
func (p Pin) verify(name string, found *engine.FeedInfo) error {
	switch {
	case found == nil && p.Replaces == ReplacesNone:
		return nil
	case found == nil:
		return fmt.Errorf("%s: %s names it, but it is not there; fetch it again with headgate intel update", p.File, ManifestName)
	case name != p.File:
		return fmt.Errorf("%s: %s names %s for this feed", name, ManifestName, p.File)
	case found.Digest == p.Digest, p.Replaces != "" && found.Digest == p.Replaces:
		return nil
	}
	return fmt.Errorf("%s: changed since it was fetched: its digest is not the one in %s; fetch it again with headgate intel update", name, ManifestName)
}

func isFeed(feed Feed) bool {
	for _, f := range Feeds {
		if f == feed {
			return true
		}
	}
	return false
}
