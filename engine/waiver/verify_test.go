package waiver_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine/waiver"
)

const (
	dev    = "dev@example.com"
	ana    = "ana@example.com"
	eve    = "eve@example.com"
	github = "noreply@github.com"
)

// A past is a history that a test tells: each line of the file by the commit that wrote it.
func past(lines []string, commits map[string]waiver.Commit) *waiver.History {
	return &waiver.History{Head: "head", Lines: lines, Commits: commits, Text: func(string) ([]byte, error) { return nil, errors.New("not here") }}
}

// asked is a waivers file with one entry of six lines, the fifth of which is its approver's; more are lines after them.
func asked(requester, approver string, more ...string) string {
	lines := []string{"- id: w", "  finding: CVE-2021-44228", "  reason: none", "  created: 2026-11-01"}
	if requester != "" {
		lines = append(lines, "  requester: "+requester)
	}
	if approver != "" {
		lines = append(lines, "  approver: "+approver)
	}
	return "waivers:\n" + strings.Join(append(append(lines, "  expires: 2026-12-01"), more...), "\n") + "\n"
}

// entryOf is the waiver of such a file.
func entryOf(t *testing.T, text string) waiver.Waiver {
	t.Helper()
	list, err := waiver.Read("waivers.yaml", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return list.Waivers[0]
}

// The approver merged an entry that held while it was not exploited. The requester took that out later: all lines that are left are of
// the commit that was merged.
func TestWhoTakesALineOutOfAnEntryHasItApprovedAgain(t *testing.T) {
	now := asked("", "")
	w := entryOf(t, now)
	commits := map[string]waiver.Commit{"head": by(dev, dev, "merge"), "merge": by(ana, github, "main", "guard"),
		"guard": by(dev, dev, "ask"), "ask": by(dev, dev, "main"), "main": by(eve, eve)}
	h := past(slices.Repeat([]string{"ask"}, 7), commits)
	texts := map[string]string{"head": now, "ask": now}
	h.Text = func(commit string) ([]byte, error) { return []byte(texts[commit]), nil }
	for _, c := range []struct {
		name, merged string
		verified     bool
	}{
		{"as it is", now, true},
		{"among others", now + "- id: other\n  path: a/**\n", true},
		{"with a guard", asked("", "", "  while:", "    kev: false"), false},
		{"of one asset", asked("", "", "  asset: shop"), false},
		{"not at all", "", false},
		{"twice", now + strings.TrimPrefix(now, "waivers:\n"), false},
		{"in a file that does not load", "waivers: [", false},
	} {
		texts["merge"] = c.merged
		proof := h.Verifier([]string{ana})(&w)
		if proof.Verified != c.verified || !c.verified && !strings.Contains(proof.Why, "approved in merge read otherwise") {
			t.Errorf("%s: %+v; want %v", c.name, proof, c.verified)
		}
	}
}

// A squash merge is committed by the code host for whoever presses the button; what was reviewed before is known there.
func TestAReviewAtTheCodeHostProvesWhatGitDoesNot(t *testing.T) {
	text := asked("", "")
	w := entryOf(t, text)
	commits := map[string]waiver.Commit{"head": by(dev, github, "main"), "main": by(eve, eve)}
	for _, c := range []struct {
		name      string
		approvers []string
		reviewers []string
		err       error
		approver  string
		why       string
	}{
		{"by login", []string{"@ana"}, []string{"@Ana"}, nil, "@ana", ""},
		{"by both names", []string{"ana@example.com @ana"}, []string{"@eve", "@ana"}, nil, ana, ""},
		{"by somebody else", []string{"@ana"}, []string{"@eve"}, nil, "", "nothing in git shows"},
		{"by who asks", []string{"dev@example.com @dev"}, []string{"@dev"}, nil, "", "let nobody else approve it"},
		{"not known by login", []string{ana}, []string{"@ana"}, nil, "", "nothing in git shows"},
		{"not readable", []string{"@ana"}, nil, errors.New("403"), "", "the reviews could not be read: 403"},
	} {
		h := past(slices.Repeat([]string{"head"}, 7), commits)
		h.Text = func(string) ([]byte, error) { return []byte(text), nil }
		h.Reviews = func(commit string) (all []waiver.Review, err error) {
			for _, r := range c.reviewers {
				all = append(all, waiver.Review{Approver: r, How: "approved by " + r + " of " + commit})
			}
			return all, c.err
		}
		proof := h.Verifier(c.approvers)(&w)
		if proof.Verified != (c.approver != "") || proof.Approver != c.approver || !strings.Contains(proof.Why, c.why) || proof.Verified && !strings.Contains(proof.How, " of head") {
			t.Errorf("%s: %+v", c.name, proof)
		}
	}
}

func TestAPersonIsNamedByAddressLoginOrBoth(t *testing.T) {
	for name, good := range map[string]bool{"ana@example.com": true, "@ana": true, "ana@example.com @ana": true, "@ana ana@example.com": true,
		"": false, "ana": false, "@": false, "@ana @bo": false, "ana@example.com bo@example.com": false, "a@b@c": false} {
		if err := waiver.CheckPerson(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, c := range []struct {
		a, b string
		same bool
	}{{"ana@example.com @ana", "@ANA", true}, {"Ana@example.com", "@ana ana@example.com", true}, {"@ana", "ana@example.com", false}, {"", "", false}, {"@ana", "", false}} {
		if waiver.SamePerson(c.a, c.b) != c.same || waiver.SamePerson(c.b, c.a) != c.same {
			t.Errorf("%q and %q: %v", c.a, c.b, !c.same)
		}
	}
}

func by(author, committer string, parents ...string) waiver.Commit {
	return waiver.Commit{Author: author, Committer: committer, Parents: parents}
}

func approved(c waiver.Commit, who ...string) waiver.Commit {
	c.Approvals = who
	return c
}

// Lines 1 to 5 of the file are the entry, line 4 its approver.
func TestWhatGitShowsProvesAWaiverAndNothingElse(t *testing.T) {
	same := func(id string) []string { return slices.Repeat([]string{id}, 5) }
	own := []string{"ask", "ask", "ask", "say", "ask"}
	w := waiver.Waiver{ID: "w", Line: 1, EndLine: 5, ApproverLine: 4, Requester: dev, Approver: ana}
	any := waiver.Waiver{ID: "w", Line: 1, EndLine: 5}
	for _, c := range []struct {
		name     string
		w        waiver.Waiver
		h        *waiver.History
		verified bool
		says     string // how or why
	}{
		{"written and committed by the requester alone", w, past(same("head"), map[string]waiver.Commit{"head": by(dev, dev)}), false, "nothing in git shows that ana@example.com approved"},
		{"committed by the approver", w, past(same("head"), map[string]waiver.Commit{"head": by(dev, ana)}), true, "committed by ana@example.com"},
		{"the same in other letters", w, past(same("head"), map[string]waiver.Commit{"head": by("Dev@Example.com", "ANA@example.com")}), true, "committed by"},
		{"committed by somebody else", w, past(same("head"), map[string]waiver.Commit{"head": by(dev, eve)}), false, "nothing in git shows"},
		{"the approver names herself as requester", waiver.Waiver{ID: "w", Line: 1, EndLine: 5}, past(same("head"), map[string]waiver.Commit{"head": by(ana, ana)}), false, "an approver other than ana@example.com"},
		{"written by somebody else than it says", w, past(same("head"), map[string]waiver.Commit{"head": by(eve, ana)}), false, "eve@example.com wrote it in head, not dev@example.com"},
		{"written by two", any, past([]string{"ask", "ask", "head", "ask", "ask"}, map[string]waiver.Commit{"ask": by(dev, ana), "head": by(eve, ana, "ask")}), false, "written by both dev@example.com and eve@example.com"},
		{"an approver's trailer of the requester's own commit", w, past(same("head"), map[string]waiver.Commit{"head": approved(by(dev, dev), ana)}), false, "nothing in git shows"},
		{"an approver's trailer of a commit that the requester made in the browser", w, past(same("head"), map[string]waiver.Commit{"head": approved(by(dev, github), ana)}), false, "nothing in git shows"},
		{"an approver's trailer of a commit that somebody else made", w, past(same("head"), map[string]waiver.Commit{"head": approved(by(dev, eve), ana)}), true, "approved by ana@example.com, as head says"},
		{"somebody's trailer of a commit that somebody else made", w, past(same("head"), map[string]waiver.Commit{"head": approved(by(dev, eve), eve)}), false, "nothing in git shows"},
		{"somebody else's merge says that the approver approved", w, past(same("ask"), map[string]waiver.Commit{"head": approved(by(eve, github, "main", "ask"), ana), "ask": by(dev, dev, "main"), "main": by(eve, eve)}), true, "approved by ana@example.com, as head says"},
		{"merged by the approver", w, past(same("ask"), map[string]waiver.Commit{"head": by(ana, github, "main", "ask"), "ask": by(dev, dev, "main"), "main": by(eve, eve)}), true, "merged by ana@example.com in head"},
		{"merged by the requester", w, past(same("ask"), map[string]waiver.Commit{"head": by(dev, github, "main", "ask"), "ask": by(dev, dev, "main"), "main": by(eve, eve)}), false, "nothing in git shows"},
		{"the requester's merge says that the approver approved", w, past(same("ask"), map[string]waiver.Commit{"head": approved(by(dev, github, "main", "ask"), ana), "ask": by(dev, dev, "main"), "main": by(eve, eve)}), false, "nothing in git shows"},
		{"merged by the approver after the branch had it", w, past(same("ask"), map[string]waiver.Commit{"head": by(ana, ana, "ask", "side"), "ask": by(dev, dev, "main"), "side": by(eve, eve, "main"), "main": by(eve, eve)}), false, "nothing in git shows"},
		{"the approver wrote the line afterwards", w, past(own, map[string]waiver.Commit{"head": by(eve, eve, "say"), "say": by(ana, ana, "ask"), "ask": by(dev, dev)}), true, "approved by ana@example.com in say"},
		{"the approver wrote the line before", w, past(own, map[string]waiver.Commit{"head": by(eve, eve, "ask"), "ask": by(dev, dev, "say"), "say": by(ana, ana)}), false, "nothing in git shows"},
		{"somebody else wrote the approver's line", w, past(own, map[string]waiver.Commit{"head": by(eve, eve, "say"), "say": by(eve, ana, "ask"), "ask": by(dev, ana)}), false, "nothing in git shows"},
		{"the requester wrote the approver's line later, and nobody saw it", w, past(own, map[string]waiver.Commit{"head": by(eve, eve, "say"), "say": by(dev, dev, "ask"), "ask": by(dev, ana)}), false, "nothing in git shows"},
		{"changed after it was approved", w, past([]string{"ask", "ask", "head", "say", "ask"}, map[string]waiver.Commit{"head": by(dev, dev, "say"), "say": by(ana, ana, "ask"), "ask": by(dev, dev)}), false, "nothing in git shows"},
		{"any of the approvers", any, past(same("head"), map[string]waiver.Commit{"head": by(dev, ana)}), true, "committed by ana@example.com"},
		{"approved by who may not", waiver.Waiver{ID: "w", Line: 1, EndLine: 5, Approver: eve}, past(same("head"), map[string]waiver.Commit{"head": by(dev, eve)}), false, "eve@example.com is not on the settings' list"},
		{"a line is not committed", w, past([]string{"head", "head", "", "head", "head"}, map[string]waiver.Commit{"head": by(dev, ana)}), false, "line 3 is not committed"},
		{"a line that git does not have", w, past([]string{"head"}, map[string]waiver.Commit{"head": by(dev, ana)}), false, "does not know all of its lines"},
		{"a commit that git does not have", w, past(same("gone"), map[string]waiver.Commit{"head": by(dev, ana)}), false, "does not know commit gone"},
		{"the clone ends before it", w, &waiver.History{Head: "head", Lines: same("head"), Cut: []string{"head"}, Commits: map[string]waiver.Commit{"head": by(dev, ana)}}, false, "too shallow"},
		{"nobody wrote it", any, past(same("head"), map[string]waiver.Commit{"head": by("", ana)}), false, "names no author"},
	} {
		text := asked(c.w.Requester, c.w.Approver)
		w := entryOf(t, text)
		w.Line, w.EndLine, w.ApproverLine = c.w.Line, c.w.EndLine, c.w.ApproverLine
		c.h.Text = func(string) ([]byte, error) { return []byte(text), nil }
		proof := c.h.Verifier([]string{"bo@example.com", ana})(&w)
		if proof.Verified != c.verified || !strings.Contains(proof.How+proof.Why, c.says) {
			t.Errorf("%s: %+v; want %v: %s", c.name, proof, c.verified, c.says)
		}
		if proof.Verified && (proof.Approver != ana || !strings.EqualFold(proof.Requester, dev)) {
			t.Errorf("%s: proven to be of %s and %s", c.name, proof.Requester, proof.Approver)
		}
		if none := c.h.Verifier(nil)(&w); none.Verified || !strings.Contains(none.Why, "no approvers") {
			t.Errorf("%s: without approvers %+v", c.name, none)
		}
	}
}

// What is missing but for an approval can come no more; who can still give one is named.
func TestAForecastNamesWhoCanStillApprove(t *testing.T) {
	const me, other = "dev@example.com", "ana@example.com"
	commits := map[string]waiver.Commit{"head": by(me, me, "base"), "base": by(other, other)}
	for name, c := range map[string]struct {
		approvers []string
		approver  string
		awaits    []string
		why       string
	}{
		"no approvers":        {nil, "", nil, "the settings name no approvers"},
		"only who asks":       {[]string{me}, "", nil, "the settings let nobody else approve it"},
		"somebody else":       {[]string{me, other}, "", []string{other}, "nothing in git shows"},
		"who is named":        {[]string{other, "@bo"}, other, []string{other}, "nothing in git shows that ana@example.com approved"},
		"who may not approve": {[]string{"@bo"}, other, nil, "is not on the settings' list"},
	} {
		approver := ""
		if c.approver != "" {
			approver = "  approver: " + c.approver
		}
		text := asked("", "", approver)
		w := entryOf(t, text)
		h := past(slices.Repeat([]string{"head"}, strings.Count(text, "\n")), commits)
		h.Text = func(string) ([]byte, error) { return []byte(text), nil }
		proof := h.Forecast("base", c.approvers)(&w)
		if proof.Verified || !slices.Equal(proof.Awaits, c.awaits) || !strings.Contains(proof.Why, c.why) {
			t.Errorf("%s: %+v", name, proof)
		}
	}
}

// The merge that shows an approval is the one that brings a change to its base, not one that the change made before.
func TestAForecastCountsNoMergeOfTheChangeItself(t *testing.T) {
	text := asked("", "")
	w := entryOf(t, text)
	commits := map[string]waiver.Commit{"merge": by("ana@example.com", "ana@example.com", "base", "head"),
		"head": by("dev@example.com", "dev@example.com", "base"), "base": by("dev@example.com", "dev@example.com")}
	h := past(slices.Repeat([]string{"head"}, strings.Count(text, "\n")), commits)
	h.Head = "merge"
	h.Text = func(string) ([]byte, error) { return []byte(text), nil }
	if approvers := []string{"ana@example.com"}; !h.Verifier(approvers)(&w).Verified || h.Forecast("base", approvers)(&w).Verified {
		t.Errorf("on the base %+v, before %+v", h.Verifier(approvers)(&w), h.Forecast("base", approvers)(&w))
	}
}

// Who merges a change approves what it brings, not what was merged before without them.
func TestAForecastDoesNotCountOnAnApprovalOfWhatIsMergedAlready(t *testing.T) {
	text := asked("", "")
	w := entryOf(t, text)
	commits := map[string]waiver.Commit{"head": by("dev@example.com", "dev@example.com", "base"), "base": by("dev@example.com", "dev@example.com")}
	lines := slices.Repeat([]string{"base"}, strings.Count(text, "\n"))
	lines[len(lines)-1] = "head"
	h := past(lines, commits)
	h.Text = func(string) ([]byte, error) { return []byte(text), nil }
	if p := h.Forecast("base", []string{"ana@example.com"})(&w); p.Verified || p.Awaits != nil || !strings.Contains(p.Why, "what was merged of it before was not approved") {
		t.Errorf("%+v", p)
	}
	commits["base"] = by("dev@example.com", "ana@example.com")
	if p := h.Forecast("base", []string{"ana@example.com"})(&w); p.Verified || !slices.Equal(p.Awaits, []string{"ana@example.com"}) {
		t.Errorf("merged by the approver: %+v", p)
	}
}

// Who is awaited is who makes it hold by merging, and nobody else, whoever wrote the line approver, and wherever.
func TestAForecastAwaitsWhoseMergeWouldMakeAWaiverHold(t *testing.T) {
	approvers := []string{ana, "bo@example.com"}
	for _, entry := range []string{"base", "head"} { // where all of it but two lines stands
		for _, changed := range []string{"base", "head"} {
			for _, approver := range []string{"", "base", "say"} { // where the line approver stands; say is a commit of the change
				for _, author := range []string{dev, ana, eve} { // of that line
					for _, merger := range []string{dev, ana} { // who committed what the base has
						text := asked("", map[bool]string{true: ana}[approver != ""])
						w := entryOf(t, text)
						commits := map[string]waiver.Commit{"base": by(dev, merger), "head": by(dev, dev, "base"), "say": by(author, author, "head")}
						lines := slices.Repeat([]string{entry}, strings.Count(text, "\n"))
						lines[w.EndLine-1] = changed
						if approver != "" {
							lines[w.ApproverLine-1] = approver
						}
						if approver == "base" {
							if author != dev {
								continue // the base's one commit is of one author
							}
						}
						h := past(lines, commits)
						h.Head = "say"
						h.Text = func(string) ([]byte, error) { return []byte(text), nil }
						p := h.Forecast("base", approvers)(&w)
						h.Head = "merge"
						for _, a := range approvers {
							commits["merge"] = by(a, github, "base", "say")
							merged := h.Verifier(approvers)(&w)
							if want := merged.Verified && merged.Approver == a; !p.Verified && slices.Contains(p.Awaits, a) != want {
								t.Errorf("entry in %s, a line in %s, approver in %q by %s, base of %s: forecast %+v, merged by %s %+v", entry, changed, approver, author, merger, p, a, merged)
							}
						}
					}
				}
			}
		}
	}
}
