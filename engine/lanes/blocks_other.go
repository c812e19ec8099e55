//go:build !amd64 || purego

package lanes

// wide says that there is no code for all lanes at once on this kind of machine.
const wide = false

func blocks(*[8][Count]uint32, *[Count]*byte, int) {
	panic("there are no lanes on this machine")
}
