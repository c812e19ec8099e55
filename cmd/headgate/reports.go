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
	err   error  // why it cannot be read, if that is known already

	open func() (io.ReadCloser, error) // nil: it is the file of this name
}

// extensions are those of files that are taken for reports in a folder.
var extensions = []string{".json", ".sarif", ".jsonl", ".ndjson", ".xml", ".csv", ".spdx"}

// passedOver are folders without reports.
var passedOver = []string{"node_modules", "vendor", "testdata"}

// mostFolders bounds how many folders one argument stands for.
const mostFolders = 100_000

// findReports lists the files that arguments (files, folders, patterns, -) stand for, in the order of their names, each once. What
// cannot be looked into is listed with its error.
func findReports(args []string) ([]reportFile, error) {
	var files []reportFile
	for _, arg := range args {
		if arg == "-" {
			files = append(files, reportFile{name: "-", named: true})
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
			if err != nil || !s.IsDir() {
				files = append(files, unreadable(name, err, true))
				continue
			}
			w := walker{seen: map[string]bool{}}
			w.walk(name, nil)
			files = append(files, w.files...)
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

// unreadable is a file that may have an error.
func unreadable(name string, err error, named bool) reportFile {
	if err != nil {
		err = fmt.Errorf("read %s: %w", name, plain(err))
	}
	return reportFile{name: filepath.ToSlash(name), named: named, err: err}
}

// A walker lists what may be reports in a folder.
type walker struct {
	files []reportFile
	seen  map[string]bool // folders by their real places: each is walked once, whatever links lead there
}

// walk looks into a folder. Symbolic links are followed; one that leads back to a folder above it is an error.
func (w *walker) walk(dir string, above []string) {
	fail := func(name string, err error) { w.files = append(w.files, unreadable(name, err, true)) }
	real, err := filepath.EvalSymlinks(dir)
	switch {
	case err != nil:
		fail(dir, err)
		return
	case slices.Contains(above, real):
		fail(dir, errors.New("the link leads back to a folder above it"))
		return
	case w.seen[real]:
		return
	case len(w.seen) == mostFolders:
		fail(dir, fmt.Errorf("there are more than %d folders", mostFolders))
		return
	}
	w.seen[real] = true
	above = append(slices.Clone(above), real)
	entries, err := os.ReadDir(dir)
	if err != nil {
		fail(dir, err)
		return
	}
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		if skipped(e.Name()) {
			continue
		}
		s, err := os.Stat(name)
		switch {
		case err != nil:
			fail(name, err)
		case s.IsDir():
			w.walk(name, above)
		case s.Mode().IsRegular() && reportName(e.Name()):
			w.files = append(w.files, unreadable(name, nil, false))
		}
	}
}

// reportName says whether a file in a folder may be a report by its name: also one that is packed.
func reportName(name string) bool {
	return extension(name) == ".zip" || slices.Contains(extensions, extension(unpacked(name)))
}

// unpacked is a file's name without the ending of compression.
func unpacked(name string) string {
	if extension(name) == ".gz" {
		return name[:len(name)-len(".gz")]
	}
	return name
}

// inArchive says whether a file of an archive may be a report, by the rules for folders.
func inArchive(name string) bool {
	return reportName(path.Base(name)) && !slices.ContainsFunc(strings.Split(name, "/"), skipped)
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
	ending := extension(unpacked(name))
	if ending == ".sarif" {
		return false
	}
	named := strings.Contains(ending, "json")
	return errors.Is(err, ingest.ErrUnknownFormat) && !errors.Is(err, ingest.ErrBroken) && !(named && errors.Is(err, ingest.ErrNotJSON))
}

// A reading is what reports say.
type reading struct {
	reports     []engine.Report
	discoveries []engine.Discovery
	fixed       []engine.Discovery // by the scanners' own baselines
	statements  []engine.Statement
	targets     []engine.Target // what complete reports looked at, not for secrets only
	unfinished  []engine.Target // what incomplete reports looked at
	scans       int             // how many of the reports say what was found; the others list components or make statements
	passedOver  []string        // files of folders that are no reports
	refused     []refusal       // reports that cannot be read whole, where reading goes on without them

	proofs []engine.Proof
}

// A refusal is a report that cannot be read whole.
type refusal struct {
	name string
	err  error
}

// readReports reads reports side by side. One that cannot be read whole is an error: what it would have said is not known; with
// keepGoing it is noted instead, and the others are read. Reading ends with the context, also while a report is waited for: standard
// input may stay open, a FIFO without a writer, a disk may hang.
func (a *app) readReports(ctx context.Context, files []reportFile, o ingest.Options, keepGoing bool) (*reading, error) {
	type one struct {
		at      int
		members []ingest.Member
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	told := a.progress("reading", 0).inBytes()
	defer told.end()
	next := make(chan int, len(files))
	for i := range files {
		next <- i
		if s, err := os.Stat(files[i].name); err == nil && s.Mode().IsRegular() && files[i].open == nil {
			told.expect(int(s.Size()))
		}
	}
	close(next)
	done := make(chan one, len(files)) // room for all, so that a reader that nobody waits for any more can end
	for range min(len(files), runtime.GOMAXPROCS(0)) {
		go func() {
			for i := range next {
				if ctx.Err() != nil {
					return
				}
				done <- one{i, a.readFile(files[i], o, told)}
			}
		}()
	}
	read := make([][]ingest.Member, len(files))
	for range files {
		select {
		case <-ctx.Done():
			return nil, undecided(context.Cause(ctx), "")
		case one := <-done:
			for _, m := range one.members {
				if m.Err != nil && !keepGoing && !passed(files[one.at], m) {
					return nil, undecided(m.Err, hintOnReading(m.Err))
				}
			}
			read[one.at] = one.members
		}
	}
	r := &reading{reports: []engine.Report{}}
	var all []*ingest.Reading
	for i, members := range read {
		for _, m := range members {
			switch {
			case m.Err == nil:
				r.take(m.Reading)
				all = append(all, m.Reading)
			case passed(files[i], m):
				r.passedOver = append(r.passedOver, m.Name)
			default:
				r.refused = append(r.refused, refusal{m.Name, m.Err})
			}
		}
	}
	r.statements = append(r.statements, ingest.Linked(all)...)
	return r, nil
}

// take adds what one report says.
func (r *reading) take(one *ingest.Reading) {
	for _, t := range one.Targets {
		one.Report.Targets = append(one.Report.Targets, t.String())
	}
	r.reports = append(r.reports, one.Report)
	r.discoveries = append(r.discoveries, one.Discoveries...)
	r.fixed = append(r.fixed, one.Fixed...)
	r.statements = append(r.statements, one.Statements...)
	r.proofs = append(r.proofs, one.Proofs...)
	switch {
	case !one.Report.Complete:
		r.unfinished = append(r.unfinished, one.Targets...)
	case !ingest.OnlySecrets(one.Report.Tool): // who looks for secrets sees no other way in
		r.targets = append(r.targets, one.Targets...)
	}
	if one.Scan {
		r.scans++
	}
}

// passed says whether what cannot be read is passed over: it was found, in a folder or an archive, and is no report.
func passed(f reportFile, m ingest.Member) bool {
	return (!f.named || m.Name != f.name) && noReport(m.Name, m.Err)
}

// readFile reads one file, which has several members if it is an archive.
func (a *app) readFile(f reportFile, o ingest.Options, told *progress) []ingest.Member {
	if f.err != nil {
		return []ingest.Member{{Name: f.name, Err: f.err}}
	}
	in := a.stdin
	if f.open != nil || f.name != "-" {
		if f.open == nil {
			f.open = func() (io.ReadCloser, error) { return os.Open(f.name) }
		}
		file, err := f.open()
		if err != nil {
			return []ingest.Member{{Name: f.name, Err: unreadable(f.name, err, f.named).err}}
		}
		defer file.Close()
		in = file
	}
	if file, ok := in.(*os.File); ok {
		in = toldFile{file, told}
	}
	return onlyReports(f, ingest.ReadFile(f.name, in, o, inArchive))
}

// A toldFile tells how much of it was read.
type toldFile struct {
	*os.File
	told *progress
}

func (f toldFile) Read(b []byte) (int, error) {
	n, err := f.File.Read(b)
	f.told.add(n)
	return n, err
}

func (f toldFile) ReadAt(b []byte, at int64) (int, error) {
	n, err := f.File.ReadAt(b, at)
	f.told.add(n)
	return n, err
}

// onlyReports refuses an archive that someone named and that holds nothing but files that are passed over.
func onlyReports(f reportFile, members []ingest.Member) []ingest.Member {
	if f.named && !slices.ContainsFunc(members, func(m ingest.Member) bool { return !(m.Err != nil && passed(f, m)) }) {
		return []ingest.Member{{Name: f.name, Err: fmt.Errorf("%s: %w", f.name, ingest.ErrNoMember)}}
	}
	return members
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
