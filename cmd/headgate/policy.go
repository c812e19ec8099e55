package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
	"github.com/headgate/headgate/policies"
)

// policyCommands are the subcommands of policy: one file and one line each.
var policyCommands = []func(*app) *cobra.Command{
	newPolicyNewCommand,
	newPolicyCheckCommand,
	newPolicyTestCommand,
	newPolicyDocsCommand,
	newPolicySimulateCommand,
	newPolicyBundleCommand,
}

func newPolicyCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "policy",
		Short: "Write policies: make, check, test, document, simulate and bundle packs",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	for _, newCommand := range policyCommands {
		c.AddCommand(newCommand(a))
	}
	return c
}

// whichPacks is how help says what the commands work on.
const whichPacks = `DIR is a folder that holds packs, one folder each. Without any it is policies in the settings folder; where there is none, the packs
that ship.`

// policySource are the packs that a command for authors works on: those of the folders, else of the settings, else those that ship. On
// top of the shipped packs that are on, as the gate has them.
func (a *app) policySource(settingsFlag string, folders []string) (engine.PolicySource, error) {
	src := engine.PolicySource{Shipped: policies.Files, Packs: policies.Default}
	s, err := a.openSettings(workingTree, settingsFlag, nil)
	if err != nil {
		return src, err
	}
	if s.Packs != nil {
		src.Packs = slices.Compact(slices.Sorted(slices.Values(s.Packs)))
	}
	if own := s.path("policies"); own != "" && len(folders) == 0 {
		folders = []string{own}
	}
	if len(folders) == 0 {
		src.Packs, err = shippedPacks()
		return src, err
	}
	for _, folder := range folders {
		own, err := packFolder(s.from, folder)
		if err != nil {
			return src, err
		}
		src.Own = append(src.Own, own)
	}
	return src, nil
}

// packFolder opens a folder that holds packs.
func packFolder(from *origin, folder string) (engine.PackFolder, error) {
	if s, err := from.stat(folder); err != nil || !s.IsDir() {
		return engine.PackFolder{}, setup(fmt.Errorf("the policy folder %s is not there", folder), "")
	}
	files, err := from.folder(folder)
	if err != nil {
		return engine.PackFolder{}, setup(err, "")
	}
	return engine.PackFolder{Label: strings.TrimPrefix(filepath.ToSlash(filepath.Clean(folder)), "./"), Files: files}, nil
}

// shippedPacks are all packs that ship, on by default or not.
func shippedPacks() ([]string, error) {
	entries, err := fs.ReadDir(policies.Files, "packs")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, nil
}

// openDraft reads the policies that a command for authors works on.
func (a *app) openDraft(settingsFlag string, folders []string) (*engine.Draft, error) {
	src, err := a.policySource(settingsFlag, folders)
	if err != nil {
		return nil, err
	}
	d, err := engine.ReadDraft(src)
	if err != nil {
		return nil, setup(err, "a policy folder holds packs, one folder each: DIR/acme/acme.rego")
	}
	if len(d.Files()) == 0 {
		return nil, setup(fmt.Errorf("there is no pack in %s", src.Own[0].Label), "headgate policy new NAME makes one")
	}
	return d, nil
}

// An outputFormat is one way to write what a command for authors found.
type outputFormat[T any] struct {
	report.Format
	write func(T, *strings.Builder) error
}

func formatsOf[T any](all []outputFormat[T]) []report.Format {
	var formats []report.Format
	for _, f := range all {
		formats = append(formats, f.Format)
	}
	return formats
}

// writeAs writes what was found in every form that was asked for.
func writeAs[T any](a *app, outs []output, formats []outputFormat[T], found T) error {
	render := func(o output) (string, error) {
		for _, f := range formats {
			if f.Name == o.format {
				var b strings.Builder
				err := f.write(found, &b)
				return b.String(), err
			}
		}
		return "", errors.New("unknown format " + o.format)
	}
	return a.writeOutputs(outs,
		func(o output, to *os.File) error {
			text, err := render(o)
			if err != nil {
				return err
			}
			_, err = to.WriteString(text)
			return err
		},
		func(o output) error {
			text, err := render(o)
			if err != nil {
				return err
			}
			_, err = a.stdout.Write([]byte(text))
			return err
		})
}
