package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine/author"
)

func newPolicyNewCommand(a *app) *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:   "new NAME",
		Short: "Make a pack with a rule, tests and a parameter that pass; never overwrites",
		Example: `  headgate policy new acme
  headgate policy check && headgate policy test`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return a.newPack(args[0], dir) },
	}
	c.Flags().StringVar(&dir, "dir", settingsFolder+"/policies", "`folder` that holds packs")
	return c
}

// newPack writes the files of a new pack.
func (a *app) newPack(name, dir string) error {
	shipped, err := shippedPacks()
	if err != nil {
		return err
	}
	files, err := author.New(name, shipped)
	if err != nil {
		return setup(err, "")
	}
	folder := filepath.Join(dir, name)
	if _, err := os.Lstat(folder); !errors.Is(err, fs.ErrNotExist) {
		return setup(fmt.Errorf("%s is there already", filepath.ToSlash(folder)), "choose another name, or write into it by hand")
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return setup(err, "")
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return setup(err, "")
	}
	defer root.Close()
	for _, f := range files {
		if err := writeNew(root, f.Name, f.Text); err != nil {
			return setup(err, "")
		}
		fmt.Fprintf(a.stdout, "written  %s\n", filepath.ToSlash(filepath.Join(folder, f.Name)))
	}
	a.say("hint", "headgate policy check and headgate policy test say whether it is right; headgate schema input says what a rule sees")
	return nil
}
