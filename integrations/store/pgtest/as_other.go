//go:build unix && !linux

package pgtest

import "syscall"

// as says whom a process runs as.
func as(who *syscall.Credential) *syscall.SysProcAttr { return &syscall.SysProcAttr{Credential: who} }
