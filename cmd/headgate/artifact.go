package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/ingest"
	"github.com/headgate/headgate/engine/report"
)

// An artifact is what another run left behind: reports, and perhaps the result that it came to. It was made where the author of the
// change under review has the say, so it is evidence of what was found, and of nothing else: no decision, count, text or setting of it is
// taken over.
type artifact struct {
	name   string
	made   time.Time // when it was left
	files  []reportFile
	result *engine.Result // nil: it has none
	digest string         // of the result file, "sha256:…"
	close  func()
}

// Bounds on what an artifact comes to. Reports have their own besides (ingest.ReadFile).
const (
	mostArtifactFiles = 1000
	mostUnpacked      = 512 << 20 // bytes of all files
	mostUnpackedRatio = 200       // how many times its size a zip may come to, if it comes to more than
	fineUnpacked      = 16 << 20  // bytes
	longestName       = 1 << 10   // bytes
)

// openArtifact opens what a name stands for: a folder, a zip file, or one file.
func openArtifact(name string) (*artifact, error) {
	s, err := os.Stat(name)
	if err != nil {
		return nil, plain(err)
	}
	a := &artifact{name: filepath.ToSlash(name), made: s.ModTime().UTC(), close: func() {}}
	switch {
	case s.IsDir():
		return a, a.readFolder(name)
	case !s.Mode().IsRegular():
		return nil, errors.New("it is no regular file")
	case isResult(name):
		text, err := readAtMost(name, mostUnpacked)
		if err != nil {
			return nil, err
		}
		return a, a.takeResult(text)
	}
	a.files = []reportFile{{name: a.name, named: true}}
	head := make([]byte, 4)
	file, err := os.Open(name)
	if err != nil {
		return nil, plain(err)
	}
	defer file.Close()
	if n, _ := io.ReadFull(file, head); !isZip(head[:n]) { // a file that is shorter is none
		return a, nil
	}
	return a, a.readZip(file, s.Size())
}

// packedArtifact opens an artifact as it is downloaded.
func packedArtifact(name string, content []byte, made time.Time) (*artifact, error) {
	a := &artifact{name: name, made: made.UTC(), close: func() {}}
	a.files = []reportFile{{name: name, named: true, open: func() (io.ReadCloser, error) { return inMemory{bytes.NewReader(content)}, nil }}}
	return a, a.readZip(bytes.NewReader(content), int64(len(content)))
}

// inMemory is a file that is not on disk.
type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }

func isZip(head []byte) bool {
	return bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("PK\x05\x06"))
}

// readZip looks at all entries before any is unpacked, and takes the result, if there is one. Nothing is ever unpacked to disk.
func (a *artifact) readZip(at io.ReaderAt, size int64) error {
	z, err := zip.NewReader(at, size)
	if err != nil {
		return errors.New("it is no whole zip file")
	}
	if len(z.File) > mostArtifactFiles {
		return fmt.Errorf("it has %d files, and no more than %d are read", len(z.File), mostArtifactFiles)
	}
	seen, unpacked := map[string]bool{}, uint64(0)
	for _, f := range z.File {
		folder := strings.HasSuffix(f.Name, "/")
		if err := checkEntryName(strings.TrimSuffix(f.Name, "/"), seen); err != nil {
			return err
		}
		unpacked += f.UncompressedSize64
		switch {
		case !f.Mode().IsRegular() && !(folder && f.Mode().IsDir()):
			return fmt.Errorf("%s in it is no regular file", printable(f.Name))
		case unpacked > mostUnpacked || f.UncompressedSize64 > mostUnpacked:
			return fmt.Errorf("it comes to more than %d bytes", mostUnpacked)
		case unpacked > fineUnpacked && unpacked/mostUnpackedRatio > uint64(size):
			return fmt.Errorf("it comes to more than %d times its size", mostUnpackedRatio)
		}
	}
	others := 0
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		open := func() (io.ReadCloser, error) { return f.Open() }
		text, err := resultIn(f.Name, open, int64(f.UncompressedSize64))
		if err == nil && text != nil {
			err = a.takeResult(text)
		} else if inArchive(f.Name) {
			others++
		}
		if err != nil {
			return fmt.Errorf("%s in it: %w", printable(f.Name), err)
		}
	}
	if others == 0 {
		a.files = nil
	}
	return nil
}

// checkEntryName refuses names that lead out of an archive, that stand there twice, or that systems take for different things.
func checkEntryName(name string, seen map[string]bool) error {
	odd := strings.ContainsFunc(name, func(r rune) bool { return unicode.Is(unicode.C, r) || r == '\\' || r == ':' })
	if !fs.ValidPath(name) || !utf8.ValidString(name) || odd || len(name) > longestName {
		return fmt.Errorf("it has a name that is no path: %.60q", name)
	}
	if folded := strings.ToLower(name); seen[folded] {
		return fmt.Errorf("it has two files of one name: %.60q", name)
	} else {
		seen[folded] = true
	}
	return nil
}

