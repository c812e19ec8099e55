//go:build unix

package main

import (
	"os"
	"strings"
	"testing"
)

// settled gives the yard a folder of its own, whose files the test may change.
func (y *yard) settled() *yard {
	y.t.Helper()
	own := y.t.TempDir()
	if err := os.CopyFS(own, os.DirFS(y.folder)); err != nil {
		y.t.Fatal(err)
	}
	return &yard{t: y.t, folder: own, where: y.where}
}

// newerKEV is the catalogue of the day after the new day, with another CVE in the place of one.
var newerKEV = strings.NewReplacer("2026.11.21", "2026.11.22", "2026-11-21T", "2026-11-22T", `"CVE-2025-10001"`, `"CVE-2025-10002"`)

// unsettle changes all that a sweep is told by files, as people and jobs do at any time.
func (y *yard) unsettle() {
	y.t.Helper()
	kev := newerKEV.Replace(readFile(y.t, y.path("intel-new", "kev.json")))
	writeFile(y.t, y.path("settings", "assets.yaml"), strings.ReplaceAll(assetsOfEstate, "isolated", "internet"))
	writeFile(y.t, y.path("settings", "waivers.yaml"), strings.ReplaceAll(waiversOfEstate, "lib8", "lib9"))
	writeFile(y.t, y.path("settings", "headgate.yaml"), "params: {waivers: {allow_unverified: false}}\n")
	writeFile(y.t, y.path("settings", "policies", "own", "own.rego"), "package packs.own\n\nwarn contains \"look\" if input.asset.id == \"edge\"\n")
	writeFile(y.t, y.path("newer", "kev.json"), kev)
	y.must("intel", "update", "--from", y.path("newer"), "--intel", y.path("intel-new"), "--only", "kev")
}

// Whatever becomes of the files while a sweep is at work, it decides everything with those that it has read, which its manifest names. The next
// one takes the others, and comes to what deciding everything anew comes to.
func TestFilesThatChangeWhileASweepIsAtWorkCountForTheNext(t *testing.T) {
	t.Parallel()
	undisturbed, _ := newYard(t)
	undisturbed = undisturbed.settled()
	undisturbed.must(undisturbed.sweepArgs()...)
	want := undisturbed.outcome()
	undisturbed.unsettle()
	next := undisturbed.anew()
	for name, begin := range map[string]func(*yard) (p *process, goOn func()){
		"here, all of it read": func(y *yard) (*process, func()) {
			return y.held(stop{"epoch", againstReading}, y.sweepArgs()...)
		},
		"here, all of it decided": func(y *yard) (*process, func()) {
			return y.held(stop{"blob", againstWriting}, y.sweepArgs()...)
		},
		"by workers, all of it read": func(y *yard) (*process, func()) {
			p, release := y.held(stop{"epoch", againstReading}, y.sweepArgs("--engine", "river")...)
			return p, func() { release(); y.worker(); y.worker() }
		},
		"by workers, some of it decided": func(y *yard) (*process, func()) {
			p, watch, release := y.begin(), y.connect(), y.halt()
			y.worker()
			until(y.t, "a worker is in the middle of shards", func() bool { return y.halted(watch) == 2 })
			return p, func() { release(); y.worker() }
		},
	} {
		t.Run(name, func(t *testing.T) {
			y, _ := newYard(t)
			y = y.settled()
			sweep, goOn := begin(y)
			y.unsettle()
			goOn()
			if sweep.status() != statusPass {
				t.Fatal(sweep.stderr)
			}
			if have := y.outcome(); have != want {
				t.Errorf("with files that changed comes\n%s, and with those that stayed\n%s", have, want)
			}
			y.convergesTo(next)
		})
	}
}

// later is when the next sweep is.
const later = "2026-11-22T07:00:00Z"

// anew is what is open once everything was decided anew at the time of the next sweep.
func (y *yard) anew() string {
	y.t.Helper()
	y.must(y.sweepArgs("--now", later, "--all")...)
	return y.open()
}

// convergesTo makes sure that the next sweep changes something, and comes to what deciding everything anew on another ledger came to; so
// that nothing is left to do.
func (y *yard) convergesTo(want string) {
	y.t.Helper()
	before := y.open()
	y.must(y.sweepArgs("--now", later)...)
	if have := y.open(); have != want || have == before {
		y.t.Errorf("the next sweep comes to\n%s, where everything that is decided anew comes to\n%s, and there was\n%s", have, want, before)
	}
	if out := y.must(y.sweepArgs("--now", later, "-o", "json")...); !strings.Contains(out, `"transitions": []`) {
		y.t.Errorf("one more finds more: %s", out)
	}
	y.must("db", "check", "--ledger", y.where)
}

// Threat data that is replaced, and not kept as an update keeps it, cannot be recorded any more: then nothing is.
func TestThreatDataThatIsGoneBeforeItIsRecordedChangesNothing(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{engineLocal, engineRiver} {
		t.Run(engine, func(t *testing.T) {
			y, _ := newYard(t)
			y = y.settled()
			other := y.copy(t)
			before := y.outcome()
			sweep, release := y.held(stop{"epoch", againstReading}, y.sweepArgs("--engine", engine)...)
			name := y.path("intel-new", "kev.json")
			writeFile(t, name, newerKEV.Replace(readFile(t, name)))
			release()
			if sweep.status() != statusUndecided || !strings.Contains(sweep.stderr.String(), "KEV catalogue: the file that was decided on is no longer there") {
				t.Errorf("status %d: %s", sweep.ProcessState.ExitCode(), sweep.stderr)
			}
			if have := y.outcome(); have != before {
				t.Errorf("it left\n%s, and there was\n%s", have, before)
			}
			y.convergesTo(other.anew())
		})
	}
}
