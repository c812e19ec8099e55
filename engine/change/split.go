package change

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// Bounds of a diff. A file whose part is larger is known to be touched, and no more.
const (
	mostBytes   = 1 << 30  // of a diff
	mostOfAFile = 16 << 20 // of the part of one file
	mostFiles   = 500_000
)

// A section is the part of a diff that is about one file.
type section struct {
	text  []byte // its header alone if it is cut
	cut   bool   // it was too large
	lines int    // where it begins, for errors
}

// hunk is the head of a run of lines: "@@ -10,2 +12,3 @@". A count that is not given is one.
var hunk = regexp.MustCompile(`^@@ -[0-9]+(?:,([0-9]{1,9}))? \+[0-9]+(?:,([0-9]{1,9}))? @@`)

// sides are the prefixes that git puts before old and new names: those it has by default, and those of diff.mnemonicPrefix.
var sides = [][2]string{{"a/", "b/"}, {"i/", "w/"}, {"c/", "i/"}, {"c/", "w/"}, {"o/", "w/"}, {"1/", "2/"}}

// A splitter cuts a diff into sections and refuses what the parser of sections would pass over in silence: a change that is not seen
// would count as none. What stands before the first section, and between the patches of a mail, is let by if it cannot be a change.
type splitter struct {
	in       *bufio.Reader
	line     int
	old, new int // lines of the hunk that are still to come
	current  *section
	files    int
	take     func(*section) error
}

// errNoGitDiff is what a file is that has no section at all.
var errNoGitDiff = errors.New("not a diff as git writes it")

func (s *splitter) run() error {
	read := 0
	for {
		line, err := s.readLine()
		if err != nil && err != io.EOF {
			return err
		}
		if read += len(line); read > mostBytes {
			return fmt.Errorf("larger than %d bytes", mostBytes)
		}
		if len(line) > 0 {
			s.line++
			if err := s.see(line); err != nil {
				return fmt.Errorf("line %d: %w", s.line, err)
			}
		}
		if err == io.EOF {
			break
		}
	}
	if s.old > 0 || s.new > 0 {
		return errors.New("it ends in the middle of a hunk")
	}
	return s.end()
}

// readLine reads a line with its end. Of one that is longer than a file may be, only what a section would keep is taken.
func (s *splitter) readLine() ([]byte, error) {
	var line []byte
	for {
		part, err := s.in.ReadSlice('\n')
		if len(line) <= mostOfAFile {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// see takes one line.
func (s *splitter) see(line []byte) error {
	if s.old > 0 || s.new > 0 {
		return s.inHunk(line)
	}
	if end := len(line) - 2; bytes.HasSuffix(line, []byte("\r\n")) {
		line = append(line[:end], '\n') // git quotes what really ends in a carriage return
	}
	if bytes.HasPrefix(line, []byte("diff --git ")) {
		if err := prefixed(string(bytes.TrimRight(line[len("diff --git "):], "\n"))); err != nil {
			return err
		}
		if err := s.end(); err != nil {
			return err
		}
		if s.files++; s.files > mostFiles {
			return fmt.Errorf("more than %d files", mostFiles)
		}
		s.current = &section{lines: s.line}
		s.keep(line)
		return nil
	}
	if m := hunk.FindSubmatch(line); m != nil {
		if s.current == nil {
			return errors.New("a hunk of no file: " + errNoGitDiff.Error())
		}
		s.old, s.new = number(m[1]), number(m[2])
		s.keep(line)
		return nil
	}
	if err := s.beside(line); err != nil {
		return err
	}
	if s.current != nil {
		s.keep(line)
	}
	return nil
}

// inHunk counts the lines of a hunk.
func (s *splitter) inHunk(line []byte) error {
	switch line[0] {
	case ' ', '\n', '\r':
		s.old, s.new = s.old-1, s.new-1
	case '-':
		s.old--
	case '+':
		s.new--
	case '\\':
	default:
		return errors.New("the hunk is shorter than it says")
	}
	if s.old < 0 || s.new < 0 {
		return errors.New("the hunk has other lines than it says")
	}
	s.keep(line)
	return nil
}

// beside refuses lines outside of hunks that tell of changes in a way that is not read.
func (s *splitter) beside(line []byte) error {
	text := string(line[:min(len(line), 200)])
	has := func(prefixes ...string) bool {
		for _, p := range prefixes {
			if strings.HasPrefix(text, p) {
				return true
			}
		}
		return false
	}
	switch {
	case has("diff --cc ", "diff --combined ", "@@@"):
		return errors.New("the diff of a merge against several parents says not what is new; take git diff BASE...HEAD")
	case has("Submodule "):
		return errors.New("submodules are told of as a log; take git diff --submodule=short")
	case has("Only in "):
		return errNoGitDiff
	case has("@@"):
		return errors.New("the head of the hunk is not valid")
	case s.current == nil:
		return nil
	case has("--- ", "+++ ", "-- \n", "---\n"):
		return nil
	case has("+", "-"):
		return errors.New("a changed line outside of a hunk")
	}
	return nil
}

// keep adds a line to the section. What is too large keeps its header, which says whose it is.
func (s *splitter) keep(line []byte) {
	c := s.current
	if c.cut {
		return
	}
	if len(c.text)+len(line) > mostOfAFile {
		c.cut = true
		for _, mark := range []string{"\n@@ ", "\nGIT binary patch"} {
			if i := bytes.Index(c.text, []byte(mark)); i >= 0 {
				c.text = c.text[:i+1]
			}
		}
		return
	}
	c.text = append(c.text, line...)
}

// end hands the section over.
func (s *splitter) end() error {
	if s.current == nil {
		return nil
	}
	done := s.current
	s.current = nil
	if err := s.take(done); err != nil {
		return fmt.Errorf("the file at line %d: %w", done.lines, err)
	}
	return nil
}

// prefixed says whether names have the prefixes by which git tells old from new. Without them the first folder of every name would be
// taken for one, and no file would be found again.
func prefixed(names string) error {
	for _, side := range sides {
		for _, quote := range []string{"", `"`} {
			if rest, ok := strings.CutPrefix(names, quote+side[0]); ok &&
				(strings.Contains(rest, " "+side[1]) || strings.Contains(rest, ` "`+side[1])) {
				return nil
			}
		}
	}
	return errors.New("the names have no a/ and b/ before them; take git diff --src-prefix=a/ --dst-prefix=b/")
}

// number is a count of a hunk's head, which is one if it is not said.
func number(text []byte) int {
	if len(text) == 0 {
		return 1
	}
	n, err := strconv.Atoi(string(text))
	if err != nil {
		return 1 // cannot be: the pattern has up to nine digits
	}
	return n
}
