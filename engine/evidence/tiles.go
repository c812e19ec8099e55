package evidence

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Tiles are how other programs read a log (C2SP tlog-tiles): the file checkpoint, hashes in tile/<level>/<number>, and leaves in
// tile/entries/<number>, 256 each.
const (
	checkpointFile = "checkpoint"
	tileHeight     = 8
	tileWidth      = 1 << tileHeight
	mostTile       = tileWidth * (2 + 1<<16) // bytes of one file
)

// WriteTiles writes a log as tiles. Create makes a file, by its name with slashes; the checkpoint is the last one.
func WriteTiles(ctx context.Context, log Log, create func(name string) (io.WriteCloser, error)) error {
	head, err := log.Head(ctx)
	if err != nil {
		return err
	}
	if head == nil {
		return errors.New("the log is empty: there is nothing to write")
	}
	c, err := ParseCheckpoint(head, nil)
	if err != nil {
		return fmt.Errorf("the latest checkpoint: %w", err)
	}
	if err := checkHashes(ctx, log, c); err != nil {
		return err
	}
	for _, t := range tlog.NewTiles(tileHeight, 0, c.Size) {
		data, err := tlog.ReadTileData(t, hashReader(ctx, log))
		if err != nil {
			return fmt.Errorf("the log's hashes: %w", err)
		}
		if err := writeFile(create, tilePath(fmt.Sprint(t.L), t.N, t.W), data); err != nil {
			return err
		}
	}
	for n := int64(0); n*tileWidth < c.Size; n++ {
		width := min(c.Size-n*tileWidth, tileWidth)
		var data []byte
		for i := range width {
			leaf, err := log.Leaf(ctx, n*tileWidth+i)
			if err != nil {
				return fmt.Errorf("leaf %d of the log: %w", n*tileWidth+i, err)
			}
			if len(leaf) > 1<<16-1 {
				return fmt.Errorf("leaf %d is longer than a tile takes", n*tileWidth+i)
			}
			data = append(binary.BigEndian.AppendUint16(data, uint16(len(leaf))), leaf...)
		}
		if err := writeFile(create, tilePath("entries", n, int(width)), data); err != nil {
			return err
		}
	}
	return writeFile(create, checkpointFile, head)
}

func writeFile(create func(string) (io.WriteCloser, error), name string, data []byte) error {
	f, err := create(name)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// tilePath is the name of a tile: tile/0/x001/x234/067, with .p/<width> behind it if it is not full.
func tilePath(level string, n int64, width int) string {
	name := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		name = fmt.Sprintf("x%03d/%s", n%1000, name)
	}
	name = "tile/" + level + "/" + name
	if width < tileWidth {
		name += fmt.Sprintf(".p/%d", width)
	}
	return name
}

// A TileLog is a log in a folder of tiles. It is for reading by one goroutine.
type TileLog struct {
	files fs.FS
	size  int64
	name  string // of the file that was read last
	data  []byte
}

// OpenTiles opens a folder of tiles.
func OpenTiles(files fs.FS) (*TileLog, error) {
	l := &TileLog{files: files}
	head, err := l.Head(context.Background())
	if err != nil {
		return nil, err
	}
	c, err := ParseCheckpoint(head, nil)
	if err != nil {
		return nil, &Damage{checkpointFile, "cannot be read: " + err.Error()}
	}
	l.size = c.Size
	return l, nil
}

// Head is the checkpoint.
func (l *TileLog) Head(context.Context) ([]byte, error) {
	return l.file(checkpointFile, mostCheckpoint)
}

// Leaf is the leaf with an index.
func (l *TileLog) Leaf(ctx context.Context, index int64) ([]byte, error) {
	if index < 0 || index >= l.size {
		return nil, fs.ErrNotExist
	}
	name := tilePath("entries", index/tileWidth, l.width(index/tileWidth, 0))
	data, err := l.tile(name)
	if err != nil {
		return nil, err
	}
	for i := int64(0); ; i++ {
		if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
			return nil, &Damage{name, "was cut"}
		}
		size := int(binary.BigEndian.Uint16(data))
		if i == index%tileWidth {
			return bytes.Clone(data[2 : 2+size]), nil
		}
		data = data[2+size:]
	}
}

// Hashes are stored hashes, of the tiles that have them.
func (l *TileLog) Hashes(_ context.Context, stored []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(stored))
	for i, index := range stored {
		t := tlog.TileForIndex(tileHeight, index)
		if t.W = l.width(t.N, t.L); t.W <= 0 {
			return nil, errors.New("a hash beyond the end of the log is asked for")
		}
		name := tilePath(fmt.Sprint(t.L), t.N, t.W)
		data, err := l.tile(name)
		if err != nil {
			return nil, err
		}
		if len(data) != t.W*tlog.HashSize {
			return nil, &Damage{name, "has another size than it must have"}
		}
		if out[i], err = tlog.HashFromTile(t, data, index); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// width is how much of a tile the log has.
func (l *TileLog) width(n int64, level int) int {
	return int(min(l.size>>(tileHeight*level)-n*tileWidth, tileWidth))
}

// tile reads a file, and keeps the last one: leaves and hashes are read one after another.
func (l *TileLog) tile(name string) ([]byte, error) {
	if l.name == name {
		return l.data, nil
	}
	data, err := l.file(name, mostTile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Damage{name, "is missing"}
	}
	if err == nil {
		l.name, l.data = name, data
	}
	return data, err
}

func (l *TileLog) file(name string, most int64) ([]byte, error) {
	f, err := l.files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		return nil, &Damage{strings.TrimPrefix(name, "./"), "is larger than it can be"}
	}
	return data, err
}
