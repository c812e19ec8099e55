package ingest

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// detectTruffleHog knows version 3, which writes an object per line. What it logs can stand before, where both went into one file.
func detectTruffleHog(s shape) bool {
	return s["logger"] == "trufflehog" && s.has("level", "msg") || s.inSeries(func(has func(...string) bool) bool {
		return has("DetectorName") && (has("SourceMetadata") || has("SourceName") || has("Raw")) || has("SourceMetadata.Data", "Verified")
	})
}

// A truffle is a line of TruffleHog's output: a finding, or what it logs.
type truffle struct {
	DetectorName   word
	DetectorType   word
	Verified       *boolean
	Raw            text
	RawV2          text
	SourceMetadata loose[struct {
		Data map[string]loose[truffleSource]
	}]

	Level word `json:"level"`
	Log   text `json:"msg"`
}

// A truffleSource is where it was found. Each of its sources has some of the names.
type truffleSource struct {
	File       word   `json:"file"`
	Path       word   `json:"path"`
	Line       number `json:"line"`
	Commit     word   `json:"commit"`
	Repository word   `json:"repository"`
	Link       word   `json:"link"`
	Image      word   `json:"image"`
	Tag        word   `json:"tag"`
	Bucket     word   `json:"bucket"`
}

// readTruffleHog reads lines of TruffleHog. It says nothing of how bad a finding is, but tries credentials out.
func readTruffleHog(s *stream, b *batch) error {
	b.report.Tool = "trufflehog"
	return s.series(func() error {
		var t truffle
		if err := s.decode(&t); err != nil {
			return err
		}
		if t.DetectorName == "" && t.Level != "" {
			if t.Level == "error" || t.Level == "fatal" {
				b.incomplete("trufflehog logged an error")
			}
			return nil
		}
		b.report.Results++
		if t.DetectorName == "" && t.DetectorType == "" {
			return s.wrong("a finding without a detector")
		}
		b.add(t.discovery(b))
		return nil
	})
}

func (t *truffle) discovery(b *batch) engine.Discovery {
	values := []string{string(t.Raw), string(t.RawV2)}
	detector := hidden(string(cmp.Or(t.DetectorName, t.DetectorType)), values...)
	f := engine.Finding{
		Kind:   engine.KindSecret,
		Title:  clip(detector + " credential"),
		Rule:   &engine.Rule{ID: detector, Tool: b.report.Tool},
		Secret: &engine.Secret{Type: detector},
	}
	if t.Verified != nil && bool(*t.Verified) {
		// Not verified says little: the try can have failed, have been switched off, or not exist for the kind of credential.
		f.Secret.Active = ptr(true)
	}
	d := engine.Discovery{Target: b.repository(), Content: contentOf(cmp.Or(values[0], values[1]))}
	for _, source := range slices.Sorted(maps.Keys(t.SourceMetadata.is.Data))[:min(1, len(t.SourceMetadata.is.Data))] { // there is one
		at := t.SourceMetadata.is.Data[source].is
		l := lines(b.path(hidden(string(cmp.Or(at.File, at.Path)), values...)), at.Line, number{})
		l.URL = address(hidden(string(at.Link), values...))
		switch {
		case source == "Docker" && at.Image != "":
			l.Image = string(at.Image)
			if at.Tag != "" && !strings.Contains(l.Image[strings.LastIndexByte(l.Image, '/')+1:], ":") {
				l.Image += ":" + string(at.Tag)
			}
			d.Target, l.Path = ImageTarget(l.Image), strings.TrimPrefix(l.Path, "/")
		case source == "Filesystem":
			f.Secret.InHistory = ptr(false)
		case at.Repository != "":
			d.Target = b.repositoryAt(string(at.Repository))
		case at.Bucket != "":
			d.Target = engine.Target{Type: engine.TargetHost, Name: string(at.Bucket)}
		}
		if l != (engine.Location{}) {
			f.Locations = []engine.Location{l}
		}
	}
	d.Finding = f
	return d
}

var repositoryPath = regexp.MustCompile(`^(?:https?://|ssh://|git@)[^/:]+(?::[0-9]+)?[/:]([A-Za-z0-9._/-]+?)(?:\.git)?/?$`)

// repositoryAt is the target for a repository that a scanner names by its address: several can be in one report. An address on this
// machine says nothing.
func (b *batch) repositoryAt(remote string) engine.Target {
	if _, after, ok := strings.Cut(remote, "@"); ok && strings.Contains(remote, "://") {
		scheme, _, _ := strings.Cut(remote, "://")
		remote = scheme + "://" + after // a user and password
	}
	if m := repositoryPath.FindStringSubmatch(remote); m != nil {
		return engine.Target{Type: engine.TargetRepository, Name: m[1]}
	}
	return b.repository()
}
