package main

import (
	"context"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFormatsFitTheWidth(t *testing.T) {
	for _, width := range []int{80, 100, 120} {
		var out, errs strings.Builder
		a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, getenv: func(string) string { return "" }, width: width}
		if status := a.run(context.Background(), []string{"formats"}); status != statusPass {
			t.Fatal(errs.String())
		}
		for line := range strings.Lines(out.String()) {
			if utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > width {
				t.Errorf("wider than %d: %s", width, line)
			}
		}
	}
}
