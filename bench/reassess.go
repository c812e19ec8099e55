package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/headgate/headgate/bench/estate"
	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/engine/intel"
	"github.com/headgate/headgate/integrations/store"
	"github.com/headgate/headgate/policies"
)

// sweepTimes is how often what changed is decided again, once more to warm the file cache: the median counts.
const sweepTimes = 3

// measureReassess decides again, a day later, what is open in a ledger: what the day's threat data and time changed, and everything.
func measureReassess(ctx context.Context, b *bench) ([]line, error) {
	dir := filepath.Join(b.dir, "open")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	made, err := b.apart(ctx, "ledger", b.open, dir)
	if err != nil {
		return nil, err
	}
	sweep := func(more ...string) (taken, []byte, error) {
		to := filepath.Join(dir, "reassessment.json")
		args := append([]string{b.tool("headgate"), "reassess", "--ledger", filepath.Join(dir, "ledger.db"), "--every-repository", "--intel", filepath.Join(dir, "intel"),
			"--now", estate.Today.AddDate(0, 0, 1).Format(time.RFC3339), "--dry-run", "-o", "json=" + to}, more...)
		t, err := commandTaken(ctx, args...)
		if err != nil {
			return t, nil, err
		}
		text, err := os.ReadFile(to)
		return t, text, err
	}
	var some []byte
	var deltas []taken
	for i := range sweepTimes + 1 {
		delta, text, err := sweep()
		if err != nil {
			return nil, err
		}
		if some = text; i > 0 {
			deltas = append(deltas, delta)
		}
	}
	delta := median(deltas)
	whole, all, err := sweep("--all")
	if err != nil {
		return nil, err
	}
	changed, looked, err := sameChanges(some, all)
	if err != nil {
		return nil, err
	}
	r := faster(delta, whole)
	kept := made["append"]
	b.scale.appended, b.scale.bytes, b.scale.delta, b.scale.looked, b.scale.changed = kept, made["ledger"].Peak, delta, looked, changed
	return []line{
		{fmt.Sprintf("deciding again after a day's KEV and EPSS change, %s open cases, against the full sweep: %s looked at, the same %s changed", amount(float64(kept.N)),
			amount(float64(looked)), amount(float64(changed))), "20×",
			fmt.Sprintf("%v: %.1f s against %.1f s", r, delta.Wall.Seconds(), whole.Wall.Seconds()), r.wall >= 20,
			fmt.Sprintf("go run ./bench -rows reassess -open %d", b.open)},
		{fmt.Sprintf("the runs of %d repositories appended to that ledger, with what is open: %s records", estate.Repositories, amount(float64(kept.N))), noTarget,
			fmt.Sprintf("%s a second; %s of ledger, %d bytes a case", amount(kept.perSecond()), inMiB(made["ledger"].Peak), made["ledger"].Peak/int64(max(kept.N, 1))), true,
			fmt.Sprintf("go run ./bench -rows reassess -open %d", b.open)},
	}, nil
}

// sameChanges makes sure that both sweeps found the same changes, and says how many, and how many cases the first one looked at.
func sameChanges(some, all []byte) (changed, looked int, err error) {
	type reassessment struct {
		Epoch struct {
			Evaluated int `json:"evaluated"`
		} `json:"epoch"`
		Changed []json.RawMessage `json:"transitions"`
	}
	var a, b reassessment
	if err := errors.Join(json.Unmarshal(some, &a), json.Unmarshal(all, &b)); err != nil {
		return 0, 0, err
	}
	one, other := withoutWhy(a.Changed), withoutWhy(b.Changed)
	if !slices.Equal(one, other) {
		return 0, 0, fmt.Errorf("what changed comes to %d changes, and everything to %d others", len(one), len(other))
	}
	return len(one), a.Epoch.Evaluated, nil
}

// withoutWhy are changes without the reasons for which they were looked at, in order.
func withoutWhy(changes []json.RawMessage) (all []string) {
	for _, c := range changes {
		var fields map[string]json.RawMessage
		if json.Unmarshal(c, &fields) != nil {
			continue
		}
		delete(fields, "why")
		text, _ := json.Marshal(fields)
		all = append(all, string(text))
	}
	slices.Sort(all)
	return all
}

