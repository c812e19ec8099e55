package page

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// A chart is drawn in a square of 1000 by 1000 that is stretched to the room there is, with lines that keep their width; its texts stand
// beside it at shares of the room, so that they are as large on a telephone as on a wall.
type chart struct {
	ID         string
	Title      string
	Sub        string // a line below the title
	Says       string // for whoever does not see it
	Tall       bool
	Across     []tick // along the bottom
	Up         []tick // at the left
	Lines      []line
	Limits     []limit
	Key        []key
	Definition string
	Bias       string
	Table      *numbers
}

// A tick is a text at a share of an axis.
type tick struct{ At, Text, Anchor string }

// A line is a path; Band is the area around or below it.
type line struct{ Class, Path, Band string }

// A key says what a line is.
type key struct{ Class, Text string }

// A limit is a date or value to meet.
type limit struct{ At, Text, Anchor string }

// Numbers are the table of a chart.
type numbers struct {
	Head []string
	Rows [][]string
	Note string // what is left out
}

// side is the length of the square.
const side = 1000

// place is where a value lies on an axis that ends at a value, from 0 to side.
func place(v, end float64) float64 {
	if end <= 0 {
		return 0
	}
	return math.Max(0, math.Min(1, v/end)) * side
}

// percent is a place as a share of the room.
func percent(p float64) string { return strconv.FormatFloat(p/side*100, 'f', 2, 64) + "%" }

// xy is a point of a path, with the y of a page: downwards.
func xy(x, y float64) string {
	return strconv.FormatFloat(x, 'f', 1, 64) + "," + strconv.FormatFloat(side-y, 'f', 1, 64)
}

// upTo are round numbers from 0 up to at least a value, at most six of them.
func upTo(most float64, whole bool) []float64 {
	if most <= 0 || math.IsNaN(most) || math.IsInf(most, 0) {
		most = 1
	}
	step := math.Pow(10, math.Floor(math.Log10(most/4)))
	for _, times := range []float64{1, 2, 5, 10} {
		if most/(step*times) <= 5 {
			step *= times
			break
		}
	}
	if whole {
		step = math.Max(1, math.Round(step))
	}
	var out []float64
	for v := 0.0; ; v += step {
		out = append(out, v)
		if v >= most-step*1e-9 {
			return out
		}
	}
}

// upTicks are the ticks of an axis at the left.
func upTicks(values []float64, text func(float64) string) []tick {
	var out []tick
	for _, v := range values {
		out = append(out, tick{At: percent(side - place(v, values[len(values)-1])), Text: text(v)})
	}
	return out
}

// dayTicks are the ticks of an axis of days.
func dayTicks(end float64) []tick {
	var out []tick
	for _, v := range upTo(end, true) {
		if v <= end {
			out = append(out, tick{At: percent(place(v, end)), Text: number(v, 0), Anchor: "middle"})
		}
	}
	return out
}

// weekTicks are the ticks of an axis of weeks: a few days at distances that differ by no more than a week, the first and the last among them.
func weekTicks(at []time.Time) []tick {
	n := len(at)
	if n < 2 {
		return nil
	}
	const most = 5
	gaps := min(n, most) - 1
	var out []tick
	for k := range gaps + 1 {
		out = append(out, weekTick(at, k*(n-1)/gaps))
	}
	return out
}

func weekTick(at []time.Time, i int) tick {
	t := tick{At: percent(place(float64(i), float64(len(at)-1))), Text: at[i].UTC().Format("2 Jan"), Anchor: "middle"}
	switch i {
	case 0:
		t.Anchor = "start"
	case len(at) - 1:
		t.Anchor = "end"
	}
	return t
}

// polyline is a line through values at even distances; where one is not known the line is broken.
func polyline(values []*float64, end float64) string {
	var b strings.Builder
	pen := "M"
	for i, v := range values {
		if v == nil {
			pen = "M"
			continue
		}
		b.WriteString(pen + xy(place(float64(i), float64(len(values)-1)), place(*v, end)))
		pen = "L"
	}
	return b.String()
}

// number is a number as people write it: with commas, and so many digits after the point.
func number(v float64, digits int) string {
	s := strconv.FormatFloat(math.Abs(v), 'f', digits, 64)
	whole, rest, _ := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if rest != "" {
		whole += "." + rest
	}
	if v < 0 && strings.Trim(whole, "0.,") != "" {
		whole = "−" + whole
	}
	return whole
}

// count is a number with its noun.
func count(n int, one, many string) string { return number(float64(n), 0) + " " + word(n, one, many) }

func word(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// plural is a number with its noun, for small numbers.
func plural(n int, one, many string) string { return fmt.Sprintf("%d %s", n, word(n, one, many)) }
