package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// A PackBundle holds everything that decides: main, lib and packs.
type PackBundle struct {
	Label string            // how errors name it
	Files map[string][]byte // by path: main/…, lib/…, packs/<pack>/…, and perhaps data.json or data.yaml above them
}

// files are the files of a bundle. All that OPA would read of it must be where it is asked: a rule elsewhere would never be.
func (b *PackBundle) files() (files []policyFile, packs []string, err error) {
	decides := false
	for _, name := range slices.Sorted(maps.Keys(b.Files)) {
		label, base := b.Label+"/"+name, path.Base(name)
		parts := strings.Split(name, "/")
		ext := path.Ext(base)
		switch known := len(parts) == 1 && isData(base) || len(parts) > 1 && (parts[0] == "main" || parts[0] == "lib") || len(parts) > 2 && parts[0] == "packs"; {
		case strings.HasPrefix(base, ".") || isTest(base):
			continue
		case ext != ".rego" && ext != ".json" && ext != ".yaml" && ext != ".yml" && ext != ".wasm":
			continue // a README
		case !known:
			return nil, nil, fmt.Errorf("%s: is never asked: a bundle has main, lib and packs/<pack>", label)
		case ext != ".rego" && !isData(base):
			return nil, nil, fmt.Errorf("%s: is not read: a bundle has rules in Rego, and data in data.json or data.yaml", label)
		case len(b.Files[name]) > maxPolicyFile && ext == ".rego":
			return nil, nil, fmt.Errorf("%s: larger than a policy file may be", label)
		}
		decides = decides || parts[0] == "main" && ext == ".rego"
		if parts[0] == "packs" && !slices.Contains(packs, parts[1]) {
			packs = append(packs, parts[1])
		}
		files = append(files, policyFile{name, label, b.Files[name]})
	}
	switch {
	case !decides:
		return nil, nil, fmt.Errorf("%s: it has no main, which asks the packs: a bundle brings its own (data.main.decision and data.main.gate)", b.Label)
	case len(packs) == 0:
		return nil, nil, fmt.Errorf("%s: it has no packs, so nothing would ever be decided", b.Label)
	}
	return files, packs, nil
}

// overrides puts the given parameters over those of the files and lists what is not as it ships. The parameters of a bundle are compared with
// those that ship, as whoever built it set them there.
func (src PolicySource) overrides(data map[string]any, packs []string) ([]string, error) {
	if src.Bundle == nil {
		return override(data, src.Params, packs)
	}
	if _, err := override(data, src.Params, packs); err != nil {
		return nil, err
	}
	ships, err := src.shippedData(packs)
	if err != nil {
		return nil, err
	}
	var changed []string
	for _, pack := range append([]string{"main"}, packs...) {
		_, have, err := paramsOf(data, pack, packs)
		_, was, notShipped := paramsOf(ships, pack, packs)
		if err != nil || notShipped != nil {
			continue
		}
		changed = differ(changed, was, have, pack)
	}
	slices.Sort(changed)
	return changed, nil
}

// shippedData is the data of main and of those of the packs that ship.
func (src PolicySource) shippedData(packs []string) (map[string]any, error) {
	var files []policyFile
	if src.Shipped == nil {
		return nil, nil
	}
	for _, dir := range append([]string{"main"}, packs...) {
		if dir != "main" {
			dir = path.Join("packs", dir)
		}
		if _, err := fs.Stat(src.Shipped, dir); err != nil {
			continue
		}
		var err error
		if files, err = readFiles(files, src.Shipped, dir, dir, path.Join("policies", dir), false); err != nil {
			return nil, err
		}
	}
	return mount(files)
}

// differ adds in which parameters a document differs from another, as Overrides words them.
func differ(changed []string, was, have map[string]any, at string) []string {
	keys := slices.Sorted(maps.Keys(was))
	for key := range have {
		if _, ok := was[key]; !ok {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		here := at + "." + key
		before, wasMap := was[key].(map[string]any)
		after, isMap := have[key].(map[string]any)
		if wasMap && isMap {
			changed = differ(changed, before, after, here)
			continue
		}
		text := func(in map[string]any) string {
			if value, ok := in[key]; ok {
				return asJSON(value)
			}
			return "not set"
		}
		if text(was) != text(have) {
			changed = append(changed, fmt.Sprintf("%s: %s → %s", here, text(was), text(have)))
		}
	}
	return changed
}

// A Packed policy is what a bundle of it holds.
type Packed struct {
	Info      PolicyInfo
	Overrides []string
	Files     map[string][]byte // by path, without tests
}

// Pack loads policies, so that nothing is packed that would not load, and is the files that decide as they do: where parameters are
// overridden, with these instead of the defaults.
func Pack(ctx context.Context, src PolicySource) (*Packed, error) {
	p, err := LoadPolicy(ctx, src)
	if err != nil {
		return nil, err
	}
	packed := &Packed{Info: p.info, Overrides: p.overrides}
	if packed.Files, err = p.Files(); err != nil {
		return nil, err
	}
	if len(packed.Info.Packs) == 0 {
		return nil, errors.New("no pack is on, so nothing would ever be decided")
	}
	// What was packed must load as well, and say the same.
	again, err := LoadPolicy(ctx, PolicySource{Shipped: src.Shipped, Assume: src.Assume, NoRange: true, Bundle: &PackBundle{Label: "the bundle", Files: packed.Files}})
	if err != nil {
		return nil, err
	}
	packed.Info = again.info
	return packed, nil
}

// Files are what the policy was compiled from, by path and without tests. Where parameters were given, they stand there instead of the
// defaults: a PackBundle of these files is the same policy, with the same digest.
func (p *Policy) Files() (map[string][]byte, error) {
	files, given := map[string][]byte{}, p.given
	if len(given) > 0 && slices.ContainsFunc(p.files, func(f policyFile) bool { return isData(f.path) }) {
		given = []string{""} // data above the folders of packs says what parameters of theirs are: all of it is written anew
	}
	for _, f := range p.files {
		if !isData(path.Base(f.path)) || !slices.Contains(given, "") && !slices.Contains(given, owner(f.path)) {
			files[f.path] = f.text
		}
	}
	for _, folder := range given {
		var doc any = p.data
		for dir := range strings.SplitSeq(folder, "/") {
			if in, ok := doc.(map[string]any); ok && dir != "" {
				doc = in[dir]
			}
		}
		text, err := json.MarshalIndent(doc, "", "  ")
		if err != nil {
			return nil, fmt.Errorf("parameters of %s: %w", folder, err)
		}
		files[path.Join(folder, "data.json")] = append(text, '\n')
	}
	return files, nil
}

// given are the folders whose parameters are given.
func (src PolicySource) given() []string {
	var folders []string
	for _, pack := range slices.Sorted(maps.Keys(src.Params)) {
		folders = append(folders, folderOf(pack))
	}
	return folders
}

func folderOf(pack string) string {
	if pack == "main" {
		return pack
	}
	return "packs/" + pack
}

// owner is main, lib or the folder of the pack that a file belongs to.
func owner(name string) string {
	parts := strings.Split(name, "/")
	if parts[0] == "packs" {
		return parts[0] + "/" + parts[1]
	}
	return parts[0]
}
