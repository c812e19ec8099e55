package evidence

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/mod/sumdb/tlog"
)

// mostSums bounds SHA256SUMS, in bytes.
const mostSums = 4 << 10

// A Bundle is a run in a folder.
type Bundle struct {
	files fs.FS
	sums  map[string]string // by file: its digest; nil: the list is not there
}

// OpenBundle opens a folder. Only files with the names of parts are ever opened in it.
func OpenBundle(files fs.FS) (*Bundle, error) {
	f, err := openRegular(files, SumsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("it has no %s: it is no bundle of evidence, or a part of one: %w", SumsFile, err)
	} else if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, mostSums+1))
	if err != nil {
		return nil, err
	}
	b := &Bundle{files: files}
	b.sums, err = parseSums(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", SumsFile, err)
	}
	return b, nil
}

// others names what lies beside the files of the bundle: a few of them, and how many more. Whoever is handed a folder takes what is in it for
// evidence.
func (b *Bundle) others() string {
	const most, looked = 5, 1000
	dir, err := b.files.Open(".")
	if err != nil {
		return ""
	}
	defer dir.Close()
	list, ok := dir.(fs.ReadDirFile)
	if !ok {
		return ""
	}
	entries, err := list.ReadDir(looked)
	if err != nil && !errors.Is(err, io.EOF) {
		return ""
	}
	var names []string
	for _, e := range entries {
		if _, listed := b.sums[e.Name()]; !listed && e.Name() != SumsFile {
			names = append(names, fmt.Sprintf("%.80q", e.Name()))
		}
	}
	if len(entries) == looked {
		return "a thousand files or more"
	}
	slices.Sort(names)
	if more := len(names) - most; more > 0 {
		names = append(names[:most], oneOrMany(more, "one more", "%d more"))
	}
	return strings.Join(names, ", ")
}

// openRegular opens a regular file. Others are looked at and not opened: to open a pipe waits for whoever writes to it, and a link leads to what
// is not in the bundle.
func openRegular(files fs.FS, name string) (fs.File, error) {
	s, err := fs.Lstat(files, name)
	if err != nil {
		return nil, err
	}
	if !s.Mode().IsRegular() {
		return nil, &Damage{name, "is no regular file"}
	}
	return files.Open(name)
}

// parseSums reads the list of digests, of files of a bundle alone and in the order in which they are listed.
func parseSums(text string) (map[string]string, error) {
	sums, last := map[string]string{}, -1
	if len(text) > mostSums {
		return nil, errors.New("it is larger than it can be")
	}
	for line := range strings.Lines(text) {
		digits, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		at := slices.IndexFunc(Parts, func(p string) bool { return FileOf(p) == name })
		if _, err := parseDigest("sha256:" + digits); !ok || err != nil || at <= last || !strings.HasSuffix(line, "\n") {
			return nil, fmt.Errorf("the line %.120q is not one that headgate writes", line)
		}
		sums[name], last = "sha256:"+digits, at
	}
	return sums, nil
}

// Part gives a part, unpacked. Where the file is not the one that the list of digests names, the error comes at its end.
func (b *Bundle) Part(_ context.Context, name string) (io.ReadCloser, error) {
	if !slices.Contains(Parts, name) {
		return nil, fmt.Errorf("%.80q is no part of a bundle", name)
	}
	sum, listed := b.sums[FileOf(name)]
	f, err := openRegular(b.files, FileOf(name))
	switch {
	case errors.Is(err, fs.ErrNotExist) && listed:
		return nil, &Damage{FileOf(name), "is listed in " + SumsFile + " and is not there"}
	case err != nil:
		return nil, err
	case !listed:
		f.Close()
		return nil, &Damage{FileOf(name), "is not listed in " + SumsFile}
	}
	r := &partReader{name: FileOf(name), file: f, sum: sum, packed: sha256.New()}
	r.from = io.TeeReader(f, r.packed)
	if FileOf(name) != name {
		if r.unpack, err = zstd.NewReader(r.from, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(mostWindow),
			zstd.WithDecoderMaxMemory(64<<20)); err != nil {
			f.Close()
			return nil, fmt.Errorf("%s: %w", r.name, err)
		}
	}
	return r, nil
}

// A Damage is a file that is not as it was written. It may have been changed, cut or lost; that nobody meant to is no proof of it.
type Damage struct{ File, What string }

// Error says what is wrong with which file.
func (d *Damage) Error() string { return d.File + " " + d.What }

// A partReader reads a file of a bundle and makes sure at its end that it was the one that is listed.
type partReader struct {
	name   string
	file   io.Closer
	from   io.Reader
	packed hash.Hash
	sum    string
	unpack *zstd.Decoder // nil: the file is not compressed
}

// Read reads what is in the file.
func (r *partReader) Read(p []byte) (int, error) {
	from := r.from
	if r.unpack != nil {
		from = r.unpack
	}
	n, err := from.Read(p)
	switch {
	case err == nil:
		return n, nil
	case err != io.EOF && r.unpack != nil:
		return n, &Damage{r.name, "cannot be unpacked: " + oneLine(err).Error()}
	case err != io.EOF:
		return n, err
	}
	if rest, err := io.Copy(io.Discard, r.from); err != nil || rest > 0 {
		return n, &Damage{r.name, "goes on behind its end"}
	}
	if hashText(tlog.Hash(r.packed.Sum(nil))) != r.sum {
		return n, &Damage{r.name, "is not the file that " + SumsFile + " lists: it was changed"}
	}
	return n, io.EOF
}

// Close closes the file.
func (r *partReader) Close() error {
	if r.unpack != nil {
		r.unpack.Close()
	}
	return r.file.Close()
}
