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

	"github.com/bmatcuk/doublestar/v4"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/ingest"
)

// A reportFile is one file to read.
type reportFile struct {
	name  string // as in results: with slashes; "-" is standard input
	named bool   // the user named it; else it was found in a folder, where files that are no reports are passed over
}

// extensions are those of files that are taken for reports in a folder.
var extensions = []string{".json", ".sarif", ".jsonl", ".ndjson", ".xml", ".csv", ".spdx"}

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
		if _, err := os.Lstat(arg); err != nil && strings.ContainsAny(arg, "*?[{") {
			if names, err = matching(arg); err != nil {
				return nil, undecided(err, "")
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

// matching lists the files and folders that a pattern fits; ** crosses folders. As in a walk, hidden names and folders without
// reports are passed over unless the pattern names them. A folder on the way that cannot be read may hold a report: that is an error.
func matching(pattern string) ([]string, error) {
	names, err := doublestar.FilepathGlob(pattern, doublestar.WithFailOnIOErrors())
	if err != nil {
		return nil, fmt.Errorf("look for %s: %w", pattern, plain(err))
	}
	parts := strings.Split(filepath.ToSlash(pattern), "/")
	names = slices.DeleteFunc(names, func(name string) bool {
		return slices.ContainsFunc(strings.Split(filepath.ToSlash(name), "/"), func(part string) bool {
			return skipped(part) && !slices.ContainsFunc(parts, func(p string) bool {
				return p == part || strings.HasPrefix(p, ".") && doublestar.MatchUnvalidated(p, part)
			})
		})
	})
	if len(names) == 0 {
		return nil, fmt.Errorf("no report fits %s", pattern)
	}
	return names, nil
}

// skipped says whether a file or folder of this name is passed over.
func skipped(name string) bool {
	return strings.HasPrefix(name, ".") && name != "." && name != ".." || slices.Contains(passedOver, name)
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
		if skipped(e.Name()) {
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
		case s.Mode().IsRegular() && (slices.Contains(extensions, extension(e.Name())) || packed(e.Name())):
			files = append(files, reportFile{filepath.ToSlash(name), false})
		}
	}
	return files, nil
}

// extension is that of a file name, in lower case: Windows tools write REPORT.JSON.
func extension(name string) string { return strings.ToLower(path.Ext(name)) }

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
	if extension(name) == ".sarif" || packed(name) {
		return false
	}
	named := strings.Contains(extension(name), "json")
	return errors.Is(err, ingest.ErrUnknownFormat) && !errors.Is(err, ingest.ErrBroken) && !(named && errors.Is(err, ingest.ErrNotJSON))
}

// packed says whether a file is a compressed report by its name. It is not read, but it must not be passed over in silence either.
func packed(name string) bool {
	inner, ok := strings.CutSuffix(strings.ToLower(name), ".gz")
	return ok && slices.Contains([]string{".json", ".sarif"}, path.Ext(inner))
}

// A reading is what reports say.
type reading struct {
	reports     []engine.Report
	discoveries []engine.Discovery
	statements  []engine.Statement
	scans       int      // how many of the reports say what was found; the others list components or make statements
	passedOver  []string // files of folders that are no reports
}

// readReports reads reports side by side. One that cannot be read whole is an error: what it would have said is not known. It ends
// with the context, also while a report is waited for: standard input may stay open, a FIFO without a writer, a disk may hang.
func (a *app) readReports(ctx context.Context, files []reportFile, o ingest.Options) (*reading, error) {
	type one struct {
		at      int
		reading *ingest.Reading // nil: no report
		err     error
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	next := make(chan int, len(files))
	for i := range files {
		next <- i
	}
	close(next)
	done := make(chan one, len(files)) // room for all, so that a reader that nobody waits for any more can end
	for range min(len(files), runtime.GOMAXPROCS(0)) {
		go func() {
			for i := range next {
				if ctx.Err() != nil {
					return
				}
				reading, err := a.readReport(files[i], o)
				done <- one{i, reading, err}
			}
		}()
	}
	read := make([]*ingest.Reading, len(files))
	for range files {
		select {
		case <-ctx.Done():
			return nil, undecided(context.Cause(ctx), "")
		case one := <-done:
			if one.err != nil {
				return nil, undecided(one.err, hintOnReading(one.err))
			}
			read[one.at] = one.reading
		}
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
		if one.Scan {
			r.scans++
		}
	}
	return r, nil
}

// readReport reads one file; nil if it was found in a folder and is no report.
func (a *app) readReport(f reportFile, o ingest.Options) (*ingest.Reading, error) {
	in := io.NopCloser(a.stdin)
	if f.name != "-" {
		file, err := os.Open(f.name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", f.name, plain(err))
		}
		in = file
	}
	defer in.Close()
	read, err := ingest.Read(f.name, in, o)
	if !f.named && noReport(f.name, err) {
		return nil, nil
	}
	return read, err
}

// hintOnReading is what to do about a report that cannot be read.
func hintOnReading(err error) string {
	switch {
	case errors.Is(err, ingest.ErrUnknownFormat):
		return "headgate formats lists what can be read"
	case errors.Is(err, ingest.ErrEmpty):
		return "look at the log of the scan; a clean scan writes a report without findings"
	}
	return ""
}
