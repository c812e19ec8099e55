package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var sumLine = regexp.MustCompile(`^([0-9a-f]{64})  (headgate_(\S+?)_((?:linux|darwin|windows)_(?:amd64|arm64))\.tar\.gz)$`)

// sums are the lines of a list of digests that are archives of a version.
func sums(list []byte, version string) (lines []string) {
	for s := bufio.NewScanner(bytes.NewReader(list)); s.Scan(); {
		if m := sumLine.FindStringSubmatch(s.Text()); m != nil && m[3] == strings.TrimPrefix(version, "v") {
			lines = append(lines, s.Text())
		}
	}
	return lines
}

// built are the lines of a folder's list that the action pins: one for each platform, and true of the files.
func built(dist, version string) ([]string, error) {
	list, err := os.ReadFile(filepath.Join(dist, "checksums.txt"))
	if err != nil {
		return nil, err
	}
	lines := sums(list, version)
	if len(lines) != len(platforms) {
		return nil, fmt.Errorf("%s has %d archives of %s, and a release has %d", dist, len(lines), version, len(platforms))
	}
	for _, line := range lines {
		m := sumLine.FindStringSubmatch(line)
		content, err := os.ReadFile(filepath.Join(dist, m[2]))
		if err != nil {
			return nil, err
		}
		if have := fmt.Sprintf("%x", sha256.Sum256(content)); have != m[1] {
			return nil, fmt.Errorf("%s has the digest %s, and checksums.txt says %s", m[2], have, m[1])
		}
	}
	return lines, nil
}

// both are the lines of what was built, and the text of the action's table.
func both(table, dist, version string) (lines []string, text []byte, err error) {
	if lines, err = built(dist, version); err != nil {
		return nil, nil, err
	}
	text, err = os.ReadFile(table)
	return lines, text, err
}

// pin adds the digests of a release to the action's table. What a version's files are is said once.
func pin(table, dist, version string) error {
	lines, text, err := both(table, dist, version)
	if err != nil {
		return err
	}
	if len(sums(text, version)) > 0 {
		return fmt.Errorf("%s has digests of %s: a version is released once", table, version)
	}
	if !bytes.HasSuffix(text, []byte("\n")) {
		text = append(text, '\n')
	}
	return os.WriteFile(table, append(text, strings.Join(lines, "\n")+"\n"...), 0o644)
}

// check says whether what was built is what the action's table has of the version.
func check(table, dist, version string) error {
	lines, text, err := both(table, dist, version)
	if err != nil {
		return err
	}
	pinned := sums(text, version)
	if len(pinned) == 0 {
		return fmt.Errorf("%s has no digests of %s: pin them, commit, and tag that commit", table, version)
	}
	if have, want := strings.Join(lines, "\n"), strings.Join(pinned, "\n"); have != want {
		return errors.New("what was built here is not what the commit pins\nbuilt:\n" + have + "\npinned:\n" + want)
	}
	return nil
}
