package report

import (
	"crypto/sha256"
	"encoding/hex"
)

// UndecidedTitle is what a check that could not be decided says in a line.
const UndecidedTitle = "Undecided, which is no pass"

// NewUndecided says in place of a comment that nothing was decided, and why. The reason may hold names of files, and words of scanners.
func NewUndecided(reason string, o CommentOptions) Comment {
	body := "### Headgate · undecided\n\nThis commit was not decided about, which is no pass.\\\n" + SentenceCase(prose(reason, false)) + ".\n"
	sum := sha256.Sum256([]byte(body))
	if run := link(o.RunURL); run != "" {
		body += "\n<sub>[run](" + run + ")</sub>\n"
	}
	return Comment{Body: body, Digest: hex.EncodeToString(sum[:])}
}
