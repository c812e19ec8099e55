package ingest

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Member is one report of a file: the file itself, or one of those in an archive, which is called "archive.zip/folder/report.json".
// Either Reading or Err is nil; the error names the member.
type Member struct {
	Name    string
	Reading *Reading
	Err     error
}

// Bounds on archives. They are expanded as a stream, never as a whole and never to disk; Options.MaxBytes holds for what comes out,
// all reports of an archive together.
const (
	mostMembers   = 1000     // reports in one archive
	mostDirectory = 8 << 20  // bytes of an archive's list of entries, which is kept in memory
	mostBuffered  = 64 << 20 // bytes of a zip archive that comes through a pipe: its list stands at its end
	longestEntry  = 1 << 10  // bytes of an entry's name

	// Reports repeat themselves and shrink to a fiftieth; what expands to more than mostRatio times its size is a bomb. Small files may.
	mostRatio  = 200
	ratioAbove = 16 << 20
)

var (
	errBomb    = fmt.Errorf("it expands to more than %d times its size", mostRatio)
	errNested  = errors.New("an archive in an archive is not read; unpack it first")
	errDamaged = errors.New("the compressed data is damaged")
	errCut     = errors.New("the compressed data ends in the middle")
)

// ErrNoMember means that an archive holds nothing that could be a report.
var ErrNoMember = fmt.Errorf("%w: the archive holds none", ErrUnknownFormat)

// ReadFile reads what a file holds, by its content: a report, a report in gzip, or several in a zip archive, of which wanted says by
// name which may be reports (paths as in the archive; a folder's name is part of them). Others are passed over. The digest of a report
// from an archive is that of the report, not of the archive: packing changes nothing about it. There is at least one member.
//
// A zip archive is read in place if r can seek; else it is held in memory, up to 64 MiB.
func ReadFile(name string, r io.Reader, o Options, wanted func(path string) bool) []Member {
	if o.MaxBytes <= 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	alone := func(reading *Reading, err error) []Member { return []Member{{name, reading, err}} }
	refuse := func(err error) []Member { return alone(nil, fmt.Errorf("%s: %w", name, err)) }
	start := int64(-1)
	if s, ok := r.(io.Seeker); ok {
		if at, err := s.Seek(0, io.SeekCurrent); err == nil {
			start = at
		}
	}
	head, rest, err := peeked(r)
	if err != nil {
		return refuse(err)
	}
	switch kind := packing(head); kind {
	case "":
		return alone(Read(name, rest, o))
	case "gzip":
		packed := &counted{r: rest}
		text, err := gzip.NewReader(packed)
		if err != nil {
			return refuse(errDamaged)
		}
		return alone(readExpanded(name, text, o, &expansion{packed: func() int64 { return packed.n }, left: o.MaxBytes}))
	case "zip":
		at, size, err := seekable(r, rest, start, o.MaxBytes)
		if err != nil {
			return refuse(err)
		}
		members, err := readZip(name, at, size, o, wanted)
		if err != nil {
			return refuse(err)
		}
		return members
	default:
		return refuse(fmt.Errorf("%w: it is packed with %s, which is not read; gzip and zip are", ErrBroken, kind))
	}
}

// peekedBytes is as far into a file as the marks of archives stand: those of tar are last.
const peekedBytes = 262

// peeked gives the beginning of what is read, and a reader of all of it.
func peeked(r io.Reader) (head []byte, whole io.Reader, err error) {
	head = make([]byte, peekedBytes)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, nil, err
	}
	return head[:n], io.MultiReader(bytes.NewReader(head[:n]), r), nil
}

// packing names the way in which a file is packed by its first bytes; empty if it is not.
func packing(head []byte) string {
	for _, p := range []struct {
		name, mark string
		at         int
	}{
		{"gzip", "\x1f\x8b", 0}, {"zip", "PK\x03\x04", 0}, {"zip", "PK\x05\x06", 0},
		{"Zstandard", "\x28\xb5\x2f\xfd", 0}, {"bzip2", "BZh", 0}, {"xz", "\xfd7zXZ\x00", 0}, {"LZ4", "\x04\x22\x4d\x18", 0},
		{"7-Zip", "7z\xbc\xaf\x27\x1c", 0}, {"RAR", "Rar!\x1a\x07", 0}, {"tar", "ustar", 257},
	} {
		if len(head) >= p.at+len(p.mark) && string(head[p.at:p.at+len(p.mark)]) == p.mark {
			return p.name
		}
	}
	return ""
}

// seekable gives an archive that can be read at any place. Rest is all that is left to read of r, which began at start; start is
// negative if r cannot seek.
func seekable(r, rest io.Reader, start, most int64) (io.ReaderAt, int64, error) {
	if at, ok := r.(io.ReaderAt); ok && start >= 0 {
		end, err := r.(io.Seeker).Seek(0, io.SeekEnd)
		switch {
		case err != nil:
			return nil, 0, err
		case end-start > most:
			return nil, 0, errTooLarge
		}
		return io.NewSectionReader(at, start, end-start), end - start, nil
	}
	most = min(most, mostBuffered)
	content, err := io.ReadAll(io.LimitReader(rest, most+1))
	switch {
	case err != nil:
		return nil, 0, err
	case int64(len(content)) > most:
		return nil, 0, fmt.Errorf("a zip archive larger than %d bytes is not read from a pipe; name the file", most)
	}
	return bytes.NewReader(content), int64(len(content)), nil
}

