package waiver

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Proof is what is known of who asked for a waiver and who approved it.
type Proof struct {
	Verified  bool
	Requester string // proven; empty if it is not verified
	Approver  string // proven; empty if it is not verified
	How       string // of a verified one: what proves the approval, e.g. "merged by ana@example.com in 3f1c2d4"
	Why       string // of another: what is missing

	// Awaits are those of the approvers whose approval is all that is missing, so that it can still come.
	Awaits []string
}

// A Verifier finds out who asked for a waiver and who approved it. A code host's reviews can be one; History is that of git.
type Verifier func(*Waiver) Proof

// Unproven is a Verifier of which nothing is proven, for the reason given.
func Unproven(why string) Verifier { return func(*Waiver) Proof { return Proof{Why: why} } }

// A History is what git knows of the lines of a waivers file.
type History struct {
	Head    string            // the commit that the file was read at
	Lines   []string          // the commit that wrote each line; empty: not committed
	Commits map[string]Commit // those of Lines, and all between them and Head
	Cut     []string          // commits whose past the clone does not have, so that lines may be older than they seem

	// Reviews are the approvals of what a commit brought that a code host knows of; nil: nobody asks one. It is asked where git proves
	// nothing, which is so of a squash merge: it is committed by the code host, for whoever presses the button.
	Reviews func(commit string) ([]Review, error)

	// Text is what the file read in a commit, under the name that it has now. What nobody can read nobody approved.
	Text func(commit string) ([]byte, error)
}

// A Commit is who made a commit. People are named by their e-mail addresses, as git has them: git does not prove that they are who they
// say, which is for whoever guards the branch to see to.
type Commit struct {
	Parents   []string // the first is the branch that the commit was made on
	Author    string
	Committer string
	Approvals []string // addresses of the trailers Approved-by and Reviewed-by
}

// A Review is that somebody approved of what a commit brought, before it was merged.
type Review struct {
	Approver string // as the code host knows the person: @ana
	How      string // what shows it: approved by @ana in pull request #12
}

// SamePerson says whether two names are of one person. A name is an e-mail address, as git has it, or a login at the code host (@ana), or
// both side by side: then one of them that is the same will do.
func SamePerson(a, b string) bool {
	return slices.ContainsFunc(strings.Fields(a), func(one string) bool {
		return slices.ContainsFunc(strings.Fields(b), func(other string) bool { return strings.EqualFold(one, other) })
	})
}

// CheckPerson refuses what names nobody, or more than one.
func CheckPerson(name string) error {
	kinds := map[bool]int{}
	for _, n := range strings.Fields(name) {
		before, after, ok := strings.Cut(n, "@")
		if !ok || after == "" || strings.Contains(after, "@") {
			return fmt.Errorf("%q is neither an e-mail address nor a login like @ana", n)
		}
		kinds[before == ""]++
	}
	if len(kinds) == 0 || kinds[true] > 1 || kinds[false] > 1 {
		return fmt.Errorf("%q is not one person: an e-mail address, a login like @ana, or both", name)
	}
	return nil
}

// shortName is the name that a person goes by: the first of several.
func shortName(who string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(who), " ")
	return first
}

// Verifier judges by the history who asked for a waiver and whether one of the approvers approved of it. The requester is who wrote the
// entry: all its lines but that of the approver. What the requester wrote is approved if the approver, who is somebody else, committed
// it, merged it, is named by a trailer of a commit that somebody else than the requester made, or wrote the line approver afterwards;
// or, where there is a code host to ask, in a review of what was merged.
// Whoever makes a commit writes its trailers, so that those of the requester's own commits, and of commits that GitHub makes for whoever
// asks it to, prove nothing. And the entry must have read in the approver's commit as it does now: who takes a line out of it, such as a
// guard, leaves no line that is theirs.
func (h *History) Verifier(approvers []string) Verifier {
	return h.verifier(approvers, h.merges(h.Head), func(string) bool { return true })
}

// Forecast judges a change before it is merged into base, which is a commit of the history. Who merges the change can still approve what
// its own commits wrote, and nothing else; a merge that the change made before shows nothing.
func (h *History) Forecast(base string, approvers []string) Verifier {
	there := h.past(base)
	return h.verifier(approvers, h.merges(base), func(id string) bool { return there[id] })
}

