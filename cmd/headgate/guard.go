package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/headgate/headgate/engine"
)

// Bounds of work on what others wrote. An app may have others, for tests.
const (
	lastResort    = 5 * time.Second  // how long after work is cancelled it may take to notice it
	leastMemory   = 1 << 30          // that is allowed whatever the machine has, in bytes
	authorsTime   = 10 * time.Minute // for one command for authors
	memorySamples = 10 * time.Millisecond
)

// A guard watches work on reports and policies that others wrote. It cancels the work at a deadline, or when it needs too much memory; what
// does not notice that it is cancelled (a built-in function that does not yield, rules that take for ever to compile) is stopped with the
// program, which then ends as undecided: never as a pass.
type guard struct {
	app     *app
	policy  atomic.Pointer[engine.Policy] // that decides, once there is one
	most    int64                         // bytes of live heap
	before  int64                         // the runtime's own bound
	stopped chan struct{}
	cancel  context.CancelCauseFunc
}

// guard begins to watch. Most is in bytes; 0 is what suits the machine. The context is that of the work, and stop has to be called at its end.
func (a *app) guard(ctx context.Context, deadline time.Duration, most int64) (_ context.Context, g *guard, stop func()) {
	if most == 0 {
		most = suitableMemory()
	}
	g = &guard{app: a, most: most, stopped: make(chan struct{})}
	// Garbage does not count: near the bound it is collected more often.
	g.before = debug.SetMemoryLimit(-1)
	debug.SetMemoryLimit(min(g.before, most))
	ctx, end := context.WithTimeoutCause(ctx, deadline, fmt.Errorf("the deadline of %s has passed", deadline))
	ctx, g.cancel = context.WithCancelCause(ctx)
	go g.watch(ctx)
	return ctx, g, func() {
		close(g.stopped)
		g.cancel(nil)
		end()
		debug.SetMemoryLimit(g.before)
	}
}

// watch cancels the work if it needs too much memory, and waits for its end.
func (g *guard) watch(ctx context.Context) {
	tick := time.NewTicker(memorySamples)
	defer tick.Stop()
	for {
		select {
		case <-g.stopped:
			return
		case <-ctx.Done():
			g.await(ctx, tick.C)
			return
		case <-tick.C:
			if g.full() {
				g.cancel(fmt.Errorf("more than %s of memory would be needed (--max-memory-bytes)", inMiB(g.most)))
			}
		}
	}
}

// await ends the program if cancelled work does not end, or goes on to fill the memory once it had the time to say which rule it is at.
func (g *guard) await(ctx context.Context, tick <-chan time.Time) {
	last, soon := time.NewTimer(cmp.Or(g.app.lastResort, lastResort)), time.NewTimer(engine.ToBlame)
	defer last.Stop()
	defer soon.Stop()
	debug.SetMemoryLimit(g.before) // or collecting garbage would take the time that is left
	for told := false; ; {
		select {
		case <-g.stopped:
			return
		case <-soon.C:
			told = true
			continue
		case <-last.C:
		case <-tick:
			if !told || liveHeap() < g.most+g.most/8 {
				continue
			}
		}
		break
	}
	cause := context.Cause(ctx)
	err := fmt.Errorf("%w, and work did not end", cause)
	if p := g.policy.Load(); p != nil && p.Blame(cause) != cause {
		err = p.Blame(cause)
	}
	g.app.say("error", err.Error())
	os.Exit(statusUndecided)
}

// full says that there is more live heap than is allowed.
func (g *guard) full() bool {
	if liveHeap() <= g.most {
		return false
	}
	runtime.GC()
	return liveHeap() > g.most
}

// liveHeap is the heap in bytes, garbage that is not collected yet included.
func liveHeap() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

// suitableMemory is three quarters of what the machine or the container has; where nobody says how much that is, four times the least.
func suitableMemory() int64 {
	has := int64(0)
	for _, name := range []string{"/proc/meminfo", "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		text, err := os.ReadFile(filepath.FromSlash(name))
		if err != nil {
			continue
		}
		if n := memoryIn(string(text)); n > 0 && (has == 0 || n < has) {
			has = n
		}
	}
	if has == 0 {
		return 4 * leastMemory
	}
	return max(leastMemory, has/4*3)
}

// memoryIn is the number of bytes that a file of the kernel states: a bare number, or MemTotal in kB. Zero if it states none ("max").
func memoryIn(text string) int64 {
	unit := int64(1)
	if rest, ok := strings.CutPrefix(text, "MemTotal:"); ok {
		text, unit = rest, 1<<10
	}
	fields := strings.Fields(text)
	if len(fields) == 0 {
		return 0
	}
	n, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil || n <= 0 || n > (1<<62)/unit {
		return 0
	}
	return n * unit
}

func inMiB(bytes int64) string { return fmt.Sprintf("%d MiB", bytes>>20) }
