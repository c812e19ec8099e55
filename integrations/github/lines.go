package github

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/go-github/v60/github"
)

// Lines are lines of a file after the change, both included. They count from 1.
type Lines struct{ From, To int }

// mostFiles is how many files of a pull request GitHub lists.
const mostFiles = 3000

// Lines lists which lines of a pull request take remarks: those that its diff shows on the right side, by path, one range for each hunk.
// A file without any is absent: it was deleted, is binary, or is too large for GitHub to show.
func (c *Client) Lines(ctx context.Context, pull int) (map[string][]Lines, error) {
	all := map[string][]Lines{}
	page := &github.ListOptions{PerPage: 100}
	for range mostFiles / page.PerPage {
		files, res, err := c.rest.PullRequests.ListFiles(ctx, c.owner, c.name, pull, page)
		if err != nil {
			return nil, err
		}
		if files == nil {
			return nil, fmt.Errorf("the files: %w", errNoAnswer)
		}
		for _, f := range files {
			if lines := hunks(f.GetPatch()); len(lines) > 0 {
				all[f.GetFilename()] = lines
			}
		}
		if res.NextPage == 0 {
			break
		}
		page.Page = res.NextPage
	}
	return all, nil
}

var hunkHead = regexp.MustCompile(`^@@ -[0-9]{1,9}(?:,[0-9]{1,9})? \+([0-9]{1,9})(?:,([0-9]{1,9}))? @@`)

// hunks are the lines of a patch's right side. Lines of code in a patch begin with a blank, plus, minus or backslash, so that none of them
// passes for the head of a hunk.
func hunks(patch string) []Lines {
	var all []Lines
	for line := range strings.Lines(patch) {
		head := hunkHead.FindStringSubmatch(line)
		if head == nil {
			continue
		}
		from, _ := strconv.Atoi(head[1]) // the pattern bounds both
		count := 1
		if head[2] != "" {
			count, _ = strconv.Atoi(head[2])
		}
		if from > 0 && count > 0 {
			all = append(all, Lines{from, from + count - 1})
		}
	}
	return all
}

// shown says whether a remark can stand at lines: all of them in one hunk.
func shown(in []Lines, at Lines) bool {
	for _, hunk := range in {
		if hunk.From <= at.From && at.From <= at.To && at.To <= hunk.To {
			return true
		}
	}
	return false
}
