package evidence_test

import (
	"bytes"
	"context"
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/headgate/headgate/engine/evidence"
)

// What is read as a checkpoint says the same when it is read again from what is signed.
func FuzzCheckpoint(f *testing.F) {
	k := key(f, 1)
	f.Add(grown(f, 3, k).head)
	f.Add([]byte("a\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := evidence.ParseCheckpoint(data, nil)
		if err != nil {
			return
		}
		if c.Size < 0 || evidence.CheckOrigin(c.Origin) != nil {
			t.Errorf("%+v", c)
		}
		if signed, err := evidence.ParseCheckpoint(data, &k.Key); err == nil && (signed.Origin != c.Origin || signed.Size != c.Size || signed.Root != c.Root) {
			t.Errorf("signed is %+v, said %+v", signed, c)
		}
	})
}

// No bytes but those of the fixture verify by its key as its statement.
func FuzzEnvelope(f *testing.F) {
	k := key(f, 1)
	files, _ := make1(2, k).bundle(f)
	whole := files[evidence.PartStatement].Data
	f.Add(whole)
	f.Add(bytes.Replace(whole, []byte(`"signatures"`), []byte(`"signatures":[],"x"`), 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := evidence.OpenEnvelope(data, &k.Key)
		if err == nil && !bytes.Equal(data, whole) {
			t.Errorf("%q verifies", data)
		}
		if e != nil {
			_, _ = evidence.ReadStatement(e.Payload)
		}
	})
}

func FuzzRecord(f *testing.F) {
	files, _ := make1(3, nil).bundle(f)
	for line := range bytes.Lines(unpacked(f, files, evidence.PartRecords)) {
		f.Add(bytes.TrimSpace(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		r, err := evidence.ParseRecord(line)
		if err == nil && (r.V != evidence.RecordVersion || r.Kind == "") {
			t.Errorf("%+v", r)
		}
		if bytes.IndexByte(line, '\n') >= 0 {
			return
		}
		if v := verify(t, replaced(t, files, evidence.PartRecords, append(bytes.Clone(line), '\n')), nil); v.Failed != evidence.LevelRun {
			t.Errorf("%q in the place of the records: level %d", line, v.Failed)
		}
	})
}

// No receipt but the one of the fixture verifies by its key.
func FuzzReceipt(f *testing.F) {
	k := key(f, 1)
	files, digest := make1(3, k).bundle(f)
	l := newLedger()
	l.append(f, files, digest, k)
	b, err := evidence.OpenBundle(files)
	if err != nil {
		f.Fatal(err)
	}
	known := map[string]bool{}
	for i := range int64(3) {
		r, err := evidence.MakeReceipt(context.Background(), b, i)
		if err != nil {
			f.Fatal(err)
		}
		for range 2 {
			text, err := r.Encode()
			if err != nil {
				f.Fatal(err)
			}
			known[string(text)] = true
			f.Add(text)
			if err := r.InLog(context.Background(), l, 0); err != nil {
				f.Fatal(err)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if v := evidence.VerifyReceipt(data, evidence.Options{Key: &k.Key, Old: nil}); v.Failed == 0 && !known[string(data)] {
			t.Errorf("%q verifies", data)
		}
	})
}

// Any bytes in the place of a file of a signed bundle are refused, or are those that were there.
func FuzzBundleFile(f *testing.F) {
	k := key(f, 1)
	files, _ := make1(2, k).bundle(f)
	for i, part := range evidence.Parts {
		f.Add(i, files[evidence.FileOf(part)].Data)
	}
	f.Add(len(evidence.Parts), files[evidence.SumsFile].Data)
	f.Fuzz(func(t *testing.T, at int, data []byte) {
		name := evidence.SumsFile
		if at >= 0 && at < len(evidence.Parts) {
			name = evidence.FileOf(evidence.Parts[at])
		}
		broken := maps.Clone(files)
		broken[name] = &fstest.MapFile{Data: data}
		if v := verify(t, broken, k); (v.Failed == 0) != bytes.Equal(data, files[name].Data) {
			t.Errorf("%q as %s: level %d", data, name, v.Failed)
		}
	})
}

// What stands in the place of a tile is refused or is what was there, and is never read beyond its end.
func FuzzTiles(f *testing.F) {
	k := key(f, 1)
	l := newLedger()
	for i := range 5 {
		l.append(f, nil, evidence.Digest([]byte{byte(i)}), k)
	}
	files := fstest.MapFS{}
	if err := evidence.WriteTiles(context.Background(), l, 0, func(path string, data []byte) error {
		files[path] = &fstest.MapFile{Data: data}
		f.Add(path, data)
		return nil
	}); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path string, data []byte) {
		was := files[path]
		if was == nil {
			return
		}
		broken := maps.Clone(files)
		broken[path] = &fstest.MapFile{Data: data}
		tiles, err := evidence.OpenTiles(broken)
		if err != nil {
			return
		}
		v, err := evidence.VerifyLog(context.Background(), tiles, nil, evidence.Options{Key: &k.Key})
		if err != nil || v.Failed != 0 || bytes.Equal(data, was.Data) {
			return
		}
		if !strings.HasPrefix(path, "tile/entries/") || !bytes.HasPrefix(data, was.Data) { // what is behind the last leaf nobody reads
			t.Errorf("%q as %s verifies", data, path)
		}
	})
}