func (h *History) verifier(approvers []string, merges map[string]string, merged func(commit string) bool) Verifier {
	read := map[string]map[string]*Waiver{}
	return func(w *Waiver) Proof {
		if len(approvers) == 0 {
			return Proof{Why: "the settings name no approvers, which is a list in headgate.yaml"}
		}
		t := trial{h: h, merges: merges, merged: merged, w: w, read: read}
		if why := t.readLines(); why != "" {
			return Proof{Why: why}
		}
		entitled := approvers
		if w.Approver != "" {
			at := slices.IndexFunc(approvers, func(a string) bool { return SamePerson(a, w.Approver) })
			if at < 0 {
				return Proof{Why: w.Approver + " is not on the settings' list of approvers"}
			}
			entitled = approvers[at : at+1]
		}
		requester, why := t.requester()
		if why != "" {
			return Proof{Why: why}
		}
		others := slices.DeleteFunc(slices.Clone(entitled), func(a string) bool { return SamePerson(a, requester) })
		if len(others) == 0 {
			return Proof{Why: requester + " asks for it, and the settings let nobody else approve it"}
		}
		if by := h.Commits[t.approval].Author; t.approval != "" && !SamePerson(by, requester) && !SamePerson(by, others[0]) {
			return Proof{Why: "nothing in git shows that " + w.Approver + " approved it: the line approver is of " + cmp.Or(by, "nobody that is known") + ", in " + brief(t.approval)}
		}
		for _, a := range others {
			if how := t.approvedBy(a, requester); how != "" {
				return Proof{Verified: true, Requester: requester, Approver: shortName(a), How: how}
			}
		}
		p := Proof{Why: "nothing in git shows that an approver other than " + requester + " approved it", Awaits: t.canApprove(others, requester)}
		switch {
		case len(p.Awaits) == 0 && slices.ContainsFunc(t.toApprove(others[0]), func(id string) bool { return !merged(id) }):
			p.Why = "what was merged of it before was not approved; the line approver of it, written by one of the approvers, would approve it"
		case t.otherwise != "":
			p.Why = "what was approved in " + brief(t.otherwise) + " read otherwise: lines were taken out or moved since"
		case t.unread != nil:
			p.Why += ", and the reviews could not be read: " + t.unread.Error()
		case w.Approver != "":
			p.Why = "nothing in git shows that " + w.Approver + " approved what " + requester + " wrote"
		}
		return p
	}
}

// A trial is the judgement of one waiver.
type trial struct {
	h      *History
	merges map[string]string
	merged func(commit string) bool // whether a commit is where it is to be approved: who approves it after that, does not by a merge
	w      *Waiver
	read   map[string]map[string]*Waiver // by commit and id: the entries that the file had

	otherwise string   // an approver's commit in which the entry read otherwise than it does now
	written   []string // the commits that wrote the entry, but for the approver's line
	unread    error    // why the code host does not say who approved; nil: it does, or was not asked
	approval  string   // the commit that wrote the approver's line; empty if the line is one of others, or there is none
}

func (t *trial) readLines() (why string) {
	if t.w.EndLine > len(t.h.Lines) {
		return "git does not know all of its lines"
	}
	for line := t.w.Line; line <= t.w.EndLine; line++ {
		id := t.h.Lines[line-1]
		switch _, known := t.h.Commits[id]; {
		case id == "":
			return fmt.Sprintf("line %d is not committed", line)
		case slices.Contains(t.h.Cut, id):
			return "the clone is too shallow to say who wrote it (fetch-depth: 0)"
		case !known:
			return "git does not know commit " + brief(id)
		}
		if line == t.w.ApproverLine && line != t.w.Line {
			t.approval = id
		} else if !slices.Contains(t.written, id) {
			t.written = append(t.written, id)
		}
	}
	return ""
}

// requester is who wrote the entry.
func (t *trial) requester() (who, why string) {
	who = t.w.Requester
	for _, id := range t.written {
		author := t.h.Commits[id].Author
		switch {
		case author == "":
			return "", "commit " + brief(id) + " names no author"
		case who == "":
			who = author
		case !SamePerson(who, author) && t.w.Requester == "":
			return "", "it was written by both " + who + " and " + author
		case !SamePerson(who, author):
			return "", author + " wrote it in " + brief(id) + ", not " + who
		}
	}
	return who, ""
}

// toApprove are the commits that somebody has to approve: the line approver is the requester's as long as the approver did not write it.
func (t *trial) toApprove(who string) (commits []string) {
	if t.approval == "" || SamePerson(t.h.Commits[t.approval].Author, who) {
		return t.written
	}
	return append(slices.Clone(t.written), t.approval)
}

// approvedBy says how somebody approved of all that the requester wrote; empty if nothing shows it.
func (t *trial) approvedBy(who, requester string) (how string) {
	asItIs, at := "", ""
	for _, id := range t.toApprove(who) {
		if how, at = t.approvesCommit(who, requester, id); how == "" {
			return ""
		}
		if asItIs == "" && t.had(at) {
			asItIs = how
		}
	}
	if asItIs == "" {
		t.otherwise = at
	}
	return asItIs
}

