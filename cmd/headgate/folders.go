package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// newStageFolder makes the folder that is to take a name once it is complete, and removes those that killed runs left.
func newStageFolder(name string) (string, error) {
	name = filepath.Clean(name)
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return "", err
	}
	prefix := "." + filepath.Base(name) + "."
	entries, err := os.ReadDir(filepath.Dir(name))
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), prefix) || !strings.HasSuffix(e.Name(), stageSuffix) {
			continue
		}
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > stageAge {
			os.RemoveAll(filepath.Join(filepath.Dir(name), e.Name()))
		}
	}
	stage := filepath.Join(filepath.Dir(name), fmt.Sprintf("%s%08x%s", prefix, rand.Uint32(), stageSuffix))
	return stage, os.Mkdir(stage, 0o777)
}

// createSynced makes a new file that is on the disk once it is closed.
func createSynced(name string) (io.WriteCloser, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	return syncedFile{f}, nil
}

type syncedFile struct{ *os.File }

// Close waits until the file is on the disk.
func (f syncedFile) Close() error { return errors.Join(f.Sync(), f.File.Close()) }

// settleFolder gives a complete folder its name. Afterwards it is there whole, whatever happens to the machine; another one that took the name
// meanwhile stays.
func settleFolder(stage, name string) error {
	if err := syncFolder(stage); err != nil {
		return err
	}
	if err := os.Rename(stage, name); err != nil { // takes the place of an empty folder, and of nothing else
		return err
	}
	return syncFolder(filepath.Dir(filepath.Clean(name)))
}

func syncFolder(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}
