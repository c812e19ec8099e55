package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/headgate/headgate/engine/evidence"
)

// The layout of C2SP tlog-tiles, which other readers of logs know.
const (
	checkpointPath = "checkpoint"
	tileHeight     = 8               // levels of the tree in a tile
	tileWidth      = 1 << tileHeight // hashes in a whole tile, leaves in a whole bundle of entries
)

// tilePath is where a tile of hashes lies; tlog's own layout has the height in it too.
func tilePath(t tlog.Tile) string {
	return "tile/" + strings.TrimPrefix(t.Path(), fmt.Sprintf("tile/%d/", tileHeight))
}

// entriesPath is where the n-th bundle of entries lies, of so many leaves.
func entriesPath(n int64, width int) string {
	return "tile/entries/" + strings.TrimPrefix(tilePath(tlog.Tile{H: tileHeight, L: 0, N: n, W: width}), "tile/0/")
}

// Tiles gives the files of a log that grew from one size to another, in the layout of C2SP tlog-tiles: the tiles that a log of the old size
// does not have, bundles of entries, and last the checkpoint. It first makes sure that the log holds together at its end.
func Tiles(ctx context.Context, log evidence.Log, old int64, write func(path string, data []byte) error) error {
	head, err := log.Head(ctx)
	if err != nil || head == nil {
		return err
	}
	c, err := evidence.ParseCheckpoint(head, nil)
	if err != nil {
		return err
	}
	hashes := tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) { return log.Hashes(ctx, at) })
	root, err := tlog.TreeHash(c.Size, hashes)
	if err == nil && root != c.Root {
		err = fmt.Errorf("the log's hashes do not give the root that its checkpoint of size %d says: it was edited", c.Size)
	}
	if err != nil {
		return err
	}
	for _, t := range tlog.NewTiles(tileHeight, old, c.Size) {
		data, err := tlog.ReadTileData(t, hashes)
		if err != nil {
			return err
		}
		if err := write(tilePath(t), data); err != nil {
			return err
		}
	}
	for n := old / tileWidth; n*tileWidth < c.Size; n++ {
		width := min(tileWidth, c.Size-n*tileWidth)
		var data []byte
		for i := range width {
			leaf, err := log.Leaf(ctx, n*tileWidth+i)
			if err != nil {
				return err
			}
			data = append(binary.BigEndian.AppendUint16(data, uint16(len(leaf))), leaf...)
		}
		if err := write(entriesPath(n, int(width)), data); err != nil {
			return err
		}
	}
	return write(checkpointPath, head)
}

// tiled reads a log out of its tiles. Read gives a file by its path; its error wraps fs.ErrNotExist where there is none.
type tiled struct {
	read func(ctx context.Context, path string) ([]byte, error)
	size int64
}

// Leaf is the leaf with an index.
func (l *tiled) Leaf(ctx context.Context, index int64) ([]byte, error) {
	if index < 0 || index >= l.size {
		return nil, beyond(index)
	}
	n := index / tileWidth
	data, err := l.read(ctx, entriesPath(n, int(min(tileWidth, l.size-n*tileWidth))))
	if err != nil {
		return nil, err
	}
	for range index % tileWidth {
		if data, err = afterEntry(data); err != nil {
			return nil, err
		}
	}
	rest, err := afterEntry(data)
	return data[min(2, len(data)) : len(data)-len(rest)], err
}

// afterEntry is what follows the first entry of a bundle.
func afterEntry(data []byte) ([]byte, error) {
	if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
		return nil, fmt.Errorf("a bundle of entries of the log was cut")
	}
	return data[2+int(binary.BigEndian.Uint16(data)):], nil
}

// Hashes are stored hashes.
func (l *tiled) Hashes(ctx context.Context, stored []int64) ([]tlog.Hash, error) {
	all := make([]tlog.Hash, len(stored))
	files := map[string][]byte{}
	for i, index := range stored {
		if index < 0 || index >= tlog.StoredHashCount(l.size) {
			return nil, beyond(index)
		}
		t := tlog.TileForIndex(tileHeight, index)
		// The tile as it is in a log of this size: whole, or as far as the log goes.
		t.W = int(min(tileWidth, l.size>>(t.L*tileHeight)-t.N*tileWidth))
		path := tilePath(t)
		if files[path] == nil {
			data, err := l.read(ctx, path)
			if err != nil {
				return nil, err
			}
			files[path] = data
		}
		var err error
		if all[i], err = tlog.HashFromTile(t, files[path], index); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return all, nil
}
