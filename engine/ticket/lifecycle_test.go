package ticket

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
)

func TestATicketIsMadeOncePerFixAndAsset(t *testing.T) {
	b := newBoard(t)
	two := everything(log4shell, log4shell.called("hg1-second"), log4shell.called("hg1-third").in("spring"), log4shell.on("billing", "team-bill"))
	if have := did(b.run(two)); have != `{"created":3}` {
		t.Errorf("the first run did %s", have)
	}
	if have := did(b.run(two)); have != `{"unchanged":3}` {
		t.Errorf("the same again did %s", have)
	}
}

func TestTicketsAreDividedAsTheSettingsSay(t *testing.T) {
	s := everything(log4shell, log4shell.on("billing", "team-pay"), log4shell.on("search", "team-find"))
	for per, want := range map[Per]int{PerAsset: 3, PerTeam: 2, PerRepository: 1} {
		b := newBoard(t)
		b.s.Per = per
		if b.run(s); len(b.issues) != want {
			t.Errorf("per %s there are %d tickets, want %d", per, len(b.issues), want)
		}
	}
}

func TestWhatIsNotUrgentEnoughMakesNoTicketAndKeepsTheOneItHas(t *testing.T) {
	b := newBoard(t)
	calm := log4shell.at(engine.TrackStar, log4shell.due)
	if b.run(everything(calm)); len(b.issues) != 0 {
		t.Fatal("a ticket was made for track*")
	}
	b.run(everything(log4shell))
	changes := b.run(everything(calm))
	if i := b.only(); i.Done() || changes[0].Did != engine.DidUpdate || !strings.Contains(b.said[i.Key][0], "Now track* (was act)") {
		t.Errorf("%+v, said %q", changes[0], b.said)
	}
}

func TestWaivedFindingsMakeNoTicket(t *testing.T) {
	b := newBoard(t)
	if b.run(everything(log4shell.excused("accepted by ana"))); len(b.issues) != 0 {
		t.Error("a ticket was made for what is waived")
	}
}

func TestATicketClosesAfterTwoCompleteScansWithoutIt(t *testing.T) {
	b := newBoard(t)
	b.run(everything(log4shell))
	if c := b.run(everything()); b.only().Done() || c[0].Did != engine.DidNothing || c[0].Why != "not found by 1 of 2 complete scans" {
		t.Errorf("after one scan: %+v", c[0])
	}
	c := b.run(everything())
	if i := b.only(); !i.Done() || c[0].Did != engine.DidClose || c[0].MoveAs != ClosedGone {
		t.Errorf("after two scans: %+v", c[0])
	}
	want := "2 complete scans in a row no longer find it, the last one of 26 Nov 2026 (trivy on repository acme/shop)."
	if have := b.said[b.only().Key]; !slices.Equal(have, []string{want}) {
		t.Errorf("it says %q", have)
	}
	if c := b.run(everything()); !c[0].Nothing() {
		t.Errorf("a closed ticket is changed: %+v", c[0])
	}
}

func TestFindingItAgainBeginsToCountAnew(t *testing.T) {
	b := newBoard(t)
	for range 3 {
		b.run(everything(log4shell))
		b.run(everything())
	}
	if b.only().Done() {
		t.Error("it was closed though it was found in between")
	}
}

func TestMissingInputIsNotFixed(t *testing.T) {
	two := scan{found: []weak{log4shell}, looked: []Cover{{"trivy", "repository acme/shop", 2}}}
	for name, c := range map[string]struct {
		scan scan
		why  string
	}{
		"no report at all":       {scan{}, "there is no complete report by trivy on repository acme/shop"},
		"of another tool":        {scan{looked: []Cover{{"grype", "repository acme/shop", 2}}}, "there is no complete report by trivy"},
		"of another target":      {scan{looked: []Cover{{"trivy", "image ghcr.io/acme/shop", 2}}}, "there is no complete report by trivy"},
		"fewer than there were":  {scan{looked: []Cover{{"trivy", "repository acme/shop", 1}}}, "complete reports by trivy on repository acme/shop: 1 now, 2 when it was found"},
		"one that broke off":     {scan{looked: []Cover{{"trivy", "repository acme/shop", 2}}, partial: []Cover{{"trivy", "repository acme/shop", 1}}}, "did not finish"},
		"none that is a whole":   {scan{partial: []Cover{{"trivy", "repository acme/shop", 2}}}, "did not finish"},
		"an unnamed one instead": {scan{looked: []Cover{{"trivy", "", 2}}}, "there is no complete report"},
	} {
		b := newBoard(t)
		b.run(two)
		for range 4 {
			changes := b.run(c.scan)
			if b.only().Done() || !changes[0].Nothing() || !strings.Contains(changes[0].Why, c.why) {
				t.Errorf("%s: %+v", name, changes[0])
			}
		}
	}
}