// ledgerJob makes a ledger with an estate: one run of each repository. It leaves the threat data of the day after, with that of before.
func ledgerJob(ctx context.Context, size int, dir string) (map[string]taken, error) {
	all := estate.New(1)
	was, err := leaveFeeds(all, dir)
	if err != nil {
		return nil, err
	}
	p, err := shipped(ctx, engine.PolicySource{Assume: policies.Assume})
	if err != nil {
		return nil, err
	}
	version, err := programVersion(ctx)
	if err != nil {
		return nil, err
	}
	where := filepath.Join(dir, "ledger.db")
	l, err := store.Open(ctx, where)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	var deciding, writing, appending stopwatch
	for i := range estate.Repositories {
		cases := all.RepositoryCases(i, size)
		for j := range cases {
			c := &cases[j]
			c.Input.Context.Waivers = nil // no file grants them
			if v := c.Input.Finding.Vulnerability; v != nil {
				c.Input.Context.Intel = was.Lookup(v.CVEs)
				maps.Copy(c.Provenance, was.Provenance(v.CVEs))
			}
		}
		under := terms(p, estate.Repository(i))
		under.Engine.Headgate, under.Intel = version, was.Info()
		in := filepath.Join(dir, "run")
		if err := os.Mkdir(in, 0o755); err != nil {
			return nil, err
		}
		if err := writeEvidence(ctx, p, under, nil, slices.Values([][]engine.Case{cases}), in, &deciding, &writing); err != nil {
			return nil, err
		}
		run, err := evidence.OpenBundle(os.DirFS(in))
		if err != nil {
			return nil, err
		}
		appending.start()
		_, _, err = l.Append(ctx, run, evidence.Seal{Origin: "acme.example/log"})
		appending.stop(len(cases))
		if err != nil {
			return nil, err
		}
		if err := os.RemoveAll(in); err != nil {
			return nil, err
		}
	}
	return map[string]taken{"append": appending.taken, "ledger": {Peak: fileSize(where) + fileSize(where+"-wal")}}, nil
}

func fileSize(name string) int64 {
	s, err := os.Stat(name)
	if err != nil {
		return 0
	}
	return s.Size()
}

// leaveFeeds leaves the threat data of today and of the day after in a folder, as an update leaves it, and is that of today.
func leaveFeeds(e *estate.Estate, dir string) (*intel.Snapshot, error) {
	today, err := e.Feeds(0)
	if err != nil {
		return nil, err
	}
	next, err := e.Feeds(1)
	if err != nil {
		return nil, err
	}
	in := filepath.Join(dir, "intel")
	if err := os.MkdirAll(filepath.Join(in, intel.KeptFolder), 0o755); err != nil {
		return nil, err
	}
	before := filepath.Join(dir, "intel-before")
	if err := os.MkdirAll(before, 0o755); err != nil {
		return nil, err
	}
	feeds := map[string]intel.Feed{"kev.json": intel.FeedKEV, "epss.csv": intel.FeedEPSS, "vulnrichment.ndjson": intel.FeedSSVC}
	for name, text := range today {
		sum := sha256.Sum256(text)
		kept := intel.KeptName(feeds[name], estate.Today, "sha256:"+hex.EncodeToString(sum[:]))
		if err := errors.Join(os.WriteFile(filepath.Join(before, name), text, 0o644), os.WriteFile(filepath.Join(in, intel.KeptFolder, kept), text, 0o644)); err != nil {
			return nil, err
		}
	}
	for name, text := range next {
		if err := os.WriteFile(filepath.Join(in, name), text, 0o644); err != nil {
			return nil, err
		}
	}
	return intel.Load(os.DirFS(before))
}

// programVersion is the version of the program: cases that another one decided would all be decided again.
func programVersion(ctx context.Context) (string, error) {
	cache, err := toolsFolder()
	if err != nil {
		return "", err
	}
	out, err := exec.CommandContext(ctx, filepath.Join(cache, "headgate"), "version").Output()
	if err != nil {
		return "", err
	}
	first, _, _ := bytes.Cut(out, []byte("\n"))
	return strings.TrimPrefix(strings.TrimSpace(string(first)), "headgate "), nil
}
