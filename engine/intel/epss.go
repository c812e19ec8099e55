package intel

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
)

// Scores are FIRST's EPSS scores of one day: 16 bytes per CVE, about 6 MB in 2026.
type Scores struct {
	Info engine.FeedInfo // Model is the model's version, Date the day of the scores; both absent if the file does not say
	rows []score         // sorted by key
}

// A score is one row. Probability and percentile are in billionths, which keeps every decimal that was ever published and half
// the size of two floats.
type score struct {
	key                     cveKey
	probability, percentile uint32
}

const billion = 1_000_000_000

// expectedScores is about how many CVEs have a score: 360,000 in August 2026, 25,000 more every year.
const expectedScores = 400_000

// maxEPSSText bounds the decompressed scores, and with them the number of rows: they had 11 MB in August 2026.
const maxEPSSText = 128 << 20

// ReadEPSS reads scores in FIRST's CSV form, plain or gzip. The first line, "#model_version:v2026.06.15,score_date:…", may be
// missing: model and date are absent then.
func ReadEPSS(r io.Reader) (*Scores, error) {
	return readAs(r, FeedEPSS, readEPSS)
}

// columns is the line that names them. Without it nothing says which number is which.
const columns = "cve,epss,percentile"

func readEPSS(s *source) (*Scores, error) {
	s.left.left = maxEPSSText
	scores := &Scores{}
	lines := &lineReader{r: s.text}
	line, err := lines.next()
	if err == nil && bytes.HasPrefix(line, []byte("#")) {
		if scores.Info, err = epssHeader(string(line)); err == nil {
			line, err = lines.next()
		}
	}
	if err != nil {
		return nil, lines.place(err)
	}
	if string(line) != columns {
		return nil, lines.place(fmt.Errorf("%s where the columns %s belong", quote(line), columns))
	}
	sorted := true
	for {
		line, err := lines.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, lines.place(err)
		}
		row, err := epssRow(line)
		if err != nil {
			return nil, lines.place(err)
		}
		if n := len(scores.rows); n > 0 && row.key <= scores.rows[n-1].key {
			if row.key == scores.rows[n-1].key {
				return nil, lines.place(fmt.Errorf("%s is a duplicate", row.key))
			}
			sorted = false
		}
		if len(scores.rows) == 1000 { // no small file: room for all at once, rather than by doubling
			scores.rows = slices.Grow(scores.rows, expectedScores)
		}
		scores.rows = append(scores.rows, row)
	}
	if len(scores.rows) == 0 {
		return nil, errors.New("no scores are listed")
	}
	if !sorted {
		slices.SortFunc(scores.rows, func(a, b score) int { return compareKeys(a.key, b.key) })
		for i := 1; i < len(scores.rows); i++ {
			if scores.rows[i].key == scores.rows[i-1].key {
				return nil, fmt.Errorf("%s is a duplicate", scores.rows[i].key)
			}
		}
	}
	scores.Info.Entries = len(scores.rows)
	scores.Info.Digest, err = s.digest()
	return scores, err
}

// modelVersion is the shape of a version, "v2026.06.15". It is printed, so it may be nothing but harmless.
var modelVersion = regexp.MustCompile(`^v?[0-9][0-9A-Za-z._-]{0,31}$`)

// epssHeader reads "#model_version:v2026.06.15,score_date:2026-08-16T00:00:00Z".
func epssHeader(line string) (engine.FeedInfo, error) {
	var info engine.FeedInfo
	for field := range strings.SplitSeq(strings.TrimPrefix(line, "#"), ",") {
		name, value, _ := strings.Cut(field, ":")
		switch strings.TrimSpace(name) {
		case "model_version":
			info.Model = strings.TrimSpace(value)
			if !modelVersion.MatchString(info.Model) {
				return info, fmt.Errorf("model_version %s is not a version", quote(value))
			}
		case "score_date":
			date, ok := epssDate(strings.TrimSpace(value))
			if !ok {
				return info, fmt.Errorf("score_date %s is not a time", quote(value))
			}
			info.Date = date
		}
	}
	if info.Model == "" || info.Date.IsZero() {
		return info, fmt.Errorf("%s lacks model_version or score_date", quote(line))
	}
	return info, nil
}

