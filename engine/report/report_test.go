package report_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

var update = flag.Bool("update", false, "write what is produced to the goldens")

func golden(t *testing.T, name string, have []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, have, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Errorf("%s differs (write it anew with -update):\nhave\n%s\nwant\n%s", path, have, want)
	}
}

func write(t testing.TB, format string, r *engine.Result, o report.Options) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := report.Write(&buf, format, r, o); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestTextAndTableReadAsTheirGoldensDo(t *testing.T) {
	for name, r := range samples() {
		for _, format := range []string{"text", "table"} {
			for _, width := range []int{60, 80, 120} {
				golden(t, fmt.Sprintf("%s.%s.%d.golden", name, format, width), write(t, format, r, report.Options{Width: width}))
			}
		}
	}
}

func TestMarkdownReadsAsItsGoldensDo(t *testing.T) {
	for name, r := range samples() {
		golden(t, name+".markdown.golden", write(t, "markdown", r, report.Options{}))
	}
}

func TestJSONReadsAsItsGoldensDo(t *testing.T) {
	for _, name := range []string{"reported", "excused"} {
		golden(t, name+".json.golden", write(t, "json", samples()[name], report.Options{}))
	}
}

func TestSARIFReadsAsItsGoldensDo(t *testing.T) {
	for _, name := range []string{"release", "doubtful", "reported", "excused"} {
		golden(t, name+".sarif.golden", write(t, "sarif", samples()[name], report.Options{}))
	}
}
