package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/ingest"
)

// readObservations reads what was seen loaded: the documents that flags name, else those of the settings.
func (r *run) readObservations() error {
	for _, arg := range r.observations() {
		name, asset := arg, ""
		if a, file, ok := strings.Cut(arg, "="); ok {
			_, whole := r.settings.from.stat(arg)
			_, part := r.settings.from.stat(file)
			if whole == nil && part == nil { // the change under review can have added either
				return setup(fmt.Errorf("runtime: %s is a file, and so is %s", arg, file), "rename one of them")
			}
			if whole != nil {
				name, asset = file, a
			}
		}
		if r.origin.later(name) {
			continue
		}
		o, err := r.readObservation(name)
		if err != nil {
			return setup(fmt.Errorf("runtime: %w", err), "a CycloneDX document of the components that were seen loaded is needed")
		}
		if asset != "" {
			o.Asset, o.Image = asset, ""
		}
		if o.Asset == "" && o.Image == "" {
			return setup(fmt.Errorf("runtime: %s does not say of which asset it is", name), "write --runtime ASSET="+name)
		}
		r.seen = append(r.seen, *o)
	}
	return nil
}

// observedFiles are the names of documents without the assets that they are of.
func (r *run) observedFiles(args []string) (files []string) {
	for _, arg := range args {
		if _, file, ok := strings.Cut(arg, "="); ok {
			if _, err := r.settings.from.stat(arg); err != nil {
				arg = file
			}
		}
		files = append(files, arg)
	}
	return files
}

// observations are the documents to read. Those of the settings are relative to their folder.
func (r *run) observations() []string {
	if len(r.flags.runtime) > 0 {
		return r.flags.runtime
	}
	var all []string
	for _, arg := range r.settings.Runtime {
		asset, file, ok := strings.Cut(arg, "=")
		if !ok {
			asset, file = "", arg
		}
		if !filepath.IsAbs(file) {
			file = filepath.Join(r.settings.folder, file)
		}
		if ok {
			file = asset + "=" + file
		}
		all = append(all, file)
	}
	return all
}

func (r *run) readObservation(name string) (*engine.Observation, error) {
	f, err := r.settings.from.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ingest.ReadObservation(strings.TrimPrefix(filepath.ToSlash(name), "./"), f, ingest.Options{MaxBytes: r.settings.MaxReportBytes})
}

// joinRuntime adds what was seen loaded.
func (r *run) joinRuntime(context.Context) error {
	seen := r.assets.ApplyObservations(r.result.Cases, r.seen, r.result.Now)
	for _, o := range seen.Stale {
		r.app.say("note", fmt.Sprintf("%s is not used: what it saw loaded held until %s", o.Source, o.Until().Format("2 Jan 2006")))
	}
	for _, o := range seen.Undated {
		r.app.say("note", o.Source+" is not used: when it saw what was loaded is not known or still to come")
	}
	for _, o := range seen.Elsewhere {
		r.app.say("note", fmt.Sprintf("%s is of %s, on which no case of this run is", o.Source, o.Asset))
	}
	if seen.NotLoaded > 0 && r.underReview() {
		r.weaken(fmt.Sprintf("not seen loaded in %d of %d cases, which the change under review may have written", seen.NotLoaded, len(r.result.Cases)))
	}
	return nil
}
