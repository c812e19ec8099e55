// Package ingest turns scanner reports into discoveries. A report's format is detected from its content; it is read as a stream,
// so that memory is bounded by its findings and not by its size.
//
// Everything in a report is hostile: sizes and depths are bounded, and the values of secrets are hashed before they leave this
// package. A report that cannot be read whole is an error, never a short list.
package ingest

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/headgate/headgate/engine"
)

// Options say what a report itself does not.
type Options struct {
	// Repository names the repository that was scanned, "owner/name". Empty: not known.
	Repository string

	// Roots are absolute folders that paths in reports may start with: the checkout here and on the machine that scanned.
	Roots []string

	// MaxBytes bounds a report; 0 means DefaultMaxBytes.
	MaxBytes int64
}

// DefaultMaxBytes is the largest report that is read unless Options say otherwise.
const DefaultMaxBytes = 1 << 30

// ErrUnknownFormat means that the content is of no supported format. The file may be no report at all.
var ErrUnknownFormat = errors.New("not a report in a supported format")

// ErrBroken means that the content is not even well-formed: it may be a report that was cut or damaged.
var ErrBroken = errors.New("not well-formed JSON")

// ErrEmpty means that the file has no content: a scanner that stopped before it wrote.
var ErrEmpty = errors.New("the file is empty: the scan wrote no result")

// Read reads one report. The name is used for errors and for Report.Name only. An error means that nothing of the report may be
// used; a scan that says itself that it did not finish is no error but a Report whose Complete is false.
func Read(name string, r io.Reader, o Options) (engine.Report, []engine.Discovery, error) {
	max := o.MaxBytes
	if max <= 0 {
		max = DefaultMaxBytes
	}
	in := &input{r: bufio.NewReaderSize(r, 256<<10), left: max, hash: sha256.New()}
	// A byte order mark decides the encoding, as some shells redirect output in UTF-16; without one the bytes are taken as they are.
	text := transform.NewReader(in, unicode.BOMOverride(transform.Nop))
	buf := bufio.NewReaderSize(text, peekBytes)
	head, err := buf.Peek(peekBytes)
	if err != nil && err != io.EOF {
		return engine.Report{}, nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(strings.TrimSpace(string(head))) == 0 {
		return engine.Report{}, nil, fmt.Errorf("%s: %w", name, ErrEmpty)
	}
	f, err := detect(head)
	if err != nil {
		return engine.Report{}, nil, fmt.Errorf("%s: %w", name, err)
	}

	b := &batch{
		report:  engine.Report{Name: name, Format: f.name, Complete: true},
		options: o,
	}
	s := newStream(buf)
	err = f.read(s, b)
	if err == nil {
		err = s.end()
	}
	switch {
	case in.err != nil:
		return engine.Report{}, nil, fmt.Errorf("%s: %w", name, in.err)
	case err != nil:
		return engine.Report{}, nil, fmt.Errorf("%s: not valid %s: %w", name, f.title, place(err))
	}
	if err := in.drain(); err != nil {
		return engine.Report{}, nil, fmt.Errorf("%s: %w", name, err)
	}
	b.report.Digest = "sha256:" + hex.EncodeToString(in.hash.Sum(nil))
	b.report.Findings = len(b.found)
	b.stamp()
	return b.report, b.found, nil
}

// A batch collects what one report amounts to. Readers fill report.Tool, Version, Time, Results and Complete, and add discoveries.
type batch struct {
	report  engine.Report
	options Options
	found   []engine.Discovery
}

// add takes one discovery of the report.
func (b *batch) add(d engine.Discovery) { b.found = append(b.found, d) }

// incomplete notes that the scan says itself that it did not finish. The first reason is kept.
func (b *batch) incomplete(reason string) {
	if b.report.Complete {
		b.report.Complete, b.report.Incomplete = false, reason
	}
}

// repository is the target of what was found in the tree that the options name.
func (b *batch) repository() engine.Target {
	return engine.Target{Type: engine.TargetRepository, Name: b.options.Repository}
}

// stamp gives every finding its source; a reader that reads several tools from one file has filled Tool and Version itself.
func (b *batch) stamp() {
	for i := range b.found {
		f := &b.found[i].Finding
		if len(f.Sources) == 0 {
			f.Sources = []engine.Source{{Tool: b.report.Tool, Version: b.report.Version}}
		}
		for j := range f.Sources {
			f.Sources[j].Format, f.Sources[j].Report = b.report.Format, b.report.Digest
		}
	}
}

// An input bounds and digests the bytes of a report while they are read.
type input struct {
	r    io.Reader
	left int64
	hash hash.Hash
	err  error // why it could not be read, other than that it ends
}

var errTooLarge = errors.New("larger than the limit on reports")

func (in *input) Read(p []byte) (int, error) {
	n, err := in.r.Read(p)
	in.hash.Write(p[:n])
	if in.left -= int64(n); in.left < 0 {
		n, err = 0, errTooLarge
	}
	if err != nil && err != io.EOF {
		in.err = err
	}
	return n, err
}

// drain reads to the end, so that the digest covers trailing white space too.
func (in *input) drain() error {
	_, err := io.Copy(io.Discard, in)
	return err
}