func TestToolsAreTheSameWhateverTheirCase(t *testing.T) {
	b := newBoard(t)
	b.run(everything(log4shell))
	for range 2 {
		b.run(scan{looked: []Cover{{"Trivy", "repository acme/shop", 1}}})
	}
	if !b.only().Done() {
		t.Error("Trivy is not trivy")
	}
}

func TestOneRunCountsOnceHoweverOftenItIsPublished(t *testing.T) {
	b := newBoard(t)
	b.run(everything(log4shell))
	r := everything().result(monday.Add(240 * time.Hour))
	for range 5 {
		b.apply(b.decide(r))
	}
	if i := b.only(); i.Done() || i.State.Absent != 1 {
		t.Errorf("published five times it is %+v", i)
	}
}

func TestWhatIsFoundAgainIsOpenedAgainAtMostAsOftenAsTheSettingsSay(t *testing.T) {
	b := newBoard(t)
	b.s.Reopens = 2
	for range 6 {
		b.run(everything(log4shell))
		b.run(everything())
		b.run(everything())
	}
	b.run(everything(log4shell))
	i := b.only()
	if n := b.moves[i.Key+" reopen"]; n != 2 {
		t.Errorf("it was opened %d times", n)
	}
	said := 0
	for _, s := range b.said[i.Key] {
		if strings.Contains(s, "opened again 2 times already") {
			said++
		}
	}
	if said != 1 {
		t.Errorf("the limit was said %d times: %q", said, b.said[i.Key])
	}
}

func TestWhatAPersonCallsFixedIsOpenedAgainWhenItIsStillFound(t *testing.T) {
	for _, resolution := range []string{"", "Done", "fixed"} {
		b := newBoard(t)
		b.run(everything(log4shell))
		b.person(closedAs(resolution))
		c := b.run(everything(log4shell))
		if b.only().Done() || c[0].Did != engine.DidReopen || !strings.Contains(b.said[b.only().Key][0], "Still found by trivy") {
			t.Errorf("%q: %+v", resolution, c[0])
		}
	}
}

func TestAPersonsWontFixWinsAndIsOfferedAsAWaiverOnce(t *testing.T) {
	b := newBoard(t)
	b.run(everything(log4shell))
	b.person(closedAs("Won't Do"))
	for n := range 4 {
		found := log4shell
		found.due = found.due.AddDate(0, 0, n)
		c := b.run(everything(found))
		if !b.only().Done() || c[0].Move != "" || len(c[0].Fields) > 0 {
			t.Errorf("run %d: %+v", n, c[0])
		}
	}
	want := "Closed as “Won't Do”, and still found: the ticket stays closed, and the gate goes on to count it. If the risk is accepted, a waiver says so to the gate too, " +
		"for a time: to draft it, scan a checkout of acme/shop into the folder reports, run there headgate waive hg1-log4shell reports/ --asset checkout --reason \"…\" --write " +
		"and propose what it wrote, in a pull request of its own."
	if have := b.said[b.only().Key]; !slices.Equal(have, []string{want}) {
		t.Errorf("it says %q", have)
	}
}

func TestWhatAPersonOpensAfterUsStaysOpen(t *testing.T) {
	b := newBoard(t)
	b.run(everything(log4shell))
	b.run(everything())
	b.run(everything())
	b.person(opened)
	for range 3 {
		if c := b.run(everything()); b.only().Done() || c[0].Why != "somebody opened it again" {
			t.Errorf("%+v", c[0])
		}
	}
	b.run(everything(log4shell))
	b.run(everything())
	if b.run(everything()); !b.only().Done() {
		t.Error("found once more and gone again, it is not closed")
	}
}

