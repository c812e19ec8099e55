package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sync/errgroup"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/ingest"
)

// A reportFile is one file to read.
type reportFile struct {
	name  string // as in results: with slashes; "-" is standard input
	named bool   // the user named it; else it was found in a folder, where files that are no reports are passed over
}

// extensions are those of files that are taken for reports in a folder.
var extensions = []string{".json", ".sarif", ".jsonl", ".ndjson", ".xml", ".csv", ".spdx", ".gz", ".zip"}

// passedOver are folders without reports.
var passedOver = []string{"node_modules", "vendor", "testdata"}

// findReports lists the files that arguments (files, folders, patterns, -) stand for, in the order of their names, each once.
func findReports(args []string) ([]reportFile, error) {
	var files []reportFile
	for _, arg := range args {
		if arg == "-" {
			files = append(files, reportFile{"-", true})
			continue
		}
		names := []string{arg}
		if _, err := os.Lstat(arg); err != nil && strings.ContainsAny(arg, "*?[") {
			if names, err = filepath.Glob(arg); err != nil || len(names) == 0 {
				return nil, undecided(fmt.Errorf("no report fits %s", arg), "")
			}
		}
		for _, name := range names {
			s, err := os.Stat(name)
			if err != nil {
				return nil, undecided(fmt.Errorf("read %s: %w", name, plain(err)), "")
			}
			if !s.IsDir() {
				files = append(files, reportFile{filepath.ToSlash(name), true})
				continue
			}
			found, err := walk(name, nil)
			if err != nil {
				return nil, undecided(err, "name the reports themselves, or another folder")
			}
			files = append(files, found...)
		}
	}
	slices.SortFunc(files, func(a, b reportFile) int {
		if c := strings.Compare(a.name, b.name); c != 0 || a.named == b.named {
			return c
		}
		if a.named {
			return -1
		}
		return 1
	})
	return slices.CompactFunc(files, func(a, b reportFile) bool { return a.name == b.name }), nil
}

// walk lists what may be reports in a folder. Symbolic links are followed; one that leads back to a folder above it is an error.
func walk(dir string, above []string) ([]reportFile, error) {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", dir, plain(err))
	}
	if slices.Contains(above, real) {
		return nil, fmt.Errorf("read %s: the link leads back to a folder above it", dir)
	}
	above = append(slices.Clone(above), real)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", dir, plain(err))
	}
	var files []reportFile
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		if strings.HasPrefix(e.Name(), ".") || slices.Contains(passedOver, e.Name()) {
			continue
		}
		s, err := os.Stat(name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, plain(err))
		}
		switch {
		case s.IsDir():
			below, err := walk(name, above)
			if err != nil {
				return nil, err
			}
			files = append(files, below...)
		case s.Mode().IsRegular() && slices.Contains(extensions, strings.ToLower(path.Ext(e.Name()))):
			files = append(files, reportFile{filepath.ToSlash(name), false})
		}
	}
	return files, nil
}

// plain is a file error without the path that the sentence around it has already.
func plain(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	if errors.Is(err, syscall.ELOOP) || strings.Contains(err.Error(), "too many links") {
		return errors.New("the link leads to itself")
	}
	return err
}

// noReport says whether a file that was found in a folder is something else than a report. What is damaged, or is not what its name
// says, may be a report that a scanner could not finish.
func noReport(name string, err error) bool {
	named := strings.Contains(path.Ext(name), "json") || path.Ext(name) == ".sarif"
	return errors.Is(err, ingest.ErrUnknownFormat) && !errors.Is(err, ingest.ErrBroken) && !(named && errors.Is(err, ingest.ErrNotJSON))
}

// A reading is what reports say.
type reading struct {
	reports     []engine.Report
	discoveries []engine.Discovery
	statements  []engine.Statement
	passedOver  []string // files of folders that are no reports
}

// readReports reads reports side by side. One that cannot be read whole is an error: what it would have said is not known.
func (a *app) readReports(ctx context.Context, files []reportFile, o ingest.Options) (*reading, error) {
	read := make([]*ingest.Reading, len(files)) // nil: no report
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, f := range files {
		g.Go(func() (err error) {
			if err := context.Cause(ctx); err != nil {
				return err
			}
			in := io.NopCloser(a.stdin)
			if f.name != "-" {
				if in, err = os.Open(f.name); err != nil {
					return fmt.Errorf("read %s: %w", f.name, plain(err))
				}
			}
			defer in.Close()
			read[i], err = ingest.Read(f.name, in, o)
			if !f.named && noReport(f.name, err) {
				err = nil
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		hint := ""
		switch {
		case errors.Is(err, ingest.ErrUnknownFormat):
			hint = "headgate formats lists what can be read"
		case errors.Is(err, ingest.ErrEmpty):
			hint = "look at the log of the scan; a clean scan writes a report without findings"
		}
		return nil, undecided(err, hint)
	}
	r := &reading{reports: []engine.Report{}}
	for i, one := range read {
		if one == nil {
			r.passedOver = append(r.passedOver, files[i].name)
			continue
		}
		r.reports = append(r.reports, one.Report)
		r.discoveries = append(r.discoveries, one.Discoveries...)
		r.statements = append(r.statements, one.Statements...)
	}
	return r, nil
}