// epssDate reads the forms that score_date had over the years: "+0000" until 2025, "Z" since.
func epssDate(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05-0700", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// epssRow reads "CVE-2021-44228,0.99999,1.00000".
func epssRow(line []byte) (score, error) {
	id, rest, ok := bytes.Cut(line, []byte(","))
	probability, percentile, ok2 := bytes.Cut(rest, []byte(","))
	if !ok || !ok2 {
		return score{}, fmt.Errorf("%s is not a row of three columns", quote(line))
	}
	key, ok := parseCVE(id)
	if !ok {
		return score{}, fmt.Errorf("%s is not a CVE id", quote(id))
	}
	row := score{key: key}
	if row.probability, ok = billionths(probability); !ok {
		return score{}, fmt.Errorf("%s: the probability %s is not a number from 0 to 1", key, quote(probability))
	}
	if row.percentile, ok = billionths(percentile); !ok {
		return score{}, fmt.Errorf("%s: the percentile %s is not a number from 0 to 1", key, quote(percentile))
	}
	return row, nil
}

// billionths reads a number from 0 to 1. The plain form that feeds have is read without making a string of it: there are
// 700,000 in a file.
func billionths(text []byte) (uint32, bool) {
	if len(text) >= 3 && len(text) <= len("0.123456789") && (text[0] == '0' || text[0] == '1') && text[1] == '.' {
		n, scale := uint64(text[0]-'0'), uint64(billion)
		for _, c := range text[2:] {
			if c < '0' || c > '9' {
				return 0, false
			}
			n, scale = n*10+uint64(c-'0'), scale/10
		}
		n *= scale
		return uint32(n), n <= billion
	}
	if len(text) == 0 || len(text) > 32 || bytes.ContainsAny(text, "xXpP_") { // forms that Go reads and no feed has
		return 0, false
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil || !(f >= 0 && f <= 1) { // NaN is neither
		return 0, false
	}
	return uint32(math.Round(f * billion)), true
}

// lookup returns the pair of the CVE with the highest probability, the first of equal ones: a percentile belongs to the score it
// came with.
func (s *Scores) lookup(keys []cveKey) *engine.EPSS {
	if s == nil {
		return nil
	}
	var best *score
	for _, key := range keys {
		i, found := slices.BinarySearchFunc(s.rows, key, func(row score, key cveKey) int { return compareKeys(row.key, key) })
		if !found {
			continue
		}
		row := &s.rows[i]
		if best == nil || row.probability > best.probability {
			best = row
		}
	}
	if best == nil {
		return nil
	}
	return &engine.EPSS{
		CVE:         best.key.String(),
		Probability: float64(best.probability) / billion,
		Percentile:  float64(best.percentile) / billion,
		Model:       s.Info.Model,
	}
}

// A lineReader reads lines that end in a newline. A last line without one was cut: feeds end in a newline, and half a row can
// look like a whole one ("0.97" of "0.97565").
type lineReader struct {
	r *bufio.Reader
	n int
}

// next is the next line without its end; it is valid until the one after it is read.
func (l *lineReader) next() ([]byte, error) {
	l.n++
	line, err := l.r.ReadSlice('\n')
	switch {
	case err == nil:
		line = line[:len(line)-1]
		if n := len(line); n > 0 && line[n-1] == '\r' {
			line = line[:n-1]
		}
		return line, nil
	case err == io.EOF && len(line) == 0:
		return nil, io.EOF
	case err == io.EOF:
		return nil, errors.New("truncated: the last line is cut")
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, errors.New("the line is too long")
	}
	return nil, gzipError(err)
}

// place says on which line an error is.
func (l *lineReader) place(err error) error {
	if err == io.EOF {
		return errors.New("truncated: it ends before the first row")
	}
	if errors.Is(err, errTooLarge) {
		return err
	}
	return fmt.Errorf("line %d: %w", l.n, err)
}
