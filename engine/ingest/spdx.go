package ingest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// detectSPDX knows the tag-value form by its first line, and versions 2 and 3 in JSON.
func detectSPDX(s shape) bool {
	return s.has("tag:SPDXVersion") || strings.HasPrefix(s["spdxVersion"], "SPDX-") ||
		s.has("SPDXID", "creationInfo") || strings.Contains(s["@context"], "spdx.org/rdf/3")
}

// readSPDX reads a bill of materials. SPDX 2 lists components and says of none that a vulnerability affects it: a reference of the
// category SECURITY leads to advisories that may be about the component. So it is a whole report without findings.
func readSPDX(s *stream, b *batch) error {
	b.noScan = true
	b.report.Tool = "SPDX"
	d := &spdx{b: b}
	read := d.readTags
	if s.peeks('{') {
		read = d.readJSON
	}
	if err := read(s); err != nil {
		return err
	}
	switch {
	case strings.HasPrefix(d.version, "SPDX-2."):
		return nil
	case d.version == "" && !d.three:
		return errors.New("it has no version")
	case d.three || strings.HasPrefix(d.version, "SPDX-3"):
		return errors.New("SPDX 3 is not read: its components and assessments of vulnerabilities are a graph; write SPDX 2.3 or CycloneDX")
	}
	return fmt.Errorf("version %q is not known; SPDX 2 is", clip(d.version))
}

type spdx struct {
	b       *batch
	version string
	three   bool
}

func (d *spdx) readJSON(s *stream) error {
	return s.object(func(key string) error {
		switch key {
		case "spdxVersion":
			return s.nameInto(&d.version)
		case "@graph":
			d.three = true
		case "creationInfo":
			return s.fields(func(key string) error {
				if key == "created" {
					return s.timeInto(&d.b.report.Time)
				}
				if key != "creators" {
					return s.skip()
				}
				var all []string
				err := s.namesInto(&all)
				for _, c := range all {
					d.creator(c)
				}
				return err
			})
		}
		return s.skip()
	})
}

// creator notes the tool that wrote the document; of several, the first. Tools are written as "Tool: name-version".
func (d *spdx) creator(who string) {
	tool, ok := strings.CutPrefix(who, "Tool: ")
	if !ok || d.b.report.Tool != "SPDX" {
		return
	}
	d.b.report.Tool = tool
	if i := strings.LastIndexByte(tool, '-'); i > 0 && i < len(tool)-1 && strings.Contains("0123456789v", tool[i+1:i+2]) {
		d.b.report.Tool, d.b.report.Version = tool[:i], tool[i+1:]
	}
}

// readTags reads lines of "Tag: value", in which a value may be "<text>…</text>" over several lines.
func (d *spdx) readTags(s *stream) error {
	lines := bufio.NewScanner(s.text)
	lines.Buffer(nil, readBytes)
	n, open := 0, false
	for lines.Scan() {
		n++
		line := strings.TrimSpace(lines.Text())
		if open {
			open = !strings.Contains(line, "</text>")
			continue
		}
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		tag, value, ok := strings.Cut(line, ":")
		if !ok || strings.ContainsAny(tag, " \t<") {
			return fmt.Errorf("line %d: no tag", n)
		}
		value = plain(value)
		switch tag {
		case "SPDXVersion":
			d.version = value
		case "Creator":
			d.creator(value)
		case "Created":
			d.b.report.Time = timeOf(value)
		}
		open = strings.HasPrefix(value, "<text>") && !strings.Contains(value, "</text>")
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("line %d: longer than any value", n+1)
	}
	if open && lines.Err() == nil {
		return io.ErrUnexpectedEOF
	}
	return lines.Err()
}
