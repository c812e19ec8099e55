package kpi

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
)

var (
	metricName   = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)
	metricHeader = regexp.MustCompile(`^# (TYPE|UNIT|HELP) (\S+) (.+)$`)
	metricSample = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$`)
	metricLabel  = regexp.MustCompile(`^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)`)
)

// parseOpenMetrics reads the format as its specification has it, and nothing else: families follow each other whole, TYPE, UNIT and HELP come once
// before the samples, a name ends with its unit, no two samples have the same labels, and the last line is # EOF.
func parseOpenMetrics(text string) (samples map[string]float64, err error) {
	samples = map[string]float64{}
	lines := strings.Split(text, "\n")
	if n := len(lines); n < 2 || lines[n-1] != "" || lines[n-2] != "# EOF" {
		return nil, fmt.Errorf("it does not end with # EOF and a line feed")
	}
	var family string
	var done []string
	said, sampled := map[string]bool{}, false
	for i, line := range lines[:len(lines)-2] {
		if m := metricHeader.FindStringSubmatch(line); m != nil {
			if m[2] != family {
				if slices.Contains(done, m[2]) {
					return nil, fmt.Errorf("line %d: the family %s comes twice", i+1, m[2])
				}
				family, said, sampled = m[2], map[string]bool{}, false
				done = append(done, family)
			}
			switch {
			case !metricName.MatchString(family), said[m[1]], sampled:
				return nil, fmt.Errorf("line %d: %s", i+1, line)
			case m[1] == "TYPE" && m[3] != "gauge":
				return nil, fmt.Errorf("line %d: type %s", i+1, m[3])
			case m[1] == "UNIT" && !strings.HasSuffix(family, "_"+m[3]):
				return nil, fmt.Errorf("line %d: %s does not end with %s", i+1, family, m[3])
			}
			said[m[1]] = true
			continue
		}
		m := metricSample.FindStringSubmatch(line)
		if m == nil || m[1] != family || !said["TYPE"] {
			return nil, fmt.Errorf("line %d is no sample of %s: %q", i+1, family, line)
		}
		sampled = true
		names := map[string]bool{}
		for rest := m[2]; rest != ""; {
			l := metricLabel.FindStringSubmatch(rest)
			if l == nil || names[l[1]] {
				return nil, fmt.Errorf("line %d: labels %q", i+1, rest)
			}
			names[l[1]] = true
			rest = rest[len(l[0]):]
		}
		v, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		key := m[1] + "{" + m[2] + "}"
		if _, twice := samples[key]; twice {
			return nil, fmt.Errorf("line %d: %s comes twice", i+1, key)
		}
		samples[key] = v
	}
	return samples, nil
}

func TestOpenMetricsAreValidWhateverTeamsAreCalled(t *testing.T) {
	c := collector(t)
	for i, name := range []string{"", "team-pay", `a"b\c`, "line\nfeed", "\x1b[31mred", "\u202eright", strings.Repeat("long ", 500), "# EOF", "\xff\xfe", "日本"} {
		x := opened(engine.Priorities[i%4], 20, float64(10*(i%2)))
		x.Owner = name
		c.Case(x)
		y := opened(engine.Act, 5, 0)
		y.Owner, y.Due = name, ago(-3)
		c.Case(y)
	}
	c.Ticket(&Ticket{Place: "p", Key: "k", Status: "To \"Do\"\n", Resolution: `\`})
	c.Ticket(&Ticket{Place: "p", Key: "l", Status: "To \"Do\" ", Resolution: `\`}) // the same once it is clean
	var out bytes.Buffer
	if err := WriteOpenMetrics(&out, c.Report()); err != nil {
		t.Fatal(err)
	}
	samples, err := parseOpenMetrics(out.String())
	if err != nil {
		t.Fatalf("%v:\n%s", err, out.String())
	}
	for key, want := range map[string]float64{`headgate_open_cases{priority="all"}`: 15, `headgate_open_cases{priority="act"}`: 10, `headgate_team_cases{team="team-pay",due="7 days"}`: 1,
		`headgate_report_timestamp_seconds{}`: float64(until.Unix())} {
		if have, ok := samples[key]; !ok || have != want {
			t.Errorf("%s is %v (%v), not %v", key, have, ok, want)
		}
	}
	for _, bad := range []string{"", "# EOF", "headgate_x 1\n# EOF\n", "# TYPE headgate_x gauge\nheadgate_x 1\nheadgate_x 2\n# EOF\n", "# TYPE a gauge\na{b=\"\"c\"} 1\n# EOF\n"} {
		if _, err := parseOpenMetrics(bad); err == nil {
			t.Errorf("this test takes %q", bad)
		}
	}
}

func TestTheSameCountsGiveTheSameBytes(t *testing.T) {
	write := func() string {
		c := collector(t)
		for i := range 500 {
			x := opened(engine.Priorities[i%4], 20+float64(i%50)+0.1*float64(i%7), float64(i%19))
			x.Owner, x.Due, x.Waived = fmt.Sprint("team-", i%70), ago(float64(i%30)-20), i%5 == 0
			c.Case(x)
		}
		for i := range 40 {
			c.Waivers("r", fmt.Sprint(i%3), []Waiver{{ID: fmt.Sprint(i), Expires: ago(-5).Format(time.DateOnly), State: "used"}})
			c.Ticket(&Ticket{Place: "p", Key: fmt.Sprint(i), Status: fmt.Sprint(i % 6)})
		}
		var out bytes.Buffer
		if err := WriteJSON(&out, c.Report()); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	first := write()
	for range 5 {
		if again := write(); again != first {
			t.Fatal("another run gives other bytes")
		}
	}
}
