package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/headgate/headgate/engine/report"
)

// An output is one -o: a format, and a file unless it goes to standard output.
type output struct {
	format, file string
}

// parseOutputs reads -o FORMAT[=FILE]. None is text on standard output.
func parseOutputs(flags []string, known []report.Format) ([]output, error) {
	if len(flags) == 0 {
		flags = []string{"text"}
	}
	var names []string
	for _, f := range known {
		names = append(names, f.Name)
	}
	var outs []output
	stdout, files := 0, []string(nil)
	for _, flag := range flags {
		format, file, toFile := strings.Cut(flag, "=")
		switch {
		case !slices.Contains(names, format):
			return nil, setup(fmt.Errorf("-o %q is no format", format), "it can be "+strings.Join(names, ", "))
		case toFile && file == "":
			return nil, setup(fmt.Errorf("-o %s= names no file", format), "")
		case toFile && slices.ContainsFunc(files, func(have string) bool { return oneOutput(have, file) }):
			return nil, setup(fmt.Errorf("two outputs go to %s", file), "")
		case toFile:
			files = append(files, file)
		default:
			stdout++
		}
		outs = append(outs, output{format, file})
	}
	if stdout > 1 {
		return nil, setup(errors.New("two outputs go to standard output"), "send one to a file: -o json=result.json")
	}
	return outs, nil
}

// resultFile is the file that the result goes to; empty if it goes to none.
func resultFile(outs []output) string {
	for _, o := range outs {
		if o.format == "json" && o.file != "" {
			return o.file
		}
	}
	return ""
}

// oneOutput says whether two names lead to one file, be it there yet or not. Devices take as many outputs as one likes.
func oneOutput(a, b string) bool {
	if one, err := os.Stat(a); err == nil {
		other, err := os.Stat(b)
		return err == nil && os.SameFile(one, other) && one.Mode().IsRegular()
	}
	place := func(name string) string {
		if to, err := behindLinks(name); err == nil {
			name = to
		}
		if dir, err := filepath.EvalSymlinks(filepath.Dir(name)); err == nil {
			name = filepath.Join(dir, filepath.Base(name))
		}
		if whole, err := filepath.Abs(name); err == nil {
			name = whole
		}
		return filepath.Clean(name)
	}
	return place(a) == place(b)
}

// writeOutputs writes files first and standard output last, so that a file that cannot be written is said before anything is shown.
func (a *app) writeOutputs(outs []output, write func(o output, to *os.File) error, show func(o output) error) error {
	for _, o := range outs {
		if o.file == "" {
			continue
		}
		if err := writeTo(o.file, func(f *os.File) error { return write(o, f) }); err != nil {
			return undecided(fmt.Errorf("write %s: %w", o.file, plain(err)), "")
		}
	}
	for _, o := range outs {
		if o.file == "" {
			if err := show(o); err != nil {
				return undecided(fmt.Errorf("write %s: %w", o.format, err), "")
			}
		}
	}
	return nil
}

// writeTo writes a file that a user named. A regular file appears whole or not at all, and where a symbolic link stands for it the
// link stays. What is there and is no regular file (/dev/null, a terminal, a FIFO) is written in place.
func writeTo(name string, write func(*os.File) error) error {
	if link := plantedLink(name); link != "" {
		return fmt.Errorf("%s is a link in the repository that leads out of it: a change could lead it anywhere", link)
	}
	s, err := os.Stat(name)
	if err != nil {
		return writeWhole(name, write)
	}
	if s.IsDir() {
		return errors.New("it is a folder")
	}
	device := strings.HasPrefix(name, "/dev/") || strings.HasPrefix(name, "/proc/") // a file that was opened: its name is not its place
	if s.Mode().IsRegular() && !device {
		return writeWhole(name, write)
	}
	for _, open := range []*os.File{os.Stdout, os.Stderr} { // opened again, a file would be written over from its beginning
		if have, err := open.Stat(); err == nil && os.SameFile(s, have) {
			return write(open)
		}
	}
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// writeWhole writes a file beside its place and moves it there when it is complete.
func writeWhole(name string, write func(*os.File) error) (err error) {
	if name, err = behindLinks(name); err != nil {
		return err
	}
	removeStages(name)
	f, err := newStage(name)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if old, err := os.Stat(name); err == nil {
		if err := f.Chmod(old.Mode().Perm()); err != nil { // whoever made it private meant it
			return err
		}
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// What a stage is called: the name of its file, after a dot so that it is no report, and something that tells it from others.
const (
	stageSuffix = ".part"
	stageAge    = 24 * time.Hour
)

// newStage makes the file that is to take a name once it is complete. Who may read it is the umask's matter, as of what any tool writes:
// a result names what is weak and holds no secret, and the steps that read it after this one often run as another user.
func newStage(name string) (*os.File, error) {
	for try := 0; ; try++ {
		stage := fmt.Sprintf(".%s.%08x%s", filepath.Base(name), rand.Uint32(), stageSuffix)
		f, err := os.OpenFile(filepath.Join(filepath.Dir(name), stage), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) || try == 100 {
			return f, err
		}
	}
}

// removeStages removes what a run that was killed left beside a file, once no running one can own it. That it cannot be removed is no
// reason not to write the file.
func removeStages(name string) {
	entries, err := os.ReadDir(filepath.Dir(name))
	if err != nil {
		return
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "."+filepath.Base(name)+".") || !strings.HasSuffix(e.Name(), stageSuffix) {
			continue
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > stageAge {
			os.Remove(filepath.Join(filepath.Dir(name), e.Name()))
		}
	}
}

// behindLinks is the place that a name stands for, whether something is there yet or not.
func behindLinks(name string) (string, error) {
	for range 40 { // as many as Linux follows
		to, err := os.Readlink(name)
		if err != nil { // no link, or nothing
			return name, nil
		}
		if !filepath.IsAbs(to) {
			dir, err := filepath.EvalSymlinks(filepath.Dir(name))
			if err != nil {
				return "", err
			}
			to = filepath.Join(dir, to)
		}
		name = to
	}
	return "", errors.New("the link leads to itself")
}
