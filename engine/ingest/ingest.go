// Package ingest turns scanner reports into discoveries. A report's format is detected from its content; it is read as a stream,
// so that memory is bounded by its findings and not by its size.
//
// Everything in a report is hostile: sizes and depths are bounded, and the values of secrets are hashed before they leave this
// package. A report that cannot be read whole is an error, never a short list.
package ingest

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

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

	// SecretKey keys the digests of secrets' values, which findings' ids are made of. Empty: see keyContent.
	SecretKey []byte

	// MaxBytes bounds a report; 0 means DefaultMaxBytes.
	MaxBytes int64
}

// DefaultMaxBytes is the largest report that is read unless Options say otherwise.
const DefaultMaxBytes = 1 << 30

// ErrUnknownFormat means that the content is of no supported format. The file may be no report at all.
var ErrUnknownFormat = errors.New("not a report in a supported format")

// ErrBroken means that the content is not even well-formed: it may be a report that was cut or damaged.
var ErrBroken = errors.New("not well-formed")

// ErrNotJSON means that the content is XML or a table, of no supported format.
var ErrNotJSON = errors.New("it is not JSON")

// ErrEmpty means that the file has no content: a scanner that stopped before it wrote.
var ErrEmpty = errors.New("the file is empty: the scan wrote no result")

// A Reading is what one report amounts to.
type Reading struct {
	Report      engine.Report
	Discoveries []engine.Discovery
	Fixed       []engine.Discovery // what the scanner knows from its own baseline and found no more
	Statements  []engine.Statement // of VEX documents, and of reports that carry VEX
	Proofs      []engine.Proof     // of tools that attack
	Targets     []engine.Target    // what was looked at, each once, as far as the report says so; also where nothing was found

	// Scan is false if the document says nothing of what was looked for and found: a list of components, or statements about
	// findings of others. That it has no findings is no news then.
	Scan bool

	bom    *bom        // of a CycloneDX document that others can refer to
	linked []cdxLinked // what it says of other documents' components, see Linked
}

// Read reads one report. The name is used for errors and for Report.Name only. An error means that nothing of the report may be
// used; a scan that says itself that it did not finish is no error but a Report whose Complete is false.
func Read(name string, r io.Reader, o Options) (*Reading, error) {
	b := &batch{report: engine.Report{Name: name, Complete: true}, options: o}
	if err := b.readWith(r, b.read); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	b.report.Findings = len(b.found)
	if y := b.report.Time.UTC().Year(); y < 1 || y > 9998 {
		b.report.Time = time.Time{} // no time that JSON could hold
	}
	b.stamp()
	return &Reading{
		Report: b.report, Discoveries: b.found, Fixed: b.gone, Statements: b.statements, Proofs: b.proofs, Targets: b.targets(), Scan: !b.noScan,
		bom: b.bom, linked: b.linked,
	}, nil
}

// readWith reads a document, bounded, and digests it.
func (b *batch) readWith(r io.Reader, read func(*input) error) error {
	left := b.options.MaxBytes
	if left <= 0 {
		left = DefaultMaxBytes
	}
	in := &input{r: r, left: left, hash: newDigester()}
	err := read(in)
	b.report.Digest = in.hash.end()
	if in.err != nil {
		err = in.err // it explains what reading made of the bytes before it
	}
	return err
}

// open detects the format of a document.
func (b *batch) open(in *input) (format, *stream, error) {
	text := bufio.NewReaderSize(in, readBytes)
	// A byte order mark decides the encoding, as some shells redirect output in UTF-16; without one the bytes are taken as they are.
	if mark, err := text.Peek(2); err == nil && slices.Contains([]string{"\xfe\xff", "\xff\xfe", "\xef\xbb"}, string(mark)) {
		text = bufio.NewReaderSize(transform.NewReader(text, unicode.BOMOverride(transform.Nop)), readBytes)
	}
	head, err := text.Peek(peekBytes)
	if err != nil && err != io.EOF {
		return format{}, nil, err
	}
	if len(bytes.TrimSpace(head)) == 0 {
		return format{}, nil, ErrEmpty
	}
	f, err := detect(head)
	if err != nil && len(head) == peekBytes {
		text = bufio.NewReaderSize(text, widePeekBytes)
		if head, err = text.Peek(widePeekBytes); err != nil && err != io.EOF {
			return f, nil, err
		}
		f, err = detect(head)
	}
	if err != nil {
		return f, nil, err
	}
	b.report.Format = f.name
	return f, newStream(text), nil
}

// read detects the format and reads the report to its end.
func (b *batch) read(in *input) error {
	f, s, err := b.open(in)
	if err != nil {
		return err
	}
	if err = f.read(s, b); err == nil {
		err = s.end()
	}
	if err != nil {
		return fmt.Errorf("not valid %s: %w", f.title, s.place(err))
	}
	return nil
}

