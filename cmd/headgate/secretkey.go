package main

import (
	"bytes"
	"fmt"
	"path/filepath"
)

// shortestKey is how long the key of secrets' digests has to be, in bytes: one that can be guessed protects nothing.
const shortestKey = 16

// secretKey is the key that values of secrets are digested with: HEADGATE_SECRET_KEY, else what is in the file that the flag or the
// settings name. White space around it does not count. Without one it is nil, and the digests are pseudonyms only.
func (a *app) secretKey(file string, s *settings) ([]byte, error) {
	key, from := []byte(a.getenv("HEADGATE_SECRET_KEY")), "HEADGATE_SECRET_KEY"
	if len(key) == 0 {
		if from = file; from == "" && s.SecretsKeyFile != "" {
			if from = s.SecretsKeyFile; !filepath.IsAbs(from) {
				from = filepath.Join(s.folder, from)
			}
		}
		if from == "" {
			return nil, nil
		}
		var err error
		if key, err = s.from.read(from, mostSettings); err != nil {
			return nil, setup(fmt.Errorf("the key of secrets: %w", err), "")
		}
	}
	if key = bytes.TrimSpace(key); len(key) < shortestKey {
		return nil, setup(fmt.Errorf("the key of secrets in %s has %d bytes, and needs %d", from, len(key), shortestKey), "openssl rand -hex 32 makes one")
	}
	return key, nil
}