func TestAWaiverIsSaidOnceAndItsEndToo(t *testing.T) {
	b := newBoard(t)
	b.run(everything(log4shell))
	key := b.only().Key
	for range 3 {
		b.run(everything(log4shell.excused("accepted by ana until 30 Nov")))
	}
	if i := b.only(); i.Done() || !slices.Contains(i.Labels, WaivedLabel) || !slices.Equal(b.said[key], []string{"Nothing has to be done for now: accepted by ana until 30 Nov."}) {
		t.Errorf("%+v says %q", i, b.said)
	}
	r := everything(log4shell).result(b.now.AddDate(0, 0, 1))
	r.Waivers = &engine.WaiverReport{Expired: []engine.WaiverNote{{ID: "W-1", Why: "expired on 30 Nov"}}}
	b.apply(b.decide(r))
	if i := b.only(); slices.Contains(i.Labels, WaivedLabel) || b.said[key][1] != "What excused it no longer does: accepted by ana until 30 Nov. Expired on 30 Nov." {
		t.Errorf("%+v says %q", i, b.said)
	}
}

func TestAWaivedTicketThatWasClosedIsOpenedWhenTheWaiverEnds(t *testing.T) {
	b := newBoard(t)
	b.s.Excused, b.s.Reopens = ExcusedClose, 0
	b.run(everything(log4shell))
	if c := b.run(everything(log4shell.excused("accepted by ana"))); !b.only().Done() || c[0].MoveAs != ClosedExcused {
		t.Fatalf("%+v", c[0])
	}
	if c := b.run(everything(log4shell)); b.only().Done() || c[0].Why != "the waiver has ended" {
		t.Errorf("%+v", c[0])
	}
}

func TestAWorkflowWithoutAWayIsAskedForOnce(t *testing.T) {
	b := newBoard(t)
	b.stuck = true
	b.run(everything(log4shell))
	for range 5 {
		b.run(everything())
	}
	if said := b.said[b.only().Key]; len(said) != 1 || !strings.Contains(said[0], "please do") {
		t.Errorf("it says %q", said)
	}
	b.run(everything(log4shell))
	b.person(closedAs("Done"))
	for range 3 {
		b.run(everything(log4shell))
	}
	if said := b.said[b.only().Key]; len(said) != 2 || !strings.Contains(said[1], "please do") {
		t.Errorf("it says %q", said)
	}
}

func TestOnlyWhatHasChangedIsWrittenAndSaid(t *testing.T) {
	b := newBoard(t)
	b.s.Priorities = map[engine.Priority]string{engine.Act: "Highest", engine.Attend: "High"}
	calm := log4shell.at(engine.Attend, log4shell.due.AddDate(0, 0, 11))
	b.run(everything(calm))
	c := b.run(everything(log4shell, calm.called("hg1-other")))
	if want := []string{FieldBody, FieldDue, FieldPriority, FieldSummary}; !slices.Equal(c[0].Fields, want) {
		t.Errorf("fields %v", c[0].Fields)
	}
	want := "Now act (was attend): known exploited since 10 Dec 2021. Due on 24 Nov 2026 (was 5 Dec 2026). It also clears CVE-hg1-other now."
	if have := c[0].Comment.text(); have != want {
		t.Errorf("it says %q", have)
	}
}

func TestWhatPeopleChangeStays(t *testing.T) {
	b := newBoard(t)
	b.s.Labels = []string{"security"}
	b.run(everything(log4shell))
	b.person(func(i *Issue) {
		i.Labels = append(slices.DeleteFunc(i.Labels, func(l string) bool { return l == "security" || l == KeyLabel(i.Key) }), "theirs")
	})
	c := b.run(everything(log4shell))
	if i := b.only(); !slices.Contains(i.Labels, "theirs") || slices.Contains(i.Labels, "security") || !slices.Equal(c[0].AddLabels, []string{KeyLabel(i.Key)}) || len(c[0].Fields) > 0 {
		t.Errorf("%+v: %v", c[0], i.Labels)
	}
}

