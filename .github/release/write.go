package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// A packed is one file of an archive.
type packed struct {
	name    string
	content []byte
	mode    int64
}

// write puts the files of the release into its folder, and their digests beside them, as sha256sum reads them.
func (r *release) write(tree string, programs []*program, parts []*part) error {
	licence, err := os.ReadFile(filepath.Join(tree, "LICENSE"))
	if err != nil {
		return err
	}
	others := licenceTexts(parts)
	sbom, err := r.sbom(parts)
	if err != nil {
		return err
	}
	files := []packed{{name: r.name("licences.txt"), content: others}, {name: r.name("sbom.cdx.json"), content: sbom}}
	for _, p := range programs {
		archive, err := r.archive([]packed{{p.exe(), p.binary, 0o755}, {"LICENSE", licence, 0o644}, {"LICENCES.txt", others, 0o644}})
		if err != nil {
			return err
		}
		files = append(files, packed{name: r.name(p.os + "_" + p.arch + ".tar.gz"), content: archive})
	}
	if image, err := r.image(programs, licence, others); err != nil {
		return err
	} else if image != nil {
		files = append(files, packed{name: r.name("image.tar"), content: image})
	}
	slices.SortFunc(files, func(a, b packed) int { return bytes.Compare([]byte(a.name), []byte(b.name)) })
	var sums bytes.Buffer
	for _, f := range files {
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(f.content), f.name)
	}
	files = append(files, packed{name: "checksums.txt", content: sums.Bytes()})
	if err := os.MkdirAll(r.dist, 0o755); err != nil {
		return err
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(r.dist, f.name), f.content, 0o644); err != nil {
			return err
		}
	}
	_, err = r.out.Write(sums.Bytes())
	return err
}

// archive packs files into a tar.gz that is the same bytes for the same files: nobody's, and of the date of the commit.
func (r *release) archive(files []packed) ([]byte, error) {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if err := writeTar(z, r.date, files); err != nil {
		return nil, err
	}
	err = z.Close()
	return out.Bytes(), err
}

// writeTar writes files, and folders where a name ends in a slash.
func writeTar(w io.Writer, date time.Time, files []packed) error {
	t := tar.NewWriter(w)
	for _, f := range files {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: f.name, Mode: f.mode, Size: int64(len(f.content)), ModTime: date, Format: tar.FormatUSTAR}
		if f.name[len(f.name)-1] == '/' {
			h.Typeflag = tar.TypeDir
		}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		if _, err := t.Write(f.content); err != nil {
			return err
		}
	}
	return t.Close()
}
