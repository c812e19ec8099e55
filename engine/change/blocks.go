package change

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A block is the part of a lockfile that is about one package: an object of JSON, what is indented below a key, a table of TOML.
type block struct {
	says []int // the lines that can name the package
	open bool  // what names it may lie outside of what is seen
}

// blocksOf finds the blocks that each line of a manifest's hunks is in, as the file reads after the change. What stands after something
// nested belongs to the block around it, wherever the nested one began: who reorders an entry does not take its version out of it.
func blocksOf(name string, text []line) [][]*block {
	at := make([][]*block, len(text))
	find := indented
	switch base := strings.ToLower(path.Base(name)); {
	case slices.Contains(inJSON, base) || path.Ext(base) == ".json":
		find = objects
	case slices.Contains(inTOML, base) || path.Ext(base) == ".toml":
		find = tables
	}
	for from := 0; from < len(text); {
		to := from + 1
		for to < len(text) && text[to].op != '@' {
			to++
		}
		var lines []int
		for i := from; i < to; i++ {
			if text[i].op == '+' || text[i].op == ' ' {
				lines = append(lines, i)
			}
		}
		find(text, lines, at)
		from = to
	}
	return at
}

// Lockfiles whose names do not tell their form.
var (
	inJSON = []string{"composer.lock", "pipfile.lock", "conan.lock", "package.resolved", "bun.lock"}
	inTOML = []string{"poetry.lock", "uv.lock", "pdm.lock", "cargo.lock"}
)

// mostBlocks is of how many blocks one line is followed, and mostNames by how many lines a block is named; whose the rest is is not known.
const (
	mostBlocks = 32
	mostNames  = 1000
)

// part are keys of objects that say more of the package around them.
var part = []string{"state", "dist", "source", "resolution", "metadata"}

// objects finds blocks by the brackets outside of strings. An object with a key is named by it, and every one by what stands in it.
func objects(text []line, lines []int, at [][]*block) {
	type level struct {
		of  *block
		own bool
	}
	above := &block{open: true} // what began before the hunk
	var stack []level
	key, keyLine, keyed := "", -1, false
	top := func() *block {
		if len(stack) == 0 {
			return above
		}
		return stack[len(stack)-1].of
	}
	for _, n := range lines {
		s := text[n].text
		for i := 0; i < len(s); i++ {
			switch s[i] {
			case '"':
				end := i + 1
				for end < len(s) && s[end] != '"' {
					if s[end] == '\\' {
						end++
					}
					end++
				}
				key, keyLine, keyed = s[i+1:min(end, len(s))], n, false
				i = end
				switch b := top(); {
				case len(at[n]) > mostBlocks:
				case len(at[n]) == mostBlocks:
					at[n] = append(at[n], &block{open: true})
				case !slices.Contains(at[n], b):
					at[n], b.says = append(at[n], b), append(b.says, n)
				}
			case ':':
				keyed = key != ""
				if b := top(); key == "name" && text[n].op == ' ' { // an added one could be a second
					b.open = false
				}
			case '{', '[':
				switch {
				case keyed && slices.Contains(part, key):
					stack = append(stack, level{top(), false})
				case keyed:
					stack = append(stack, level{&block{says: []int{keyLine}}, true})
				default:
					stack = append(stack, level{&block{open: true}, true})
				}
				key, keyed = "", false
			case '}', ']':
				if len(stack) > 0 {
					if l := stack[len(stack)-1]; l.own {
						l.of.open = false
					}
					stack = stack[:len(stack)-1]
				} else {
					above = &block{open: true}
				}
				key, keyed = "", false
			case ',':
				key, keyed = "", false
			}
		}
	}
}

// partOf are keys below which the package of the key above is told of.
var partOf = regexp.MustCompile(`^\s*["']?(?:version|resolution|source|dist|metadata)["']?\s*:\s*$`)

