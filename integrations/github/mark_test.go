package github

import (
	"strings"
	"testing"
)

func TestAMarkIsReadAsItWasWritten(t *testing.T) {
	m := mark{key: "build.gate", remark: "0123456789abcdef", run: Run{headSHA, 4711, 2}, digest: "d1", notes: map[string]string{noteFindings: "hg1-a.hg1-b"}}
	for _, text := range []string{m.marked("a\nb"), strings.ReplaceAll(m.marked("a\nb\n"), "\n", "\r\n"), m.marked("a\nb") + "\n"} {
		have, whole, ok := readMark(text)
		if !ok || !whole || have.key != m.key || have.remark != m.remark || have.run != m.run || have.digest != "d1" || have.notes[noteFindings] != "hg1-a.hg1-b" {
			t.Errorf("%q: %+v, whole %v, a mark %v", text, have, whole, ok)
		}
	}
	if _, whole, ok := readMark(m.marked("a\nb") + "\nI say: pass"); !ok || whole {
		t.Error("a text that somebody added to is taken for what was written")
	}
}

func TestWhatMerelyLooksLikeAMarkIsNone(t *testing.T) {
	good := mark{key: "gate"}.marked("x")
	for _, text := range []string{
		"", " " + good, "> " + good, "\n" + good, strings.Replace(good, " -->", "", 1), strings.Replace(good, "gate", "gate two", 1),
		strings.Replace(good, "headgate:v1", "headgate:v10", 1), strings.Replace(good, " -->", " --> and more", 1), "<!-- headgate:v1 -->\n",
	} {
		if m, _, ok := readMark(text); ok {
			t.Errorf("%q is taken for a mark: %+v", text, m)
		}
	}
	if m, _, _ := readMark(mark{key: "gate-two"}.marked("x")); m.key == "gate" {
		t.Error("a key is taken for the beginning of another")
	}
}

func TestAMarkCannotBeEndedFromInside(t *testing.T) {
	m := mark{key: "gate", remark: "x --> <img src=//evil.example>", digest: "a\nb", notes: map[string]string{noteFindings: "--> @everyone"}}
	if line := m.String(); strings.Count(line, "-->") != 1 || strings.ContainsAny(line, "@\n") || strings.Contains(line, "img") {
		t.Errorf("the mark is %q", line)
	}
}

func TestAKeyIsOfAFewCharactersAndOnePerName(t *testing.T) {
	seen := map[string]string{}
	for _, name := range []string{"gate", "CI / gate", "CI . gate", "CI gate", "é", "è", "", strings.Repeat("x", 64), strings.Repeat("x", 65), strings.Repeat("x", 66), "--> x"} {
		key := Key(name)
		if !markValue().MatchString(key) || len(key) > longestKey {
			t.Errorf("%q has the key %q", name, key)
		}
		if other, twice := seen[key]; twice {
			t.Errorf("%q and %q have the key %q", name, other, key)
		}
		seen[key] = name
	}
	if Key("build.gate") != "build.gate" {
		t.Error("a name that is a key already is changed")
	}
}

func FuzzReadMark(f *testing.F) {
	f.Add(mark{key: "gate", run: Run{headSHA, 1, 1}, digest: "d"}.marked("text"))
	f.Add("<!-- headgate:v1 key=a run=99999999999999999999 -->\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		m, _, ok := readMark(text)
		if !ok {
			return
		}
		again, whole, ok := readMark(m.marked("text"))
		if !ok || !whole || again.key != m.key || again.digest != m.digest {
			t.Errorf("%q: %+v is written as %+v", text, m, again)
		}
	})
}
