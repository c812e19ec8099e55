//go:build !unix

package main

import "time"

var began = time.Now()

// cpuTime is the wall's where nobody says how much of the cores a process has used.
func cpuTime() time.Duration { return time.Since(began) }
