package feeds

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Who puts files in place holds the lock, which takes some milliseconds. One that is older than lockAge is that of somebody who was
// killed.
const (
	lockName = stagePrefix + "lock"
	lockAge  = time.Minute
	lockWait = 90 * time.Second // longer than lockAge, so that a lock nobody holds is never in the way
	lockPoll = 20 * time.Millisecond
)

// lock makes this the one update that puts files in place, until unlock is called.
func (d *folder) lock(ctx context.Context) (unlock func(), err error) {
	name := filepath.Join(d.dir, lockName)
	for end := time.Now().Add(lockWait); ; {
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err == nil {
			return func() { os.Remove(name) }, f.Close()
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		if info, err := os.Stat(name); err == nil && time.Since(info.ModTime()) > lockAge {
			d.breakLock(name)
			continue
		}
		if time.Now().After(end) {
			return nil, fmt.Errorf("%s: another update holds it", name)
		}
		if err := pause(ctx, lockPoll); err != nil {
			return nil, err
		}
	}
}

// breakLock takes away a lock that nobody holds. It is given another name first, which only one of several can do.
func (d *folder) breakLock(name string) {
	aside := fmt.Sprintf("%s-%d%s", name, os.Getpid(), stageSuffix)
	if os.Rename(name, aside) == nil {
		os.Remove(aside)
	}
}
