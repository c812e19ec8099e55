package feeds

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/headgate/headgate/engine/intel"
)

// maxUnpacked bounds the archive of Vulnrichment when it is unpacked: 0.3 GB at the end of 2024, when half of the records that
// CISA had enriched by 2026 were there.
const maxUnpacked = 16 << 30

// storePoints keeps of Vulnrichment what is read of it, the SSVC points: a few megabytes of the archive's hundreds. The archive
// is read as it comes in and never stored.
func storePoints(w io.Writer, body io.Reader) error {
	text, err := unpack(body)
	if err != nil {
		return fmt.Errorf("%s: %w", intel.FeedSSVC.Title(), err)
	}
	points, err := intel.ReadVulnrichment(text)
	if err != nil {
		return err
	}
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	if err := points.Write(z); err != nil {
		return err
	}
	return z.Close()
}

// unpack is the text of all CVE records of an archive, one after the other; of what is no archive, it is the text itself.
func unpack(body io.Reader) (io.Reader, error) {
	in := bufio.NewReader(body)
	if magic, _ := in.Peek(2); !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return in, nil
	}
	z, err := gzip.NewReader(in)
	if err != nil {
		return nil, err
	}
	text := bufio.NewReader(&unpacked{r: z, left: maxUnpacked})
	const magicAt = 257 // of a tar header
	if header, _ := text.Peek(magicAt + 5); len(header) < magicAt+5 || string(header[magicAt:]) != "ustar" {
		return text, nil
	}
	return &recordFiles{archive: tar.NewReader(text)}, nil
}

// An unpacked bounds what an archive unpacks to.
type unpacked struct {
	r    io.Reader
	left int64
}

func (u *unpacked) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	if u.left -= int64(n); u.left < 0 {
		return 0, errors.New("the archive unpacks to more than Vulnrichment ever should")
	}
	return n, err
}

// recordFiles reads the files "CVE-….json" of an archive, one after the other.
type recordFiles struct {
	archive *tar.Reader
	open    bool // a file is being read
	any     bool // there was one
}

func (f *recordFiles) Read(p []byte) (int, error) {
	for {
		if f.open {
			n, err := f.archive.Read(p)
			if err != io.EOF {
				return n, err
			}
			if f.open = false; n > 0 {
				return n, nil
			}
		}
		header, err := f.archive.Next()
		if err == io.EOF && !f.any {
			err = errors.New("the archive has no CVE records")
		}
		if err != nil {
			return 0, err
		}
		name := path.Base(header.Name)
		f.open = header.Typeflag == tar.TypeReg && strings.HasPrefix(name, "CVE-") && strings.HasSuffix(name, ".json")
		f.any = f.any || f.open
	}
}
