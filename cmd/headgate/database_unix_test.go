//go:build unix

package main

import (
	"os"
	"testing"

	"github.com/headgate/headgate/integrations/store/pgtest"
)

// runTests also takes away what tests share.
func runTests(m *testing.M) int {
	status := pgtest.Main(m)
	if y := estate.yard; y != nil {
		os.RemoveAll(y.folder)
	}
	return status
}