func TestAFixThatIsToldApartOtherwiseKeepsItsTicket(t *testing.T) {
	b := newBoard(t)
	ghsa := log4shell.called("hg1-ghsa")
	b.run(everything(ghsa))
	key := b.only().Key
	moved := log4shell.called("hg1-cve", "hg1-ghsa").in("log4j-api") // another fix, about one of the same findings
	b.run(everything(moved))
	if i := b.only(); i.Key != key {
		t.Errorf("the ticket has the key %s, not %s", i.Key, key)
	}
	if b.run(everything(moved)); b.only().Key != key {
		t.Error("it does not keep it")
	}
}

func TestTicketsOfAnotherScopeAreLeftAlone(t *testing.T) {
	b := newBoard(t)
	b.run(everything(log4shell))
	b.s.Scope = "acme/other"
	for range 3 {
		if c := b.decide(everything().result(b.now.AddDate(0, 0, 1))); len(c) != 0 {
			t.Fatalf("%+v", c)
		}
	}
}

func TestADeletedTicketIsMadeAgainOnlyIfTheSettingsSaySo(t *testing.T) {
	for _, again := range []bool{false, true} {
		b := newBoard(t)
		b.s.Recreate = again
		b.run(everything(log4shell))
		b.person(func(i *Issue) { i.Gone = true })
		c := b.decide(everything(log4shell).result(b.now.AddDate(0, 0, 1)))
		if len(c) != 1 || (c[0].Did == engine.DidCreate) != again {
			t.Errorf("%v: %+v", again, c)
		}
	}
}

func TestWhatARunCouldNotNoteIsNotCountedTwice(t *testing.T) {
	b := newBoard(t)
	b.run(everything(log4shell))
	b.run(everything())
	b.person(func(i *Issue) { closedAs("Done")(i); i.MovedBy = ByUs }) // closed, and killed before it was noted
	if c := b.run(everything()); c[0].Move != "" || !b.only().Done() || b.only().State.Closed != ByUs {
		t.Errorf("%+v", c[0])
	}
	was := b.only().State
	b.person(func(i *Issue) { opened(i); i.MovedBy = ByUs })
	if b.run(everything(log4shell)); b.only().State.Reopened != was.Reopened+1 {
		t.Errorf("opened again %d times", b.only().State.Reopened)
	}
}

// A life is a random history of one backlog: what is found when, and what people do meanwhile.
func TestLivesOfTickets(t *testing.T) {
	lives := 60
	if os.Getenv("HEADGATE_LONG") != "" {
		lives = 20_000
	}
	if n, err := strconv.Atoi(os.Getenv("HEADGATE_HISTORIES")); err == nil {
		lives = n
	}
	for seed := range lives {
		rng := rand.New(rand.NewPCG(uint64(seed), 7))
		live(t, rng, fmt.Sprintf("life %d", seed))
		if t.Failed() {
			return
		}
	}
}

