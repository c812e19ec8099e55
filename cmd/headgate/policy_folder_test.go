package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/policies"
)

func TestALinkThatLeadsOutOfAPolicyFolderIsNotFollowed(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "secret.yaml"), "params: {key: hunter2}\n")
	writeFile(t, filepath.Join(dir, "own", "acme", "acme.rego"), "package packs.acme\n\ndeny contains \"x\" if input.finding.title == \"x\"\n")
	link := filepath.Join(dir, "own", "acme", "data.yaml")
	load := func() error {
		folder, err := packFolder(workingTree, filepath.Join(dir, "own"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = engine.LoadPolicy(t.Context(), engine.PolicySource{Shipped: policies.Files, Own: []engine.PackFolder{folder}})
		return err
	}
	if err := os.Symlink(filepath.Join("..", "..", "secret.yaml"), link); err != nil {
		t.Fatal(err)
	}
	if err := load(); err == nil {
		t.Error("a link out of the folder is followed")
	}
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "own", "acme", "real.yml.txt"), "params: {}\n")
	if err := os.Symlink("real.yml.txt", link); err != nil { // as folders that are mounted into containers are made
		t.Fatal(err)
	}
	if err := load(); err != nil {
		t.Errorf("a link within the folder: %v", err)
	}
}
