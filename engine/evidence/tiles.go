package evidence

import (
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
// tile/entries/<number>, each behind its length in two bytes.
const (
	CheckpointPath = "checkpoint"
	TileHeight     = 8               // levels of the tree in a tile
	TileWidth      = 1 << TileHeight // hashes in a whole tile, leaves in a whole bundle of entries
	mostTile       = TileWidth * (2 + 1<<16)
)

// TilePath is where a tile of hashes lies; tlog's own layout has the height in it too.
func TilePath(t tlog.Tile) string {
	return "tile/" + strings.TrimPrefix(t.Path(), fmt.Sprintf("tile/%d/", TileHeight))
}

// EntriesPath is where the n-th bundle of entries lies, of so many leaves.
func EntriesPath(n int64, width int) string {
	return "tile/entries/" + strings.TrimPrefix(TilePath(tlog.Tile{H: TileHeight, L: 0, N: n, W: width}), "tile/0/")
}

// WriteTiles gives the files of a log that grew from one size to another: the tiles that a log of the old size does not have, bundles of
// entries, and last the checkpoint. It first makes sure that the log holds together at its end.
func WriteTiles(ctx context.Context, log Log, old int64, write func(path string, data []byte) error) error {
	head, err := log.Head(ctx)
	if err != nil || head == nil {
		return err
	}
	c, err := ParseCheckpoint(head, nil)
	if err != nil {
		return err
	}
	if err := checkHashes(ctx, log, c); err != nil {
		return err
	}
	for _, t := range tlog.NewTiles(TileHeight, old, c.Size) {
		data, err := tlog.ReadTileData(t, hashReader(ctx, log))
		if err != nil {
			return err
		}
		if err := write(TilePath(t), data); err != nil {
			return err
		}
	}
	for n := old / TileWidth; n*TileWidth < c.Size; n++ {
		width := min(TileWidth, c.Size-n*TileWidth)
		var data []byte
		for i := range width {
			leaf, err := log.Leaf(ctx, n*TileWidth+i)
			if err != nil {
				return err
			}
			if len(leaf) >= 1<<16 {
				return fmt.Errorf("leaf %d is longer than a bundle of entries takes", n*TileWidth+i)
			}
			data = append(binary.BigEndian.AppendUint16(data, uint16(len(leaf))), leaf...)
		}
		if err := write(EntriesPath(n, int(width)), data); err != nil {
			return err
		}
	}
	return write(CheckpointPath, head)
}

// A Tiled reads the leaves and hashes of a log of a size out of its tiles. It is for one goroutine.
type Tiled struct {
	Read func(ctx context.Context, path string) ([]byte, error) // a file; its error wraps fs.ErrNotExist where there is none
	Size int64

	path string // of the file that was read last
	data []byte
}

// Leaf is the leaf with an index.
func (l *Tiled) Leaf(ctx context.Context, index int64) ([]byte, error) {
	if index < 0 || index >= l.Size {
		return nil, l.beyond(index)
	}
	n := index / TileWidth
	path := EntriesPath(n, int(min(TileWidth, l.Size-n*TileWidth)))
	data, err := l.file(ctx, path)
	if err != nil {
		return nil, err
	}
	for i := index % TileWidth; ; i-- {
		if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
			return nil, &Damage{path, "was cut"}
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		if i == 0 {
			return data[2:end:end], nil
		}
		data = data[end:]
	}
}

// Hashes are stored hashes.
func (l *Tiled) Hashes(ctx context.Context, stored []int64) ([]tlog.Hash, error) {
	all := make([]tlog.Hash, len(stored))
	for i, index := range stored {
		if index < 0 || index >= tlog.StoredHashCount(l.Size) {
			return nil, l.beyond(index)
		}
		t := tlog.TileForIndex(TileHeight, index)
		// The tile as it is in a log of this size: whole, or as far as the log goes.
		t.W = int(min(TileWidth, l.Size>>(t.L*TileHeight)-t.N*TileWidth))
		path := TilePath(t)
		data, err := l.file(ctx, path)
		if err != nil {
			return nil, err
		}
		if len(data) != t.W*tlog.HashSize {
			return nil, &Damage{path, "has another size than it must have"}
		}
		if all[i], err = tlog.HashFromTile(t, data, index); err != nil {
			return nil, &Damage{path, err.Error()}
		}
	}
	return all, nil
}

func (l *Tiled) beyond(index int64) error {
	return fmt.Errorf("the log does not reach to %d: %w", index, fs.ErrNotExist)
}

// file reads a file, and keeps the last one: leaves and hashes are asked for one after another. What a file of a tile has never changes.
func (l *Tiled) file(ctx context.Context, path string) ([]byte, error) {
	if l.path == path {
		return l.data, nil
	}
	data, err := l.Read(ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Damage{path, "is missing"}
	}
	if err == nil {
		l.path, l.data = path, data
	}
	return data, err
}

// A TileLog is a log in a folder of tiles.
type TileLog struct {
	Tiled
	head []byte
}

// OpenTiles opens a folder of tiles.
func OpenTiles(files fs.FS) (*TileLog, error) {
	l := &TileLog{}
	l.Read = func(_ context.Context, path string) ([]byte, error) { return readFile(files, path, mostTile) }
	var err error
	if l.head, err = readFile(files, CheckpointPath, mostCheckpoint); err != nil {
		return nil, err
	}
	if c, err := ParseCheckpoint(l.head, nil); err == nil { // verifying says what is wrong with it
		l.Size = c.Size
	}
	return l, nil
}

// Head is the checkpoint.
func (l *TileLog) Head(context.Context) ([]byte, error) { return l.head, nil }

func readFile(files fs.FS, name string, most int64) ([]byte, error) {
	f, err := openRegular(files, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		return nil, &Damage{name, "is larger than it can be"}
	}
	return data, err
}