// readZip reads the reports of an archive one after the other. What is wrong with the archive is an error, what is wrong with a report
// its own.
func readZip(name string, at io.ReaderAt, size int64, o Options, wanted func(string) bool) ([]Member, error) {
	directory := &metered{at: at, left: mostDirectory}
	archive, err := zip.NewReader(directory, size)
	switch {
	case directory.left < 0:
		return nil, errors.New("the archive lists too many files")
	case err != nil:
		return nil, fmt.Errorf("%w: it is no whole zip archive", ErrBroken)
	}
	directory.left = 1 << 62
	entries, err := entriesOf(archive.File, wanted)
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 {
		return nil, ErrNoMember
	}
	watch := &expansion{packed: func() int64 { return size }, left: o.MaxBytes}
	var members []Member
	for _, e := range entries {
		m := Member{Name: name + "/" + e.path}
		m.Reading, m.Err = readEntry(m.Name, e.file, o, watch)
		members = append(members, m)
		if errors.Is(m.Err, errBomb) || errors.Is(m.Err, errTooLarge) {
			break // no more than this is expanded
		}
	}
	return members, nil
}

// An entry is a file of an archive that may be a report.
type entry struct {
	path string
	file *zip.File
}

// entriesOf picks what may be reports, in the order of their names. Names that other programs would take for something else are refused.
func entriesOf(files []*zip.File, wanted func(string) bool) ([]entry, error) {
	var entries []entry
	for _, f := range files {
		path := strings.ReplaceAll(f.Name, `\`, "/")
		if strings.HasSuffix(path, "/") || !wanted(path) {
			continue
		}
		odd := strings.ContainsFunc(path, func(r rune) bool { return unicode.Is(unicode.C, r) })
		switch {
		case !fs.ValidPath(path) || !utf8.ValidString(path) || odd || len(path) > longestEntry:
			return nil, errors.New("an entry of the archive has a name that is no path")
		case len(entries) == mostMembers:
			return nil, fmt.Errorf("the archive holds more than %d reports", mostMembers)
		}
		entries = append(entries, entry{path, f})
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return strings.Compare(a.path, b.path) })
	for i := range entries {
		if i > 0 && entries[i].path == entries[i-1].path {
			return nil, errors.New("two entries of the archive have one name")
		}
	}
	return entries, nil
}

// readEntry reads one report of an archive.
func readEntry(name string, f *zip.File, o Options, watch *expansion) (*Reading, error) {
	refuse := func(err error) (*Reading, error) { return nil, fmt.Errorf("%s: %w", name, err) }
	switch {
	case !f.Mode().IsRegular():
		return refuse(errors.New("the entry is no regular file"))
	case f.Flags&1 != 0:
		return refuse(errors.New("the entry is encrypted"))
	case f.Method != zip.Store && f.Method != zip.Deflate:
		return refuse(fmt.Errorf("the entry is compressed by method %d, which is not read; deflate is", f.Method))
	}
	text, err := f.Open()
	if err != nil {
		return refuse(errDamaged)
	}
	defer text.Close()
	return readExpanded(name, text, o, watch)
}

// readExpanded reads a report that comes out of an archive.
func readExpanded(name string, text io.Reader, o Options, watch *expansion) (*Reading, error) {
	watch.r = text
	buffered := bufio.NewReaderSize(watch, readBytes)
	head, err := buffered.Peek(peekedBytes)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if packing(head) != "" {
		return nil, fmt.Errorf("%s: %w: %w", name, ErrBroken, errNested)
	}
	return Read(name, buffered, o)
}

// An expansion watches what comes out of an archive, one report after the other.
type expansion struct {
	r      io.Reader
	packed func() int64 // bytes of the archive that were needed so far
	out    int64
	left   int64
}

// Read reads on unless that is too much. Errors of unpacking are worded here, as they come from several packages.
func (e *expansion) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	e.out += int64(n)
	e.left -= int64(n)
	switch {
	case e.left < 0:
		return 0, errTooLarge
	case e.out > ratioAbove && e.out/mostRatio > e.packed():
		return 0, errBomb
	}
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = errCut
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader), errors.Is(err, zip.ErrChecksum), errors.Is(err, zip.ErrFormat), errors.As(err, &corrupt):
		err = errDamaged
	}
	return n, err
}

// counted counts what is read.
type counted struct {
	r io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// metered bounds how much is read in all.
type metered struct {
	at   io.ReaderAt
	left int64
}

func (m *metered) ReadAt(p []byte, off int64) (int, error) {
	if m.left -= int64(len(p)); m.left < 0 {
		return 0, errTooLarge
	}
	return m.at.ReadAt(p, off)
}
