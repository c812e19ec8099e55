package ingest

import (
	"bytes"
	"encoding/json"
	commandline "flag" // the package has a type of that name
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/headgate/headgate/engine"
)

var update = commandline.Bool("update", false, "write the golden files instead of comparing with them")

// readFile reads a report of testdata.
func readFile(t *testing.T, name string, o Options) (engine.Report, []engine.Discovery, error) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return read(name, f, o)
}

// golden compares what a report of testdata is read as with testdata/NAME.golden.
func golden(t *testing.T, name string, o Options) {
	t.Helper()
	report, found, err := readFile(t, name, o)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	enc := json.NewEncoder(&got)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(map[string]any{"report": report, "discoveries": found}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (write it with go test -update)", err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%s is read as\n%s\nwant\n%s", name, got.Bytes(), want)
	}
}

// read is Read, for tests that look at findings only.
func read(name string, r io.Reader, o Options) (engine.Report, []engine.Discovery, error) {
	in, err := Read(name, r, o)
	if err != nil {
		return engine.Report{}, nil, err
	}
	return in.Report, in.Discoveries, nil
}