// readFolder lists the files of a folder. Links are refused, also those that lead to files inside: whoever unpacked the artifact may have
// unpacked one that leads to a file of the runner.
func (a *artifact) readFolder(name string) error {
	root, err := os.OpenRoot(name)
	if err != nil {
		return plain(err)
	}
	a.close = func() { _ = root.Close() }
	seen, size := map[string]bool{}, int64(0)
	return fs.WalkDir(root.FS(), ".", func(rel string, d fs.DirEntry, err error) error {
		if err != nil {
			return plain(err)
		}
		if rel == "." {
			return nil
		}
		if err := checkEntryName(rel, seen); err != nil {
			return err
		}
		s, err := d.Info()
		switch {
		case err != nil:
			return plain(err)
		case len(seen) > mostArtifactFiles:
			return fmt.Errorf("it has more than %d files", mostArtifactFiles)
		case s.IsDir() && skipped(d.Name()):
			return fs.SkipDir
		case s.IsDir():
			return nil
		case !s.Mode().IsRegular():
			return fmt.Errorf("%s in it is no regular file", printable(rel))
		}
		if size += s.Size(); size > mostUnpacked {
			return fmt.Errorf("it comes to more than %d bytes", mostUnpacked)
		}
		open := func() (io.ReadCloser, error) { return root.Open(filepath.FromSlash(rel)) }
		text, err := resultIn(rel, open, s.Size())
		switch {
		case err == nil && text != nil:
			err = a.takeResult(text)
		case err == nil && inArchive(rel):
			a.files = append(a.files, reportFile{name: path.Join(a.name, rel), open: open})
		}
		if err != nil {
			return fmt.Errorf("%s in it: %w", printable(rel), err)
		}
		return nil
	})
}

// resultIn is the text of a file if it is a result; nil: it is something else.
func resultIn(name string, open func() (io.ReadCloser, error), size int64) ([]byte, error) {
	if extension(name) != ".json" {
		return nil, nil
	}
	file, err := open()
	if err != nil {
		return nil, errors.New("it cannot be unpacked")
	}
	defer file.Close()
	head := make([]byte, mostOfAHead)
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, errors.New("it cannot be unpacked")
	}
	if !saysResult(head[:n]) {
		return nil, nil
	}
	rest, err := io.ReadAll(io.LimitReader(file, size-int64(n)+1))
	if err != nil {
		return nil, errors.New("it cannot be unpacked")
	}
	return append(head[:n], rest...), nil
}

// takeResult takes the result of the other run.
func (a *artifact) takeResult(text []byte) error {
	if a.result != nil {
		return errors.New("there is a second result")
	}
	r, err := report.ReadResult(bytes.NewReader(text))
	if err != nil {
		return err
	}
	a.result, a.digest = r, fmt.Sprintf("sha256:%x", sha256.Sum256(text))
	return nil
}

// readArtifact reads what another run found: from its reports, and if it left none, from the findings of its result.
func (r *run) readArtifact(ctx context.Context, o ingest.Options) (err error) {
	a := r.given
	if len(a.files) > 0 || a.result == nil {
		if r.reading, err = r.app.readReports(ctx, a.files, o, false); err != nil || r.reading.scans > 0 || a.result == nil {
			return err
		}
	} else {
		r.reading = &reading{reports: []engine.Report{}}
	}
	r.weaken("findings as the result of another run has them, without its reports")
	r.reading.takeFindings(a, r.result.Change.Repository)
	return nil
}

// takeFindings takes the findings of another run's result, and nothing else of it. Their ids are made anew, as those of the result
// could be the ids of what is waived; what the other run said of assets, of threats and of the change is left behind.
func (r *reading) takeFindings(a *artifact, repository string) {
	rep := engine.Report{Name: path.Join(a.name, "result"), Format: "headgate", Tool: "Headgate", Digest: a.digest, Complete: true}
	for _, other := range a.result.Reports {
		if !other.Complete {
			rep.Complete, rep.Incomplete = false, other.Name+": "+other.Incomplete
		}
	}
	for i := range a.result.Cases { // also those of one id, which may be a claim; what is the same finding is correlated
		f := a.result.Cases[i].Input.Finding
		target := engine.Target{Type: engine.TargetRepository, Name: repository}
		for j := range f.Locations {
			l := &f.Locations[j]
			if l.Line, l.EndLine = max(l.Line, 0), max(l.EndLine, 0); l.EndLine < l.Line {
				l.EndLine = 0
			}
			if l.Image != "" {
				target = ingest.ImageTarget(l.Image)
			}
		}
		f.ID, f.IDs = "", nil
		f.Sources = []engine.Source{{Tool: rep.Tool, Format: rep.Format, Report: rep.Digest}}
		if rule := f.Rule; rule != nil && rule.Tool != "" {
			f.Sources[0].Tool = rule.Tool
		}
		r.discoveries = append(r.discoveries, engine.Discovery{Target: target, Finding: f})
	}
	rep.Results, rep.Findings = len(a.result.Cases), len(a.result.Cases)
	r.reports = append(r.reports, rep)
	r.scans++
}
