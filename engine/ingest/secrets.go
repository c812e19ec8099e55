package ingest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/headgate/headgate/engine"
)

// keyContent digests again, with a key, the content of what is or may be the value of a secret, since findings' ids are digests of the
// content: without the key nobody can try out passwords against an id. Other content stays as it is, so that a key changes the ids of
// these findings alone.
//
// With Options.SecretKey the ids are safe as long as the key is. Without one the key is made of the target's name, which is no secret:
// then ids tell nothing to who only sees them, but who knows target, rule and path can test guesses of a weak password.
func keyContent(d *engine.Discovery, key []byte) {
	f := &d.Finding
	credential := f.Kind == engine.KindSecret || slices.ContainsFunc(f.CWEs, func(n int) bool { return slices.Contains(credentialCWEs, n) })
	if d.Content == "" || !credential {
		return
	}
	if len(key) == 0 {
		key = []byte("headgate:" + string(d.Target.Type) + ":" + d.Target.Name)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(d.Content))
	d.Content = "keyed:" + hex.EncodeToString(mac.Sum(nil)[:12])
}

// A credential is one form of them: its marks, and what it matches.
type credential struct {
	marks []string
	form  func() *regexp.Regexp
}

// form is compiled when a text has its mark: most runs meet none, and compiling all takes part of every start.
func form(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

// shown is what stands for a credential. Of an address the rest stays.
func (c *credential) shown() string {
	if c.form().NumSubexp() > 0 {
		return "${1}…@"
	}
	return "…"
}

// credentials are the forms of credentials that tell themselves, as their issuers publish them. Each is searched for only in a text
// that has one of its marks, since most texts have none.
var credentials = []credential{
	{[]string{"PRIVATE KEY"}, form(`(?s)-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)`)},
	{[]string{"AKIA", "ASIA", "ABIA", "ACCA"}, form(`(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}`)},                                               // AWS
	{[]string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"}, form(`(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,})`)}, // GitHub
	{[]string{"glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glsoat-"}, form(`gl(?:pat|dt|rt|cbt|ptt|soat)-[A-Za-z0-9_.-]{16,}`)},        // GitLab
	{[]string{"xox", "xapp-"}, form(`(?:xox[a-z](?:\.xox[a-z])?|xapp)-[A-Za-z0-9-]{8,}`)},                                                  // Slack
	{[]string{"hooks.slack.com/"}, form(`hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/_-]+`)},                                       // Slack
	{[]string{"k_live_", "k_test_", "whsec_"}, form(`(?:[spr]k_(?:live|test)|whsec)_[A-Za-z0-9+/=_]{8,}`)},                                 // Stripe
	{[]string{"eyJ"}, form(`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)*`)},                                                // JSON Web Tokens
	{[]string{"AIza"}, form(`AIza[A-Za-z0-9_-]{30,}`)},                                                                                     // Google
	{[]string{"GOCSPX-", "ya29."}, form(`(?:GOCSPX-|ya29\.)[A-Za-z0-9_-]{16,}`)},                                                           // Google
	{[]string{"SG."}, form(`SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}`)},                                                                  // SendGrid
	{[]string{"npm_", "pypi-AgE", "rubygems_"}, form(`(?:npm_[A-Za-z0-9]{30,}|pypi-AgE[A-Za-z0-9_-]{16,}|rubygems_[a-f0-9]{32,})`)},        // package registries
	{[]string{"dop_v1_", "doo_v1_", "hvs.", "hvb.", "dckr_pat_"}, form(`(?:do[op]_v1_[a-f0-9]{32,}|hv[sb]\.[A-Za-z0-9_-]{16,}|dckr_pat_[A-Za-z0-9_-]{16,})`)},
	{[]string{"sk-"}, form(`\bsk-[A-Za-z0-9_-]{20,}`)},                         // OpenAI, Anthropic and others
	{[]string{":/"}, form(`(:/{1,2})[^\s/:@"'<>]{0,100}:[^\s/@"'<>]{1,200}@`)}, // a password in an address
}

// redacted is a text of a report without what has the form of a credential, whatever quotes it there.
func redacted(text string) string {
	if len(text) < len("://:x@") {
		return text
	}
	has := lettersOf(text)
	for i := range credentials {
		c, of := &credentials[i], &lettersOfMarks[i]
		if !has.all(of.common) {
			continue
		}
		for j, mark := range c.marks {
			if has.all(of.each[j]) && strings.Contains(text, mark) {
				text = c.form().ReplaceAllString(text, c.shown())
				has = lettersOf(text)
				break
			}
		}
	}
	return text
}

// A letters is which characters of ASCII a text has, and at worst some more if it has others beside them. Looking for each mark in each text
// would take a tenth of reading a report, and most texts lack a letter of most marks.
type letters [2]uint64

func lettersOf(text string) letters {
	var low, high uint64
	for i := range len(text) {
		c := text[i]
		bit, isHigh := uint64(1)<<(c&63), -uint64(c>>6&1) // all ones or none: a branch would be guessed wrong too often
		low |= bit &^ isHigh
		high |= bit & isHigh
	}
	return letters{low, high}
}

// all says whether all of some others are among them.
func (l letters) all(of letters) bool { return l[0]&of[0] == of[0] && l[1]&of[1] == of[1] }

// lettersOfMarks are those of the marks of credentials: of each, and what all marks of one form have in common.
var lettersOfMarks = func() (all []struct {
	each   []letters
	common letters
}) {
	all = slices.Grow(all, len(credentials))[:len(credentials)]
	for i, c := range credentials {
		all[i].common = letters{^uint64(0), ^uint64(0)}
		for _, mark := range c.marks {
			of := lettersOf(mark)
			all[i].each = append(all[i].each, of)
			all[i].common[0] &= of[0]
			all[i].common[1] &= of[1]
		}
	}
	return all
}()

// redact takes credentials out of all texts of a finding that a report words freely.
func redact(f *engine.Finding) {
	f.Title = redacted(f.Title)
	if f.Rule != nil {
		f.Rule.ID = redacted(f.Rule.ID)
	}
	if f.Secret != nil {
		f.Secret.Type = redacted(f.Secret.Type)
	}
	if f.Resource != nil {
		f.Resource.Name = redacted(f.Resource.Name)
	}
	for i := range f.Locations {
		l := &f.Locations[i]
		l.Path, l.URL, l.Image = redacted(l.Path), redacted(l.URL), redacted(l.Image)
	}
	if f.Suppression != nil {
		f.Suppression.Justification = redacted(f.Suppression.Justification)
	}
}
