//go:build !purego

package lanes

import (
	"crypto/fips140"

	"golang.org/x/sys/cpu"
)

// wide says whether this machine can work on all lanes at once. Where only validated cryptography may be used, it is the standard library's.
var wide = cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && !fips140.Enabled()

// blocks works n blocks of each lane, n > 0, into the state. At has where the next of each lane begins; n of them are there. State has the
// working variables one after the other, each of all lanes.
//
//go:noescape
func blocks(state *[8][Count]uint32, at *[Count]*byte, n int)