// canApprove are those of some people whose approval of what is not merged yet would be all that is missing. What was merged without it
// nobody can merge again.
func (t *trial) canApprove(some []string, requester string) (who []string) {
	for _, a := range some {
		commits := t.toApprove(a)
		open := slices.ContainsFunc(commits, func(id string) bool { return !t.merged(id) })
		if open && !slices.ContainsFunc(commits, func(id string) bool {
			how, _ := t.approvesCommit(a, requester, id)
			return t.merged(id) && how == ""
		}) {
			who = append(who, a)
		}
	}
	return who
}

// had says whether the file had the entry in a commit as it reads now.
func (t *trial) had(commit string) bool {
	entries, ok := t.read[commit]
	if !ok {
		if text, err := t.h.Text(commit); err == nil {
			entries = loose(text)
		}
		t.read[commit] = entries
	}
	was := entries[t.w.ID]
	return was != nil && was.says(t.w)
}

// approvesCommit says how somebody approved of a commit, and in which.
func (t *trial) approvesCommit(who, requester, id string) (how, at string) {
	c := t.h.Commits[id]
	if SamePerson(c.Committer, who) {
		return "committed by " + shortName(who) + " in " + brief(id), id
	}
	if names(c.Approvals, who) && !SamePerson(c.Committer, requester) && !SamePerson(c.Committer, webCommitter) {
		return "approved by " + shortName(who) + ", as " + brief(id) + " says", id
	}
	if merge := t.merges[id]; merge != "" {
		m := t.h.Commits[merge]
		if SamePerson(m.Author, who) {
			return "merged by " + shortName(who) + " in " + brief(merge), merge
		}
		if names(m.Approvals, who) && !SamePerson(m.Author, requester) && !SamePerson(m.Committer, requester) {
			return "approved by " + shortName(who) + ", as " + brief(merge) + " says", merge
		}
	}
	if t.approval != "" && SamePerson(t.h.Commits[t.approval].Author, who) && t.h.includes(t.approval, id) {
		return "approved by " + shortName(who) + " in " + brief(t.approval), t.approval
	}
	return t.reviewed(who, id), id
}

// reviewed says how somebody approved of a commit at the code host, before it was merged.
func (t *trial) reviewed(who, id string) (how string) {
	if t.h.Reviews == nil || !t.merged(id) || !strings.Contains(" "+who, " @") {
		return ""
	}
	reviews, err := t.h.Reviews(id)
	if err != nil {
		t.unread = err
		return ""
	}
	for _, r := range reviews {
		if SamePerson(r.Approver, who) {
			return r.How
		}
	}
	return ""
}

// webCommitter is who GitHub has commit what people write in its pages: the message may be the requester's own words, trailers and all.
const webCommitter = "noreply@github.com"

func names(people []string, who string) bool {
	return slices.ContainsFunc(people, func(p string) bool { return SamePerson(p, who) })
}

func brief(commit string) string { return commit[:min(7, len(commit))] }

// includes says whether a commit came after another and has it in its past.
func (h *History) includes(later, earlier string) bool {
	return later != earlier && h.past(later)[earlier]
}

// past are a commit and all that it has in its past.
func (h *History) past(commit string) map[string]bool {
	seen := map[string]bool{commit: true}
	for open := []string{commit}; len(open) > 0; {
		id := open[len(open)-1]
		open = open[:len(open)-1]
		for _, parent := range h.Commits[id].Parents {
			if !seen[parent] {
				seen[parent] = true
				open = append(open, parent)
			}
		}
	}
	return seen
}

// merges gives for each commit that a merge brought to the branch of a commit that merge. Commits that were made on the branch have none.
func (h *History) merges(head string) map[string]string {
	var branch []string // the newest first
	on := map[string]bool{}
	for id := head; id != "" && !on[id]; {
		c, known := h.Commits[id]
		if !known {
			break
		}
		branch, on[id] = append(branch, id), true
		id = ""
		if len(c.Parents) > 0 {
			id = c.Parents[0]
		}
	}
	brought := map[string]string{}
	for _, merge := range slices.Backward(branch) {
		parents := h.Commits[merge].Parents
		if len(parents) < 2 {
			continue
		}
		for open := slices.Clone(parents[1:]); len(open) > 0; {
			id := open[len(open)-1]
			open = open[:len(open)-1]
			if c, known := h.Commits[id]; known && !on[id] && brought[id] == "" {
				brought[id] = merge
				open = append(open, c.Parents...)
			}
		}
	}
	return brought
}
