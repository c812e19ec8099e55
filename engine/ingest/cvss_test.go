package ingest

import (
	"testing"

	"github.com/headgate/headgate/engine"
)

func TestCVSSVersionComesFromTheVector(t *testing.T) {
	for _, c := range []struct {
		version, vector string
		score           float64
		want            engine.CVSS
		ok              bool
	}{
		{"", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 0, engine.CVSS{Version: "3.1", Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Score: 9.8}, true},
		{"3.1", "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8, engine.CVSS{Version: "3.0", Vector: "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Score: 9.8}, true},
		{"", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 0, engine.CVSS{Version: "4.0", Vector: "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", Score: 9.3}, true},
		{"", "(AV:N/AC:L/Au:N/C:P/I:P/A:P)", 0, engine.CVSS{Version: "2.0", Vector: "AV:N/AC:L/Au:N/C:P/I:P/A:P", Score: 7.5}, true},
		{"", "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 0, engine.CVSS{Version: "3.1", Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Score: 9.8}, true},
		{"", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 8.1, engine.CVSS{Version: "3.1", Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Score: 8.1}, true}, // the source's own
		{"3.1", "", 5.3, engine.CVSS{Version: "3.1", Score: 5.3}, true},
		{"3.1", "CVSS:3.1/nonsense", 5.25, engine.CVSS{Version: "3.1", Score: 5.3}, true},
		{"3.1", "", 0, engine.CVSS{}, false},
		{"", "", 9.8, engine.CVSS{}, false},
		{"5.0", "", 9.8, engine.CVSS{}, false},
		{"3.1", "", 11, engine.CVSS{}, false},
		{"", "medium", 0, engine.CVSS{}, false},
		{"", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0, engine.CVSS{Version: "3.1", Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N"}, true}, // 0 by its vector
	} {
		got, ok := cvssOfVersion(c.version, c.vector, c.score, "")
		if ok != c.ok || ok && got != c.want {
			t.Errorf("%q %q %v is %+v, %v, want %+v, %v", c.version, c.vector, c.score, got, ok, c.want, c.ok)
		}
	}
}

func TestAssessmentsAreListedOnce(t *testing.T) {
	a, ok := cvssOfVersion("3.1", "", 5.3, "nvd")
	b, _ := cvssOfVersion("3.1", "", 5.3, "redhat")
	all := addCVSS(addCVSS(addCVSS(nil, a, ok), b, true), a, true)
	if len(all) != 2 || len(addCVSS(all, engine.CVSS{}, false)) != 2 {
		t.Errorf("listed are %v", all)
	}
}
