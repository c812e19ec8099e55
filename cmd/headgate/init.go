package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine/scope"
	"github.com/headgate/headgate/engine/waiver"
)

//go:embed templates
var templates embed.FS

// scaffold is what init writes. The schemas stand beside the files that name them for editors: they are those of this version, and need
// no network.
var scaffold = []struct {
	place string
	text  func() ([]byte, error)
}{
	{settingsFolder + "/headgate.yaml", templateText("headgate.yaml")},
	{settingsFolder + "/assets.yaml", templateText("assets.yaml")},
	{settingsFolder + "/headgate.schema.json", func() ([]byte, error) { return settingsSchema, nil }},
	{settingsFolder + "/assets.schema.json", func() ([]byte, error) { return scope.AssetsSchema(), nil }},
	{settingsFolder + "/" + waiver.SchemaFile, func() ([]byte, error) { return waiver.Schema, nil }},
	{".github/workflows/headgate.yml", templateText("workflow.yml")},
}

func templateText(name string) func() ([]byte, error) {
	return func() ([]byte, error) { return templates.ReadFile("templates/" + name) }
}

func newInitCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "init [FOLDER]",
		Short: "Write .headgate with commented settings, and a workflow; never overwrites",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			for _, s := range scaffold {
				text, err := s.text()
				if err != nil {
					return err
				}
				place := filepath.Join(dir, filepath.FromSlash(s.place))
				switch err := writeNew(place, text); {
				case errors.Is(err, fs.ErrExist):
					fmt.Fprintf(a.stdout, "kept     %s\n", filepath.ToSlash(place))
				case err != nil:
					return setup(err, "")
				default:
					fmt.Fprintf(a.stdout, "written  %s\n", filepath.ToSlash(place))
				}
			}
			a.say("hint", "name your assets in .headgate/assets.yaml, then run headgate gate with a report")
			return nil
		},
	}
}

// writeNew writes a file that must not be there yet, whole or not at all.
func writeNew(place string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
		return err
	}
	if _, err := os.Lstat(place); err == nil {
		return fs.ErrExist
	}
	f, err := os.CreateTemp(filepath.Dir(place), ".headgate.*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err := f.Write(text); err != nil {
		f.Close()
		return err
	}
	if err := errors.Join(f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), place) // unlike a rename, a link never replaces what another process has written meanwhile
}
