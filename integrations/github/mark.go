package github

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// A Run is which run speaks, and about which commit.
type Run struct {
	Head        string // the commit that was judged
	ID, Attempt int64  // of the workflow's run; 0 outside of workflows
}

// after says whether a run began after another one. Numbers of runs grow; the same run can be tried again.
func (r Run) after(other Run) bool {
	return r.ID > other.ID || r.ID == other.ID && r.Attempt > other.Attempt
}

// A mark is the first line of what we write. It tells our texts from those of others, together with who wrote them, and it is where
// later runs find what this one knew: there is no other place that all runs can read.
type mark struct {
	key    string // whose text it is: there is one comment for each key on a pull request
	remark string // fingerprint, if it is a remark
	run    Run
	digest string            // of what is said
	body   string            // digest of the text below the mark, as it was written: another one means that somebody edited it
	notes  map[string]string // what else is to be known
}

const markName = "headgate:v1"

// markLine is compiled by the first who reads a mark, as are others with long counted repetitions: these take a part of every start.
var markLine = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^<!-- ` + markName + `((?: [a-z]{1,16}=[A-Za-z0-9._-]{1,600})+) -->(?:\r?\n|$)`)
})

// markValue is what can stand in a mark. What cannot, such as an id of a result that somebody made up, is left out: it could end the mark.
var markValue = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9._-]{1,600}$`) })

// String is the mark as a line of Markdown that nobody sees.
func (m mark) String() string {
	var b strings.Builder
	b.WriteString("<!-- " + markName)
	put := func(name, value string) {
		if markValue().MatchString(value) {
			fmt.Fprintf(&b, " %s=%s", name, value)
		}
	}
	put("key", m.key)
	put("remark", m.remark)
	put("head", m.run.Head)
	if m.run.ID > 0 {
		put("run", strconv.FormatInt(m.run.ID, 10))
		put("attempt", strconv.FormatInt(m.run.Attempt, 10))
	}
	put("digest", m.digest)
	put("body", m.body)
	for _, name := range noteNames {
		put(name, m.notes[name])
	}
	return b.String() + " -->"
}

// What else a mark may note, in the order in which it does.
const (
	noteSARIF    = "sarif"    // of a comment: what was uploaded to code scanning
	noteFindings = "findings" // of a remark: what it is about
)

var noteNames = []string{noteSARIF, noteFindings}

// readMark reads the mark of a text, and whether there is one. Only a whole first line is one: what merely begins like it, or stands
// further down, may be a quotation.
func readMark(text string) (m mark, whole bool, ok bool) {
	found := markLine().FindStringSubmatch(text)
	if found == nil {
		return mark{}, false, false
	}
	m.notes = map[string]string{}
	for _, field := range strings.Fields(found[1]) {
		name, value, _ := strings.Cut(field, "=")
		switch name {
		case "key":
			m.key = value
		case "remark":
			m.remark = value
		case "head":
			m.run.Head = value
		case "run":
			m.run.ID, _ = strconv.ParseInt(value, 10, 64) // what is no number was not written by us, and is as old as can be
		case "attempt":
			m.run.Attempt, _ = strconv.ParseInt(value, 10, 64)
		case "digest":
			m.digest = value
		case "body":
			m.body = value
		default:
			m.notes[name] = value
		}
	}
	return m, m.body == digestOf(text[len(found[0]):]), true
}

// marked is a text below its mark.
func (m mark) marked(text string) string {
	m.body = digestOf(text)
	return m.String() + "\n" + text
}

// digestOf is the digest of a text as GitHub keeps it, which may change the ends of lines and of the text.
func digestOf(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	return shortDigest(strings.TrimSpace(text))
}

func shortDigest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

var notInKey = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

const longestKey = 64

// Key is a name as a key of a mark: other characters than letters, digits, dots and dashes become dashes. Names that are changed get a
// digest, so that two of them stay two.
func Key(name string) string {
	key := strings.Trim(notInKey.ReplaceAllString(name, "-"), "-")
	if key == name && key != "" && len(key) <= longestKey {
		return key
	}
	return strings.Trim(key[:min(len(key), longestKey-9)]+"-"+shortDigest(name)[:8], "-")
}
