package intel

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/headgate/headgate/engine"
)

// Points are the SSVC decision points that CISA publishes in Vulnrichment: 16 bytes per CVE.
type Points struct {
	Info engine.FeedInfo // Date is when the newest of the points was set; Entries counts CVEs that have points
	rows []pointRow      // sorted by key
}

// A pointRow is what CISA said of one CVE, and when (Unix seconds).
type pointRow struct {
	key cveKey
	at  uint32
	points
}

// points are places in the lists of values below; 0 is not known.
type points struct{ exploitation, automatable, impact uint8 }

// The values of the points, best first after "not known", as the input document has them. SSVC's own name for poc is "public PoC".
var (
	exploitationValues = []string{"", "none", "poc", "active"}
	automatableValues  = []string{"", "no", "yes"}
	impactValues       = []string{"", "partial", "total"}
)

// worst joins two sets of points.
func (p points) worst(q points) points {
	return points{max(p.exploitation, q.exploitation), max(p.automatable, q.automatable), max(p.impact, q.impact)}
}

const (
	// maxSSVCText bounds Vulnrichment: all of its records in full had 0.3 GB at the end of 2024.
	maxSSVCText = 4 << 30

	// maxRecord bounds one record, and with it the memory that reading takes: the largest ever published has 0.7 MB.
	maxRecord = 16 << 20

	// maxRecords bounds the rows that are kept.
	maxRecords = 4 << 20
)

// CISA's own container in a CVE record, by either of its names. Other organisations add theirs beside it.
const (
	cisaShortName = "CISA-ADP"
	cisaOrgID     = "134c704f-9b21-4f2e-91b3-4a467353bcc0"
)

// cveRecord is the part of a CVE record, format 5, that is read.
type cveRecord struct {
	Metadata struct {
		CVE string `json:"cveId"`
	} `json:"cveMetadata"`
	Containers struct {
		ADP []adpContainer `json:"adp"`
	} `json:"containers"`
}

type adpContainer struct {
	Provider struct {
		OrgID     string `json:"orgId,omitempty"`
		ShortName string `json:"shortName"`
	} `json:"providerMetadata"`
	Metrics []struct {
		Other struct {
			Type    string         `json:"type"`
			Content jsontext.Value `json:"content"` // its shape depends on the type
		} `json:"other"`
	} `json:"metrics"`
}

// ssvcContent is the content of a metric of type "ssvc".
type ssvcContent struct {
	Timestamp string              `json:"timestamp"`
	Options   []map[string]string `json:"options"`
}

// ReadVulnrichment reads CVE records (JSON, format 5), one or any number one after the other, plain or gzip, and keeps the SSVC
// points that CISA gave. Records without any are read and not counted. A CVE that has two records is an error; of several sets of
// points in one record the newest counts.
func ReadVulnrichment(r io.Reader) (*Points, error) {
	return readAs(r, FeedSSVC, readVulnrichment)
}

func readVulnrichment(s *source) (*Points, error) {
	s.left.left = maxSSVCText
	p := &Points{}
	rest, err := p.readCompact(s.text)
	if err != nil {
		return nil, gzipError(err)
	}
	in := &recordReader{r: rest}
	dec := jsontext.NewDecoder(in, jsontext.AllowDuplicateNames(false))
	for n := 1; ; n++ {
		in.left = maxRecord
		if dec.PeekKind() == 0 {
			_, err := dec.ReadToken() // says what is wrong
			if err == io.EOF {
				break
			}
			return nil, fmt.Errorf("record %d: %w", n, jsonError(gzipError(err)))
		}
		var record cveRecord
		if err := json.UnmarshalDecode(dec, &record); err != nil {
			return nil, fmt.Errorf("record %d: %w", n, jsonError(gzipError(err)))
		}
		row, ok, err := record.row()
		if err != nil {
			return nil, fmt.Errorf("record %d: %w", n, err)
		}
		if ok {
			p.rows = append(p.rows, row)
		}
		if len(p.rows) > maxRecords {
			return nil, errTooLarge
		}
	}
	if len(p.rows) == 0 {
		return nil, errors.New("no record has SSVC points of CISA")
	}
	if err := p.index(); err != nil {
		return nil, err
	}
	p.Info.Digest, err = s.digest()
	return p, err
}

// index sorts the rows and sums them up.
func (p *Points) index() error {
	slices.SortFunc(p.rows, func(a, b pointRow) int { return compareKeys(a.key, b.key) })
	var newest uint32
	for i, row := range p.rows {
		if i > 0 && row.key == p.rows[i-1].key {
			return fmt.Errorf("%s is a duplicate: it has two records", row.key)
		}
		newest = max(newest, row.at)
	}
	p.Info.Entries, p.Info.Date = len(p.rows), time.Unix(int64(newest), 0).UTC()
	return nil
}

