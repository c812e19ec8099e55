package intel

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math"
	"slices"
	"time"
)

// The parts of a record as Write makes it, around the id, the time and the options.
const (
	compactStart   = `{"dataType":"CVE_RECORD","cveMetadata":{"cveId":"`
	compactTime    = `"},"containers":{"adp":[{"providerMetadata":{"shortName":"` + cisaShortName + `"},"metrics":[{"other":{"type":"ssvc","content":{"timestamp":"`
	compactOptions = `","options":[`
	compactEnd     = `]}}}]}]}}`
)

// compactOption is one option as Write makes it: its name as in CISA's records, the values it can have, and where it is kept.
type compactOption struct {
	start  string
	values []string
	of     func(*points) *uint8
}

var compactOptionList = []compactOption{
	{`{"Exploitation":"`, exploitationValues, func(p *points) *uint8 { return &p.exploitation }},
	{`{"Automatable":"`, automatableValues, func(p *points) *uint8 { return &p.automatable }},
	{`{"Technical Impact":"`, impactValues, func(p *points) *uint8 { return &p.impact }},
}

// Write writes the points as CVE records, one per line, with nothing else in them, which is what ReadVulnrichment reads: a copy
// of Vulnrichment at a fiftieth of its size. The same points give the same bytes.
func (p *Points) Write(w io.Writer) error {
	b := bufio.NewWriter(w)
	var line []byte
	for _, row := range p.rows {
		line = row.append(line[:0])
		if _, err := b.Write(line); err != nil {
			return err
		}
	}
	return b.Flush()
}

// append is the line of a row.
func (row pointRow) append(line []byte) []byte {
	line = append(append(line, compactStart...), row.key.String()...)
	line = append(line, compactTime...)
	line = time.Unix(int64(row.at), 0).UTC().AppendFormat(line, time.RFC3339)
	line = append(line, compactOptions...)
	for _, option := range compactOptionList {
		if value := option.values[*option.of(&row.points)]; value != "" {
			line = append(append(append(line, option.start...), value...), `"},`...)
		}
	}
	return append(append(bytes.TrimSuffix(line, []byte(",")), compactEnd...), '\n')
}

// readCompact reads the lines that Write wrote, twenty times as fast as JSON is read, and returns what follows them: from the
// first line on that is not exactly so, it is for the JSON reader. Every gate run reads all of Vulnrichment, so this counts. The
// reader it returns starts with a line in text's own buffer: nothing else may read from text.
func (p *Points) readCompact(text *bufio.Reader) (io.Reader, error) {
	var scratch []byte
	for len(p.rows) < maxRecords {
		line, err := text.ReadSlice('\n')
		if err != nil && err != io.EOF && err != bufio.ErrBufferFull {
			return nil, err
		}
		row, ok := compactRow(line)
		if ok {
			scratch = row.append(scratch[:0])
			ok = bytes.Equal(line, scratch) // it is read with no care for what JSON allows, so it must be to the letter
		}
		if !ok {
			return io.MultiReader(bytes.NewReader(line), text), nil
		}
		p.rows = append(p.rows, row)
	}
	return nil, fmt.Errorf("more than %d records", maxRecords)
}

// compactRow reads one line that Write wrote; of any other line it is false, or some row that is written in another way.
func compactRow(line []byte) (pointRow, bool) {
	line, ok1 := bytes.CutPrefix(line, []byte(compactStart))
	id, line, ok2 := bytes.Cut(line, []byte(compactTime))
	at, line, ok3 := bytes.Cut(line, []byte(compactOptions))
	line, ok4 := bytes.CutSuffix(line, []byte(compactEnd+"\n"))
	key, ok5 := parseCVE(id)
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || len(line) == 0 {
		return pointRow{}, false
	}
	when, err := time.Parse(time.RFC3339, string(at))
	if unix := when.Unix(); err != nil || unix < 0 || unix > math.MaxUint32 {
		return pointRow{}, false
	}
	row := pointRow{key: key, at: uint32(when.Unix())}
	for _, option := range compactOptionList {
		rest, ok := bytes.CutPrefix(line, []byte(option.start))
		if !ok {
			continue
		}
		value, rest, ok := bytes.Cut(rest, []byte(`"}`))
		i := slices.Index(option.values, string(value))
		if !ok || i <= 0 {
			return pointRow{}, false
		}
		*option.of(&row.points) = uint8(i)
		line = bytes.TrimPrefix(rest, []byte(","))
	}
	return row, len(line) == 0
}
