//go:build unix

// Package pgtest runs a real PostgreSQL for the tests of one package: a server of its own, on a free port of this machine, in a folder
// of its own, out of the binaries that are installed.
package pgtest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Need names the environment variable that makes a missing PostgreSQL an error. Where it is not set, tests that need one are skipped.
const Need = "HEADGATE_NEED_POSTGRES"

// patience bounds how long the server may take to start or to stop: longer than any machine needs.
const patience = 5 * time.Minute

// A Server is a running PostgreSQL. It trusts every connection from this machine, and forgets what it promised if the machine crashes.
type Server struct {
	dir, postgres string
	port          int
	process       *exec.Cmd
	ended         chan struct{} // closed when the process has ended
	databases     int
	largest       int // size of a file; 0: any
	log           bytes.Buffer
	mu            sync.Mutex
}

var once struct {
	sync.Mutex
	server *Server
	err    error
	tried  bool
}

// errAbsent means that PostgreSQL is not installed.
var errAbsent = errors.New("there is no PostgreSQL: neither initdb and postgres in the path nor in /usr/lib/postgresql")

// Main runs the tests of a package and stops the server that they started, if they did. A package that uses this one calls it so:
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
func Main(m *testing.M) int {
	status := m.Run()
	once.Lock()
	defer once.Unlock()
	if s := once.server; s != nil {
		s.Stop()
		os.RemoveAll(s.dir)
	}
	return status
}

// Start gives the server of this test binary; the first call starts it. Without an installed PostgreSQL the test is skipped, or fails
// if the environment says that it is needed.
func Start(t testing.TB) *Server {
	t.Helper()
	once.Lock()
	defer once.Unlock()
	if !once.tried {
		once.tried = true
		once.server, once.err = start()
	}
	if errors.Is(once.err, errAbsent) && os.Getenv(Need) == "" {
		t.Skip(once.err)
	}
	if once.err != nil {
		t.Fatal(once.err)
	}
	return once.server
}

// Database makes a database that nobody else uses, and gives its address.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	s.mu.Lock()
	s.databases++
	name := fmt.Sprintf("test%d", s.databases)
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := pgx.Connect(ctx, s.address("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return s.address(name)
}

func (s *Server) address(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", s.port, database)
}

// start sets a server up and waits until it answers.
func start() (*Server, error) {
	initdb, postgres, err := find()
	if err != nil {
		return nil, err
	}
	who, err := serverUser()
	if err != nil {
		return nil, err
	}
	// Not a folder of the test: those lie below one that only its user may enter.
	dir, err := os.MkdirTemp("", "headgate-postgres-")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, postgres: postgres}
	if err := s.set(initdb, who); err != nil {
		s.Stop()
		os.RemoveAll(dir)
		return nil, err
	}
	return s, nil
}

func (s *Server) set(initdb string, who *syscall.Credential) error {
	if who != nil {
		if err := os.Chown(s.dir, int(who.Uid), int(who.Gid)); err != nil {
			return err
		}
	}
	c := exec.Command(initdb, "-D", s.data(), "--auth=trust", "--encoding=UTF8", "--no-locale", "--username=postgres", "--no-instructions", "-N")
	c.Dir, c.SysProcAttr = s.dir, as(who)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return err
	}
	return s.run(who)
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// run starts the process and waits until it answers.
func (s *Server) run(who *syscall.Credential) error {
	s.log.Reset()
	args := []string{s.postgres, "-D", s.data(), "-p", strconv.Itoa(s.port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=" + s.dir,
		"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200"}
	if s.largest > 0 {
		args = append([]string{"/bin/sh", "-c", fmt.Sprintf(`ulimit -f %d; exec "$0" "$@"`, s.largest/512)}, args...) // in blocks, as POSIX has it
	}
	c := exec.Command(args[0], args[1:]...)
	c.Dir, c.SysProcAttr, c.Stderr = s.dir, as(who), &s.log
	ended, started := make(chan struct{}), make(chan error)
	go func() {
		runtime.LockOSThread() // the server is told to end when the thread that started it does
		err := c.Start()
		started <- err
		if err == nil {
			_ = c.Wait() // how it ended is nobody's question: those who need it notice that it does not answer
			close(ended)
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	s.process, s.ended = c, ended
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.address("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.ended:
			return fmt.Errorf("postgres ended: %s", s.log.String())
		case <-ctx.Done():
			return fmt.Errorf("postgres does not answer: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Stop ends the server: at once, with what is open rolled back.
func (s *Server) Stop() { s.end(os.Interrupt) }

// Crash ends the server as a failure of its machine would: what it did not write is lost.
func (s *Server) Crash() { s.end(syscall.SIGQUIT) }

func (s *Server) end(how os.Signal) {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Signal(how) // it may have ended already
	select {
	case <-s.ended:
	case <-time.After(patience):
		_ = s.process.Process.Kill()
		<-s.ended
	}
	s.process = nil
}

// A Limit bounds what a server may use.
type Limit func(*Server)

// LargestFile bounds the size of every file, in bytes: growing beyond it fails as it does on a full disk.
func LargestFile(bytes int) Limit { return func(s *Server) { s.largest = bytes } }

// Restart starts a server that was stopped or has crashed, on the same port with the same data, within limits. Without any, it has none.
func (s *Server) Restart(t testing.TB, limits ...Limit) {
	t.Helper()
	s.largest = 0
	for _, limit := range limits {
		limit(s)
	}
	who, err := serverUser()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.run(who); err != nil {
		t.Fatal(err)
	}
}

// find looks for the newest binaries.
func find() (initdb, postgres string, err error) {
	folders := []string{""}
	installed, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is well-formed
	slices.SortFunc(installed, func(a, b string) int { return cmp.Compare(version(b), version(a)) })
	for _, folder := range append(folders, installed...) {
		initdb, err1 := exec.LookPath(filepath.Join(folder, "initdb"))
		postgres, err2 := exec.LookPath(filepath.Join(folder, "postgres"))
		if err1 == nil && err2 == nil {
			return initdb, postgres, nil
		}
	}
	return "", "", errAbsent
}

// version is the number in the path of a folder of binaries.
func version(folder string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(folder)))
	return n
}

// serverUser is whom the server runs as: PostgreSQL refuses to run as root. Nil: as the user of the test.
func serverUser() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("the test runs as root, and there is neither a user postgres nor nobody to run PostgreSQL as")
}