// A recordReader bounds what is read for one record.
type recordReader struct {
	r    io.Reader
	left int64
}

var errRecordTooLarge = fmt.Errorf("a record larger than %d MiB", maxRecord>>20)

func (r *recordReader) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, errRecordTooLarge
	}
	n, err := r.r.Read(p)
	r.left -= int64(n)
	return n, err
}

// row is what CISA says in a record; false if it says nothing.
func (r *cveRecord) row() (pointRow, bool, error) {
	key, ok := parseCVE(r.Metadata.CVE)
	if !ok {
		return pointRow{}, false, fmt.Errorf("cveId %s is not a CVE id", quote(r.Metadata.CVE))
	}
	row := pointRow{key: key}
	var newest time.Time
	for _, adp := range r.Containers.ADP {
		if adp.Provider.ShortName != cisaShortName && adp.Provider.OrgID != cisaOrgID {
			continue
		}
		for _, metric := range adp.Metrics {
			if metric.Other.Type != "ssvc" {
				continue
			}
			found, at, err := readSSVC(metric.Other.Content)
			if err != nil {
				return pointRow{}, false, fmt.Errorf("%s: %w", key, err)
			}
			switch {
			case at.After(newest):
				row.points, newest = found, at
			case at.Equal(newest):
				row.points = row.worst(found) // they contradict each other: nothing says which one is right
			}
		}
	}
	if row.points == (points{}) {
		return row, false, nil
	}
	if unix := newest.Unix(); unix >= 0 && unix <= math.MaxUint32 {
		row.at = uint32(unix)
	}
	return row, true, nil
}

// readSSVC reads one set of points. Names and values come in any case ("PoC", "poc"). Points that are not CISA's to say, such as
// mission and well-being, are passed over.
func readSSVC(content jsontext.Value) (points, time.Time, error) {
	var c ssvcContent
	if err := json.Unmarshal(content, &c); err != nil {
		return points{}, time.Time{}, fmt.Errorf("ssvc: %w", jsonError(err))
	}
	at, err := time.Parse(time.RFC3339, c.Timestamp)
	if err != nil {
		return points{}, time.Time{}, fmt.Errorf("ssvc: timestamp %s is not a time", quote(c.Timestamp))
	}
	var p points
	for _, option := range c.Options {
		for name, value := range option {
			name, value = strings.ToLower(name), strings.ToLower(value)
			var values []string
			var point *uint8
			switch name {
			case "exploitation":
				values, point = exploitationValues, &p.exploitation
				value = strings.TrimPrefix(value, "public ")
			case "automatable":
				values, point = automatableValues, &p.automatable
			case "technical impact":
				values, point = impactValues, &p.impact
			default:
				continue
			}
			i := slices.Index(values, value)
			if i <= 0 {
				return points{}, time.Time{}, fmt.Errorf("ssvc: %s is %s, which is none of %s", name, quote(value), strings.Join(values[1:], ", "))
			}
			*point = max(*point, uint8(i)) // a point given twice is the worse of both
		}
	}
	return p, at, nil
}

// lookup joins the points of all the CVEs: the worst of each counts.
func (p *Points) lookup(keys []cveKey) *engine.SSVC {
	if p == nil {
		return nil
	}
	var all points
	for _, key := range keys {
		if row, ok := p.row(key); ok {
			all = all.worst(row.points)
		}
	}
	if all == (points{}) {
		return nil
	}
	return &engine.SSVC{
		Exploitation:    exploitationValues[all.exploitation],
		Automatable:     automatableValues[all.automatable],
		TechnicalImpact: impactValues[all.impact],
		Source:          "vulnrichment",
	}
}

func (p *Points) row(key cveKey) (pointRow, bool) {
	i, found := slices.BinarySearchFunc(p.rows, key, func(row pointRow, key cveKey) int { return compareKeys(row.key, key) })
	if !found {
		return pointRow{}, false
	}
	return p.rows[i], true
}

// newest is when the last of the points of these CVEs was set; zero if that is not known.
func (p *Points) newest(keys []cveKey) time.Time {
	var at uint32
	for _, key := range keys {
		if row, ok := p.row(key); ok {
			at = max(at, row.at)
		}
	}
	if at == 0 {
		return time.Time{}
	}
	return time.Unix(int64(at), 0).UTC()
}
