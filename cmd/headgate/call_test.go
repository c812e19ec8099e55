package main

import (
	"strings"
	"testing"
)

func TestAWrongCallNamesTheHelpThatTellsTheRightOne(t *testing.T) {
	for call, hint := range map[string]string{
		"gte reports":     "headgate --help lists commands and flags",
		"--evnt push":     "headgate --help lists commands and flags",
		"gate --evnt x":   "headgate gate --help says what it takes",
		"explain":         "headgate explain --help says what it takes",
		"evidence verify": "headgate evidence verify --help says what it takes",
	} {
		status, _, said := here{t: t}.run(strings.Fields(call)...)
		if status != statusSetup || !strings.HasSuffix(said, "headgate: hint: "+hint+"\n") {
			t.Errorf("headgate %s: status %d: %s", call, status, said)
		}
	}
}
