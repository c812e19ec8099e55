package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/headgate/headgate/policies"
)

// The peers, at the versions that are compared with.
var peers = []struct{ name, module, version string }{
	{"conftest", "github.com/open-policy-agent/conftest", "v0.71.0"},
	{"opa", "github.com/open-policy-agent/opa", "v1.22.2"},
}

// buildTools builds the program anew, and what it is compared with once, and gives the folder that they are in.
func buildTools(ctx context.Context) (string, error) {
	dir, err := toolsFolder()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	if err := build(ctx, "", "build", "-o", filepath.Join(dir, "headgate"), "github.com/headgate/headgate/cmd/headgate"); err != nil {
		return "", err
	}
	for _, p := range peers {
		in := filepath.Join(dir, p.name+"-"+p.version)
		if _, err := os.Stat(filepath.Join(in, p.name)); err == nil {
			continue
		}
		fmt.Fprintf(os.Stderr, "bench: building %s %s\n", p.name, p.version)
		if err := build(ctx, in, "install", p.module+"@"+p.version); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// toolsFolder is where the programs are kept.
func toolsFolder() (string, error) {
	cache, err := os.UserCacheDir()
	return filepath.Join(cache, "headgate-bench"), err
}

func build(ctx context.Context, bin string, args ...string) error {
	c := exec.CommandContext(ctx, "go", args...)
	c.Env = append(os.Environ(), "GOBIN="+bin)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}

// tool is the file of a program.
func (b *bench) tool(name string) string {
	for _, p := range peers {
		if p.name == name {
			return filepath.Join(b.tools, name+"-"+p.version, name)
		}
	}
	return filepath.Join(b.tools, name)
}

// write writes a file of this run, with its folders.
func (b *bench) write(name, text string) (string, error) {
	name = filepath.Join(b.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return "", err
	}
	return name, os.WriteFile(name, []byte(text), 0o644)
}

// defaultPolicies writes the policies that are on by default into a folder, as OPA loads them: main, lib and packs, without their tests.
func defaultPolicies(dir string) error {
	folders := []string{"main", "lib"}
	for _, pack := range policies.Default {
		folders = append(folders, "packs/"+pack)
	}
	for _, folder := range folders {
		files, err := fs.ReadDir(policies.Files, folder)
		if err != nil {
			return err
		}
		to := filepath.Join(dir, filepath.FromSlash(folder))
		if err := os.MkdirAll(to, 0o755); err != nil {
			return err
		}
		for _, f := range files {
			if strings.HasSuffix(f.Name(), "_test.rego") {
				continue
			}
			text, err := fs.ReadFile(policies.Files, folder+"/"+f.Name())
			if err == nil {
				err = os.WriteFile(filepath.Join(to, f.Name()), text, 0o644)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}
