package main

import (
	"runtime"
	"runtime/metrics"
	"testing"
)

// A heap that may grow as far for ever would take many times the memory of what a large run needs.
func TestOnlyTheFirstCollectionComesLate(t *testing.T) {
	usual := collectedAt()
	set := app{getenv: func(string) string { return "50" }}
	set.beginWithLargeHeap()
	if have := collectedAt(); have != usual {
		t.Errorf("GOGC is set, and garbage is collected at %d %%, not %d", have, usual)
	}
	unset := app{getenv: func(string) string { return "" }}
	unset.beginWithLargeHeap()
	if have := collectedAt(); have <= usual {
		t.Errorf("at first garbage is collected at %d %%, as it is later", have)
	}
	for range 1000 { // what comes of the first one is said to another goroutine
		if runtime.GC(); collectedAt() == usual {
			return
		}
	}
	t.Errorf("garbage is still collected at %d %%, not %d", collectedAt(), usual)
}

// collectedAt is how far the heap may grow between collections, in percent.
func collectedAt() uint64 {
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
