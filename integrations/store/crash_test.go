//go:build unix

package store

// writerLedger names the environment variable that makes this test binary a writer to a ledger, which a test kills.
const writerLedger = "HEADGATE_TEST_WRITER"

func writer(where string) int { return 0 }
