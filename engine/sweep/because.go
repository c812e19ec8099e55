package sweep

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
)

// Because says in words what is known of a case otherwise than it was: the threat data first, then its asset, waivers and the rest.
func Because(was, is *engine.Input) (all []string) {
	say := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	kev(intelOf(was).KEV, intelOf(is).KEV, say)
	epss(intelOf(was).EPSS, intelOf(is).EPSS, say)
	ssvc(intelOf(was).SSVC, intelOf(is).SSVC, say)
	asset(&was.Asset, &is.Asset, say)
	waivers(was.Context.Waivers, is.Context.Waivers, say)
	if was.Context.Validation != nil && is.Context.Validation == nil {
		say("the validation (%s) has expired", was.Context.Validation.Status)
	}
	if was.Context.Runtime != nil && is.Context.Runtime == nil {
		say("what was seen loaded has expired")
	}
	paths(was.Context.Paths, is.Context.Paths, say)
	return all
}

// intelOf is the threat data of an input, without any if there is none.
func intelOf(in *engine.Input) engine.Intel {
	if in.Context.Intel == nil {
		return engine.Intel{}
	}
	return *in.Context.Intel
}

type sayer func(format string, args ...any)

func kev(was, is *engine.KEV, say sayer) {
	listed := func(k *engine.KEV) bool { return k != nil && k.Listed }
	ransomware := func(k *engine.KEV) bool { return k != nil && k.Ransomware != nil && *k.Ransomware }
	switch {
	case listed(is) && !listed(was):
		say("%s", strings.TrimSpace("KEV added "+inWords(is.Added)))
	case listed(was) && is != nil && !is.Listed:
		say("no longer in KEV")
	case listed(was) && listed(is) && was.Added != is.Added:
		say("KEV added %s, not %s", inWords(is.Added), inWords(was.Added))
	}
	if ransomware(is) && !ransomware(was) && listed(was) {
		say("used by ransomware")
	}
}

func epss(was, is *engine.EPSS, say sayer) {
	percent := func(e *engine.EPSS) string {
		if e == nil {
			return "none"
		}
		return strings.TrimSuffix(fmt.Sprintf("%.1f", e.Probability*100), ".0") + " %"
	}
	if a, b := percent(was), percent(is); a != b {
		say("EPSS %s → %s", a, b)
	}
}

func ssvc(was, is *engine.SSVC, say sayer) {
	of := func(s *engine.SSVC) engine.SSVC {
		if s == nil {
			return engine.SSVC{}
		}
		return *s
	}
	a, b := of(was), of(is)
	fact("exploitation", a.Exploitation, b.Exploitation, say)
	fact("automatable", a.Automatable, b.Automatable, say)
	fact("technical impact", a.TechnicalImpact, b.TechnicalImpact, say)
}

func fact(name, was, is string, say sayer) {
	known := func(s string) string {
		if s == "" {
			return "not known"
		}
		return s
	}
	if was != is {
		say("%s %s → %s", name, known(was), known(is))
	}
}

func asset(was, is *engine.Asset, say sayer) {
	for _, f := range []struct{ name, was, is string }{
		{"owner", was.Owner, is.Owner}, {"criticality", was.Criticality, is.Criticality}, {"mission", was.Mission, is.Mission},
		{"well-being", was.WellBeing, is.WellBeing}, {"safety", was.Safety, is.Safety}, {"environment", was.Environment, is.Environment},
		{"exposure", was.Exposure, is.Exposure}, {"data", strings.Join(was.Data, ", "), strings.Join(is.Data, ", ")},
	} {
		fact(f.name, f.was, f.is, say)
	}
}

func waivers(was, is []engine.Waiver, say sayer) {
	has := func(list []engine.Waiver, id string) int {
		return slices.IndexFunc(list, func(w engine.Waiver) bool { return w.ID == id })
	}
	for i := range was {
		if has(is, was[i].ID) < 0 {
			say("waiver %s holds no more", was[i].ID)
		}
	}
	for i := range is {
		at := has(was, is[i].ID)
		switch {
		case at < 0:
			say("waiver %s holds until %s", is[i].ID, inWords(is[i].Expires))
		case was[at].Expires != is[i].Expires:
			say("waiver %s holds until %s, not %s", is[i].ID, inWords(is[i].Expires), inWords(was[at].Expires))
		case was[at].Verified && !is[i].Verified:
			say("waiver %s is not shown to be approved", is[i].ID)
		case is[i].Verified && !was[at].Verified:
			say("waiver %s is approved", is[i].ID)
		}
	}
}

func paths(was, is *engine.PathFacts, say sayer) {
	behind := func(p *engine.PathFacts) string {
		switch {
		case p == nil:
			return "not known"
		case !p.FromInternet:
			return "no attack path"
		case p.Way != "":
			return p.Way
		}
		return "reached from the internet"
	}
	if a, b := behind(was), behind(is); a != b {
		say("attack path: %s, was: %s", b, a)
	} else if was != nil && is != nil && was.Status != is.Status && is.Status != "" {
		say("attack path %s", is.Status)
	}
}

// inWords writes a date as people do; what is none stays.
func inWords(date string) string {
	if t, err := time.Parse(time.DateOnly, date); err == nil {
		return t.Format("2 Jan 2006")
	}
	return date
}
