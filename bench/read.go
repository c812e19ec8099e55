package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
)

// measureRead has the benchmark beside the readers read a report of 100 MB of each format, and encoding/json the same file.
func measureRead(ctx context.Context, _ *bench) ([]line, error) {
	const command = "go test ./engine/ingest -run '^$' -bench Read -benchtime 1x"
	c := exec.CommandContext(ctx, "go", "test", "github.com/headgate/headgate/engine/ingest", "-run", "^$", "-bench", "^BenchmarkRead$", "-benchtime", "1x", "-timeout", "10m")
	var said bytes.Buffer
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s%s", command, err, out, said.Bytes())
	}
	var lines []line
	for _, m := range regexp.MustCompile(`(?m)^BenchmarkRead/(\w+)\S*\s(.*)$`).FindAllSubmatch(out, -1) {
		times, peak, tree := metric(m[2], "x-tree"), metric(m[2], "peak-MB"), metric(m[2], "tree-peak-MB")
		lines = append(lines, line{fmt.Sprintf("a report of 100 MB read (%s) against encoding/json into a tree", m[1]), "2.5×",
			fmt.Sprintf("**%.1f×**; the heap grows by %.0f MB, with the tree by %.0f MB", times, peak, tree), times >= 2.5, command})
	}
	if len(lines) == 0 {
		return nil, errors.New("the benchmark of the readers says nothing")
	}
	return lines, nil
}

// metric is what a line of a benchmark says in a unit.
func metric(line []byte, unit string) float64 {
	m := regexp.MustCompile(`([\d.e+]+) ` + regexp.QuoteMeta(unit) + `(?:\s|$)`).FindSubmatch(line)
	if m == nil {
		return 0
	}
	f, _ := strconv.ParseFloat(string(m[1]), 64)
	return f
}
