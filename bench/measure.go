package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"runtime/metrics"
	"slices"
	"strconv"
	"time"
)

// A taken is what some work took. CPU time tells the same on a busy machine; what people wait for is the wall's.
type taken struct {
	N    int           `json:"n"` // things that were worked on
	Wall time.Duration `json:"wall"`
	CPU  time.Duration `json:"cpu"`
	Peak int64         `json:"peak"` // bytes of memory that the process had at most; 0: not known
}

// each is what one thing took of a core.
func (t taken) each() time.Duration { return t.CPU / time.Duration(max(t.N, 1)) }

// perSecond is how many things were worked on in a second of the wall's time.
func (t taken) perSecond() float64 { return float64(t.N) / t.Wall.Seconds() }

// and is what both took, one after the other.
func (t taken) and(u taken) taken {
	return taken{N: t.N + u.N, Wall: t.Wall + u.Wall, CPU: t.CPU + u.CPU, Peak: max(t.Peak, u.Peak)}
}

// A ratio is how many times as fast one is as another, thing by thing.
type ratio struct{ wall, cpu float64 }

func faster(ours, theirs taken) ratio {
	a, b := float64(max(ours.N, 1)), float64(max(theirs.N, 1))
	return ratio{wall: theirs.Wall.Seconds() / b / (ours.Wall.Seconds() / a), cpu: theirs.CPU.Seconds() / b / (ours.CPU.Seconds() / a)}
}

func (r ratio) String() string { return fmt.Sprintf("**%.1f×** (CPU time %.1f×)", r.wall, r.cpu) }

// A stopwatch sums up what stretches of work take.
type stopwatch struct {
	taken
	began time.Time
	cpu   time.Duration
}

func (s *stopwatch) start() { s.began, s.cpu = time.Now(), cpuTime() }

func (s *stopwatch) stop(n int) {
	s.Wall += time.Since(s.began)
	s.CPU += cpuTime() - s.cpu
	s.N += n
}

// commandTaken runs a program once. Exit status 1 is that something is denied or blocked.
func commandTaken(ctx context.Context, args ...string) (taken, error) {
	c := exec.CommandContext(ctx, args[0], args[1:]...)
	var said bytes.Buffer
	c.Stderr = &said
	began := time.Now()
	err := c.Run()
	t := taken{N: 1, Wall: time.Since(began)}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		err = nil
	}
	if err != nil {
		return t, fmt.Errorf("%s: %w: %s", args, err, said.Bytes())
	}
	t.CPU = c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	return t, nil
}

// versus runs two commands in turn, once to warm the file cache and then so many times, and gives what the median run of each took.
func versus(ctx context.Context, times int, ours, theirs []string) (a, b taken, err error) {
	var all [2][]taken
	for i := range times + 1 {
		for side, args := range [][]string{ours, theirs} {
			t, err := commandTaken(ctx, args...)
			if err != nil {
				return a, b, err
			}
			if i > 0 {
				all[side] = append(all[side], t)
			}
		}
	}
	return median(all[0]), median(all[1]), nil
}

func median(all []taken) taken {
	walls, cpus := make([]time.Duration, 0, len(all)), make([]time.Duration, 0, len(all))
	for _, t := range all {
		walls, cpus = append(walls, t.Wall), append(cpus, t.CPU)
	}
	return taken{N: 1, Wall: middle(walls), CPU: middle(cpus)}
}

func middle(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// apart runs a job in a process of its own, so that one leaves nothing to the next: neither memory nor what was met.
func (b *bench) apart(ctx context.Context, job string, size int, dir string) (map[string]taken, error) {
	c := exec.CommandContext(ctx, b.self, "-job", job, "-size", strconv.Itoa(size), "-dir", dir)
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("job %s: %w", job, err)
	}
	found := map[string]taken{}
	return found, json.Unmarshal(out, &found)
}

// peakMemory is what this process had at most, in bytes: what the kernel says, or else what the runtime has of it now.
func peakMemory() int64 {
	if text, err := os.ReadFile("/proc/self/status"); err == nil {
		if m := regexp.MustCompile(`(?m)^VmHWM:\s+(\d+) kB$`).FindSubmatch(text); m != nil {
			kB, _ := strconv.ParseInt(string(m[1]), 10, 64)
			return kB << 10
		}
	}
	runtime.GC()
	sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

// printJob writes what a job took, for the process that asked for it.
func printJob(found map[string]taken) error {
	for name, t := range found {
		if t.Peak == 0 {
			t.Peak = peakMemory()
			found[name] = t
		}
	}
	return json.NewEncoder(os.Stdout).Encode(found)
}

func inMiB(bytes int64) string { return fmt.Sprintf("%d MiB", bytes>>20) }

// amount is a number as people read it.
func amount(f float64) string {
	s := strconv.FormatFloat(f, 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