// readBytes is how much is read at once.
const readBytes = 256 << 10

// A batch collects what one report amounts to. Readers fill report.Tool, Version, Time, Results and Complete, and add discoveries.
type batch struct {
	report     engine.Report
	options    Options
	found      []engine.Discovery
	gone       []engine.Discovery // see Reading.Fixed
	statements []engine.Statement
	proofs     []engine.Proof
	noScan     bool // see Reading.Scan
	lookedAt   map[engine.Target]bool
	bom        *bom
	linked     []cdxLinked
}

// add takes one discovery of the report.
func (b *batch) add(d engine.Discovery) {
	if len(b.found) == cap(b.found) {
		b.found = slices.Grow(b.found, len(b.found)+1) // findings are large: doubling copies them less often than append does
	}
	b.found = append(b.found, d)
}

// prove takes what one attempt to exploit showed. It is as old as the report unless it says when it was made.
func (b *batch) prove(p engine.Proof) {
	p.Tool = true
	b.proofs = append(b.proofs, p)
}

// state takes one VEX statement of the report.
func (b *batch) state(s engine.Statement) {
	s.Products = packaged(s.Products)
	b.statements = append(b.statements, s)
}

// packaged gives products their packages.
func packaged(products []engine.Product) []engine.Product {
	var all []engine.Product
	for _, p := range products {
		if p.Package = packageFrom(p.PURL); p.Package != nil {
			version := p.Version
			if len(p.Package.Versions) > 0 {
				version = p.Package.Versions[0]
			}
			if _, sub, ok := strings.Cut(p.PURL, "#"); ok && p.Package.Ecosystem == "golang" { // see packageOf
				p.Package = packageNamed("golang", p.Package.Name+"/"+plain(sub), version)
			}
			setVersion(p.Package, version)
		}
		p.Subcomponents = packaged(p.Subcomponents)
		all = append(all, p)
	}
	return all
}

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

// thisReport stands for the digest of the report in Statement.Report, which is known only when all is read.
const thisReport = "this"

// stamp gives every finding its source; a reader that reads several tools from one file has filled Tool and Version itself.
func (b *batch) stamp() {
	b.report.Incomplete = redacted(b.report.Incomplete)
	own := []engine.Source{{Tool: b.report.Tool, Version: b.report.Version, Format: b.report.Format, Report: b.report.Digest}}
	for _, list := range [][]engine.Discovery{b.found, b.gone} {
		for i := range list {
			f := &list[i].Finding
			keyContent(&list[i], b.options.SecretKey)
			redact(f)
			if len(f.Sources) == 0 {
				f.Sources = own
				continue
			}
			for j := range f.Sources {
				f.Sources[j].Format, f.Sources[j].Report = b.report.Format, b.report.Digest
			}
		}
	}
	for i := range b.proofs {
		p := &b.proofs[i]
		p.Source = b.report.Name
		if p.Time.IsZero() {
			p.Time = b.report.Time
		}
	}
	for i := range b.statements {
		b.statements[i].VEX.Justification = redacted(b.statements[i].VEX.Justification)
		if b.statements[i].Report == thisReport {
			b.statements[i].Report = b.report.Digest
		}
	}
}

// An input bounds and digests the bytes of a report while they are read.
type input struct {
	r    io.Reader
	left int64
	hash *digester
	err  error // why it could not be read, other than that it ends
}

// A digester digests beside the reading, which would otherwise wait for a third of the time.
type digester struct {
	full, free chan []byte
	sum        chan []byte
}

// digestChunks is how many chunks may wait: enough for neither side to stand still, little enough not to count.
const digestChunks = 4

func newDigester() *digester {
	d := &digester{make(chan []byte, digestChunks), make(chan []byte, digestChunks), make(chan []byte, 1)}
	go func() {
		h := sha256.New()
		for chunk := range d.full {
			h.Write(chunk)
			d.free <- chunk[:0]
		}
		d.sum <- h.Sum(nil)
	}()
	for range digestChunks {
		d.free <- nil
	}
	return d
}

// write takes a copy of p.
func (d *digester) write(p []byte) { d.full <- append(<-d.free, p...) }

// end stops digesting and gives the digest. It must be called once.
func (d *digester) end() string {
	close(d.full)
	return "sha256:" + hex.EncodeToString(<-d.sum)
}

var errTooLarge = errors.New("larger than the limit on reports")

func (in *input) Read(p []byte) (int, error) {
	n, err := in.r.Read(p)
	in.hash.write(p[:n])
	if in.left -= int64(n); in.left < 0 {
		n, err = 0, errTooLarge
	}
	if err != nil && err != io.EOF {
		in.err = err
	}
	return n, err
}
