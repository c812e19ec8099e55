package intel

import (
	"cmp"
	"slices"
	"strconv"
)

// A cveKey is a CVE id in eight bytes: the year in the upper 16 bits, then one nibble per digit of the number (the digit plus one,
// so that an end is smaller than a zero), aligned to the left. Keys sort as the ids do as text, which is the order in which FIRST
// publishes scores, so that a file in order needs no sorting; and leading zeros, which are part of an id, are kept.
type cveKey uint64

// maxDigits is how many digits of a number fit. The CVE schema allows 19; the longest ever given out has 7.
const maxDigits = 12

// parseCVE reads a CVE id in upper or lower case. It is false for anything else, such as a GHSA id.
func parseCVE[T ~string | ~[]byte](id T) (cveKey, bool) {
	const prefix = len("CVE-2006-")
	if len(id) < prefix+4 || len(id) > prefix+maxDigits || id[3] != '-' || id[8] != '-' ||
		id[0]|0x20 != 'c' || id[1]|0x20 != 'v' || id[2]|0x20 != 'e' {
		return 0, false
	}
	var year cveKey
	for i := 4; i < 8; i++ {
		if id[i] < '0' || id[i] > '9' {
			return 0, false
		}
		year = year*10 + cveKey(id[i]-'0')
	}
	key, shift := year<<48, 44
	for i := prefix; i < len(id); i++ {
		if id[i] < '0' || id[i] > '9' {
			return 0, false
		}
		key |= cveKey(id[i]-'0'+1) << shift
		shift -= 4
	}
	return key, true
}

// String is the id in its canonical, upper case form.
func (k cveKey) String() string {
	b := make([]byte, 0, len("CVE-2006-")+maxDigits)
	b = append(b, "CVE-"...)
	year := uint64(k >> 48)
	for limit := uint64(1000); limit > 1 && year < limit; limit /= 10 {
		b = append(b, '0')
	}
	b = strconv.AppendUint(b, year, 10)
	b = append(b, '-')
	for shift := 44; shift >= 0; shift -= 4 {
		nibble := byte(k>>shift) & 0xf
		if nibble == 0 {
			break
		}
		b = append(b, '0'+nibble-1)
	}
	return string(b)
}

func compareKeys(a, b cveKey) int { return cmp.Compare(a, b) }

// keysOf are the CVEs among some ids, each once, in order.
func keysOf(ids []string) []cveKey {
	keys := make([]cveKey, 0, len(ids))
	for _, id := range ids {
		if key, ok := parseCVE(id); ok {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