func live(t *testing.T, rng *rand.Rand, name string) {
	b := newBoard(t)
	b.s.CloseAfter, b.s.Reopens = 1+rng.IntN(3), rng.IntN(3)
	b.s.Per = Pers[rng.IntN(len(Pers))]
	b.s.Excused = Excuses[rng.IntN(len(Excuses))]
	covered := map[string]int{} // complete scans in a row that did not find it, by key
	refused := map[string]bool{}
	for range 14 {
		s := randomScan(rng)
		before := map[string]Issue{}
		for _, i := range b.issues {
			before[i.Key] = i
		}
		changes := b.run(s)
		again := s
		again.found = slices.Clone(s.found)
		rng.Shuffle(len(again.found), func(i, j int) { again.found[i], again.found[j] = again.found[j], again.found[i] })
		if one, other := b.decide(s.result(b.now)), b.decide(again.result(b.now)); !reflect.DeepEqual(plainOf(one), plainOf(other)) {
			t.Fatalf("%s: the order of cases matters:\n%s\n%s", name, plainOf(one), plainOf(other))
		}
		whole := slices.ContainsFunc(s.looked, func(c Cover) bool { return c.Tool == "trivy" && c.Reports > 0 }) && len(s.partial) == 0
		found := map[string]bool{}
		for i := range changes {
			if c := &changes[i]; c.Ticket != nil || c.Issue != nil && foundIn(s, c.Issue) {
				found[c.Key] = true
			}
		}
		for i := range changes {
			c := &changes[i]
			was := before[c.Key]
			switch {
			case found[c.Key]:
				covered[c.Key] = 0
			case whole:
				covered[c.Key]++
			}
			if c.Move == MoveClose && c.MoveAs == ClosedGone && covered[c.Key] < b.s.CloseAfter {
				t.Fatalf("%s: closed after %d complete scans without it, want %d", name, covered[c.Key], b.s.CloseAfter)
			}
			if refused[c.Key] && (c.Move != "" || len(c.Fields)+len(c.AddLabels)+len(c.RemoveLabels) > 0) {
				t.Fatalf("%s: a person's won't fix was touched: %+v", name, c)
			}
			if was.Done() && c.Move == MoveClose || !was.Done() && c.Move == MoveReopen {
				t.Fatalf("%s: %s of a ticket that is %s", name, c.Move, was.Category)
			}
		}
		for i := range b.issues {
			is := &b.issues[i]
			if is.State.Reopened > b.s.Reopens {
				t.Fatalf("%s: opened again %d times of %d", name, is.State.Reopened, b.s.Reopens)
			}
			switch rng.IntN(12) {
			case 0:
				if !is.Done() {
					closedAs("Won't Fix")(is)
					refused[is.Key] = true
				}
			case 1:
				if !is.Done() {
					closedAs("Done")(is)
				}
			case 2:
				if is.Done() {
					opened(is)
					delete(refused, is.Key)
				}
			}
		}
	}
	keys := map[string]bool{}
	for _, i := range b.issues {
		if keys[i.Key] {
			t.Fatalf("%s: two tickets have the key %s", name, i.Key)
		}
		keys[i.Key] = true
		if n := len(b.said[i.Key]); n > 14 {
			t.Fatalf("%s: %d comments in 14 runs", name, n)
		}
	}
}

// foundIn says whether a scan finds what a ticket is about, excused or not.
func foundIn(s scan, i *Issue) bool {
	return slices.ContainsFunc(s.found, func(w weak) bool {
		c := w.toCase()
		return i.State.Per.of(&c) == i.State.For && slices.ContainsFunc(i.State.Clears, func(x Cleared) bool {
			return slices.ContainsFunc(x.IDs, func(id string) bool { return id == w.id || slices.Contains(w.also, id) })
		})
	})
}

// plainOf are changes without what leads back into the results that they are from.
func plainOf(changes []Change) []string {
	var out []string
	for _, c := range changes {
		line := fmt.Sprintf("%s %s %v %v %v %s %s %q %+v", c.Key, c.Did, c.Fields, c.AddLabels, c.RemoveLabels, c.Move, c.Why, c.Comment.text(), c.Next)
		if c.Ticket != nil {
			body, _ := json.Marshal(c.Ticket.Body)
			line += fmt.Sprintf(" %q %s", c.Ticket.Summary, body)
		}
		out = append(out, line)
	}
	return out
}

func randomScan(rng *rand.Rand) scan {
	var s scan
	for i := range 5 {
		if rng.IntN(3) == 0 {
			continue
		}
		w := log4shell.called(fmt.Sprintf("hg1-%d", i)).in([]string{"log4j-core", "spring"}[i%2]).on([]string{"checkout", "billing"}[i/2%2], "team-pay")
		w = w.at(engine.Priorities[rng.IntN(4)], monday.AddDate(0, 0, rng.IntN(3)))
		w.unfixed = rng.IntN(8) == 0
		if rng.IntN(4) == 0 {
			w = w.excused("accepted by ana")
		}
		s.found = append(s.found, w)
	}
	switch rng.IntN(5) {
	case 0:
		s.partial = []Cover{{"trivy", "repository acme/shop", 1}}
	case 1:
		s.found = nil // and nothing has looked
	default:
		s.looked = []Cover{{"trivy", "repository acme/shop", 1}, {"grype", "image acme/shop", rng.IntN(2)}}
	}
	return s
}
