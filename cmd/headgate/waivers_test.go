package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// The history that proves a waiver may have to be fetched. Who ends the program does not wait for a server that says nothing.
func TestFetchingTheHistoryOfWaiversEndsWithTheRun(t *testing.T) {
	c := newClone(t)
	c.commit(".headgate/waivers.yaml", "waivers:\n- id: w\n  path: src/**\n  reason: no\n  created: 2026-11-01\n  expires: 2026-12-01\n")
	c.commit("clean.sarif", cleanSARIF)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	one := t.TempDir()
	c.git("clone", "-q", "--depth=1", "file://"+c.dir, one)
	c.git("-C", one, "remote", "set-url", "origin", "git://"+silent.Addr().String()+"/shop")
	t.Chdir(one)
	ctx, interrupt := context.WithCancelCause(t.Context())
	gone := make(chan struct{})
	go func() {
		conn, err := silent.Accept()
		if err != nil {
			return
		}
		interrupt(errors.New("interrupted"))
		_, _ = io.Copy(io.Discard, conn) // until git is gone
		close(gone)
	}()
	var stderr bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: io.Discard, stderr: &stderr, getenv: func(string) string { return "" }, now: time.Now}
	ended := make(chan int, 1)
	go func() { ended <- a.run(ctx, []string{"gate", "clean.sarif"}) }()
	select {
	case <-gone:
	case <-time.After(time.Minute):
		t.Fatal("git still waits for the server")
	}
	if status := <-ended; status != statusUndecided || !strings.Contains(stderr.String(), "interrupted") {
		t.Errorf("status %d: %s", status, &stderr)
	}
}
