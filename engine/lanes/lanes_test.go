package lanes

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// bothWays runs a test with lanes, where the machine has them, and without.
func bothWays(t *testing.T, test func(t *testing.T, wide bool)) {
	t.Run("one by one", func(t *testing.T) { test(t, false) })
	t.Run("side by side", func(t *testing.T) {
		if !wide {
			t.Skip("this machine has no registers of 512 bits")
		}
		test(t, true)
	})
}

func compare(t *testing.T, wide bool, h *Hasher, prefix []byte, messages [][]byte) {
	t.Helper()
	before := [][sha256.Size]byte{{1, 2, 3}}
	sums := h.sum(slices.Clone(before), prefix, messages, wide)
	if len(sums) != 1+len(messages) || sums[0] != before[0] {
		t.Fatalf("%d messages have %d sums behind %x", len(messages), len(sums), sums[0])
	}
	for i, m := range messages {
		if want := sha256.Sum256(slices.Concat(prefix, m)); sums[1+i] != want {
			t.Fatalf("message %d of %d, of %d bytes behind %d of prefix: %x, and not %x", i, len(messages), len(m), len(prefix), sums[1+i], want)
		}
	}
}

func TestSumsAreThoseOfTheStandardLibrary(t *testing.T) {
	bothWays(t, func(t *testing.T, wide bool) {
		random := rand.New(rand.NewPCG(1, 2))
		text := make([]byte, longest+2)
		for i := range text {
			text[i] = byte(random.Uint32())
		}
		var h Hasher // used again: nothing of one call may be left for the next
		for _, first := range []int{0, 1, 55, 56, 63} {
			for some := range slices.Chunk(slices.Collect(func(yield func([]byte) bool) { // every length that padding sees
				for n := range 260 {
					yield(text[n : 2*n])
				}
			}), 37) {
				compare(t, wide, &h, text[:first], some)
			}
		}
		for _, count := range []int{0, 1, 3, 4, 15, 16, 17, 100} {
			messages := make([][]byte, count)
			for i := range messages {
				messages[i] = text[:random.IntN(4000)]
			}
			compare(t, wide, &h, []byte{0}, messages)
		}
		long := [][]byte{text, text[:5], text[:longest], nil, text[:longest+1], text[:64], text}
		compare(t, wide, &h, nil, long)
		compare(t, wide, &h, []byte{0}, long)
	})
}

func TestFewMessagesHaveTheSameSumsAsMany(t *testing.T) {
	var h Hasher
	messages := make([][]byte, 40)
	for i := range messages {
		messages[i] = fmt.Appendf(nil, "message %d", i)
	}
	all := h.Sum(nil, []byte{0}, messages)
	for i, m := range messages {
		if one := h.Sum(nil, []byte{0}, [][]byte{m}); one[0] != all[i] {
			t.Fatalf("message %d: %x alone, %x with others", i, one[0], all[i])
		}
	}
}

func FuzzSums(f *testing.F) {
	f.Add([]byte("a,bc,,def"), byte(0))
	f.Add(bytes.Repeat([]byte("0123456789abcdef,"), 40), byte(1))
	f.Fuzz(func(t *testing.T, text []byte, first byte) {
		prefix := text[:min(int(first)%sha256.BlockSize, len(text))]
		bothWays(t, func(t *testing.T, wide bool) { compare(t, wide, &Hasher{}, prefix, bytes.Split(text, []byte(","))) })
	})
}

func BenchmarkSum(b *testing.B) {
	messages := make([][]byte, 256)
	for i := range messages {
		messages[i] = make([]byte, 1000+i)
	}
	for name, wide := range map[string]bool{"one by one": false, "side by side": wide} {
		b.Run(name, func(b *testing.B) {
			var h Hasher
			var sums [][sha256.Size]byte
			b.SetBytes(int64(256 * 1128))
			for b.Loop() {
				sums = h.sum(sums[:0], []byte{0}, messages, wide)
			}
		})
	}
}
