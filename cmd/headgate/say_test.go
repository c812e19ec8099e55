package main

import (
	"bytes"
	"testing"
)

func TestWhatIsSaidHasNoCommandToATerminalOrARunner(t *testing.T) {
	for have, want := range map[string]string{
		"::error::x":                           "headgate: note: ::error::x\n",
		"x\n::stop-commands::y":                "headgate: note: x\nheadgate: note: ::stop-commands::y\n",
		"##[add-mask]a, ##vso[task.complete]b": "headgate: note: #·[add-mask]a, #·vso[task.complete]b\n",
		"# 1 ## two [3]":                       "headgate: note: # 1 ## two [3]\n",
		"\x1b[31mred\r":                        "headgate: note: ?[31mred\n",
	} {
		var said bytes.Buffer
		(&app{stderr: &said}).say("note", have)
		if said.String() != want {
			t.Errorf("%q is said as %q, want %q", have, said.String(), want)
		}
	}
}
