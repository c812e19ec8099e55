package main

import (
	"runtime"
	"runtime/debug"
)

// startingHeap is how large the heap gets before garbage is collected for the first time, about, in bytes. Most of what a run makes while
// policies are compiled stays: collecting it again and again takes a third of the CPU time of a small run, which is over below this size.
const startingHeap = 64 << 20

// smallestHeap is that of the runtime, with GOGC at 100.
const smallestHeap = 4 << 20

// beginWithLargeHeap lets the heap grow to its starting size, and has garbage collected as usual from then on. Who sets GOGC has it
// collected as that says.
func (a *app) beginWithLargeHeap() {
	if a.getenv("GOGC") != "" {
		return
	}
	usual := debug.SetGCPercent(startingHeap / smallestHeap * 100)
	collected := new([32]byte) // too large for the allocator of tiny objects, which may keep it for others
	runtime.AddCleanup(collected, func(percent int) { debug.SetGCPercent(percent) }, usual)
}
