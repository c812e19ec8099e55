package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// keypair NAME writes an Ed25519 key to NAME.key and NAME.pub.
func keypair(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: keypair NAME")
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	ts.Check(err)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	ts.Check(err)
	writePEM(ts, args[0]+".key", "PRIVATE KEY", der)
	der, err = x509.MarshalPKIXPublicKey(public)
	ts.Check(err)
	writePEM(ts, args[0]+".pub", "PUBLIC KEY", der)
}

func writePEM(ts *testscript.TestScript, name, kind string, der []byte) {
	ts.Check(os.WriteFile(ts.MkAbs(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}

// repack FILE OLD NEW replaces a text in the files of a bundle.
func repack(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: repack FILE OLD NEW")
	}
	data, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	unzipped, err := gzip.NewReader(bytes.NewReader(data))
	ts.Check(err)
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	to, changed := tar.NewWriter(zip), false
	for from := tar.NewReader(unzipped); ; {
		h, err := from.Next()
		if err == io.EOF {
			break
		}
		ts.Check(err)
		text, err := io.ReadAll(from)
		ts.Check(err)
		after := strings.ReplaceAll(string(text), args[1], args[2])
		changed = changed || after != string(text)
		h.Size = int64(len(after))
		ts.Check(to.WriteHeader(h))
		_, err = io.WriteString(to, after)
		ts.Check(err)
	}
	ts.Check(to.Close())
	ts.Check(zip.Close())
	if !changed {
		ts.Fatalf("no file of %s has %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), out.Bytes(), 0o600))
}
