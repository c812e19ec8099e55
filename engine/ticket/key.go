package ticket

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
)

// keyDigits is how long a key is: 64 bits.
const keyDigits = 16

// Label marks every ticket of ours.
const Label = "headgate"

// KeyLabel is the label that a ticket of a key is found by.
func KeyLabel(key string) string { return Label + "-" + key }

// ScopeLabel is the label that the tickets of a scope are found by.
func ScopeLabel(scope string) string { return Label + "-scope-" + digest(scope)[:keyDigits] }

// KeyOf is the key that a label names; empty: it names none.
func KeyOf(label string) string {
	if key, ok := strings.CutPrefix(label, Label+"-"); ok && isKey(key) {
		return key
	}
	return ""
}

// keyOf names a ticket.
func keyOf(scope, fix string, per Per, name string) string {
	return digest(scope, fix, string(per), name)[:keyDigits]
}

// digest is over the parts, and where one ends and the next begins.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(strconv.Itoa(len(p)) + ":" + p + ","))
	}
	return hex.EncodeToString(h.Sum(nil))
}