// indented finds blocks by what stands further in than its key.
func indented(text []line, lines []int, at [][]*block) {
	above := &block{open: true}
	of := map[int]*block{} // by the line of the key
	var stack []int
	depth := func(n int) int { return len(text[n].text) - len(strings.TrimLeft(text[n].text, " \t")) }
	for _, n := range lines {
		if strings.TrimSpace(text[n].text) == "" {
			continue
		}
		for len(stack) > 0 && depth(stack[len(stack)-1]) >= depth(n) {
			stack = stack[:len(stack)-1]
		}
		b := above
		for _, parent := range slices.Backward(stack) {
			if !partOf.MatchString(text[parent].text) {
				if b = of[parent]; b == nil {
					b = &block{says: []int{parent}}
					of[parent] = b
				}
				break
			}
		}
		at[n], b.says = append(at[n], b), append(b.says, n)
		stack = append(stack, n)
	}
}

var (
	tableName = regexp.MustCompile(`^\s*["']?name["']?\s*=`)
	subTable  = regexp.MustCompile(`^\s*\[\[?\s*["']?(?:package|metadata)["']?\s*\.`)
)

// tables finds the tables of TOML. A text of several lines may have anything in it that looks like a table.
func tables(text []line, lines []int, at [][]*block) {
	b := &block{open: true}
	odd := slices.ContainsFunc(lines, func(n int) bool {
		return strings.Contains(text[n].text, `"""`) || strings.Contains(text[n].text, `'''`)
	})
	for _, n := range lines {
		switch {
		case odd:
		case subTable.MatchString(text[n].text):
			b = &block{}
		case strings.HasPrefix(strings.TrimSpace(text[n].text), "["):
			b = &block{open: true}
		case tableName.MatchString(text[n].text):
			b.says, b.open = append(b.says, n), false
		}
		at[n] = append(at[n], b)
	}
}

// escape are the ways to write a letter by its number, in JSON, TOML, YAML, Go and XML.
var escape = regexp.MustCompile(`\\\\|\\(?:u00|x|U000000)([0-7][0-9A-Fa-f])|\\([0-7]{3})|\\(/)|&#(?:0{0,5}([0-9]{2,3})|[xX]0{0,5}([0-7][0-9A-Fa-f]));`)

// spelt is a line of a manifest with what is escaped in names and versions written out: package managers read it so.
func spelt(text string) string {
	if !strings.ContainsAny(text, `\&`) {
		return text
	}
	return escape.ReplaceAllStringFunc(text, func(s string) string {
		m := escape.FindStringSubmatch(s)
		for i, base := range []int{16, 8, 0, 10, 16} {
			code := m[i+1]
			if code == "" {
				continue
			}
			if code == "/" {
				return "/"
			}
			if c, err := strconv.ParseUint(code, base, 8); err == nil && (letter(lower(byte(c))) || strings.IndexByte("/@:+~", byte(c)) >= 0) && c < 0x80 {
				return string(rune(c))
			}
		}
		return s
	})
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// isJSON says whether a manifest's lists are those of JSON, in which the last entry has no comma after it.
func isJSON(name string) bool {
	base := strings.ToLower(path.Base(name))
	return path.Ext(base) == ".json" || slices.Contains(inJSON, base)
}

// keepBeforeComma takes for unchanged what got or lost nothing but the comma after it, as the last entry of a list does when another one is
// added behind it or taken away: else every change at the end of a list would bring what stood there before. It reads the lines of a hunk in
// the other way that is as true: the one that was removed stays where the first that was added stands, with what was removed before and after.
func keepBeforeComma(lines []line) {
	for at := 0; at < len(lines); at++ {
		from := at
		for at < len(lines) && lines[at].op == '-' {
			at++
		}
		if at == from || at == len(lines) || lines[at].op != '+' {
			continue
		}
		for k := from; k < at; k++ {
			if strings.TrimSuffix(lines[k].text, ",") == strings.TrimSuffix(lines[at].text, ",") {
				lines[k], lines[at] = line{' ', lines[at].text}, line{op: '-'} // what is empty names nothing
				break
			}
		}
	}
}
