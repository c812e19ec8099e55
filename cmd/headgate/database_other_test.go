//go:build !unix

package main

import "testing"

var runTests = (*testing.M).Run
