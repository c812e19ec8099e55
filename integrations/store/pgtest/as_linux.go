package pgtest

import "syscall"

// as says whom a process runs as, and that it ends with the test, even if that is killed.
func as(who *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: who, Pdeathsig: syscall.SIGINT}
}
