package github

import (
	"reflect"
	"testing"
)

func TestRemarksStandOnTheRightSideOfHunks(t *testing.T) {
	for name, c := range map[string]struct {
		patch string
		want  []Lines
	}{
		"two hunks":       {"@@ -1,3 +1,4 @@ func a() {\n a\n+b\n c\n d\n@@ -20,2 +21,2 @@\n-x\n+y\n z", []Lines{{1, 4}, {21, 22}}},
		"a new file":      {"@@ -0,0 +1 @@\n+a", []Lines{{1, 1}}},
		"a deleted file":  {"@@ -1,2 +0,0 @@\n-a\n-b", nil},
		"only deleted":    {"@@ -4,1 +3,0 @@\n-a", nil},
		"code like heads": {"@@ -1 +1,2 @@\n @@ -5,5 +50,5 @@\n+@@ -9 +9 @@", []Lines{{1, 2}}},
		"nothing":         {"", nil},
		"too large":       {"@@ -1 +99999999999,1 @@", nil},
	} {
		if have := hunks(c.patch); !reflect.DeepEqual(have, c.want) {
			t.Errorf("%s: have %v, want %v", name, have, c.want)
		}
	}
	in := []Lines{{1, 4}, {21, 22}}
	for at, want := range map[Lines]bool{{1, 4}: true, {22, 22}: true, {4, 21}: false, {5, 5}: false, {3, 5}: false, {3, 2}: false} {
		if have := shown(in, at); have != want {
			t.Errorf("%v: %v", at, have)
		}
	}
}

func FuzzHunks(f *testing.F) {
	f.Add("@@ -1,3 +1,4 @@\n a\n")
	f.Fuzz(func(t *testing.T, patch string) {
		for _, l := range hunks(patch) {
			if l.From < 1 || l.To < l.From {
				t.Errorf("%q: %v", patch, l)
			}
		}
	})
}
