package intel

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/headgate/headgate/engine"
)

// headBytes is how much of a feed is looked at to tell what it is.
const headBytes = 64 << 10

// A source is the text of a feed, decompressed if it is gzip, while its bytes are bounded and digested.
type source struct {
	raw  *digester
	text *bufio.Reader
	left *limiter
	gzip bool
}

// openSource starts to read a feed. What is no feed whatever its format, such as an empty file or a web page, is an error.
func openSource(r io.Reader) (*source, error) {
	s := &source{raw: &digester{r: r, hash: sha256.New()}}
	in := bufio.NewReaderSize(s.raw, headBytes)
	s.left = &limiter{r: in, left: maxText}
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, gzipError(err)
		}
		s.left.r, s.gzip = z, true
	}
	s.text = bufio.NewReaderSize(s.left, headBytes)
	head, err := s.text.Peek(headBytes)
	if err != nil && err != io.EOF {
		return nil, gzipError(err)
	}
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) { // a byte order mark, which some tools write when they save
		if _, err := s.text.Discard(3); err != nil {
			return nil, err
		}
		head = head[3:]
	}
	head = bytes.TrimLeft(head, " \t\r\n")
	switch {
	case len(head) == 0:
		return nil, errors.New("the file is empty")
	case head[0] == '<':
		return nil, errors.New("a web page, not a feed: the server or a proxy answered with an error page")
	}
	return s, nil
}

// head is the beginning of the text.
func (s *source) head() []byte {
	head, _ := s.text.Peek(headBytes)
	return head
}

// digest reads what is left and returns the digest over all bytes of the file as they are stored.
func (s *source) digest() (string, error) {
	if _, err := io.Copy(io.Discard, s.text); err != nil {
		return "", gzipError(err)
	}
	if _, err := io.Copy(io.Discard, s.raw); err != nil {
		return "", err
	}
	return "sha256:" + hex.EncodeToString(s.raw.hash.Sum(nil)), nil
}

// A digester digests what is read through it.
type digester struct {
	r    io.Reader
	hash hash.Hash
}

func (d *digester) Read(p []byte) (int, error) {
	n, err := d.r.Read(p)
	d.hash.Write(p[:n])
	return n, err
}

// maxText bounds a feed whose kind is not known yet; a kind sets its own bound.
const maxText = 1 << 20

// A limiter ends in an error once more than left bytes were read. Each kind of feed sets what it allows: a small file can
// decompress to any size.
type limiter struct {
	r    io.Reader
	left int64
}

var errTooLarge = errors.New("larger than any feed of this kind should be")

func (l *limiter) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}

// gzipError says in words what the decompressor found.
func gzipError(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("truncated: it ends in the middle")
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum):
		return fmt.Errorf("damaged: %w", err)
	}
	return err
}

// jsonError says in one line what is wrong with a JSON document and where.
func jsonError(err error) error {
	var syntax *jsontext.SyntacticError
	var semantic *json.SemanticError
	switch {
	case errors.Is(err, errTooLarge):
		return errTooLarge
	case errors.Is(err, errRecordTooLarge):
		return errRecordTooLarge
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("truncated: it ends in the middle")
	case errors.As(err, &syntax):
		return fmt.Errorf("not valid JSON at byte %d: %s", syntax.ByteOffset, clip(syntax.Err.Error()))
	case errors.As(err, &semantic):
		if semantic.JSONPointer == "" {
			return errors.New("of the wrong shape: not an object")
		}
		return fmt.Errorf("of the wrong shape at %s", quote(string(semantic.JSONPointer)))
	}
	return err
}

// quote makes text from a feed safe to print: quoted, escaped, and cut to what fits in a line once it is escaped.
func quote[T ~string | ~[]byte](text T) string {
	const most = 100
	s := clip(string(text))
	quoted := strconv.Quote(s)
	for len(quoted) > most && s != "" {
		_, last := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-last]
		quoted = strconv.Quote(s + "…")
	}
	return quoted
}

// clip bounds what an error repeats.
func clip(text string) string { return engine.Clip(text, 80) }
