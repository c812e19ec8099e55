package intel

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/headgate/headgate/engine"
)

// A Catalog is CISA's catalogue of known exploited vulnerabilities.
type Catalog struct {
	Info    engine.FeedInfo // Catalog is the catalogue's version, Date when CISA released it
	entries map[cveKey]kevEntry
}

// A kevEntry is what the catalogue says of one CVE.
type kevEntry struct {
	added, due string // dates, "2021-12-10"
	ransomware bool   // known to be used by ransomware campaigns
}

// kevDocument is the part of the catalogue that is read, by CISA's schema known_exploited_vulnerabilities_schema.json.
type kevDocument struct {
	CatalogVersion string `json:"catalogVersion"`
	DateReleased   string `json:"dateReleased"`
	Count          *int   `json:"count"`
	Entries        []struct {
		CVE        string  `json:"cveID"`
		Added      string  `json:"dateAdded"`
		Due        string  `json:"dueDate"`
		Ransomware *string `json:"knownRansomwareCampaignUse"`
	} `json:"vulnerabilities"`
}

// maxKEVText bounds the catalogue: it had 1.6 MB in August 2026.
const maxKEVText = 16 << 20

// catalogVersion is the shape of a version, "2026.08.07". It is printed, so it may be nothing but harmless.
var catalogVersion = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._-]{0,31}$`)

// ReadKEV reads the JSON form of the catalogue, plain or gzip. A catalogue that contradicts itself (its count, an entry that is
// there twice, one that was added after the release) is an error, because what it says of the CVE at hand cannot be trusted either.
func ReadKEV(r io.Reader) (*Catalog, error) {
	return readAs(r, FeedKEV, readKEV)
}

func readKEV(s *source) (*Catalog, error) {
	s.left.left = maxKEVText
	var doc kevDocument
	if err := json.UnmarshalRead(s.text, &doc); err != nil {
		return nil, jsonError(err)
	}
	released, err := time.Parse(time.RFC3339, doc.DateReleased)
	switch {
	case !catalogVersion.MatchString(doc.CatalogVersion):
		return nil, fmt.Errorf("catalogVersion %s is not a version", quote(doc.CatalogVersion))
	case err != nil:
		return nil, fmt.Errorf("dateReleased %s is not a time", quote(doc.DateReleased))
	case doc.Count == nil:
		return nil, errors.New("count is missing")
	case *doc.Count != len(doc.Entries):
		return nil, fmt.Errorf("count says %d, but %d vulnerabilities are listed", *doc.Count, len(doc.Entries))
	case len(doc.Entries) == 0:
		return nil, errors.New("no vulnerabilities are listed")
	}
	c := &Catalog{
		Info:    engine.FeedInfo{Catalog: doc.CatalogVersion, Date: released.UTC(), Entries: len(doc.Entries)},
		entries: make(map[cveKey]kevEntry, len(doc.Entries)),
	}
	latest := released.UTC().AddDate(0, 0, 1).Format(time.DateOnly) // a day for the zones that dates are written in
	for i, e := range doc.Entries {
		key, ok := parseCVE(e.CVE)
		if !ok {
			return nil, fmt.Errorf("entry %d: %s is not a CVE id", i+1, quote(e.CVE))
		}
		if _, twice := c.entries[key]; twice {
			return nil, fmt.Errorf("entry %d: %s is a duplicate", i+1, key)
		}
		if !isDate(e.Added) {
			return nil, fmt.Errorf("%s: dateAdded %s is not a date", key, quote(e.Added))
		}
		if e.Added > latest {
			return nil, fmt.Errorf("%s: dateAdded %s is after the catalogue was released, on %s", key, quote(e.Added), released.UTC().Format(time.DateOnly))
		}
		if !isDate(e.Due) {
			return nil, fmt.Errorf("%s: dueDate %s is not a date", key, quote(e.Due))
		}
		ransomware, err := ransomwareUse(e.Ransomware)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		c.entries[key] = kevEntry{added: e.Added, due: e.Due, ransomware: ransomware}
	}
	c.Info.Digest, err = s.digest()
	return c, err
}

func isDate(text string) bool {
	_, err := time.Parse(time.DateOnly, text)
	return err == nil
}

// ransomwareUse says whether an entry is known to be used by ransomware campaigns. "Unknown" and the lack of the field (entries of 2023
// and before) both mean that nobody knows: neither makes it false.
func ransomwareUse(text *string) (bool, error) {
	switch {
	case text == nil || *text == "Unknown":
		return false, nil
	case *text == "Known":
		return true, nil
	}
	return false, fmt.Errorf("knownRansomwareCampaignUse %s is neither Known nor Unknown", quote(*text))
}

// lookup joins the entries of all the CVEs: any of them makes it listed, and the earliest dates count. Ransomware is true if any
// entry says so, else absent.
func (c *Catalog) lookup(keys []cveKey) *engine.KEV {
	if c == nil || len(keys) == 0 {
		return nil
	}
	all := &engine.KEV{}
	for _, key := range keys {
		e, ok := c.entries[key]
		if !ok {
			continue
		}
		if !all.Listed || e.added < all.Added {
			all.Added = e.added
		}
		if !all.Listed || e.due < all.Due {
			all.Due = e.due
		}
		all.Listed = true
		if e.ransomware {
			all.Ransomware = &e.ransomware
		}
	}
	return all
}
