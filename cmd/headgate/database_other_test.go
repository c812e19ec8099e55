//go:build !unix

package main

import "testing"

func runTests(m *testing.M) int { return m.Run() }

// pageLedger is a ledger in PostgreSQL, which tests have where they can start one.
func pageLedger(t *testing.T) string {
	t.Skip("the tests start no PostgreSQL here")
	return ""
}

func runSQL(*testing.T, string, string) {}
